/* SPDX-License-Identifier: Apache-2.0 */
/* Manifest devices -> virtio devices on the bus; see devices.h. One table names all types. */
#include "vmm/guest/devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "devices/blk/blk.h"
#include "devices/can/can.h"
#include "devices/console/console.h"
#include "devices/gpu/gpu.h"
#include "devices/input/input.h"
#include "devices/net/net.h"
#include "devices/rng/rng.h"

static int take(int *fds, int index)
{
	return index == MANIFEST_NO_FD ? -1 : fd_take(&fds[index]);
}

static int failed(struct err *e, int rc, const char *what)
{
	return e->text[0] ? rc : err_errno(e, -rc, "%s", what);
}

/* ---- can ---- */

static int make_can(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
	struct vdev **out, struct err *e)
{
	struct can_dev_config cfg = { .tag = tag, .features = d->u.can.features };
	struct can_port *port = NULL;
	int fd = take(fds, d->u.can.fd), rc;

	(void)mc;
	if (fd < 0)
		rc = can_port_null_new(&port);
	else if (d->u.can.socketcan)
		rc = can_port_socketcan_new(&port, fd);
	else
		rc = can_port_hub_new(&port, fd);
	if (rc == 0)
		rc = can_dev_new(out, port, &cfg);
	return rc < 0 ? failed(e, rc, "cannot make the CAN controller") : 0;
}

static void status_can(const struct vdev *v, json_t *o)
{
	struct can_dev_stats s;

	can_dev_get_stats(v, &s);
	json_object_set_new(o, "tx_ok", json_integer((json_int_t)s.tx_ok));
	json_object_set_new(o, "tx_not_ok", json_integer((json_int_t)s.tx_not_ok));
	json_object_set_new(o, "tx_rejected", json_integer((json_int_t)s.tx_rejected));
	json_object_set_new(o, "rx_frames", json_integer((json_int_t)s.rx_frames));
	json_object_set_new(o, "rx_dropped", json_integer((json_int_t)s.rx_dropped));
	json_object_set_new(o, "rx_filtered", json_integer((json_int_t)s.rx_filtered));
	json_object_set_new(o, "busoffs", json_integer((json_int_t)s.busoffs));
}

/* ---- rng ---- */

static int make_rng(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
	struct vdev **out, struct err *e)
{
	int rc = rng_new(out, tag);

	(void)mc;
	(void)d;
	(void)fds;
	return rc < 0 ? failed(e, rc, "cannot make the entropy device") : 0;
}

static void status_rng(const struct vdev *v, json_t *o)
{
	struct rng_stats s = rng_stats(v);

	json_object_set_new(o, "requests", json_integer((json_int_t)s.requests));
	json_object_set_new(o, "bytes", json_integer((json_int_t)s.bytes));
}

/* ---- console ---- */

static int make_console(struct machine *mc, const struct manifest_device *d, const char *tag,
	int *fds, struct vdev **out, struct err *e)
{
	struct console_port_config port[MANIFEST_MAX_PORTS] = { 0 };
	struct console_config cfg = { .tag = tag, .ports = port, .n_ports = d->u.console.n };
	int rc = 0;

	static_assert(MANIFEST_MAX_PORTS <= CONSOLE_MAX_PORTS, "console ports");
	for (unsigned int i = 0; i < cfg.n_ports && rc == 0; i++) {
		const struct manifest_port *p = &d->u.console.port[i];
		int fd = take(fds, p->fd);

		port[i].name = p->name;
		port[i].console = p->console;
		rc = fd < 0 ? char_null_new(&port[i].port_take)
			    : char_fd_new(&port[i].port_take, mc->dev_loop.loop, fd);
	}
	if (rc == 0) {
		rc = console_new(out, &cfg);
	} else {
		for (unsigned int i = 0; i < cfg.n_ports; i++)
			char_port_free(port[i].port_take);
	}
	return rc < 0 ? failed(e, rc, "cannot make the console") : 0;
}

static void status_console(const struct vdev *v, json_t *o)
{
	json_t *ports = json_array();
	const struct char_port *p;

	for (unsigned int i = 0; (p = console_port(v, i)) != NULL; i++)
		json_array_append_new(
			ports, json_pack("{s:b,s:I,s:I,s:I}", "open", p->open, "written",
				       (json_int_t)p->written, "dropped", (json_int_t)p->dropped,
				       "read", (json_int_t)p->read));
	json_object_set_new(o, "ports", ports);
}

/* ---- gpu ---- */

static void on_first_frame(void *ctx, unsigned int scanout, uint64_t t_ns)
{
	struct machine *mc = ctx;

	mc->host.first_frame(mc->host.ctx, scanout, t_ns);
}

static int make_gpu(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
	struct vdev **out, struct err *e)
{
	struct gpu_config cfg = {
		.tag = tag, .n_scanouts = d->u.gpu.n, .first_frame = on_first_frame, .ctx = mc
	};
	int rc;

