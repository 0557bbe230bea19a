/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of pieces; see iov.h. */
#include "devices/blk/iov.h"

#include <string.h>

#include "base/err.h"

/* Calls fn for each piece of host memory behind [skip, skip+len) of the list. */
static void walk(const struct iovec *iov, unsigned int n, uint64_t skip, size_t len,
	void (*fn)(void *at, size_t bytes, void *arg), void *arg)
{
	for (unsigned int i = 0; i < n && len > 0; i++) {
		size_t part;

		if (skip >= iov[i].iov_len) {
			skip -= iov[i].iov_len;
			continue;
		}
		part = MIN(len, iov[i].iov_len - (size_t)skip);
		fn((uint8_t *)iov[i].iov_base + skip, part, arg);
		skip = 0;
		len -= part;
	}
}

static void take(void *at, size_t bytes, void *arg)
{
	uint8_t **to = arg;

	memcpy(*to, at, bytes);
	*to += bytes;
}

static void give(void *at, size_t bytes, void *arg)
{
	const uint8_t **from = arg;

	memcpy(at, *from, bytes);
	*from += bytes;
}

static void clear(void *at, size_t bytes, void *arg)
{
	(void)arg;
	memset(at, 0, bytes);
}

void iov_copy_out(const struct iovec *iov, unsigned int n, uint64_t skip, void *dst, size_t len)
{
	uint8_t *to = dst;

	walk(iov, n, skip, len, take, &to);
}

void iov_copy_in(
	const struct iovec *iov, unsigned int n, uint64_t skip, const void *src, size_t len)
{
	const uint8_t *from = src;

	walk(iov, n, skip, len, give, &from);
}

void iov_zero(const struct iovec *iov, unsigned int n, uint64_t skip, size_t len)
{
	walk(iov, n, skip, len, clear, NULL);
}
