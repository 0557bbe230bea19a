/* SPDX-License-Identifier: Apache-2.0 */
/* Rings that lie, on the entropy device's queue. */
#include <string.h>

#include "attack.h"

#define SIZE 16

static struct virtio_dev v;
static struct virtq q;
static uint8_t room[4096] __attribute__((aligned(4096)));
static struct vring_desc table[SIZE] __attribute__((aligned(64)));

/* Makes descriptor 0 available by hand. */
static void offer(uint16_t head)
{
	q.avail->ring[q.next_avail % q.size] = head;
	dyno_wmb();
	q.avail->idx = ++q.next_avail;
}

static struct vring_desc writable(void *p, uint32_t len)
{
	return (struct vring_desc){ (uintptr_t)p, len, VRING_WRITE, 0 };
}

static void head_past_the_end(void)
{
	offer(SIZE);
}
static void head_far_out(void)
{
	offer(0xffff);
}
static void index_jumps(void)
{
	q.desc[0] = writable(room, 16);
	q.avail->idx = SIZE + 1;
}
static void index_jumps_back(void)
{
	q.avail->idx = 0xffff;
}
static void next_past_the_end(void)
{
	q.desc[0] = writable(room, 16);
	q.desc[0].flags |= VRING_NEXT;
	q.desc[0].next = SIZE;
	offer(0);
}
static void loop_of_one(void)
{
	q.desc[0] = writable(room, 16);
	q.desc[0].flags |= VRING_NEXT;
	offer(0);
}
static void loop_of_all(void)
{
	for (uint16_t i = 0; i < SIZE; i++) {
		q.desc[i] = writable(room, 16);
		q.desc[i].flags |= VRING_NEXT;
		q.desc[i].next = (uint16_t)((i + 1) % SIZE);
	}
	offer(0);
}
static void address_nowhere(void)
{
	q.desc[0] = writable(NULL, 16);
	q.desc[0].addr = UINT64_C(1) << 52;
	offer(0);
}
static void address_wraps(void)
{
	q.desc[0] = writable(NULL, 0x2000);
	q.desc[0].addr = UINT64_MAX - 0xfff;
	offer(0);
}
static void address_is_a_device(void)
{
	q.desc[0] = writable(NULL, 64);
	q.desc[0].addr = v.common;
	offer(0);
}
static void end_past_ram(void)
{
	/* Begins in RAM and goes on past its end, wherever that is. */
	q.desc[0] = writable(room, 0xf0000000u);
	offer(0);
}
static void length_is_everything(void)
{
	q.desc[0] = writable(room, 0xffffffffu);
	offer(0);
}
static void lengths_wrap(void)
{
	q.desc[0] = writable(room, 0x80000000u);
	q.desc[0].flags |= VRING_NEXT;
	q.desc[0].next = 1;
	q.desc[1] = writable(room, 0x80000010u);
	offer(0);
}
static void readable_after_writable(void)
{
	q.desc[0] = writable(room, 16);
	q.desc[0].flags |= VRING_NEXT;
	q.desc[0].next = 1;
	q.desc[1] = (struct vring_desc){ (uintptr_t)room, 16, 0, 0 };
	offer(0);
}
static void indirect(uint32_t bytes, uint16_t more)
{
	q.desc[0] = (struct vring_desc){ (uintptr_t)table, bytes, (uint16_t)(VRING_INDIRECT | more),
		1 };
	offer(0);
}
static void indirect_nested(void)
{
	table[0] = (struct vring_desc){ (uintptr_t)table, 64, VRING_INDIRECT, 0 };
	indirect(64, 0);
}
static void indirect_odd_length(void)
{
	table[0] = writable(room, 16);
	indirect(17, 0);
}
static void indirect_empty(void)
{
	indirect(0, 0);
}
static void indirect_huge(void)
{
	table[0] = writable(room, 16);
	indirect(0xfffffff0u, 0);
}
static void indirect_loop(void)
{
	table[0] = writable(room, 16);
	table[0].flags |= VRING_NEXT;
	indirect(64, 0);
}
static void indirect_next_outside(void)
{
	table[0] = writable(room, 16);
	table[0].flags |= VRING_NEXT;
	table[0].next = 4;
	indirect(64, 0);
}
static void indirect_nowhere(void)
{
	q.desc[0] = (struct vring_desc){ UINT64_C(1) << 50, 64, VRING_INDIRECT, 0 };
	offer(0);
}
static void indirect_and_next(void)
{
	table[0] = writable(room, 16);
	q.desc[1] = writable(room, 16);
	indirect(16, VRING_NEXT);
}

