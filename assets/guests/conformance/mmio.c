/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Virtio Over MMIO": of a machine whose devices are on its command line the registers of each, and
 * the first entropy device driven by hand over a split ring. Linux' driver is the test of all else;
 * the interrupt is only looked at, here.
 */
#include <string.h>

#include "suite.h"

#define PAGE        0x1000u
#define MAX_DEVICES 31u
#define SIZE        8u

enum {
	MAGIC = 0x000,
	VERSION = 0x004,
	DEVICE_ID = 0x008,
	FEATURES = 0x010,
	FEATURES_SEL = 0x014,
	DRIVER_FEATURES = 0x020,
	DRIVER_FEATURES_SEL = 0x024,
	QUEUE_SEL = 0x030,
	QUEUE_SIZE_MAX = 0x034,
	QUEUE_SIZE = 0x038,
	QUEUE_READY = 0x044,
	QUEUE_NOTIFY = 0x050,
	INTERRUPT_STATUS = 0x060,
	INTERRUPT_ACK = 0x064,
	STATUS = 0x070,
	QUEUE_DESC = 0x080,
	QUEUE_DRIVER = 0x090,
	QUEUE_DEVICE = 0x0a0,
	SHM_LEN = 0x0b0,
};

struct ring {
	struct vring_desc desc[SIZE];
	struct {
		uint16_t flags;
		uint16_t idx;
		uint16_t ring[SIZE];
		uint16_t used_event;
	} avail;
	struct {
		uint16_t flags;
		uint16_t idx;
		struct vring_used_elem ring[SIZE];
		uint16_t avail_event;
	} used __attribute__((aligned(4)));
};

static uint32_t get(uintptr_t page, uint32_t off)
{
	struct dyno_op op = { page + off, DYNO_READ32, 0 };

	dyno_ops(&op, 1);
	return op.value;
}

static void set(uintptr_t page, uint32_t off, uint32_t value)
{
	struct dyno_op op = { page + off, DYNO_WRITE32, value };

	dyno_ops(&op, 1);
}

static void set_address(uintptr_t page, uint32_t off, const volatile void *p)
{
	set(page, off, (uint32_t)(uintptr_t)p);
	set(page, off + 4, (uint32_t)((uintptr_t)p >> 32));
}

static bool negotiate(uintptr_t page)
{
	set(page, STATUS, 0);
	set(page, STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	set(page, FEATURES_SEL, 1);
	if (!(get(page, FEATURES) & 1)) /* VERSION_1 */
		return false;
	set(page, DRIVER_FEATURES_SEL, 0);
	set(page, DRIVER_FEATURES, 0);
	set(page, DRIVER_FEATURES_SEL, 1);
	set(page, DRIVER_FEATURES, 1);
	set(page, STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
	return get(page, STATUS) & VIRTIO_FEATURES_OK;
}

static bool wait_for(const volatile uint16_t *idx, uint16_t value)
{
	const uint64_t deadline_ns = dyno_now_ns() + DYNO_MS(5000);

	while (*idx != value && dyno_now_ns() < deadline_ns)
		dyno_sleep_until(dyno_now_ns() + DYNO_US(200));
	return *idx == value;
}

static void drive_rng(uintptr_t page)
{
	static uint8_t bytes[64];
	struct ring *r = dyno_alloc(sizeof(*r), PAGE);

	if (!verdict(r != NULL && negotiate(page), "mmio.open", "the driver starts", "refused"))
		return;
	set(page, QUEUE_SEL, 0);
	verdict(get(page, QUEUE_SIZE_MAX) >= SIZE && get(page, QUEUE_READY) == 0, "mmio.queue",
		"a queue is there and not in use", "size %u", get(page, QUEUE_SIZE_MAX));
	set(page, QUEUE_SIZE, SIZE);
	set_address(page, QUEUE_DESC, r->desc);
	set_address(page, QUEUE_DRIVER, &r->avail);
	set_address(page, QUEUE_DEVICE, &r->used);
	set(page, QUEUE_READY, 1);
	set(page, STATUS,
		VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
	r->desc[0] = (struct vring_desc){ (uintptr_t)bytes, sizeof(bytes), VRING_WRITE, 0 };
	for (uint16_t i = 1; i <= 3; i++) {
		__atomic_store_n(&r->avail.idx, i, __ATOMIC_RELEASE);
		set(page, QUEUE_NOTIFY, 0);
		verdict(wait_for(&r->used.idx, i), "mmio.used", "a request comes back",
			"used index %u", r->used.idx);
		verdict(get(page, INTERRUPT_STATUS) == 1, "mmio.interrupt",
			"the interrupt's cause is shown until it is acknowledged", "%x",
			get(page, INTERRUPT_STATUS));
		set(page, INTERRUPT_ACK, 1);
		verdict(get(page, INTERRUPT_STATUS) == 0, "mmio.ack", "and not after it", "%x",
			get(page, INTERRUPT_STATUS));
	}
	set(page, QUEUE_READY, 0);
	verdict(get(page, QUEUE_READY) == 0, "mmio.stop", "a queue can be taken back", "ready");
	set(page, STATUS, 0);
	verdict(get(page, STATUS) == 0, "mmio.end", "reset", "status %x", get(page, STATUS));
	dyno_free(r);
}

/* 0x..., up to what is no digit. */
static uintptr_t hex(const char *p)
{
	uintptr_t v = 0;

	for (p += 2; (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f'); p++)
		v = v << 4 | (uintptr_t)(*p <= '9' ? *p - '0' : *p - 'a' + 10);
	return v;
}

void suite_mmio(void)
{
	/* 4K@0xADDRESS:IRQ of the first; the others follow it, a page each. */
	const char *first = dyno_option("virtio_mmio.device");
	const char *at = first != NULL ? strchr(first, '@') : NULL;
	uintptr_t page;

	if (at == NULL) {
		verdict_skip("mmio", "devices on the command line", "there are none");
		return;
	}
	page = hex(at + 1);
	verdict(pci_dev(0) == NULL, "mmio.alone", "there is no PCI beside them", "there is");
	for (unsigned int i = 0; i < MAX_DEVICES && get(page, MAGIC) == 0x74726976; i++) {
		verdict(get(page, VERSION) == 2, "mmio.version", "version 2", "%u",
			get(page, VERSION));
		verdict(get(page, SHM_LEN) == UINT32_MAX, "mmio.shm", "no shared memory", "%x",
			get(page, SHM_LEN));
		if (get(page, DEVICE_ID) == VIRTIO_RNG)
			drive_rng(page);
		page += PAGE;
	}
}
