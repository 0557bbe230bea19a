/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-can messages; see proto.h. */
#include "devices/can/proto.h"

#include <string.h>

#include "devices/can/can.h"

static bool has(uint64_t features, unsigned int bit)
{
	return features >> bit & 1;
}

/* What a controller sends for a length between two FD lengths: the next one, padded. */
static uint8_t fd_pad(uint32_t len)
{
	static const uint8_t lens[] = { 12, 16, 20, 24, 32, 48, 64 };

	for (uint32_t i = 0; len > 8 && i < sizeof(lens); i++) {
		if (len <= lens[i])
			return lens[i];
	}
	return (uint8_t)len;
}

/* Is a frame of this type allowed under the negotiated features? */
static bool negotiated(uint64_t features, bool fd, bool rtr)
{
	if (fd)
		return has(features, VIRTIO_CAN_F_CAN_FD);
	if (rtr && !has(features, VIRTIO_CAN_F_RTR_FRAMES))
		return false;
	return has(features, VIRTIO_CAN_F_CAN_CLASSIC);
}

int can_parse_tx(const struct virtio_can_hdr *h, uint32_t sdu_bytes, uint64_t features,
	struct can_rec_frame *out, uint32_t *copy)
{
	uint32_t flags = le32_get(h->flags), id = le32_get(h->can_id), len = le16_get(h->length);
	bool fd = flags & VIRTIO_CAN_FLAGS_FD, rtr = flags & VIRTIO_CAN_FLAGS_RTR;
	bool eff = flags & VIRTIO_CAN_FLAGS_EXTENDED;

	if (le16_get(h->msg_type) != VIRTIO_CAN_TX || flags & ~VIRTIO_CAN_FLAGS_KNOWN)
		return GUEST_E_FORMAT;
	if (fd && rtr)
		return GUEST_E_FORMAT;
	if (!negotiated(features, fd, rtr))
		return GUEST_E_UNSUPPORTED;
	if (id > (eff ? CAN_EFF_MASK : CAN_SFF_MASK))
		return GUEST_E_FORMAT;
	if (len > (fd ? CANFD_MAX_DLEN : CAN_MAX_DLEN))
		return GUEST_E_FORMAT;
	/* A remote frame has a length and no data: whatever the request holds is not read. */
	if (!rtr && sdu_bytes < len)
		return GUEST_E_SHORT;

	memset(out, 0, sizeof(*out));
	out->h.kind = CAN_REC_FRAME;
	out->h.mtu = fd ? CANFD_MTU : CAN_MTU;
	out->f.can_id = id | (eff ? CAN_EFF_FLAG : 0) | (rtr ? CAN_RTR_FLAG : 0);
	out->f.len = fd ? fd_pad(len) : (uint8_t)len;
	out->f.flags = fd ? CANFD_FDF : 0;
	*copy = rtr ? 0 : len;
	return 0;
}

int can_make_rx(const struct can_rec_frame *r, uint64_t features, struct virtio_can_hdr *h)
{
	bool fd = r->f.flags & CANFD_FDF, rtr = r->f.can_id & CAN_RTR_FLAG;
	bool eff = r->f.can_id & CAN_EFF_FLAG;

	if (r->f.can_id & CAN_ERR_FLAG || !negotiated(features, fd, rtr))
		return -1;
	*h = (struct virtio_can_hdr){
		.msg_type = le16_of(VIRTIO_CAN_RX),
		.length = le16_of(r->f.len),
		.flags = le32_of((fd ? VIRTIO_CAN_FLAGS_FD : 0) | (rtr ? VIRTIO_CAN_FLAGS_RTR : 0) |
				 (eff ? VIRTIO_CAN_FLAGS_EXTENDED : 0)),
		.can_id = le32_of(r->f.can_id & (eff ? CAN_EFF_MASK : CAN_SFF_MASK)),
	};
	/* A remote frame carries `length` zero bytes: drivers demand that the used length has them.
	 */
	return r->f.len;
}

bool can_features_ok(uint64_t features)
{
	bool classic = has(features, VIRTIO_CAN_F_CAN_CLASSIC);

	if (!classic && !has(features, VIRTIO_CAN_F_CAN_FD))
		return false;
	return classic || !has(features, VIRTIO_CAN_F_RTR_FRAMES);
}
