/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a frame costs the bus thread in the checks: one that no check names, one that is counted
 * and timed, one whose data is compared. Prints one JSON object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sim/check/check.h"

#define FRAMES 5000000u

static const char text[] = "duration: 10s\n"
			   "buses: {can0: }\n"
			   "checks:\n"
			   "  - count: {id: 123, min: 1}\n"
			   "  - period: {id: 123, mean: 1ms}\n"
			   "  - expect: {frame: '18DAF110#0102*'}\n"
			   "  - forbid: {frame: '321#0102*'}\n";

static double ns_per_frame(struct check_set *c, canid_t id)
{
	struct canfd_frame f = { .can_id = id, .len = 8, .data = { 1, 2, 3 } };
	uint64_t t0 = clock_now_ns();

	for (uint32_t i = 0; i < FRAMES; i++)
		check_frame(c, 0, CHECK_FROM_HOST, i, &f, CAN_MTU);
	return (double)(clock_now_ns() - t0) / FRAMES;
}

int main(void)
{
	struct scenario *s;
	struct check_set *c;
	struct err e = { 0 };

	if (scenario_load_text(text, strlen(text), "bench.yaml", NULL, stderr, &s) != 0 ||
		check_new(s, NULL, &c, &e) != 0) {
		fprintf(stderr, "%s\n", e.text);
		return EXIT_FAILURE;
	}
	printf("{\"bench\":\"check\",\"frames\":%u,\"unnamed_ns\":%.1f,\"two_checks_ns\":%.1f,"
	       "\"data_compared_ns\":%.1f}\n",
		FRAMES, ns_per_frame(c, 0x456), ns_per_frame(c, 0x123),
		ns_per_frame(c, 0x18daf110 | CAN_EFF_FLAG));
	check_free(c);
	scenario_free(s);
	return EXIT_SUCCESS;
}
