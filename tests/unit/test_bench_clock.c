/* SPDX-License-Identifier: Apache-2.0 */
/* The bench clock and the agenda that runs on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ev.h"
#include "sim/clock/agenda.h"
#include "sim/clock/bench_clock.h"

static void test_a_fresh_clock_stands_at_zero(void **state)
{
	struct bench_clock c;
	static struct bench_clock zeroed;

	(void)state;
	bench_clock_init(&c);
	assert_false(bench_clock_running(&c));
	assert_true(bench_clock_at(&c, 5000) == 0);
	assert_true(bench_clock_host_ns(&c, 10) == BENCH_CLOCK_NEVER);
	assert_false(bench_clock_running(&zeroed));
	assert_true(bench_clock_at(&zeroed, 5000) == 0);
}

static void test_it_runs_with_the_host_from_where_it_stood(void **state)
{
	struct bench_clock c;

	(void)state;
	bench_clock_init(&c);
	bench_clock_resume(&c, 1000);
	assert_true(bench_clock_at(&c, 1000) == 0);
	assert_true(bench_clock_at(&c, 1700) == 700);
	assert_true(bench_clock_host_ns(&c, 700) == 1700);
}

static void test_a_stamp_from_before_the_start_is_zero(void **state)
{
	struct bench_clock c;

	(void)state;
	bench_clock_init(&c);
	bench_clock_resume(&c, 1000);
	assert_true(bench_clock_at(&c, 999) == 0);
}

static void test_a_pause_leaves_no_gap(void **state)
{
	struct bench_clock c;

	(void)state;
	bench_clock_init(&c);
	bench_clock_resume(&c, 1000);
	bench_clock_pause(&c, 1500);
	assert_true(bench_clock_at(&c, 9000) == 500);
	assert_true(bench_clock_host_ns(&c, 600) == BENCH_CLOCK_NEVER);
	bench_clock_resume(&c, 9000);
	assert_true(bench_clock_at(&c, 9100) == 600);
	assert_true(bench_clock_host_ns(&c, 700) == 9200);
}

static void test_pausing_twice_and_resuming_twice_change_nothing(void **state)
{
	struct bench_clock c;

	(void)state;
	bench_clock_init(&c);
	bench_clock_resume(&c, 1000);
	bench_clock_resume(&c, 1300);
	assert_true(bench_clock_at(&c, 1400) == 400);
	bench_clock_pause(&c, 1500);
	bench_clock_pause(&c, 1900);
	assert_true(bench_clock_at(&c, 2000) == 500);
}

static void test_a_deadline_that_would_wrap_never_comes(void **state)
{
	struct bench_clock c;

	(void)state;
	bench_clock_init(&c);
	bench_clock_resume(&c, 1000);
	assert_true(bench_clock_host_ns(&c, UINT64_MAX) == BENCH_CLOCK_NEVER);
}

/* ---- agenda ---- */

struct fixture {
	struct ev_loop *loop;
	struct bench_clock clock;
	struct agenda agenda;
	char order[16];
	unsigned int n, dropped;
};

struct entry {
	struct fixture *f;
	char letter;
};

static void note(void *arg, uint64_t t_ns)
{
	const struct entry *en = arg;
	struct fixture *f = en->f;

	(void)t_ns;
	f->order[f->n++] = en->letter;
	if (en->letter == 'z')
		ev_loop_stop(f->loop);
}

static void dropped(void *arg)
{
	const struct entry *en = arg;

	en->f->dropped++;
}

static void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	bench_clock_init(&f->clock);
	assert_int_equal(ev_loop_new(&f->loop), 0);
	assert_int_equal(agenda_init(&f->agenda, f->loop, &f->clock), 0);
}

static void fixture_fini(struct fixture *f)
{
	agenda_fini(&f->agenda);
	ev_loop_free(f->loop);
}

static void test_entries_run_in_order_of_time_then_of_adding(void **state)
{
	struct fixture f;
	struct entry a = { &f, 'a' }, b = { &f, 'b' }, c = { &f, 'c' }, z = { &f, 'z' };

	(void)state;
	fixture_init(&f);
	assert_int_equal(agenda_add(&f.agenda, 3000000, note, NULL, &z), 0);
	assert_int_equal(agenda_add(&f.agenda, 1000000, note, NULL, &a), 0);
	assert_int_equal(agenda_add(&f.agenda, 1000000, note, NULL, &b), 0);
	assert_int_equal(agenda_add(&f.agenda, 0, note, NULL, &c), 0);
	bench_clock_resume(&f.clock, clock_now_ns());
	agenda_sync(&f.agenda);
	assert_int_equal(ev_loop_run(f.loop), 0);
	assert_string_equal(f.order, "cabz");
	fixture_fini(&f);
}

