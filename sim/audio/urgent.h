/* SPDX-License-Identifier: Apache-2.0 */
/* Real-time priority for the threads that move samples. */
#pragma once

#include <stdbool.h>

/* The calling thread goes before all ordinary programs. False: this user has no right to that
 * (CAP_SYS_NICE, or RLIMIT_RTPRIO), and samples may come late on a busy host. */
bool audio_go_first(void);
