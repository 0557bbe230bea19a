/* SPDX-License-Identifier: Apache-2.0 */
/* Hand-written readers: exact in integers, no locale, no partial success. */
#include "sim/scenario/units.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_DIGITS 19 /* so that a mantissa fits 64 bits */

struct unit {
	const char *name;
	uint64_t factor;
};

/* One `12.5` at *s: mantissa / 10^decimals. Moves *s behind it. */
static int number(const char **s, uint64_t *mantissa, unsigned int *decimals)
{
	const char *p = *s;
	uint64_t v = 0;
	unsigned int digits = 0, dec = 0;
	bool point = false;

	for (;; p++) {
		if (*p == '.' && !point && isdigit((unsigned char)p[1])) {
			point = true;
			continue;
		}
		if (!isdigit((unsigned char)*p))
			break;
		if (++digits > NUMBER_DIGITS)
			return -ERANGE;
		v = v * 10 + (uint64_t)(*p - '0');
		dec += point;
	}
	if (digits == 0)
		return -EINVAL;
	*mantissa = v;
	*decimals = dec;
	*s = p;
	return 0;
}

/* mantissa * factor / 10^decimals, which must be whole. */
static int scale(uint64_t mantissa, unsigned int decimals, uint64_t factor, uint64_t *out)
{
	unsigned __int128 v = (unsigned __int128)mantissa * factor;

	for (; decimals > 0; decimals--) {
		if (v % 10 != 0)
			return -ERANGE;
		v /= 10;
	}
	if (v > UINT64_MAX)
		return -ERANGE;
	*out = (uint64_t)v;
	return 0;
}

static const char *skip_blanks(const char *s)
{
	while (*s == ' ')
		s++;
	return s;
}

/* The longest unit name at s; NULL when there is none. */
static const struct unit *unit_at(const struct unit *u, size_t n, const char *s, size_t *len)
{
	const struct unit *best = NULL;

	*len = 0;
	for (size_t i = 0; i < n; i++) {
		size_t l = strlen(u[i].name);

		if (l > *len && strncmp(s, u[i].name, l) == 0 && !isalpha((unsigned char)s[l])) {
			best = &u[i];
			*len = l;
		}
	}
	return best;
}

static int one_with_unit(const char *s, const struct unit *u, size_t n, uint64_t *out)
{
	uint64_t m;
	unsigned int dec;
	size_t len;
	int rc = number(&s, &m, &dec);

	if (rc != 0)
		return rc;
	s = skip_blanks(s);
	if (*s == '\0')
		return dec == 0 ? scale(m, 0, 1, out) : -EINVAL;
	const struct unit *x = unit_at(u, n, s, &len);

	if (!x || s[len] != '\0')
		return -EINVAL;
	return scale(m, dec, x->factor, out);
}

int unit_duration(const char *s, uint64_t *out)
{
	static const struct unit units[] = {
		{ "ns", 1 },
		{ "us", 1000 },
		{ "ms", 1000000 },
		{ "s", 1000000000 },
		{ "m", UINT64_C(60) * 1000000000 },
		{ "min", UINT64_C(60) * 1000000000 },
		{ "h", UINT64_C(3600) * 1000000000 },
	};
	uint64_t total = 0;

	if (strcmp(s, "0") == 0) {
		*out = 0;
		return 0;
	}
	if (*s == '\0')
		return -EINVAL;
	while (*s) {
		uint64_t m, part;
		unsigned int dec;
		size_t len;
		int rc = number(&s, &m, &dec);

		if (rc != 0)
			return rc;
		s = skip_blanks(s);
		const struct unit *u = unit_at(units, ARRAY_SIZE(units), s, &len);

		if (!u)
			return -EINVAL;
		rc = scale(m, dec, u->factor, &part);
		if (rc != 0)
			return rc;
		if (part > UINT64_MAX - total)
			return -ERANGE;
		total += part;
		s = skip_blanks(s + len);
	}
	*out = total;
	return 0;
}

int unit_size(const char *s, uint64_t *out)
{
	static const struct unit units[] = {
		{ "B", 1 },
		{ "k", 1024 },
		{ "K", 1024 },
		{ "KiB", 1024 },
		{ "kiB", 1024 },
		{ "M", UINT64_C(1) << 20 },
		{ "MiB", UINT64_C(1) << 20 },
		{ "G", UINT64_C(1) << 30 },
		{ "GiB", UINT64_C(1) << 30 },
	};

	return one_with_unit(s, units, ARRAY_SIZE(units), out);
}

