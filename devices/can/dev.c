/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtio-can device: a controller that is stopped or started, three queues, and a port to the
 * bus. Frames of the guest go Txq -> port; a request comes back when the bus acknowledged it
 * (LATE_TX_ACK) or when the port took it. Frames of the bus go port -> Rxq, over a bounded queue
 * where the guest has no buffer.
 */
#include "devices/can/can.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/flood.h"
#include "base/log.h"
#include "devices/can/proto.h"

enum { TXQ, RXQ, CTRLQ, NUM_QUEUES };

/* Requests that wait for the bus's acknowledge; not below the Txq's size, so that it never fills.
 */
#define TX_SLOTS   CAN_PORT_WINDOW
#define TXQ_SIZE   256
#define RXQ_SIZE   256
#define CTRLQ_SIZE 16
static_assert(TXQ_SIZE <= TX_SLOTS && TX_SLOTS == 256, "a slot number is 8 bits of a serial");
/* Requests taken in one turn of the loop: a guest that adds them without end shares it. */
#define TURN_REQUESTS 256u
/* From here on the port reads no more, and from there on it reads again. */
#define RX_PAUSE  (CAN_DEV_RX_PENDING / 2)
#define RX_RESUME (RX_PAUSE - 256)
/* The bus has so many frames of the guest: its answers are when the ring is looked at again, and
 * until then the driver need not kick. The bus never runs dry. */
#define TX_MANY 8u
/* In a flood the driver need not kick until this share of the ring has gathered. Linux' driver
 * stops at half of it, others may have fewer buffers. */
#define TX_GATHER(q) (vq_size(q) / 4)

/*
 * Linux' driver sends START before it is ready for receive interrupts; one that comes in between
 * stops its reception for good. Receiving begins with the guest's first transmission, or after this
 * time.
 */
#define RX_HOLD_NS (5 * NS_PER_MS)
/*
 * A guest whose processor was taken away in between has switched its receive interrupts off all the
 * same. What it was given meanwhile is told once more, whatever it wishes, after this time, and
 * after some longer ones.
 */
#define RX_AGAIN_NS     (20 * NS_PER_MS)
#define RX_AGAIN_LONGER 5u
#define RX_AGAIN_TIMES  5u

/*
 * Linux' driver adds a request, then looks how many it has added, and from 128 on stops until one
 * returns. When all of them return between the two (its processor is taken away), nothing is left
 * that could wake it. So the newest request of a long run returns when there is a newer one, or
 * when the driver has notified after it had added it, or after this time.
 */
#define TX_NEWEST_NS (20 * NS_PER_MS)
/* Requests of a run, and the longest time between two of them. */
#define TX_RUN    64u
#define TX_RUN_NS (10 * NS_PER_MS)

/* A request that the bus has not answered. */
struct tx_slot {
	bool used;
	uint32_t serial;
	struct vq_token token;
};

struct can_dev {
	struct vdev v; /* first */
	struct can_port *port;
	bool attached; /* the port has its loop */
	uint64_t offered, features;
	struct vq *vq[NUM_QUEUES];

	bool started;
	uint16_t status; /* config space */
	bool late_ack;

	struct tx_slot slot[TX_SLOTS];
	uint8_t free_slot[TX_SLOTS];
	uint32_t n_free, seq;
	struct {
		uint32_t serial, run; /* of the request taken last; how many in a row it ends */
		uint64_t at_ns; /* when it was taken */
		bool kicked; /* the driver notified when it had added it */
		bool kept, ok; /* it is answered late, and how */
		struct ev_timer timer;
	} newest;
	bool tx_waits; /* the port had no room */
	bool tx_gathers; /* a flood: the ring is looked at when tx_rest is due */
	struct flood tx_flood;
	struct ev_timer tx_rest;
	struct ev_timer again; /* goes on where a turn's work was full */
	uint32_t again_queues; /* bit q: with queue q */

