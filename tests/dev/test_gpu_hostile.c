/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-gpu against guests that lie: every refusal has its code, nothing wraps, nothing leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/dev/gpu_driver.h"

#define OK           GPU_RESP_OK_NODATA
#define UNSPEC       GPU_RESP_ERR_UNSPEC
#define NO_MEMORY    GPU_RESP_ERR_OUT_OF_MEMORY
#define BAD_SCANOUT  GPU_RESP_ERR_INVALID_SCANOUT_ID
#define BAD_RESOURCE GPU_RESP_ERR_INVALID_RESOURCE_ID
#define BAD_PARAM    GPU_RESP_ERR_INVALID_PARAMETER

static void test_create_2d_refuses_what_cannot_be(void **state)
{
	struct gd *d = gd_new(0, NULL);

	(void)state;
	assert_int_equal(gd_create(d, 0, 16, 16, 1), BAD_RESOURCE);
	assert_int_equal(gd_create(d, 1, 0, 16, 1), BAD_PARAM);
	assert_int_equal(gd_create(d, 1, 16, 0, 1), BAD_PARAM);
	assert_int_equal(gd_create(d, 1, UINT32_MAX, 1, 1), BAD_PARAM);
	assert_int_equal(gd_create(d, 1, 0x40000001, 1, 1), BAD_PARAM);
	assert_int_equal(gd_create(d, 1, 16, 16, 0), BAD_PARAM);
	assert_int_equal(gd_create(d, 1, 16, 16, 5), BAD_PARAM);
	assert_int_equal(gd_create(d, 1, 16, 16, UINT32_MAX), BAD_PARAM);
	assert_int_equal(gd_create(d, UINT32_MAX, 16, 16, 1), OK);
	assert_int_equal(gd_create(d, UINT32_MAX, 16, 16, 1), BAD_RESOURCE);
	assert_int_equal(gd_stats(d).resources, 1);
	gd_free(d);
}

static void test_pixels_of_all_resources_stay_under_the_limit(void **state)
{
	struct gpu_config cfg = {
		.n_scanouts = 1, .scanout = { { 640, 480, "T" } }, .max_bytes = 1 << 20
	};
	struct gd *d = gd_new(0, &cfg);
	uint32_t id = 1;

	(void)state;
	assert_int_equal(gd_create(d, 99, 8192, 8192, 1), NO_MEMORY);
	while (gd_create(d, id, 256, 256, 1) == OK)
		id++;
	assert_int_equal(id, 5); /* four quarters of a MiB */
	assert_int_equal(gd_stats(d).resource_bytes, 1 << 20);
	assert_int_equal(gd_unref(d, 1), OK);
	assert_int_equal(gd_create(d, 1, 256, 256, 1), OK);
	gd_free(d);
}

static void test_number_of_resources_is_bounded(void **state)
{
	struct gd *d = gd_new(0, NULL);
	uint32_t n = 0;

	(void)state;
	while (n < 5000 && gd_create(d, n + 1, 1, 1, 1) == OK)
		n++;
	assert_in_range(n, 64, 1024);
	while (n < 5000 && gd_create_blob(d, n + 1, 4096, NULL, 0) == OK)
		n++;
	assert_in_range(n, 64, 1024);
	assert_int_equal(gd_create(d, 6000, 1, 1, 1), NO_MEMORY);
	gd_free(d);
}

