/* SPDX-License-Identifier: Apache-2.0 */
/* The 9P device between a mock driver and a server: one that the test plays, and diod. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "devices/p9/p9.h"
#include "devices/p9/proto.h"
#include "tests/support/mock_driver.h"

#define FOR_EACH_KIND(kind) for (unsigned int kind = 0; kind < MOCK_KINDS; kind++)

struct world {
	struct mock *m;
	struct vdev *dev;
	int server; /* the server's end */
};

static struct world begin(unsigned int kind, const char *tree)
{
	struct world w = { .m = mock_new(kind) };
	const struct p9_config cfg = { .tag = "test/9p", .mount_tag = "media", .tree = tree };
	struct p9_port *port;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(p9_port_socket_new(&port, pair[0]), 0);
	assert_int_equal(p9_new(&w.dev, port, &cfg), 0);
	mock_attach(w.m, w.dev);
	mock_start(w.m, MOCK_ALL_FEATURES);
	w.server = pair[1];
	return w;
}

static void end(struct world *w)
{
	fd_close(&w->server);
	mock_free(w->m);
}

/* Writes a head; the message has n bytes in all. */
static void head(uint8_t *msg, uint32_t n, uint8_t type, uint16_t tag)
{
	const struct p9_header h = { le32_of(n), type, le16_of(tag) };

	memcpy(msg, &h, sizeof(h));
}

static int post(struct world *w, uint8_t type, uint16_t tag, uint32_t len, uint32_t room)
{
	static uint8_t msg[P9_MAX_MESSAGE];

	memset(msg, (int)tag, sizeof(msg));
	head(msg, len, type, tag);
	return mock_post(w->m, 0, msg, len, room);
}

/* The next message at the server: its type, its tag in *tag, its bytes in `msg`. */
static uint8_t hear(struct world *w, uint16_t *tag, uint8_t *msg, uint32_t *len)
{
	struct p9_header raw;
	struct p9_head h;
	uint32_t got = 0;

	for (unsigned int i = 0; i < 100000 && got < sizeof(raw); i++) {
		ssize_t n = recv(w->server, (uint8_t *)&raw + got, sizeof(raw) - got, MSG_DONTWAIT);

		got += n > 0 ? (uint32_t)n : 0;
		mock_turn(w->m);
	}
	assert_int_equal(got, sizeof(raw));
	h = p9_head(&raw);
	memcpy(msg, &raw, sizeof(raw));
	for (unsigned int i = 0; i < 100000 && got < h.size; i++) {
		ssize_t n = recv(w->server, msg + got, h.size - got, MSG_DONTWAIT);

		got += n > 0 ? (uint32_t)n : 0;
		mock_turn(w->m);
	}
	assert_int_equal(got, h.size);
	*tag = h.tag;
	*len = h.size;
	return h.type;
}

static uint16_t hear_tag(struct world *w, uint8_t type)
{
	static uint8_t msg[P9_MAX_MESSAGE];
	uint32_t len;
	uint16_t tag;

	assert_int_equal(hear(w, &tag, msg, &len), type);
	return tag;
}

static void say(struct world *w, uint8_t type, uint16_t tag, uint32_t len)
{
	static uint8_t msg[P9_MAX_MESSAGE];

	memset(msg, 0x5c, sizeof(msg));
	head(msg, len, type, tag);
	assert_int_equal(send(w->server, msg, len, MSG_NOSIGNAL), len);
}

static uint32_t error_of(const struct mock_used *u)
{
	struct p9_rlerror e;

	assert_int_equal(u->len, sizeof(e));
	memcpy(&e, u->in, sizeof(e));
	assert_int_equal(e.h.type, P9_RLERROR);
	return le32_get(e.ecode);
}

#define TREAD  116
#define RREAD  117
#define TCLUNK 120
#define RCLUNK 121

static void test_the_guest_reads_the_mount_tag(void **state)
{
	struct world w = begin(0, NULL);
	char tag[6] = "";

	(void)state;
	assert_int_equal(mock_config16(w.m, 0), 5);
	mock_config_read(w.m, 2, tag, 5);
	assert_string_equal(tag, "media");
	assert_int_equal(mock_config8(w.m, 7), 0);
	assert_true(mock_offered(w.m) & VIRTIO_BIT(VIRTIO_9P_F_MOUNT_TAG));
	end(&w);
}

static void test_messages_go_whole_and_answers_find_their_request(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct world w = begin(kind, NULL);
		struct mock_used u;
		int a = post(&w, TREAD, 1, 23, 4096), b = post(&w, TCLUNK, 2, 11, 64);

		assert_int_equal(hear_tag(&w, TREAD), 1);
		assert_int_equal(hear_tag(&w, TCLUNK), 2);
		say(&w, RCLUNK, 2, 7);
		assert_true(mock_wait(w.m, 0, &u));
		assert_int_equal(u.id, b);
		assert_int_equal(u.len, 7);
		say(&w, RREAD, 1, 4096);
		assert_true(mock_wait(w.m, 0, &u));
		assert_int_equal(u.id, a);
		assert_int_equal(u.len, 4096);
		assert_int_equal(u.in[4095], 0x5c);
		end(&w);
	}
}

