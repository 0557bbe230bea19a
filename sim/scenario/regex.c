/* SPDX-License-Identifier: Apache-2.0 */
/* The size of regular expressions; see regex.h. POSIX.1-2017, 9.4. */
#include "sim/scenario/regex.h"

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

/* What a group, or the whole, has so far. */
struct level {
	uint32_t sum; /* but for the last part, which a repetition that follows counts for */
	uint32_t last;
};

static uint32_t at_most_one_more(uint64_t parts)
{
	return (uint32_t)MIN(parts, (uint64_t)REGEX_MAX_PARTS + 1);
}

static void add_part(struct level *l, uint32_t parts)
{
	l->sum = at_most_one_more((uint64_t)l->sum + l->last);
	l->last = parts;
}

static void repeat(struct level *l, uint64_t times)
{
	l->last = at_most_one_more(l->last * times + 1);
}

/* Behind a bracket expression, whose [ is at p. */
static const char *skip_bracket(const char *p)
{
	p++;
	p += *p == '^';
	/* A ] in front is one of the characters. */
	p += *p == ']';
	while (*p && *p != ']') {
		const char end[] = { p[1], ']', '\0' };
		const char *class =
			*p == '[' && p[1] && strchr(".=:", p[1]) ? strstr(p + 2, end) : NULL;

		p = class ? class + 2 : p + 1;
	}
	return *p ? p + 1 : p;
}

/* A number of at most five digits; larger ones are RE_DUP_MAX and more. */
static uint64_t number(const char **p)
{
	uint64_t v = 0;

	for (; isdigit((unsigned char)**p); ++*p)
		v = MIN(v * 10 + (uint64_t)(**p - '0'), 99999);
	return v;
}

/* Behind an interval, whose { is at p; how often it repeats. NULL: it is none. */
static const char *interval(const char *p, uint64_t *times)
{
	uint64_t least, most;

	p++;
	least = most = number(&p);
	if (*p == ',') {
		p++;
		/* Without an end one more is repeated for ever. */
		most = isdigit((unsigned char)*p) ? number(&p) : least + 1;
	}
	*times = MAX(MAX(least, most), 1);
	return *p == '}' ? p + 1 : NULL;
}

bool regex_is_modest(const char *text)
{
	struct level level[REGEX_MAX_DEPTH] = { { 0, 0 } };
	const char *p = text, *behind;
	uint32_t depth = 0;

	for (; *p; p = behind) {
		struct level *l = &level[depth];
		uint64_t times;

		behind = p + 1;
		switch (*p) {
		case '\\':
			behind += p[1] != '\0';
			add_part(l, 1);
			break;
		case '[':
			behind = skip_bracket(p);
			add_part(l, 1);
			break;
		case '(':
			if (++depth == REGEX_MAX_DEPTH)
				return false;
			level[depth] = (struct level){ 0, 0 };
			break;
		case ')':
			add_part(l, 0);
			if (depth)
				add_part(&level[--depth], at_most_one_more((uint64_t)l->sum + 1));
			break;
		case '|':
			add_part(l, 1);
			add_part(l, 0);
			break;
		case '*':
		case '?':
			repeat(l, 1);
			break;
		case '+':
			repeat(l, 2);
			break;
		case '{':
			behind = interval(p, &times);
			if (behind) {
				repeat(l, times);
			} else {
				add_part(l, 1);
				behind = p + 1;
			}
			break;
		default:
			add_part(l, 1);
			break;
		}
	}
	/* Groups that nothing closes are there all the same. */
	for (;; depth--) {
		add_part(&level[depth], 0);
		if (!depth)
			return level[0].sum <= REGEX_MAX_PARTS;
		add_part(&level[depth - 1], level[depth].sum);
	}
}
