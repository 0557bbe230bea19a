/* SPDX-License-Identifier: Apache-2.0 */
/* Announcements of the input devices; see proto.h. */
#include "devices/input/proto.h"

#include <linux/input.h>
#include <string.h>

#define VENDOR_ID  0x4459 /* "DY" */
#define VERSION_ID 1
/* Dots a millimetre at 96 dpi: drivers guess the panel's size by it. */
#define RESOLUTION      4
#define MAX_TRACKING_ID 65535

/* One run of event codes, both ends included. */
struct run {
	uint16_t type, first, last;
};

static const struct run keyboard_runs[] = {
	{ EV_SYN, SYN_REPORT, SYN_REPORT },
	/* Letters, digits, functions, keypad, media, phone, F13 to F24 ... */
	{ EV_KEY, KEY_ESC, KEY_MICMUTE },
	{ EV_KEY, KEY_OK, KEY_SELECT },
	{ EV_LED, LED_NUML, LED_SCROLLL },
	{ EV_REP, REP_DELAY, REP_PERIOD },
};

/* No REL_WHEEL_HI_RES: drivers that see it announced ignore the plain wheel. */
static const struct run pointer_runs[] = {
	{ EV_SYN, SYN_REPORT, SYN_REPORT },
	{ EV_KEY, BTN_LEFT, BTN_EXTRA },
	{ EV_REL, REL_HWHEEL, REL_HWHEEL },
	{ EV_REL, REL_WHEEL, REL_WHEEL },
	{ EV_ABS, ABS_X, ABS_Y },
};

static const struct run touch_runs[] = {
	{ EV_SYN, SYN_REPORT, SYN_REPORT },
	{ EV_KEY, BTN_TOUCH, BTN_TOUCH },
	{ EV_ABS, ABS_X, ABS_Y },
	{ EV_ABS, ABS_MT_SLOT, ABS_MT_SLOT },
	{ EV_ABS, ABS_MT_POSITION_X, ABS_MT_POSITION_Y },
	{ EV_ABS, ABS_MT_TRACKING_ID, ABS_MT_TRACKING_ID },
};

static const struct {
	const struct run *runs;
	unsigned int n;
} kinds[INPUT_KINDS] = {
	[INPUT_KEYBOARD] = { keyboard_runs, ARRAY_SIZE(keyboard_runs) },
	[INPUT_POINTER] = { pointer_runs, ARRAY_SIZE(pointer_runs) },
	[INPUT_TOUCH] = { touch_runs, ARRAY_SIZE(touch_runs) },
};

static bool announced(enum input_kind kind, uint16_t type, uint16_t code)
{
	for (unsigned int i = 0; i < kinds[kind].n; i++) {
		const struct run *r = &kinds[kind].runs[i];

		if (r->type == type && code >= r->first && code <= r->last)
			return true;
	}
	return false;
}

/* Fills the bitmap of an event type; its size ends with the last bit that is set. */
static uint8_t ev_bits(enum input_kind kind, uint8_t type, uint8_t *u)
{
	uint8_t size = 0;

	for (unsigned int i = 0; i < kinds[kind].n; i++) {
		const struct run *r = &kinds[kind].runs[i];

		if (r->type != type)
			continue;
		for (unsigned int c = r->first; c <= r->last; c++)
			u[c / 8] |= (uint8_t)(1u << (c % 8));
		size = (uint8_t)MAX(size, r->last / 8 + 1);
	}
	return size;
}
static_assert(KEY_SELECT / 8 < INPUT_CFG_UNION_BYTES, "key codes fit into the bitmap");

/* Largest value of an axis; its smallest is 0. */
static int32_t axis_max(const struct input_identity *id, uint16_t axis)
{
	switch (axis) {
	case ABS_X:
	case ABS_MT_POSITION_X:
		return (int32_t)id->width - 1;
	case ABS_Y:
	case ABS_MT_POSITION_Y:
		return (int32_t)id->height - 1;
	case ABS_MT_SLOT:
		return INPUT_TOUCH_SLOTS - 1;
	default:
		return MAX_TRACKING_ID;
	}
}

static uint8_t abs_info(const struct input_identity *id, uint8_t axis, uint8_t *u)
{
	struct input_wire_absinfo a = { 0 };

	if (!announced(id->kind, EV_ABS, axis))
		return 0;
	a.max = le32_of((uint32_t)axis_max(id, axis));
	if (axis != ABS_MT_SLOT && axis != ABS_MT_TRACKING_ID)
		a.res = le32_of(RESOLUTION);
	memcpy(u, &a, sizeof(a));
	return sizeof(a);
}

/* Strings of the configuration space have no terminator. */
static uint8_t text(const char *s, uint8_t *u)
{
	uint8_t n = 0;

	for (; n < INPUT_CFG_UNION_BYTES && s[n]; n++)
		u[n] = (uint8_t)s[n];
	return n;
}

static uint8_t devids(enum input_kind kind, uint8_t *u)
{
	struct input_wire_devids d = {
		.bustype = le16_of(BUS_VIRTUAL),
		.vendor = le16_of(VENDOR_ID),
		.product = le16_of((uint16_t)(kind + 1)),
		.version = le16_of(VERSION_ID),
	};

	memcpy(u, &d, sizeof(d));
	return sizeof(d);
}

uint8_t input_config(const struct input_identity *id, uint8_t select, uint8_t subsel,
	uint8_t u[INPUT_CFG_UNION_BYTES])
{
	memset(u, 0, INPUT_CFG_UNION_BYTES);
	if (select == INPUT_CFG_EV_BITS)
		return ev_bits(id->kind, subsel, u);
	if (select == INPUT_CFG_ABS_INFO)
		return abs_info(id, subsel, u);
	if (subsel != 0)
		return 0;
	switch (select) {
	case INPUT_CFG_ID_NAME:
		return text(id->name, u);
	case INPUT_CFG_ID_SERIAL:
		return text(id->serial, u);
	case INPUT_CFG_ID_DEVIDS:
		return devids(id->kind, u);
	case INPUT_CFG_PROP_BITS:
		if (id->kind != INPUT_TOUCH)
			return 0;
		u[INPUT_PROP_DIRECT / 8] = 1u << (INPUT_PROP_DIRECT % 8);
		return INPUT_PROP_DIRECT / 8 + 1;
	default:
		return 0;
	}
}

enum input_verdict input_event_check(const struct input_identity *id, struct input_event_rec *e)
{
	/* LEDs and repeat rates are announced, but go the other way. */
	if (e->type == EV_LED || e->type == EV_REP || !announced(id->kind, e->type, e->code))
		return INPUT_LEAVE_OUT;
	if (e->type == EV_KEY)
		return e->value == 0 || e->value == 1 ? INPUT_PASS : INPUT_LEAVE_OUT;
	if (e->type != EV_ABS)
		return INPUT_PASS;
	if (e->code == ABS_MT_SLOT && (e->value < 0 || e->value >= INPUT_TOUCH_SLOTS))
		return INPUT_REFUSE;
	/* -1 says that the finger left. */
	e->value = MAX(e->value, e->code == ABS_MT_TRACKING_ID ? -1 : 0);
	e->value = MIN(e->value, axis_max(id, e->code));
	return INPUT_PASS;
}
