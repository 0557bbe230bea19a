/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The formats that are not ours, on samples as their programs write them: those in the text below,
 * and the files that the fuzzers begin with, which are also cut and changed at every place.
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
#include <dirent.h>

#include "base/clock.h"
#include "sim/trace/replay.h"
#include "sim/trace/trace.h"

#define EPOCH (UINT64_C(1700000000) * NS_PER_S)
#define FDF   CANFD_FDF
#define MOST  16

struct result {
	struct trace_frame f[MOST];
	char chan[MOST][TRACE_CHANNEL_BYTES];
	unsigned int n;
	char dialect[64];
	bool epoch_known;
	uint64_t epoch_ns;
	struct trace_stats st;
	char problem[512];
};

static void on_problem(void *ctx, const char *text)
{
	struct result *r = ctx;

	(void)snprintf(r->problem, sizeof(r->problem), "%s", text);
}

static void ignore(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

static struct result read_trace(struct trace *t, struct result *r)
{
	struct trace_frame f;

	while (trace_next(t, &f) > 0) {
		assert_in_range(r->n, 0, MOST - 1);
		(void)snprintf(
			r->chan[r->n], TRACE_CHANNEL_BYTES, "%s", trace_channel_name(t, f.channel));
		r->f[r->n++] = f;
	}
	(void)snprintf(r->dialect, sizeof(r->dialect), "%s", trace_dialect(t));
	r->epoch_known = trace_epoch(t, &r->epoch_ns);
	trace_get_stats(t, &r->st);
	trace_free(t);
	return *r;
}

static struct result read_text(const char *text)
{
	struct result r = { .n = 0 };
	struct trace_options opt = { .problem = on_problem, .ctx = &r };
	struct err e = { { 0 } };
	struct trace *t;

	if (trace_open_mem(&t, text, strlen(text), "sample", &opt, &e) < 0)
		fail_msg("%s", e.text);
	return read_trace(t, &r);
}

static const char *seed_path(const char *name)
{
	static char path[4096];
	const char *src = getenv("DYNO_SOURCE_DIR");

	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/seeds/%s", src ? src : ".", name);
	return path;
}

static struct result read_seed(const char *name)
{
	struct result r = { .n = 0 };
	struct trace_options opt = { .problem = on_problem, .ctx = &r };
	struct err e = { { 0 } };
	struct trace *t;

	if (trace_open(&t, seed_path(name), &opt, &e) < 0)
		fail_msg("%s", e.text);
	return read_trace(t, &r);
}

static void assert_frame(const struct result *r, unsigned int i, uint64_t t_ns, uint32_t id,
	uint8_t len, uint8_t flags, const char *data)
{
	assert_true(i < r->n);
	assert_int_equal(r->f[i].t_ns, t_ns);
	assert_int_equal(r->f[i].f.can_id, id);
	assert_int_equal(r->f[i].f.len, len);
	assert_int_equal(r->f[i].f.flags, flags);
	assert_memory_equal(r->f[i].f.data, data, strlen(data) < len ? strlen(data) : len);
}

/* ---- TRC ---- */

static void test_trc_1_0_has_whole_milliseconds_and_no_direction(void **state)
{
	struct result r = read_text(";   Start time: 30.09.2017 15:06:13.191.0\n"
				    ";-----\n"
				    "     1)      1841 0001 8 01 02 03 04 05 06 07 08 \n"
				    "     2)      1842 18FEF100 2 01 02 \n"
				    "     3)      1843 0007 RTR\n"
				    "     4)      1900 FFFFFFFF 4 00 00 00 08 BUSHEAVY\n");

	(void)state;
	assert_string_equal(r.dialect, "PCAN trace 1.0");
	assert_int_equal(r.n, 2);
	assert_frame(&r, 0, 1841000000, 1, 8, 0, "\1\2\3\4\5\6\7\10");
	assert_frame(&r, 1, 1842000000, 0x18fef100 | CAN_EFF_FLAG, 2, 0, "\1\2");
	assert_int_equal(r.f[0].flags, 0);
	assert_false(r.epoch_known);
}

static void test_trc_1_1_has_direction_warnings_and_a_start(void **state)
{
	struct result r =
		read_text(";$FILEVERSION=1.1\n"
			  ";$STARTTIME=43008.5\n"
			  "     1)      1059.9  Rx         0300  7  00 00 00 00 04 00 00 \n"
			  "     2)      1283.2  Tx     18EFC034  4  01 02 03 04 \n"
			  "     3)      1298.9  Rx         0400  2  RTR \n"
			  "     4)      1300.0  Warng  FFFFFFFF  4  00 00 00 08  BUSHEAVY \n"
			  "     5)      1323.4  Error      0008  4  00 19 08 08 \n");

	(void)state;
	assert_string_equal(r.dialect, "PCAN trace 1.1");
	assert_int_equal(r.n, 4);
	assert_frame(&r, 0, 1059900000, 0x300, 7, 0, "\0\0\0\0\4");
	assert_int_equal(r.f[0].flags, TRACE_DIR_RX);
	assert_int_equal(r.f[1].flags, TRACE_DIR_TX);
	assert_frame(&r, 2, 1298900000, 0x400 | CAN_RTR_FLAG, 2, 0, "");
	assert_int_equal(r.f[3].f.can_id, CAN_ERR_FLAG | 0x80);
	assert_int_equal(r.st.malformed, 0);
	assert_true(r.epoch_known);
	/* Days since 1899-12-30. */
	assert_int_equal(
		r.epoch_ns, (UINT64_C(43008) - 25569) * 86400 * NS_PER_S + 43200 * NS_PER_S);
}

static void test_trc_1_3_has_buses(void **state)
{
	struct result r = read_text(";$FILEVERSION=1.3\n"
				    ";$STARTTIME=43008.5\n"
				    "     1)      1059.900 1  Rx        0300 -  2    00 01 \n"
				    "     2)      1060.000 2  Tx    18EFC034 -  1    07 \n");

	(void)state;
	assert_string_equal(r.dialect, "PCAN trace 1.3");
	assert_int_equal(r.n, 2);
	assert_string_equal(r.chan[0], "1");
	assert_string_equal(r.chan[1], "2");
	assert_frame(&r, 1, 1060000000, 0x18efc034 | CAN_EFF_FLAG, 1, 0, "\7");
}

static void test_trc_2_x_has_the_columns_its_header_names(void **state)
{
	struct result r =
		read_text(";$FILEVERSION=2.1\n"
			  ";$STARTTIME=43008.5\n"
			  ";$COLUMNS=N,O,T,B,I,d,R,L,D\n"
			  "      1      1059.900 DT 1      0300 Rx -  2    00 01 \n"
			  "      2      1060.000 FB 1  18EFC034 Tx -  9    01 02 03 04 05 06 07 "
			  "08 09 0A 0B 0C \n"
			  "      3      1060.100 RR 2      0400 Rx -  3    \n"
			  "      4      1060.200 ER 2      -    Rx -  5    04 00 02 00 00 \n"
			  "      5      1060.300 ST 1      -    Rx -  4    00 00 00 08 \n"
			  "      6      1060.400 BI 1      0001 Rx -  0    \n");

	(void)state;
	assert_string_equal(r.dialect, "PCAN trace 2.1");
	assert_int_equal(r.n, 5);
	assert_int_equal(r.st.malformed, 0);
	assert_frame(&r, 1, 1060000000, 0x18efc034 | CAN_EFF_FLAG, 12, FDF | CANFD_BRS, "\1\2\3");
	assert_frame(&r, 2, 1060100000, 0x400 | CAN_RTR_FLAG, 3, 0, "");
	assert_string_equal(r.chan[2], "2");
	assert_int_equal(r.f[3].f.can_id, CAN_ERR_FLAG | 0x80);
	assert_int_equal(r.f[4].f.flags, FDF | CANFD_BRS | CANFD_ESI);
}

static void test_trc_columns_may_stand_in_another_order(void **state)
{
	struct result r = read_text(";$FILEVERSION=2.0\n"
				    ";$COLUMNS=O,N,I,T,l,D\n"
				    " 1.500 1 0300 DT 2 AA BB\n"
				    " 1.600 2 0301 FD 12 00 01 02 03 04 05 06 07 08 09 0A 0B\n");

	(void)state;
	assert_int_equal(r.n, 2);
	assert_frame(&r, 0, 1500000, 0x300, 2, 0, "\xaa\xbb");
	assert_frame(&r, 1, 1600000, 0x301, 12, FDF, "\0\1\2");
}

static void test_malformed_trc_lines_are_reported_with_their_place(void **state)
{
	struct result r = read_text(";$FILEVERSION=1.1\n"
				    "     1)      1059.9  Rx         0300  7  00 00 \n"
				    "     2)      1060.9  Rx         0300  2  00 01 \n");

	(void)state;
	assert_int_equal(r.n, 1);
	assert_int_equal(r.st.malformed, 1);
	assert_non_null(strstr(r.problem, "sample:2: fewer data bytes than the length says"));
}

/* ---- CSV, CRTD ---- */

static void test_csv_of_each_program_is_told_by_its_heading(void **state)
{
	struct result g = read_seed("fuzz_csv/gvret.csv"), p = read_seed("fuzz_csv/python-can.csv"),
		      c = read_seed("fuzz_csv/css.csv"), o = read_seed("fuzz_csv/all.csv");

	(void)state;
	assert_string_equal(g.dialect, "GVRET CSV (SavvyCAN)");
	assert_frame(&g, 0, 166064000000, 0x21a, 8, 0, "\xfe\x36\x12\xfe\x69\x05\x07\xad");
	assert_frame(&g, 1, 166065000000, 0x18fef100 | CAN_EFF_FLAG, 2, 0, "\1\2");
	assert_int_equal(g.f[1].flags, TRACE_DIR_TX);
	assert_string_equal(g.chan[1], "1");
	assert_string_equal(p.dialect, "python-can CSV");
	assert_frame(
		&p, 0, UINT64_C(1483389946197000000), 0xdadada | CAN_EFF_FLAG, 7, 0, "[42, 9]");
	assert_frame(&p, 1, UINT64_C(1483389946198000000), 0x123 | CAN_RTR_FLAG, 4, 0, "");
	assert_true(p.epoch_known);
	assert_string_equal(c.dialect, "CSS CSV");
	assert_int_equal(c.f[1].f.flags, FDF | CANFD_BRS);
	assert_int_equal(c.f[1].flags, TRACE_DIR_TX);
	assert_string_equal(o.dialect, "CSV");
	assert_int_equal(o.n, 6);
	assert_int_equal(o.f[3].f.__res1, 13);
	assert_frame(&o, 5, EPOCH + 600000, CAN_ERR_FLAG | 0x80, 8, 0, "");
}

static void test_malformed_csv_lines_are_reported(void **state)
{
	struct result r = read_text("time,channel,dir,id,ext,kind,brs,esi,dlc,data\n"
				    "1.0,can0,rx,123,0,data,0,0,2,AABB\n"
				    "1.1,can0,rx,800,0,data,0,0,2,AABB\n"
				    "1.2,can0,rx,123,0,data,0,0,2,AAB\n"
				    "1.3,can0\n"
				    "x,can0,rx,123,0,data,0,0,2,AABB\n");

	(void)state;
	assert_int_equal(r.n, 1);
	assert_int_equal(r.st.malformed, 4);
}

static void test_crtd_buses_and_comments_are_read(void **state)
{
	struct result r = read_seed("fuzz_crtd/all.crtd");

	(void)state;
	assert_int_equal(r.n, 2);
	assert_frame(&r, 0, 166064000000, 0x21a, 4, 0, "\xfe\x36\x12\xfe");
	assert_frame(&r, 1, 166064001000, 0x18fef100 | CAN_EFF_FLAG, 2, 0, "\0\1");
	assert_int_equal(r.f[1].flags, TRACE_DIR_TX);
	assert_int_equal(r.st.malformed, 0);
}

/* ---- BLF, captures, MDF ---- */

static void test_blf_objects_of_every_kind_are_read(void **state)
{
	struct result r = read_seed("fuzz_blf/stored.blf");

	(void)state;
	assert_int_equal(r.n, 9);
	assert_int_equal(r.st.malformed, 0);
	assert_int_equal(r.st.skipped, 1);
	/* CAN FD message 64, error frames of two kinds. */
	assert_frame(&r, 6, 123456, 0x123, 12, FDF | CANFD_BRS, "\0\1\2\3\4\5\6\7\10\11\12\13");
	assert_int_equal(r.f[6].flags, TRACE_DIR_TX);
	assert_int_equal(r.f[7].f.can_id, CAN_ERR_FLAG | 0x80);
	assert_int_equal(r.f[8].f.can_id, CAN_ERR_FLAG | 0x80);
}

static void test_captures_of_cooked_sockets_are_read(void **state)
{
	struct result a = read_seed("fuzz_pcap/sll.pcap"),
		      b = read_seed("fuzz_pcap/sll2-big-endian.pcap");

	(void)state;
	assert_int_equal(a.n, 1);
	assert_frame(&a, 0, EPOCH + 5000, 0x123, 2, 0, "\1\2");
	assert_int_equal(b.n, 1);
	assert_frame(&b, 0, EPOCH + 5, 0x18fef100 | CAN_EFF_FLAG, 12, FDF | CANFD_BRS, "");
	assert_int_equal(b.f[0].flags, TRACE_DIR_TX);
}

static void test_mdf_groups_are_merged_by_time(void **state)
{
	static const char *const files[] = { "fuzz_mf4/sorted.mf4", "fuzz_mf4/sorted-packed.mf4" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct result r = read_seed(files[i]);

		assert_int_equal(r.n, 8);
		assert_int_equal(r.st.malformed, 0);
		for (unsigned int k = 1; k < r.n; k++)
			assert_true(r.f[k].t_ns > r.f[k - 1].t_ns);
		assert_frame(&r, 0, EPOCH, 0x100, 8, 0, "");
		assert_frame(&r, 1, EPOCH + 1000000, 0x101, 8, 0, "\1\1\1\1\1\1\1\1");
		assert_int_equal(r.f[2].f.can_id, CAN_ERR_FLAG | 0x80);
		/* Data of variable length, in a block of their own. */
		assert_frame(&r, 4, EPOCH + 2500000, 0x18fef100 | CAN_EFF_FLAG, 12, FDF | CANFD_BRS,
			"\0\1\2\3\4\5\6\7\10\11\12\13");
		assert_frame(&r, 5, EPOCH + 2600000, 0x18fef101 | CAN_EFF_FLAG, 2, 0, "\xaa\xbb");
		assert_true(r.epoch_known);
	}
}

static void test_an_unsorted_mdf_that_was_not_closed_is_read_to_its_end(void **state)
{
	struct result r = read_seed("fuzz_mf4/unfinished.mf4");

	(void)state;
	assert_int_equal(r.n, 4);
	assert_int_equal(r.st.malformed, 0);
	assert_frame(&r, 0, EPOCH + 1000, 0x123, 3, 0, "\1\2\3");
	assert_frame(&r, 1, EPOCH + 2000, 0x7ff | CAN_RTR_FLAG, 4, 0, "");
	/* Their data came behind both. */
	assert_frame(&r, 2, EPOCH + 3000, 0x124, 1, 0, "\4");
	assert_frame(&r, 3, EPOCH + 4000, 0x125, 2, 0, "\5\6");
}

static void test_an_mdf_that_names_no_place_for_its_data_loses_only_those_frames(void **state)
{
	struct result r = read_seed("fuzz_mf4/far-without-a-link.mf4");

	(void)state;
	assert_int_equal(r.n, 6);
	assert_int_equal(r.st.malformed, 2);
}

/* ---- all of them ---- */

struct bytes {
	uint8_t *b;
	size_t n;
};

static struct bytes load(const char *path)
{
	struct bytes o = { .b = test_malloc(65536) };
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	o.n = fread(o.b, 1, 65536, f);
	(void)fclose(f);
	return o;
}

static const char *const folders[] = { "fuzz_blf", "fuzz_crtd", "fuzz_csv", "fuzz_mf4", "fuzz_pcap",
	"fuzz_pcapng", "fuzz_trc" };

/* Calls fn for every seed of the readers; returns their number. */
static unsigned int for_seeds(void (*fn)(const char *path, const struct bytes *b))
{
	unsigned int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		char folder[4096], path[8192];
		struct dirent *d;
		DIR *dir;

		(void)snprintf(folder, sizeof(folder), "%s", seed_path(folders[i]));
		dir = opendir(folder);
		assert_non_null(dir);
		while ((d = readdir(dir)) != NULL) {
			struct bytes b;

			if (d->d_name[0] == '.')
				continue;
			(void)snprintf(path, sizeof(path), "%s/%s", folder, d->d_name);
			b = load(path);
			fn(path, &b);
			test_free(b.b);
			n++;
		}
		(void)closedir(dir);
	}
	return n;
}

