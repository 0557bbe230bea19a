/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus: who sends next, when the frame ends, who hears it. See canbus.h. The ports' sockets are
 * in port.c and raw.c; nothing here makes a system call but reading the clock.
 */
#include "sim/canbus/bus.h"

#include <errno.h>
#include <linux/can/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sim/canbus/bits.h"

static_assert((CAN_PORT_WINDOW & (CAN_PORT_WINDOW - 1)) == 0, "a ring size");
static_assert((CANBUS_BENCH_WINDOW & (CANBUS_BENCH_WINDOW - 1)) == 0, "a ring size");

/* ---- queues ---- */

static int queue_init(struct frame_queue *q, uint32_t cap)
{
	q->slot = calloc(cap, sizeof(*q->slot));
	q->cap = cap;
	return q->slot ? 0 : -ENOMEM;
}

static void queue_pop(struct frame_queue *q)
{
	q->head = (q->head + 1) & (q->cap - 1);
	q->count--;
}

bool bus_enqueue(
	struct canbus_port *p, const struct canfd_frame *f, uint32_t serial, uint64_t since_ns)
{
	struct frame_queue *q = &p->q;
	struct queued *e;

	if (q->count == q->cap)
		return false;
	e = &q->slot[(q->head + q->count) & (q->cap - 1)];
	e->key = can_arbitration_key(f);
	e->t_ns = since_ns;
	e->origin = NULL;
	e->serial = serial;
	e->f = *f;
	q->count++;
	return true;
}

static struct queued *queue_at(struct frame_queue *q, uint32_t i)
{
	return &q->slot[(q->head + i) & (q->cap - 1)];
}

void bus_send_late(
	struct canbus *b, struct canbus_port *origin, const struct canfd_frame *f, uint64_t due_ns)
{
	struct frame_queue *q = &b->late.q;
	uint32_t i = q->count;

	if ((!q->slot && queue_init(q, LATE_WINDOW) < 0) || q->count == q->cap) {
		b->st.bench_dropped++;
		return;
	}
	for (; i > 0 && queue_at(q, i - 1)->t_ns > due_ns; i--)
		*queue_at(q, i) = *queue_at(q, i - 1);
	*queue_at(q, i) = (struct queued){
		.key = can_arbitration_key(f), .t_ns = due_ns, .origin = origin, .f = *f
	};
	q->count++;
	bus_wake(b);
}

/* ---- life of ports ---- */

void bus_enter(struct canbus *b)
{
	b->depth++;
}

static void port_free(struct canbus_port *p)
{
	if (p->ops)
		p->ops->fini(p);
	free(p->q.slot);
	free(p);
}

void bus_leave(struct canbus *b)
{
	if (--b->depth)
		return;
	while (b->dead) {
		struct canbus_port *p = b->dead;

		b->dead = p->next_dead;
		port_free(p);
	}
}

int bus_port_new(
	struct canbus *b, const char *name, const struct port_ops *ops, struct canbus_port **out)
{
	struct canbus_port *p;

	if (b->n_src == ARRAY_SIZE(b->src))
		return -ENOSPC;
	p = calloc(1, sizeof(*p));
	if (!p || queue_init(&p->q, CAN_PORT_WINDOW) < 0) {
		free(p);
		return -ENOMEM;
	}
	p->bus = b;
	p->ops = ops;
	p->fd = -1;
	p->io = (struct ev_io)EV_IO_INIT;
	(void)snprintf(p->name, sizeof(p->name), "%s", name);
	b->src[b->n_src++] = p;
	*out = p;
	return 0;
}

/* How long an error frame occupies the bus, intermission included. */
static uint64_t error_frame_ns(const struct canbus *b)
{
	return (uint64_t)(CAN_BITS_ERROR + CAN_BITS_IFS) * NS_PER_S / b->cfg.bitrate_hz;
}

static void tell(struct canbus_port *p, enum canbus_port_event ev)
{
	struct canbus *b = p->bus;

	if (b->cfg.port_event)
		b->cfg.port_event(b->cfg.ctx, p, ev);
}

void bus_port_start(struct canbus_port *p)
{
	if (p->active)
		return;
	p->active = true;
	p->tx_errors = p->rx_errors = 0;
	p->bus->n_active++;
	if (p->busoff) {
		p->busoff = false;
		p->ops->answer(p, CAN_REC_STATE, 0, CAN_STATE_PORT_OK, clock_now_ns());
	}
	tell(p, CANBUS_PORT_STARTED);
}

