/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-input as it lies in guest memory: virtio 1.4, "Input Device". */
#pragma once

#include "base/le.h"

enum {
	INPUT_CFG_UNSET = 0x00,
	INPUT_CFG_ID_NAME = 0x01,
	INPUT_CFG_ID_SERIAL = 0x02,
	INPUT_CFG_ID_DEVIDS = 0x03,
	INPUT_CFG_PROP_BITS = 0x10,
	INPUT_CFG_EV_BITS = 0x11,
	INPUT_CFG_ABS_INFO = 0x12
};

#define INPUT_CFG_UNION_BYTES 128

struct input_wire_absinfo {
	le32 min, max, fuzz, flat, res;
};

struct input_wire_devids {
	le16 bustype, vendor, product, version;
};

struct input_wire_config {
	uint8_t select, subsel, size, reserved[5];
	uint8_t u[INPUT_CFG_UNION_BYTES];
};
static_assert(sizeof(struct input_wire_config) == 136, "virtio_input_config");

struct input_wire_event {
	le16 type, code;
	le32 value;
};
static_assert(sizeof(struct input_wire_event) == 8, "virtio_input_event");
