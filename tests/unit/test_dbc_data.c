/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DBC reader against a folder of databases and vectors made with another implementation, which
 * is not part of the repository: found by DYNO_SHARED_DIR, or beside the sources. Skipped where it
 * is absent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glob.h>
#include <jansson.h>
#include <math.h>
#include <unistd.h>

#include "sim/dbc/dbc.h"
#include "tests/support/recorded.h"

static const char *folder;

struct file {
	struct diags d;
	struct dbc *db;
	char name[512];
};

static void open_dbc(struct file *f, const char *name)
{
	struct err e = { "" };
	char path[8192];

	(void)snprintf(path, sizeof(path), "%s/dbc/%s", folder, name);
	(void)snprintf(f->name, sizeof(f->name), "%s", name);
	f->d = (struct diags){ .n = 0 };
	if (dbc_load(&f->db, path, &f->d, &e) < 0)
		fail_msg("%s", e.text);
}

static void close_dbc(struct file *f)
{
	dbc_free(f->db);
	diag_fini(&f->d);
}

/* Integers from 2^63 on are none for the JSON reader: they are wrapped, as raw values are,
 * or made reals. */
static json_t *load_json(const char *text, bool wrap)
{
	char *out = calloc(1, 2 * strlen(text) + 1), *to = out;
	json_t *j;

	assert_non_null(out);
	while (*text) {
		size_t n = strspn(text, "0123456789");

		/* Not in hexadecimal data, nor behind a point. */
		if (n >= 19 && n <= 20 && (text[-1] == ':' || text[-1] == ' ') && text[n] != '.' &&
			wrap)
			to += snprintf(to, 24, "%lld", (long long)strtoull(text, NULL, 10));
		else if (n >= 19 && n <= 20 && text[-1] == ' ' && text[n] != '.')
			to += snprintf(to, 24, "%.*s.0", (int)n, text);
		else if (strncmp(text, " Infinity", 9) == 0)
			to = mempcpy(to, " null    ", n = 9);
		else
			to = mempcpy(to, text, n ? n : 1);
		text += n ? n : 1;
	}
	j = json_loads(out, 0, NULL);
	free(out);
	return j;
}

/* ---- what a file says, against another reader's table of it ---- */

static double number_or(const json_t *v, double other)
{
	return json_is_number(v) ? json_number_value(v) : other;
}

/* The other reader takes every file for cp1252, and UTF-8 for gibberish: ASCII has to agree. */
static bool alike(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (*a & 0x80)
			a++;
		while (*b & 0x80)
			b++;
		if (*a != *b || !*a)
			return *a == *b;
	}
}

static void same_text(const char *where, const char *what, const char *ours, const json_t *theirs)
{
	const char *t = json_is_string(theirs) ? json_string_value(theirs) : "";

	if (!alike(ours ? ours : "", t))
		fail_msg("%s: %s is '%s', not '%s'", where, what, ours ? ours : "", t);
}

static void compare_choices(const char *where, const struct dbc_signal *s, const json_t *j)
{
	const char *key;
	const json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)j, key, v) {
		const char *ours = dbc_value_name(s, strtoll(key, NULL, 10));

		if (!ours || !alike(ours, json_string_value(v)))
			fail_msg("%s: value %s is '%s', not '%s'", where, key, ours ? ours : "",
				json_string_value(v));
	}
}

static void compare_mux(const char *where, const struct dbc_signal *s, const json_t *j)
{
	const json_t *ids = json_object_get(j, "mux_ids"), *id;
	const char *up = json_string_value(json_object_get(j, "mux_sig"));
	size_t i;

	if (!json_is_array(ids)) {
		if (s->mux >= 0)
			fail_msg("%s: is multiplexed here, and not there", where);
		return;
	}
	if (s->mux < 0)
		fail_msg("%s: is not multiplexed here", where);
	if (up && strcmp(s->message->signals[s->mux].short_name, up) != 0 &&
		strcmp(s->message->signals[s->mux].name, up) != 0)
		fail_msg("%s: its selector is %s, not %s", where, s->message->signals[s->mux].name,
			up);
	json_array_foreach (ids, i, id) {
		uint64_t v = (uint64_t)json_integer_value(id);
		bool in = false;

		for (uint32_t k = 0; k < s->n_when; k++)
			in = in || (v >= s->when[k].first && v <= s->when[k].last);
		if (!in)
			fail_msg("%s: is not chosen by %llu", where, (unsigned long long)v);
	}
}