static void nothing_to_write(void)
{
	q.desc[0] = (struct vring_desc){ (uintptr_t)room, 16, 0, 0 };
	offer(0);
}
static void length_zero(void)
{
	q.desc[0] = writable(room, 0);
	offer(0);
}

/* Packed rings. */
static void packed_offer(unsigned int i, uint16_t flags)
{
	q.pdesc[i] = (struct vring_packed_desc){ (uintptr_t)room, 16, 0, 0 };
	dyno_wmb();
	q.pdesc[i].flags = (uint16_t)(flags | VRING_AVAIL);
}
static void packed_endless(void)
{
	for (unsigned int i = 0; i < SIZE; i++)
		packed_offer(SIZE - 1 - i, VRING_WRITE | VRING_NEXT);
}
static void packed_nowhere(void)
{
	q.pdesc[0].addr = UINT64_MAX - 7;
	q.pdesc[0].len = 16;
	q.pdesc[0].flags = VRING_WRITE | VRING_AVAIL;
}
static void packed_nested(void)
{
	struct vring_packed_desc *t = (struct vring_packed_desc *)(void *)table;

	t[0] = (struct vring_packed_desc){ (uintptr_t)table, 64, 0, VRING_INDIRECT };
	q.pdesc[0] = (struct vring_packed_desc){ (uintptr_t)table, 64, 0, 0 };
	q.pdesc[0].flags = VRING_INDIRECT | VRING_AVAIL;
}
static void packed_direction(void)
{
	packed_offer(1, 0);
	packed_offer(0, VRING_WRITE | VRING_NEXT);
}

struct attack {
	const char *text;
	void (*run)(void);
	enum { MUST_RESET, ANY_ANSWER } want;
	bool packed, no_indirect;
};

static const struct attack attacks[] = {
	{ "a head just past the ring", head_past_the_end, MUST_RESET, false, false },
	{ "a head far past the ring", head_far_out, MUST_RESET, false, false },
	{ "an index that jumps past the ring", index_jumps, MUST_RESET, false, false },
	{ "an index that jumps back", index_jumps_back, MUST_RESET, false, false },
	{ "a next past the ring", next_past_the_end, MUST_RESET, false, false },
	{ "a chain that is its own next", loop_of_one, MUST_RESET, false, false },
	{ "a chain through all and round", loop_of_all, MUST_RESET, false, false },
	{ "an address without memory", address_nowhere, MUST_RESET, false, false },
	{ "an address that wraps", address_wraps, MUST_RESET, false, false },
	{ "an address that is a device", address_is_a_device, MUST_RESET, false, false },
	{ "a buffer that leaves memory", end_past_ram, MUST_RESET, false, false },
	{ "a length of 4 GiB less 1", length_is_everything, MUST_RESET, false, false },
	{ "lengths whose sum wraps", lengths_wrap, MUST_RESET, false, false },
	{ "readable after writable", readable_after_writable, MUST_RESET, false, false },
	{ "an indirect table in itself", indirect_nested, MUST_RESET, false, false },
	{ "an indirect table of 17 bytes", indirect_odd_length, MUST_RESET, false, false },
	{ "an indirect table of nothing", indirect_empty, MUST_RESET, false, false },
	{ "an indirect table of 4 GiB", indirect_huge, MUST_RESET, false, false },
	{ "an indirect loop", indirect_loop, MUST_RESET, false, false },
	{ "an indirect next outside", indirect_next_outside, MUST_RESET, false, false },
	{ "an indirect table without memory", indirect_nowhere, MUST_RESET, false, false },
	{ "indirect and next", indirect_and_next, MUST_RESET, false, false },
	{ "indirect, but not negotiated", indirect_loop, MUST_RESET, false, true },
	{ "a request without room for an answer", nothing_to_write, ANY_ANSWER, false, false },
	{ "a buffer of length 0", length_zero, ANY_ANSWER, false, false },
	{ "packed: a chain without end", packed_endless, MUST_RESET, true, false },
	{ "packed: an address that wraps", packed_nowhere, MUST_RESET, true, false },
	{ "packed: an indirect table in itself", packed_nested, MUST_RESET, true, false },
	{ "packed: readable after writable", packed_direction, MUST_RESET, true, false },
};

static bool start(bool packed, bool no_indirect)
{
	uint64_t f = VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT;

	if (packed)
		f |= VIRTIO_F_PACKED;
	if (no_indirect)
		f &= ~VIRTIO_F_INDIRECT;
	if (virtio_find(&v, VIRTIO_RNG, 0) != 0 || virtio_negotiate(&v, f) != 0 ||
		(v.features & f) != f || virtq_new(&q, &v, 0, SIZE) != 0)
		return false;
	virtio_driver_ok(&v);
	return true;
}

