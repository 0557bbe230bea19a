/* SPDX-License-Identifier: Apache-2.0 */
/* What the echo guest does with a frame, by its identifier. */
#pragma once

/* Any other identifier: the frame comes back with identifier + 1. */
#define ECHO_PING 0x77u /* and with every byte + 1: what canfdtest of can-utils expects */
#define ECHO_SINK 0x200u /* nothing comes back; numbered from 0 in its first 32 bits */
#define ECHO_SUM                                                                        \
	0x210u /* id + 1: how many of ECHO_SINK came, how many were out of order; again \
		*/
#define ECHO_BURST 0x300u /* as many frames as its first 32 bits say come, numbered, id + 1 */
