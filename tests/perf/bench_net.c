/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames from one card's port through the bench's switch, on a thread of its own, to another card's
 * port; against a thread that only reads packets of as many bytes from one socket and writes them
 * to another, in the same run. Uncut TCP frames of 64 KiB, the same cut by the switch for a guest
 * that takes none, frames of 1514 bytes, and a short frame there and back. One JSON object on
 * stdout with medians of several rounds; `ratio` 1: the switch costs nothing.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "base/proto/net_port.h"
#include "devices/net/link_port.h"
#include "devices/net/proto.h"
#include "sim/netswitch/fabric.h"
#include "tests/perf/perf.h"
#include "tests/support/net_frames.h"

#define ROUNDS       5u
#define SOCKET_BYTES (1 << 20)

static const struct work {
	const char *name;
	uint32_t frame, count;
	bool tso, taken; /* uncut frames; the receiver takes them */
	bool back; /* one at a time, there and back */
} works[] = {
	{ "uncut_64k", 65054, 2000, true, true, false },
	{ "cut_64k", 65054, 1000, true, false, false },
	{ "frames_1514", 1514, 60000, false, true, false },
	{ "there_and_back_60", 60, 4000, false, true, true },
};

static _Noreturn void die(const char *what, int rc)
{
	fprintf(stderr, "bench_net: %s: %s\n", what, strerror(rc < 0 ? -rc : rc));
	exit(1);
}

/* ---- the cards' ports ---- */

struct end {
	struct link_port *port;
	struct end *answers; /* frames are sent back by it; NULL: they are counted */
	uint64_t bytes;
	uint32_t frames;
};

static uint8_t frame[NET_UNCUT_MAX];
static struct virtio_net_hdr header;

static bool send_one(struct end *e, const uint8_t *f, uint32_t len)
{
	uint8_t *to = e->port->ops->reserve(e->port, len);

	if (!to)
		return false;
	memcpy(to, f, len);
	e->port->ops->commit(e->port, &header, len);
	return true;
}

static bool on_rx(void *ctx, const struct virtio_net_hdr *h, const uint8_t *f, uint32_t len)
{
	struct end *e = ctx;

	(void)h;
	e->frames++;
	e->bytes += len;
	if (e->answers && !send_one(e->answers, f, len))
		die("no room for an answer", ENOBUFS);
	return true;
}

static void on_batch_end(void *ctx)
{
	struct end *e = ctx;

	if (e->answers)
		e->answers->port->ops->flush(e->answers->port);
}

static void on_nothing(void *ctx)
{
	(void)ctx;
}

static void *loop_main(void *loop)
{
	int rc = ev_loop_run(loop);

	if (rc)
		die("loop", rc);
	return NULL;
}

static void plug(struct netfabric *f, struct ev_loop *loop, const char *name, struct end *e)
{
	struct link_sink sink = { .rx = on_rx,
		.batch_end = on_batch_end,
		.writable = on_nothing,
		.gone = on_nothing,
		.ctx = e };
	struct netfabric_line line = { 0 };
	int fds[2], rc = ipc_pair(fds, SOCKET_BYTES);

	if (!rc)
		rc = netfabric_plug(f, name, &line, fds[0]);
	if (!rc)
		rc = link_port_socket_new(&e->port, fds[1]);
	if (!rc)
		rc = e->port->ops->attach(e->port, loop, &sink);
	if (rc)
		die("port", rc);
}

/* The bytes that the receiver must see: cut frames have more headers. */
static uint64_t expected(const struct work *w)
{
	uint32_t payload = w->frame - frames_headers(false, FRAMES_TCP);
	uint64_t cuts = (payload + 1447) / 1448;

	return w->tso && !w->taken ? w->count * (payload + cuts * (w->frame - payload))
				   : (uint64_t)w->count * w->frame;
}

/* Never more on the way than the sockets hold: what the switch drops is not what is measured. */
static void stream(const struct work *w, struct ev_loop *loop, struct end *a, struct end *b)
{
	const uint64_t window = 256 * 1024, all = expected(w);
	uint32_t sent = 0;
	int rc = 0;

	while (b->bytes < all && rc >= 0) {
		while (sent < w->count &&
			(uint64_t)sent * all / w->count < b->bytes + (w->back ? 1 : window) &&
			send_one(a, frame, w->frame))
			sent++;
		a->port->ops->flush(a->port);
		rc = ev_loop_turn(loop, 1000);
	}
	if (rc < 0)
		die("loop", rc);
}

