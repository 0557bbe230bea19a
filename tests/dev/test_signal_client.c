/* SPDX-License-Identifier: Apache-2.0 */
/* Signals as devices of a guest see them: what came, who hears of it, and the way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/fd.h"
#include "devices/signal/client.h"

enum { TEMPERATURE, DOOR, LAMP, SIGNALS };

struct bed {
	struct ev_loop *loop;
	struct signal_client *client;
	int bench; /* the bench's end */
};

static void say(int fd, const struct signal_rec *r, unsigned int n)
{
	struct signal_rec_wire w[SIGNAL_PORT_RECORDS];

	for (unsigned int i = 0; i < n; i++)
		w[i] = signal_rec_pack(&r[i]);
	assert_int_equal(send(fd, w, n * sizeof(w[0]), MSG_DONTWAIT), n * sizeof(w[0]));
}

static void say_value(struct bed *t, uint32_t signal, double value)
{
	struct signal_rec r = { SIGNAL_REC_VALUE, SIGNAL_REC_FRESH, signal, 5, value };

	say(t->bench, &r, 1);
	assert_int_equal(ev_loop_turn(t->loop, 0), 0);
}

static int setup(void **state)
{
	static const struct signal_rec first[SIGNALS] = {
		{ SIGNAL_REC_VALUE, SIGNAL_REC_FRESH, TEMPERATURE, 4, 21.5 },
		{ SIGNAL_REC_VALUE, SIGNAL_REC_UNSET, DOOR, 0, 0 },
		{ SIGNAL_REC_VALUE, SIGNAL_REC_STALE, LAMP, 0, 1 },
	};
	static struct bed bed;
	struct bed *t = &bed;
	int pair[2];

	assert_int_equal(ev_loop_new(&t->loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	t->bench = pair[0];
	say(t->bench, first, SIGNALS);
	assert_int_equal(signal_client_new(&t->client, t->loop, pair[1], SIGNALS, 20000), 0);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct bed *t = *state;

	signal_client_free(t->client);
	ev_loop_free(t->loop);
	fd_close(&t->bench);
	return 0;
}

static bool is_open(const struct bed *t)
{
	struct signal_client_stats s;

	signal_client_get_stats(t->client, &s);
	return s.open;
}

static void test_first_values_are_there_before_anything_runs(void **state)
{
	struct bed *t = *state;

	assert_true(signal_client_get(t->client, TEMPERATURE)->value == 21.5);
	assert_int_equal(signal_client_get(t->client, TEMPERATURE)->t_ns, 4);
	assert_int_equal(signal_client_get(t->client, DOOR)->state, SIGNAL_REC_UNSET);
	assert_int_equal(signal_client_get(t->client, LAMP)->state, SIGNAL_REC_STALE);
}

static void test_feed_scales_a_value_and_keeps_still_without_one(void **state)
{
	const struct signal_feed kelvin = { TEMPERATURE, 2, 273 }, door = { DOOR, 1, 0 },
				 fixed = { SIGNAL_FEED_CONSTANT, 9, 12 };
	struct bed *t = *state;
	double v = -1;

	assert_true(signal_client_feed(t->client, &kelvin, &v));
	assert_true(v == 316);
	assert_true(signal_client_feed(t->client, &fixed, &v));
	assert_true(v == 12);
	assert_false(signal_client_feed(t->client, &door, &v));
	assert_true(v == 12);
}

struct listener {
	struct signal_watch w;
	struct bed *t;
	unsigned int heard;
	double last;
	struct signal_watch *drops; /* unwatched by the callback */
};

static void heard(void *ctx, const struct signal_seen *s)
{
	struct listener *l = ctx;

	l->heard++;
	l->last = s->value;
	if (l->drops)
		signal_client_unwatch(l->drops);
}

static struct listener listener(struct bed *t)
{
	struct listener l = { .t = t };

	l.w.changed = heard;
	return l;
}

static void test_watch_hears_of_changes_of_its_signal_only(void **state)
{
	struct bed *t = *state;
	struct listener l = listener(t);

	l.w.ctx = &l;
	signal_client_watch(t->client, &l.w, DOOR);
	signal_client_watch(t->client, &l.w, DOOR);
	say_value(t, DOOR, 1);
	assert_int_equal(l.heard, 1);
	assert_true(l.last == 1);
	say_value(t, DOOR, 1);
	say_value(t, TEMPERATURE, 30);
	assert_int_equal(l.heard, 1);
	signal_client_unwatch(&l.w);
	signal_client_unwatch(&l.w);
	say_value(t, DOOR, 0);
	assert_int_equal(l.heard, 1);
}

static void test_watch_may_take_itself_and_the_next_away(void **state)
{
	struct bed *t = *state;
	struct listener a = listener(t), b = listener(t), c = listener(t);

	a.w.ctx = &a;
	b.w.ctx = &b;
	c.w.ctx = &c;
	a.drops = &b.w;
	c.drops = &c.w;
	signal_client_watch(t->client, &a.w, DOOR);
	signal_client_watch(t->client, &b.w, DOOR);
	signal_client_watch(t->client, &c.w, DOOR);
	say_value(t, DOOR, 1);
	say_value(t, DOOR, 0);
	assert_int_equal(a.heard, 2);
	assert_int_equal(b.heard, 0);
	assert_int_equal(c.heard, 1);
	signal_client_unwatch(&a.w);
}

static int received(struct bed *t, struct signal_rec *out)
{
	uint8_t buf[4096];
	ssize_t n = recv(t->bench, buf, sizeof(buf), MSG_DONTWAIT);

	return n < 0 ? 0 : signal_rec_unpack(buf, (uint32_t)n, SIGNALS, out);
}

static void test_what_a_guest_sets_reaches_the_bench_at_once(void **state)
{
	struct bed *t = *state;
	struct signal_rec r[SIGNAL_PORT_RECORDS];

	signal_client_set(t->client, LAMP, 1);
	signal_client_set(t->client, LAMP, 0.0 / 0.0);
	assert_int_equal(received(t, r), 1);
	assert_int_equal(r[0].type, SIGNAL_REC_SET);
	assert_int_equal(r[0].signal, LAMP);
	assert_true(r[0].value == 1);
	assert_int_equal(received(t, r), 0);
}

static void test_bench_that_is_slow_gets_the_newest_value_in_the_end(void **state)
{
	struct bed *t = *state;
	struct signal_rec r[SIGNAL_PORT_RECORDS];
	double last = -1;

	for (int i = 0; i <= 20000; i++)
		signal_client_set(t->client, LAMP, i);
	for (int i = 0; i < 20000 && last != 20000; i++) {
		while (received(t, r) > 0)
			last = r[0].value;
		assert_int_equal(ev_loop_turn(t->loop, 0), 0);
	}
	assert_true(last == 20000);
}

static void test_bench_that_leaves_is_survived_and_values_stay(void **state)
{
	struct bed *t = *state;

	fd_close(&t->bench);
	assert_int_equal(ev_loop_turn(t->loop, 0), 0);
	assert_false(is_open(t));
	signal_client_set(t->client, LAMP, 1);
	assert_true(signal_client_get(t->client, TEMPERATURE)->value == 21.5);
}

static void test_record_that_is_none_ends_the_socket(void **state)
{
	const struct signal_rec wrong = { SIGNAL_REC_SET, SIGNAL_REC_FRESH, DOOR, 0, 1 };
	struct bed *t = *state;

	say(t->bench, &wrong, 1);
	assert_int_equal(ev_loop_turn(t->loop, 0), 0);
	assert_false(is_open(t));
	assert_int_equal(signal_client_get(t->client, DOOR)->state, SIGNAL_REC_UNSET);
}

static void test_guest_without_a_bench_has_unset_signals(void **state)
{
	struct signal_client *c;

	(void)state;
	assert_int_equal(signal_client_new(&c, NULL, -1, 2, 20000), 0);
	assert_int_equal(signal_client_get(c, 1)->state, SIGNAL_REC_UNSET);
	signal_client_set(c, 1, 5);
	signal_client_free(c);
}

#define BED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BED(test_first_values_are_there_before_anything_runs),
		BED(test_feed_scales_a_value_and_keeps_still_without_one),
		BED(test_watch_hears_of_changes_of_its_signal_only),
		BED(test_watch_may_take_itself_and_the_next_away),
		BED(test_what_a_guest_sets_reaches_the_bench_at_once),
		BED(test_bench_that_is_slow_gets_the_newest_value_in_the_end),
		BED(test_bench_that_leaves_is_survived_and_values_stay),
		BED(test_record_that_is_none_ends_the_socket),
		cmocka_unit_test(test_guest_without_a_bench_has_unset_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
