/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text is a script that runs, fails or is no Lua; whatever it does with the functions it has,
 * it ends, within its memory, and nobody else is harmed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "sim/scenario/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct signal_def defs[] = {
	{ .name = "Speed",
		.unit = "",
		.doc = "",
		.has_range = true,
		.max = 250,
		.stale_ns = 5000000 },
	{ .name = "Gear", .unit = "", .doc = "" },
};

static int parse(const char *text, struct canfd_frame *out, struct err *e)
{
	struct scenario_frame f;
	int rc = scenario_parse_frame(text, &f, e);

	if (!rc)
		*out = f.f;
	return rc;
}

static int swallow(void *ctx, uint32_t bus, const struct canfd_frame *f, uint64_t t_ns)
{
	(void)ctx;
	(void)t_ns;
	if (bus > 1 || f->len > CANFD_MAX_DLEN)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const buses[] = { "can0", "can1" };
	struct signal_model model = { .n_defs = 2, .defs = defs };
	struct canfd_frame f = { .can_id = 0x123, .len = 8 };
	struct script *s = NULL;
	struct bench_clock clock;
	struct script_stats st;
	struct agenda agenda;
	struct signals *table;
	struct ev_loop *loop;
	struct err e;
	uint64_t crc;
	char path[40];
	int fd = memfd_create("script", MFD_CLOEXEC);

	if (fd < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	bench_clock_init(&clock);
	if (ev_loop_new(&loop) || agenda_init(&agenda, loop, &clock) ||
		signal_model_add_name(&model, "Speed", 0) ||
		signal_model_add_name(&model, "Gear", 1) || signals_new(&table, &model, &agenda))
		abort();
	struct script_config cfg = { .name = "fuzz.lua",
		.file = path,
		.folder = "/proc/self/fdinfo",
		.seed = 1,
		.memory_bytes = 1 << 20,
		.instructions = 20000,
		.table = table,
		.agenda = &agenda,
		.buses = buses,
		.n_buses = 2,
		.parse = parse,
		.send = swallow };

	if (script_new(&s, &cfg, &e) == 0) {
		for (uint64_t ms = 0; ms < 20; ms++) {
			(void)!signals_set(
				table, ms & 1, (double)ms, ms * NS_PER_MS, SIGNAL_BY_BUS);
			script_frame(s, ms & 1, &f, ms * NS_PER_MS);
			agenda_run_to(&agenda, ms * NS_PER_MS);
		}
		(void)!script_checksum(s, "crc", "Motor", f.data, f.len, 21 * NS_PER_MS, &crc);
		script_get_stats(s, &st);
		if (st.peak_bytes > cfg.memory_bytes)
			abort();
	}
	agenda_fini(&agenda);
	script_free(s);
	signals_free(table);
	signal_model_fini(&model);
	ev_loop_free(loop);
	close(fd);
	return 0;
}
