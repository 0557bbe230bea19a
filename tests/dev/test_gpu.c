/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-gpu in 2D by a mock driver: what a well-behaved guest sees. */
#include <errno.h>
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
		.scanout = { { 1920, 720, "Cluster" }, { 1280, 800, "IVI" } } };
}

static bool rect_is(struct display_rect r, uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
	return r.x == x && r.y == y && r.w == w && r.h == h;
}

static void test_config_space_tells_scanouts_and_no_capsets(void **state)
{
	struct gpu_config cfg = two_scanouts();
	struct gd *d = gd_new(0, &cfg);

	(void)state;
	assert_int_equal(mock_config32(d->m, 0), 0);
	assert_int_equal(mock_config32(d->m, 8), 2);
	assert_int_equal(mock_config32(d->m, 12), 0);
	gd_free(d);
}

static void test_display_info_names_every_configured_scanout(void **state)
{
	struct gpu_config cfg = two_scanouts();
	struct gpu_wire_hdr rq = gd_hdr(GPU_CMD_GET_DISPLAY_INFO);
	struct gpu_wire_display_info info;

	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct gd *d = gd_new(kind, &cfg);

		assert_int_equal(mock_send(d->m, GD_CONTROL, &rq, sizeof(rq), &info, sizeof(info)),
			sizeof(info));
		assert_int_equal(le32_get(info.hdr.type), GPU_RESP_OK_DISPLAY_INFO);
		assert_int_equal(le32_get(info.pmodes[0].r.width), 1920);
		assert_int_equal(le32_get(info.pmodes[0].r.height), 720);
		assert_int_equal(le32_get(info.pmodes[0].enabled), 1);
		assert_int_equal(le32_get(info.pmodes[1].r.x), 1920);
		assert_int_equal(le32_get(info.pmodes[1].r.width), 1280);
		assert_int_equal(le32_get(info.pmodes[2].enabled), 0);
		gd_free(d);
	}
}

static void test_edid_of_each_scanout_has_its_size(void **state)
{
	struct gpu_config cfg = two_scanouts();
	struct gd *d = gd_new(0, &cfg);
	struct gpu_wire_get_edid rq = { .hdr = gd_hdr(GPU_CMD_GET_EDID) };
	struct gpu_wire_edid r;

	(void)state;
	rq.scanout = le32_of(1);
	assert_int_equal(mock_send(d->m, GD_CONTROL, &rq, sizeof(rq), &r, sizeof(r)), sizeof(r));
	assert_int_equal(le32_get(r.hdr.type), GPU_RESP_OK_EDID);
	assert_int_equal(le32_get(r.size), 128);
	assert_int_equal(r.edid[54 + 2] | (r.edid[54 + 4] >> 4) << 8, 1280);
	assert_int_equal(r.edid[54 + 5] | (r.edid[54 + 7] >> 4) << 8, 800);
	rq.scanout = le32_of(2);
	assert_int_equal(
		mock_send(d->m, GD_CONTROL, &rq, sizeof(rq), &r, sizeof(r)), sizeof(r.hdr));
	assert_int_equal(le32_get(r.hdr.type), GPU_RESP_ERR_INVALID_SCANOUT_ID);
	gd_free(d);
}

static void test_transfer_copies_only_the_rectangle_from_scattered_pages(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct gd *d = gd_new(kind, NULL);
		gpa at[64];
		uint32_t surface;

		/* 64x64 pixels in 16 pages that do not touch; page p holds rows 4p..4p+3. */
		assert_int_equal(gd_create(d, 1, 64, 64, DISPLAY_B8G8R8X8), OK);
		assert_int_equal(gd_attach(d, 1, 64 * 64 * 4, 1024, at), OK);
		for (unsigned int p = 0; p < 16; p++)
			memset(mock_ptr(d->m, at[p], 1024), (int)(p + 1), 1024);
		assert_int_equal(gd_set_scanout(d, 0, 1, gd_rect(0, 0, 64, 64)), OK);
		/* Rows 6..9 lie in pages 1 and 2; the offset is that of the first pixel. */
		assert_int_equal(gd_transfer(d, 1, gd_rect(8, 6, 16, 4), 6 * 64 * 4 + 8 * 4), OK);
		assert_int_equal(gd_flush(d, 1, gd_rect(8, 6, 16, 4)), OK);

		surface = gd_last(d, REC_SURFACE)->surface.id;
		assert_int_equal(gd_pixel(d, surface, 8, 6), 0x02020202);
		assert_int_equal(gd_pixel(d, surface, 23, 7), 0x02020202);
		assert_int_equal(gd_pixel(d, surface, 8, 8), 0x03030303);
		assert_int_equal(gd_pixel(d, surface, 7, 6), 0);
		assert_int_equal(gd_pixel(d, surface, 24, 6), 0);
		assert_int_equal(gd_pixel(d, surface, 8, 5), 0);
		assert_int_equal(gd_pixel(d, surface, 8, 10), 0);
		assert_int_equal(gd_stats(d).transferred_bytes, 16 * 4 * 4);
		gd_free(d);
	}
}

