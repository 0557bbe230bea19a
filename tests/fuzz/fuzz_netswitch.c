/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets from guests to the switch: every frame that leaves is a legal one, and none leaves by the
 * port of another VLAN with a tag of its own. First byte of a packet: port and time.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/proto/net_port.h"
#include "sim/netswitch/switch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void output(void *ctx, const struct net_offload *o, const uint8_t *frame, uint32_t len)
{
	(void)ctx;
	/* What leaves is legal, and what is left to do fits. */
	if (!frame ||
		(o ? net_offload_check(o, len) != 0 : len < NET_FRAME_MIN || len > NET_FRAME_MAX))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct netswitch_port_config cfg[] = {
		{ .output = output, .takes = NET_TAKES_CSUM | NET_TAKES_TSO4 },
		{ .output = output, .vlan = 2 }, { .output = output, .trunk = true },
		{ .output = output, .bandwidth_bps = 1000000, .delay_ns = 1000, .loss_ppm = 1000 }
	};
	struct netswitch_config sc = { .ageing_ns = 1000000 };
	struct netswitch_port *p[4];
	struct netswitch *s;
	uint64_t now_ns = 1;

	if (netswitch_new(&s, &sc) != 0)
		return 0;
	for (int i = 0; i < 4; i++) {
		if (netswitch_add(s, &cfg[i], &p[i]) != 0)
			abort();
	}
	while (size > 3) {
		uint32_t len = (uint32_t)(data[1] | data[2] << 8), off = 0;
		unsigned int port = data[0] & 3;
		struct net_item it;

		now_ns += (uint64_t)(data[0] >> 2) * 1000;
		data += 3;
		size -= 3;
		len = len < size ? len : (uint32_t)size;
		while (net_packet_next(data, len, &off, &it) == 1) {
			if (it.frame)
				netswitch_input(p[port], &it.o, it.frame, it.len, now_ns);
			else
				netswitch_takes(p[port], it.takes);
		}
		netswitch_run(s, now_ns);
		data += len;
		size -= len;
	}
	netswitch_run(s, UINT64_MAX);
	netswitch_free(s);
	return 0;
}
