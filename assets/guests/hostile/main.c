/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bad driver: rings that lie, registers written with anything, requests that no device can
 * honour. After each the device must say so (NEEDS_RESET, or an error in its answer) and work again
 * after a reset. Options: only=NAME (one part), seed=N.
 */
#include "attack.h"

#include <string.h>

static uint32_t state;

uint32_t noise(void)
{
	/* Xorshift: all that is needed is variety. */
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

const char *outcome_name(enum outcome o)
{
	static const char *const names[] = { "nothing happened", "the request came back",
		"the device needs a reset" };

	return names[o];
}

static bool returned(const struct virtq *q)
{
	return q != NULL && virtq_pending(q);
}

enum outcome wait_outcome(const struct virtio_dev *v, const struct virtq *q, unsigned int ms)
{
	const uint64_t deadline_ns = dyno_now_ns() + DYNO_MS(ms);

	for (;;) {
		if ((virtio_status(v) & VIRTIO_NEEDS_RESET) != 0)
			return NEEDS_RESET;
		if (returned(q))
			return RETURNED;
		if (dyno_now_ns() >= deadline_ns)
			return SILENT;
		dyno_sleep_until(dyno_now_ns() + DYNO_US(500));
	}
}

void expect_outcome(const struct virtio_dev *v, const struct virtq *q, bool must_reset,
	const char *id, const char *text)
{
	const enum outcome o = wait_outcome(v, q, 3000);

	verdict(must_reset ? o == NEEDS_RESET : o != SILENT, id, text, "%s", outcome_name(o));
}

void expect_canary(const char *id, const char *text)
{
	static uint8_t bytes[32];
	struct virtio_dev v;
	struct virtq q;
	uint32_t len = 0;
	bool works;

	memset(bytes, 0, sizeof(bytes));
	if (virtio_find(&v, VIRTIO_RNG, 0) != 0) {
		verdict_skip(id, text, "there is no entropy device");
		return;
	}
	if (virtio_negotiate(&v, VIRTIO_F_VERSION_1) != 0 || virtq_new(&q, &v, 0, 8) != 0) {
		verdict(false, id, text, "the entropy device does not start");
		return;
	}
	virtio_driver_ok(&v);
	works = virtq_add(&q, &(struct virtq_buf){ bytes, sizeof(bytes) }, 0, 1, &q) == 0;
	virtq_kick_now(&q);
	works = works && wait_outcome(&v, &q, 5000) == RETURNED && virtq_pop(&q, &len) != NULL;
	verdict(works && len > 0 && len <= sizeof(bytes), id, text,
		"the entropy device does not answer (length %u)", len);
	(void)!virtio_reset(&v);
	virtq_free(&q);
}

void expect_alive(struct virtio_dev *v, const char *id, const char *text)
{
	verdict(virtio_reset(v) == 0 && virtio_negotiate(v, VIRTIO_F_VERSION_1 | 0xffffff) == 0, id,
		text, "the device does not start again: status %02x", virtio_status(v));
	(void)!virtio_reset(v);
}

static const struct {
	const char *name;
	void (*run)(void);
} parts[] = {
	{ "rings", attack_rings },
	{ "registers", attack_registers },
	{ "gpu", attack_gpu },
	{ "others", attack_others },
};

void dyno_main(void);

void dyno_main(void)
{
	const char *only = dyno_option("only");

	state = (uint32_t)dyno_option_int("seed", 20260101) | 1;
	dyno_printf("READY hostile\n");
	expect_canary("start", "the machine works");
	for (size_t i = 0; i < DYNO_COUNT(parts); i++) {
		if (only == NULL || strcmp(only, parts[i].name) == 0) {
			parts[i].run();
			expect_canary("alive", parts[i].name);
		}
	}
	verdict_done();
}
