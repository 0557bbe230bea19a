/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input devices (virtio-input): evdev events, as in Linux's input-event-codes.
 */
#pragma once

#include "dyno/base.h"

/* The few codes that the guests here need; the numbers are Linux's. */
#define DYNO_EV_SYN 0x00
#define DYNO_EV_KEY 0x01
#define DYNO_EV_REL 0x02
#define DYNO_EV_ABS 0x03

#define DYNO_SYN_REPORT 0

#define DYNO_REL_X      0x00
#define DYNO_REL_Y      0x01
#define DYNO_REL_HWHEEL 0x06
#define DYNO_REL_WHEEL  0x08

#define DYNO_ABS_X              0x00
#define DYNO_ABS_Y              0x01
#define DYNO_ABS_MT_SLOT        0x2f
#define DYNO_ABS_MT_POSITION_X  0x35
#define DYNO_ABS_MT_POSITION_Y  0x36
#define DYNO_ABS_MT_TRACKING_ID 0x39

#define DYNO_BTN_LEFT   0x110
#define DYNO_BTN_RIGHT  0x111
#define DYNO_BTN_MIDDLE 0x112
#define DYNO_BTN_TOUCH  0x14a

enum dyno_input_kind {
	DYNO_INPUT_OTHER,
	DYNO_INPUT_KEYBOARD, /* keys, no axes */
	DYNO_INPUT_POINTER, /* absolute or relative pointer with buttons */
	DYNO_INPUT_TOUCH /* multi-touch, type B */
};

struct dyno_input_event {
	uint16_t type, code;
	int32_t value;
};

struct dyno_absinfo {
	int32_t min, max, fuzz, flat, res;
};

struct dyno_input;

unsigned int dyno_input_count(void);
/* Opens the i-th device (once; later calls return the same); NULL when there is none. */
struct dyno_input *dyno_input_open(unsigned int i);
/* Opens the first device of a kind, or NULL. */
struct dyno_input *dyno_input_find(enum dyno_input_kind kind);

const char *dyno_input_name(const struct dyno_input *in);
enum dyno_input_kind dyno_input_kind(const struct dyno_input *in);
/* Asks the device whether it can send (type, code). */
bool dyno_input_has(struct dyno_input *in, unsigned int type, unsigned int code);
/* Range of an axis; false when it has none. ABS_X/Y and ABS_MT_POSITION_X/Y are cached. */
DYNO_MUST_CHECK bool dyno_input_absinfo(
	struct dyno_input *in, unsigned int axis, struct dyno_absinfo *out);
/* An axis value scaled to 0..pixels-1. */
int dyno_input_scale(struct dyno_input *in, unsigned int axis, int32_t value, int pixels);

/* Takes the oldest event. False: there is none. */
DYNO_MUST_CHECK bool dyno_input_next(struct dyno_input *in, struct dyno_input_event *out);

/* Sends a status event (an LED) to the device. */
DYNO_MUST_CHECK int dyno_input_send(struct dyno_input *in, const struct dyno_input_event *ev);
