/* SPDX-License-Identifier: Apache-2.0 */
/* The memory balloon; see balloon.h. */
#include "devices/balloon/balloon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#define PAGE      VIRTIO_BALLOON_PAGE_BYTES
#define MAX_STATS (4u * BALLOON_STATS) /* entries that are looked at */

enum { Q_INFLATE, Q_DEFLATE, Q_STATS, Q_REPORTING_PACKED, Q_REPORTING, QUEUES };

struct balloon {
	struct vdev v; /* first */
	struct vq *vq[QUEUES]; /* lent between queue_start and queue_stop */
	struct ev_timer again; /* goes on where a turn's work was full */
	bool has_again;
	uint64_t features;
	uint64_t memory_bytes;
	uint32_t huge_bytes; /* unit in which the host takes memory */
	bool offers_reporting, offers_deflate_on_oom;
	void (*on_stats)(void *ctx);
	void *ctx;
	struct virtio_balloon_config config;
	struct balloon_state state;
	uint32_t turn_pages; /* in the lists of this turn of the loop */
	uint64_t *held; /* a bit for each page of guest memory */
	bool holds_stats; /* `stats` is the driver's buffer, kept to ask for the next ones */
	struct vq_chain stats, chain;
	le32 numbers[BALLOON_MAX_PAGES];
	uint32_t page[BALLOON_MAX_PAGES];
	struct balloon_run run[BALLOON_MAX_PAGES];
};

static struct balloon *balloon_of(struct vdev *v)
{
	return (struct balloon *)v;
}

static bool has(const struct balloon *b, unsigned int bit)
{
	return b->features & VIRTIO_BIT(bit);
}

/* ---- which pages are in the balloon ---- */

/* Place of a page among all of guest memory; false: there is none. */
static bool page_index(const struct balloon *b, uint32_t page, uint64_t *index)
{
	const struct gmem *m = b->v.host->mem;
	uint64_t a = (uint64_t)page * PAGE, before = 0;

	for (unsigned int i = 0; i < m->n; i++) {
		const struct gmem_region *r = &m->r[i];

		if (a >= r->base.v && a - r->base.v < r->len) {
			*index = (before + (a - r->base.v)) / PAGE;
			return *index < b->memory_bytes / PAGE;
		}
		before += r->len;
	}
	return false;
}

static bool is_held(const struct balloon *b, uint64_t index)
{
	return b->held[index / 64] >> (index % 64) & 1;
}

/* True when that changed something. */
static bool set_held(struct balloon *b, uint64_t index, bool held)
{
	if (is_held(b, index) == held)
		return false;
	b->held[index / 64] ^= UINT64_C(1) << (index % 64);
	if (held)
		b->state.held_bytes += PAGE;
	else
		b->state.held_bytes -= PAGE;
	return true;
}

/* ---- giving memory back ---- */

/* True when the host took it. */
static bool give_back(struct balloon *b, uint64_t addr, uint64_t bytes)
{
	int rc = gmem_discard(b->v.host->mem, (gpa){ addr }, bytes);

	if (rc == 0) {
		b->state.returned_bytes += bytes;
		return true;
	}
	/* The balloon works without: the guest does without the memory, and the host keeps it. */
	if (b->state.failures++ == 0)
		log_warn("%s: the host does not take memory back: %s", b->v.tag, err_name(rc));
	return false;
}

/* The whole huge page around `page`, once all of it is in the balloon. */
static void give_back_huge(struct balloon *b, uint32_t page)
{
	uint32_t n = b->huge_bytes / PAGE, first = page - page % n;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t index;

		if (!page_index(b, first + i, &index) || !is_held(b, index))
			return;
	}
	(void)give_back(b, (uint64_t)first * PAGE, b->huge_bytes);
}

static void inflate(struct balloon *b, const struct balloon_run *r)
{
	for (uint32_t i = 0; i < r->n; i++) {
		uint64_t index;

		if (page_index(b, r->first + i, &index) && set_held(b, index, true))
			b->state.inflated_pages++;
	}
	if (b->huge_bytes == PAGE) {
		(void)give_back(b, (uint64_t)r->first * PAGE, (uint64_t)r->n * PAGE);
		return;
	}
	/* Pages of earlier requests go with it: a driver that does not tell before it uses them
	 * again may do so by now. */
	if (!has(b, VIRTIO_BALLOON_F_MUST_TELL_HOST))
		return;
	for (uint32_t i = 0; i < r->n; i += b->huge_bytes / PAGE)
		give_back_huge(b, r->first + i);
	give_back_huge(b, r->first + r->n - 1);
}

