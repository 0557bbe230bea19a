/* SPDX-License-Identifier: Apache-2.0 */
/* Regions of a display that are watched for a change, a colour, or a look. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "ui/watch.h"
#include "ui/watches.h"

#define W     64u
#define H     32u
#define RED   0xff0000u /* bytes B G R X */
#define GREEN 0x00ff00u

struct fixture {
	struct view v;
	struct watch w;
	uint32_t px[W * H]; /* the guest's surface */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(view_init(&f->v, W, H), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	watch_fini(&f->w);
	view_fini(&f->v);
	free(f);
	return 0;
}

/* Watches the region (8, 4) 10 x 5 from here on. */
static void watch(struct fixture *f, enum watch_want want, double share, const struct image *like)
{
	struct watch_spec s = { { 8, 4, 10, 5 }, want, RED, 8, share };

	assert_int_equal(watch_init(&f->w, &s, like), 0);
	assert_false(watch_look(&f->w, &f->v));
}

static void fill(struct fixture *f, struct display_rect r, uint32_t px)
{
	for (uint32_t y = r.y; y < r.y + r.h; y++) {
		for (uint32_t x = r.x; x < r.x + r.w; x++)
			f->px[y * W + x] = px;
	}
}

static bool flush(struct fixture *f, struct display_rect damage)
{
	assert_int_equal(view_present(&f->v, (const uint8_t *)f->px, W * 4, DISPLAY_B8G8R8X8,
				 (struct display_rect){ 0, 0, W, H }, damage),
		0);
	return watch_look(&f->w, &f->v);
}

static bool draw(struct fixture *f, struct display_rect r, uint32_t px)
{
	fill(f, r, px);
	return flush(f, r);
}

static void test_a_change_inside_of_the_region_is_one_and_beside_it_is_none(void **state)
{
	struct fixture *f = *state;

	watch(f, WATCH_CHANGED, 0, NULL);
	assert_false(draw(f, (struct display_rect){ 0, 0, 8, 32 }, RED));
	assert_false(draw(f, (struct display_rect){ 18, 4, 40, 5 }, RED));
	assert_true(draw(f, (struct display_rect){ 17, 8, 1, 1 }, RED));
	assert_false(draw(f, (struct display_rect){ 17, 8, 1, 1 }, RED)); /* the same again */
	assert_true(draw(f, (struct display_rect){ 17, 8, 1, 1 }, 0));
}

static void test_a_change_that_was_not_flushed_is_none(void **state)
{
	struct fixture *f = *state;

	watch(f, WATCH_CHANGED, 0, NULL);
	assert_false(draw(f, (struct display_rect){ 0, 0, 1, 1 }, RED));
	fill(f, (struct display_rect){ 8, 4, 10, 5 }, RED);
	assert_false(flush(f, (struct display_rect){ 0, 0, 1, 1 }));
	assert_true(flush(f, (struct display_rect){ 0, 0, W, H }));
}

static void test_small_steps_add_up_to_a_change(void **state)
{
	struct fixture *f = *state;

	watch(f, WATCH_CHANGED, 0, NULL);
	assert_false(draw(f, (struct display_rect){ 8, 4, 10, 5 }, 0x040404));
	assert_false(draw(f, (struct display_rect){ 8, 4, 10, 5 }, 0x080808));
	assert_true(draw(f, (struct display_rect){ 8, 4, 10, 5 }, 0x0c0c0c));
	/* It is compared with what it was then. */
	assert_false(draw(f, (struct display_rect){ 8, 4, 10, 5 }, 0x040404));
}

static void test_a_share_of_the_pixels_must_change(void **state)
{
	struct fixture *f = *state;

	watch(f, WATCH_CHANGED, 0.5, NULL);
	assert_false(draw(f, (struct display_rect){ 8, 4, 4, 5 }, RED));
	assert_true(draw(f, (struct display_rect){ 12, 4, 1, 5 }, RED));
	assert_int_equal(watch_before(&f->w)[0], 0);
	assert_int_equal(watch_now(&f->w)[0], RED);
}

static void test_a_colour_comes_once_until_it_is_gone(void **state)
{
	struct fixture *f = *state;

	watch(f, WATCH_COLOUR, 1, NULL);
	assert_false(draw(f, (struct display_rect){ 8, 4, 9, 5 }, RED));
	assert_true(draw(f, (struct display_rect){ 17, 4, 1, 5 }, 0xf80407)); /* near enough */
	assert_int_equal(watch_before(&f->w)[9], 0);
	assert_int_equal(watch_before(&f->w)[0], RED);
	assert_false(draw(f, (struct display_rect){ 8, 4, 10, 5 }, RED));
	assert_false(draw(f, (struct display_rect){ 8, 4, 10, 5 }, GREEN));
	assert_true(draw(f, (struct display_rect){ 8, 4, 10, 5 }, RED));
}

static void test_the_look_of_a_picture_of_the_whole_display_or_of_the_region(void **state)
{
	struct fixture *f = *state;
	const uint32_t size[][2] = { { W, H }, { 10, 5 } };

	for (size_t i = 0; i < ARRAY_SIZE(size); i++) {
		struct image im;

		assert_int_equal(image_new(&im, size[i][0], size[i][1]), 0);
		for (size_t k = 0; k < (size_t)im.width * im.height; k++)
			memcpy(im.px + 4 * k, (const uint8_t[]){ 0, 255, 0, 255 }, 4);
		watch(f, WATCH_LIKE, 0.999, &im);
		assert_false(draw(f, (struct display_rect){ 8, 4, 10, 4 }, GREEN));
		assert_true(draw(f, (struct display_rect){ 8, 8, 10, 1 }, GREEN));
		assert_false(draw(f, (struct display_rect){ 8, 4, 10, 5 }, RED));
		watch_fini(&f->w);
		image_fini(&im);
	}
}

static void test_a_picture_that_does_not_hold_the_region_is_refused(void **state)
{
	struct fixture *f = *state;
	struct watch_spec s = { { 8, 4, 10, 5 }, WATCH_LIKE, 0, 8, 1 };
	struct image im;

	assert_int_equal(image_new(&im, 12, 32), 0);
	assert_int_equal(watch_init(&f->w, &s, &im), -EINVAL);
	image_fini(&im);
}

static void test_what_is_there_at_first_is_no_event(void **state)
{
	struct fixture *f = *state;
	struct watch_spec s = { { 8, 4, 10, 5 }, WATCH_COLOUR, RED, 8, 1 };

	fill(f, (struct display_rect){ 0, 0, W, H }, RED);
	assert_int_equal(
		view_present(&f->v, (const uint8_t *)f->px, W * 4, DISPLAY_B8G8R8X8,
			(struct display_rect){ 0, 0, W, H }, (struct display_rect){ 0, 0, W, H }),
		0);
	assert_int_equal(watch_init(&f->w, &s, NULL), 0);
	assert_false(watch_look(&f->w, &f->v));
	assert_false(draw(f, (struct display_rect){ 0, 0, W, H }, GREEN));
	assert_true(draw(f, (struct display_rect){ 0, 0, W, H }, RED));
}

static void test_a_display_that_is_switched_off_or_gets_smaller_is_black_there(void **state)
{
	struct fixture *f = *state;

	watch(f, WATCH_CHANGED, 0, NULL);
	assert_true(draw(f, (struct display_rect){ 0, 0, W, H }, RED));
	view_off(&f->v);
	assert_true(watch_look(&f->w, &f->v));
	assert_true(flush(f, (struct display_rect){ 0, 0, 1, 1 })); /* shown whole again */
	/* Half of the region is beyond the picture's edge now. */
	assert_int_equal(
		view_present(&f->v, (const uint8_t *)f->px, W * 4, DISPLAY_B8G8R8X8,
			(struct display_rect){ 0, 0, 13, 6 }, (struct display_rect){ 0, 0, 1, 1 }),
		0);
	assert_true(watch_look(&f->w, &f->v));
	assert_int_equal(watch_now(&f->w)[4], RED);
	assert_int_equal(watch_now(&f->w)[5], 0);
	assert_int_equal(watch_now(&f->w)[20], 0);
}

/* --- the list of them -------------------------------------------------------------------- */

static struct {
	unsigned int n;
	uint64_t untold, t_ns;
	int64_t bytes; /* of the pictures of the newest; -1: none */
} told;

static void hear(json_t *msg_take, int fd)
{
	told.n++;
	told.bytes = fd >= 0 ? fd_size(fd) : -1;
	told.untold += (uint64_t)json_integer_value(json_object_get(msg_take, "untold"));
	told.t_ns = (uint64_t)json_integer_value(json_object_get(msg_take, "t_ns"));
	assert_string_equal(json_string_value(json_object_get(msg_take, "event")), "screen");
	assert_int_equal(json_integer_value(json_object_get(msg_take, "watch")), 7);
	json_decref(msg_take);
}

static void nothing(void *ctx, struct link *l, uint32_t scanout)
{
	(void)ctx;
	(void)l;
	(void)scanout;
}

static void gone(void *ctx, struct link *l)
{
	(void)ctx;
	(void)l;
}

struct bench {
	struct ev_loop *loop;
	struct ui_guest_spec spec;
	struct link *link;
	struct watches *ws;
	int peer;
};

static struct bench *bench_new(void)
{
	static const struct link_ops ops = { .damaged = nothing, .gone = gone };
	struct bench *b = calloc(1, sizeof(*b));
	int pair[2];

