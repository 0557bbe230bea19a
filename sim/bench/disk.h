/* SPDX-License-Identifier: Apache-2.0 */
/* The images of a guest's disks, as dyno-vm gets them. */
#pragma once

#include "base/err.h"
#include "sim/scenario/scenario.h"

/*
 * Opens the image (or the copy that takes its changes, made when it is not there: that can take as
 * long as copying what the image holds). Where two would write to one file, the second is refused.
 * The descriptor (the caller's), or -errno with a message.
 */
MUST_CHECK int disk_open(const struct scenario_disk *d, struct err *e);
