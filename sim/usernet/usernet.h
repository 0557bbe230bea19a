/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway to the host's network without any right of the host's (libslirp): DHCP, DNS, IPv4 and
 * IPv6 by address translation, host ports forwarded to guests. Runs on one loop.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "base/proto/net_offload.h"

/* What it does itself with the frames that it is given: a TCP stream need not come in packets. */
#define USERNET_TAKES (NET_TAKES_CSUM | NET_TAKES_TSO4 | NET_TAKES_TSO6 | NET_TAKES_ECN)

#define USERNET_MAX_FORWARDS 32

/* 10.0.2.0/24: the gateway is .2, its name server .3, leases begin at .15; fec0::/64. */
struct usernet_forward {
	bool udp;
	uint16_t host_port; /* on the host's 127.0.0.1 */
	uint32_t guest_addr; /* host byte order; 0: the first lease, 10.0.2.15 */
	uint16_t guest_port;
};

struct usernet_config {
	uint16_t mtu; /* of the network; 0: 1500 */
	bool restricted; /* nothing leaves for the host or beyond; DHCP and forwards work */
	uint32_t n_forwards;
	struct usernet_forward forward[USERNET_MAX_FORWARDS];
	/* A frame for the guests, and what is left to do with it. Called from usernet_flush(), or
	 * from the loop. */
	void (*output)(void *ctx, const struct net_offload *o, const uint8_t *frame, uint32_t len);
	/* The loop has worked for it: frames were put out. NULL: nobody cares. */
	void (*batch_end)(void *ctx);
	void *ctx;
};

struct usernet;

/* 0, or -errno with a message: -EADDRINUSE where a host port is taken. Set-up code. */
MUST_CHECK int usernet_new(struct usernet **out, struct ev_loop *loop,
	const struct usernet_config *cfg, struct err *e);
/* NULL is legal. */
void usernet_free(struct usernet *u);

/* Long frames in these bytes need not be copied by usernet_input(): until usernet_flush() they
 * stay, and are the gateway's to change. Set-up code. */
void usernet_lend(struct usernet *u, uint8_t *mem, uint32_t bytes);
/* A frame from a guest, with `o` (of USERNET_TAKES; NULL: nothing) left to do: kept until
 * usernet_flush(); dropped and counted where there is no room. */
void usernet_input(
	struct usernet *u, const struct net_offload *o, const uint8_t *frame, uint32_t len);
/* Handles what was kept. usernet_settle() follows. */
void usernet_flush(struct usernet *u);
/* After the last usernet_flush() of a turn: its descriptors and deadlines are watched. */
void usernet_settle(struct usernet *u);

uint64_t usernet_dropped(const struct usernet *u);
