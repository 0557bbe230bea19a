/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors and warnings about text files, collected while a file is read and printed all at once in
 * file order, each with file:line:column, the line, and carets under the culprit. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "sim/diag/arena.h"

/* A text that messages point into. Lives in the diags' arena or longer. */
struct source {
	const char *path; /* as the user named it */
	const char *text; /* NULL where it could not be read */
	size_t len;
	uint32_t order; /* files are reported in the order in which they were opened */
};

enum diag_level { DIAG_ERROR, DIAG_WARNING };

struct diag {
	enum diag_level level;
	const struct source *src;
	size_t off, len; /* bytes in the text */
	const char *text;
	uint32_t seq;
};

/* Zero-initialised it is empty. */
struct diags {
	struct arena a;
	struct diag *list;
	size_t n, cap;
	size_t errors, warnings;
	size_t dropped; /* counted, but not kept */
	uint32_t sources;
	bool oom; /* a message was lost for want of memory; counts as an error */
};

/* What is printed, and kept, at most; the rest is counted. */
#define DIAG_PRINT_MAX 50
#define DIAG_KEEP_MAX  1000

/* Registers a text. `text` is borrowed and must outlive the printing. NULL without memory. */
MUST_CHECK const struct source *diag_source(
	struct diags *d, const char *path, const char *text, size_t len);
void diag_add(struct diags *d, enum diag_level level, const struct source *src, size_t off,
	size_t len, const char *fmt, ...) PRINTF_LIKE(6, 7);
/* Line of a byte offset, from 1; *column (may be NULL) counts characters from 1. */
uint32_t diag_line(const struct source *src, size_t off, uint32_t *column);
/* Prints everything to f (NULL: nobody) and a summary line; colour when f is a terminal that
 * wants it (NO_COLOR, TERM=dumb). */
void diag_print(struct diags *d, FILE *f);
void diag_fini(struct diags *d);
