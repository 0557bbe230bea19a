/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes from the host (virtio entropy device). */
#pragma once

#include "dyno/base.h"

/* Fills dst. Blocks until the device delivered. 0 or DYNO_E_NODEV, DYNO_E_TIMEOUT. */
DYNO_MUST_CHECK int dyno_random(void *dst, size_t bytes);