static void test_the_longest_messages_pass_while_the_server_is_slow(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct world w = begin(kind, NULL);
		struct mock_used u;

		for (uint16_t i = 0; i < 32; i++)
			assert_true(post(&w, TREAD, i, P9_MAX_MESSAGE, 64) >= 0);
		for (uint16_t i = 0; i < 32; i++)
			assert_int_equal(hear_tag(&w, TREAD), i);
		for (uint16_t i = 32; i-- > 0;) {
			say(&w, RCLUNK, i, 7);
			assert_true(mock_wait(w.m, 0, &u));
		}
		assert_int_equal(mock_in_flight(w.m, 0), 0);
		assert_int_equal(p9_stats(w.dev).answers, 32);
		end(&w);
	}
}

static void test_what_is_no_request_is_answered_here(void **state)
{
	struct world w = begin(0, NULL);
	struct mock_used u;
	uint8_t msg[64] = { 0 };
	static const struct {
		uint32_t size;
		uint8_t type;
		uint32_t ecode;
	} bad[] = { { 6, TREAD, EINVAL }, { 65, TREAD, EINVAL }, { 20, RREAD, EINVAL },
		{ P9_MAX_MESSAGE + 1, TREAD, EMSGSIZE }, { UINT32_MAX, TREAD, EMSGSIZE } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		head(msg, bad[i].size, bad[i].type, 9);
		assert_true(mock_post(w.m, 0, msg, sizeof(msg), 64) >= 0);
		assert_true(mock_wait(w.m, 0, &u));
		assert_int_equal(error_of(&u), bad[i].ecode);
	}
	assert_int_equal(p9_stats(w.dev).requests, 0);
	assert_int_equal(p9_stats(w.dev).rejected, ARRAY_SIZE(bad));
	end(&w);
}

static void test_two_requests_with_one_tag_are_one_too_many(void **state)
{
	struct world w = begin(0, NULL);
	struct mock_used u;

	(void)state;
	assert_true(post(&w, TREAD, 5, 23, 64) >= 0);
	assert_true(post(&w, TREAD, 5, 23, 64) >= 0);
	assert_true(mock_wait(w.m, 0, &u));
	assert_int_equal(error_of(&u), EINVAL);
	end(&w);
}

static void test_a_request_without_room_latches_the_queue(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct world w = begin(0, NULL);

		if (i == 0)
			assert_true(post(&w, TREAD, 5, 23, 10) >= 0);
		else
			assert_true(mock_post(w.m, 0, "short", 5, 64) >= 0);
		mock_turn(w.m);
		assert_true(mock_needs_reset(w.m));
		end(&w);
	}
}

static void test_an_answer_that_does_not_fit_is_an_error(void **state)
{
	struct world w = begin(0, NULL);
	struct mock_used u;

	(void)state;
	assert_true(post(&w, TREAD, 5, 23, 64) >= 0);
	assert_int_equal(hear_tag(&w, TREAD), 5);
	say(&w, RREAD, 5, 65);
	assert_true(mock_wait(w.m, 0, &u));
	assert_int_equal(error_of(&u), EMSGSIZE);
	end(&w);
}

static void test_answers_to_nothing_are_counted_and_forgotten(void **state)
{
	struct world w = begin(0, NULL);
	struct mock_used u;

	(void)state;
	say(&w, RREAD, 77, 20);
	assert_true(post(&w, TREAD, 5, 23, 64) >= 0);
	assert_int_equal(hear_tag(&w, TREAD), 5);
	say(&w, RREAD, 5, 20);
	assert_true(mock_wait(w.m, 0, &u));
	assert_int_equal(u.len, 20);
	assert_int_equal(p9_stats(w.dev).stray, 1);
	end(&w);
}

static int flush(struct world *w, uint16_t tag, uint16_t old)
{
	uint8_t msg[9];
	le16 o = le16_of(old);

	head(msg, sizeof(msg), P9_TFLUSH, tag);
	memcpy(msg + 7, &o, sizeof(o));
	return mock_post(w->m, 0, msg, sizeof(msg), 64);
}

