/* SPDX-License-Identifier: Apache-2.0 */
/* Line splitting of byte streams. */
#include "sim/bench/lines.h"

#include <stdio.h>
#include <string.h>

static void emit(struct lines *l, void (*line)(void *arg, const char *text, size_t len), void *arg)
{
	size_t n = l->len;

	if (n && l->buf[n - 1] == '\r')
		n--;
	l->buf[n] = '\0';
	l->len = 0;
	line(arg, l->buf, n);
}

void lines_feed(struct lines *l, const char *bytes, size_t n,
	void (*line)(void *arg, const char *text, size_t len), void *arg)
{
	while (n) {
		const char *nl = memchr(bytes, '\n', n);
		size_t part = nl ? (size_t)(nl - bytes) : n;
		size_t room = LINES_MAX - 1 - l->len;
		size_t take = part < room ? part : room;

		memcpy(l->buf + l->len, bytes, take);
		l->len += take;
		bytes += take;
		n -= take;
		if (take == part && nl) {
			bytes++;
			n--;
			emit(l, line, arg);
		} else if (l->len == LINES_MAX - 1) {
			emit(l, line, arg);
		}
	}
}

void lines_end(struct lines *l, void (*line)(void *arg, const char *text, size_t len), void *arg)
{
	if (l->len)
		emit(l, line, arg);
}

size_t lines_printable(char *dst, size_t cap, const char *text, size_t len)
{
	size_t at = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char ch = (unsigned char)text[i];

		if (at + 5 > cap)
			break;
		if ((ch < 0x20 && ch != '\t') || ch == 0x7f)
			at += (size_t)snprintf(dst + at, cap - at, "\\x%02x", ch);
		else
			dst[at++] = (char)ch;
	}
	dst[at] = '\0';
	return at;
}
