/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of guests and of libslirp through the gateway's sizes: what leaves is legal. First byte:
 * whose the frame is, and a small or an ordinary MTU; two bytes: how long it is made.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/usernet/segments.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void out(void *ctx, const struct net_offload *o, const uint8_t *frame, uint32_t len)
{
	static const struct net_offload nothing;

	(void)ctx;
	if (!frame || net_offload_check(o ? o : &nothing, len) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct segments s;
	uint32_t len;
	uint8_t *copy;

	if (size < 3 + NET_FRAME_MIN)
		return 0;
	len = (uint32_t)(data[1] | data[2] << 8);
	if (len < size - 3)
		len = (uint32_t)(size - 3);
	if (len > NET_UNCUT_MAX)
		return 0;
	copy = calloc(1, len);
	if (!copy)
		return 0;
	memcpy(copy, data + 3, size - 3);
	segments_init(&s, data[0] & 2 ? 1500 : 68);
	if (data[0] & 1)
		segments_from_guest(&s, copy, len);
	segments_to_guest(&s, copy, len, out, NULL);
	free(copy);
	return 0;
}
