/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers from a balloon's driver, checked; see proto.h. */
#include "devices/balloon/proto.h"

#include <stddef.h>

static const char *const names[BALLOON_STATS] = {
	"swap_in_bytes",
	"swap_out_bytes",
	"major_faults",
	"minor_faults",
	"free_bytes",
	"total_bytes",
	"available_bytes",
	"disk_caches_bytes",
	"hugetlb_allocations",
	"hugetlb_failures",
	"oom_kills",
	"alloc_stalls",
	"async_scans",
	"direct_scans",
	"async_reclaims",
	"direct_reclaims",
};

const char *balloon_stat_name(unsigned int tag)
{
	return tag < BALLOON_STATS ? names[tag] : NULL;
}

void balloon_stats_parse(struct balloon_stats *out, const void *buf, uint32_t len)
{
	const struct virtio_balloon_stat *s = buf;

	*out = (struct balloon_stats){ 0 };
	for (uint32_t i = 0; i < len / sizeof(*s); i++) {
		uint16_t tag = le16_get(s[i].tag);

		/* "the device MUST ignore entries with tag values that it does not recognize" */
		if (tag >= BALLOON_STATS)
			continue;
		out->present |= 1u << tag;
		out->value[tag] = le64_get(s[i].val);
	}
}

static void sift(uint32_t *a, uint32_t i, uint32_t n)
{
	const uint32_t v = a[i];

	for (uint32_t child; (child = 2 * i + 1) < n; i = child) {
		child += child + 1 < n && a[child + 1] > a[child];
		if (a[child] <= v)
			break;
		a[i] = a[child];
	}
	a[i] = v;
}

/* A heap sort: its time is bounded whatever the driver sends, and unlike the C library's it asks
 * the kernel for nothing, which the sandbox would not allow. */
static void sort(uint32_t *a, uint32_t n)
{
	for (uint32_t i = n / 2; i-- > 0;)
		sift(a, i, n);
	while (n-- > 1) {
		const uint32_t top = a[0];

		a[0] = a[n];
		a[n] = top;
		sift(a, 0, n);
	}
}

uint32_t balloon_runs(struct balloon_run *run, uint32_t *page, uint32_t n)
{
	uint32_t runs = 0;

	sort(page, n);
	for (uint32_t i = 0; i < n; i++) {
		struct balloon_run *last = runs ? &run[runs - 1] : NULL;

		if (last && page[i] - last->first < last->n)
			continue;
		if (last && page[i] - last->first == last->n)
			last->n++;
		else
			run[runs++] = (struct balloon_run){ page[i], 1 };
	}
	return runs;
}