void bus_port_stop(struct canbus_port *p, enum canbus_port_event why)
{
	struct canbus *b = p->bus;
	uint64_t now = clock_now_ns();
	bool was = p->active;

	if (b->tx == p) {
		/* A sender that vanishes in the middle of its frame leaves an error frame behind.
		 */
		b->tx = NULL;
		b->free_ns = now + error_frame_ns(b);
		b->st.errors++;
		bus_wake(b);
	}
	for (; p->q.count; queue_pop(&p->q)) {
		p->st.tx_nacked++;
		p->ops->answer(p, CAN_REC_NACK, queue_head(&p->q)->serial, 0, now);
	}
	if (was) {
		p->active = false;
		b->n_active--;
	}
	if (why == CANBUS_PORT_BUSOFF && was) {
		p->busoff = true;
		p->ops->answer(p, CAN_REC_STATE, 0, CAN_STATE_PORT_BUSOFF, now);
	}
	if (was)
		tell(p, why);
}

/* Takes a port out of the bus; bus_leave() frees it. */
static void unlink_port(struct canbus_port *p)
{
	struct canbus *b = p->bus;

	if (p->gone)
		return;
	p->gone = true;
	canbus_port_cut(p, false);
	fault_forget_port(b, p);
	for (uint32_t i = 0; i < b->late.q.count; i++) {
		struct queued *e = queue_at(&b->late.q, i);

		if (e->origin == p)
			e->origin = NULL;
	}
	ev_io_del(&p->io);
	for (uint32_t i = 1; i < b->n_src; i++) {
		if (b->src[i] == p) {
			b->src[i] = b->src[--b->n_src];
			break;
		}
	}
	p->next_dead = b->dead;
	b->dead = p;
}

void bus_port_gone(struct canbus_port *p)
{
	if (p->gone)
		return;
	bus_enter(p->bus);
	bus_port_stop(p, CANBUS_PORT_STOPPED);
	if (!p->gone)
		tell(p, CANBUS_PORT_GONE);
	unlink_port(p);
	bus_leave(p->bus);
}

void canbus_remove_port(struct canbus_port *p)
{
	struct canbus *b = p->bus;

	bus_enter(b);
	bus_port_stop(p, CANBUS_PORT_STOPPED);
	unlink_port(p);
	bus_leave(b);
}

void canbus_port_busoff(struct canbus_port *p)
{
	struct canbus *b = p->bus;

	if (!p->active)
		return;
	bus_enter(b);
	bus_port_stop(p, CANBUS_PORT_BUSOFF);
	if (!p->gone)
		p->ops->flush(p);
	bus_leave(b);
}

void canbus_port_cut(struct canbus_port *p, bool cut)
{
	if (p->cut == cut)
		return;
	p->cut = cut;
	p->bus->n_cut += cut ? 1 : UINT32_MAX;
}

/* ---- delivery ---- */

/* Seconds since canbus_new, for the load over the last full one. */
static void roll_second(struct canbus *b, uint64_t now)
{
	uint64_t second = (now - b->t0_ns) / NS_PER_S;

	if (now < b->t0_ns || second <= b->second)
		return;
	/* A second in which nothing was sent was not rolled: then the last one was empty. */
	b->st.load_permille =
		second == b->second + 1 ? (uint32_t)(b->second_busy_ns * 1000 / NS_PER_S) : 0;
	b->second = second;
	b->second_busy_ns = 0;
}

static uint64_t bits_ns(const struct canbus *b, struct can_bits bits)
{
	return can_bits_ns(bits, b->cfg.bitrate_hz, b->cfg.data_bitrate_hz);
}

static void show_taps(struct canbus *b, const struct canbus_frame *fr)
{
	for (struct canbus_tap *t = b->taps; t; t = b->tap_next) {
		b->tap_next = t->next;
		t->frame(t->ctx, fr);
	}
}

/* Is anybody there who acknowledges a frame of p? */
static bool acknowledged(const struct canbus *b, const struct canbus_port *p)
{
	uint32_t others = b->n_active - (p->active ? 1 : 0);

	if (b->n_cut > 0) {
		others = 0;
		for (uint32_t i = 1; i < b->n_src; i++)
			others += b->src[i] != p && b->src[i]->active && !b->src[i]->cut;
	}
	return others > 0 || b->n_tap_nodes > 0 || b->bench_is_node;
}

