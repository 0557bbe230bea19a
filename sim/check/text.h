/* SPDX-License-Identifier: Apache-2.0 */
/* Words of reports. Pure functions. */
#pragma once

#include <stdint.h>

/* Makes a text fit for reports: control characters and bytes that are not UTF-8 become '?'. */
void clean_text(char *s);
/* "1.234s" */
#define TIME_TEXT 32
const char *time_text(char buf[TIME_TEXT], uint64_t t_ns);
