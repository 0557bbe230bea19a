/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing and stateless checks of virtio-gpu requests; see proto.h. */
#include "devices/gpu/proto.h"

#include <string.h>

static_assert(sizeof(struct gpu_wire_set_scanout_blob) <= GPU_REQUEST_BYTES, "longest request");

uint32_t gpu_request_bytes(uint32_t type)
{
	switch (type) {
	case GPU_CMD_GET_DISPLAY_INFO:
		return sizeof(struct gpu_wire_hdr);
	case GPU_CMD_RESOURCE_CREATE_2D:
		return sizeof(struct gpu_wire_create_2d);
	case GPU_CMD_RESOURCE_UNREF:
	case GPU_CMD_RESOURCE_DETACH_BACKING:
	case GPU_CMD_RESOURCE_ASSIGN_UUID:
		return sizeof(struct gpu_wire_resource);
	case GPU_CMD_SET_SCANOUT:
		return sizeof(struct gpu_wire_set_scanout);
	case GPU_CMD_RESOURCE_FLUSH:
		return sizeof(struct gpu_wire_flush);
	case GPU_CMD_TRANSFER_TO_HOST_2D:
		return sizeof(struct gpu_wire_transfer);
	case GPU_CMD_RESOURCE_ATTACH_BACKING:
		return sizeof(struct gpu_wire_attach);
	case GPU_CMD_GET_EDID:
		return sizeof(struct gpu_wire_get_edid);
	case GPU_CMD_RESOURCE_CREATE_BLOB:
		return sizeof(struct gpu_wire_create_blob);
	case GPU_CMD_SET_SCANOUT_BLOB:
		return sizeof(struct gpu_wire_set_scanout_blob);
	case GPU_CMD_UPDATE_CURSOR:
	case GPU_CMD_MOVE_CURSOR:
		return sizeof(struct gpu_wire_cursor);
	default:
		return 0;
	}
}

bool gpu_rect_fits(struct display_rect r, uint32_t w, uint32_t h)
{
	return r.x <= w && r.w <= w - r.x && r.y <= h && r.h <= h - r.y;
}

static struct display_rect rect_of(const struct gpu_wire_rect *w)
{
	return (struct display_rect){ le32_get(w->x), le32_get(w->y), le32_get(w->width),
		le32_get(w->height) };
}

static bool side_ok(uint32_t s)
{
	return s > 0 && s <= DISPLAY_MAX_SIDE;
}

static uint32_t parse_create(const void *buf, struct gpu_request *out)
{
	struct gpu_wire_create_2d w;

	memcpy(&w, buf, sizeof(w));
	out->resource = le32_get(w.resource_id);
	if (out->resource == 0)
		return GPU_RESP_ERR_INVALID_RESOURCE_ID;
	out->u.create.width = le32_get(w.width);
	out->u.create.height = le32_get(w.height);
	if (!display_format_known(le32_get(w.format)) || !side_ok(out->u.create.width) ||
		!side_ok(out->u.create.height))
		return GPU_RESP_ERR_INVALID_PARAMETER;
	out->u.create.format = (enum display_format)le32_get(w.format);
	return 0;
}

static uint32_t parse_resource(const void *buf, struct gpu_request *out)
{
	struct gpu_wire_resource w;

	memcpy(&w, buf, sizeof(w));
	out->resource = le32_get(w.resource_id);
	return out->resource == 0 ? GPU_RESP_ERR_INVALID_RESOURCE_ID : 0;
}

static uint32_t parse_set_scanout(const void *buf, struct gpu_request *out)
{
	struct gpu_wire_set_scanout w;

	memcpy(&w, buf, sizeof(w));
	out->scanout = le32_get(w.scanout_id);
	out->resource = le32_get(w.resource_id);
	out->u.scanout.r = rect_of(&w.r);
	/* Resource 0 disables, whatever the rectangle. */
	if (out->resource != 0 && (out->u.scanout.r.w == 0 || out->u.scanout.r.h == 0))
		return GPU_RESP_ERR_INVALID_PARAMETER;
	return 0;
}

static uint32_t parse_flush(const void *buf, struct gpu_request *out)
{
	struct gpu_wire_flush w;

	memcpy(&w, buf, sizeof(w));
	out->resource = le32_get(w.resource_id);
	out->u.flush.r = rect_of(&w.r);
	return out->resource == 0 ? GPU_RESP_ERR_INVALID_RESOURCE_ID : 0;
}

