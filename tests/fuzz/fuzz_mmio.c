/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that does anything to the page of a virtio-mmio device, and to the memory its rings lie
 * in. Input: records of 8 bytes, see struct op.
 */
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "base/log.h"
#include "tests/dev/echo_dev.h"
#include "vmm/transport/mmio.h"

#define ADDR UINT64_C(0xc0000000)
#define RAM  0x20000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct op {
	uint8_t what, len; /* what: bit 7 write, bit 6 memory; len: log2 */
	le16 off;
	le32 value;
};
static_assert(sizeof(struct op) == 8, "fuzz record");

static unsigned int bells;
static bool line;

static int doorbell_add(void *ctx, uint64_t addr, uint32_t value, int eventfd)
{
	(void)ctx;
	(void)addr;
	(void)value;
	(void)eventfd;
	bells++;
	return 0;
}

static void doorbell_del(void *ctx, uint64_t addr, uint32_t value, int eventfd)
{
	(void)ctx;
	(void)addr;
	(void)value;
	(void)eventfd;
	if (bells-- == 0)
		abort();
}

static void irq(void *ctx, unsigned int number, bool level)
{
	(void)ctx;
	(void)number;
	if (level == line)
		abort();
	line = level;
}

static const struct vmmio_platform platform = { doorbell_add, doorbell_del, irq, NULL };

static void run(struct bus *bus, uint8_t *ram, const struct op *op)
{
	uint8_t buf[8] = { 0 };
	uint32_t len = 1u << (op->len & 3), off = le16_get(op->off);
	le32 status = { { 0 } };

	memcpy(buf, op->value.b, sizeof(op->value.b));
	if (op->what & 0x40)
		memcpy(ram + off % (RAM - 8), buf, sizeof(buf));
	else if (op->what & 0x80)
		(void)bus_write(bus, ADDR + off % VMMIO_BYTES, buf, len);
	else
		(void)bus_read(bus, ADDR + off % VMMIO_BYTES, buf, len);
	/* The line is high just as long as there is a cause. */
	(void)bus_read(bus, ADDR + VMMIO_INTERRUPT_STATUS, status.b, 4);
	if ((le32_get(status) != 0) != line)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t ram[RAM] __attribute__((aligned(4096)));
	struct gmem mem = { .n = 0 };
	struct vmmio *v = NULL;
	struct ev_loop *loop = NULL;
	struct bus bus;
	struct vmmio_config cfg = { .mem = &mem, .bus = &bus, .addr = ADDR, .platform = &platform };
	struct op op;

	log_init("fuzz", LOG_ERROR);
	memset(ram, 0, sizeof(ram));
	bells = 0;
	line = false;
	bus_init(&bus);
	if (gmem_add(&mem, (struct gmem_region){ .len = RAM, .host = ram, .fd = -1 }) ||
		ev_loop_new(&loop) < 0)
		abort();
	cfg.loop = loop;
	if (vmmio_new(&v, &echo_new()->v, &cfg) < 0)
		abort();
	for (size_t at = 0; at + sizeof(op) <= size; at += sizeof(op)) {
		memcpy(&op, data + at, sizeof(op));
		run(&bus, ram, &op);
		if (ev_loop_turn(loop, 0) < 0)
			abort();
	}
	vmmio_free(v);
	if (bells || line)
		abort();
	ev_loop_free(loop);
	bus_fini(&bus);
	return 0;
}
