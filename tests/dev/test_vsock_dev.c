/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-vsock behind the transport core, over every kind of ring. The test plays the driver, the
 * bench, and the program at the other end of each connection. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/ipc.h"
#include "base/proto/vsock_port.h"
#include "devices/vsock/vsock.h"
#include "devices/vsock/wire.h"
#include "tests/support/mock_driver.h"

enum { RXQ, TXQ, EVQ };

#define CID                 5u
#define HDR                 sizeof(struct virtio_vsock_hdr)
#define RX_BUF              4096u
#define GUEST_ALLOC         65536u
#define FOR_EACH_KIND(kind) for (unsigned int kind = 0; kind < MOCK_KINDS; kind++)
#define STREAM              VIRTIO_VSOCK_TYPE_STREAM
#define SEQPACKET           VIRTIO_VSOCK_TYPE_SEQPACKET
#define OP(name)            VIRTIO_VSOCK_OP_##name

struct rig {
	struct mock *m;
	struct vdev *dev;
	int bench; /* the bench's end of the port */
	uint16_t type; /* of the packets that the driver sends */
	uint32_t alloc, fwd; /* the driver's credit */
	/* The packet that the driver got last. */
	struct virtio_vsock_hdr h;
	uint8_t data[RX_BUF];
	uint32_t len;
};

static void rig_open_with(
	struct rig *r, unsigned int kind, uint32_t max_links, unsigned int buffers)
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

static void rig_open(struct rig *r, unsigned int kind)
{
	rig_open_with(r, kind, 0, 16);
}

static void rig_close(struct rig *r)
{
	assert_false(mock_needs_reset(r->m));
	mock_free(r->m);
	fd_close(&r->bench);
}

static struct vsock_dev_stats stats(const struct rig *r)
{
	struct vsock_dev_stats s;

	vsock_dev_get_stats(r->dev, &s);
	return s;
}

/* A packet of the driver for host port 1000 from its port 2000. */
static struct virtio_vsock_hdr packet(const struct rig *r, uint16_t op, uint32_t len)
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

static void send_packet(struct rig *r, const struct virtio_vsock_hdr *h, const void *data)
{
	struct mock_iov out[2] = { { h, HDR }, { data, le32_get(h->len) } };
	struct mock_used u;

	assert_true(mock_postv(r->m, TXQ, out, data ? 2 : 1, NULL, 0) >= 0);
	assert_true(mock_wait(r->m, TXQ, &u));
	assert_int_equal(u.len, 0);
}

static void guest_says(struct rig *r, uint16_t op)
{
	struct virtio_vsock_hdr h = packet(r, op, 0);

	send_packet(r, &h, NULL);
}

static void guest_shuts(struct rig *r, uint32_t flags)
{
	struct virtio_vsock_hdr h = packet(r, OP(SHUTDOWN), 0);

	h.flags = le32_of(flags);
	send_packet(r, &h, NULL);
}

static void guest_writes(struct rig *r, const void *data, uint32_t len, uint32_t flags)
{
	struct virtio_vsock_hdr h = packet(r, OP(RW), len);

	h.flags = le32_of(flags);
	send_packet(r, &h, data);
}

static void keep_packet(struct rig *r, const struct mock_used *u)
{
	assert_true(u->len >= HDR);
	memcpy(&r->h, u->in, HDR);
	r->len = u->len - (uint32_t)HDR;
	assert_int_equal(le32_get(r->h.len), r->len);
	memcpy(r->data, u->in + HDR, r->len);
	assert_int_equal(le64_get(r->h.dst_cid), CID);
}

/* The next packet for the guest; its buffer is given again. Its operation. */
static int guest_hears(struct rig *r)
{
	struct mock_used u;

	assert_true(mock_wait(r->m, RXQ, &u));
	keep_packet(r, &u);
	assert_true(mock_post(r->m, RXQ, NULL, 0, RX_BUF) >= 0);
	return le16_get(r->h.op);
}

static bool silent(struct rig *r)
{
	struct mock_used u;

	for (int i = 0; i < 4; i++)
		mock_turn(r->m);
	return !mock_poll(r->m, RXQ, &u);
}

/* What the device asks the bench. */
static struct vsock_port_msg bench_hears(struct rig *r)
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

/* The bench answers CONNECT, or an accepted offer, with a socket; the program's end is returned. */
static int bench_gives(struct rig *r, uint32_t op, uint32_t id, bool framed)
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

static void bench_refuses(struct rig *r, uint32_t op, uint32_t id)
{
	struct vsock_port_msg m = { .op = op, .id = id };

	assert_int_equal(ipc_send(r->bench, &m, sizeof(m), NULL, 0), 0);
}

