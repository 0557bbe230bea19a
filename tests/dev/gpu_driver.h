/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small virtio-gpu driver for tests over the mock driver, and a scanout port that writes down
 * what it is told and releases presents when the test says so. Aborts when the test is wrong.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "devices/gpu/gpu.h"
#include "devices/gpu/scanout_port.h"
#include "devices/gpu/wire.h"
#include "tests/support/mock_driver.h"

#define GD_CONTROL 0
#define GD_CURSOR  1

enum rec_kind { REC_SURFACE, REC_GONE, REC_PRESENT, REC_OFF, REC_CURSOR, REC_CURSOR_MOVE };

struct rec {
	enum rec_kind kind;
	unsigned int scanout;
	struct scanout_surface surface; /* GONE: only the id */
	struct scanout_present present;
	struct scanout_cursor cursor;
	uint8_t bgra[SCANOUT_CURSOR_BYTES];
};

#define REC_MAX 512

struct rec_port {
	struct scanout_port p;
	bool hold; /* do not release presents by itself */
	struct rec log[REC_MAX];
	unsigned int n;
};

/* A GPU behind a mock driver and a recording port. */
struct gd {
	struct mock *m;
	struct vdev *dev; /* the mock's */
	struct rec_port *port; /* NULL behind gd_new_channel() */
	struct scanout_port *any;
	unsigned int first_frames[DISPLAY_MAX_SCANOUTS];
};

/* `cfg` NULL: one scanout of 640x480. Starts with all features. Never NULL. */
struct gd *gd_new(unsigned int mock_flags, const struct gpu_config *cfg);
/* Same behind a display channel whose one end is `sock_take`. */
struct gd *gd_new_channel(unsigned int mock_flags, int sock_take);
void gd_free(struct gd *d);

/* Latest record of a kind, NULL when there is none; how many there are. */
const struct rec *gd_last(const struct gd *d, enum rec_kind kind);
unsigned int gd_count(const struct gd *d, enum rec_kind kind);
/* Pixel (x, y) of a surface as it lies in the memfd, mapped afresh. */
uint32_t gd_pixel(const struct gd *d, uint32_t surface, uint32_t x, uint32_t y);
/* Releases a present as a user interface would. */
void gd_release(struct gd *d, unsigned int scanout, uint32_t serial);

/* Header of a request without or with a fence. */
struct gpu_wire_hdr gd_hdr(uint32_t type);
struct gpu_wire_hdr gd_fenced(uint32_t type, uint64_t fence_id);
struct gpu_wire_rect gd_rect(uint32_t x, uint32_t y, uint32_t w, uint32_t h);

/* Sends a request on the control queue; returns the response's type (0: used length was short). */
uint32_t gd_send(struct gd *d, const void *rq, uint32_t len);
/* Same on the cursor queue. */
uint32_t gd_send_cursor(struct gd *d, const struct gpu_wire_cursor *c);

/* The commands; each returns the response's type. */
uint32_t gd_create(struct gd *d, uint32_t id, uint32_t w, uint32_t h, uint32_t format);
uint32_t gd_unref(struct gd *d, uint32_t id);
uint32_t gd_attach_entries(
	struct gd *d, uint32_t id, const struct gpu_wire_mem_entry *e, uint32_t n);
/* Attaches `bytes` of fresh zeroed guest memory in pieces of `piece` bytes, which lie in reverse
 * order so that none of them touch. Returns the pieces' addresses in `at` (at most 64). */
uint32_t gd_attach(struct gd *d, uint32_t id, uint32_t bytes, uint32_t piece, gpa at[64]);
uint32_t gd_detach(struct gd *d, uint32_t id);
uint32_t gd_transfer(struct gd *d, uint32_t id, struct gpu_wire_rect r, uint64_t offset);
uint32_t gd_set_scanout(struct gd *d, uint32_t scanout, uint32_t id, struct gpu_wire_rect r);
uint32_t gd_flush(struct gd *d, uint32_t id, struct gpu_wire_rect r);
uint32_t gd_create_blob(
	struct gd *d, uint32_t id, uint64_t size, const struct gpu_wire_mem_entry *e, uint32_t n);
uint32_t gd_set_scanout_blob(struct gd *d, uint32_t scanout, uint32_t id, struct gpu_wire_rect r,
	uint32_t w, uint32_t h, uint32_t stride, uint32_t offset);

/* Create, attach one piece and set scanout: a picture of w x h on `scanout`. */
gpa gd_show(struct gd *d, uint32_t scanout, uint32_t id, uint32_t w, uint32_t h);

/* A fenced flush that is posted and not waited for; returns the request's number. */
int gd_post_flush(struct gd *d, uint32_t id, struct gpu_wire_rect r, uint64_t fence_id);

struct gpu_stats gd_stats(const struct gd *d);
