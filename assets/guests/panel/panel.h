/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A screen of a demo ECU on the SDK's display: one surface, a background drawn once, and frames
 * that repaint and present only what changed, at most 60 times a second.
 */
#pragma once

#include "dyno/gpu.h"
#include "scene.h"

struct panel {
	struct dyno_surface *surface; /* NULL: the machine has no display */
	struct gfx g, back;
	struct scene scene[2]; /* shown, next */
	unsigned int shown;
	bool on; /* the scanout shows the surface */
	bool all; /* everything is to be painted */
	void (*background)(const struct gfx *g, const void *view);
	void (*items)(const void *view, struct scene *s);
	uint64_t next_frame_ns;
	uint64_t frames, stat_frames, stat_ns;
	uint64_t stat_rx, stat_tx;
};

/* Makes the surface and shows it on the first scanout. Without a display all drawing is skipped. */
void panel_open(struct panel *p, int w, int h, void (*background)(const struct gfx *, const void *),
	void (*items)(const void *, struct scene *));

/*
 * Presents the view when it differs from what is shown and a frame may be drawn now. Returns when
 * to call again although nothing new happened; DYNO_FOREVER: not needed.
 */
uint64_t panel_update(struct panel *p, const void *view, uint64_t now_ns);
/* The background changes: draw it and all items again with the next update. */
void panel_redraw(struct panel *p);

/*
 * Prints the statistics line at most once a second, and only when something happened since.
 * Returns when it wants to be called again.
 */
uint64_t panel_stat(struct panel *p, uint64_t now_ns, uint64_t can_rx, uint64_t can_tx);
