/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of input actions; event codes as in linux/input-event-codes.h. */
#include "sim/bench/gesture.h"

#include <linux/input-event-codes.h>
#include <stdbool.h>

#include "base/clock.h"

/* A finger on glass is sampled about this often. */
#define TOUCH_PERIOD_NS (16 * NS_PER_MS)
#define TOUCH_MAX_MOVES 4096

struct out {
	struct input_event_rec *ev;
	uint32_t n;
};

static void put(struct out *o, uint16_t type, uint16_t code, int32_t value)
{
	o->ev[o->n++] = (struct input_event_rec){ .type = type, .code = code, .value = value };
}

static void syn(struct out *o)
{
	put(o, EV_SYN, SYN_REPORT, 0);
}

enum input_kind gesture_kind(const struct scenario_action *a)
{
	return a->op == SCENARIO_TOUCH     ? INPUT_TOUCH
	       : a->op == SCENARIO_POINTER ? INPUT_POINTER
					   : INPUT_KEYBOARD;
}

static uint32_t touch_moves(const struct scenario_action *a)
{
	uint64_t n = a->u.touch.hold_ns / TOUCH_PERIOD_NS;

	if (a->u.touch.from.x == a->u.touch.to.x && a->u.touch.from.y == a->u.touch.to.y)
		return 0;
	return n < 1 ? 1 : n > TOUCH_MAX_MOVES ? TOUCH_MAX_MOVES : (uint32_t)n;
}

uint32_t gesture_steps(const struct scenario_action *a)
{
	switch (a->op) {
	case SCENARIO_TOUCH:
		return 2 + touch_moves(a); /* down, moves, up */
	case SCENARIO_POINTER:
		return a->u.pointer.button ? 2 : 1;
	default:
		return 2;
	}
}

uint64_t gesture_step_ns(const struct scenario_action *a, uint32_t i)
{
	uint32_t last = gesture_steps(a) - 1;

	if (i == 0)
		return 0;
	switch (a->op) {
	case SCENARIO_TOUCH:
		/* The last move and the lift fall together: a finger lifts where it arrived. */
		return i >= last ? a->u.touch.hold_ns
				 : a->u.touch.hold_ns / MAX(touch_moves(a), 1u) * i;
	case SCENARIO_POINTER:
		return a->u.pointer.hold_ns;
	default:
		return a->u.key.hold_ns;
	}
}

static int32_t between(int32_t from, int32_t to, uint32_t i, uint32_t n)
{
	return from + (int32_t)(((int64_t)to - from) * i / n);
}

static void touch(const struct scenario_action *a, uint32_t i, int32_t contact, struct out *o)
{
	uint32_t moves = touch_moves(a), last = moves + 1;
	int32_t x = a->u.touch.from.x, y = a->u.touch.from.y;

	put(o, EV_ABS, ABS_MT_SLOT, (int32_t)a->u.touch.slot);
	if (i == last) {
		put(o, EV_ABS, ABS_MT_TRACKING_ID, -1);
		put(o, EV_KEY, BTN_TOUCH, 0);
		syn(o);
		return;
	}
	if (i == 0)
		put(o, EV_ABS, ABS_MT_TRACKING_ID, contact);
	if (i > 0) {
		x = between(a->u.touch.from.x, a->u.touch.to.x, i, MAX(moves, 1u));
		y = between(a->u.touch.from.y, a->u.touch.to.y, i, MAX(moves, 1u));
	}
	put(o, EV_ABS, ABS_MT_POSITION_X, x);
	put(o, EV_ABS, ABS_MT_POSITION_Y, y);
	/* The single-touch emulation that simple readers use. */
	if (i == 0)
		put(o, EV_KEY, BTN_TOUCH, 1);
	put(o, EV_ABS, ABS_X, x);
	put(o, EV_ABS, ABS_Y, y);
	syn(o);
}

static void pointer(const struct scenario_action *a, uint32_t i, struct out *o)
{
	if (i == 1) {
		put(o, EV_KEY, a->u.pointer.button, 0);
		syn(o);
		return;
	}
	if (a->u.pointer.move) {
		put(o, EV_ABS, ABS_X, a->u.pointer.at.x);
		put(o, EV_ABS, ABS_Y, a->u.pointer.at.y);
		syn(o);
	}
	if (a->u.pointer.wheel) {
		put(o, EV_REL, REL_WHEEL, a->u.pointer.wheel);
		syn(o);
	}
	/* An update of its own: the press happens where the pointer already is. */
	if (a->u.pointer.button) {
		put(o, EV_KEY, a->u.pointer.button, 1);
		syn(o);
	}
}

uint32_t gesture_events(const struct scenario_action *a, uint32_t i, int32_t contact,
	struct input_event_rec ev[GESTURE_EVENTS])
{
	struct out o = { .ev = ev };

	switch (a->op) {
	case SCENARIO_TOUCH:
		touch(a, i, contact, &o);
		break;
	case SCENARIO_POINTER:
		pointer(a, i, &o);
		break;
	default:
		put(&o, EV_KEY, a->u.key.code, i == 0);
		syn(&o);
		break;
	}
	return o.n;
}
