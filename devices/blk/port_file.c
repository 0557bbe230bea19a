/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A raw image or block device over io_uring; see blk_port.h. Requests go to the kernel with the
 * guest's own memory where the file's alignment permits; else, and for the rest of a transfer that
 * the kernel cut short, they go piece by piece through a few bounce buffers.
 *
 * The ring is restricted to reads, writes, fsync and fallocate on its one registered file: a
 * process that was taken over cannot open or connect anything with it, whatever seccomp does not
 * see.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "devices/blk/blk_port.h"
#include "devices/blk/iov.h"

#define SECTOR       512u
#define MAX_ENTRIES  256u
#define BOUNCE_BYTES (256u * 1024)
#define BOUNCES      4u
#define NO_BUFFER    UINT32_MAX
/* After the kernel had no room for a submission. */
#define RETRY_NS (1 * NS_PER_MS)

enum step {
	STEP_WHOLE, /* READ, WRITE on the caller's memory */
	STEP_CHUNK, /* a piece through a bounce buffer */
	STEP_ALLOC, /* fallocate */
	STEP_SYNC
};

struct file_port {
	struct blk_port p; /* first */
	struct io_uring ring;
	bool ring_ok, direct, reaping;
	int fd;
	uint32_t mem_align; /* of host memory; 1 without O_DIRECT */
	struct ev_loop *loop;
	struct ev_io io;
	struct ev_timer retry;
	uint64_t in_flight;
	uint8_t *bounce; /* BOUNCES * BOUNCE_BYTES */
	uint32_t free_bounce; /* bit mask */
	struct blk_io *wait_head, **wait_tail; /* for a bounce buffer */
};

static struct file_port *file_of(struct blk_port *p)
{
	return (struct file_port *)p;
}

/* ---- submitting ---- */

static void push_sqes(struct file_port *f)
{
	int rc;

	if (io_uring_sq_ready(&f->ring) == 0)
		return;
	rc = io_uring_submit(&f->ring);
	/* What was not taken stays in the ring: it goes with the next submit, or when the kernel
	 * has room again. */
	if (rc < 0 && f->loop)
		ev_timer_at(&f->retry, clock_now_ns() + RETRY_NS);
}

/* A prepared place in the ring. The ring holds all that is ever under way, so after a submit there
 * is room, but for a kernel that is short of memory: then this waits for it. */
static struct io_uring_sqe *sqe_of(struct file_port *f, struct blk_io *io, enum step step)
{
	struct io_uring_sqe *s;

	while (!(s = io_uring_get_sqe(&f->ring)))
		(void)io_uring_submit(&f->ring);
	io->step = step;
	return s;
}

static void sqe_ready(struct io_uring_sqe *s, struct blk_io *io)
{
	io_uring_sqe_set_flags(s, IOSQE_FIXED_FILE);
	io_uring_sqe_set_data(s, io);
}

static void do_sync(struct file_port *f, struct blk_io *io)
{
	struct io_uring_sqe *s = sqe_of(f, io, STEP_SYNC);

	io_uring_prep_fsync(s, 0, IORING_FSYNC_DATASYNC);
	sqe_ready(s, io);
}

static void do_whole(struct file_port *f, struct blk_io *io)
{
	struct io_uring_sqe *s = sqe_of(f, io, STEP_WHOLE);

	if (io->op == BLK_READ)
		io_uring_prep_readv2(s, 0, io->iov, io->n_iov, io->off, 0);
	else
		io_uring_prep_writev2(
			s, 0, io->iov, io->n_iov, io->off, io->durable ? RWF_DSYNC : 0);
	sqe_ready(s, io);
}

static void do_alloc(struct file_port *f, struct blk_io *io)
{
	struct io_uring_sqe *s = sqe_of(f, io, STEP_ALLOC);
	bool punch = io->op == BLK_DISCARD || io->unmap;
	int mode = FALLOC_FL_KEEP_SIZE | (punch ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE);

	/* io_uring_prep_fallocate() takes other types from one liburing to the next. */
	io_uring_prep_rw(IORING_OP_FALLOCATE, s, 0, NULL, (unsigned int)mode, io->off);
	s->addr = io->len;
	sqe_ready(s, io);
}

static uint8_t *buffer_of(const struct file_port *f, const struct blk_io *io)
{
	return f->bounce + (size_t)io->buffer * BOUNCE_BYTES;
}

