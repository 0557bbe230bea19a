/* SPDX-License-Identifier: Apache-2.0 */
/* Copies between a flat buffer and a place in a list of pieces. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* Both copy what there is: at most `len` bytes, from byte `skip` of the list on. */
void iov_copy_out(const struct iovec *iov, unsigned int n, uint64_t skip, void *dst, size_t len);
void iov_copy_in(
	const struct iovec *iov, unsigned int n, uint64_t skip, const void *src, size_t len);
void iov_zero(const struct iovec *iov, unsigned int n, uint64_t skip, size_t len);
