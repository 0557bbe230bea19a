/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing of virtio-gpu requests and EDID blocks: pure functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/gpu/edid.h"
#include "devices/gpu/proto.h"

#define BAD_PARAM GPU_RESP_ERR_INVALID_PARAMETER

static void test_every_command_has_the_length_of_its_structure(void **state)
{
	(void)state;
	assert_int_equal(gpu_request_bytes(GPU_CMD_GET_DISPLAY_INFO), 24);
	assert_int_equal(gpu_request_bytes(GPU_CMD_RESOURCE_CREATE_2D), 40);
	assert_int_equal(gpu_request_bytes(GPU_CMD_RESOURCE_UNREF), 32);
	assert_int_equal(gpu_request_bytes(GPU_CMD_SET_SCANOUT), 48);
	assert_int_equal(gpu_request_bytes(GPU_CMD_RESOURCE_FLUSH), 48);
	assert_int_equal(gpu_request_bytes(GPU_CMD_TRANSFER_TO_HOST_2D), 56);
	assert_int_equal(gpu_request_bytes(GPU_CMD_RESOURCE_ATTACH_BACKING), 32);
	assert_int_equal(gpu_request_bytes(GPU_CMD_RESOURCE_DETACH_BACKING), 32);
	assert_int_equal(gpu_request_bytes(GPU_CMD_GET_EDID), 32);
	assert_int_equal(gpu_request_bytes(GPU_CMD_RESOURCE_ASSIGN_UUID), 32);
	assert_int_equal(gpu_request_bytes(GPU_CMD_RESOURCE_CREATE_BLOB), 56);
	assert_int_equal(gpu_request_bytes(GPU_CMD_SET_SCANOUT_BLOB), 96);
	assert_int_equal(gpu_request_bytes(GPU_CMD_UPDATE_CURSOR), 56);
	assert_int_equal(gpu_request_bytes(GPU_CMD_MOVE_CURSOR), 56);
	assert_int_equal(gpu_request_bytes(GPU_CMD_GET_CAPSET), 0);
	assert_int_equal(gpu_request_bytes(0x0200), 0);
}

static void test_header_is_kept_when_the_rest_is_refused(void **state)
{
	struct gpu_wire_create_2d w = { .format = le32_of(1) };
	struct gpu_request rq;

	(void)state;
	w.hdr.type = le32_of(GPU_CMD_RESOURCE_CREATE_2D);
	w.hdr.flags = le32_of(GPU_FLAG_FENCE);
	w.hdr.fence_id = le64_of(42);
	assert_int_equal(gpu_parse(&w, sizeof(w), &rq), GPU_RESP_ERR_INVALID_RESOURCE_ID);
	assert_int_equal(rq.fence_id, 42);
	assert_int_equal(gpu_parse(&w, sizeof(w) - 1, &rq), BAD_PARAM);
	assert_int_equal(rq.fence_id, 42);
	assert_int_equal(gpu_parse(&w, 23, &rq), BAD_PARAM);
	assert_int_equal(rq.flags, 0);
}

static void test_response_without_fence_echoes_nothing(void **state)
{
	struct gpu_request rq = { .fence_id = 7, .ctx_id = 8, .ring_idx = 9 };
	struct gpu_wire_hdr h;

	(void)state;
	gpu_response(&h, &rq, GPU_RESP_OK_NODATA);
	assert_int_equal(le32_get(h.flags), 0);
	assert_int_equal(le64_get(h.fence_id), 0);
	rq.flags = GPU_FLAG_FENCE | GPU_FLAG_INFO_RING_IDX;
	gpu_response(&h, &rq, GPU_RESP_OK_NODATA);
	assert_int_equal(le32_get(h.flags), rq.flags);
	assert_int_equal(le64_get(h.fence_id), 7);
	assert_int_equal(le32_get(h.ctx_id), 8);
	assert_int_equal(h.ring_idx, 9);
}

static void test_transfer_of_the_largest_picture_needs_all_of_its_backing(void **state)
{
	const uint64_t all = (uint64_t)8192 * 8192 * 4;
	struct display_rect r = { 0, 0, 8192, 8192 };

	(void)state;
	assert_int_equal(gpu_transfer_check(r, 0, 8192, 8192, all), 0);
	assert_int_equal(gpu_transfer_check(r, 0, 8192, 8192, all - 1), BAD_PARAM);
	assert_int_equal(gpu_transfer_check(r, 1, 8192, 8192, all), BAD_PARAM);
	assert_int_equal(gpu_transfer_check(r, UINT64_MAX, 8192, 8192, UINT64_MAX), BAD_PARAM);
}

static void test_last_row_of_a_transfer_needs_no_padding_behind_it(void **state)
{
	struct display_rect r = { 60, 0, 4, 2 };

	(void)state;
	/* Two rows of 4 pixels, 64 pixels apart: 256 + 16 bytes. */
	assert_int_equal(gpu_transfer_check(r, 0, 64, 2, 272), 0);
	assert_int_equal(gpu_transfer_check(r, 0, 64, 2, 271), BAD_PARAM);
}

static uint8_t sum(const uint8_t *b, uint32_t n)
{
	uint8_t s = 0;

	while (n-- > 0)
		s = (uint8_t)(s + b[n]);
	return s;
}

