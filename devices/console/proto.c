/* SPDX-License-Identifier: Apache-2.0 */
/* See proto.h. */
#include "devices/console/proto.h"

#include <string.h>

int console_parse(const void *buf, size_t len, uint32_t max_ports, struct console_msg *out)
{
	struct virtio_console_control c;
	uint32_t port;
	uint16_t event, value;

	if (len < sizeof(c))
		return GUEST_E_SHORT;
	memcpy(&c, buf, sizeof(c));
	port = le32_get(c.id);
	event = le16_get(c.event);
	value = le16_get(c.value);
	switch (event) {
	case VIRTIO_CONSOLE_DEVICE_READY:
		port = 0; /* "The port number id is unused." */
		break;
	case VIRTIO_CONSOLE_PORT_READY:
	case VIRTIO_CONSOLE_PORT_OPEN:
		if (port >= max_ports)
			return GUEST_E_RANGE;
		break;
	default:
		return GUEST_E_UNSUPPORTED;
	}
	if (value > 1)
		return GUEST_E_FORMAT;
	*out = (struct console_msg){ (enum virtio_console_event)event, port, value == 1 };
	return 0;
}

size_t console_make(uint8_t *buf, uint32_t port, enum virtio_console_event event, uint16_t value)
{
	const struct virtio_console_control c = {
		.id = le32_of(port),
		.event = le16_of((uint16_t)event),
		.value = le16_of(value),
	};

	memcpy(buf, &c, sizeof(c));
	return sizeof(c);
}

size_t console_make_resize(uint8_t *buf, uint32_t port, uint16_t cols, uint16_t rows)
{
	const struct virtio_console_resize s = { .cols = le16_of(cols), .rows = le16_of(rows) };
	size_t n = console_make(buf, port, VIRTIO_CONSOLE_RESIZE, 0);

	memcpy(buf + n, &s, sizeof(s));
	return n + sizeof(s);
}

size_t console_make_name(uint8_t *buf, uint32_t port, const char *name)
{
	size_t n = console_make(buf, port, VIRTIO_CONSOLE_PORT_NAME, 1);
	size_t len = strnlen(name, CONSOLE_NAME_MAX);

	memcpy(buf + n, name, len);
	return n + len;
}