static void test_a_flushed_request_comes_back_empty_before_the_flush_does(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct world w = begin(kind, NULL);
		struct mock_used u;
		int a = post(&w, TREAD, 1, 23, 64), b = flush(&w, 2, 1);

		assert_int_equal(hear_tag(&w, TREAD), 1);
		assert_int_equal(hear_tag(&w, P9_TFLUSH), 2);
		say(&w, P9_RFLUSH, 2, 7);
		assert_true(mock_wait(w.m, 0, &u));
		assert_int_equal(u.id, a);
		assert_int_equal(u.len, 0);
		assert_true(mock_wait(w.m, 0, &u));
		assert_int_equal(u.id, b);
		assert_int_equal(u.len, 7);
		end(&w);
	}
}

static void test_a_flush_that_came_too_late_leaves_the_answer(void **state)
{
	struct world w = begin(0, NULL);
	struct mock_used u;
	int a = post(&w, TREAD, 1, 23, 64), b = flush(&w, 2, 1);

	(void)state;
	assert_int_equal(hear_tag(&w, TREAD), 1);
	assert_int_equal(hear_tag(&w, P9_TFLUSH), 2);
	say(&w, RREAD, 1, 30);
	say(&w, P9_RFLUSH, 2, 7);
	assert_true(mock_wait(w.m, 0, &u));
	assert_int_equal(u.id, a);
	assert_int_equal(u.len, 30);
	assert_true(mock_wait(w.m, 0, &u));
	assert_int_equal(u.id, b);
	end(&w);
}

static void test_a_flush_of_itself_is_only_answered(void **state)
{
	struct world w = begin(0, NULL);
	struct mock_used u;

	(void)state;
	assert_true(flush(&w, 2, 2) >= 0);
	assert_int_equal(hear_tag(&w, P9_TFLUSH), 2);
	say(&w, P9_RFLUSH, 2, 7);
	assert_true(mock_wait(w.m, 0, &u));
	assert_int_equal(u.len, 7);
	assert_int_equal(p9_stats(w.dev).flushed, 0);
	end(&w);
}

static void test_after_a_reset_the_old_session_is_ended_first(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct world w = begin(kind, NULL);
		struct mock_used u;

		assert_true(post(&w, TREAD, 1, 23, 64) >= 0);
		assert_int_equal(hear_tag(&w, TREAD), 1);
		mock_start(w.m, MOCK_ALL_FEATURES);
		/* A request of the new session with the tag of one from before. */
		assert_true(post(&w, TREAD, 1, 23, 64) >= 0);
		assert_int_equal(hear_tag(&w, P9_TVERSION), P9_NOTAG);
		say(&w, RREAD, 1, 50); /* the old one's */
		say(&w, P9_RVERSION, P9_NOTAG, 21);
		assert_int_equal(hear_tag(&w, TREAD), 1);
		say(&w, RREAD, 1, 60);
		assert_true(mock_wait(w.m, 0, &u));
		assert_int_equal(u.len, 60);
		end(&w);
	}
}

static bool needs_reset(void *arg)
{
	return mock_needs_reset(arg);
}

static void test_a_server_that_is_gone_leaves_a_device_that_needs_a_reset(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct world w = begin(kind, NULL);

		assert_true(post(&w, TREAD, 1, 23, 64) >= 0);
		fd_close(&w.server);
		assert_true(mock_until(w.m, needs_reset, w.m));
		mock_reset(w.m);
		assert_true(mock_negotiate(w.m, 0));
		mock_go(w.m);
		assert_true(mock_needs_reset(w.m));
		end(&w);
	}
}

