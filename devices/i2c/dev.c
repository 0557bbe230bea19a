/* SPDX-License-Identifier: Apache-2.0 */
/* The I2C adapter device; see i2c.h. */
#include "devices/i2c/i2c.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "devices/i2c/proto.h"

struct i2c_dev {
	struct vdev v; /* first */
	struct vq *vq; /* lent between queue_start and queue_stop */
	struct ev_timer again; /* goes on where a turn's work was full */
	struct i2c_chip *chip[I2C_MAX_CHIPS];
	unsigned int n_chips;
	bool group_failed; /* a request with FAIL_NEXT failed: so do those after it */
	struct i2c_dev_stats stats;
	struct vq_chain chain;
	uint8_t buf[I2C_MESSAGE_MAX];
};

static struct i2c_dev *i2c_of(struct vdev *v)
{
	return (struct i2c_dev *)v;
}

static struct i2c_chip *chip_at(struct i2c_dev *d, uint8_t address)
{
	for (unsigned int i = 0; i < d->n_chips; i++) {
		if (d->chip[i]->cfg.address == address)
			return d->chip[i];
	}
	return NULL;
}

/* The message on the bus, with d->buf. False: it was not acknowledged. */
static bool transfer(struct i2c_dev *d, const struct i2c_message *m)
{
	struct i2c_chip *c = chip_at(d, m->address);
	bool ok;

	if (!c)
		return false;
	ok = i2c_chip_is_present(c);
	if (ok && m->read)
		c->ops->read(c, d->buf, m->len);
	else if (ok && m->len)
		ok = c->ops->write(c, d->buf, m->len);
	if (m->read)
		c->reads += ok;
	else
		c->writes += ok;
	c->nacks += !ok;
	return ok;
}

/* Fetches a request and carries it out. Whether it went well; `m` is what it was. */
static bool carry_out(struct i2c_dev *d, struct i2c_message *m)
{
	struct virtio_i2c_out_hdr h = { 0 };
	struct vq_reader r;

	*m = (struct i2c_message){ .address = I2C_NOWHERE };
	vq_reader_init(&r, d->vq, &d->chain);
	if (vq_get(&r, &h, sizeof(h)) || i2c_parse(&h, d->chain.out_bytes, d->chain.in_bytes, m))
		return false;
	if (!m->read && vq_get(&r, d->buf, m->len))
		return false;
	/* "If a request fails, the device fails those that follow it in its group." */
	return !d->group_failed && transfer(d, m);
}

/* The answer: what was read (zeros where that failed), then the status. 0 or GUEST_E_*. */
static int answer(struct i2c_dev *d, const struct i2c_message *m, bool ok)
{
	struct virtio_i2c_in_hdr in = { ok ? VIRTIO_I2C_MSG_OK : VIRTIO_I2C_MSG_ERR };
	uint32_t written = d->chain.in_bytes;
	struct vq_writer w;
	int r;

	vq_writer_init(&w, d->vq, &d->chain);
	r = ok && m->read ? vq_put(&w, d->buf, m->len)
			  : vq_put_zero(&w, d->chain.in_bytes - (uint32_t)sizeof(in));
	if (!r)
		r = vq_put(&w, &in, sizeof(in));
	return r ? r : vq_push_quiet(d->vq, &d->chain, written);
}

static void serve(struct i2c_dev *d)
{
	struct i2c_message m;
	bool ok;

	if (d->chain.in_bytes == 0) {
		vq_break(d->vq, GUEST_E_FORMAT, "I2C request without room for its status");
		return;
	}
	ok = carry_out(d, &m);
	d->group_failed = !ok && m.fail_next;
	d->stats.requests++;
	d->stats.failed += !ok;
	if (answer(d, &m, ok) && !vq_is_broken(d->vq))
		vq_break(d->vq, GUEST_E_FORMAT, "I2C request cannot be answered");
}

