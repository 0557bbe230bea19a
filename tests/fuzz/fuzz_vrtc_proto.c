/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a driver asks of the clock is refused or means something legal, and has an answer. */
#include <stdint.h>
#include <stdlib.h>

#include "devices/rtc/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vrtc_answer a = { .ns = UINT64_MAX, .n_clocks = 3, .flag = true };
	uint8_t resp[VRTC_RESP_MAX];
	struct vrtc_req q;
	unsigned int n_clocks;
	bool alarm;

	if (size < 1)
		return 0;
	n_clocks = data[0] & 0x7fu;
	alarm = data[0] & 0x80;
	if (vrtc_parse(data + 1, size - 1, n_clocks, alarm, &q) != VIRTIO_RTC_S_OK)
		return 0;
	if (q.type != VIRTIO_RTC_REQ_CFG && q.clock >= n_clocks)
		abort();
	if (!alarm && (q.type == VIRTIO_RTC_REQ_READ_ALARM || q.type == VIRTIO_RTC_REQ_SET_ALARM ||
			      q.type == VIRTIO_RTC_REQ_SET_ALARM_ENABLED))
		abort();
	if (q.resp_bytes < sizeof(struct virtio_rtc_resp_head) || q.resp_bytes > sizeof(resp))
		abort();
	if (vrtc_make(resp, &q, &a) != q.resp_bytes || resp[0] != VIRTIO_RTC_S_OK)
		abort();
	return 0;
}
