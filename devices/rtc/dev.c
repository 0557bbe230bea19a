/* SPDX-License-Identifier: Apache-2.0 */
/* The RTC device; see rtc.h. */
#include "devices/rtc/rtc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

enum { Q_REQUEST, Q_ALARM, QUEUES };

/* "Alarm Operation": one alarm, of the UTC clock. */
struct alarm {
	uint64_t ns;
	bool enabled;
	bool ahead; /* it lies in the future as far as was seen: passing it is an expiration */
	bool rings; /* it expired, and the driver was not told */
};

struct vrtc {
	struct vdev v; /* first */
	struct utc *utc;
	uint64_t features;
	struct vq *vq[QUEUES]; /* lent between queue_start and queue_stop */
	struct ev_timer again; /* goes on where a turn's work was full */
	struct ev_timer alarm_timer;
	struct alarm alarm;
	int64_t tai_offset_ns; /* as it was at the start: TAI does not step */
	uint64_t monotonic_ns; /* the last that was read */
	uint64_t epoch_ns; /* of the monotonic clock: when the device was made */
	struct vrtc_stats stats;
	struct vq_chain chain, alarm_chain; /* a request can ring the alarm */
};

static struct vrtc *vrtc_of(struct vdev *v)
{
	return (struct vrtc *)v;
}

static bool has_alarm(const struct vrtc *c)
{
	return c->features & VIRTIO_BIT(VIRTIO_RTC_F_ALARM);
}

/* Before 1970 there is no time that a clock could show. */
static uint64_t utc_ns(struct vrtc *c)
{
	int64_t t = utc_now_ns(c->utc);

	return t > 0 ? (uint64_t)t : 0;
}

static uint64_t read_clock(struct vrtc *c, unsigned int clock)
{
	uint64_t t = utc_ns(c);

	if (clock == VRTC_CLOCK_TAI)
		return t + (uint64_t)c->tai_offset_ns;
	if (clock == VRTC_CLOCK_MONOTONIC) {
		/* "MUST [...] a value greater than or equal to" the one before. */
		c->monotonic_ns = MAX(c->monotonic_ns, clock_now_ns() - c->epoch_ns);
		return c->monotonic_ns;
	}
	return t;
}

/* ---- the alarm ---- */

/* Tells the driver, when it has a buffer for that. */
static void ring(struct vrtc *c)
{
	const struct virtio_rtc_notif_alarm n = { .head.msg_type = le16_of(VIRTIO_RTC_NOTIF_ALARM),
		.clock_id = le16_of(VRTC_CLOCK_UTC) };
	struct vq *vq = c->vq[Q_ALARM];
	struct vq_writer w;
	int r;

	if (!c->alarm.rings || !vq || vq_pop(vq, &c->alarm_chain) != VQ_TAKEN)
		return;
	if (c->alarm_chain.n_out > 0) {
		vq_break(vq, GUEST_E_DIRECTION, "readable bytes in the alarm queue");
		return;
	}
	vq_writer_init(&w, vq, &c->alarm_chain);
	r = vq_put(&w, &n, sizeof(n));
	if (r) {
		vq_break(vq, r, "no room for an alarm");
		return;
	}
	c->alarm.rings = false;
	c->stats.alarms++;
	if (vq_push(vq, &c->alarm_chain, w.written))
		log_debug("%s: the alarm queue is broken", c->v.tag);
}

/* After every change of the alarm or of the time. */
static void look(struct vrtc *c)
{
	struct alarm *a = &c->alarm;
	uint64_t t = utc_ns(c), at;

	if (a->ns > t) {
		a->ahead = true;
	} else if (a->ahead) {
		a->ahead = false;
		a->rings |= a->enabled;
	}
	ring(c);
	at = a->enabled && a->ahead && a->ns <= INT64_MAX ? utc_look_ns(c->utc, (int64_t)a->ns)
							  : UINT64_MAX;
	if (at == UINT64_MAX)
		ev_timer_stop(&c->alarm_timer);
	else
		ev_timer_at(&c->alarm_timer, at);
}

static void on_alarm(struct ev_timer *t, uint64_t now_ns)
{
	(void)now_ns;
	look(t->data);
}

