/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conformance and hostile guests on dyno-vm: every verdict that they print must be PASS (or
 * SKIP), and the process must end in good order. A thread plays the rest of the world: the bus that
 * assets/guests/conformance/can.c describes, and a console port that echoes.
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

#include "base/proto/can_port.h"
#include "sim/netswitch/fabric.h"
#include "tests/support/vm_expect.h"

/* Identifiers that the bus treats specially. */
#define HOLD       0x700u
#define BUSOFF_NOW 0x710u

struct world {
	int can[2], echo[2], text[2], net[2], stop[2]; /* [0]: ours, [1]: the machine's */
	struct ev_loop *net_loop;
	struct netfabric *fabric; /* takes net[0] */
	pthread_t net_thread;
	uint32_t held; /* serial of the frame with identifier HOLD */
	bool holds;
	pthread_t thread;
};

static void say(int fd, const struct can_rec_frame *r)
{
	static struct can_packet p;

	p.len = 0;
	assert_true(can_packet_add(&p, r));
	(void)!send(fd, p.b, p.len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void answer(int fd, uint8_t kind, uint32_t serial)
{
	say(fd, &(struct can_rec_frame){ .h = { .kind = kind, .serial = serial } });
}

static void on_frame(struct world *w, const struct can_rec_frame *r)
{
	struct can_rec_frame back = *r;
	int fd = w->can[0];

	if (r->f.can_id == HOLD) {
		w->held = r->h.serial;
		w->holds = true;
		return;
	}
	if (r->f.can_id == BUSOFF_NOW) {
		answer(fd, CAN_REC_NACK, r->h.serial);
		say(fd, &(struct can_rec_frame){
				.h = { .kind = CAN_REC_STATE, .flags = CAN_STATE_PORT_BUSOFF } });
		return;
	}
	answer(fd, CAN_REC_ACK, r->h.serial);
	back.h.serial = 0;
	back.f.can_id++;
	say(fd, &back);
}

static void on_packet(struct world *w)
{
	uint8_t buf[CAN_PORT_PACKET_BYTES];
	struct can_rec_frame r;
	uint32_t off = 0;
	ssize_t n = recv(w->can[0], buf, sizeof(buf), MSG_DONTWAIT);

	while (n > 0 && can_packet_next(buf, (uint32_t)n, &off, &r) == 1) {
		if (r.h.kind == CAN_REC_FRAME)
			on_frame(w, &r);
		/* A bus answers what it will never send when the controller leaves it. */
		if (r.h.kind == CAN_REC_STOP && w->holds) {
			w->holds = false;
			answer(w->can[0], CAN_REC_NACK, w->held);
		}
	}
}

static void *play(void *ctx)
{
	struct world *w = ctx;
	struct pollfd p[] = { { w->can[0], POLLIN, 0 }, { w->echo[0], POLLIN, 0 },
		{ w->text[0], POLLIN, 0 }, { w->stop[0], POLLIN, 0 } };
	char buf[4096];

	while (poll(p, 4, -1) >= 0 || errno == EINTR) {
		if (p[3].revents)
			break;
		if (p[0].revents & POLLIN)
			on_packet(w);
		if (p[1].revents & POLLIN) {
			ssize_t n = recv(w->echo[0], buf, sizeof(buf), MSG_DONTWAIT);

			if (n > 0)
				(void)!send(
					w->echo[0], buf, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
		}
		if (p[2].revents & POLLIN)
			(void)!recv(w->text[0], buf, sizeof(buf), MSG_DONTWAIT);
		/* A closed end would report for ever. */
		for (int i = 0; i < 3; i++) {
			if (p[i].revents & (POLLHUP | POLLERR))
				p[i].fd = -1;
		}
	}
	return NULL;
}

static void *play_network(void *ctx)
{
	struct world *w = ctx;

	return ev_loop_run(w->net_loop) == 0 ? w : NULL;
}

static void network_open(struct world *w)
{
	struct usernet_config user = { .restricted = true };
	struct netfabric_config cfg = { .user = &user };
	struct netfabric_line line = { .vlan = 0 };
	struct err e;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, w->net), 0);
	assert_int_equal(ev_loop_new(&w->net_loop), 0);
	assert_int_equal(netfabric_new(&w->fabric, w->net_loop, &cfg, &e), 0);
	assert_int_equal(netfabric_plug(w->fabric, "guest", &line, w->net[0]), 0);
	assert_int_equal(pthread_create(&w->net_thread, NULL, play_network, w), 0);
}

static void network_close(struct world *w)
{
	ev_loop_stop(w->net_loop);
	pthread_join(w->net_thread, NULL);
	assert_int_equal(netfabric_free(w->fabric), 0);
	ev_loop_free(w->net_loop);
	close(w->net[1]);
}

static void world_open(struct world *w)
{
	network_open(w);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, w->can), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, w->echo), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, w->text), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, w->stop), 0);
	assert_int_equal(pthread_create(&w->thread, NULL, play, w), 0);
}

