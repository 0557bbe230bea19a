/* SPDX-License-Identifier: Apache-2.0 */
/* Words that every SDK header uses: error codes, attributes, small macros. */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DYNO_MUST_CHECK        __attribute__((warn_unused_result))
#define DYNO_PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define DYNO_NORETURN          __attribute__((noreturn))
#define DYNO_COUNT(a)          (sizeof(a) / sizeof((a)[0]))

/* What an SDK call returns: 0 for success or one of these. */
enum dyno_error {
	DYNO_E_NONE = 0,
	DYNO_E_NODEV = -1, /* there is no such device */
	DYNO_E_FULL = -2, /* no room now; try again after dyno_wait() */
	DYNO_E_INVAL = -3, /* an argument is wrong */
	DYNO_E_DEVICE = -4, /* the device said no */
	DYNO_E_STATE = -5, /* not in this state (stopped, bus-off, broken) */
	DYNO_E_NOMEM = -6, /* out of memory */
	DYNO_E_TIMEOUT = -7 /* the device did not answer */
};

/* The name of a code above, for messages; a static string. */
const char *dyno_error_name(int code);

/* Nanoseconds. */
#define DYNO_MS(n) ((uint64_t)(n)*UINT64_C(1000000))
#define DYNO_US(n) ((uint64_t)(n)*UINT64_C(1000))

/* A "never" for deadlines. */
#define DYNO_FOREVER UINT64_MAX
