/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-vsock: connections, the rules of packets, the bench's side; over every kind of ring. */
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
#include "tests/support/vsock_rig.h"

/* ---- connections ---- */

static void test_guest_reaches_a_program_of_the_host(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct vsock_port_msg m;
		char buf[16];
		struct vsock_rig r;
		int fd;

		rig_open(&r, kind);
		rig_guest_says(&r, OP(REQUEST));
		m = rig_bench_hears(&r);
		assert_int_equal(m.op, VSOCK_PORT_CONNECT);
		assert_int_equal(m.type, STREAM);
		assert_int_equal(m.guest_port, 2000);
		assert_int_equal(m.peer_port, 1000);
		assert_int_equal(m.peer_cid, 2);
		fd = rig_bench_gives(&r, VSOCK_PORT_RESULT, m.id, false);
		assert_int_equal(rig_guest_hears(&r), OP(RESPONSE));
		assert_int_equal(le64_get(r.h.src_cid), 2);
		assert_int_equal(le32_get(r.h.src_port), 1000);
		assert_int_equal(le32_get(r.h.dst_port), 2000);

		rig_guest_writes(&r, "hello", 5, 0);
		assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 5);
		assert_memory_equal(buf, "hello", 5);
		assert_int_equal(send(fd, "world!", 6, 0), 6);
		assert_int_equal(rig_guest_hears(&r), OP(RW));
		assert_int_equal(r.len, 6);
		assert_memory_equal(r.data, "world!", 6);
		assert_int_equal(rig_stats(&r).connects, 1);
		fd_close(&fd);
		rig_close(&r);
	}
}

static void test_connection_that_nobody_takes_is_reset(void **state)
{
	struct vsock_rig r;

	(void)state;
	rig_open(&r, 0);
	rig_guest_says(&r, OP(REQUEST));
	rig_bench_refuses(&r, VSOCK_PORT_RESULT, rig_bench_hears(&r).id);
	assert_int_equal(rig_guest_hears(&r), OP(RST));
	assert_int_equal(rig_stats(&r).links, 0);
	/* The same port may try again. */
	rig_guest_says(&r, OP(REQUEST));
	rig_bench_refuses(&r, VSOCK_PORT_RESULT, rig_bench_hears(&r).id);
	assert_int_equal(rig_guest_hears(&r), OP(RST));
	rig_close(&r);
}

static void test_program_of_the_host_reaches_the_guest(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct vsock_port_msg m;
		struct vsock_rig r;
		char buf[8];
		int fd;

		rig_open(&r, kind);
		rig_bench_offers(&r, 77);
		assert_int_equal(rig_guest_hears(&r), OP(REQUEST));
		assert_int_equal(le32_get(r.h.src_port), 1000);
		assert_int_equal(le32_get(r.h.dst_port), 2000);
		rig_guest_says(&r, OP(RESPONSE));
		m = rig_bench_hears(&r);
		assert_int_equal(m.op, VSOCK_PORT_ANSWER);
		assert_int_equal(m.id, 77);
		assert_int_equal(m.flags, VSOCK_PORT_OK);
		/* Sent before the socket is there: kept. */
		rig_guest_writes(&r, "early", 5, 0);
		fd = rig_bench_gives(&r, VSOCK_PORT_HAND, 77, false);
		mock_turn(r.m);
		assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 5);
		assert_memory_equal(buf, "early", 5);
		assert_int_equal(rig_stats(&r).accepts, 1);
		fd_close(&fd);
		rig_close(&r);
	}
}

static void test_offer_that_the_guest_resets_is_answered_no(void **state)
{
	struct vsock_port_msg m;
	struct vsock_rig r;

	(void)state;
	rig_open(&r, 0);
	rig_bench_offers(&r, 9);
	assert_int_equal(rig_guest_hears(&r), OP(REQUEST));
	rig_guest_says(&r, OP(RST));
	m = rig_bench_hears(&r);
	assert_int_equal(m.op, VSOCK_PORT_ANSWER);
	assert_int_equal(m.id, 9);
	assert_int_equal(m.flags, 0);
	assert_int_equal(rig_stats(&r).links, 0);
	rig_close(&r);
}

static void test_offer_without_a_driver_is_answered_no(void **state)
{
	struct vsock_port_msg m;
	struct vsock_rig r;

	(void)state;
	rig_open(&r, 0);
	mock_reset(r.m);
	rig_bench_offers(&r, 10);
	m = rig_bench_hears(&r);
	assert_int_equal(m.op, VSOCK_PORT_ANSWER);
	assert_int_equal(m.flags, 0);
	rig_close(&r);
}

