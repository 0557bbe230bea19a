/* SPDX-License-Identifier: Apache-2.0 */
/* Lines, gestures, requests and answers, children, memory figures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/input-event-codes.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "base/json.h"
#include "sim/bench/child.h"
#include "sim/bench/gesture.h"
#include "sim/bench/json_text.h"
#include "sim/bench/lines.h"
#include "sim/bench/placement.h"
#include "sim/bench/procstat.h"
#include "sim/bench/rpc.h"
#include "sim/bench/said.h"

/* ---- lines ---- */

struct heard {
	unsigned int n;
	size_t longest;
	char all[256];
};

static void hear(void *arg, const char *text, size_t len)
{
	struct heard *h = arg;

	h->n++;
	h->longest = MAX(h->longest, len);
	if (len < 32)
		snprintf(h->all + strlen(h->all), sizeof(h->all) - strlen(h->all), "%s|", text);
}

static void test_lines_are_cut_wherever_the_bytes_were(void **state)
{
	struct lines l = { .len = 0 };
	struct heard h = { .n = 0 };

	(void)state;
	lines_feed(&l, "one\r\ntw", 7, hear, &h);
	lines_feed(&l, "o\n\nthree", 8, hear, &h);
	assert_string_equal(h.all, "one|two||");
	lines_end(&l, hear, &h);
	assert_string_equal(h.all, "one|two||three|");
}

static void test_an_endless_line_comes_in_pieces(void **state)
{
	struct lines l = { .len = 0 };
	struct heard h = { .n = 0 };
	char part[1000];

	(void)state;
	memset(part, 'x', sizeof(part));
	for (int i = 0; i < 20; i++)
		lines_feed(&l, part, sizeof(part), hear, &h);
	assert_int_equal(h.n, 20000 / (LINES_MAX - 1));
	assert_int_equal(h.longest, LINES_MAX - 1);
}

static void test_control_bytes_of_a_guest_are_made_visible(void **state)
{
	char out[32];

	(void)state;
	assert_int_equal(lines_printable(out, sizeof(out), "a\033[2Jb\x7f", 7), 13);
	assert_string_equal(out, "a\\x1b[2Jb\\x7f");
}

static void test_a_path_that_is_not_utf8_still_makes_json(void **state)
{
	json_t *good = json_text("caf\xc3\xa9"), *bad = json_text("caf\xe9/out");

	(void)state;
	assert_string_equal(json_string_value(good), "caf\xc3\xa9");
	assert_string_equal(json_string_value(bad), "caf?/out");
	json_decref(good);
	json_decref(bad);
}

/* ---- gestures ---- */

static bool has(
	const struct input_event_rec *ev, uint32_t n, uint16_t type, uint16_t code, int32_t value)
{
	for (uint32_t i = 0; i < n; i++) {
		if (ev[i].type == type && ev[i].code == code && ev[i].value == value)
			return true;
	}
	return false;
}

static void test_a_key_goes_down_and_up(void **state)
{
	struct scenario_action a = { .op = SCENARIO_KEY };
	struct input_event_rec ev[GESTURE_EVENTS];
	uint32_t n;

	(void)state;
	a.u.key.code = KEY_ENTER;
	a.u.key.hold_ns = 5000;
	assert_int_equal(gesture_steps(&a), 2);
	n = gesture_events(&a, 0, 1, ev);
	assert_true(has(ev, n, EV_KEY, KEY_ENTER, 1));
	assert_int_equal(ev[n - 1].type, EV_SYN);
	n = gesture_events(&a, 1, 1, ev);
	assert_true(has(ev, n, EV_KEY, KEY_ENTER, 0));
	assert_true(gesture_step_ns(&a, 1) == 5000);
}

static void test_a_drag_moves_evenly_and_lifts_where_it_arrived(void **state)
{
	struct scenario_action a = { .op = SCENARIO_TOUCH };
	struct input_event_rec ev[GESTURE_EVENTS];
	uint32_t n, steps;
	int32_t last_x = 100;

	(void)state;
	a.u.touch.slot = 2;
	a.u.touch.from = (struct scenario_point){ 100, 50 };
	a.u.touch.to = (struct scenario_point){ 260, 50 };
	a.u.touch.hold_ns = 160 * NS_PER_MS;
	steps = gesture_steps(&a);
	assert_int_equal(steps, 12);
	n = gesture_events(&a, 0, 77, ev);
	assert_true(has(ev, n, EV_ABS, ABS_MT_TRACKING_ID, 77));
	assert_true(has(ev, n, EV_ABS, ABS_MT_SLOT, 2));
	for (uint32_t i = 1; i + 1 < steps; i++) {
		n = gesture_events(&a, i, 77, ev);
		assert_true(has(ev, n, EV_ABS, ABS_MT_POSITION_X, last_x + 16));
		assert_false(has(ev, n, EV_ABS, ABS_MT_TRACKING_ID, 77));
		assert_true(gesture_step_ns(&a, i) >= gesture_step_ns(&a, i - 1));
		last_x += 16;
	}
	assert_int_equal(last_x, 260);
	n = gesture_events(&a, steps - 1, 77, ev);
	assert_true(has(ev, n, EV_ABS, ABS_MT_TRACKING_ID, -1));
	assert_true(has(ev, n, EV_KEY, BTN_TOUCH, 0));
	assert_true(gesture_step_ns(&a, steps - 1) == a.u.touch.hold_ns);
}

