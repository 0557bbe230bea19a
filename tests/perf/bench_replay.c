/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How punctual a replay is: a trace of frames 1 ms apart (or a given one) is replayed onto an ideal
 * bus; lateness of each frame against its absolute deadline, and the drift: how much more the last
 * tenth of the frames was late than the first (medians). Prints one JSON object.
 *
 * usage: bench_replay [seconds [trace-file]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sim/canbus/canbus.h"
#include "sim/trace/replay.h"
#include "tests/perf/perf.h"

struct bench {
	struct canbus *bus;
	uint64_t t0, length_ns;
	uint64_t *late;
	size_t n, cap;
	bool done;
};

static uint64_t now_ns(void *ctx)
{
	struct bench *b = ctx;

	return clock_now_ns() - b->t0;
}

static void on_emit(void *ctx, uint32_t target, const struct canfd_frame *f, uint64_t due_ns)
{
	struct bench *b = ctx;
	uint64_t late = now_ns(b) - due_ns;

	(void)target;
	if (canbus_send(b->bus, f) < 0)
		exit(1);
	if (b->n < b->cap)
		b->late[b->n++] = late;
}

static void on_done(void *ctx, int code)
{
	struct bench *b = ctx;

	(void)code;
	b->done = true;
}

/* Sorts the values. */
static double median(uint64_t *v, size_t n)
{
	perf_sort_ns(v, n);
	return n ? (double)v[n / 2] : 0;
}

/* A made-up trace: one frame a millisecond. */
static char *make_trace(double seconds, size_t *len)
{
	size_t frames = (size_t)(seconds * 1000), n = 0;
	char *text = malloc(frames * 64 + 64);

	for (size_t i = 0; i < frames && text; i++)
		n += (size_t)snprintf(text + n, 64, "(%zu.%03zu000) can0 %03zX#0011223344556677\n",
			1000000000 + i / 1000, i % 1000, i % 0x700);
	*len = n;
	return text;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 10, drift_us = 0;
	struct canbus_config bus_cfg = { .name = "bench" };
	struct bench b = { .length_ns = (uint64_t)(seconds * 1e9), .cap = 4000000 };
	struct replay_config cfg = { .clock = { now_ns, &b },
		.start_ns = NS_PER_MS,
		.emit = on_emit,
		.done = on_done,
		.ctx = &b };
	struct ev_loop *loop;
	struct replay *r;
	struct trace *t;
	struct err e = { { 0 } };
	char *text = NULL;
	size_t len;
	int rc;

	b.late = malloc(b.cap * sizeof(*b.late));
	if (argc > 2) {
		rc = trace_open(&t, argv[2], NULL, &e);
	} else {
		text = make_trace(seconds, &len);
		rc = text ? trace_open_mem(&t, text, len, "bench", NULL, &e) : -1;
	}
	if (rc < 0 || !b.late || ev_loop_new(&loop) < 0 || canbus_new(&b.bus, loop, &bus_cfg) < 0 ||
		replay_new(&r, loop, t, &cfg) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	b.t0 = clock_now_ns();
	replay_start(r);
	while (!b.done && now_ns(&b) < b.length_ns + NS_PER_S) {
		if (ev_loop_turn(loop, 100) < 0)
			return 1;
	}
	if (!b.n)
		return 1;
	/* Medians: a busy machine delays single frames by much, which is no drift. */
	drift_us = (median(b.late + b.n - b.n / 10, b.n / 10) - median(b.late, b.n / 10)) * 1e-3;
	perf_sort_ns(b.late, b.n);
	printf("{\"frames\": %zu, \"seconds\": %.1f, \"late_us\": {\"median\": %.1f, \"p99\": %.1f, "
	       "\"p999\": %.1f, \"max\": %.1f}, \"drift_us\": %.1f}\n",
		b.n, seconds, (double)b.late[b.n / 2] * 1e-3, (double)b.late[b.n * 99 / 100] * 1e-3,
		(double)b.late[b.n * 999 / 1000] * 1e-3, (double)b.late[b.n - 1] * 1e-3, drift_us);
	replay_free(r);
	canbus_free(b.bus);
	ev_loop_free(loop);
	free(b.late);
	free(text);
	return 0;
}
