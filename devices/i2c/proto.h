/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing and checking of virtio-i2c requests. Pure: no queue, no chip, no state. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "devices/i2c/wire.h"

/* Most bytes of one message: what Linux' i2c-dev allows. */
#define I2C_MESSAGE_MAX 8192u
/* An address that no chip has. */
#define I2C_NOWHERE 0xffu

struct i2c_message {
	uint8_t address; /* 7 bits; I2C_NOWHERE for one of 10 bits */
	bool read, fail_next;
	uint32_t len; /* bytes to write or to read; 0: the chip is asked whether it is there */
};

/*
 * Checks a header with the sizes of the request's readable and writable parts, header and status
 * included. On failure `out` has fail_next all the same. 0 or GUEST_E_FORMAT.
 */
MUST_CHECK int i2c_parse(const struct virtio_i2c_out_hdr *h, uint32_t out_bytes, uint32_t in_bytes,
	struct i2c_message *out);