static void work(struct i2c_dev *d)
{
	for (unsigned int n = 0; d->vq; n++) {
		if (n == I2C_MAX_TURN_REQUESTS) {
			ev_timer_at(&d->again, clock_now_ns());
			break;
		}
		if (vq_pop(d->vq, &d->chain) != VQ_TAKEN)
			break;
		serve(d);
	}
	if (d->vq)
		vq_flush(d->vq);
}

static void on_again(struct ev_timer *t, uint64_t now_ns)
{
	(void)now_ns;
	work(t->data);
}

static uint16_t i2c_num_queues(const struct vdev *v)
{
	(void)v;
	return 1;
}

static uint16_t i2c_queue_max(const struct vdev *v, unsigned int q)
{
	(void)v;
	(void)q;
	return 64;
}

static uint64_t i2c_features(const struct vdev *v)
{
	(void)v;
	return VIRTIO_BIT(VIRTIO_I2C_F_ZERO_LENGTH_REQUEST);
}

/* "The device MUST reject any driver that does not negotiate" it. */
static bool i2c_features_ok(const struct vdev *v, uint64_t accepted)
{
	(void)v;
	return accepted & VIRTIO_BIT(VIRTIO_I2C_F_ZERO_LENGTH_REQUEST);
}

static uint32_t i2c_config_bytes(const struct vdev *v)
{
	(void)v;
	return 0;
}

static int i2c_start(struct vdev *v, uint64_t features)
{
	struct i2c_dev *d = i2c_of(v);

	(void)features;
	d->group_failed = false;
	return ev_timer_init(v->host->loop, &d->again, on_again, d);
}

static int i2c_queue_start(struct vdev *v, unsigned int q, struct vq *vq)
{
	(void)q;
	i2c_of(v)->vq = vq;
	return 0;
}

static void i2c_kick(struct vdev *v, unsigned int q)
{
	(void)q;
	work(i2c_of(v));
}

static void i2c_queue_stop(struct vdev *v, unsigned int q)
{
	(void)q;
	i2c_of(v)->vq = NULL;
	ev_timer_stop(&i2c_of(v)->again);
}

static void i2c_stop(struct vdev *v)
{
	struct i2c_dev *d = i2c_of(v);

	ev_timer_fini(&d->again);
	for (unsigned int i = 0; i < d->n_chips; i++)
		d->chip[i]->ops->reset(d->chip[i]);
}

static void free_chips(struct i2c_chip *const *chips, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		i2c_chip_free(chips[i]);
}

static void i2c_free(struct vdev *v)
{
	free_chips(i2c_of(v)->chip, i2c_of(v)->n_chips);
	free(v);
}

static const struct vdev_ops i2c_ops = {
	.name = "i2c",
	.id = VIRTIO_ID_I2C,
	.pci_class = 0x0c0500, /* serial bus controller, SMBus */
	.num_queues = i2c_num_queues,
	.queue_max = i2c_queue_max,
	.features = i2c_features,
	.features_ok = i2c_features_ok,
	.config_bytes = i2c_config_bytes,
	.start = i2c_start,
	.queue_start = i2c_queue_start,
	.kick = i2c_kick,
	.queue_stop = i2c_queue_stop,
	.stop = i2c_stop,
	.free = i2c_free,
};

int i2c_dev_new(struct vdev **out, struct i2c_chip *const *chips_take, unsigned int n_chips,
	const char *tag)
{
	struct i2c_dev *d = calloc(1, sizeof(*d));

	if (!d) {
		free_chips(chips_take, n_chips);
		return -ENOMEM;
	}
	d->v.ops = &i2c_ops;
	snprintf(d->v.tag, sizeof(d->v.tag), "%s", tag);
	d->n_chips = n_chips;
	for (unsigned int i = 0; i < n_chips; i++)
		d->chip[i] = chips_take[i];
	*out = &d->v;
	return 0;
}

struct i2c_dev_stats i2c_dev_stats(const struct vdev *v)
{
	return ((const struct i2c_dev *)v)->stats;
}

const struct i2c_chip *i2c_dev_chip(const struct vdev *v, unsigned int i)
{
	const struct i2c_dev *d = (const struct i2c_dev *)v;

	return i < d->n_chips ? d->chip[i] : NULL;
}
