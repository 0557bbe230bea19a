/* SPDX-License-Identifier: Apache-2.0 */
/* The block device; see blk.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "devices/blk/blk.h"
#include "devices/blk/iov.h"
#include "devices/blk/proto.h"

/* Requests taken at one go, so that a busy guest leaves the loop to its other disks. */
#define BATCH 256u
/* Segments that we ask drivers to stay below; whatever fits a chain is served. */
#define SEG_MAX        254u
#define SIZE_MAX_BYTES (4u << 20)
/* A segment that crosses regions of guest memory becomes several pieces. */
#define MAX_IOV (VQ_MAX_SEGS + GMEM_MAX_REGIONS)

struct blk_dev;

struct req {
	struct blk_io io;
	struct req *free_next;
	struct blk_dev *d;
	unsigned int q;
	uint16_t id, ndesc;
	uint32_t in_bytes; /* writable ones, the status byte included */
	gpa status;
	enum blk_what what;
	uint32_t n_ranges, next_range;
	struct blk_range range[BLK_MAX_RANGES];
	struct iovec iov[MAX_IOV];
};

struct queue {
	struct vq *vq; /* lent between queue_start and queue_stop */
	struct req *pool; /* as many as the ring has entries */
	struct req *free;
	bool dirty; /* pushed without an interrupt yet */
};

struct blk_dev {
	struct vdev v; /* first */
	struct blk_port *port; /* owned */
	struct ev_timer again; /* goes on where a turn's work was full */
	unsigned int n_queues;
	bool read_only, port_runs;
	char serial[VIRTIO_BLK_ID_BYTES];
	uint64_t features; /* accepted */
	uint8_t writeback;
	struct blk_limits limits;
	struct blk_stats stats;
	uint32_t more; /* queues to go on with */
	struct queue q[BLK_MAX_QUEUES];
	struct vq_chain chain, answer; /* answer: only id, ndesc, in_bytes */
};

static struct blk_dev *blk_of(struct vdev *v)
{
	return (struct blk_dev *)v;
}

static bool accepted(const struct blk_dev *d, unsigned int bit)
{
	return d->features & VIRTIO_BIT(bit);
}

/* "If the VIRTIO_BLK_F_CONFIG_WCE feature was not negotiated, FLUSH says whether there is a cache."
 */
static bool write_through(const struct blk_dev *d)
{
	return accepted(d, VIRTIO_BLK_F_CONFIG_WCE) ? !d->writeback
						    : !accepted(d, VIRTIO_BLK_F_FLUSH);
}

/* ---- answering ---- */

static void count(struct blk_dev *d, const struct req *r, uint8_t status)
{
	if (status != VIRTIO_BLK_S_OK) {
		if (status == VIRTIO_BLK_S_UNSUPP)
			d->stats.unsupported++;
		else
			d->stats.errors++;
		return;
	}
	switch (r->what) {
	case BLK_DO_READ:
		d->stats.reads++;
		d->stats.read_bytes += r->io.len;
		break;
	case BLK_DO_WRITE:
		d->stats.writes++;
		d->stats.written_bytes += r->io.len;
		break;
	case BLK_DO_FLUSH:
		d->stats.flushes++;
		break;
	case BLK_DO_DISCARD:
		d->stats.discards++;
		break;
	case BLK_DO_WRITE_ZEROES:
		d->stats.zeroes++;
		break;
	case BLK_DO_GET_ID:
		break;
	}
}

/* Writes the status and returns the request. */
static void answer(struct req *r, uint8_t status)
{
	struct blk_dev *d = r->d;
	struct queue *q = &d->q[r->q];

	count(d, r, status);
	r->free_next = q->free;
	q->free = r;
	/* A queue that is being stopped hears no more. */
	if (!q->vq)
		return;
	d->answer.id = r->id;
	d->answer.ndesc = r->ndesc;
	d->answer.in_bytes = r->in_bytes;
	/* The address was checked with the chain. */
	if (gmem_write(d->v.host->mem, r->status, &status, 1) ||
		vq_push_quiet(q->vq, &d->answer, r->in_bytes))
		return;
	q->dirty = true;
}