	/* Untouched pages cost nothing: it is used from its beginning again when it was empty. */
	struct can_rec_frame pending[CAN_DEV_RX_PENDING];
	uint32_t pend_head, pend_count;
	bool paused; /* the port reads no more */
	bool hold;
	struct ev_timer hold_timer;
	struct {
		struct ev_timer timer;
		unsigned int times;
		uint64_t wait_ns;
		uint64_t before; /* frames that it had been given before */
	} rx_again; /* since START */

	struct can_dev_stats st;
	struct vq_chain chain[NUM_QUEUES]; /* the request popped last, per queue */
};

static struct can_dev *can_of(struct vdev *v)
{
	return (struct can_dev *)v;
}

/* ---- transmission ---- */

static void forget_slots(struct can_dev *c)
{
	for (uint32_t i = 0; i < TX_SLOTS; i++) {
		c->slot[i].used = false;
		c->free_slot[i] = (uint8_t)i;
	}
	c->n_free = TX_SLOTS;
}

static uint8_t result_of(bool ok)
{
	return (uint8_t)(ok ? VIRTIO_CAN_RESULT_OK : VIRTIO_CAN_RESULT_NOT_OK);
}

static void count_result(struct can_dev *c, bool ok)
{
	if (ok)
		c->st.tx_ok++;
	else
		c->st.tx_not_ok++;
}

/* Answers the request that was popped last. Its interrupt waits for vq_flush(). */
static void tx_answer(struct can_dev *c, bool ok)
{
	uint8_t result = result_of(ok);
	struct vq_writer w;

	vq_writer_init(&w, c->vq[TXQ], &c->chain[TXQ]);
	/* A request without room for the result is returned empty: the driver's own fault. */
	if (vq_put(&w, &result, sizeof(result)) != 0)
		log_guest("%s: transmit request has no room for its result", c->v.tag);
	count_result(c, ok);
	if (vq_push_quiet(c->vq[TXQ], &c->chain[TXQ], w.written) != 0)
		c->st.tx_rejected++;
}

/* Answers a request that waited in a slot. Its interrupt waits for vq_flush(). */
static void slot_answer(struct can_dev *c, uint32_t i, bool ok)
{
	uint8_t result = result_of(ok);

	c->slot[i].used = false;
	c->free_slot[c->n_free++] = (uint8_t)i;
	if (!c->vq[TXQ])
		return;
	count_result(c, ok);
	/* Not zero: the queue was latched meanwhile, and the transport knows. */
	if (vq_token_push_quiet(c->vq[TXQ], &c->slot[i].token, &result, sizeof(result)) != 0)
		c->st.tx_rejected++;
}

/* Answers the newest request, if its answer was kept. Its interrupt waits for vq_flush(). */
static void release_newest(struct can_dev *c)
{
	if (!c->newest.kept)
		return;
	c->newest.kept = false;
	ev_timer_stop(&c->newest.timer);
	slot_answer(c, c->newest.serial & 0xff, c->newest.ok);
}

static void set_newest(struct can_dev *c, uint32_t serial, bool kicked)
{
	uint64_t now = clock_now_ns();

	release_newest(c);
	c->newest.run = now - c->newest.at_ns < TX_RUN_NS ? c->newest.run + 1 : 1;
	c->newest.serial = serial;
	c->newest.at_ns = now;
	c->newest.kicked = kicked;
}

/* True when the answer waits. */
static bool keep_newest(struct can_dev *c, uint32_t serial, bool ok)
{
	if (serial != c->newest.serial || c->newest.kicked || c->newest.run < TX_RUN)
		return false;
	c->newest.kept = true;
	c->newest.ok = ok;
	ev_timer_at(&c->newest.timer, clock_now_ns() + TX_NEWEST_NS);
	return true;
}

static void on_newest(struct ev_timer *t, uint64_t now_ns)
{
	struct can_dev *c = t->data;

	(void)now_ns;
	release_newest(c);
	if (c->vq[TXQ])
		vq_flush(c->vq[TXQ]);
}

