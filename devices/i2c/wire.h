/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-i2c on the wire ("I2C Adapter Device / Device Operation"). Formats only. */
#pragma once

#include <stdint.h>

#include "base/le.h"

/* The request goes with those after it, up to one without this: when it fails, they fail. */
#define VIRTIO_I2C_FLAGS_FAIL_NEXT 0x1u
#define VIRTIO_I2C_FLAGS_M_RD      0x2u
#define VIRTIO_I2C_FLAGS_KNOWN     0x3u

#define VIRTIO_I2C_MSG_OK  0u
#define VIRTIO_I2C_MSG_ERR 1u

/* The bytes to write follow; bytes that are read stand before the virtio_i2c_in_hdr. */
struct virtio_i2c_out_hdr {
	le16 addr; /* 7 bits at bit 1; or 11110xx0 and, in the high byte, the rest of 10 bits */
	le16 padding;
	le32 flags;
};
static_assert(sizeof(struct virtio_i2c_out_hdr) == 8, "virtio_i2c_out_hdr");

struct virtio_i2c_in_hdr {
	uint8_t status;
};
