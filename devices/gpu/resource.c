/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resources of a virtio-gpu: pixels in memfds, guest pages behind them, blobs. Every limit on what
 * a guest can make the host hold is here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "base/log.h"
#include "devices/gpu/gpu_priv.h"

/* ---- pixels ---- */

uint32_t gpu_pixels_init(struct gpu *g, struct gpu_pixels *px, uint32_t width, uint32_t height,
	enum display_format format)
{
	uint32_t stride = width * DISPLAY_BPP; /* sides are at most DISPLAY_MAX_SIDE */
	uint64_t bytes = (uint64_t)stride * height;
	void *map;
	int fd;

	if (bytes > g->max_bytes - g->bytes) {
		log_guest("%s: over the limit of %llu bytes for pixels", g->v.tag,
			(unsigned long long)g->max_bytes);
		return GPU_RESP_ERR_OUT_OF_MEMORY;
	}
	fd = fd_memfd("dyno-surface", bytes);
	if (fd < 0) {
		log_guest("%s: no memory for a surface: %s", g->v.tag, strerror(-fd));
		return GPU_RESP_ERR_OUT_OF_MEMORY;
	}
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		log_guest("%s: cannot map a surface: %s", g->v.tag, strerror(errno));
		fd_close(&fd);
		return GPU_RESP_ERR_OUT_OF_MEMORY;
	}
	g->bytes += bytes;
	*px = (struct gpu_pixels){
		.s = { .width = width,
			.height = height,
			.stride_bytes = stride,
			.format = format,
			.size_bytes = bytes,
			.fd = fd },
		.map = map,
	};
	return 0;
}

static void unannounce(struct gpu *g, struct gpu_pixels *px)
{
	if (!px->announced)
		return;
	px->announced = false;
	g->announced--;
	g->port->ops->surface_gone(g->port, px->s.id);
}

void gpu_pixels_fini(struct gpu *g, struct gpu_pixels *px)
{
	if (px->s.fd < 0)
		return;
	unannounce(g, px);
	munmap(px->map, px->s.size_bytes);
	fd_close(&px->s.fd);
	px->map = NULL;
	g->bytes -= px->s.size_bytes;
}

/* Takes back one surface that no scanout shows. There is one: scanouts show only a few. */
static void make_room(struct gpu *g)
{
	for (unsigned int b = 0; b < GPU_BUCKETS; b++) {
		for (struct gpu_resource *r = g->bucket[b]; r; r = r->next) {
			if (!r->blob && r->px.announced && r->shown == 0) {
				unannounce(g, &r->px);
				return;
			}
		}
	}
}

void gpu_pixels_announce(struct gpu *g, struct gpu_pixels *px)
{
	if (px->announced)
		return;
	if (g->announced >= GPU_MAX_ANNOUNCED)
		make_room(g);
	if (++g->next_surface == 0)
		g->next_surface = 1;
	px->s.id = g->next_surface;
	px->announced = true;
	g->announced++;
	g->port->ops->surface_new(g->port, &px->s);
}

/* ---- the table ---- */

/* Fibonacci hashing: ids are counted up by well-behaved guests and anything by others. */
static unsigned int bucket_of(uint32_t id)
{
	return (uint32_t)(id * 2654435769u) >> 24;
}
static_assert(GPU_BUCKETS == 256, "eight bits of the hash");

struct gpu_resource *gpu_resource_find(struct gpu *g, uint32_t id)
{
	for (struct gpu_resource *r = g->bucket[bucket_of(id)]; r; r = r->next)
		if (r->id == id)
			return r;
	return NULL;
}

/* Makes an empty resource that is not in the table yet. */
static uint32_t resource_new(struct gpu *g, uint32_t id, struct gpu_resource **out)
{
	if (gpu_resource_find(g, id))
		return GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (g->n_resources >= GPU_MAX_RESOURCES) {
		log_guest("%s: over %d resources", g->v.tag, GPU_MAX_RESOURCES);
		return GPU_RESP_ERR_OUT_OF_MEMORY;
	}
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return GPU_RESP_ERR_OUT_OF_MEMORY;
	(*out)->id = id;
	(*out)->px.s.fd = -1;
	return 0;
}

static void resource_insert(struct gpu *g, struct gpu_resource *r)
{
	struct gpu_resource **b = &g->bucket[bucket_of(r->id)];

	r->next = *b;
	*b = r;
	g->n_resources++;
	if (!r->blob)
		g->n_surfaces_2d++;
}

static void backing_drop(struct gpu *g, struct gpu_resource *r)
{
	g->n_entries -= r->sg.n;
	gpu_sg_fini(&r->sg);
}

static void resource_free(struct gpu *g, struct gpu_resource *r)
{
	struct gpu_resource **p = &g->bucket[bucket_of(r->id)];

	while (*p != r)
		p = &(*p)->next;
	*p = r->next;
	g->n_resources--;
	if (!r->blob)
		g->n_surfaces_2d--;
	backing_drop(g, r);
	gpu_pixels_fini(g, &r->px);
	free(r);
}

void gpu_resources_clear(struct gpu *g)
{
	for (unsigned int b = 0; b < GPU_BUCKETS; b++)
		while (g->bucket[b])
			resource_free(g, g->bucket[b]);
}

/* ---- commands ---- */