static void bench_offers(struct rig *r, uint32_t id)
{
	struct vsock_port_msg m = { .op = VSOCK_PORT_OFFER,
		.id = id,
		.type = r->type,
		.guest_port = 2000,
		.peer_port = 1000,
		.peer_cid = 2 };

	assert_int_equal(ipc_send(r->bench, &m, sizeof(m), NULL, 0), 0);
}

/* The guest connects; the program's end. */
static int connected_framed(struct rig *r, bool framed)
{
	struct vsock_port_msg m;
	int fd;

	guest_says(r, OP(REQUEST));
	m = bench_hears(r);
	assert_int_equal(m.op, VSOCK_PORT_CONNECT);
	fd = bench_gives(r, VSOCK_PORT_RESULT, m.id, framed);
	assert_int_equal(guest_hears(r), OP(RESPONSE));
	assert_int_equal(le32_get(r->h.buf_alloc), VSOCK_BUF_BYTES);
	return fd;
}

static int connected(struct rig *r)
{
	return connected_framed(r, false);
}

struct bytes {
	int fd;
	uint32_t want, got;
	uint8_t last;
};

static bool read_more(void *arg)
{
	struct bytes *b = arg;
	static uint8_t buf[65536];
	ssize_t n = recv(b->fd, buf, sizeof(buf), MSG_DONTWAIT);

	for (ssize_t i = 0; i < n; i++)
		assert_int_equal(buf[i], (uint8_t)((b->got + (uint32_t)i) * 31 + 7));
	if (n > 0)
		b->got += (uint32_t)n;
	return b->got >= b->want;
}

static void pattern(uint8_t *p, uint32_t from, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		p[i] = (uint8_t)((from + i) * 31 + 7);
}

/* ---- connections ---- */

static void test_guest_reaches_a_program_of_the_host(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct vsock_port_msg m;
		char buf[16];
		struct rig r;
		int fd;

		rig_open(&r, kind);
		guest_says(&r, OP(REQUEST));
		m = bench_hears(&r);
		assert_int_equal(m.op, VSOCK_PORT_CONNECT);
		assert_int_equal(m.type, STREAM);
		assert_int_equal(m.guest_port, 2000);
		assert_int_equal(m.peer_port, 1000);
		assert_int_equal(m.peer_cid, 2);
		fd = bench_gives(&r, VSOCK_PORT_RESULT, m.id, false);
		assert_int_equal(guest_hears(&r), OP(RESPONSE));
		assert_int_equal(le64_get(r.h.src_cid), 2);
		assert_int_equal(le32_get(r.h.src_port), 1000);
		assert_int_equal(le32_get(r.h.dst_port), 2000);

		guest_writes(&r, "hello", 5, 0);
		assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 5);
		assert_memory_equal(buf, "hello", 5);
		assert_int_equal(send(fd, "world!", 6, 0), 6);
		assert_int_equal(guest_hears(&r), OP(RW));
		assert_int_equal(r.len, 6);
		assert_memory_equal(r.data, "world!", 6);
		assert_int_equal(stats(&r).connects, 1);
		fd_close(&fd);
		rig_close(&r);
	}
}

static void test_connection_that_nobody_takes_is_reset(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, 0);
	guest_says(&r, OP(REQUEST));
	bench_refuses(&r, VSOCK_PORT_RESULT, bench_hears(&r).id);
	assert_int_equal(guest_hears(&r), OP(RST));
	assert_int_equal(stats(&r).links, 0);
	/* The same port may try again. */
	guest_says(&r, OP(REQUEST));
	bench_refuses(&r, VSOCK_PORT_RESULT, bench_hears(&r).id);
	assert_int_equal(guest_hears(&r), OP(RST));
	rig_close(&r);
}

static void test_program_of_the_host_reaches_the_guest(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct vsock_port_msg m;
		struct rig r;
		char buf[8];
		int fd;

		rig_open(&r, kind);
		bench_offers(&r, 77);
		assert_int_equal(guest_hears(&r), OP(REQUEST));
		assert_int_equal(le32_get(r.h.src_port), 1000);
		assert_int_equal(le32_get(r.h.dst_port), 2000);
		guest_says(&r, OP(RESPONSE));
		m = bench_hears(&r);
		assert_int_equal(m.op, VSOCK_PORT_ANSWER);
		assert_int_equal(m.id, 77);
		assert_int_equal(m.flags, VSOCK_PORT_OK);
		/* Sent before the socket is there: kept. */
		guest_writes(&r, "early", 5, 0);
		fd = bench_gives(&r, VSOCK_PORT_HAND, 77, false);
		mock_turn(r.m);
		assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 5);
		assert_memory_equal(buf, "early", 5);
		assert_int_equal(stats(&r).accepts, 1);
		fd_close(&fd);
		rig_close(&r);
	}
}