static void count_frame(struct canbus *b, const struct canfd_frame *f, uint64_t t_ns, uint64_t ns)
{
	b->st.busy_ns += ns;
	roll_second(b, t_ns);
	b->second_busy_ns += ns;
	if (f->can_id & CAN_ERR_FLAG) {
		b->st.errors++;
		return;
	}
	b->st.frames++;
	b->st.bytes += f->can_id & CAN_RTR_FLAG ? 0 : f->len;
	if (f->flags & CANFD_FDF)
		b->st.fd_frames++;
}

/* The controller that connects this bus with the host's is off, so that all are. */
static void busoff_others(struct canbus_port *p)
{
	struct canbus *b = p->bus;

	for (uint32_t i = b->n_src; i-- > 1;) {
		if (i < b->n_src && b->src[i] != p && !b->src[i]->host)
			canbus_port_busoff(b->src[i]);
	}
}

/* An error frame ends the first frame of p's queue, which stays there. */
static void destroyed(struct canbus_port *p, uint64_t t_ns)
{
	struct canbus *b = p->bus;
	uint64_t error_ns = error_frame_ns(b);
	bool off = errors_sent_badly(p);

	b->st.errors++;
	b->st.busy_ns += error_ns;
	b->free_ns = t_ns + error_ns;
	for (uint32_t i = 1; i < b->n_src; i++) {
		if (b->src[i] != p && b->src[i]->active && !b->src[i]->cut)
			errors_heard_badly(b->src[i]);
	}
	if (!off)
		return;
	if (p->ops) {
		canbus_port_busoff(p);
		return;
	}
	/* The bench's controller recovers by itself; what it was sending is lost. */
	p->tx_errors = 0;
	queue_pop(&p->q);
	b->st.bench_dropped++;
}

/* Everyone hears a frame but who sent it, `origin`. */
static void hear(struct canbus_port *origin, struct can_rec_frame *r, uint64_t busy_ns)
{
	struct canbus *b = origin->bus;
	struct canbus_frame shown = { .t_ns = r->h.t_ns,
		.busy_ns = busy_ns,
		.from = origin->ops ? origin : NULL,
		.f = &r->f };
	bool error = r->f.can_id & CAN_ERR_FLAG;

	r->h.mtu = r->f.flags & CANFD_FDF ? CANFD_MTU : CAN_MTU;
	for (uint32_t i = 1; i < b->n_src && !error; i++) {
		struct canbus_port *to = b->src[i];

		if (to == origin || !to->active || to->cut)
			continue;
		errors_heard(to);
		to->heard = true;
		to->ops->put(to, r, (uint32_t)sizeof(r->h) + r->h.mtu);
	}
	show_taps(b, &shown);
}

/* What a fault leaves of a frame is heard, now or later. */
static void hear_faulty(struct canbus_port *origin, struct can_rec_frame *r, uint64_t busy_ns,
	struct canbus_fault *fault)
{
	struct canbus *b = origin->bus;
	struct canbus_port *from = origin->ops ? origin : NULL;
	struct canfd_frame held;

	switch (fault->kind) {
	case CANBUS_FAULT_DROP:
	case CANBUS_FAULT_ERROR:
		return;
	case CANBUS_FAULT_DELAY:
		bus_send_late(b, from, &r->f, r->h.t_ns + fault->delay_ns);
		return;
	case CANBUS_FAULT_DUPLICATE:
		bus_send_late(b, from, &r->f, r->h.t_ns);
		break;
	case CANBUS_FAULT_CORRUPT:
		for (uint8_t i = 0; i < r->f.len && !(r->f.can_id & CAN_RTR_FLAG); i++)
			r->f.data[i] ^= fault->flip[i];
		break;
	case CANBUS_FAULT_REORDER:
		if (!fault->holds) {
			fault->holds = true;
			fault->held = r->f;
			fault->held_from = from;
			return;
		}
		held = fault->held;
		fault->holds = false;
		bus_send_late(b, fault->held_from, &held, r->h.t_ns);
		break;
	}
	hear(origin, r, busy_ns);
}

/*
 * The first frame of p's queue was on the bus for `ns` and ended at t_ns: everyone but p hears it,
 * p is told.
 */
