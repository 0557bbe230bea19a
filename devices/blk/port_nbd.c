/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that an NBD server has; see blk_port.h. The protocol is libnbd's. A request is under way
 * with one command at a time: guest memory goes to the socket where it lies together, else it goes
 * through a bounce buffer. Requests are spread over the connections where the server says that they
 * see the same (multi-conn).
 *
 * The server is another program, perhaps on another machine: one that goes away, or does not
 * answer, costs I/O errors from then on, and never more.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/nbdlib.h"
#include "devices/blk/blk_port.h"
#include "devices/blk/iov.h"

#define SECTOR       512u
#define BOUNCE_BYTES (256u * 1024)
#define BOUNCES      16u
#define NO_BUFFER    UINT32_MAX
/* Pieces of guest memory that are worth a command of their own. */
#define DIRECT_BYTES   (32u * 1024)
#define MAX_DATA_BYTES (1u << 20)
#define MAX_HINT_BYTES (64u << 20) /* of a discard, of zeroes */
/* Disks that cannot be: offsets stay far from the ends of their types. */
#define MAX_DISK_BYTES (UINT64_C(1) << 60)
#define HANDSHAKE_NS   (10 * NS_PER_S)
/* Without any answer for so long a server is gone; a guest that resets waits less. */
#define SILENCE_NS       (30 * NS_PER_S)
#define DRAIN_SILENCE_NS (5 * NS_PER_S)

enum step { STEP_DATA, STEP_DIRECT, STEP_HINT, STEP_SYNC };

/* Set with the first port. */
static const struct nbdlib *nbd;

struct nbd_port;

/* A command that is under way. */
struct cmd {
	struct nbd_port *n;
	struct conn *conn;
	struct blk_io *io; /* NULL: free */
	int error; /* of the server, positive */
	struct cmd *next; /* free ones, or those that ended */
};

struct conn {
	struct nbd_port *n;
	struct nbd_handle *h; /* NULL once it was lost */
	unsigned int in_flight;
	struct ev_io io;
};

struct nbd_port {
	struct blk_port p; /* first */
	struct conn conn[BLK_NBD_MAX_CONNECTIONS];
	unsigned int n_conns;
	bool can_flush, can_fua, can_trim, can_zero, lost;
	uint32_t max_bytes; /* of one command's data */
	struct ev_loop *loop;
	struct ev_timer silence;
	uint64_t patience_ns, drain_ns;
	uint64_t heard_ns; /* the last answer, or the first request after all were answered */
	uint64_t in_flight;
	uint8_t *bounce; /* BOUNCES * BOUNCE_BYTES */
	uint32_t free_bounce; /* bit mask */
	struct blk_io *wait_head, **wait_tail; /* for a bounce buffer */
	struct cmd *cmds, *free_cmd;
	unsigned int n_cmds;
	struct cmd *ended, **ended_tail;
};

static struct nbd_port *nbd_of(struct blk_port *p)
{
	return (struct nbd_port *)p;
}

static void step(struct nbd_port *n, struct blk_io *io);

/* ---- the end of a request ---- */

static void finish(struct nbd_port *n, struct blk_io *io, int rc)
{
	if (io->buffer != NO_BUFFER) {
		n->free_bounce |= 1u << io->buffer;
		io->buffer = NO_BUFFER;
	}
	n->in_flight--;
	io->done(io, rc);
}

/* Those that wait for a buffer take what is free. */
static void wake_waiting(struct nbd_port *n)
{
	while (n->wait_head && (n->free_bounce || n->lost)) {
		struct blk_io *io = n->wait_head;

		n->wait_head = io->next;
		if (!n->wait_head)
			n->wait_tail = &n->wait_head;
		step(n, io);
	}
}

/* Everything that is under way fails, as all that comes. Never inside of a callback. */
static void lose(struct nbd_port *n, const char *why)
{
	if (n->lost)
		return;
	n->lost = true;
	log_error("disk: %s: I/O errors from here on", why);
	for (unsigned int i = 0; i < n->n_conns; i++) {
		ev_io_del(&n->conn[i].io);
		/* No command writes to guest memory after this. */
		nbd->close(n->conn[i].h);
		n->conn[i].h = NULL;
	}
	n->ended = NULL;
	n->ended_tail = &n->ended;
	for (unsigned int i = 0; i < n->n_cmds; i++) {
		struct blk_io *io = n->cmds[i].io;

		if (!io)
			continue;
		n->cmds[i].io = NULL;
		finish(n, io, -EIO);
	}
	wake_waiting(n);
	if (n->p.lost)
		n->p.lost(n->p.lost_ctx, why);
}