static void test_offer_that_the_guest_resets_is_answered_no(void **state)
{
	struct vsock_port_msg m;
	struct rig r;

	(void)state;
	rig_open(&r, 0);
	bench_offers(&r, 9);
	assert_int_equal(guest_hears(&r), OP(REQUEST));
	guest_says(&r, OP(RST));
	m = bench_hears(&r);
	assert_int_equal(m.op, VSOCK_PORT_ANSWER);
	assert_int_equal(m.id, 9);
	assert_int_equal(m.flags, 0);
	assert_int_equal(stats(&r).links, 0);
	rig_close(&r);
}

static void test_offer_without_a_driver_is_answered_no(void **state)
{
	struct vsock_port_msg m;
	struct rig r;

	(void)state;
	rig_open(&r, 0);
	mock_reset(r.m);
	bench_offers(&r, 10);
	m = bench_hears(&r);
	assert_int_equal(m.op, VSOCK_PORT_ANSWER);
	assert_int_equal(m.flags, 0);
	rig_close(&r);
}

static void test_too_many_connections_are_refused(void **state)
{
	struct rig r;

	(void)state;
	rig_open_with(&r, 0, 3, 16);
	for (uint32_t i = 0; i < 5; i++) {
		struct virtio_vsock_hdr h = packet(&r, OP(REQUEST), 0);

		h.src_port = le32_of(3000 + i);
		send_packet(&r, &h, NULL);
	}
	assert_int_equal(guest_hears(&r), OP(RST));
	assert_int_equal(le32_get(r.h.dst_port), 3003);
	assert_int_equal(guest_hears(&r), OP(RST));
	assert_int_equal(le32_get(r.h.dst_port), 3004);
	assert_int_equal(stats(&r).links, 3);
	rig_close(&r);
}

/* ---- rules ---- */

static void test_packets_without_a_connection_are_reset(void **state)
{
	static const uint16_t ops[] = { OP(RESPONSE), OP(SHUTDOWN), OP(RW), OP(CREDIT_UPDATE),
		OP(CREDIT_REQUEST) };

	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct rig r;

		rig_open(&r, kind);
		for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
			guest_says(&r, ops[i]);
			assert_int_equal(guest_hears(&r), OP(RST));
			assert_int_equal(le32_get(r.h.src_port), 1000);
			assert_int_equal(le16_get(r.h.type), STREAM);
		}
		/* An RST is not answered with one. */
		guest_says(&r, OP(RST));
		assert_true(silent(&r));
		rig_close(&r);
	}
}

static void test_malformed_packets_are_refused(void **state)
{
	struct virtio_vsock_hdr h;
	struct rig r;

	(void)state;
	rig_open(&r, 0);
	/* Unknown type, unknown operations, a length beyond the packet, nobody's context. */
	for (unsigned int i = 0; i < 6; i++) {
		h = packet(&r, OP(REQUEST), 0);
		if (i == 0)
			h.type = le16_of(3);
		else if (i == 1)
			h.op = le16_of(0);
		else if (i == 2)
			h.op = le16_of(8);
		else if (i == 3)
			h.dst_cid = le64_of(1);
		else if (i == 4)
			h.dst_cid = le64_of(UINT64_C(0x100000002));
		else
			h.op = le16_of(OP(RW)), h.len = le32_of(100);
		assert_int_equal(mock_send(r.m, TXQ, &h, HDR, NULL, 0), 0);
		assert_int_equal(guest_hears(&r), OP(RST));
	}
	/* Not its own context; not a header: nobody is answered. */
	h = packet(&r, OP(REQUEST), 0);
	h.src_cid = le64_of(CID + 1);
	send_packet(&r, &h, NULL);
	assert_int_equal(mock_send(r.m, TXQ, &h, 43, NULL, 0), 0);
	assert_true(silent(&r));
	assert_int_equal(stats(&r).tx_rejected, 8);
	rig_close(&r);
}

static void test_seqpacket_is_refused_where_it_was_not_negotiated(void **state)
{
	struct vsock_dev_config cfg = { .tag = "test/vsock0", .cid = CID };
	struct vsock_port *port;
	struct rig r = { .type = SEQPACKET };

	(void)state;
	assert_int_equal(vsock_port_null_new(&port), 0);
	assert_int_equal(vsock_dev_new(&r.dev, port, &cfg), 0);
	r.bench = -1;
	r.m = mock_new(0);
	mock_attach(r.m, r.dev);
	mock_start(r.m, 0);
	assert_true(mock_post(r.m, RXQ, NULL, 0, RX_BUF) >= 0);
	guest_says(&r, OP(REQUEST));
	assert_int_equal(guest_hears(&r), OP(RST));
	assert_int_equal(stats(&r).tx_rejected, 1);
	/* Streams need no feature; here nobody takes them. */
	r.type = STREAM;
	guest_says(&r, OP(REQUEST));
	assert_int_equal(guest_hears(&r), OP(RST));
	assert_int_equal(stats(&r).refused, 1);
	rig_close(&r);
}

