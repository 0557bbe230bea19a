/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes virtio-input's answers to configuration queries and its check of events. */
#include "devices/input/proto.h"

#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>

static void must(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is held: after as many releases as it takes nothing is. */
static void let_go(struct input_held *told)
{
	struct input_held want = { .slot = 2 };

	for (unsigned int rounds = 0;; rounds++) {
		struct input_event_rec out[8];
		uint32_t n = input_held_release(told, &want, out, 8);

		if (n == 0)
			break;
		must(n <= 8 && rounds < 1100 && out[n - 1].type == EV_SYN);
		input_held_follow(told, out, n);
	}
	must(memcmp(told, &want, sizeof(want)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input_held held = { .slot = 0 };
	struct input_identity id = { .width = 1280, .height = 800, .name = "n", .serial = "s" };
	uint8_t u[INPUT_CFG_UNION_BYTES];
	uint8_t n;

	if (size < 3)
		return 0;
	id.kind = (enum input_kind)(data[0] % INPUT_KINDS);
	n = input_config(&id, data[1], data[2], u);
	must(n <= sizeof(u));
	for (size_t i = n; i < sizeof(u); i++)
		must(u[i] == 0);
	for (size_t at = 3; at + sizeof(struct input_event_rec) <= size;
		at += sizeof(struct input_event_rec)) {
		struct input_event_rec e;

		memcpy(&e, data + at, sizeof(e));
		if (input_event_check(&id, &e) != INPUT_PASS)
			continue;
		input_held_follow(&held, &e, 1);
		/* What passes was announced. */
		must(e.type <= EV_MAX);
		n = input_config(&id, INPUT_CFG_EV_BITS, (uint8_t)e.type, u);
		must(e.code / 8 < n && (u[e.code / 8] >> (e.code % 8) & 1));
		if (e.type == EV_ABS && (e.code == ABS_X || e.code == ABS_MT_POSITION_X))
			must(e.value >= 0 && e.value < 1280);
	}
	let_go(&held);
	return 0;
}
