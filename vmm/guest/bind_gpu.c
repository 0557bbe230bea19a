/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's gpu device -> devices/gpu; see bind.h. */

#include "devices/gpu/gpu.h"
#include "vmm/guest/bind.h"

static void on_first_frame(void *ctx, unsigned int scanout, uint64_t t_ns)
{
	struct machine *mc = ctx;

	mc->host.first_frame(mc->host.ctx, scanout, t_ns);
}

static int make(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
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
	return rc < 0 ? bind_failed(e, rc, "cannot make the GPU") : 0;
}

static void status(const struct vdev *v, json_t *o)
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

const struct bind bind_gpu = { make, status, LOOP_GPU };
