/* SPDX-License-Identifier: Apache-2.0 */
/* Words, numbers and strings of a DBC file; see priv.h. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/dbc/priv.h"

/* Longest number that anybody writes. */
#define NUMBER_CHARS 64

void scan_tell(
	struct scan *s, enum diag_level level, const char *at, size_t len, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (s->mute)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_add(s->d, level, s->src, (size_t)(at - s->text), len, "%s", text);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v' || c == '\0';
}

static bool is_stop(char c)
{
	return c == '\n' || is_blank(c) || strchr(":;,|@()[]\"", c) != NULL;
}

void scan_inline(struct scan *s)
{
	while (s->p < s->end && is_blank(*s->p))
		s->p++;
}

void scan_blank(struct scan *s)
{
	for (;;) {
		while (s->p < s->end && (is_blank(*s->p) || *s->p == '\n'))
			s->p++;
		if (s->end - s->p < 2 || s->p[0] != '/')
			return;
		if (s->p[1] == '/') {
			const char *nl = memchr(s->p, '\n', (size_t)(s->end - s->p));

			s->p = nl ? nl : s->end;
		} else if (s->p[1] == '*') {
			const char *z = memmem(s->p + 2, (size_t)(s->end - s->p) - 2, "*/", 2);

			if (!z)
				scan_tell(s, DIAG_ERROR, s->p, 2, "the comment does not end");
			s->p = z ? z + 2 : s->end;
		} else {
			return;
		}
	}
}

struct piece scan_word(struct scan *s)
{
	struct piece w = { .s = s->p };

	while (s->p < s->end && !is_stop(*s->p))
		s->p++;
	w.n = (size_t)(s->p - w.s);
	return w;
}

struct piece scan_peek(struct scan *s)
{
	struct piece w;

	scan_blank(s);
	w = scan_word(s);
	s->p = w.s;
	return w;
}

bool piece_is(struct piece w, const char *lit)
{
	return strlen(lit) == w.n && memcmp(w.s, lit, w.n) == 0;
}

/* What stands here, for a message. */
static void tell_expected(struct scan *s, const char *what)
{
	struct piece w;
	size_t n;

	if (s->p == s->end) {
		scan_tell(s, DIAG_ERROR, s->p, 0, "the file ends where %s should be", what);
		return;
	}
	w = scan_word(s);
	s->p = w.s;
	n = w.n ? MIN(w.n, 40u) : 1;
	scan_tell(s, DIAG_ERROR, w.s, n, "%s is missing before '%.*s'", what, (int)n, w.s);
}

bool scan_is(struct scan *s, char c)
{
	scan_blank(s);
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

bool scan_want(struct scan *s, char c)
{
	const char what[] = { '\'', c, '\'', '\0' };

	if (scan_is(s, c))
		return true;
	tell_expected(s, what);
	return false;
}

bool piece_number(struct piece w, double *out)
{
	char buf[NUMBER_CHARS + 1];
	char *end;

	*out = 0;
	if (w.n == 0 || w.n > NUMBER_CHARS)
		return false;
	/* strtod takes more than a DBC file may have: inf, nan, hexadecimal. */
	for (size_t i = 0; i < w.n; i++) {
		char c = w.s[i];

		if (!(c >= '0' && c <= '9') && !strchr("+-.eE", c))
			return false;
		buf[i] = c;
	}
	buf[w.n] = '\0';
	*out = strtod(buf, &end);
	return *end == '\0' && end != buf && isfinite(*out);
}

bool scan_number(struct scan *s, double *out)
{
	struct piece w;

	scan_blank(s);
	w = scan_word(s);
	if (piece_number(w, out))
		return true;
	s->p = w.s;
	tell_expected(s, "a number");
	return false;
}

bool scan_uint(struct scan *s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	const char *from;

	scan_blank(s);
	from = s->p;
	for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(*s->p - '0'), &v)) {
			v = UINT64_MAX;
			break;
		}
	}
	/* Of a number that is too long, the rest belongs to it. */
	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	if (s->p == from) {
		tell_expected(s, "a number");
		return false;
	}
	if (v > max) {
		scan_tell(s, DIAG_ERROR, from, (size_t)(s->p - from),
			"at most %llu is possible here", (unsigned long long)max);
		return false;
	}
	*out = v;
	return true;
}

bool scan_int(struct scan *s, int64_t *out)
{
	char buf[NUMBER_CHARS + 1];
	struct piece w;
	char *end;
	double v;

	scan_blank(s);
	w = scan_word(s);
	if (!piece_number(w, &v)) {
		s->p = w.s;
		tell_expected(s, "a number");
		return false;
	}
	memcpy(buf, w.s, w.n);
	buf[w.n] = '\0';
	errno = 0;
	*out = strtoll(buf, &end, 10);
	if (errno == ERANGE && buf[0] != '-') {
		/* Unsigned 64 bits, wrapped: as the raw values are. */
		errno = 0;
		*out = (int64_t)strtoull(buf, &end, 10);
	}
	if (*end == '\0' && errno == 0)
		return true;
	/* 1.0, 1e3 */
	if (v == nearbyint(v) && fabs(v) < 0x1p63) {
		*out = (int64_t)v;
		return true;
	}
	scan_tell(s, DIAG_ERROR, w.s, w.n, "a whole number of at most 64 bits should be here");
	return false;
}

bool scan_string(struct scan *s, struct piece *out)
{
	const char *from;

	scan_blank(s);
	if (s->p == s->end || *s->p != '"') {
		tell_expected(s, "a text in \"...\"");
		return false;
	}
	from = ++s->p;
	*out = (struct piece){ .s = from };
	while (s->p < s->end && *s->p != '"') {
		if (*s->p == '\\' && s->end - s->p > 1 && (s->p[1] == '"' || s->p[1] == '\\')) {
			out->escaped = true;
			s->p++;
		}
		s->p++;
	}
	if (s->p == s->end) {
		/* Goes on behind the line: the rest of the file is not lost. */
		const char *nl = memchr(from, '\n', (size_t)(s->end - from));

		s->p = nl ? nl : s->end;
		scan_tell(s, DIAG_ERROR, from - 1, 1, "the text does not end: a '\"' is missing");
		return false;
	}
	out->n = (size_t)(s->p++ - from);
	return true;
}

bool scan_name(struct scan *s, struct piece *out)
{
	struct piece w;
	bool odd;

	scan_blank(s);
	w = scan_word(s);
	if (w.n == 0) {
		tell_expected(s, "a name");
		return false;
	}
	odd = w.s[0] >= '0' && w.s[0] <= '9';
	for (size_t i = 0; i < w.n && !odd; i++) {
		char c = w.s[i];

		odd = !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			(c >= 'A' && c <= 'Z') || c == '_');
	}
	if (odd)
		scan_tell(s, DIAG_WARNING, w.s, w.n,
			"the name is no identifier: letters, digits, _ and no digit in front");
	*out = w;
	return true;
}
