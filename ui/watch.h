/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches a region of a view for what a check asks: that it changes, shows a colour, or looks like
 * a picture. It looks at what each present damaged only, after the guest was released: a guest
 * whose display is watched is no slower.
 *
 * One thread: that of the view's link.
 */
#pragma once

#include "base/image.h"
#include "ui/view.h"

enum watch_want { WATCH_CHANGED, WATCH_COLOUR, WATCH_LIKE };

struct watch_spec {
	struct display_rect region; /* where the picture does not reach is black */
	enum watch_want want;
	uint32_t rgb; /* WATCH_COLOUR: 0xRRGGBB */
	uint8_t threshold; /* channel difference that still counts as equal */
	double share; /* of the region's pixels that it takes; 0: one of them */
};

struct watch {
	struct watch_spec spec;
	/* Pictures of the region, bytes B G R X: now, before the newest look, and what it is
	 * compared with (NULL for a colour). */
	uint32_t *now, *before, *with;
	struct display_rect stale; /* of `before`: differs from `now` */
	uint64_t right, needed; /* pixels that are as wanted */
	bool met; /* after the newest look; a change is met at one look only */
	uint32_t width, height; /* of the view's picture when it was looked at */
};

/*
 * `like` is the picture of WATCH_LIKE (borrowed), as large as the region, or one that the region
 * lies in; else NULL. 0, -ENOMEM, or -EINVAL (`like` is too small).
 */
MUST_CHECK int watch_init(struct watch *w, const struct watch_spec *spec, const struct image *like);
/* A zeroed one is legal. */
void watch_fini(struct watch *w);

/*
 * The view's picture has changed where view->newest says. True: this is the moment that is waited
 * for. What the first look finds is how it begins, and no event.
 */
bool watch_look(struct watch *w, struct view *v);

/* After an event: the region before it (of a change: at the event before) and now, width * height
 * pixels, bytes B G R X. Until the next look. */
const uint32_t *watch_before(const struct watch *w);
const uint32_t *watch_now(const struct watch *w);
