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

/* Checks a frame and clears what a receiver must not rely on. False when it cannot exist. */
static bool frame_check(struct canfd_frame *f, bool fd)
{
	bool eff = f->can_id & CAN_EFF_FLAG;

	if (!eff && !(f->can_id & CAN_ERR_FLAG) && (f->can_id & CAN_EFF_MASK & ~CAN_SFF_MASK))
		return false;
	f->__res0 = 0;
	if (fd) {
		if (!fd_len_ok(f->len) || (f->can_id & (CAN_RTR_FLAG | CAN_ERR_FLAG)))
			return false;
		f->flags = (uint8_t)((f->flags & (CANFD_BRS | CANFD_ESI)) | CANFD_FDF);
		f->__res1 = 0;
	} else {
		if (f->len > CAN_MAX_DLEN)
			return false;
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

int can_packet_next(const void *buf, uint32_t len, uint32_t *off, struct can_rec_frame *r)
{
	const uint8_t *b = buf;
	uint32_t left = *off <= len ? len - *off : 0;
	bool frame;

	if (*off == len)
		return 0;
	if (left < sizeof(r->h))
		return -EBADMSG;
	memcpy(&r->h, b + *off, sizeof(r->h));
	if (r->h.kind < CAN_REC_FRAME || r->h.kind > CAN_REC_STOP)
		return -EBADMSG;
	frame = r->h.kind == CAN_REC_FRAME;
	if (frame ? r->h.mtu != CAN_MTU && r->h.mtu != CANFD_MTU : r->h.mtu != 0)
		return -EBADMSG;
	if (r->h.mtu > left - sizeof(r->h))
		return -EBADMSG;
	memset(&r->f, 0, sizeof(r->f));
	memcpy(&r->f, b + *off + sizeof(r->h), r->h.mtu);
	if (frame && !frame_check(&r->f, r->h.mtu == CANFD_MTU))
		return -EBADMSG;
	r->h.pad = 0;
	*off += (uint32_t)sizeof(r->h) + r->h.mtu;
	return 1;
}
