/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-can behind the transport core, for tests: the test is the driver, and plays the bus at the
 * other end of the port's socket. Every function asserts that what it does works.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "devices/can/can.h"
#include "devices/can/wire.h"
#include "tests/support/mock_driver.h"

enum { TXQ, RXQ, CTRLQ };

#define ALL      VIRTIO_CAN_FEATURES_ALL
#define F(bit)   VIRTIO_BIT(VIRTIO_CAN_F_##bit)
#define RX_BYTES (sizeof(struct virtio_can_hdr) + 64)

struct can_rig {
	struct mock *m;
	struct vdev *dev;
	int bus; /* our end of the port; -1: the device has the null port */
	struct can_rec_frame got[600]; /* what the device sent to the bus */
	unsigned int n;
	unsigned int want; /* for rig_until_got() */
};

struct can_tx {
	struct virtio_can_hdr h;
	uint8_t sdu[72];
};

/* A device on the bus with these features, whose controller is stopped. */
struct can_rig *rig_new(unsigned int kind, uint64_t features);
/* With all features, and started. */
struct can_rig *rig_new_started(unsigned int kind);
/* With all features, on the null port. */
struct can_rig *rig_new_null(void);
/* Fails the test when the device gave up. */
void rig_free(struct can_rig *r);

/* ---- the driver ---- */

/* The result of a control request. */
int rig_control(struct can_rig *r, uint16_t msg);
/* Starts the controller, of which the bus hears. */
void rig_start(struct can_rig *r);
/* A request whose payload is C0 C1 C2 ... */
struct can_tx rig_tx(uint32_t id, uint16_t len, uint32_t flags);
/* Hands it over, with so much of its payload. */
void rig_post_tx(struct can_rig *r, const struct can_tx *t, uint32_t sdu_bytes);
/* The same `n` times, with one kick for all. */
void rig_post_many(struct can_rig *r, const struct can_tx *t, uint32_t sdu_bytes, unsigned int n);
/* Waits for the next transmission's result. */
uint8_t rig_tx_result(struct can_rig *r);
/* The next `n` are OK. */
void rig_all_ok(struct can_rig *r, unsigned int n);
/* The request is NOT_OK, and the bus hears nothing of it. */
void rig_rejects(struct can_rig *r, const struct can_tx *t, uint32_t sdu_bytes);
/* Receive buffers of so many bytes. */
void rig_post_rx(struct can_rig *r, unsigned int n, uint32_t bytes);
/* Waits for a frame whose payload is 01 02 03 ... */
void rig_hears(struct can_rig *r, uint32_t id, uint16_t len, uint32_t flags);

/* ---- the bus ---- */

/* Reads what the device has sent. */
void rig_bus_drain(struct can_rig *r);
/* Waits until it has sent `n` records since the beginning. */
void rig_until_got(struct can_rig *r, unsigned int n);
void rig_bus_says(struct can_rig *r, const struct can_rec_frame *rec);
/* CAN_REC_ACK or CAN_REC_NACK to got[nth]. */
void rig_bus_answers(struct can_rig *r, unsigned int nth, uint8_t kind);
/* Acknowledges got[from] and the `n - 1` after it. */
void rig_bus_acks(struct can_rig *r, unsigned int from, unsigned int n);
/* A frame whose payload is 01 02 03 ... */
void rig_bus_sends(struct can_rig *r, uint32_t id, uint8_t len, uint8_t flags);