static void test_a_click_moves_before_it_presses(void **state)
{
	struct scenario_action a = { .op = SCENARIO_POINTER };
	struct input_event_rec ev[GESTURE_EVENTS];
	uint32_t n;

	(void)state;
	a.u.pointer.move = true;
	a.u.pointer.at = (struct scenario_point){ 7, 8 };
	a.u.pointer.button = BTN_LEFT;
	n = gesture_events(&a, 0, 1, ev);
	assert_int_equal(n, 5);
	assert_int_equal(ev[0].code, ABS_X);
	assert_int_equal(ev[2].type, EV_SYN);
	assert_int_equal(ev[3].code, BTN_LEFT);
}

/* ---- requests and answers ---- */

struct got {
	unsigned int n;
	bool ok;
	char error[64];
};

static void on_answer(void *arg, const json_t *reply, const char *error)
{
	struct got *g = arg;

	(void)reply;
	g->n++;
	g->ok = !error;
	if (error)
		strncpy(g->error, error, sizeof(g->error) - 1);
}

static json_t *op(void)
{
	return json_pack("{s:s}", "op", "x");
}

static void answer(struct rpc *r, int id, bool ok)
{
	json_t *msg = json_pack("{s:i,s:b,s:s}", "reply", id, "ok", ok, "error", "no such thing");

	assert_true(rpc_answer(r, msg));
	json_decref(msg);
}

static void test_answers_find_their_requests_in_any_order(void **state)
{
	struct got a = { .n = 0 }, b = { .n = 0 };
	struct rpc r;
	int pair[2];

	(void)state;
	assert_int_equal(ipc_pair(pair, 0), 0);
	rpc_init(&r, pair[0]);
	rpc_call(&r, op(), NULL, 0, on_answer, &a);
	rpc_call(&r, op(), NULL, 0, on_answer, &b);
	answer(&r, 2, true);
	assert_int_equal(a.n, 0);
	assert_int_equal(b.n, 1);
	assert_true(b.ok);
	answer(&r, 1, false);
	assert_int_equal(a.n, 1);
	assert_string_equal(a.error, "no such thing");
	answer(&r, 1, true); /* a second answer is nobody's */
	assert_int_equal(a.n, 1);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}

static void test_the_end_of_a_child_answers_everything(void **state)
{
	struct got a = { .n = 0 }, b = { .n = 0 };
	struct rpc r;
	int pair[2];

	(void)state;
	assert_int_equal(ipc_pair(pair, 0), 0);
	rpc_init(&r, pair[0]);
	rpc_call(&r, op(), NULL, 0, on_answer, &a);
	rpc_close(&r, "gone");
	assert_int_equal(a.n, 1);
	assert_string_equal(a.error, "gone");
	rpc_call(&r, op(), NULL, 0, on_answer, &b);
	assert_int_equal(b.n, 1);
	assert_false(b.ok);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}

/* ---- children ---- */

struct watched {
	struct child c;
	struct ev_loop *loop;
	char said[256];
	char end[128];
};

static void child_line(struct child *c, const char *text, size_t len)
{
	struct watched *w = c->data;

	(void)len;
	snprintf(w->said + strlen(w->said), sizeof(w->said) - strlen(w->said), "%s|", text);
}

static void child_readable(struct child *c)
{
	child_hang_up(c);
}

static void child_ended(struct child *c)
{
	struct watched *w = c->data;

	child_status_text(c, w->end, sizeof(w->end));
	ev_loop_stop(w->loop);
}

static void run_shell(struct watched *w, const char *script)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	struct err e;

	memset(w, 0, sizeof(*w));
	assert_int_equal(ev_loop_new(&w->loop), 0);
	child_init(&w->c);
	w->c.on_line = child_line;
	w->c.on_readable = child_readable;
	w->c.on_exit = child_ended;
	w->c.data = w;
	assert_int_equal(child_spawn(&w->c, w->loop, argv, &e), 0);
	assert_int_equal(ev_loop_run(w->loop), 0);
	child_fini(&w->c);
	ev_loop_free(w->loop);
}

