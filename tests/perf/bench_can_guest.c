/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CAN through a guest: this program is the bus, dyno-vm with the echo guest is on it. Measured are
 * the round trip of one frame at a time, and frames per second without loss: there and back, to the
 * guest, from the guest; classic frames of 8 bytes and FD frames of 64. The same is asked of a
 * process that answers the same records on the same kind of socket: that is what sockets and
 * scheduling cost here, the rest is the virtual machine's. Prints one JSON object.
 *
 * usage: bench_can_guest [round trips [seconds per flood]]     (DYNO_BUILD_DIR as for the tests)
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ipc.h"
#include "base/proto/can_port.h"
#include "tests/guest/echo/echo.h"
#include "tests/perf/perf.h"
#include "tests/support/vm_harness.h"

#define LIMIT_MS  10000
#define WARM_UP   200u
#define MAX_TRIPS 1000000u
/* Frames under way to a guest: its driver lends 128 buffers, the device holds 512 frames more. */
#define WINDOW 256u
#define BATCH  32u
#define BURST  20000u
#define ECHO   0x100u

/* The bus's end of a port. */
struct bus {
	int fd;
	bool fd_frames; /* 64 bytes instead of 8 */
	uint32_t next; /* number that the next frame from there must carry */
	struct can_packet out, acks;
};

static void hand_over(int fd, struct can_packet *p)
{
	if (p->len && send(fd, p->b, p->len, MSG_NOSIGNAL) != (ssize_t)p->len)
		perf_die("cannot send");
	p->len = 0;
}

static void add(int fd, struct can_packet *p, const struct can_rec_frame *r)
{
	if (can_packet_add(p, r))
		return;
	hand_over(fd, p);
	if (!can_packet_add(p, r))
		perf_die("a record does not fit an empty packet");
}

static void add_frame(struct bus *b, uint32_t id, uint32_t word)
{
	struct can_rec_frame r = { .h = { .kind = CAN_REC_FRAME,
					   .mtu = b->fd_frames ? CANFD_MTU : CAN_MTU } };

	r.f.can_id = id;
	r.f.len = b->fd_frames ? 64 : 8;
	r.f.flags = b->fd_frames ? CANFD_FDF : 0;
	memcpy(r.f.data, &word, sizeof(word));
	add(b->fd, &b->out, &r);
}

/* Takes what came in one packet, acknowledges it; how many frames it were. */
static uint32_t take_in(struct bus *b)
{
	static uint8_t buf[CAN_PORT_PACKET_BYTES];
	struct pollfd p = { .fd = b->fd, .events = POLLIN };
	struct can_rec_frame r;
	uint32_t off = 0, n = 0, word;
	ssize_t len;
	int rc;

	if (poll(&p, 1, LIMIT_MS) != 1)
		perf_die("nothing comes any more: frames were lost");
	len = recv(b->fd, buf, sizeof(buf), 0);
	if (len <= 0)
		perf_die("the port is closed");
	while ((rc = can_packet_next(buf, (uint32_t)len, &off, &r)) > 0) {
		if (r.h.kind != CAN_REC_FRAME)
			continue;
		memcpy(&word, r.f.data, sizeof(word));
		if (word != b->next++ || r.f.len != (b->fd_frames ? 64 : 8))
			perf_die("a frame is not the one that was next");
		n++;
		add(b->fd, &b->acks,
			&(struct can_rec_frame){
				.h = { .kind = CAN_REC_ACK, .serial = r.h.serial } });
	}
	if (rc < 0)
		perf_die("malformed packet");
	hand_over(b->fd, &b->acks);
	return n;
}

/* ---- measurements ---- */

