/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the display channel's message check: what passes must keep its promises. */
#include "base/proto/display.h"

#include <stdlib.h>
#include <string.h>

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void rect_arithmetic(const uint8_t *data, size_t size)
{
	struct display_rect a, b, u, c;

	if (size < sizeof(a) + sizeof(b))
		return;
	memcpy(&a, data, sizeof(a));
	memcpy(&b, data + sizeof(a), sizeof(b));
	u = display_rect_union(a, b);
	c = display_rect_clip(a, b);
	must(c.w <= a.w && c.w <= b.w && c.h <= a.h && c.h <= b.h);
	if (c.w)
		must(c.h && c.x >= a.x && c.x >= b.x && u.x <= c.x && u.y <= c.y);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct display_msg m;

	rect_arithmetic(data, size);
	if (display_msg_check(data, size, &m) != 0)
		return 0;
	must(m.scanout < DISPLAY_MAX_SCANOUTS);
	switch (m.kind) {
	case DISPLAY_SURFACE:
		must((uint64_t)m.u.surf.stride_bytes * m.u.surf.height <= m.u.surf.size_bytes);
		must((uint64_t)m.u.surf.width * DISPLAY_BPP <= m.u.surf.stride_bytes);
		break;
	case DISPLAY_PRESENT: {
		struct display_rect c = display_rect_clip(m.u.present.src, m.u.present.damage);

		must(memcmp(&c, &m.u.present.damage, sizeof(c)) == 0);
		break;
	}
	case DISPLAY_INPUT:
		must(size == sizeof(m) + m.u.input.count * sizeof(struct input_event_rec));
		break;
	default:
		break;
	}
	return 0;
}
