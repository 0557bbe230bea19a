/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-can ("CAN Device"). Messages are built in place in one array per direction; a sent one
 * is free again when the device has used it, so the array's size is the transmit queue.
 */
#include "dyno/can.h"

#include <string.h>

#include "dyno/boot.h"
#include "dyno/event.h"
#include "dyno/mem.h"
#include "dyno/print.h"
#include "dyno/virtio.h"
#include "sdk.h"

#define F_CLASSIC VIRTIO_BIT(0)
#define F_FD      VIRTIO_BIT(1)
#define F_RTR     VIRTIO_BIT(2)
#define F_ACK     VIRTIO_BIT(3)

#define MSG_TX    0x0001
#define MSG_RX    0x0101
#define MSG_START 0x0201
#define MSG_STOP  0x0202
#define RESULT_OK 0

#define FLAG_RTR      0x2000u
#define FLAG_FD       0x4000u
#define FLAG_EXTENDED 0x8000u
#define BUSOFF        1u

#define MAX_CANS   8
#define RX_BUFS    128
#define TX_BUFS    64
#define KICK_AFTER 32
#define NAME_BYTES 24

struct can_msg {
	uint16_t type, length;
	uint8_t classic_dlc, pad;
	uint16_t xl_priority;
	uint32_t flags, id;
	uint8_t sdu[64];
};
static_assert(sizeof(struct can_msg) == 80, "16 bytes of header, then the payload");

struct tx_slot {
	struct can_msg msg;
	uint8_t result;
	struct tx_slot *next;
};

struct dyno_can {
	struct virtio_dev v;
	struct virtq tx, rx, ctrl;
	enum dyno_can_state state;
	unsigned int index, unsent; /* queued, not kicked yet */
	bool wants_room; /* send said FULL: a completion is news */
	struct tx_slot *spare;
	struct can_msg *received;
	struct {
		uint16_t type;
		uint8_t result;
	} * control;
	struct dyno_can_stats stats;
	struct event_source source;
};

static struct dyno_can *cans[MAX_CANS];
static char names[MAX_CANS][NAME_BYTES];

unsigned int dyno_can_count(void)
{
	const unsigned int n = virtio_count(VIRTIO_CAN);

	return n < MAX_CANS ? n : MAX_CANS;
}

const char *dyno_can_name(unsigned int i)
{
	const char *list = dyno_option("can");

	if (i >= MAX_CANS)
		return "";
	if (names[i][0] != '\0')
		return names[i];
	dyno_snprintf(names[i], NAME_BYTES, "can%u", i);
	for (unsigned int k = 0; list != NULL && *list != '\0'; k++) {
		const char *end = strchr(list, ',');
		const size_t n = end != NULL ? (size_t)(end - list) : strlen(list);

		if (k == i && n > 0 && n < NAME_BYTES) {
			memcpy(names[i], list, n);
			names[i][n] = '\0';
		}
		list += n + (end != NULL);
	}
	return names[i];
}

static void post_rx(struct dyno_can *c, struct can_msg *m)
{
	if (virtq_add(&c->rx, &(struct virtq_buf){ m, sizeof(*m) }, 0, 1, m) != 0)
		dyno_panic("can: the receive queue is full of nothing");
}

static void reap(struct dyno_can *c)
{
	struct tx_slot *t;

	while ((t = virtq_pop(&c->tx, NULL)) != NULL) {
		if (t->result == RESULT_OK)
			c->stats.sent++;
		else
			c->stats.refused++;
		t->next = c->spare;
		c->spare = t;
		c->stats.tx_pending--;
	}
}

/* The notification leaves with the next wait. */
static void publish(struct dyno_can *c)
{
	if (c->unsent > 0) {
		c->unsent = 0;
		virtq_kick(&c->tx);
	}
}

static bool can_arm(void *ctx)
{
	struct dyno_can *c = ctx;
	bool news;

	publish(c);
	virtq_kick(&c->rx);
	news = virtq_arm(&c->rx);
	/* Completions matter only to who waits for room. */
	if (c->wants_room && virtq_arm(&c->tx)) {
		c->wants_room = false;
		news = true;
	}
	return news;
}

