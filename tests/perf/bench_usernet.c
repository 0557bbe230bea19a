/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP through the gateway of a user network, against the loopback interface in the same run. The
 * guest is a network namespace of this machine with a tap interface in it; between the tap and the
 * gateway lies what dyno-vm and dyno have there, but for the virtqueues. Needs root and the module
 * tun. One JSON object on stdout with medians; `ratio` 1: as fast as loopback.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "base/proto/net_port.h"
#include "devices/net/link_port.h"
#include "devices/net/proto.h"
#include "sim/netswitch/fabric.h"
#include "tests/perf/perf.h"

#define ROUNDS       5
#define STREAM_BYTES (UINT64_C(96) << 20)
#define TRIPS        2000u
#define SKIPPED      77

enum what { SEND, RECEIVE, TRIP, KINDS };
static const char *const names[KINDS] = { "send", "receive", "round_trip" };

static _Noreturn void die(const char *what, int rc)
{
	fprintf(stderr, "bench_usernet: %s: %s\n", what, strerror(rc < 0 ? -rc : rc));
	exit(1);
}

/* ---- both ends of a connection ---- */

static void take(int fd, uint64_t bytes)
{
	static char b[1 << 18];

	while (bytes) {
		ssize_t n = recv(fd, b, MIN(bytes, sizeof(b)), 0);

		if (n <= 0)
			die("receive", n ? errno : EPIPE);
		bytes -= (uint64_t)n;
	}
}

static void give(int fd, uint64_t bytes)
{
	static char b[1 << 18];

	while (bytes) {
		ssize_t n = send(fd, b, MIN(bytes, sizeof(b)), MSG_NOSIGNAL);

		if (n <= 0)
			die("send", errno);
		bytes -= (uint64_t)n;
	}
}

static void work(int fd, enum what what, bool client)
{
	const int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (what == TRIP) {
		for (uint32_t i = 0; i < TRIPS; i++) {
			if (client)
				give(fd, 1);
			take(fd, 1);
			if (!client)
				give(fd, 1);
		}
	} else if ((what == SEND) == client) {
		give(fd, STREAM_BYTES);
		take(fd, 1); /* all was read */
	} else {
		take(fd, STREAM_BYTES);
		give(fd, 1);
	}
}

/* Serves one connection after the other: their order is the client's. */
static void *serve(void *arg)
{
	int listener = *(int *)arg;

	for (int i = 0; i < KINDS * ROUNDS; i++) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			die("accept", errno);
		work(fd, (enum what)(i / ROUNDS), false);
		close(fd);
	}
	return NULL;
}

static int listen_any(uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 4) < 0 ||
		getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		die("listen", errno);
	*port = ntohs(a.sin_port);
	return fd;
}

static void run_client(const char *address, uint16_t port, double out[KINDS][ROUNDS])
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	(void)inet_pton(AF_INET, address, &a.sin_addr);
	for (int i = 0; i < KINDS * ROUNDS; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		uint64_t t0;

		if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
			die("connect", errno);
		t0 = clock_now_ns();
		work(fd, (enum what)(i / ROUNDS), true);
		out[i / ROUNDS][i % ROUNDS] = (double)(clock_now_ns() - t0) / 1e9;
		close(fd);
	}
}

/* ---- the guest ---- */

static void set_up_interface(void)
{
	struct ifreq r = { .ifr_name = "tap0" };
	struct sockaddr_in *a = (struct sockaddr_in *)&r.ifr_addr;
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	a->sin_family = AF_INET;
	(void)inet_pton(AF_INET, "10.0.2.15", &a->sin_addr);
	if (s < 0 || ioctl(s, SIOCSIFADDR, &r) < 0)
		die("address", errno);
	(void)inet_pton(AF_INET, "255.255.255.0", &a->sin_addr);
	if (ioctl(s, SIOCSIFNETMASK, &r) < 0)
		die("netmask", errno);
	r.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(s, SIOCSIFFLAGS, &r) < 0)
		die("up", errno);
	close(s);
}

/* In a namespace of its own: opens the tap, gives it away, and is the client. */
static _Noreturn void guest(int ctl, uint16_t port)
{
	struct ifreq r = { .ifr_name = "tap0", .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	double out[KINDS][ROUNDS];
	char go;
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		_exit(SKIPPED);
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0)
		_exit(SKIPPED);
	set_up_interface();
	if (ipc_send(ctl, "t", 1, &fd, 1) < 0 || read(ctl, &go, 1) != 1)
		die("control", errno);
	run_client("10.0.2.2", port, out);
	if (write(ctl, out, sizeof(out)) != (ssize_t)sizeof(out))
		die("result", errno);
	_exit(0);
}

/* ---- in between ---- */

struct between {
	struct link_port *from, *to;
};

