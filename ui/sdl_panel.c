/* SPDX-License-Identifier: Apache-2.0 */
/* See sdl_panel.h. */
#include "ui/sdl_panel.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "ui/sdl_paint.h"

#define LEAST_W    360
#define LEAST_H    300
#define SCREEN_DPI 96

struct panel_window {
	struct panel *panel;
	SDL_Window *win; /* NULL once closed */
	Uint32 id;
	struct painter *painter;
	int width, height; /* pixels */
	bool stale; /* everything is to be painted */
	bool finger_down;
	SDL_FingerID finger;
};

/* How many pixels a unit of the design has, where the window system does not scale: in quarters,
 * for screens often lie a little about their size. */
static double scale_of_screen(const struct panel_spec *s)
{
	const char *named = getenv("DYNO_UI_SCALE");
	double scale = named ? strtod(named, NULL) : s->scale;
	float dpi = 0;

	if (scale >= 0.5 && scale <= 8)
		return scale;
	if (SDL_GetDisplayDPI(0, NULL, &dpi, NULL) < 0)
		return 1;
	return MIN(MAX(floor((double)dpi / SCREEN_DPI * 4) / 4, 1.0), 4.0);
}

static void fit(struct panel_window *w)
{
	const struct panel_spec *s = panel_spec_of(w->panel);
	int units = 1, high, rc;
	struct panel_desk *d;
	double scale;

	SDL_GetWindowSize(w->win, &units, &high);
	SDL_GetWindowSizeInPixels(w->win, &w->width, &w->height);
	w->width = MAX(w->width, 2);
	w->height = MAX(w->height, 2);
	scale = units > 0 && w->width > units ? (double)w->width / units : scale_of_screen(s);
	rc = painter_resize(w->painter, (uint32_t)w->width, (uint32_t)w->height);
	d = panel_lock(w->panel);
	if (rc == 0 && (d->layout.width != w->width || d->layout.height != w->height ||
			       d->layout.scale != scale))
		rc = panel_desk_resize(d, w->width, w->height, scale);
	panel_unlock(w->panel);
	w->stale = true;
	if (rc < 0)
		log_warn("the panel: no memory for its picture");
}

int panel_window_new(struct panel_window **out, struct panel *p, struct err *e)
{
	struct panel_window *w = calloc(1, sizeof(*w));
	const struct panel_spec *s = panel_spec_of(p);
	SDL_Rect usable = { 0, 0, 1280, 800 };
	double scale = scale_of_screen(s);
	char title[256];
	int ww, wh, rc;

	if (!w)
		return err_set(e, -ENOMEM, "out of memory");
	w->panel = p;
	SDL_GetDisplayUsableBounds(0, &usable);
	panel_first_size(s, scale, &ww, &wh);
	ww = MIN(ww, usable.w);
	wh = MIN(wh, usable.h);
	snprintf(title, sizeof(title), "%s - panel", *s->title ? s->title : "Dyno");
	w->win = SDL_CreateWindow(title, s->placed ? s->x : usable.x + usable.w - ww,
		s->placed ? s->y : usable.y + usable.h - wh, ww, wh,
		SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI);
	if (!w->win) {
		free(w);
		return err_set(e, -EIO, "cannot open its window: %s", SDL_GetError());
	}
	SDL_SetWindowMinimumSize(w->win, (int)(LEAST_W * scale), (int)(LEAST_H * scale));
	w->id = SDL_GetWindowID(w->win);
	rc = painter_new(&w->painter, w->win, e);
	if (rc < 0) {
		panel_window_free(w);
		return rc;
	}
	fit(w);
	panel_window_paint(w, true);
	*out = w;
	return 0;
}

static void close_window(struct panel_window *w)
{
	painter_free(w->painter);
	w->painter = NULL;
	if (w->win)
		SDL_DestroyWindow(w->win);
	w->win = NULL;
}

void panel_window_free(struct panel_window *w)
{
	if (!w)
		return;
	close_window(w);
	free(w);
}

void panel_window_paint(struct panel_window *w, bool all)
{
	struct panel_desk *d;
	struct box b = { 0, 0, 0, 0 };

	if (!w || !w->win)
		return;
	all = all || w->stale;
	d = panel_lock(w->panel);
	/* Where memory was short the desk is not as large as the window. */
	if (d->layout.width == w->width && d->layout.height == w->height)
		b = panel_desk_draw(d, painter_row(w->painter, 0),
			(size_t)(painter_row(w->painter, 1) - painter_row(w->painter, 0)), all);
	panel_unlock(w->panel);
	w->stale = false;
	painter_paint(w->painter,
		(struct display_rect){ (uint32_t)b.x, (uint32_t)b.y, (uint32_t)b.w, (uint32_t)b.h },
		all);
}

/* ---- events ---- */

static void on_window(struct panel_window *w, const SDL_WindowEvent *e)
{
	switch (e->event) {
	case SDL_WINDOWEVENT_SIZE_CHANGED:
	case SDL_WINDOWEVENT_DISPLAY_CHANGED:
		fit(w);
		break;
	case SDL_WINDOWEVENT_EXPOSED:
		w->stale = true;
		break;
	case SDL_WINDOWEVENT_LEAVE:
		panel_desk_leave(panel_lock(w->panel));
		panel_unlock(w->panel);
		break;
	case SDL_WINDOWEVENT_CLOSE:
		/* Only the panel: the guests' windows and the run stay. */
		close_window(w);
		break;
	default:
		break;
	}
}