static void complete(struct canbus_port *p, uint64_t t_ns, uint64_t ns)
{
	struct canbus *b = p->bus;
	struct queued *e = queue_head(&p->q);
	struct can_rec_frame r = { .h = { .t_ns = t_ns, .kind = CAN_REC_FRAME }, .f = e->f };
	struct canbus_port *origin = p != &b->late ? p : e->origin ? e->origin : &b->bench;
	bool error = r.f.can_id & CAN_ERR_FLAG;
	/* A late frame has met its fault. */
	struct canbus_fault *fault =
		b->faults && !error && p != &b->late ? fault_of(b, &r.f) : NULL;
	uint64_t busy_ns = ns + CAN_BITS_IFS * NS_PER_S / b->cfg.bitrate_hz;
	uint32_t serial = e->serial;

	if (fault && fault->kind == CANBUS_FAULT_ERROR && !p->cut) {
		destroyed(p, t_ns);
		return;
	}
	queue_pop(&p->q);
	count_frame(b, &r.f, t_ns, busy_ns);
	if (error && p->ops) {
		/* Of a host interface: its controller's report, which no port hears as a frame. */
		p->st.errors++;
		hear(p, &r, busy_ns);
		if (r.f.can_id & CAN_ERR_BUSOFF)
			busoff_others(p);
		return;
	}
	if (p->ops && (p->cut || !acknowledged(b, p))) {
		b->st.unacked++;
		errors_unacknowledged(p);
		if (p->cut || b->cfg.alone == CANBUS_ALONE_ERROR) {
			p->st.tx_nacked++;
			p->ops->answer(p, CAN_REC_NACK, serial, 0, t_ns);
			bus_dirty(p);
			return;
		}
	}
	errors_sent(p);
	if (p->ops) {
		p->st.tx_frames++;
		p->st.tx_bytes += r.f.len;
		p->ops->answer(p, CAN_REC_ACK, serial, 0, t_ns);
	}
	if (fault)
		hear_faulty(origin, &r, busy_ns, fault);
	else
		hear(origin, &r, busy_ns);
}

/* ---- arbitration and timing ---- */

/* The node that wins among those that have waited at time t_ns. NULL: nobody waits. */
static struct canbus_port *arbitrate(struct canbus *b, uint64_t t_ns)
{
	struct canbus_port *best = NULL;
	uint64_t best_key = UINT64_MAX;

	/* The late frames are one node more. */
	for (uint32_t i = 0; i <= b->n_src; i++) {
		struct canbus_port *p = i < b->n_src ? b->src[i] : &b->late;

		if (p->q.count && queue_head(&p->q)->t_ns <= t_ns &&
			queue_head(&p->q)->key < best_key) {
			best = p;
			best_key = queue_head(&p->q)->key;
		}
	}
	return best;
}

/* Since when somebody waits; UINT64_MAX: nobody does. */
static uint64_t first_waiting(const struct canbus *b)
{
	uint64_t t = UINT64_MAX;

	for (uint32_t i = 0; i <= b->n_src; i++) {
		const struct frame_queue *q = i < b->n_src ? &b->src[i]->q : &b->late.q;

		if (q->count && q->slot[q->head].t_ns < t)
			t = q->slot[q->head].t_ns;
	}
	return t;
}

static void pump_ideal(struct canbus *b)
{
	struct canbus_port *p;
	uint64_t now = clock_now_ns();

	while (!b->n_full && (p = arbitrate(b, now))) {
		complete(p, now, bits_ns(b, can_bits_of(&queue_head(&p->q)->f)));
		now = clock_now_ns();
	}
	if (b->late.q.count && !b->n_full)
		ev_timer_at(&b->pump, queue_head(&b->late.q)->t_ns);
}

/*
 * Plays what happened on the bus up to a time that has come, in bus time: a late wake-up changes
 * neither the stamps nor who wins, because every waiting frame knows since when it waits.
 */
