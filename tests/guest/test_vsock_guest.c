/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conformance guest's socket part against programs of the host, with the bench's own code
 * between them: assets/guests/conformance/vsock.c says what they do.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "sim/bench/unix_socket.h"
#include "sim/bench/vsocks.h"
#include "tests/support/vm_expect.h"

#define ECHO_MAX  (64 * 1024)
#define MAX_CONNS 8

enum { SLEEPER, ECHO, ECHO_MESSAGES, BACK, LISTENERS };

static const struct {
	const char *name;
	int type;
} listeners[LISTENERS] = {
	[SLEEPER] = { "guest.vsock_6", SOCK_STREAM },
	[ECHO] = { "guest.vsock_7", SOCK_STREAM },
	[BACK] = { "guest.vsock_8", SOCK_STREAM },
	[ECHO_MESSAGES] = { "guest.vsock_10", SOCK_SEQPACKET },
};

static const char scenario_text[] = "duration: 1s\n"
				    "guests:\n"
				    "  guest: {kernel: 'builtin:conformance', vsock: {cid: 7}}\n";

struct world {
	struct scenario *s;
	struct ev_loop *loop;
	struct vsocks *v;
	char dir[64];
	int port, stop[2], listener[LISTENERS];
	pthread_t bench, programs;
};

static int listen_at(struct world *w, int i)
{
	int fd;

	assert_int_equal(unix_listen(w->dir, listeners[i].name, listeners[i].type, 8, &fd), 0);
	return fd;
}

/* Talks to the guest's port 9 as any user's program would. False: nobody listened there. */
static bool greeted(int fd)
{
	struct timeval limit = { .tv_sec = 10 };
	char buf[64] = "";
	size_t len = 0;

	(void)!fd_set_nonblock(fd, 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (send(fd, "CONNECT 9\nhello", 15, MSG_NOSIGNAL) != 15)
		return false;
	while (len < sizeof(buf) - 1) {
		ssize_t n = recv(fd, buf + len, sizeof(buf) - 1 - len, 0);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	return strncmp(buf, "OK ", 3) == 0 && strstr(buf, "\nworld");
}

/* The guest listens a little later than it asks to be called: refused, the program tries again. */
static void call_back(struct world *w)
{
	bool done = false;
	int fd;

	for (int i = 0; i < 100 && !done; i++) {
		if (unix_connect(w->dir, "guest.vsock", SOCK_STREAM, &fd) != 0)
			return;
		done = greeted(fd);
		fd_close(&fd);
		if (!done)
			usleep(20000);
	}
}

/* Echoes what is there; false at the end. */
static bool echo(int fd)
{
	static uint8_t buf[ECHO_MAX];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	for (ssize_t at = 0; at < n;) {
		/* Waits where the guest takes nothing. */
		ssize_t out = send(fd, buf + at, (size_t)(n - at), MSG_NOSIGNAL);

		if (out <= 0)
			return false;
		at += out;
	}
	return n > 0;
}

static void *play(void *ctx)
{
	struct world *w = ctx;
	struct pollfd p[1 + LISTENERS + MAX_CONNS];
	bool asleep[MAX_CONNS] = { false };

	for (size_t i = 0; i < sizeof(p) / sizeof(p[0]); i++)
		p[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	p[0].fd = w->stop[0];
	for (int i = 0; i < LISTENERS; i++)
		p[1 + i].fd = w->listener[i];
	while (poll(p, sizeof(p) / sizeof(p[0]), -1) >= 0 && !p[0].revents) {
		for (int i = 0; i < LISTENERS; i++) {
			int fd, slot = 0;

			if (!p[1 + i].revents)
				continue;
			fd = accept(p[1 + i].fd, NULL, NULL);
			while (slot < MAX_CONNS &&
				(p[1 + LISTENERS + slot].fd >= 0 || asleep[slot]))
				slot++;
			if (i == BACK || slot == MAX_CONNS) {
				fd_close(&fd);
				if (i == BACK)
					call_back(w);
				continue;
			}
			asleep[slot] = i == SLEEPER;
			/* (poll() passes over a negative one) */
			p[1 + LISTENERS + slot].fd = i == SLEEPER ? ~fd : fd;
		}
		for (int i = 0; i < MAX_CONNS; i++) {
			struct pollfd *c = &p[1 + LISTENERS + i];

			if (c->fd >= 0 && c->revents && !echo(c->fd))
				fd_close(&c->fd);
		}
	}
	for (int i = 0; i < MAX_CONNS; i++) {
		int fd = p[1 + LISTENERS + i].fd;

		fd = asleep[i] ? ~fd : fd;
		fd_close(&fd);
	}
	return NULL;
}

static void *run_bench(void *ctx)
{
	struct world *w = ctx;

	return ev_loop_run(w->loop) == 0 ? w : NULL;
}

static void world_open(struct world *w)
{
	const struct scenario_opts opts = { .no_files = true };
	struct err e = { 0 };

	*w = (struct world){ 0 };
	snprintf(w->dir, sizeof(w->dir), "/tmp/dyno-vsock-guest-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	assert_int_equal(scenario_load_text(scenario_text, sizeof(scenario_text) - 1, "t.yaml",
				 &opts, stderr, &w->s),
		0);
	assert_int_equal(ev_loop_new(&w->loop), 0);
	assert_int_equal(vsocks_new(&w->v, w->s, w->loop, w->dir, &e), 0);
	assert_int_equal(vsocks_plug(w->v, 0, &w->port, &e), 0);
	for (int i = 0; i < LISTENERS; i++)
		w->listener[i] = listen_at(w, i);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, w->stop), 0);
	assert_int_equal(pthread_create(&w->programs, NULL, play, w), 0);
	assert_int_equal(pthread_create(&w->bench, NULL, run_bench, w), 0);
}

static void world_close(struct world *w)
{
	(void)!write(w->stop[1], "x", 1);
	pthread_join(w->programs, NULL);
	ev_loop_stop(w->loop);
	pthread_join(w->bench, NULL);
	vsocks_free(w->v);
	for (int i = 0; i < LISTENERS; i++) {
		fd_close(&w->listener[i]);
		unix_remove(w->dir, listeners[i].name);
	}
	fd_close(&w->stop[0]);
	fd_close(&w->stop[1]);
	fd_close(&w->port);
	ev_loop_free(w->loop);
	scenario_free(w->s);
	assert_int_equal(rmdir(w->dir), 0);
}

static void run_guest(const char *cmdline)
{
	struct world w;
	struct vmh h;

	world_open(&w);
	vmh_start(&h, &(struct vmh_config){ .kernel = vm_guest("conformance"),
			      .cmdline = cmdline,
			      .more_take = json_pack("{s:[{s:s,s:i,s:i}]}", "devices", "type",
				      "vsock", "cid", 7, "fd", VMH_FD_FIRST),
			      .fds = &w.port,
			      .n_fds = 1 });
	vm_expect_passed(&h);
	vm_expect_said(&h, "PASS vsock.overrun");
	vmh_stop(&h);
	world_close(&w);
}

static void test_sockets_conform_with_split_rings(void **state)
{
	(void)state;
	run_guest("print=com1 only=vsock vsock=peer");
}

static void test_sockets_conform_with_packed_rings(void **state)
{
	(void)state;
	run_guest("print=com1 only=vsock vsock=peer ring=packed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sockets_conform_with_split_rings),
		cmocka_unit_test(test_sockets_conform_with_packed_rings),
	};
	const char *why = vmh_unable();

	if (why != NULL) {
		printf("skipped: %s\n", why);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