int unit_bitrate(const char *s, uint64_t *out)
{
	static const struct unit units[] = {
		{ "bit/s", 1 },
		{ "k", 1000 },
		{ "K", 1000 },
		{ "kbit/s", 1000 },
		{ "M", 1000000 },
		{ "Mbit/s", 1000000 },
	};

	return one_with_unit(s, units, ARRAY_SIZE(units), out);
}

int unit_float(const char *s, double *out)
{
	char *end;

	/* strtod takes more than people should write: hex, nan, inf, leading blanks. */
	for (const char *p = s; *p; p++) {
		if (!isdigit((unsigned char)*p) && !strchr("+-.eE", *p))
			return -EINVAL;
	}
	if (!*s || strlen(s) > 64)
		return -EINVAL;
	double v = strtod(s, &end);

	if (end == s || *end)
		return -EINVAL;
	if (!isfinite(v))
		return -ERANGE;
	*out = v;
	return 0;
}

int unit_percent(const char *s, double *out)
{
	char buf[64];
	size_t n = strlen(s);
	double v;

	if (n < 2 || n > sizeof(buf) || s[n - 1] != '%')
		return -EINVAL;
	n--;
	while (n > 0 && s[n - 1] == ' ')
		n--;
	memcpy(buf, s, n);
	buf[n] = '\0';
	int rc = unit_float(buf, &v);

	if (rc == 0)
		*out = v / 100;
	return rc;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool has_0x(const char *s)
{
	return s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
}

int unit_uint(const char *s, uint64_t *out)
{
	uint64_t v = 0;
	unsigned int base = 10;

	if (has_0x(s)) {
		base = 16;
		s += 2;
	}
	if (!*s)
		return -EINVAL;
	for (const char *p = s; *p; p++) {
		int d = hex_digit(*p);

		if (d < 0 || d >= (int)base)
			return -EINVAL;
		if (__builtin_mul_overflow(v, base, &v) ||
			__builtin_add_overflow(v, (unsigned int)d, &v))
			return -ERANGE;
	}
	*out = v;
	return 0;
}

int unit_int(const char *s, int64_t *out)
{
	bool minus = *s == '-';
	uint64_t v;

	if (minus || *s == '+')
		s++;
	int rc = unit_uint(s, &v);

	if (rc != 0)
		return rc;
	if (v > (uint64_t)INT64_MAX)
		return -ERANGE;
	*out = minus ? -(int64_t)v : (int64_t)v;
	return 0;
}

int unit_bool(const char *s, bool *out)
{
	static const char *const words[] = { "true", "yes", "on", "false", "no", "off" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(s, words[i]) == 0) {
			*out = i < 3;
			return 0;
		}
	}
	return -EINVAL;
}

int unit_hex32(const char *s, uint32_t *out)
{
	uint32_t v = 0;
	size_t n = 0;

	if (has_0x(s))
		s += 2;
	for (; s[n]; n++) {
		int d = hex_digit(s[n]);

		if (d < 0)
			return -EINVAL;
		if (n == 8)
			return -ERANGE;
		v = v << 4 | (uint32_t)d;
	}
	if (n == 0)
		return -EINVAL;
	*out = v;
	return 0;
}

int unit_can_id(const char *s, canid_t *out)
{
	uint32_t v;
	int rc = unit_hex32(s, &v);

	if (rc != 0)
		return rc;
	if (v > CAN_EFF_MASK)
		return -ERANGE;
	size_t digits = strlen(has_0x(s) ? s + 2 : s);

	*out = v > CAN_SFF_MASK || digits == 8 ? v | CAN_EFF_FLAG : v;
	return 0;
}

int unit_pattern(const char *s, uint8_t data[CANFD_MAX_DLEN], uint8_t mask[CANFD_MAX_DLEN],
	uint8_t *len, bool *open)
{
	uint8_t d[CANFD_MAX_DLEN] = { 0 }, m[CANFD_MAX_DLEN] = { 0 };
	size_t n = 0;
	bool star = false;

	while (*s) {
		if (strchr(" ._-:", *s)) {
			s++;
			continue;
		}
		if (*s == '*' && open && s[1] == '\0') {
			star = true;
			break;
		}
		if (n == CANFD_MAX_DLEN)
			return -ERANGE;
		for (int i = 0; i < 2; i++, s++) {
			bool any = *s == 'X' || *s == 'x' || *s == '?';
			int v = any ? 0 : hex_digit(*s);

			if (v < 0)
				return -EINVAL;
			d[n] = (uint8_t)(d[n] << 4 | v);
			m[n] = (uint8_t)(m[n] << 4 | (any ? 0 : 0xf));
		}
		n++;
	}
	memcpy(data, d, sizeof(d));
	memcpy(mask, m, sizeof(m));
	*len = (uint8_t)n;
	if (open)
		*open = star;
	return 0;
}