/* ---- commands ---- */

/* libnbd may not be called in here. */
static int on_completion(void *data, int *error)
{
	struct cmd *c = data;

	c->error = *error;
	c->next = NULL;
	*c->n->ended_tail = c;
	c->n->ended_tail = &c->next;
	return 1; /* it need not be asked for again */
}

static struct conn *idlest(struct nbd_port *n)
{
	struct conn *best = &n->conn[0];

	for (unsigned int i = 1; i < n->n_conns; i++) {
		if (n->conn[i].in_flight < best->in_flight)
			best = &n->conn[i];
	}
	return best;
}

static uint8_t *buffer_of(const struct nbd_port *n, const struct blk_io *io)
{
	return n->bounce + (size_t)io->buffer * BOUNCE_BYTES;
}

/* The contiguous piece of the caller's memory at `progress`. */
static uint8_t *piece(const struct blk_io *io, size_t *len)
{
	uint64_t skip = io->progress;

	for (unsigned int i = 0; i < io->n_iov; i++) {
		if (skip < io->iov[i].iov_len) {
			*len = io->iov[i].iov_len - skip;
			return (uint8_t *)io->iov[i].iov_base + skip;
		}
		skip -= io->iov[i].iov_len;
	}
	*len = 0;
	return NULL;
}

static bool last_piece(const struct blk_io *io)
{
	return io->progress + io->chunk == io->len;
}

/* Issues io's command on a connection. -1: it was not taken. */
static int64_t issue(struct nbd_port *n, struct conn *c, struct cmd *cmd, struct blk_io *io)
{
	const nbd_completion_callback cb = { .callback = on_completion, .user_data = cmd };
	uint64_t at = io->off + io->progress;
	uint32_t fua = io->durable && n->can_fua ? LIBNBD_CMD_FLAG_FUA : 0;
	size_t len;
	uint8_t *data;

	switch ((enum step)io->step) {
	case STEP_SYNC:
		return nbd->aio_flush(c->h, cb, 0);
	case STEP_HINT:
		if (io->op == BLK_DISCARD)
			return nbd->aio_trim(c->h, io->chunk, at, cb, fua);
		return nbd->aio_zero(
			c->h, io->chunk, at, cb, fua | (io->unmap ? 0 : LIBNBD_CMD_FLAG_NO_HOLE));
	case STEP_DIRECT:
		data = piece(io, &len);
		break;
	default:
		data = buffer_of(n, io);
		break;
	}
	if (io->op == BLK_READ)
		return nbd->aio_pread(c->h, data, io->chunk, at, cb, 0);
	return nbd->aio_pwrite(c->h, data, io->chunk, at, cb, fua);
}

static void command(struct nbd_port *n, struct blk_io *io, enum step s)
{
	struct conn *c = idlest(n);
	struct cmd *cmd = n->free_cmd;

	io->step = s;
	/* There are as many as requests can be under way, and each has one. */
	n->free_cmd = cmd->next;
	*cmd = (struct cmd){ .n = n, .conn = c, .io = io };
	c->in_flight++;
	if (issue(n, c, cmd, io) >= 0)
		return;
	c->in_flight--;
	cmd->io = NULL;
	cmd->next = n->free_cmd;
	n->free_cmd = cmd;
	log_debug("disk: %s", nbd->get_error());
	finish(n, io, -EIO);
}

/* A piece through a bounce buffer, as soon as there is one. */
static void bounce(struct nbd_port *n, struct blk_io *io)
{
	uint8_t *b;

	if (io->buffer == NO_BUFFER) {
		if (!n->free_bounce) {
			io->next = NULL;
			*n->wait_tail = io;
			n->wait_tail = &io->next;
			return;
		}
		io->buffer = (uint32_t)__builtin_ctz(n->free_bounce);
		n->free_bounce &= ~(1u << io->buffer);
	}
	b = buffer_of(n, io);
	io->chunk =
		(uint32_t)MIN(io->len - io->progress, (uint64_t)MIN(n->max_bytes, BOUNCE_BYTES));
	if (io->op == BLK_WRITE)
		iov_copy_out(io->iov, io->n_iov, io->progress, b, io->chunk);
	else if (io->op == BLK_ZEROES)
		memset(b, 0, io->chunk);
	command(n, io, STEP_DATA);
}

