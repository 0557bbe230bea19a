/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a disk's blocks are. A port takes requests over host memory and says when each is done, in
 * any order; it knows no guest. Everything runs on the loop thread that the port was started on.
 *
 * What is on the medium when: a WRITE, DISCARD or ZEROES with `durable` set, when it is done; all
 * that was done before a FLUSH was submitted, when that is done.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"
#include "base/ev.h"

enum blk_op { BLK_READ, BLK_WRITE, BLK_FLUSH, BLK_DISCARD, BLK_ZEROES };

/* One request, in the caller's storage until it is done. */
struct blk_io {
	enum blk_op op;
	bool durable;
	bool unmap; /* ZEROES: the blocks may be given back */
	uint64_t off, len; /* bytes, multiples of 512, on the disk */
	const struct iovec *iov; /* READ and WRITE: `len` bytes in all; unchanged until done */
	unsigned int n_iov;
	/* rc: 0 or -errno. May be called before submit() or commit() returns. */
	void (*done)(struct blk_io *io, int rc);

	/* The port's while the request is under way. */
	struct blk_io *next;
	uint64_t progress; /* bytes that are behind us */
	uint32_t step, chunk, buffer;
	/* A port that stands on another one keeps the caller's `done` here, and itself. */
	void (*outer_done)(struct blk_io *io, int rc);
	void *over;
};

struct blk_port;

struct blk_port_ops {
	/* Completions are delivered by `loop` from now on. 0 or -errno. */
	int (*start)(struct blk_port *p, struct ev_loop *loop);
	/* Stops delivering; nothing is under way (drained). Idempotent. */
	void (*stop)(struct blk_port *p);
	void (*submit)(struct blk_port *p, struct blk_io *io);
	/* Ends a batch of submits: none may be held back from here on. */
	void (*commit)(struct blk_port *p);
	/* Waits until nothing is under way; `done` is called for everything. Blocks. */
	void (*drain)(struct blk_port *p);
	void (*free)(struct blk_port *p);
};

struct blk_port {
	const struct blk_port_ops *ops;
	const char *kind; /* "file", "memory", ... */
	uint64_t capacity_bytes; /* a multiple of 512 */
	uint32_t physical_bytes; /* writes of this size and alignment are cheapest */
	bool read_only;
	/* Called after a batch of `done`s that the loop delivered (not after submit() and commit(),
	 * whose caller knows). Set by the user before start. */
	void (*batch_end)(void *ctx);
	void *batch_ctx;
	/* Called once, when there is nothing but errors to be had any more. NULL: nobody is told.
	 * Set before start, on the innermost port. */
	void (*lost)(void *ctx, const char *why);
	void *lost_ctx;
};

/*
 * A raw image or block device, over io_uring: `fd_take` is open for reading, or for both (also on
 * failure it is taken). The page cache is bypassed (O_DIRECT) where the file system allows requests
 * of 512 bytes. `depth`: most requests that are ever under way. Call before the sandbox is entered:
 * the ring is made here, and can from then on do nothing but transfers on this one file.
 * 0 or -errno with a message.
 */
MUST_CHECK int blk_port_file_new(
	struct blk_port **out, int fd_take, bool read_only, unsigned int depth, struct err *e);
/* True while the file port bypasses the page cache. */
bool blk_port_file_is_direct(const struct blk_port *p);

#define BLK_NBD_MAX_CONNECTIONS 4u
/*
 * A disk of an NBD server, over n_fds connected sockets (all taken, also on failure); further ones
 * than the first are only used where the server says that all see the same. The handshake is made
 * here and may take seconds. `depth` as above. 0 or -errno with a message.
 */
MUST_CHECK int blk_port_nbd_new(struct blk_port **out, int *fds_take, unsigned int n_fds,
	const char *export_name, bool read_only, unsigned int depth, struct err *e);
/* How long a server may be silent while it owes answers (30 s), also when a drain waits for it (5
 * s). For tests. Before start. */
void blk_port_nbd_patience(struct blk_port *p, uint64_t silence_ns, uint64_t drain_ns);
/* Connections in use; 0 for another port. */
unsigned int blk_port_nbd_connections(const struct blk_port *p);

/* A disk of zeroes that forgets what is written to it. 0 or -ENOMEM. */
MUST_CHECK int blk_port_null_new(struct blk_port **out, uint64_t capacity_bytes);

/*
 * `base_take` is only read (freed with this port, also on failure); what changes is kept in memory,
 * `limit_bytes` at most (writes beyond fail with -ENOSPC). Over a null port it is a memory disk.
 * 0 or -ENOMEM.
 */
MUST_CHECK int blk_port_overlay_new(
	struct blk_port **out, struct blk_port *base_take, uint64_t limit_bytes);
/* Bytes of memory that the changes take. */
uint64_t blk_port_overlay_bytes(const struct blk_port *p);

static inline void blk_port_free(struct blk_port *p)
{
	if (p)
		p->ops->free(p);
}
