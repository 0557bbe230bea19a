/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a test expects of a guest on dyno-vm. Each function fails cmocka's test where it is not so
 * within VM_LIMIT_MS.
 */
#pragma once

#include "tests/support/vm_harness.h"

/* How long a test waits for a guest where nothing else is known. */
#define VM_LIMIT_MS 60000

/* Path of a guest of assets/guests in the build; a static buffer. */
const char *vm_guest(const char *name);

/* The event comes. */
void vm_expect_event(struct vmh *h, const char *name);
/* The guest has said that by now, on COM1. */
void vm_expect_said(const struct vmh *h, const char *text);
/* A request without members is done. */
void vm_expect_ok(struct vmh *h, const char *op);
/* The guest comes to its end for that reason, and the process ends with that status. */
void vm_expect_exit(struct vmh *h, const char *reason, int status);
/* Ends a guest that does not end by itself. */
void vm_expect_stop(struct vmh *h);
/* The conformance or hostile guest comes to its end, and none of its verdicts is FAIL. Those that
 * are not PASS are printed. */
void vm_expect_passed(struct vmh *h);
