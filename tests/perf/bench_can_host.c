/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CAN from a program of the host to a guest and back, over an interface of the host that is on a
 * bus of the bench: this program is at the interface, a process is the bus, dyno-vm with the echo
 * guest is on it. Measured are the round trip of one frame at a time, beside that between two
 * programs at such an interface (the floor), and frames per second each way, all of them there and
 * in order however far ahead the sender is. Prints one JSON object.
 *
 * The interface is DYNO_VCAN, which must be up (a vcan, root). Without that a pair of sockets
 * stands for it: what the kernel's CAN layer costs is left out then, on both sides of the ratio.
 *
 * usage: bench_can_host [round trips [frames each way]]     (DYNO_BUILD_DIR as for the tests)
 */
#include <errno.h>
#include <linux/can.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "sim/canbus/canbus.h"
#include "tests/guest/echo/echo.h"
#include "tests/perf/perf.h"
#include "tests/support/vm_harness.h"

#define LIMIT_MS   30000
#define WARM_UP    100u
#define MAX_FRAMES 10000000u
#define ECHO       0x100u
#define ROOM       (64 << 20)

static const char *vcan; /* NULL: sockets stand for it */

/* A program's end of the interface, which hears identifiers that are `id` in the bits of `mask`. */
static int open_vcan(uint32_t id, uint32_t mask)
{
	struct sockaddr_can sa = { .can_family = AF_CAN, .can_ifindex = (int)if_nametoindex(vcan) };
	struct can_filter only = { .can_id = id, .can_mask = mask };
	int fd = socket(PF_CAN, SOCK_RAW | SOCK_CLOEXEC, CAN_RAW), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_CAN_RAW, CAN_RAW_FILTER, &only, sizeof(only)) < 0 ||
		setsockopt(fd, SOL_CAN_RAW, CAN_RAW_FD_FRAMES, &one, sizeof(one)) < 0 ||
		bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		perf_die("cannot use the interface");
	fd_receive_room(fd, ROOM);
	return fd;
}

struct host {
	int fd;
	bool fd_frames;
	uint32_t next; /* number that the next frame from there must carry */
};

static void put(struct host *h, uint32_t id, uint32_t word)
{
	struct canfd_frame f = {
		.can_id = id, .len = h->fd_frames ? 64 : 8, .flags = h->fd_frames ? CANFD_FDF : 0
	};
	size_t len = h->fd_frames ? CANFD_MTU : CAN_MTU;

	memcpy(f.data, &word, sizeof(word));
	while (send(h->fd, &f, len, MSG_NOSIGNAL) != (ssize_t)len) {
		if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			perf_die("cannot send");
		usleep(50);
	}
}

static void take(struct host *h, struct canfd_frame *f)
{
	struct pollfd p = { .fd = h->fd, .events = POLLIN };

	if (poll(&p, 1, LIMIT_MS) != 1)
		perf_die("nothing comes any more: frames were lost");
	memset(f, 0, sizeof(*f));
	if (recv(h->fd, f, sizeof(*f), 0) <= 0)
		perf_die("the interface is gone");
}

/* ---- measurements ---- */

static json_t *round_trips(struct host *h, uint32_t n, double *median_us)
{
	uint64_t *ns = calloc(n, sizeof(*ns)), median, p99;
	struct canfd_frame f;
	json_t *o;

	if (!ns)
		perf_die("out of memory");
	for (uint32_t i = 0; i < n + WARM_UP; i++) {
		uint64_t t0 = clock_now_ns();
		uint32_t word;

		put(h, ECHO, i);
		take(h, &f);
		memcpy(&word, f.data, sizeof(word));
		if (f.can_id != ECHO + 1 || word != i)
			perf_die("another frame came back");
		if (i >= WARM_UP)
			ns[i - WARM_UP] = clock_now_ns() - t0;
	}
	perf_sort_ns(ns, n);
	median = ns[n / 2];
	p99 = ns[(uint64_t)n * 99 / 100];
	*median_us = (double)median / 1e3;
	o = json_pack("{s:I,s:f,s:f,s:f}", "trips", (json_int_t)n, "min_us", (double)ns[0] / 1e3,
		"median_us", *median_us, "p99_us", (double)p99 / 1e3);
	free(ns);
	return o;
}

/* Until the guest says that all have come, in order. */
static double to_guest(struct host *h, uint32_t n)
{
	uint64_t t0 = clock_now_ns();
	struct canfd_frame f;
	uint32_t sum[2];

	for (uint32_t i = 0; i < n; i++)
		put(h, ECHO_SINK, i);
	put(h, ECHO_SUM, 0);
	take(h, &f);
	memcpy(sum, f.data, sizeof(sum));
	if (f.can_id != ECHO_SUM + 1 || sum[0] != n || sum[1] != 0)
		perf_die("frames were lost on the way to the guest");
	return n / ((double)(clock_now_ns() - t0) / 1e9);
}

static double from_guest(struct host *h, uint32_t n)
{
	uint64_t t0 = clock_now_ns();
	struct canfd_frame f;
	uint32_t word;

	put(h, ECHO_BURST, n);
	for (uint32_t i = 0; i < n; i++) {
		take(h, &f);
		memcpy(&word, f.data, sizeof(word));
		if (f.can_id != ECHO_BURST + 1 || word != i)
			perf_die("frames of the guest were lost");
	}
	return n / ((double)(clock_now_ns() - t0) / 1e9);
}

