/* SPDX-License-Identifier: Apache-2.0 */
/* Formatted text: a pure function, also compiled for the host in unit tests. */
#include <stdint.h>
#include <string.h>

#include "dyno/print.h"

enum length { LEN_INT, LEN_CHAR, LEN_SHORT, LEN_LONG, LEN_LLONG };

struct out {
	char *buf;
	size_t size, n;
};
struct spec {
	bool left, zero, plus, blank, alt;
	int width, precision; /* precision -1: not given */
	enum length length;
	char conv;
};

static void put(struct out *o, char c)
{
	if (o->n + 1 < o->size)
		o->buf[o->n] = c;
	o->n++;
}

static void pad(struct out *o, char c, int n)
{
	for (; n > 0; n--)
		put(o, c);
}

/* prefix (sign, 0x), zeros, digits; padded to the width. */
static void put_field(
	struct out *o, const struct spec *s, const char *prefix, const char *body, int n, int zeros)
{
	const int np = (int)strlen(prefix);
	int fill = s->width - np - zeros - n;

	if (s->zero && !s->left && fill > 0) {
		zeros += fill;
		fill = 0;
	}
	if (!s->left)
		pad(o, ' ', fill);
	for (int i = 0; i < np; i++)
		put(o, prefix[i]);
	pad(o, '0', zeros);
	for (int i = 0; i < n; i++)
		put(o, body[i]);
	if (s->left)
		pad(o, ' ', fill);
}

static const char *sign_of(const struct spec *s, bool negative)
{
	if (negative)
		return "-";
	return s->plus ? "+" : s->blank ? " " : "";
}

static void put_number(struct out *o, struct spec s, uint64_t v, const char *sign)
{
	const char *digits = s.conv == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	const unsigned int base = s.conv == 'x' || s.conv == 'X' || s.conv == 'p' ? 16
				  : s.conv == 'o'                                 ? 8
										  : 10;
	const bool was_zero = v == 0;
	char b[24];
	int n = 0, zeros;

	for (; v != 0; v /= base)
		b[sizeof(b) - (size_t)++n] = digits[v % base];
	if (n == 0 && s.precision != 0)
		b[sizeof(b) - (size_t)++n] = '0';
	zeros = s.precision > n ? s.precision - n : 0;
	if (s.precision >= 0)
		s.zero = false;
	if (s.conv == 'o' && s.alt && zeros == 0 && (n == 0 || b[sizeof(b) - (size_t)n] != '0'))
		zeros = 1;
	if (s.conv == 'p' || (s.alt && base == 16 && !was_zero))
		sign = s.conv == 'X' ? "0X" : "0x";
	put_field(o, &s, sign, b + sizeof(b) - (size_t)n, n, zeros);
}

static void put_double(struct out *o, struct spec s, double v)
{
	static const uint64_t pow10[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000,
		100000000, 1000000000 };
	const bool negative = __builtin_signbit(v) != 0;
	int places = s.precision < 0 ? 6 : s.precision > 9 ? 9 : s.precision;
	uint64_t whole, part;
	double scaled;
	char b[40];
	bool odd;
	int n = 0;

	if (negative)
		v = -v;
	if (!(v < 9.2e18)) {
		s.zero = false;
		put_field(o, &s, sign_of(&s, negative), v != v ? "nan" : "inf", 3, 0);
		return;
	}
	whole = (uint64_t)v;
	scaled = (v - (double)whole) * (double)pow10[places];
	part = (uint64_t)scaled;
	/* To nearest, halves to even, as C does. */
	scaled -= (double)part;
	odd = ((places > 0 ? part : whole) & 1) != 0;
	if (scaled > 0.5 || (scaled == 0.5 && odd))
		part++;
	if (part >= pow10[places]) {
		part -= pow10[places];
		whole++;
	}
	for (int i = 0; i < places; i++, part /= 10)
		b[sizeof(b) - (size_t)++n] = (char)('0' + part % 10);
	if (places > 0 || s.alt)
		b[sizeof(b) - (size_t)++n] = '.';
	do {
		b[sizeof(b) - (size_t)++n] = (char)('0' + whole % 10);
		whole /= 10;
	} while (whole != 0);
	put_field(o, &s, sign_of(&s, negative), b + sizeof(b) - (size_t)n, n, 0);
}