static void test_attach_checks_count_and_every_entry(void **state)
{
	struct gd *d = gd_new(0, NULL);
	gpa at = mock_alloc(d->m, 4096, 4096);
	struct gpu_wire_mem_entry e[2] = {
		{ .addr = le64_of(at.v), .length = le32_of(4096) },
		{ .addr = le64_of(at.v), .length = le32_of(4096) },
	};
	struct gpu_wire_attach huge = { gd_hdr(GPU_CMD_RESOURCE_ATTACH_BACKING), le32_of(1),
		le32_of(UINT32_MAX) };

	(void)state;
	assert_int_equal(gd_create(d, 1, 32, 32, 1), OK);
	assert_int_equal(gd_attach_entries(d, 1, e, 0), BAD_PARAM);
	/* Counts that the request does not hold, also where count * 16 wraps. */
	assert_int_equal(gd_send(d, &huge, sizeof(huge)), BAD_PARAM);
	huge.nr_entries = le32_of(0x10000001);
	assert_int_equal(gd_send(d, &huge, sizeof(huge)), BAD_PARAM);
	huge.nr_entries = le32_of(65536);
	assert_int_equal(gd_send(d, &huge, sizeof(huge)), BAD_PARAM);
	huge.nr_entries = le32_of(1);
	assert_int_equal(gd_send(d, &huge, sizeof(huge)), BAD_PARAM);
	/* Addresses outside memory, past its end, at the end of the address space. */
	e[1].addr = le64_of(0);
	assert_int_equal(gd_attach_entries(d, 1, e, 2), BAD_PARAM);
	e[1].addr = le64_of(MOCK_MEM_BASE + MOCK_MEM_BYTES - 1);
	assert_int_equal(gd_attach_entries(d, 1, e, 2), BAD_PARAM);
	e[1].addr = le64_of(UINT64_MAX - 4095);
	assert_int_equal(gd_attach_entries(d, 1, e, 2), BAD_PARAM);
	e[1].addr = le64_of(UINT64_MAX);
	e[1].length = le32_of(UINT32_MAX);
	assert_int_equal(gd_attach_entries(d, 1, e, 2), BAD_PARAM);
	/* An entry without length says nothing, wherever it points. */
	e[1].length = le32_of(0);
	assert_int_equal(gd_attach_entries(d, 1, e, 2), OK);
	assert_int_equal(gd_attach_entries(d, 1, e, 1), UNSPEC);
	assert_int_equal(gd_attach_entries(d, 2, e, 1), BAD_RESOURCE);
	assert_int_equal(gd_detach(d, 1), OK);
	assert_int_equal(gd_detach(d, 1), UNSPEC);
	assert_int_equal(gd_detach(d, 2), BAD_RESOURCE);
	gd_free(d);
}

static void test_many_entries_on_the_same_page_are_legal(void **state)
{
	struct gd *d = gd_new(0, NULL);
	gpa at = mock_alloc(d->m, 4096, 4096);
	struct gpu_wire_mem_entry *e = calloc(4096, sizeof(*e));

	(void)state;
	assert_non_null(e);
	for (unsigned int i = 0; i < 4096; i++)
		e[i] = (struct gpu_wire_mem_entry){ .addr = le64_of(at.v), .length = le32_of(4) };
	memset(mock_ptr(d->m, at, 4), 0x77, 4);
	assert_int_equal(gd_create(d, 1, 64, 64, 2), OK);
	assert_int_equal(gd_attach_entries(d, 1, e, 4096), OK);
	assert_int_equal(gd_set_scanout(d, 0, 1, gd_rect(0, 0, 64, 64)), OK);
	assert_int_equal(gd_transfer(d, 1, gd_rect(0, 0, 64, 64), 0), OK);
	assert_int_equal(gd_flush(d, 1, gd_rect(0, 0, 64, 64)), OK);
	assert_int_equal(gd_pixel(d, gd_last(d, REC_SURFACE)->surface.id, 63, 63), 0x77777777);
	free(e);
	gd_free(d);
}

static void test_transfer_out_of_bounds_is_refused_and_copies_nothing(void **state)
{
	static const struct {
		uint32_t x, y, w, h;
		uint64_t offset;
	} bad[] = {
		{ 0, 0, 65, 1, 0 },
		{ 0, 0, 1, 65, 0 },
		{ 64, 0, 1, 1, 0 },
		{ UINT32_MAX, 0, 2, 1, 0 },
		{ 1, 1, UINT32_MAX, UINT32_MAX, 0 },
		{ 0, UINT32_MAX - 3, 4, 8, 0 },
		{ 0, 0, 64, 64, 1 },
		{ 0, 0, 64, 64, 4 },
		{ 0, 0, 1, 1, 16384 },
		{ 0, 0, 1, 1, 16381 },
		{ 0, 0, 1, 1, UINT64_MAX },
		{ 0, 0, 64, 64, UINT64_MAX - 16383 },
		{ 0, 0, 1, 64, 260 },
	};
	struct gd *d = gd_new(0, NULL);

	(void)state;
	gd_show(d, 0, 1, 64, 64);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(gd_transfer(d, 1, gd_rect(bad[i].x, bad[i].y, bad[i].w, bad[i].h),
					 bad[i].offset),
			BAD_PARAM);
	assert_int_equal(gd_stats(d).transferred_bytes, 0);
	/* Empty ones are legal and the last byte may be used. */
	assert_int_equal(gd_transfer(d, 1, gd_rect(64, 64, 0, 0), UINT64_MAX), OK);
	assert_int_equal(gd_transfer(d, 1, gd_rect(63, 63, 1, 1), 16380), OK);
	assert_int_equal(gd_transfer(d, 2, gd_rect(0, 0, 1, 1), 0), BAD_RESOURCE);
	assert_int_equal(gd_transfer(d, 0, gd_rect(0, 0, 1, 1), 0), BAD_RESOURCE);
	gd_free(d);
}

