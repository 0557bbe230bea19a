/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of a sound device as dyno-audio reads them: what is accepted can be packed again, and
 * rings with any counters give pieces inside themselves. */
#include <stdlib.h>
#include <string.h>

#include "base/proto/pcm_port.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t memory[PCM_RING_BYTES];
	struct pcm_ring ring = { .data = memory };
	struct pcm_msg_wire w;
	struct pcm_msg m, again;
	uint64_t at[2] = { 0 };
	uint32_t len;
	const uint8_t *p;

	if (pcm_msg_parse(&m, data, size, 4) == 0) {
		pcm_msg_pack(&w, &m);
		if (pcm_msg_parse(&again, &w, sizeof(w), 4) != 0 || again.op != m.op)
			abort();
	}
	memcpy(at, data, MIN(size, sizeof(at)));
	p = pcm_ring_room(&ring, at[0], at[1], &len);
	if (p && (p < memory || len > (size_t)(memory + PCM_RING_BYTES - p)))
		abort();
	p = pcm_ring_data(&ring, at[0], at[1], &len);
	if (p && (p < memory || len > (size_t)(memory + PCM_RING_BYTES - p)))
		abort();
	return 0;
}