static void flush_queues(struct blk_dev *d)
{
	for (unsigned int i = 0; i < d->n_queues; i++) {
		if (d->q[i].dirty && d->q[i].vq)
			vq_flush(d->q[i].vq);
		d->q[i].dirty = false;
	}
}

static void batch_end(void *ctx)
{
	flush_queues(ctx);
}

/* The used length says that all of the writable part was written: let it be so. */
static void fail(struct req *r, uint8_t status)
{
	if (r->what == BLK_DO_READ && r->d->q[r->q].vq)
		iov_zero(r->io.iov, r->io.n_iov, 0, (size_t)r->io.len);
	answer(r, status);
}

static void log_failure(const struct req *r, int rc)
{
	static const char *const names[] = { "read", "write", "flush", "get id", "discard",
		"write zeroes" };

	log_guest("%s: %s of %llu bytes at %llu: %s", r->d->v.tag, names[r->what],
		(unsigned long long)r->io.len, (unsigned long long)r->io.off, err_name(rc));
}

static void io_done(struct blk_io *io, int rc)
{
	struct req *r = (struct req *)io;

	if (rc < 0) {
		log_failure(r, rc);
		fail(r, VIRTIO_BLK_S_IOERR);
		return;
	}
	answer(r, VIRTIO_BLK_S_OK);
}

/* ---- ranges: one after the other ---- */

static void range_done(struct blk_io *io, int rc);

static void next_range(struct req *r)
{
	struct blk_dev *d = r->d;
	const struct blk_range *g = &r->range[r->next_range++];

	r->io = (struct blk_io){ .op = r->what == BLK_DO_DISCARD ? BLK_DISCARD : BLK_ZEROES,
		.durable = write_through(d),
		.unmap = g->unmap,
		.off = g->off,
		.len = g->bytes,
		.done = range_done };
	d->port->ops->submit(d->port, &r->io);
}

static void range_done(struct blk_io *io, int rc)
{
	struct req *r = (struct req *)io;

	if (rc == 0 && r->next_range < r->n_ranges) {
		next_range(r);
		r->d->port->ops->commit(r->d->port);
		return;
	}
	io_done(io, rc);
}

static uint8_t take_ranges(struct req *r, struct vq_reader *in, uint32_t bytes)
{
	struct virtio_blk_range wire;

	r->n_ranges = 0;
	r->next_range = 0;
	for (uint32_t at = 0; at < bytes; at += (uint32_t)sizeof(wire)) {
		uint8_t s;

		if (vq_get(in, &wire, sizeof(wire)))
			return VIRTIO_BLK_S_IOERR;
		s = blk_parse_range(&r->range[r->n_ranges++], r->what, &wire, &r->d->limits);
		if (s != VIRTIO_BLK_S_OK)
			return s;
	}
	next_range(r);
	return VIRTIO_BLK_S_OK;
}

/* ---- taking requests ---- */

/* Pins `bytes` of the segments, from byte `off` of the first on, as pieces of host memory. */
static bool pin(
	struct req *r, const struct gmem *m, const struct vq_seg *seg, uint32_t off, uint32_t bytes)
{
	unsigned int n = 0;

	for (; bytes > 0; seg++, off = 0) {
		gpa a = { seg->addr.v + off };
		uint32_t len = MIN(seg->len - off, bytes);

		bytes -= len;
		while (len > 0) {
			uint32_t part = len;
			void *p;

			/* Halved until it lies in one region: almost always at once. */
			while (!(p = gmem_pin(m, a, part)) && part > 1)
				part /= 2;
			if (!p || n == MAX_IOV)
				return false;
			r->iov[n++] = (struct iovec){ p, part };
			a.v += part;
			len -= part;
		}
	}
	r->io.iov = r->iov;
	r->io.n_iov = n;
	return true;
}

static uint8_t take_transfer(
	struct req *r, const struct vq_seg *seg, uint32_t off, const struct blk_request *q)
{
	struct blk_dev *d = r->d;