static double by_switch(const struct work *w)
{
	const uint64_t takes = w->taken ? NET_GUEST_OFFLOADS : 0;
	struct netfabric_config cfg = { .seed = 1 };
	struct ev_loop *mine = NULL, *theirs = NULL;
	struct end a = { 0 }, b = { 0 };
	struct netfabric *f = NULL;
	pthread_t thread;
	uint64_t t0;
	struct err e;

	if (ev_loop_new(&mine) || ev_loop_new(&theirs) || netfabric_new(&f, theirs, &cfg, &e))
		die("switch", ENOMEM);
	plug(f, mine, "a", &a);
	plug(f, mine, "b", &b);
	(void)b.port->ops->features(b.port, takes);
	if (pthread_create(&thread, NULL, loop_main, theirs))
		die("thread", EAGAIN);
	if (w->back) {
		/* b's frames come back to a, and only then a sends the next. */
		b.answers = &b;
		t0 = clock_now_ns();
		stream(w, mine, &a, &a);
	} else {
		t0 = clock_now_ns();
		stream(w, mine, &a, &b);
	}
	t0 = clock_now_ns() - t0;
	ev_loop_stop(theirs);
	pthread_join(thread, NULL);
	link_port_free(a.port);
	link_port_free(b.port);
	(void)netfabric_free(f);
	ev_loop_free(mine);
	ev_loop_free(theirs);
	return (double)t0 / 1e9;
}

/* ---- the floor ---- */

struct relay {
	int from, to;
};

static void *relay_main(void *arg)
{
	static uint8_t b[NET_PORT_PACKET_BYTES];
	const struct relay *r = arg;
	ssize_t n;

	while ((n = recv(r->from, b, sizeof(b), 0)) > 0) {
		if (send(r->to, b, (size_t)n, MSG_NOSIGNAL) != n)
			die("relay", errno);
	}
	return NULL;
}

static double by_relay(const struct work *w)
{
	static uint8_t b[NET_PORT_PACKET_BYTES];
	/* As many bytes in each packet as the ports put there. */
	uint32_t per = w->back ? 1 : NET_PORT_PACKET_BYTES / (w->frame + 16);
	uint32_t bytes = per * (w->frame + 16);
	uint64_t packets = w->count / per * (w->back ? 2 : 1), sent = 0, got = 0, t0;
	int in[2], out[2];
	pthread_t thread;
	struct relay r;

	if (ipc_pair(in, SOCKET_BYTES) || ipc_pair(out, SOCKET_BYTES))
		die("sockets", errno);
	r = (struct relay){ in[1], out[0] };
	if (pthread_create(&thread, NULL, relay_main, &r))
		die("thread", EAGAIN);
	t0 = clock_now_ns();
	while (got < packets) {
		while (sent < packets && sent - got < (w->back ? 1 : 4)) {
			if (send(in[0], b, bytes, MSG_NOSIGNAL) < 0)
				die("send", errno);
			sent++;
		}
		if (recv(out[1], b, sizeof(b), 0) < 0)
			die("receive", errno);
		got++;
	}
	t0 = clock_now_ns() - t0;
	shutdown(in[0], SHUT_RDWR);
	pthread_join(thread, NULL);
	for (int i = 0; i < 2; i++) {
		fd_close(&in[i]);
		fd_close(&out[i]);
	}
	return (double)t0 / 1e9;
}

int main(void)
{
	printf("{\n");
	for (size_t i = 0; i < ARRAY_SIZE(works); i++) {
		const struct work *w = &works[i];
		double ours[ROUNDS], floor[ROUNDS], n = w->count;

		frames_make(frame, false, FRAMES_TCP,
			w->frame - MIN(w->frame, frames_headers(false, FRAMES_TCP)));
		/* To everybody: nothing need be learnt first. */
		memset(frame, 0xff, 6);
		header = (struct virtio_net_hdr){ 0 };
		if (w->tso)
			header = (struct virtio_net_hdr){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
				.gso_size = le16_of(1448),
				.csum_start = le16_of(34),
				.csum_offset = le16_of(16) };
		for (unsigned int k = 0; k < ROUNDS; k++) {
			ours[k] = by_switch(w);
			floor[k] = by_relay(w);
		}
		perf_sort(ours, ROUNDS);
		perf_sort(floor, ROUNDS);
		if (w->back)
			printf("  \"%s\": { \"us\": %.2f, \"floor_us\": %.2f, ", w->name,
				ours[ROUNDS / 2] / n * 1e6, floor[ROUNDS / 2] / n * 1e6);
		else
			printf("  \"%s\": { \"mib_s\": %.0f, \"floor_mib_s\": %.0f, ", w->name,
				n * w->frame / ours[ROUNDS / 2] / (1 << 20),
				n * w->frame / floor[ROUNDS / 2] / (1 << 20));
		printf("\"ratio\": %.2f }%s\n", floor[ROUNDS / 2] / ours[ROUNDS / 2],
			i + 1 < ARRAY_SIZE(works) ? "," : "");
	}
	printf("}\n");
	return 0;
}
