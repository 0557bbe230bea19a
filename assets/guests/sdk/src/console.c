/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-console, with and without multiport ("Console Device"). Bytes to send are copied into the
 * port's buffers; received ones are read out of them. The handshake on the control queue goes on
 * in the background: whoever needs a port's name waits in dyno_port_find().
 */
#include "dyno/console.h"

#include <string.h>

#include "dyno/event.h"
#include "dyno/mem.h"
#include "dyno/virtio.h"
#include "sdk.h"

#define F_MULTIPORT  VIRTIO_BIT(1)
#define CFG_PORTS    4 /* le32 max_nr_ports */
#define MAX_CONSOLES 2
#define MAX_PORTS    8
#define TX_BUFS      8
#define TX_BYTES     2048
#define RX_BUFS      8
#define RX_BYTES     512
#define CTRL_BUFS    16
#define CTRL_BYTES   64
#define NAME_BYTES   32
#define FIND_NS      DYNO_MS(250)

/* "Multiport Device Operation" */
enum {
	DEVICE_READY,
	PORT_ADD,
	PORT_REMOVE,
	PORT_READY,
	CONSOLE_PORT,
	RESIZE,
	PORT_OPEN,
	PORT_NAME
};
struct control {
	uint32_t id;
	uint16_t event, value;
};

struct rx_buf {
	uint32_t n, at; /* bytes in it; read so far */
	uint8_t b[RX_BYTES];
};
struct tx_buf {
	struct tx_buf *next;
	uint8_t b[TX_BYTES];
};
struct ctrl_buf {
	struct ctrl_buf *next; /* spare ones to send */
	uint8_t b[CTRL_BYTES];
};

struct console;
struct dyno_port {
	struct console *console;
	uint32_t id;
	bool open, wanted; /* wanted: the program reads it */
	char name[NAME_BYTES];
	struct virtq rx, tx;
	struct rx_buf *reading; /* off the ring, not read to its end */
	struct tx_buf *spare;
};

struct console {
	struct virtio_dev v;
	bool multiport;
	unsigned int nports;
	struct dyno_port port[MAX_PORTS];
	struct virtq ctrl_rx, ctrl_tx;
	struct ctrl_buf *spare;
	struct event_source source;
};

static struct console *consoles[MAX_CONSOLES];
static unsigned int nconsoles;
static bool opened;

/* Both queues of a port. Receive buffers come when somebody reads (port_want). */
static int port_start(struct dyno_port *p)
{
	struct console *c = p->console;
	const uint16_t q = (uint16_t)(p->id == 0 ? 0 : 2 + 2 * p->id);
	struct tx_buf *tx = dyno_alloc(TX_BUFS * sizeof(*tx), 16);
	int rc;

	if (tx == NULL)
		return DYNO_E_NOMEM;
	for (unsigned int i = 0; i < TX_BUFS; i++) {
		tx[i].next = p->spare;
		p->spare = &tx[i];
	}
	rc = virtq_new(&p->rx, &c->v, q, RX_BUFS);
	if (rc == 0)
		rc = virtq_new(&p->tx, &c->v, (uint16_t)(q + 1), TX_BUFS);
	if (rc != 0)
		return rc;
	virtq_disarm(&p->rx);
	virtq_disarm(&p->tx);
	return 0;
}

static void post_rx(struct dyno_port *p, struct rx_buf *b)
{
	if (virtq_add(&p->rx, &(struct virtq_buf){ b->b, RX_BYTES }, 0, 1, b) == 0)
		virtq_kick(&p->rx);
}

static void port_want(struct dyno_port *p)
{
	struct rx_buf *b;

	if (p->wanted)
		return;
	p->wanted = true;
	b = dyno_alloc(RX_BUFS * sizeof(*b), 16);
	for (unsigned int i = 0; b != NULL && i < RX_BUFS; i++)
		post_rx(p, &b[i]);
}

static void post_control(struct console *c, struct ctrl_buf *b)
{
	if (virtq_add(&c->ctrl_rx, &(struct virtq_buf){ b->b, CTRL_BYTES }, 0, 1, b) == 0)
		virtq_kick(&c->ctrl_rx);
}

