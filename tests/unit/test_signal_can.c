/* SPDX-License-Identifier: Apache-2.0 */
/* Signals in frames: what a scenario makes of databases and names, what is sent and received. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sim/scenario/scenario.h"
#include "sim/signal/can.h"

static const char database[] =
	"VERSION \"\"\n\nBU_: Engine Body\n\n"
	"BO_ 256 Motor: 8 Engine\n"
	" SG_ Rpm : 0|16@1+ (0.25,0) [0|8000] \"rpm\" Body\n"
	" SG_ Temp : 16|8@1+ (1,-40) [-40|215] \"degC\" Body\n"
	" SG_ Gear : 24|4@1- (1,0) [0|0] \"\" Body\n"
	" SG_ Count : 48|4@1+ (1,0) [0|15] \"\" Body\n"
	" SG_ Crc : 56|8@1+ (1,0) [0|255] \"\" Body\n\n"
	"BO_ 512 Lamps: 2 Engine\n"
	" SG_ Low : 0|1@1+ (1,0) [0|1] \"\" Body\n"
	" SG_ High : 1|1@1+ (1,0) [0|1] \"\" Body\n"
	" SG_ Sum : 8|8@1+ (1,0) [0|255] \"\" Body\n\n"
	"BO_ 768 Mux: 3 Engine\n"
	" SG_ Page M : 0|8@1+ (1,0) [0|0] \"\" Body\n"
	" SG_ First m1 : 8|8@1+ (1,0) [0|0] \"\" Body\n"
	" SG_ Second m2 : 8|16@1+ (1,0) [0|0] \"\" Body\n\n"
	"BO_ 1024 Door: 1 Body\n"
	" SG_ Open : 0|1@1+ (1,0) [0|1] \"\" Engine\n"
	" SG_ Low : 1|1@1+ (1,0) [0|1] \"\" Engine\n\n"
	"BO_ 1280 Wide: 20 Engine\n"
	" SG_ Far : 152|8@1+ (1,0) [0|0] \"\" Body\n\n"
	"BO_ 2364540158 Eec: 8 Body\n"
	" SG_ Torque : 16|8@1+ (1,-125) [-125|125] \"%\" Engine\n\n"
	"BA_DEF_ BO_ \"VFrameFormat\" ENUM \"StandardCAN\",\"ExtendedCAN\",\"reserved\",\"J1939PG\";\n"
	"BA_DEF_DEF_ \"VFrameFormat\" \"StandardCAN\";\n"
	"BA_DEF_ BO_ \"GenMsgStartDelayTime\" INT 0 1000;\nBA_DEF_DEF_ \"GenMsgStartDelayTime\" 0;\n"
	"BA_DEF_ BO_ \"GenMsgDelayTime\" INT 0 1000;\nBA_DEF_DEF_ \"GenMsgDelayTime\" 0;\n"
	"BA_ \"GenMsgStartDelayTime\" BO_ 768 7;\nBA_ \"GenMsgDelayTime\" BO_ 1280 30;\n"
	"BA_ \"VFrameFormat\" BO_ 2364540158 3;\n"
	"BA_DEF_ BO_ \"GenMsgCycleTime\" INT 0 65535;\n"
	"BA_DEF_ SG_ \"GenSigStartValue\" FLOAT 0 1000;\n"
	"BA_DEF_DEF_ \"GenMsgCycleTime\" 0;\nBA_DEF_DEF_ \"GenSigStartValue\" 0;\n"
	"BA_ \"GenMsgCycleTime\" BO_ 256 10;\nBA_ \"GenMsgCycleTime\" BO_ 768 20;\n"
	"BA_ \"GenMsgCycleTime\" BO_ 1024 50;\n"
	"BA_ \"GenSigStartValue\" SG_ 256 Temp 60;\n"
	"VAL_ 256 Gear -1 \"Reverse\" 0 \"Park\" 1 \"First\" ;\n";

#define FRAMES 64

struct bed {
	int dbc, names;
	struct scenario *s;
	struct ev_loop *loop;
	struct bench_clock clock;
	struct agenda agenda;
	struct signals *table;
	struct signal_can *can;
	struct {
		struct canfd_frame f;
		uint64_t t_ns;
	} sent[FRAMES];
	unsigned int n;
};

static int file_of(const char *text)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

/* A scenario of one bus; DBC and NAMES in it are the files. The report; the caller frees it. */
static char *load(struct bed *t, const char *signals, const char *names)
{
	char text[4096], *report = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&report, &len);

	t->dbc = file_of(database);
	t->names = file_of(names ? names : "signals: {}\n");
	snprintf(text, sizeof(text),
		"duration: 1s\nbuses: { can0: {} }\nsignals:\n"
		"  databases: [ { dbc: /proc/self/fd/%d, %s\n",
		t->dbc, signals);
	char *at = strstr(text, "NAMES");

	if (at) {
		char tail[2048], path[32];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", t->names);
		snprintf(tail, sizeof(tail), "%s", at + 5);
		snprintf(at, sizeof(text) - (size_t)(at - text), "%s%s", path, tail);
	}
	t->s = NULL;
	(void)!scenario_load_text(text, strlen(text), "car.yaml", NULL, f, &t->s);
	fclose(f);
	return report;
}