/* Frames of a file that may be broken; at most `most`. */
static unsigned int count(const uint8_t *b, size_t n)
{
	struct trace_options opt = { .problem = ignore };
	struct err e = { { 0 } };
	struct trace_frame f;
	unsigned int got = 0;
	struct trace *t;

	if (trace_open_mem(&t, b, n, "file", &opt, &e) < 0)
		return 0;
	while (trace_next(t, &f) > 0) {
		assert_in_range(f.f.len, 0, f.f.flags & FDF ? 64 : 8);
		assert_true(++got < 10000);
	}
	trace_free(t);
	return got;
}

static void damage(const char *path, const struct bytes *b)
{
	unsigned int whole = count(b->b, b->n);

	assert_true(whole > 0);
	/* Every place of small files, every 7th of larger ones. */
	for (size_t i = 0; i<b->n; i += b->n> 2000 ? 7 : 1) {
		uint8_t *part = malloc(i ? i : 1);

		assert_non_null(part);
		memcpy(part, b->b, i);
		if (count(part, i) > whole)
			fail_msg("%s cut at %zu has more frames than the whole file", path, i);
		free(part);
		b->b[i] ^= 0xff;
		(void)count(b->b, b->n);
		b->b[i] ^= 0xff ^ 0x01;
		(void)count(b->b, b->n);
		b->b[i] ^= 0x01;
	}
}