static void transfer(struct nbd_port *n, struct blk_io *io)
{
	uint64_t left = io->len - io->progress;
	size_t len = 0;

	(void)piece(io, &len);
	len = MIN(MIN(len, (size_t)n->max_bytes), (size_t)left) & ~(size_t)(SECTOR - 1);
	if (len == 0 || len < MIN(left, (uint64_t)DIRECT_BYTES)) {
		bounce(n, io);
		return;
	}
	io->chunk = (uint32_t)len;
	command(n, io, STEP_DIRECT);
}

/* The next command of a request. */
static void step(struct nbd_port *n, struct blk_io *io)
{
	if (n->lost) {
		finish(n, io, -EIO);
		return;
	}
	if (io->op == BLK_FLUSH) {
		if (n->can_flush)
			command(n, io, STEP_SYNC);
		else
			finish(n, io, 0);
	} else if (io->op == BLK_READ || io->op == BLK_WRITE) {
		transfer(n, io);
	} else if (io->op == BLK_DISCARD && !n->can_trim) {
		finish(n, io, 0); /* a hint */
	} else if (io->op == BLK_ZEROES && !n->can_zero) {
		bounce(n, io);
	} else {
		io->chunk = (uint32_t)MIN(io->len - io->progress, (uint64_t)MAX_HINT_BYTES);
		command(n, io, STEP_HINT);
	}
}

static bool not_supported(int error)
{
	return error == ENOTSUP || error == EOPNOTSUPP || error == EINVAL;
}

static void after(struct nbd_port *n, struct blk_io *io, int error)
{
	if (error && io->step == STEP_HINT && not_supported(error)) {
		if (io->op == BLK_DISCARD) {
			finish(n, io, 0);
			return;
		}
		n->can_zero = false;
		step(n, io);
		return;
	}
	if (error || io->step == STEP_SYNC) {
		/* What libnbd says of all that was under way when a connection ended. */
		finish(n, io, error == ENOTCONN ? -EIO : -error);
		return;
	}
	if (io->step == STEP_DATA && io->op == BLK_READ)
		iov_copy_in(io->iov, io->n_iov, io->progress, buffer_of(n, io), io->chunk);
	if (last_piece(io)) {
		if (io->durable && io->op != BLK_READ && !n->can_fua && n->can_flush)
			command(n, io, STEP_SYNC);
		else
			finish(n, io, 0);
		return;
	}
	io->progress += io->chunk;
	step(n, io);
}

/* Goes on with all whose command ended. */
static void serve_ended(struct nbd_port *n)
{
	while (n->ended) {
		struct cmd *c = n->ended;
		struct blk_io *io = c->io;
		int error = c->error;

		n->ended = c->next;
		if (!n->ended)
			n->ended_tail = &n->ended;
		c->conn->in_flight--;
		c->io = NULL;
		c->next = n->free_cmd;
		n->free_cmd = c;
		n->heard_ns = clock_now_ns();
		after(n, io, error);
		wake_waiting(n);
	}
}

/* ---- sockets ---- */

static bool has_died(const struct conn *c)
{
	return nbd->aio_is_dead(c->h) || nbd->aio_is_closed(c->h);
}

static void watch_silence(struct nbd_port *n)
{
	if (n->in_flight == 0 || n->lost)
		ev_timer_stop(&n->silence);
	else if (n->silence.deadline_ns == 0)
		ev_timer_at(&n->silence, n->heard_ns + n->patience_ns);
}

/* After anything was done with the connections. */
static void settle(struct nbd_port *n)
{
	serve_ended(n);
	for (unsigned int i = 0; i < n->n_conns && !n->lost; i++) {
		struct conn *c = &n->conn[i];
		unsigned int dir;
		uint32_t events;

		if (has_died(c)) {
			lose(n, "the NBD server closed the connection");
			break;
		}
		dir = nbd->aio_get_direction(c->h);
		events = (dir & LIBNBD_AIO_DIRECTION_READ ? (uint32_t)EPOLLIN : 0u) |
			 (dir & LIBNBD_AIO_DIRECTION_WRITE ? (uint32_t)EPOLLOUT : 0u);
		if (n->loop && c->io.fd >= 0 && events != c->io.events &&
			ev_io_set(&c->io, events) < 0)
			lose(n, "its socket cannot be watched");
	}
	if (n->loop)
		watch_silence(n);
}