	(void)fds;
	for (unsigned int i = 0; i < d->u.gpu.n; i++)
		cfg.scanout[i] = (struct gpu_scanout_config){ d->u.gpu.scanout[i].width,
			d->u.gpu.scanout[i].height, d->u.gpu.scanout[i].name };
	rc = gpu_new(out, &cfg, mc->display, e);
	return rc < 0 ? failed(e, rc, "cannot make the GPU") : 0;
}

static void status_gpu(const struct vdev *v, json_t *o)
{
	struct gpu_stats s;

	gpu_stats(v, &s);
	json_object_set_new(o, "commands", json_integer((json_int_t)s.commands));
	json_object_set_new(o, "errors", json_integer((json_int_t)s.errors));
	json_object_set_new(o, "flushes", json_integer((json_int_t)s.flushes));
	json_object_set_new(o, "presents", json_integer((json_int_t)s.presents));
	json_object_set_new(o, "transferred_bytes", json_integer((json_int_t)s.transferred_bytes));
	json_object_set_new(o, "fences_late", json_integer((json_int_t)s.fences_late));
	json_object_set_new(o, "resources", json_integer((json_int_t)s.resources));
	json_object_set_new(o, "resource_bytes", json_integer((json_int_t)s.resource_bytes));
}

/* ---- input ---- */

static int make_input(struct machine *mc, const struct manifest_device *d, const char *tag,
	int *fds, struct vdev **out, struct err *e)
{
	const struct manifest_device *gpu = manifest_gpu(mc->m);
	struct input_config cfg = { .tag = tag,
		.kind = d->u.input.kind,
		.scanout = d->u.input.scanout,
		.width = 1,
		.height = 1 };
	int rc;

	(void)fds;
	if (gpu && d->u.input.scanout < gpu->u.gpu.n) {
		const struct manifest_scanout *s = &gpu->u.gpu.scanout[d->u.input.scanout];

		cfg.width = s->width;
		cfg.height = s->height;
		cfg.label = s->name;
	}
	rc = input_new(out, &cfg, e);
	if (rc < 0)
		return failed(e, rc, "cannot make the input device");
	if (mc->display_is_channel)
		scanout_display_sink(mc->display, cfg.scanout, cfg.kind, input_inject, *out);
	return 0;
}

static void status_input(const struct vdev *v, json_t *o)
{
	struct input_stats s;

	input_stats(v, &s);
	json_object_set_new(o, "updates", json_integer((json_int_t)s.updates));
	json_object_set_new(o, "dropped_updates", json_integer((json_int_t)s.dropped_updates));
	json_object_set_new(o, "filtered_events", json_integer((json_int_t)s.filtered_events));
	json_object_set_new(o, "leds", json_integer((json_int_t)s.leds));
}

/* ---- blk ---- */

static int make_blk_port(
	struct blk_port **out, const struct manifest_device *d, int fd_take_, struct err *e)
{
	const bool overlay = d->u.blk.overlay || fd_take_ < 0;
	struct blk_port *base = NULL;
	int rc;

	if (fd_take_ < 0)
		rc = blk_port_null_new(&base, d->u.blk.bytes);
	else
		rc = blk_port_file_new(&base, fd_take_, overlay || d->u.blk.read_only,
			d->u.blk.queues * (BLK_QUEUE_SIZE + 1), e);
	if (rc == 0 && overlay && !d->u.blk.read_only)
		return blk_port_overlay_new(out, base,
			fd_take_ < 0 ? MAX(d->u.blk.overlay_bytes, d->u.blk.bytes)
				     : d->u.blk.overlay_bytes);
	*out = base;
	return rc;
}

static int make_blk(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
	struct vdev **out, struct err *e)
{
	struct blk_config cfg = { .tag = tag,
		.serial = d->u.blk.serial,
		.queues = d->u.blk.queues,
		.read_only = d->u.blk.read_only };
	struct blk_port *port = NULL;
	int rc = make_blk_port(&port, d, take(fds, d->u.blk.fd), e);

	(void)mc;
	if (rc == 0)
		rc = blk_new(out, port, &cfg);
	return rc < 0 ? failed(e, rc, "cannot make the disk") : 0;
}

static void status_blk(const struct vdev *v, json_t *o)
{
	struct blk_stats s = blk_stats(v);
	const struct blk_port *p = blk_port_of(v);

	json_object_set_new(o, "port", json_string(p->kind));
	json_object_set_new(o, "direct", json_boolean(blk_port_file_is_direct(p)));
	json_object_set_new(
		o, "overlay_bytes", json_integer((json_int_t)blk_port_overlay_bytes(p)));
	json_object_set_new(o, "reads", json_integer((json_int_t)s.reads));
	json_object_set_new(o, "writes", json_integer((json_int_t)s.writes));
	json_object_set_new(o, "flushes", json_integer((json_int_t)s.flushes));
	json_object_set_new(o, "discards", json_integer((json_int_t)s.discards));
	json_object_set_new(o, "zeroes", json_integer((json_int_t)s.zeroes));
	json_object_set_new(o, "read_bytes", json_integer((json_int_t)s.read_bytes));
	json_object_set_new(o, "written_bytes", json_integer((json_int_t)s.written_bytes));
	json_object_set_new(o, "errors", json_integer((json_int_t)s.errors));
	json_object_set_new(o, "unsupported", json_integer((json_int_t)s.unsupported));
}

