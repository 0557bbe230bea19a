/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts for people (a table) and for programs (JSON). */
#include <stdio.h>
#include <string.h>

#include "sim/check/judge.h"

#define NAME_COLUMNS 64 /* a longer name pushes its reason to the next line */

static const char *const label[] = { [CHECK_PASS] = "PASS",
	[CHECK_FAIL] = "FAIL",
	[CHECK_ERROR] = "ERROR",
	[CHECK_NOT_RUN] = "NOT RUN" };
static const char *const tint[] = {
	[CHECK_PASS] = "32", [CHECK_FAIL] = "1;31", [CHECK_ERROR] = "1;31", [CHECK_NOT_RUN] = "33"
};

static int columns(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* Guests' output reaches the terminal through this: no control characters. */
static void put_clean(FILE *f, const char *s)
{
	for (; *s; s++)
		fputc((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s, f);
}

static void put_verdict(FILE *f, const struct check_verdict *v, int width, bool colour)
{
	char t[TIME_TEXT];
	int n = columns(v->check->name);

	if (colour)
		fprintf(f, "\033[%sm%-7s\033[0m", tint[v->outcome], label[v->outcome]);
	else
		fprintf(f, "%-7s", label[v->outcome]);
	fprintf(f, " %9s  ", time_text(t, v->t_ns));
	put_clean(f, v->check->name);
	if (n > width)
		fprintf(f, "\n%*s", 19 + width, "");
	else
		fprintf(f, "%*s", width - n, "");
	fputs("  ", f);
	put_clean(f, v->reason);
	fputc('\n', f);
}

static void count(const struct check_set *c, uint32_t n[4])
{
	for (uint32_t i = 0; i < c->s->n_checks; i++)
		n[c->verdicts[i].outcome]++;
}

static bool shown(const struct check_verdict *v, bool all)
{
	return all || v->outcome != CHECK_PASS;
}

void check_print(const struct check_set *c, FILE *f, bool colour, bool all)
{
	static const char *const word[] = { "passed", "failed", "could not be judged", "not run" };
	uint32_t n[4] = { 0 };
	int width = 5;
	bool first = true;

	count(c, n);
	for (uint32_t i = 0; i < c->s->n_checks; i++) {
		int w = columns(c->verdicts[i].check->name);

		if (shown(&c->verdicts[i], all) && w <= NAME_COLUMNS && w > width)
			width = w;
	}
	if (all || n[CHECK_PASS] < c->s->n_checks)
		fprintf(f, "%-7s %9s  %-*s  %s\n", "VERDICT", "TIME", width, "CHECK", "EVIDENCE");
	for (uint32_t i = 0; i < c->s->n_checks; i++) {
		if (shown(&c->verdicts[i], all))
			put_verdict(f, &c->verdicts[i], width, colour);
	}
	fprintf(f, "%u check%s: ", c->s->n_checks, c->s->n_checks == 1 ? "" : "s");
	for (int o = CHECK_PASS; o <= CHECK_NOT_RUN; o++) {
		if (n[o] == 0 && o != CHECK_PASS)
			continue;
		fputs(first ? "" : ", ", f);
		if (colour)
			fprintf(f, "\033[%sm%u %s\033[0m", tint[o], n[o], word[o]);
		else
			fprintf(f, "%u %s", n[o], word[o]);
		first = false;
	}
	fputc('\n', f);
}

json_t *check_json(const struct check_set *c)
{
	uint32_t n[4] = { 0 };
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < c->s->n_checks; i++) {
		const struct check_verdict *v = &c->verdicts[i];
		/* Names and reasons may hold what guests wrote: json_pack refuses what is not
		 * UTF-8. */
		json_t *o = json_pack("{s:s, s:s, s:s, s:f, s:i}", "kind",
			scenario_check_kind_name(v->check->kind), "name", v->check->name, "outcome",
			check_outcome_name(v->outcome), "time_s", (double)v->t_ns / 1e9, "line",
			(int)v->check->line);

		if (o)
			json_object_set_new(o, "reason", json_string(v->reason));
		json_array_append_new(list, o);
	}
	count(c, n);
	return json_pack("{s:b, s:i, s:i, s:i, s:i, s:o}", "ok", check_passed(c), "passed",
		(int)n[CHECK_PASS], "failed", (int)n[CHECK_FAIL], "errors", (int)n[CHECK_ERROR],
		"not_run", (int)n[CHECK_NOT_RUN], "checks", list);
}
