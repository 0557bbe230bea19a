/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a frame costs in the GPU device: TRANSFER_TO_HOST_2D and RESOURCE_FLUSH of a 64x64 rectangle
 * and of all 1920x720 pixels, on a 2D resource and on a guest blob, by the mock driver and the null
 * port. The mock driver's share is told by a command that does next to nothing. Prints JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "devices/gpu/gpu.h"
#include "devices/gpu/scanout_port.h"
#include "devices/gpu/wire.h"
#include "tests/support/mock_driver.h"

#define W     1920
#define H     720
#define BYTES (W * H * DISPLAY_BPP)
#define PAGE  4096

static struct mock *m;

static void send_rq(const void *rq, uint32_t len)
{
	struct gpu_wire_hdr h;

	if (mock_send(m, 0, rq, len, &h, sizeof(h)) != sizeof(h) ||
		le32_get(h.type) != GPU_RESP_OK_NODATA) {
		fprintf(stderr, "bench_gpu: a command was refused\n");
		exit(1);
	}
}

static struct gpu_wire_hdr hdr(uint32_t type)
{
	return (struct gpu_wire_hdr){ .type = le32_of(type) };
}

/* Memory entries of one page each, as a guest's scattered buffer has them. */
static uint8_t *with_pages(const void *fixed, uint32_t len, uint32_t *out_len)
{
	uint32_t n = BYTES / PAGE + 1;
	uint8_t *buf = calloc(1, len + n * sizeof(struct gpu_wire_mem_entry));

	if (!buf)
		exit(1);
	memcpy(buf, fixed, len);
	for (uint32_t i = 0; i < n; i++) {
		struct gpu_wire_mem_entry e = { .length = le32_of(PAGE) };

		/* Every other page, so that none can be merged. */
		e.addr = le64_of(mock_alloc(m, 2 * PAGE, PAGE).v);
		memcpy(buf + len + i * sizeof(e), &e, sizeof(e));
	}
	*out_len = len + n * (uint32_t)sizeof(struct gpu_wire_mem_entry);
	return buf;
}

static void set_up_2d(void)
{
	struct gpu_wire_create_2d c = { hdr(GPU_CMD_RESOURCE_CREATE_2D), le32_of(1),
		le32_of(DISPLAY_B8G8R8X8), le32_of(W), le32_of(H) };
	struct gpu_wire_attach a = { hdr(GPU_CMD_RESOURCE_ATTACH_BACKING), le32_of(1),
		le32_of(BYTES / PAGE + 1) };
	uint32_t len;
	uint8_t *rq;

	send_rq(&c, sizeof(c));
	rq = with_pages(&a, sizeof(a), &len);
	send_rq(rq, len);
	free(rq);
}

static void set_up_blob(void)
{
	struct gpu_wire_create_blob b = { .hdr = hdr(GPU_CMD_RESOURCE_CREATE_BLOB),
		.resource_id = le32_of(2),
		.blob_mem = le32_of(GPU_BLOB_MEM_GUEST),
		.nr_entries = le32_of(BYTES / PAGE + 1),
		.size = le64_of(BYTES) };
	uint32_t len;
	uint8_t *rq = with_pages(&b, sizeof(b), &len);

	send_rq(rq, len);
	free(rq);
}

static void show(uint32_t id)
{
	struct gpu_wire_rect r = { le32_of(0), le32_of(0), le32_of(W), le32_of(H) };
	struct gpu_wire_set_scanout s = { hdr(GPU_CMD_SET_SCANOUT), r, le32_of(0), le32_of(id) };
	struct gpu_wire_set_scanout_blob b = { .hdr = hdr(GPU_CMD_SET_SCANOUT_BLOB),
		.r = r,
		.resource_id = le32_of(id),
		.width = le32_of(W),
		.height = le32_of(H),
		.format = le32_of(DISPLAY_B8G8R8X8) };

	b.strides[0] = le32_of(W * DISPLAY_BPP);
	if (id == 1)
		send_rq(&s, sizeof(s));
	else
		send_rq(&b, sizeof(b));
}

/* One frame: what changed goes to the host and is shown. */
static void frame(uint32_t id, uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
	struct gpu_wire_rect r = { le32_of(x), le32_of(y), le32_of(w), le32_of(h) };
	struct gpu_wire_transfer t = { .hdr = hdr(GPU_CMD_TRANSFER_TO_HOST_2D),
		.r = r,
		.offset = le64_of(((uint64_t)y * W + x) * DISPLAY_BPP),
		.resource_id = le32_of(id) };
	struct gpu_wire_flush f = {
		.hdr = hdr(GPU_CMD_RESOURCE_FLUSH), .r = r, .resource_id = le32_of(id)
	};

	if (id == 1)
		send_rq(&t, sizeof(t));
	send_rq(&f, sizeof(f));
}

static double measure(uint32_t id, uint32_t w, uint32_t h, unsigned int n)
{
	uint64_t t0;

	show(id);
	frame(id, 0, 0, W, H);
	t0 = clock_now_ns();
	for (unsigned int i = 0; i < n; i++)
		frame(id, (i * 64) % (W - w + 1), (i * 16) % (H - h + 1), w, h);
	return (double)(clock_now_ns() - t0) / n;
}

/* A flush of nothing: the ring, the mock driver, and parsing. */
static double measure_empty(unsigned int n)
{
	struct gpu_wire_flush f = { .hdr = hdr(GPU_CMD_RESOURCE_FLUSH), .resource_id = le32_of(1) };
	uint64_t t0 = clock_now_ns();

	for (unsigned int i = 0; i < n; i++)
		send_rq(&f, sizeof(f));
	return (double)(clock_now_ns() - t0) / n;
}

int main(void)
{
	struct gpu_config cfg = { .n_scanouts = 1, .scanout = { { W, H, "Bench" } } };
	struct scanout_port *port;
	struct vdev *dev;
	struct err e = { 0 };

	log_set_level(LOG_ERROR);
	if (scanout_null_new(&port) || gpu_new(&dev, &cfg, port, &e)) {
		fprintf(stderr, "bench_gpu: %s\n", e.text);
		return 1;
	}
	m = mock_new(MOCK_EVENT_IDX);
	mock_attach(m, dev);
	mock_start(m, MOCK_ALL_FEATURES);
	set_up_2d();
	set_up_blob();
	printf("{\"benchmark\": \"gpu\", \"unit\": \"ns per frame\", \"empty_command\": %.0f,"
	       " \"2d_64x64\": %.0f, \"2d_1920x720\": %.0f,"
	       " \"blob_64x64\": %.0f, \"blob_1920x720\": %.0f}\n",
		measure_empty(20000), measure(1, 64, 64, 20000), measure(1, W, H, 300),
		measure(2, 64, 64, 20000), measure(2, W, H, 300));
	mock_free(m);
	scanout_port_free(port);
	return 0;
}
