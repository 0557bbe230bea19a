/* SPDX-License-Identifier: Apache-2.0 */
/* A program's greeting, and messages of a device or the bench: refused, or in bounds. */
#include <stdint.h>
#include <stdlib.h>

#include "base/proto/vsock_port.h"
#include "sim/bench/vsocks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vsock_port_msg m;
	uint32_t port;

	if (vsocks_greeting((const char *)data, size, &port) && size > 18)
		abort();
	for (unsigned int i = 0; i < 4; i++) {
		if (vsock_port_parse(data, size, i >> 1, i & 1, &m) < 0)
			continue;
		if (m.op < VSOCK_PORT_CONNECT || m.op > VSOCK_PORT_HAND || m.type > 2)
			abort();
		/* A descriptor comes exactly where one is announced. */
		if ((i & 1) && m.op != VSOCK_PORT_OFFER && (i >> 1) != (m.flags & VSOCK_PORT_OK))
			abort();
	}
	return 0;
}
