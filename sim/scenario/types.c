/* SPDX-License-Identifier: Apache-2.0 */
/* The generic value types: text to field, with bounds and messages. */
#include <errno.h>
#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/regex.h"
#include "sim/scenario/schema.h"
#include "sim/scenario/units.h"

/* --- bounds ------------------------------------------------------------------------------ */

static void show_bound(char buf[64], const struct schema_key *k, double v)
{
	if (k->type->show)
		k->type->show(buf, 64, v);
	else
		snprintf(buf, 64, "%.15g%s%s", v, k->unit ? " " : "", k->unit ? k->unit : "");
}

/* Reports and returns false where v is outside of the key's bounds. */
static bool in_bounds(struct bind *b, const struct node *n, const struct schema_key *k, double v)
{
	char bound[64];

	if (k->min == 0 && k->max == 0)
		return true;
	if (v > k->max) {
		show_bound(bound, k, k->max);
		bind_error(b, n, "%.60s exceeds %s", n->text, bound);
		return false;
	}
	if (v < k->min) {
		show_bound(bound, k, k->min);
		bind_error(b, n, "%.60s is below %s", n->text, bound);
		return false;
	}
	return true;
}

/* The message for text that is no such value. */
static void bad_value(
	struct bind *b, const struct node *n, int rc, const char *what, const char *examples)
{
	if (rc == -ERANGE)
		bind_error(b, n, "\"%.60s\" is out of range for %s", n->text, what);
	else
		bind_error(b, n, "\"%.60s\" is not %s: write %s", n->text, what, examples);
}

/* --- texts ------------------------------------------------------------------------------- */

static void parse_string(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	size_t len = strlen(n->text);

	if (k->max > 0 && len > (size_t)k->max) {
		bind_error(b, n, "is longer than %.0f bytes", k->max);
		return;
	}
	if (k->min > 0 && len == 0) {
		bind_error(b, n, "is empty: write a text");
		return;
	}
	*(const char **)field = bind_strdup(b, n->text);
}
const struct schema_type type_string = { .name = "text", .parse = parse_string };

static void parse_name(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t len = strlen(n->text), max = k->max > 0 ? (size_t)k->max : 23;

	if (len == 0 || n->text[0] == '.' || n->text[0] == '-' || strspn(n->text, allowed) != len)
		bind_error(b, n,
			"\"%.60s\" is not a name: use letters, digits, \"_\", \".\" and \"-\"",
			n->text);
	else if (len > max)
		bind_error(b, n, "\"%.60s\" is longer than %zu bytes", n->text, max);
	else
		*(const char **)field = bind_strdup(b, n->text);
}
const struct schema_type type_name = {
	.name = "name",
	.doc = "Letters, digits, `_`, `.` and `-`; neither `.` nor `-` at the beginning.",
	.parse = parse_name,
};

static void parse_file(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	(void)k;
	*(const char **)field = bind_file(b, n, n->text);
}
const struct schema_type type_file = {
	.name = "file",
	.doc = "A path, relative to the folder of the file that names it. The file must be there when "
	       "the scenario is read.",
	.parse = parse_file,
};

static void parse_regex(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	regex_t re;
	char why[128];

	(void)k;
	if (strlen(n->text) > 500) {
		bind_error(b, n, "is longer than 500 bytes");
		return;
	}
	if (!regex_is_modest(n->text)) {
		bind_error(b, n,
			"is too large: what it repeats, written out, has more than %u characters",
			REGEX_MAX_PARTS);
		return;
	}
	int rc = regcomp(&re, n->text, REG_EXTENDED | REG_NOSUB);

	if (rc != 0) {
		regerror(rc, &re, why, sizeof(why));
		bind_error(b, n, "\"%.60s\" is not a regular expression: %s", n->text, why);
		return;
	}
	regfree(&re);
	*(const char **)field = bind_strdup(b, n->text);
}
const struct schema_type type_regex = {
	.name = "regex",
	.doc = "A POSIX extended regular expression that matches anywhere in a line: `^READY`, "
	       "`speed=[0-9]+`. Quote it when it has `{`, `#` or `: ` in it.",
	.parse = parse_regex,
};

/* --- numbers ----------------------------------------------------------------------------- */

static void parse_bool(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	int rc = unit_bool(n->text, field);

	(void)k;
	if (rc != 0)
		bad_value(b, n, rc, "a switch", "true or false");
}
const struct schema_type type_bool = { .name = "true/false", .parse = parse_bool };

