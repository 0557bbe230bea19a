/* SPDX-License-Identifier: Apache-2.0 */
/* Invariants of the rasteriser: coverage adds up, clips hold, damage equals a full repaint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fonts.h"
#include "icons.h"
#include "scene.h"

#define W     160
#define H     120
#define BACK  0xff000000u
#define WHITE GFX_RGB(0xffffff)

static uint32_t px[W * H];
static float scratch[GFX_SCRATCH];

static struct gfx fresh(void)
{
	struct gfx g;

	for (int i = 0; i < W * H; i++)
		px[i] = BACK;
	gfx_init(&g, px, W, H, W, scratch);
	return g;
}

/* Sum of coverage in pixels, of white on black. */
static double ink(void)
{
	double sum = 0;

	for (int i = 0; i < W * H; i++)
		sum += (px[i] & 0xff) / 255.0;
	return sum;
}

static bool outside_is_untouched(struct gfx_rect r)
{
	for (int y = 0; y < H; y++) {
		for (int x = 0; x < W; x++) {
			if (!gfx_rect_hit(r, x, y) && px[y * W + x] != BACK)
				return false;
		}
	}
	return true;
}

static void test_full_coverage_is_the_colour_and_none_changes_nothing(void **state)
{
	uint32_t p = 0xff123456;

	(void)state;
	gfx_blend(&p, GFX_RGB(0xabcdef), 0);
	assert_int_equal(p, 0xff123456);
	gfx_blend(&p, GFX_RGB(0xabcdef), 255);
	assert_int_equal(p, 0xffabcdef);
	gfx_blend(&p, GFX_ALPHA(0x000000, 0), 255);
	assert_int_equal(p, 0xffabcdef);
}

static void test_polygon_on_pixel_borders_is_exact(void **state)
{
	struct gfx g = fresh();
	const struct gfx_point p[4] = { { 10, 20 }, { 50, 20 }, { 50, 40 }, { 10, 40 } };

	(void)state;
	gfx_polygon(&g, p, 4, WHITE);
	assert_int_equal(px[20 * W + 10], WHITE);
	assert_int_equal(px[39 * W + 49], WHITE);
	assert_true(outside_is_untouched((struct gfx_rect){ 10, 20, 40, 20 }));
	assert_true(fabs(ink() - 800) < 0.01);
}

static void test_polygon_covers_its_area_wherever_it_lies(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		struct gfx g = fresh();
		float o = (float)i * 0.37f;
		const struct gfx_point p[3] = { { 20 + o, 15 + o }, { 90 + o, 40 - o },
			{ 35 - o, 95 + o } };
		double area = 0;

		for (int k = 0; k < 3; k++) {
			struct gfx_point a = p[k], b = p[(k + 1) % 3];

			area += (double)a.x * b.y - (double)b.x * a.y;
		}
		gfx_polygon(&g, p, 3, WHITE);
		assert_true(fabs(ink() - fabs(area) / 2) < 3);
	}
}

static void test_polygon_partly_left_of_the_clip_keeps_the_rest(void **state)
{
	struct gfx g = fresh();
	const struct gfx_point p[4] = { { -500, -300 }, { 40, -300 }, { 40, 30 }, { -500, 30 } };

	(void)state;
	gfx_polygon(&g, p, 4, WHITE);
	assert_true(fabs(ink() - 40 * 30) < 0.01);
}

static void test_circle_and_ring_cover_their_area(void **state)
{
	struct gfx g = fresh();
	struct gfx_ring r = { .cx = 80.3f,
		.cy = 60.6f,
		.r0 = 30,
		.r1 = 40,
		.a0 = 0,
		.a1 = 6.2831853f,
		.c0 = WHITE,
		.c1 = WHITE };
	double whole;

	(void)state;
	gfx_ring(&g, &r);
	whole = ink();
	assert_true(fabs(whole - M_PI * (1600 - 900)) < 12);
	g = fresh();
	gfx_shape(&g, "O 20 20 10", 60, 40, 2, WHITE);
	assert_true(fabs(ink() - M_PI * 400) < 12);
}

static void test_ring_segments_add_up_to_the_ring(void **state)
{
	double sum = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct gfx g = fresh();
		struct gfx_ring r = {
			.cx = 80, .cy = 60, .r0 = 30, .r1 = 40, .c0 = WHITE, .c1 = WHITE
		};

		/* One of the three is wider than half a turn. */
		r.a0 = (float[]){ 0.3f, 1.0f, 2.2f }[i];
		r.a1 = (float[]){ 1.0f, 2.2f, 6.5831853f }[i];
		gfx_ring(&g, &r);
		assert_true(outside_is_untouched(gfx_ring_box(&r)));
		sum += ink();
	}
	assert_true(fabs(sum - M_PI * 700) < 12);
}