static void test_second_request_for_a_connection_ends_it(void **state)
{
	struct rig r;
	char c;
	int fd;

	(void)state;
	rig_open(&r, 0);
	fd = connected(&r);
	guest_says(&r, OP(REQUEST));
	assert_int_equal(guest_hears(&r), OP(RST));
	assert_int_equal(recv(fd, &c, 1, MSG_DONTWAIT), 0);
	assert_int_equal(stats(&r).links, 0);
	fd_close(&fd);
	rig_close(&r);
}

static void test_guest_that_overruns_its_credit_is_reset(void **state)
{
	static uint8_t data[65536];

	(void)state;
	FOR_EACH_KIND(kind)
	{
		uint32_t sent = 0;
		struct rig r;
		int fd;

		rig_open(&r, kind);
		fd = connected(&r);
		/* Nobody reads: the socket fills, then the buffer. The driver is told fwd_cnt
		 * only, and goes on after that is used up. */
		for (;;) {
			guest_writes(&r, data, sizeof(data), 0);
			sent += sizeof(data);
			if (stats(&r).links == 0)
				break;
			assert_true(sent < 8u << 20);
		}
		assert_true(sent > VSOCK_BUF_BYTES);
		while (guest_hears(&r) != OP(RST))
			;
		assert_int_equal(stats(&r).resets, 1);
		fd_close(&fd);
		rig_close(&r);
	}
}

/* ---- credit ---- */

static void test_bytes_that_wait_for_the_host_hold_the_credit_back(void **state)
{
	static uint8_t data[65536];

	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct bytes in = { 0 };
		uint32_t sent = 0, fwd = 0;
		struct rig r;

		rig_open(&r, kind);
		in.fd = connected(&r);
		/* A driver that keeps the rules, until it has no credit left. */
		for (;;) {
			struct mock_used u;
			uint32_t room = VSOCK_BUF_BYTES - (sent - fwd);
			uint32_t len = MIN(room, (uint32_t)sizeof(data));

			while (mock_poll(r.m, RXQ, &u)) {
				keep_packet(&r, &u);
				fwd = le32_get(r.h.fwd_cnt);
				assert_true(mock_post(r.m, RXQ, NULL, 0, RX_BUF) >= 0);
				len = 1;
			}
			if (len == 0)
				break;
			if (room == 0)
				continue;
			len = MIN(len, VSOCK_BUF_BYTES - (sent - fwd));
			pattern(data, sent, len);
			guest_writes(&r, data, len, 0);
			sent += len;
			assert_true(sent < 8u << 20);
		}
		guest_says(&r, OP(CREDIT_REQUEST));
		assert_int_equal(guest_hears(&r), OP(CREDIT_UPDATE));
		assert_int_equal(le32_get(r.h.fwd_cnt), fwd);
		/* Now the program reads: everything comes, in order, and the credit returns. */
		in.want = sent;
		assert_true(mock_until(r.m, read_more, &in));
		do
			assert_int_equal(guest_hears(&r), OP(CREDIT_UPDATE));
		while (le32_get(r.h.fwd_cnt) < sent - VSOCK_BUF_BYTES / 2);
		fd_close(&in.fd);
		rig_close(&r);
	}
}

static void test_guest_is_never_sent_more_than_its_buffer(void **state)
{
	static uint8_t data[100000];

	(void)state;
	FOR_EACH_KIND(kind)
	{
		uint32_t got = 0;
		struct rig r;
		int fd;

		rig_open(&r, kind);
		r.alloc = 10000;
		fd = connected(&r);
		pattern(data, 0, sizeof(data));
		assert_int_equal(send(fd, data, sizeof(data), MSG_DONTWAIT), sizeof(data));
		while (got < sizeof(data)) {
			int op = guest_hears(&r);

			if (op == OP(CREDIT_REQUEST)) {
				/* All of the credit was used, and no more. */
				assert_int_equal(got - r.fwd, r.alloc);
				assert_true(silent(&r));
				r.fwd = got;
				guest_says(&r, OP(CREDIT_UPDATE));
				continue;
			}
			assert_int_equal(op, OP(RW));
			assert_memory_equal(r.data, data + got, r.len);
			got += r.len;
			assert_true(got - r.fwd <= r.alloc);
		}
		fd_close(&fd);
		rig_close(&r);
	}
}

static void test_credit_from_the_future_is_not_believed(void **state)
{
	struct rig r;
	int fd;

	(void)state;
	rig_open(&r, 0);
	r.alloc = 4;
	fd = connected(&r);
	assert_int_equal(send(fd, "12345678", 8, 0), 8);
	assert_int_equal(guest_hears(&r), OP(RW));
	assert_int_equal(r.len, 4);
	assert_int_equal(guest_hears(&r), OP(CREDIT_REQUEST));
	r.fwd = 1000;
	guest_says(&r, OP(CREDIT_UPDATE));
	assert_true(silent(&r));
	r.fwd = 4;
	guest_says(&r, OP(CREDIT_UPDATE));
	assert_int_equal(guest_hears(&r), OP(RW));
	assert_int_equal(r.len, 4);
	fd_close(&fd);
	rig_close(&r);
}

