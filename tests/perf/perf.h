/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmarks share: samples in order, a folder that goes away, an end that says why. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Ends the program with status 1. */
_Noreturn void perf_die(const char *what);
/* Sorts them, smallest first: v[n / 2] is the median then. */
void perf_sort(double *v, size_t n);
void perf_sort_ns(uint64_t *v, size_t n);
/* With all that is in it. 0, or -1 with errno. */
int perf_remove_folder(const char *path);
