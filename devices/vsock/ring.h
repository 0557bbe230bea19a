/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of bytes that knows no meaning: what a guest sent and the host has not taken yet. Pure. */
#pragma once

#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"

struct vsock_ring {
	uint8_t *b;
	uint32_t cap, head, len;
};

/* 0 or -ENOMEM. Memory is only used as far as the ring was ever filled. */
MUST_CHECK int vsock_ring_init(struct vsock_ring *r, uint32_t cap);
void vsock_ring_fini(struct vsock_ring *r);

static inline uint32_t vsock_ring_room(const struct vsock_ring *r)
{
	return r->cap - r->len;
}

/* The pieces (one or two) of `len` bytes, `skip` bytes behind the head; they may lie behind what
 * is filled, but within the ring. Returns how many. */
unsigned int vsock_ring_at(
	const struct vsock_ring *r, uint32_t skip, uint32_t len, struct iovec iov[2]);
/* Copies `len` bytes there, or from there. */
void vsock_ring_write(struct vsock_ring *r, uint32_t skip, const void *src, uint32_t len);
void vsock_ring_read(const struct vsock_ring *r, uint32_t skip, void *dst, uint32_t len);
/* `len` more bytes are filled, or have been taken at the head. */
void vsock_ring_grow(struct vsock_ring *r, uint32_t len);
void vsock_ring_drop(struct vsock_ring *r, uint32_t len);
