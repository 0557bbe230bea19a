/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is to blame is the sign: 0 is success, negative is -errno (the host failed, pass it on),
 * positive is one of GUEST_E_* (the guest broke a rule, deal with it here).
 *
 * `struct err` carries one message for a person next to such a code. It is for set-up and
 * configuration code, not for the data path.
 */
#pragma once

#include <stdarg.h>

#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define ARRAY_SIZE(a)     (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)         ((a) < (b) ? (a) : (b))
#define MAX(a, b)         ((a) > (b) ? (a) : (b))

/* What a guest did wrong. Positive, so that it is never mistaken for a host error. */
enum guest_error {
	GUEST_E_RANGE = 1, /* an address or length outside guest memory */
	GUEST_E_SHORT, /* a buffer is too short for what must go in or come out */
	GUEST_E_DIRECTION, /* readable where writable is demanded, or the reverse */
	GUEST_E_LOOP, /* a descriptor chain that does not end */
	GUEST_E_FORMAT, /* a field with a value the specification does not allow */
	GUEST_E_STATE, /* a request that is not allowed in this state */
	GUEST_E_UNSUPPORTED /* a request that was not negotiated or is not known */
};

/* One message for a person. Zero-initialised it is empty. The caller owns the storage. */
struct err {
	char text[1024];
};

/*
 * Sets the message and returns `code`, so that a function can end with `return err_set(...)`.
 * `e` may be NULL. The text names what failed and what to do about it; no trailing newline.
 */
int err_set(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* As err_set, and appends ": " and strerror(errno_value). Returns -errno_value. */
int err_errno(struct err *e, int errno_value, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "prefix: " in front of the message that is there already. */
void err_prefix(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The name of a GUEST_E_* code or strerror() of a negative one; a static string. */
const char *err_name(int code);
