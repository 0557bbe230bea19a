/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-gpu fences: when a fenced command comes back, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/dev/gpu_driver.h"

#define OK GPU_RESP_OK_NODATA

static struct gpu_config two_scanouts(void)
{
	return (struct gpu_config){ .n_scanouts = 2,
		.scanout = { { 640, 480, "A" }, { 640, 480, "B" } } };
}

static const struct gpu_wire_hdr *answer(const struct mock_used *u)
{
	assert_non_null(u->in);
	assert_int_equal(u->len, sizeof(struct gpu_wire_hdr));
	return (const struct gpu_wire_hdr *)u->in;
}

static void settle(struct gd *d)
{
	for (int i = 0; i < 4; i++)
		mock_turn(d->m);
}

static void test_fenced_flush_comes_back_when_the_present_was_released(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct gd *d = gd_new(kind, NULL);
		struct mock_used u;
		int id;

		gd_show(d, 0, 1, 64, 64);
		d->port->hold = true;
		id = gd_post_flush(d, 1, gd_rect(0, 0, 64, 64), 0x1122334455667788);
		settle(d);
		assert_int_equal(gd_count(d, REC_PRESENT), 1);
		if (gd_stats(d).fences_late == 0) /* a stalled machine may be past the deadline */
			assert_false(mock_poll(d->m, GD_CONTROL, &u));
		gd_release(d, 0, gd_last(d, REC_PRESENT)->present.serial);
		assert_true(mock_wait(d->m, GD_CONTROL, &u));
		assert_int_equal(u.id, id);
		assert_int_equal(le32_get(answer(&u)->type), OK);
		assert_int_equal(le32_get(answer(&u)->flags), GPU_FLAG_FENCE);
		assert_true(le64_get(answer(&u)->fence_id) == 0x1122334455667788);
		gd_free(d);
	}
}

static void test_unfenced_flush_comes_back_at_once(void **state)
{
	struct gd *d = gd_new(0, NULL);

	(void)state;
	gd_show(d, 0, 1, 64, 64);
	d->port->hold = true;
	assert_int_equal(gd_flush(d, 1, gd_rect(0, 0, 64, 64)), OK);
	assert_int_equal(gd_stats(d).fences_late, 0);
	gd_free(d);
}

static void test_fence_completes_by_the_deadline_when_nobody_releases(void **state)
{
	struct gd *d = gd_new(0, NULL);
	struct mock_used u;

	(void)state;
	gd_show(d, 0, 1, 64, 64);
	d->port->hold = true;
	gd_post_flush(d, 1, gd_rect(0, 0, 64, 64), 1);
	assert_true(mock_wait(d->m, GD_CONTROL, &u));
	assert_int_equal(le32_get(answer(&u)->type), OK);
	assert_int_equal(gd_stats(d).fences_late, 1);
	gd_free(d);
}

static void test_other_fenced_commands_complete_at_once(void **state)
{
	struct gd *d = gd_new(0, NULL);
	struct gpu_wire_transfer t = { .hdr = gd_fenced(GPU_CMD_TRANSFER_TO_HOST_2D, 77),
		.r = gd_rect(0, 0, 8, 8),
		.resource_id = le32_of(1) };
	struct gpu_wire_hdr h;

	(void)state;
	gd_show(d, 0, 1, 64, 64);
	d->port->hold = true;
	t.hdr.ctx_id = le32_of(5);
	assert_int_equal(mock_send(d->m, GD_CONTROL, &t, sizeof(t), &h, sizeof(h)), sizeof(h));
	assert_int_equal(le32_get(h.type), OK);
	assert_int_equal(le32_get(h.flags), GPU_FLAG_FENCE);
	assert_int_equal(le64_get(h.fence_id), 77);
	assert_int_equal(le32_get(h.ctx_id), 5);
	gd_free(d);
}