static void point(struct panel_window *w, enum panel_touch what, bool finger, double x, double y)
{
	panel_desk_point(panel_lock(w->panel), what, finger, (int)x, (int)y, clock_now_ns());
	panel_unlock(w->panel);
}

/* Pixels of a unit of SDL's mouse. */
static double ratio(const struct panel_window *w)
{
	int units = 0, high;

	SDL_GetWindowSize(w->win, &units, &high);
	return units > 0 ? (double)w->width / units : 1;
}

static void on_button(struct panel_window *w, const SDL_MouseButtonEvent *m)
{
	bool down = m->type == SDL_MOUSEBUTTONDOWN;
	double r = ratio(w);

	if (m->which == SDL_TOUCH_MOUSEID || m->button != SDL_BUTTON_LEFT)
		return;
	/* A slider is dragged on beyond the window's edge. */
	SDL_CaptureMouse(down ? SDL_TRUE : SDL_FALSE);
	point(w, down ? PANEL_DOWN : PANEL_UP, false, m->x * r, m->y * r);
}

static void on_finger(struct panel_window *w, const SDL_TouchFingerEvent *f)
{
	enum panel_touch what = f->type == SDL_FINGERDOWN ? PANEL_DOWN
				: f->type == SDL_FINGERUP ? PANEL_UP
							  : PANEL_MOVE;

	/* One finger at a time. */
	if (what == PANEL_DOWN && !w->finger_down)
		w->finger = f->fingerId;
	else if (!w->finger_down || f->fingerId != w->finger)
		return;
	w->finger_down = what != PANEL_UP;
	point(w, what, true, (double)f->x * w->width, (double)f->y * w->height);
}

static void on_wheel(struct panel_window *w, const SDL_MouseWheelEvent *m)
{
	int x = 0, y = 0, turn = m->direction == SDL_MOUSEWHEEL_FLIPPED ? -m->y : m->y;
	double r = ratio(w);

	SDL_GetMouseState(&x, &y);
	panel_desk_wheel(panel_lock(w->panel), (int)(x * r), (int)(y * r), turn);
	panel_unlock(w->panel);
}

static bool key_of(const SDL_KeyboardEvent *k, enum panel_key *out)
{
	static const struct {
		SDL_Keycode sdl;
		enum panel_key key;
	} keys[] = { { SDLK_UP, PANEL_KEY_UP }, { SDLK_DOWN, PANEL_KEY_DOWN },
		{ SDLK_LEFT, PANEL_KEY_LEFT }, { SDLK_RIGHT, PANEL_KEY_RIGHT },
		{ SDLK_PAGEUP, PANEL_KEY_PAGE_UP }, { SDLK_PAGEDOWN, PANEL_KEY_PAGE_DOWN },
		{ SDLK_HOME, PANEL_KEY_HOME }, { SDLK_END, PANEL_KEY_END },
		{ SDLK_SPACE, PANEL_KEY_PRESS }, { SDLK_RETURN, PANEL_KEY_PRESS },
		{ SDLK_KP_ENTER, PANEL_KEY_PRESS }, { SDLK_BACKSPACE, PANEL_KEY_ERASE },
		{ SDLK_DELETE, PANEL_KEY_RELEASE }, { SDLK_ESCAPE, PANEL_KEY_ESCAPE } };

	if (k->keysym.sym == SDLK_TAB) {
		*out = k->keysym.mod & KMOD_SHIFT ? PANEL_KEY_PREV : PANEL_KEY_NEXT;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i].sdl == k->keysym.sym) {
			*out = keys[i].key;
			return true;
		}
	}
	return false;
}

static void on_key(struct panel_window *w, const SDL_KeyboardEvent *k)
{
	enum panel_key key;

	if (!key_of(k, &key) || (key == PANEL_KEY_PRESS && k->repeat))
		return;
	panel_desk_key(panel_lock(w->panel), key, clock_now_ns());
	panel_unlock(w->panel);
}

static void on_text(struct panel_window *w, const char *text)
{
	panel_desk_type(panel_lock(w->panel), text);
	panel_unlock(w->panel);
}

bool panel_window_event(struct panel_window *w, Uint32 window, const SDL_Event *e)
{
	if (!w || !w->win || window != w->id)
		return false;
	switch (e->type) {
	case SDL_WINDOWEVENT:
		on_window(w, &e->window);
		break;
	case SDL_KEYDOWN:
		on_key(w, &e->key);
		break;
	case SDL_TEXTINPUT:
		on_text(w, e->text.text);
		break;
	case SDL_MOUSEMOTION:
		if (e->motion.which != SDL_TOUCH_MOUSEID)
			point(w, PANEL_MOVE, false, e->motion.x * ratio(w), e->motion.y * ratio(w));
		break;
	case SDL_MOUSEBUTTONDOWN:
	case SDL_MOUSEBUTTONUP:
		on_button(w, &e->button);
		break;
	case SDL_MOUSEWHEEL:
		on_wheel(w, &e->wheel);
		break;
	case SDL_FINGERDOWN:
	case SDL_FINGERMOTION:
	case SDL_FINGERUP:
		on_finger(w, &e->tfinger);
		break;
	default:
		return false;
	}
	return true;
}
