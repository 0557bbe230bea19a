/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing and checking of virtio-can messages. Pure: no queue, no port, no state. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/proto/can_port.h"
#include "devices/can/wire.h"

/*
 * Checks the header of a transmission ("CAN Message Transmission"): message type, flags, negotiated
 * features, identifier and length. `sdu_bytes` is what follows the header in the request. On
 * success `out` has everything but the payload, and *copy says how many bytes of it to read into
 * out->f.data (the rest stays zero). 0; GUEST_E_FORMAT, GUEST_E_UNSUPPORTED (not negotiated) or
 * GUEST_E_SHORT (the payload is cut).
 */
MUST_CHECK int can_parse_tx(const struct virtio_can_hdr *h, uint32_t sdu_bytes, uint64_t features,
	struct can_rec_frame *out, uint32_t *copy);

/*
 * Makes the header of a received frame. Returns the bytes of payload that follow (f->data), or -1
 * where the frame is of a type that was not negotiated.
 */
int can_make_rx(const struct can_rec_frame *r, uint64_t features, struct virtio_can_hdr *h);

/* "CAN Device / Feature bits": a set that a driver may accept, and a device offer. */
bool can_features_ok(uint64_t features);
