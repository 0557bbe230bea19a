/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of frames and what they ask to be done, control requests, filters. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/proto/net_port.h"
#include "devices/net/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Does what is left to do: every packet is a legal one. */
static void finish(const struct net_offload *o, uint8_t *frame, uint32_t len)
{
	static uint8_t piece[NET_FRAME_MAX];
	struct net_headers h;
	struct net_cut c;
	uint32_t n;

	if (o->gso == NET_GSO_NONE) {
		if (o->flags & NET_OFFLOAD_CSUM)
			net_csum_make(o, frame, len);
		return;
	}
	if (net_cut_init(&c, o, frame, len) != 0)
		return;
	while ((n = net_cut_next(&c, piece)) > 0) {
		if (n > NET_FRAME_MAX || !net_headers_find(&h, piece, n))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t mac[NET_MAC_BYTES] = { 2 };
	static struct net_control control;
	struct virtio_net_ctrl_hdr c;
	struct virtio_net_hdr h;
	struct net_offload o;
	uint64_t features;
	uint8_t *copy;

	if (size < 4 + sizeof(h))
		return 0;
	features = (uint64_t)(data[0] | data[1] << 8 | data[2] << 16) |
		   (uint64_t)(data[3] & 7) << VIRTIO_NET_F_GUEST_USO4;
	memcpy(&c, data + 2, sizeof(c));
	memcpy(&h, data + 4, sizeof(h));
	data += 4 + sizeof(h);
	size -= 4 + sizeof(h);
	copy = malloc(size + 1);
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	control = (struct net_control){ .features = features, .pairs = 1, .max_pairs = 4 };
	net_filter_init(&control.filter, mac, features);
	if (net_control(&control, &c, copy, (uint32_t)size) < 0 ||
		control.filter.uni.n > NET_MACS || control.filter.multi.n > NET_MACS ||
		control.pairs < 1 || control.pairs > 4)
		abort();
	if (size >= NET_FRAME_MIN)
		(void)net_filter_pass(&control.filter, copy, (uint32_t)size);
	(void)net_flow_hash(copy, (uint32_t)size);
	o = net_offload_of(&h);
	if (net_check_tx(&h, (uint32_t)size, NET_FRAME_MAX, features) == 0)
		finish(&o, copy, (uint32_t)size);
	free(copy);
	return 0;
}