static void test_ring_index_goes_back_with_the_fence(void **state)
{
	struct gd *d = gd_new(0, NULL);
	struct gpu_wire_resource rq = { .hdr = gd_fenced(GPU_CMD_RESOURCE_UNREF, 3) };
	struct gpu_wire_hdr h;

	(void)state;
	rq.hdr.flags = le32_of(GPU_FLAG_FENCE | GPU_FLAG_INFO_RING_IDX | 0x80);
	rq.hdr.ring_idx = 9;
	rq.resource_id = le32_of(42);
	assert_int_equal(mock_send(d->m, GD_CONTROL, &rq, sizeof(rq), &h, sizeof(h)), sizeof(h));
	/* An error is the end of the command, too: its fence is kept. */
	assert_int_equal(le32_get(h.type), GPU_RESP_ERR_INVALID_RESOURCE_ID);
	assert_int_equal(le32_get(h.flags), GPU_FLAG_FENCE | GPU_FLAG_INFO_RING_IDX);
	assert_int_equal(h.ring_idx, 9);
	assert_int_equal(le64_get(h.fence_id), 3);
	gd_free(d);
}

/* A driver takes a fence as the end of all earlier ones on its timeline. */
static void test_a_later_fence_never_completes_before_an_earlier_one(void **state)
{
	struct gd *d = gd_new(0, NULL);
	struct gpu_wire_hdr info = gd_fenced(GPU_CMD_GET_DISPLAY_INFO, 2);
	struct mock_used u;
	int first, second;

	(void)state;
	gd_show(d, 0, 1, 64, 64);
	d->port->hold = true;
	first = gd_post_flush(d, 1, gd_rect(0, 0, 64, 64), 1);
	second = mock_post(
		d->m, GD_CONTROL, &info, sizeof(info), sizeof(struct gpu_wire_display_info));
	assert_true(second >= 0);
	assert_true(mock_wait(d->m, GD_CONTROL, &u));
	assert_int_equal(u.id, first);
	assert_true(mock_wait(d->m, GD_CONTROL, &u));
	assert_int_equal(u.id, second);
	/* Its data was written when it was carried out, and is all there. */
	assert_int_equal(u.len, sizeof(struct gpu_wire_display_info));
	assert_int_equal(
		le32_get(((const struct gpu_wire_display_info *)u.in)->pmodes[0].r.width), 640);
	gd_free(d);
}

static void test_unfenced_commands_overtake_a_waiting_fence(void **state)
{
	struct gd *d = gd_new(0, NULL);
	struct mock_used u;
	int flush;

	(void)state;
	gd_show(d, 0, 1, 64, 64);
	d->port->hold = true;
	flush = gd_post_flush(d, 1, gd_rect(0, 0, 64, 64), 1);
	assert_int_equal(gd_transfer(d, 1, gd_rect(0, 0, 64, 64), 0), OK);
	gd_release(d, 0, gd_last(d, REC_PRESENT)->present.serial);
	assert_true(mock_wait(d->m, GD_CONTROL, &u));
	assert_int_equal(u.id, flush);
	gd_free(d);
}

static void test_flush_of_a_mirrored_picture_waits_for_both_scanouts(void **state)
{
	struct gpu_config cfg = two_scanouts();
	struct gd *d = gd_new(0, &cfg);
	struct mock_used u;

	(void)state;
	gd_show(d, 0, 1, 64, 64);
	assert_int_equal(gd_set_scanout(d, 1, 1, gd_rect(0, 0, 64, 64)), OK);
	d->port->hold = true;
	gd_post_flush(d, 1, gd_rect(0, 0, 64, 64), 1);
	settle(d);
	assert_int_equal(gd_count(d, REC_PRESENT), 2);
	gd_release(d, 1, d->port->log[d->port->n - 1].present.serial);
	settle(d);
	if (gd_stats(d).fences_late == 0)
		assert_false(mock_poll(d->m, GD_CONTROL, &u));
	gd_release(d, 0, d->port->log[d->port->n - 2].present.serial);
	assert_true(mock_wait(d->m, GD_CONTROL, &u));
	gd_free(d);
}

static void test_release_of_a_newer_present_covers_older_ones(void **state)
{
	struct gd *d = gd_new(0, NULL);
	struct mock_used u;

	(void)state;
	gd_show(d, 0, 1, 64, 64);
	d->port->hold = true;
	for (uint32_t i = 0; i < 5; i++)
		gd_post_flush(d, 1, gd_rect(i, i, 4, 4), i + 1);
	settle(d);
	gd_release(d, 0, gd_last(d, REC_PRESENT)->present.serial);
	for (unsigned int i = 0; i < 5; i++) {
		assert_true(mock_wait(d->m, GD_CONTROL, &u));
		assert_int_equal(le64_get(answer(&u)->fence_id), i + 1);
	}
	gd_free(d);
}