static void test_large_transfers_leave_the_loop_to_others_in_between(void **state)
{
	enum { SIDE = 2048, N = 16 }; /* 16 MiB each */
	struct gd *d = gd_new(MOCK_INDIRECT, NULL);
	struct gpu_wire_transfer rq = { .hdr = gd_hdr(GPU_CMD_TRANSFER_TO_HOST_2D),
		.r = gd_rect(0, 0, SIDE, SIDE),
		.resource_id = le32_of(1) };
	struct mock_iov out = { &rq, sizeof(rq) }, in = { NULL, sizeof(struct gpu_wire_hdr) };
	struct mock_used u;

	(void)state;
	(void)gd_show(d, 0, 1, SIDE, SIDE);
	for (unsigned int i = 0; i < N; i++)
		assert_true(mock_add(d->m, GD_CONTROL, &out, 1, &in, 1) >= 0);
	(void)mock_kick(d->m, GD_CONTROL);
	while (gd_stats(d).transferred_bytes == 0)
		mock_turn(d->m);
	/* The kick's share and, at most, one turn's. */
	assert_in_range(gd_stats(d).transferred_bytes, 1, (N - 1) << 24);
	for (unsigned int i = 0; i < N; i++)
		assert_true(mock_wait(d->m, GD_CONTROL, &u));
	assert_int_equal(gd_stats(d).transferred_bytes, N << 24);
	gd_free(d);
}

static void test_transfer_without_backing_is_refused(void **state)
{
	struct gd *d = gd_new(0, NULL);

	(void)state;
	assert_int_equal(gd_create(d, 1, 64, 64, 1), OK);
	assert_int_equal(gd_transfer(d, 1, gd_rect(0, 0, 64, 64), 0), UNSPEC);
	gd_free(d);
}

static void test_set_scanout_refuses_what_the_resource_does_not_cover(void **state)
{
	struct gd *d = gd_new(0, NULL);

	(void)state;
	gd_show(d, 0, 1, 64, 64);
	assert_int_equal(gd_set_scanout(d, 1, 1, gd_rect(0, 0, 64, 64)), BAD_SCANOUT);
	assert_int_equal(gd_set_scanout(d, UINT32_MAX, 1, gd_rect(0, 0, 64, 64)), BAD_SCANOUT);
	assert_int_equal(gd_set_scanout(d, 5, 0, gd_rect(0, 0, 0, 0)), BAD_SCANOUT);
	assert_int_equal(gd_set_scanout(d, 0, 2, gd_rect(0, 0, 64, 64)), BAD_RESOURCE);
	assert_int_equal(gd_set_scanout(d, 0, 1, gd_rect(1, 0, 64, 64)), BAD_PARAM);
	assert_int_equal(gd_set_scanout(d, 0, 1, gd_rect(0, 0, 0, 64)), BAD_PARAM);
	assert_int_equal(gd_set_scanout(d, 0, 1, gd_rect(UINT32_MAX, UINT32_MAX, 2, 2)), BAD_PARAM);
	/* What was set before is still shown. */
	assert_int_equal(gd_flush(d, 1, gd_rect(0, 0, 64, 64)), OK);
	assert_int_equal(gd_count(d, REC_PRESENT), 1);
	gd_free(d);
}

static void test_flush_refuses_rectangles_outside_the_resource(void **state)
{
	struct gd *d = gd_new(0, NULL);

	(void)state;
	gd_show(d, 0, 1, 64, 64);
	assert_int_equal(gd_flush(d, 1, gd_rect(0, 0, 65, 64)), BAD_PARAM);
	assert_int_equal(gd_flush(d, 1, gd_rect(UINT32_MAX, 0, 1, 1)), BAD_PARAM);
	assert_int_equal(gd_flush(d, 1, gd_rect(60, 60, UINT32_MAX - 59, 5)), BAD_PARAM);
	assert_int_equal(gd_flush(d, 1, gd_rect(3, 3, 0, 0)), OK);
	assert_int_equal(gd_flush(d, 0, gd_rect(0, 0, 1, 1)), BAD_RESOURCE);
	assert_int_equal(gd_count(d, REC_PRESENT), 0);
	gd_free(d);
}