static bool on_rx(void *ctx, const struct virtio_net_hdr *h, const uint8_t *f, uint32_t len)
{
	struct between *b = ctx;
	/* As the device does with a guest's. */
	struct iovec v[2] = { [1] = { (void *)(uintptr_t)f, len } };
	uint8_t *to;

	if (b->to->ops->send(b->to, h, v, 1, len))
		return true;
	to = b->to->ops->reserve(b->to, len);
	if (!to)
		return false;
	memcpy(to, f, len);
	b->to->ops->commit(b->to, h, len);
	return true;
}

static void on_batch_end(void *ctx)
{
	struct between *b = ctx;

	b->to->ops->flush(b->to);
}

static void on_writable(void *ctx)
{
	struct between *b = ctx;

	/* This port has room: the other one may go on. */
	b->to->ops->resume(b->to);
}

static void on_gone(void *ctx)
{
	(void)ctx;
}

static void join(struct between *b, struct link_port *from, struct link_port *to, struct ev_loop *l)
{
	struct link_sink sink = { .rx = on_rx,
		.batch_end = on_batch_end,
		.writable = on_writable,
		.gone = on_gone,
		.ctx = b };
	int rc;

	*b = (struct between){ from, to };
	rc = from->ops->attach(from, l, &sink);
	if (!rc)
		rc = from->ops->features(from, NET_LINK_OFFLOADS & ~NET_LINK_USO);
	if (rc)
		die("port", rc);
}

static void *loop_main(void *loop)
{
	int rc = ev_loop_run(loop);

	if (rc)
		die("loop", rc);
	return NULL;
}

static void by_gateway(int ctl, int tap, double out[KINDS][ROUNDS])
{
	struct usernet_config user = { .mtu = 1500 };
	struct netfabric_config cfg = { .seed = 1, .user = &user };
	struct netfabric_line line = { 0 };
	struct ev_loop *vm = NULL, *bench = NULL;
	struct link_port *a = NULL, *b = NULL;
	struct between ab, ba;
	struct netfabric *f = NULL;
	pthread_t threads[2];
	int fds[2], rc = ipc_pair(fds, 1 << 20);
	struct err e = { .text = "" };

	if (rc || ev_loop_new(&vm) || ev_loop_new(&bench) || netfabric_new(&f, bench, &cfg, &e) ||
		netfabric_plug(f, "guest", &line, fds[0]) || link_port_tap_new(&a, tap) ||
		link_port_socket_new(&b, fds[1]))
		die("set-up", ENOMEM);
	join(&ab, a, b, vm);
	join(&ba, b, a, vm);
	if (pthread_create(&threads[0], NULL, loop_main, vm) ||
		pthread_create(&threads[1], NULL, loop_main, bench))
		die("thread", EAGAIN);
	if (write(ctl, "g", 1) != 1 || read(ctl, out, sizeof(double[KINDS][ROUNDS])) !=
					       (ssize_t)sizeof(double[KINDS][ROUNDS]))
		die("guest", EPIPE);
	ev_loop_stop(vm);
	ev_loop_stop(bench);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	link_port_free(a);
	link_port_free(b);
	(void)netfabric_free(f);
	ev_loop_free(vm);
	ev_loop_free(bench);
}

int main(void)
{
	double ours[KINDS][ROUNDS], floor[KINDS][ROUNDS];
	int pair[2], status, listener, tap = -1;
	pthread_t server;
	uint16_t port;
	size_t n = 0;
	char word;
	pid_t pid;

	listener = listen_any(&port);
	if (ipc_pair(pair, 0))
		die("sockets", errno);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		guest(pair[1], port);
	}
	close(pair[1]);
	if (pid < 0 || ipc_recv(pair[0], &word, 1, &tap, 1, &n) != 1 || n != 1) {
		fprintf(stderr, "skipped: no namespace with a tap interface (root, module tun)\n");
		return SKIPPED;
	}
	if (pthread_create(&server, NULL, serve, &listener))
		die("thread", EAGAIN);
	run_client("127.0.0.1", port, floor);
	pthread_join(server, NULL);
	if (pthread_create(&server, NULL, serve, &listener))
		die("thread", EAGAIN);
	by_gateway(pair[0], tap, ours);
	pthread_join(server, NULL);
	(void)waitpid(pid, &status, 0);
	printf("{\n");
	for (int k = 0; k < KINDS; k++) {
		double x, y;

		perf_sort(ours[k], ROUNDS);
		perf_sort(floor[k], ROUNDS);
		x = ours[k][ROUNDS / 2];
		y = floor[k][ROUNDS / 2];
		if (k == TRIP)
			printf("  \"%s\": { \"us\": %.1f, \"floor_us\": %.1f, ", names[k],
				x / TRIPS * 1e6, y / TRIPS * 1e6);
		else
			printf("  \"%s\": { \"mib_s\": %.0f, \"floor_mib_s\": %.0f, ", names[k],
				(double)(STREAM_BYTES >> 20) / x, (double)(STREAM_BYTES >> 20) / y);
		printf("\"ratio\": %.3f }%s\n", y / x, k + 1 < KINDS ? "," : "");
	}
	printf("}\n");
	return 0;
}