static void test_a_childs_last_words_arrive_before_its_end(void **state)
{
	struct watched w;

	(void)state;
	run_shell(&w, "echo out; echo err >&2; printf rest; exit 3");
	assert_string_equal(w.said, "out|err|rest|");
	assert_string_equal(w.end, "exited with status 3");
}

static void test_a_killed_child_is_said_to_be_killed(void **state)
{
	struct watched w;

	(void)state;
	run_shell(&w, "kill -KILL $$");
	assert_string_equal(w.end, "was killed by SIGKILL");
}

static void test_a_child_inherits_its_four_descriptors_and_no_more(void **state)
{
	struct watched w;
	int kept = memfd_create("left-open-by-mistake", 0);

	(void)state;
	assert_true(kept >= 0);
	/* The fifth is the folder that is being listed. */
	run_shell(&w, "exec ls /proc/self/fd");
	assert_string_equal(w.said, "0|1|2|3|4|");
	close(kept);
}

static void count_event(void *arg, const char *ev, const json_t *msg, int fd)
{
	(void)fd;
	(void)msg;
	assert_string_equal(ev, "reset");
	++*(unsigned int *)arg;
}

static void test_a_child_that_floods_its_socket_is_read_in_portions(void **state)
{
	static const char event[] = "{\"event\":\"reset\"}";
	struct child c;
	struct rpc r;
	unsigned int sent = 0, heard = 0, calls = 0;
	int pair[2];

	(void)state;
	assert_int_equal(ipc_pair(pair, 64 * 1024), 0);
	assert_int_equal(fd_set_nonblock(pair[0], 1), 0);
	assert_int_equal(fd_set_nonblock(pair[1], 1), 0);
	while (sent < 100 && ipc_send(pair[1], event, sizeof(event) - 1, NULL, 0) == 0)
		sent++;
	assert_int_equal(sent, 100);
	close(pair[1]);
	child_init(&c);
	c.sock = pair[0];
	rpc_init(&r, c.sock);

	rpc_receive(&r, &c, "test", count_event, &heard);
	assert_in_range(heard, 1, 99);
	for (; calls < 100 && c.sock >= 0; calls++)
		rpc_receive(&r, &c, "test", count_event, &heard);

	assert_int_equal(heard, 100);
	assert_int_equal(c.sock, -1);
	close(pair[0]);
}

static void test_a_missing_program_says_where_it_was_sought(void **state)
{
	char path[256];
	struct err e = { .text = "" };

	(void)state;
	assert_true(child_find_program("dyno-nonesuch", path, sizeof(path), &e) < 0);
	assert_non_null(strstr(e.text, "dyno-nonesuch"));
	assert_non_null(strstr(e.text, "DYNO_LIBEXEC"));
}

/* ---- memory ---- */

static void test_guest_memory_is_told_apart(void **state)
{
	/* No other mapping is as long. */
	const size_t len = 0x7f4000;
	int fd = fd_memfd("guest-ram", len);
	struct proc_memory m;
	uint8_t *map;

	(void)state;
	assert_true(fd >= 0);
	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	memset(map, 1, len / 2);
	assert_int_equal(proc_memory(getpid(), len, &m), 0);
	assert_true(m.guest_ram_bytes == len / 2);
	assert_true(m.rss_bytes > m.guest_ram_bytes);
	assert_true(m.surface_bytes == 0);
	munmap(map, len);
	close(fd);
}

static void test_guest_memory_of_one_process_alone_is_told_by_its_length(void **state)
{
	/* No other mapping is as long. */
	const size_t len = 0x7f3000;
	struct proc_memory m;
	uint8_t *map = mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)state;
	assert_ptr_not_equal(map, MAP_FAILED);
	/* Not one with what lies beside it, as that of a machine. */
	assert_int_equal(madvise(map, len, MADV_DONTDUMP), 0);
	memset(map, 1, len);
	assert_int_equal(proc_memory(getpid(), len, &m), 0);
	assert_int_equal(m.guest_ram_bytes, len);
	munmap(map, len);
}

static void test_a_process_that_floods_the_terminal_is_shown_a_little_and_counted(void **state)
{
	struct said s = { .shown = 0 };
	uint64_t now = 5 * NS_PER_S;
	uint32_t swallowed, shown = 0, last = 0;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++)
		shown += said_line(&s, now, &swallowed) == SAID_SHOW;
	assert_int_equal(shown, SAID_PER_S);
	/* A second later what was swallowed is told, once. */
	now += NS_PER_S;
	assert_int_equal(said_line(&s, now, &swallowed), SAID_SHOW_AND_TELL);
	assert_int_equal(swallowed, 1000 - SAID_PER_S);
	assert_int_equal(said_line(&s, now, &swallowed), SAID_SHOW);
	/* For ever it does not go on like this. */
	for (unsigned int i = 0; i < 100 * SAID_MAX; i++) {
		now += NS_PER_S / 100;
		last += said_line(&s, now, &swallowed) == SAID_LAST;
	}
	assert_int_equal(last, 1);
	assert_int_equal(said_line(&s, now + NS_PER_S, &swallowed), SAID_SWALLOW);
	assert_int_equal(s.shown, SAID_MAX + 1);
}

