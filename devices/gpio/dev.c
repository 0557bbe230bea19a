/* SPDX-License-Identifier: Apache-2.0 */
/* The GPIO controller; see gpio.h. */
#include "devices/gpio/gpio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "devices/gpio/proto.h"

enum { REQUESTQ, EVENTQ, QUEUES };

struct gpio_dev;

struct line {
	struct gpio_dev *dev;
	struct signal_watch watch;
	struct gpio_line_config cfg; /* cfg.name: `name` */
	char name[GPIO_NAME_MAX];
	uint8_t direction, irq_type;
	bool in; /* level that the signal gives it */
	bool out; /* what the guest puts out while it drives the line */
	bool driven; /* what it put out last: the signal has this value */
	bool latched; /* an edge that the driver was not told of */
	bool unmasked; /* `token` is the driver's buffer for the next interrupt */
	struct vq_token token;
};

struct gpio_dev {
	struct vdev v; /* first */
	struct vq *vq[QUEUES]; /* lent between queue_start and queue_stop */
	struct ev_timer again; /* goes on where a turn's work was full */
	bool irq; /* negotiated */
	struct signal_client *signals;
	struct gpio_stats stats;
	struct vq_chain chain;
	uint32_t names_bytes;
	char names[GPIO_MAX_LINES * GPIO_NAME_MAX];
	unsigned int n_lines;
	struct line line[GPIO_MAX_LINES];
};

static struct gpio_dev *gpio_of(struct vdev *v)
{
	return (struct gpio_dev *)v;
}

static bool is_high(const struct line *l)
{
	return l->direction == VIRTIO_GPIO_DIRECTION_OUT ? l->out : l->in;
}

/* ---- interrupts ---- */

/* Gives the driver its buffer back. */
static void give_back(struct line *l, uint8_t status)
{
	struct virtio_gpio_irq_response r = { status };

	l->unmasked = false;
	if (l->dev->vq[EVENTQ] &&
		vq_token_push(l->dev->vq[EVENTQ], &l->token, &r, sizeof(r)) == 0 &&
		status == VIRTIO_GPIO_IRQ_STATUS_VALID)
		l->dev->stats.interrupts++;
}

/* Interrupts where the line has a reason, its interrupt is enabled and not masked. */
static void deliver(struct line *l)
{
	if (!l->unmasked || !(l->latched || gpio_irq_is_level(l->irq_type, l->in)))
		return;
	l->latched = false;
	give_back(l, VIRTIO_GPIO_IRQ_STATUS_VALID);
}

static void set_irq_type(struct line *l, uint8_t type)
{
	l->irq_type = type;
	l->latched = false;
	if (type == VIRTIO_GPIO_IRQ_TYPE_NONE && l->unmasked)
		give_back(l, VIRTIO_GPIO_IRQ_STATUS_INVALID);
	deliver(l);
}

static void set_in(struct line *l, bool high)
{
	if (l->in == high)
		return;
	l->in = high;
	/* Edges are kept for a line that is masked, levels are not. */
	l->latched |= gpio_irq_is_edge(l->irq_type, high);
	deliver(l);
}

static bool input_level(const struct line *l)
{
	double v = 0;

	if (l->cfg.has_input)
		(void)signal_client_feed(l->dev->signals, &l->cfg.input, &v);
	return v >= 0.5;
}

static void on_signal(void *ctx, const struct signal_seen *s)
{
	struct line *l = ctx;

	(void)s;
	set_in(l, input_level(l));
}

/* A buffer for the interrupt of a line: it is unmasked. */
static void take_event(struct gpio_dev *d)
{
	struct virtio_gpio_irq_request w;
	struct virtio_gpio_irq_response no = { VIRTIO_GPIO_IRQ_STATUS_INVALID };
	struct vq_token token;
	struct vq_reader r;
	struct line *l = NULL;

	vq_reader_init(&r, d->vq[EVENTQ], &d->chain);
	if (d->chain.in_bytes < sizeof(no) || vq_token_take(&token, &d->chain) ||
		vq_get(&r, &w, sizeof(w))) {
		vq_break(d->vq[EVENTQ], GUEST_E_FORMAT, "illegal buffer for a GPIO interrupt");
		return;
	}
	if (le16_get(w.gpio) < d->n_lines)
		l = &d->line[le16_get(w.gpio)];
	if (!l || l->unmasked || l->irq_type == VIRTIO_GPIO_IRQ_TYPE_NONE) {
		(void)!vq_token_push(d->vq[EVENTQ], &token, &no, sizeof(no));
		return;
	}
	l->token = token;
	l->unmasked = true;
	deliver(l);
}

/* ---- requests ---- */

static void drive(struct line *l, bool high)
{
	if (l->driven != high)
		signal_client_set(l->dev->signals, l->cfg.output, high);
	l->driven = high;
}

/* The signal keeps what was put out last when the line is let go. False: it cannot have this
 * direction. */
