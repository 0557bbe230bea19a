/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults of a bus, made on purpose: frames that get lost, late, doubled, changed or out of order on
 * their way, and frames that are destroyed on the wire, with the error counters that follow.
 *
 * Thread: that of the bus.
 */
#pragma once

#include <linux/can.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/canbus/canbus.h"

enum canbus_fault_kind {
	CANBUS_FAULT_DROP, /* acknowledged, and heard by nobody: lost in a gateway */
	CANBUS_FAULT_DELAY, /* heard later */
	CANBUS_FAULT_DUPLICATE, /* heard twice */
	CANBUS_FAULT_CORRUPT, /* heard with another payload, and a right checksum of the wire */
	CANBUS_FAULT_REORDER, /* heard after the next frame that matches */
	CANBUS_FAULT_ERROR /* destroyed by an error frame: its sender sends it again, and counts */
};

/* Caller's storage; zero-initialise. The first block is the caller's, the rest the bus's. */
struct canbus_fault {
	enum canbus_fault_kind kind;
	canid_t id, mask; /* frames whose identifier (with CAN_EFF_FLAG) is equal in these bits */
	uint32_t chance; /* of 2^32: how many of them; UINT32_MAX: all */
	uint64_t delay_ns; /* DELAY */
	uint8_t flip[CANFD_MAX_DLEN]; /* CORRUPT: bits of the payload that change */
	uint64_t seed; /* of the chance */

	uint64_t seen, hit; /* frames that matched; that were treated */
	uint64_t random;
	bool holds; /* REORDER: a frame waits for the next */
	struct canfd_frame held;
	struct canbus_port *held_from;
	struct canbus *bus; /* set while it is in force */
	struct canbus_fault *next;
};

/* From the next frame on. Faults are tried in the order in which they were added; the first that
 * matches and hits is the one. Idempotent. */
void canbus_fault_add(struct canbus *b, struct canbus_fault *f);
/* A frame that it holds goes out. Idempotent. */
void canbus_fault_remove(struct canbus_fault *f);

/* A port whose cable is cut hears nothing, and nobody acknowledges what it sends. Idempotent. */
void canbus_port_cut(struct canbus_port *p, bool cut);

/* ISO 11898-1, "Fault confinement". */
enum canbus_error_state { CANBUS_ERROR_ACTIVE, CANBUS_ERROR_PASSIVE, CANBUS_BUS_OFF };
struct canbus_errors {
	uint32_t tx, rx; /* the counters; bus-off when tx goes beyond 255 */
	enum canbus_error_state state;
};
struct canbus_errors canbus_port_errors(const struct canbus_port *p);
/* "error-active", "error-passive", "bus-off" */
const char *canbus_error_state_name(enum canbus_error_state s);
