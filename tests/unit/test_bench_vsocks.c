/* SPDX-License-Identifier: Apache-2.0 */
/* The bench's side of vsock: the test plays the guests' devices and the programs of the host. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/ipc.h"
#include "base/proto/vsock_port.h"
#include "sim/bench/unix_socket.h"
#include "sim/bench/vsocks.h"

#define STREAM    1u
#define SEQPACKET 2u

static const char scenario_text[] =
	"duration: 1s\n"
	"guests:\n"
	"  a: {kernel: 'builtin:a', vsock: {listen: [{port: 80, path: www}], "
	"connect: [{port: 5, path: five}]}}\n"
	"  b: {kernel: 'builtin:b', vsock: true}\n"
	"  c: {kernel: 'builtin:c'}\n";

struct rig {
	struct scenario *s;
	struct ev_loop *loop;
	struct vsocks *v;
	char dir[64];
	int port[2]; /* the devices' ends, of a and b */
};

static void rig_open(struct rig *r)
{
	const struct scenario_opts opts = { .no_files = true };
	struct err e = { 0 };

	snprintf(r->dir, sizeof(r->dir), "/tmp/dyno-vsocks-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	assert_int_equal(scenario_load_text(scenario_text, sizeof(scenario_text) - 1, "test.yaml",
				 &opts, stderr, &r->s),
		0);
	assert_int_equal(ev_loop_new(&r->loop), 0);
	assert_int_equal(vsocks_new(&r->v, r->s, r->loop, r->dir, &e), 0);
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(vsocks_plug(r->v, i, &r->port[i], &e), 0);
}

static void rig_close(struct rig *r)
{
	vsocks_free(r->v);
	ipc_close_fds(r->port, 2);
	ev_loop_free(r->loop);
	scenario_free(r->s);
	/* Everything that was made there is gone. */
	assert_int_equal(rmdir(r->dir), 0);
}

static void turns(struct rig *r)
{
	for (int i = 0; i < 5; i++)
		assert_int_equal(ev_loop_turn(r->loop, 0), 0);
}

/* What device `g` is told; *fd is -1 where no descriptor came. */
static struct vsock_port_msg told(struct rig *r, int g, int *fd)
{
	struct vsock_port_msg m = { 0 };
	uint8_t buf[sizeof(m)];
	size_t n_fds = 0;
	ssize_t n;

	*fd = -1;
	turns(r);
	assert_int_equal(fd_set_nonblock(r->port[g], 1), 0);
	n = ipc_recv(r->port[g], buf, sizeof(buf), fd, 1, &n_fds);
	if (n_fds == 0)
		*fd = -1;
	assert_true(n > 0);
	assert_int_equal(vsock_port_parse(buf, (uint64_t)n, n_fds, true, &m), 0);
	return m;
}

static void says(struct rig *r, int g, struct vsock_port_msg m)
{
	assert_int_equal(ipc_send(r->port[g], &m, sizeof(m), NULL, 0), 0);
	turns(r);
}

static void connects(struct rig *r, int g, uint32_t type, uint32_t cid, uint32_t port)
{
	says(r, g,
		(struct vsock_port_msg){ .op = VSOCK_PORT_CONNECT,
			.id = 42,
			.type = type,
			.guest_port = 2000,
			.peer_port = port,
			.peer_cid = cid });
}

static void answers(struct rig *r, int g, uint32_t id, bool yes)
{
	says(r, g,
		(struct vsock_port_msg){
			.op = VSOCK_PORT_ANSWER, .id = id, .flags = yes ? VSOCK_PORT_OK : 0 });
}

/* A program of the host connects to a socket of the run's folder. */
static int program(struct rig *r, const char *name, int type)
{
	int fd;

	assert_int_equal(unix_connect(r->dir, name, type, &fd), 0);
	turns(r);
	return fd;
}

static void types(struct rig *r, int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	turns(r);
}

static void expect_text(int fd, const char *text)
{
	char buf[64] = "";

	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), strlen(text));
	assert_string_equal(buf, text);
}

static void expect_closed(int fd)
{
	char c;
	ssize_t n = recv(fd, &c, 1, MSG_DONTWAIT);

	assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
	fd_close(&fd);
}

static void expect_joined(int a, int b)
{
	assert_int_equal(send(a, "ping", 4, 0), 4);
	expect_text(b, "ping");
	assert_int_equal(send(b, "pong", 4, 0), 4);
	expect_text(a, "pong");
	fd_close(&a);
	fd_close(&b);
}