static void test_files_cut_or_changed_at_any_place_are_read_to_their_end(void **state)
{
	(void)state;
	assert_true(for_seeds(damage) >= 15);
}

static uint64_t no_time(void *ctx)
{
	(void)ctx;
	return 0;
}

static void count_emitted(void *ctx, uint32_t target, const struct canfd_frame *f, uint64_t due_ns)
{
	(void)target;
	(void)f;
	(void)due_ns;
	++*(unsigned int *)ctx;
}

static void replay_file(const char *path, const struct bytes *b)
{
	unsigned int emitted = 0;
	struct replay_config cfg = {
		.clock = { .now_ns = no_time }, .emit = count_emitted, .ctx = &emitted
	};
	struct ev_loop *loop;
	struct trace *t;
	struct replay *r;

	assert_int_equal(trace_open(&t, path, NULL, NULL), 0);
	assert_int_equal(ev_loop_new(&loop), 0);
	assert_int_equal(replay_new(&r, loop, t, &cfg), 0);
	replay_start(r);
	replay_run_until(r, UINT64_MAX);
	if (emitted != count(b->b, b->n))
		fail_msg("%s: %u frames were replayed", path, emitted);
	replay_free(r);
	ev_loop_free(loop);
}

static void test_every_format_can_be_replayed(void **state)
{
	(void)state;
	assert_true(for_seeds(replay_file) >= 15);
}

