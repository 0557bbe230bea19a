/* SPDX-License-Identifier: Apache-2.0 */
/* Trace readers and the recorder, on small samples written here and in tests/data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sim/trace/record.h"
#include "sim/trace/trace.h"

#define MAX_FRAMES 64

/* Everything a text holds. */
struct result {
	int rc; /* of opening */
	enum trace_format format;
	struct trace_frame f[MAX_FRAMES];
	unsigned int n;
	char chan[8][TRACE_CHANNEL_BYTES];
	char problem[16][320];
	unsigned int n_problems;
	struct trace_stats st;
};

static void on_problem(void *ctx, const char *text)
{
	struct result *r = ctx;

	assert_in_range(r->n_problems, 0, 15);
	(void)snprintf(r->problem[r->n_problems++], 320, "%s", text);
}

static struct result *read_trace(struct trace *t, struct result *r)
{
	struct trace_frame f;
	int rc;

	while ((rc = trace_next(t, &f)) > 0) {
		if (r->n < MAX_FRAMES)
			r->f[r->n] = f;
		r->n++;
	}
	assert_int_equal(rc, 0);
	r->format = trace_format(t);
	for (uint32_t i = 0; i < trace_num_channels(t) && i < 8; i++)
		(void)snprintf(r->chan[i], TRACE_CHANNEL_BYTES, "%s", trace_channel_name(t, i));
	trace_get_stats(t, &r->st);
	return r;
}

static struct result *read_text_as(const char *text, size_t len, enum trace_time time)
{
	struct result *r = test_calloc(1, sizeof(*r));
	struct trace_options opt = { .problem = on_problem, .ctx = r, .time = time };
	struct err e = { { 0 } };
	struct trace *t;

	r->rc = trace_open_mem(&t, text, len, "sample", &opt, &e);
	if (r->rc == 0) {
		(void)read_trace(t, r);
		trace_free(t);
	}
	return r;
}

static struct result *read_text(const char *text)
{
	return read_text_as(text, strlen(text), TRACE_TIME_AUTO);
}

static void assert_frame(const struct trace_frame *f, uint64_t t_ns, uint32_t id, uint8_t len,
	uint8_t flags, const char *data)
{
	assert_int_equal(f->t_ns, t_ns);
	assert_int_equal(f->f.can_id, id);
	assert_int_equal(f->f.len, len);
	assert_int_equal(f->f.flags, flags);
	assert_memory_equal(f->f.data, data, len);
}

#define US(x) ((uint64_t)(x)*1000)

/* ---- candump ---- */

static void test_log_lines_of_every_kind_are_read(void **state)
{
	struct result *r = read_text("(1436509052.249713) can0 123#1122\n"
				     "(1436509052.300000) can1 12345678#\n"
				     "(1436509052.300001) can0 7FF#R\n"
				     "(1436509052.300002) can0 7FF#R5\n"
				     "(1436509052.300003) can0 001##3AABB\n"
				     "(1436509052.300004) can0 20000080#0000000000000000\n"
				     "(1436509052.300005) can0 100#11.22.33 R\n"
				     "(1436509052.300006) can0 100#0011223344556677_D T\n");

	(void)state;
	assert_int_equal(r->format, TRACE_CANDUMP);
	assert_int_equal(r->n, 8);
	assert_int_equal(r->st.malformed, 0);
	assert_frame(&r->f[0], US(1436509052249713), 0x123, 2, 0, "\x11\x22");
	assert_frame(&r->f[1], US(1436509052300000), 0x12345678 | CAN_EFF_FLAG, 0, 0, "");
	assert_frame(&r->f[2], US(1436509052300001), 0x7ff | CAN_RTR_FLAG, 0, 0, "");
	assert_frame(&r->f[3], US(1436509052300002), 0x7ff | CAN_RTR_FLAG, 5, 0, "\0\0\0\0\0");
	assert_frame(&r->f[4], US(1436509052300003), 1, 2, CANFD_FDF | CANFD_BRS | CANFD_ESI,
		"\xaa\xbb");
	assert_frame(&r->f[5], US(1436509052300004), CAN_ERR_FLAG | 0x80, 8, 0, "\0\0\0\0\0\0\0\0");
	assert_frame(&r->f[6], US(1436509052300005), 0x100, 3, 0, "\x11\x22\x33");
	assert_int_equal(r->f[6].flags, TRACE_DIR_RX);
	assert_int_equal(r->f[7].flags, TRACE_DIR_TX);
	assert_int_equal(r->f[7].f.__res1, 0xd);
	assert_int_equal(r->f[1].channel, 1);
	assert_string_equal(r->chan[1], "can1");
	test_free(r);
}

