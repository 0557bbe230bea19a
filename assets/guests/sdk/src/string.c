/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <string.h> for guests. Block operations use string instructions for large blocks (fast on
 * every CPU that runs KVM) and 16-byte SSE2 moves for small ones. Ring 3 only: SSE2 is used.
 */
#include <string.h>

#include <emmintrin.h>
#include <stdint.h>

/* From this size on `rep movsb` / `rep stosb` win over a loop. */
#define REP_BYTES 512

static inline __m128i load16(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i_u *)(const void *)p);
}

static inline void store16(uint8_t *p, __m128i v)
{
	_mm_storeu_si128((__m128i_u *)(void *)p, v);
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	uint8_t *d = dst;
	const uint8_t *s = src;

	if (n >= REP_BYTES) {
		__asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
		return dst;
	}
	if (n >= 16) {
		/* The tail overlaps the last whole block, so that no byte loop is needed. */
		const __m128i tail = load16(s + n - 16);
		uint8_t *const end = d + n - 16;

		for (; d < end; d += 16, s += 16)
			store16(d, load16(s));
		store16(end, tail);
		return dst;
	}
	for (size_t i = 0; i < n; i++) {
		d[i] = s[i];
		/* Keeps the compiler from turning this loop into a call of memcpy. */
		__asm__ volatile("" : : : "memory");
	}
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	uint8_t *d = dst;
	const uint8_t *s = src;

	if ((uintptr_t)d - (uintptr_t)s >= n)
		return memcpy(dst, src, n);
	/* dst lies inside src..src+n: backwards. */
	while (n >= 16) {
		n -= 16;
		store16(d + n, load16(s + n));
	}
	while (n > 0) {
		n--;
		d[n] = s[n];
		__asm__ volatile("" : : : "memory");
	}
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	uint8_t *d = dst;

	if (n >= REP_BYTES) {
		__asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(c) : "memory");
		return dst;
	}
	if (n >= 16) {
		const __m128i v = _mm_set1_epi8((char)c);
		uint8_t *const end = d + n - 16;

		for (; d < end; d += 16)
			store16(d, v);
		store16(end, v);
		return dst;
	}
	for (size_t i = 0; i < n; i++) {
		d[i] = (uint8_t)c;
		__asm__ volatile("" : : : "memory");
	}
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		const __m128i same = _mm_cmpeq_epi8(load16(x + i), load16(y + i));

		if (_mm_movemask_epi8(same) != 0xffff)
			break;
	}
	for (; i < n; i++) {
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	}
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const uint8_t *p = s;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == (uint8_t)c)
			return (void *)(uintptr_t)(p + i);
	}
	return NULL;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n] != '\0') {
		n++;
		__asm__ volatile("" : : : "memory");
	}
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n] != '\0')
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return (int)(unsigned char)*a - (int)(unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n > 0; n--, a++, b++) {
		if (*a != *b)
			return (int)(unsigned char)*a - (int)(unsigned char)*b;
		if (*a == '\0')
			break;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (*s == '\0')
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	for (;; s++) {
		if (*s == (char)c)
			found = s;
		if (*s == '\0')
			return (char *)(uintptr_t)found;
	}
}

char *strstr(const char *s, const char *what)
{
	const size_t n = strlen(what);

	for (;; s++) {
		if (strncmp(s, what, n) == 0)
			return (char *)(uintptr_t)s;
		if (*s == '\0')
			return NULL;
	}
}