static void test_blob_creation_refuses_what_needs_3d_and_missing_pages(void **state)
{
	struct gd *d = gd_new(0, NULL);
	struct gpu_wire_create_blob b = { .hdr = gd_hdr(GPU_CMD_RESOURCE_CREATE_BLOB),
		.resource_id = le32_of(1),
		.blob_mem = le32_of(GPU_BLOB_MEM_GUEST),
		.size = le64_of(4096) };
	gpa at = mock_alloc(d->m, 4096, 4096);
	struct gpu_wire_mem_entry e = { .addr = le64_of(at.v), .length = le32_of(4096) };

	(void)state;
	for (uint32_t mem = 0; mem < 5; mem++) {
		b.blob_mem = le32_of(mem);
		assert_int_equal(
			gd_send(d, &b, sizeof(b)), mem == GPU_BLOB_MEM_GUEST ? OK : BAD_PARAM);
	}
	assert_int_equal(gd_unref(d, 1), OK);
	b.blob_mem = le32_of(GPU_BLOB_MEM_GUEST);
	b.blob_flags = le32_of(8);
	assert_int_equal(gd_send(d, &b, sizeof(b)), BAD_PARAM);
	b.blob_flags = le32_of(7);
	b.size = le64_of(0);
	assert_int_equal(gd_send(d, &b, sizeof(b)), BAD_PARAM);
	b.size = le64_of(4096);
	b.nr_entries = le32_of(1); /* but there is none behind it */
	assert_int_equal(gd_send(d, &b, sizeof(b)), BAD_PARAM);
	assert_int_equal(gd_create_blob(d, 1, 4097, &e, 1), BAD_PARAM);
	assert_int_equal(gd_create_blob(d, 1, UINT64_MAX, &e, 1), BAD_PARAM);
	assert_int_equal(gd_create_blob(d, 0, 4096, &e, 1), BAD_RESOURCE);
	assert_int_equal(gd_create_blob(d, 1, 4096, &e, 1), OK);
	assert_int_equal(gd_create_blob(d, 1, 4096, &e, 1), BAD_RESOURCE);
	assert_int_equal(gd_set_scanout(d, 0, 1, gd_rect(0, 0, 16, 16)), BAD_RESOURCE);
	gd_free(d);
}

static void test_blob_scanout_checks_stride_and_offset(void **state)
{
	static const struct {
		uint32_t w, h, stride, offset, expect;
	} cases[] = {
		{ 64, 64, 256, 0, OK },
		{ 64, 64, 255, 0, BAD_PARAM },
		{ 64, 64, 0, 0, BAD_PARAM },
		{ 64, 64, 256, 1, BAD_PARAM },
		{ 64, 64, 260, 0, BAD_PARAM },
		{ 64, 63, 260, 4, OK },
		{ 64, 64, UINT32_MAX, 0, BAD_PARAM },
		{ 64, 64, 256, UINT32_MAX, BAD_PARAM },
		{ UINT32_MAX, 64, 256, 0, BAD_PARAM },
		{ 0x40000040, 64, 256, 0, BAD_PARAM },
		{ 64, UINT32_MAX, 256, 0, BAD_PARAM },
		{ 64, 0, 256, 0, BAD_PARAM },
	};
	struct gd *d = gd_new(0, NULL);

	(void)state;
	assert_int_equal(gd_create_blob(d, 1, 16384, NULL, 0), OK);
	assert_int_equal(gd_create(d, 2, 64, 64, 1), OK);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(gd_set_scanout_blob(d, 0, 1, gd_rect(0, 0, 16, 16), cases[i].w,
					 cases[i].h, cases[i].stride, cases[i].offset),
			cases[i].expect);
	assert_int_equal(
		gd_set_scanout_blob(d, 0, 1, gd_rect(60, 0, 5, 5), 64, 64, 256, 0), BAD_PARAM);
	assert_int_equal(gd_set_scanout_blob(d, 0, 1, gd_rect(UINT32_MAX, 0, 5, 5), 64, 64, 256, 0),
		BAD_PARAM);
	assert_int_equal(
		gd_set_scanout_blob(d, 1, 1, gd_rect(0, 0, 5, 5), 64, 64, 256, 0), BAD_SCANOUT);
	assert_int_equal(
		gd_set_scanout_blob(d, 0, 2, gd_rect(0, 0, 5, 5), 64, 64, 256, 0), BAD_RESOURCE);
	assert_int_equal(gd_set_scanout_blob(d, 0, 0, gd_rect(9, 9, 0, 0), 0, 0, 0, 0), OK);
	gd_free(d);
}

