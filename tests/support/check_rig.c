/* SPDX-License-Identifier: Apache-2.0 */
/* See check_rig.h. */
#include "tests/support/check_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct check_rig check_rig_new(
	const struct check_rig_opts *opts, const char *head, const char *tail)
{
	static const struct check_rig_opts none;
	const struct check_rig_opts *o = opts ? opts : &none;
	struct scenario_opts how = { .no_files = !o->files, .no_env = true };
	struct check_rig r = { 0 };
	struct err e = { 0 };
	char text[8192], path[128];

	assert_true((size_t)snprintf(text, sizeof(text), "%s%s", head, tail) < sizeof(text));
	snprintf(path, sizeof(path), "%s", o->path ? o->path : "car.yaml");
	if (o->own_dir) {
		snprintf(r.dir, sizeof(r.dir), "/tmp/dyno-check-XXXXXX");
		assert_non_null(mkdtemp(r.dir));
		snprintf(path, sizeof(path), "%s/car.yaml", r.dir);
	}
	assert_int_equal(scenario_load_text(text, strlen(text), path, &how, stderr, &r.s), 0);
	assert_int_equal(check_new(r.s, o->own_dir ? r.dir : o->out_dir, &r.c, &e), 0);
	return r;
}

void check_rig_free(struct check_rig *r)
{
	char cmd[128];

	check_free(r->c);
	scenario_free(r->s);
	if (r->dir[0] == '\0')
		return;
	snprintf(cmd, sizeof(cmd), "rm -r %s", r->dir);
	assert_int_equal(system(cmd), 0);
}

void check_rig_frame(struct check_rig *r, uint32_t from, uint64_t t_ns, const char *text)
{
	struct scenario_frame f;
	struct err e = { 0 };

	assert_int_equal(scenario_parse_frame(text, &f, &e), 0);
	check_frame(r->c, 0, from, t_ns, &f.f, f.mtu);
}

void check_rig_line(struct check_rig *r, uint32_t guest, uint64_t t_ns, const char *text)
{
	check_console(r->c, guest, "hvc0", t_ns, text, strlen(text));
}

void check_rig_end(struct check_rig *r, uint64_t end_ns)
{
	assert_int_equal(check_finish(r->c, end_ns), 0);
}

void check_rig_expect(const struct check_rig *r, size_t i, enum check_outcome o, const char *reason)
{
	size_t n;
	const struct check_verdict *v = check_verdicts(r->c, &n);

	assert_true(i < n);
	assert_string_equal(v[i].reason, reason);
	assert_string_equal(check_outcome_name(v[i].outcome), check_outcome_name(o));
}
