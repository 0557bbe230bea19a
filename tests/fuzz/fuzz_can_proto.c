/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-can transmit requests: what is accepted is a frame that the CAN port accepts too, and what
 * a receiver with the same features would be given is the same frame again.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "devices/can/can.h"
#include "devices/can/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct virtio_can_hdr h, back;
	struct can_rec_frame r, r2;
	struct can_packet p;
	uint64_t features;
	uint32_t copy, off = 0;

	if (size < 1 + sizeof(h))
		return 0;
	features = data[0] & VIRTIO_CAN_FEATURES_ALL;
	memcpy(&h, data + 1, sizeof(h));
	data += 1 + sizeof(h);
	size -= 1 + sizeof(h);
	if (can_parse_tx(&h, (uint32_t)size, features, &r, &copy) != 0)
		return 0;
	if (copy > size || copy > sizeof(r.f.data) || copy > r.f.len)
		abort();
	memcpy(r.f.data, data, copy);
	p.len = 0;
	if (!can_packet_add(&p, &r) || can_packet_next(p.b, p.len, &off, &r2) != 1)
		abort();
	if (memcmp(&r, &r2, sizeof(r)) != 0)
		abort();
	if (can_make_rx(&r2, features, &back) != r.f.len)
		abort();
	if (le32_get(back.can_id) != le32_get(h.can_id) ||
		le32_get(back.flags) != le32_get(h.flags))
		abort();
	return 0;
}
