/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of a guest against the state machine of a connection: no credit is ever exceeded, in
 * either direction, and what is owed can always be said. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "devices/vsock/conn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BUF 4096u

static void check(const struct vsock_conn *c)
{
	if (c->rx_cnt - c->fwd_cnt > c->buf_alloc || c->rx_cnt - c->told_fwd > c->buf_alloc)
		abort();
	if (vsock_conn_room(c) > c->peer_alloc)
		abort();
	if (c->state == VSOCK_RESETTING && (c->owed & ~VSOCK_OWE_RST))
		abort();
}

/* The other side does something, as byte `b` says. */
static void host(struct vsock_conn *c, uint8_t b)
{
	struct virtio_vsock_hdr h;
	uint32_t waits = c->rx_cnt - c->fwd_cnt, room = vsock_conn_room(c);

	switch (b & 7) {
	case 0:
		if (c->state == VSOCK_ASKED)
			vsock_conn_found(c);
		break;
	case 1:
		vsock_conn_forwarded(c, waits / 2);
		break;
	case 2:
		vsock_conn_forwarded(c, waits);
		break;
	case 3:
		if (c->state == VSOCK_OPEN) {
			vsock_conn_send(c, 3, b & 0x80 ? room : room / 2, 0, &h);
			if (le32_get(h.len) > room)
				abort();
		}
		break;
	case 4:
		vsock_conn_host_shut(c, b >> 3 & VIRTIO_VSOCK_SHUTDOWN_BOTH);
		break;
	case 5:
		while (vsock_conn_speak(c, 3, &h)) {
			if (le64_get(h.dst_cid) != 3 || le32_get(h.len) != 0)
				abort();
		}
		if (c->owed)
			abort();
		break;
	case 6:
		if (b & 0x80)
			vsock_conn_reset(c);
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vsock_key key = { 1, 2, 2 };
	struct vsock_conn c;
	uint64_t features;

	if (size < 2)
		return 0;
	features = data[0];
	vsock_conn_offered(&c, &key, data[1] & 1 ? 2 : 1, BUF);
	data += 2;
	size -= 2;
	while (size > sizeof(struct virtio_vsock_hdr)) {
		struct virtio_vsock_hdr h;
		struct vsock_pkt p;

		host(&c, data[0]);
		check(&c);
		memcpy(&h, data + 1, sizeof(h));
		data += 1 + sizeof(h);
		size -= 1 + sizeof(h);
		if (vsock_parse(&h, (uint32_t)size, 3, features, &p) != VSOCK_TAKE)
			continue;
		if (p.op == VIRTIO_VSOCK_OP_RW ? p.len > size : p.len != 0)
			abort();
		if (p.op == VIRTIO_VSOCK_OP_REQUEST && c.state == VSOCK_RESETTING)
			vsock_conn_asked(&c, &p, BUF);
		else if (vsock_conn_hear(&c, &p) == VSOCK_HEARD_BROKEN)
			vsock_conn_reset(&c);
		check(&c);
	}
	return 0;
}