static void test_first_flush_shows_all_and_later_ones_their_damage(void **state)
{
	struct gd *d = gd_new(0, NULL);
	const struct rec *p;

	(void)state;
	gd_show(d, 0, 1, 640, 480);
	assert_int_equal(gd_flush(d, 1, gd_rect(10, 10, 5, 5)), OK);
	p = gd_last(d, REC_PRESENT);
	assert_true(rect_is(p->present.src, 0, 0, 640, 480));
	assert_true(rect_is(p->present.damage, 0, 0, 640, 480));
	assert_int_equal(gd_flush(d, 1, gd_rect(10, 10, 5, 5)), OK);
	p = gd_last(d, REC_PRESENT);
	assert_true(rect_is(p->present.damage, 10, 10, 5, 5));
	assert_int_equal(gd_count(d, REC_SURFACE), 1);
	assert_int_equal(d->first_frames[0], 1);
	gd_free(d);
}

static void test_flush_is_clipped_to_each_scanout_that_shows_the_resource(void **state)
{
	struct gpu_config cfg = two_scanouts();
	struct gd *d = gd_new(0, &cfg);
	unsigned int before;

	(void)state;
	/* One picture, its left half on scanout 0, its right half on scanout 1. */
	gd_show(d, 0, 1, 200, 100);
	assert_int_equal(gd_set_scanout(d, 0, 1, gd_rect(0, 0, 100, 100)), OK);
	assert_int_equal(gd_set_scanout(d, 1, 1, gd_rect(100, 0, 100, 100)), OK);
	assert_int_equal(gd_flush(d, 1, gd_rect(0, 0, 200, 100)), OK);
	assert_int_equal(gd_count(d, REC_PRESENT), 2);

	assert_int_equal(gd_flush(d, 1, gd_rect(90, 5, 20, 7)), OK);
	assert_true(rect_is(d->port->log[d->port->n - 2].present.damage, 90, 5, 10, 7));
	assert_true(rect_is(d->port->log[d->port->n - 1].present.damage, 100, 5, 10, 7));

	before = gd_count(d, REC_PRESENT);
	assert_int_equal(gd_flush(d, 1, gd_rect(150, 0, 10, 10)), OK);
	assert_int_equal(gd_count(d, REC_PRESENT), before + 1);
	assert_int_equal(gd_last(d, REC_PRESENT)->scanout, 1);
	gd_free(d);
}

static void test_flip_between_two_resources_announces_each_once(void **state)
{
	struct gd *d = gd_new(0, NULL);

	(void)state;
	gd_show(d, 0, 1, 64, 64);
	gd_show(d, 0, 2, 64, 64);
	for (unsigned int i = 0; i < 6; i++) {
		uint32_t id = 1 + i % 2;

		assert_int_equal(gd_set_scanout(d, 0, id, gd_rect(0, 0, 64, 64)), OK);
		assert_int_equal(gd_flush(d, id, gd_rect(0, 0, 8, 8)), OK);
		/* The other picture was shown before: all of this one is news. */
		assert_true(rect_is(gd_last(d, REC_PRESENT)->present.damage, 0, 0, 64, 64));
	}
	assert_int_equal(gd_count(d, REC_SURFACE), 2);
	assert_int_equal(gd_count(d, REC_GONE), 0);
	gd_free(d);
}

