/* SPDX-License-Identifier: Apache-2.0 */
/* What this host can do, and what to type where it cannot. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

/* /dev/kvm cannot be opened: sets the message with the fix, returns -errno_value. */
int host_kvm_error(int errno_value, struct err *e);

enum host_state { HOST_OK, HOST_WARN, HOST_FAIL };

/* One line of `dyno doctor`. */
struct host_finding {
	const char *name; /* "kvm", "can"; static */
	enum host_state state;
	char text[256]; /* what was found */
	char fix[512]; /* what to do; "" when nothing */
};

#define HOST_MAX_FINDINGS 32

/* Looks at everything (takes up to a second); returns how many findings there are. */
size_t host_examine(struct host_finding f[HOST_MAX_FINDINGS]);

/*
 * Instructions per second of a loop in ring 0 of a tiny guest; kvm is /dev/kvm. 0 or -errno with a
 * message.
 */
MUST_CHECK int host_ring0_speed(int kvm, double *per_second, struct err *e);
