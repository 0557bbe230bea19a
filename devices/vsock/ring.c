/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of bytes; see ring.h. */
#include "devices/vsock/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int vsock_ring_init(struct vsock_ring *r, uint32_t cap)
{
	*r = (struct vsock_ring){ .b = malloc(cap), .cap = cap };
	return r->b ? 0 : -ENOMEM;
}

void vsock_ring_fini(struct vsock_ring *r)
{
	free(r->b);
	*r = (struct vsock_ring){ 0 };
}

unsigned int vsock_ring_at(
	const struct vsock_ring *r, uint32_t skip, uint32_t len, struct iovec iov[2])
{
	uint64_t from = ((uint64_t)r->head + skip) % r->cap;
	uint32_t first = MIN(len, r->cap - (uint32_t)from);

	if (len == 0)
		return 0;
	iov[0] = (struct iovec){ r->b + from, first };
	iov[1] = (struct iovec){ r->b, len - first };
	return len > first ? 2 : 1;
}

void vsock_ring_write(struct vsock_ring *r, uint32_t skip, const void *src, uint32_t len)
{
	struct iovec iov[2];
	unsigned int n = vsock_ring_at(r, skip, len, iov);
	const uint8_t *from = src;

	for (unsigned int i = 0; i < n; i++) {
		memcpy(iov[i].iov_base, from, iov[i].iov_len);
		from += iov[i].iov_len;
	}
}

void vsock_ring_read(const struct vsock_ring *r, uint32_t skip, void *dst, uint32_t len)
{
	struct iovec iov[2];
	unsigned int n = vsock_ring_at(r, skip, len, iov);
	uint8_t *to = dst;

	for (unsigned int i = 0; i < n; i++) {
		memcpy(to, iov[i].iov_base, iov[i].iov_len);
		to += iov[i].iov_len;
	}
}

void vsock_ring_grow(struct vsock_ring *r, uint32_t len)
{
	r->len += len;
}

void vsock_ring_drop(struct vsock_ring *r, uint32_t len)
{
	r->len -= len;
	r->head = r->len ? (uint32_t)(((uint64_t)r->head + len) % r->cap) : 0;
}
