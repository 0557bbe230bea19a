/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the virtqueue share: its state and the table that tells split from packed.
 * Not for devices: they see vq.h.
 */
#pragma once

#include "devices/virtio/vq.h"

/* Descriptor flags, both kinds of ring ("Split Virtqueues", "Packed Virtqueues"). */
#define VQ_DESC_F_NEXT     0x0001u
#define VQ_DESC_F_WRITE    0x0002u
#define VQ_DESC_F_INDIRECT 0x0004u
#define VQ_DESC_F_AVAIL    0x0080u /* packed */
#define VQ_DESC_F_USED     0x8000u /* packed */

#define VQ_DESC_BYTES 16u

/* A descriptor as it was fetched, once. */
struct vq_desc {
	gpa addr;
	uint32_t len;
	uint16_t w12; /* split: flags; packed: buffer id */
	uint16_t w14; /* split: next; packed: flags */
};

struct vq_kind {
	enum vq_pop (*pop)(struct vq *q, struct vq_chain *out);
	void (*unpop)(struct vq *q, uint16_t ndesc);
	/* Returns n requests; the driver sees all of them or none. */
	void (*push)(struct vq *q, const struct vq_used *u, uint32_t n);
	/* After a full barrier: does the driver want an interrupt for the last `q->unflagged`? */
	bool (*wants_irq)(struct vq *q);
	/* Writes the driver's permission to be silent, or takes it back; no barrier. */
	void (*kicks)(struct vq *q, bool enable);
	/* Event index: asks for a kick at the n-th request from here on, 1 <= n <= size; no
	 * barrier. */
	void (*kick_at)(struct vq *q, uint16_t n);
	/* Has the driver added what was not taken? */
	bool (*waiting)(const struct vq *q);
};

extern const struct vq_kind vq_kind_split, vq_kind_packed;

struct vq {
	const struct vq_kind *kind;
	const struct gmem *mem;
	struct vq_host host;
	uint8_t *desc, *driver, *device; /* pinned */
	uint16_t size;
	bool indirect, event_idx;
	bool broken;
	int broken_code;
	bool kicks_enabled;
	struct vq_pos pos;
	uint32_t in_flight; /* ring entries taken and not returned */
	uint64_t taken, returned; /* requests */
	uint32_t unflagged; /* ring entries returned since the driver was last asked */
};

/* ---- what both kinds share (vq.c) ---- */

/* Latches and returns VQ_BROKEN. */
enum vq_pop vq_fail(struct vq *q, int guest_error, const char *why);

/* Fetches a descriptor from pinned memory, each byte once. */
struct vq_desc vq_desc_load(const uint8_t *p);

/* State of walking one chain. */
struct vq_walk {
	struct vq *q;
	struct vq_chain *c;
	uint32_t seen; /* descriptors, those of length 0 too */
};
void vq_walk_init(struct vq_walk *w, struct vq *q, struct vq_chain *c);
/* Checks one piece and appends it. 0, or a GUEST_E_* that was latched. */
MUST_CHECK int vq_walk_add(struct vq_walk *w, gpa addr, uint32_t len, bool writable);

/* An indirect table whose bounds were checked. */
struct vq_table {
	gpa addr;
	uint32_t n; /* entries */
	const uint8_t *host; /* where it is; NULL when it crosses regions */
};
/* 0, or a GUEST_E_* that was latched. */
MUST_CHECK int vq_table_open(struct vq *q, struct vq_table *t, gpa addr, uint32_t bytes);
MUST_CHECK int vq_table_load(
	struct vq *q, const struct vq_table *t, uint32_t i, struct vq_desc *out);