/* ---- full queues ---- */

static void test_guest_is_heard_while_it_gives_no_receive_buffers(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct vsock_port_msg m;
		char buf[8];
		struct rig r;
		int fd;

		rig_open_with(&r, kind, 0, 0);
		guest_says(&r, OP(REQUEST));
		m = bench_hears(&r);
		fd = bench_gives(&r, VSOCK_PORT_RESULT, m.id, false);
		mock_turn(r.m);
		assert_int_equal(send(fd, "waits", 5, 0), 5);
		mock_turn(r.m);
		guest_writes(&r, "passes", 6, 0);
		assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 6);
		assert_true(mock_post(r.m, RXQ, NULL, 0, RX_BUF) >= 0);
		assert_int_equal(guest_hears(&r), OP(RESPONSE));
		assert_int_equal(guest_hears(&r), OP(RW));
		assert_int_equal(r.len, 5);
		fd_close(&fd);
		rig_close(&r);
	}
}

static void test_replies_that_wait_are_bounded_and_none_is_lost(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		unsigned int posted = 0, back = 0, resets = 0;
		struct mock_used u;
		struct rig r;

		rig_open_with(&r, kind, 0, 0);
		/* Each is answered with RST; there is no buffer for one. */
		for (;;) {
			struct virtio_vsock_hdr h = packet(&r, OP(CREDIT_REQUEST), 0);

			if (posted - back >= 30)
				break;
			assert_true(mock_post(r.m, TXQ, &h, HDR, 0) >= 0);
			posted++;
			mock_turn(r.m);
			while (mock_poll(r.m, TXQ, &u))
				back++;
			assert_true(posted < 1000);
		}
		assert_true(back >= 1 && back <= 256);
		while (resets < posted) {
			assert_true(mock_post(r.m, RXQ, NULL, 0, RX_BUF) >= 0);
			assert_true(mock_wait(r.m, RXQ, &u));
			keep_packet(&r, &u);
			assert_int_equal(le16_get(r.h.op), OP(RST));
			resets++;
		}
		while (back < posted) {
			assert_true(mock_wait(r.m, TXQ, &u));
			back++;
		}
		rig_close(&r);
	}
}

static void test_receive_buffers_of_no_use_are_given_back(void **state)
{
	struct mock_used u;
	struct rig r;
	int fd;

	(void)state;
	rig_open_with(&r, 0, 0, 1);
	fd = connected(&r);
	/* The one that connected() gave again takes the first packet. */
	assert_int_equal(send(fd, "a", 1, 0), 1);
	assert_true(mock_wait(r.m, RXQ, &u));
	assert_true(mock_post(r.m, RXQ, NULL, 0, 44) >= 0);
	assert_true(mock_post(r.m, RXQ, NULL, 0, 10) >= 0);
	assert_true(mock_post(r.m, RXQ, NULL, 0, 64) >= 0);
	assert_int_equal(send(fd, "b", 1, 0), 1);
	assert_true(mock_wait(r.m, RXQ, &u));
	assert_int_equal(u.len, 0);
	assert_true(mock_wait(r.m, RXQ, &u));
	assert_int_equal(u.len, 0);
	assert_true(mock_wait(r.m, RXQ, &u));
	assert_int_equal(u.len, HDR + 1);
	fd_close(&fd);
	rig_close(&r);
}

/* ---- the end of connections ---- */

static void test_host_closes_after_its_last_bytes(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct rig r;
		int fd;

		rig_open(&r, kind);
		fd = connected(&r);
		assert_int_equal(send(fd, "bye", 3, 0), 3);
		fd_close(&fd);
		assert_int_equal(guest_hears(&r), OP(RW));
		assert_int_equal(r.len, 3);
		assert_int_equal(guest_hears(&r), OP(SHUTDOWN));
		assert_int_equal(le32_get(r.h.flags), VIRTIO_VSOCK_SHUTDOWN_BOTH);
		guest_says(&r, OP(RST));
		assert_true(silent(&r));
		assert_int_equal(stats(&r).links, 0);
		rig_close(&r);
	}
}

static void test_host_stops_sending_and_still_receives(void **state)
{
	struct rig r;
	char buf[8];
	int fd;

	(void)state;
	rig_open(&r, 0);
	fd = connected(&r);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_int_equal(guest_hears(&r), OP(SHUTDOWN));
	assert_int_equal(le32_get(r.h.flags), VIRTIO_VSOCK_SHUTDOWN_F_SEND);
	guest_writes(&r, "more", 4, 0);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 4);
	fd_close(&fd);
	assert_int_equal(guest_hears(&r), OP(SHUTDOWN));
	assert_int_equal(le32_get(r.h.flags), VIRTIO_VSOCK_SHUTDOWN_BOTH);
	rig_close(&r);
}

