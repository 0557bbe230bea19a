/* SPDX-License-Identifier: Apache-2.0 */
/* What is special about a guest's machine and its place on the host: words and types of the keys
 * that stand in the table of guests. */
#include "sim/scenario/platform.h"

const struct schema_word words_on_panic[] = {
	{ "stop", SCENARIO_PANIC_STOP, "it ends; `restart` may start it again" },
	{ "reset", SCENARIO_PANIC_RESET, "it starts again at once" },
	{ "pause", SCENARIO_PANIC_PAUSE, "it stands still, to be looked at" },
	{ 0 },
};

const struct schema_word words_watchdog[] = {
	{ "off", SCENARIO_WATCHDOG_OFF, "there is none" },
	{ "none", SCENARIO_WATCHDOG_NONE, "it is reported, nothing else" },
	{ "reset", SCENARIO_WATCHDOG_RESET, "it starts again" },
	{ "power-off", SCENARIO_WATCHDOG_POWER_OFF, "it ends; `restart` may start it again" },
	{ "pause", SCENARIO_WATCHDOG_PAUSE, "it stands still, to be looked at" },
	{ 0 },
};

void platform_check(struct bind *b, const struct node *n, const struct scenario_guest *g)
{
	if (g->watchdog != SCENARIO_WATCHDOG_OFF && g->mmio)
		bind_key_error(b, n, "watchdog", "is a PCI device: not with `transport: mmio`");
}
