/* SPDX-License-Identifier: Apache-2.0 */
/* What the echo guest does with a frame, by its identifier. */
#pragma once

/* Any other identifier: the frame comes back with identifier + 1. */
#define ECHO_SINK  0x200u /* nothing comes back */
#define ECHO_BURST 0x300u /* as many frames as its first 32 bits say come, numbered, id + 1 */