static int send_frame(void *ctx, uint32_t bus, const struct canfd_frame *f, uint64_t t_ns)
{
	struct bed *t = ctx;

	assert_int_equal(bus, 0);
	assert_true(t->n < FRAMES);
	t->sent[t->n].f = *f;
	t->sent[t->n++].t_ns = t_ns;
	return 0;
}

static struct bed *start(const char *signals, const char *names)
{
	struct bed *t = calloc(1, sizeof(*t));
	char *report = load(t, signals, names);
	struct signal_can_config cfg = { .agenda = &t->agenda, .send = send_frame, .ctx = t };

	if (!t->s)
		fail_msg("%s", report);
	free(report);
	assert_int_equal(ev_loop_new(&t->loop), 0);
	bench_clock_init(&t->clock);
	assert_int_equal(agenda_init(&t->agenda, t->loop, &t->clock), 0);
	assert_int_equal(signals_new(&t->table, &t->s->signals, &t->agenda), 0);
	cfg.table = t->table;
	assert_int_equal(signal_can_new(&t->can, &cfg), 0);
	signals_begin(t->table);
	return t;
}

static void stop(struct bed *t)
{
	if (t->loop) {
		agenda_fini(&t->agenda);
		signal_can_free(t->can);
		signals_free(t->table);
		ev_loop_free(t->loop);
	}
	scenario_free(t->s);
	fd_close(&t->dbc);
	fd_close(&t->names);
	free(t);
}

static void expect_report(const char *signals, const char *names, const char *part)
{
	struct bed *t = calloc(1, sizeof(*t));
	char *report = load(t, signals, names);

	assert_null(t->s);
	if (!strstr(report, part))
		fail_msg("got \"%s\", want \"%s\"", report, part);
	free(report);
	stop(t);
}

static uint32_t named(const struct bed *t, const char *name)
{
	struct err e = { .text = "" };
	uint32_t i;

	if (signal_model_find(&t->s->signals, name, &i, &e))
		fail_msg("%s", e.text);
	return i;
}

static void set(struct bed *t, const char *name, double v, uint64_t ms)
{
	assert_int_equal(
		signals_set(t->table, named(t, name), v, ms * NS_PER_MS, SIGNAL_BY_SCRIPT), 0);
}

static double value(const struct bed *t, const char *name)
{
	return signals_get(t->table, named(t, name))->value;
}

static void run_to(struct bed *t, uint64_t ms)
{
	agenda_run_to(&t->agenda, ms * NS_PER_MS);
}