static void test_guest_stops_sending_and_still_receives(void **state)
{
	struct rig r;
	char buf[8];
	int fd;

	(void)state;
	rig_open(&r, 0);
	fd = connected(&r);
	guest_writes(&r, "last", 4, 0);
	guest_shuts(&r, VIRTIO_VSOCK_SHUTDOWN_F_SEND);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 4);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 0);
	assert_int_equal(send(fd, "ok", 2, 0), 2);
	assert_int_equal(guest_hears(&r), OP(RW));
	assert_int_equal(r.len, 2);
	/* What it said it would not do. */
	guest_writes(&r, "liar", 4, 0);
	assert_int_equal(guest_hears(&r), OP(RST));
	fd_close(&fd);
	rig_close(&r);
}

static void test_guest_stops_receiving(void **state)
{
	struct rig r;
	char buf[8];
	int fd;

	(void)state;
	rig_open(&r, 0);
	fd = connected(&r);
	guest_shuts(&r, VIRTIO_VSOCK_SHUTDOWN_F_RECEIVE);
	assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, EPIPE);
	guest_writes(&r, "still", 5, 0);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 5);
	fd_close(&fd);
	assert_int_equal(guest_hears(&r), OP(SHUTDOWN));
	assert_int_equal(le32_get(r.h.flags), VIRTIO_VSOCK_SHUTDOWN_BOTH);
	rig_close(&r);
}

static void test_guest_closes_and_a_slow_host_gets_everything(void **state)
{
	static uint8_t data[65536];

	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct bytes in = { 0 };
		uint32_t sent = 0;
		struct rig r;
		char c;

		rig_open(&r, kind);
		in.fd = connected(&r);
		/* More than the socket takes at once. */
		while (sent < VSOCK_BUF_BYTES) {
			pattern(data, sent, sizeof(data));
			guest_writes(&r, data, sizeof(data), 0);
			sent += sizeof(data);
		}
		guest_shuts(&r, VIRTIO_VSOCK_SHUTDOWN_BOTH);
		in.want = sent;
		assert_true(mock_until(r.m, read_more, &in));
		/* RST only now: everything has left the device. */
		while (guest_hears(&r) != OP(RST))
			;
		assert_int_equal(recv(in.fd, &c, 1, MSG_DONTWAIT), 0);
		assert_int_equal(stats(&r).links, 0);
		fd_close(&in.fd);
		rig_close(&r);
	}
}

static void test_bytes_sent_before_a_reset_still_arrive(void **state)
{
	static uint8_t data[65536];
	struct bytes in = { 0 };
	uint32_t sent = 0;
	struct rig r;

	(void)state;
	for (int how = 0; how < 2; how++) {
		rig_open(&r, 0);
		in = (struct bytes){ .fd = connected(&r) };
		for (sent = 0; sent < VSOCK_BUF_BYTES; sent += (uint32_t)sizeof(data)) {
			pattern(data, sent, sizeof(data));
			guest_writes(&r, data, sizeof(data), 0);
		}
		if (how == 0)
			guest_says(&r, OP(RST));
		else
			mock_reset(r.m);
		in.want = sent;
		assert_true(mock_until(r.m, read_more, &in));
		fd_close(&in.fd);
		rig_close(&r);
	}
}

static void test_host_that_leaves_ends_the_guests_sending(void **state)
{
	struct rig r;
	int fd;

	(void)state;
	rig_open(&r, 0);
	/* No buffer of its own: only what is sent next shows that nobody is there. */
	r.alloc = 0;
	fd = connected(&r);
	assert_int_equal(send(fd, "unread", 6, 0), 6);
	assert_int_equal(guest_hears(&r), OP(CREDIT_REQUEST));
	fd_close(&fd);
	guest_writes(&r, "x", 1, 0);
	assert_int_equal(guest_hears(&r), OP(SHUTDOWN));
	assert_int_equal(le32_get(r.h.flags), VIRTIO_VSOCK_SHUTDOWN_F_RECEIVE);
	/* On its way already: taken and dropped. */
	guest_writes(&r, "y", 1, 0);
	assert_true(silent(&r));
	rig_close(&r);
}

static void test_device_reset_closes_every_connection(void **state)
{
	struct rig r;
	char c;
	int fd;

	(void)state;
	rig_open(&r, 0);
	fd = connected(&r);
	mock_reset(r.m);
	assert_int_equal(recv(fd, &c, 1, MSG_DONTWAIT), 0);
	assert_int_equal(stats(&r).links, 0);
	mock_start(r.m, MOCK_ALL_FEATURES);
	for (int i = 0; i < 4; i++)
		assert_true(mock_post(r.m, RXQ, NULL, 0, RX_BUF) >= 0);
	fd_close(&fd);
	fd = connected(&r);
	fd_close(&fd);
	rig_close(&r);
}

