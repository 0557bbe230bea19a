/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/perf/perf.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void perf_die(const char *what)
{
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
	exit(1);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void perf_sort(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_value);
}

static int by_ns(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void perf_sort_ns(uint64_t *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_ns);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

int perf_remove_folder(const char *path)
{
	return nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
