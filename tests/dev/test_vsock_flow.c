/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-vsock: credit, and queues that are full; over every kind of ring. */
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
#include "devices/vsock/conn.h"
#include "tests/support/vsock_rig.h"

/* ---- credit ---- */

static void test_bytes_that_wait_for_the_host_hold_the_credit_back(void **state)
{
	static uint8_t data[65536];

	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct rig_bytes in = { 0 };
		uint32_t sent = 0, fwd = 0;
		struct vsock_rig r;

		rig_open(&r, kind);
		in.fd = rig_connected(&r);
		/* A driver that keeps the rules, until it has no credit left. */
		for (;;) {
			struct mock_used u;
			uint32_t room = VSOCK_BUF_BYTES - (sent - fwd);
			uint32_t len = MIN(room, (uint32_t)sizeof(data));

			while (mock_poll(r.m, RXQ, &u)) {
				rig_keep_packet(&r, &u);
				fwd = le32_get(r.h.fwd_cnt);
				assert_true(mock_post(r.m, RXQ, NULL, 0, RX_BUF) >= 0);
				len = 1;
			}
			if (len == 0)
				break;
			if (room == 0)
				continue;
			len = MIN(len, VSOCK_BUF_BYTES - (sent - fwd));
			rig_pattern(data, sent, len);
			rig_guest_writes(&r, data, len, 0);
			sent += len;
			assert_true(sent < 8u << 20);
		}
		rig_guest_says(&r, OP(CREDIT_REQUEST));
		assert_int_equal(rig_guest_hears(&r), OP(CREDIT_UPDATE));
		assert_int_equal(le32_get(r.h.fwd_cnt), fwd);
		/* Now the program reads: everything comes, in order, and the credit returns. */
		in.want = sent;
		assert_true(mock_until(r.m, rig_read_more, &in));
		do
			assert_int_equal(rig_guest_hears(&r), OP(CREDIT_UPDATE));
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
		struct vsock_rig r;
		int fd;

		rig_open(&r, kind);
		r.alloc = 10000;
		fd = rig_connected(&r);
		rig_pattern(data, 0, sizeof(data));
		assert_int_equal(send(fd, data, sizeof(data), MSG_DONTWAIT), sizeof(data));
		while (got < sizeof(data)) {
			int op = rig_guest_hears(&r);

			if (op == OP(CREDIT_REQUEST)) {
				/* All of the credit was used, and no more. */
				assert_int_equal(got - r.fwd, r.alloc);
				assert_true(rig_silent(&r));
				r.fwd = got;
				rig_guest_says(&r, OP(CREDIT_UPDATE));
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

static void test_guest_may_not_send_before_it_is_told_of_the_room(void **state)
{
	const struct vsock_key key = { 1, 2, VIRTIO_VSOCK_CID_HOST };
	struct vsock_pkt data = { .type = VIRTIO_VSOCK_TYPE_STREAM,
		.op = VIRTIO_VSOCK_OP_RW,
		.len = 4096,
		.buf_alloc = 4096 };
	struct vsock_pkt response = data;
	struct virtio_vsock_hdr h;
	struct vsock_conn c;

	(void)state;
	for (int told = 0; told < 2; told++) {
		vsock_conn_offered(&c, &key, VIRTIO_VSOCK_TYPE_STREAM, 4096);
		assert_true(vsock_conn_speak(&c, 3, &h));
		response.op = VIRTIO_VSOCK_OP_RESPONSE;
		response.len = 0;
		assert_int_equal(vsock_conn_hear(&c, &response), VSOCK_HEARD_ACCEPTED);
		assert_int_equal(vsock_conn_hear(&c, &data), VSOCK_HEARD_DATA);
		/* The host reads all of it, but the news may not have left yet. */
		vsock_conn_forwarded(&c, 4096);
		if (told)
			assert_true(vsock_conn_speak(&c, 3, &h));
		assert_int_equal(
			vsock_conn_hear(&c, &data), told ? VSOCK_HEARD_DATA : VSOCK_HEARD_BROKEN);
	}
}

static void test_credit_from_the_future_is_not_believed(void **state)
{
	struct vsock_rig r;
	int fd;

	(void)state;
	rig_open(&r, 0);
	r.alloc = 4;
	fd = rig_connected(&r);
	assert_int_equal(send(fd, "12345678", 8, 0), 8);
	assert_int_equal(rig_guest_hears(&r), OP(RW));
	assert_int_equal(r.len, 4);
	assert_int_equal(rig_guest_hears(&r), OP(CREDIT_REQUEST));
	r.fwd = 1000;
	rig_guest_says(&r, OP(CREDIT_UPDATE));
	assert_true(rig_silent(&r));
	r.fwd = 4;
	rig_guest_says(&r, OP(CREDIT_UPDATE));
	assert_int_equal(rig_guest_hears(&r), OP(RW));
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
		struct vsock_rig r;
		int fd;

		rig_open_with(&r, kind, 0, 0);
		rig_guest_says(&r, OP(REQUEST));
		m = rig_bench_hears(&r);
		fd = rig_bench_gives(&r, VSOCK_PORT_RESULT, m.id, false);
		mock_turn(r.m);
		assert_int_equal(send(fd, "waits", 5, 0), 5);
		mock_turn(r.m);
		rig_guest_writes(&r, "passes", 6, 0);
		assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 6);
		assert_true(mock_post(r.m, RXQ, NULL, 0, RX_BUF) >= 0);
		assert_int_equal(rig_guest_hears(&r), OP(RESPONSE));
		assert_int_equal(rig_guest_hears(&r), OP(RW));
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
		struct vsock_rig r;

		rig_open_with(&r, kind, 0, 0);
		/* Each is answered with RST; there is no buffer for one. */
		for (;;) {
			struct virtio_vsock_hdr h = rig_packet(&r, OP(CREDIT_REQUEST), 0);

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
			rig_keep_packet(&r, &u);
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
	struct vsock_rig r;
	int fd;

	(void)state;
	rig_open_with(&r, 0, 0, 1);
	fd = rig_connected(&r);
	/* The one that rig_connected() gave again takes the first packet. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_that_wait_for_the_host_hold_the_credit_back),
		cmocka_unit_test(test_guest_is_never_sent_more_than_its_buffer),
		cmocka_unit_test(test_guest_may_not_send_before_it_is_told_of_the_room),
		cmocka_unit_test(test_credit_from_the_future_is_not_believed),
		cmocka_unit_test(test_guest_is_heard_while_it_gives_no_receive_buffers),
		cmocka_unit_test(test_replies_that_wait_are_bounded_and_none_is_lost),
		cmocka_unit_test(test_receive_buffers_of_no_use_are_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