static void test_resource_zero_turns_a_scanout_off(void **state)
{
	struct gd *d = gd_new(0, NULL);

	(void)state;
	gd_show(d, 0, 1, 64, 64);
	assert_int_equal(gd_set_scanout(d, 0, 0, gd_rect(0, 0, 0, 0)), OK);
	assert_int_equal(gd_count(d, REC_OFF), 1);
	assert_int_equal(gd_flush(d, 1, gd_rect(0, 0, 64, 64)), OK);
	assert_int_equal(gd_count(d, REC_PRESENT), 0);
	gd_free(d);
}

static void test_unref_of_what_is_shown_turns_the_scanout_off_first(void **state)
{
	struct gd *d = gd_new(0, NULL);

	(void)state;
	gd_show(d, 0, 1, 64, 64);
	assert_int_equal(gd_flush(d, 1, gd_rect(0, 0, 64, 64)), OK);
	assert_int_equal(gd_unref(d, 1), OK);
	assert_int_equal(d->port->log[d->port->n - 2].kind, REC_OFF);
	assert_int_equal(d->port->log[d->port->n - 1].kind, REC_GONE);
	assert_int_equal(gd_stats(d).resources, 0);
	assert_int_equal(gd_stats(d).resource_bytes, 0);
	assert_int_equal(gd_flush(d, 1, gd_rect(0, 0, 1, 1)), GPU_RESP_ERR_INVALID_RESOURCE_ID);
	gd_free(d);
}

static void test_all_formats_can_be_created(void **state)
{
	static const uint32_t formats[] = { 1, 2, 3, 4, 67, 68, 121, 134 };
	struct gd *d = gd_new(0, NULL);

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(formats); i++)
		assert_int_equal(gd_create(d, i + 1, 16, 16, formats[i]), OK);
	gd_free(d);
}

static void test_blob_flush_copies_only_damaged_rows_of_guest_pages(void **state)
{
	const uint32_t w = 64, h = 32, stride = 300, offset = 40;
	struct gd *d = gd_new(0, NULL);
	uint32_t size = offset + stride * h, surface;
	struct gpu_wire_mem_entry e = { .length = le32_of(size) };
	gpa at = mock_alloc(d->m, size, 4096);
	uint8_t *px = mock_ptr(d->m, at, size);

	(void)state;
	e.addr = le64_of(at.v);
	memset(px, 0x11, size);
	assert_int_equal(gd_create_blob(d, 7, size, &e, 1), OK);
	/* The lower right part, from (10, 4) on, is shown. */
	assert_int_equal(
		gd_set_scanout_blob(d, 0, 7, gd_rect(10, 4, 54, 28), w, h, stride, offset), OK);
	assert_int_equal(gd_flush(d, 7, gd_rect(0, 0, w, h)), OK);
	assert_true(rect_is(gd_last(d, REC_PRESENT)->present.src, 0, 0, 54, 28));
	surface = gd_last(d, REC_PRESENT)->present.surface;
	assert_int_equal(gd_pixel(d, surface, 0, 0), 0x11111111);
	assert_int_equal(gd_pixel(d, surface, 53, 27), 0x11111111);

	memset(px, 0x22, size);
	assert_int_equal(gd_flush(d, 7, gd_rect(12, 6, 3, 2)), OK);
	assert_true(rect_is(gd_last(d, REC_PRESENT)->present.damage, 2, 2, 3, 2));
	assert_int_equal(gd_pixel(d, surface, 2, 2), 0x22222222);
	assert_int_equal(gd_pixel(d, surface, 4, 3), 0x22222222);
	assert_int_equal(gd_pixel(d, surface, 1, 2), 0x11111111);
	assert_int_equal(gd_pixel(d, surface, 5, 2), 0x11111111);
	assert_int_equal(gd_pixel(d, surface, 2, 4), 0x11111111);
	assert_int_equal(gd_count(d, REC_SURFACE), 1);
	gd_free(d);
}

static void test_blobs_of_one_size_flip_through_one_surface(void **state)
{
	const uint32_t size = 64 * 64 * 4;
	struct gd *d = gd_new(0, NULL);

	(void)state;
	for (uint32_t id = 1; id <= 2; id++) {
		gpa at = mock_alloc(d->m, size, 4096);
		struct gpu_wire_mem_entry e = { .addr = le64_of(at.v), .length = le32_of(size) };

		memset(mock_ptr(d->m, at, size), (int)id, size);
		assert_int_equal(gd_create_blob(d, id, size, &e, 1), OK);
	}
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t id = 1 + i % 2, surface;

		assert_int_equal(
			gd_set_scanout_blob(d, 0, id, gd_rect(0, 0, 64, 64), 64, 64, 256, 0), OK);
		assert_int_equal(gd_flush(d, id, gd_rect(0, 0, 1, 1)), OK);
		surface = gd_last(d, REC_PRESENT)->present.surface;
		assert_int_equal(gd_pixel(d, surface, 63, 63), id * 0x01010101);
	}
	assert_int_equal(gd_count(d, REC_SURFACE), 1);
	gd_free(d);
}