static void test_nothing_is_drawn_outside_the_clip(void **state)
{
	const struct gfx_rect r = { 40, 30, 50, 40 };
	struct gfx all = fresh(), g = gfx_clip(&all, r);
	struct gfx_ring ring = { .cx = 60,
		.cy = 50,
		.r0 = 10,
		.r1 = 60,
		.a0 = 0,
		.a1 = 6.2831853f,
		.c0 = WHITE,
		.c1 = GFX_RGB(0xff0000) };

	(void)state;
	gfx_fill(&g, (struct gfx_rect){ -10, -10, 500, 500 }, GFX_ALPHA(0xffffff, 128));
	gfx_gradient(&g, (struct gfx_rect){ 0, 0, W, H }, WHITE, BACK);
	gfx_gradient_x(&g, (struct gfx_rect){ 0, 0, W, H }, WHITE, BACK);
	gfx_glow(&g, 60, 50, 200, 200, WHITE);
	gfx_disc(&g, 60, 50, 200, WHITE, WHITE);
	gfx_round(&g, (struct gfx_rect){ 20, 20, 100, 90 }, 10, WHITE, WHITE);
	gfx_round_line(&g, (struct gfx_rect){ 20, 20, 100, 90 }, 10, 60, WHITE);
	gfx_ring(&g, &ring);
	gfx_line(&g, -50, -50, 300, 200, 20, WHITE);
	gfx_text(&g, &font_40, 60, 50, GFX_CENTRE, "Overflowing", WHITE);
	for (int i = 0; i < ICONS; i++)
		gfx_icon(&g, (enum icon)i, 0, 0, 200, WHITE);
	assert_true(outside_is_untouched(r));
}

static void test_drawing_with_an_empty_clip_does_nothing(void **state)
{
	struct gfx all = fresh(), g = gfx_clip(&all, (struct gfx_rect){ W + 5, 0, 10, 10 });

	(void)state;
	gfx_fill(&g, (struct gfx_rect){ 0, 0, W, H }, WHITE);
	gfx_line(&g, 0, 0, 100, 100, 9, WHITE);
	gfx_text(&g, &font_24, 0, 30, GFX_LEFT, "x", WHITE);
	assert_true(ink() == 0.0);
}

static void test_every_icon_stays_in_its_box_and_shows_something(void **state)
{
	(void)state;
	for (int i = 0; i < ICONS; i++) {
		struct gfx g = fresh();

		gfx_icon(&g, (enum icon)i, 20, 20, 48, WHITE);
		assert_true(ink() > 60);
		assert_true(outside_is_untouched((struct gfx_rect){ 18, 18, 52, 52 }));
	}
}

static void test_malformed_shapes_end_quietly(void **state)
{
	static const char *const bad[] = { "", "M", "M 1", "L 5 5", "Z", "C 1 2 3", "Q",
		"B 1 2 3 4", "S", "S x", "M 1 1 L 2 2 ? L 9 9", "O 1 1 -5", "M . L - -" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct gfx g = fresh();

		gfx_shape(&g, bad[i], 50, 50, 3, WHITE);
		assert_true(outside_is_untouched((struct gfx_rect){ 20, 20, 120, 100 }));
	}
}

static void test_hole_is_cut_whatever_direction_it_was_written_in(void **state)
{
	static const char *const text[] = { "B 0 0 20 20 0 X M 5 5 H 15 V 15 H 5 Z",
		"B 0 0 20 20 0 X M 5 5 V 15 H 15 V 5 Z" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct gfx g = fresh();

		gfx_shape(&g, text[i], 10, 10, 1, WHITE);
		assert_true(fabs(ink() - 300) < 0.1);
	}
}

static void test_text_has_the_width_that_it_says(void **state)
{
	struct gfx g = fresh();
	int w = gfx_text(&g, &font_24, 10, 60, GFX_LEFT, "12:45 \u00b0C", WHITE);
	int last = 0;

	(void)state;
	assert_int_equal(w, gfx_text_width(&font_24, "12:45 \u00b0C"));
	for (int x = 0; x < W; x++) {
		for (int y = 0; y < H; y++)
			last = px[y * W + x] != BACK ? x : last;
	}
	assert_in_range(last, 10 + w - 6, 10 + w);
	assert_true(
		outside_is_untouched(gfx_text_box(&font_24, 10, 60, GFX_LEFT, "12:45 \u00b0C")));
}

static void test_digits_are_equally_wide(void **state)
{
	(void)state;
	for (char d = '0'; d <= '9'; d++) {
		const char text[2] = { d, '\0' };

		assert_int_equal(gfx_text_width(&font_digits_136, text),
			gfx_text_width(&font_digits_136, "8"));
	}
}

