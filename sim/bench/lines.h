/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts a stream of bytes into lines: a guest's console, a child's stderr. Never grows: a longer
 * line is cut into pieces of LINES_MAX bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINES_MAX 4096

struct lines {
	size_t len;
	char buf[LINES_MAX];
};

/*
 * Feeds bytes; `line` is called for each complete one, without "\n" or "\r\n", and NUL-terminated.
 * Bytes that are not printable are passed through: the reader of the line escapes what it shows.
 */
void lines_feed(struct lines *l, const char *bytes, size_t n,
	void (*line)(void *arg, const char *text, size_t len), void *arg);
/* The stream ended: what is left is a line too. */
void lines_end(struct lines *l, void (*line)(void *arg, const char *text, size_t len), void *arg);

/*
 * Copies a line for a terminal: escape sequences and control bytes are made visible ("\x1b"), so
 * that a guest cannot drive the user's terminal. NUL-terminated; returns the bytes written.
 */
size_t lines_printable(char *dst, size_t cap, const char *text, size_t len);