/* "If the CAN controller is stopped, pending transmissions are returned with NOT_OK." */
static void fail_pending_tx(struct can_dev *c)
{
	release_newest(c);
	for (uint32_t i = 0; i < TX_SLOTS; i++) {
		if (c->slot[i].used)
			slot_answer(c, i, false);
	}
	if (c->vq[TXQ])
		vq_flush(c->vq[TXQ]);
}

/* Checks the request that was popped last and makes the frame. 0 or GUEST_E_*. */
static int tx_parse(struct can_dev *c, struct can_rec_frame *r)
{
	struct virtio_can_hdr h;
	struct vq_reader rd;
	uint32_t copy;
	int rc;

	if (!c->started)
		return GUEST_E_STATE;
	vq_reader_init(&rd, c->vq[TXQ], &c->chain[TXQ]);
	rc = vq_get(&rd, &h, sizeof(h));
	if (rc == 0)
		rc = can_parse_tx(&h, rd.left, c->features, r, &copy);
	if (rc == 0 && copy)
		rc = vq_get(&rd, r->f.data, copy);
	return rc;
}

/*
 * Hands a checked frame to the port; `kicked`: the driver notified of it. False: the port has no
 * room now, the request stays in the queue.
 */
static bool tx_send(struct can_dev *c, struct can_rec_frame *r, bool kicked)
{
	uint32_t i = c->free_slot[c->n_free - 1];
	int rc;

	r->h.serial = ++c->seq << 8 | i;
	if (c->late_ack && vq_token_take(&c->slot[i].token, &c->chain[TXQ]) != 0) {
		/* Its result is scattered over more pieces than it has bytes. */
		c->st.tx_rejected++;
		tx_answer(c, false);
		return true;
	}
	rc = c->port->ops->send(c->port, r);
	if (rc == -EAGAIN)
		return false;
	if (rc < 0 || !c->late_ack) {
		tx_answer(c, rc == 0);
		return true;
	}
	c->n_free--;
	c->slot[i].used = true;
	c->slot[i].serial = r->h.serial;
	set_newest(c, r->h.serial, kicked);
	return true;
}

/* A turn's work is full: the request that was popped last stays for the next turn. */
static void go_on_later(struct can_dev *c, unsigned int q)
{
	vq_unpop(c->vq[q], &c->chain[q]);
	c->again_queues |= 1u << q;
	ev_timer_at(&c->again, 1);
}

static void rx_drain(struct can_dev *c);

static void release_hold(struct can_dev *c)
{
	c->hold = false;
	ev_timer_stop(&c->hold_timer);
	rx_drain(c);
}

static bool tx_many(const struct can_dev *c)
{
	return TX_SLOTS - c->n_free >= TX_MANY;
}

/* Hands what is in the ring to the port; `kicked`: the driver notified. Returns how many requests.
 */
static uint32_t tx_take(struct can_dev *c, bool kicked)
{
	uint32_t n = 0;

	while (c->vq[TXQ] && c->n_free && vq_pop(c->vq[TXQ], &c->chain[TXQ]) == VQ_TAKEN) {
		struct can_rec_frame r;
		int rc;

		if (n++ == TURN_REQUESTS) {
			go_on_later(c, TXQ);
			break;
		}
		rc = tx_parse(c, &r);
		if (rc != 0) {
			if (rc != GUEST_E_STATE)
				log_guest("%s: transmit request rejected: %s", c->v.tag,
					err_name(rc));
			c->st.tx_rejected++;
			tx_answer(c, false);
			continue;
		}
		if (c->hold)
			release_hold(c);
		if (!tx_send(c, &r, kicked && n == 1)) {
			vq_unpop(c->vq[TXQ], &c->chain[TXQ]);
			c->tx_waits = true;
			break;
		}
		/* Before the ring is seen empty, which asks for the next kick. */
		if (tx_many(c))
			vq_kicks_disable(c->vq[TXQ]);
	}
	return n;
}