const char *unit_show_duration(char buf[UNIT_TEXT], uint64_t ns)
{
	static const struct unit units[] = { { "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 },
		{ "ns", 1 } };
	const struct unit *u = &units[3];

	if (ns == 0) {
		snprintf(buf, UNIT_TEXT, "0s");
		return buf;
	}
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (ns >= units[i].factor) {
			u = &units[i];
			break;
		}
	}
	uint64_t whole = ns / u->factor, rest = ns % u->factor;

	if (rest == 0) {
		snprintf(buf, UNIT_TEXT, "%" PRIu64 "%s", whole, u->name);
		return buf;
	}
	/* Decimals without trailing zeros. */
	int width = u->factor == 1000 ? 3 : u->factor == 1000000 ? 6 : 9;
	char dec[24];

	snprintf(dec, sizeof(dec), "%0*" PRIu64, width, rest);
	for (size_t l = strlen(dec); l > 1 && dec[l - 1] == '0'; l--)
		dec[l - 1] = '\0';
	snprintf(buf, UNIT_TEXT, "%" PRIu64 ".%s%s", whole, dec, u->name);
	return buf;
}

static const char *show_scaled(char *buf, uint64_t v, const struct unit *u, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (v >= u[i].factor && v % u[i].factor == 0) {
			snprintf(buf, UNIT_TEXT, "%" PRIu64 " %s", v / u[i].factor, u[i].name);
			return buf;
		}
	}
	snprintf(buf, UNIT_TEXT, "%" PRIu64 " %s", v, u[n - 1].name);
	return buf;
}

const char *unit_show_size(char buf[UNIT_TEXT], uint64_t bytes)
{
	static const struct unit units[] = { { "GiB", UINT64_C(1) << 30 },
		{ "MiB", UINT64_C(1) << 20 }, { "KiB", 1024 }, { "bytes", 1 } };

	return show_scaled(buf, bytes, units, ARRAY_SIZE(units));
}

const char *unit_show_bitrate(char buf[UNIT_TEXT], uint64_t hz)
{
	static const struct unit units[] = { { "Mbit/s", 1000000 }, { "kbit/s", 1000 },
		{ "bit/s", 1 } };

	return show_scaled(buf, hz, units, ARRAY_SIZE(units));
}

const char *unit_show_can_id(char buf[UNIT_TEXT], canid_t id)
{
	if (id & CAN_EFF_FLAG)
		snprintf(buf, UNIT_TEXT, "%08X", id & CAN_EFF_MASK);
	else
		snprintf(buf, UNIT_TEXT, "%03X", id & CAN_SFF_MASK);
	return buf;
}

bool unit_fd_length(size_t len)
{
	return len <= 8 || len == 12 || len == 16 || len == 20 || len == 24 || len == 32 ||
	       len == 48 || len == 64;
}

/* Edits (insert, drop, change, swap of neighbours) from a to b; case does not count. */
static unsigned int edit_distance(const char *a, const char *b)
{
	enum { LONGEST = 40 };
	unsigned int rows[3][LONGEST + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > LONGEST || lb > LONGEST)
		return UINT32_MAX;
	unsigned int *before = rows[0], *prev = rows[1], *cur = rows[2];

	for (unsigned int j = 0; j <= lb; j++)
		prev[j] = j;
	memcpy(before, prev, sizeof(rows[0]));
	for (size_t i = 1; i <= la; i++) {
		cur[0] = (unsigned int)i;
		for (size_t j = 1; j <= lb; j++) {
			int ca = tolower((unsigned char)a[i - 1]);
			int cb = tolower((unsigned char)b[j - 1]);
			unsigned int best = prev[j - 1] + (ca != cb);

			best = MIN(best, prev[j] + 1);
			best = MIN(best, cur[j - 1] + 1);
			if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
				tolower((unsigned char)a[i - 2]) == cb)
				best = MIN(best, before[j - 2] + 1);
			cur[j] = best;
		}
		unsigned int *t = before;

		before = prev;
		prev = cur;
		cur = t;
	}
	return prev[lb];
}

void unit_near(struct unit_near *n, const char *word)
{
	unsigned int d = edit_distance(n->typed, word);
	size_t la = strlen(n->typed), lb = strlen(word);

	/* A word of which the beginning was typed, or the reverse ("bit" for "bitrate"). */
	if (la >= 3 && lb >= 3 && d > 1 && strncasecmp(n->typed, word, MIN(la, lb)) == 0)
		d = 1;
	/* A third of the letters may be wrong, at least one. */
	if (d > MAX(MIN(la, lb) / 3, (size_t)1) || (d > 0 && MIN(la, lb) < 2))
		return;
	if (!n->best || d < n->distance) {
		n->best = word;
		n->distance = d;
	}
}