static void test_console_lines_of_every_kind_are_read(void **state)
{
	struct result *r = read_text(
		" (1700000000.003100)  can0       0EA  [12]  33 07 47 D8 65 11 4D 0F ED 63 11 AA\n"
		" (1700000000.004100)  can1       200  [08]  26 02 8A 91 56 82 57 8F   '&...V.W.'\n"
		" (1700000000.004454)  can1  0B0237C3   [1]  EB                        '.'\n"
		" (1700000000.017004)  can1       707   [2]  remote request\n"
		" (1700000000.117757)  can0  20000080   [8]  00 00 00 00 00 00 00 00   ERRORFRAME\n"
		"\tbus-error\n"
		" (1700000000.200000)  can0  TX - -  123   [2]  01 02\n"
		" (1700000000.200000)  can0  RX B E  123  [02]  01 02\n"
		" (1700000000.200000)  can0  123   {E}  01 02 03 04 05 06 07 08\n");

	(void)state;
	assert_int_equal(r->st.malformed, 0);
	assert_int_equal(r->n, 8);
	assert_frame(&r->f[0], US(1700000000003100), 0xea, 12, CANFD_FDF,
		"\x33\x07\x47\xd8\x65\x11\x4d\x0f\xed\x63\x11\xaa");
	/* Two digits say FD, whatever the length. */
	assert_int_equal(r->f[1].f.flags, CANFD_FDF);
	assert_frame(&r->f[2], US(1700000000004454), 0xb0237c3 | CAN_EFF_FLAG, 1, 0, "\xeb");
	assert_frame(&r->f[3], US(1700000000017004), 0x707 | CAN_RTR_FLAG, 2, 0, "\0\0");
	assert_int_equal(r->f[4].f.can_id, CAN_ERR_FLAG | 0x80);
	assert_int_equal(r->f[5].flags, TRACE_DIR_TX);
	assert_int_equal(r->f[6].flags, TRACE_DIR_RX);
	assert_int_equal(r->f[6].f.flags, CANFD_FDF | CANFD_BRS | CANFD_ESI);
	assert_int_equal(r->f[7].f.__res1, 0xe);
	test_free(r);
}

static void test_console_lines_without_stamps_share_the_stamp_before_them(void **state)
{
	struct result *r = read_text("  can0  123   [2]  01 02\n  can0  124   [0]\n");

	(void)state;
	assert_int_equal(r->n, 2);
	assert_int_equal(r->f[1].t_ns, 0);
	assert_int_equal(r->f[1].flags, TRACE_NO_TIME);
	test_free(r);
}

static void test_dates_are_read_as_utc(void **state)
{
	struct result *r = read_text("(2009-11-18 12:34:56.123456)  can0  123   [0]\n"
				     "(2024-02-29 00:00:00.5)  can0  123   [0]\n"
				     "(2024-13-01 00:00:00.5)  can0  123   [0]\n");

	(void)state;
	assert_int_equal(r->n, 2);
	assert_int_equal(r->f[0].t_ns, US(1258547696123456));
	assert_int_equal(r->f[1].t_ns, US(1709164800500000));
	assert_int_equal(r->st.malformed, 1);
	test_free(r);
}

static void test_deltas_are_added_up_and_zero_based_times_are_not(void **state)
{
	const char *delta = "(000.000000)  can0  001   [0]\n(000.010000)  can0  002   [0]\n"
			    "(000.000500)  can0  003   [0]\n(000.020000)  can0  004   [0]\n";
	const char *zero = "(000.000000)  can0  001   [0]\n(000.010000)  can0  002   [0]\n"
			   "(000.010500)  can0  003   [0]\n(000.030500)  can0  004   [0]\n";
	struct result *r = read_text(delta);

	(void)state;
	assert_int_equal(r->f[1].t_ns, US(10000));
	assert_int_equal(r->f[2].t_ns, US(10500));
	assert_int_equal(r->f[3].t_ns, US(30500));
	test_free(r);
	r = read_text(zero);
	assert_int_equal(r->f[3].t_ns, US(30500));
	test_free(r);
	/* What cannot be told from the text can be said. */
	r = read_text_as(zero, strlen(zero), TRACE_TIME_DELTA);
	assert_int_equal(r->f[3].t_ns, US(51000));
	test_free(r);
	r = read_text_as(delta, strlen(delta), TRACE_TIME_ABSOLUTE);
	assert_int_equal(r->f[3].t_ns, US(20000));
	test_free(r);
}

