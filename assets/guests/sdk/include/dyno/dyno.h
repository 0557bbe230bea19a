/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bare-metal guest SDK, all of it: a program for one virtual machine, without an operating
 * system. Write `void dyno_main(void)`; it runs in ring 3 on one CPU, with all memory below 4 GiB
 *and all devices mapped one to one, SSE2 usable, interrupts only counted, and those only while it
 * waits. Returning from it powers the machine off. Other CPUs are left alone.
 *
 * The usual shape of a program:
 *
 *	void dyno_main(void)
 *	{
 *		struct dyno_can *can = dyno_can_find("can0");
 *
 *		dyno_printf("READY after %u us\n", (unsigned int)(dyno_now_ns() / 1000));
 *		for (;;) {
 *			... drain: dyno_can_recv(), dyno_input_next() ... until they say there is no
 *more
 *			... draw, dyno_gpu_present() ...
 *			dyno_wait(next_frame_ns);
 *		}
 *	}
 *
 * READY convention: a program prints one line that starts with "READY " when it works.
 *
 * Nothing here is thread-safe: one CPU runs the program. Memory is identity mapped, so a pointer is
 * also the address that a device gets.
 */
#pragma once

#include "dyno/base.h"
#include "dyno/blk.h"
#include "dyno/boot.h"
#include "dyno/can.h"
#include "dyno/console.h"
#include "dyno/event.h"
#include "dyno/gpu.h"
#include "dyno/input.h"
#include "dyno/mem.h"
#include "dyno/print.h"
#include "dyno/rng.h"
#include "dyno/signals.h"
#include "dyno/snd.h"

/* The program. Never called twice. */
void dyno_main(void);
