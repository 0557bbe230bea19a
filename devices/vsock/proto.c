/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of packets; see proto.h. */
#include "devices/vsock/proto.h"

#include "devices/virtio/vdev.h"

#define F(name) VIRTIO_BIT(VIRTIO_VSOCK_F_##name)

bool vsock_type_ok(uint16_t type, uint64_t features)
{
	/* "Socket Device / Feature bits": a driver from before the bits means streams. */
	if (type == VIRTIO_VSOCK_TYPE_STREAM)
		return features & F(STREAM) || !(features & F(NO_IMPLIED_STREAM));
	return type == VIRTIO_VSOCK_TYPE_SEQPACKET && features & F(SEQPACKET);
}

enum vsock_verdict vsock_parse(const struct virtio_vsock_hdr *h, uint32_t payload, uint64_t cid,
	uint64_t features, struct vsock_pkt *out)
{
	*out = (struct vsock_pkt){ .src_cid = le64_get(h->src_cid),
		.dst_cid = le64_get(h->dst_cid),
		.src_port = le32_get(h->src_port),
		.dst_port = le32_get(h->dst_port),
		.len = le32_get(h->len),
		.flags = le32_get(h->flags),
		.buf_alloc = le32_get(h->buf_alloc),
		.fwd_cnt = le32_get(h->fwd_cnt),
		.type = le16_get(h->type),
		.op = le16_get(h->op) };
	if (out->src_cid != cid)
		return VSOCK_DROP;
	if (!vsock_type_ok(out->type, features))
		return VSOCK_REFUSE;
	if (out->op < VIRTIO_VSOCK_OP_REQUEST || out->op > VIRTIO_VSOCK_OP_CREDIT_REQUEST)
		return VSOCK_REFUSE;
	if (out->op == VIRTIO_VSOCK_OP_RW ? out->len > payload : out->len != 0)
		return VSOCK_REFUSE;
	/* The upper half of a CID is reserved; 0 and 1 are nobody's. */
	if (out->dst_cid < VIRTIO_VSOCK_CID_HOST || out->dst_cid > VIRTIO_VSOCK_CID_LAST)
		return VSOCK_REFUSE;
	return VSOCK_TAKE;
}
