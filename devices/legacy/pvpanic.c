/* SPDX-License-Identifier: Apache-2.0 */
/* The crash report's register; see pvpanic.h. */
#include "devices/legacy/pvpanic.h"

uint8_t pvpanic_read(void)
{
	return PVPANIC_PANICKED | PVPANIC_CRASH_LOADED;
}

enum pvpanic_event pvpanic_write(uint8_t value)
{
	/* Both bits: a kernel that has not decided is dead until it shows otherwise. */
	if (value & PVPANIC_PANICKED)
		return PVPANIC_DIED;
	return value & PVPANIC_CRASH_LOADED ? PVPANIC_DUMPS : PVPANIC_NOTHING;
}
