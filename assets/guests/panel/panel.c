/* SPDX-License-Identifier: Apache-2.0 */
/* Painting into the display's surface and presenting damage. */
#include "panel.h"

#include "dyno/dyno.h"

#define FRAME_NS (DYNO_MS(1000) / 60)

static float scratch[GFX_SCRATCH];

void panel_open(struct panel *p, int w, int h, void (*background)(const struct gfx *, const void *),
	void (*items)(const void *, struct scene *))
{
	struct dyno_gpu *gpu = dyno_gpu_open(0);
	uint32_t *back;

	*p = (struct panel){ .background = background, .items = items, .all = true };
	if (!gpu)
		return;
	p->surface = dyno_surface_new(gpu, (uint32_t)w, (uint32_t)h);
	back = dyno_alloc((size_t)w * (size_t)h * sizeof(uint32_t), 64);
	if (!p->surface || !back)
		dyno_panic("no memory for a %d x %d screen", w, h);
	gfx_init(&p->g, p->surface->pixels, w, h, (int)p->surface->stride, scratch);
	gfx_init(&p->back, back, w, h, w, scratch);
}

void panel_redraw(struct panel *p)
{
	p->all = true;
}

uint64_t panel_update(struct panel *p, const void *view, uint64_t now_ns)
{
	struct scene *old = &p->scene[p->shown], *now = &p->scene[!p->shown];
	struct gfx_rect damage[SCENE_DAMAGE];
	struct dyno_rect rects[SCENE_DAMAGE];
	unsigned int n;

	if (!p->surface)
		return DYNO_FOREVER;
	p->items(view, now);
	if (p->all) {
		damage[0] = (struct gfx_rect){ 0, 0, p->g.w, p->g.h };
		n = 1;
	} else {
		n = scene_diff(old, now, p->g.w, p->g.h, damage);
	}
	if (!n)
		return DYNO_FOREVER;
	if (now_ns < p->next_frame_ns)
		return p->next_frame_ns;
	/* The host may still read: its answer ends the wait. */
	if (dyno_surface_busy(p->surface))
		return DYNO_FOREVER;
	if (p->all)
		p->background(&p->back, view);
	for (unsigned int i = 0; i < n; i++) {
		scene_paint(&p->g, &p->back, now, damage[i], view);
		rects[i] = (struct dyno_rect){ (uint32_t)damage[i].x, (uint32_t)damage[i].y,
			(uint32_t)damage[i].w, (uint32_t)damage[i].h };
	}
	if (!p->on) {
		p->on = true;
		/* Only now, so that a black screen never shows. */
		if (dyno_gpu_show(p->surface->gpu, 0, p->surface))
			dyno_printf("panel: the display refuses the surface\n");
	}
	if (dyno_gpu_present(p->surface, rects, n)) {
		/* Nothing was sent: what was painted now differs from what is shown. */
		p->all = true;
		p->next_frame_ns = now_ns + FRAME_NS;
		return p->next_frame_ns;
	}
	p->all = false;
	p->shown = !p->shown;
	p->frames++;
	/* Keep the beat while frames follow each other. */
	p->next_frame_ns += FRAME_NS;
	if (p->next_frame_ns < now_ns)
		p->next_frame_ns = now_ns + FRAME_NS;
	return DYNO_FOREVER;
}

uint64_t panel_stat(struct panel *p, uint64_t now_ns, uint64_t can_rx, uint64_t can_tx)
{
	uint64_t span = now_ns - p->stat_ns, frames = p->frames - p->stat_frames;
	bool news = frames || can_rx != p->stat_rx || can_tx != p->stat_tx;

	if (!news)
		return DYNO_FOREVER;
	if (span < DYNO_MS(1000))
		return p->stat_ns + DYNO_MS(1000);
	dyno_printf("STAT frames=%llu fps=%.1f can_rx=%llu can_tx=%llu\n",
		(unsigned long long)p->frames, (double)frames * 1e9 / (double)span,
		(unsigned long long)can_rx, (unsigned long long)can_tx);
	p->stat_ns = now_ns;
	p->stat_frames = p->frames;
	p->stat_rx = can_rx;
	p->stat_tx = can_tx;
	return DYNO_FOREVER;
}
