/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtio-input device: its configuration space, the event queue fed from any thread through a
 * bounded store, the status queue.
 *
 * A guest sees whole updates or nothing of them: an update is written only when there are buffers
 * for all its events ("Input Device / Device Operation").
 */
#include <errno.h>
#include <linux/input-event-codes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "devices/input/input.h"
#include "devices/input/proto.h"

#define EVENT_QUEUE  0
#define STATUS_QUEUE 1

/* Linux posts no more than 64 event buffers: a longer update would wait for ever. */
#define QUEUE_MAX 64
/* Events that wait for buffers: several seconds of fast typing, or half a second of ten fingers. */
#define STORE_EVENTS 1024
/* Status events read at one go, so that a busy guest leaves the loop to others in between. */
#define BATCH 64

struct input {
	struct vdev v; /* first */
	struct input_identity id;
	uint8_t select, subsel;
	bool started;
	struct vq *vq[2];
	struct ev_timer more;

	/* Guards what follows: input_inject() comes from other threads. */
	pthread_mutex_t lock;
	bool listening; /* there is a driver with an event queue */
	bool posted; /* drain() is on its way */
	struct input_event_rec store[STORE_EVENTS];
	uint32_t head, used; /* whole updates only */
	/* What the guest will believe when it has read the store, and what is true. They differ
	 * when an update was lost: nothing may stay pressed because of that. */
	struct input_held told, want;
	bool lost;
	struct input_stats st;
};

static struct input *input_of(struct vdev *v)
{
	return (struct input *)v;
}

/* ---- events: any thread -> store ---- */

/* Stores one update that was checked. False when there is no room. With the lock. */
static bool store_update(struct input *in, const struct input_event_rec *ev, uint32_t n)
{
	if (!in->listening || n > QUEUE_MAX || n > STORE_EVENTS - in->used)
		return false;
	for (uint32_t i = 0; i < n; i++)
		in->store[(in->head + in->used + i) % STORE_EVENTS] = ev[i];
	in->used += n;
	input_held_follow(&in->told, ev, n);
	return true;
}

/* After updates were lost: lets go what the guest believes pressed and is no more. With the lock.
 */
static void resync(struct input *in)
{
	struct input_event_rec ev[QUEUE_MAX];

	while (in->lost) {
		uint32_t n = input_held_release(&in->told, &in->want, ev, QUEUE_MAX);

		if (n > 0 && !store_update(in, ev, n))
			return;
		in->lost = n > 0; /* look once more: it may not have fitted */
	}
}

static bool is_report(const struct input_event_rec *e)
{
	return e->type == EV_SYN && e->code == SYN_REPORT;
}

/* Checks the update that starts at ev[0] and stores it; returns how many events it had, 0 when no
 * report closes it. With the lock. */
static uint32_t take_update(struct input *in, const struct input_event_rec *ev, uint32_t n)
{
	struct input_event_rec out[QUEUE_MAX];
	uint32_t kept = 0, i = 0;
	bool refused = false;

	for (; i < n; i++) {
		struct input_event_rec e = ev[i];
		enum input_verdict v = input_event_check(&in->id, &e);

		if (v != INPUT_PASS)
			in->st.filtered_events++;
		if (v == INPUT_REFUSE || (v == INPUT_PASS && kept == QUEUE_MAX))
			refused = true;
		else if (v == INPUT_PASS)
			out[kept++] = e;
		if (is_report(&e))
			break;
	}
	if (i == n)
		return 0;
	if (refused) {
		in->st.dropped_updates++;
	} else if (kept > 1) { /* a report alone says nothing */
		input_held_follow(&in->want, out, kept);
		if (!store_update(in, out, kept)) {
			in->st.dropped_updates++;
			in->lost = true;
		}
	}
	return i + 1;
}

static void drain(void *arg);

void input_inject(void *v, const struct input_event_rec *ev, uint32_t n)
{
	struct input *in = v;
	uint32_t done;

	pthread_mutex_lock(&in->lock);
	resync(in);
	while (n > 0 && (done = take_update(in, ev, n)) > 0) {
		ev += done;
		n -= done;
	}
	if (n > 0)
		in->st.dropped_updates++;
	if (in->used > 0 && !in->posted)
		in->posted = ev_post(in->v.host->loop, drain, in) == 0;
	pthread_mutex_unlock(&in->lock);
}

/* ---- events: store -> guest; loop thread ---- */

/* Copies the oldest update out of the store; returns its length, 0 when there is none. */
static uint32_t peek_update(struct input *in, struct input_event_rec *out)
{
	uint32_t n = 0;

	pthread_mutex_lock(&in->lock);
	while (n < in->used) {
		out[n] = in->store[(in->head + n) % STORE_EVENTS];
		if (is_report(&out[n++]))
			break;
	}
	pthread_mutex_unlock(&in->lock);
	return n;
}

