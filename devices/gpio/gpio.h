/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio GPIO controller ("GPIO Device") whose lines are signals: what a signal says is the level
 * of an input, what the guest puts out is set as a signal. Interrupts of all types.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "devices/signal/client.h"
#include "devices/virtio/vdev.h"

#define VIRTIO_GPIO_F_IRQ 0

#define GPIO_MAX_LINES 64
#define GPIO_NAME_MAX  32 /* bytes of a line's name, NUL included */

/* Requests of one turn of the loop; what is left then goes on in the next. */
#define GPIO_MAX_TURN_REQUESTS 64u

struct gpio_line_config {
	const char *name; /* ASCII; unique, or "" */
	struct signal_feed input; /* from 0.5 on the line is high; without a value it is low */
	/* The signal that the guest sets, 1 or 0; SIGNAL_FEED_CONSTANT: it cannot drive this line.
	 */
	uint32_t output;
	bool has_input;
};

struct gpio_config {
	const char *tag;
	const struct gpio_line_config *lines;
	unsigned int n_lines; /* 1 to GPIO_MAX_LINES */
	struct signal_client *signals; /* borrowed, outlives the device */
};

struct gpio_stats {
	uint64_t requests, failed, interrupts;
};

struct gpio_line_state {
	const char *name;
	uint8_t direction, irq_type; /* VIRTIO_GPIO_DIRECTION_*, _IRQ_TYPE_* */
	bool high;
};

/* Makes the device; what `cfg` has is copied. 0 or -ENOMEM. */
MUST_CHECK int gpio_new(struct vdev **out, const struct gpio_config *cfg);
/* Loop thread, both. */
struct gpio_stats gpio_stats(const struct vdev *v);
/* False beyond the last line. */
bool gpio_line_state(const struct vdev *v, unsigned int i, struct gpio_line_state *out);