static void compare_signal(const char *file, const struct dbc_signal *s, const json_t *j)
{
	char where[512];
	bool is_float = s->type == DBC_FLOAT32 || s->type == DBC_FLOAT64;

	(void)snprintf(where, sizeof(where), "%s: %s.%s", file, s->message->name, s->name);
	if (s->start != json_integer_value(json_object_get(j, "start")) ||
		s->bits != json_integer_value(json_object_get(j, "len")) ||
		s->big_endian != json_is_true(json_object_get(j, "be")))
		fail_msg("%s: start %u, %u bits", where, s->start, s->bits);
	if (is_float != json_is_true(json_object_get(j, "float")))
		fail_msg("%s: float is %d", where, is_float);
	if (!is_float && s->type != DBC_BYTES &&
		(s->type == DBC_SIGNED) != json_is_true(json_object_get(j, "signed")))
		fail_msg("%s: signed is %d", where, s->type == DBC_SIGNED);
	if (s->scale != number_or(json_object_get(j, "scale"), 1) ||
		s->offset != number_or(json_object_get(j, "offset"), 0))
		fail_msg("%s: scale %g offset %g", where, s->scale, s->offset);
	if (s->min != number_or(json_object_get(j, "min"), s->min) ||
		s->max != number_or(json_object_get(j, "max"), s->max))
		fail_msg("%s: limits %g %g", where, s->min, s->max);
	same_text(where, "unit", s->unit, json_object_get(j, "unit"));
	same_text(where, "comment", s->comment, json_object_get(j, "comment"));
	compare_choices(where, s, json_object_get(j, "choices"));
	/* Where `m` stands without a number, SG_MUL_VAL_ is believed here, and not there. */
	if (strcmp(s->message->name, "Motor_2") != 0)
		compare_mux(where, s, j);
}

/* Signals may have the same name twice: by name and place. */
static const struct dbc_signal *find_like(const struct dbc_message *m, const json_t *j)
{
	const char *name = json_string_value(json_object_get(j, "name"));

	for (uint32_t i = 0; i < m->n_signals; i++) {
		const struct dbc_signal *s = &m->signals[i];

		if (alike(s->name, name) &&
			s->start == json_integer_value(json_object_get(j, "start")))
			return s;
	}
	/* Of two signals with one short name, one has the long name here, and both there. */
	for (uint32_t i = 0; i < m->n_signals; i++) {
		const struct dbc_signal *s = &m->signals[i];

		if (s->start != json_integer_value(json_object_get(j, "start")))
			continue;
		for (uint32_t k = 0; k < m->n_signals; k++) {
			if (k != i && strcmp(m->signals[k].short_name, s->short_name) == 0)
				return s;
		}
	}
	return NULL;
}

static void compare_message(const struct file *f, const json_t *j, bool sanitised)
{
	const char *name = json_string_value(json_object_get(j, "name"));
	const json_t *sigs = json_object_get(j, "signals"), *sj;
	const struct dbc_message *m = NULL;
	uint32_t id = (uint32_t)json_integer_value(json_object_get(j, "id"));
	size_t i;

	if (json_is_true(json_object_get(j, "ext")))
		id |= CAN_EFF_FLAG;
	/* The other reader's text was repaired: a name there has an underscore in front. */
	for (uint32_t k = 0; k < f->db->n_messages; k++) {
		const struct dbc_message *o = &f->db->messages[k];

		if (o->can_id == id && (alike(o->name, name) || (sanitised && name[0] == '_' &&
									alike(o->name, name + 1))))
			m = o;
	}
	if (!m)
		fail_msg("%s: no message 0x%x %s", f->name, id, name);
	if (m->len != json_integer_value(json_object_get(j, "len")))
		fail_msg("%s: %s has %u bytes", f->name, name, m->len);
	if (json_is_true(json_object_get(j, "fd")) && !m->fd)
		fail_msg("%s: %s is no FD frame", f->name, name);
	if (m->cycle_ms != number_or(json_object_get(j, "cycle"), 0))
		fail_msg("%s: %s has a cycle of %u ms", f->name, name, m->cycle_ms);
	if (m->n_signals != json_array_size(sigs))
		fail_msg("%s: %s has %u signals, not %zu", f->name, name, m->n_signals,
			json_array_size(sigs));
	if (!sanitised)
		same_text(f->name, name, m->comment, json_object_get(j, "comment"));
	json_array_foreach (sigs, i, sj) {
		const struct dbc_signal *s = find_like(m, sj);

		if (!s)
			fail_msg("%s: %s has no signal %s", f->name, name,
				json_string_value(json_object_get(sj, "name")));
		compare_signal(f->name, s, sj);
	}
}