static void notify(struct conn *c, bool readable, bool writable)
{
	unsigned int dir = nbd->aio_get_direction(c->h);
	int rc = 0;

	if (readable && (dir & LIBNBD_AIO_DIRECTION_READ))
		rc = nbd->aio_notify_read(c->h);
	else if (writable && (dir & LIBNBD_AIO_DIRECTION_WRITE))
		rc = nbd->aio_notify_write(c->h);
	/* What it means for the connection is asked for afterwards. */
	if (rc < 0)
		log_debug("disk: %s", nbd->get_error());
}

static void on_socket(struct ev_io *io, uint32_t revents)
{
	struct conn *c = io->data;
	struct nbd_port *n = c->n;
	bool gone = revents & (EPOLLHUP | EPOLLERR);

	notify(c, revents & EPOLLIN || gone, revents & EPOLLOUT || gone);
	settle(n);
	if (n->p.batch_end)
		n->p.batch_end(n->p.batch_ctx);
}

static void on_silence(struct ev_timer *t, uint64_t now_ns)
{
	struct nbd_port *n = t->data;

	if (now_ns < n->heard_ns + n->patience_ns) {
		watch_silence(n);
		return;
	}
	lose(n, "the NBD server does not answer");
	if (n->p.batch_end)
		n->p.batch_end(n->p.batch_ctx);
}

/* ---- the contract of a port ---- */

static void nbd_submit(struct blk_port *p, struct blk_io *io)
{
	struct nbd_port *n = nbd_of(p);

	if (n->in_flight++ == 0)
		n->heard_ns = clock_now_ns();
	io->progress = 0;
	io->buffer = NO_BUFFER;
	if (n->p.read_only && io->op != BLK_READ && io->op != BLK_FLUSH)
		finish(n, io, -EROFS);
	else if (io->len == 0 && io->op != BLK_FLUSH)
		finish(n, io, 0);
	else
		step(n, io);
}

static void nbd_commit(struct blk_port *p)
{
	settle(nbd_of(p));
}

/* Waits for one of the connections. */
static void wait_once(struct nbd_port *n, int timeout_ms)
{
	struct pollfd fd[BLK_NBD_MAX_CONNECTIONS];

	for (unsigned int i = 0; i < n->n_conns; i++) {
		unsigned int dir = nbd->aio_get_direction(n->conn[i].h);

		fd[i] = (struct pollfd){ .fd = nbd->aio_get_fd(n->conn[i].h),
			.events = (short)((dir & LIBNBD_AIO_DIRECTION_READ ? POLLIN : 0) |
					  (dir & LIBNBD_AIO_DIRECTION_WRITE ? POLLOUT : 0)) };
	}
	if (poll(fd, n->n_conns, timeout_ms) <= 0)
		return;
	for (unsigned int i = 0; i < n->n_conns; i++) {
		bool gone = fd[i].revents & (POLLHUP | POLLERR | POLLNVAL);

		if (fd[i].revents)
			notify(&n->conn[i], fd[i].revents & POLLIN || gone,
				fd[i].revents & POLLOUT || gone);
	}
}

static void nbd_drain(struct blk_port *p)
{
	struct nbd_port *n = nbd_of(p);
	uint64_t begin = clock_now_ns();

	settle(n);
	while (n->in_flight > 0 && !n->lost) {
		if (clock_now_ns() > MAX(begin, n->heard_ns) + n->drain_ns) {
			lose(n, "the NBD server does not answer");
			break;
		}
		wait_once(n, 100);
		settle(n);
	}
}

static void nbd_stop(struct blk_port *p)
{
	struct nbd_port *n = nbd_of(p);

	for (unsigned int i = 0; i < n->n_conns; i++)
		ev_io_del(&n->conn[i].io);
	ev_timer_fini(&n->silence);
	n->loop = NULL;
}