static void test_transfer_of_a_blob_is_accepted_and_does_nothing(void **state)
{
	struct gd *d = gd_new(0, NULL);
	gpa at = mock_alloc(d->m, 4096, 4096);
	struct gpu_wire_mem_entry e = { .addr = le64_of(at.v), .length = le32_of(4096) };

	(void)state;
	assert_int_equal(gd_create_blob(d, 1, 4096, &e, 1), OK);
	assert_int_equal(gd_transfer(d, 1, gd_rect(0, 0, 32, 32), 0), OK);
	assert_int_equal(gd_stats(d).transferred_bytes, 0);
	gd_free(d);
}

static void test_blob_pages_may_come_and_go_later(void **state)
{
	struct gd *d = gd_new(0, NULL);
	gpa at[64];

	(void)state;
	assert_int_equal(gd_create_blob(d, 1, 16384, NULL, 0), OK);
	assert_int_equal(gd_set_scanout_blob(d, 0, 1, gd_rect(0, 0, 64, 64), 64, 64, 256, 0), OK);
	assert_int_equal(gd_flush(d, 1, gd_rect(0, 0, 64, 64)), GPU_RESP_ERR_UNSPEC);
	assert_int_equal(gd_attach(d, 1, 16384, 4096, at), OK);
	assert_int_equal(gd_flush(d, 1, gd_rect(0, 0, 64, 64)), OK);
	assert_int_equal(gd_detach(d, 1), OK);
	assert_int_equal(gd_flush(d, 1, gd_rect(0, 0, 64, 64)), GPU_RESP_ERR_UNSPEC);
	gd_free(d);
}

static struct gpu_wire_cursor cursor_rq(
	uint32_t type, uint32_t scanout, uint32_t id, uint32_t x, uint32_t y)
{
	struct gpu_wire_cursor c = { .hdr = gd_hdr(type), .resource_id = le32_of(id) };

	c.pos.scanout_id = le32_of(scanout);
	c.pos.x = le32_of(x);
	c.pos.y = le32_of(y);
	c.hot_x = le32_of(3);
	c.hot_y = le32_of(4);
	return c;
}

static void test_cursor_picture_goes_out_as_bgra_with_its_hot_spot(void **state)
{
	struct gd *d = gd_new(0, NULL);
	struct gpu_wire_cursor c = cursor_rq(GPU_CMD_UPDATE_CURSOR, 0, 5, 100, 200);
	const struct rec *r;
	gpa at[64];

	(void)state;
	assert_int_equal(gd_create(d, 5, 64, 64, DISPLAY_A8R8G8B8), OK);
	assert_int_equal(gd_attach(d, 5, 16384, 16384, at), OK);
	memcpy(mock_ptr(d->m, at[0], 4), "\x80\x10\x20\x30", 4); /* A R G B */
	assert_int_equal(gd_transfer(d, 5, gd_rect(0, 0, 64, 64), 0), OK);
	assert_int_equal(gd_send_cursor(d, &c), OK);
	r = gd_last(d, REC_CURSOR);
	assert_int_equal(r->cursor.x, 103);
	assert_int_equal(r->cursor.y, 204);
	assert_true(r->cursor.visible);
	assert_memory_equal(r->bgra, "\x30\x20\x10\x80", 4);
	gd_free(d);
}