static void deflate(struct balloon *b, const struct balloon_run *r)
{
	for (uint32_t i = 0; i < r->n; i++) {
		uint64_t index;

		if (page_index(b, r->first + i, &index) && set_held(b, index, false))
			b->state.deflated_pages++;
	}
}

/* A list of page numbers. 0 or GUEST_E_*. */
static int serve_pages(struct balloon *b, unsigned int q)
{
	uint32_t n = b->chain.out_bytes / (uint32_t)sizeof(le32), kept = 0, runs;
	struct vq_reader r;
	uint64_t index;
	int rc;

	if (b->chain.n_in > 0)
		return GUEST_E_DIRECTION;
	if (n > BALLOON_MAX_PAGES)
		return GUEST_E_RANGE;
	b->turn_pages += n;
	vq_reader_init(&r, b->vq[q], &b->chain);
	rc = vq_get(&r, b->numbers, n * (uint32_t)sizeof(le32));
	if (rc)
		return rc;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t page = le32_get(b->numbers[i]);

		if (page_index(b, page, &index))
			b->page[kept++] = page;
		else
			b->state.bad_pages++;
	}
	if (kept < n)
		log_guest("%s: %u pages are not memory", b->v.tag, n - kept);
	runs = balloon_runs(b->run, b->page, kept);
	for (uint32_t i = 0; i < runs; i++) {
		if (q == Q_INFLATE)
			inflate(b, &b->run[i]);
		else
			deflate(b, &b->run[i]);
	}
	return 0;
}

/* Free pages, as the writable segments of a request. 0 or GUEST_E_*. */
static int serve_report(struct balloon *b)
{
	if (b->chain.n_out > 0)
		return GUEST_E_DIRECTION;
	/* "the device MUST NOT modify the content of a reported page to a value other than
	 * poison_val": what is given back reads as zero. */
	if (has(b, VIRTIO_BALLOON_F_PAGE_POISON) && le32_get(b->config.poison_val) != 0)
		return 0;
	for (uint16_t i = 0; i < b->chain.n_in; i++) {
		uint64_t unit = b->huge_bytes, from = b->chain.seg[i].addr.v;
		uint64_t skip = (unit - from % unit) % unit, bytes = b->chain.seg[i].len;

		if (bytes < skip)
			continue;
		bytes = (bytes - skip) / unit * unit;
		if (bytes > 0 && give_back(b, from + skip, bytes))
			b->state.reported_bytes += bytes;
	}
	return 0;
}

/* ---- statistics ---- */

/* Takes the buffer that waits; it stays the device's until the next ones are wanted. */
static void take_stats(struct balloon *b)
{
	struct virtio_balloon_stat entry[MAX_STATS];
	uint32_t len;
	struct vq_reader r;

	if (b->holds_stats || vq_pop(b->vq[Q_STATS], &b->stats) != VQ_TAKEN)
		return;
	/* "The driver MUST make at most one buffer available": others stay where they are. This
	 * also has the driver kick for the next one. */
	if (vq_pop(b->vq[Q_STATS], &b->chain) == VQ_TAKEN)
		vq_unpop(b->vq[Q_STATS], &b->chain);
	if (b->stats.n_in > 0) {
		vq_break(b->vq[Q_STATS], GUEST_E_DIRECTION, "statistics with writable bytes");
		return;
	}
	len = MIN(b->stats.out_bytes, (uint32_t)sizeof(entry));
	vq_reader_init(&r, b->vq[Q_STATS], &b->stats);
	if (vq_get(&r, entry, len)) {
		vq_break(b->vq[Q_STATS], GUEST_E_RANGE, "statistics cannot be read");
		return;
	}
	b->holds_stats = true;
	balloon_stats_parse(&b->state.stats, entry, len);
	b->state.polls++;
	if (b->on_stats)
		b->on_stats(b->ctx);
}

