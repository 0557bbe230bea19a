/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file port of the block device against plain io_uring on the same file, with the same depth
 *and flags, one after the other: random reads of 4 KiB at depth 1 and 32, sequential reads and
 *writes of 256 KiB at depth 8. One JSON object on stdout; `ratio` above 1: the port is faster.
 *
 *	bench_blk [FILE]	FILE is made (64 MiB) and removed; default ./bench_blk.img
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "devices/blk/blk_port.h"

#define FILE_BYTES (64u << 20)
#define MAX_DEPTH  32u

static const struct work {
	const char *name;
	uint32_t bytes, depth, count;
	bool writes, random;
} works[] = {
	{ "read_4k_depth_1", 4096, 1, 4000, false, true },
	{ "read_4k_depth_32", 4096, 32, 20000, false, true },
	{ "read_256k_depth_8", 262144, 8, 1000, false, false },
	{ "write_256k_depth_8", 262144, 8, 500, true, false },
};

static uint8_t *memory; /* MAX_DEPTH buffers of 256 KiB */

static void die(const char *what, int rc)
{
	fprintf(stderr, "bench_blk: %s: %s\n", what, strerror(rc < 0 ? -rc : rc));
	exit(1);
}

static uint64_t place(const struct work *w, uint32_t i, unsigned int *seed)
{
	const uint32_t places = FILE_BYTES / w->bytes;

	return (uint64_t)(w->random ? (uint32_t)rand_r(seed) % places : i % places) * w->bytes;
}

/* ---- the port ---- */

struct slot {
	struct blk_io io; /* first */
	struct iovec iov;
	struct run *run;
};

struct run {
	const struct work *w;
	struct blk_port *port;
	uint32_t started, ended;
	unsigned int seed;
	struct slot slot[MAX_DEPTH];
};

static void start_next(struct slot *s);

static void slot_done(struct blk_io *io, int rc)
{
	struct slot *s = (struct slot *)io;

	if (rc < 0)
		die("port", rc);
	s->run->ended++;
	if (s->run->started < s->run->w->count)
		start_next(s);
}

static void start_next(struct slot *s)
{
	struct run *r = s->run;

	s->io = (struct blk_io){ .op = r->w->writes ? BLK_WRITE : BLK_READ,
		.off = place(r->w, r->started++, &r->seed),
		.len = r->w->bytes,
		.iov = &s->iov,
		.n_iov = 1,
		.done = slot_done };
	r->port->ops->submit(r->port, &s->io);
}

static double by_port(const struct work *w, struct blk_port *port, struct ev_loop *loop)
{
	static struct run r;
	uint64_t t0 = clock_now_ns();

	r = (struct run){ .w = w, .port = port, .seed = 1 };
	for (uint32_t i = 0; i < w->depth; i++) {
		r.slot[i].run = &r;
		r.slot[i].iov = (struct iovec){ memory + (size_t)i * 262144, w->bytes };
		start_next(&r.slot[i]);
	}
	port->ops->commit(port);
	while (r.ended < w->count) {
		int rc = ev_loop_turn(loop, 1000);

		if (rc < 0)
			die("loop", rc);
	}
	return (double)(clock_now_ns() - t0) / 1e9;
}

/* ---- plain io_uring ---- */

static void queue(struct io_uring *ring, int fd, const struct work *w, uint32_t slot, uint64_t off)
{
	struct io_uring_sqe *s = io_uring_get_sqe(ring);
	uint8_t *b = memory + (size_t)slot * 262144;

	if (w->writes)
		io_uring_prep_write(s, fd, b, w->bytes, off);
	else
		io_uring_prep_read(s, fd, b, w->bytes, off);
	io_uring_sqe_set_data64(s, slot);
}

static double by_hand(const struct work *w, int fd)
{
	uint64_t t0 = clock_now_ns();
	uint32_t started = 0, ended = 0;
	struct io_uring_cqe *cqe;
	struct io_uring ring;
	unsigned int seed = 1;
	int rc = io_uring_queue_init(256, &ring, 0);

	if (rc < 0)
		die("io_uring", rc);
	for (uint32_t i = 0; i < w->depth; i++, started++)
		queue(&ring, fd, w, i, place(w, started, &seed));
	while (ended < w->count) {
		rc = io_uring_submit_and_wait(&ring, 1);
		if (rc < 0 && rc != -EINTR)
			die("submit", rc);
		while (io_uring_peek_cqe(&ring, &cqe) == 0) {
			uint32_t slot = (uint32_t)cqe->user_data;

			if (cqe->res != (int)w->bytes)
				die("transfer", cqe->res);
			io_uring_cqe_seen(&ring, cqe);
			ended++;
			if (started < w->count)
				queue(&ring, fd, w, slot, place(w, started++, &seed));
		}
	}
	io_uring_queue_exit(&ring);
	return (double)(clock_now_ns() - t0) / 1e9;
}

/* The best of three, taken in turns, so that other load counts least. */
static void measure(const struct work *w, struct blk_port *port, struct ev_loop *loop, int fd)
{
	double a = 1e9, b = 1e9;

	for (int i = 0; i < 3; i++) {
		double t = by_port(w, port, loop);

		a = t < a ? t : a;
		t = by_hand(w, fd);
		b = t < b ? t : b;
	}
	printf(",\"%s\":{\"port_iops\":%.0f,\"port_mb_s\":%.0f,\"plain_iops\":%.0f,\"plain_mb_s\":%.0f,"
	       "\"ratio\":%.2f}",
		w->name, w->count / a, (double)w->count * w->bytes / a / 1e6, w->count / b,
		(double)w->count * w->bytes / b / 1e6, b / a);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "bench_blk.img";
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), rc;
	struct err e = { 0 };
	struct ev_loop *loop;
	struct blk_port *port;

	if (fd < 0)
		die(path, errno);
	unlink(path);
	if (posix_memalign((void **)&memory, 4096, (size_t)MAX_DEPTH * 262144))
		die("memory", ENOMEM);
	memset(memory, 1, (size_t)MAX_DEPTH * 262144);
	for (uint32_t at = 0; at < FILE_BYTES; at += 262144) {
		if (pwrite(fd, memory, 262144, (off_t)at) != 262144)
			die("write", errno);
	}
	if (fdatasync(fd) < 0)
		die("sync", errno);
	rc = ev_loop_new(&loop);
	if (rc < 0)
		die("loop", rc);
	/* A copy of the descriptor: both go through one open file, with the same O_DIRECT. */
	if (blk_port_file_new(&port, fcntl(fd, F_DUPFD_CLOEXEC, 0), false, 256, &e) < 0) {
		fprintf(stderr, "bench_blk: %s\n", e.text);
		return 1;
	}
	rc = port->ops->start(port, loop);
	if (rc < 0)
		die("port", rc);
	printf("{\"bench\":\"blk\",\"direct\":%s",
		blk_port_file_is_direct(port) ? "true" : "false");
	for (size_t i = 0; i < ARRAY_SIZE(works); i++)
		measure(&works[i], port, loop, fd);
	printf("}\n");
	port->ops->drain(port);
	port->ops->stop(port);
	blk_port_free(port);
	ev_loop_free(loop);
	free(memory);
	close(fd);
	return 0;
}
