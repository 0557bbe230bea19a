/* SPDX-License-Identifier: Apache-2.0 */
/* Network cards (virtio-net): whole Ethernet frames, without check sequence. One of them at most.
 */
#pragma once

#include "dyno/base.h"

#define DYNO_NET_FRAME 1514

struct dyno_net {
	uint8_t mac[6];
	uint16_t mtu;
	bool has_status;
};

/* Opens the machine's first card; later calls return the same. NULL: there is none, or it does not
 * work. */
struct dyno_net *dyno_net_open(void);
/* True when the cable is in. */
bool dyno_net_link(const struct dyno_net *n);
/* Sends a frame of 14 to DYNO_NET_FRAME bytes and waits until it was taken. 0, DYNO_E_INVAL or
 * DYNO_E_TIMEOUT. */
DYNO_MUST_CHECK int dyno_net_send(struct dyno_net *n, const void *frame, uint32_t len);
/* The oldest received frame into dst[DYNO_NET_FRAME]: its length; 0: there is none. */
uint32_t dyno_net_recv(struct dyno_net *n, void *dst);
/* The same, waiting for at most `ms`. */
uint32_t dyno_net_wait(struct dyno_net *n, void *dst, unsigned int ms);
/* A control request: 0, DYNO_E_DEVICE when it was refused, DYNO_E_TIMEOUT. */
DYNO_MUST_CHECK int dyno_net_control(
	struct dyno_net *n, uint8_t class, uint8_t cmd, const void *data, uint32_t len);
