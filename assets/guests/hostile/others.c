/* SPDX-License-Identifier: Apache-2.0 */
/* CAN, console, input and entropy: bad requests, and resets while requests are under way. */
#include <string.h>

#include "attack.h"

#define REQUESTS 200

static uint8_t blob[65536] __attribute__((aligned(4096)));

/*
 * Requests of noise on one queue: random lengths, random pieces, some readable, some writable. The
 * device may return them or latch; it is reset whenever it does the latter. It may say nothing only
 * where it `keeps` requests (input for events). What it returns is no longer than there was room.
 */
static void noise_on(unsigned int type, uint16_t queue, bool keeps, const char *text)
{
	unsigned int tried = 0, silent = 0, too_long = 0, kept = 0;
	struct virtio_dev v;
	struct virtq q;
	bool up = false;

	for (; tried < REQUESTS && silent < 3; tried++) {
		struct virtq_buf b[4];
		const unsigned int n_out = noise() % 3, n_in = noise() % 2 + (n_out == 0);
		uint32_t space = 0, len = 0;
		enum outcome o;

		if (!up) {
			if (virtio_find(&v, type, 0) != 0 ||
				virtio_negotiate(&v, VIRTIO_F_VERSION_1 | 0xffffff) != 0 ||
				virtq_new(&q, &v, queue, 32) != 0)
				break;
			virtio_driver_ok(&v);
			up = true;
			kept = 0;
		}
		for (unsigned int k = 0; k < n_out + n_in; k++) {
			b[k].addr = blob + noise() % 32768;
			b[k].len = (noise() & 3) != 0 ? noise() % 100 : noise() % 32768;
			space += k < n_out ? 0 : b[k].len;
		}
		*(uint32_t *)(void *)blob = noise();
		if (virtq_add(&q, b, n_out, n_in, blob) != 0)
			break;
		virtq_kick_now(&q);
		o = wait_outcome(&v, &q, keeps ? 20 : 3000);
		if (o == RETURNED) {
			while (virtq_pop(&q, &len) != NULL)
				too_long += !kept && len > space;
		} else if (o == NEEDS_RESET) {
			if (virtio_reset(&v) != 0)
				break;
			virtq_free(&q);
			up = false;
		} else {
			silent++;
			kept++;
		}
	}
	verdict((tried == REQUESTS || (keeps && silent == 3)) && too_long == 0 &&
			(keeps || silent == 0),
		"noise", text, "%u of %u requests, %u without an answer, %u answers too long",
		tried, REQUESTS, silent, too_long);
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

/* Packets that are nearly right: own context, few ports, every operation and type, any length and
 * credit; receive buffers of any size, too few of them. The device may stop, but not fail. */
static void vsock_corner(void)
{
	static struct {
		uint64_t src_cid, dst_cid;
		uint32_t src_port, dst_port, len;
		uint16_t type, op;
		uint32_t flags, buf_alloc, fwd_cnt;
	} __attribute__((packed)) h;
	struct virtio_dev v;
	struct virtq rx, tx;
	uint64_t cid = 0;
	unsigned int taken = 0, silent = 0;

	if (virtio_find(&v, VIRTIO_VSOCK, 0) != 0 ||
		virtio_negotiate(&v, VIRTIO_F_VERSION_1 | 3) != 0 ||
		virtq_new(&rx, &v, 0, 64) != 0 || virtq_new(&tx, &v, 1, 16) != 0)
		return;
	virtio_config_read(&v, 0, &cid, sizeof(cid));
	virtio_driver_ok(&v);
	for (unsigned int i = 0; i < 10 * REQUESTS && silent < 3; i++) {
		h.src_cid = cid;
		h.dst_cid = (noise() & 3) != 0 ? 2 : noise() % 5;
		h.src_port = noise() % 4;
		h.dst_port = noise() % 4;
		h.type = (uint16_t)(noise() % 4);
		h.op = (uint16_t)((noise() & 3) != 0 ? 1 : noise() % 9);
		h.len = (noise() & 1) != 0 ? 0 : noise() % 5000;
		h.flags = noise();
		h.buf_alloc = noise();
		h.fwd_cnt = noise();
		(void)!virtq_add(
			&rx, &(struct virtq_buf){ blob + 8192, noise() % 200 }, 0, 1, blob);
		virtq_kick_now(&rx);
		if (virtq_add(&tx,
			    (struct virtq_buf[]){ { &h, sizeof(h) }, { blob, noise() % 5000 + 1 } },
			    1 + (i & 1), 0, &tx) != 0)
			break;
		virtq_kick_now(&tx);
		silent += wait_outcome(&v, &tx, 500) != RETURNED;
		while (virtq_pop(&tx, NULL) != NULL)
			taken++;
		while (virtq_pop(&rx, NULL) != NULL)
			;
	}
	verdict(taken > REQUESTS && (virtio_status(&v) & VIRTIO_NEEDS_RESET) == 0, "vsock",
		"packets that are nearly right", "%u taken", taken);
	expect_alive(&v, "vsock.again", "packets that are nearly right");
	virtq_free(&rx);
	virtq_free(&tx);
}

void attack_others(void)
{
	static const struct {
		unsigned int type;
		uint16_t queue;
		bool keeps;
		const char *text;
	} targets[] = {
		{ VIRTIO_CAN, 0, false, "can: Txq" },
		{ VIRTIO_CAN, 1, true, "can: Rxq" },
		{ VIRTIO_CAN, 2, false, "can: Controlq" },
		{ VIRTIO_CONSOLE, 1, false, "console: transmitq" },
		{ VIRTIO_CONSOLE, 3, false, "console: control transmitq" },
		{ VIRTIO_INPUT, 0, true, "input: eventq" },
		{ VIRTIO_INPUT, 1, false, "input: statusq" },
		{ VIRTIO_RNG, 0, false, "rng: requestq" },
		{ VIRTIO_GPU, 0, false, "gpu: controlq" },
		{ VIRTIO_GPU, 1, false, "gpu: cursorq" },
		{ VIRTIO_VSOCK, 0, true, "vsock: rx" },
		{ VIRTIO_VSOCK, 1, true, "vsock: tx" },
		{ VIRTIO_VSOCK, 2, true, "vsock: event" },
		{ VIRTIO_SOUND, 0, false, "sound: control" },
		{ VIRTIO_SOUND, 1, true, "sound: event" },
		{ VIRTIO_SOUND, 2, false, "sound: tx" },
		{ VIRTIO_SOUND, 3, false, "sound: rx" },
	};

	for (size_t i = 0; i < DYNO_COUNT(targets); i++) {
		if (virtio_count(targets[i].type) == 0) {
			verdict_skip("noise", targets[i].text, "there is no such device");
			continue;
		}
		noise_on(targets[i].type, targets[i].queue, targets[i].keeps, targets[i].text);
		reset_under_way(targets[i].type, targets[i].queue, targets[i].text);
	}
	can_corner();
	vsock_corner();
}
