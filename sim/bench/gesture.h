/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key press, a touch or a pointer action as steps of evdev events over time. Pure: who sends
 * them, and when, is the caller's.
 */
#pragma once

#include <stdint.h>

#include "base/proto/display.h"
#include "sim/scenario/scenario.h"

/* Events of one step at most. */
#define GESTURE_EVENTS 16

/* Which of the guest's input devices the action is for. */
enum input_kind gesture_kind(const struct scenario_action *a);
/* Steps of the action (key, touch or pointer), at least 1. */
uint32_t gesture_steps(const struct scenario_action *a);
/* When step i is due, after the action's own time. */
uint64_t gesture_step_ns(const struct scenario_action *a, uint32_t i);
/*
 * The events of step i: whole updates, closed by SYN_REPORT. `contact` is the tracking id of a
 * touch: another one for each. Returns how many.
 */
uint32_t gesture_events(const struct scenario_action *a, uint32_t i, int32_t contact,
	struct input_event_rec ev[GESTURE_EVENTS]);
