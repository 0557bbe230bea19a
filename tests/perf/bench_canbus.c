/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames per second through the built-in bus with 8 ports on one thread, lossless: every node sends
 * within its window, every frame is heard by the 7 others. Prints one JSON object.
 *
 * usage: bench_canbus [seconds [ports [fd-payload-bytes]]]
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "base/proto/can_port.h"
#include "sim/canbus/canbus.h"

#define MAX_NODES 32

struct node {
	int fd;
	uint32_t outstanding, serial;
	uint64_t sent, acked, nacked, heard;
};

static struct node nodes[MAX_NODES];
static unsigned int n_nodes = 8, payload;
static double seconds = 3;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void *bus_thread(void *arg)
{
	if (ev_loop_run(arg) < 0)
		die("ev_loop_run");
	return NULL;
}

/* Fills packets up to the window. */
static void node_fill(struct node *n, unsigned int index)
{
	while (n->outstanding + 64 <= CAN_PORT_WINDOW) {
		struct can_packet p;

		p.len = 0;
		for (unsigned int i = 0; i < 64; i++) {
			struct can_rec_frame r = { .h = { .serial = n->serial++,
							   .kind = CAN_REC_FRAME,
							   .mtu = payload ? CANFD_MTU : CAN_MTU },
				.f = { .can_id = 0x100 + index,
					.len = payload ? (uint8_t)payload : 8 } };

			memcpy(r.f.data, &n->sent, sizeof(n->sent));
			if (!can_packet_add(&p, &r)) {
				n->serial--;
				break;
			}
			n->sent++;
			n->outstanding++;
		}
		if (send(n->fd, p.b, p.len, 0) != (ssize_t)p.len)
			die("send");
	}
}

static void node_read(struct node *n)
{
	static uint8_t buf[CAN_PORT_PACKET_BYTES];
	ssize_t len;

	while ((len = recv(n->fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		struct can_rec_frame r;
		uint32_t off = 0;

		while (can_packet_next(buf, (uint32_t)len, &off, &r) > 0) {
			if (r.h.kind == CAN_REC_FRAME) {
				n->heard++;
			} else if (r.h.kind == CAN_REC_ACK || r.h.kind == CAN_REC_NACK) {
				n->outstanding--;
				n->acked += r.h.kind == CAN_REC_ACK;
				n->nacked += r.h.kind == CAN_REC_NACK;
			}
		}
	}
	if (len < 0 && errno != EAGAIN)
		die("recv");
}

/* All nodes on one thread: the bus has the other one. Returns false when nothing came. */
static bool turn(bool fill)
{
	struct pollfd pfd[MAX_NODES];
	int n;

	for (unsigned int i = 0; i < n_nodes; i++)
		pfd[i] = (struct pollfd){ .fd = nodes[i].fd, .events = POLLIN };
	n = poll(pfd, n_nodes, 500);
	for (unsigned int i = 0; i < n_nodes; i++) {
		if (pfd[i].revents & POLLIN)
			node_read(&nodes[i]);
	}
	for (unsigned int i = 0; i < n_nodes && fill; i++)
		node_fill(&nodes[i], i);
	return n > 0;
}

int main(int argc, char **argv)
{
	struct can_rec_frame start = { .h = { .kind = CAN_REC_START } };
	struct canbus_config cfg = { .name = "bench" };
	uint64_t t0, t1, sent = 0, acked = 0, heard = 0, nacked = 0;
	struct can_packet p = { .len = 0 };
	struct canbus_stats st;
	struct ev_loop *loop;
	struct canbus *bus;
	pthread_t thread;

	if (argc > 1)
		seconds = strtod(argv[1], NULL);
	if (argc > 2)
		n_nodes = (unsigned int)strtoul(argv[2], NULL, 10);
	if (argc > 3)
		payload = (unsigned int)strtoul(argv[3], NULL, 10);
	if (n_nodes < 2 || n_nodes > MAX_NODES)
		n_nodes = 8;
	if (ev_loop_new(&loop) < 0 || canbus_new(&bus, loop, &cfg) < 0)
		die("canbus_new");
	(void)can_packet_add(&p, &start);
	for (unsigned int i = 0; i < n_nodes; i++) {
		int fds[2];
		char name[16];

		(void)snprintf(name, sizeof(name), "node%u", i);
		if (ipc_pair(fds, 0) < 0 || canbus_add_port(bus, fds[0], name, NULL) < 0)
			die("port");
		nodes[i].fd = fds[1];
		if (ipc_send(fds[1], p.b, p.len, NULL, 0) < 0)
			die("start");
	}
	/* Everybody is there before the first frame, else not everyone would hear it. */
	for (unsigned int i = 0; i < 10; i++) {
		if (ev_loop_turn(loop, 10) < 0)
			die("ev_loop_turn");
	}
	if (pthread_create(&thread, NULL, bus_thread, loop) != 0)
		die("pthread_create");
	t0 = clock_now_ns();
	for (unsigned int i = 0; i < n_nodes; i++)
		node_fill(&nodes[i], i);
	while (clock_now_ns() - t0 < (uint64_t)(seconds * 1e9))
		(void)turn(true);
	t1 = clock_now_ns();
	for (unsigned int i = 0; i < n_nodes; i++)
		acked += nodes[i].acked;
	printf("{\"ports\": %u, \"payload_bytes\": %u, \"seconds\": %.3f, ", n_nodes,
		payload ? payload : 8, (double)(t1 - t0) * 1e-9);
	printf("\"frames_per_s\": %.0f, ", (double)acked * 1e9 / (double)(t1 - t0));
	while (turn(false))
		;
	ev_loop_stop(loop);
	pthread_join(thread, NULL);
	acked = 0;
	for (unsigned int i = 0; i < n_nodes; i++) {
		sent += nodes[i].sent;
		acked += nodes[i].acked;
		nacked += nodes[i].nacked;
		heard += nodes[i].heard;
	}
	canbus_get_stats(bus, &st);
	printf("\"sent\": %lu, \"acked\": %lu, \"nacked\": %lu, \"heard\": %lu, \"dropped\": %lu, "
	       "\"lossless\": %s}\n",
		(unsigned long)sent, (unsigned long)acked, (unsigned long)nacked,
		(unsigned long)heard, (unsigned long)st.dropped,
		acked == sent && heard == sent * (n_nodes - 1) ? "true" : "false");
	canbus_free(bus);
	for (unsigned int i = 0; i < n_nodes; i++)
		fd_close(&nodes[i].fd);
	ev_loop_free(loop);
	return 0;
}
