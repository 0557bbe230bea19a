/* SPDX-License-Identifier: Apache-2.0 */
/* What is special about a guest's machine and its place on the host: words and types of the keys
 * that stand in the table of guests. */
#include "sim/scenario/platform.h"
#include "sim/scenario/units.h"

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

const struct schema_word words_huge_pages[] = {
	{ "off", SCENARIO_HUGE_OFF, "pages of 4 KiB, as the guest touches them" },
	{ "transparent", SCENARIO_HUGE_TRANSPARENT,
		"huge ones where the host has them at hand "
		"(/sys/kernel/mm/transparent_hugepage/enabled says `madvise` or `always`; beside "
		"vhost-user devices `shmem_enabled` says `advise` or more)" },
	{ "2M", SCENARIO_HUGE_2M, "of 2 MiB, reserved when it starts" },
	{ "1G", SCENARIO_HUGE_1G, "of 1 GiB, reserved when it starts" },
	{ 0 },
};

uint64_t scenario_huge_bytes(enum scenario_huge_pages h)
{
	return h == SCENARIO_HUGE_2M   ? UINT64_C(2) << 20
	       : h == SCENARIO_HUGE_1G ? UINT64_C(1) << 30
				       : 0;
}

void platform_check(struct bind *b, const struct node *n, const struct scenario_guest *g)
{
	uint64_t huge = scenario_huge_bytes(g->huge_pages);
	char a[UNIT_TEXT], c[UNIT_TEXT];

	if (huge && g->memory_bytes % huge)
		bind_key_error(b, n, "memory", "%s is not a multiple of its huge pages, %s",
			unit_show_size(a, g->memory_bytes), unit_show_size(c, huge));
	if (g->watchdog != SCENARIO_WATCHDOG_OFF && g->mmio)
		bind_key_error(b, n, "watchdog", "is a PCI device: not with `transport: mmio`");
}
