/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the vsock port's messages; see vsock_port.h. */
#include "base/proto/vsock_port.h"

#include <errno.h>
#include <string.h>

#define TYPE_STREAM    1u
#define TYPE_SEQPACKET 2u

/* The first and the last context that a guest can have; 2 is the host. */
#define CID_HOST 2u
#define CID_LAST UINT32_C(0xfffffffe)

static bool names_a_call(const struct vsock_port_msg *m)
{
	return (m->type == TYPE_STREAM || m->type == TYPE_SEQPACKET) && m->peer_cid >= CID_HOST &&
	       m->peer_cid <= CID_LAST && m->flags == 0;
}

static bool names_none(const struct vsock_port_msg *m)
{
	return m->type == 0 && m->guest_port == 0 && m->peer_port == 0 && m->peer_cid == 0;
}

static bool valid(const struct vsock_port_msg *m, uint64_t n_fds, bool to_device)
{
	switch (m->op) {
	case VSOCK_PORT_CONNECT:
		return !to_device && n_fds == 0 && names_a_call(m);
	case VSOCK_PORT_ANSWER:
		return !to_device && n_fds == 0 && names_none(m) && m->flags <= VSOCK_PORT_OK;
	case VSOCK_PORT_OFFER:
		return to_device && n_fds == 0 && names_a_call(m);
	case VSOCK_PORT_RESULT:
	case VSOCK_PORT_HAND:
		return to_device && names_none(m) &&
		       !(m->flags & ~(VSOCK_PORT_OK | VSOCK_PORT_FRAMED)) &&
		       n_fds == (m->flags & VSOCK_PORT_OK ? 1 : 0);
	default:
		return false;
	}
}

int vsock_port_parse(
	const void *buf, uint64_t len, uint64_t n_fds, bool to_device, struct vsock_port_msg *out)
{
	struct vsock_port_msg m;

	if (len != sizeof(m))
		return -EBADMSG;
	memcpy(&m, buf, sizeof(m));
	if (!valid(&m, n_fds, to_device))
		return -EBADMSG;
	*out = m;
	return 0;
}
