/* SPDX-License-Identifier: Apache-2.0 */
/* CAN, console, input and entropy: bad requests, and resets while requests are under way. */
#include <string.h>

#include "attack.h"

#define REQUESTS 200

static uint8_t blob[65536] __attribute__((aligned(4096)));

/*
 * Requests of noise on one queue: random lengths, random pieces, some readable, some writable. The
 * device may return them or latch; it is reset whenever it does the latter.
 */
static void noise_on(unsigned int type, uint16_t queue, const char *text)
{
	unsigned int returned = 0, latched = 0, silent = 0;
	struct virtio_dev v;
	struct virtq q;
	bool up = false;

	for (unsigned int i = 0; i < REQUESTS && silent < 3; i++) {
		struct virtq_buf b[4];
		const unsigned int n_out = noise() % 3, n_in = noise() % 2 + (n_out == 0);
		enum outcome o;

		if (!up) {
			if (virtio_find(&v, type, 0) != 0 ||
				virtio_negotiate(&v, VIRTIO_F_VERSION_1 | 0xffffff) != 0 ||
				virtq_new(&q, &v, queue, 32) != 0)
				return;
			virtio_driver_ok(&v);
			up = true;
		}
		for (unsigned int k = 0; k < n_out + n_in; k++) {
			b[k].addr = blob + noise() % 32768;
			b[k].len = (noise() & 3) != 0 ? noise() % 100 : noise() % 32768;
		}
		*(uint32_t *)(void *)blob = noise();
		if (virtq_add(&q, b, n_out, n_in, blob) != 0)
			break;
		virtq_kick_now(&q);
		o = wait_outcome(&v, &q, 20);
		if (o == RETURNED) {
			while (virtq_pop(&q, NULL) != NULL)
				returned++;
		} else if (o == NEEDS_RESET) {
			latched++;
			if (virtio_reset(&v) != 0)
				break;
			virtq_free(&q);
			up = false;
		} else {
			/* A device that waits for something (input for events) keeps the request.
			 */
			silent++;
		}
	}
	verdict(returned + latched + silent > 0, "noise", text, "nothing was tried");
	if (up) {
		expect_alive(&v, "noise.again", text);
		virtq_free(&q);
	}
}

/* Many requests, and a reset before they can be answered. */
static void reset_under_way(unsigned int type, uint16_t queue, const char *text)
{
	for (unsigned int round = 0; round < 8; round++) {
		struct virtio_dev v;
		struct virtq q;

		if (virtio_find(&v, type, 0) != 0 ||
			virtio_negotiate(&v, VIRTIO_F_VERSION_1 | 0xffffff) != 0 ||
			virtq_new(&q, &v, queue, 32) != 0)
			return;
		virtio_driver_ok(&v);
		for (unsigned int i = 0; i < 16; i++)
			(void)!virtq_add(&q,
				(struct virtq_buf[]){ { blob, 64 }, { blob + 4096, 4096 } }, 1, 1,
				blob);
		mmio_write16(q.notify, queue);
		verdict(virtio_reset(&v) == 0, "reset", text, "not reset");
		virtq_free(&q);
	}
}

/* The Rx queue is given buffers that no frame fits into; control messages pile up. */
static void can_corner(void)
{
	static uint16_t start = 0x0201;
	static uint8_t result;
	struct virtio_dev v;
	struct virtq rx, ctrl;
	unsigned int done = 0;

	if (virtio_find(&v, VIRTIO_CAN, 0) != 0)
		return;
	if (virtio_negotiate(&v, VIRTIO_F_VERSION_1 | 0xf) != 0 || virtq_new(&rx, &v, 1, 16) != 0 ||
		virtq_new(&ctrl, &v, 2, 16) != 0)
		return;
	for (unsigned int i = 0; i < 8; i++)
		(void)!virtq_add(&rx, &(struct virtq_buf){ blob, i }, 0, 1, blob);
	virtio_driver_ok(&v);
	virtq_kick_now(&rx);
	for (unsigned int i = 0; i < 7; i++) {
		start = (i & 1) != 0 ? 0x0202 : 0x0201;
		/* No room for the result in the last one. */
		if (virtq_add(&ctrl, (struct virtq_buf[]){ { &start, 2 }, { &result, 1 } }, 1,
			    i < 6, &ctrl) != 0)
			break;
		virtq_kick_now(&ctrl);
		if (wait_outcome(&v, &ctrl, 2000) != RETURNED)
			break;
		virtq_pop(&ctrl, NULL);
		done++;
	}
	verdict(done == 7 || (virtio_status(&v) & VIRTIO_NEEDS_RESET) != 0, "can",
		"control messages without room for an answer", "%u of 7 answered", done);
	expect_alive(&v, "can.again", "control messages without room for an answer");
	virtq_free(&rx);
	virtq_free(&ctrl);
}

void attack_others(void)
{
	static const struct {
		unsigned int type;
		uint16_t queue;
		const char *text;
	} targets[] = {
		{ VIRTIO_CAN, 0, "can: Txq" },
		{ VIRTIO_CAN, 1, "can: Rxq" },
		{ VIRTIO_CAN, 2, "can: Controlq" },
		{ VIRTIO_CONSOLE, 1, "console: transmitq" },
		{ VIRTIO_CONSOLE, 3, "console: control transmitq" },
		{ VIRTIO_INPUT, 0, "input: eventq" },
		{ VIRTIO_INPUT, 1, "input: statusq" },
		{ VIRTIO_RNG, 0, "rng: requestq" },
		{ VIRTIO_GPU, 0, "gpu: controlq" },
		{ VIRTIO_GPU, 1, "gpu: cursorq" },
	};

	for (size_t i = 0; i < DYNO_COUNT(targets); i++) {
		if (virtio_count(targets[i].type) == 0) {
			verdict_skip("noise", targets[i].text, "there is no such device");
			continue;
		}
		noise_on(targets[i].type, targets[i].queue, targets[i].text);
		reset_under_way(targets[i].type, targets[i].queue, targets[i].text);
	}
	can_corner();
}
