/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of a virtio-gpu, parsed and checked: what can be judged without the device's state.
 * Pure functions; any thread. Where they refuse, they name the response (GPU_RESP_ERR_*) that the
 * driver gets.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/proto/display.h"
#include "devices/gpu/wire.h"

/* Longest fixed part of a request. */
#define GPU_REQUEST_BYTES 96
/* Entries of one scatter list: 4 KiB pages of the largest surface. */
#define GPU_MAX_ENTRIES 65536

/* A request in host byte order. Which member of `u` counts follows from `type`. */
struct gpu_request {
	uint32_t type, flags;
	uint64_t fence_id;
	uint32_t ctx_id;
	uint8_t ring_idx;
	uint32_t resource, scanout; /* 0 where a request has none */
	union {
		struct {
			uint32_t width, height;
			enum display_format format;
		} create;
		struct {
			struct display_rect r;
		} scanout, flush;
		struct {
			struct display_rect r;
			uint64_t offset;
		} transfer;
		struct {
			uint32_t entries;
		} attach;
		struct {
			uint64_t size;
			uint32_t entries;
		} blob;
		struct {
			struct display_rect r;
			uint32_t width, height;
			enum display_format format;
			uint32_t stride, offset;
		} scanout_blob;
		struct {
			int32_t x, y;
			uint32_t hot_x, hot_y;
		} cursor;
	} u;
};

/*
 * Bytes of a request's fixed part, header included; 0 for a type that is no 2D request (3D
 * commands, responses, nonsense).
 */
uint32_t gpu_request_bytes(uint32_t type);

/*
 * Parses the fixed part: `buf` holds `len` bytes, at least a header. What cannot be right whatever
 * the state is refused: a format that does not exist, a size of zero or past DISPLAY_MAX_SIDE,
 * resource id 0 where it is not allowed, empty scanouts. Header fields of *out are set in any
 * case, so that the refusal can be answered. 0 or GPU_RESP_ERR_*.
 */
MUST_CHECK uint32_t gpu_parse(const void *buf, uint32_t len, struct gpu_request *out);

/* The header of an answer: echoes what the fence rules demand. */
void gpu_response(struct gpu_wire_hdr *h, const struct gpu_request *rq, uint32_t type);

/* True when r, which may be empty, lies inside w x h. */
bool gpu_rect_fits(struct display_rect r, uint32_t w, uint32_t h);

/*
 * Where a transfer of `r` into a w x h resource reads its backing of `backing_bytes`: rows
 * `stride` apart from `offset` on. GPU_RESP_ERR_INVALID_PARAMETER when the rectangle leaves the
 * resource or a row leaves the backing; nothing wraps.
 */
MUST_CHECK uint32_t gpu_transfer_check(
	struct display_rect r, uint64_t offset, uint32_t w, uint32_t h, uint64_t backing_bytes);

/*
 * Checks the picture that SET_SCANOUT_BLOB describes against a blob of `blob_bytes`.
 * 0 or GPU_RESP_ERR_INVALID_PARAMETER.
 */
MUST_CHECK uint32_t gpu_blob_picture_check(const struct gpu_request *rq, uint64_t blob_bytes);