/* The next piece, in the bounce buffer that the request has. */
static void do_chunk(struct file_port *f, struct blk_io *io)
{
	struct io_uring_sqe *s = sqe_of(f, io, STEP_CHUNK);
	uint64_t at = io->off + io->progress;
	uint8_t *b = buffer_of(f, io);

	io->chunk = (uint32_t)MIN(io->len - io->progress, (uint64_t)BOUNCE_BYTES);
	if (io->op == BLK_READ) {
		io_uring_prep_read(s, 0, b, io->chunk, at);
	} else {
		if (io->op == BLK_WRITE)
			iov_copy_out(io->iov, io->n_iov, io->progress, b, io->chunk);
		else
			memset(b, 0, io->chunk);
		io_uring_prep_write(s, 0, b, io->chunk, at);
		s->rw_flags = io->durable ? RWF_DSYNC : 0;
	}
	sqe_ready(s, io);
}

static void go_by_chunks(struct file_port *f, struct blk_io *io)
{
	if (!f->free_bounce) {
		io->next = NULL;
		*f->wait_tail = io;
		f->wait_tail = &io->next;
		return;
	}
	io->buffer = (uint32_t)__builtin_ctz(f->free_bounce);
	f->free_bounce &= ~(1u << io->buffer);
	do_chunk(f, io);
}

static void finish(struct file_port *f, struct blk_io *io, int rc)
{
	if (io->buffer != NO_BUFFER) {
		f->free_bounce |= 1u << io->buffer;
		io->buffer = NO_BUFFER;
		if (f->wait_head) {
			struct blk_io *next = f->wait_head;

			f->wait_head = next->next;
			if (!f->wait_head)
				f->wait_tail = &f->wait_head;
			go_by_chunks(f, next);
		}
	}
	f->in_flight--;
	io->done(io, rc);
}

static bool aligned(const struct file_port *f, const struct blk_io *io)
{
	if (!f->direct)
		return true;
	for (unsigned int i = 0; i < io->n_iov; i++) {
		if ((uintptr_t)io->iov[i].iov_base % f->mem_align || io->iov[i].iov_len % SECTOR)
			return false;
	}
	return true;
}

static void file_submit(struct blk_port *p, struct blk_io *io)
{
	struct file_port *f = file_of(p);

	f->in_flight++;
	io->progress = 0;
	io->buffer = NO_BUFFER;
	if (f->p.read_only && io->op != BLK_READ && io->op != BLK_FLUSH) {
		finish(f, io, -EROFS);
		return;
	}
	switch (io->op) {
	case BLK_READ:
	case BLK_WRITE:
		if (io->len == 0)
			finish(f, io, 0);
		else if (aligned(f, io))
			do_whole(f, io);
		else
			go_by_chunks(f, io);
		break;
	case BLK_FLUSH:
		do_sync(f, io);
		break;
	case BLK_DISCARD:
	case BLK_ZEROES:
		if (io->len == 0)
			finish(f, io, 0);
		else
			do_alloc(f, io);
		break;
	}
}

/* ---- completing ---- */

/* A transfer came back with `res` of `want` bytes. */
static void after_transfer(struct file_port *f, struct blk_io *io, int res, uint64_t want)
{
	uint64_t got;

	if (res == -EAGAIN || res == -EINTR) {
		if (io->step == STEP_WHOLE)
			do_whole(f, io);
		else
			do_chunk(f, io);
		return;
	}
	/* A file that was cut short behind our back has no bytes there: that is an error. */
	got = res < 0 ? 0 : MIN((uint64_t)res, want) & ~(uint64_t)(SECTOR - 1);
	if (got == 0) {
		finish(f, io, res < 0 ? res : -EIO);
		return;
	}
	if (io->step == STEP_CHUNK && io->op == BLK_READ)
		iov_copy_in(io->iov, io->n_iov, io->progress, buffer_of(f, io), (size_t)got);
	io->progress += got;
	if (io->progress == io->len)
		finish(f, io, 0);
	else if (io->step == STEP_CHUNK)
		do_chunk(f, io);
	else
		go_by_chunks(f, io);
}

static void after_alloc(struct file_port *f, struct blk_io *io, int res)
{
	if (res == -EINTR || res == -EAGAIN) {
		do_alloc(f, io);
	} else if (res == -EOPNOTSUPP || res == -ENOSYS || res == -EINVAL) {
		/* A discard is a hint; zeroes must be there. */
		if (io->op == BLK_DISCARD)
			finish(f, io, 0);
		else
			go_by_chunks(f, io);
	} else if (res == 0 && io->durable) {
		do_sync(f, io);
	} else {
		finish(f, io, res);
	}
}