static uint64_t next_unsigned(va_list *ap, enum length l)
{
	switch (l) {
	case LEN_CHAR:
		return (unsigned char)va_arg(*ap, unsigned int);
	case LEN_SHORT:
		return (unsigned short)va_arg(*ap, unsigned int);
	case LEN_INT:
		return va_arg(*ap, unsigned int);
	case LEN_LONG:
		return va_arg(*ap, unsigned long);
	case LEN_LLONG:
		break;
	}
	return va_arg(*ap, unsigned long long);
}

static int64_t next_signed(va_list *ap, enum length l)
{
	switch (l) {
	case LEN_CHAR:
		return (signed char)va_arg(*ap, int);
	case LEN_SHORT:
		return (short)va_arg(*ap, int);
	case LEN_INT:
		return va_arg(*ap, int);
	case LEN_LONG:
		return va_arg(*ap, long);
	case LEN_LLONG:
		break;
	}
	return va_arg(*ap, long long);
}

static int parse_number(const char **p)
{
	int v = 0;

	for (; **p >= '0' && **p <= '9' && v < 10000; (*p)++)
		v = v * 10 + (**p - '0');
	return v;
}

static enum length parse_length(const char **p)
{
	enum length l = LEN_INT;

	for (;; (*p)++) {
		switch (**p) {
		case 'h':
			l = l == LEN_SHORT ? LEN_CHAR : LEN_SHORT;
			break;
		case 'l':
			l = l == LEN_LONG ? LEN_LLONG : LEN_LONG;
			break;
		case 'z':
		case 't':
			l = LEN_LONG;
			break;
		case 'j':
			l = LEN_LLONG;
			break;
		default:
			return l;
		}
	}
}

/* From behind the % to the conversion's letter. */
static struct spec parse_spec(const char **p, va_list *ap)
{
	struct spec s = { .precision = -1 };

	for (;; (*p)++) {
		if (**p == '-')
			s.left = true;
		else if (**p == '0')
			s.zero = true;
		else if (**p == '+')
			s.plus = true;
		else if (**p == ' ')
			s.blank = true;
		else if (**p == '#')
			s.alt = true;
		else
			break;
	}
	if (**p == '*') {
		s.width = va_arg(*ap, int);
		if (s.width < 0) {
			s.left = true;
			s.width = -s.width;
		}
		(*p)++;
	} else {
		s.width = parse_number(p);
	}
	if (**p == '.') {
		(*p)++;
		if (**p == '*') {
			s.precision = va_arg(*ap, int);
			(*p)++;
		} else {
			s.precision = parse_number(p);
		}
	}
	s.length = parse_length(p);
	s.conv = **p;
	return s;
}

static void put_string(struct out *o, struct spec s, const char *text)
{
	if (text == NULL)
		text = "(null)";
	s.zero = false;
	put_field(o, &s, "", text,
		(int)(s.precision >= 0 ? strnlen(text, (size_t)s.precision) : strlen(text)), 0);
}

static void put_conversion(struct out *o, struct spec s, va_list *ap)
{
	int64_t v;
	char c;

	switch (s.conv) {
	case 'd':
	case 'i':
		v = next_signed(ap, s.length);
		put_number(o, s, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, sign_of(&s, v < 0));
		break;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		put_number(o, s, next_unsigned(ap, s.length), "");
		break;
	case 'p':
		put_number(o, s, (uintptr_t)va_arg(*ap, void *), "");
		break;
	case 'c':
		c = (char)va_arg(*ap, int);
		s.zero = false;
		put_field(o, &s, "", &c, 1, 0);
		break;
	case 's':
		put_string(o, s, va_arg(*ap, const char *));
		break;
	case 'f':
	case 'F':
	case 'e':
	case 'g':
		put_double(o, s, va_arg(*ap, double));
		break;
	case '%':
		put(o, '%');
		break;
	default:
		/* Unknown: shown as it is, so that it is seen. */
		put(o, '%');
		if (s.conv != '\0')
			put(o, s.conv);
		break;
	}
}

int dyno_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { buf, size, 0 };
	va_list args;

	va_copy(args, ap);
	for (const char *p = fmt; *p != '\0'; p++) {
		struct spec s;

		if (*p != '%') {
			put(&o, *p);
			continue;
		}
		p++;
		s = parse_spec(&p, &args);
		put_conversion(&o, s, &args);
		if (s.conv == '\0')
			break;
	}
	va_end(args);
	if (size > 0)
		buf[o.n < size ? o.n : size - 1] = '\0';
	return (int)o.n;
}

int dyno_snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = dyno_vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