static uint32_t parse_transfer(const void *buf, struct gpu_request *out)
{
	struct gpu_wire_transfer w;

	memcpy(&w, buf, sizeof(w));
	out->resource = le32_get(w.resource_id);
	out->u.transfer.r = rect_of(&w.r);
	out->u.transfer.offset = le64_get(w.offset);
	return out->resource == 0 ? GPU_RESP_ERR_INVALID_RESOURCE_ID : 0;
}

static uint32_t parse_attach(const void *buf, struct gpu_request *out)
{
	struct gpu_wire_attach w;

	memcpy(&w, buf, sizeof(w));
	out->resource = le32_get(w.resource_id);
	out->u.attach.entries = le32_get(w.nr_entries);
	if (out->resource == 0)
		return GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (out->u.attach.entries == 0 || out->u.attach.entries > GPU_MAX_ENTRIES)
		return GPU_RESP_ERR_INVALID_PARAMETER;
	return 0;
}

static uint32_t parse_get_edid(const void *buf, struct gpu_request *out)
{
	struct gpu_wire_get_edid w;

	memcpy(&w, buf, sizeof(w));
	out->scanout = le32_get(w.scanout);
	return 0;
}

static uint32_t parse_create_blob(const void *buf, struct gpu_request *out)
{
	struct gpu_wire_create_blob w;

	memcpy(&w, buf, sizeof(w));
	out->resource = le32_get(w.resource_id);
	out->u.blob.size = le64_get(w.size);
	out->u.blob.entries = le32_get(w.nr_entries);
	if (out->resource == 0)
		return GPU_RESP_ERR_INVALID_RESOURCE_ID;
	/* "GPU Device / Device Operation: controlq": the other kinds of memory need VIRGL. */
	if (le32_get(w.blob_mem) != GPU_BLOB_MEM_GUEST ||
		(le32_get(w.blob_flags) & ~GPU_BLOB_FLAG_ALL) != 0 || out->u.blob.size == 0 ||
		out->u.blob.entries > GPU_MAX_ENTRIES)
		return GPU_RESP_ERR_INVALID_PARAMETER;
	return 0;
}

static uint32_t parse_set_scanout_blob(const void *buf, struct gpu_request *out)
{
	struct gpu_wire_set_scanout_blob w;

	memcpy(&w, buf, sizeof(w));
	out->scanout = le32_get(w.scanout_id);
	out->resource = le32_get(w.resource_id);
	out->u.scanout_blob.r = rect_of(&w.r);
	out->u.scanout_blob.width = le32_get(w.width);
	out->u.scanout_blob.height = le32_get(w.height);
	/* All formats of the 2D device have one plane. */
	out->u.scanout_blob.stride = le32_get(w.strides[0]);
	out->u.scanout_blob.offset = le32_get(w.offsets[0]);
	if (out->resource == 0)
		return 0;
	if (!display_format_known(le32_get(w.format)))
		return GPU_RESP_ERR_INVALID_PARAMETER;
	out->u.scanout_blob.format = (enum display_format)le32_get(w.format);
	return 0;
}

static uint32_t parse_cursor(const void *buf, struct gpu_request *out)
{
	struct gpu_wire_cursor w;

	memcpy(&w, buf, sizeof(w));
	out->scanout = le32_get(w.pos.scanout_id);
	/* A cursor may hang over the left and upper edge: drivers write negative places. */
	out->u.cursor.x = (int32_t)le32_get(w.pos.x);
	out->u.cursor.y = (int32_t)le32_get(w.pos.y);
	if (out->type == GPU_CMD_MOVE_CURSOR)
		return 0;
	out->resource = le32_get(w.resource_id);
	out->u.cursor.hot_x = le32_get(w.hot_x);
	out->u.cursor.hot_y = le32_get(w.hot_y);
	if (out->resource != 0 && (out->u.cursor.hot_x >= DISPLAY_CURSOR_SIDE ||
					  out->u.cursor.hot_y >= DISPLAY_CURSOR_SIDE))
		return GPU_RESP_ERR_INVALID_PARAMETER;
	return 0;
}

