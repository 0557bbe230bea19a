/* SPDX-License-Identifier: Apache-2.0 */
/* Window geometry and pointer, wheel and touch updates; see pointer.h. */
#include "ui/pointer.h"

#include <linux/input-event-codes.h>

struct display_rect fit_rect(uint32_t win_w, uint32_t win_h, uint32_t pic_w, uint32_t pic_h)
{
	struct display_rect r = { 0, 0, win_w, win_h };

	if (!win_w || !win_h || !pic_w || !pic_h)
		return (struct display_rect){ 0 };
	/* Compare the proportions without dividing: wider or taller than the picture? */
	if ((uint64_t)win_w * pic_h > (uint64_t)win_h * pic_w) {
		r.w = MAX((uint32_t)((uint64_t)win_h * pic_w / pic_h), 1u);
		r.x = (win_w - r.w) / 2;
	} else {
		r.h = MAX((uint32_t)((uint64_t)win_w * pic_h / pic_w), 1u);
		r.y = (win_h - r.h) / 2;
	}
	return r;
}

static int32_t scale_axis(float at, uint32_t box_start, uint32_t box_len, uint32_t n, bool *inside)
{
	/* Multiplied before it is divided: exact where the picture is not scaled. */
	double v = box_len ? ((double)at - box_start) * n / box_len : 0;

	if (!(v >= 0)) { /* also not-a-number */
		*inside = false;
		return 0;
	}
	if (v >= n) {
		*inside = false;
		return (int32_t)n - 1;
	}
	return (int32_t)v;
}

bool fit_point(struct display_rect box, float x, float y, uint32_t w, uint32_t h, int32_t *out_x,
	int32_t *out_y)
{
	bool inside = true;

	*out_x = scale_axis(x, box.x, box.w, w, &inside);
	*out_y = scale_axis(y, box.y, box.h, h, &inside);
	return inside;
}

static void fit_span(uint32_t box_at, uint32_t box_len, uint32_t pic_len, uint32_t at, uint32_t len,
	uint32_t *out_at, uint32_t *out_len)
{
	uint64_t a = (uint64_t)at * box_len / pic_len;
	uint64_t b = ((uint64_t)(at + len) * box_len + pic_len - 1) / pic_len;

	a = a > 0 ? a - 1 : 0;
	b = MIN(b + 1, (uint64_t)box_len);
	*out_at = box_at + (uint32_t)a;
	*out_len = (uint32_t)(b - a);
}

struct display_rect fit_damage(
	struct display_rect box, uint32_t pic_w, uint32_t pic_h, struct display_rect damage)
{
	struct display_rect r;

	if (box.w == pic_w && box.h == pic_h)
		return (struct display_rect){ box.x + damage.x, box.y + damage.y, damage.w,
			damage.h };
	fit_span(box.x, box.w, pic_w, damage.x, damage.w, &r.x, &r.w);
	fit_span(box.y, box.h, pic_h, damage.y, damage.h, &r.y, &r.h);
	return r;
}

static uint32_t put(struct input_event_rec *ev, uint32_t n, uint16_t type, uint16_t code, int32_t v)
{
	ev[n] = (struct input_event_rec){ type, code, v };
	return n + 1;
}

uint32_t pointer_move(int32_t x, int32_t y, struct input_event_rec ev[3])
{
	uint32_t n = put(ev, 0, EV_ABS, ABS_X, x);

	n = put(ev, n, EV_ABS, ABS_Y, y);
	return put(ev, n, EV_SYN, SYN_REPORT, 0);
}

uint32_t pointer_press(
	enum pointer_button b, bool down, int32_t x, int32_t y, struct input_event_rec ev[4])
{
	static const uint16_t codes[] = { BTN_LEFT, BTN_MIDDLE, BTN_RIGHT, BTN_SIDE, BTN_EXTRA };
	uint32_t n = put(ev, 0, EV_ABS, ABS_X, x);

	n = put(ev, n, EV_ABS, ABS_Y, y);
	n = put(ev, n, EV_KEY, codes[b], down);
	return put(ev, n, EV_SYN, SYN_REPORT, 0);
}

uint32_t pointer_wheel(int32_t dx, int32_t dy, struct input_event_rec ev[3])
{
	uint32_t n = 0;

	if (dy)
		n = put(ev, n, EV_REL, REL_WHEEL, dy);
	if (dx)
		n = put(ev, n, EV_REL, REL_HWHEEL, dx);
	return n ? put(ev, n, EV_SYN, SYN_REPORT, 0) : 0;
}

static int find_slot(const struct touch_state *t, int64_t finger, bool free_one)
{
	for (int i = 0; i < TOUCH_SLOTS; i++) {
		if (free_one ? !t->slot[i].down : t->slot[i].down && t->slot[i].finger == finger)
			return i;
	}
	return -1;
}

static int fingers_down(const struct touch_state *t)
{
	int n = 0;

	for (int i = 0; i < TOUCH_SLOTS; i++)
		n += t->slot[i].down;
	return n;
}

uint32_t touch_event(struct touch_state *t, enum touch_kind kind, int64_t finger, int32_t x,
	int32_t y, struct input_event_rec ev[TOUCH_MAX_TRIPLES])
{
	int slot = find_slot(t, finger, false);
	uint32_t n = 0;

	if (slot < 0 && kind == TOUCH_DOWN)
		slot = find_slot(t, finger, true);
	else if (slot >= 0 && kind == TOUCH_DOWN)
		kind = TOUCH_MOVE; /* a press that was seen already */
	if (slot < 0)
		return 0;
	if (t->current_slot != slot)
		n = put(ev, n, EV_ABS, ABS_MT_SLOT, slot);
	t->current_slot = slot;
	if (kind == TOUCH_UP) {
		t->slot[slot].down = false;
		n = put(ev, n, EV_ABS, ABS_MT_TRACKING_ID, -1);
		if (fingers_down(t) == 0)
			n = put(ev, n, EV_KEY, BTN_TOUCH, 0);
		return put(ev, n, EV_SYN, SYN_REPORT, 0);
	}
	if (kind == TOUCH_DOWN) {
		bool first = fingers_down(t) == 0;

		t->slot[slot].down = true;
		t->slot[slot].finger = finger;
		n = put(ev, n, EV_ABS, ABS_MT_TRACKING_ID, t->next_tracking_id);
		t->next_tracking_id = (t->next_tracking_id + 1) & 0xffff;
		if (first)
			n = put(ev, n, EV_KEY, BTN_TOUCH, 1);
	}
	n = put(ev, n, EV_ABS, ABS_MT_POSITION_X, x);
	n = put(ev, n, EV_ABS, ABS_MT_POSITION_Y, y);
	return put(ev, n, EV_SYN, SYN_REPORT, 0);
}
