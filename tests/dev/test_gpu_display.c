/* SPDX-License-Identifier: Apache-2.0 */
/* From a guest's pixels to a user interface: the GPU behind a real display channel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ipc.h"
#include "tests/dev/gpu_driver.h"
#include "tests/support/fake_ui.h"

#define OK GPU_RESP_OK_NODATA

struct rig {
	struct gd *d;
	struct fake_ui *ui;
};

static struct rig rig_new(void)
{
	struct rig r;
	int s[2];

	assert_int_equal(ipc_pair(s, 0), 0);
	r.d = gd_new_channel(MOCK_INDIRECT | MOCK_EVENT_IDX, s[0]);
	r.ui = fake_ui_new(s[1]);
	return r;
}

static void rig_free(struct rig *r)
{
	gd_free(r->d);
	fake_ui_free(r->ui);
}

static void test_a_guests_pixels_reach_the_interface_and_the_fence_comes_back(void **state)
{
	struct rig r = rig_new();
	struct mock_used u;
	struct display_msg m;
	gpa at;
	int id;

	(void)state;
	at = gd_show(r.d, 0, 1, 320, 200);
	memset(mock_ptr(r.d->m, at, 320 * 200 * 4), 0x5a, 320 * 200 * 4);
	assert_int_equal(gd_transfer(r.d, 1, gd_rect(0, 0, 320, 200), 0), OK);
	id = gd_post_flush(r.d, 1, gd_rect(0, 0, 320, 200), 1);
	mock_turn(r.d->m);
	assert_int_equal(fake_ui_drain(r.ui, DISPLAY_PRESENT, &m), 2);
	assert_int_equal(m.u.present.damage.w, 320);
	assert_int_equal(fake_ui_pixel(r.ui, m.surface, 319, 199), 0x5a5a5a5a);
	fake_ui_release(r.ui, &m);
	assert_true(mock_wait(r.d->m, GD_CONTROL, &u));
	assert_int_equal(u.id, id);
	rig_free(&r);
}

static void test_an_interface_that_dies_while_a_fence_waits_frees_the_guest(void **state)
{
	struct rig r = rig_new();
	struct mock_used u;

	(void)state;
	gd_show(r.d, 0, 1, 64, 64);
	gd_post_flush(r.d, 1, gd_rect(0, 0, 64, 64), 1);
	mock_turn(r.d->m);
	fake_ui_free(r.ui);
	r.ui = NULL;
	assert_true(mock_wait(r.d->m, GD_CONTROL, &u));
	/* And from then on there is nothing to wait for. */
	for (uint64_t i = 2; i < 20; i++) {
		gd_post_flush(r.d, 1, gd_rect(0, 0, 64, 64), i);
		assert_true(mock_wait(r.d->m, GD_CONTROL, &u));
	}
	assert_true(gd_stats(r.d).fences_late <= 1);
	rig_free(&r);
}

static void test_reset_and_a_new_driver_leave_no_surface_behind(void **state)
{
	struct rig r = rig_new();
	struct display_msg m;

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		gd_show(r.d, 0, 1, 64, 64);
		assert_int_equal(gd_flush(r.d, 1, gd_rect(0, 0, 64, 64)), OK);
		fake_ui_drain(r.ui, DISPLAY_PRESENT, &m);
		assert_int_equal(m.kind, DISPLAY_PRESENT);
		assert_int_equal(fake_ui_surfaces(r.ui), 1);
		fake_ui_release(r.ui, &m);
		mock_turn(r.d->m);
		mock_reset(r.d->m);
		fake_ui_drain(r.ui, DISPLAY_OFF, &m);
		assert_int_equal(m.kind, DISPLAY_OFF);
		assert_int_equal(fake_ui_surfaces(r.ui), 0);
		mock_start(r.d->m, MOCK_ALL_FEATURES);
	}
	rig_free(&r);
}

static void test_a_resize_by_the_user_becomes_the_guests_display_event(void **state)
{
	struct rig r = rig_new();

	(void)state;
	fake_ui_resize(r.ui, 0, 1024, 600);
	mock_turn(r.d->m);
	mock_turn(r.d->m);
	assert_int_equal(mock_config32(r.d->m, 0), GPU_EVENT_DISPLAY);
	rig_free(&r);
}

static void test_a_guest_that_draws_without_pause_sends_no_more_than_is_read(void **state)
{
	struct rig r = rig_new();
	struct display_msg m;

	(void)state;
	gd_show(r.d, 0, 1, 64, 64);
	for (unsigned int i = 0; i < 500; i++)
		assert_int_equal(gd_flush(r.d, 1, gd_rect(i % 64, 0, 1, 1)), OK);
	/* The surface and two presents; the rest became one that waits. */
	assert_int_equal(fake_ui_drain(r.ui, DISPLAY_PRESENT, &m), 3);
	fake_ui_release(r.ui, &m);
	mock_turn(r.d->m);
	mock_turn(r.d->m);
	assert_int_equal(fake_ui_drain(r.ui, DISPLAY_PRESENT, &m), 1);
	assert_int_equal(m.u.present.damage.w, 64);
	assert_int_equal(m.u.present.damage.h, 1);
	rig_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_guests_pixels_reach_the_interface_and_the_fence_comes_back),
		cmocka_unit_test(test_an_interface_that_dies_while_a_fence_waits_frees_the_guest),
		cmocka_unit_test(test_reset_and_a_new_driver_leave_no_surface_behind),
		cmocka_unit_test(test_a_resize_by_the_user_becomes_the_guests_display_event),
		cmocka_unit_test(test_a_guest_that_draws_without_pause_sends_no_more_than_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