	assert_non_null(b);
	memset(&told, 0, sizeof(told));
	b->spec.displays = 1;
	b->spec.display[0].width = W;
	b->spec.display[0].height = H;
	assert_int_equal(ev_loop_new(&b->loop), 0);
	assert_int_equal(ipc_pair(pair, 0), 0);
	b->peer = pair[1];
	assert_int_equal(link_new(&b->link, b->loop, pair[0], &b->spec, &ops, NULL), 0);
	assert_int_equal(watches_new(&b->ws, hear), 0);
	return b;
}

static void bench_free(struct bench *b)
{
	watches_free(b->ws);
	link_free(b->link);
	ev_loop_free(b->loop);
	fd_close(&b->peer);
	free(b);
}

static int ask(struct bench *b, const char *want, int fd)
{
	json_t *msg = json_pack("{s:i,s:s,s:i,s:i,s:i,s:i,s:f}", "watch", 7, "want", want, "x", 0,
		"y", 0, "w", 8, "h", 4, "share", 0.0);
	struct err e = { 0 };
	int rc = watches_add(b->ws, b->link, 0, msg, fd, &e);

	json_decref(msg);
	return rc;
}

/* A picture of one colour at t_ns. */
static void show(struct bench *b, uint32_t px, uint64_t t_ns)
{
	struct display_rect all = { 0, 0, W, H };
	uint32_t surface[W * H];

	for (size_t i = 0; i < ARRAY_SIZE(surface); i++)
		surface[i] = px;
	assert_int_equal(view_present(link_view(b->link, 0), (const uint8_t *)surface, W * 4,
				 DISPLAY_B8G8R8X8, all, all),
		0);
	watches_shown(b->ws, b->link, 0, t_ns, t_ns + 5);
}

static void test_an_event_is_told_with_its_time_and_the_region_before_and_after(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	assert_int_equal(ask(b, "changed", -1), 0);
	show(b, RED, 1234 * NS_PER_S);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.t_ns, 1234 * NS_PER_S);
	assert_int_equal(told.bytes, 2 * 8 * 4 * 4);
	show(b, RED, 1235 * NS_PER_S);
	assert_int_equal(told.n, 1);
	bench_free(b);
}