/* In a flood requests gather until the timer looks, or so many have that the driver kicks. */
static void tx_gather(struct can_dev *c, uint32_t n)
{
	uint64_t now = clock_now_ns();

	c->tx_gathers = c->vq[TXQ] && flood_saw(&c->tx_flood, n, now);
	if (!c->tx_gathers)
		return;
	vq_kicks_after(c->vq[TXQ], TX_GATHER(c->vq[TXQ]));
	ev_timer_at(&c->tx_rest, now + FLOOD_REST_NS);
}

/* Takes what is in the ring; `kicked`: because the driver notified. */
static void tx_work(struct can_dev *c, bool kicked)
{
	bool flood = c->tx_gathers;

	c->tx_waits = false;
	if (c->vq[TXQ] && !flood && !tx_many(c))
		vq_kicks_enable(c->vq[TXQ]);
	tx_gather(c, tx_take(c, kicked));
	if (c->vq[TXQ] && flood && !c->tx_gathers && !tx_many(c)) {
		/* It is over: a request that comes from here on is heard of at once. */
		vq_kicks_enable(c->vq[TXQ]);
		(void)tx_take(c, false);
	}
	/* The bus's answer, which gives a slot back, looks into the ring again. */
	if (tx_many(c) && (!c->tx_gathers || !c->n_free))
		c->tx_waits = true;
	c->port->ops->flush(c->port);
	if (c->vq[TXQ])
		vq_flush(c->vq[TXQ]);
}

static void on_tx_rest(struct ev_timer *t, uint64_t now_ns)
{
	(void)now_ns;
	tx_work(t->data, false);
}

/* ---- reception ---- */

/*
 * Pops a buffer for a frame. The driver gives each buffer back when it has read it: the device
 * wants to hear of that only while a frame waits for one.
 */
static bool rx_buffer(struct can_dev *c)
{
	struct vq *q = c->vq[RXQ];

	if (!q)
		return false;
	if (vq_pop(q, &c->chain[RXQ]) != VQ_TAKEN) {
		vq_kicks_enable(q);
		if (vq_pop(q, &c->chain[RXQ]) != VQ_TAKEN)
			return false;
	}
	vq_kicks_disable(q);
	return true;
}

/* Gives one frame to the guest. False: it has no buffer. */
static bool rx_give(struct can_dev *c, const struct can_rec_frame *r)
{
	struct virtio_can_hdr h;
	struct vq_writer w;
	int sdu;

	if (!rx_buffer(c))
		return false;
	sdu = can_make_rx(r, c->features, &h);
	vq_writer_init(&w, c->vq[RXQ], &c->chain[RXQ]);
	if (sdu >= 0 && vq_put(&w, &h, sizeof(h)) == 0 &&
		vq_put(&w, r->f.data, (uint32_t)sdu) == 0) {
		c->st.rx_frames++;
	} else {
		/* "The driver MUST supply buffers of at least the size of the largest message." */
		log_guest("%s: receive buffer of %u bytes is too small", c->v.tag,
			c->chain[RXQ].in_bytes);
		c->st.rx_dropped++;
		w.written = 0;
	}
	return vq_push_quiet(c->vq[RXQ], &c->chain[RXQ], w.written) == 0;
}

static void rx_drain(struct can_dev *c)
{
	while (c->pend_count && !c->hold && rx_give(c, &c->pending[c->pend_head])) {
		c->pend_head = (c->pend_head + 1) % CAN_DEV_RX_PENDING;
		c->pend_count--;
	}
	if (!c->pend_count)
		c->pend_head = 0;
	if (c->vq[RXQ])
		vq_flush(c->vq[RXQ]);
	if (c->paused && c->pend_count <= RX_RESUME) {
		c->paused = false;
		c->port->ops->pause(c->port, false);
	}
}

static void on_hold(struct ev_timer *t, uint64_t now_ns)
{
	(void)now_ns;
	release_hold(t->data);
}