static void test_cursor_refuses_wrong_sizes_and_places(void **state)
{
	struct gd *d = gd_new(0, NULL);
	struct gpu_wire_cursor c = { .hdr = gd_hdr(GPU_CMD_UPDATE_CURSOR),
		.resource_id = le32_of(1) };

	(void)state;
	assert_int_equal(gd_create(d, 1, 64, 63, 1), OK);
	assert_int_equal(gd_create(d, 2, 64, 64, 1), OK);
	assert_int_equal(gd_send_cursor(d, &c), BAD_PARAM);
	c.resource_id = le32_of(3);
	assert_int_equal(gd_send_cursor(d, &c), BAD_RESOURCE);
	c.resource_id = le32_of(2);
	c.hot_x = le32_of(64);
	assert_int_equal(gd_send_cursor(d, &c), BAD_PARAM);
	c.hot_x = le32_of(63);
	c.pos.scanout_id = le32_of(4);
	assert_int_equal(gd_send_cursor(d, &c), BAD_SCANOUT);
	c.pos.scanout_id = le32_of(0);
	c.pos.x = le32_of(INT32_MAX);
	assert_int_equal(gd_send_cursor(d, &c), OK);
	assert_int_equal(gd_last(d, REC_CURSOR)->cursor.x, INT32_MAX);
	gd_free(d);
}

static void test_commands_on_the_wrong_queue_or_unknown_are_refused(void **state)
{
	static const uint32_t types[] = { 0, 0xff, 0x10e, 0x108, 0x109, 0x200, 0x207, 0x208, 0x302,
		0x1100, UINT32_MAX };
	struct gd *d = gd_new(0, NULL);
	struct gpu_wire_cursor c = { .hdr = gd_hdr(GPU_CMD_MOVE_CURSOR) };
	struct gpu_wire_resource r = { .resource_id = le32_of(1) };

	(void)state;
	assert_int_equal(gd_send(d, &c, sizeof(c)), UNSPEC);
	c.hdr = gd_hdr(GPU_CMD_GET_DISPLAY_INFO);
	assert_int_equal(gd_send_cursor(d, &c), UNSPEC);
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		r.hdr = gd_hdr(types[i]);
		assert_int_equal(gd_send(d, &r, sizeof(r)), UNSPEC);
	}
	gd_free(d);
}

static void test_short_requests_are_refused_at_every_length(void **state)
{
	struct gd *d = gd_new(0, NULL);
	struct gpu_wire_create_2d c = { gd_hdr(GPU_CMD_RESOURCE_CREATE_2D), le32_of(1), le32_of(1),
		le32_of(16), le32_of(16) };

	(void)state;
	for (uint32_t len = 1; len < sizeof(c); len++)
		assert_int_equal(gd_send(d, &c, len), BAD_PARAM);
	assert_int_equal(gd_send(d, &c, sizeof(c)), OK);
	gd_free(d);
}

static void test_answers_without_room_do_not_touch_memory_behind_them(void **state)
{
	struct gd *d = gd_new(0, NULL);
	struct gpu_wire_hdr rq = gd_hdr(GPU_CMD_GET_DISPLAY_INFO), h;

	(void)state;
	/* No room at all, too little for a header, too little for the data. */
	assert_int_equal(mock_send(d->m, GD_CONTROL, &rq, sizeof(rq), NULL, 0), 0);
	assert_int_equal(mock_send(d->m, GD_CONTROL, &rq, sizeof(rq), &h, 23), 0);
	assert_int_equal(mock_send(d->m, GD_CONTROL, &rq, sizeof(rq), &h, sizeof(h)), sizeof(h));
	assert_int_equal(le32_get(h.type), BAD_PARAM);
	assert_false(mock_needs_reset(d->m));
	gd_free(d);
}

