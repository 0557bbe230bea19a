/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's gpio device -> devices/gpio; see bind.h. */

#include "devices/gpio/gpio.h"
#include "devices/gpio/wire.h"
#include "vmm/guest/bind.h"

static int make(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
	struct vdev **out, struct err *e)
{
	struct gpio_line_config lines[GPIO_MAX_LINES];
	struct gpio_config cfg = {
		.tag = tag, .lines = lines, .n_lines = d->u.gpio.n, .signals = mc->signals
	};
	int rc;

	(void)fds;
	for (unsigned int i = 0; i < cfg.n_lines; i++) {
		const struct manifest_line *l = &d->u.gpio.line[i];

		lines[i] = (struct gpio_line_config){ l->name, l->input, l->output, l->has_input };
	}
	rc = gpio_new(out, &cfg);
	return rc < 0 ? bind_failed(e, rc, "cannot make the GPIO controller") : 0;
}

static const char *direction_name(uint8_t direction)
{
	static const char *const names[] = {
		[VIRTIO_GPIO_DIRECTION_NONE] = "none",
		[VIRTIO_GPIO_DIRECTION_OUT] = "out",
		[VIRTIO_GPIO_DIRECTION_IN] = "in",
	};

	return names[direction];
}

static void status(const struct vdev *v, json_t *o)
{
	struct gpio_stats s = gpio_stats(v);
	json_t *lines = json_array();
	struct gpio_line_state l;

	json_object_set_new(o, "requests", json_integer((json_int_t)s.requests));
	json_object_set_new(o, "failed", json_integer((json_int_t)s.failed));
	json_object_set_new(o, "interrupts", json_integer((json_int_t)s.interrupts));
	for (unsigned int i = 0; gpio_line_state(v, i, &l); i++)
		json_array_append_new(lines, json_pack("{s:s,s:s,s:b}", "name", l.name, "direction",
						     direction_name(l.direction), "high", l.high));
	json_object_set_new(o, "lines", lines);
}

const struct bind bind_gpio = { make, status, LOOP_DEV };
