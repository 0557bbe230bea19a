/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-input ("Input Device"). What a device is is told from what it can send. */
#include "dyno/input.h"

#include <string.h>

#include "dyno/boot.h"
#include "dyno/event.h"
#include "dyno/io.h"
#include "dyno/mem.h"
#include "dyno/print.h"
#include "dyno/virtio.h"
#include "sdk.h"

#define MAX_INPUTS 8
#define EVENTS     64
#define NAME_BYTES 64
#define CACHED     4

/* Configuration: select, subsel, size, then the answer at 8. */
#define CFG_SELECT   0
#define CFG_SUBSEL   1
#define CFG_SIZE     2
#define CFG_DATA     8
#define CFG_MAX_DATA 128
enum { ID_NAME = 1, EV_BITS = 0x11, ABS_INFO = 0x12 };

struct event {
	uint16_t type, code;
	uint32_t value;
};
static_assert(sizeof(struct event) == 8, "virtio_input_event");

struct dyno_input {
	struct virtio_dev v;
	struct virtq events, status;
	enum dyno_input_kind kind;
	char name[NAME_BYTES];
	struct event *buf, *led;
	struct {
		bool asked, there;
		struct dyno_absinfo info;
	} axis[CACHED];
	struct event_source source;
};

static struct dyno_input *inputs[MAX_INPUTS];

/*
 * Asks for a piece of configuration. Returns its size cut to `bytes`, 0 when there is none. One
 * list of accesses: the answer is there as soon as both selectors are written.
 */
static size_t query(struct dyno_input *in, uint8_t select, uint8_t subsel, void *dst, size_t bytes)
{
	const uintptr_t c = in->v.config;
	struct dyno_op op[3 + CFG_MAX_DATA / 4] = {
		{ c + CFG_SELECT, DYNO_WRITE8, select },
		{ c + CFG_SUBSEL, DYNO_WRITE8, subsel },
		{ c + CFG_SIZE, DYNO_READ8, 0 },
	};
	uint8_t *d = dst;
	size_t n = 3, size;

	bytes = bytes < CFG_MAX_DATA ? bytes : CFG_MAX_DATA;
	for (size_t at = 0; at < bytes; at += 4)
		op[n++] = (struct dyno_op){ c + CFG_DATA + at, DYNO_READ32, 0 };
	dyno_ops(op, n);
	size = (uint8_t)op[2].value < bytes ? (uint8_t)op[2].value : bytes;
	for (size_t at = 0; at < size; at += 4)
		memcpy(d + at, &op[3 + at / 4].value, size - at < 4 ? size - at : 4);
	return size;
}

bool dyno_input_has(struct dyno_input *in, unsigned int type, unsigned int code)
{
	uint8_t bits[CFG_MAX_DATA] = { 0 };
	const size_t n = query(in, EV_BITS, (uint8_t)type, bits, sizeof(bits));

	return code / 8 < n && (bits[code / 8] >> code % 8 & 1) != 0;
}

static enum dyno_input_kind find_kind(struct dyno_input *in)
{
	uint8_t abs[8] = { 0 }, keys[4] = { 0 }, rel[2] = { 0 };
	const size_t nabs = query(in, EV_BITS, DYNO_EV_ABS, abs, sizeof(abs));
	size_t nkeys;

	if (nabs > DYNO_ABS_MT_SLOT / 8 && (abs[DYNO_ABS_MT_SLOT / 8] >> DYNO_ABS_MT_SLOT % 8 & 1))
		return DYNO_INPUT_TOUCH;
	if (nabs > 0 && (abs[0] & 3) == 3)
		return DYNO_INPUT_POINTER;
	if (query(in, EV_BITS, DYNO_EV_REL, rel, sizeof(rel)) > 0 && (rel[0] & 3) == 3)
		return DYNO_INPUT_POINTER;
	nkeys = query(in, EV_BITS, DYNO_EV_KEY, keys, sizeof(keys));
	/* Any letter of the first row will do. */
	return nkeys > 2 && keys[2] != 0 ? DYNO_INPUT_KEYBOARD : DYNO_INPUT_OTHER;
}

static void post(struct dyno_input *in, struct event *e)
{
	if (virtq_add(&in->events, &(struct virtq_buf){ e, sizeof(*e) }, 0, 1, e) != 0)
		dyno_panic("input: the event queue is full of nothing");
}

static bool input_arm(void *ctx)
{
	struct dyno_input *in = ctx;

	virtq_kick(&in->events);
	return virtq_arm(&in->events);
}

