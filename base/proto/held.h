/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys, buttons and fingers that the reader of a stream of input updates believes to be held down.
 * Who has to drop an update lets go later what would else stay pressed for ever: the device in
 * dyno-vm, whose guest may not read, and the UI, whose channel may be full. Pure functions.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/proto/display.h"

#define INPUT_TOUCH_SLOTS    10
#define INPUT_HELD_KEY_BYTES 128 /* a bit for each code, beyond KEY_MAX */

/* What is held down after a run of updates: keys, buttons, fingers; and the current slot. */
struct input_held {
	uint8_t key[INPUT_HELD_KEY_BYTES];
	bool finger[INPUT_TOUCH_SLOTS];
	uint8_t slot;
};
/* Brings *h up to date. Codes beyond its arrays are not followed. */
void input_held_follow(struct input_held *h, const struct input_event_rec *ev, uint32_t n);
/*
 * Writes an update to `out` (room for `max` >= 4 events) that lets go what is held in `told` and no
 * more in `want`, and selects want's slot. Returns its length, the report included; 0 when there
 * is nothing to say. What does not fit takes another call, after `told` has followed this one.
 */
uint32_t input_held_release(const struct input_held *told, const struct input_held *want,
	struct input_event_rec *out, uint32_t max);
