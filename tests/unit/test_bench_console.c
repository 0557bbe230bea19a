/* SPDX-License-Identifier: Apache-2.0 */
/* Consoles at the bench: what is typed, and the queue towards a guest that does not read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "sim/bench/keys.h"
#include "sim/bench/stream.h"

/* ---- keys ---- */

static void test_plain_bytes_are_the_guests(void **state)
{
	struct keys k = { 0 };
	char out[8];
	size_t used, n;

	(void)state;
	assert_int_equal(keys_feed(&k, "a\003\033[", 4, &used, out, &n), KEYS_NONE);
	assert_int_equal(used, 4);
	assert_int_equal(n, 4);
	assert_memory_equal(out, "a\003\033[", 4);
}

static void test_a_command_ends_the_piece_and_leaves_the_rest(void **state)
{
	struct keys k = { 0 };
	char out[8];
	size_t used, n;

	(void)state;
	assert_int_equal(keys_feed(&k, "ab\001xcd", 6, &used, out, &n), KEYS_LEAVE);
	assert_int_equal(used, 4);
	assert_int_equal(n, 2);
	assert_memory_equal(out, "ab", 2);
}

static void test_a_command_may_come_in_two_pieces(void **state)
{
	struct keys k = { 0 };
	char out[8];
	size_t used, n;

	(void)state;
	assert_int_equal(keys_feed(&k, "\001", 1, &used, out, &n), KEYS_NONE);
	assert_int_equal(n, 0);
	assert_int_equal(keys_feed(&k, "P", 1, &used, out, &n), KEYS_POWER_BUTTON);
	assert_int_equal(keys_feed(&k, "P", 1, &used, out, &n), KEYS_NONE);
	assert_int_equal(n, 1);
}

static void test_ctrl_a_twice_is_one_for_the_guest(void **state)
{
	struct keys k = { 0 };
	char out[8];
	size_t used, n;

	(void)state;
	assert_int_equal(keys_feed(&k, "\001\001\001a", 4, &used, out, &n), KEYS_NONE);
	assert_int_equal(n, 2);
	assert_memory_equal(out, "\001\001", 2);
}

static void test_ctrl_held_or_not_is_the_same_and_the_unknown_gives_help(void **state)
{
	struct keys k = { 0 };
	char out[8];
	size_t used, n;

	(void)state;
	assert_int_equal(keys_feed(&k, "\001\030", 2, &used, out, &n), KEYS_LEAVE);
	assert_int_equal(keys_feed(&k, "\001r", 2, &used, out, &n), KEYS_RESET);
	assert_int_equal(keys_feed(&k, "\001c", 2, &used, out, &n), KEYS_HELP);
	assert_int_equal(keys_feed(&k, "\001\xff", 2, &used, out, &n), KEYS_HELP);
}

/* ---- streams ---- */

struct seen {
	struct stream st;
	struct stream_tap tap;
	struct ev_loop *loop;
	char lines[256], bytes[256];
	unsigned int rooms;
	int theirs;
};

static void on_line(struct stream *st, const char *text, size_t len)
{
	struct seen *s = st->data;

	strncat(s->lines, text, len);
	strncat(s->lines, "|", 1);
}

static void on_bytes(struct stream_tap *t, const char *bytes, size_t n)
{
	struct seen *s = t->data;

	strncat(s->bytes, bytes, n);
}

static void on_room(struct stream_tap *t)
{
	struct seen *s = t->data;

	s->rooms++;
}

static struct seen *seen_new(void)
{
	struct seen *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	assert_int_equal(ev_loop_new(&s->loop), 0);
	stream_init(&s->st, s->loop, "hvc0", on_line, s);
	assert_int_equal(stream_open(&s->st, &s->theirs), 0);
	s->tap = (struct stream_tap){ .bytes = on_bytes, .room = on_room, .data = s };
	stream_tap_add(&s->st, &s->tap);
	return s;
}

static void seen_free(struct seen *s)
{
	stream_fini(&s->st);
	fd_close(&s->theirs);
	ev_loop_free(s->loop);
	free(s);
}