/* What a caller does when a request is done may commit others: they are taken by the same loop. */
static void reap(struct file_port *f)
{
	struct io_uring_cqe *cqe;

	if (f->reaping)
		return;
	f->reaping = true;
	while (io_uring_peek_cqe(&f->ring, &cqe) == 0) {
		struct blk_io *io = io_uring_cqe_get_data(cqe);
		int res = cqe->res;

		io_uring_cqe_seen(&f->ring, cqe);
		switch ((enum step)io->step) {
		case STEP_WHOLE:
			after_transfer(f, io, res, io->len);
			break;
		case STEP_CHUNK:
			after_transfer(f, io, res, io->chunk);
			break;
		case STEP_ALLOC:
			after_alloc(f, io, res);
			break;
		case STEP_SYNC:
			finish(f, io, res);
			break;
		}
	}
	f->reaping = false;
}

/* What the kernel had at hand, in its page cache, it has done at once: a turn of the loop less. */
static void file_commit(struct blk_port *p)
{
	struct file_port *f = file_of(p);

	push_sqes(f);
	reap(f);
	push_sqes(f);
}

static void on_ring(struct ev_io *io, uint32_t revents)
{
	struct file_port *f = io->data;

	(void)revents;
	reap(f);
	push_sqes(f);
	if (f->p.batch_end)
		f->p.batch_end(f->p.batch_ctx);
}

static void on_retry(struct ev_timer *t, uint64_t now_ns)
{
	(void)now_ns;
	push_sqes(t->data);
}

static void file_drain(struct blk_port *p)
{
	struct file_port *f = file_of(p);

	while (f->in_flight > 0) {
		int rc = io_uring_submit_and_wait(&f->ring, 1);

		if (rc < 0 && rc != -EINTR && rc != -EAGAIN && rc != -EBUSY)
			log_error("blk: waiting for transfers: %s", err_name(rc));
		reap(f);
	}
}

/* ---- life ---- */

static void file_stop(struct blk_port *p)
{
	struct file_port *f = file_of(p);

	ev_io_del(&f->io);
	ev_timer_fini(&f->retry);
	f->loop = NULL;
}

static int file_start(struct blk_port *p, struct ev_loop *loop)
{
	struct file_port *f = file_of(p);
	int rc = ev_timer_init(loop, &f->retry, on_retry, f);

	f->loop = loop;
	if (rc == 0)
		rc = ev_io_add(loop, &f->io, f->ring.ring_fd, EPOLLIN, on_ring, f);
	if (rc < 0)
		file_stop(p);
	return rc;
}

static void file_free(struct blk_port *p)
{
	struct file_port *f = file_of(p);

	if (f->ring_ok)
		io_uring_queue_exit(&f->ring);
	if (f->bounce)
		munmap(f->bounce, (size_t)BOUNCES * BOUNCE_BYTES);
	fd_close(&f->fd);
	free(f);
}

static const struct blk_port_ops file_ops = {
	.start = file_start,
	.stop = file_stop,
	.submit = file_submit,
	.commit = file_commit,
	.drain = file_drain,
	.free = file_free,
};

/* liburing 2.3 declares functions for these two operations and does not export them. */
static int do_register(struct file_port *f, unsigned int op, void *arg, unsigned int n)
{
	return syscall(SYS_io_uring_register, f->ring.ring_fd, op, arg, n) < 0 ? -errno : 0;
}

