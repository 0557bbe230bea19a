/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console device; see console.h. Messages to the driver are not queued: each port remembers
 * which of them are due, so that a driver that gives no buffers costs nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "devices/console/console.h"

#define Q_CONTROL_RX 2u
#define Q_CONTROL_TX 3u

/* Messages that are due, lowest bit first. */
enum {
	DUE_ADD = 1 << 0,
	DUE_CONSOLE = 1 << 1,
	DUE_NAME = 1 << 2,
	DUE_RESIZE = 1 << 3,
	DUE_OPEN = 1 << 4
};

struct console;

struct port {
	struct console *c;
	struct char_port *cp;
	char name[CONSOLE_NAME_MAX + 1];
	bool console;
	/* As the driver sees it; gone with a reset. */
	bool added, ready, guest_open;
	uint32_t due; /* DUE_* */
	struct vq *rx, *tx;
};

struct console {
	struct vdev v; /* first */
	uint64_t features;
	uint16_t cols, rows;
	bool driver_ready; /* DEVICE_READY came */
	struct vq *control_rx, *control_tx;
	struct ev_timer again; /* goes on where a turn's work was full */
	struct vq_chain chain;
	uint8_t buf[4096];
	unsigned int n_ports;
	struct port port[CONSOLE_MAX_PORTS];
};

static struct console *console_of(struct vdev *v)
{
	return (struct console *)v;
}

static bool multiport(const struct console *c)
{
	return c->features & VIRTIO_BIT(VIRTIO_CONSOLE_F_MULTIPORT);
}

static bool sized(const struct console *c)
{
	return c->cols > 0 && c->rows > 0;
}

static void later(struct console *c)
{
	ev_timer_at(&c->again, clock_now_ns());
}

/* ---- messages to the driver ---- */

static size_t make(const struct port *p, uint32_t due, uint8_t *buf)
{
	uint32_t id = (uint32_t)(p - p->c->port);

	switch (due) {
	case DUE_ADD:
		return console_make(buf, id, VIRTIO_CONSOLE_PORT_ADD, 0);
	case DUE_CONSOLE:
		return console_make(buf, id, VIRTIO_CONSOLE_CONSOLE_PORT, 1);
	case DUE_NAME:
		return console_make_name(buf, id, p->name);
	case DUE_RESIZE:
		return console_make_resize(buf, id, p->c->cols, p->c->rows);
	default:
		return console_make(buf, id, VIRTIO_CONSOLE_PORT_OPEN, p->cp->open);
	}
}

/* Sends one message. False when the driver has no buffer for it. */
static bool tell(struct console *c, const struct port *p, uint32_t due)
{
	uint8_t msg[CONSOLE_MSG_MAX];
	size_t len = make(p, due, msg);
	struct vq_writer w;
	int r;

	if (vq_pop(c->control_rx, &c->chain) != VQ_TAKEN)
		return false;
	if (c->chain.n_out > 0) {
		vq_break(c->control_rx, GUEST_E_DIRECTION, "readable bytes in a receive queue");
		return false;
	}
	vq_writer_init(&w, c->control_rx, &c->chain);
	if (w.left < sizeof(struct virtio_console_control)) {
		vq_break(c->control_rx, GUEST_E_SHORT, "no room for a control message");
		return false;
	}
	/* A name that does not fit is cut; the driver sees by the length how much came. */
	r = vq_put(&w, msg, MIN((uint32_t)len, w.left));
	if (r) {
		vq_break(c->control_rx, r, "control message cannot be written");
		return false;
	}
	return vq_push_quiet(c->control_rx, &c->chain, w.written) == 0;
}

static void send_due(struct console *c)
{
	if (!c->control_rx || !multiport(c))
		return;
	for (unsigned int i = 0; i < c->n_ports; i++) {
		struct port *p = &c->port[i];

		while (p->due) {
			uint32_t bit = p->due & (~p->due + 1);

			if (!tell(c, p, bit)) {
				vq_flush(c->control_rx);
				return;
			}
			p->due &= ~bit;
		}
	}
	vq_flush(c->control_rx);
}

/* ---- messages from the driver ---- */

