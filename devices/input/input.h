/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-input: a keyboard, a pointer (absolute tablet with wheel and buttons) or a multi-touch
 * panel. Specification: virtio 1.4, "Input Device"; the events are evdev's.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/proto/display.h"
#include "base/proto/held.h"
#include "devices/virtio/vdev.h"

struct input_config {
	const char *tag; /* instance name for logs; copied */
	enum input_kind kind;
	unsigned int scanout; /* the display it belongs to */
	uint32_t width, height; /* pointer, touch: range of the coordinates, 1..65536 pixels */
	const char *label; /* display's title: "Dyno touchscreen (LABEL)"; may be NULL; copied */
};

/* Makes the device. Allocates. 0, -EINVAL for a bad config, -ENOMEM; *out untouched then. */
MUST_CHECK int input_new(struct vdev **out, const struct input_config *cfg, struct err *e);

/*
 * Gives events to the device: whole updates, each closed by EV_SYN/SYN_REPORT (an unclosed rest is
 * dropped). Any thread from vdev_attach() until free; never blocks for long, does not allocate
 * beyond ev_post(). Types and codes that the device does not announce are left out, coordinates
 * are held inside the announced range; updates for which there is no room, or no driver, are
 * dropped whole and counted. `v` must come from input_new(); matches scanout_input_fn.
 */
void input_inject(void *v, const struct input_event_rec *ev, uint32_t n);

/* Counters since input_new(), and what the guest last lit. Loop thread. */
struct input_stats {
	uint64_t updates; /* whole updates that reached the guest */
	uint64_t dropped_updates; /* no room or no driver */
	uint64_t filtered_events; /* not announced by this device */
	uint32_t leds; /* bit LED_* is set while lit */
};
void input_stats(const struct vdev *v, struct input_stats *out);
