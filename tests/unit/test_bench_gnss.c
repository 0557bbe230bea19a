/* SPDX-License-Identifier: Apache-2.0 */
/* Receivers of a run: their keys, their rhythm on the bench clock, and ports that nobody reads. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "sim/bench/bench.h"
#include "sim/bench/feeds.h"

static struct scenario *load(const char *text)
{
	struct scenario *s = NULL;

	assert_int_equal(scenario_load_text(text, strlen(text), "car.yaml", NULL, stderr, &s), 0);
	return s;
}

static void expect_refused(const char *text, const char *says)
{
	char *report = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&report, &len);
	struct scenario *s = NULL;

	assert_int_equal(scenario_load_text(text, strlen(text), "car.yaml", NULL, f, &s), -EINVAL);
	fclose(f);
	if (!strstr(report, says))
		fail_msg("\"%s\" does not say \"%s\"", report, says);
	free(report);
}

#define HEAD    "duration: 1s\n"
#define SIGNALS "signals: { define: { Vehicle.Speed: { unit: km/h, initial: 36 } } }\n"
#define GUEST   "guests: { car: { kernel: \"builtin:x\", gnss: "
#define START   "start: { latitude: 48, longitude: 11, heading: 90 }"

static void test_a_guest_gets_a_port_for_its_receiver(void **state)
{
	struct scenario *s = load(HEAD SIGNALS GUEST "{ rate: 5Hz, " START " } } }\n");

	(void)state;
	assert_int_equal(s->guests[0].n_ports, 2);
	assert_string_equal(s->guests[0].ports[1].name, "gnss0");
	assert_false(s->guests[0].ports[1].console);
	assert_int_equal(s->n_receivers, 1);
	assert_true(s->receivers[0].cfg.reckons);
	assert_int_equal(s->receivers[0].cfg.signals[GNSS_SPEED], 0);
	assert_int_equal(s->receivers[0].cfg.signals[GNSS_HEADING], SIGNAL_NONE);
	assert_int_equal(s->guests[0].gnss.rate_hz, 5);
	scenario_free(s);
	/* One of its own, and COM1. */
	s = load(HEAD SIGNALS
		"guests: { car: { kernel: \"builtin:x\", ports: [{name: gnss0}], gnss: "
		"{ " START " } } }\n");
	assert_int_equal(s->guests[0].n_ports, 1);
	scenario_free(s);
	s = load(HEAD SIGNALS GUEST "{ port: serial, " START " } } }\n");
	assert_int_equal(s->guests[0].n_ports, 1);
	scenario_free(s);
}

static void test_what_does_not_fit_together_is_said(void **state)
{
	(void)state;
	expect_refused(HEAD GUEST "true } }\n", "has no position");
	expect_refused(HEAD GUEST "{ " START " } } }\n", "reckons with a speed");
	expect_refused(HEAD SIGNALS GUEST
		"{ latitude: Vehicle.Spede, longitude: Vehicle.Speed } } }\n",
		"Vehicle.Spede");
	expect_refused(HEAD SIGNALS GUEST "{ latitude: Vehicle.Speed, " START " } } }\n",
		"leave out `latitude`");
	expect_refused(
		HEAD SIGNALS GUEST "{ rate: 11Hz, " START " } } }\n", "between 1Hz and 10Hz");
	expect_refused(HEAD SIGNALS GUEST "{ rate: 5, " START " } } }\n", "is not a rate");
	expect_refused(
		HEAD SIGNALS GUEST "{ rate: 9999999999999Hz, " START " } } }\n", "is not a rate");
	expect_refused(HEAD SIGNALS
		"guests: { car: { kernel: \"builtin:x\", serial: false, gnss: { port: serial, " START
		" } } }\n",
		"serial: false");
	expect_refused(HEAD "signals: { define: { Vehicle.Speed: { unit: rpm } } }\n" GUEST
			    "{ " START " } } }\n",
		"km/h, m/s or mph");
	expect_refused("duration: 1s\nutc: 2027-02-30\n", "is not a time");
	expect_refused("duration: 1s\nutc: 1812-02-20\n", "1970 and 2199");
}

/* ---- rhythm ---- */

struct heard {
	unsigned int n;
	char first[NMEA_EPOCH_BYTES + 1], last[NMEA_EPOCH_BYTES + 1];
};