static void hear(struct bed *t, uint32_t id, const char *hex, bool own, uint64_t ms)
{
	struct canfd_frame f = { .can_id = id, .len = (uint8_t)(strlen(hex) / 2) };

	for (uint8_t i = 0; i < f.len; i++) {
		char two[3] = { hex[2 * i], hex[2 * i + 1], 0 };

		f.data[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	signal_can_frame(t->can, 0, &f, own, ms * NS_PER_MS);
}

static void expect_frame(const struct bed *t, unsigned int i, uint32_t id, const char *hex)
{
	char got[2 * CANFD_MAX_DLEN + 1] = "";

	assert_true(i < t->n);
	for (uint8_t k = 0; k < t->sent[i].f.len; k++)
		snprintf(got + 2 * k, 3, "%02X", t->sent[i].f.data[k]);
	assert_int_equal(t->sent[i].f.can_id, id);
	assert_string_equal(got, hex);
}

/* ---- received ---- */

static void test_frames_set_signals_by_every_name_they_have(void **state)
{
	struct bed *t = start("} ]\n  define: { Vehicle.EngineSpeed: { dbc: Motor.Rpm } }", NULL);

	(void)state;
	hear(t, 0x100, "A00F640000000000", false, 5);
	assert_true(value(t, "Vehicle.EngineSpeed") == 1000);
	assert_true(value(t, "can0.Motor.Rpm") == 1000);
	assert_true(value(t, "Motor.Rpm") == 1000);
	assert_true(value(t, "Rpm") == 1000);
	assert_true(value(t, "Temp") == 60);
	assert_int_equal(signals_get(t->table, named(t, "Temp"))->source, SIGNAL_BY_BUS);
	assert_true(signals_get(t->table, named(t, "Temp"))->t_ns == 5 * NS_PER_MS);
	stop(t);
}

static void test_a_name_of_several_signals_finds_none(void **state)
{
	struct bed *t = start("} ]", NULL);
	struct err e = { .text = "" };
	uint32_t i;

	(void)state;
	assert_int_equal(signal_model_find(&t->s->signals, "Low", &i, &e), -ENOTUNIQ);
	assert_non_null(strstr(e.text, "Lamps.Low"));
	assert_non_null(strstr(e.text, "Door.Low"));
	stop(t);
}

static void test_units_and_values_are_converted(void **state)
{
	struct bed *t = start("} ]\n  names: NAMES",
		"signals:\n"
		"  Temp.Fahrenheit: { dbc: Motor.Temp, unit: F, scale: 1.8, offset: 32 }\n"
		"  Vehicle.Gear: { dbc: Motor.Gear, values: { Reverse: -7, 1: 11 } }\n");

	(void)state;
	hear(t, 0x100, "00008C0F00000000", false, 0);
	assert_true(value(t, "Temp.Fahrenheit") == 212);
	assert_true(value(t, "Vehicle.Gear") == -7);
	hear(t, 0x100, "00008C0100000000", false, 0);
	assert_true(value(t, "Vehicle.Gear") == 11);
	hear(t, 0x100, "00008C0200000000", false, 0);
	assert_true(value(t, "Vehicle.Gear") == 2);
	assert_true(t->s->signals.defs[named(t, "Temp")].max == 419);
	stop(t);
}

static void test_a_received_signal_is_stale_after_three_cycles(void **state)
{
	struct bed *t = start("} ]\n  define: { Slow: { dbc: Motor.Temp, stale: 1s } }", NULL);

	(void)state;
	hear(t, 0x100, "A00F640000000000", false, 0);
	run_to(t, 30);
	assert_int_equal(signals_get(t->table, named(t, "Rpm"))->state, SIGNAL_STALE);
	assert_int_equal(signals_get(t->table, named(t, "Slow"))->state, SIGNAL_FRESH);
	stop(t);
}

static void test_what_the_bench_sends_does_not_come_back(void **state)
{
	struct bed *t = start("send: { Motor: } } ]", NULL);

	(void)state;
	set(t, "Rpm", 500, 0);
	hear(t, 0x100, "A00F640000000000", true, 1);
	assert_true(value(t, "Rpm") == 500);
	/* A guest that sends the same message is heard, and so is a replay of another one. */
	hear(t, 0x100, "A00F640000000000", false, 2);
	assert_true(value(t, "Rpm") == 1000);
	hear(t, 0x400, "01", true, 3);
	assert_true(value(t, "Open") == 1);
	stop(t);
}

static void test_only_the_chosen_signals_of_a_payload_are_received(void **state)
{
	struct bed *t = start("} ]", NULL);

	(void)state;
	hear(t, 0x300, "020700", false, 0);
	assert_true(value(t, "Second") == 7);
	assert_int_equal(signals_get(t->table, named(t, "First"))->state, SIGNAL_UNSET);
	stop(t);
}

static void test_frames_without_signals_are_left_alone(void **state)
{
	struct bed *t = start("} ]", NULL);

	(void)state;
	hear(t, 0x100 | CAN_RTR_FLAG, "", false, 0);
	hear(t, 0x100 | CAN_EFF_FLAG, "A00F640000000000", false, 0);
	hear(t, 0x101, "A00F640000000000", false, 0);
	hear(t, 0x100, "A0", false, 0); /* too short for any */
	assert_int_equal(signals_get(t->table, named(t, "Rpm"))->state, SIGNAL_UNSET);
	stop(t);
}

static void test_a_j1939_message_is_heard_whoever_sends_it(void **state)
{
	struct bed *t = start("} ]", NULL);

	(void)state;
	hear(t, 0x18F00525 | CAN_EFF_FLAG, "0000870000000000", false, 0);
	assert_int_equal(signals_get(t->table, named(t, "Torque"))->state, SIGNAL_UNSET);
	hear(t, 0x18F00425 | CAN_EFF_FLAG, "0000870000000000", false, 0);
	assert_true(value(t, "Torque") == 10);
	stop(t);
}

/* ---- sent ---- */

static void test_a_message_is_sent_in_the_databases_rhythm(void **state)
{
	struct bed *t = start("send: { Motor: } } ]", NULL);

	(void)state;
	run_to(t, 25);
	assert_int_equal(t->n, 3);
	assert_true(t->sent[1].t_ns == 10 * NS_PER_MS && t->sent[2].t_ns == 20 * NS_PER_MS);
	/* Nobody has said anything: the start values. */
	expect_frame(t, 0, 0x100, "00003C0000000000");
	set(t, "Rpm", 1000, 25);
	set(t, "Motor.Gear", -1, 25);
	run_to(t, 30);
	expect_frame(t, 3, 0x100, "A00F3C0F00000000");
	stop(t);
}

static void test_the_databases_delays_are_kept(void **state)
{
	struct bed *t = start("send: { Mux: , Wide: } } ]", NULL);

	(void)state;
	run_to(t, 6);
	assert_int_equal(t->n, 0);
	run_to(t, 7);
	assert_int_equal(t->n, 1);
	signal_can_silence(t->can, 2, true, 7 * NS_PER_MS);
	set(t, "Far", 1, 10);
	run_to(t, 10);
	set(t, "Far", 2, 20);
	run_to(t, 39);
	assert_int_equal(t->n, 2);
	run_to(t, 40);
	assert_int_equal(t->n, 3);
	stop(t);
}

static void test_long_messages_are_fd_frames(void **state)
{
	struct bed *t = start("send: { Wide: } } ]", NULL);

	(void)state;
	set(t, "Far", 0x5a, 0);
	run_to(t, 0);
	assert_int_equal(t->sent[0].f.len, 20);
	assert_int_equal(t->sent[0].f.data[19], 0x5a);
	assert_true(t->sent[0].f.flags & CANFD_FDF);
	stop(t);
}

static void test_the_scenario_may_change_the_rhythm(void **state)
{
	struct bed *t = start("send: { Motor: { cycle: 40ms, offset: 5ms } } } ]", NULL);

	(void)state;
	run_to(t, 50);
	assert_int_equal(t->n, 2);
	assert_true(t->sent[0].t_ns == 5 * NS_PER_MS && t->sent[1].t_ns == 45 * NS_PER_MS);
	stop(t);
}

static void test_a_node_that_the_bench_plays_sends_all_its_messages(void **state)
{
	struct bed *t = start("nodes: [Engine] } ]", NULL);

	(void)state;
	run_to(t, 0);
	assert_int_equal(t->n, 1); /* Mux begins later; nothing of the others has changed */
	stop(t);
}

static void test_a_message_without_rhythm_is_sent_on_change_once_a_moment(void **state)
{
	struct bed *t = start("send: { Lamps: { gap: 10ms } } } ]", NULL);

	(void)state;
	set(t, "Lamps.Low", 1, 3);
	set(t, "High", 1, 3);
	run_to(t, 3);
	assert_int_equal(t->n, 1);
	expect_frame(t, 0, 0x200, "0300");
	set(t, "High", 1, 4); /* no change */
	run_to(t, 20);
	assert_int_equal(t->n, 1);
	set(t, "High", 0, 20);
	run_to(t, 20);
	set(t, "High", 1, 22);
	run_to(t, 29);
	assert_int_equal(t->n, 2);
	run_to(t, 30);
	assert_int_equal(t->n, 3);
	stop(t);
}

static void test_counters_and_checksums(void **state)
{
	struct bed *t = start("send: { Motor: { counter: Count, counter_max: 2, checksum: "
			      "{ signal: Crc, algorithm: crc8-j1850 } } } } ]",
		NULL);

	(void)state;
	run_to(t, 30);
	assert_int_equal(t->n, 4);
	/* CRC-8 of 00 00 3C 00 00 00 0N with polynomial 1D, start and final XOR FF. */
	expect_frame(t, 0, 0x100, "00003C00000000E7");
	expect_frame(t, 1, 0x100, "00003C00000001FA");
	expect_frame(t, 2, 0x100, "00003C00000002DD");
	expect_frame(t, 3, 0x100, "00003C00000000E7");
	stop(t);
}

static void test_sum_and_xor_cover_the_prefix(void **state)
{
	struct bed *t =
		start("send: { Lamps: { cycle: 10ms, checksum: { signal: Sum, algorithm: sum, "
		      "prefix: 'F0 20' } } } } ]",
			NULL);

	(void)state;
	set(t, "High", 1, 0);
	run_to(t, 0);
	expect_frame(t, 0, 0x200, "0212");
	stop(t);
	t = start(
		"send: { Lamps: { cycle: 10ms, checksum: { signal: Sum, algorithm: xor, prefix: 'F0 "
		"20' } } } } ]",
		NULL);
	set(t, "High", 1, 0);
	run_to(t, 0);
	expect_frame(t, 0, 0x200, "02D2");
	stop(t);
}

static void test_values_beyond_the_bits_become_the_nearest(void **state)
{
	struct bed *t = start("send: { Motor: } } ]\n  define: { G: { dbc: Motor.Gear }, T: { dbc: "
			      "Motor.Temp, min: -100, max: 500 } }",
		NULL);

	(void)state;
	set(t, "G", 100, 0);
	set(t, "T", -90, 0);
	run_to(t, 0);
	expect_frame(t, 0, 0x100, "0000000700000000");
	set(t, "G", -100, 1);
	set(t, "T", 400, 1);
	run_to(t, 10);
	expect_frame(t, 1, 0x100, "0000FF0800000000");
	stop(t);
}

static void test_a_stuck_signal_stays_in_the_frames_and_the_counter_goes_on(void **state)
{
	struct bed *t = start("send: { Motor: { counter: Count } } } ]", NULL);

	(void)state;
	set(t, "Rpm", 1000, 0);
	run_to(t, 0);
	signals_stick(t->table, named(t, "Rpm"), true);
	set(t, "Rpm", 2000, 1);
	run_to(t, 10);
	expect_frame(t, 1, 0x100, "A00F3C0000000100");
	signals_stick(t->table, named(t, "Rpm"), false);
	run_to(t, 20);
	expect_frame(t, 2, 0x100, "401F3C0000000200");
	stop(t);
}

static void test_a_silent_message_is_not_sent_and_keeps_its_rhythm(void **state)
{
	struct bed *t = start("send: { Motor: } } ]", NULL);
	struct signal_can_stats st;

	(void)state;
	run_to(t, 0);
	signal_can_silence(t->can, 0, true, 0);
	run_to(t, 24);
	assert_int_equal(t->n, 1);
	signal_can_silence(t->can, 0, false, 24 * NS_PER_MS);
	run_to(t, 30);
	assert_int_equal(t->n, 2);
	assert_true(t->sent[1].t_ns == 30 * NS_PER_MS);
	signal_can_get_stats(t->can, 0, &st);
	assert_int_equal(st.frames, 2);
	stop(t);
}

static void test_a_selector_that_nobody_sets_goes_through_all_layouts(void **state)
{
	struct bed *t = start("send: { Mux: } } ]", NULL);

	(void)state;
	set(t, "First", 17, 0);
	set(t, "Second", 0x1234, 0);
	run_to(t, 47);
	assert_int_equal(t->n, 3);
	expect_frame(t, 0, 0x300, "011100");
	expect_frame(t, 1, 0x300, "023412");
	expect_frame(t, 2, 0x300, "011100");
	set(t, "Page", 2, 48);
	run_to(t, 87);
	expect_frame(t, 3, 0x300, "023412");
	expect_frame(t, 4, 0x300, "023412");
	stop(t);
}

/* ---- scenarios ---- */

static void test_actions_name_signals_messages_and_values(void **state)
{
	struct bed *t = start("send: { Motor: } } ]\nactions:\n"
			      "  - { at: 1ms, set: { Motor.Gear: Reverse, Rpm: 800 } }\n"
			      "  - { at: 2ms, stuck: { signal: Rpm, for: 5ms } }\n"
			      "  - { at: 3ms, silence: Motor }",
		NULL);
	const struct scenario_action *a = t->s->actions;

	(void)state;
	assert_int_equal(t->s->n_actions, 4);
	assert_int_equal(a[0].op, SCENARIO_SET);
	assert_int_equal(a[0].u.set.n, 2);
	assert_true(a[0].u.set.items[0].value == -1 && a[0].u.set.items[1].value == 800);
	assert_true(a[1].op == SCENARIO_STUCK && a[1].u.stuck.on);
	assert_true(a[2].op == SCENARIO_SILENCE && a[2].u.silence.on);
	assert_true(a[3].op == SCENARIO_STUCK && !a[3].u.stuck.on && a[3].at_ns == 7 * NS_PER_MS);
	assert_string_equal(signal_value_name(&t->s->signals, named(t, "Gear"), -1), "Reverse");
	stop(t);
}

static void test_mistakes_are_told_where_they_are(void **state)
{
	(void)state;
	expect_report("send: { Moter: } } ]", NULL, "did you mean \"Motor\"?");
	expect_report("nodes: [Wheel] } ]", NULL, "\"Wheel\", which sends no message");
	expect_report("send: { Motor: { counter: Cont } } } ]", NULL,
		"names \"Cont\", which Motor does not have");
	expect_report("send: { Motor: { cycle: 1us } } } ]", NULL, "is below 100us");
	expect_report(
		"} ]\n  define: { S: { dbc: Motor.Rpn } }", NULL, "did you mean \"Motor.Rpm\"?");
	expect_report("} ]\n  define: { S: { dbc: Motor.Rpm }, U: { dbc: Motor.Rpm } }", NULL,
		"\"Motor.Rpm\" is \"S\" already");
	expect_report(
		"send: { Motor: { counter: Count } } } ]\n  define: { S: { dbc: Motor.Count } }",
		NULL, "is made by the bench");
	expect_report(
		"} ]\n  define: { S: { min: 3, max: 1 } }", NULL, "must be more than \"min\"");
	expect_report("} ]\n  names: NAMES", "signals:\n  S: { dbc: [Motor.Rpm], scal: 2 }\n",
		"2:26: error: signal \"S\": unknown key \"scal\"; did you mean");
	expect_report("} ]\n  names: NAMES", "- a list\n", "`title` and `signals`");
	expect_report("} ]\n  define: { S: { dbc: Motor.Gear, values: { Rear: 1 } } }", NULL,
		"neither a number nor a value of Gear");
	expect_report("} ]\nactions: [ { at: 0s, set: { Rpm: 9000 } } ]", NULL,
		"is outside of the range of Motor.Rpm, 0 to 8000");
	expect_report("} ]\nactions: [ { at: 0s, set: { Gear: Foo } } ]", NULL,
		"write a number or the name of a value");
	expect_report("} ]\nactions: [ { at: 0s, silence: Motor } ]", NULL,
		"which the bench does not send");
	expect_report("} ]\nactions: [ { at: 0s, stuck: Vehicle.Speed } ]", NULL,
		"unknown signal \"Vehicle.Speed\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_set_signals_by_every_name_they_have),
		cmocka_unit_test(test_a_name_of_several_signals_finds_none),
		cmocka_unit_test(test_units_and_values_are_converted),
		cmocka_unit_test(test_a_received_signal_is_stale_after_three_cycles),
		cmocka_unit_test(test_what_the_bench_sends_does_not_come_back),
		cmocka_unit_test(test_only_the_chosen_signals_of_a_payload_are_received),
		cmocka_unit_test(test_frames_without_signals_are_left_alone),
		cmocka_unit_test(test_a_j1939_message_is_heard_whoever_sends_it),
		cmocka_unit_test(test_a_message_is_sent_in_the_databases_rhythm),
		cmocka_unit_test(test_the_databases_delays_are_kept),
		cmocka_unit_test(test_long_messages_are_fd_frames),
		cmocka_unit_test(test_the_scenario_may_change_the_rhythm),
		cmocka_unit_test(test_a_node_that_the_bench_plays_sends_all_its_messages),
		cmocka_unit_test(test_a_message_without_rhythm_is_sent_on_change_once_a_moment),
		cmocka_unit_test(test_counters_and_checksums),
		cmocka_unit_test(test_sum_and_xor_cover_the_prefix),
		cmocka_unit_test(test_values_beyond_the_bits_become_the_nearest),
		cmocka_unit_test(test_a_stuck_signal_stays_in_the_frames_and_the_counter_goes_on),
		cmocka_unit_test(test_a_silent_message_is_not_sent_and_keeps_its_rhythm),
		cmocka_unit_test(test_a_selector_that_nobody_sets_goes_through_all_layouts),
		cmocka_unit_test(test_actions_name_signals_messages_and_values),
		cmocka_unit_test(test_mistakes_are_told_where_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
