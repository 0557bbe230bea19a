/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SDL windows, one per guest display. SDL owns the main thread and blocks in SDL_WaitEvent; the
 * links' loop runs on a thread of its own and wakes it by user events.
 *
 * Keys: F11 full screen; Ctrl+Alt+G gives every key to the guest (also the desktop's own
 * shortcuts) and, pressed again, releases the keyboard.
 */
#include <SDL.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "ui/backend.h"
#include "ui/keymap.h"
#include "ui/pointer.h"
#include "ui/sdl_paint.h"
#include "ui/sdl_panel.h"

#define MAX_WINDOWS  (UI_MAX_GUESTS * DISPLAY_MAX_SCANOUTS)
#define MOUSE_FINGER INT64_MIN /* the left button where a display has touch but no pointer */

struct window {
	SDL_Window *win; /* NULL once closed */
	Uint32 id;
	struct painter *painter;
	struct link *link;
	uint32_t display;
	const struct ui_display_spec *spec;
	struct key_state keys;
	struct touch_state touch;
	bool grabbed, full_screen;
	atomic_bool damage_queued;
};

enum user_code { USER_DAMAGE, USER_STATE, USER_PANEL, USER_QUIT };

struct ui_backend {
	struct window w[MAX_WINDOWS];
	uint32_t n;
	struct panel_window *panel; /* NULL: none */
	atomic_bool panel_queued;
	struct ui_events ev;
	Uint32 user_event;
	pthread_mutex_t lock;
	char state[MAX_WINDOWS][UI_NAME]; /* guarded by lock */
};

static void push_user(struct ui_backend *b, enum user_code code, size_t index)
{
	SDL_Event e = { .user = { .type = b->user_event,
				.code = (Sint32)code,
				.data1 = (void *)(uintptr_t)index } };

	SDL_PushEvent(&e);
}

static void set_title(struct ui_backend *b, struct window *w)
{
	char title[256], state[UI_NAME];

	pthread_mutex_lock(&b->lock);
	snprintf(state, sizeof(state), "%s", b->state[w - b->w]);
	pthread_mutex_unlock(&b->lock);
	snprintf(title, sizeof(title), "%s - %s (%s)%s", w->spec->title, link_spec(w->link)->name,
		state, w->grabbed ? " - keyboard grabbed, Ctrl+Alt+G releases it" : "");
	SDL_SetWindowTitle(w->win, title);
}

/* ---- painting ---- */

static void paint(struct window *w, bool all)
{
	struct view *v = link_view(w->link, w->display);
	struct display_rect d;
	int rc = 0;

	if (!w->win)
		return;
	pthread_mutex_lock(&v->lock);
	if (v->resized) {
		rc = painter_resize(w->painter, v->width, v->height);
		v->resized = rc < 0;
		all = true;
	}
	d = v->damage;
	if (all)
		d = (struct display_rect){ 0, 0, v->width, v->height };
	for (uint32_t y = d.y; rc == 0 && y - d.y < d.h; y++)
		view_row_locked(v, d.x, y, d.w, painter_row(w->painter, y) + d.x);
	if (rc == 0)
		v->damage = (struct display_rect){ 0 };
	pthread_mutex_unlock(&v->lock);
	if (rc == 0)
		painter_paint(w->painter, d, all);
	else
		log_warn("%s: no memory to paint", w->spec->title);
}

/* ---- input ---- */

static void send(
	struct window *w, enum input_kind kind, const struct input_event_rec *ev, uint32_t n)
{
	if (n)
		link_input(w->link, w->display, kind, ev, n);
}

static void release_keys(struct window *w)
{
	struct input_event_rec ev[DISPLAY_MAX_EVENTS];
	uint32_t n;

	while ((n = key_release_all(&w->keys, ev, DISPLAY_MAX_EVENTS)) > 0)
		send(w, INPUT_KEYBOARD, ev, n);
}

static void toggle_grab(struct ui_backend *b, struct window *w)
{
	release_keys(w);
	w->grabbed = !w->grabbed;
	SDL_SetWindowKeyboardGrab(w->win, w->grabbed ? SDL_TRUE : SDL_FALSE);
	set_title(b, w);
}

static void toggle_full_screen(struct window *w)
{
	w->full_screen = !w->full_screen;
	SDL_SetWindowFullscreen(w->win, w->full_screen ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0);
}