static void test_every_file_reads_as_another_reader_has_it(void **state)
{
	char cmd[8400];
	char *line = NULL;
	size_t cap = 0, files = 0, compared = 0;
	FILE *in;

	(void)state;
	(void)snprintf(cmd, sizeof(cmd), "gzip -dc '%s/dbc/structure.jsonl.gz'", folder);
	in = popen(cmd, "r");
	assert_non_null(in);
	while (getline(&line, &cap, in) > 0) {
		json_t *j = load_json(line, false), *msgs, *m;
		const char *how = json_string_value(json_object_get(j, "how"));
		struct file f;
		size_t i;

		assert_non_null(j);
		open_dbc(&f, json_string_value(json_object_get(j, "file")));
		msgs = json_object_get(j, "messages");
		/* What the other reader takes as it is has no errors for us either. */
		if (strcmp(how, "strict") == 0 && f.d.errors) {
			diag_print(&f.d, stderr);
			fail_msg("%s: %zu errors", f.name, f.d.errors);
		}
		json_array_foreach (msgs, i, m) {
			compare_message(&f, m, strcmp(how, "sanitised") == 0);
			compared++;
		}
		files++;
		close_dbc(&f);
		json_decref(j);
	}
	free(line);
	(void)pclose(in);
	assert_true(files >= 100);
	assert_true(compared >= 4000);
}

/* ---- vectors ---- */

static double physical_of(const struct dbc_signal *s, const json_t *v)
{
	if (json_is_integer(v) && s->type == DBC_UNSIGNED && s->bits == 64 && s->offset == 0)
		return (double)(uint64_t)json_integer_value(v);
	return json_number_value(v);
}

/* JSON has numbers, raw values have 64 bits: as written. */
static int64_t raw_of(const json_t *v)
{
	return json_is_real(v) ? (int64_t)json_real_value(v) : (int64_t)json_integer_value(v);
}

static uint32_t bytes_of(const char *hex, uint8_t *out)
{
	uint32_t n = 0;

	for (; hex[0] && hex[1]; hex += 2) {
		unsigned int b;

		assert_int_equal(sscanf(hex, "%2x", &b), 1);
		out[n++] = (uint8_t)b;
	}
	return n;
}

static bool close_enough(double a, double b)
{
	return a == b || fabs(a - b) <= 4 * 0x1p-53 * fmax(fabs(a), fabs(b));
}

static const struct dbc_signal *vector_signal(const struct dbc_message *m, const char *name)
{
	const struct dbc_signal *s = dbc_find_signal(m, name);

	if (!s)
		fail_msg("%s has no signal %s", m->name, name);
	return s;
}

static void check_decode(const char *at, const struct dbc_message *m, const json_t *j,
	const uint8_t *data, uint32_t len)
{
	static struct dbc_sample out[4096];
	const json_t *raws = json_object_get(j, "raw"), *v;
	uint32_t n = dbc_decode(m, data, len, out);
	const char *name;

	json_object_foreach ((json_t *)(uintptr_t)raws, name, v) {
		const struct dbc_signal *s = vector_signal(m, name);
		const struct dbc_sample *o = &out[dbc_signal_index(s)];
		double want = physical_of(s, json_object_get(json_object_get(j, "signals"), name));

		if (!o->present)
			fail_msg("%s: %s is not present", at, name);
		if (s->type == DBC_FLOAT32 || s->type == DBC_FLOAT64) {
			struct dbc_signal plain = *s;

			plain.scale = 1;
			plain.offset = 0;
			if (!close_enough(dbc_physical(&plain, o->raw), json_number_value(v)))
				fail_msg("%s: %s", at, name);
		} else if (o->raw != raw_of(v)) {
			fail_msg("%s: %s is %lld", at, name, (long long)o->raw);
		}
		if (!close_enough(o->value, want))
			fail_msg("%s: %s is %.17g, not %.17g", at, name, o->value, want);
		n--;
	}
	/* No more than what the selectors choose; see compare_mux. */
	if (n != 0 && strcmp(m->name, "Motor_2") != 0)
		fail_msg("%s: %s has %u signals more", at, m->name, n);
	v = json_object_get(j, "labels");
	if (v) {
		const json_t *l;

		json_object_foreach ((json_t *)(uintptr_t)v, name, l) {
			const struct dbc_signal *s = vector_signal(m, name);
			const char *have = dbc_value_name(s, out[dbc_signal_index(s)].raw);

			if (!have || strcmp(have, json_string_value(l)) != 0)
				fail_msg("%s: %s is called %s", at, name, have ? have : "nothing");
		}
	}
}