static void test_fractions_of_any_length_are_read(void **state)
{
	struct result *r = read_text("(1.5) can0 001#\n(2.123456789) can0 001#\n"
				     "(3.1234567894) can0 001#\n(4) can0 001#\n");

	(void)state;
	assert_int_equal(r->f[0].t_ns, 1500000000);
	assert_int_equal(r->f[1].t_ns, 2123456789);
	assert_int_equal(r->f[2].t_ns, 3123456789);
	assert_int_equal(r->f[3].t_ns, 4000000000);
	test_free(r);
}

static void test_an_fd_length_between_two_codes_is_padded(void **state)
{
	struct result *r = read_text("(1.0) can0 001##0112233445566778899\n");

	(void)state;
	assert_frame(&r->f[0], 1000000000, 1, 12, CANFD_FDF,
		"\x11\x22\x33\x44\x55\x66\x77\x88\x99\0\0\0");
	test_free(r);
}

static void test_malformed_candump_lines_are_reported_with_their_place(void **state)
{
	static const char *const lines[] = { "(1.0 can0 123#11", "(x) can0 123#11", "(1.0) can0",
		"(1.0) can0 12#11", "(1.0) can0 800#11", "(1.0) can0 123#1",
		"(1.0) can0 123#112233445566778899", "(1.0) can0 123#11 X", "(1.0) can0 123##",
		"(1.0) can0 123#R9", "(1.0) can0 123  [9]  01", "(1.0) can0 123  [2]  01",
		"(1.0) can0 123456789#11", "(1.0) can0 123  [2]  01 0203",
		"(99999999999.0) can0 123#11" };
	char text[2048] = "(1.0) can0 001#\n";
	struct result *r;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(lines); i++) {
		strncat(text, lines[i], sizeof(text) - strlen(text) - 1);
		strncat(text, "\n", sizeof(text) - strlen(text) - 1);
	}
	strncat(text, "(2.0) can0 002#", sizeof(text) - strlen(text) - 1);
	r = read_text(text);
	assert_int_equal(r->n, 2);
	assert_int_equal(r->f[1].f.can_id, 2);
	assert_int_equal(r->st.malformed, ARRAY_SIZE(lines));
	/* At most ten are told. */
	assert_int_equal(r->n_problems, 10);
	assert_non_null(strstr(r->problem[0], "sample:2: "));
	assert_non_null(strstr(r->problem[4], "sample:6: an identifier above 7FF has 8 digits"));
	test_free(r);
}

static void test_comments_and_crlf_and_a_missing_last_newline_are_fine(void **state)
{
	struct result *r = read_text("# a comment\r\n\r\n(1.0) can0 001#11\r\n(2.0) can0 002#22");

	(void)state;
	assert_int_equal(r->n, 2);
	assert_int_equal(r->st.malformed, 0);
	assert_int_equal(r->st.skipped, 2);
	assert_frame(&r->f[1], 2000000000, 2, 1, 0, "\x22");
	test_free(r);
}

static void test_very_old_candump_output_is_read(void **state)
{
	struct result *r = read_text("interface = can0, family = 29, type = 3, proto = 1\n"
				     "<0x18eeff01> [8] 05 a0 be 1c 00 a0 a0 c0 \n"
				     "<0x123> [1] 05\n");

	(void)state;
	assert_int_equal(r->n, 2);
	assert_int_equal(r->st.malformed, 0);
	assert_int_equal(r->f[0].f.can_id, 0x18eeff01 | CAN_EFF_FLAG);
	assert_int_equal(r->f[1].f.can_id, 0x123);
	test_free(r);
}

/* ---- streaming ---- */

static void test_a_line_longer_than_the_buffer_costs_only_itself(void **state)
{
	size_t len = 700000;
	char *text = test_malloc(len);
	struct result *r;

	(void)state;
	memset(text, 'A', len);
	memcpy(text, "(1.0) can0 001#\n", 16);
	memcpy(text + len - 17, "\n(2.0) can0 002#\n", 17);
	r = read_text_as(text, len, TRACE_TIME_AUTO);
	assert_int_equal(r->n, 2);
	assert_int_equal(r->st.malformed, 1);
	assert_int_equal(r->st.lines, 3);
	assert_non_null(strstr(r->problem[0], "sample:2: the line is too long"));
	test_free(r);
	test_free(text);
}