static void test_broken_utf8_is_skipped_without_overrun(void **state)
{
	static const char *const bad[] = { "\xc2", "\xe2\x80", "a\xf0\x9f", "\xff\xfe", "\x80z" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_in_range(gfx_text_width(&font_24, bad[i]), 0, 60);
}

/* --- damage ---------------------------------------------------------------------------------- */

static void draw_block(const struct gfx *g, const struct scene_item *it, const void *view)
{
	(void)view;
	gfx_fill(g, it->box, GFX_RGB(0x010203u * (unsigned int)it->arg));
	gfx_glow(g, (float)it->box.x, (float)it->box.y, 30, 30, WHITE);
}

static void make_scene(struct scene *s, unsigned int n, unsigned int moving)
{
	s->n = 0;
	for (unsigned int i = 0; i < n; i++) {
		struct gfx_rect r = { (int)(i * 37 % 140), (int)(i * 53 % 100), 12, 9 };

		if (i == moving)
			r.x = (r.x + 21) % 140;
		scene_add(s, r, i, draw_block, (int)(i % 60));
	}
}

static void test_repainting_the_damage_equals_repainting_everything(void **state)
{
	static struct scene old, now;
	static uint32_t back_px[W * H], full[W * H];
	struct gfx back, g;
	struct gfx_rect d[SCENE_DAMAGE];

	(void)state;
	gfx_init(&back, back_px, W, H, W, scratch);
	gfx_gradient(&back, (struct gfx_rect){ 0, 0, W, H }, GFX_RGB(0x203040), BACK);
	for (unsigned int moving = 0; moving < 40; moving++) {
		unsigned int n;

		make_scene(&old, 40, 99);
		make_scene(&now, 40, moving);
		g = fresh();
		scene_paint(&g, &back, &now, (struct gfx_rect){ 0, 0, W, H }, NULL);
		memcpy(full, px, sizeof(full));
		scene_paint(&g, &back, &old, (struct gfx_rect){ 0, 0, W, H }, NULL);
		assert_memory_not_equal(full, px, sizeof(full));
		n = scene_diff(&old, &now, W, H, d);
		for (unsigned int i = 0; i < n; i++)
			scene_paint(&g, &back, &now, d[i], NULL);
		assert_memory_equal(full, px, sizeof(full));
	}
}

static void test_equal_scenes_have_no_damage(void **state)
{
	static struct scene a, b;
	struct gfx_rect d[SCENE_DAMAGE];

	(void)state;
	make_scene(&a, 30, 99);
	make_scene(&b, 30, 99);
	assert_int_equal(scene_diff(&a, &b, W, H, d), 0);
}

static void test_damage_is_disjoint_bounded_and_on_the_screen(void **state)
{
	static struct scene a, b;
	struct gfx_rect d[SCENE_DAMAGE];
	unsigned int n;

	(void)state;
	a.n = b.n = 0;
	for (int i = 0; i < SCENE_ITEMS + 5; i++)
		scene_add(&b,
			(struct gfx_rect){ i * 401 % 3000 - 100, i * 293 % 2000 - 100, 15, 15 }, 1,
			draw_block, 1);
	assert_int_equal(b.n, SCENE_ITEMS);
	n = scene_diff(&a, &b, 1920, 720, d);
	assert_in_range(n, 1, SCENE_DAMAGE);
	for (unsigned int i = 0; i < n; i++) {
		assert_true(d[i].x >= 0 && d[i].y >= 0);
		assert_true(d[i].x + d[i].w <= 1920 && d[i].y + d[i].h <= 720);
		for (unsigned int k = 0; k < i; k++)
			assert_true(gfx_rect_empty(gfx_rect_and(d[i], d[k])));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_coverage_is_the_colour_and_none_changes_nothing),
		cmocka_unit_test(test_polygon_on_pixel_borders_is_exact),
		cmocka_unit_test(test_polygon_covers_its_area_wherever_it_lies),
		cmocka_unit_test(test_polygon_partly_left_of_the_clip_keeps_the_rest),
		cmocka_unit_test(test_circle_and_ring_cover_their_area),
		cmocka_unit_test(test_ring_segments_add_up_to_the_ring),
		cmocka_unit_test(test_nothing_is_drawn_outside_the_clip),
		cmocka_unit_test(test_drawing_with_an_empty_clip_does_nothing),
		cmocka_unit_test(test_every_icon_stays_in_its_box_and_shows_something),
		cmocka_unit_test(test_malformed_shapes_end_quietly),
		cmocka_unit_test(test_hole_is_cut_whatever_direction_it_was_written_in),
		cmocka_unit_test(test_text_has_the_width_that_it_says),
		cmocka_unit_test(test_digits_are_equally_wide),
		cmocka_unit_test(test_broken_utf8_is_skipped_without_overrun),
		cmocka_unit_test(test_repainting_the_damage_equals_repainting_everything),
		cmocka_unit_test(test_equal_scenes_have_no_damage),
		cmocka_unit_test(test_damage_is_disjoint_bounded_and_on_the_screen),
	};

	return cmocka_run_group_tests_name("apps_gfx", tests, NULL, NULL);
}