static void run(const struct attack *a)
{
	if (!start(a->packed, a->no_indirect)) {
		verdict_skip("ring", a->text, "not offered");
		return;
	}
	memset(table, 0, sizeof(table));
	a->run();
	mmio_write16(q.notify, 0);
	expect_outcome(&v, &q, a->want == MUST_RESET, "ring", a->text);
	expect_alive(&v, "ring.again", a->text);
	virtq_free(&q);
}

/* Ring areas where no ring can be. */
static void areas(void)
{
	static const uint64_t places[] = { UINT64_C(1) << 60, UINT64_MAX, 0xfee00000,
		0xfffffffffffff000, 0x7fffffff0000, 8 };

	for (size_t area = 0; area < 3; area++) {
		const uintptr_t off = VIRTIO_C_QUEUE_DESC + 8 * area;

		for (size_t i = 0; i < DYNO_COUNT(places); i++) {
			/* An odd address is misaligned for each area; "8" is only for some. */
			const uint64_t at = i == 5 ? (uintptr_t)room + 1 : places[i];

			if (virtio_find(&v, VIRTIO_RNG, 0) != 0 ||
				virtio_negotiate(&v, VIRTIO_F_VERSION_1) != 0 ||
				virtq_new(&q, &v, 0, SIZE) != 0)
				return;
			/* virtq_new() enabled it with good areas: once more, with a bad one. */
			if (virtio_reset(&v) != 0 || virtio_negotiate(&v, VIRTIO_F_VERSION_1) != 0)
				return;
			struct dyno_op op[] = {
				{ v.common + VIRTIO_C_QUEUE_SELECT, DYNO_WRITE16, 0 },
				{ v.common + VIRTIO_C_QUEUE_SIZE, DYNO_WRITE16, SIZE },
				{ v.common + VIRTIO_C_QUEUE_DESC, DYNO_WRITE32,
					(uint32_t)(uintptr_t)q.desc },
				{ v.common + VIRTIO_C_QUEUE_DRIVER, DYNO_WRITE32,
					(uint32_t)(uintptr_t)q.avail },
				{ v.common + VIRTIO_C_QUEUE_DEVICE, DYNO_WRITE32,
					(uint32_t)(uintptr_t)q.used },
				{ v.common + off, DYNO_WRITE32, (uint32_t)at },
				{ v.common + off + 4, DYNO_WRITE32, (uint32_t)(at >> 32) },
				{ v.common + VIRTIO_C_QUEUE_ENABLE, DYNO_WRITE16, 1 },
			};
			dyno_ops(op, DYNO_COUNT(op));
			virtio_driver_ok(&v);
			q.desc[0] = writable(room, 16);
			offer(0);
			mmio_write16(q.notify, 0);
			expect_outcome(&v, NULL, true, "area", "a ring area where none can be");
			expect_alive(&v, "area.again", "a ring area where none can be");
			virtq_free(&q);
		}
	}
}

/* Descriptors and indices change while the device reads them. */
static void race(bool packed)
{
	const char *text = packed ? "packed: a ring that changes while it is read"
				  : "a ring that changes while it is read";
	const uint64_t until = dyno_now_ns() + DYNO_MS(300);

	if (!start(packed, false)) {
		verdict_skip("race", text, "not offered");
		return;
	}
	while (dyno_now_ns() < until) {
		for (unsigned int i = 0; i < 2000; i++) {
			struct vring_desc *d = &q.desc[noise() % SIZE];
			const uint32_t r = noise();

			d->addr = (r & 15) == 0 ? ((uint64_t)noise() << 32 | noise())
						: (uintptr_t)room + (r & 0xff0);
			d->len = (r & 0xf00) == 0 ? noise() : r % 64;
			d->flags = (uint16_t)(r >> 16);
			if (packed) {
				/* Where a packed descriptor has its flags: available and used too.
				 */
				d->next = (uint16_t)noise();
			} else {
				d->next = (uint16_t)(r >> 8 & (SIZE - 1));
				q.avail->ring[r % SIZE] = (uint16_t)(noise() % SIZE);
				q.avail->idx++;
			}
		}
		mmio_write16(q.notify, 0);
	}
	/* Indices jump past the ring's size and descriptors lie: sooner or later the device must
	 * have met one of them. */
	expect_outcome(&v, NULL, true, "race", text);
	expect_alive(&v, "race.again", text);
	virtq_free(&q);
}

void attack_rings(void)
{
	if (virtio_count(VIRTIO_RNG) == 0) {
		verdict_skip("ring", "rings", "there is no entropy device");
		return;
	}
	for (size_t i = 0; i < DYNO_COUNT(attacks); i++)
		run(&attacks[i]);
	areas();
	race(false);
	race(true);
}