static void send_control(struct console *c, uint32_t id, uint16_t event, uint16_t value)
{
	struct ctrl_buf *b;

	while ((b = virtq_pop(&c->ctrl_tx, NULL)) != NULL) {
		b->next = c->spare;
		c->spare = b;
	}
	b = c->spare;
	if (b == NULL)
		return;
	c->spare = b->next;
	memcpy(b->b, &(struct control){ id, event, value }, sizeof(struct control));
	if (virtq_add(&c->ctrl_tx, &(struct virtq_buf){ b->b, sizeof(struct control) }, 1, 0, b) ==
		0)
		virtq_kick(&c->ctrl_tx);
}

static void set_name(struct dyno_port *p, const uint8_t *text, size_t n)
{
	n = n < NAME_BYTES - 1 ? n : NAME_BYTES - 1;
	memcpy(p->name, text, n);
	p->name[n] = '\0';
}

static void take_control(struct console *c, const uint8_t *data, uint32_t len)
{
	struct control m;
	struct dyno_port *p;

	if (len < sizeof(m))
		return;
	memcpy(&m, data, sizeof(m));
	if (m.id >= c->nports)
		return;
	p = &c->port[m.id];
	switch (m.event) {
	case PORT_ADD:
		send_control(c, m.id, PORT_READY, 1);
		send_control(c, m.id, PORT_OPEN, 1);
		break;
	case PORT_REMOVE:
		p->open = false;
		p->name[0] = '\0';
		break;
	case CONSOLE_PORT:
		if (p->name[0] == '\0')
			set_name(p, (const uint8_t *)"hvc0", 4);
		break;
	case PORT_OPEN:
		p->open = m.value != 0;
		break;
	case PORT_NAME:
		set_name(p, data + sizeof(m), len - sizeof(m));
		break;
	default:
		break;
	}
}

static void run_control(struct console *c)
{
	struct ctrl_buf *b;
	uint32_t len;

	while (c->multiport && (b = virtq_pop(&c->ctrl_rx, &len)) != NULL) {
		take_control(c, b->b, len < CTRL_BYTES ? len : CTRL_BYTES);
		post_control(c, b);
	}
}

static bool console_arm(void *ctx)
{
	struct console *c = ctx;
	bool news = false;

	while (c->multiport && virtq_arm(&c->ctrl_rx))
		run_control(c);
	for (unsigned int i = 0; i < c->nports; i++) {
		struct dyno_port *p = &c->port[i];

		if (p->wanted)
			news |= p->reading != NULL || virtq_arm(&p->rx);
	}
	return news;
}

static int control_start(struct console *c)
{
	struct ctrl_buf *b = dyno_alloc(2 * CTRL_BUFS * sizeof(*b), 16);
	int rc;

	if (b == NULL)
		return DYNO_E_NOMEM;
	rc = virtq_new(&c->ctrl_rx, &c->v, 2, CTRL_BUFS);
	if (rc == 0)
		rc = virtq_new(&c->ctrl_tx, &c->v, 3, CTRL_BUFS);
	if (rc != 0)
		return rc;
	virtq_disarm(&c->ctrl_tx);
	for (unsigned int i = 0; i < CTRL_BUFS; i++) {
		b[CTRL_BUFS + i].next = c->spare;
		c->spare = &b[CTRL_BUFS + i];
		post_control(c, &b[i]);
	}
	return 0;
}