static void look_at_status(struct dyno_can *c)
{
	uint16_t status;

	if (c->state == DYNO_CAN_BROKEN)
		return;
	if ((virtio_status(&c->v) & VIRTIO_NEEDS_RESET) != 0) {
		c->state = DYNO_CAN_BROKEN;
		return;
	}
	virtio_config_read(&c->v, 0, &status, sizeof(status));
	if ((status & BUSOFF) != 0)
		c->state = DYNO_CAN_BUSOFF;
	else if (c->state == DYNO_CAN_BUSOFF)
		c->state = DYNO_CAN_STOPPED;
}

enum dyno_can_state dyno_can_state(struct dyno_can *c)
{
	if (virtio_config_changed(&c->v))
		look_at_status(c);
	return c->state;
}

static int control(struct dyno_can *c, uint16_t type)
{
	int rc;

	c->control->type = type;
	c->control->result = 0xff;
	rc = virtq_call(&c->ctrl,
		(struct virtq_buf[]){ { &c->control->type, 2 }, { &c->control->result, 1 } }, 1, 1,
		NULL);
	if (rc == 0 && c->control->result != RESULT_OK)
		rc = DYNO_E_DEVICE;
	return rc;
}

int dyno_can_start(struct dyno_can *c)
{
	const int rc = control(c, MSG_START);

	if (rc == 0) {
		/* The bus-off bit's change was ours. */
		virtio_config_changed(&c->v);
		c->state = DYNO_CAN_STARTED;
	}
	return rc;
}

int dyno_can_stop(struct dyno_can *c)
{
	const int rc = control(c, MSG_STOP);

	if (rc == 0)
		c->state = DYNO_CAN_STOPPED;
	return rc;
}

static int make_buffers(struct dyno_can *c)
{
	struct tx_slot *t = dyno_alloc(TX_BUFS * sizeof(*t), 64);

	c->received = dyno_alloc(RX_BUFS * sizeof(*c->received), 64);
	c->control = dyno_alloc(sizeof(*c->control), 16);
	if (t == NULL || c->received == NULL || c->control == NULL)
		return DYNO_E_NOMEM;
	for (unsigned int i = TX_BUFS; i-- > 0;) {
		t[i].next = c->spare;
		c->spare = &t[i];
	}
	for (unsigned int i = 0; i < RX_BUFS && i < c->rx.size; i++)
		post_rx(c, &c->received[i]);
	return 0;
}

static int set_up(struct dyno_can *c, unsigned int index)
{
	int rc = virtio_find(&c->v, VIRTIO_CAN, index);

	if (rc == 0)
		rc = virtio_negotiate(
			&c->v, virtio_ring_features() | F_CLASSIC | F_FD | F_RTR | F_ACK);
	if (rc == 0)
		rc = virtq_new(&c->tx, &c->v, 0, 2 * TX_BUFS);
	if (rc == 0)
		rc = virtq_new(&c->rx, &c->v, 1, RX_BUFS);
	if (rc == 0)
		rc = virtq_new(&c->ctrl, &c->v, 2, 4);
	if (rc == 0)
		rc = make_buffers(c);
	if (rc != 0)
		return rc;
	c->index = index;
	virtq_disarm(&c->tx);
	virtio_driver_ok(&c->v);
	virtq_kick(&c->rx);
	rc = dyno_can_start(c);
	if (rc != 0)
		return rc;
	c->source = (struct event_source){ can_arm, c, NULL };
	event_add(&c->source);
	return 0;
}

struct dyno_can *dyno_can_open(unsigned int i)
{
	struct dyno_can *c;
	int rc;

	if (i >= dyno_can_count())
		return NULL;
	if (cans[i] != NULL)
		return cans[i];
	c = dyno_alloc(sizeof(*c), 64);
	if (c == NULL)
		return NULL;
	rc = set_up(c, i);
	if (rc != 0) {
		dyno_printf("%s: %s\n", dyno_can_name(i), dyno_error_name(rc));
		return NULL;
	}
	cans[i] = c;
	return c;
}

struct dyno_can *dyno_can_find(const char *bus)
{
	for (unsigned int i = 0; i < dyno_can_count(); i++) {
		if (strcmp(dyno_can_name(i), bus) == 0)
			return dyno_can_open(i);
	}
	return NULL;
}

