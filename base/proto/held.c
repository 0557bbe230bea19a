/* SPDX-License-Identifier: Apache-2.0 */
/* What is held down; see held.h. */
#include "base/proto/held.h"

#include <linux/input-event-codes.h>

#include "base/err.h"

void input_held_follow(struct input_held *h, const struct input_event_rec *ev, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint16_t code = ev[i].code;

		if (ev[i].type == EV_KEY && code / 8 < sizeof(h->key)) {
			uint8_t mask = (uint8_t)(1u << (code % 8));

			h->key[code / 8] = (uint8_t)(h->key[code / 8] & ~mask);
			if (ev[i].value)
				h->key[code / 8] |= mask;
		}
		if (ev[i].type == EV_ABS && code == ABS_MT_SLOT)
			h->slot = (uint8_t)MIN((uint32_t)ev[i].value, INPUT_TOUCH_SLOTS - 1u);
		if (ev[i].type == EV_ABS && code == ABS_MT_TRACKING_ID)
			h->finger[h->slot] = ev[i].value >= 0;
	}
}

uint32_t input_held_release(const struct input_held *told, const struct input_held *want,
	struct input_event_rec *out, uint32_t max)
{
	uint32_t n = 0, last = max - 2; /* for the slot and the report */
	uint8_t slot = told->slot;

	for (uint8_t f = 0; f < INPUT_TOUCH_SLOTS; f++) {
		if (!told->finger[f] || want->finger[f] || n + 2 > last)
			continue;
		out[n++] = (struct input_event_rec){ EV_ABS, ABS_MT_SLOT, f };
		out[n++] = (struct input_event_rec){ EV_ABS, ABS_MT_TRACKING_ID, -1 };
		slot = f;
	}
	if (slot != want->slot)
		out[n++] = (struct input_event_rec){ EV_ABS, ABS_MT_SLOT, want->slot };
	for (uint32_t c = 0; c < sizeof(told->key) * 8 && n < last; c++)
		if ((told->key[c / 8] & ~want->key[c / 8]) >> (c % 8) & 1)
			out[n++] = (struct input_event_rec){ EV_KEY, (uint16_t)c, 0 };
	if (n == 0)
		return 0;
	out[n++] = (struct input_event_rec){ EV_SYN, SYN_REPORT, 0 };
	return n;
}
