/* SPDX-License-Identifier: Apache-2.0 */
/* Manifest devices -> virtio devices on the bus; see devices.h. One table names all types. */
#include "vmm/guest/devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "devices/console/console.h"
#include "devices/input/input.h"
#include "devices/net/net.h"
#include "devices/snd/snd.h"
#include "vmm/guest/bind.h"

int bind_take(int *fds, int index)
{
	return index == MANIFEST_NO_FD ? -1 : fd_take(&fds[index]);
}

int bind_failed(struct err *e, int rc, const char *what)
{
	return e->text[0] ? rc : err_errno(e, -rc, "%s", what);
}

/* The bench says them while dyno-vm starts. */
#define FIRST_VALUES_MS 2000

static const struct bind *const binds[DEVICE_TYPES] = {
	[DEVICE_CAN] = &bind_can,
	[DEVICE_RNG] = &bind_rng,
	[DEVICE_CONSOLE] = &bind_console,
	[DEVICE_GPU] = &bind_gpu,
	[DEVICE_INPUT] = &bind_input,
	[DEVICE_BLK] = &bind_blk,
	[DEVICE_NET] = &bind_net,
	[DEVICE_BALLOON] = &bind_balloon,
	[DEVICE_VHOST_USER] = &bind_vhost_user,
	[DEVICE_VSOCK] = &bind_vsock,
	[DEVICE_SND] = &bind_snd,
	[DEVICE_9P] = &bind_9p,
	[DEVICE_RTC] = &bind_rtc,
	[DEVICE_I2C] = &bind_i2c,
	[DEVICE_GPIO] = &bind_gpio,
};

static enum machine_loop where(const struct manifest_device *d)
{
	bool direct = d->type == DEVICE_CAN && d->u.can.socketcan;

	return direct ? LOOP_BUS : binds[d->type]->loop;
}

static struct ev_loop *loop_of(struct machine *mc, const struct manifest_device *d)
{
	return mc->loop[where(d)].loop;
}

bool devices_need(const struct manifest *m, enum machine_loop which)
{
	for (unsigned int i = 0; i < m->n_devices; i++) {
		if (where(&m->device[i]) == which)
			return true;
	}
	return false;
}

static void on_error(void *ctx, const char *text)
{
	struct machine_device *md = ctx;

	md->mc->host.device_error(md->mc->host.ctx, md->d->name, text);
}

static int add_one(struct machine *mc, unsigned int i, int *fds, struct err *e)
{
	const struct manifest_device *d = &mc->m->device[i];
	struct machine_device *md = &mc->device[i];
	struct vpci_config cfg = { .mem = vm_mem(mc->vm),
		.loop = loop_of(mc, d),
		.host = &mc->pci,
		.slot = i + 1,
		.platform = &mc->platform,
		.on_error = on_error,
		.ctx = md };
	char tag[2 * MANIFEST_NAME];
	struct vdev *v = NULL;
	int rc;

	*md = (struct machine_device){ .mc = mc, .d = d };
	snprintf(tag, sizeof(tag), "%s/%s", mc->m->name, d->name);
	rc = binds[d->type]->make(mc, d, tag, fds, &v, e);
	if (rc < 0)
		return rc;
	rc = mc->m->mmio ? machine_mmio_add(mc, i, v, cfg.loop, on_error)
			 : vpci_new(&md->vpci, v, &cfg);
	md->dev = rc < 0 ? NULL : v;
	return rc < 0 ? err_errno(e, -rc, "cannot put the device on the bus") : 0;
}

/* Where pictures go: the channel to the UI, or nowhere. */
static int open_display(struct machine *mc, int fd_take_, struct err *e)
{
	int rc;

	mc->display_is_channel = fd_take_ >= 0;
	rc = fd_take_ >= 0 ? scanout_display_new(&mc->display, mc->loop[LOOP_GPU].loop, fd_take_, e)
			   : scanout_null_new(&mc->display);
	return rc < 0 ? bind_failed(e, rc, "display") : 0;
}

int devices_add(struct machine *mc, int *fds, struct err *e)
{
	int rc = manifest_gpu(mc->m) ? open_display(mc, bind_take(fds, mc->m->display_fd), e) : 0;

	if (rc == 0) {
		rc = signal_client_new(&mc->signals, mc->loop[LOOP_DEV].loop,
			bind_take(fds, mc->m->signals_fd), mc->m->n_signals, FIRST_VALUES_MS);
		if (rc < 0)
			(void)err_errno(e, -rc, "cannot listen to signals");
	}
	for (unsigned int i = 0; i < mc->m->n_devices && rc == 0; i++) {
		rc = add_one(mc, i, fds, e);
		if (rc < 0)
			err_prefix(e, "%s", mc->m->device[i].name);
	}
	return rc;
}

