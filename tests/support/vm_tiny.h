/* SPDX-License-Identifier: Apache-2.0 */
/* The tests' small guest (tests/guest/tiny), which does what its command line says. */
#pragma once

#include "tests/support/vm_expect.h"

/* Its path; a static buffer. */
const char *tiny_guest(void);
/* Starts it; `more_take` as in vmh_config. */
void tiny_start(struct vmh *h, const char *cmdline, json_t *more_take);
