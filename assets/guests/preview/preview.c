/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Draws one screen of a demo ECU on the host and saves it: to look at a design without a machine.
 *
 *	guest_preview cluster speed=87 rpm=3200 gear=4 lamps=4 left -o x.png
 *	guest_preview ivi page=2 accent=0 speed=87 press=640,400 -o x.png
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/image.h"
#include "cluster_view.h"
#include "ivi_view.h"

static bool option(const char *arg, const char *key, double *out)
{
	size_t n = strlen(key);

	if (strncmp(arg, key, n) || arg[n] != '=')
		return false;
	*out = strtod(arg + n + 1, NULL);
	return true;
}

static int save(const struct gfx *g, const char *path)
{
	struct err e = { 0 };
	struct image im;

	if (image_new(&im, (uint32_t)g->w, (uint32_t)g->h))
		return 1;
	for (int y = 0; y < g->h; y++) {
		for (int x = 0; x < g->w; x++) {
			uint32_t p = gfx_row(g, y)[x];
			uint8_t *d = im.px + 4 * ((size_t)y * (size_t)g->w + (size_t)x);

			d[0] = (uint8_t)(p >> 16);
			d[1] = (uint8_t)(p >> 8);
			d[2] = (uint8_t)p;
			d[3] = 255;
		}
	}
	if (image_save(&im, path, &e)) {
		fprintf(stderr, "guest_preview: %s: not written\n", path);
		image_fini(&im);
		return 1;
	}
	image_fini(&im);
	return 0;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void cluster_option(struct cluster_view *v, const char *arg)
{
	const struct {
		const char *key;
		struct shown *s;
	} shown[] = { { "speed", &v->speed }, { "rpm", &v->rpm }, { "fuel", &v->fuel },
		{ "coolant", &v->coolant }, { "outside", &v->outside }, { "clock", &v->clock },
		{ "odometer", &v->odometer }, { "trip", &v->trip } };
	double n;

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		if (option(arg, shown[i].key, &n)) {
			shown[i].s->mapped = shown[i].s->live = true;
			shown[i].s->v = n;
		}
	}
	if (!strncmp(arg, "gear=", 5))
		snprintf(v->gear, sizeof(v->gear), "%s", arg + 5);
	if (option(arg, "lamps", &n)) {
		for (int i = 0; i < LAMPS; i++)
			v->lamp[i] = (int)n >> i & 1;
	}
	v->left |= !strcmp(arg, "left");
	v->right |= !strcmp(arg, "right");
	v->braking |= !strcmp(arg, "braking");
	if (!strcmp(arg, "stale")) {
		for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
			shown[i].s->live = false;
		v->gear[0] = '\0';
	}
}

static void ivi_option(struct ivi_view *v, const char *arg)
{
	static const char *const names[IVI_VALUES] = { "speed", "rpm", "coolant", "oil", "battery",
		"fuel", "throttle", "odometer", "outside", "cabin", "clock", "door_fl", "door_fr",
		"door_rl", "door_rr", "hatch", "wheel_fl", "wheel_fr", "wheel_rl", "wheel_rr" };
	double n;

	for (size_t i = 0; i < IVI_VALUES; i++) {
		if (option(arg, names[i], &n))
			v->value[i] = (struct shown){ true, true, n };
	}
	if (option(arg, "page", &n) && n >= 0 && n < PAGES)
		v->page = (enum ivi_page)n;
	if (option(arg, "accent", &n))
		v->accent = (int)n & 3;
	if (option(arg, "brightness", &n))
		v->brightness = (int)n;
	if (option(arg, "track", &n))
		v->track = (int)n & 3;
	if (option(arg, "seat", &n))
		v->climate.seat[0] = (int)n & 3;
	v->playing |= !strcmp(arg, "playing");
	v->climate.automatic |= !strcmp(arg, "auto");
	if (sscanf(arg, "press=%d,%d", &v->touch_x, &v->touch_y) == 2)
		v->touching = true;
}

/* Draws both layers as the guest's first frame does, and says how long that took. */
static void draw(const struct gfx *bg, const struct gfx *g, const struct cluster_view *c,
	const struct ivi_view *v)
{
	static struct scene scene;
	double t0 = now_ms(), t1;

	if (c)
		cluster_background(bg, c);
	else
		ivi_background(bg, v);
	t1 = now_ms();
	if (c)
		cluster_scene(c, &scene);
	else
		ivi_scene(v, &scene);
	scene_paint(g, bg, &scene, (struct gfx_rect){ 0, 0, g->w, g->h },
		c ? (const void *)c : (const void *)v);
	printf("background %.2f ms, items %.2f ms (%u)\n", t1 - t0, now_ms() - t1, scene.n);
}

int main(int argc, char **argv)
{
	static uint32_t back[CLUSTER_W * CLUSTER_H], front[CLUSTER_W * CLUSTER_H];
	static float scratch[GFX_SCRATCH];
	const char *path = "preview.png";
	bool ivi = argc > 1 && !strcmp(argv[1], "ivi");
	int w = ivi ? IVI_W : CLUSTER_W, h = ivi ? IVI_H : CLUSTER_H;
	struct cluster_view c;
	struct ivi_view v;
	struct gfx bg, g;

	if (argc < 2 || (!ivi && strcmp(argv[1], "cluster"))) {
		fprintf(stderr, "usage: guest_preview cluster|ivi [name=value...] -o FILE.png\n");
		return 2;
	}
	cluster_view_init(&c);
	ivi_view_init(&v);
	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "-o") && i + 1 < argc)
			path = argv[++i];
		else if (ivi)
			ivi_option(&v, argv[i]);
		else
			cluster_option(&c, argv[i]);
	}
	if (v.touching)
		v.pressed = ivi_hit(v.page, v.touch_x, v.touch_y);
	gfx_init(&bg, back, w, h, w, scratch);
	gfx_init(&g, front, w, h, w, scratch);
	draw(&bg, &g, ivi ? NULL : &c, &v);
	return save(&g, path);
}
