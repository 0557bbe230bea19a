/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the climate page that others need. */
#pragma once

#include "design.h"

/* "21.5", "LO", "HI", or dashes when it is off. */
void climate_temp_text(const struct ivi_view *v, int side, char out[16]);
/* The fan level that a touch at x (on the fan control) asks for, 0..FAN_MAX. */
int climate_fan_at(int x);