static void test_a_server_that_speaks_something_else_is_left(void **state)
{
	static const uint8_t sizes[][7] = { { 6, 0, 0, 0, RREAD, 1, 0 },
		{ 0, 0, 0, 0, RREAD, 1, 0 }, { 1, 0, 1, 0, RREAD, 1, 0 },
		{ 255, 255, 255, 255, RREAD, 1, 0 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct world w = begin(0, NULL);

		assert_int_equal(send(w.server, sizes[i], 7, MSG_NOSIGNAL), 7);
		assert_true(mock_until(w.m, needs_reset, w.m));
		end(&w);
	}
}

static void test_a_device_without_a_server_cannot_start(void **state)
{
	const struct p9_config cfg = { .tag = "test/9p", .mount_tag = "none" };
	struct mock *m = mock_new(0);
	struct p9_port *port;
	struct vdev *dev;

	(void)state;
	assert_int_equal(p9_port_null_new(&port), 0);
	assert_int_equal(p9_new(&dev, port, &cfg), 0);
	mock_attach(m, dev);
	assert_true(mock_negotiate(m, 0));
	mock_go(m);
	assert_true(mock_needs_reset(m));
	mock_free(m);
}

/* ---- diod ---- */

/* Appends to a message: a number of n bytes, or a string with its length. */
static void add(uint8_t *msg, uint32_t *len, uint64_t v, unsigned int n)
{
	memcpy(msg + *len, &v, n);
	*len += n;
}

static void add_string(uint8_t *msg, uint32_t *len, const char *s)
{
	add(msg, len, strlen(s), 2);
	memcpy(msg + *len, s, strlen(s));
	*len += (uint32_t)strlen(s);
}

static uint8_t ask(struct world *w, uint8_t *msg, uint32_t len, uint8_t type, uint8_t *in,
	uint32_t room, uint32_t *got)
{
	int n;

	head(msg, len, type, type == P9_TVERSION ? P9_NOTAG : 1);
	n = mock_send(w->m, 0, msg, len, in, room);
	assert_true(n >= 7);
	*got = (uint32_t)n;
	return in[4];
}

static void test_a_file_is_read_through_diod(void **state)
{
	char folder[] = "/tmp/dyno-p9-XXXXXX", path[64];
	uint8_t msg[256], in[8192];
	uint32_t len, got;
	struct world w;
	pid_t pid;
	FILE *f;

	(void)state;
	if (access("/usr/sbin/diod", X_OK) != 0) {
		print_message("skipped: the package diod is not installed\n");
		skip();
	}
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs("what lies in the file", f);
	fclose(f);
	w = begin(0, folder);
	pid = fork();
	if (pid == 0) {
		dup2(w.server, 0);
		execl("/usr/sbin/diod", "diod", "-f", "-n", "-N", "-c", "/dev/null", "-L", "stderr",
			"-r", "0", "-w", "0", "-e", folder, (char *)NULL);
		_exit(127);
	}
	fd_close(&w.server);

	len = 7;
	add(msg, &len, 1u << 20, 4);
	add_string(msg, &len, "9P2000.L");
	assert_int_equal(ask(&w, msg, len, P9_TVERSION, in, sizeof(in), &got), P9_RVERSION);
	len = 7;
	add(msg, &len, 1, 4);
	add(msg, &len, UINT32_MAX, 4);
	add_string(msg, &len, "nobody"); /* as Linux does first */
	add_string(msg, &len, ""); /* the device names the tree */
	add(msg, &len, UINT32_MAX, 4);
	assert_int_equal(ask(&w, msg, len, P9_TATTACH, in, sizeof(in), &got), P9_TATTACH + 1);
	len = 7;
	add(msg, &len, 1, 4);
	add(msg, &len, 2, 4);
	add(msg, &len, 1, 2);
	add_string(msg, &len, "file");
	assert_int_equal(ask(&w, msg, len, 110, in, sizeof(in), &got), 111); /* walk */
	len = 7;
	add(msg, &len, 2, 4);
	add(msg, &len, 0, 4);
	assert_int_equal(ask(&w, msg, len, 12, in, sizeof(in), &got), 13); /* lopen */
	len = 7;
	add(msg, &len, 2, 4);
	add(msg, &len, 0, 8);
	add(msg, &len, 4096, 4);
	assert_int_equal(ask(&w, msg, len, TREAD, in, sizeof(in), &got), RREAD);
	assert_int_equal(got, 11 + 21);
	assert_memory_equal(in + 11, "what lies in the file", 21);

	/* A reset in the middle ends the session; the next works. */
	mock_start(w.m, 0);
	len = 7;
	add(msg, &len, 1u << 20, 4);
	add_string(msg, &len, "9P2000.L");
	assert_int_equal(ask(&w, msg, len, P9_TVERSION, in, sizeof(in), &got), P9_RVERSION);
	end(&w);
	assert_int_equal(waitpid(pid, NULL, 0), pid); /* it ends with its connection */
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_guest_reads_the_mount_tag),
		cmocka_unit_test(test_messages_go_whole_and_answers_find_their_request),
		cmocka_unit_test(test_the_longest_messages_pass_while_the_server_is_slow),
		cmocka_unit_test(test_what_is_no_request_is_answered_here),
		cmocka_unit_test(test_two_requests_with_one_tag_are_one_too_many),
		cmocka_unit_test(test_a_request_without_room_latches_the_queue),
		cmocka_unit_test(test_an_answer_that_does_not_fit_is_an_error),
		cmocka_unit_test(test_answers_to_nothing_are_counted_and_forgotten),
		cmocka_unit_test(test_a_flushed_request_comes_back_empty_before_the_flush_does),
		cmocka_unit_test(test_a_flush_that_came_too_late_leaves_the_answer),
		cmocka_unit_test(test_a_flush_of_itself_is_only_answered),
		cmocka_unit_test(test_after_a_reset_the_old_session_is_ended_first),
		cmocka_unit_test(test_a_server_that_is_gone_leaves_a_device_that_needs_a_reset),
		cmocka_unit_test(test_a_server_that_speaks_something_else_is_left),
		cmocka_unit_test(test_a_device_without_a_server_cannot_start),
		cmocka_unit_test(test_a_file_is_read_through_diod),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