static void rx_again_later(struct can_dev *c)
{
	if (c->rx_again.times++ < RX_AGAIN_TIMES)
		ev_timer_at(&c->rx_again.timer, clock_now_ns() + c->rx_again.wait_ns);
	c->rx_again.wait_ns *= RX_AGAIN_LONGER;
}

static void on_rx_again(struct ev_timer *t, uint64_t now_ns)
{
	struct can_dev *c = t->data;

	(void)now_ns;
	if (c->vq[RXQ] && c->st.rx_frames != c->rx_again.before)
		vq_interrupt(c->vq[RXQ]);
	rx_again_later(c);
}

static void on_rx(void *ctx, const struct can_rec_frame *r)
{
	struct can_dev *c = ctx;
	struct virtio_can_hdr h;

	if (!c->started)
		return;
	/* What the guest sends next may be the answer. */
	flood_over(&c->tx_flood);
	if (can_make_rx(r, c->features, &h) < 0) {
		c->st.rx_filtered++;
		return;
	}
	if (!c->pend_count && !c->hold && rx_give(c, r))
		return;
	if (c->pend_count == CAN_DEV_RX_PENDING) {
		c->st.rx_dropped++;
		return;
	}
	c->pending[(c->pend_head + c->pend_count++) % CAN_DEV_RX_PENDING] = *r;
	if (c->pend_count > RX_PAUSE && !c->paused && c->port->ops->pause) {
		c->paused = true;
		c->port->ops->pause(c->port, true);
	}
}

/* ---- the controller's state ---- */

/* Takes the controller out of the bus. What waits is answered, what was received is forgotten. */
static void controller_stop(struct can_dev *c)
{
	if (!c->started)
		return;
	c->started = false;
	c->port->ops->stop(c->port);
	fail_pending_tx(c);
	c->pend_head = c->pend_count = 0;
	c->paused = false;
	c->hold = false;
	ev_timer_stop(&c->hold_timer);
	ev_timer_stop(&c->rx_again.timer);
	/* What the port had no room for finds a stopped controller now. */
	if (c->tx_waits)
		tx_work(c, false);
}

static void set_status(struct can_dev *c, uint16_t status)
{
	if (c->status == status)
		return;
	c->status = status;
	c->v.host->config_changed(c->v.host->ctx);
}

static void controller_start(struct can_dev *c)
{
	if (c->started)
		return;
	c->started = true;
	c->hold = true;
	ev_timer_at(&c->hold_timer, clock_now_ns() + RX_HOLD_NS);
	c->rx_again.times = 0;
	c->rx_again.wait_ns = RX_AGAIN_NS;
	c->rx_again.before = c->st.rx_frames;
	rx_again_later(c);
	c->port->ops->start(c->port);
	set_status(c, 0);
}

/* Carries out a control request. False: it is unknown or cut. */
static bool control(struct can_dev *c)
{
	struct virtio_can_control_out req;
	struct vq_reader rd;

	vq_reader_init(&rd, c->vq[CTRLQ], &c->chain[CTRLQ]);
	if (vq_get(&rd, &req, sizeof(req)) != 0)
		return false;
	switch (le16_get(req.msg_type)) {
	case VIRTIO_CAN_SET_CTRL_START:
		controller_start(c);
		return true;
	case VIRTIO_CAN_SET_CTRL_STOP:
		controller_stop(c);
		return true;
	default:
		return false;
	}
}