static int nbd_start(struct blk_port *p, struct ev_loop *loop)
{
	struct nbd_port *n = nbd_of(p);
	int rc = ev_timer_init(loop, &n->silence, on_silence, n);

	n->loop = loop;
	for (unsigned int i = 0; i < n->n_conns && rc == 0 && !n->lost; i++)
		rc = ev_io_add(loop, &n->conn[i].io, nbd->aio_get_fd(n->conn[i].h), EPOLLIN,
			on_socket, &n->conn[i]);
	if (rc < 0)
		nbd_stop(p);
	return rc;
}

static void nbd_free(struct blk_port *p)
{
	struct nbd_port *n = nbd_of(p);

	for (unsigned int i = 0; i < n->n_conns; i++) {
		struct nbd_handle *h = n->conn[i].h;

		/* A server that hears goodbye does not complain of its client. */
		if (h && nbd->aio_is_ready(h) && nbd->aio_disconnect(h, 0) < 0)
			log_debug("disk: %s", nbd->get_error());
		nbd->close(h);
	}
	if (n->bounce)
		munmap(n->bounce, (size_t)BOUNCES * BOUNCE_BYTES);
	free(n->cmds);
	free(n);
}

static const struct blk_port_ops nbd_ops = {
	.start = nbd_start,
	.stop = nbd_stop,
	.submit = nbd_submit,
	.commit = nbd_commit,
	.drain = nbd_drain,
	.free = nbd_free,
};

/* ---- set-up: may block ---- */

/* Takes the socket. 0 or -errno with a message. */
static int handshake(struct nbd_handle *h, int fd_take, const char *export_name, struct err *e)
{
	uint64_t end = clock_now_ns() + HANDSHAKE_NS;

	nbd->set_debug(h, false);
	nbd->set_pread_initialize(h, false);
	if (nbd->set_export_name(h, export_name) < 0) {
		fd_close(&fd_take);
		return err_set(e, -EINVAL, "the NBD export's name: %s", nbd->get_error());
	}
	/* A server that is quick has answered all before this returns. */
	bool open = nbd->aio_connect_socket(h, fd_take) == 0;

	while (open && nbd->aio_is_connecting(h)) {
		unsigned int dir = nbd->aio_get_direction(h);
		struct pollfd p = { .fd = nbd->aio_get_fd(h),
			.events = (short)((dir & LIBNBD_AIO_DIRECTION_READ ? POLLIN : 0) |
					  (dir & LIBNBD_AIO_DIRECTION_WRITE ? POLLOUT : 0)) };

		if (clock_now_ns() > end)
			return err_set(e, -ETIMEDOUT, "the NBD server does not answer");
		if (poll(&p, 1, 100) <= 0)
			continue;
		if ((dir & LIBNBD_AIO_DIRECTION_READ ? nbd->aio_notify_read(h)
						     : nbd->aio_notify_write(h)) < 0)
			break;
	}
	if (!open || !nbd->aio_is_ready(h))
		return err_set(e, -EPROTO, "the NBD server refuses: %s", nbd->get_error());
	return 0;
}

/* What the first connection says of the disk. */
static int look_at(struct nbd_port *n, bool read_only, struct err *e)
{
	struct nbd_handle *h = n->conn[0].h;
	int64_t bytes = nbd->get_size(h);
	int64_t least = nbd->get_block_size(h, LIBNBD_SIZE_MINIMUM);
	int64_t best = nbd->get_block_size(h, LIBNBD_SIZE_PREFERRED);
	int64_t most = nbd->get_block_size(h, LIBNBD_SIZE_MAXIMUM);

	if (bytes < (int64_t)SECTOR || bytes > (int64_t)MAX_DISK_BYTES)
		return err_set(e, -EINVAL, "the NBD server's disk has %lld bytes: not possible",
			(long long)bytes);
	if (least > (int64_t)SECTOR)
		return err_set(e, -EINVAL,
			"the NBD server wants requests of %lld bytes: 512 are needed",
			(long long)least);
	n->p.read_only = read_only || nbd->is_read_only(h) == 1;
	if (n->p.read_only && !read_only)
		return err_set(e, -EROFS,
			"the NBD server's disk is read-only: say so in the scenario (read_only, or a "
			"memory overlay)");
	n->p.capacity_bytes = (uint64_t)bytes & ~(uint64_t)(SECTOR - 1);
	n->p.physical_bytes = 4096;
	if (best >= (int64_t)SECTOR && best <= 65536 && (best & (best - 1)) == 0)
		n->p.physical_bytes = (uint32_t)best;
	n->max_bytes = most >= (int64_t)SECTOR && most < (int64_t)MAX_DATA_BYTES
			       ? (uint32_t)most & ~(SECTOR - 1)
			       : MAX_DATA_BYTES;
	n->can_flush = nbd->can_flush(h) == 1;
	n->can_fua = nbd->can_fua(h) == 1;
	n->can_trim = nbd->can_trim(h) == 1;
	n->can_zero = nbd->can_zero(h) == 1;
	return 0;
}