static void test_without_the_bench_connections_are_reset(void **state)
{
	struct rig r;
	int fd;

	(void)state;
	rig_open(&r, 0);
	fd = connected(&r);
	guest_says(&r, OP(CREDIT_REQUEST));
	assert_int_equal(guest_hears(&r), OP(CREDIT_UPDATE));
	fd_close(&r.bench);
	mock_turn(r.m);
	/* What is connected goes on. */
	assert_int_equal(send(fd, "on", 2, 0), 2);
	assert_int_equal(guest_hears(&r), OP(RW));
	struct virtio_vsock_hdr h = packet(&r, OP(REQUEST), 0);

	h.src_port = le32_of(4000);
	send_packet(&r, &h, NULL);
	assert_int_equal(guest_hears(&r), OP(RST));
	assert_int_equal(le32_get(r.h.dst_port), 4000);
	fd_close(&fd);
	rig_close(&r);
}

/* ---- messages ---- */

static void test_messages_keep_their_bounds(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		static uint8_t big[9000], buf[20000];
		uint32_t got = 0;
		struct rig r;
		int fd;

		rig_open(&r, kind);
		r.type = SEQPACKET;
		fd = connected(&r);
		/* In pieces, and two in a row. */
		guest_writes(&r, "ab", 2, 0);
		assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), -1);
		guest_writes(&r, "cd", 2, VIRTIO_VSOCK_SEQ_EOM);
		guest_writes(&r, "e", 1, VIRTIO_VSOCK_SEQ_EOM | VIRTIO_VSOCK_SEQ_EOR);
		assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 4);
		assert_memory_equal(buf, "abcd", 4);
		assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 1);
		/* The other way: larger than a receive buffer. */
		pattern(big, 0, sizeof(big));
		assert_int_equal(send(fd, big, sizeof(big), 0), sizeof(big));
		assert_int_equal(send(fd, "z", 1, 0), 1);
		while (got < sizeof(big)) {
			assert_int_equal(guest_hears(&r), OP(RW));
			assert_memory_equal(r.data, big + got, r.len);
			got += r.len;
			assert_int_equal(
				le32_get(r.h.flags), got == sizeof(big) ? VIRTIO_VSOCK_SEQ_EOM : 0);
		}
		assert_int_equal(guest_hears(&r), OP(RW));
		assert_int_equal(r.len, 1);
		assert_int_equal(le32_get(r.h.flags), VIRTIO_VSOCK_SEQ_EOM);
		fd_close(&fd);
		assert_int_equal(guest_hears(&r), OP(SHUTDOWN));
		rig_close(&r);
	}
}

static void test_records_and_empty_messages_reach_another_guest(void **state)
{
	uint8_t buf[16];
	struct rig r;
	int fd;

	(void)state;
	rig_open(&r, 0);
	r.type = SEQPACKET;
	fd = connected_framed(&r, true);
	guest_writes(&r, "a", 1, VIRTIO_VSOCK_SEQ_EOM);
	guest_writes(&r, "b", 1, VIRTIO_VSOCK_SEQ_EOM | VIRTIO_VSOCK_SEQ_EOR);
	guest_writes(&r, "", 0, VIRTIO_VSOCK_SEQ_EOM);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 2);
	assert_memory_equal(buf, "\0a", 2);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 2);
	assert_memory_equal(buf, "\1b", 2);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 1);
	assert_int_equal(send(fd, "\1c", 2, 0), 2);
	assert_int_equal(guest_hears(&r), OP(RW));
	assert_int_equal(le32_get(r.h.flags), VIRTIO_VSOCK_SEQ_EOM | VIRTIO_VSOCK_SEQ_EOR);
	assert_int_equal(r.len, 1);
	assert_int_equal(send(fd, "\0", 1, 0), 1);
	assert_int_equal(guest_hears(&r), OP(RW));
	assert_int_equal(le32_get(r.h.flags), VIRTIO_VSOCK_SEQ_EOM);
	assert_int_equal(r.len, 0);
	fd_close(&fd);
	rig_close(&r);
}

static void test_empty_message_of_a_host_program_is_no_end(void **state)
{
	struct rig r;
	int fd;

	(void)state;
	rig_open(&r, 0);
	r.type = SEQPACKET;
	fd = connected(&r);
	assert_int_equal(send(fd, "", 0, 0), 0);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_int_equal(guest_hears(&r), OP(RW));
	assert_int_equal(r.len, 0);
	assert_int_equal(guest_hears(&r), OP(RW));
	assert_int_equal(r.len, 1);
	fd_close(&fd);
	rig_close(&r);
}