bool balloon_poll(struct vdev *v)
{
	struct balloon *b = balloon_of(v);

	if (!b->vq[Q_STATS] || !has(b, VIRTIO_BALLOON_F_STATS_VQ) || vq_is_broken(b->vq[Q_STATS]))
		return false;
	if (!b->holds_stats)
		return true; /* asked already */
	b->holds_stats = false;
	return vq_push(b->vq[Q_STATS], &b->stats, 0) == 0;
}

/* ---- queues ---- */

/*
 * What a queue is for. Without hinting there is no queue 3, and drivers disagree whether those
 * behind a missing queue move up (Linux: they do) or keep their number ("Virtqueues"): a queue that
 * has nothing else to do reports.
 */
static unsigned int role(const struct balloon *b, unsigned int q)
{
	if (q < Q_STATS || (q == Q_STATS && has(b, VIRTIO_BALLOON_F_STATS_VQ)))
		return q;
	return Q_REPORTING;
}

/* True when there may be more. */
static bool serve_next(struct balloon *b, unsigned int q)
{
	int rc;

	if (!b->vq[q] || vq_pop(b->vq[q], &b->chain) != VQ_TAKEN)
		return false;
	rc = role(b, q) == Q_REPORTING ? serve_report(b) : serve_pages(b, q);
	if (rc) {
		vq_break(b->vq[q], rc, "a balloon's request cannot be carried out");
		return false;
	}
	return vq_push_quiet(b->vq[q], &b->chain, 0) == 0;
}

static void work(struct balloon *b, unsigned int q)
{
	unsigned int n = 0;
	bool more = true;

	b->turn_pages = 0;
	while (more && n < BALLOON_TURN_REQUESTS && b->turn_pages < BALLOON_MAX_PAGES) {
		more = serve_next(b, q);
		n += more;
	}
	if (n > 0)
		vq_flush(b->vq[q]);
	if (more)
		ev_timer_at(&b->again, clock_now_ns());
}

static void balloon_kick(struct vdev *v, unsigned int q)
{
	struct balloon *b = balloon_of(v);

	if (!b->vq[q])
		return;
	if (role(b, q) == Q_STATS)
		take_stats(b);
	else
		work(b, q);
}

static void on_again(struct ev_timer *t, uint64_t now_ns)
{
	struct balloon *b = t->data;

	(void)now_ns;
	for (unsigned int q = 0; q < QUEUES; q++) {
		if (role(b, q) != Q_STATS)
			work(b, q);
	}
}

static int balloon_queue_start(struct vdev *v, unsigned int q, struct vq *vq)
{
	balloon_of(v)->vq[q] = vq;
	return 0;
}

static void balloon_queue_stop(struct vdev *v, unsigned int q)
{
	struct balloon *b = balloon_of(v);

	b->vq[q] = NULL;
	if (q == Q_STATS)
		b->holds_stats = false;
}

/* ---- configuration ---- */

void balloon_set_target(struct vdev *v, uint64_t bytes)
{
	struct balloon *b = balloon_of(v);
	uint64_t keep = MIN(bytes, b->memory_bytes);

	b->state.target_bytes = keep;
	b->config.num_pages = le32_of((uint32_t)((b->memory_bytes - keep) / PAGE));
	if (v->host)
		v->host->config_changed(v->host->ctx);
}

static void balloon_config_read(struct vdev *v, uint32_t off, void *dst, uint32_t len)
{
	memcpy(dst, (const uint8_t *)&balloon_of(v)->config + off, len);
}

/* The driver writes how large the balloon is, and its poison; the rest is the device's. */
static void balloon_config_write(struct vdev *v, uint32_t off, const void *src, uint32_t len)
{
	struct virtio_balloon_config *c = &balloon_of(v)->config, old = *c;

	memcpy((uint8_t *)c + off, src, len);
	c->num_pages = old.num_pages;
	c->free_page_hint_cmd_id = old.free_page_hint_cmd_id;
}

/* ---- life ---- */

static uint16_t balloon_num_queues(const struct vdev *v)
{
	(void)v;
	return QUEUES;
}

static uint16_t balloon_queue_max(const struct vdev *v, unsigned int q)
{
	(void)v;
	(void)q;
	return 128;
}

