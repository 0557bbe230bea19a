/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtqueue as its device sees it: split and packed rings behind one interface, with indirect
 * descriptors and event index. Nothing of a ring is trusted: each descriptor is fetched once,
 * copied, checked, and only then seen by the device, as a chain of checked segments.
 *
 * A queue that the guest broke is latched: vq_pop returns VQ_BROKEN from then on, the transport is
 * told once (needs reset), and the process goes on. One thread (the device's loop) uses a queue.
 * Specification: virtio 1.4, "Split Virtqueues", "Packed Virtqueues".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"
#include "base/gmem.h"

#define VQ_MAX_SIZE 1024
/* Longest chain that is accepted, indirect tables included. */
#define VQ_MAX_SEGS 256

struct vq;

/* A checked piece of guest memory: it lies inside guest memory. */
struct vq_seg {
	gpa addr;
	uint32_t len;
};

/* One request: first n_out readable segments, then n_in writable ones. Plain data, copyable. */
struct vq_chain {
	uint16_t id; /* head index (split) or buffer id (packed) */
	uint16_t ndesc; /* ring entries it takes (packed) */
	uint16_t n_out, n_in;
	uint32_t out_bytes, in_bytes;
	struct vq_seg seg[VQ_MAX_SEGS];
};

/* What is left to do for a request whose readable part was consumed: answer it, later. */
#define VQ_TOKEN_SEGS 4
struct vq_token {
	uint16_t id, ndesc, n_in;
	struct vq_seg in[VQ_TOKEN_SEGS];
};

/* Cursor over the readable segments. Lives on the stack. */
struct vq_reader {
	const struct gmem *mem;
	const struct vq_seg *seg;
	uint32_t n, off; /* segments left; bytes consumed of the first */
	uint32_t left; /* bytes left in all */
};
/* Cursor over the writable segments. */
struct vq_writer {
	const struct gmem *mem;
	const struct vq_seg *seg;
	uint32_t n, off;
	uint32_t left;
	uint32_t written;
};

/* Layout of a ring as the driver set it up through the transport. */
struct vq_setup {
	uint16_t size;
	gpa desc; /* descriptor area */
	gpa driver; /* driver area: available ring or driver event suppression */
	gpa device; /* device area: used ring or device event suppression */
	uint64_t features; /* negotiated: RING_PACKED, INDIRECT_DESC, EVENT_IDX are looked at */
	struct vq_pos {
		uint16_t avail, used; /* split: indices; packed: ring positions */
		bool avail_wrap, used_wrap; /* packed only */
	} pos; /* where to go on; {0, 0, true, true} after a reset */
};

/* Told when the queue wants an interrupt, and once when it is latched broken. Device's thread. */
struct vq_host {
	void (*notify)(void *ctx);
	void (*broken)(void *ctx, int guest_error, const char *why);
	void *ctx;
};

/*
 * Makes a queue over rings in guest memory. The areas are pinned here: GUEST_E_RANGE when they lie
 * outside guest memory or are misaligned, GUEST_E_FORMAT for an illegal size.
 */
MUST_CHECK int vq_new(struct vq **out, const struct gmem *mem, const struct vq_setup *s,
	const struct vq_host *host);
void vq_free(struct vq *q); /* NULL is legal */

/* Where the ring stands; what vq_setup.pos takes to go on. */
struct vq_pos vq_position(const struct vq *q);
uint16_t vq_size(const struct vq *q);
bool vq_is_broken(const struct vq *q);

/* Where a queue stands, for people who look for what hangs. */
struct vq_figures {
	uint64_t taken, returned; /* requests since it was started */
	uint32_t in_flight; /* ring entries taken and not returned */
	bool waiting; /* the driver has added what was not taken */
	bool kicks; /* the driver is asked to notify of what it adds */
	bool untold; /* the driver was not told of all that was returned */
};
void vq_get_figures(const struct vq *q, struct vq_figures *out);

enum vq_pop { VQ_EMPTY, VQ_TAKEN, VQ_BROKEN };
/*
 * Takes the next request. End of the ring is not the same as a malformed ring. After VQ_EMPTY,
 * and after vq_unpop(), the driver kicks for the next request it adds (one added in the very
 * moment of an unpop may pass unheard); a device that stops earlier comes back by itself. Never
 * more than vq_size() requests are taken and not returned.
 */
MUST_CHECK enum vq_pop vq_pop(struct vq *q, struct vq_chain *out);
/* Puts the chain taken last back, as if it had not been popped (no buffer was large enough yet).
 * Several go back in the reverse order of their taking. */
void vq_unpop(struct vq *q, const struct vq_chain *c);

/*
 * Returns a request: `written` bytes of its writable part were written. Raises the interrupt where
 * the driver asked for one. 0, or GUEST_E_* when the ring was latched broken meanwhile.
 */
MUST_CHECK int vq_push(struct vq *q, const struct vq_chain *c, uint32_t written);
/* Same, without the interrupt: for batches; follow with vq_flush(). */
MUST_CHECK int vq_push_quiet(struct vq *q, const struct vq_chain *c, uint32_t written);
void vq_flush(struct vq *q);
/* Interrupts the driver even if it asked for silence: for drivers that can lose their wish to hear.
 */
void vq_interrupt(struct vq *q);

/* A request that goes back with others. */
struct vq_used {
	uint16_t id, ndesc; /* of the vq_chain */
	uint32_t written; /* at most the chain's in_bytes */
};
/*
 * Returns n requests (at least one), in the order in which they were taken, so that the driver sees
 * all of them or none: a frame that is spread over several buffers. Quiet: follow with vq_flush().
 */
MUST_CHECK int vq_push_group(struct vq *q, const struct vq_used *u, uint32_t n);

/* Keeps what is needed to answer later. GUEST_E_FORMAT when it has over VQ_TOKEN_SEGS writable
 * segments. */
MUST_CHECK int vq_token_take(struct vq_token *t, const struct vq_chain *c);
/* Writes the answer (cut to the room there is) and returns the request. */
MUST_CHECK int vq_token_push(
	struct vq *q, const struct vq_token *t, const void *answer, uint32_t len);
/* Same, without the interrupt: for batches; follow with vq_flush(). */
MUST_CHECK int vq_token_push_quiet(
	struct vq *q, const struct vq_token *t, const void *answer, uint32_t len);

/* Latches the queue broken from the device's side (a request that cannot be answered at all). */
void vq_break(struct vq *q, int guest_error, const char *why);

/* Asks the driver not to kick / to kick again. After enabling, pop once more: it may have missed
 * a kick. */
void vq_kicks_disable(struct vq *q);
void vq_kicks_enable(struct vq *q);
/*
 * Asks for no kick before the n-th request from here on: where the driver has no event index, for
 * none at all. A device that must hear of fewer looks again by itself.
 */
void vq_kicks_after(struct vq *q, uint16_t n);

void vq_reader_init(struct vq_reader *r, const struct vq *q, const struct vq_chain *c);
void vq_writer_init(struct vq_writer *w, const struct vq *q, const struct vq_chain *c);
/* Exactly len bytes, or GUEST_E_SHORT and nothing is consumed. */
MUST_CHECK int vq_get(struct vq_reader *r, void *dst, uint32_t len);
MUST_CHECK int vq_skip(struct vq_reader *r, uint32_t len);
/*
 * All that is left, where it lies: for a system call that copies it at once (gmem_pin()). Consumes
 * nothing. Returns how many of the `max` pieces it takes; 0: more than that, or memory that is
 * none.
 */
MUST_CHECK uint32_t vq_pin(const struct vq_reader *r, struct iovec *iov, uint32_t max);
MUST_CHECK int vq_put(struct vq_writer *w, const void *src, uint32_t len);
MUST_CHECK int vq_put_zero(struct vq_writer *w, uint32_t len);
/*
 * The next `len` bytes, where they lie: for a system call that fills them at once. They count as
 * written. Returns how many of the `max` pieces it takes; 0, and nothing is consumed: more than
 * that, or memory that is none.
 */
MUST_CHECK uint32_t vq_lend(struct vq_writer *w, struct iovec *iov, uint32_t max, uint32_t len);
