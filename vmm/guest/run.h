/* SPDX-License-Identifier: Apache-2.0 */
/* The control loop of dyno-vm: requests in, lifetime messages out. */
#pragma once

#include "base/err.h"
#include "vmm/guest/manifest.h"

/*
 * Builds the machine of the manifest, narrows the process's rights and runs it until it ends.
 * `control_fd` is borrowed; descriptors that the machine needs are taken out of fds[]. The exit
 * status of the process; when it is RUN_STATUS_UNABLE, `e` says why and nothing ran.
 */
#define RUN_STATUS_OK     0
#define RUN_STATUS_BROKEN 1
#define RUN_STATUS_UNABLE 3
int run_machine(const struct manifest *m, int control_fd, int *fds, struct err *e);