	r->io = (struct blk_io){ .op = q->what == BLK_DO_READ ? BLK_READ : BLK_WRITE,
		.durable = q->what == BLK_DO_WRITE && write_through(d),
		.off = q->off,
		.len = q->bytes,
		.done = io_done };
	if (!pin(r, d->v.host->mem, seg, off, q->bytes))
		return VIRTIO_BLK_S_IOERR;
	d->port->ops->submit(d->port, &r->io);
	return VIRTIO_BLK_S_OK;
}

static void take_get_id(struct req *r, struct vq_writer *w, uint32_t bytes)
{
	int rc = vq_put(w, r->d->serial, VIRTIO_BLK_ID_BYTES);

	if (rc == 0)
		rc = vq_put_zero(w, bytes - VIRTIO_BLK_ID_BYTES);
	answer(r, rc ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK);
}

/* Nothing of the request was done: what the device should have written becomes zeroes. */
static void refuse(struct req *r, struct vq_writer *w, uint8_t status)
{
	if (vq_put_zero(w, r->in_bytes - 1))
		status = VIRTIO_BLK_S_IOERR;
	answer(r, status);
}

static void take(struct blk_dev *d, struct req *r)
{
	const struct vq_chain *c = &d->chain;
	const struct vq_seg *last = &c->seg[c->n_out + c->n_in - 1];
	struct virtio_blk_outhdr h;
	struct blk_request q = { 0 };
	struct vq_reader in;
	struct vq_writer out;
	uint8_t s;

	r->id = c->id;
	r->ndesc = c->ndesc;
	r->in_bytes = c->in_bytes;
	r->status = (gpa){ last->addr.v + last->len - 1 };
	vq_reader_init(&in, d->q[r->q].vq, c);
	vq_writer_init(&out, d->q[r->q].vq, c);
	s = vq_get(&in, &h, sizeof(h)) ? VIRTIO_BLK_S_IOERR
				       : blk_parse(&q, &h, in.left, out.left - 1, &d->limits);
	r->what = q.what;
	if (s == VIRTIO_BLK_S_OK) {
		switch (q.what) {
		case BLK_DO_READ:
			s = take_transfer(r, out.seg, out.off, &q);
			break;
		case BLK_DO_WRITE:
			s = take_transfer(r, in.seg, in.off, &q);
			break;
		case BLK_DO_FLUSH:
			r->io = (struct blk_io){ .op = BLK_FLUSH, .done = io_done };
			d->port->ops->submit(d->port, &r->io);
			break;
		case BLK_DO_GET_ID:
			take_get_id(r, &out, q.bytes);
			break;
		case BLK_DO_DISCARD:
		case BLK_DO_WRITE_ZEROES:
			s = take_ranges(r, &in, q.bytes);
			break;
		}
	}
	if (s != VIRTIO_BLK_S_OK)
		refuse(r, &out, s);
}

static void work(struct blk_dev *d, unsigned int i)
{
	struct queue *q = &d->q[i];

	for (unsigned int n = 0; q->vq && q->free; n++) {
		struct req *r = q->free;

		if (n == BATCH) {
			d->more |= 1u << i;
			ev_timer_at(&d->again, clock_now_ns());
			break;
		}
		if (vq_pop(q->vq, &d->chain) != VQ_TAKEN)
			break;
		if (d->chain.in_bytes == 0) {
			vq_break(q->vq, GUEST_E_SHORT, "block request without a status byte");
			break;
		}
		q->free = r->free_next;
		r->d = d;
		r->q = i;
		take(d, r);
	}
	d->port->ops->commit(d->port);
	flush_queues(d);
}

static void on_again(struct ev_timer *t, uint64_t now_ns)
{
	struct blk_dev *d = t->data;
	uint32_t more = d->more;

	(void)now_ns;
	d->more = 0;
	for (unsigned int i = 0; i < d->n_queues; i++) {
		if (more >> i & 1)
			work(d, i);
	}
}

/* ---- the contract of a device ---- */

