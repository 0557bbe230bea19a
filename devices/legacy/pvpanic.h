/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pvpanic: one byte by which a guest's operating system says that it failed (QEMU, "PVPANIC
 * DEVICE"). It reads as the events that are understood. Pure state.
 */
#pragma once

#include <stdint.h>

#define PVPANIC_PANICKED     0x01
#define PVPANIC_CRASH_LOADED 0x02 /* it failed, and its crash kernel takes over */

enum pvpanic_event { PVPANIC_NOTHING, PVPANIC_DIED, PVPANIC_DUMPS };

uint8_t pvpanic_read(void);
/* What a written byte says. */
enum pvpanic_event pvpanic_write(uint8_t value);