/* Fields of the first detailed timing descriptor. */
struct dtd {
	uint32_t clock_10k, w, h, hblank, vblank;
};

static struct dtd first_timing(const uint8_t *e)
{
	const uint8_t *d = e + 54;

	return (struct dtd){
		.clock_10k = d[0] | (uint32_t)d[1] << 8,
		.w = d[2] | (uint32_t)(d[4] >> 4) << 8,
		.hblank = d[3] | (uint32_t)(d[4] & 15) << 8,
		.h = d[5] | (uint32_t)(d[7] >> 4) << 8,
		.vblank = d[6] | (uint32_t)(d[7] & 15) << 8,
	};
}

static void test_edid_base_block_is_valid_for_usual_sizes(void **state)
{
	static const uint32_t sizes[][2] = { { 1920, 720 }, { 1280, 800 }, { 1920, 1080 },
		{ 3840, 2160 }, { 640, 480 }, { 16, 16 }, { 4095, 64 }, { 720, 1920 } };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint8_t e[EDID_MAX_BYTES];
		struct dtd t;
		double hz;

		assert_int_equal(edid_build(e, sizes[i][0], sizes[i][1], "Cluster", 1), 128);
		assert_memory_equal(e, "\x00\xff\xff\xff\xff\xff\xff\x00", 8);
		assert_int_equal(sum(e, 128), 0);
		assert_int_equal(e[18], 1);
		assert_int_equal(e[19], 4);
		assert_int_equal(e[126], 0);
		t = first_timing(e);
		assert_int_equal(t.w, sizes[i][0]);
		assert_int_equal(t.h, sizes[i][1]);
		hz = t.clock_10k * 10000.0 / ((t.w + t.hblank) * (double)(t.h + t.vblank));
		assert_true(hz > 58.0 && hz < 60.01);
	}
}

static void test_edid_name_is_cut_and_made_printable(void **state)
{
	uint8_t e[EDID_MAX_BYTES];

	(void)state;
	edid_build(e, 1920, 720, "Cluster", 1);
	assert_memory_equal(e + 72, "\0\0\0\xfc\0Cluster\n     ", 18);
	edid_build(e, 1920, 720, "A name of more than thirteen", 1);
	assert_memory_equal(e + 77, "A name of mor", 13);
	edid_build(e, 1920, 720, "a\nb\x80", 1);
	assert_memory_equal(e + 77, "a?b?\n", 5);
}

/* A data block of the DisplayID section at s; NULL when there is none. */
static const uint8_t *displayid_find(const uint8_t *s, uint8_t tag)
{
	const uint8_t *end = s + 4 + s[1];

	for (const uint8_t *d = s + 4; d < end; d += 3 + d[2])
		if (d[0] == tag)
			return d + 3;
	return NULL;
}

static void test_edid_of_a_size_past_4095_has_a_displayid_timing(void **state)
{
	uint8_t e[EDID_MAX_BYTES];
	const uint8_t *s = e + 129, *d;

	(void)state;
	assert_int_equal(edid_build(e, 7680, 720, "Pillar", 1), 256);
	assert_int_equal(sum(e, 128), 0);
	assert_int_equal(e[126], 1);
	assert_int_equal(e[128], 0x70);
	assert_int_equal(sum(e + 128, 128), 0);
	assert_int_equal(sum(s, 4 + s[1] + 1u), 0); /* the section's own sum */
	d = displayid_find(s, 0x03);
	assert_non_null(d);
	assert_int_equal(d[4] | d[5] << 8, 7680 - 1);
	assert_int_equal(d[12] | d[13] << 8, 720 - 1);
	d = displayid_find(s, 0x01);
	assert_non_null(d);
	assert_int_equal(d[4] | d[5] << 8, 7680);
	/* The base block still names a size that it can say. */
	assert_int_equal(first_timing(e).w, 3840);
	assert_int_equal(first_timing(e).h, 360);
}

static void test_edid_of_a_fast_pixel_clock_lowers_its_rate(void **state)
{
	uint8_t e[EDID_MAX_BYTES];
	struct dtd t;

	(void)state;
	assert_int_equal(edid_build(e, 4000, 4000, "Big", 1), 128);
	t = first_timing(e);
	assert_int_equal(t.w, 4000);
	assert_int_equal(t.h, 4000);
	assert_true(t.clock_10k > 40000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_command_has_the_length_of_its_structure),
		cmocka_unit_test(test_header_is_kept_when_the_rest_is_refused),
		cmocka_unit_test(test_response_without_fence_echoes_nothing),
		cmocka_unit_test(test_transfer_of_the_largest_picture_needs_all_of_its_backing),
		cmocka_unit_test(test_last_row_of_a_transfer_needs_no_padding_behind_it),
		cmocka_unit_test(test_edid_base_block_is_valid_for_usual_sizes),
		cmocka_unit_test(test_edid_name_is_cut_and_made_printable),
		cmocka_unit_test(test_edid_of_a_size_past_4095_has_a_displayid_timing),
		cmocka_unit_test(test_edid_of_a_fast_pixel_clock_lowers_its_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
