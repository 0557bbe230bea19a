/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The infotainment as a bare-metal guest: touch (or mouse) and CAN in, screen and climate frames
 * out, and music. Sleeps when nothing happens.
 */
#include "buses.h"
#include "dyno/dyno.h"
#include "ivi.h"
#include "music.h"
#include "panel.h"
#include "speaker.h"

static void draw_background(const struct gfx *g, const void *view)
{
	ivi_background(g, view);
}

static void list_items(const void *view, struct scene *s)
{
	ivi_scene(view, s);
}

/* The first finger of a multi-touch device, or a pointer with its left button. */
struct finger {
	struct dyno_input *touch, *pointer;
	int slot, x, y;
	bool down, was_down, moved;
};

/* Collects one event; true when a complete update ended. */
static bool finger_event(struct finger *f, struct dyno_input *in, const struct dyno_input_event *e)
{
	if (e->type == DYNO_EV_SYN)
		return e->code == DYNO_SYN_REPORT;
	if (e->type == DYNO_EV_KEY && e->code == DYNO_BTN_LEFT && in == f->pointer)
		f->down = e->value != 0;
	if (e->type != DYNO_EV_ABS)
		return false;
	if (e->code == DYNO_ABS_MT_SLOT) {
		f->slot = e->value;
	} else if (in == f->pointer || f->slot == 0) {
		if (e->code == DYNO_ABS_MT_TRACKING_ID)
			f->down = e->value >= 0;
		else if (e->code == (in == f->pointer ? DYNO_ABS_X : DYNO_ABS_MT_POSITION_X))
			f->x = dyno_input_scale(in, e->code, e->value, IVI_W);
		else if (e->code == (in == f->pointer ? DYNO_ABS_Y : DYNO_ABS_MT_POSITION_Y))
			f->y = dyno_input_scale(in, e->code, e->value, IVI_H);
	}
	return false;
}

static void read_finger(struct finger *f, struct dyno_input *in, struct ivi *u)
{
	struct dyno_input_event e;

	while (in && dyno_input_next(in, &e)) {
		uint64_t now = dyno_now_ns();

		if (!finger_event(f, in, &e))
			continue;
		if (f->down && !f->was_down)
			ivi_touch(u, TOUCH_DOWN, f->x, f->y, now);
		else if (f->down)
			ivi_touch(u, TOUCH_MOVE, f->x, f->y, now);
		else if (f->was_down)
			ivi_touch(u, TOUCH_UP, f->x, f->y, now);
		f->was_down = f->down;
	}
}

static void receive(struct ivi *u, struct buses *b)
{
	struct dyno_can_frame f;

	for (unsigned int i = 0; i < b->n; i++) {
		while (buses_recv(b, i, &f))
			ivi_rx(u, i, &f, dyno_now_ns());
	}
}

/* What was touched must reach the car: a frame that finds no room is tried again. */
static void send_due(struct ivi *u, struct buses *b, uint64_t now)
{
	struct dyno_can_frame f;
	unsigned int bus;

	while (ivi_tx(u, now, &f, &bus)) {
		if (buses_send(b, bus, &f))
			continue;
		u->tx--;
		gauges_out_again(&u->out, bus, &f, now + DYNO_MS(100));
	}
}

struct player {
	struct music music;
	const struct ivi_view *v;
};

static bool render_music(void *ctx, int16_t *stereo, unsigned int frames)
{
	struct player *p = ctx;

	return music_render(&p->music, p->v->track, p->v->volume, p->v->playing, stereo, frames);
}

void dyno_main(void)
{
	static struct ivi u;
	static struct panel panel;
	static struct player player = { .v = &u.v };
	struct speaker speaker;
	struct buses buses;
	struct finger finger = { 0 };
	struct dyno_sigmap map = { "none", 0, NULL };

	buses_init(&buses);
	if (dyno_sigmap_open(&map))
		dyno_printf("ivi: no signal map, nothing will be shown\n");
	ivi_init(&u, &map, buses.name, buses.n, dyno_now_ns());
	(void)ivi_show(&u, dyno_now_ns());
	panel_open(&panel, IVI_W, IVI_H, draw_background, list_items);
	panel_update(&panel, &u.v, dyno_now_ns());
	finger.touch = dyno_input_find(DYNO_INPUT_TOUCH);
	finger.pointer = dyno_input_find(DYNO_INPUT_POINTER);
	/* 160 ms: frames may be drawn meanwhile, and a pause may come so late. */
	speaker_open(&speaker, MUSIC_RATE / 50, 8);
	buses_start(&buses);
	dyno_printf("READY ivi t_ms=%u\n", (unsigned int)(dyno_now_ns() / 1000000));

	for (;;) {
		uint64_t now, wake, due;

		receive(&u, &buses);
		read_finger(&finger, finger.touch, &u);
		read_finger(&finger, finger.pointer, &u);
		now = dyno_now_ns();
		send_due(&u, &buses, now);
		if (ivi_show(&u, now))
			panel_redraw(&panel);
		speaker_run(&speaker, u.v.playing || player.music.gain > 0, render_music, &player);
		wake = panel_update(&panel, &u.v, now);
		due = ivi_next_change(&u, now);
		wake = due < wake ? due : wake;
		due = gauges_out_next(&u.out);
		wake = due < wake ? due : wake;
		due = panel_stat(&panel, now, u.rx, u.tx);
		wake = due < wake ? due : wake;
		dyno_wait(wake);
	}
}
