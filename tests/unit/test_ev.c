/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop: order of timers, removal inside callbacks, calls from other threads. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/ev.h"
#include "base/loop_thread.h"

static int setup(void **state)
{
	struct ev_loop *l;

	assert_int_equal(ev_loop_new(&l), 0);
	*state = l;
	return 0;
}

static int teardown(void **state)
{
	ev_loop_free(*state);
	return 0;
}

static unsigned int fired[8], fired_n;

static void on_timer(struct ev_timer *t, uint64_t now_ns)
{
	(void)now_ns;
	fired[fired_n++] = *(unsigned int *)t->data;
}

static void test_timers_fire_in_order_of_their_deadlines(void **state)
{
	struct ev_loop *l = *state;
	unsigned int id[5] = { 0, 1, 2, 3, 4 };
	static const uint64_t offset[5] = { 50, 10, 40, 20, 30 };
	struct ev_timer t[5];
	uint64_t past = clock_now_ns() - 1000;

	fired_n = 0;
	for (unsigned int i = 0; i < 5; i++) {
		assert_int_equal(ev_timer_init(l, &t[i], on_timer, &id[i]), 0);
		ev_timer_at(&t[i], past + offset[i]);
	}
	ev_timer_stop(&t[4]);
	assert_int_equal(ev_loop_turn(l, 1000), 0);
	assert_int_equal(fired_n, 4);
	assert_int_equal(fired[0], 1);
	assert_int_equal(fired[1], 3);
	assert_int_equal(fired[2], 2);
	assert_int_equal(fired[3], 0);
	for (unsigned int i = 0; i < 5; i++)
		ev_timer_fini(&t[i]);
}

static void on_again(struct ev_timer *t, uint64_t now_ns)
{
	unsigned int *n = t->data;

	(void)now_ns;
	/* The end is for a loop that does not let go. */
	if (++*n < 1000)
		ev_timer_at(t, 1);
}

static void test_a_timer_that_arms_itself_in_the_past_fires_once_a_turn(void **state)
{
	struct ev_loop *l = *state;
	struct ev_timer t;
	unsigned int n = 0;

	assert_int_equal(ev_timer_init(l, &t, on_again, &n), 0);
	ev_timer_at(&t, 1);
	assert_int_equal(ev_loop_turn(l, 1000), 0);
	assert_int_equal(n, 1);
	assert_int_equal(ev_loop_turn(l, 1000), 0);
	assert_int_equal(n, 2);
	ev_timer_fini(&t);
}

static void on_readable(struct ev_io *io, uint32_t revents)
{
	char byte;

	(void)revents;
	assert_int_equal(read(io->fd, &byte, 1), 1);
	ev_timer_soon(io->data);
}

static void on_soon_again(struct ev_timer *t, uint64_t now_ns)
{
	unsigned int *n = t->data;

	(void)now_ns;
	if (++*n < 1000)
		ev_timer_soon(t);
}