static json_t *round_trips(struct bus *b, uint32_t n)
{
	uint64_t *ns = calloc(n, sizeof(*ns)), median, p99;
	json_t *o;

	if (!ns)
		perf_die("out of memory");
	b->next = 0;
	for (uint32_t i = 0; i < n + WARM_UP; i++) {
		uint64_t t0 = clock_now_ns();

		add_frame(b, ECHO, i);
		hand_over(b->fd, &b->out);
		while (b->next == i)
			take_in(b);
		if (i >= WARM_UP)
			ns[i - WARM_UP] = clock_now_ns() - t0;
	}
	perf_sort_ns(ns, n);
	median = ns[n / 2];
	p99 = ns[(uint64_t)n * 99 / 100];
	o = json_pack("{s:I,s:f,s:f,s:f,s:f}", "trips", (json_int_t)n, "min_us",
		(double)ns[0] / 1e3, "median_us", (double)median / 1e3, "p99_us", (double)p99 / 1e3,
		"max_us", (double)ns[n - 1] / 1e3);
	free(ns);
	return o;
}

/* Every frame comes back. */
static double there_and_back(struct bus *b, double seconds)
{
	uint64_t t0 = clock_now_ns(), end = t0 + (uint64_t)(seconds * 1e9);
	uint32_t sent = 0;
	bool more = true;

	b->next = 0;
	while (more || b->next < sent) {
		more = more && clock_now_ns() < end;
		while (more && sent - b->next < WINDOW)
			add_frame(b, ECHO, sent++);
		hand_over(b->fd, &b->out);
		if (b->next < sent)
			take_in(b);
	}
	return sent / ((double)(clock_now_ns() - t0) / 1e9);
}

/* One frame of a batch comes back, so that the batch is known to have arrived. */
static double to_guest(struct bus *b, double seconds)
{
	uint64_t t0 = clock_now_ns(), end = t0 + (uint64_t)(seconds * 1e9);
	uint32_t batches = 0;
	bool more = true;

	b->next = 0;
	while (more || b->next < batches) {
		more = more && clock_now_ns() < end;
		while (more && (batches - b->next) * BATCH < WINDOW) {
			for (uint32_t i = 1; i < BATCH; i++)
				add_frame(b, ECHO_SINK, i);
			add_frame(b, ECHO, batches++);
		}
		hand_over(b->fd, &b->out);
		if (b->next < batches)
			take_in(b);
	}
	return batches * (double)BATCH / ((double)(clock_now_ns() - t0) / 1e9);
}

static double from_guest(struct bus *b, double seconds)
{
	uint64_t t0 = clock_now_ns(), end = t0 + (uint64_t)(seconds * 1e9);
	double n = 0;

	while (clock_now_ns() < end) {
		b->next = 0;
		add_frame(b, ECHO_BURST, BURST);
		hand_over(b->fd, &b->out);
		while (b->next < BURST)
			take_in(b);
		n += BURST;
	}
	return n / ((double)(clock_now_ns() - t0) / 1e9);
}

/* Exits of the guest so far; 0 where there is no guest. */
static double exits(struct vmh *h)
{
	double n = 0;
	const char *name;
	json_t *st, *v;

	if (!h)
		return 0;
	st = vmh_request(h, "status", NULL, LIMIT_MS);
	json_object_foreach (json_object_get(st, "exits"), name, v)
		n += json_number_value(v);
	json_decref(st);
	return n;
}

static json_t *flood(
	struct bus *b, struct vmh *h, double seconds, double (*run)(struct bus *b, double seconds))
{
	double before = exits(h), began = (double)clock_now_ns(), rate = run(b, seconds);
	double frames = rate * ((double)clock_now_ns() - began) / 1e9;
	json_t *o = json_pack("{s:f}", "frames_per_s", rate);

	if (h)
		json_object_set_new(o, "exits_per_frame", json_real((exits(h) - before) / frames));
	return o;
}

static json_t *measure(struct bus *b, struct vmh *h, uint32_t trips, double seconds)
{
	json_t *o = json_object();
	double before;

	for (int fd = 0; fd < 2; fd++) {
		json_t *kind = json_object(), *rt;

		b->fd_frames = fd;
		before = exits(h);
		rt = round_trips(b, trips);
		if (h)
			json_object_set_new(rt, "exits_per_trip",
				json_real((exits(h) - before) / (trips + WARM_UP)));
		json_object_set_new(kind, "round_trip", rt);
		json_object_set_new(kind, "there_and_back", flood(b, h, seconds, there_and_back));
		json_object_set_new(kind, "to", flood(b, h, seconds, to_guest));
		json_object_set_new(kind, "from", flood(b, h, seconds, from_guest));
		json_object_set_new(o, fd ? "fd" : "classic", kind);
	}
	return o;
}

