/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes a whole virtio-gpu behind the mock driver: the input is a list of requests of any content
 * for both queues, with small resource ids and memory entries bent towards what exists, so that
 * commands meet each other's leavings.
 *
 * A record: queue, how the request is bent, readable length, writable length, then its bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "devices/gpu/gpu.h"
#include "devices/gpu/scanout_port.h"
#include "devices/gpu/wire.h"
#include "tests/support/mock_driver.h"

#define MAX_REQUEST 160
#define MAX_STEPS   64

static struct mock *mock;
static struct vdev *dev;
static struct scanout_port *port;

static void set_up(void)
{
	struct gpu_config cfg = { .n_scanouts = 2,
		.scanout = { { 64, 48, "A" }, { 640, 480, "B" } },
		.max_bytes = 4 << 20 };
	struct err e = { 0 };

	log_set_level(LOG_ERROR);
	if (scanout_null_new(&port) || gpu_new(&dev, &cfg, port, &e))
		abort();
	mock = mock_new(0);
	mock_attach(mock, dev);
}

static void put32(uint8_t *rq, uint32_t len, uint32_t at, uint32_t v)
{
	le32 w = le32_of(v);

	if (at + 4 <= len)
		memcpy(rq + at, &w, sizeof(w));
}

/* Makes a random request more likely to mean something. */
static void bend(uint8_t *rq, uint32_t len, uint8_t how)
{
	static const uint32_t id_at[14] = { 0, 24, 24, 44, 40, 48, 24, 24, 0, 0, 0, 24, 24, 44 };
	uint32_t cmd = how % 14;

	put32(rq, len, 0, GPU_CMD_GET_DISPLAY_INFO + cmd);
	if (how & 0x80)
		return;
	if (id_at[cmd])
		put32(rq, len, id_at[cmd], (how >> 4 & 3) + 1);
	if (cmd == 1) {
		put32(rq, len, 28, 1);
		put32(rq, len, 32, rq[8] % 80u + 1);
		put32(rq, len, 36, rq[9] % 80u + 1);
	}
	if (cmd == 6 || cmd == 12) { /* entries: inside memory, of modest length */
		uint32_t first = cmd == 6 ? 32 : 56, n = 0;

		for (uint32_t at = first; at + 16 <= len; at += 16, n++) {
			put32(rq, len, at, (uint32_t)MOCK_MEM_BASE + 4096 * (rq[at] % 64u));
			put32(rq, len, at + 4, 0);
			put32(rq, len, at + 8, 4096);
		}
		put32(rq, len, cmd == 6 ? 28 : 36, n);
		if (cmd == 12) {
			put32(rq, len, 28, GPU_BLOB_MEM_GUEST);
			put32(rq, len, 32, 0);
			put32(rq, len, 48, n * 4096);
			put32(rq, len, 52, 0);
		}
	}
	if (cmd == 3 || cmd == 4 || cmd == 5 || cmd == 13)
		for (uint32_t at = 24; at < 40; at += 4)
			put32(rq, len, at, at + 4 <= len ? rq[at] % 66u : 0);
	if (cmd == 13) {
		put32(rq, len, 48, 64);
		put32(rq, len, 52, rq[8] % 64u + 1);
		put32(rq, len, 56, 1);
		put32(rq, len, 64, 256);
		put32(rq, len, 80, 0);
	}
	if (cmd == 3 || cmd == 13)
		put32(rq, len, 40, how >> 6 & 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gpu_stats st;

	if (!mock)
		set_up();
	mock_start(mock, MOCK_ALL_FEATURES);
	for (unsigned int step = 0; step < MAX_STEPS && size >= 4; step++) {
		uint8_t rq[MAX_REQUEST] = { 0 }, resp[64];
		uint32_t len = data[2] % MAX_REQUEST + 1u, room = data[3] % 64u;
		unsigned int q = data[0] & 1;
		uint8_t how = data[1];
		bool bent = data[0] & 2;

		data += 4;
		size -= 4;
		memcpy(rq, data, size < len ? size : len);
		data += size < len ? size : len;
		size -= size < len ? size : len;
		if (bent)
			bend(rq, len, how);
		/* The null port releases at once: every request comes back. */
		if (mock_send(mock, q, rq, len, resp, room) < 0)
			abort();
	}
	mock_reset(mock);
	gpu_stats(dev, &st);
	if (st.resources || st.resource_bytes)
		abort();
	return 0;
}
