/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A base that is only read, with its changes in memory; see blk_port.h. Sectors are tracked one by
 * one, so that a write never needs to read the base; a read that meets both is read from the base
 * whole, and what changed is laid over it.
 */
#include <errno.h>
#include <stdlib.h>

#include "devices/blk/blk_port.h"
#include "devices/blk/overlay_map.h"

struct overlay {
	struct blk_port p; /* first */
	struct blk_port *base; /* owned */
	struct overlay_map *map;
};

static struct overlay *overlay_of(struct blk_port *p)
{
	return (struct overlay *)p;
}

static void base_batch_end(void *ctx)
{
	struct overlay *o = ctx;

	if (o->p.batch_end)
		o->p.batch_end(o->p.batch_ctx);
}

static int overlay_start(struct blk_port *p, struct ev_loop *loop)
{
	struct overlay *o = overlay_of(p);

	return o->base->ops->start(o->base, loop);
}

static void overlay_stop(struct blk_port *p)
{
	struct overlay *o = overlay_of(p);

	o->base->ops->stop(o->base);
}

/* What was read is the base's; what changed since belongs over it. */
static void read_done(struct blk_io *io, int rc)
{
	struct overlay *o = io->over;

	io->done = io->outer_done;
	if (rc == 0)
		overlay_map_read(o->map, io->off, io->len, io->iov, io->n_iov);
	io->done(io, rc);
}

static void submit_read(struct overlay *o, struct blk_io *io)
{
	if (overlay_map_covers(o->map, io->off, io->len) == OVERLAY_ALL) {
		overlay_map_read(o->map, io->off, io->len, io->iov, io->n_iov);
		io->done(io, 0);
		return;
	}
	io->over = o;
	io->outer_done = io->done;
	io->done = read_done;
	o->base->ops->submit(o->base, io);
}

static void overlay_submit(struct blk_port *p, struct blk_io *io)
{
	struct overlay *o = overlay_of(p);
	int rc = 0;

	switch (io->op) {
	case BLK_READ:
		submit_read(o, io);
		return;
	case BLK_WRITE:
		rc = overlay_map_write(o->map, io->off, io->len, io->iov, io->n_iov);
		break;
	case BLK_ZEROES:
		rc = overlay_map_zero(o->map, io->off, io->len);
		break;
	case BLK_DISCARD:
		overlay_map_discard(o->map, io->off, io->len);
		break;
	case BLK_FLUSH: /* memory is all there is */
		break;
	}
	io->done(io, rc);
}

static void overlay_commit(struct blk_port *p)
{
	struct overlay *o = overlay_of(p);

	o->base->ops->commit(o->base);
}

static void overlay_drain(struct blk_port *p)
{
	struct overlay *o = overlay_of(p);

	o->base->ops->drain(o->base);
}

static void overlay_free(struct blk_port *p)
{
	struct overlay *o = overlay_of(p);

	blk_port_free(o->base);
	overlay_map_free(o->map);
	free(o);
}

static const struct blk_port_ops overlay_ops = {
	.start = overlay_start,
	.stop = overlay_stop,
	.submit = overlay_submit,
	.commit = overlay_commit,
	.drain = overlay_drain,
	.free = overlay_free,
};

int blk_port_overlay_new(struct blk_port **out, struct blk_port *base_take, uint64_t limit_bytes)
{
	struct overlay *o = calloc(1, sizeof(*o));
	int rc = o ? overlay_map_new(&o->map, base_take->capacity_bytes, limit_bytes) : -ENOMEM;

	if (rc < 0) {
		free(o);
		blk_port_free(base_take);
		return rc;
	}
	o->base = base_take;
	o->base->batch_end = base_batch_end;
	o->base->batch_ctx = o;
	o->p = (struct blk_port){ .ops = &overlay_ops,
		.kind = "overlay",
		.capacity_bytes = base_take->capacity_bytes,
		.physical_bytes = base_take->physical_bytes };
	*out = &o->p;
	return 0;
}

uint64_t blk_port_overlay_bytes(const struct blk_port *p)
{
	return p->ops == &overlay_ops ? overlay_map_bytes(((const struct overlay *)p)->map) : 0;
}