static void pump_timed(struct canbus *b, uint64_t now)
{
	uint64_t ifs = CAN_BITS_IFS * NS_PER_S / b->cfg.bitrate_hz;

	for (;;) {
		uint64_t start;

		if (b->tx) {
			struct canbus_port *p = b->tx;

			if (b->tx_end_ns > now) {
				ev_timer_at(&b->pump, b->tx_end_ns);
				return;
			}
			b->tx = NULL;
			b->free_ns = b->tx_end_ns + ifs;
			complete(p, b->tx_end_ns, b->tx_end_ns - b->tx_start_ns);
		}
		start = first_waiting(b);
		if (start == UINT64_MAX || b->n_full)
			return;
		start = MAX(start, b->free_ns);
		if (start > now) {
			ev_timer_at(&b->pump, start);
			return;
		}
		if (b->cfg.until) {
			b->cfg.until(b->cfg.until_ctx, start);
			start = first_waiting(b);
			if (start == UINT64_MAX || b->n_full)
				return; /* cut off by what happened until then */
			start = MAX(start, b->free_ns);
		}
		b->tx = arbitrate(b, start);
		b->tx_start_ns = start;
		b->tx_end_ns = start + bits_ns(b, can_bits_of(&queue_head(&b->tx->q)->f));
	}
}

/* Hands over what was put into the ports; with `heard` only into those that heard a frame. */
static void flush_ports(struct canbus *b, bool heard)
{
	/* Backwards: a port that turns out to be gone is replaced by the last one. */
	for (uint32_t i = b->n_src; i-- > 1;) {
		struct canbus_port *p = i < b->n_src ? b->src[i] : NULL;

		if (!p || !p->dirty || (heard && !p->heard))
			continue;
		p->dirty = p->heard = false;
		p->ops->flush(p);
	}
}

static void pump(struct canbus *b, uint64_t now_ns)
{
	/* A tap that sends is served by the loop that called it. */
	if (b->pumping)
		return;
	b->pumping = true;
	bus_enter(b);
	if (b->cfg.timing == CANBUS_IDEAL)
		pump_ideal(b);
	else
		pump_timed(b, now_ns);
	/* Who waits for a frame comes before who waits for an acknowledge: what wakes up may take
	 * this processor. */
	flush_ports(b, true);
	flush_ports(b, false);
	bus_leave(b);
	b->pumping = false;
}

static void on_pump(struct ev_timer *t, uint64_t now_ns)
{
	(void)now_ns; /* of the loop's turn; the bus is to be played up to this moment */
	pump(t->data, clock_now_ns());
}

void bus_wake(struct canbus *b)
{
	/* At the end of this turn, when all that was readable has been read. */
	if (!b->pump.deadline_ns || b->cfg.timing == CANBUS_IDEAL || !b->tx)
		ev_timer_soon(&b->pump);
}

/* ---- the bench ---- */

/* A frame of the bench through the check of everybody's, so that nothing impossible reaches a port.
 */
static int check_own(struct canbus *b, const struct canfd_frame *f, struct canfd_frame *out)
{
	bool fd = f->flags & CANFD_FDF && !(f->can_id & CAN_ERR_FLAG);

	*out = *f;
	if (!can_frame_check(out, fd ? CANFD_MTU : CAN_MTU))
		return -EINVAL;
	if (fd && b->cfg.classic_only) {
		b->st.errors++;
		return -EINVAL;
	}
	return 0;
}

int canbus_send_apart(struct canbus *b, const struct canfd_frame *f, uint64_t since_ns)
{
	struct canfd_frame own;
	int rc = check_own(b, f, &own);

	if (rc < 0)
		return rc;
	if (b->late.q.count >= APART_WINDOW)
		return -ENOBUFS;
	bus_send_late(b, NULL, &own, since_ns);
	return 0;
}

int canbus_send_since(struct canbus *b, const struct canfd_frame *f, uint64_t since_ns)
{
	struct canfd_frame own;
	int rc = check_own(b, f, &own);

	if (rc < 0)
		return rc;
	b->bench_is_node = true;
	if (!bus_enqueue(&b->bench, &own, 0, since_ns)) {
		b->st.bench_dropped++;
		return -ENOBUFS;
	}
	if (b->cfg.timing == CANBUS_IDEAL)
		pump(b, since_ns);
	else
		bus_wake(b);
	return 0;
}

int canbus_send(struct canbus *b, const struct canfd_frame *f)
{
	return canbus_send_since(b, f, clock_now_ns());
}

void canbus_run_to(struct canbus *b, uint64_t t_ns)
{
	if (b->cfg.timing != CANBUS_IDEAL)
		pump(b, t_ns);
}