static void test_output_reaches_lines_and_taps(void **state)
{
	struct seen *s = seen_new();

	(void)state;
	assert_int_equal(fd_write_all(s->theirs, "one\r\ntw", 7), 0);
	assert_int_equal(ev_loop_turn(s->loop, 1000), 0);
	assert_string_equal(s->lines, "one|");
	assert_string_equal(s->bytes, "one\r\ntw");
	stream_end(&s->st);
	assert_string_equal(s->lines, "one|tw|");
	assert_false(stream_is_open(&s->st));
	seen_free(s);
}

static void test_a_removed_tap_hears_nothing(void **state)
{
	struct seen *s = seen_new();

	(void)state;
	stream_tap_remove(&s->st, &s->tap);
	stream_tap_remove(&s->st, &s->tap);
	assert_int_equal(fd_write_all(s->theirs, "x\n", 2), 0);
	assert_int_equal(ev_loop_turn(s->loop, 1000), 0);
	assert_string_equal(s->lines, "x|");
	assert_string_equal(s->bytes, "");
	seen_free(s);
}

/* Writes until nothing is taken any more; the bytes that were. Byte i is i % 251. */
static size_t fill(struct seen *s)
{
	static char block[4096];
	size_t total = 0, n;

	do {
		for (size_t i = 0; i < sizeof(block); i++)
			block[i] = (char)((total + i) % 251);
		n = stream_write(&s->st, block, sizeof(block));
		total += n;
	} while (n);
	return total;
}

static void test_a_guest_that_does_not_read_has_a_bounded_queue(void **state)
{
	struct seen *s = seen_new();
	size_t total = fill(s);

	(void)state;
	assert_true(total >= STREAM_QUEUE_BYTES);
	assert_true(total < 8u * 1024 * 1024);
	assert_int_equal(stream_room(&s->st), 0);
	assert_int_equal(s->rooms, 0);
	seen_free(s);
}

static void test_what_waited_arrives_whole_and_in_order(void **state)
{
	struct seen *s = seen_new();
	size_t total = fill(s), got = 0;
	char buf[8192];

	(void)state;
	while (got < total) {
		ssize_t n = recv(s->theirs, buf, sizeof(buf), MSG_DONTWAIT);

		if (n < 0) {
			assert_int_equal(ev_loop_turn(s->loop, 1000), 0);
			continue;
		}
		for (ssize_t i = 0; i < n; i++, got++)
			assert_int_equal((unsigned char)buf[i], got % 251);
	}
	assert_int_equal(stream_room(&s->st), STREAM_QUEUE_BYTES);
	assert_int_equal(s->rooms, 1);
	seen_free(s);
}

static void test_an_ended_guest_takes_nothing_and_may_come_again(void **state)
{
	struct seen *s = seen_new();

	(void)state;
	stream_end(&s->st);
	assert_int_equal(stream_room(&s->st), 0);
	assert_int_equal(stream_write(&s->st, "x", 1), 0);
	stream_want_room(&s->st);
	fd_close(&s->theirs);
	assert_int_equal(stream_open(&s->st, &s->theirs), 0);
	assert_int_equal(s->rooms, 1);
	assert_int_equal(stream_write(&s->st, "x", 1), 1);
	seen_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_bytes_are_the_guests),
		cmocka_unit_test(test_a_command_ends_the_piece_and_leaves_the_rest),
		cmocka_unit_test(test_a_command_may_come_in_two_pieces),
		cmocka_unit_test(test_ctrl_a_twice_is_one_for_the_guest),
		cmocka_unit_test(test_ctrl_held_or_not_is_the_same_and_the_unknown_gives_help),
		cmocka_unit_test(test_output_reaches_lines_and_taps),
		cmocka_unit_test(test_a_removed_tap_hears_nothing),
		cmocka_unit_test(test_a_guest_that_does_not_read_has_a_bounded_queue),
		cmocka_unit_test(test_what_waited_arrives_whole_and_in_order),
		cmocka_unit_test(test_an_ended_guest_takes_nothing_and_may_come_again),
	};

	return cmocka_run_group_tests_name("consoles at the bench", tests, NULL, NULL);
}
