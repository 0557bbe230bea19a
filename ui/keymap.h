/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys: USB HID usages (what SDL calls scancodes) to Linux key codes, and the set of keys that a
 * window holds down, so that none stays pressed in a guest when the window loses the keyboard.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/proto/display.h"

#define KEYMAP_USAGES 256

/* KEY_* of a keyboard-page HID usage; 0 when there is none. */
uint16_t keymap_evdev(uint32_t usage);

struct key_state {
	uint64_t down[KEYMAP_USAGES / 64];
};

/*
 * Makes the update for one key: value 1 pressed, 0 released, 2 repeated. Returns the number of
 * triples written to ev (2, or 0 when there is nothing to tell: unknown key, release of a key that
 * was not down).
 */
uint32_t key_event(
	struct key_state *s, uint32_t usage, int32_t value, struct input_event_rec ev[2]);

/*
 * Releases keys that are down: writes whole updates to ev (room for `room` triples), returns how
 * many triples; 0 when no key is down any more. Call until it returns 0.
 */
uint32_t key_release_all(struct key_state *s, struct input_event_rec *ev, uint32_t room);
