/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers from a balloon's driver, checked. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "devices/balloon/wire.h"

/* Statistics by tag ("Memory Statistics Tags"; from 10 on as Linux numbers them). */
#define BALLOON_STATS 16u

struct balloon_stats {
	uint32_t present; /* bit of each tag that the driver supplied */
	uint64_t value[BALLOON_STATS];
};

/* What a statistic is called in status and metrics: "free_bytes"; NULL past the last tag. */
const char *balloon_stat_name(unsigned int tag);

/* Reads what the driver supplied: unknown tags and a rest that is no whole entry are ignored, the
 * later one of two with the same tag counts. */
void balloon_stats_parse(struct balloon_stats *out, const void *buf, uint32_t len);

/* Consecutive pages of guest memory. */
struct balloon_run {
	uint32_t first, n;
};

/*
 * Puts page numbers in order, drops those named twice, and joins neighbours: `page` is sorted in
 * place, run[] has room for n. Returns how many runs there are.
 */
uint32_t balloon_runs(struct balloon_run *run, uint32_t *page, uint32_t n);