static void on_key(struct ui_backend *b, struct window *w, const SDL_KeyboardEvent *k)
{
	struct input_event_rec ev[2];
	bool down = k->type == SDL_KEYDOWN;

	if (k->keysym.scancode == SDL_SCANCODE_F11) {
		if (down && !k->repeat)
			toggle_full_screen(w);
		return;
	}
	if (k->keysym.scancode == SDL_SCANCODE_G && (k->keysym.mod & KMOD_CTRL) &&
		(k->keysym.mod & KMOD_ALT)) {
		if (down && !k->repeat)
			toggle_grab(b, w);
		return;
	}
	if (w->spec->input[INPUT_KEYBOARD])
		send(w, INPUT_KEYBOARD, ev,
			key_event(&w->keys, (uint32_t)k->keysym.scancode,
				down ? (k->repeat ? 2 : 1) : 0, ev));
}

/* Where a window's point lies on its display. True when inside the picture. */
static bool locate(const struct window *w, float x, float y, int32_t *dx, int32_t *dy)
{
	struct view *v = link_view(w->link, w->display);
	uint32_t pw, ph;
	int ww, wh;

	pthread_mutex_lock(&v->lock);
	pw = v->width;
	ph = v->height;
	pthread_mutex_unlock(&v->lock);
	SDL_GetWindowSize(w->win, &ww, &wh);
	return fit_point(fit_rect((uint32_t)ww, (uint32_t)wh, pw, ph), x, y, w->spec->width,
		w->spec->height, dx, dy);
}

static void touch(struct window *w, enum touch_kind kind, int64_t finger, int32_t x, int32_t y)
{
	struct input_event_rec ev[TOUCH_MAX_TRIPLES];

	send(w, INPUT_TOUCH, ev, touch_event(&w->touch, kind, finger, x, y, ev));
}

static void on_motion(struct window *w, const SDL_MouseMotionEvent *m)
{
	struct input_event_rec ev[3];
	int32_t x, y;
	bool inside;

	if (m->which == SDL_TOUCH_MOUSEID)
		return;
	inside = locate(w, (float)m->x, (float)m->y, &x, &y);
	if (w->spec->input[INPUT_POINTER]) {
		if (inside || m->state)
			send(w, INPUT_POINTER, ev, pointer_move(x, y, ev));
	} else if (w->spec->input[INPUT_TOUCH] && (m->state & SDL_BUTTON_LMASK)) {
		touch(w, TOUCH_MOVE, MOUSE_FINGER, x, y);
	}
}

static void on_button(struct window *w, const SDL_MouseButtonEvent *m)
{
	static const enum pointer_button buttons[] = { [SDL_BUTTON_LEFT] = POINTER_LEFT,
		[SDL_BUTTON_MIDDLE] = POINTER_MIDDLE,
		[SDL_BUTTON_RIGHT] = POINTER_RIGHT,
		[SDL_BUTTON_X1] = POINTER_BACK,
		[SDL_BUTTON_X2] = POINTER_FORWARD };
	bool down = m->type == SDL_MOUSEBUTTONDOWN, inside;
	struct input_event_rec ev[4];
	int32_t x, y;

	if (m->which == SDL_TOUCH_MOUSEID || m->button == 0 || m->button >= ARRAY_SIZE(buttons))
		return;
	inside = locate(w, (float)m->x, (float)m->y, &x, &y);
	if (down && !inside)
		return;
	/* The release has to reach the guest wherever the mouse went meanwhile. */
	SDL_CaptureMouse(down ? SDL_TRUE : SDL_FALSE);
	if (w->spec->input[INPUT_POINTER])
		send(w, INPUT_POINTER, ev, pointer_press(buttons[m->button], down, x, y, ev));
	else if (w->spec->input[INPUT_TOUCH] && m->button == SDL_BUTTON_LEFT)
		touch(w, down ? TOUCH_DOWN : TOUCH_UP, MOUSE_FINGER, x, y);
}

static void on_wheel(struct window *w, const SDL_MouseWheelEvent *m)
{
	int32_t turn = m->direction == SDL_MOUSEWHEEL_FLIPPED ? -1 : 1;
	struct input_event_rec ev[3];

	if (w->spec->input[INPUT_POINTER])
		send(w, INPUT_POINTER, ev, pointer_wheel(m->x * turn, m->y * turn, ev));
}

static void on_finger(struct window *w, const SDL_TouchFingerEvent *f)
{
	enum touch_kind kind = f->type == SDL_FINGERDOWN ? TOUCH_DOWN
			       : f->type == SDL_FINGERUP ? TOUCH_UP
							 : TOUCH_MOVE;
	int32_t x, y;
	int ww, wh;
	bool inside;

	SDL_GetWindowSize(w->win, &ww, &wh);
	inside = locate(w, f->x * (float)ww, f->y * (float)wh, &x, &y);
	if (w->spec->input[INPUT_TOUCH] && (inside || kind != TOUCH_DOWN))
		touch(w, kind, f->fingerId, x, y);
}

/* ---- windows ---- */

