/* SPDX-License-Identifier: Apache-2.0 */
/* The signals of a run as the bench has them: actions, JSON, other processes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/proto/signal_port.h"
#include "sim/bench/feeds.h"

static const char text[] = "duration: 1s\n"
			   "signals:\n"
			   "  define:\n"
			   "    Vehicle.Speed: { unit: km/h, min: 0, max: 250, published: true }\n"
			   "    Vehicle.Light: { initial: 1 }\n"
			   "actions:\n"
			   "  - { at: 0s, set: { Vehicle.Speed: 50 } }\n"
			   "  - { at: 1ms, stuck: Vehicle.Speed }\n"
			   "  - { at: 2ms, set: { Vehicle.Speed: 80 } }\n";

struct bed {
	struct scenario *s;
	struct ev_loop *loop;
	struct bench_clock clock;
	struct agenda agenda;
	struct feeds *feeds;
};

static int send_nothing(void *ctx, uint32_t bus, const struct canfd_frame *f, uint64_t t_ns)
{
	(void)ctx;
	(void)bus;
	(void)f;
	(void)t_ns;
	return 0;
}

static int setup(void **state)
{
	struct bed *t = calloc(1, sizeof(*t));
	struct feeds_config cfg = {
		.clock = &t->clock, .agenda = &t->agenda, .send = send_nothing
	};
	struct err e = { .text = "" };

	assert_int_equal(
		scenario_load_text(text, strlen(text), "car.yaml", NULL, stderr, &t->s), 0);
	assert_int_equal(ev_loop_new(&t->loop), 0);
	bench_clock_init(&t->clock);
	assert_int_equal(agenda_init(&t->agenda, t->loop, &t->clock), 0);
	cfg.scenario = t->s;
	cfg.loop = t->loop;
	assert_int_equal(feeds_new(&t->feeds, &cfg, &e), 0);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct bed *t = *state;

	agenda_fini(&t->agenda);
	feeds_free(t->feeds);
	ev_loop_free(t->loop);
	scenario_free(t->s);
	free(t);
	return 0;
}

static const char *word(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static double number(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

static void test_a_signal_as_json_says_what_is_shown_and_what_is_behind(void **state)
{
	struct bed *t = *state;
	json_t *o = feeds_signal_json(t->feeds, 0);

	assert_true(json_is_null(json_object_get(o, "value")));
	assert_string_equal(word(o, "state"), "unset");
	json_decref(o);
	for (uint32_t i = 0; i < 3; i++)
		feeds_action(
			t->feeds, &t->s->actions[i], t->s->actions[i].at_ns, SIGNAL_BY_SCENARIO);
	o = feeds_signal_json(t->feeds, 0);
	assert_true(number(o, "value") == 50 && number(o, "behind") == 80);
	assert_true(json_is_true(json_object_get(o, "stuck")));
	assert_true(json_is_true(json_object_get(o, "published")));
	assert_true(number(o, "max") == 250);
	assert_string_equal(word(o, "from"), "scenario");
	json_decref(o);
}

static void test_signals_are_listed_by_a_part_of_their_name_or_unit(void **state)
{
	struct bed *t = *state;
	json_t *all = feeds_signals_json(t->feeds, NULL);
	json_t *some = feeds_signals_json(t->feeds, "LIGHT"),
	       *unit = feeds_signals_json(t->feeds, "km");

	assert_int_equal(json_array_size(all), 2);
	assert_int_equal(json_array_size(some), 1);
	assert_true(number(json_array_get(some, 0), "value") == 1);
	assert_string_equal(word(json_array_get(unit, 0), "name"), "Vehicle.Speed");
	json_decref(all);
	json_decref(some);
	json_decref(unit);
}

static void test_other_processes_come_and_go(void **state)
{
	static const uint32_t list[] = { 1 };
	struct bed *t = *state;
	struct signal_rec r[SIGNAL_PORT_RECORDS];
	uint8_t buf[4096];
	int rc = 0;

	/* More than there is room for at one time. */
	for (int i = 0; i < 100; i++) {
		int pair[2];
		ssize_t n;

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
		assert_int_equal(feeds_add_port(t->feeds, pair[0], list, NULL, 1), 0);
		assert_int_equal(ev_loop_turn(t->loop, 0), 0);
		n = recv(pair[1], buf, sizeof(buf), MSG_DONTWAIT);
		assert_int_equal(signal_rec_unpack(buf, (uint32_t)n, 1, r), 1);
		assert_true(r[0].value == 1);
		fd_close(&pair[1]);
		assert_int_equal(ev_loop_turn(t->loop, 0), 0);
	}
	for (int i = 0; i < 100 && !rc; i++) {
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
		rc = feeds_add_port(t->feeds, pair[0], list, NULL, 1);
		fd_close(&pair[1]);
	}
	assert_int_equal(rc, -ENOSPC);
}

#define BED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BED(test_a_signal_as_json_says_what_is_shown_and_what_is_behind),
		BED(test_signals_are_listed_by_a_part_of_their_name_or_unit),
		BED(test_other_processes_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
