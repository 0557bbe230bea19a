/* SPDX-License-Identifier: Apache-2.0 */
/* Any text is a scenario or is reported; a scenario can be judged. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/check/check.h"
#include "sim/scenario/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses a buffer of its scanner on some malformed texts; no leak of ours. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml\n";
}

/* Feeds the checks with something of each kind. */
static void judge(const struct scenario *s)
{
	struct check_set *c;
	struct err e;

	if (check_new(s, NULL, &c, &e) != 0)
		return;
	for (uint32_t i = 0; i < 64; i++) {
		struct canfd_frame f = {
			.can_id = i * 33, .len = (uint8_t)(i % 9), .data = { 1, 2, 3 }
		};

		check_frame(
			c, i % 3, i % 2, i * UINT64_C(100000000), &f, i % 5 ? CAN_MTU : CANFD_MTU);
		check_console(c, i % 3, "hvc0", i * UINT64_C(100000000), "READY now", 9);
	}
	check_guest(c, 0, CHECK_GUEST_READY, 1, NULL);
	check_guest(c, 1, CHECK_GUEST_CRASHED, 2, "triple-fault");
	if (check_finish(c, s->duration_ns) != 0)
		abort();
	check_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scenario_opts opts = { .no_env = true, .no_files = true };
	struct scenario *s = NULL;
	static FILE *null;

	if (!null)
		null = fopen("/dev/null", "w");
	if (scenario_load_text((const char *)data, size, "fuzz.yaml", &opts, null, &s) == 0)
		judge(s);
	scenario_free(s);
	return 0;
}