static void device_ready(struct console *c, bool ok)
{
	if (!ok) {
		log_guest("%s: the driver cannot use the device", c->v.tag);
		return;
	}
	if (c->driver_ready)
		return; /* its ports exist: "MUST NOT specify a port which exists" */
	c->driver_ready = true;
	for (unsigned int i = 0; i < c->n_ports; i++) {
		c->port[i].added = true;
		c->port[i].due |= DUE_ADD;
	}
}

static void port_ready(struct port *p, bool ok)
{
	if (!ok) {
		log_guest("%s: the driver cannot use port %s", p->c->v.tag, p->name);
		return;
	}
	if (!p->added || p->ready)
		return;
	p->ready = true;
	if (p->console)
		p->due |= DUE_CONSOLE | (sized(p->c) ? (uint32_t)DUE_RESIZE : 0u);
	if (p->name[0])
		p->due |= DUE_NAME;
	if (p->cp->open)
		p->due |= DUE_OPEN;
}

static void resume(struct port *p)
{
	if (p->guest_open && p->cp->ops->resume)
		p->cp->ops->resume(p->cp);
}

static void control(struct console *c, const void *buf, size_t len)
{
	struct console_msg m;
	int r = console_parse(buf, len, c->n_ports, &m);
	struct port *p;

	if (r) {
		log_guest("%s: control message is ignored: %s", c->v.tag, err_name(r));
		return;
	}
	p = &c->port[m.port];
	switch (m.event) {
	case VIRTIO_CONSOLE_DEVICE_READY:
		device_ready(c, m.on);
		break;
	case VIRTIO_CONSOLE_PORT_READY:
		port_ready(p, m.on);
		break;
	default: /* PORT_OPEN */
		if (!p->added)
			break;
		p->guest_open = m.on;
		resume(p);
		break;
	}
}

static void control_work(struct console *c)
{
	for (unsigned int n = 0; c->control_tx; n++) {
		uint8_t msg[sizeof(struct virtio_console_control)];
		struct vq_reader r;
		uint32_t len;

		if (n == CONSOLE_MAX_TURN_REQUESTS) {
			later(c);
			break;
		}
		if (vq_pop(c->control_tx, &c->chain) != VQ_TAKEN)
			break;
		if (c->chain.n_in > 0) {
			vq_break(c->control_tx, GUEST_E_DIRECTION,
				"writable bytes in a transmit queue");
			break;
		}
		vq_reader_init(&r, c->control_tx, &c->chain);
		len = MIN(r.left, (uint32_t)sizeof(msg));
		if (vq_get(&r, msg, len) || vq_push_quiet(c->control_tx, &c->chain, 0))
			break;
		/* The request was returned: control() may use c->chain for its own. */
		control(c, msg, len);
	}
	if (c->control_tx)
		vq_flush(c->control_tx);
	send_due(c);
}

/* ---- characters ---- */

/* Passes one request on. False when the queue is broken. */
static bool transmit(struct port *p, uint32_t *bytes)
{
	struct console *c = p->c;
	struct vq_reader r;
	uint32_t todo;

	if (c->chain.n_in > 0) {
		vq_break(p->tx, GUEST_E_DIRECTION, "writable bytes in a transmit queue");
		return false;
	}
	vq_reader_init(&r, p->tx, &c->chain);
	todo = MIN(r.left, CONSOLE_MAX_WRITE_BYTES);
	p->cp->dropped += r.left - todo;
	*bytes += todo;
	while (todo > 0) {
		uint32_t n = MIN(todo, (uint32_t)sizeof(c->buf));
		int e = vq_get(&r, c->buf, n);

		if (e) {
			vq_break(p->tx, e, "characters cannot be read");
			return false;
		}
		p->cp->ops->write(p->cp, c->buf, n);
		todo -= n;
	}
	return true;
}

static void tx_work(struct port *p)
{
	struct console *c = p->c;
	uint32_t bytes = 0;

	for (unsigned int n = 0; p->tx; n++) {
		if (n == CONSOLE_MAX_TURN_REQUESTS || bytes >= CONSOLE_MAX_TURN_BYTES) {
			later(c);
			break;
		}
		if (vq_pop(p->tx, &c->chain) != VQ_TAKEN)
			break;
		if (!transmit(p, &bytes) || vq_push_quiet(p->tx, &c->chain, 0))
			break;
	}
	if (p->tx)
		vq_flush(p->tx);
}

