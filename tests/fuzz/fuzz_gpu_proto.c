/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the parser of virtio-gpu requests: what passes must keep its promises, also when it goes
 * on to the checks of rectangles, offsets and strides against sizes that come from the input, too.
 */
#include "devices/gpu/proto.h"

#include <stdlib.h>
#include <string.h>

#include "devices/gpu/edid.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* Last byte that rows of a picture touch, in 128 bits; the checked value must not lie. */
static unsigned __int128 end_of(uint64_t offset, uint64_t stride, uint32_t w, uint32_t h)
{
	return (unsigned __int128)offset + (unsigned __int128)stride * (h - 1) +
	       (unsigned __int128)w * DISPLAY_BPP;
}

static void check_transfer(const struct gpu_request *rq, uint32_t w, uint32_t h, uint64_t backing)
{
	struct display_rect r = rq->u.transfer.r;

	if (gpu_transfer_check(r, rq->u.transfer.offset, w, h, backing) || r.w == 0 || r.h == 0)
		return;
	must((uint64_t)r.x + r.w <= w && (uint64_t)r.y + r.h <= h);
	must(end_of(rq->u.transfer.offset, (uint64_t)w * DISPLAY_BPP, r.w, r.h) <= backing);
}

static void check_blob(const struct gpu_request *rq, uint64_t bytes)
{
	if (rq->resource == 0 || gpu_blob_picture_check(rq, bytes))
		return;
	must(rq->u.scanout_blob.width <= DISPLAY_MAX_SIDE);
	must(display_rect_inside(
		rq->u.scanout_blob.r, rq->u.scanout_blob.width, rq->u.scanout_blob.height));
	must(end_of(rq->u.scanout_blob.offset, rq->u.scanout_blob.stride, rq->u.scanout_blob.width,
		     rq->u.scanout_blob.height) <= bytes);
}

static void check_edid(uint32_t w, uint32_t h, const uint8_t *name, size_t n)
{
	uint8_t e[EDID_MAX_BYTES], total = 0;
	char text[32] = { 0 };
	uint32_t len;

	memcpy(text, name, n < sizeof(text) ? n : sizeof(text) - 1);
	len = edid_build(e, w % DISPLAY_MAX_SIDE + 1, h % DISPLAY_MAX_SIDE + 1, text, w);
	must(len == EDID_BLOCK_BYTES || len == EDID_MAX_BYTES);
	for (uint32_t i = 0; i < len; i++)
		total = (uint8_t)(total + e[i]);
	must(total == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gpu_request rq;
	struct gpu_wire_hdr h;
	uint32_t w, ht, e;
	uint64_t bytes;

	if (size < 16)
		return 0;
	memcpy(&w, data, sizeof(w));
	memcpy(&ht, data + 4, sizeof(ht));
	memcpy(&bytes, data + 8, sizeof(bytes));
	data += 16;
	size -= 16;
	check_edid(w, ht, data, size);
	e = gpu_parse(data, (uint32_t)size, &rq);
	must(e == 0 || (e >= GPU_RESP_ERR_UNSPEC && e <= GPU_RESP_ERR_INVALID_PARAMETER));
	gpu_response(&h, &rq, e ? e : GPU_RESP_OK_NODATA);
	if (e)
		return 0;
	must(size >= gpu_request_bytes(rq.type));
	switch (rq.type) {
	case GPU_CMD_RESOURCE_CREATE_2D:
		must(rq.resource && display_format_known(rq.u.create.format));
		must(rq.u.create.width - 1 < DISPLAY_MAX_SIDE);
		must(rq.u.create.height - 1 < DISPLAY_MAX_SIDE);
		break;
	case GPU_CMD_RESOURCE_ATTACH_BACKING:
		must(rq.u.attach.entries - 1 < GPU_MAX_ENTRIES);
		break;
	case GPU_CMD_TRANSFER_TO_HOST_2D:
		check_transfer(&rq, w % DISPLAY_MAX_SIDE + 1, ht % DISPLAY_MAX_SIDE + 1, bytes);
		break;
	case GPU_CMD_SET_SCANOUT_BLOB:
		check_blob(&rq, bytes);
		break;
	case GPU_CMD_UPDATE_CURSOR:
		must(!rq.resource || (rq.u.cursor.hot_x < 64 && rq.u.cursor.hot_y < 64));
		break;
	default:
		break;
	}
	return 0;
}