/* "When the driver sets the alarm to enabled, and the alarm time is not in the future" it expires;
 * one that expired before is obsolete. */
static void set_alarm(struct vrtc *c, uint64_t ns, bool enable)
{
	c->alarm = (struct alarm){ .ns = ns, .enabled = enable, .ahead = true };
	look(c);
}

/* ---- requests ---- */

static enum virtio_rtc_status carry_out(
	struct vrtc *c, const struct vrtc_req *q, struct vrtc_answer *a)
{
	static const enum virtio_rtc_clock types[VRTC_CLOCKS] = {
		[VRTC_CLOCK_UTC] = VIRTIO_RTC_CLOCK_UTC_SMEARED,
		[VRTC_CLOCK_TAI] = VIRTIO_RTC_CLOCK_TAI,
		[VRTC_CLOCK_MONOTONIC] = VIRTIO_RTC_CLOCK_MONOTONIC,
	};

	switch (q->type) {
	case VIRTIO_RTC_REQ_READ:
		a->ns = read_clock(c, q->clock);
		return VIRTIO_RTC_S_OK;
	case VIRTIO_RTC_REQ_READ_CROSS:
		return VIRTIO_RTC_S_EOPNOTSUPP;
	case VIRTIO_RTC_REQ_CFG:
		a->n_clocks = VRTC_CLOCKS;
		return VIRTIO_RTC_S_OK;
	case VIRTIO_RTC_REQ_CLOCK_CAP:
		a->clock_type = types[q->clock];
		a->flag = q->clock == VRTC_CLOCK_UTC && has_alarm(c);
		return VIRTIO_RTC_S_OK;
	case VIRTIO_RTC_REQ_CROSS_CAP:
		return VIRTIO_RTC_S_OK;
	default:
		break;
	}
	if (q->clock != VRTC_CLOCK_UTC)
		return VIRTIO_RTC_S_EOPNOTSUPP;
	if (q->type == VIRTIO_RTC_REQ_SET_ALARM)
		set_alarm(c, q->alarm_ns, q->enable);
	else if (q->type == VIRTIO_RTC_REQ_SET_ALARM_ENABLED)
		set_alarm(c, c->alarm.ns, q->enable);
	a->ns = c->alarm.ns;
	a->flag = c->alarm.enabled;
	return VIRTIO_RTC_S_OK;
}

/* Answers the request in c->chain; false when the queue is broken. */
static bool serve(struct vrtc *c, struct vq *vq)
{
	uint8_t req[VRTC_REQ_MAX], resp[VRTC_RESP_MAX] = { 0 };
	struct vrtc_answer a = { 0 };
	struct vrtc_req q = { 0 };
	enum virtio_rtc_status st;
	struct vq_reader r;
	struct vq_writer w;
	size_t len;
	int rc;

	vq_reader_init(&r, vq, &c->chain);
	len = MIN((size_t)r.left, sizeof(req));
	rc = vq_get(&r, req, (uint32_t)len);
	if (rc) {
		vq_break(vq, rc, "request cannot be read");
		return false;
	}
	vq_writer_init(&w, vq, &c->chain);
	st = vrtc_parse(req, len, VRTC_CLOCKS, has_alarm(c), &q);
	if (st == VIRTIO_RTC_S_OK && w.left < q.resp_bytes)
		st = VIRTIO_RTC_S_EINVAL;
	if (st == VIRTIO_RTC_S_OK)
		st = carry_out(c, &q, &a);
	if (st == VIRTIO_RTC_S_OK) {
		len = vrtc_make(resp, &q, &a);
	} else {
		resp[0] = (uint8_t)st;
		len = sizeof(struct virtio_rtc_resp_head);
	}
	c->stats.requests++;
	c->stats.refused += st != VIRTIO_RTC_S_OK;
	/* A status that does not fit is not written; of the rest what fits. */
	rc = vq_put(&w, resp, (uint32_t)MIN(len, (size_t)w.left));
	if (rc) {
		vq_break(vq, rc, "answer cannot be written");
		return false;
	}
	return vq_push_quiet(vq, &c->chain, w.written) == 0;
}

