/* SPDX-License-Identifier: Apache-2.0 */
/* Formats of the console device as they lie in guest memory ("Console Device"). */
#pragma once

#include "base/le.h"

#define VIRTIO_CONSOLE_F_SIZE        0
#define VIRTIO_CONSOLE_F_MULTIPORT   1
#define VIRTIO_CONSOLE_F_EMERG_WRITE 2

struct virtio_console_config {
	le16 cols, rows;
	le32 max_nr_ports;
	le32 emerg_wr;
};
static_assert(sizeof(struct virtio_console_config) == 12, "console configuration");
#define VIRTIO_CONSOLE_EMERG_WR_OFFSET 8u

struct virtio_console_control {
	le32 id; /* port */
	le16 event, value;
};
static_assert(sizeof(struct virtio_console_control) == 8, "console control message");

enum virtio_console_event {
	VIRTIO_CONSOLE_DEVICE_READY = 0, /* from the driver */
	VIRTIO_CONSOLE_PORT_ADD = 1, /* to the driver; DEVICE_ADD in parts of the text */
	VIRTIO_CONSOLE_PORT_REMOVE = 2,
	VIRTIO_CONSOLE_PORT_READY = 3, /* from the driver */
	VIRTIO_CONSOLE_CONSOLE_PORT = 4,
	VIRTIO_CONSOLE_RESIZE = 5,
	VIRTIO_CONSOLE_PORT_OPEN = 6, /* both ways */
	VIRTIO_CONSOLE_PORT_NAME = 7
};

/* Follows the header of RESIZE. */
struct virtio_console_resize {
	le16 cols, rows;
};
static_assert(sizeof(struct virtio_console_resize) == 4, "console size");