uint32_t gpu_create_2d(struct gpu *g, const struct gpu_request *rq)
{
	struct gpu_resource *r;
	uint32_t e = resource_new(g, rq->resource, &r);

	if (e)
		return e;
	e = GPU_RESP_ERR_OUT_OF_MEMORY;
	if (g->n_surfaces_2d < GPU_MAX_SURFACES_2D)
		e = gpu_pixels_init(
			g, &r->px, rq->u.create.width, rq->u.create.height, rq->u.create.format);
	if (e) {
		free(r);
		return e;
	}
	resource_insert(g, r);
	return 0;
}

/* Reads the scatter list of a resource that has none. */
static uint32_t backing_read(
	struct gpu *g, struct gpu_resource *r, struct vq_reader *rd, uint32_t entries)
{
	struct gpu_sg sg;
	int rc;

	if (entries > GPU_MAX_ALL_ENTRIES - g->n_entries)
		return GPU_RESP_ERR_OUT_OF_MEMORY;
	rc = gpu_sg_init(&sg, g->v.host->mem, rd, entries);
	if (rc < 0)
		return GPU_RESP_ERR_OUT_OF_MEMORY;
	if (rc > 0) {
		log_guest("%s: backing of resource %u refused: %s", g->v.tag, r->id, err_name(rc));
		return GPU_RESP_ERR_INVALID_PARAMETER;
	}
	/* A blob's pages are its contents: all of them must be there. */
	if (r->blob && sg.bytes < r->blob_bytes) {
		gpu_sg_fini(&sg);
		return GPU_RESP_ERR_INVALID_PARAMETER;
	}
	r->sg = sg;
	g->n_entries += sg.n;
	return 0;
}

uint32_t gpu_create_blob(struct gpu *g, const struct gpu_request *rq, struct vq_reader *rd)
{
	struct gpu_resource *r;
	uint32_t e = resource_new(g, rq->resource, &r);

	if (e)
		return e;
	r->blob = true;
	r->blob_bytes = rq->u.blob.size;
	if (rq->u.blob.entries > 0)
		e = backing_read(g, r, rd, rq->u.blob.entries);
	if (e) {
		free(r);
		return e;
	}
	resource_insert(g, r);
	return 0;
}

uint32_t gpu_attach(struct gpu *g, const struct gpu_request *rq, struct vq_reader *rd)
{
	struct gpu_resource *r = gpu_resource_find(g, rq->resource);

	if (!r)
		return GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (r->sg.e)
		return GPU_RESP_ERR_UNSPEC;
	return backing_read(g, r, rd, rq->u.attach.entries);
}

uint32_t gpu_detach(struct gpu *g, const struct gpu_request *rq)
{
	struct gpu_resource *r = gpu_resource_find(g, rq->resource);

	if (!r)
		return GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (!r->sg.e)
		return GPU_RESP_ERR_UNSPEC;
	backing_drop(g, r);
	return 0;
}

uint32_t gpu_transfer(struct gpu *g, const struct gpu_request *rq)
{
	struct gpu_resource *r = gpu_resource_find(g, rq->resource);
	struct display_rect a = rq->u.transfer.r;
	uint32_t stride, row, e;
	uint64_t off = rq->u.transfer.offset;
	uint8_t *to;

	if (!r)
		return GPU_RESP_ERR_INVALID_RESOURCE_ID;
	/* A guest blob's pages are its contents. Drivers send transfers all the same. */
	if (r->blob)
		return 0;
	if (!r->sg.e)
		return GPU_RESP_ERR_UNSPEC;
	e = gpu_transfer_check(a, off, r->px.s.width, r->px.s.height, r->sg.bytes);
	if (e || a.w == 0 || a.h == 0)
		return e;
	stride = r->px.s.stride_bytes;
	row = a.w * DISPLAY_BPP;
	to = r->px.map + (size_t)a.y * stride + (size_t)a.x * DISPLAY_BPP;
	g->st.transferred_bytes += (uint64_t)row * a.h;
	/* Rows without a gap between them are one piece. */
	if (row == stride)
		return gpu_sg_read(&r->sg, g->v.host->mem, off, to, (uint64_t)row * a.h)
			       ? GPU_RESP_ERR_UNSPEC
			       : 0;
	for (uint32_t y = 0; y < a.h; y++, off += stride, to += stride)
		if (gpu_sg_read(&r->sg, g->v.host->mem, off, to, row))
			return GPU_RESP_ERR_UNSPEC;
	return 0;
}

uint32_t gpu_unref(struct gpu *g, const struct gpu_request *rq)
{
	struct gpu_resource *r = gpu_resource_find(g, rq->resource);

	if (!r)
		return GPU_RESP_ERR_INVALID_RESOURCE_ID;
	gpu_scanouts_off(g, r);
	resource_free(g, r);
	return 0;
}

uint32_t gpu_assign_uuid(struct gpu *g, const struct gpu_request *rq, uint8_t uuid[16])
{
	struct gpu_resource *r = gpu_resource_find(g, rq->resource);

	if (!r)
		return GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (!r->has_uuid) {
		uint32_t n = g->next_uuid++;

		memcpy(r->uuid, g->uuid_seed, sizeof(g->uuid_seed));
		memcpy(r->uuid + sizeof(g->uuid_seed), &n, sizeof(n));
		r->uuid[6] = (r->uuid[6] & 0x0f) | 0x40; /* RFC 4122: version 4 */
		r->uuid[8] = (r->uuid[8] & 0x3f) | 0x80;
		r->has_uuid = true;
	}
	memcpy(uuid, r->uuid, 16);
	return 0;
}