static void check_encode(const char *at, const struct dbc_message *m, const json_t *j,
	const uint8_t *data, uint32_t len, bool physical)
{
	struct dbc_sample in[4096];
	uint8_t mine[DBC_MAX_LEN] = { 0 };
	struct err e = { "" };
	const json_t *v, *from = json_object_get(j, physical ? "signals" : "raw");
	const char *name;

	for (uint32_t i = 0; i < m->n_signals; i++)
		in[i].present = false;
	json_object_foreach ((json_t *)(uintptr_t)from, name, v) {
		const struct dbc_signal *s = vector_signal(m, name);
		struct dbc_sample *o = &in[dbc_signal_index(s)];
		bool is_float = s->type == DBC_FLOAT32 || s->type == DBC_FLOAT64;

		o->present = true;
		/* A JSON integer above 2^53 is no double. */
		if (!is_float &&
			(!physical || (json_is_integer(v) && s->scale == 1 && s->offset == 0))) {
			o->raw = raw_of(v);
		} else {
			struct dbc_signal plain = *s;

			if (!physical) {
				plain.scale = 1;
				plain.offset = 0;
			}
			if (dbc_raw(&plain, json_number_value(v), &o->raw) < 0)
				fail_msg("%s: %s cannot be %g", at, name, json_number_value(v));
		}
	}
	if (dbc_encode(m, in, mine, len, &e) < 0)
		fail_msg("%s: %s", at, e.text);
	if (memcmp(mine, data, len) != 0)
		fail_msg("%s: %s encodes differently", at, m->name);
	/* Other bits stay. */
	memset(mine, 0xff, len);
	assert_int_equal(dbc_encode(m, in, mine, len, &e), 0);
	for (uint32_t i = 0; i < m->n_signals; i++) {
		int64_t raw;

		if (in[i].present &&
			(!dbc_get(&m->signals[i], mine, len, &raw) || raw != in[i].raw))
			fail_msg("%s: %s in a payload of ones", at, m->signals[i].name);
	}
}

static void check_vector(struct file *f, const char *path, unsigned int line, const json_t *j)
{
	const char *name = json_string_value(json_object_get(j, "dbc"));
	uint32_t id = (uint32_t)json_integer_value(json_object_get(j, "id")), len;
	const struct dbc_message *m;
	uint8_t data[DBC_MAX_LEN];
	char at[512];

	(void)snprintf(at, sizeof(at), "%s:%u", path, line);
	if (!f->db || strcmp(f->name, name) != 0) {
		if (f->db)
			close_dbc(f);
		open_dbc(f, name);
	}
	if (json_is_true(json_object_get(j, "ext")))
		id |= CAN_EFF_FLAG;
	m = dbc_find(f->db, id);
	if (!m)
		fail_msg("%s: no message 0x%x", at, id);
	len = bytes_of(json_string_value(json_object_get(j, "data")), data);
	check_decode(at, m, j, data, len);
	if (strcmp(json_string_value(json_object_get(j, "kind")), "enc") == 0) {
		check_encode(at, m, j, data, len, false);
		check_encode(at, m, j, data, len, true);
	}
}

static void test_every_vector_encodes_and_decodes(void **state)
{
	struct file f = { .db = NULL };
	unsigned int vectors = 0;
	char pattern[8192];
	glob_t g;

	(void)state;
	(void)snprintf(pattern, sizeof(pattern), "%s/vectors/*.jsonl", folder);
	assert_int_equal(glob(pattern, 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		FILE *in = fopen(g.gl_pathv[i], "r");
		unsigned int line = 0;
		char *text = NULL;
		size_t cap = 0;

		assert_non_null(in);
		while (getline(&text, &cap, in) > 0) {
			json_t *j = load_json(text, true);

			if (!j)
				fail_msg("%s:%u is not read", g.gl_pathv[i], line + 1);
			check_vector(&f, g.gl_pathv[i], ++line, j);
			json_decref(j);
			vectors++;
		}
		free(text);
		(void)fclose(in);
	}
	globfree(&g);
	if (f.db)
		close_dbc(&f);
	assert_true(vectors >= 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_file_reads_as_another_reader_has_it),
		cmocka_unit_test(test_every_vector_encodes_and_decodes),
	};

	folder = recorded_data();
	if (access(folder, R_OK) != 0) {
		printf("skipped: no databases at %s (set DYNO_SHARED_DIR)\n", folder);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