static void test_message_longer_than_the_guests_buffer_ends_the_connection(void **state)
{
	static uint8_t data[5000];
	struct rig r;
	int fd;

	(void)state;
	rig_open(&r, 0);
	r.type = SEQPACKET;
	r.alloc = 4096;
	fd = connected(&r);
	assert_int_equal(send(fd, data, sizeof(data), 0), sizeof(data));
	assert_int_equal(guest_hears(&r), OP(RST));
	assert_true(recv(fd, data, 1, MSG_DONTWAIT) <= 0);
	fd_close(&fd);
	rig_close(&r);
}

static void test_messages_without_a_byte_do_not_fill_the_memory(void **state)
{
	struct vsock_port_msg m;
	uint32_t n = 0;
	struct rig r;

	(void)state;
	rig_open(&r, 0);
	r.type = SEQPACKET;
	bench_offers(&r, 1);
	assert_int_equal(guest_hears(&r), OP(REQUEST));
	guest_says(&r, OP(RESPONSE));
	m = bench_hears(&r);
	assert_int_equal(m.flags, VSOCK_PORT_OK);
	/* Its socket never comes. */
	while (stats(&r).links == 1) {
		guest_writes(&r, NULL, 0, VIRTIO_VSOCK_SEQ_EOM);
		assert_true(n++ < 1000000);
	}
	assert_int_equal(guest_hears(&r), OP(RST));
	rig_close(&r);
}

/* ---- the bench's side of the port ---- */

static void test_strange_messages_of_the_bench_are_ignored(void **state)
{
	struct vsock_port_msg m;
	struct rig r;
	int fd;

	(void)state;
	rig_open(&r, 0);
	for (uint32_t op = 0; op < 8; op++) {
		m = (struct vsock_port_msg){ .op = op, .id = op * 1000 };
		assert_int_equal(ipc_send(r.bench, &m, sizeof(m), NULL, 0), 0);
		assert_int_equal(ipc_send(r.bench, &m, 5, NULL, 0), 0);
		assert_int_equal(ipc_send(r.bench, &m, sizeof(m), &r.bench, 1), 0);
		mock_turn(r.m);
	}
	fd = connected(&r);
	fd_close(&fd);
	rig_close(&r);
}

static void test_guest_context_is_in_the_configuration(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, 0);
	assert_int_equal(mock_config32(r.m, 0), CID);
	assert_int_equal(mock_config32(r.m, 4), 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest_reaches_a_program_of_the_host),
		cmocka_unit_test(test_connection_that_nobody_takes_is_reset),
		cmocka_unit_test(test_program_of_the_host_reaches_the_guest),
		cmocka_unit_test(test_offer_that_the_guest_resets_is_answered_no),
		cmocka_unit_test(test_offer_without_a_driver_is_answered_no),
		cmocka_unit_test(test_too_many_connections_are_refused),
		cmocka_unit_test(test_packets_without_a_connection_are_reset),
		cmocka_unit_test(test_malformed_packets_are_refused),
		cmocka_unit_test(test_seqpacket_is_refused_where_it_was_not_negotiated),
		cmocka_unit_test(test_second_request_for_a_connection_ends_it),
		cmocka_unit_test(test_guest_that_overruns_its_credit_is_reset),
		cmocka_unit_test(test_bytes_that_wait_for_the_host_hold_the_credit_back),
		cmocka_unit_test(test_guest_is_never_sent_more_than_its_buffer),
		cmocka_unit_test(test_credit_from_the_future_is_not_believed),
		cmocka_unit_test(test_guest_is_heard_while_it_gives_no_receive_buffers),
		cmocka_unit_test(test_replies_that_wait_are_bounded_and_none_is_lost),
		cmocka_unit_test(test_receive_buffers_of_no_use_are_given_back),
		cmocka_unit_test(test_host_closes_after_its_last_bytes),
		cmocka_unit_test(test_host_stops_sending_and_still_receives),
		cmocka_unit_test(test_guest_stops_sending_and_still_receives),
		cmocka_unit_test(test_guest_stops_receiving),
		cmocka_unit_test(test_guest_closes_and_a_slow_host_gets_everything),
		cmocka_unit_test(test_bytes_sent_before_a_reset_still_arrive),
		cmocka_unit_test(test_host_that_leaves_ends_the_guests_sending),
		cmocka_unit_test(test_device_reset_closes_every_connection),
		cmocka_unit_test(test_without_the_bench_connections_are_reset),
		cmocka_unit_test(test_messages_keep_their_bounds),
		cmocka_unit_test(test_records_and_empty_messages_reach_another_guest),
		cmocka_unit_test(test_empty_message_of_a_host_program_is_no_end),
		cmocka_unit_test(test_message_longer_than_the_guests_buffer_ends_the_connection),
		cmocka_unit_test(test_messages_without_a_byte_do_not_fill_the_memory),
		cmocka_unit_test(test_strange_messages_of_the_bench_are_ignored),
		cmocka_unit_test(test_guest_context_is_in_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