static void test_a_timer_that_is_soon_fires_at_the_end_of_the_turn_and_then_in_the_next(
	void **state)
{
	struct ev_loop *l = *state;
	struct ev_timer t;
	struct ev_io io;
	unsigned int n = 0;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(ev_timer_init(l, &t, on_soon_again, &n), 0);
	assert_int_equal(ev_io_add(l, &io, fds[0], EPOLLIN, on_readable, &t), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(ev_loop_turn(l, 1000), 0);
	assert_int_equal(n, 1);
	assert_int_equal(ev_loop_turn(l, 1000), 0);
	assert_int_equal(n, 2);
	ev_io_del(&io);
	ev_timer_fini(&t);
	close(fds[0]);
	close(fds[1]);
}

static void test_a_timer_moved_earlier_fires_first(void **state)
{
	struct ev_loop *l = *state;
	unsigned int a = 1, b = 2;
	struct ev_timer ta, tb;
	uint64_t past = clock_now_ns() - 1000;

	fired_n = 0;
	assert_int_equal(ev_timer_init(l, &ta, on_timer, &a), 0);
	assert_int_equal(ev_timer_init(l, &tb, on_timer, &b), 0);
	ev_timer_at(&ta, past + 10);
	ev_timer_at(&tb, past + 20);
	ev_timer_at(&tb, past);
	assert_int_equal(ev_loop_turn(l, 1000), 0);
	assert_int_equal(fired_n, 2);
	assert_int_equal(fired[0], 2);
	ev_timer_fini(&ta);
	ev_timer_fini(&tb);
}

struct pair_of_io {
	struct ev_io a, b;
	unsigned int calls;
};

static void remove_both(struct ev_io *io, uint32_t revents)
{
	struct pair_of_io *p = io->data;

	(void)revents;
	p->calls++;
	ev_io_del(&p->a);
	ev_io_del(&p->b);
}

static void test_a_watcher_removed_in_a_callback_is_not_called_any_more(void **state)
{
	struct ev_loop *l = *state;
	struct pair_of_io p = { .a = EV_IO_INIT, .b = EV_IO_INIT };
	int x[2], y[2];

	assert_int_equal(pipe(x), 0);
	assert_int_equal(pipe(y), 0);
	assert_int_equal(write(x[1], "", 1), 1);
	assert_int_equal(write(y[1], "", 1), 1);
	assert_int_equal(ev_io_add(l, &p.a, x[0], EPOLLIN, remove_both, &p), 0);
	assert_int_equal(ev_io_add(l, &p.b, y[0], EPOLLIN, remove_both, &p), 0);
	assert_int_equal(ev_loop_turn(l, 1000), 0);
	assert_int_equal(p.calls, 1);
	for (int i = 0; i < 2; i++) {
		close(x[i]);
		close(y[i]);
	}
}

static void test_watching_a_closed_descriptor_is_an_error(void **state)
{
	struct ev_io io = EV_IO_INIT;

	assert_int_equal(ev_io_add(*state, &io, -1, EPOLLIN, remove_both, NULL), -EBADF);
	ev_io_del(&io);
}

static unsigned int order[100], order_n;
static bool begun;

static void note(void *arg)
{
	order[order_n++] = (unsigned int)(uintptr_t)arg;
}

static void begin(void *arg)
{
	(void)arg;
	__atomic_store_n(&begun, true, __ATOMIC_RELEASE);
}

static void *run_loop(void *arg)
{
	assert_int_equal(ev_loop_run(arg), 0);
	return NULL;
}

/* Returns when the loop's own thread runs: from then on a call really crosses threads. */
static pthread_t start_loop(struct ev_loop *l)
{
	pthread_t thread;

	begun = false;
	assert_int_equal(ev_post(l, begin, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, run_loop, l), 0);
	while (!__atomic_load_n(&begun, __ATOMIC_ACQUIRE))
		sched_yield();
	return thread;
}

static void test_posts_and_calls_run_on_the_loop_in_order(void **state)
{
	struct ev_loop *l = *state;
	pthread_t thread = start_loop(l);

	order_n = 0;
	for (uintptr_t i = 0; i < 99; i++)
		assert_int_equal(ev_post(l, note, (void *)i), 0);
	assert_int_equal(ev_call(l, note, (void *)(uintptr_t)99), 0);
	assert_int_equal(order_n, 100);
	for (unsigned int i = 0; i < 100; i++)
		assert_int_equal(order[i], i);
	ev_loop_stop(l);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_after_the_end_nothing_can_be_posted(void **state)
{
	struct ev_loop *l = *state;

	ev_loop_stop(l);
	assert_int_equal(ev_loop_run(l), 0);
	assert_int_equal(ev_post(l, note, NULL), -ECANCELED);
	assert_true(ev_loop_stopped(l));
}

static unsigned int called;

static void count(void *arg)
{
	(void)arg;
	__atomic_add_fetch(&called, 1, __ATOMIC_RELAXED);
}

static void *call_often(void *arg)
{
	for (int i = 0; i < 1000; i++) {
		if (ev_call(arg, count, NULL) < 0)
			break;
	}
	return NULL;
}

static void test_callers_on_several_threads_all_get_their_turn(void **state)
{
	struct ev_loop *l = *state;
	pthread_t runner = start_loop(l), callers[3];

	called = 0;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&callers[i], NULL, call_often, l), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(callers[i], NULL), 0);
	ev_loop_stop(l);
	assert_int_equal(pthread_join(runner, NULL), 0);
	assert_int_equal(called, 3000);
}

static void count_cpus(void *arg)
{
	cpu_set_t set;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	*(int *)arg = CPU_COUNT(&set);
}

static void test_a_loop_that_stays_has_one_processor(void **state)
{
	struct loop_thread t;
	struct err e;
	int before = 0, after = 0, its = 0;

	(void)state;
	count_cpus(&before);
	assert_int_equal(loop_thread_init(&t, "stays"), 0);
	t.stays = true;
	assert_int_equal(loop_thread_start(&t, &e), 0);
	assert_int_equal(ev_call(t.loop, count_cpus, &its), 0);
	assert_int_equal(its, 1);
	loop_thread_fini(&t);
	/* Only the thread does. */
	count_cpus(&after);
	assert_int_equal(after, before);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_timers_fire_in_order_of_their_deadlines),
		T(test_a_timer_moved_earlier_fires_first),
		T(test_a_timer_that_arms_itself_in_the_past_fires_once_a_turn),
		T(test_a_timer_that_is_soon_fires_at_the_end_of_the_turn_and_then_in_the_next),
		T(test_a_watcher_removed_in_a_callback_is_not_called_any_more),
		T(test_watching_a_closed_descriptor_is_an_error),
		T(test_posts_and_calls_run_on_the_loop_in_order),
		T(test_after_the_end_nothing_can_be_posted),
		T(test_a_loop_that_stays_has_one_processor),
		T(test_callers_on_several_threads_all_get_their_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
