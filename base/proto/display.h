/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The display channel: SOCK_SEQPACKET between one guest's dyno-vm and dyno-ui. Surfaces are sealed
 * memfds announced once; a present names a surface and the rectangle that changed; the UI answers
 * `released` when it has read it. Input travels the other way as evdev triples.
 * Host byte order: both ends are on one machine. The receiver checks every field.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DISPLAY_MAX_SCANOUTS 4
#define DISPLAY_MAX_SIDE     8192
#define DISPLAY_MAX_SURFACES 64
#define DISPLAY_CURSOR_SIDE  64
#define DISPLAY_MAX_EVENTS   64

enum display_kind {
	/* dyno-vm -> dyno-ui */
	DISPLAY_SURFACE = 1, /* + one fd: `surface` becomes known */
	DISPLAY_SURFACE_GONE, /* `surface` is forgotten; the UI unmaps it */
	DISPLAY_PRESENT, /* scanout shows `src` of a surface; `damage` of it changed */
	DISPLAY_OFF, /* scanout shows nothing */
	DISPLAY_CURSOR, /* new cursor image (64x64 premultiplied BGRA follows) and place */
	DISPLAY_CURSOR_MOVE, /* place and visibility only */
	/* dyno-ui -> dyno-vm */
	DISPLAY_RELEASED = 0x100, /* present `serial` was read */
	DISPLAY_INPUT, /* events follow */
	DISPLAY_RESIZE /* the user asks for another size of a scanout */
};

/* Pixel formats: the numbers of virtio-gpu ("GPU Device / Device Operation: 2D"), byte order in
 * memory as the name says. */
enum display_format {
	DISPLAY_B8G8R8A8 = 1,
	DISPLAY_B8G8R8X8 = 2,
	DISPLAY_A8R8G8B8 = 3,
	DISPLAY_X8R8G8B8 = 4,
	DISPLAY_R8G8B8A8 = 67,
	DISPLAY_X8B8G8R8 = 68,
	DISPLAY_A8B8G8R8 = 121,
	DISPLAY_R8G8B8X8 = 134
};

/* True for the numbers above. */
bool display_format_known(uint32_t format);

struct display_rect {
	uint32_t x, y, w, h;
};

enum input_kind { INPUT_KEYBOARD, INPUT_POINTER, INPUT_TOUCH, INPUT_KINDS };

/* One evdev triple (linux/input-event-codes.h). */
struct input_event_rec {
	uint16_t type, code;
	int32_t value;
};

struct display_msg {
	uint32_t kind;
	uint32_t scanout;
	uint32_t surface;
	uint32_t serial;
	union {
		struct {
			uint32_t width, height, stride_bytes, format;
			uint64_t size_bytes; /* of the memfd; at least stride * height */
		} surf;
		struct {
			struct display_rect src; /* in the surface */
			struct display_rect damage; /* in the surface, inside src */
			uint64_t flushed_ns; /* when the guest flushed it, host-monotonic */
		} present;
		struct {
			uint64_t flushed_ns; /* as above */
		} off;
		struct {
			int32_t x, y; /* hot spot's place on the scanout */
			uint32_t hot_x, hot_y;
			uint32_t visible;
		} cursor;
		struct {
			uint32_t device; /* enum input_kind, belonging to `scanout` */
			uint32_t count; /* triples that follow; whole updates up to SYN_REPORT */
		} input;
		struct {
			uint32_t width, height;
		} resize;
		uint8_t fill[48];
	} u;
};
static_assert(sizeof(struct display_msg) == 64, "display message");

/* Bytes of one pixel; every format above has the same. */
#define DISPLAY_BPP 4

/*
 * Checks a message as it came from the other process: kind, lengths, sizes, rectangles inside the
 * surface's own bounds where they can be told from the message alone. `len` is the packet's.
 * 0 or -EBADMSG.
 */
MUST_CHECK int display_msg_check(const void *buf, size_t len, struct display_msg *out);

/* True when r is not empty and lies inside a w x h area; no sum can wrap. */
bool display_rect_inside(struct display_rect r, uint32_t w, uint32_t h);
/* Smallest rectangle that holds both; an empty one counts as nothing. */
struct display_rect display_rect_union(struct display_rect a, struct display_rect b);
/* Common part; w == 0 when there is none. */
struct display_rect display_rect_clip(struct display_rect a, struct display_rect b);