static void test_cursor_move_keeps_the_picture_and_hide_hides(void **state)
{
	struct gd *d = gd_new(0, NULL);
	struct gpu_wire_cursor c = cursor_rq(GPU_CMD_UPDATE_CURSOR, 0, 5, 0, 0);
	gpa at[64];

	(void)state;
	assert_int_equal(gd_create(d, 5, 64, 64, DISPLAY_B8G8R8A8), OK);
	assert_int_equal(gd_attach(d, 5, 16384, 16384, at), OK);
	assert_int_equal(gd_send_cursor(d, &c), OK);
	/* Half over the left edge. */
	c = cursor_rq(GPU_CMD_MOVE_CURSOR, 0, 99, (uint32_t)-20, 7);
	assert_int_equal(gd_send_cursor(d, &c), OK);
	assert_int_equal(gd_last(d, REC_CURSOR_MOVE)->cursor.x, -17);
	assert_true(gd_last(d, REC_CURSOR_MOVE)->cursor.visible);
	c = cursor_rq(GPU_CMD_UPDATE_CURSOR, 0, 0, 0, 0);
	assert_int_equal(gd_send_cursor(d, &c), OK);
	assert_false(gd_last(d, REC_CURSOR_MOVE)->cursor.visible);
	assert_int_equal(gd_count(d, REC_CURSOR), 1);
	gd_free(d);
}

static void test_cursor_from_a_guest_blob(void **state)
{
	struct gd *d = gd_new(0, NULL);
	gpa at = mock_alloc(d->m, 16384, 4096);
	struct gpu_wire_mem_entry e = { .addr = le64_of(at.v), .length = le32_of(16384) };
	struct gpu_wire_cursor c = cursor_rq(GPU_CMD_UPDATE_CURSOR, 0, 9, 1, 1);

	(void)state;
	memcpy(mock_ptr(d->m, at, 4), "\x01\x02\x03\x04", 4);
	assert_int_equal(gd_create_blob(d, 9, 16384, &e, 1), OK);
	assert_int_equal(gd_send_cursor(d, &c), OK);
	assert_memory_equal(gd_last(d, REC_CURSOR)->bgra, "\x01\x02\x03\x04", 4);
	gd_free(d);
}

static void test_uuid_is_stable_for_a_resource_and_differs_between_two(void **state)
{
	struct gd *d = gd_new(0, NULL);
	struct gpu_wire_resource rq = { .hdr = gd_hdr(GPU_CMD_RESOURCE_ASSIGN_UUID) };
	struct gpu_wire_uuid a, b, c;

	(void)state;
	assert_int_equal(gd_create(d, 1, 16, 16, 1), OK);
	assert_int_equal(gd_create(d, 2, 16, 16, 1), OK);
	rq.resource_id = le32_of(1);
	assert_int_equal(mock_send(d->m, GD_CONTROL, &rq, sizeof(rq), &a, sizeof(a)), sizeof(a));
	assert_int_equal(mock_send(d->m, GD_CONTROL, &rq, sizeof(rq), &b, sizeof(b)), sizeof(b));
	rq.resource_id = le32_of(2);
	assert_int_equal(mock_send(d->m, GD_CONTROL, &rq, sizeof(rq), &c, sizeof(c)), sizeof(c));
	assert_int_equal(le32_get(a.hdr.type), GPU_RESP_OK_RESOURCE_UUID);
	assert_memory_equal(a.uuid, b.uuid, 16);
	assert_memory_not_equal(a.uuid, c.uuid, 16);
	gd_free(d);
}

static void test_resize_raises_the_display_event_until_the_driver_clears_it(void **state)
{
	struct gd *d = gd_new(0, NULL);
	struct gpu_wire_hdr rq = gd_hdr(GPU_CMD_GET_DISPLAY_INFO);
	struct gpu_wire_display_info info;
	unsigned int irqs = mock_config_irqs(d->m);
	le32 ones = le32_of(GPU_EVENT_DISPLAY), zero = le32_of(0);

	(void)state;
	d->port->p.to.resize(d->port->p.to.ctx, 0, 800, 600);
	assert_int_equal(mock_config_irqs(d->m), irqs + 1);
	assert_int_equal(mock_config32(d->m, 0), GPU_EVENT_DISPLAY);
	assert_int_equal(
		mock_send(d->m, GD_CONTROL, &rq, sizeof(rq), &info, sizeof(info)), sizeof(info));
	assert_int_equal(le32_get(info.pmodes[0].r.width), 800);
	mock_config_write(d->m, 0, &zero, 4); /* events_read is read-only */
	mock_config_write(d->m, 4, &zero, 4);
	assert_int_equal(mock_config32(d->m, 0), GPU_EVENT_DISPLAY);
	mock_config_write(d->m, 4, &ones, 1);
	assert_int_equal(mock_config32(d->m, 0), 0);
	/* The same size again and nonsense are no events. */
	d->port->p.to.resize(d->port->p.to.ctx, 0, 800, 600);
	d->port->p.to.resize(d->port->p.to.ctx, 0, 0, 600);
	d->port->p.to.resize(d->port->p.to.ctx, 7, 900, 600);
	assert_int_equal(mock_config32(d->m, 0), 0);
	gd_free(d);
}

