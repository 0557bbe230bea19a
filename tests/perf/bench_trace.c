/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Speed of the trace readers, the writers and the recorder, on traces made here: MB/s of the file's
 * bytes and frames per second of processor time, best of three. The floor is what nobody can do
 * without: finding the line ends of the same text, decompressing the same containers. Prints one
 * JSON object.
 *
 * usage: bench_trace [megabytes of candump text]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sim/trace/record.h"
#include "sim/trace/writer.h"

#define ROUNDS 3u
#define EPOCH  (UINT64_C(1700000000) * NS_PER_S)

struct file {
	int fd; /* of a memfd */
	const uint8_t *b;
	size_t len;
	double write_ns;
};

/* Processor time: what a core needs, whoever else wants it. */
static uint64_t cpu_now_ns(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) < 0)
		exit(1);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static const char *const chans[] = { "can0", "can1" };

/* Counters and values that move, as on a bus: compresses by about four. */
static struct trace_frame frame_of(uint64_t i)
{
	struct trace_frame f = { .t_ns = EPOCH + i * 250 * NS_PER_US, .flags = TRACE_DIR_RX };
	uint64_t v = i / 40 * 2654435761u;

	f.f.can_id = (uint32_t)(i * 37 % 0x7ff);
	if (i % 4 == 3)
		f.f.can_id |= 0x18fe0000 | CAN_EFF_FLAG;
	f.f.len = 8;
	f.f.data[0] = (uint8_t)i;
	memcpy(f.f.data + 1, &v, 4);
	return f;
}

static struct file make(enum trace_format format, uint64_t frames)
{
	struct trace_writer_config cfg = { .format = format, .epoch_known = true };
	struct file out = { .fd = memfd_create("trace", MFD_CLOEXEC) };
	int copy = dup(out.fd);
	uint64_t t0 = cpu_now_ns();
	struct err e = { .text = "" };
	struct trace_writer *w;
	off_t len;

	if (out.fd < 0 || copy < 0 || trace_writer_new(&w, copy, "bench", &cfg, &e) < 0)
		exit(1);
	for (uint64_t i = 0; i < frames; i++) {
		struct trace_frame f = frame_of(i);

		if (trace_write(w, &f, chans[i & 1]) < 0)
			exit(1);
	}
	if (trace_writer_finish(w) < 0)
		exit(1);
	trace_writer_free(w);
	out.write_ns = (double)(cpu_now_ns() - t0);
	len = lseek(out.fd, 0, SEEK_END);
	out.len = (size_t)len;
	out.b = mmap(NULL, out.len, PROT_READ, MAP_SHARED | MAP_POPULATE, out.fd, 0);
	if (out.b == MAP_FAILED)
		exit(1);
	return out;
}

/* ns to read all of it; also how the frames come out, so that nothing is optimised away. */
static double read_ns(const struct file *f, uint64_t want)
{
	uint64_t best = UINT64_MAX;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct trace_stats st;
		struct trace_frame fr;
		struct trace *t;
		int fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);
		uint64_t t0;

		if (fd < 0 || lseek(fd, 0, SEEK_SET) != 0)
			exit(1);
		t0 = cpu_now_ns();
		if (trace_open_fd(&t, fd, "bench", NULL, NULL) < 0)
			exit(1);
		while (trace_next(t, &fr) > 0)
			;
		best = MIN(best, cpu_now_ns() - t0);
		trace_get_stats(t, &st);
		trace_free(t);
		if (st.frames != want || st.malformed) {
			fprintf(stderr, "%llu frames instead of %llu\n",
				(unsigned long long)st.frames, (unsigned long long)want);
			exit(1);
		}
	}
	return (double)best;
}

/* Reading the file into a buffer and finding its line ends, or, of BLF, inflating its containers.
 */
