/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log sink: the one mutable global of the code base. A line is formatted on the stack and
 * written by one write(2), so that lines of several threads and processes do not mix.
 */
#include "base/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define LINES_PER_S 5u

static struct {
	char who[48];
	atomic_int level;
	atomic_int fd;
} sink = { .level = LOG_INFO, .fd = STDERR_FILENO };

static const char *const level_words[] = { "error", "warn", "info", "debug" };

void log_init(const char *who, enum log_level level)
{
	snprintf(sink.who, sizeof(sink.who), "%s", who);
	atomic_store(&sink.level, (int)level);
}

void log_set_level(enum log_level level)
{
	atomic_store(&sink.level, (int)level);
}

void log_set_fd(int fd)
{
	atomic_store(&sink.fd, fd);
}

bool log_level_parse(const char *word, enum log_level *out)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(level_words); i++) {
		if (strcmp(word, level_words[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[1200];
	va_list ap;
	int n, m;

	if ((int)level > atomic_load_explicit(&sink.level, memory_order_relaxed))
		return;
	n = snprintf(line, sizeof(line), "%s%s%s: ", sink.who, sink.who[0] ? ": " : "",
		level_words[level]);
	va_start(ap, fmt);
	m = vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	if (m < 0)
		return;
	n = MIN(n + m, (int)sizeof(line) - 2);
	line[n++] = '\n';
	/* A log that cannot be written has nowhere to complain. */
	if (write(atomic_load_explicit(&sink.fd, memory_order_relaxed), line, (size_t)n) < 0)
		return;
}

bool log_limit_pass(struct log_limit *l, uint32_t *suppressed)
{
	uint64_t now = clock_now_ns();
	uint64_t start = __atomic_load_n(&l->window_ns, __ATOMIC_RELAXED);

	/* Threads that race here may let a line more or less through: that is good enough. */
	if (now - start >= NS_PER_S) {
		__atomic_store_n(&l->window_ns, now, __ATOMIC_RELAXED);
		__atomic_store_n(&l->lines, 0, __ATOMIC_RELAXED);
	}
	if (__atomic_add_fetch(&l->lines, 1, __ATOMIC_RELAXED) > LINES_PER_S) {
		__atomic_add_fetch(&l->suppressed, 1, __ATOMIC_RELAXED);
		return false;
	}
	*suppressed = __atomic_exchange_n(&l->suppressed, 0, __ATOMIC_RELAXED);
	return true;
}