static struct window *by_id(struct ui_backend *b, Uint32 id)
{
	for (uint32_t i = 0; i < b->n; i++) {
		if (b->w[i].win && b->w[i].id == id)
			return &b->w[i];
	}
	return NULL;
}

static void close_window(struct window *w)
{
	painter_free(w->painter);
	w->painter = NULL;
	if (w->win)
		SDL_DestroyWindow(w->win);
	w->win = NULL;
}

static void on_window(struct ui_backend *b, struct window *w, const SDL_WindowEvent *e)
{
	switch (e->event) {
	case SDL_WINDOWEVENT_EXPOSED:
	case SDL_WINDOWEVENT_SIZE_CHANGED:
		paint(w, true);
		break;
	case SDL_WINDOWEVENT_FOCUS_LOST:
		release_keys(w);
		break;
	case SDL_WINDOWEVENT_CLOSE:
		release_keys(w);
		close_window(w);
		b->ev.closed(b->ev.ctx, link_spec(w->link)->name, w->display);
		break;
	default:
		break;
	}
}

/* True when the program is to end. */
static bool on_user(struct ui_backend *b, const SDL_UserEvent *u)
{
	struct window *w = &b->w[(uintptr_t)u->data1 % MAX_WINDOWS];

	switch ((enum user_code)u->code) {
	case USER_QUIT:
		return true;
	case USER_PANEL:
		atomic_store(&b->panel_queued, false);
		panel_window_paint(b->panel, false);
		return false;
	case USER_DAMAGE:
		atomic_store(&w->damage_queued, false);
		paint(w, false);
		return false;
	case USER_STATE:
		if (w->win)
			set_title(b, w);
		return false;
	}
	return false;
}

/* Behind all that waits already: many moves of the mouse are one picture. */
static void panel_soon(struct ui_backend *b)
{
	if (b->panel && !atomic_exchange(&b->panel_queued, true))
		push_user(b, USER_PANEL, 0);
}

/* The id of the window that it is for. */
static Uint32 window_of(const SDL_Event *e)
{
	bool finger =
		e->type == SDL_FINGERDOWN || e->type == SDL_FINGERUP || e->type == SDL_FINGERMOTION;

	/* Every other event that matters carries it at the same place. */
	return finger ? e->tfinger.windowID : e->window.windowID;
}

/* True when the program is to end. */
static bool dispatch(struct ui_backend *b, const SDL_Event *e)
{
	struct window *w;

	if (e->type == b->user_event)
		return on_user(b, &e->user);
	if (panel_window_event(b->panel, window_of(e), e)) {
		panel_soon(b);
		return false;
	}
	w = by_id(b, window_of(e));
	if (!w)
		return false;
	switch (e->type) {
	case SDL_WINDOWEVENT:
		on_window(b, w, &e->window);
		break;
	case SDL_KEYDOWN:
	case SDL_KEYUP:
		on_key(b, w, &e->key);
		break;
	case SDL_MOUSEMOTION:
		on_motion(w, &e->motion);
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
		break;
	}
	return false;
}

/* Size of a new window: the display's own, or the largest that fits the screen in proportion. */
static void window_size(const struct ui_display_spec *d, int *w, int *h)
{
	SDL_Rect usable;

	*w = (int)d->width;
	*h = (int)d->height;
	if (SDL_GetDisplayUsableBounds(0, &usable) == 0 && (*w > usable.w || *h > usable.h)) {
		struct display_rect r =
			fit_rect((uint32_t)usable.w, (uint32_t)usable.h, d->width, d->height);

		*w = (int)r.w;
		*h = (int)r.h;
	}
}

static int open_window(
	struct ui_backend *b, struct link *l, uint32_t display, int *next_y, struct err *e)
{
	struct window *w = &b->w[b->n];
	const struct ui_display_spec *d = &link_spec(l)->display[display];
	int ww, wh, rc;

	window_size(d, &ww, &wh);
	*w = (struct window){ .link = l, .display = display, .spec = d };
	snprintf(b->state[b->n], UI_NAME, "starting");
	w->win = SDL_CreateWindow(d->title, d->placed ? d->x : 0, d->placed ? d->y : *next_y, ww,
		wh, SDL_WINDOW_RESIZABLE);
	if (!w->win)
		return err_set(e, -EIO, "cannot open a window: %s", SDL_GetError());
	*next_y += wh;
	b->n++;
	w->id = SDL_GetWindowID(w->win);
	rc = painter_new(&w->painter, w->win, e);
	if (rc < 0)
		return rc;
	log_debug("window \"%s\": painting by %s", d->title, painter_name(w->painter));
	set_title(b, w);
	paint(w, true);
	return 0;
}

