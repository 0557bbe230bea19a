/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One network of a run on an event loop: a switch, the guests' sockets on it, a gateway where it
 * has one, and a capture. Nothing in here waits for a guest: who reads too slowly loses frames.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "sim/netswitch/switch.h"
#include "sim/usernet/usernet.h"

struct netfabric;
struct netfabric_port;

struct netfabric_config {
	uint64_t seed;
	const char *capture; /* path of a pcapng file; NULL: none */
	/* The gateway; output, batch_end and ctx are not looked at. NULL: none. */
	const struct usernet_config *user;
};

MUST_CHECK int netfabric_new(struct netfabric **out, struct ev_loop *loop,
	const struct netfabric_config *cfg, struct err *e);
/* With its ports. 0, or -errno when the capture is incomplete. NULL is legal. */
int netfabric_free(struct netfabric *f);

/* Settings of a port's line. */
struct netfabric_line {
	uint16_t vlan; /* 0: NETSWITCH_VLAN */
	bool trunk;
	uint64_t bandwidth_bps, delay_ns;
	uint32_t loss_ppm;
};

/* Plugs in a socket (base/proto/net_port.h), which is consumed; it is unplugged when its other end
 * closes. `name` is copied. 0 or -errno. */
MUST_CHECK int netfabric_plug(
	struct netfabric *f, const char *name, const struct netfabric_line *line, int fd_take);

struct netfabric_port_stats {
	char name[64];
	bool plugged; /* false: its other end has closed */
	struct netswitch_port_stats line;
	uint64_t dropped; /* the other end did not read them */
};
/* Calls back for every port and for the gateway ("gateway"). */
void netfabric_stats(struct netfabric *f,
	void (*cb)(void *ctx, const struct netfabric_port_stats *s), void *ctx);
/* Frames that the capture had no room for. */
uint64_t netfabric_uncaptured(const struct netfabric *f);