static void test_a_guest_goes_before_all_ordinary_programs_or_the_right_is_named(void **state)
{
	struct scenario_guest g = { .name = "g", .placement.realtime = true };
	const struct placement p = { .known = false };
	struct err e = { 0 };
	pid_t pid = fork();
	int rc;

	(void)state;
	if (pid == 0) {
		pause();
		_exit(0);
	}
	assert_true(pid > 0);
	rc = placement_guest(&p, &g, pid, &e);
	if (rc == 0)
		assert_int_equal(sched_getscheduler(pid), SCHED_RR);
	else
		assert_non_null(strstr(e.text, "RLIMIT_RTPRIO"));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_a_process_cannot_have_others_threads_moved(void **state)
{
	struct scenario_guest g = { .name = "g", .cpus = 1 };
	json_t *of_init = json_pack("[i]", 1), *none = json_array(), *own;
	struct err e = { 0 };
	cpu_set_t before, after;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	own = json_pack("[i]", (int)gettid());
	for (unsigned int i = 0; i < SCENARIO_HOST_CPUS; i++) {
		if (!CPU_ISSET(i, &before))
			continue;
		g.placement.vcpus.bits[i / 64] = UINT64_C(1) << (i % 64);
		break;
	}
	assert_int_equal(placement_vcpus(&g, getpid(), of_init, &e), -ESRCH);
	assert_int_equal(placement_vcpus(&g, getpid(), none, &e), -ESRCH);
	assert_int_equal(placement_vcpus(&g, getpid(), own, &e), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_int_equal(CPU_COUNT(&after), 1);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	json_decref(of_init);
	json_decref(none);
	json_decref(own);
}

static void test_only_a_thread_of_the_process_becomes_urgent(void **state)
{
	struct scenario_guest g = { .name = "g", .cpus = 1 };
	int before = getpriority(PRIO_PROCESS, 0), of_init = getpriority(PRIO_PROCESS, 1);
	pid_t pid = fork();
	int status;

	(void)state;
	/* In a process of its own: to be more urgent is easy to get and hard to give back. */
	if (pid == 0) {
		bool may = setpriority(PRIO_PROCESS, 0, before - 1) == 0;

		if (may)
			(void)setpriority(PRIO_PROCESS, 0, before);
		placement_direct(&g, getpid(), 1);
		placement_direct(&g, getpid(), 0);
		g.placement.realtime = true;
		placement_direct(&g, getpid(), gettid());
		if (getpriority(PRIO_PROCESS, 0) != before)
			_exit(1);
		g.placement.realtime = false;
		placement_direct(&g, getpid(), gettid());
		_exit(getpriority(PRIO_PROCESS, 0) != (may ? PLACEMENT_DIRECT_NICE : before));
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(getpriority(PRIO_PROCESS, 1), of_init);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_are_cut_wherever_the_bytes_were),
		cmocka_unit_test(test_an_endless_line_comes_in_pieces),
		cmocka_unit_test(test_control_bytes_of_a_guest_are_made_visible),
		cmocka_unit_test(test_a_path_that_is_not_utf8_still_makes_json),
		cmocka_unit_test(test_a_key_goes_down_and_up),
		cmocka_unit_test(test_a_drag_moves_evenly_and_lifts_where_it_arrived),
		cmocka_unit_test(test_a_click_moves_before_it_presses),
		cmocka_unit_test(test_answers_find_their_requests_in_any_order),
		cmocka_unit_test(test_the_end_of_a_child_answers_everything),
		cmocka_unit_test(test_a_childs_last_words_arrive_before_its_end),
		cmocka_unit_test(test_a_killed_child_is_said_to_be_killed),
		cmocka_unit_test(test_a_child_inherits_its_four_descriptors_and_no_more),
		cmocka_unit_test(test_a_child_that_floods_its_socket_is_read_in_portions),
		cmocka_unit_test(test_a_missing_program_says_where_it_was_sought),
		cmocka_unit_test(test_guest_memory_is_told_apart),
		cmocka_unit_test(test_guest_memory_of_one_process_alone_is_told_by_its_length),
		cmocka_unit_test(
			test_a_guest_goes_before_all_ordinary_programs_or_the_right_is_named),
		cmocka_unit_test(test_a_process_cannot_have_others_threads_moved),
		cmocka_unit_test(test_only_a_thread_of_the_process_becomes_urgent),
		cmocka_unit_test(
			test_a_process_that_floods_the_terminal_is_shown_a_little_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
