/* SPDX-License-Identifier: Apache-2.0 */
/* CAN port packets: whatever comes out of a packet is valid and packs again to the same record. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/proto/can_port.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct can_rec_frame r, again;
	struct can_packet p;
	uint32_t off = 0,
		 len = size > CAN_PORT_PACKET_BYTES ? CAN_PORT_PACKET_BYTES : (uint32_t)size;
	int kinds = can_packet_kinds(data, len), seen = 0, rc;

	while ((rc = can_packet_next(data, len, &off, &r)) > 0) {
		uint32_t back = 0;

		seen |= 1 << r.h.kind;
		if (off > len)
			abort();
		p.len = 0;
		if (!can_packet_add(&p, &r))
			abort();
		if (can_packet_next(p.b, p.len, &back, &again) != 1)
			abort();
		if (memcmp(&r, &again, sizeof(r)) != 0)
			abort();
	}
	/* Who only looks sees the same. */
	if (kinds != (rc < 0 ? rc : seen))
		abort();
	return 0;
}
