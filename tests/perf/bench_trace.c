/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Speed of the trace readers and the recorder, on text made here. Prints one JSON object.
 *
 * usage: bench_trace [megabytes]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "sim/trace/record.h"
#include "sim/trace/trace.h"

static struct canfd_frame frame_of(size_t i)
{
	struct canfd_frame f = { .can_id = (uint32_t)(i * 37 % 0x7ff), .len = 8 };

	memcpy(f.data, &i, sizeof(i));
	return f;
}

static size_t make_candump(char *text, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; n < cap - RECORD_LINE_BYTES; i++) {
		struct canfd_frame f = frame_of(i);

		n += record_format(text + n, (uint64_t)i * 250 * NS_PER_US, "can0", &f);
	}
	return n;
}

static size_t make_asc(char *text, size_t cap)
{
	size_t n = (size_t)snprintf(
		text, cap, "date Sat Sep 30 15:06:13 2017\nbase hex  timestamps absolute\n");

	for (size_t i = 0; n < cap - 256; i++) {
		struct canfd_frame f = frame_of(i);

		n += (size_t)snprintf(text + n, 256,
			"%4zu.%06zu 1  %-15X Rx   d 8 %02X %02X %02X %02X %02X %02X %02X %02X\n",
			i / 4000, i % 4000 * 250, f.can_id, f.data[0], f.data[1], f.data[2],
			f.data[3], f.data[4], f.data[5], f.data[6], f.data[7]);
	}
	return n;
}

/* MB/s of the best of three. */
static double read_speed(const char *text, size_t len, uint64_t *frames)
{
	uint64_t best = UINT64_MAX;

	for (unsigned int i = 0; i < 3; i++) {
		uint64_t t0 = clock_now_ns();
		struct trace_stats st;
		struct trace_frame f;
		struct trace *t;

		if (trace_open_mem(&t, text, len, "bench", NULL, NULL) < 0)
			exit(1);
		while (trace_next(t, &f) > 0)
			;
		best = MIN(best, clock_now_ns() - t0);
		trace_get_stats(t, &st);
		*frames = st.frames;
		trace_free(t);
	}
	return (double)len * 1e3 / (double)best;
}

static double record_speed(size_t frames)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	uint64_t t0 = clock_now_ns();
	struct record *r;

	if (fd < 0 || record_new(&r, fd, "can0", NULL) < 0)
		exit(1);
	for (size_t i = 0; i < frames; i++) {
		struct canfd_frame f = frame_of(i);

		record_frame(r, i * NS_PER_US, &f);
	}
	(void)record_free(r);
	return (double)frames * 1e3 / (double)(clock_now_ns() - t0);
}

int main(int argc, char **argv)
{
	size_t cap = (argc > 1 ? strtoul(argv[1], NULL, 10) : 64) << 20, len;
	uint64_t candump_frames, asc_frames;
	double candump, asc;
	char *text = malloc(cap);

	if (!text || cap < 1024)
		return 1;
	len = make_candump(text, cap);
	candump = read_speed(text, len, &candump_frames);
	len = make_asc(text, cap);
	asc = read_speed(text, len, &asc_frames);
	printf("{\"candump_mb_per_s\": %.0f, \"candump_frames\": %lu, \"asc_mb_per_s\": %.0f, "
	       "\"asc_frames\": %lu, \"record_mframes_per_s\": %.1f}\n",
		candump, (unsigned long)candump_frames, asc, (unsigned long)asc_frames,
		record_speed(2000000));
	free(text);
	return 0;
}
