/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's input device -> devices/input; see bind.h. */

#include "devices/input/input.h"
#include "vmm/guest/bind.h"

static int make(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
	struct vdev **out, struct err *e)
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
		return bind_failed(e, rc, "cannot make the input device");
	if (mc->display_is_channel)
		scanout_display_sink(mc->display, cfg.scanout, cfg.kind, input_inject, *out);
	return 0;
}

static void status(const struct vdev *v, json_t *o)
{
	struct input_stats s;

	input_stats(v, &s);
	json_object_set_new(o, "updates", json_integer((json_int_t)s.updates));
	json_object_set_new(o, "dropped_updates", json_integer((json_int_t)s.dropped_updates));
	json_object_set_new(o, "filtered_events", json_integer((json_int_t)s.filtered_events));
	json_object_set_new(o, "leds", json_integer((json_int_t)s.leds));
}

const struct bind bind_input = { make, status, LOOP_GPU };