static uint64_t balloon_features(const struct vdev *v)
{
	const struct balloon *b = (const struct balloon *)v;
	uint64_t f =
		VIRTIO_BIT(VIRTIO_BALLOON_F_MUST_TELL_HOST) | VIRTIO_BIT(VIRTIO_BALLOON_F_STATS_VQ);

	if (b->offers_deflate_on_oom)
		f |= VIRTIO_BIT(VIRTIO_BALLOON_F_DEFLATE_ON_OOM);
	if (b->offers_reporting)
		f |= VIRTIO_BIT(VIRTIO_BALLOON_F_PAGE_POISON) |
		     VIRTIO_BIT(VIRTIO_BALLOON_F_PAGE_REPORTING);
	return f;
}

static uint32_t balloon_config_bytes(const struct vdev *v)
{
	(void)v;
	return sizeof(struct virtio_balloon_config);
}

static int balloon_start(struct vdev *v, uint64_t features)
{
	struct balloon *b = balloon_of(v);
	int rc = ev_timer_init(v->host->loop, &b->again, on_again, b);

	b->features = features;
	b->has_again = rc == 0;
	b->state.running = rc == 0;
	b->state.has_stats = has(b, VIRTIO_BALLOON_F_STATS_VQ);
	return rc;
}

/* Nothing is in the balloon any more: a driver that starts anew does not know those pages. */
static void balloon_stop(struct vdev *v)
{
	struct balloon *b = balloon_of(v);

	if (b->has_again)
		ev_timer_fini(&b->again);
	b->has_again = false;
	b->features = 0;
	b->state.running = b->state.has_stats = false;
	b->state.stats = (struct balloon_stats){ 0 };
	b->config.actual = b->config.poison_val = le32_of(0);
	if (b->state.held_bytes > 0)
		memset(b->held, 0, (b->memory_bytes / PAGE + 63) / 64 * sizeof(*b->held));
	b->state.held_bytes = 0;
}

static void balloon_free(struct vdev *v)
{
	free(balloon_of(v)->held);
	free(v);
}

static const struct vdev_ops balloon_ops = {
	.name = "balloon",
	.id = VIRTIO_ID_BALLOON,
	.pci_class = 0x00ff00, /* no class fits */
	.num_queues = balloon_num_queues,
	.queue_max = balloon_queue_max,
	.features = balloon_features,
	.config_bytes = balloon_config_bytes,
	.config_read = balloon_config_read,
	.config_write = balloon_config_write,
	.start = balloon_start,
	.queue_start = balloon_queue_start,
	.kick = balloon_kick,
	.queue_stop = balloon_queue_stop,
	.stop = balloon_stop,
	.free = balloon_free,
};

int balloon_new(struct vdev **out, const struct balloon_config *cfg)
{
	uint32_t huge = cfg->host_page_bytes ? cfg->host_page_bytes : PAGE;
	struct balloon *b;

	if (cfg->memory_bytes / PAGE == 0 || cfg->memory_bytes / PAGE > UINT32_MAX || huge % PAGE ||
		(huge & (huge - 1)) != 0)
		return -EINVAL;
	b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->held = calloc((cfg->memory_bytes / PAGE + 63) / 64, sizeof(*b->held));
	if (!b->held) {
		free(b);
		return -ENOMEM;
	}
	b->v.ops = &balloon_ops;
	snprintf(b->v.tag, sizeof(b->v.tag), "%s", cfg->tag);
	b->memory_bytes = cfg->memory_bytes;
	b->huge_bytes = huge;
	b->offers_reporting = cfg->reporting;
	b->offers_deflate_on_oom = cfg->deflate_on_oom;
	b->on_stats = cfg->on_stats;
	b->ctx = cfg->ctx;
	balloon_set_target(&b->v, cfg->target_bytes);
	*out = &b->v;
	return 0;
}

struct balloon_state balloon_state(const struct vdev *v)
{
	const struct balloon *b = (const struct balloon *)v;
	struct balloon_state s = b->state;
	uint64_t in = (uint64_t)le32_get(b->config.actual) * PAGE;

	s.actual_bytes = b->memory_bytes - MIN(in, b->memory_bytes);
	return s;
}
