/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-can on the wire ("CAN Device / Device Operation"). Formats only. */
#pragma once

#include <stdint.h>

#include "base/le.h"

#define VIRTIO_CAN_TX             0x0001u
#define VIRTIO_CAN_RX             0x0101u
#define VIRTIO_CAN_SET_CTRL_START 0x0201u
#define VIRTIO_CAN_SET_CTRL_STOP  0x0202u

#define VIRTIO_CAN_RESULT_OK     0u
#define VIRTIO_CAN_RESULT_NOT_OK 1u

#define VIRTIO_CAN_FLAGS_RTR      0x2000u
#define VIRTIO_CAN_FLAGS_FD       0x4000u
#define VIRTIO_CAN_FLAGS_EXTENDED 0x8000u
#define VIRTIO_CAN_FLAGS_KNOWN    0xe000u

/* Config space: status. */
#define VIRTIO_CAN_S_CTRL_BUSOFF 0x0001u

/* virtio_can_tx_out and virtio_can_rx; the payload ("sdu") follows. */
struct virtio_can_hdr {
	le16 msg_type;
	le16 length;
	uint8_t reserved_classic_dlc, padding;
	le16 reserved_xl_priority;
	le32 flags;
	le32 can_id; /* 29 bits; unlike SocketCAN, no flags in the top bits */
};
static_assert(sizeof(struct virtio_can_hdr) == 16, "virtio_can_tx_out");

struct virtio_can_control_out {
	le16 msg_type;
};

struct virtio_can_config {
	le16 status;
};