/* "CAN Device / Controller Mode": carried out when the request comes back, never behind a Tx. */
static void ctrl_work(struct can_dev *c)
{
	uint32_t n = 0;

	while (c->vq[CTRLQ] && vq_pop(c->vq[CTRLQ], &c->chain[CTRLQ]) == VQ_TAKEN) {
		struct vq_writer w;
		uint8_t result;
		bool ok;

		if (n++ == TURN_REQUESTS) {
			go_on_later(c, CTRLQ);
			return;
		}
		ok = control(c);
		result = result_of(ok);
		if (!ok)
			log_guest("%s: unknown control request", c->v.tag);
		vq_writer_init(&w, c->vq[CTRLQ], &c->chain[CTRLQ]);
		if (vq_put(&w, &result, sizeof(result)) != 0)
			log_guest("%s: control request has no room for its result", c->v.tag);
		if (vq_push(c->vq[CTRLQ], &c->chain[CTRLQ], w.written) != 0)
			return;
	}
}

static void on_again(struct ev_timer *t, uint64_t now_ns)
{
	struct can_dev *c = t->data;
	uint32_t queues = c->again_queues;

	(void)now_ns;
	c->again_queues = 0;
	if (queues & 1u << CTRLQ)
		ctrl_work(c);
	if (queues & 1u << TXQ)
		tx_work(c, false);
}

/* ---- what the port says ---- */

static void on_done(void *ctx, uint32_t serial, bool ok)
{
	struct can_dev *c = ctx;
	uint32_t i = serial & 0xff;

	if (c->slot[i].used && c->slot[i].serial == serial && !keep_newest(c, serial, ok))
		slot_answer(c, i, ok);
}

static void on_state(void *ctx, uint8_t state)
{
	struct can_dev *c = ctx;

	/* Leaving bus-off is what START did: nothing to do then. */
	if (state != CAN_STATE_PORT_BUSOFF || !c->started)
		return;
	c->st.busoffs++;
	controller_stop(c);
	set_status(c, VIRTIO_CAN_S_CTRL_BUSOFF);
}

static void on_batch_end(void *ctx)
{
	struct can_dev *c = ctx;

	if (c->vq[RXQ])
		vq_flush(c->vq[RXQ]);
	if (c->vq[TXQ])
		vq_flush(c->vq[TXQ]);
	if (c->tx_waits)
		tx_work(c, false);
}

static void on_gone(void *ctx)
{
	struct can_dev *c = ctx;

	log_warn("%s: the bus is gone", c->v.tag);
	fail_pending_tx(c);
	if (c->tx_waits)
		tx_work(c, false);
}

/* ---- ops ---- */

static uint16_t can_num_queues(const struct vdev *v)
{
	(void)v;
	return NUM_QUEUES;
}

static uint16_t can_queue_max(const struct vdev *v, unsigned int q)
{
	static const uint16_t size[NUM_QUEUES] = { TXQ_SIZE, RXQ_SIZE, CTRLQ_SIZE };

	(void)v;
	return size[q];
}

static uint64_t can_features(const struct vdev *v)
{
	return ((const struct can_dev *)v)->offered;
}

static bool can_accepts(const struct vdev *v, uint64_t accepted)
{
	(void)v;
	return can_features_ok(accepted);
}

static uint32_t can_config_bytes(const struct vdev *v)
{
	(void)v;
	return sizeof(struct virtio_can_config);
}

static void can_config_read(struct vdev *v, uint32_t off, void *dst, uint32_t len)
{
	struct virtio_can_config cfg = { .status = le16_of(can_of(v)->status) };

	memcpy(dst, (const uint8_t *)&cfg + off, len);
}

static int can_start(struct vdev *v, uint64_t features)
{
	struct can_dev *c = can_of(v);
	struct can_port_sink sink = { .rx = on_rx,
		.done = on_done,
		.state = on_state,
		.batch_end = on_batch_end,
		.gone = on_gone,
		.ctx = c };
	int rc = 0;

	c->features = features;
	c->late_ack = features & VIRTIO_BIT(VIRTIO_CAN_F_LATE_TX_ACK);
	if (!c->attached) {
		rc = ev_timer_init(v->host->loop, &c->hold_timer, on_hold, c);
		if (rc == 0)
			rc = ev_timer_init(v->host->loop, &c->rx_again.timer, on_rx_again, c);
		if (rc == 0)
			rc = ev_timer_init(v->host->loop, &c->again, on_again, c);
		if (rc == 0)
			rc = ev_timer_init(v->host->loop, &c->tx_rest, on_tx_rest, c);
		if (rc == 0)
			rc = ev_timer_init(v->host->loop, &c->newest.timer, on_newest, c);
		if (rc == 0)
			rc = c->port->ops->attach(c->port, v->host->loop, &sink);
		c->attached = rc == 0;
	}
	return rc;
}

