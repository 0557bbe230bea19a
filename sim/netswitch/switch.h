/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An Ethernet switch: learns addresses, keeps VLANs apart, floods what it must, and makes a port's
 * line as slow, late or lossy as it was told. It owns no socket, thread or clock: frames are given
 * to it with the time, and it says when it wants to be asked again.
 *
 * Frames with work left (base/proto/net_offload.h) pass as they are between ports that take them.
 * For others, and on lines where every packet has its time and its luck, the work is done here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/proto/net_offload.h"

#define NETSWITCH_MAX_PORTS 64
#define NETSWITCH_MACS      1024 /* addresses that are remembered, in sets of 4 */
#define NETSWITCH_LINE      256 /* frames that wait on each direction of a port's line */
#define NETSWITCH_VLAN      1 /* of ports that name none */

struct netswitch;
struct netswitch_port;

struct netswitch_config {
	uint64_t seed; /* of the losses */
	uint64_t ageing_ns; /* an address that was silent for so long is forgotten; 0: 300 s */
	/* Told of every frame once, as it came in. NULL: nobody is. */
	void (*mirror)(void *ctx, uint32_t tag, uint64_t t_ns, const uint8_t *frame, uint32_t len);
	void *ctx;
};

struct netswitch_port_config {
	uint32_t tag; /* the mirror's name for it */
	uint16_t vlan; /* 1 to 4094: of its untagged frames; 0: NETSWITCH_VLAN */
	bool trunk; /* frames of all VLANs, tagged but for `vlan`; else of `vlan` alone, untagged */
	/* Each direction of its line. */
	uint64_t bandwidth_bps; /* 0: unlimited */
	uint64_t delay_ns;
	uint32_t loss_ppm;
	uint32_t takes; /* NET_TAKES_*: what its other end does itself */
	/* A frame leaves by it; `o` is what is left to do, NULL: nothing. No call back into the
	 * switch from here. */
	void (*output)(void *ctx, const struct net_offload *o, const uint8_t *frame, uint32_t len);
	void *ctx;
};

struct netswitch_port_stats {
	uint64_t in_frames, in_bytes, out_frames, out_bytes;
	uint64_t refused; /* malformed, or of a VLAN that is not the port's */
	uint64_t lost; /* by loss_ppm */
	uint64_t overrun; /* the line was full */
};

MUST_CHECK int netswitch_new(struct netswitch **out, const struct netswitch_config *cfg);
/* With its ports. NULL is legal. */
void netswitch_free(struct netswitch *s);
/* 0, -ENOSPC, -ENOMEM, -EINVAL. */
MUST_CHECK int netswitch_add(
	struct netswitch *s, const struct netswitch_port_config *cfg, struct netswitch_port **out);
/* Forgets the port and what it taught. */
void netswitch_remove(struct netswitch_port *p);

/* The port's other end does this itself from now on: NET_TAKES_*. */
void netswitch_takes(struct netswitch_port *p, uint32_t takes);

/* The port's other end sent a frame, with `o` left to do (NULL: nothing). Anything may be in it. */
void netswitch_input(struct netswitch_port *p, const struct net_offload *o, const uint8_t *frame,
	uint32_t len, uint64_t now_ns);
/* When netswitch_run() has something to do; 0: nothing waits. */
uint64_t netswitch_next_ns(const struct netswitch *s);
/* Moves the frames on whose time has come. */
void netswitch_run(struct netswitch *s, uint64_t now_ns);

struct netswitch_port_stats netswitch_port_stats(const struct netswitch_port *p);
/* Addresses known now. */
uint32_t netswitch_known(const struct netswitch *s, uint64_t now_ns);