static void test_a_guest_that_changes_all_the_time_does_not_flood_the_bench(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	assert_int_equal(ask(b, "changed", -1), 0);
	/* 3000 changes in a second, then one that is told again with what was not. */
	for (uint64_t i = 0; i < 3000; i++)
		show(b, i % 2 ? GREEN : RED, 1000 * NS_PER_S + i * NS_PER_S / 3000);
	assert_in_range(told.n, 200, 400);
	show(b, 0, 1010 * NS_PER_S);
	assert_int_equal(told.n + told.untold, 3001);
	bench_free(b);
}

static void test_a_request_that_makes_no_sense_is_refused(void **state)
{
	struct bench *b = bench_new();
	CLEANUP_FD int no_png = fd_memfd("test", 100);

	(void)state;
	assert_int_equal(ask(b, "beautiful", -1), -EINVAL);
	assert_int_equal(ask(b, "colour", -1), -EINVAL); /* which? */
	assert_int_equal(ask(b, "like", -1), -EINVAL);
	assert_true(ask(b, "like", no_png) < 0);
	for (unsigned int i = 0; i < WATCHES_MAX; i++)
		assert_int_equal(ask(b, "changed", -1), 0);
	assert_int_equal(ask(b, "changed", -1), -ENOSPC);
	bench_free(b);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_a_change_inside_of_the_region_is_one_and_beside_it_is_none),
		TEST(test_a_change_that_was_not_flushed_is_none),
		TEST(test_small_steps_add_up_to_a_change),
		TEST(test_a_share_of_the_pixels_must_change),
		TEST(test_a_colour_comes_once_until_it_is_gone),
		TEST(test_the_look_of_a_picture_of_the_whole_display_or_of_the_region),
		TEST(test_a_picture_that_does_not_hold_the_region_is_refused),
		TEST(test_what_is_there_at_first_is_no_event),
		TEST(test_a_display_that_is_switched_off_or_gets_smaller_is_black_there),
		cmocka_unit_test(
			test_an_event_is_told_with_its_time_and_the_region_before_and_after),
		cmocka_unit_test(test_a_guest_that_changes_all_the_time_does_not_flood_the_bench),
		cmocka_unit_test(test_a_request_that_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