static void world_close(struct world *w)
{
	int *pairs[] = { w->can, w->echo, w->text, w->stop };

	(void)!write(w->stop[1], "x", 1);
	pthread_join(w->thread, NULL);
	network_close(w);
	for (size_t i = 0; i < 4; i++) {
		close(pairs[i][0]);
		close(pairs[i][1]);
	}
}

static json_t *all_devices(void)
{
	/* can, console text, console echo are the descriptors behind the harness's own. */
	return json_pack("{s:[{s:s,s:s,s:i},{s:s},{s:s,s:[{s:s,s:b,s:i},{s:s,s:i}]},"
			 "{s:s,s:[{s:i,s:i,s:s},{s:i,s:i,s:s}]},"
			 "{s:s,s:s,s:i},{s:s,s:s,s:i},{s:s,s:s,s:i},{s:s,s:s,s:i},{s:s,s:i},"
			 "{s:s,s:[{s:s,s:i},{s:s,s:i}]}]}",
		"devices", "type", "can", "name", "can0", "fd", VMH_FD_FIRST, "type", "rng", "type",
		"console", "ports", "name", "hvc0", "console", 1, "fd", VMH_FD_FIRST + 1, "name",
		"echo", "fd", VMH_FD_FIRST + 2, "type", "gpu", "scanouts", "width", 640, "height",
		480, "name", "Left", "width", 320, "height", 240, "name", "Right", "type", "input",
		"kind", "touch", "scanout", 0, "type", "input", "kind", "keyboard", "scanout", 0,
		"type", "input", "kind", "pointer", "scanout", 1, "type", "net", "mac",
		"02:00:00:00:00:01", "fd", VMH_FD_FIRST + 3, "type", "vsock", "cid", 3, "type",
		"snd", "streams", "direction", "play", "channels", 2, "direction", "capture",
		"channels", 1);
}

static void run_guest(const char *name, const char *cmdline)
{
	struct world w = { .holds = false };
	struct vmh h;

	world_open(&w);
	vmh_start(&h, &(struct vmh_config){ .kernel = vm_guest(name),
			      .cmdline = cmdline,
			      .more_take = all_devices(),
			      .fds = (int[]){ w.can[1], w.text[1], w.echo[1], w.net[1] },
			      .n_fds = 4 });
	vm_expect_passed(&h);
	vmh_stop(&h);
	world_close(&w);
}

static void test_devices_conform_with_split_rings(void **state)
{
	(void)state;
	run_guest("conformance", "print=com1 can=peer");
}

static void test_devices_conform_with_packed_rings(void **state)
{
	(void)state;
	run_guest("conformance", "print=com1 can=peer ring=packed");
}

static void test_machine_outlives_a_hostile_driver(void **state)
{
	(void)state;
	run_guest("hostile", "print=com1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devices_conform_with_split_rings),
		cmocka_unit_test(test_devices_conform_with_packed_rings),
		cmocka_unit_test(test_machine_outlives_a_hostile_driver),
	};
	const char *why = vmh_unable();

	if (why != NULL) {
		printf("skipped: %s\n", why);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