static bool read_uint(struct bind *b, const struct node *n, const struct schema_key *k, uint64_t *v)
{
	int64_t i;

	if (unit_int(n->text, &i) == 0 && i < 0) {
		char bound[64];

		show_bound(bound, k, k->min);
		bind_error(b, n, "%.60s is below %s", n->text, bound);
		return false;
	}
	int rc = unit_uint(n->text, v);

	if (rc != 0)
		bad_value(b, n, rc, "a whole number", "decimal digits, or 0x and hex digits");
	return rc == 0 && in_bounds(b, n, k, (double)*v);
}

static void parse_u32(struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	uint64_t v;

	if (!read_uint(b, n, k, &v))
		return;
	if (v > UINT32_MAX)
		bad_value(b, n, -ERANGE, "a 32-bit number", "");
	else
		*(uint32_t *)field = (uint32_t)v;
}
const struct schema_type type_u32 = { .name = "number", .parse = parse_u32 };

static void parse_u64(struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	uint64_t v;

	if (read_uint(b, n, k, &v))
		*(uint64_t *)field = v;
}
const struct schema_type type_u64 = { .name = "number", .parse = parse_u64 };

static void parse_i32(struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	int64_t v;
	int rc = unit_int(n->text, &v);

	if (rc != 0) {
		bad_value(b, n, rc, "a whole number", "digits, with a \"-\" where it is negative");
		return;
	}
	if (!in_bounds(b, n, k, (double)v))
		return;
	if (v > INT32_MAX || v < INT32_MIN)
		bad_value(b, n, -ERANGE, "a 32-bit number", "");
	else
		*(int32_t *)field = (int32_t)v;
}
const struct schema_type type_i32 = { .name = "number", .parse = parse_i32 };

static void parse_float(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	double v;
	int rc = unit_float(n->text, &v);

	if (rc != 0)
		bad_value(b, n, rc, "a number", "12, 0.5 or 1e3");
	else if (in_bounds(b, n, k, v))
		*(double *)field = v;
}
const struct schema_type type_float = { .name = "decimal number", .parse = parse_float };

static bool read_duration(
	struct bind *b, const struct node *n, const struct schema_key *k, uint64_t *v)
{
	uint64_t plain;
	int rc = unit_duration(n->text, v);

	if (rc != 0 && unit_uint(n->text, &plain) == 0) {
		bind_error(b, n, "%.60s has no unit: write %.40ss or %.40sms", n->text, n->text,
			n->text);
		return false;
	}
	if (rc != 0)
		bad_value(b, n, rc, "a duration", "30s, 500ms, 250us or 1m30s");
	return rc == 0 && in_bounds(b, n, k, (double)*v);
}

static void parse_duration(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	uint64_t v;

	if (read_duration(b, n, k, &v))
		*(uint64_t *)field = v;
}

static void show_duration(char *buf, size_t cap, double bound)
{
	char text[UNIT_TEXT];

	if (bound >= 3600e9)
		snprintf(buf, cap, "%.6gh", bound / 3600e9);
	else
		snprintf(buf, cap, "%s", unit_show_duration(text, (uint64_t)bound));
}
const struct schema_type type_duration = {
	.name = "duration",
	.doc = "A number with a unit: `30s`, `1.5s`, `500ms`, `250us`, `100ns`, `2m` (minutes), `1h`; "
	       "several add up: `1m30s`. `0` needs no unit.",
	.parse = parse_duration,
	.show = show_duration,
};

static void parse_duration_ms(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	uint64_t v;

	/* Signal maps say the unit in the key: a plain number is milliseconds. */
	if (unit_uint(n->text, &v) == 0) {
		if (v > UINT32_MAX / 2)
			bad_value(b, n, -ERANGE, "a number of milliseconds", "");
		else if (in_bounds(b, n, k, (double)v * 1e6))
			*(uint32_t *)field = (uint32_t)v;
		return;
	}
	if (!read_duration(b, n, k, &v))
		return;
	if (v % 1000000 != 0 || v / 1000000 > UINT32_MAX)
		bad_value(b, n, -ERANGE, "a whole number of milliseconds", "");
	else
		*(uint32_t *)field = (uint32_t)(v / 1000000);
}
const struct schema_type type_duration_ms = {
	.name = "milliseconds",
	.doc = "A number of milliseconds (`100`), or a duration (`100ms`, `2s`).",
	.parse = parse_duration_ms,
	.show = show_duration,
};

static void parse_size(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	uint64_t v;
	int rc = unit_size(n->text, &v);

	if (rc != 0)
		bad_value(b, n, rc, "a size", "64M, 64MiB or 1GiB (powers of 1024)");
	else if (in_bounds(b, n, k, (double)v))
		*(uint64_t *)field = v;
}