static void test_reset_frees_everything_and_hides_the_cursor(void **state)
{
	struct gd *d = gd_new(0, NULL);
	struct gpu_wire_cursor c = cursor_rq(GPU_CMD_UPDATE_CURSOR, 0, 5, 0, 0);

	(void)state;
	gd_show(d, 0, 1, 64, 64);
	assert_int_equal(gd_flush(d, 1, gd_rect(0, 0, 64, 64)), OK);
	assert_int_equal(gd_create(d, 5, 64, 64, DISPLAY_B8G8R8A8), OK);
	assert_int_equal(gd_send_cursor(d, &c), OK);
	mock_reset(d->m);
	assert_int_equal(gd_stats(d).resources, 0);
	assert_int_equal(gd_stats(d).resource_bytes, 0);
	assert_int_equal(gd_count(d, REC_OFF), 1);
	assert_int_equal(gd_count(d, REC_GONE), 1);
	assert_false(gd_last(d, REC_CURSOR_MOVE)->cursor.visible);
	mock_start(d->m, MOCK_ALL_FEATURES);
	gd_show(d, 0, 1, 64, 64);
	assert_int_equal(gd_flush(d, 1, gd_rect(0, 0, 64, 64)), OK);
	assert_int_equal(gd_count(d, REC_PRESENT), 2);
	gd_free(d);
}

static void test_bad_configurations_are_refused_with_a_reason(void **state)
{
	struct gpu_config cfg = two_scanouts();
	struct scanout_port *port;
	struct vdev *v = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(scanout_null_new(&port), 0);
	cfg.n_scanouts = 0;
	assert_int_equal(gpu_new(&v, &cfg, port, &e), -EINVAL);
	cfg.n_scanouts = 5;
	assert_int_equal(gpu_new(&v, &cfg, port, &e), -EINVAL);
	cfg.n_scanouts = 2;
	cfg.scanout[1].height = 9000;
	assert_int_equal(gpu_new(&v, &cfg, port, &e), -EINVAL);
	assert_non_null(strstr(e.text, "scanout 1"));
	assert_null(v);
	scanout_port_free(port);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config_space_tells_scanouts_and_no_capsets),
		cmocka_unit_test(test_display_info_names_every_configured_scanout),
		cmocka_unit_test(test_edid_of_each_scanout_has_its_size),
		cmocka_unit_test(test_transfer_copies_only_the_rectangle_from_scattered_pages),
		cmocka_unit_test(test_first_flush_shows_all_and_later_ones_their_damage),
		cmocka_unit_test(test_flush_is_clipped_to_each_scanout_that_shows_the_resource),
		cmocka_unit_test(test_flip_between_two_resources_announces_each_once),
		cmocka_unit_test(test_resource_zero_turns_a_scanout_off),
		cmocka_unit_test(test_unref_of_what_is_shown_turns_the_scanout_off_first),
		cmocka_unit_test(test_all_formats_can_be_created),
		cmocka_unit_test(test_blob_flush_copies_only_damaged_rows_of_guest_pages),
		cmocka_unit_test(test_blobs_of_one_size_flip_through_one_surface),
		cmocka_unit_test(test_transfer_of_a_blob_is_accepted_and_does_nothing),
		cmocka_unit_test(test_blob_pages_may_come_and_go_later),
		cmocka_unit_test(test_cursor_picture_goes_out_as_bgra_with_its_hot_spot),
		cmocka_unit_test(test_cursor_move_keeps_the_picture_and_hide_hides),
		cmocka_unit_test(test_cursor_from_a_guest_blob),
		cmocka_unit_test(test_uuid_is_stable_for_a_resource_and_differs_between_two),
		cmocka_unit_test(test_resize_raises_the_display_event_until_the_driver_clears_it),
		cmocka_unit_test(test_reset_frees_everything_and_hides_the_cursor),
		cmocka_unit_test(test_bad_configurations_are_refused_with_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
