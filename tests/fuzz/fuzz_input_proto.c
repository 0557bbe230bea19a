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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
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
		/* What passes was announced. */
		must(e.type <= EV_MAX);
		n = input_config(&id, INPUT_CFG_EV_BITS, (uint8_t)e.type, u);
		must(e.code / 8 < n && (u[e.code / 8] >> (e.code % 8) & 1));
		if (e.type == EV_ABS && (e.code == ABS_X || e.code == ABS_MT_POSITION_X))
			must(e.value >= 0 && e.value < 1280);
	}
	return 0;
}