static void test_features_that_were_not_negotiated_are_refused(void **state)
{
	struct gd *d = gd_new(0, NULL);
	struct gpu_wire_resource r = { .resource_id = le32_of(1) };
	struct gpu_wire_uuid u;
	struct gpu_wire_get_edid e = { .hdr = gd_hdr(GPU_CMD_GET_EDID) };
	struct gpu_wire_edid edid;

	(void)state;
	mock_start(d->m, 0);
	assert_int_equal(gd_create(d, 1, 16, 16, 1), OK);
	assert_int_equal(gd_create_blob(d, 2, 4096, NULL, 0), UNSPEC);
	assert_int_equal(gd_set_scanout_blob(d, 0, 1, gd_rect(0, 0, 5, 5), 64, 64, 256, 0), UNSPEC);
	r.hdr = gd_hdr(GPU_CMD_RESOURCE_ASSIGN_UUID);
	assert_int_equal(mock_send(d->m, GD_CONTROL, &r, sizeof(r), &u, sizeof(u)), 24);
	assert_int_equal(le32_get(u.hdr.type), UNSPEC);
	assert_int_equal(mock_send(d->m, GD_CONTROL, &e, sizeof(e), &edid, sizeof(edid)), 24);
	assert_int_equal(le32_get(edid.hdr.type), UNSPEC);
	gd_free(d);
}

static void test_more_shown_resources_than_surfaces_take_old_ones_back(void **state)
{
	struct gd *d = gd_new(0, NULL);

	(void)state;
	for (uint32_t id = 1; id <= 100; id++) {
		gd_show(d, 0, id, 16, 16);
		assert_int_equal(gd_flush(d, id, gd_rect(0, 0, 16, 16)), OK);
	}
	assert_int_equal(gd_count(d, REC_SURFACE), 100);
	assert_true(gd_count(d, REC_SURFACE) - gd_count(d, REC_GONE) <= DISPLAY_MAX_SURFACES);
	/* One that was taken back is announced again, under a new id. */
	for (uint32_t id = 1; id <= 100; id++) {
		assert_int_equal(gd_set_scanout(d, 0, id, gd_rect(0, 0, 16, 16)), OK);
		assert_int_equal(gd_flush(d, id, gd_rect(0, 0, 16, 16)), OK);
	}
	assert_true(gd_count(d, REC_SURFACE) - gd_count(d, REC_GONE) <= DISPLAY_MAX_SURFACES);
	assert_int_equal(gd_count(d, REC_PRESENT), 200);
	gd_free(d);
}

static void test_config_writes_of_every_width_and_place_change_nothing_else(void **state)
{
	static const uint8_t ones[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct gd *d = gd_new(0, NULL);

	(void)state;
	for (uint32_t off = 0; off < 32; off++)
		for (uint32_t len = 1; len <= 8; len++)
			mock_config_write(d->m, off, ones, len);
	assert_int_equal(mock_config32(d->m, 0), 0);
	assert_int_equal(mock_config32(d->m, 4), 0);
	assert_int_equal(mock_config32(d->m, 8), 1);
	assert_int_equal(mock_config32(d->m, 12), 0);
	gd_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create_2d_refuses_what_cannot_be),
		cmocka_unit_test(test_pixels_of_all_resources_stay_under_the_limit),
		cmocka_unit_test(test_number_of_resources_is_bounded),
		cmocka_unit_test(test_attach_checks_count_and_every_entry),
		cmocka_unit_test(test_many_entries_on_the_same_page_are_legal),
		cmocka_unit_test(test_transfer_out_of_bounds_is_refused_and_copies_nothing),
		cmocka_unit_test(test_large_transfers_leave_the_loop_to_others_in_between),
		cmocka_unit_test(test_transfer_without_backing_is_refused),
		cmocka_unit_test(test_set_scanout_refuses_what_the_resource_does_not_cover),
		cmocka_unit_test(test_flush_refuses_rectangles_outside_the_resource),
		cmocka_unit_test(test_blob_creation_refuses_what_needs_3d_and_missing_pages),
		cmocka_unit_test(test_blob_scanout_checks_stride_and_offset),
		cmocka_unit_test(test_cursor_refuses_wrong_sizes_and_places),
		cmocka_unit_test(test_commands_on_the_wrong_queue_or_unknown_are_refused),
		cmocka_unit_test(test_short_requests_are_refused_at_every_length),
		cmocka_unit_test(test_answers_without_room_do_not_touch_memory_behind_them),
		cmocka_unit_test(test_features_that_were_not_negotiated_are_refused),
		cmocka_unit_test(test_more_shown_resources_than_surfaces_take_old_ones_back),
		cmocka_unit_test(test_config_writes_of_every_width_and_place_change_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