static int make_ring(struct file_port *f, unsigned int depth, struct err *e)
{
	static const uint8_t ops[] = { IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_READ,
		IORING_OP_WRITE, IORING_OP_FSYNC, IORING_OP_FALLOCATE };
	struct io_uring_restriction may[ARRAY_SIZE(ops) + 2] = { 0 };
	struct io_uring_params params = { .cq_entries = MAX(depth, MAX_ENTRIES) };
	const unsigned int base = IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE;
	unsigned int n = 0;
	int rc;

	/* Without COOP_TASKRUN (before Linux 5.19) completions interrupt us more often. */
	params.flags = base | IORING_SETUP_COOP_TASKRUN;
	rc = io_uring_queue_init_params(MAX_ENTRIES, &f->ring, &params);
	if (rc == -EINVAL) {
		params = (struct io_uring_params){ .flags = base,
			.cq_entries = MAX(depth, MAX_ENTRIES) };
		rc = io_uring_queue_init_params(MAX_ENTRIES, &f->ring, &params);
	}
	if (rc < 0)
		return err_errno(e, -rc,
			"cannot make an io_uring (is it allowed here? see the sysctl "
			"kernel.io_uring_disabled, or the container's seccomp profile)");
	f->ring_ok = true;
	for (; n < ARRAY_SIZE(ops); n++)
		may[n] = (struct io_uring_restriction){ .opcode = IORING_RESTRICTION_SQE_OP,
			.sqe_op = ops[n] };
	may[n++] = (struct io_uring_restriction){ .opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED,
		.sqe_flags = IOSQE_FIXED_FILE };
	may[n++] = (struct io_uring_restriction){ .opcode = IORING_RESTRICTION_SQE_FLAGS_REQUIRED,
		.sqe_flags = IOSQE_FIXED_FILE };
	rc = io_uring_register_files(&f->ring, &f->fd, 1);
	if (rc == 0)
		rc = do_register(f, IORING_REGISTER_RESTRICTIONS, may, n);
	if (rc == 0)
		rc = do_register(f, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
	return rc < 0 ? err_errno(e, -rc, "cannot set the io_uring up") : 0;
}

/* Turns O_DIRECT on where requests of a sector can be made with it. */
static void try_direct(struct file_port *f)
{
	int flags = fcntl(f->fd, F_GETFL);
	ssize_t n;

	f->mem_align = 1;
	if (flags < 0 || f->p.capacity_bytes < SECTOR)
		return;
	if (fcntl(f->fd, F_SETFL, flags | O_DIRECT) == 0) {
		/* Both alignments are tried at once: a sector, and memory aligned to no more. */
		n = pread(f->fd, f->bounce + SECTOR, SECTOR, 0);
		f->direct = n == SECTOR;
	}
	if (f->direct)
		f->mem_align = SECTOR;
	else
		(void)fcntl(f->fd, F_SETFL, flags & ~O_DIRECT);
}

static int look_at(struct file_port *f, struct err *e)
{
	int flags = fcntl(f->fd, F_GETFL);
	struct stat st;
	uint64_t bytes = 0;

	if (flags < 0 || fstat(f->fd, &st) < 0)
		return err_errno(e, errno, "cannot look at the image");
	if (S_ISBLK(st.st_mode)) {
		if (ioctl(f->fd, BLKGETSIZE64, &bytes) < 0)
			return err_errno(e, errno, "cannot ask the block device for its size");
	} else if (S_ISREG(st.st_mode)) {
		bytes = (uint64_t)st.st_size;
	} else {
		return err_set(e, -EINVAL, "is neither a file nor a block device");
	}
	if (bytes < SECTOR)
		return err_set(e, -EINVAL, "the image is shorter than a sector");
	if (!f->p.read_only && (flags & O_ACCMODE) != O_RDWR)
		return err_set(e, -EACCES, "the image is not open for writing");
	f->p.capacity_bytes = bytes & ~(uint64_t)(SECTOR - 1);
	f->p.physical_bytes = MIN(MAX((uint32_t)st.st_blksize, SECTOR), 65536u);
	if (f->p.physical_bytes & (f->p.physical_bytes - 1))
		f->p.physical_bytes = 4096;
	return 0;
}

int blk_port_file_new(
	struct blk_port **out, int fd_take, bool read_only, unsigned int depth, struct err *e)
{
	struct file_port *f = calloc(1, sizeof(*f));
	void *bounce;
	int rc;

	if (!f) {
		fd_close(&fd_take);
		return err_errno(e, ENOMEM, "disk");
	}
	f->p = (struct blk_port){ .ops = &file_ops, .kind = "file", .read_only = read_only };
	f->fd = fd_take;
	f->io = (struct ev_io)EV_IO_INIT;
	f->free_bounce = (1u << BOUNCES) - 1;
	f->wait_tail = &f->wait_head;
	bounce = mmap(NULL, (size_t)BOUNCES * BOUNCE_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bounce == MAP_FAILED) {
		rc = err_errno(e, errno, "disk");
	} else {
		f->bounce = bounce;
		rc = look_at(f, e);
	}
	if (rc == 0) {
		try_direct(f);
		rc = make_ring(f, depth, e);
	}
	if (rc < 0) {
		file_free(&f->p);
		return rc;
	}
	*out = &f->p;
	return 0;
}

bool blk_port_file_is_direct(const struct blk_port *p)
{
	return p->ops == &file_ops && ((const struct file_port *)p)->direct;
}