static bool set_direction(struct line *l, uint8_t direction)
{
	if (direction == VIRTIO_GPIO_DIRECTION_OUT && l->cfg.output == SIGNAL_FEED_CONSTANT)
		return false;
	l->direction = direction;
	if (direction != VIRTIO_GPIO_DIRECTION_IN)
		set_irq_type(l, VIRTIO_GPIO_IRQ_TYPE_NONE);
	/* "The device MUST discard all state information" of the line. */
	if (direction == VIRTIO_GPIO_DIRECTION_NONE)
		l->out = false;
	else if (direction == VIRTIO_GPIO_DIRECTION_OUT)
		drive(l, l->out);
	return true;
}

/* The value counts from the moment on at which the line is an output. False: it cannot be one. */
static bool set_value(struct line *l, bool high)
{
	if (l->cfg.output == SIGNAL_FEED_CONSTANT)
		return false;
	l->out = high;
	if (l->direction == VIRTIO_GPIO_DIRECTION_OUT)
		drive(l, high);
	return true;
}

/* Carries a request out; *value is its answer. */
static bool carry_out(struct gpio_dev *d, const struct gpio_request *r, uint8_t *value)
{
	struct line *l = &d->line[r->line];

	switch (r->type) {
	case VIRTIO_GPIO_MSG_GET_DIRECTION:
		*value = l->direction;
		return true;
	case VIRTIO_GPIO_MSG_SET_DIRECTION:
		return set_direction(l, (uint8_t)r->value);
	case VIRTIO_GPIO_MSG_GET_VALUE:
		*value = is_high(l);
		return true;
	case VIRTIO_GPIO_MSG_SET_VALUE:
		return set_value(l, r->value);
	case VIRTIO_GPIO_MSG_SET_IRQ_TYPE:
		if (r->value != VIRTIO_GPIO_IRQ_TYPE_NONE &&
			l->direction != VIRTIO_GPIO_DIRECTION_IN)
			return false;
		set_irq_type(l, (uint8_t)r->value);
		return true;
	default:
		return false;
	}
}

/* The request in d->chain is answered: status and value, or all names. 0 or GUEST_E_*. */
static int answer(struct gpio_dev *d)
{
	struct virtio_gpio_response res = { .status = VIRTIO_GPIO_STATUS_ERR };
	struct virtio_gpio_request w = { 0 };
	struct gpio_request req;
	struct vq_reader r;
	struct vq_writer out;
	int rc = 0;

	vq_reader_init(&r, d->vq[REQUESTQ], &d->chain);
	vq_writer_init(&out, d->vq[REQUESTQ], &d->chain);
	if (vq_get(&r, &w, sizeof(w)) == 0 && gpio_parse(&w, d->n_lines, d->irq, &req) == 0) {
		bool names = req.type == VIRTIO_GPIO_MSG_GET_LINE_NAMES;

		if (names ? out.left > d->names_bytes : carry_out(d, &req, &res.value))
			res.status = VIRTIO_GPIO_STATUS_OK;
		if (names && res.status == VIRTIO_GPIO_STATUS_OK) {
			rc = vq_put(&out, &res.status, sizeof(res.status));
			if (!rc)
				rc = vq_put(&out, d->names, d->names_bytes);
		}
	}
	d->stats.failed += res.status != VIRTIO_GPIO_STATUS_OK;
	if (!rc && out.written == 0)
		rc = vq_put(&out, &res, sizeof(res));
	return rc ? rc : vq_push_quiet(d->vq[REQUESTQ], &d->chain, out.written);
}

static void take_request(struct gpio_dev *d)
{
	d->stats.requests++;
	if (answer(d) && !vq_is_broken(d->vq[REQUESTQ]))
		vq_break(
			d->vq[REQUESTQ], GUEST_E_SHORT, "GPIO request without room for its answer");
}

static void work(struct gpio_dev *d, unsigned int q)
{
	for (unsigned int n = 0; d->vq[q]; n++) {
		if (n == GPIO_MAX_TURN_REQUESTS) {
			ev_timer_at(&d->again, clock_now_ns());
			break;
		}
		if (vq_pop(d->vq[q], &d->chain) != VQ_TAKEN)
			break;
		if (q == REQUESTQ)
			take_request(d);
		else
			take_event(d);
	}
	if (d->vq[q])
		vq_flush(d->vq[q]);
}

static void on_again(struct ev_timer *t, uint64_t now_ns)
{
	(void)now_ns;
	for (unsigned int q = 0; q < QUEUES; q++)
		work(t->data, q);
}

/* ---- the device ---- */

static uint16_t gpio_num_queues(const struct vdev *v)
{
	(void)v;
	return QUEUES;
}

/* The driver keeps a buffer of each line in the event queue. */
static uint16_t gpio_queue_max(const struct vdev *v, unsigned int q)
{
	(void)v;
	(void)q;
	static_assert(GPIO_MAX_LINES <= 64, "buffers of all lines");
	return 64;
}

