/* SPDX-License-Identifier: Apache-2.0 */
/* Edit distance (with swaps of neighbours) over short words. */
#include "sim/bench/nearest.h"

#include <stdint.h>
#include <string.h>

#include "base/err.h"

#define WORD_MAX 48

/* Optimal string alignment distance; words beyond WORD_MAX count as far apart. */
static size_t distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	size_t d[WORD_MAX + 1][WORD_MAX + 1];

	if (la > WORD_MAX || lb > WORD_MAX)
		return SIZE_MAX;
	for (size_t i = 0; i <= la; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		for (size_t j = 1; j <= lb; j++) {
			size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			best = MIN(best, d[i - 1][j] + 1);
			best = MIN(best, d[i][j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = MIN(best, d[i - 2][j - 2] + 1);
			d[i][j] = best;
		}
	}
	return d[la][lb];
}

const char *nearest_word(const char *typed, const char *const *words, size_t n, size_t stride)
{
	const char *best = NULL, *prefix = NULL;
	size_t best_d = SIZE_MAX, prefixes = 0, len = strlen(typed);

	for (size_t i = 0; i < n; i++) {
		const char *w;
		size_t d;

		memcpy(&w, (const char *)words + i * stride, sizeof(w));
		if (!w)
			continue;
		if (len >= 2 && strncmp(w, typed, len) == 0) {
			prefix = w;
			prefixes++;
		}
		d = distance(typed, w);
		if (d < best_d) {
			best_d = d;
			best = w;
		}
	}
	if (prefixes == 1)
		return prefix;
	/* A third of the letters may be wrong: more than that is another word. */
	return best && best_d <= 1 + len / 3 && best_d < len ? best : NULL;
}