static void test_lines_across_buffer_borders_are_whole(void **state)
{
	size_t cap = 2000000, len = 0;
	char *text = test_malloc(cap);
	struct result *r = test_calloc(1, sizeof(*r));
	struct trace_frame f;
	struct trace *t;
	uint32_t n = 0;

	(void)state;
	while (len < cap - 64)
		len += (size_t)snprintf(text + len, 64, "(%u.000000) can0 %03X#%08X%s\n", n,
			n % 2048, n, n % 3 ? "11" : ""),
			n++;
	assert_int_equal(trace_open_mem(&t, text, len, "big", NULL, NULL), 0);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(trace_next(t, &f), 1);
		assert_int_equal(f.f.can_id, i % 2048);
		assert_int_equal(f.f.data[3], i & 0xff);
		assert_int_equal(f.f.len, i % 3 ? 5 : 4);
	}
	assert_int_equal(trace_next(t, &f), 0);
	trace_free(t);
	test_free(r);
	test_free(text);
}

static void test_a_rewound_trace_gives_the_same_frames(void **state)
{
	const char *text = "(000.5)  can0  001   [0]\n(000.1)  can0  002   [0]\n"
			   "(000.4)  can0  003   [0]\n";
	struct trace_frame a[3], b[3];
	struct trace *t;

	(void)state;
	assert_int_equal(trace_open_mem(&t, text, strlen(text), "x", NULL, NULL), 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(trace_next(t, &a[i]), 1);
	assert_int_equal(trace_rewind(t), 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(trace_next(t, &b[i]), 1);
	assert_memory_equal(a, b, sizeof(a));
	trace_free(t);
}

static void test_what_is_no_trace_is_refused_with_a_reason(void **state)
{
	struct err e = { { 0 } };
	struct trace *t;

	(void)state;
	assert_int_equal(trace_open_mem(&t, "hello\nworld\n", 12, "x.bin", NULL, &e), -EBADMSG);
	assert_non_null(strstr(e.text, "x.bin"));
	assert_int_equal(trace_open_mem(&t, "", 0, "empty", NULL, &e), -EBADMSG);
	assert_int_equal(trace_open(&t, "/nonexistent/trace.log", NULL, &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nonexistent/trace.log"));
}

static void test_more_channels_than_there_is_room_for_are_reported(void **state)
{
	char text[8192] = "";
	struct result *r;

	(void)state;
	for (unsigned int i = 0; i < TRACE_MAX_CHANNELS + 3; i++)
		(void)snprintf(text + strlen(text), 64, "(1.0) can%u 001#\n", i);
	r = read_text(text);
	assert_int_equal(r->n, TRACE_MAX_CHANNELS);
	assert_int_equal(r->st.malformed, 3);
	test_free(r);
}

/* ---- ASC ---- */

#define ASC_HEAD                                                             \
	"date Sat Sep 30 15:06:13.191 2017\nbase hex  timestamps absolute\n" \
	"internal events logged\n// version 9.0.0\n"                         \
	"Begin Triggerblock Sat Sep 30 15:06:13.191 2017\n   0.000000 Start of measurement\n"

static void test_asc_lines_of_every_kind_are_read(void **state)
{
	struct result *r = read_text(ASC_HEAD
		"   0.015991 CAN 1 Status:chip status error passive - TxErr: 132 RxErr: 0\n"
		"   1.015991 1  Statistic: D 0 R 0 XD 0 XR 0 E 0 O 0 B 0.00%\n"
		"   2.5010 2   C8             Tx   d 8 09 08 07 06 05 04 03 02\n"
		"   2.510001 1  18EBFF00x       Rx d 2 01 A0    Length = 273910 BitCount = 141\n"
		"   2.510002 2 100 Tx r\n"
		"   2.510003 2 100 Tx r 8 Length = 1704000 BitCount = 145 ID = 88888888x\n"
		"   2.510004 1 ErrorFrame ECC: 10100010\n"
		"   2.510005 1  3FF             Tx   d D 55 AA 01 02 03 04 05 06  Length = 0\n"
		"   2.510006 1  3FF             TxRq d 1 55\n"
		"   2.510007 1  J1939TP FEE3p        6    0  0   -   Rx   d 3 A0 0F A6\n"
		"End TriggerBlock\n");

	(void)state;
	assert_int_equal(r->format, TRACE_ASC);
	assert_int_equal(r->st.malformed, 0);
	assert_int_equal(r->n, 6);
	assert_frame(&r->f[0], US(2501000), 0xc8, 8, 0, "\x09\x08\x07\x06\x05\x04\x03\x02");
	assert_int_equal(r->f[0].flags, TRACE_DIR_TX);
	assert_frame(&r->f[1], US(2510001), 0x18ebff00 | CAN_EFF_FLAG, 2, 0, "\x01\xa0");
	assert_frame(&r->f[2], US(2510002), 0x100 | CAN_RTR_FLAG, 0, 0, "");
	assert_int_equal(r->f[3].f.len, 8);
	assert_int_equal(r->f[4].f.can_id, CAN_ERR_FLAG | 0x80);
	assert_int_equal(r->f[5].f.len, 8);
	assert_int_equal(r->f[5].f.__res1, 0xd);
	assert_string_equal(r->chan[0], "2");
	assert_string_equal(r->chan[1], "1");
	test_free(r);
}

static void test_asc_fd_lines_are_read(void **state)
{
	struct result *r = read_text(ASC_HEAD
		"  30.005021 CANFD   1 Rx        300                                   1 0 8  8 11 "
		"c2 03 04 05 06 07 08   102203  133   303000 e0006659 46500250 4b140250\n"
		"  30.005071 CANFD   3 Rx        30a  Generic_Name_12                  0 1 1  1 01 "
		"102203  133   305000 e0006659\n"
		"  30.300981 CANFD   3 Tx     50005x                                0 0 5 0 140000 "
		"73 200050 7a60\n"
		"  30.300982 CANFD   3 Tx     50005x                                0 0 2 2 0A 0B "
		"140000 73 200040 7a60\n"
		"  30.300983 CANFD   3 Tx     50005x                                0 0 0 0 140000 "
		"73 1000\n"
		"  30.300984 CANFD   3 Tx     123   1 1 9 12 01 02 03 04 05 06 07 08 09 0A 0B 0C\n"
		"  30.806898 CANFD   5 Tx ErrorFrame Not Acknowledge error, dominant error flag\n");

	(void)state;
	assert_int_equal(r->st.malformed, 0);
	assert_int_equal(r->n, 7);
	assert_frame(&r->f[0], US(30005021), 0x300, 8, CANFD_FDF | CANFD_BRS,
		"\x11\xc2\x03\x04\x05\x06\x07\x08");
	assert_frame(&r->f[1], US(30005071), 0x30a, 1, CANFD_FDF | CANFD_ESI, "\x01");
	/* The flags column says that these two were classic. */
	assert_int_equal(r->f[2].f.can_id, 0x50005 | CAN_EFF_FLAG | CAN_RTR_FLAG);
	assert_int_equal(r->f[2].f.len, 5);
	assert_frame(&r->f[3], US(30300982), 0x50005 | CAN_EFF_FLAG, 2, 0, "\x0a\x0b");
	/* An FD frame without data is an FD frame, not a remote one. */
	assert_frame(&r->f[4], US(30300983), 0x50005 | CAN_EFF_FLAG, 0, CANFD_FDF, "");
	assert_int_equal(r->f[5].f.len, 12);
	assert_int_equal(r->f[6].f.can_id, CAN_ERR_FLAG | 0x80);
	test_free(r);
}

static void test_names_on_asc_lines_stand_for_the_identifier_behind_them(void **state)
{
	struct result *r = read_text(ASC_HEAD
		"   0.1 1  EngineData Rx d 2 01 A0  Length = 228015 BitCount = 118 ID = 419365374x\n"
		"   0.2 1  GearBox Tx r 4  Length = 0 BitCount = 0 ID = 257\n"
		"   0.3 1  Nobody Rx d 1 11\n"
		"   0.4 1  TooHigh Rx d 1 11 ID = 2048\n");

	(void)state;
	assert_int_equal(r->n, 2);
	assert_int_equal(r->st.malformed, 2);
	assert_frame(&r->f[0], US(100000), 0x18ff01fe | CAN_EFF_FLAG, 2, 0, "\x01\xa0");
	assert_int_equal(r->f[1].f.can_id, 0x101 | CAN_RTR_FLAG);
	test_free(r);
}

static void test_asc_base_dec_and_relative_stamps_are_obeyed(void **state)
{
	struct result *r = read_text("date Sat Sep 30 15:06:13 2017\n"
				     "base dec  timestamps relative\n"
				     "   1.000000 1  100             Rx   d 3 9 10 255\n"
				     "   0.500000 1  Statistic: D 0 R 0\n"
				     "   0.250000 1  419365120x      Rx   d 1 7\n");

	(void)state;
	assert_int_equal(r->n, 2);
	assert_frame(&r->f[0], US(1000000), 100, 3, 0, "\x09\x0a\xff");
	assert_frame(&r->f[1], US(1750000), 419365120u | CAN_EFF_FLAG, 1, 0, "\x07");
	test_free(r);
}

static void test_fd_frames_on_classic_asc_lines_are_read_as_fd(void **state)
{
	struct result *r =
		read_text("date x\nbase hex  timestamps absolute\n"
			  "  1.0 1 123  Rx d 9 01 02 03 04 05 06 07 08 09 0A 0B 0C\n"
			  "  1.1 1 123  Rx d 10 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10\n");

	(void)state;
	assert_int_equal(r->n, 2);
	assert_int_equal(r->f[0].f.len, 12);
	assert_int_equal(r->f[0].f.flags, CANFD_FDF);
	assert_int_equal(r->f[1].f.len, 16);
	test_free(r);
}

static void test_malformed_asc_lines_are_reported(void **state)
{
	struct result *r = read_text(ASC_HEAD "   1.0 1  EngineData Rx d 1 11\n"
					      "   1.0 1  800 Rx d 1 11\n"
					      "   1.0 1  123 d 1 11\n"
					      "   1.0 1  123 Rx d 3 11\n"
					      "   1.0 1  123 Rx d\n"
					      "   1.0 CANFD 1 Rx 123 2 0 8 8\n"
					      "   1.0 CANFD 1 Rx 123 1 0 9 12 01 02\n"
					      "whatever this is\n"
					      "1.x 1 123 Rx d 0\n"
					      "   2.0 1  123 Rx d 1 11\n");

	(void)state;
	assert_int_equal(r->n, 1);
	assert_int_equal(r->st.malformed, 9);
	assert_non_null(strstr(r->problem[0], "sample:7: the identifier is a name"));
	test_free(r);
}

/* ---- the files in tests/data ---- */

static struct result *read_data(const char *name)
{
	struct result *r = test_calloc(1, sizeof(*r));
	struct trace_options opt = { .problem = on_problem, .ctx = r };
	const char *src = getenv("DYNO_SOURCE_DIR");
	struct err e = { { 0 } };
	struct trace *t;
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/tests/data/%s", src ? src : ".", name);
	r->rc = trace_open(&t, path, &opt, &e);
	if (r->rc < 0)
		fail_msg("%s", e.text);
	(void)read_trace(t, r);
	trace_free(t);
	return r;
}

static void test_the_sample_files_hold_the_same_drive(void **state)
{
	static const char *const names[] = { "sample.log", "sample_console.txt", "sample.asc" };
	struct result *r[3];

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		r[i] = read_data(names[i]);
		assert_int_equal(r[i]->st.malformed, 0);
		assert_int_equal(r[i]->n, 12);
	}
	for (unsigned int i = 1; i < 3; i++) {
		for (unsigned int k = 0; k < 12; k++) {
			const struct trace_frame *a = &r[0]->f[k], *b = &r[i]->f[k];

			assert_int_equal(a->t_ns - r[0]->f[0].t_ns, b->t_ns - r[i]->f[0].t_ns);
			assert_int_equal(a->f.can_id, b->f.can_id);
			assert_int_equal(a->f.len, b->f.len);
			/* The console form shows neither BRS nor ESI. */
			assert_int_equal(a->f.flags & CANFD_FDF, b->f.flags & CANFD_FDF);
			assert_memory_equal(a->f.data, b->f.data, sizeof(a->f.data));
			assert_int_equal(a->channel, b->channel);
		}
	}
	for (unsigned int i = 0; i < 3; i++)
		test_free(r[i]);
}

/* ---- recording ---- */

static void test_recorded_frames_read_back_the_same(void **state)
{
	struct canfd_frame in[7] = {
		{ .can_id = 0x123, .len = 8, .data = { 1, 2, 3, 4, 5, 6, 7, 0xff } },
		{ .can_id = 0x12345678 | CAN_EFF_FLAG, .len = 0 },
		{ .can_id = 0x7 | CAN_RTR_FLAG, .len = 4 },
		{ .can_id = 0x7 | CAN_EFF_FLAG | CAN_RTR_FLAG, .len = 0 },
		{ .can_id = 0x55, .len = 64, .flags = CANFD_FDF | CANFD_BRS },
		{ .can_id = CAN_ERR_FLAG | 0x4, .len = 8, .data = { 0, 4 } },
		{ .can_id = 0x100, .len = 8, .__res1 = 9 },
	};
	int fd = memfd_create("rec", MFD_CLOEXEC);
	struct result *r = test_calloc(1, sizeof(*r));
	struct record *rec;
	struct trace *t;
	int copy;

	(void)state;
	for (unsigned int i = 0; i < 64; i++)
		in[4].data[i] = (uint8_t)(i * 3);
	copy = dup(fd);
	assert_int_equal(record_new(&rec, fd, "can0", NULL), 0);
	for (unsigned int i = 0; i < 7; i++)
		record_frame(rec, US(123456789) + US(i), &in[i]);
	assert_int_equal(record_frames(rec), 7);
	assert_int_equal(record_free(rec), 0);
	assert_int_equal(lseek(copy, 0, SEEK_SET), 0);
	assert_int_equal(trace_open_fd(&t, copy, "rec", NULL, NULL), 0);
	(void)read_trace(t, r);
	trace_free(t);
	assert_int_equal(r->n, 7);
	for (unsigned int i = 0; i < 7; i++) {
		assert_int_equal(r->f[i].t_ns, US(123456789) + US(i));
		assert_memory_equal(&r->f[i].f, &in[i], sizeof(in[i]));
	}
	test_free(r);
}

static void test_a_recording_can_be_converted_by_can_utils_and_read_again(void **state)
{
	struct canfd_frame in[3] = { { .can_id = 0x123, .len = 3, .data = { 1, 2, 3 } },
		{ .can_id = 0x12345678 | CAN_EFF_FLAG, .len = 1, .data = { 0xfe } },
		{ .can_id = 0x55, .len = 12, .flags = CANFD_FDF | CANFD_BRS, .data = { 7 } } };
	char log[] = "/tmp/dyno-test-XXXXXX", cmd[128];
	struct result *r = test_calloc(1, sizeof(*r));
	struct record *rec;
	struct trace *t;
	FILE *asc;
	int fd;

	(void)state;
	if (access("/usr/bin/log2asc", X_OK) != 0) {
		print_message("skipped: no log2asc (package can-utils)\n");
		skip();
	}
	fd = mkstemp(log);
	assert_true(fd >= 0);
	assert_int_equal(record_new(&rec, fd, "can0", NULL), 0);
	for (unsigned int i = 0; i < 3; i++)
		record_frame(rec, US(5000000) + US(250 * i), &in[i]);
	assert_int_equal(record_free(rec), 0);
	(void)snprintf(cmd, sizeof(cmd), "/usr/bin/log2asc -I %s -O %s.asc can0", log, log);
	asc = popen(cmd, "r");
	assert_non_null(asc);
	assert_int_equal(pclose(asc), 0);
	(void)snprintf(cmd, sizeof(cmd), "%s.asc", log);
	assert_int_equal(trace_open(&t, cmd, NULL, NULL), 0);
	(void)read_trace(t, r);
	trace_free(t);
	unlink(cmd);
	unlink(log);
	assert_int_equal(r->n, 3);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(r->f[i].t_ns, US(250 * i));
		assert_memory_equal(&r->f[i].f, &in[i], sizeof(in[i]));
	}
	test_free(r);
}

static void test_a_line_is_as_candump_writes_it(void **state)
{
	struct canfd_frame f = { .can_id = 0x1f, .len = 2, .data = { 0xab, 0x01 } };
	char line[RECORD_LINE_BYTES];
	uint32_t n;

	(void)state;
	n = record_format(line, US(12345678901), "vcan0", &f);
	assert_int_equal(n, strlen("(0000012345.678901) vcan0 01F#AB01\n"));
	assert_memory_equal(line, "(0000012345.678901) vcan0 01F#AB01\n", n);
	f.flags = CANFD_FDF | CANFD_BRS;
	n = record_format(line, 0, "c", &f);
	assert_memory_equal(line, "(0000000000.000000) c 01F##1AB01\n", n);
}

static void test_a_full_disk_is_told_once_and_frames_are_counted_as_lost(void **state)
{
	struct canfd_frame f = { .can_id = 1 };
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct record *rec;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(record_new(&rec, fd, "can0", NULL), 0);
	record_frame(rec, 0, &f);
	assert_int_equal(record_flush(rec), -ENOSPC);
	record_frame(rec, 0, &f);
	assert_int_equal(record_frames(rec), 0);
	assert_int_equal(record_lost(rec), 2);
	assert_int_equal(record_free(rec), -ENOSPC);
}

static void test_a_recording_ends_at_its_limit_on_a_whole_line(void **state)
{
	struct canfd_frame f = { .can_id = 0x123, .len = 8 };
	int fd = memfd_create("rec", MFD_CLOEXEC), copy = dup(fd);
	char line[RECORD_LINE_BYTES];
	uint32_t n = record_format(line, 0, "can0", &f);
	struct record *rec;

	(void)state;
	assert_int_equal(record_new(&rec, fd, "can0", NULL), 0);
	record_set_limit(rec, 3 * n + 1);
	for (unsigned int i = 0; i < 10; i++)
		record_frame(rec, 0, &f);
	/* A shorter one would fit, and would be out of order with what is missing. */
	f.len = 0;
	record_set_limit(rec, 4 * n - 1);
	record_frame(rec, 0, &f);
	assert_int_equal(record_frames(rec), 3);
	assert_int_equal(record_lost(rec), 8);
	assert_int_equal(record_free(rec), 0);
	assert_int_equal(fd_size(copy), 3 * n);
	close(copy);
}

static void test_the_recorder_writes_once_a_second(void **state)
{
	struct canfd_frame f = { .can_id = 1 };
	struct record *rec;
	struct ev_loop *loop;
	int fd = memfd_create("rec", MFD_CLOEXEC), copy = dup(fd);

	(void)state;
	assert_int_equal(ev_loop_new(&loop), 0);
	assert_int_equal(record_new(&rec, fd, "can0", loop), 0);
	record_frame(rec, 0, &f);
	assert_int_equal(fd_size(copy), 0);
	for (unsigned int i = 0; i < 2000 && fd_size(copy) == 0; i++)
		assert_int_equal(ev_loop_turn(loop, 10), 0);
	assert_true(fd_size(copy) > 0);
	assert_int_equal(record_free(rec), 0);
	close(copy);
	ev_loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_lines_of_every_kind_are_read),
		cmocka_unit_test(test_console_lines_of_every_kind_are_read),
		cmocka_unit_test(test_console_lines_without_stamps_share_the_stamp_before_them),
		cmocka_unit_test(test_dates_are_read_as_utc),
		cmocka_unit_test(test_deltas_are_added_up_and_zero_based_times_are_not),
		cmocka_unit_test(test_fractions_of_any_length_are_read),
		cmocka_unit_test(test_an_fd_length_between_two_codes_is_padded),
		cmocka_unit_test(test_malformed_candump_lines_are_reported_with_their_place),
		cmocka_unit_test(test_comments_and_crlf_and_a_missing_last_newline_are_fine),
		cmocka_unit_test(test_very_old_candump_output_is_read),
		cmocka_unit_test(test_a_line_longer_than_the_buffer_costs_only_itself),
		cmocka_unit_test(test_lines_across_buffer_borders_are_whole),
		cmocka_unit_test(test_a_rewound_trace_gives_the_same_frames),
		cmocka_unit_test(test_what_is_no_trace_is_refused_with_a_reason),
		cmocka_unit_test(test_more_channels_than_there_is_room_for_are_reported),
		cmocka_unit_test(test_asc_lines_of_every_kind_are_read),
		cmocka_unit_test(test_asc_fd_lines_are_read),
		cmocka_unit_test(test_names_on_asc_lines_stand_for_the_identifier_behind_them),
		cmocka_unit_test(test_asc_base_dec_and_relative_stamps_are_obeyed),
		cmocka_unit_test(test_fd_frames_on_classic_asc_lines_are_read_as_fd),
		cmocka_unit_test(test_malformed_asc_lines_are_reported),
		cmocka_unit_test(test_the_sample_files_hold_the_same_drive),
		cmocka_unit_test(test_recorded_frames_read_back_the_same),
		cmocka_unit_test(test_a_recording_can_be_converted_by_can_utils_and_read_again),
		cmocka_unit_test(test_a_line_is_as_candump_writes_it),
		cmocka_unit_test(test_a_full_disk_is_told_once_and_frames_are_counted_as_lost),
		cmocka_unit_test(test_a_recording_ends_at_its_limit_on_a_whole_line),
		cmocka_unit_test(test_the_recorder_writes_once_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