static void test_run_to_a_time_leaves_the_later_ones_to_the_timer(void **state)
{
	struct fixture f;
	struct entry a = { &f, 'a' }, b = { &f, 'b' }, c = { &f, 'c' }, z = { &f, 'z' };

	(void)state;
	fixture_init(&f);
	assert_int_equal(agenda_add(&f.agenda, 2000001, note, NULL, &z), 0);
	assert_int_equal(agenda_add(&f.agenda, 2000000, note, NULL, &c), 0);
	assert_int_equal(agenda_add(&f.agenda, 1000000, note, NULL, &a), 0);
	assert_int_equal(agenda_add(&f.agenda, 1000000, note, NULL, &b), 0);
	agenda_run_to(&f.agenda, 999999);
	assert_int_equal(f.n, 0);
	agenda_run_to(&f.agenda, 2000000);
	assert_string_equal(f.order, "abc");
	bench_clock_resume(&f.clock, clock_now_ns());
	agenda_sync(&f.agenda);
	assert_int_equal(ev_loop_run(f.loop), 0);
	assert_string_equal(f.order, "abcz");
	fixture_fini(&f);
}

/* Something that is not in the agenda is due at 1.5 ms, and answers with an entry. */
static void outside_first(void *ctx, uint64_t t_ns)
{
	static struct entry answer;
	struct fixture *f = ctx;

	if (t_ns <= 1500000 || f->dropped)
		return;
	f->dropped = 1;
	f->order[f->n++] = 'o';
	answer = (struct entry){ f, 'x' };
	assert_int_equal(agenda_add(&f->agenda, 1500000, note, NULL, &answer), 0);
}

static void test_what_is_due_elsewhere_comes_first_and_its_answers_too(void **state)
{
	struct fixture f;
	struct entry a = { &f, 'a' }, b = { &f, 'b' };

	(void)state;
	fixture_init(&f);
	f.agenda.first = outside_first;
	f.agenda.first_ctx = &f;
	assert_int_equal(agenda_add(&f.agenda, 2000000, note, NULL, &b), 0);
	assert_int_equal(agenda_add(&f.agenda, 1000000, note, NULL, &a), 0);
	agenda_run_to(&f.agenda, 2000000);
	assert_string_equal(f.order, "aoxb");
	fixture_fini(&f);
}

static void test_nothing_runs_while_the_clock_stands(void **state)
{
	struct fixture f;
	struct entry a = { &f, 'a' };

	(void)state;
	fixture_init(&f);
	assert_int_equal(agenda_add(&f.agenda, 0, note, dropped, &a), 0);
	assert_int_equal(ev_loop_turn(f.loop, 20), 0);
	assert_int_equal(f.n, 0);
	fixture_fini(&f);
	assert_int_equal(f.dropped, 1);
}

static void test_a_pause_moves_the_deadlines(void **state)
{
	struct fixture f;
	struct entry z = { &f, 'z' };
	uint64_t began = clock_now_ns();

	(void)state;
	fixture_init(&f);
	assert_int_equal(agenda_add(&f.agenda, 10 * NS_PER_MS, note, NULL, &z), 0);
	bench_clock_resume(&f.clock, began);
	agenda_sync(&f.agenda);
	bench_clock_pause(&f.clock, began + 1);
	agenda_sync(&f.agenda);
	assert_int_equal(ev_loop_turn(f.loop, 30), 0);
	assert_int_equal(f.n, 0);
	bench_clock_resume(&f.clock, clock_now_ns());
	agenda_sync(&f.agenda);
	assert_int_equal(ev_loop_run(f.loop), 0);
	assert_string_equal(f.order, "z");
	fixture_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_fresh_clock_stands_at_zero),
		cmocka_unit_test(test_it_runs_with_the_host_from_where_it_stood),
		cmocka_unit_test(test_a_stamp_from_before_the_start_is_zero),
		cmocka_unit_test(test_a_pause_leaves_no_gap),
		cmocka_unit_test(test_pausing_twice_and_resuming_twice_change_nothing),
		cmocka_unit_test(test_a_deadline_that_would_wrap_never_comes),
		cmocka_unit_test(test_entries_run_in_order_of_time_then_of_adding),
		cmocka_unit_test(test_run_to_a_time_leaves_the_later_ones_to_the_timer),
		cmocka_unit_test(test_what_is_due_elsewhere_comes_first_and_its_answers_too),
		cmocka_unit_test(test_nothing_runs_while_the_clock_stands),
		cmocka_unit_test(test_a_pause_moves_the_deadlines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
