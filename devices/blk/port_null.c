/* SPDX-License-Identifier: Apache-2.0 */
/* A disk of zeroes that forgets; see blk_port.h. */
#include <errno.h>
#include <stdlib.h>

#include "devices/blk/blk_port.h"
#include "devices/blk/iov.h"

static int null_start(struct blk_port *p, struct ev_loop *loop)
{
	(void)p;
	(void)loop;
	return 0;
}

static void null_nothing(struct blk_port *p)
{
	(void)p;
}

static void null_submit(struct blk_port *p, struct blk_io *io)
{
	(void)p;
	if (io->op == BLK_READ)
		iov_zero(io->iov, io->n_iov, 0, (size_t)io->len);
	io->done(io, 0);
}

static void null_free(struct blk_port *p)
{
	free(p);
}

static const struct blk_port_ops null_ops = {
	.start = null_start,
	.stop = null_nothing,
	.submit = null_submit,
	.commit = null_nothing,
	.drain = null_nothing,
	.free = null_free,
};

int blk_port_null_new(struct blk_port **out, uint64_t capacity_bytes)
{
	struct blk_port *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	*p = (struct blk_port){ .ops = &null_ops,
		.kind = "null",
		.capacity_bytes = capacity_bytes & ~UINT64_C(511),
		.physical_bytes = 4096 };
	*out = p;
	return 0;
}