static void show_size(char *buf, size_t cap, double bound)
{
	char text[UNIT_TEXT];

	snprintf(buf, cap, "%s", unit_show_size(text, (uint64_t)bound));
}
const struct schema_type type_size = {
	.name = "size",
	.doc = "Bytes, in powers of 1024: `64M`, `64MiB`, `1GiB`, `512K`, `4096`.",
	.parse = parse_size,
	.show = show_size,
};

static void parse_bitrate(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	uint64_t v;
	int rc = unit_bitrate(n->text, &v);

	if (rc != 0)
		bad_value(b, n, rc, "a bit rate", "500k, 2M or 125000");
	else if (in_bounds(b, n, k, (double)v))
		*(uint32_t *)field = (uint32_t)v;
}

static void show_bitrate(char *buf, size_t cap, double bound)
{
	snprintf(buf, cap, "%.0f bit/s", bound);
}
const struct schema_type type_bitrate = {
	.name = "bit rate",
	.doc = "Bits a second, in powers of 1000: `500k`, `2M`, `500kbit/s`, `125000`.",
	.parse = parse_bitrate,
	.show = show_bitrate,
};

static void parse_percent(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	double v;
	int rc = unit_percent(n->text, &v);

	if (rc != 0)
		bad_value(b, n, rc, "a percentage", "10% or 0.5%");
	else if (in_bounds(b, n, k, v))
		*(double *)field = v;
}

static void show_percent(char *buf, size_t cap, double bound)
{
	snprintf(buf, cap, "%g%%", bound * 100);
}
const struct schema_type type_percent = {
	.name = "percentage",
	.doc = "With its sign: `10%`, `0.5%`.",
	.parse = parse_percent,
	.show = show_percent,
};

/* --- words ------------------------------------------------------------------------------- */

static bool read_word(struct bind *b, const struct node *n, const struct schema_key *k, uint32_t *v)
{
	struct unit_near near = { .typed = n->text };
	char all[200] = "";
	size_t l = 0;

	for (const struct schema_word *w = k->words; w->word; w++) {
		if (strcmp(w->word, n->text) == 0) {
			*v = w->value;
			return true;
		}
		unit_near(&near, w->word);
		if (l < sizeof(all))
			l += (size_t)snprintf(all + l, sizeof(all) - l, "%s%s",
				w == k->words ? "" : ", ", w->word);
	}
	if (near.best)
		bind_error(
			b, n, "\"%.60s\" is not known; did you mean \"%s\"?", n->text, near.best);
	else
		bind_error(b, n, "\"%.60s\" is not known: write one of %s", n->text, all);
	return false;
}

static void parse_enum(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	uint32_t v;

	if (read_word(b, n, k, &v))
		memcpy(field, &v, sizeof(v));
}
const struct schema_type type_enum = { .name = "word", .parse = parse_enum };

static void parse_flags(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	uint32_t all = 0, v;

	if (n->kind == NODE_SCALAR) {
		if (read_word(b, n, k, &v))
			*(uint32_t *)field = v;
		return;
	}
	if (n->kind != NODE_LIST) {
		bind_error(b, n, "is a mapping: write a list of words");
		return;
	}
	for (uint32_t i = 0; i < n->n; i++) {
		const struct node *w = n->items[i];

		if (w->kind != NODE_SCALAR)
			bind_error(b, w, "holds something that is not a word");
		else if (read_word(b, w, k, &v))
			all |= v;
	}
	*(uint32_t *)field = all;
}
const struct schema_type type_flags = { .name = "words", .any_node = true, .parse = parse_flags };

/* --- CAN --------------------------------------------------------------------------------- */

static void parse_can_id(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	int rc = unit_can_id(n->text, field);

	(void)k;
	if (rc == -ERANGE)
		bind_error(b, n, "%.60s exceeds 1FFFFFFF (29 bits)", n->text);
	else if (rc != 0)
		bad_value(b, n, rc, "a CAN identifier", "hex digits: 0x1A3 or 18DAF110");
}
const struct schema_type type_can_id = {
	.name = "CAN id",
	.doc = "Always hexadecimal, `0x` may be left out: `0x1A3`, `1A3`, `18DAF110`. A value above "
	       "`7FF`, or eight digits (`000001A3`), means a 29-bit identifier.",
	.parse = parse_can_id,
};

static void parse_mask(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	uint32_t v;
	int rc = unit_hex32(n->text, &v);

	(void)k;
	if (rc == 0 && v > 0x1fffffff)
		rc = -ERANGE;
	if (rc != 0)
		bad_value(b, n, rc, "a mask of up to 29 bits", "hex digits: 0x7F0");
	else
		*(uint32_t *)field = v;
}
const struct schema_type type_mask = {
	.name = "CAN mask",
	.doc = "Hexadecimal; identifiers are equal where the bits set in the mask are: `0x7F0`.",
	.parse = parse_mask,
};