static void drop_update(struct input *in, uint32_t n, bool delivered)
{
	pthread_mutex_lock(&in->lock);
	in->head = (in->head + n) % STORE_EVENTS;
	in->used -= n;
	if (delivered)
		in->st.updates++;
	else
		in->st.dropped_updates++;
	resync(in);
	pthread_mutex_unlock(&in->lock);
}

/* What pushing and unpopping look at of a chain. */
static void chain_of(struct vq_chain *c, uint16_t id, uint16_t ndesc)
{
	c->id = id;
	c->ndesc = ndesc;
	c->n_out = c->n_in = 0;
	c->out_bytes = 0;
	c->in_bytes = sizeof(struct input_wire_event);
}

/* Writes one event into a buffer that was popped. */
static bool write_event(struct vq *q, const struct vq_chain *c, const struct input_event_rec *e)
{
	struct input_wire_event w = {
		.type = le16_of(e->type),
		.code = le16_of(e->code),
		.value = le32_of((uint32_t)e->value),
	};
	struct vq_writer wr;

	vq_writer_init(&wr, q, c);
	if (!vq_put(&wr, &w, sizeof(w)))
		return true;
	vq_break(q, GUEST_E_SHORT, "event buffer has less than 8 writable bytes");
	return false;
}

/* Writes an update into buffers; gives all of them back when there are too few. */
static bool deliver(struct vq *q, const struct input_event_rec *ev, uint32_t n)
{
	struct {
		uint16_t id, ndesc;
	} taken[QUEUE_MAX];
	struct vq_chain c;
	uint32_t got = 0;

	while (got < n && vq_pop(q, &c) == VQ_TAKEN) {
		taken[got].id = c.id;
		taken[got].ndesc = c.ndesc;
		if (!write_event(q, &c, &ev[got]))
			return false;
		got++;
	}
	if (got < n) {
		while (got-- > 0) {
			chain_of(&c, taken[got].id, taken[got].ndesc);
			vq_unpop(q, &c);
		}
		return false;
	}
	for (uint32_t i = 0; i < n; i++) {
		chain_of(&c, taken[i].id, taken[i].ndesc);
		if (vq_push_quiet(q, &c, sizeof(struct input_wire_event)))
			return false;
	}
	return true;
}

static void deliver_all(struct input *in)
{
	struct input_event_rec ev[QUEUE_MAX];
	struct vq *q = in->vq[EVENT_QUEUE];
	uint32_t n;

	if (!q)
		return;
	while ((n = peek_update(in, ev)) > 0) {
		/* A queue this small can never take it. */
		bool hopeless = n > vq_size(q);

		if (!hopeless && !deliver(q, ev, n))
			break;
		drop_update(in, n, !hopeless);
	}
	vq_flush(q);
}

static void drain(void *arg)
{
	struct input *in = arg;

	pthread_mutex_lock(&in->lock);
	in->posted = false;
	pthread_mutex_unlock(&in->lock);
	deliver_all(in);
}

/* ---- status queue ---- */

static void status_event(struct input *in, struct vq_reader *r)
{
	struct input_wire_event w;
	uint32_t bit;

	if (vq_get(r, &w, sizeof(w)) || le16_get(w.type) != EV_LED ||
		le16_get(w.code) > LED_SCROLLL || in->id.kind != INPUT_KEYBOARD)
		return;
	bit = 1u << le16_get(w.code);
	pthread_mutex_lock(&in->lock);
	in->st.leds = le32_get(w.value) ? in->st.leds | bit : in->st.leds & ~bit;
	pthread_mutex_unlock(&in->lock);
}

static void read_status(struct input *in)
{
	struct vq *q = in->vq[STATUS_QUEUE];
	struct vq_chain c;
	unsigned int n = 0;

	if (!q)
		return;
	for (; n < BATCH && vq_pop(q, &c) == VQ_TAKEN; n++) {
		struct vq_reader r;

		vq_reader_init(&r, q, &c);
		status_event(in, &r);
		if (vq_push_quiet(q, &c, 0))
			return;
	}
	vq_flush(q);
	if (n == BATCH)
		ev_timer_at(&in->more, clock_now_ns());
}

static void on_more(struct ev_timer *t, uint64_t now_ns)
{
	(void)now_ns;
	read_status(t->data);
}

/* ---- vdev ---- */

static uint16_t num_queues(const struct vdev *v)
{
	(void)v;
	return 2;
}

static uint16_t queue_max(const struct vdev *v, unsigned int q)
{
	(void)v;
	(void)q;
	return QUEUE_MAX;
}

static uint64_t features(const struct vdev *v)
{
	(void)v;
	return 0;
}

static uint32_t config_bytes(const struct vdev *v)
{
	(void)v;
	return sizeof(struct input_wire_config);
}