static void hear(void *ctx, uint32_t guest, const char *text, size_t len)
{
	struct heard *h = ctx;

	assert_int_equal(guest, 0);
	snprintf(h->n++ ? h->last : h->first, sizeof(h->last), "%.*s", (int)len, text);
}

static void test_it_speaks_in_its_rhythm_with_the_time_of_the_scenario(void **state)
{
	struct scenario *s = load(
		HEAD "utc: 2027-12-31T23:59:59Z\n" SIGNALS GUEST "{ rate: 3Hz, " START " } } }\n");
	struct heard h = { 0 };
	struct bench_clock clock;
	struct agenda agenda;
	struct ev_loop *loop;
	struct feeds_config cfg = {
		.scenario = s, .clock = &clock, .agenda = &agenda, .gnss = hear, .gnss_ctx = &h
	};
	struct feeds *f;
	struct err e;

	(void)state;
	assert_int_equal(ev_loop_new(&loop), 0);
	bench_clock_init(&clock);
	assert_int_equal(agenda_init(&agenda, loop, &clock), 0);
	cfg.loop = loop;
	assert_int_equal(feeds_new(&f, &cfg, &e), 0);
	agenda_run_to(&agenda, 10 * NS_PER_S - 1);
	assert_int_equal(h.n, 30);
	assert_non_null(strstr(h.first, "$GPRMC,235959.000,A,4800.00000,N,01100.00000,E,19.44,90.0,"
					"311227,"));
	/* Moment 29 of 3 Hz: nothing adds up. */
	assert_non_null(strstr(h.last, "$GPRMC,000008.666,A,"));
	assert_non_null(strstr(h.last, ",010128,"));
	agenda_fini(&agenda);
	feeds_free(f);
	ev_loop_free(loop);
	scenario_free(s);
}

/* ---- ports ---- */

static void test_a_port_that_nobody_reads_gets_no_more(void **state)
{
	struct scenario *s = load(HEAD SIGNALS GUEST "{ " START " } } }\n");
	struct bench b = { .s = s };
	char buf[2000];
	struct stream *st;
	json_t *m;
	int theirs = -1;

	(void)state;
	assert_int_equal(ev_loop_new(&b.loop), 0);
	b.guests = calloc(1, sizeof(*b.guests));
	guest_clear(&b.guests[0], &b, 0);
	st = guest_stream(&b.guests[0], "gnss0");
	assert_non_null(st);
	assert_int_equal(gnss_mouths_new(&b.gnss, &b), 0);
	/* Without a guest's process. */
	gnss_mouths_speak(b.gnss, 0, "none", 4);
	assert_int_equal(ev_loop_turn(b.loop, 0), 0);
	assert_int_equal(stream_open(st, &theirs), 0);
	for (unsigned int i = 0; i < 5; i++) {
		gnss_mouths_speak(b.gnss, 0, i ? "old" : "new", 3);
		assert_int_equal(ev_loop_turn(b.loop, 0), 0);
	}
	assert_int_equal(recv(theirs, buf, sizeof(buf), MSG_DONTWAIT), 3);
	assert_memory_equal(buf, "new", 3);
	/* It was read: on with what is said now. Two at once are one that is lost. */
	gnss_mouths_speak(b.gnss, 0, "b4", 2);
	gnss_mouths_speak(b.gnss, 0, "now", 3);
	assert_int_equal(ev_loop_turn(b.loop, 0), 0);
	assert_int_equal(recv(theirs, buf, sizeof(buf), MSG_DONTWAIT), 3);
	assert_memory_equal(buf, "now", 3);
	m = gnss_metrics(b.gnss, 0);
	assert_int_equal(json_integer_value(json_object_get(m, "spoken")), 2);
	assert_int_equal(json_integer_value(json_object_get(m, "not_read")), 6);
	json_decref(m);
	close(theirs);
	guest_fini(&b.guests[0]);
	gnss_mouths_free(b.gnss);
	ev_loop_free(b.loop);
	free(b.guests);
	scenario_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_guest_gets_a_port_for_its_receiver),
		cmocka_unit_test(test_what_does_not_fit_together_is_said),
		cmocka_unit_test(test_it_speaks_in_its_rhythm_with_the_time_of_the_scenario),
		cmocka_unit_test(test_a_port_that_nobody_reads_gets_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