/* ---- the two ends ---- */

static json_t *with_guest(uint32_t trips, double seconds)
{
	static struct bus b;
	const char *build = getenv("DYNO_BUILD_DIR");
	char kernel[4096];
	int fds[2];
	struct vmh h;
	json_t *o;
	struct vmh_config cfg = { .kernel = kernel,
		.fds = &fds[1],
		.n_fds = 1,
		.more_take = json_pack("{s:[{s:s,s:s,s:i}]}", "devices", "type", "can", "name",
			"can0", "fd", VMH_FD_FIRST) };

	snprintf(kernel, sizeof(kernel), "%s/tests/echo.elf", build ? build : ".");
	if (ipc_pair(fds, 0) < 0)
		perf_die("cannot make a socket pair");
	vmh_start(&h, &cfg);
	close(fds[1]);
	if (!vmh_console(&h, "READY echo", LIMIT_MS))
		perf_die("the echo guest does not start");
	b.fd = fds[0];
	o = measure(&b, &h, trips, seconds);
	vmh_stop(&h);
	close(fds[0]);
	return o;
}

/* What the guest does, as a process. */
static void echo_process(int fd)
{
	static struct can_packet out;
	static uint8_t buf[CAN_PORT_PACKET_BYTES];
	struct can_rec_frame r, of_burst = { .h = { .kind = 0 } };
	uint32_t left = 0, number = 0, outstanding = 0;
	ssize_t len;

	while ((len = recv(fd, buf, sizeof(buf), 0)) > 0) {
		uint32_t off = 0;

		while (can_packet_next(buf, (uint32_t)len, &off, &r) > 0) {
			if (r.h.kind == CAN_REC_ACK) {
				outstanding--;
			} else if (r.f.can_id == ECHO_BURST) {
				memcpy(&left, r.f.data, sizeof(left));
				number = 0;
				of_burst = r;
				of_burst.f.can_id++;
			} else if (r.f.can_id != ECHO_SINK) {
				r.f.can_id++;
				add(fd, &out, &r);
				outstanding++;
			}
		}
		for (; left && outstanding < CAN_PORT_WINDOW; left--, outstanding++) {
			memcpy(of_burst.f.data, &number, sizeof(number));
			number++;
			add(fd, &out, &of_burst);
		}
		hand_over(fd, &out);
	}
}

static json_t *with_process(uint32_t trips, double seconds)
{
	static struct bus b;
	json_t *o;
	int fds[2];
	pid_t pid;

	if (ipc_pair(fds, 0) < 0)
		perf_die("cannot make a socket pair");
	pid = fork();
	if (pid < 0)
		perf_die("cannot start a process");
	if (pid == 0) {
		close(fds[0]);
		echo_process(fds[1]);
		_exit(0);
	}
	close(fds[1]);
	b.fd = fds[0];
	o = measure(&b, NULL, trips, seconds);
	close(fds[0]);
	waitpid(pid, NULL, 0);
	return o;
}

int main(int argc, char **argv)
{
	unsigned long trips = argc > 1 ? strtoul(argv[1], NULL, 10) : 5000;
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 1;
	const char *why = vmh_unable();
	json_t *o;

	if (trips < 1 || trips > MAX_TRIPS || seconds <= 0)
		perf_die(
			"usage: DYNO_BUILD_DIR=... bench_can_guest [round trips [seconds per flood]]");
	if (why)
		perf_die(why);
	o = json_object();
	json_object_set_new(o, "guest", with_guest((uint32_t)trips, seconds));
	json_object_set_new(o, "floor", with_process((uint32_t)trips, seconds));
	json_dumpf(o, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(o);
	return 0;
}
