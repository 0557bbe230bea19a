/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of the display channel's messages and arithmetic on rectangles. Pure: no memory is mapped
 * and no fd is looked at here; what a message says about an fd (its true size) is checked by who
 * receives it.
 */
#include "base/proto/display.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <string.h>

bool display_rect_inside(struct display_rect r, uint32_t w, uint32_t h)
{
	return r.w > 0 && r.h > 0 && r.x < w && r.w <= w - r.x && r.y < h && r.h <= h - r.y;
}

static bool rect_empty(struct display_rect r)
{
	return r.w == 0 || r.h == 0;
}

/* The ends are sums of two 32-bit numbers: 64 bits hold them. */
static uint64_t right(struct display_rect r)
{
	return (uint64_t)r.x + r.w;
}

static uint64_t bottom(struct display_rect r)
{
	return (uint64_t)r.y + r.h;
}

/* An end that lies past what 32 bits can say is cut there. */
static uint32_t span(uint32_t from, uint64_t to)
{
	return (uint32_t)MIN(to - from, UINT32_MAX);
}

struct display_rect display_rect_union(struct display_rect a, struct display_rect b)
{
	struct display_rect u = { 0 };

	if (rect_empty(a) && rect_empty(b))
		return u;
	if (rect_empty(a))
		return b;
	if (rect_empty(b))
		return a;
	u.x = MIN(a.x, b.x);
	u.y = MIN(a.y, b.y);
	u.w = span(u.x, MAX(right(a), right(b)));
	u.h = span(u.y, MAX(bottom(a), bottom(b)));
	return u;
}

struct display_rect display_rect_clip(struct display_rect a, struct display_rect b)
{
	uint32_t x = MAX(a.x, b.x), y = MAX(a.y, b.y);
	uint64_t r = MIN(right(a), right(b)), d = MIN(bottom(a), bottom(b));

	if (r <= x || d <= y)
		return (struct display_rect){ 0 };
	return (struct display_rect){ x, y, span(x, r), span(y, d) };
}

bool display_format_known(uint32_t f)
{
	switch (f) {
	case DISPLAY_B8G8R8A8:
	case DISPLAY_B8G8R8X8:
	case DISPLAY_A8R8G8B8:
	case DISPLAY_X8R8G8B8:
	case DISPLAY_R8G8B8A8:
	case DISPLAY_X8B8G8R8:
	case DISPLAY_A8B8G8R8:
	case DISPLAY_R8G8B8X8:
		return true;
	default:
		return false;
	}
}

static bool side_ok(uint32_t s)
{
	return s > 0 && s <= DISPLAY_MAX_SIDE;
}

static bool surface_ok(const struct display_msg *m)
{
	uint32_t stride = m->u.surf.stride_bytes;

	if (m->surface == 0 || !side_ok(m->u.surf.width) || !side_ok(m->u.surf.height) ||
		!display_format_known(m->u.surf.format))
		return false;
	if (stride % DISPLAY_BPP != 0 || stride < m->u.surf.width * DISPLAY_BPP ||
		stride > DISPLAY_MAX_SIDE * DISPLAY_BPP)
		return false;
	return m->u.surf.size_bytes >= (uint64_t)stride * m->u.surf.height &&
	       m->u.surf.size_bytes <= INT64_MAX;
}

static bool present_ok(const struct display_msg *m)
{
	struct display_rect src = m->u.present.src, d = m->u.present.damage;

	if (m->surface == 0 || !display_rect_inside(src, DISPLAY_MAX_SIDE, DISPLAY_MAX_SIDE))
		return false;
	if (d.x < src.x || d.y < src.y)
		return false;
	d.x -= src.x;
	d.y -= src.y;
	return display_rect_inside(d, src.w, src.h);
}

static bool cursor_ok(const struct display_msg *m)
{
	return m->u.cursor.hot_x < DISPLAY_CURSOR_SIDE && m->u.cursor.hot_y < DISPLAY_CURSOR_SIDE &&
	       m->u.cursor.visible <= 1;
}

/* `payload` holds the triples; the caller checked that they are all there. */
static bool input_ok(const struct display_msg *m, const uint8_t *payload)
{
	struct input_event_rec last;

	if (m->u.input.device >= INPUT_KINDS)
		return false;
	memcpy(&last, payload + (size_t)(m->u.input.count - 1) * sizeof(last), sizeof(last));
	return last.type == EV_SYN && last.code == SYN_REPORT;
}

int display_msg_check(const void *buf, size_t len, struct display_msg *out)
{
	const uint8_t *payload = (const uint8_t *)buf + sizeof(*out);
	struct display_msg m;
	size_t extra = 0;
	bool ok;

	if (len < sizeof(m))
		return -EBADMSG;
	memcpy(&m, buf, sizeof(m));
	if (m.kind == DISPLAY_CURSOR)
		extra = DISPLAY_CURSOR_SIDE * DISPLAY_CURSOR_SIDE * DISPLAY_BPP;
	if (m.kind == DISPLAY_INPUT) {
		if (m.u.input.count == 0 || m.u.input.count > DISPLAY_MAX_EVENTS)
			return -EBADMSG;
		extra = m.u.input.count * sizeof(struct input_event_rec);
	}
	if (len - sizeof(m) != extra || m.scanout >= DISPLAY_MAX_SCANOUTS)
		return -EBADMSG;
	switch (m.kind) {
	case DISPLAY_SURFACE:
		ok = surface_ok(&m);
		break;
	case DISPLAY_SURFACE_GONE:
		ok = m.surface != 0;
		break;
	case DISPLAY_PRESENT:
		ok = present_ok(&m);
		break;
	case DISPLAY_CURSOR:
	case DISPLAY_CURSOR_MOVE:
		ok = cursor_ok(&m);
		break;
	case DISPLAY_INPUT:
		ok = input_ok(&m, payload);
		break;
	case DISPLAY_RESIZE:
		ok = side_ok(m.u.resize.width) && side_ok(m.u.resize.height);
		break;
	case DISPLAY_OFF:
	case DISPLAY_RELEASED:
		ok = true;
		break;
	default:
		ok = false;
		break;
	}
	if (!ok)
		return -EBADMSG;
	*out = m;
	return 0;
}