static int set_up(struct dyno_input *in, unsigned int index)
{
	int rc = virtio_find(&in->v, VIRTIO_INPUT, index);

	if (rc == 0)
		rc = virtio_negotiate(&in->v, virtio_ring_features());
	if (rc == 0)
		rc = virtq_new(&in->events, &in->v, 0, EVENTS);
	if (rc == 0)
		rc = virtq_new(&in->status, &in->v, 1, 8);
	if (rc != 0)
		return rc;
	in->buf = dyno_alloc(EVENTS * sizeof(*in->buf), 64);
	in->led = dyno_alloc(sizeof(*in->led), 16);
	if (in->buf == NULL || in->led == NULL)
		return DYNO_E_NOMEM;
	for (unsigned int i = 0; i < in->events.size; i++)
		post(in, &in->buf[i]);
	virtq_disarm(&in->status);
	in->kind = find_kind(in);
	in->name[query(in, ID_NAME, 0, in->name, NAME_BYTES - 1)] = '\0';
	virtio_driver_ok(&in->v);
	virtq_kick(&in->events);
	in->source = (struct event_source){ input_arm, in, NULL };
	event_add(&in->source);
	return 0;
}

unsigned int dyno_input_count(void)
{
	const unsigned int n = virtio_count(VIRTIO_INPUT);

	return n < MAX_INPUTS ? n : MAX_INPUTS;
}

struct dyno_input *dyno_input_open(unsigned int i)
{
	struct dyno_input *in;
	int rc;

	if (i >= dyno_input_count())
		return NULL;
	if (inputs[i] != NULL)
		return inputs[i];
	in = dyno_alloc(sizeof(*in), 64);
	if (in == NULL)
		return NULL;
	rc = set_up(in, i);
	if (rc != 0) {
		dyno_printf("input%u: %s\n", i, dyno_error_name(rc));
		return NULL;
	}
	inputs[i] = in;
	return in;
}

struct dyno_input *dyno_input_find(enum dyno_input_kind kind)
{
	for (unsigned int i = 0; i < dyno_input_count(); i++) {
		struct dyno_input *in = dyno_input_open(i);

		if (in != NULL && in->kind == kind)
			return in;
	}
	return NULL;
}

const char *dyno_input_name(const struct dyno_input *in)
{
	return in->name;
}

enum dyno_input_kind dyno_input_kind(const struct dyno_input *in)
{
	return in->kind;
}

static bool ask_axis(struct dyno_input *in, unsigned int axis, struct dyno_absinfo *out)
{
	return query(in, ABS_INFO, (uint8_t)axis, out, sizeof(*out)) == sizeof(*out);
}

bool dyno_input_absinfo(struct dyno_input *in, unsigned int axis, struct dyno_absinfo *out)
{
	static const uint8_t cached[CACHED] = { DYNO_ABS_X, DYNO_ABS_Y, DYNO_ABS_MT_POSITION_X,
		DYNO_ABS_MT_POSITION_Y };

	for (unsigned int i = 0; i < CACHED; i++) {
		if (cached[i] != axis)
			continue;
		if (!in->axis[i].asked) {
			in->axis[i].asked = true;
			in->axis[i].there = ask_axis(in, axis, &in->axis[i].info);
		}
		*out = in->axis[i].info;
		return in->axis[i].there;
	}
	return ask_axis(in, axis, out);
}

int dyno_input_scale(struct dyno_input *in, unsigned int axis, int32_t value, int pixels)
{
	struct dyno_absinfo a;
	int64_t span;

	if (!dyno_input_absinfo(in, axis, &a) || a.max <= a.min || pixels < 1)
		return 0;
	value = value < a.min ? a.min : value > a.max ? a.max : value;
	span = (int64_t)a.max - a.min + 1;
	return (int)(((int64_t)value - a.min) * pixels / span);
}

bool dyno_input_next(struct dyno_input *in, struct dyno_input_event *out)
{
	struct event *e;
	uint32_t len;

	while ((e = virtq_pop(&in->events, &len)) != NULL) {
		*out = (struct dyno_input_event){ e->type, e->code, (int32_t)e->value };
		post(in, e);
		if (len >= sizeof(*e))
			return true;
	}
	return false;
}

int dyno_input_send(struct dyno_input *in, const struct dyno_input_event *ev)
{
	*in->led = (struct event){ ev->type, ev->code, (uint32_t)ev->value };
	return virtq_call(
		&in->status, &(struct virtq_buf){ in->led, sizeof(*in->led) }, 1, 0, NULL);
}
