/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bad neighbour: as fast as it can it writes to its console, its disk, its network card and its
 * CAN bus, and it never sleeps. Options: wait=1: not before a frame 7FF came; can=, and what it
 * has.
 */
#include <string.h>

#include "dyno/blk.h"
#include "dyno/dyno.h"
#include "dyno/net.h"

#define BEGIN     0x7ffu
#define FRAME_ID  0x200u /* which the echo guest takes and does not answer */
#define BLOCK     128u /* sectors */
#define CAN_BURST 64u

static struct dyno_can *can;

static void await_begin(void)
{
	struct dyno_can_frame f;

	for (;;) {
		while (dyno_can_recv(can, &f)) {
			if (f.id == BEGIN)
				return;
		}
		dyno_wait(DYNO_FOREVER);
	}
}

static void flood_can(void)
{
	struct dyno_can_frame f = { .id = FRAME_ID, .len = 8 };

	while (dyno_can_recv(can, &f))
		;
	f = (struct dyno_can_frame){ .id = FRAME_ID, .len = 8 };
	for (unsigned int i = 0; i < CAN_BURST; i++) {
		if (dyno_can_send(can, &f) != 0)
			break;
	}
	dyno_can_kick(can);
}

void dyno_main(void)
{
	static uint8_t block[BLOCK * DYNO_SECTOR], frame[DYNO_NET_FRAME];
	struct dyno_blk *disk = dyno_blk_open(0);
	struct dyno_net *net = dyno_net_open();

	can = dyno_can_open(0);
	memset(frame, 0xff, 6);
	dyno_printf("READY flood\n");
	if (can != NULL && dyno_option_bool("wait", false))
		await_begin();
	dyno_printf("FLOODING\n");
	for (uint32_t turn = 0;; turn++) {
		dyno_printf("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef %u\n",
			turn);
		if (can != NULL)
			flood_can();
		if (disk != NULL && dyno_blk_write(disk, turn % 64 * BLOCK, block, BLOCK) != 0)
			dyno_printf("the disk refuses\n");
		if (net != NULL && dyno_net_send(net, frame, sizeof(frame)) != 0)
			dyno_printf("the card refuses\n");
	}
}
