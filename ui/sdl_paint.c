/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways to paint a window; see sdl_paint.h. */
#include "ui/sdl_paint.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ui/pointer.h"

struct painter {
	SDL_Window *win;
	SDL_Surface *pic; /* what the caller writes: 32 bit, B G R X */
	SDL_Renderer *renderer; /* NULL: window surface */
	SDL_Texture *texture;
};

static bool has_render_node(void)
{
	DIR *d = opendir("/dev/dri");
	struct dirent *ent;
	bool found = false;

	while (d && !found && (ent = readdir(d)))
		found = strncmp(ent->d_name, "renderD", 7) == 0;
	if (d)
		closedir(d);
	return found;
}

static bool want_texture(void)
{
	const char *way = getenv("DYNO_UI_RENDERER");

	if (way && strcmp(way, "surface") == 0)
		return false;
	return (way && strcmp(way, "texture") == 0) || has_render_node();
}

int painter_new(struct painter **out, SDL_Window *win, struct err *e)
{
	struct painter *p = calloc(1, sizeof(*p));

	if (!p)
		return err_set(e, -ENOMEM, "out of memory");
	p->win = win;
	if (want_texture()) {
		SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "linear");
		p->renderer = SDL_CreateRenderer(win, -1, 0);
		if (!p->renderer)
			log_info("no renderer (%s): painting through the window surface",
				SDL_GetError());
	}
	if (!p->renderer && !SDL_GetWindowSurface(win)) {
		free(p);
		return err_set(e, -EIO, "cannot paint into a window: %s", SDL_GetError());
	}
	*out = p;
	return 0;
}

void painter_free(struct painter *p)
{
	if (!p)
		return;
	if (p->texture)
		SDL_DestroyTexture(p->texture);
	if (p->renderer)
		SDL_DestroyRenderer(p->renderer);
	SDL_FreeSurface(p->pic);
	free(p);
}

const char *painter_name(const struct painter *p)
{
	return p->renderer ? "texture" : "surface";
}

int painter_resize(struct painter *p, uint32_t w, uint32_t h)
{
	SDL_Surface *pic =
		SDL_CreateRGBSurfaceWithFormat(0, (int)w, (int)h, 32, SDL_PIXELFORMAT_RGB888);

	if (!pic)
		return -ENOMEM;
	SDL_SetSurfaceBlendMode(pic, SDL_BLENDMODE_NONE);
	SDL_FreeSurface(p->pic);
	p->pic = pic;
	if (!p->renderer)
		return 0;
	if (p->texture)
		SDL_DestroyTexture(p->texture);
	p->texture = SDL_CreateTexture(
		p->renderer, SDL_PIXELFORMAT_RGB888, SDL_TEXTUREACCESS_STREAMING, (int)w, (int)h);
	return p->texture ? 0 : -ENOMEM;
}

uint32_t *painter_row(struct painter *p, uint32_t y)
{
	return (uint32_t *)(void *)((uint8_t *)p->pic->pixels + (size_t)y * (size_t)p->pic->pitch);
}

static SDL_Rect to_sdl(struct display_rect r)
{
	return (SDL_Rect){ (int)r.x, (int)r.y, (int)r.w, (int)r.h };
}

static void paint_texture(struct painter *p, struct display_rect damage)
{
	SDL_Rect d = to_sdl(damage), box;
	int w, h;

	if (damage.w)
		SDL_UpdateTexture(
			p->texture, &d, painter_row(p, damage.y) + damage.x, p->pic->pitch);
	if (SDL_GetRendererOutputSize(p->renderer, &w, &h) < 0)
		return;
	box = to_sdl(fit_rect((uint32_t)w, (uint32_t)h, (uint32_t)p->pic->w, (uint32_t)p->pic->h));
	SDL_SetRenderDrawColor(p->renderer, 0, 0, 0, 255);
	SDL_RenderClear(p->renderer);
	SDL_RenderCopy(p->renderer, p->texture, NULL, &box);
	SDL_RenderPresent(p->renderer);
}

static void paint_surface(struct painter *p, struct display_rect damage, bool all)
{
	SDL_Surface *s = SDL_GetWindowSurface(p->win);
	uint32_t pw = (uint32_t)p->pic->w, ph = (uint32_t)p->pic->h;
	struct display_rect box;
	SDL_Rect src = to_sdl(damage), dst, changed;

	if (!s)
		return; /* the window is just being resized: an exposure follows */
	box = fit_rect((uint32_t)s->w, (uint32_t)s->h, pw, ph);
	if (all)
		SDL_FillRect(s, NULL, 0);
	if (box.w == pw && box.h == ph) {
		if (all)
			src = (SDL_Rect){ 0, 0, p->pic->w, p->pic->h };
		dst = (SDL_Rect){ (int)box.x + src.x, (int)box.y + src.y, src.w, src.h };
		SDL_BlitSurface(p->pic, &src, s, &dst);
	} else {
		/* Scaling a part would not meet its neighbours' pixels: the whole picture is
		 * scaled, and only what changed is sent to the screen. */
		dst = to_sdl(box);
		if (s->format->format != p->pic->format->format ||
			SDL_SoftStretchLinear(p->pic, NULL, s, &dst) < 0)
			SDL_BlitScaled(p->pic, NULL, s, &dst);
	}
	changed = all ? (SDL_Rect){ 0, 0, s->w, s->h } : to_sdl(fit_damage(box, pw, ph, damage));
	SDL_UpdateWindowSurfaceRects(p->win, &changed, 1);
}

void painter_paint(struct painter *p, struct display_rect damage, bool all)
{
	if (!p->pic || (damage.w == 0 && !all))
		return;
	if (p->renderer)
		paint_texture(p, damage);
	else
		paint_surface(p, damage, all);
}