static uint16_t blk_num_queues(const struct vdev *v)
{
	return (uint16_t)((const struct blk_dev *)v)->n_queues;
}

static uint16_t blk_queue_max(const struct vdev *v, unsigned int q)
{
	(void)v;
	(void)q;
	return BLK_QUEUE_SIZE;
}

static uint64_t blk_features(const struct vdev *v)
{
	const struct blk_dev *d = (const struct blk_dev *)v;
	uint64_t f = VIRTIO_BIT(VIRTIO_BLK_F_SIZE_MAX) | VIRTIO_BIT(VIRTIO_BLK_F_SEG_MAX) |
		     VIRTIO_BIT(VIRTIO_BLK_F_BLK_SIZE) | VIRTIO_BIT(VIRTIO_BLK_F_TOPOLOGY) |
		     VIRTIO_BIT(VIRTIO_BLK_F_FLUSH) | VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE);

	if (d->n_queues > 1)
		f |= VIRTIO_BIT(VIRTIO_BLK_F_MQ);
	if (d->read_only)
		f |= VIRTIO_BIT(VIRTIO_BLK_F_RO);
	else
		f |= VIRTIO_BIT(VIRTIO_BLK_F_DISCARD) | VIRTIO_BIT(VIRTIO_BLK_F_WRITE_ZEROES);
	return f;
}

static uint32_t blk_config_bytes(const struct vdev *v)
{
	(void)v;
	return sizeof(struct virtio_blk_config);
}

static void blk_config_read(struct vdev *v, uint32_t off, void *dst, uint32_t len)
{
	const struct blk_dev *d = blk_of(v);
	uint32_t physical = d->port->physical_bytes;
	struct virtio_blk_config c = {
		.capacity = le64_of(d->port->capacity_bytes / VIRTIO_BLK_SECTOR_BYTES),
		.size_max = le32_of(SIZE_MAX_BYTES),
		.seg_max = le32_of(SEG_MAX),
		.blk_size = le32_of(VIRTIO_BLK_SECTOR_BYTES),
		.physical_block_exp = (uint8_t)__builtin_ctz(physical / VIRTIO_BLK_SECTOR_BYTES),
		.min_io_size = le16_of((uint16_t)(physical / VIRTIO_BLK_SECTOR_BYTES)),
		.writeback = d->writeback,
		.num_queues = le16_of((uint16_t)d->n_queues),
	};

	if (!d->read_only) {
		c.max_discard_sectors = c.max_write_zeroes_sectors = le32_of(BLK_MAX_RANGE_SECTORS);
		c.max_discard_seg = c.max_write_zeroes_seg = le32_of(BLK_MAX_RANGES);
		c.discard_sector_alignment = le32_of(physical / VIRTIO_BLK_SECTOR_BYTES);
		c.write_zeroes_may_unmap = 1;
	}
	memcpy(dst, (const uint8_t *)&c + off, len);
}

/* Only the cache's mode can be written, and only where that was negotiated. */
static void blk_config_write(struct vdev *v, uint32_t off, const void *src, uint32_t len)
{
	const uint32_t at = offsetof(struct virtio_blk_config, writeback);
	struct blk_dev *d = blk_of(v);

	if (off > at || at - off >= len || !accepted(d, VIRTIO_BLK_F_CONFIG_WCE))
		return;
	d->writeback = ((const uint8_t *)src)[at - off] & 1;
}

static int blk_start(struct vdev *v, uint64_t features)
{
	struct blk_dev *d = blk_of(v);
	int rc = ev_timer_init(v->host->loop, &d->again, on_again, d);

	d->features = features;
	/* "the device MUST initialize writeback to 0 if FLUSH was not negotiated" */
	d->writeback = accepted(d, VIRTIO_BLK_F_FLUSH);
	d->limits = (struct blk_limits){ .capacity_bytes = d->port->capacity_bytes,
		.read_only = d->read_only,
		.discard = accepted(d, VIRTIO_BLK_F_DISCARD),
		.write_zeroes = accepted(d, VIRTIO_BLK_F_WRITE_ZEROES) };
	d->port->batch_end = batch_end;
	d->port->batch_ctx = d;
	if (rc == 0)
		rc = d->port->ops->start(d->port, v->host->loop);
	d->port_runs = rc == 0;
	return rc;
}