static int connect_all(struct nbd_port *n, int *fds, unsigned int n_fds, const char *export_name,
	bool read_only, struct err *e)
{
	int rc = 0;

	for (unsigned int i = 0; i < n_fds && rc == 0; i++) {
		struct conn *c = &n->conn[i];

		/* Without that promise a flush is about one connection alone. */
		if (i > 0 && nbd->can_multi_conn(n->conn[0].h) != 1)
			break;
		*c = (struct conn){ .n = n, .io = EV_IO_INIT, .h = nbd->create() };
		if (!c->h)
			return err_set(e, -ENOMEM, "%s", nbd->get_error());
		n->n_conns++;
		rc = handshake(c->h, fd_take(&fds[i]), export_name, e);
		if (rc == 0 && i == 0)
			rc = look_at(n, read_only, e);
		if (rc == 0 && i > 0 && nbd->get_size(c->h) != nbd->get_size(n->conn[0].h))
			rc = err_set(e, -EPROTO,
				"the NBD server shows disks of different sizes: not the same one");
	}
	return rc;
}

static int make_buffers(struct nbd_port *n, unsigned int depth, struct err *e)
{
	void *b = mmap(NULL, (size_t)BOUNCES * BOUNCE_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	n->cmds = calloc(depth, sizeof(*n->cmds));
	if (b != MAP_FAILED)
		n->bounce = b;
	if (!n->cmds || !n->bounce)
		return err_errno(e, ENOMEM, "disk");
	n->n_cmds = depth;
	for (unsigned int i = 0; i < depth; i++) {
		n->cmds[i].next = n->free_cmd;
		n->free_cmd = &n->cmds[i];
	}
	return 0;
}

static int set_up(struct nbd_port *n, int *fds, unsigned int n_fds, const char *export_name,
	bool read_only, unsigned int depth, struct err *e)
{
	int rc;

	nbd = nbdlib(e);
	if (!nbd)
		return -ENOENT;
	rc = make_buffers(n, depth, e);
	static_assert(BOUNCES < 32, "a bit each");
	n->p.ops = &nbd_ops;
	n->p.kind = "nbd";
	n->patience_ns = SILENCE_NS;
	n->drain_ns = DRAIN_SILENCE_NS;
	n->free_bounce = (1u << BOUNCES) - 1;
	n->wait_tail = &n->wait_head;
	n->ended_tail = &n->ended;
	return rc < 0 ? rc : connect_all(n, fds, n_fds, export_name, read_only, e);
}

int blk_port_nbd_new(struct blk_port **out, int *fds_take, unsigned int n_fds,
	const char *export_name, bool read_only, unsigned int depth, struct err *e)
{
	struct nbd_port *n = calloc(1, sizeof(*n));
	int rc = n ? set_up(n, fds_take, MIN(n_fds, BLK_NBD_MAX_CONNECTIONS), export_name,
			     read_only, depth, e)
		   : err_errno(e, ENOMEM, "disk");

	for (unsigned int i = 0; i < n_fds; i++)
		fd_close(&fds_take[i]);
	if (rc < 0) {
		if (n)
			nbd_free(&n->p);
		return rc;
	}
	*out = &n->p;
	return 0;
}

unsigned int blk_port_nbd_connections(const struct blk_port *p)
{
	return p->ops == &nbd_ops ? ((const struct nbd_port *)p)->n_conns : 0;
}

void blk_port_nbd_patience(struct blk_port *p, uint64_t silence_ns, uint64_t drain_ns)
{
	nbd_of(p)->patience_ns = silence_ns;
	nbd_of(p)->drain_ns = drain_ns;
}
