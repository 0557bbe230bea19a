/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's blk device -> devices/blk; see bind.h. */

#include "devices/blk/blk.h"
#include "vmm/guest/bind.h"

/* The image, the server or the memory that the disk stands on. */
static int make_base(struct blk_port **out, const struct manifest_device *d, int *fds,
	bool only_read, struct err *e)
{
	const unsigned int depth = d->u.blk.queues * (BLK_QUEUE_SIZE + 1);
	int nbd[BLK_NBD_MAX_CONNECTIONS];

	for (unsigned int i = 0; i < d->u.blk.n_nbd; i++)
		nbd[i] = bind_take(fds, d->u.blk.nbd[i]);
	if (d->u.blk.n_nbd > 0)
		return blk_port_nbd_new(
			out, nbd, d->u.blk.n_nbd, d->u.blk.nbd_export, only_read, depth, e);
	if (d->u.blk.fd != MANIFEST_NO_FD)
		return blk_port_file_new(out, bind_take(fds, d->u.blk.fd), only_read, depth, e);
	return blk_port_null_new(out, d->u.blk.bytes);
}

static void on_lost(void *ctx, const char *why)
{
	struct machine_device *md = ctx;

	md->mc->host.device_error(md->mc->host.ctx, md->d->name, why);
}

static int make_blk_port(struct machine *mc, struct blk_port **out, const struct manifest_device *d,
	int *fds, struct err *e)
{
	const bool memory = d->u.blk.fd == MANIFEST_NO_FD && d->u.blk.n_nbd == 0;
	const bool overlay = d->u.blk.overlay || memory;
	struct blk_port *base = NULL;
	int rc = make_base(&base, d, fds, overlay || d->u.blk.read_only, e);

	if (rc < 0)
		return rc;
	base->lost = on_lost;
	base->lost_ctx = &mc->device[d - mc->m->device];
	if (overlay && !d->u.blk.read_only)
		return blk_port_overlay_new(out, base,
			memory ? MAX(d->u.blk.overlay_bytes, d->u.blk.bytes)
			       : d->u.blk.overlay_bytes);
	*out = base;
	return rc;
}

static int make(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
	struct vdev **out, struct err *e)
{
	struct blk_config cfg = { .tag = tag,
		.serial = d->u.blk.serial,
		.queues = d->u.blk.queues,
		.read_only = d->u.blk.read_only };
	struct blk_port *port = NULL;
	int rc = make_blk_port(mc, &port, d, fds, e);

	if (rc == 0)
		rc = blk_new(out, port, &cfg);
	return rc < 0 ? bind_failed(e, rc, "cannot make the disk") : 0;
}

static void status(const struct vdev *v, json_t *o)
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

const struct bind bind_blk = { make, status, LOOP_DISK };