static int can_queue_start(struct vdev *v, unsigned int q, struct vq *vq)
{
	can_of(v)->vq[q] = vq;
	return 0;
}

static void can_kick(struct vdev *v, unsigned int q)
{
	struct can_dev *c = can_of(v);

	if (q == TXQ)
		tx_work(c, true);
	else if (q == RXQ)
		rx_drain(c);
	else
		ctrl_work(c);
}

static void can_queue_stop(struct vdev *v, unsigned int q)
{
	struct can_dev *c = can_of(v);

	c->vq[q] = NULL;
	c->again_queues &= ~(1u << q);
	if (q == TXQ) {
		forget_slots(c);
		c->tx_waits = c->tx_gathers = false;
		ev_timer_stop(&c->tx_rest);
		c->newest.kept = false;
		c->newest.run = 0;
		ev_timer_stop(&c->newest.timer);
	}
}

static void can_stop(struct vdev *v)
{
	struct can_dev *c = can_of(v);

	for (unsigned int q = 0; q < NUM_QUEUES; q++)
		can_queue_stop(v, q);
	/* "The CAN controller is stopped after a device reset." */
	controller_stop(c);
	c->status = 0;
	c->features = 0;
	c->late_ack = false;
}

static void can_free(struct vdev *v)
{
	struct can_dev *c = can_of(v);

	ev_timer_fini(&c->hold_timer);
	ev_timer_fini(&c->rx_again.timer);
	ev_timer_fini(&c->again);
	ev_timer_fini(&c->tx_rest);
	ev_timer_fini(&c->newest.timer);
	can_port_free(c->port);
	free(c);
}

static const struct vdev_ops can_ops = {
	.name = "can",
	.id = VIRTIO_ID_CAN,
	.pci_class = 0x0c0900, /* serial bus controller, CANbus */
	.num_queues = can_num_queues,
	.queue_max = can_queue_max,
	.features = can_features,
	.features_ok = can_accepts,
	.config_bytes = can_config_bytes,
	.config_read = can_config_read,
	.start = can_start,
	.queue_start = can_queue_start,
	.kick = can_kick,
	.queue_stop = can_queue_stop,
	.stop = can_stop,
	.free = can_free,
};

int can_dev_new(struct vdev **out, struct can_port *port_take, const struct can_dev_config *cfg)
{
	uint64_t features = cfg->features ? cfg->features : VIRTIO_CAN_FEATURES_ALL;
	struct can_dev *c = NULL;
	int rc = -EINVAL;

	if (!(features & ~VIRTIO_CAN_FEATURES_ALL) && can_features_ok(features)) {
		c = calloc(1, sizeof(*c));
		rc = -ENOMEM;
	}
	if (!c) {
		can_port_free(port_take);
		return rc;
	}
	c->v.ops = &can_ops;
	(void)snprintf(c->v.tag, sizeof(c->v.tag), "%s", cfg->tag ? cfg->tag : "can");
	c->port = port_take;
	c->offered = features;
	forget_slots(c);
	*out = &c->v;
	return 0;
}

bool can_feature_parse(const char *word, unsigned int *bit)
{
	static const char *const words[] = { "classic", "fd", "rtr", "late-tx-ack" };

	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(word, words[i]) == 0) {
			*bit = i;
			return true;
		}
	}
	return false;
}

void can_dev_get_stats(const struct vdev *v, struct can_dev_stats *out)
{
	*out = ((const struct can_dev *)v)->st;
}