static uint64_t gpio_features(const struct vdev *v)
{
	(void)v;
	return VIRTIO_BIT(VIRTIO_GPIO_F_IRQ);
}

static uint32_t gpio_config_bytes(const struct vdev *v)
{
	(void)v;
	return sizeof(struct virtio_gpio_config);
}

static void gpio_config_read(struct vdev *v, uint32_t off, void *dst, uint32_t len)
{
	const struct gpio_dev *d = gpio_of(v);
	struct virtio_gpio_config c = { .ngpio = le16_of((uint16_t)d->n_lines),
		.gpio_names_size = le32_of(d->names_bytes) };

	memcpy(dst, (const uint8_t *)&c + off, len);
}

static int gpio_start(struct vdev *v, uint64_t features)
{
	struct gpio_dev *d = gpio_of(v);

	d->irq = features & VIRTIO_BIT(VIRTIO_GPIO_F_IRQ);
	return ev_timer_init(v->host->loop, &d->again, on_again, d);
}

static int gpio_queue_start(struct vdev *v, unsigned int q, struct vq *vq)
{
	gpio_of(v)->vq[q] = vq;
	return 0;
}

static void gpio_kick(struct vdev *v, unsigned int q)
{
	work(gpio_of(v), q);
}

static void gpio_queue_stop(struct vdev *v, unsigned int q)
{
	struct gpio_dev *d = gpio_of(v);

	d->vq[q] = NULL;
	for (unsigned int i = 0; q == EVENTQ && i < d->n_lines; i++)
		d->line[i].unmasked = false;
}

/* As after power-on: inputs are inputs, outputs are low. */
static void reset_line(struct line *l)
{
	l->direction = l->cfg.has_input || l->cfg.output == SIGNAL_FEED_CONSTANT
			       ? VIRTIO_GPIO_DIRECTION_IN
			       : VIRTIO_GPIO_DIRECTION_OUT;
	l->irq_type = VIRTIO_GPIO_IRQ_TYPE_NONE;
	l->latched = false;
	l->out = false;
	drive(l, false);
}

static void gpio_stop(struct vdev *v)
{
	struct gpio_dev *d = gpio_of(v);

	ev_timer_fini(&d->again);
	for (unsigned int i = 0; i < d->n_lines; i++)
		reset_line(&d->line[i]);
}

static void gpio_free(struct vdev *v)
{
	struct gpio_dev *d = gpio_of(v);

	for (unsigned int i = 0; i < d->n_lines; i++)
		signal_client_unwatch(&d->line[i].watch);
	free(d);
}

static const struct vdev_ops gpio_ops = {
	.name = "gpio",
	.id = VIRTIO_ID_GPIO,
	.pci_class = 0x088000, /* system peripheral, other */
	.num_queues = gpio_num_queues,
	.queue_max = gpio_queue_max,
	.features = gpio_features,
	.config_bytes = gpio_config_bytes,
	.config_read = gpio_config_read,
	.start = gpio_start,
	.queue_start = gpio_queue_start,
	.kick = gpio_kick,
	.queue_stop = gpio_queue_stop,
	.stop = gpio_stop,
	.free = gpio_free,
};

static void init_line(struct gpio_dev *d, const struct gpio_line_config *cfg)
{
	struct line *l = &d->line[d->n_lines++];

	l->dev = d;
	l->cfg = *cfg;
	snprintf(l->name, sizeof(l->name), "%s", cfg->name);
	l->cfg.name = l->name;
	/* One after the other, each with its NUL. */
	memcpy(d->names + d->names_bytes, l->name, strlen(l->name) + 1);
	d->names_bytes += (uint32_t)strlen(l->name) + 1;
	l->watch.changed = on_signal;
	l->watch.ctx = l;
	if (cfg->has_input && cfg->input.signal != SIGNAL_FEED_CONSTANT)
		signal_client_watch(d->signals, &l->watch, cfg->input.signal);
	l->in = input_level(l);
	reset_line(l);
}

int gpio_new(struct vdev **out, const struct gpio_config *cfg)
{
	struct gpio_dev *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->v.ops = &gpio_ops;
	d->signals = cfg->signals;
	snprintf(d->v.tag, sizeof(d->v.tag), "%s", cfg->tag);
	for (unsigned int i = 0; i < cfg->n_lines; i++)
		init_line(d, &cfg->lines[i]);
	*out = &d->v;
	return 0;
}

struct gpio_stats gpio_stats(const struct vdev *v)
{
	return ((const struct gpio_dev *)v)->stats;
}

bool gpio_line_state(const struct vdev *v, unsigned int i, struct gpio_line_state *out)
{
	const struct gpio_dev *d = (const struct gpio_dev *)v;
	const struct line *l = &d->line[i];

	if (i >= d->n_lines)
		return false;
	*out = (struct gpio_line_state){ l->name, l->direction, l->irq_type, is_high(l) };
	return true;
}