uint32_t gpu_parse(const void *buf, uint32_t len, struct gpu_request *out)
{
	struct gpu_wire_hdr h;
	uint32_t need;

	memset(out, 0, sizeof(*out));
	if (len < sizeof(h))
		return GPU_RESP_ERR_INVALID_PARAMETER;
	memcpy(&h, buf, sizeof(h));
	out->type = le32_get(h.type);
	out->flags = le32_get(h.flags);
	out->fence_id = le64_get(h.fence_id);
	out->ctx_id = le32_get(h.ctx_id);
	out->ring_idx = h.ring_idx;
	need = gpu_request_bytes(out->type);
	if (need == 0)
		return GPU_RESP_ERR_UNSPEC;
	if (len < need)
		return GPU_RESP_ERR_INVALID_PARAMETER;
	switch (out->type) {
	case GPU_CMD_RESOURCE_CREATE_2D:
		return parse_create(buf, out);
	case GPU_CMD_RESOURCE_UNREF:
	case GPU_CMD_RESOURCE_DETACH_BACKING:
	case GPU_CMD_RESOURCE_ASSIGN_UUID:
		return parse_resource(buf, out);
	case GPU_CMD_SET_SCANOUT:
		return parse_set_scanout(buf, out);
	case GPU_CMD_RESOURCE_FLUSH:
		return parse_flush(buf, out);
	case GPU_CMD_TRANSFER_TO_HOST_2D:
		return parse_transfer(buf, out);
	case GPU_CMD_RESOURCE_ATTACH_BACKING:
		return parse_attach(buf, out);
	case GPU_CMD_GET_EDID:
		return parse_get_edid(buf, out);
	case GPU_CMD_RESOURCE_CREATE_BLOB:
		return parse_create_blob(buf, out);
	case GPU_CMD_SET_SCANOUT_BLOB:
		return parse_set_scanout_blob(buf, out);
	case GPU_CMD_UPDATE_CURSOR:
	case GPU_CMD_MOVE_CURSOR:
		return parse_cursor(buf, out);
	default:
		return 0; /* GET_DISPLAY_INFO is a bare header */
	}
}

void gpu_response(struct gpu_wire_hdr *h, const struct gpu_request *rq, uint32_t type)
{
	memset(h, 0, sizeof(*h));
	h->type = le32_of(type);
	if (!(rq->flags & GPU_FLAG_FENCE))
		return;
	/* "Device Operation: Request header": flag and id go back, and the timeline they are on. */
	h->flags = le32_of(rq->flags & (GPU_FLAG_FENCE | GPU_FLAG_INFO_RING_IDX));
	h->fence_id = le64_of(rq->fence_id);
	h->ctx_id = le32_of(rq->ctx_id);
	if (rq->flags & GPU_FLAG_INFO_RING_IDX)
		h->ring_idx = rq->ring_idx;
}

/* Bytes from the first pixel to the end of the last of h rows; fits: sides are bounded by 2^32. */
static bool rows_fit(uint64_t offset, uint32_t stride, uint32_t w, uint32_t h, uint64_t total)
{
	uint64_t need = (uint64_t)stride * (h - 1) + (uint64_t)w * DISPLAY_BPP;

	return offset <= total && need <= total - offset;
}

uint32_t gpu_transfer_check(
	struct display_rect r, uint64_t offset, uint32_t w, uint32_t h, uint64_t backing_bytes)
{
	if (!gpu_rect_fits(r, w, h))
		return GPU_RESP_ERR_INVALID_PARAMETER;
	if (r.w == 0 || r.h == 0)
		return 0;
	if (!rows_fit(offset, w * DISPLAY_BPP, r.w, r.h, backing_bytes))
		return GPU_RESP_ERR_INVALID_PARAMETER;
	return 0;
}

uint32_t gpu_blob_picture_check(const struct gpu_request *rq, uint64_t blob_bytes)
{
	uint32_t w = rq->u.scanout_blob.width, h = rq->u.scanout_blob.height;
	uint32_t stride = rq->u.scanout_blob.stride;

	if (!side_ok(w) || !side_ok(h) || !display_rect_inside(rq->u.scanout_blob.r, w, h))
		return GPU_RESP_ERR_INVALID_PARAMETER;
	if (stride < w * DISPLAY_BPP)
		return GPU_RESP_ERR_INVALID_PARAMETER;
	if (!rows_fit(rq->u.scanout_blob.offset, stride, w, h, blob_bytes))
		return GPU_RESP_ERR_INVALID_PARAMETER;
	return 0;
}
