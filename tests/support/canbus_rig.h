/* SPDX-License-Identifier: Apache-2.0 */
/* A bus with nodes on it, for tests: the other ends of its ports, and everything they received. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/proto/can_port.h"
#include "sim/canbus/canbus.h"

#define MAX_NODES 4
#define PATIENCE  20000 /* loop turns of at most 1 ms */

/* A node: the other end of a port, with everything it received. */
struct rig_node {
	int fd;
	struct canbus_port *port;
	struct can_rec_frame got[1024];
	unsigned int n;
};

struct rig {
	struct ev_loop *loop;
	struct canbus *bus;
	struct rig_node node[MAX_NODES];
	struct canbus_tap tap;
	struct canfd_frame tapped[64];
	char tapped_from[64][64];
	uint64_t tapped_t[64];
	unsigned int n_tapped;
	enum canbus_port_event event[32];
	unsigned int n_events;
};

/* A bus with that many nodes that have not started; `tap` hears everything. */
struct rig *rig_new(const struct canbus_config *cfg, unsigned int nodes, bool tap);
void rig_free(struct rig *b);
/* What `tap` does: a callback for others of the kind. `ctx` is the rig. */
void rig_tap(void *ctx, const struct canbus_frame *fr);
/* Sends records in one packet. */
void rig_send(struct rig_node *n, const struct can_rec_frame *r, unsigned int count);
/* START, STOP, ... */
void rig_control(struct rig_node *n, uint8_t kind);
/* A frame of two bytes to send. */
struct can_rec_frame rig_frame(uint32_t id, uint32_t serial);
/* One turn of the loop; what came is taken. */
void rig_turn(struct rig *b);
/* Turns until a node received that many records in all. */
void rig_await(struct rig *b, unsigned int node, unsigned int count);
/* Starts that many nodes and waits until the bus knows. */
void rig_start(struct rig *b, unsigned int nodes);
/* Lets everything settle that is under way. */
void rig_settle(struct rig *b);
