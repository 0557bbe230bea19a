/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rings of every kind, on the simplest device there is: the entropy device. Each combination is
 * driven over several turns of the ring, so that indices and wrap counters go round.
 */
#include <string.h>

#include "suite.h"

#define SIZE  8
#define TURNS 40

static uint8_t data[SIZE][64] __attribute__((aligned(64)));

struct kind {
	const char *name;
	uint64_t without, with; /* of the ring features */
	bool indirect;
};

static const struct kind kinds[] = {
	{ "split", VIRTIO_F_PACKED | VIRTIO_F_EVENT_IDX, 0, false },
	{ "split, event index", VIRTIO_F_PACKED, VIRTIO_F_EVENT_IDX, false },
	{ "split, indirect", VIRTIO_F_PACKED, VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT, true },
	{ "packed", VIRTIO_F_EVENT_IDX, VIRTIO_F_PACKED, false },
	{ "packed, event index", 0, VIRTIO_F_PACKED | VIRTIO_F_EVENT_IDX, false },
	{ "packed, indirect", 0, VIRTIO_F_PACKED | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT, true },
};

/* A request of two pieces into row i. */
static int post(struct virtq *q, unsigned int i)
{
	return virtq_add(
		q, (struct virtq_buf[]){ { data[i], 24 }, { data[i] + 24, 40 } }, 0, 2, data[i]);
}

static bool turn(struct virtq *q, unsigned int depth, uint32_t *len)
{
	for (unsigned int i = 0; i < depth; i++) {
		if (post(q, i) != 0)
			return false;
	}
	virtq_kick_now(q);
	for (unsigned int i = 0; i < depth; i++) {
		if (!wait_used(q, 5000) || virtq_pop(q, len) == NULL || *len == 0 || *len > 64)
			return false;
	}
	return true;
}

static void goes_round(struct virtq *q, const struct kind *k)
{
	const unsigned int depth = k->indirect ? SIZE : SIZE / 2;
	unsigned int done = 0;
	uint32_t len = 0;

	while (done < TURNS && turn(q, 1 + done % depth, &len))
		done++;
	verdict(done == TURNS, "ring.round", k->name, "stopped in turn %u of %u, length %u", done,
		TURNS, len);
	verdict(q->num_free == q->size, "ring.free", k->name, "%u of %u entries are free",
		q->num_free, q->size);
}

/* With an interrupt wanted, one comes; with none wanted, the request comes back all the same. */
static void interrupts(struct virtq *q, const struct kind *k)
{
	struct dyno_event_stats before, after;
	uint64_t deadline_ns;
	bool returned;
	uint32_t len;

	virtq_arm(q);
	before = dyno_event_stats();
	if (post(q, 0) != 0)
		return;
	virtq_kick_now(q);
	deadline_ns = dyno_now_ns() + DYNO_MS(5000);
	do {
		dyno_sleep_until(dyno_now_ns() + DYNO_MS(1));
		after = dyno_event_stats();
		returned = virtq_pending(q);
		/* One that an earlier request caused may come now: this one's is not there yet. */
	} while ((after.interrupts == before.interrupts || !returned) &&
		 dyno_now_ns() < deadline_ns);
	verdict(after.interrupts > before.interrupts && virtq_pop(q, &len) != NULL,
		"ring.interrupt", k->name, "%llu interrupts, request %s",
		(unsigned long long)(after.interrupts - before.interrupts),
		returned ? "returned" : "not returned");
	virtq_disarm(q);
	before = dyno_event_stats();
	for (unsigned int i = 0; i < 3; i++) {
		if (post(q, 0) != 0)
			return;
		virtq_kick_now(q);
		deadline_ns = dyno_now_ns() + DYNO_MS(5000);
		while (!virtq_pending(q) && dyno_now_ns() < deadline_ns)
			dyno_sleep_until(dyno_now_ns() + DYNO_MS(1));
		virtq_pop(q, &len);
		virtq_disarm(q);
	}
	/* One that was under way when it was disarmed is allowed. */
	after = dyno_event_stats();
	verdict(after.interrupts <= before.interrupts + 1, "ring.quiet", k->name,
		"%llu interrupts that nobody wanted",
		(unsigned long long)(after.interrupts - before.interrupts));
}

static void queue_reset(struct virtio_dev *v, struct virtq *q, const struct kind *k)
{
	const uintptr_t reg = v->common + VIRTIO_C_QUEUE_RESET;
	uint64_t deadline_ns = dyno_now_ns() + DYNO_MS(5000);
	uint32_t len;

	if ((v->features & VIRTIO_F_RING_RESET) == 0) {
		verdict_skip("ring.reset", k->name, "RING_RESET is not offered");
		return;
	}
	mmio_write16(v->common + VIRTIO_C_QUEUE_SELECT, 0);
	mmio_write16(reg, 1);
	while (mmio_read16(reg) != 0 && dyno_now_ns() < deadline_ns)
		dyno_sleep_until(dyno_now_ns() + DYNO_MS(1));
	verdict(mmio_read16(reg) == 0 && mmio_read16(v->common + VIRTIO_C_QUEUE_ENABLE) == 0,
		"ring.reset", k->name, "reset %u, enable %u", mmio_read16(reg),
		mmio_read16(v->common + VIRTIO_C_QUEUE_ENABLE));
	virtq_free(q);
	if (!verdict(virtq_new(q, v, 0, SIZE) == 0, "ring.reenable", k->name, "refused"))
		return;
	q->indirect = k->indirect;
	verdict(turn(q, 2, &len), "ring.afterreset", k->name, "no answer");
}

void suite_rings(void)
{
	struct virtio_dev v;

	if (virtio_find(&v, VIRTIO_RNG, 0) != 0) {
		verdict_skip("ring", "rings", "there is no entropy device");
		return;
	}
	for (size_t i = 0; i < DYNO_COUNT(kinds); i++) {
		const struct kind *k = &kinds[i];
		struct virtq q;

		if (virtio_negotiate(&v, (virtio_ring_features() & ~k->without) | k->with |
						 VIRTIO_F_RING_RESET) != 0 ||
			(v.features & k->with) != k->with) {
			verdict_skip("ring.round", k->name, "not offered");
			continue;
		}
		if (!verdict(virtq_new(&q, &v, 0, SIZE) == 0, "ring.new", k->name, "refused"))
			continue;
		q.indirect = k->indirect;
		virtio_driver_ok(&v);
		goes_round(&q, k);
		interrupts(&q, k);
		queue_reset(&v, &q, k);
		verdict((virtio_status(&v) & VIRTIO_NEEDS_RESET) == 0, "ring.healthy", k->name,
			"the device needs a reset");
		verdict(virtio_reset(&v) == 0, "ring.end", k->name, "reset failed");
		virtq_free(&q);
	}
}
