/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Draws one screen of a demo ECU on the host and saves it: to look at a design without a machine.
 *
 *	guest_preview cluster speed=87 rpm=3200 gear=4 lamps=4 left -o x.png
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/image.h"
#include "view.h"

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

int main(int argc, char **argv)
{
	static uint32_t back[CLUSTER_W * CLUSTER_H], front[CLUSTER_W * CLUSTER_H];
	static float scratch[GFX_SCRATCH];
	static struct scene scene;
	const char *path = "preview.png";
	struct cluster_view v;
	struct gfx bg, g;
	double t0, t1, t2;

	cluster_view_init(&v);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-o") && i + 1 < argc)
			path = argv[++i];
		else
			cluster_option(&v, argv[i]);
	}
	gfx_init(&bg, back, CLUSTER_W, CLUSTER_H, CLUSTER_W, scratch);
	gfx_init(&g, front, CLUSTER_W, CLUSTER_H, CLUSTER_W, scratch);
	t0 = now_ms();
	cluster_background(&bg, &v);
	t1 = now_ms();
	cluster_scene(&v, &scene);
	scene_paint(&g, &bg, &scene, (struct gfx_rect){ 0, 0, CLUSTER_W, CLUSTER_H }, &v);
	t2 = now_ms();
	printf("background %.2f ms, items %.2f ms (%u)\n", t1 - t0, t2 - t1, scene.n);
	return save(&g, path);
}