static uint64_t walk_lines(const struct file *f, uint8_t *buf, size_t size)
{
	uint64_t lines = 0;
	ssize_t n;

	if (lseek(f->fd, 0, SEEK_SET) != 0)
		exit(1);
	while ((n = read(f->fd, buf, size)) > 0) {
		const uint8_t *p = buf, *end = buf + n;

		while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
			lines++;
			p++;
		}
	}
	return lines;
}

static uint64_t walk_containers(const struct file *f, uint8_t *buf, size_t size)
{
	z_stream z = { .avail_in = 0 };
	uint64_t n = 0;

	if (inflateInit(&z) != Z_OK)
		exit(1);
	for (size_t at = 144; at + 32 < f->len;) {
		uint32_t bytes;

		memcpy(&bytes, f->b + at + 8, sizeof(bytes));
		(void)inflateReset(&z);
		z.next_in = (Bytef *)(uintptr_t)(f->b + at + 32);
		z.avail_in = bytes - 32;
		z.next_out = buf;
		z.avail_out = (uInt)size;
		if (inflate(&z, Z_FINISH) != Z_STREAM_END)
			exit(1);
		n += z.total_out;
		at += bytes + bytes % 4;
	}
	(void)inflateEnd(&z);
	return n;
}

static double floor_ns(const struct file *f,
	uint64_t (*walk)(const struct file *f, uint8_t *buf, size_t size), uint64_t *result)
{
	static uint8_t buf[262144];
	uint64_t best = UINT64_MAX;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t t0 = cpu_now_ns();

		*result = walk(f, buf, sizeof(buf));
		best = MIN(best, cpu_now_ns() - t0);
	}
	return (double)best;
}

static void report(enum trace_format format, uint64_t frames)
{
	struct file f = make(format, frames);
	double ns = read_ns(&f, frames);
	uint64_t plain = f.len;

	printf("\"%s\": {\"mb_per_s\": %.0f, \"mframes_per_s\": %.2f, \"write_mframes_per_s\": %.2f",
		trace_format_name(format), (double)f.len * 1e3 / ns, (double)frames * 1e3 / ns,
		(double)frames * 1e3 / f.write_ns);
	if (format == TRACE_BLF || !trace_is_binary(format)) {
		uint64_t n;
		double least = floor_ns(&f, format == TRACE_BLF ? walk_containers : walk_lines, &n);

		if (format == TRACE_BLF)
			plain = n;
		printf(", \"floor_mb_per_s\": %.0f, \"ratio_to_floor\": %.2f",
			(double)f.len * 1e3 / least, ns / least);
	}
	if (format == TRACE_BLF)
		printf(", \"uncompressed_mb_per_s\": %.0f, \"compressed_to\": %.2f",
			(double)plain * 1e3 / ns, (double)f.len / (double)plain);
	printf("}, ");
	(void)munmap((void *)(uintptr_t)f.b, f.len);
	fd_close(&f.fd);
}

static double record_speed(uint64_t frames)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	uint64_t t0 = cpu_now_ns();
	struct record *r;

	if (fd < 0 || record_new(&r, fd, "can0", NULL) < 0)
		exit(1);
	for (uint64_t i = 0; i < frames; i++) {
		struct trace_frame f = frame_of(i);

		record_frame(r, i * NS_PER_US, &f.f);
	}
	(void)record_free(r);
	return (double)frames * 1e3 / (double)(cpu_now_ns() - t0);
}

int main(int argc, char **argv)
{
	uint64_t mb = argc > 1 ? strtoul(argv[1], NULL, 10) : 64;
	/* About 46 bytes a line. */
	uint64_t frames = MAX(mb, UINT64_C(1)) * 22000;

	printf("{");
	for (unsigned int f = TRACE_AUTO + 1; f < TRACE_FORMATS; f++) {
		if (trace_format_of((enum trace_format)f)->holds & TRACE_WRITES)
			report((enum trace_format)f, frames);
	}
	printf("\"frames\": %llu, \"record_mframes_per_s\": %.1f}\n", (unsigned long long)frames,
		record_speed(2000000));
	return 0;
}