static int console_start(struct console *c, unsigned int index)
{
	int rc = virtio_find(&c->v, VIRTIO_CONSOLE, index);

	if (rc == 0)
		rc = virtio_negotiate(&c->v, virtio_ring_features() | F_MULTIPORT);
	if (rc != 0)
		return rc;
	c->multiport = (c->v.features & F_MULTIPORT) != 0;
	c->nports = 1;
	if (c->multiport) {
		uint32_t n;

		virtio_config_read(&c->v, CFG_PORTS, &n, sizeof(n));
		c->nports = n < 1 ? 1 : n > MAX_PORTS ? MAX_PORTS : n;
	}
	for (uint32_t i = 0; rc == 0 && i < c->nports; i++) {
		c->port[i].console = c;
		c->port[i].id = i;
		rc = port_start(&c->port[i]);
	}
	if (rc == 0 && c->multiport)
		rc = control_start(c);
	if (rc != 0)
		return rc;
	virtio_driver_ok(&c->v);
	if (c->multiport) {
		send_control(c, 0, DEVICE_READY, 1);
	} else {
		c->port[0].open = true;
		set_name(&c->port[0], (const uint8_t *)"hvc0", 4);
	}
	c->source = (struct event_source){ console_arm, c, NULL };
	event_add(&c->source);
	return 0;
}

static void open_all(void)
{
	if (opened)
		return;
	opened = true;
	for (unsigned int i = 0; i < MAX_CONSOLES && i < virtio_count(VIRTIO_CONSOLE); i++) {
		struct console *c = dyno_alloc(sizeof(*c), 16);

		if (c != NULL && console_start(c, i) == 0)
			consoles[nconsoles++] = c;
	}
}

struct dyno_port *console_first(void)
{
	open_all();
	return nconsoles > 0 ? &consoles[0]->port[0] : NULL;
}

static void take_back(struct dyno_port *p)
{
	struct tx_buf *b;

	while ((b = virtq_pop(&p->tx, NULL)) != NULL) {
		b->next = p->spare;
		p->spare = b;
	}
}

bool console_drained(struct dyno_port *p)
{
	take_back(p);
	return p->tx.num_free == p->tx.size;
}

static struct dyno_port *look_up(const char *name)
{
	for (unsigned int i = 0; i < nconsoles; i++) {
		run_control(consoles[i]);
		for (unsigned int k = 0; k < consoles[i]->nports; k++) {
			if (strcmp(consoles[i]->port[k].name, name) == 0)
				return &consoles[i]->port[k];
		}
	}
	return NULL;
}

struct dyno_port *dyno_port_find(const char *name)
{
	uint64_t deadline_ns;
	struct dyno_port *p;

	open_all();
	deadline_ns = dyno_now_ns() + FIND_NS;
	while ((p = look_up(name)) == NULL) {
		if (nconsoles == 0 || dyno_now_ns() >= deadline_ns)
			return NULL;
		event_post_flush();
		dyno_sleep_until(dyno_now_ns() + DYNO_US(500));
	}
	port_want(p);
	event_post_flush();
	return p;
}

bool dyno_port_open(const struct dyno_port *p)
{
	run_control(p->console);
	return p->open;
}

size_t dyno_port_read(struct dyno_port *p, void *dst, size_t bytes)
{
	uint8_t *d = dst;
	size_t done = 0;

	while (done < bytes) {
		struct rx_buf *b = p->reading;
		size_t n;

		if (b == NULL) {
			uint32_t len;

			b = virtq_pop(&p->rx, &len);
			if (b == NULL)
				break;
			b->n = len < RX_BYTES ? len : RX_BYTES;
			b->at = 0;
			p->reading = b;
		}
		n = b->n - b->at;
		n = n < bytes - done ? n : bytes - done;
		memcpy(d + done, b->b + b->at, n);
		done += n;
		b->at += (uint32_t)n;
		if (b->at == b->n) {
			p->reading = NULL;
			post_rx(p, b);
		}
	}
	return done;
}

size_t dyno_port_write(struct dyno_port *p, const void *src, size_t bytes)
{
	const uint8_t *s = src;
	size_t done = 0;

	take_back(p);
	while (done < bytes && p->spare != NULL) {
		struct tx_buf *b = p->spare;
		const size_t n = bytes - done < TX_BYTES ? bytes - done : TX_BYTES;

		memcpy(b->b, s + done, n);
		if (virtq_add(&p->tx, &(struct virtq_buf){ b->b, (uint32_t)n }, 1, 0, b) != 0)
			break;
		p->spare = b->next;
		done += n;
	}
	virtq_kick(&p->tx);
	event_post_flush();
	return done;
}
