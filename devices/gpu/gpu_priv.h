/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The GPU device's state, shared by its files: dev.c (queues, dispatch, fences), resource.c
 * (resources and their pixels), scanout.c (what is shown). Everything on the loop thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/ev.h"
#include "devices/gpu/gpu.h"
#include "devices/gpu/proto.h"
#include "devices/gpu/scanout_port.h"
#include "devices/gpu/sg.h"
#include "devices/virtio/vdev.h"

#define GPU_CONTROL_QUEUE_MAX 256
#define GPU_CURSOR_QUEUE_MAX  64

/* What one guest may hold: each 2D resource costs a file descriptor. */
#define GPU_MAX_RESOURCES   1024
#define GPU_MAX_SURFACES_2D 256
#define GPU_MAX_ALL_ENTRIES (4 * GPU_MAX_ENTRIES)
/* Of DISPLAY_MAX_SURFACES, what is used before surfaces that nothing shows are taken back. */
#define GPU_MAX_ANNOUNCED (DISPLAY_MAX_SURFACES - 2 * DISPLAY_MAX_SCANOUTS)

/* Host memory with pixels, in a sealed memfd. */
struct gpu_pixels {
	struct scanout_surface s; /* s.fd is owned; -1: there is none */
	uint8_t *map; /* s.size_bytes */
	bool announced; /* the port knows it */
};

struct gpu_resource {
	uint32_t id;
	bool blob;
	struct gpu_pixels px; /* 2D */
	uint64_t blob_bytes;
	struct gpu_sg sg;
	uint32_t shown; /* bit i: scanout i shows it */
	bool has_uuid;
	uint8_t uuid[16];
	struct gpu_resource *next; /* in its hash bucket */
};
#define GPU_BUCKETS 256

struct gpu_scanout {
	uint32_t width, height; /* preferred mode */
	char name[14];
	struct gpu_resource *res; /* NULL: off */
	struct display_rect src; /* in the resource's picture */
	bool whole; /* the next flush shows all of src: it is new */
	/* A blob's picture is copied, as far as it is damaged, to a surface of src's size. */
	uint32_t blob_stride, blob_offset;
	enum display_format blob_format;
	struct gpu_pixels shadow;
	uint32_t released; /* newest serial the port has read */
	bool frame_seen;
	struct scanout_cursor cursor;
};

/* A fenced request that is answered in guest memory but not yet returned. */
struct gpu_fence {
	uint16_t id, ndesc;
	uint32_t written;
	uint32_t wait; /* bit i: on scanout i */
	uint32_t serial[DISPLAY_MAX_SCANOUTS]; /* until this was released */
	uint64_t deadline_ns;
};

struct gpu {
	struct vdev v; /* first */
	struct scanout_port *port;
	uint64_t max_bytes;
	void (*first_frame)(void *ctx, unsigned int scanout, uint64_t t_ns);
	void *first_frame_ctx;

	bool started;
	uint64_t features;
	struct vq *vq[2];
	uint32_t events; /* events_read */
	struct ev_timer more; /* goes on with queues that had more than one batch */
	uint32_t more_queues;

	unsigned int n_scanouts;
	struct gpu_scanout scanout[DISPLAY_MAX_SCANOUTS];
	uint32_t serial; /* of the last present */
	uint32_t next_surface; /* id for the port */
	unsigned int announced;

	struct gpu_resource *bucket[GPU_BUCKETS];
	unsigned int n_resources, n_surfaces_2d;
	uint32_t n_entries;
	uint64_t bytes; /* of all pixels */
	uint8_t uuid_seed[12];
	uint32_t next_uuid;

	/* Oldest first. On one timeline a later fence must not complete before an earlier one. */
	struct gpu_fence fence[GPU_CONTROL_QUEUE_MAX];
	unsigned int fence_head, fence_n;
	struct ev_timer fence_timer;

	struct gpu_stats st;
};

/* ---- resource.c: each returns 0 or GPU_RESP_ERR_* ---- */

/* NULL when there is none. */
struct gpu_resource *gpu_resource_find(struct gpu *g, uint32_t id);
MUST_CHECK uint32_t gpu_create_2d(struct gpu *g, const struct gpu_request *rq);
/* `r` stands behind the fixed part: at the memory entries. */
MUST_CHECK uint32_t gpu_create_blob(
	struct gpu *g, const struct gpu_request *rq, struct vq_reader *r);
MUST_CHECK uint32_t gpu_attach(struct gpu *g, const struct gpu_request *rq, struct vq_reader *r);
MUST_CHECK uint32_t gpu_detach(struct gpu *g, const struct gpu_request *rq);
MUST_CHECK uint32_t gpu_transfer(struct gpu *g, const struct gpu_request *rq);
MUST_CHECK uint32_t gpu_unref(struct gpu *g, const struct gpu_request *rq);
MUST_CHECK uint32_t gpu_assign_uuid(struct gpu *g, const struct gpu_request *rq, uint8_t uuid[16]);
/* Frees every resource; scanouts were turned off. */
void gpu_resources_clear(struct gpu *g);

/* Makes zeroed pixels within the device's memory limit. */
MUST_CHECK uint32_t gpu_pixels_init(struct gpu *g, struct gpu_pixels *px, uint32_t width,
	uint32_t height, enum display_format format);
/* Takes them back from the port and frees them. Idempotent. */
void gpu_pixels_fini(struct gpu *g, struct gpu_pixels *px);
/* Makes the port know them. */
void gpu_pixels_announce(struct gpu *g, struct gpu_pixels *px);

/* ---- scanout.c ---- */

MUST_CHECK uint32_t gpu_set_scanout(struct gpu *g, const struct gpu_request *rq);
MUST_CHECK uint32_t gpu_set_scanout_blob(struct gpu *g, const struct gpu_request *rq);
/* Presents; f->wait and f->serial say what for. */
MUST_CHECK uint32_t gpu_flush(struct gpu *g, const struct gpu_request *rq, struct gpu_fence *f);
MUST_CHECK uint32_t gpu_cursor(struct gpu *g, const struct gpu_request *rq);
/* Turns off every scanout that shows `res` (NULL: every one). */
void gpu_scanouts_off(struct gpu *g, const struct gpu_resource *res);
/* Cursors and shadow surfaces go, too: the state after a reset. */
void gpu_scanouts_clear(struct gpu *g);