static bool take(const struct can_msg *m, uint32_t len, struct dyno_can_frame *out)
{
	const bool fd = (m->flags & FLAG_FD) != 0;

	if (len < offsetof(struct can_msg, sdu) || m->type != MSG_RX)
		return false;
	if (m->length > (fd ? 64 : 8))
		return false;
	out->id = m->id;
	out->len = (uint8_t)m->length;
	out->flags =
		(uint8_t)(((m->flags & FLAG_EXTENDED) != 0 ? DYNO_CAN_EXTENDED : 0) |
			  ((m->flags & FLAG_RTR) != 0 ? DYNO_CAN_RTR : 0) | (fd ? DYNO_CAN_FD : 0));
	memset(out->data, 0, sizeof(out->data));
	if ((m->flags & FLAG_RTR) == 0) {
		if (len < offsetof(struct can_msg, sdu) + m->length)
			return false;
		memcpy(out->data, m->sdu, m->length);
	}
	out->t_ns = dyno_now_ns();
	return true;
}

bool dyno_can_recv(struct dyno_can *c, struct dyno_can_frame *out)
{
	struct can_msg *m;
	uint32_t len;

	while ((m = virtq_pop(&c->rx, &len)) != NULL) {
		const bool good = take(m, len, out);

		post_rx(c, m);
		if (good) {
			c->stats.received++;
			return true;
		}
		c->stats.malformed++;
	}
	return false;
}

static bool sendable(const struct dyno_can *c, const struct dyno_can_frame *f)
{
	const uint64_t has = c->v.features;
	const uint32_t ids = (f->flags & DYNO_CAN_EXTENDED) != 0 ? 0x1fffffffu : 0x7ffu;

	if (f->id > ids)
		return false;
	if ((f->flags & DYNO_CAN_FD) != 0)
		return (has & F_FD) != 0 && f->len <= 64 && (f->flags & DYNO_CAN_RTR) == 0;
	if ((f->flags & DYNO_CAN_RTR) != 0 && (has & F_RTR) == 0)
		return false;
	return (has & F_CLASSIC) != 0 && f->len <= 8;
}

int dyno_can_send(struct dyno_can *c, const struct dyno_can_frame *f)
{
	struct tx_slot *t;
	uint16_t sdu;
	int rc;

	if (!sendable(c, f))
		return DYNO_E_INVAL;
	if (dyno_can_state(c) != DYNO_CAN_STARTED)
		return DYNO_E_STATE;
	reap(c);
	t = c->spare;
	if (t == NULL) {
		c->wants_room = true;
		return DYNO_E_FULL;
	}
	sdu = (f->flags & DYNO_CAN_RTR) != 0 ? 0 : f->len;
	t->msg.type = MSG_TX;
	t->msg.length = f->len;
	t->msg.flags = ((f->flags & DYNO_CAN_EXTENDED) != 0 ? FLAG_EXTENDED : 0) |
		       ((f->flags & DYNO_CAN_RTR) != 0 ? FLAG_RTR : 0) |
		       ((f->flags & DYNO_CAN_FD) != 0 ? FLAG_FD : 0);
	t->msg.id = f->id;
	memcpy(t->msg.sdu, f->data, sdu);
	t->result = 0xff;
	rc = virtq_add(&c->tx,
		(struct virtq_buf[]){ { &t->msg, (uint32_t)offsetof(struct can_msg, sdu) + sdu },
			{ &t->result, 1 } },
		1, 1, t);
	if (rc != 0)
		return rc;
	c->spare = t->next;
	c->stats.tx_pending++;
	if (++c->unsent >= KICK_AFTER)
		dyno_can_kick(c);
	return 0;
}

void dyno_can_kick(struct dyno_can *c)
{
	publish(c);
	event_post_flush();
}

bool dyno_can_has_fd(const struct dyno_can *c)
{
	return (c->v.features & F_FD) != 0;
}

bool dyno_can_has_rtr(const struct dyno_can *c)
{
	return (c->v.features & F_RTR) != 0;
}

struct dyno_can_stats dyno_can_stats(struct dyno_can *c)
{
	reap(c);
	return c->stats;
}
