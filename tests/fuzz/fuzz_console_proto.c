/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a driver sends on the control queue is refused or means something legal. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "devices/console/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct console_msg m;
	uint32_t max_ports;
	char name[CONSOLE_NAME_MAX + 8];
	uint8_t out[CONSOLE_MSG_MAX];
	size_t n;

	if (size < 1)
		return 0;
	max_ports = data[0] % 31u + 1;
	data++;
	size--;
	if (console_parse(data, size, max_ports, &m) == 0) {
		if (size < sizeof(struct virtio_console_control) || m.port >= max_ports)
			abort();
		if (m.event != VIRTIO_CONSOLE_DEVICE_READY &&
			m.event != VIRTIO_CONSOLE_PORT_READY && m.event != VIRTIO_CONSOLE_PORT_OPEN)
			abort();
	}
	n = size < sizeof(name) - 1 ? size : sizeof(name) - 1;
	memcpy(name, data, n);
	name[n] = 0;
	if (console_make_name(out, max_ports, name) > sizeof(out))
		abort();
	return 0;
}