/* Input from the host. */
static size_t port_input(void *ctx, const void *buf, size_t len)
{
	struct port *p = ctx;
	struct console *c = p->c;
	const uint8_t *from = buf;
	size_t left = len;

	if (!p->rx || !p->guest_open)
		return 0;
	for (unsigned int n = 0; left > 0; n++) {
		struct vq_writer w;
		uint32_t part;

		if (n == CONSOLE_MAX_TURN_REQUESTS) {
			later(c);
			break;
		}
		if (vq_pop(p->rx, &c->chain) != VQ_TAKEN)
			break;
		if (c->chain.n_out > 0) {
			vq_break(p->rx, GUEST_E_DIRECTION, "readable bytes in a receive queue");
			break;
		}
		vq_writer_init(&w, p->rx, &c->chain);
		part = (uint32_t)MIN(left, (size_t)w.left);
		if (vq_put(&w, from, part) || vq_push_quiet(p->rx, &c->chain, part))
			break;
		from += part;
		left -= part;
	}
	vq_flush(p->rx);
	return len - left;
}

static void port_closed(void *ctx)
{
	struct port *p = ctx;

	if (!p->ready)
		return;
	p->due |= DUE_OPEN;
	/* Not from in here: this may be called in the middle of another queue's work, which still
	 * needs c->chain. */
	later(p->c);
}

static void on_again(struct ev_timer *t, uint64_t now_ns)
{
	struct console *c = t->data;

	(void)now_ns;
	control_work(c);
	for (unsigned int i = 0; i < c->n_ports; i++) {
		tx_work(&c->port[i]);
		resume(&c->port[i]);
	}
}

/* ---- vdev ---- */

static uint16_t console_num_queues(const struct vdev *v)
{
	const struct console *c = (const struct console *)v;

	return (uint16_t)(4 + 2 * (c->n_ports - 1));
}

static uint16_t console_queue_max(const struct vdev *v, unsigned int q)
{
	(void)v;
	(void)q;
	return 128;
}

static uint64_t console_features(const struct vdev *v)
{
	const struct console *c = (const struct console *)v;

	return VIRTIO_BIT(VIRTIO_CONSOLE_F_MULTIPORT) | VIRTIO_BIT(VIRTIO_CONSOLE_F_EMERG_WRITE) |
	       (sized(c) ? VIRTIO_BIT(VIRTIO_CONSOLE_F_SIZE) : 0);
}

static uint32_t console_config_bytes(const struct vdev *v)
{
	(void)v;
	return sizeof(struct virtio_console_config);
}

static void console_config_read(struct vdev *v, uint32_t off, void *dst, uint32_t len)
{
	const struct console *c = console_of(v);
	const struct virtio_console_config cfg = {
		.cols = le16_of(c->cols),
		.rows = le16_of(c->rows),
		.max_nr_ports = le32_of(c->n_ports),
	};

	memcpy(dst, (const uint8_t *)&cfg + off, len);
}

static void console_config_write(struct vdev *v, uint32_t off, const void *src, uint32_t len)
{
	struct char_port *cp = console_of(v)->port[0].cp;

	/* "The device MUST allow a write to emerg_wr, even on an unconfigured device"; its lower
	 * byte is the character. Nothing else can be written. */
	if (off <= VIRTIO_CONSOLE_EMERG_WR_OFFSET && len > VIRTIO_CONSOLE_EMERG_WR_OFFSET - off)
		cp->ops->write(
			cp, (const uint8_t *)src + (VIRTIO_CONSOLE_EMERG_WR_OFFSET - off), 1);
}

static int console_start(struct vdev *v, uint64_t features)
{
	struct console *c = console_of(v);
	int r = ev_timer_init(v->host->loop, &c->again, on_again, c);

	if (r)
		return r;
	c->features = features;
	/* Without control queues nobody opens port 0: it is open. */
	c->port[0].guest_open = !multiport(c);
	return 0;
}

/* The port that queue q belongs to, and which of its two queues that is. */
static struct port *port_of_queue(struct console *c, unsigned int q, bool *rx)
{
	*rx = q % 2 == 0;
	return &c->port[q < 2 ? 0 : (q - 4) / 2 + 1];
}

static bool is_control(unsigned int q)
{
	return q == Q_CONTROL_RX || q == Q_CONTROL_TX;
}

