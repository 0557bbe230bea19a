/* SPDX-License-Identifier: Apache-2.0 */
/* The stand that tests and benchmarks drive: the cockpit's two guests, with their displays, on one
 * bus. */
#pragma once

#include <stdio.h>

/* Writes the scenario of a run of so many seconds, without replays; more keys may follow. `source`
 * is the source tree. */
static inline void stand_write(FILE *f, const char *source, unsigned int seconds)
{
	fprintf(f,
		"duration: %us\n"
		"ui: headless\n"
		"buses:\n"
		"  can0:\n"
		"guests:\n"
		"  cluster:\n"
		"    kernel: builtin:cluster\n"
		"    can: [can0]\n"
		"    signals: %s/scenarios/maps/synthetic.yaml\n"
		"    displays: [ { width: 1920, height: 720 } ]\n"
		"  ivi:\n"
		"    kernel: builtin:ivi\n"
		"    can: [can0]\n"
		"    signals: %s/scenarios/maps/synthetic.yaml\n"
		"    displays: [ { width: 1280, height: 800, input: [touch] } ]\n",
		seconds, source, source);
}