static void rewind_file(const char *path, const struct bytes *b)
{
	unsigned int want = count(b->b, b->n), got = 0;
	struct trace_frame f, first;
	struct trace *t;

	assert_int_equal(trace_open(&t, path, NULL, NULL), 0);
	assert_int_equal(trace_next(t, &first), 1);
	while (trace_next(t, &f) > 0)
		;
	assert_int_equal(trace_rewind(t), 0);
	for (; trace_next(t, &f) > 0; got++) {
		if (got == 0)
			assert_memory_equal(&f.f, &first.f, sizeof(f.f));
	}
	if (got != want)
		fail_msg("%s: %u frames the second time", path, got);
	trace_free(t);
}

static void test_every_format_can_be_rewound(void **state)
{
	(void)state;
	assert_true(for_seeds(rewind_file) >= 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trc_1_0_has_whole_milliseconds_and_no_direction),
		cmocka_unit_test(test_trc_1_1_has_direction_warnings_and_a_start),
		cmocka_unit_test(test_trc_1_3_has_buses),
		cmocka_unit_test(test_trc_2_x_has_the_columns_its_header_names),
		cmocka_unit_test(test_trc_columns_may_stand_in_another_order),
		cmocka_unit_test(test_malformed_trc_lines_are_reported_with_their_place),
		cmocka_unit_test(test_csv_of_each_program_is_told_by_its_heading),
		cmocka_unit_test(test_malformed_csv_lines_are_reported),
		cmocka_unit_test(test_crtd_buses_and_comments_are_read),
		cmocka_unit_test(test_blf_objects_of_every_kind_are_read),
		cmocka_unit_test(test_captures_of_cooked_sockets_are_read),
		cmocka_unit_test(test_mdf_groups_are_merged_by_time),
		cmocka_unit_test(test_an_unsorted_mdf_that_was_not_closed_is_read_to_its_end),
		cmocka_unit_test(
			test_an_mdf_that_names_no_place_for_its_data_loses_only_those_frames),
		cmocka_unit_test(test_files_cut_or_changed_at_any_place_are_read_to_their_end),
		cmocka_unit_test(test_every_format_can_be_replayed),
		cmocka_unit_test(test_every_format_can_be_rewound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