static void work(struct vrtc *c)
{
	for (unsigned int n = 0; c->vq[Q_REQUEST]; n++) {
		if (n == VRTC_MAX_TURN_REQUESTS) {
			ev_timer_at(&c->again, clock_now_ns());
			break;
		}
		if (vq_pop(c->vq[Q_REQUEST], &c->chain) != VQ_TAKEN || !serve(c, c->vq[Q_REQUEST]))
			break;
	}
	if (c->vq[Q_REQUEST])
		vq_flush(c->vq[Q_REQUEST]);
}

static void on_again(struct ev_timer *t, uint64_t now_ns)
{
	(void)now_ns;
	work(t->data);
}

/* ---- vdev ---- */

static uint16_t vrtc_num_queues(const struct vdev *v)
{
	(void)v;
	return QUEUES;
}

static uint16_t vrtc_queue_max(const struct vdev *v, unsigned int q)
{
	(void)v;
	return q == Q_ALARM ? 16 : 64;
}

static uint64_t vrtc_features(const struct vdev *v)
{
	(void)v;
	return VIRTIO_BIT(VIRTIO_RTC_F_ALARM);
}

static uint32_t vrtc_config_bytes(const struct vdev *v)
{
	(void)v;
	return 0;
}

static int vrtc_start(struct vdev *v, uint64_t features)
{
	struct vrtc *c = vrtc_of(v);
	int rc = ev_timer_init(v->host->loop, &c->again, on_again, c);

	if (rc == 0)
		rc = ev_timer_init(v->host->loop, &c->alarm_timer, on_alarm, c);
	if (rc < 0) {
		ev_timer_fini(&c->again);
		return rc;
	}
	c->features = features;
	c->tai_offset_ns = utc_tai_offset_ns(utc_now_ns(c->utc));
	return 0;
}

static int vrtc_queue_start(struct vdev *v, unsigned int q, struct vq *vq)
{
	struct vrtc *c = vrtc_of(v);

	/* The other "exists only if VIRTIO_RTC_F_ALARM has been negotiated". */
	if (q == Q_REQUEST || has_alarm(c))
		c->vq[q] = vq;
	return 0;
}

static void vrtc_kick(struct vdev *v, unsigned int q)
{
	if (q == Q_REQUEST)
		work(vrtc_of(v));
	else
		ring(vrtc_of(v));
}

static void vrtc_queue_stop(struct vdev *v, unsigned int q)
{
	vrtc_of(v)->vq[q] = NULL;
	if (q == Q_REQUEST)
		ev_timer_stop(&vrtc_of(v)->again);
}

static void vrtc_stop(struct vdev *v)
{
	struct vrtc *c = vrtc_of(v);

	ev_timer_fini(&c->again);
	ev_timer_fini(&c->alarm_timer);
	/* "Initially, the alarm time is 0, and the alarm is disabled." */
	c->alarm = (struct alarm){ 0 };
	c->features = 0;
}

static void vrtc_free(struct vdev *v)
{
	free(v);
}

static const struct vdev_ops vrtc_ops = {
	.name = "rtc",
	.id = VIRTIO_ID_RTC,
	.pci_class = 0x080300, /* base system peripheral, real-time clock */
	.num_queues = vrtc_num_queues,
	.queue_max = vrtc_queue_max,
	.features = vrtc_features,
	.config_bytes = vrtc_config_bytes,
	.start = vrtc_start,
	.queue_start = vrtc_queue_start,
	.kick = vrtc_kick,
	.queue_stop = vrtc_queue_stop,
	.stop = vrtc_stop,
	.free = vrtc_free,
};

int vrtc_new(struct vdev **out, const char *tag, struct utc *utc)
{
	struct vrtc *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->v.ops = &vrtc_ops;
	snprintf(c->v.tag, sizeof(c->v.tag), "%s", tag);
	c->utc = utc;
	c->epoch_ns = clock_now_ns();
	*out = &c->v;
	return 0;
}

void vrtc_look(struct vdev *v)
{
	/* Before the driver is there nothing can ring. */
	if (vrtc_of(v)->features)
		look(vrtc_of(v));
}

struct vrtc_stats vrtc_stats(const struct vdev *v)
{
	return ((const struct vrtc *)v)->stats;
}