static void test_program_reaches_a_guest_after_its_greeting(void **state)
{
	struct vsock_port_msg m;
	struct rig r;
	int fd, end;

	(void)state;
	rig_open(&r);
	fd = program(&r, "a.vsock", SOCK_STREAM);
	/* In pieces, and with what is for the guest right behind it. */
	types(&r, fd, "CONN");
	types(&r, fd, "ECT 5000\nhello");
	m = told(&r, 0, &end);
	assert_int_equal(m.op, VSOCK_PORT_OFFER);
	assert_int_equal(m.type, STREAM);
	assert_int_equal(m.guest_port, 5000);
	assert_int_equal(m.peer_cid, 2);
	answers(&r, 0, m.id, true);
	m = told(&r, 0, &end);
	assert_int_equal(m.op, VSOCK_PORT_HAND);
	assert_true(end >= 0);
	expect_text(fd, "OK 1073741824\n");
	expect_text(end, "hello");
	fd_close(&end);
	fd_close(&fd);
	rig_close(&r);
}

static void test_bad_greetings_are_hung_up_on(void **state)
{
	static const char *const bad[] = { "GET / HTTP/1.1\n", "CONNECT \n", "CONNECT 4294967296\n",
		"CONNECT 12x\n", "CONNECT -1\n", "connect 5\n",
		"CONNECT 00000000000000000000000000000000000" };
	struct rig r;

	(void)state;
	rig_open(&r);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int fd = program(&r, "a.vsock", SOCK_STREAM);

		types(&r, fd, bad[i]);
		expect_closed(fd);
	}
	rig_close(&r);
}

static void test_refused_offer_hangs_up_on_the_program(void **state)
{
	struct vsock_port_msg m;
	struct rig r;
	int fd, end;

	(void)state;
	rig_open(&r);
	fd = program(&r, "a.vsock", SOCK_STREAM);
	types(&r, fd, "CONNECT 1\n");
	m = told(&r, 0, &end);
	answers(&r, 0, m.id, false);
	expect_closed(fd);
	/* A late yes finds nobody. */
	answers(&r, 0, m.id, true);
	m = told(&r, 0, &end);
	assert_int_equal(m.op, VSOCK_PORT_HAND);
	assert_int_equal(end, -1);
	rig_close(&r);
}

static void test_seqpacket_program_greets_with_a_message(void **state)
{
	struct vsock_port_msg m;
	struct rig r;
	int fd, end;

	(void)state;
	rig_open(&r);
	fd = program(&r, "b.vsock-seqpacket", SOCK_SEQPACKET);
	types(&r, fd, "CONNECT 9\n");
	m = told(&r, 1, &end);
	assert_int_equal(m.type, SEQPACKET);
	answers(&r, 1, m.id, true);
	m = told(&r, 1, &end);
	assert_int_equal(m.flags, VSOCK_PORT_OK);
	expect_text(fd, "OK 1073741824\n");
	expect_joined(fd, end);
	rig_close(&r);
}

static void test_listening_socket_of_the_scenario_needs_no_greeting(void **state)
{
	struct vsock_port_msg m;
	struct rig r;
	int fd, end;

	(void)state;
	rig_open(&r);
	fd = program(&r, "www", SOCK_STREAM);
	m = told(&r, 0, &end);
	assert_int_equal(m.op, VSOCK_PORT_OFFER);
	assert_int_equal(m.guest_port, 80);
	answers(&r, 0, m.id, true);
	(void)told(&r, 0, &end);
	expect_joined(fd, end);
	rig_close(&r);
}

static void test_guest_reaches_the_program_that_listens(void **state)
{
	static const struct {
		const char *name;
		uint32_t port, type;
		int kind;
	} at[] = { { "a.vsock_700", 700, STREAM, SOCK_STREAM }, { "five", 5, STREAM, SOCK_STREAM },
		{ "a.vsock_9", 9, SEQPACKET, SOCK_SEQPACKET } };
	struct rig r;

	(void)state;
	rig_open(&r);
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		struct vsock_port_msg m;
		int listener, fd, end;

		assert_int_equal(unix_listen(r.dir, at[i].name, at[i].kind, 4, &listener), 0);
		connects(&r, 0, at[i].type, 2, at[i].port);
		m = told(&r, 0, &end);
		assert_int_equal(m.op, VSOCK_PORT_RESULT);
		assert_int_equal(m.id, 42);
		assert_int_equal(m.flags, VSOCK_PORT_OK);
		fd = accept(listener, NULL, NULL);
		assert_true(fd >= 0);
		expect_joined(fd, end);
		fd_close(&listener);
		unix_remove(r.dir, at[i].name);
	}
	rig_close(&r);
}

static void test_guest_is_refused_where_nobody_listens(void **state)
{
	struct vsock_port_msg m;
	struct rig r;
	int end;

	(void)state;
	rig_open(&r);
	connects(&r, 0, STREAM, 2, 1);
	m = told(&r, 0, &end);
	assert_int_equal(m.op, VSOCK_PORT_RESULT);
	assert_int_equal(m.flags, 0);
	/* A guest without the device; nobody's context. */
	connects(&r, 0, STREAM, 5, 1);
	assert_int_equal(told(&r, 0, &end).flags, 0);
	connects(&r, 0, STREAM, 77, 1);
	assert_int_equal(told(&r, 0, &end).flags, 0);
	rig_close(&r);
}

