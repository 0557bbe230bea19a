/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio console ("Console Device"): one or more ports with a name, each with a char_port on the
 * host. All of SIZE, MULTIPORT and EMERG_WRITE. A driver without MULTIPORT sees port 0 alone.
 */
#pragma once

#include "devices/console/char_port.h"
#include "devices/console/proto.h"
#include "devices/virtio/vdev.h"

/* Four queues for port 0 and control, two for each other port. */
#define CONSOLE_MAX_PORTS ((VDEV_MAX_QUEUES - 4) / 2 + 1)

/* Bytes of one request that are passed on; what is longer is cut and counted as dropped. */
#define CONSOLE_MAX_WRITE_BYTES (1u << 20)
/* Work of one turn of the loop; what is left then goes on in the next. */
#define CONSOLE_MAX_TURN_BYTES    (256u << 10)
#define CONSOLE_MAX_TURN_REQUESTS 64u

struct console_port_config {
	const char *name; /* shown to the guest (PORT_NAME); NULL or "": none. Copied. */
	bool console; /* a terminal (CONSOLE_PORT), not a plain data channel */
	struct char_port *port_take;
};

struct console_config {
	const char *tag; /* copied */
	uint16_t cols, rows; /* of the console ports; 0: not known, SIZE is not offered */
	const struct console_port_config *ports;
	unsigned int n_ports; /* 1..CONSOLE_MAX_PORTS */
};

/* Makes the device and takes over the ports, on failure too. 0, -EINVAL or -ENOMEM. */
MUST_CHECK int console_new(struct vdev **out, const struct console_config *cfg);

/* The terminal has another size: configuration space and RESIZE. Loop thread. */
void console_resize(struct vdev *v, uint16_t cols, uint16_t rows);

/* The port's back end, for its counters; NULL for a port that does not exist. */
const struct char_port *console_port(const struct vdev *v, unsigned int port);
