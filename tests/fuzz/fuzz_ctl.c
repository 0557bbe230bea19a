/* SPDX-License-Identifier: Apache-2.0 */
/* One line of the control socket, against a bench with two guests; what is taken becomes events. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bench/ctl_proto.h"
#include "sim/bench/gesture.h"

static const struct scenario_display screens[] = {
	{ .title = "IVI", .width = 1280, .height = 800 },
	{ .title = "Rear", .width = 800, .height = 480 },
};
static const struct scenario_port ports[] = { { "hvc0", true } };
static const struct scenario_guest guests[] = {
	{ .name = "cluster", .cmdline = "" },
	{ .name = "ivi",
		.cmdline = "console=hvc0",
		.n_ports = 1,
		.ports = ports,
		.n_displays = 2,
		.displays = screens },
};
static const struct scenario_bus buses[] = { { .name = "can0" }, { .name = "can1" } };
static const struct scenario bench = {
	.n_guests = 2, .guests = guests, .n_buses = 2, .buses = buses
};

static void check_action(const struct scenario_action *a)
{
	struct input_event_rec ev[GESTURE_EVENTS];

	if (a->op == SCENARIO_SEND) {
		if (a->u.send.bus >= bench.n_buses || a->u.send.frame.f.len > CANFD_MAX_DLEN)
			abort();
		return;
	}
	if (a->op == SCENARIO_TYPE &&
		(!a->u.type.port || strlen(a->u.type.text) >= SCENARIO_TEXT_MAX))
		abort();
	if (a->op != SCENARIO_KEY && a->op != SCENARIO_TOUCH && a->op != SCENARIO_POINTER)
		return;
	for (uint32_t i = 0; i < gesture_steps(a); i++) {
		uint32_t n = gesture_events(a, i, 1, ev);

		/* A touch or click outside of its display must not have come through. */
		for (uint32_t k = 0; k < n; k++) {
			if (ev[k].type == 3 && ev[k].value >= (int32_t)screens[0].width)
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctl_request r;
	struct err e;

	if (size > CTL_LINE_MAX)
		return 0;
	if (ctl_parse((const char *)data, size, &bench, &r, &e) == 0 && r.op == CTL_ACTION)
		check_action(&r.action);
	ctl_request_fini(&r);
	return 0;
}