static void test_too_many_connections_are_refused(void **state)
{
	struct vsock_rig r;

	(void)state;
	rig_open_with(&r, 0, 3, 16);
	for (uint32_t i = 0; i < 5; i++) {
		struct virtio_vsock_hdr h = rig_packet(&r, OP(REQUEST), 0);

		h.src_port = le32_of(3000 + i);
		rig_send_packet(&r, &h, NULL);
	}
	assert_int_equal(rig_guest_hears(&r), OP(RST));
	assert_int_equal(le32_get(r.h.dst_port), 3003);
	assert_int_equal(rig_guest_hears(&r), OP(RST));
	assert_int_equal(le32_get(r.h.dst_port), 3004);
	assert_int_equal(rig_stats(&r).links, 3);
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
		struct vsock_rig r;

		rig_open(&r, kind);
		for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
			rig_guest_says(&r, ops[i]);
			assert_int_equal(rig_guest_hears(&r), OP(RST));
			assert_int_equal(le32_get(r.h.src_port), 1000);
			assert_int_equal(le16_get(r.h.type), STREAM);
		}
		/* An RST is not answered with one. */
		rig_guest_says(&r, OP(RST));
		assert_true(rig_silent(&r));
		rig_close(&r);
	}
}

static void test_malformed_packets_are_refused(void **state)
{
	struct virtio_vsock_hdr h;
	struct vsock_rig r;

	(void)state;
	rig_open(&r, 0);
	/* Unknown type, unknown operations, a length beyond the packet, nobody's context. */
	for (unsigned int i = 0; i < 6; i++) {
		h = rig_packet(&r, OP(REQUEST), 0);
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
		assert_int_equal(rig_guest_hears(&r), OP(RST));
	}
	/* Not its own context; not a header: nobody is answered. */
	h = rig_packet(&r, OP(REQUEST), 0);
	h.src_cid = le64_of(CID + 1);
	rig_send_packet(&r, &h, NULL);
	assert_int_equal(mock_send(r.m, TXQ, &h, 43, NULL, 0), 0);
	assert_true(rig_silent(&r));
	assert_int_equal(rig_stats(&r).tx_rejected, 8);
	rig_close(&r);
}

static void test_seqpacket_is_refused_where_it_was_not_negotiated(void **state)
{
	struct vsock_dev_config cfg = { .tag = "test/vsock0", .cid = CID };
	struct vsock_port *port;
	struct vsock_rig r = { .type = SEQPACKET };

	(void)state;
	assert_int_equal(vsock_port_null_new(&port), 0);
	assert_int_equal(vsock_dev_new(&r.dev, port, &cfg), 0);
	r.bench = -1;
	r.m = mock_new(0);
	mock_attach(r.m, r.dev);
	mock_start(r.m, 0);
	assert_true(mock_post(r.m, RXQ, NULL, 0, RX_BUF) >= 0);
	rig_guest_says(&r, OP(REQUEST));
	assert_int_equal(rig_guest_hears(&r), OP(RST));
	assert_int_equal(rig_stats(&r).tx_rejected, 1);
	/* Streams need no feature; here nobody takes them. */
	r.type = STREAM;
	rig_guest_says(&r, OP(REQUEST));
	assert_int_equal(rig_guest_hears(&r), OP(RST));
	assert_int_equal(rig_stats(&r).refused, 1);
	rig_close(&r);
}

static void test_second_request_for_a_connection_ends_it(void **state)
{
	struct vsock_rig r;
	char c;
	int fd;

	(void)state;
	rig_open(&r, 0);
	fd = rig_connected(&r);
	rig_guest_says(&r, OP(REQUEST));
	assert_int_equal(rig_guest_hears(&r), OP(RST));
	assert_int_equal(recv(fd, &c, 1, MSG_DONTWAIT), 0);
	assert_int_equal(rig_stats(&r).links, 0);
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
		struct vsock_rig r;
		int fd;

		rig_open(&r, kind);
		fd = rig_connected(&r);
		/* Nobody reads: the socket fills, then the buffer. The driver is told fwd_cnt
		 * only, and goes on after that is used up. */
		for (;;) {
			rig_guest_writes(&r, data, sizeof(data), 0);
			sent += sizeof(data);
			if (rig_stats(&r).links == 0)
				break;
			assert_true(sent < 8u << 20);
		}
		assert_true(sent > VSOCK_BUF_BYTES);
		while (rig_guest_hears(&r) != OP(RST))
			;
		assert_int_equal(rig_stats(&r).resets, 1);
		fd_close(&fd);
		rig_close(&r);
	}
}

/* ---- the bench's side of the port ---- */

static void test_strange_messages_of_the_bench_are_ignored(void **state)
{
	struct vsock_port_msg m;
	struct vsock_rig r;
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
	fd = rig_connected(&r);
	fd_close(&fd);
	rig_close(&r);
}

static void test_guest_context_is_in_the_configuration(void **state)
{
	struct vsock_rig r;

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
		cmocka_unit_test(test_strange_messages_of_the_bench_are_ignored),
		cmocka_unit_test(test_guest_context_is_in_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
