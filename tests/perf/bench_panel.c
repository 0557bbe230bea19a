/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the control panel costs dyno-ui's windows: time to draw all of it, to draw it when a few
 * values changed, and when none did; with a thousand signals, at two scales, in the host's font.
 * Prints one JSON object.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "tests/perf/perf.h"
#include "ui/panel/desk.h"
#include "ui/panel/font.h"

#define SIGNALS 1000u
#define TAKES   41u
#define W       940
#define H       720

static void need(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench_panel: %s\n", what);
		exit(1);
	}
}

static json_t *spec_of(void)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < SIGNALS; i++)
		json_array_append_new(list,
			json_pack("{s:o,s:s,s:s,s:i,s:i}", "name",
				json_sprintf("Vehicle.Group%u.Signal%u", i / 8, i), "unit", "km/h",
				"kind", i % 3 ? "range" : "switch", "min", 0, "max", 1));
	return json_pack("{s:o,s:[s]}", "signals", list, "buses", "can0");
}

static void tell(struct panel_desk *d, uint32_t signal, double value)
{
	struct signal_rec r = { .type = SIGNAL_REC_VALUE,
		.state = SIGNAL_REC_FRESH,
		.signal = signal,
		.value = value };

	panel_model_value(&d->model, &r);
}

/* Median milliseconds; `changed`: signals with another value each time. */
static double draw_ms(struct panel_desk *d, uint32_t *px, bool all, uint32_t changed)
{
	double ms[TAKES];

	for (uint32_t k = 0; k < TAKES; k++) {
		uint64_t began_ns;

		for (uint32_t i = 0; i < changed; i++)
			tell(d, i, (double)((k + i) % 10) / 10);
		began_ns = clock_now_ns();
		(void)panel_desk_draw(d, px, (size_t)d->layout.width, all);
		ms[k] = (double)(clock_now_ns() - began_ns) / 1e6;
	}
	perf_sort(ms, TAKES);
	return ms[TAKES / 2];
}

int main(void)
{
	struct panel_fonts *fonts = NULL;
	struct panel_spec spec;
	struct panel_desk d;
	struct err e = { .text = "" };
	uint32_t *px = calloc((size_t)4 * W * H, sizeof(*px));

	need(px && panel_spec_parse(spec_of(), &spec, &e) == 0, "no description");
	need(panel_fonts_open(&fonts, &e) == 0, e.text);
	need(panel_desk_init(&d, &spec, fonts) == 0, "no memory");
	printf("{\"signals\":%u", SIGNALS);
	for (int scale = 1; scale <= 2; scale++) {
		double all, some, none;

		need(panel_desk_resize(&d, W * scale, H * scale, scale) == 0, "no memory");
		all = draw_ms(&d, px, true, 0);
		some = draw_ms(&d, px, false, 8);
		none = draw_ms(&d, px, false, 0);
		printf(",\"scale_%d\":{\"all_ms\":%.3f,\"eight_values_ms\":%.3f,\"nothing_ms\":%.3f,"
		       "\"eight_to_all\":%.3f}",
			scale, all, some, none, some / all);
	}
	printf("}\n");
	panel_desk_fini(&d);
	free(px);
	return 0;
}