static void set_queue(struct console *c, unsigned int q, struct vq *vq)
{
	struct port *p;
	bool rx;

	if (is_control(q)) {
		*(q == Q_CONTROL_RX ? &c->control_rx : &c->control_tx) = vq;
		return;
	}
	p = port_of_queue(c, q, &rx);
	*(rx ? &p->rx : &p->tx) = vq;
}

static int console_queue_start(struct vdev *v, unsigned int q, struct vq *vq)
{
	/* The others "only exist if VIRTIO_CONSOLE_F_MULTIPORT is set": they do nothing. */
	if (q < 2 || multiport(console_of(v)))
		set_queue(console_of(v), q, vq);
	return 0;
}

static void console_kick(struct vdev *v, unsigned int q)
{
	struct console *c = console_of(v);
	struct port *p;
	bool rx;

	if (q == Q_CONTROL_RX) {
		send_due(c);
		return;
	}
	if (q == Q_CONTROL_TX) {
		control_work(c);
		return;
	}
	p = port_of_queue(c, q, &rx);
	if (rx)
		resume(p);
	else
		tx_work(p);
}

static void console_queue_stop(struct vdev *v, unsigned int q)
{
	set_queue(console_of(v), q, NULL);
}

static void console_stop(struct vdev *v)
{
	struct console *c = console_of(v);

	c->features = 0;
	c->driver_ready = false;
	for (unsigned int i = 0; i < c->n_ports; i++) {
		c->port[i].added = false;
		c->port[i].ready = false;
		c->port[i].guest_open = false;
		c->port[i].due = 0;
	}
	ev_timer_fini(&c->again);
}

static void console_free(struct vdev *v)
{
	struct console *c = console_of(v);

	for (unsigned int i = 0; i < c->n_ports; i++)
		char_port_free(c->port[i].cp);
	free(c);
}

static const struct vdev_ops console_ops = {
	.name = "console",
	.id = VIRTIO_ID_CONSOLE,
	.pci_class = 0x078000, /* communication controller, other */
	.num_queues = console_num_queues,
	.queue_max = console_queue_max,
	.features = console_features,
	.config_bytes = console_config_bytes,
	.config_read = console_config_read,
	.config_write = console_config_write,
	.start = console_start,
	.queue_start = console_queue_start,
	.kick = console_kick,
	.queue_stop = console_queue_stop,
	.stop = console_stop,
	.free = console_free,
};

int console_new(struct vdev **out, const struct console_config *cfg)
{
	bool ok = cfg->n_ports >= 1 && cfg->n_ports <= CONSOLE_MAX_PORTS;
	struct console *c = ok ? calloc(1, sizeof(*c)) : NULL;

	if (!c) {
		for (unsigned int i = 0; i < cfg->n_ports; i++)
			char_port_free(cfg->ports[i].port_take);
		return ok ? -ENOMEM : -EINVAL;
	}
	c->v.ops = &console_ops;
	snprintf(c->v.tag, sizeof(c->v.tag), "%s", cfg->tag);
	c->cols = cfg->cols;
	c->rows = cfg->rows;
	c->n_ports = cfg->n_ports;
	for (unsigned int i = 0; i < c->n_ports; i++) {
		const struct console_port_config *from = &cfg->ports[i];
		struct port *p = &c->port[i];

		p->c = c;
		p->cp = from->port_take;
		p->console = from->console;
		snprintf(p->name, sizeof(p->name), "%s", from->name ? from->name : "");
		p->cp->user = (struct char_port_user){ port_input, port_closed, p };
	}
	*out = &c->v;
	return 0;
}

void console_resize(struct vdev *v, uint16_t cols, uint16_t rows)
{
	struct console *c = console_of(v);

	if (c->cols == cols && c->rows == rows)
		return;
	c->cols = cols;
	c->rows = rows;
	if (c->features & VIRTIO_BIT(VIRTIO_CONSOLE_F_SIZE))
		v->host->config_changed(v->host->ctx);
	for (unsigned int i = 0; i < c->n_ports; i++) {
		if (c->port[i].ready && c->port[i].console)
			c->port[i].due |= DUE_RESIZE;
	}
	send_due(c);
}

const struct char_port *console_port(const struct vdev *v, unsigned int port)
{
	const struct console *c = (const struct console *)v;

	return port < c->n_ports ? c->port[port].cp : NULL;
}
