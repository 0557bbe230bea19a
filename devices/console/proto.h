/* SPDX-License-Identifier: Apache-2.0 */
/* Control messages of the console device: parsed, checked and made. Pure functions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "devices/console/wire.h"

/* What a driver may say. */
struct console_msg {
	enum virtio_console_event event; /* DEVICE_READY, PORT_READY or PORT_OPEN */
	uint32_t port; /* below max_ports; 0 for DEVICE_READY */
	bool on; /* the value: success, open */
};

/*
 * Parses a message from the driver; bytes after the header are ignored. 0; GUEST_E_SHORT;
 * GUEST_E_RANGE for a port that cannot exist; GUEST_E_FORMAT for a value that is neither 0 nor 1;
 * GUEST_E_UNSUPPORTED for an event that a driver does not send. *out is set only for 0.
 */
MUST_CHECK int console_parse(
	const void *buf, size_t len, uint32_t max_ports, struct console_msg *out);

/* Longest name of a port, in bytes; UTF-8, not terminated on the wire. */
#define CONSOLE_NAME_MAX 63
/* Longest message to the driver. */
#define CONSOLE_MSG_MAX (sizeof(struct virtio_console_control) + CONSOLE_NAME_MAX)

/* Make a message to the driver in buf[CONSOLE_MSG_MAX]; return its length. */
size_t console_make(uint8_t *buf, uint32_t port, enum virtio_console_event event, uint16_t value);
size_t console_make_resize(uint8_t *buf, uint32_t port, uint16_t cols, uint16_t rows);
/* `name` is cut to CONSOLE_NAME_MAX bytes. */
size_t console_make_name(uint8_t *buf, uint32_t port, const char *name);
