/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines of a process, to stderr or to a file descriptor. Thread-safe: one write(2) a line.
 *
 * What a guest can trigger goes through log_guest(), which is rate-limited per call site, so
 * that no guest can flood the host's log.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Process name shown before each line ("dyno-vm cluster"); copied. Call before threads start. */
void log_init(const char *who, enum log_level level);
void log_set_level(enum log_level level);
/* Where lines go; borrowed, default 2. */
void log_set_fd(int fd);
/* "error", "warn", "info" or "debug"; false when the word is none of them. */
bool log_level_parse(const char *word, enum log_level *out);

void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* State of one rate-limited call site: at most 5 lines a second, the rest are counted. */
struct log_limit {
	uint64_t window_ns;
	uint32_t lines, suppressed;
};

/* True when the line may be written; then *suppressed tells how many were swallowed before it. */
bool log_limit_pass(struct log_limit *l, uint32_t *suppressed);

/* A guest broke a rule: warn, rate-limited at this call site. */
#define log_guest(fmt, ...)                                                                     \
	do {                                                                                    \
		static struct log_limit limit_;                                                 \
		uint32_t swallowed_;                                                            \
		if (log_limit_pass(&limit_, &swallowed_))                                       \
			log_line(LOG_WARN, "guest: " fmt " (%u like it before)", ##__VA_ARGS__, \
				swallowed_);                                                    \
	} while (0)
