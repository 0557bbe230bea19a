/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics and lists of pages of any driver: every number finds its place. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "devices/balloon/proto.h"

#define MAX_PAGES 1024u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool covered(const struct balloon_run *run, uint32_t n, uint32_t page)
{
	for (uint32_t i = 0; i < n; i++) {
		if (page >= run[i].first && page - run[i].first < run[i].n)
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint32_t page[MAX_PAGES], sorted[MAX_PAGES];
	static struct balloon_run run[MAX_PAGES];
	struct balloon_stats s;
	uint32_t n = (uint32_t)MIN(size / 4, (size_t)MAX_PAGES), runs;
	uint64_t pages = 0;

	balloon_stats_parse(&s, data, (uint32_t)MIN(size, (size_t)1 << 20));
	must(s.present < 1u << BALLOON_STATS);
	for (unsigned int i = 0; i < BALLOON_STATS; i++) {
		must(balloon_stat_name(i) != NULL);
		must(s.present >> i & 1 || s.value[i] == 0);
	}
	must(balloon_stat_name(BALLOON_STATS) == NULL);
	if (n == 0)
		return 0;
	memcpy(page, data, n * sizeof(page[0]));
	memcpy(sorted, page, sizeof(sorted));
	runs = balloon_runs(run, sorted, n);
	must(runs >= 1 && runs <= n);
	for (uint32_t i = 0; i < runs; i++) {
		pages += run[i].n;
		must(run[i].n >= 1 && run[i].n - 1 <= UINT32_MAX - run[i].first);
		/* Two that touch are one. */
		must(i == 0 || run[i].first - run[i - 1].first > run[i - 1].n);
	}
	must(pages <= n);
	for (uint32_t i = 0; i < MIN(n, 64u); i++)
		must(covered(run, runs, page[i]));
	return 0;
}