static void config_read(struct vdev *v, uint32_t off, void *dst, uint32_t len)
{
	const struct input *in = input_of(v);
	struct input_wire_config c = { .select = in->select, .subsel = in->subsel };

	c.size = input_config(&in->id, in->select, in->subsel, c.u);
	memcpy(dst, (const uint8_t *)&c + off, len);
}

/* Only select and subsel are the driver's to write. */
static void config_write(struct vdev *v, uint32_t off, const void *src, uint32_t len)
{
	struct input *in = input_of(v);
	const uint8_t *b = src;

	for (uint32_t i = 0; i < len; i++) {
		if (off + i == offsetof(struct input_wire_config, select))
			in->select = b[i];
		if (off + i == offsetof(struct input_wire_config, subsel))
			in->subsel = b[i];
	}
}

static int start(struct vdev *v, uint64_t accepted)
{
	struct input *in = input_of(v);
	int rc;

	(void)accepted;
	if (in->started)
		return 0;
	rc = ev_timer_init(v->host->loop, &in->more, on_more, in);
	if (rc)
		return rc;
	in->started = true;
	return 0;
}

static void set_listening(struct input *in, bool on)
{
	pthread_mutex_lock(&in->lock);
	in->listening = on;
	in->used = 0;
	in->told = (struct input_held){ 0 };
	in->lost = false;
	pthread_mutex_unlock(&in->lock);
}

static int queue_start(struct vdev *v, unsigned int q, struct vq *vq)
{
	struct input *in = input_of(v);

	in->vq[q] = vq;
	if (q == EVENT_QUEUE)
		set_listening(in, true);
	return 0;
}

static void kick(struct vdev *v, unsigned int q)
{
	if (q == EVENT_QUEUE)
		deliver_all(input_of(v));
	else
		read_status(input_of(v));
}

static void queue_stop(struct vdev *v, unsigned int q)
{
	struct input *in = input_of(v);

	in->vq[q] = NULL;
	if (q == EVENT_QUEUE)
		set_listening(in, false);
}

static void stop(struct vdev *v)
{
	struct input *in = input_of(v);

	in->select = in->subsel = 0;
	pthread_mutex_lock(&in->lock);
	in->st.leds = 0;
	pthread_mutex_unlock(&in->lock);
	if (in->started)
		ev_timer_fini(&in->more);
	in->started = false;
}

static void input_free(struct vdev *v)
{
	struct input *in = input_of(v);

	stop(v);
	pthread_mutex_destroy(&in->lock);
	free(in);
}

static const struct vdev_ops input_ops = {
	.name = "input",
	.id = VIRTIO_ID_INPUT,
	.pci_class = 0x098000, /* input device, other */
	.num_queues = num_queues,
	.queue_max = queue_max,
	.features = features,
	.config_bytes = config_bytes,
	.config_read = config_read,
	.config_write = config_write,
	.start = start,
	.queue_start = queue_start,
	.kick = kick,
	.queue_stop = queue_stop,
	.stop = stop,
	.free = input_free,
};

int input_new(struct vdev **out, const struct input_config *cfg, struct err *e)
{
	static const char *const nouns[INPUT_KINDS] = {
		[INPUT_KEYBOARD] = "keyboard",
		[INPUT_POINTER] = "tablet",
		[INPUT_TOUCH] = "touchscreen",
	};
	struct input *in;

	if (cfg->kind >= INPUT_KINDS)
		return err_set(e, -EINVAL, "input: unknown kind %u", (unsigned int)cfg->kind);
	if (cfg->kind != INPUT_KEYBOARD &&
		(cfg->width == 0 || cfg->width > 65536 || cfg->height == 0 || cfg->height > 65536))
		return err_set(e, -EINVAL, "input: range %ux%u: 1 to 65536 is possible", cfg->width,
			cfg->height);
	in = calloc(1, sizeof(*in));
	if (!in)
		return err_errno(e, ENOMEM, "input");
	in->v.ops = &input_ops;
	snprintf(in->v.tag, sizeof(in->v.tag), "%s", cfg->tag ? cfg->tag : "input");
	in->id.kind = cfg->kind;
	in->id.width = cfg->width;
	in->id.height = cfg->height;
	if (cfg->label && *cfg->label)
		snprintf(in->id.name, sizeof(in->id.name), "Dyno %s (%.64s)", nouns[cfg->kind],
			cfg->label);
	else
		snprintf(in->id.name, sizeof(in->id.name), "Dyno %s", nouns[cfg->kind]);
	snprintf(in->id.serial, sizeof(in->id.serial), "%s%u", nouns[cfg->kind], cfg->scanout);
	pthread_mutex_init(&in->lock, NULL);
	*out = &in->v;
	return 0;
}

void input_stats(const struct vdev *v, struct input_stats *out)
{
	/* The lock is not part of what a caller sees as const. */
	struct input *in = (struct input *)(uintptr_t)v;

	pthread_mutex_lock(&in->lock);
	*out = in->st;
	pthread_mutex_unlock(&in->lock);
}
