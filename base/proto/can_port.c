/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packing and checking of CAN port packets; see can_port.h. Pure: no I/O, no state.
 */
#include "base/proto/can_port.h"

#include <errno.h>
#include <string.h>

static bool fd_len_ok(uint8_t len)
{
	static const uint8_t above_8[] = { 12, 16, 20, 24, 32, 48, 64 };

	return len <= 8 || (len <= CANFD_MAX_DLEN && memchr(above_8, len, sizeof(above_8)));
}

bool can_packet_add(struct can_packet *p, const struct can_rec_frame *r)
{
	uint32_t need = (uint32_t)sizeof(r->h) + r->h.mtu;

	if (need > sizeof(p->b) - p->len)
		return false;
	memcpy(p->b + p->len, r, need);
	p->len += need;
	return true;
}

static bool frame_exists(uint32_t can_id, uint8_t len, size_t mtu)
{
	if (!(can_id & (CAN_EFF_FLAG | CAN_ERR_FLAG)) && (can_id & CAN_EFF_MASK & ~CAN_SFF_MASK))
		return false;
	if (mtu == CANFD_MTU)
		return fd_len_ok(len) && !(can_id & (CAN_RTR_FLAG | CAN_ERR_FLAG));
	return mtu == CAN_MTU && len <= CAN_MAX_DLEN;
}

bool can_frame_check(struct canfd_frame *f, size_t mtu)
{
	if (!frame_exists(f->can_id, f->len, mtu))
		return false;
	f->__res0 = 0;
	if (mtu == CANFD_MTU) {
		f->flags = (uint8_t)((f->flags & (CANFD_BRS | CANFD_ESI)) | CANFD_FDF);
		f->__res1 = 0;
	} else {
		f->flags = 0;
		/* can_frame.len8_dlc: a raw DLC above 8 belongs to 8 bytes only. */
		if (f->len != CAN_MAX_DLEN || f->__res1 <= CAN_MAX_DLEN ||
			f->__res1 > CAN_MAX_RAW_DLC)
			f->__res1 = 0;
		if (f->can_id & CAN_RTR_FLAG)
			memset(f->data, 0, CAN_MAX_DLEN);
	}
	/* Bytes past the length are nobody's: they must not travel. */
	memset(f->data + f->len, 0, sizeof(f->data) - f->len);
	return true;
}

/* The header of the record at `off`. The record's bytes; -EBADMSG: malformed, but for its frame. */
static int record_at(const uint8_t *b, uint32_t len, uint32_t off, struct can_rec *h)
{
	uint32_t left = off <= len ? len - off : 0;

	if (left < sizeof(*h))
		return -EBADMSG;
	memcpy(h, b + off, sizeof(*h));
	if (h->kind < CAN_REC_FRAME || h->kind > CAN_REC_STOP)
		return -EBADMSG;
	if (h->kind == CAN_REC_FRAME ? h->mtu != CAN_MTU && h->mtu != CANFD_MTU : h->mtu != 0)
		return -EBADMSG;
	if (h->mtu > left - sizeof(*h))
		return -EBADMSG;
	return (int)sizeof(*h) + h->mtu;
}

int can_packet_kinds(const void *buf, uint32_t len)
{
	const uint8_t *b = buf;
	uint32_t off = 0;
	int kinds = 0;

	while (off != len) {
		struct can_rec h;
		int n = record_at(b, len, off, &h);

		if (n < 0)
			return n;
		if (h.kind == CAN_REC_FRAME) {
			uint32_t can_id;

			memcpy(&can_id, b + off + sizeof(h), sizeof(can_id));
			if (!frame_exists(can_id,
				    b[off + sizeof(h) + offsetof(struct canfd_frame, len)], h.mtu))
				return -EBADMSG;
		}
		kinds |= 1 << h.kind;
		off += (uint32_t)n;
	}
	return kinds;
}

int can_packet_next(const void *buf, uint32_t len, uint32_t *off, struct can_rec_frame *r)
{
	const uint8_t *b = buf;
	int n;

	if (*off == len)
		return 0;
	n = record_at(b, len, *off, &r->h);
	if (n < 0)
		return n;
	if (r->h.mtu == 0) {
		memset(&r->f, 0, sizeof(r->f));
	} else {
		memcpy(&r->f, b + *off + sizeof(r->h), r->h.mtu);
		if (!can_frame_check(&r->f, r->h.mtu))
			return -EBADMSG;
	}
	r->h.pad = 0;
	*off += (uint32_t)n;
	return 1;
}