void canbus_tap(struct canbus *b, struct canbus_tap *t)
{
	if (t->bus)
		return;
	t->bus = b;
	t->prev = NULL;
	t->next = b->taps;
	if (b->taps)
		b->taps->prev = t;
	b->taps = t;
	if (!t->passive)
		b->n_tap_nodes++;
}

void canbus_untap(struct canbus_tap *t)
{
	struct canbus *b = t->bus;

	if (!b)
		return;
	if (b->tap_next == t)
		b->tap_next = t->next;
	if (t->next)
		t->next->prev = t->prev;
	if (t->prev)
		t->prev->next = t->next;
	else
		b->taps = t->next;
	if (!t->passive)
		b->n_tap_nodes--;
	t->bus = NULL;
	t->next = t->prev = NULL;
}

/* ---- life of the bus ---- */

int canbus_new(struct canbus **out, struct ev_loop *loop, const struct canbus_config *cfg)
{
	struct canbus *b = calloc(1, sizeof(*b));
	int rc = -ENOMEM;

	if (!b)
		return -ENOMEM;
	b->loop = loop;
	b->cfg = *cfg;
	(void)snprintf(b->name, sizeof(b->name), "%s", cfg->name ? cfg->name : "can");
	b->cfg.name = b->name;
	if (!b->cfg.bitrate_hz)
		b->cfg.bitrate_hz = CANBUS_DEFAULT_BITRATE;
	if (!b->cfg.data_bitrate_hz)
		b->cfg.data_bitrate_hz = MAX(CANBUS_DEFAULT_DBITRATE, b->cfg.bitrate_hz);
	b->t0_ns = clock_now_ns();
	b->bench.bus = b;
	b->late.bus = b;
	b->src[0] = &b->bench;
	b->n_src = 1;
	b->rbuf = malloc((size_t)READ_PACKETS * CAN_PORT_PACKET_BYTES);
	if (!b->rbuf || queue_init(&b->bench.q, CANBUS_BENCH_WINDOW) < 0)
		goto fail;
	rc = ev_timer_init(loop, &b->pump, on_pump, b);
	if (rc < 0)
		goto fail;
	*out = b;
	return 0;
fail:
	free(b->bench.q.slot);
	free(b->rbuf);
	free(b);
	return rc;
}

void canbus_free(struct canbus *b)
{
	if (!b)
		return;
	while (b->taps)
		canbus_untap(b->taps);
	while (b->n_src > 1) {
		struct canbus_port *p = b->src[--b->n_src];

		ev_io_del(&p->io);
		port_free(p);
	}
	while (b->faults) {
		b->faults->holds = false;
		canbus_fault_remove(b->faults);
	}
	ev_timer_fini(&b->pump);
	free(b->late.q.slot);
	free(b->bench.q.slot);
	free(b->rbuf);
	free(b);
}

/* ---- what others may ask ---- */

const char *canbus_name(const struct canbus *b)
{
	return b->name;
}

const char *canbus_port_name(const struct canbus_port *p)
{
	return p->name;
}

unsigned int canbus_num_ports(const struct canbus *b)
{
	return b->n_src - 1;
}

struct canbus_port *canbus_port_at(const struct canbus *b, unsigned int i)
{
	return i < b->n_src - 1 ? b->src[i + 1] : NULL;
}

struct canbus_port *canbus_find_port(const struct canbus *b, const char *name)
{
	for (uint32_t i = 1; i < b->n_src; i++) {
		if (strcmp(b->src[i]->name, name) == 0)
			return b->src[i];
	}
	return NULL;
}

void canbus_get_stats(struct canbus *b, struct canbus_stats *out)
{
	uint64_t now = clock_now_ns();

	roll_second(b, now);
	*out = b->st;
	out->load_total_permille =
		now > b->t0_ns
			? (uint32_t)((double)b->st.busy_ns * 1000.0 / (double)(now - b->t0_ns))
			: 0;
	for (uint32_t i = 1; i < b->n_src; i++) {
		struct canbus_port_stats ps;

		canbus_port_get_stats(b->src[i], &ps);
		out->dropped += ps.rx_dropped + ps.overruns;
	}
}

void canbus_port_get_stats(const struct canbus_port *p, struct canbus_port_stats *out)
{
	*out = p->st;
	if (p->ops->stats)
		p->ops->stats(p, out);
	out->queued = p->q.count;
	out->active = p->active;
	out->busoff = p->busoff;
}