/* ---- the other ends ---- */

/* A process that is ended by ending it. */
static pid_t start(void (*run)(int a, int b), int a, int b)
{
	pid_t pid = fork();

	if (pid < 0)
		perf_die("cannot start a process");
	if (pid == 0) {
		run(a, b);
		_exit(0);
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void echo_process(int fd, int unused)
{
	struct canfd_frame f;
	ssize_t len;

	(void)unused;
	while ((len = recv(fd, &f, sizeof(f), 0)) > 0) {
		f.can_id++;
		if (send(fd, &f, (size_t)len, MSG_NOSIGNAL) != len)
			return;
	}
}

/* The bus with the guest's port and the interface, or its stand-in. */
static void bus_process(int guest_fd, int interface_fd)
{
	struct canbus_config cfg = { .name = "can0" };
	struct canbus_socketcan sc = { vcan, false };
	struct ev_loop *loop;
	struct canbus *bus;
	struct err e = { { 0 } };
	int rc;

	if (ev_loop_new(&loop) < 0 || canbus_new(&bus, loop, &cfg) < 0 ||
		canbus_add_port(bus, guest_fd, "guest", NULL) < 0)
		perf_die("cannot make a bus");
	rc = vcan ? canbus_attach_socketcan(bus, &sc, &e)
		  : canbus_add_raw_port(bus, interface_fd, "host", NULL);
	if (rc < 0)
		perf_die(vcan ? e.text : "cannot attach the sockets");
	if (ev_loop_run(loop) < 0)
		perf_die("the loop ended");
}

static double floor_of(uint32_t trips, json_t *o)
{
	struct host h = { .fd = -1 };
	double median;
	int fds[2];
	pid_t pid;

	if (vcan) {
		fds[0] = open_vcan(ECHO + 1, CAN_SFF_MASK);
		fds[1] = open_vcan(ECHO, CAN_SFF_MASK);
	} else if (ipc_pair(fds, 0) < 0) {
		perf_die("cannot make a socket pair");
	}
	pid = start(echo_process, fds[1], -1);
	close(fds[1]);
	h.fd = fds[0];
	json_object_set_new(o, "floor", round_trips(&h, trips, &median));
	end(pid);
	close(fds[0]);
	return median;
}

static void measure(struct host *h, uint32_t trips, uint32_t frames, double floor_us, json_t *o)
{
	for (int fd = 0; fd < 2; fd++) {
		json_t *kind = json_object();
		double median;

		h->fd_frames = fd;
		json_object_set_new(kind, "round_trip", round_trips(h, trips, &median));
		json_object_set_new(kind, "floors", json_real(median / floor_us));
		json_object_set_new(kind, "to_guest_frames_per_s", json_real(to_guest(h, frames)));
		json_object_set_new(
			kind, "from_guest_frames_per_s", json_real(from_guest(h, frames)));
		json_object_set_new(o, fd ? "fd" : "classic", kind);
	}
}

int main(int argc, char **argv)
{
	unsigned long trips = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
	unsigned long frames = argc > 2 ? strtoul(argv[2], NULL, 10) : 100000;
	const char *build = getenv("DYNO_BUILD_DIR"), *why = vmh_unable();
	struct host h = { .fd = -1 };
	int guest[2], host[2] = { -1, -1 };
	char kernel[4096];
	struct vmh vm;
	struct vmh_config cfg = { .kernel = kernel,
		.fds = &guest[1],
		.n_fds = 1,
		.more_take = json_pack("{s:[{s:s,s:s,s:i}]}", "devices", "type", "can", "name",
			"can0", "fd", VMH_FD_FIRST) };
	json_t *o = json_object();
	double floor_us;
	pid_t bus;

	if (trips < 1 || trips > MAX_FRAMES || frames < 1 || frames > MAX_FRAMES)
		perf_die(
			"usage: DYNO_BUILD_DIR=... bench_can_host [round trips [frames each way]]");
	if (why)
		perf_die(why);
	vcan = getenv("DYNO_VCAN");
	json_object_set_new(o, "interface", json_string(vcan ? vcan : "a pair of sockets"));
	json_object_set_new(o, "frames", json_integer((json_int_t)frames));
	/* Before there is a guest on the interface, which would answer too. */
	floor_us = floor_of((uint32_t)trips, o);
	snprintf(kernel, sizeof(kernel), "%s/tests/echo.elf", build ? build : ".");
	if (ipc_pair(guest, 0) < 0 || (!vcan && ipc_pair(host, 0) < 0))
		perf_die("cannot make a socket pair");
	bus = start(bus_process, guest[0], host[0]);
	close(guest[0]);
	fd_close(&host[0]);
	vmh_start(&vm, &cfg);
	close(guest[1]);
	if (!vmh_console(&vm, "READY echo", LIMIT_MS))
		perf_die("the echo guest does not start");
	/* Its controller starts behind that. */
	usleep(300000);
	/* All that the guest answers has an odd number. */
	h.fd = vcan ? open_vcan(1, 1) : host[1];
	measure(&h, (uint32_t)trips, (uint32_t)frames, floor_us, o);
	vmh_stop(&vm);
	end(bus);
	json_dumpf(o, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(o);
	return 0;
}
