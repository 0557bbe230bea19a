/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of frames (a checksum that is accepted lies in the frame), control requests, filters. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/proto/net_port.h"
#include "devices/net/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t mac[NET_MAC_BYTES] = { 2 };
	static struct net_filter f;
	struct virtio_net_ctrl_hdr c;
	struct virtio_net_hdr h;
	bool announce = true;
	uint64_t features;
	uint8_t *copy;

	if (size < 4 + sizeof(h))
		return 0;
	features = (uint64_t)(data[0] | data[1] << 8 | data[2] << 16);
	memcpy(&c, data + 2, sizeof(c));
	memcpy(&h, data + 4, sizeof(h));
	data += 4 + sizeof(h);
	size -= 4 + sizeof(h);
	copy = malloc(size + 1);
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	net_filter_init(&f, mac, features);
	if (net_control(&f, &announce, features, &c, copy, (uint32_t)size) < 0 ||
		f.uni.n > NET_MACS || f.multi.n > NET_MACS)
		abort();
	if (size >= NET_FRAME_MIN)
		(void)net_filter_pass(&f, copy, (uint32_t)size);
	if (net_check_tx(&h, (uint32_t)size, NET_FRAME_MAX, features) == 0 &&
		h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		net_finish_csum(&h, copy, (uint32_t)size);
	free(copy);
	return 0;
}