void devices_free(struct machine *mc)
{
	for (unsigned int i = 0; i < MANIFEST_MAX_DEVICES; i++) {
		vpci_free(mc->device[i].vpci);
		vmmio_free(mc->device[i].vmmio);
		mc->device[i] = (struct machine_device){ 0 };
	}
	scanout_port_free(mc->display);
	mc->display = NULL;
	signal_client_free(mc->signals);
	mc->signals = NULL;
}

struct status_call {
	struct machine_device *md;
	json_t *o;
};

/* Its queues that are set up, by number. */
static json_t *queues_status(struct vt *t)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < vt_num_queues(t); i++) {
		const struct vt_queue *q = vt_queue(t, i);
		struct vq_figures f = { 0 };

		if (!q->enabled)
			continue;
		if (q->vq)
			vq_get_figures(q->vq, &f);
		json_array_append_new(list,
			json_pack("{s:i,s:i,s:I,s:I,s:I,s:I,s:i,s:b,s:b,s:b,s:b}", "queue", (int)i,
				"size", (int)q->size, "kicks", (json_int_t)q->kicks, "interrupts",
				(json_int_t)q->interrupts, "taken", (json_int_t)f.taken, "returned",
				(json_int_t)f.returned, "in_flight", (int)f.in_flight, "waiting",
				f.waiting, "asks_for_kicks", f.kicks, "untold", f.untold,
				"elsewhere", q->away));
	}
	return list;
}

static void loop_status(void *arg)
{
	struct status_call *c = arg;
	struct machine_device *md = c->md;
	struct vt *t = md->vpci ? vpci_vt(md->vpci) : vmmio_vt(md->vmmio);

	json_object_set_new(c->o, "status", json_integer(vt_status(t)));
	json_object_set_new(c->o, "queues", queues_status(t));
	binds[md->d->type]->status(md->dev, c->o);
}

void devices_status(struct machine *mc, json_t *list)
{
	for (unsigned int i = 0; i < mc->m->n_devices; i++) {
		struct machine_device *md = &mc->device[i];
		struct status_call c = { md, json_pack("{s:s,s:s}", "name", md->d->name, "type",
						     device_type_name(md->d->type)) };

		if (ev_call(loop_of(mc, md->d), loop_status, &c) < 0)
			log_debug("%s: its loop has ended", md->d->name);
		json_array_append_new(list, c.o);
	}
}

int devices_input(struct machine *mc, unsigned int scanout, enum input_kind kind,
	const struct input_event_rec *ev, uint32_t n)
{
	for (unsigned int i = 0; i < mc->m->n_devices; i++) {
		const struct manifest_device *d = &mc->m->device[i];

		if (d->type != DEVICE_INPUT || d->u.input.kind != kind ||
			d->u.input.scanout != scanout)
			continue;
		input_inject(mc->device[i].dev, ev, n);
		return 0;
	}
	return -ENODEV;
}

struct link_call {
	struct vdev *dev;
	bool up;
};

static void loop_link(void *arg)
{
	struct link_call *c = arg;

	net_dev_set_link(c->dev, c->up);
}

int devices_link(struct machine *mc, unsigned int index, bool up)
{
	for (unsigned int i = 0; i < mc->m->n_devices; i++) {
		struct link_call c = { mc->device[i].dev, up };

		if (mc->m->device[i].type != DEVICE_NET || index-- > 0)
			continue;
		return ev_call(loop_of(mc, &mc->m->device[i]), loop_link, &c);
	}
	return -ENODEV;
}

struct jack_call {
	struct vdev *dev;
	uint32_t jack;
	bool plugged, found;
};

static void loop_jack(void *arg)
{
	struct jack_call *c = arg;

	c->found = snd_set_jack(c->dev, c->jack, c->plugged);
}

int devices_jack(struct machine *mc, uint32_t stream, bool plugged)
{
	for (unsigned int i = 0; i < mc->m->n_devices; i++) {
		struct jack_call c = { mc->device[i].dev, stream, plugged, false };
		int rc;

		if (mc->m->device[i].type != DEVICE_SND)
			continue;
		rc = ev_call(loop_of(mc, &mc->m->device[i]), loop_jack, &c);
		return rc < 0 || c.found ? rc : -ENODEV;
	}
	return -ENODEV;
}

struct size_call {
	struct vdev *dev;
	uint16_t cols, rows;
};

static void loop_size(void *arg)
{
	struct size_call *c = arg;

	console_resize(c->dev, c->cols, c->rows);
}

int devices_console_size(struct machine *mc, uint16_t cols, uint16_t rows)
{
	int rc = -ENODEV;

	for (unsigned int i = 0; i < mc->m->n_devices; i++) {
		struct size_call c = { mc->device[i].dev, cols, rows };

		if (mc->m->device[i].type != DEVICE_CONSOLE)
			continue;
		rc = ev_call(loop_of(mc, &mc->m->device[i]), loop_size, &c);
		if (rc < 0)
			return rc;
	}
	return rc;
}