static void test_guest_reaches_another_guest(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r);
	for (uint32_t type = STREAM; type <= SEQPACKET; type++) {
		struct vsock_port_msg m;
		int a, b, none;

		connects(&r, 0, type, 4, 6000);
		m = told(&r, 1, &none);
		assert_int_equal(m.op, VSOCK_PORT_OFFER);
		assert_int_equal(m.peer_cid, 3);
		assert_int_equal(m.guest_port, 6000);
		assert_int_equal(m.peer_port, 2000);
		answers(&r, 1, m.id, true);
		m = told(&r, 1, &b);
		assert_int_equal(m.op, VSOCK_PORT_HAND);
		assert_int_equal(
			m.flags & VSOCK_PORT_FRAMED, type == SEQPACKET ? VSOCK_PORT_FRAMED : 0);
		m = told(&r, 0, &a);
		assert_int_equal(m.op, VSOCK_PORT_RESULT);
		assert_int_equal(m.id, 42);
		expect_joined(a, b);
	}
	rig_close(&r);
}

static void test_guest_that_ends_refuses_what_it_was_offered(void **state)
{
	struct vsock_port_msg m;
	struct rig r;
	struct err e;
	int fd, none;

	(void)state;
	rig_open(&r);
	connects(&r, 0, STREAM, 4, 6000);
	fd = program(&r, "b.vsock", SOCK_STREAM);
	types(&r, fd, "CONNECT 1\n");
	fd_close(&r.port[1]);
	m = told(&r, 0, &none);
	assert_int_equal(m.op, VSOCK_PORT_RESULT);
	assert_int_equal(m.flags, 0);
	expect_closed(fd);
	/* Nobody there: at once. */
	connects(&r, 0, STREAM, 4, 6000);
	assert_int_equal(told(&r, 0, &none).flags, 0);
	/* Its successor knows nothing of what came before. */
	assert_int_equal(vsocks_plug(r.v, 1, &r.port[1], &e), 0);
	connects(&r, 1, STREAM, 3, 1);
	m = told(&r, 0, &none);
	assert_int_equal(vsocks_plug(r.v, 1, &fd, &e), 0);
	answers(&r, 0, m.id, true);
	assert_int_equal(fd_set_nonblock(fd, 1), 0);
	assert_int_equal(recv(fd, &m, sizeof(m), 0), -1);
	fd_close(&fd);
	(void)told(&r, 0, &none);
	fd_close(&none);
	rig_close(&r);
}

static void test_offers_without_an_answer_are_bounded(void **state)
{
	struct rig r;
	int none, refused = 0;

	(void)state;
	rig_open(&r);
	for (int i = 0; i < VSOCK_PORT_PENDING + 3; i++)
		connects(&r, 0, STREAM, 4, 6000);
	for (int i = 0; i < 3; i++) {
		struct vsock_port_msg m = told(&r, 0, &none);

		assert_int_equal(m.op, VSOCK_PORT_RESULT);
		refused += m.flags == 0;
	}
	assert_int_equal(refused, 3);
	rig_close(&r);
}

static void test_contexts_of_guests_differ(void **state)
{
	static const char same[] = "duration: 1s\n"
				   "guests:\n"
				   "  a: {kernel: 'builtin:a', vsock: true}\n"
				   "  b: {kernel: 'builtin:b', vsock: {cid: 3}}\n";
	const struct scenario_opts opts = { .no_files = true };
	struct scenario *s = NULL;
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(
		scenario_load_text(same, sizeof(same) - 1, "t.yaml", &opts, f, &s), -EINVAL);
	fclose(f);
	assert_non_null(strstr(text, "guest \"b\" has context 3, as guest \"a\" has"));
	free(text);
}

static void test_socket_that_somebody_listens_on_is_not_replaced(void **state)
{
	struct vsocks *second = NULL;
	struct err e = { 0 };
	struct rig r;

	(void)state;
	rig_open(&r);
	assert_int_equal(vsocks_new(&second, r.s, r.loop, r.dir, &e), -EADDRINUSE);
	assert_non_null(strstr(e.text, "a.vsock"));
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_program_reaches_a_guest_after_its_greeting),
		cmocka_unit_test(test_bad_greetings_are_hung_up_on),
		cmocka_unit_test(test_refused_offer_hangs_up_on_the_program),
		cmocka_unit_test(test_seqpacket_program_greets_with_a_message),
		cmocka_unit_test(test_listening_socket_of_the_scenario_needs_no_greeting),
		cmocka_unit_test(test_guest_reaches_the_program_that_listens),
		cmocka_unit_test(test_guest_is_refused_where_nobody_listens),
		cmocka_unit_test(test_guest_reaches_another_guest),
		cmocka_unit_test(test_guest_that_ends_refuses_what_it_was_offered),
		cmocka_unit_test(test_offers_without_an_answer_are_bounded),
		cmocka_unit_test(test_contexts_of_guests_differ),
		cmocka_unit_test(test_socket_that_somebody_listens_on_is_not_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
