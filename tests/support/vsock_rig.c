/* SPDX-License-Identifier: Apache-2.0 */
/* See vsock_rig.h. */
#include "tests/support/vsock_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/ipc.h"

void rig_open_with(struct vsock_rig *r, unsigned int kind, uint32_t max_links, unsigned int buffers)
{
	struct vsock_dev_config cfg = { .tag = "test/vsock0", .cid = CID, .max_links = max_links };
	struct vsock_port *port;
	int fds[2];

	memset(r, 0, sizeof(*r));
	r->type = STREAM;
	r->alloc = GUEST_ALLOC;
	assert_int_equal(ipc_pair(fds, 0), 0);
	assert_int_equal(vsock_port_socket_new(&port, fds[0]), 0);
	r->bench = fds[1];
	assert_int_equal(vsock_dev_new(&r->dev, port, &cfg), 0);
	r->m = mock_new(kind);
	mock_attach(r->m, r->dev);
	mock_start(r->m, MOCK_ALL_FEATURES);
	for (unsigned int i = 0; i < buffers; i++)
		assert_true(mock_post(r->m, RXQ, NULL, 0, RX_BUF) >= 0);
}

void rig_open(struct vsock_rig *r, unsigned int kind)
{
	rig_open_with(r, kind, 0, 16);
}

void rig_close(struct vsock_rig *r)
{
	assert_false(mock_needs_reset(r->m));
	mock_free(r->m);
	fd_close(&r->bench);
}

struct vsock_dev_stats rig_stats(const struct vsock_rig *r)
{
	struct vsock_dev_stats s;

	vsock_dev_get_stats(r->dev, &s);
	return s;
}

struct virtio_vsock_hdr rig_packet(const struct vsock_rig *r, uint16_t op, uint32_t len)
{
	return (struct virtio_vsock_hdr){ .src_cid = le64_of(CID),
		.dst_cid = le64_of(VIRTIO_VSOCK_CID_HOST),
		.src_port = le32_of(2000),
		.dst_port = le32_of(1000),
		.len = le32_of(len),
		.type = le16_of(r->type),
		.op = le16_of(op),
		.buf_alloc = le32_of(r->alloc),
		.fwd_cnt = le32_of(r->fwd) };
}

void rig_send_packet(struct vsock_rig *r, const struct virtio_vsock_hdr *h, const void *data)
{
	struct mock_iov out[2] = { { h, HDR }, { data, le32_get(h->len) } };
	struct mock_used u;

	assert_true(mock_postv(r->m, TXQ, out, data ? 2 : 1, NULL, 0) >= 0);
	assert_true(mock_wait(r->m, TXQ, &u));
	assert_int_equal(u.len, 0);
}

void rig_guest_says(struct vsock_rig *r, uint16_t op)
{
	struct virtio_vsock_hdr h = rig_packet(r, op, 0);

	rig_send_packet(r, &h, NULL);
}

void rig_guest_shuts(struct vsock_rig *r, uint32_t flags)
{
	struct virtio_vsock_hdr h = rig_packet(r, OP(SHUTDOWN), 0);

	h.flags = le32_of(flags);
	rig_send_packet(r, &h, NULL);
}

void rig_guest_writes(struct vsock_rig *r, const void *data, uint32_t len, uint32_t flags)
{
	struct virtio_vsock_hdr h = rig_packet(r, OP(RW), len);

	h.flags = le32_of(flags);
	rig_send_packet(r, &h, data);
}

void rig_keep_packet(struct vsock_rig *r, const struct mock_used *u)
{
	assert_true(u->len >= HDR);
	memcpy(&r->h, u->in, HDR);
	r->len = u->len - (uint32_t)HDR;
	assert_int_equal(le32_get(r->h.len), r->len);
	memcpy(r->data, u->in + HDR, r->len);
	assert_int_equal(le64_get(r->h.dst_cid), CID);
}

int rig_guest_hears(struct vsock_rig *r)
{
	struct mock_used u;

	assert_true(mock_wait(r->m, RXQ, &u));
	rig_keep_packet(r, &u);
	assert_true(mock_post(r->m, RXQ, NULL, 0, RX_BUF) >= 0);
	return le16_get(r->h.op);
}

bool rig_silent(struct vsock_rig *r)
{
	struct mock_used u;

	for (int i = 0; i < 4; i++)
		mock_turn(r->m);
	return !mock_poll(r->m, RXQ, &u);
}

struct vsock_port_msg rig_bench_hears(struct vsock_rig *r)
{
	struct vsock_port_msg m;
	ssize_t n;

	for (int i = 0; i < 1000; i++) {
		n = recv(r->bench, &m, sizeof(m), MSG_DONTWAIT);
		if (n > 0) {
			assert_int_equal(n, sizeof(m));
			return m;
		}
		mock_turn(r->m);
	}
	fail_msg("the bench heard nothing");
	return m;
}

int rig_bench_gives(struct vsock_rig *r, uint32_t op, uint32_t id, bool framed)
{
	struct vsock_port_msg m = {
		.op = op, .id = id, .flags = VSOCK_PORT_OK | (framed ? VSOCK_PORT_FRAMED : 0)
	};
	int fds[2];

	assert_int_equal(
		socketpair(AF_UNIX,
			(r->type == STREAM ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_CLOEXEC, 0, fds),
		0);
	assert_int_equal(ipc_send(r->bench, &m, sizeof(m), &fds[0], 1), 0);
	fd_close(&fds[0]);
	return fds[1];
}

void rig_bench_refuses(struct vsock_rig *r, uint32_t op, uint32_t id)
{
	struct vsock_port_msg m = { .op = op, .id = id };

	assert_int_equal(ipc_send(r->bench, &m, sizeof(m), NULL, 0), 0);
}

void rig_bench_offers(struct vsock_rig *r, uint32_t id)
{
	struct vsock_port_msg m = { .op = VSOCK_PORT_OFFER,
		.id = id,
		.type = r->type,
		.guest_port = 2000,
		.peer_port = 1000,
		.peer_cid = 2 };

	assert_int_equal(ipc_send(r->bench, &m, sizeof(m), NULL, 0), 0);
}

int rig_connected_framed(struct vsock_rig *r, bool framed)
{
	struct vsock_port_msg m;
	int fd;

	rig_guest_says(r, OP(REQUEST));
	m = rig_bench_hears(r);
	assert_int_equal(m.op, VSOCK_PORT_CONNECT);
	fd = rig_bench_gives(r, VSOCK_PORT_RESULT, m.id, framed);
	assert_int_equal(rig_guest_hears(r), OP(RESPONSE));
	assert_int_equal(le32_get(r->h.buf_alloc), VSOCK_BUF_BYTES);
	return fd;
}

int rig_connected(struct vsock_rig *r)
{
	return rig_connected_framed(r, false);
}

bool rig_read_more(void *arg)
{
	struct rig_bytes *b = arg;
	static uint8_t buf[65536];
	ssize_t n = recv(b->fd, buf, sizeof(buf), MSG_DONTWAIT);

	for (ssize_t i = 0; i < n; i++)
		assert_int_equal(buf[i], (uint8_t)((b->got + (uint32_t)i) * 31 + 7));
	if (n > 0)
		b->got += (uint32_t)n;
	return b->got >= b->want;
}

void rig_pattern(uint8_t *p, uint32_t from, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		p[i] = (uint8_t)((from + i) * 31 + 7);
}