static void test_more_flushes_than_fences_fit_all_come_back(void **state)
{
	struct gd *d = gd_new(0, NULL);
	unsigned int back = 0;

	(void)state;
	mock_set_queue_size(d->m, 256);
	mock_start(d->m, MOCK_ALL_FEATURES);
	gd_show(d, 0, 1, 64, 64);
	d->port->hold = true;
	/* Two descriptors each, or one with an indirect table. */
	for (uint64_t i = 0; i < 120; i++)
		gd_post_flush(d, 1, gd_rect(0, 0, 4, 4), i);
	for (; back < 120; back++) {
		struct mock_used u;

		assert_true(mock_wait(d->m, GD_CONTROL, &u));
		assert_int_equal(le64_get(answer(&u)->fence_id), back);
	}
	gd_free(d);
}

static void test_reset_in_the_middle_of_fenced_flushes_forgets_them(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct gd *d = gd_new(kind, NULL);
		uint32_t serial;

		gd_show(d, 0, 1, 64, 64);
		d->port->hold = true;
		for (uint64_t i = 0; i < 4; i++)
			gd_post_flush(d, 1, gd_rect(0, 0, 4, 4), i);
		settle(d);
		serial = gd_last(d, REC_PRESENT)->present.serial;
		mock_reset(d->m);
		gd_release(d, 0, serial); /* late, of a life that is over */
		settle(d);
		mock_start(d->m, MOCK_ALL_FEATURES);
		d->port->hold = false;
		gd_show(d, 0, 1, 64, 64);
		assert_int_equal(gd_flush(d, 1, gd_rect(0, 0, 64, 64)), OK);
		assert_false(mock_needs_reset(d->m));
		gd_free(d);
	}
}

static void test_queue_reset_in_the_middle_of_fenced_flushes_forgets_them(void **state)
{
	struct gd *d = gd_new(0, NULL);

	(void)state;
	gd_show(d, 0, 1, 64, 64);
	d->port->hold = true;
	gd_post_flush(d, 1, gd_rect(0, 0, 4, 4), 1);
	settle(d);
	mock_queue_reset(d->m, GD_CONTROL);
	gd_release(d, 0, gd_last(d, REC_PRESENT)->present.serial);
	/* Resources are the device's, not the queue's. */
	assert_int_equal(gd_flush(d, 1, gd_rect(0, 0, 64, 64)), OK);
	gd_free(d);
}

static void test_unref_while_its_flush_waits(void **state)
{
	struct gd *d = gd_new(0, NULL);
	struct mock_used u;
	int flush;

	(void)state;
	gd_show(d, 0, 1, 64, 64);
	d->port->hold = true;
	flush = gd_post_flush(d, 1, gd_rect(0, 0, 64, 64), 1);
	assert_int_equal(gd_unref(d, 1), OK);
	gd_release(d, 0, gd_last(d, REC_PRESENT)->present.serial);
	assert_true(mock_wait(d->m, GD_CONTROL, &u));
	assert_int_equal(u.id, flush);
	gd_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fenced_flush_comes_back_when_the_present_was_released),
		cmocka_unit_test(test_unfenced_flush_comes_back_at_once),
		cmocka_unit_test(test_fence_completes_by_the_deadline_when_nobody_releases),
		cmocka_unit_test(test_other_fenced_commands_complete_at_once),
		cmocka_unit_test(test_ring_index_goes_back_with_the_fence),
		cmocka_unit_test(test_a_later_fence_never_completes_before_an_earlier_one),
		cmocka_unit_test(test_unfenced_commands_overtake_a_waiting_fence),
		cmocka_unit_test(test_flush_of_a_mirrored_picture_waits_for_both_scanouts),
		cmocka_unit_test(test_release_of_a_newer_present_covers_older_ones),
		cmocka_unit_test(test_more_flushes_than_fences_fit_all_come_back),
		cmocka_unit_test(test_reset_in_the_middle_of_fenced_flushes_forgets_them),
		cmocka_unit_test(test_queue_reset_in_the_middle_of_fenced_flushes_forgets_them),
		cmocka_unit_test(test_unref_while_its_flush_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