static void sdl_free(struct ui_backend *b)
{
	if (!b)
		return;
	for (uint32_t i = 0; i < b->n; i++)
		close_window(&b->w[i]);
	panel_window_free(b->panel);
	SDL_Quit();
	pthread_mutex_destroy(&b->lock);
	free(b);
}

/* SDL falls back to drivers without a screen where no display answers. Who asks for one by name
 * means it. */
static bool nobody_sees(const char *driver)
{
	static const char *const blind[] = { "dummy", "evdev", "offscreen" };

	for (size_t i = 0; driver && !getenv("SDL_VIDEODRIVER") && i < ARRAY_SIZE(blind); i++) {
		if (strcmp(driver, blind[i]) == 0)
			return true;
	}
	return false;
}

static int sdl_open(struct ui_backend **out, struct link *const *links, uint32_t n,
	struct panel *panel, const struct ui_events *ev, struct err *e)
{
	struct ui_backend *b = calloc(1, sizeof(*b));
	int next_y = 0;

	if (!b)
		return err_set(e, -ENOMEM, "out of memory");
	pthread_mutex_init(&b->lock, NULL);
	b->ev = *ev;
	SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
	SDL_SetHint(SDL_HINT_TOUCH_MOUSE_EVENTS, "0");
	SDL_SetHint(SDL_HINT_MOUSE_TOUCH_EVENTS, "0");
	SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
	/* On X11 plain shared-memory windows; on Wayland the hint would leave no surface at all. */
	if (!getenv("WAYLAND_DISPLAY"))
		SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");
	const char *why = SDL_Init(SDL_INIT_VIDEO) < 0 ? SDL_GetError() : NULL;

	if (!why && nobody_sees(SDL_GetCurrentVideoDriver()))
		why = "none answers at DISPLAY or WAYLAND_DISPLAY";
	if (why) {
		err_set(e, 0,
			"cannot open the display: %s; run with --headless where there is none",
			why);
		sdl_free(b);
		return -EIO;
	}
	b->user_event = SDL_RegisterEvents(1);
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t d = 0; d < link_spec(links[i])->displays; d++) {
			int rc = open_window(b, links[i], d, &next_y, e);

			if (rc < 0) {
				sdl_free(b);
				return rc;
			}
		}
	}
	/* The guests' windows are what counts: without a panel the run goes on. */
	if (panel && panel_window_new(&b->panel, panel, e) < 0)
		log_warn("no panel: %s", e->text);
	*out = b;
	return 0;
}

static void *loop_main(void *arg)
{
	int rc = ev_loop_run(arg);

	if (rc < 0)
		log_error("event loop: %s", err_name(rc));
	return NULL;
}

static int sdl_run(struct ui_backend *b, struct ev_loop *loop)
{
	pthread_t thread;
	bool quit = false;
	int rc = pthread_create(&thread, NULL, loop_main, loop);

	if (rc != 0)
		return -rc;
	b->ev.ready(b->ev.ctx);
	while (!quit) {
		SDL_Event e;

		if (!SDL_WaitEvent(&e)) {
			log_error("SDL: %s", SDL_GetError());
			break;
		}
		quit = dispatch(b, &e);
	}
	ev_loop_stop(loop);
	pthread_join(thread, NULL);
	return 0;
}

static struct window *find_window(struct ui_backend *b, const struct link *l, uint32_t display)
{
	for (uint32_t i = 0; i < b->n; i++) {
		if (b->w[i].link == l && b->w[i].display == display)
			return &b->w[i];
	}
	return NULL;
}

static void sdl_damaged(struct ui_backend *b, struct link *l, uint32_t display)
{
	struct window *w = find_window(b, l, display);

	if (w && !atomic_exchange(&w->damage_queued, true))
		push_user(b, USER_DAMAGE, (size_t)(w - b->w));
}

static void sdl_panel_changed(struct ui_backend *b)
{
	panel_soon(b);
}

static void sdl_state(struct ui_backend *b, struct link *l, const char *text)
{
	for (uint32_t i = 0; i < b->n; i++) {
		if (b->w[i].link != l)
			continue;
		pthread_mutex_lock(&b->lock);
		snprintf(b->state[i], UI_NAME, "%s", text);
		pthread_mutex_unlock(&b->lock);
		push_user(b, USER_STATE, i);
	}
}

static void sdl_quit(struct ui_backend *b)
{
	push_user(b, USER_QUIT, 0);
}

const struct ui_backend_ops ui_sdl = {
	.open = sdl_open,
	.run = sdl_run,
	.damaged = sdl_damaged,
	.panel_changed = sdl_panel_changed,
	.state = sdl_state,
	.quit = sdl_quit,
	.free = sdl_free,
};
