/* SPDX-License-Identifier: Apache-2.0 */
/* What is special about a guest's machine and its place on the host: words and types of the keys
 * that stand in the table of guests. */
#include "sim/scenario/load.h"

const struct schema_word words_on_panic[] = {
	{ "stop", SCENARIO_PANIC_STOP, "it ends; `restart` may start it again" },
	{ "reset", SCENARIO_PANIC_RESET, "it starts again at once" },
	{ "pause", SCENARIO_PANIC_PAUSE, "it stands still, to be looked at" },
	{ 0 },
};