/* ---- net ---- */

static int make_net(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
	struct vdev **out, struct err *e)
{
	struct net_dev_config cfg = { .tag = tag, .mtu = d->u.net.mtu };
	struct link_port *port = NULL;
	int fd = take(fds, d->u.net.fd), rc;

	(void)mc;
	memcpy(cfg.mac, d->u.net.mac, sizeof(cfg.mac));
	cfg.link_down = fd < 0;
	if (fd < 0)
		rc = link_port_null_new(&port);
	else if (d->u.net.tap)
		rc = link_port_tap_new(&port, fd);
	else
		rc = link_port_socket_new(&port, fd);
	if (rc == 0)
		rc = net_dev_new(out, port, &cfg);
	return rc < 0 ? failed(e, rc, "cannot make the network card") : 0;
}

static void status_net(const struct vdev *v, json_t *o)
{
	struct net_dev_stats s;

	net_dev_get_stats(v, &s);
	json_object_set_new(o, "link_up", json_boolean(s.link_up));
	json_object_set_new(o, "tx_frames", json_integer((json_int_t)s.tx_frames));
	json_object_set_new(o, "tx_bytes", json_integer((json_int_t)s.tx_bytes));
	json_object_set_new(o, "tx_rejected", json_integer((json_int_t)s.tx_rejected));
	json_object_set_new(o, "tx_dropped", json_integer((json_int_t)s.tx_dropped));
	json_object_set_new(o, "rx_frames", json_integer((json_int_t)s.rx_frames));
	json_object_set_new(o, "rx_bytes", json_integer((json_int_t)s.rx_bytes));
	json_object_set_new(o, "rx_filtered", json_integer((json_int_t)s.rx_filtered));
	json_object_set_new(o, "rx_dropped", json_integer((json_int_t)s.rx_dropped));
	json_object_set_new(o, "controls", json_integer((json_int_t)s.controls));
}

/* ---- all of them ---- */

static const struct {
	int (*make)(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
		struct vdev **out, struct err *e);
	void (*status)(const struct vdev *v, json_t *o); /* loop thread */
	enum { ON_DEV_LOOP, ON_GPU_LOOP, ON_DISK_LOOP } loop;
} types[DEVICE_TYPES] = {
	[DEVICE_CAN] = { make_can, status_can, ON_DEV_LOOP },
	[DEVICE_RNG] = { make_rng, status_rng, ON_DEV_LOOP },
	[DEVICE_CONSOLE] = { make_console, status_console, ON_DEV_LOOP },
	[DEVICE_GPU] = { make_gpu, status_gpu, ON_GPU_LOOP },
	[DEVICE_INPUT] = { make_input, status_input, ON_GPU_LOOP },
	[DEVICE_BLK] = { make_blk, status_blk, ON_DISK_LOOP },
	[DEVICE_NET] = { make_net, status_net, ON_DEV_LOOP },
};

static struct ev_loop *loop_of(struct machine *mc, const struct manifest_device *d)
{
	switch (types[d->type].loop) {
	case ON_GPU_LOOP:
		return mc->gpu_loop.loop;
	case ON_DISK_LOOP:
		return mc->disk_loop.loop;
	default:
		return mc->dev_loop.loop;
	}
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
	rc = types[d->type].make(mc, d, tag, fds, &v, e);
	if (rc < 0)
		return rc;
	rc = vpci_new(&md->vpci, v, &cfg);
	return rc < 0 ? err_errno(e, -rc, "cannot put the device on the bus") : 0;
}

/* Where pictures go: the channel to the UI, or nowhere. */
static int open_display(struct machine *mc, int fd_take_, struct err *e)
{
	int rc;

	mc->display_is_channel = fd_take_ >= 0;
	rc = fd_take_ >= 0 ? scanout_display_new(&mc->display, mc->gpu_loop.loop, fd_take_, e)
			   : scanout_null_new(&mc->display);
	return rc < 0 ? failed(e, rc, "display") : 0;
}

int devices_add(struct machine *mc, int *fds, struct err *e)
{
	int rc = manifest_gpu(mc->m) ? open_display(mc, take(fds, mc->m->display_fd), e) : 0;

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
		mc->device[i].vpci = NULL;
	}
	scanout_port_free(mc->display);
	mc->display = NULL;
}

struct status_call {
	struct machine_device *md;
	json_t *o;
};

static void loop_status(void *arg)
{
	struct status_call *c = arg;

	types[c->md->d->type].status(vpci_dev(c->md->vpci), c->o);
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
		input_inject(vpci_dev(mc->device[i].vpci), ev, n);
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
		struct link_call c = { vpci_dev(mc->device[i].vpci), up };

		if (mc->m->device[i].type != DEVICE_NET || index-- > 0)
			continue;
		return ev_call(loop_of(mc, &mc->m->device[i]), loop_link, &c);
	}
	return -ENODEV;
}