static int blk_queue_start(struct vdev *v, unsigned int i, struct vq *vq)
{
	struct blk_dev *d = blk_of(v);
	struct queue *q = &d->q[i];
	uint16_t n = vq_size(vq);

	if (!d->port_runs)
		return -ENODEV;
	free(q->pool);
	q->free = NULL;
	/* One more than the ring holds, so that taking always ends with an empty ring: only then
	 * does the driver kick again. */
	q->pool = calloc(n + 1u, sizeof(*q->pool));
	if (!q->pool)
		return -ENOMEM;
	for (unsigned int k = n + 1u; k-- > 0;) {
		q->pool[k].free_next = q->free;
		q->free = &q->pool[k];
	}
	q->vq = vq;
	return 0;
}

static void blk_kick(struct vdev *v, unsigned int q)
{
	work(blk_of(v), q);
}

static void blk_queue_stop(struct vdev *v, unsigned int i)
{
	struct blk_dev *d = blk_of(v);
	struct queue *q = &d->q[i];

	q->vq = NULL;
	q->dirty = false;
	d->more &= ~(1u << i);
	/* The kernel may still write to the guest's memory for this queue. Other queues' requests
	 * end as well; they are answered as always. */
	d->port->ops->drain(d->port);
	flush_queues(d);
	free(q->pool);
	q->pool = q->free = NULL;
}

static void blk_stop(struct vdev *v)
{
	struct blk_dev *d = blk_of(v);

	d->port->ops->drain(d->port);
	d->port->ops->stop(d->port);
	d->port_runs = false;
	ev_timer_fini(&d->again);
	d->features = 0;
	d->writeback = 1;
}

static void blk_free(struct vdev *v)
{
	struct blk_dev *d = blk_of(v);

	for (unsigned int i = 0; i < d->n_queues; i++)
		free(d->q[i].pool);
	blk_port_free(d->port);
	free(d);
}

static const struct vdev_ops blk_ops = {
	.name = "blk",
	.id = VIRTIO_ID_BLK,
	.pci_class = 0x018000, /* mass storage, other */
	.num_queues = blk_num_queues,
	.queue_max = blk_queue_max,
	.features = blk_features,
	.config_bytes = blk_config_bytes,
	.config_read = blk_config_read,
	.config_write = blk_config_write,
	.start = blk_start,
	.queue_start = blk_queue_start,
	.kick = blk_kick,
	.queue_stop = blk_queue_stop,
	.stop = blk_stop,
	.free = blk_free,
};

int blk_new(struct vdev **out, struct blk_port *port_take, const struct blk_config *cfg)
{
	struct blk_dev *d = cfg->queues <= BLK_MAX_QUEUES ? calloc(1, sizeof(*d)) : NULL;

	if (!d) {
		blk_port_free(port_take);
		return cfg->queues <= BLK_MAX_QUEUES ? -ENOMEM : -EINVAL;
	}
	d->v.ops = &blk_ops;
	d->port = port_take;
	d->n_queues = cfg->queues ? cfg->queues : 1;
	d->read_only = cfg->read_only || port_take->read_only;
	d->writeback = 1;
	snprintf(d->v.tag, sizeof(d->v.tag), "%s", cfg->tag);
	/* "a NUL-padded ASCII string up to 20 bytes long"; not ended where it is full */
	if (cfg->serial)
		memcpy(d->serial, cfg->serial, strnlen(cfg->serial, sizeof(d->serial)));
	*out = &d->v;
	return 0;
}

struct blk_stats blk_stats(const struct vdev *v)
{
	return ((const struct blk_dev *)v)->stats;
}

const struct blk_port *blk_port_of(const struct vdev *v)
{
	return ((const struct blk_dev *)v)->port;
}
