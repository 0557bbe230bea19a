/* SPDX-License-Identifier: Apache-2.0 */
/* The tests' small guest (tests/guest/tiny), which does what its command line says, and what is
 * expected of it: for cmocka's tests. */
#pragma once

#include "tests/support/vm_harness.h"

/* How long a test waits for a guest where nothing else is known. */
#define TINY_LIMIT_MS 20000

/* Its path; a static buffer. */
const char *tiny_guest(void);
/* Starts it; `more_take` as in vmh_config. */
void tiny_start(struct vmh *h, const char *cmdline, json_t *more_take);
/* Fails the test unless the event comes within TINY_LIMIT_MS. */
void tiny_expect_event(struct vmh *h, const char *name);
/* The same for the guest's end with that reason, and the exit status of the process. */
void tiny_expect_exit(struct vmh *h, const char *reason, int status);
