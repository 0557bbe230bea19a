/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-vsock: how connections end, and messages; over every kind of ring. */
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

/* ---- the end of connections ---- */

static void hears_shutdown(struct vsock_rig *r, uint32_t flags)
{
	assert_int_equal(rig_guest_hears(r), OP(SHUTDOWN));
	assert_int_equal(le32_get(r->h.flags), flags);
}

/* The guest writes more than the socket takes at once; how many bytes. */
static uint32_t fill(struct vsock_rig *r)
{
	static uint8_t data[65536];
	uint32_t sent = 0;

	for (; sent < VSOCK_BUF_BYTES; sent += (uint32_t)sizeof(data)) {
		rig_pattern(data, sent, sizeof(data));
		rig_guest_writes(r, data, sizeof(data), 0);
	}
	return sent;
}

static void test_host_closes_after_its_last_bytes(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct vsock_rig r;
		int fd;

		rig_open(&r, kind);
		fd = rig_connected(&r);
		assert_int_equal(send(fd, "bye", 3, 0), 3);
		fd_close(&fd);
		assert_int_equal(rig_guest_hears(&r), OP(RW));
		assert_int_equal(r.len, 3);
		hears_shutdown(&r, VIRTIO_VSOCK_SHUTDOWN_BOTH);
		rig_guest_says(&r, OP(RST));
		assert_true(rig_silent(&r));
		assert_int_equal(rig_stats(&r).links, 0);
		rig_close(&r);
	}
}

static void test_host_stops_sending_and_still_receives(void **state)
{
	struct vsock_rig r;
	char buf[8];
	int fd;

	(void)state;
	rig_open(&r, 0);
	fd = rig_connected(&r);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	hears_shutdown(&r, VIRTIO_VSOCK_SHUTDOWN_F_SEND);
	rig_guest_writes(&r, "more", 4, 0);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 4);
	fd_close(&fd);
	hears_shutdown(&r, VIRTIO_VSOCK_SHUTDOWN_BOTH);
	rig_close(&r);
}

static void test_guest_stops_sending_and_still_receives(void **state)
{
	struct vsock_rig r;
	char buf[8];
	int fd;

	(void)state;
	rig_open(&r, 0);
	fd = rig_connected(&r);
	rig_guest_writes(&r, "last", 4, 0);
	rig_guest_shuts(&r, VIRTIO_VSOCK_SHUTDOWN_F_SEND);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 4);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 0);
	assert_int_equal(send(fd, "ok", 2, 0), 2);
	assert_int_equal(rig_guest_hears(&r), OP(RW));
	assert_int_equal(r.len, 2);
	/* What it said it would not do. */
	rig_guest_writes(&r, "liar", 4, 0);
	assert_int_equal(rig_guest_hears(&r), OP(RST));
	fd_close(&fd);
	rig_close(&r);
}

static void test_guest_stops_receiving(void **state)
{
	struct vsock_rig r;
	char buf[8];
	int fd;

	(void)state;
	rig_open(&r, 0);
	fd = rig_connected(&r);
	rig_guest_shuts(&r, VIRTIO_VSOCK_SHUTDOWN_F_RECEIVE);
	assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, EPIPE);
	rig_guest_writes(&r, "still", 5, 0);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 5);
	fd_close(&fd);
	hears_shutdown(&r, VIRTIO_VSOCK_SHUTDOWN_BOTH);
	rig_close(&r);
}

static void test_guest_closes_and_a_slow_host_gets_everything(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct rig_bytes in = { 0 };
		struct vsock_rig r;
		char c;

		rig_open(&r, kind);
		in.fd = rig_connected(&r);
		in.want = fill(&r);
		rig_guest_shuts(&r, VIRTIO_VSOCK_SHUTDOWN_BOTH);
		assert_true(mock_until(r.m, rig_read_more, &in));
		/* RST only now: everything has left the device. */
		while (rig_guest_hears(&r) != OP(RST))
			;
		assert_int_equal(recv(in.fd, &c, 1, MSG_DONTWAIT), 0);
		assert_int_equal(rig_stats(&r).links, 0);
		fd_close(&in.fd);
		rig_close(&r);
	}
}

static void test_bytes_sent_before_a_reset_still_arrive(void **state)
{
	struct rig_bytes in;
	struct vsock_rig r;

	(void)state;
	for (int how = 0; how < 2; how++) {
		rig_open(&r, 0);
		in = (struct rig_bytes){ .fd = rig_connected(&r) };
		in.want = fill(&r);
		if (how == 0)
			rig_guest_says(&r, OP(RST));
		else
			mock_reset(r.m);
		assert_true(mock_until(r.m, rig_read_more, &in));
		fd_close(&in.fd);
		rig_close(&r);
	}
}

static void test_host_that_leaves_ends_the_guests_sending(void **state)
{
	struct vsock_rig r;
	int fd;

	(void)state;
	rig_open(&r, 0);
	/* No buffer of its own: only what is sent next shows that nobody is there. */
	r.alloc = 0;
	fd = rig_connected(&r);
	assert_int_equal(send(fd, "unread", 6, 0), 6);
	assert_int_equal(rig_guest_hears(&r), OP(CREDIT_REQUEST));
	fd_close(&fd);
	rig_guest_writes(&r, "x", 1, 0);
	hears_shutdown(&r, VIRTIO_VSOCK_SHUTDOWN_F_RECEIVE);
	/* On its way already: taken and dropped. */
	rig_guest_writes(&r, "y", 1, 0);
	assert_true(rig_silent(&r));
	rig_close(&r);
}

static void test_device_reset_closes_every_connection(void **state)
{
	struct vsock_rig r;
	char c;
	int fd;

	(void)state;
	rig_open(&r, 0);
	fd = rig_connected(&r);
	mock_reset(r.m);
	assert_int_equal(recv(fd, &c, 1, MSG_DONTWAIT), 0);
	assert_int_equal(rig_stats(&r).links, 0);
	mock_start(r.m, MOCK_ALL_FEATURES);
	for (int i = 0; i < 4; i++)
		assert_true(mock_post(r.m, RXQ, NULL, 0, RX_BUF) >= 0);
	fd_close(&fd);
	fd = rig_connected(&r);
	fd_close(&fd);
	rig_close(&r);
}

static void test_without_the_bench_connections_are_reset(void **state)
{
	struct vsock_rig r;
	int fd;

	(void)state;
	rig_open(&r, 0);
	fd = rig_connected(&r);
	rig_guest_says(&r, OP(CREDIT_REQUEST));
	assert_int_equal(rig_guest_hears(&r), OP(CREDIT_UPDATE));
	fd_close(&r.bench);
	mock_turn(r.m);
	/* What is connected goes on. */
	assert_int_equal(send(fd, "on", 2, 0), 2);
	assert_int_equal(rig_guest_hears(&r), OP(RW));
	struct virtio_vsock_hdr h = rig_packet(&r, OP(REQUEST), 0);

	h.src_port = le32_of(4000);
	rig_send_packet(&r, &h, NULL);
	assert_int_equal(rig_guest_hears(&r), OP(RST));
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
		struct vsock_rig r;
		int fd;

		rig_open(&r, kind);
		r.type = SEQPACKET;
		fd = rig_connected(&r);
		/* In pieces, and two in a row. */
		rig_guest_writes(&r, "ab", 2, 0);
		assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), -1);
		rig_guest_writes(&r, "cd", 2, VIRTIO_VSOCK_SEQ_EOM);
		rig_guest_writes(&r, "e", 1, VIRTIO_VSOCK_SEQ_EOM | VIRTIO_VSOCK_SEQ_EOR);
		assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 4);
		assert_memory_equal(buf, "abcd", 4);
		assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 1);
		/* The other way: larger than a receive buffer. */
		rig_pattern(big, 0, sizeof(big));
		assert_int_equal(send(fd, big, sizeof(big), 0), sizeof(big));
		assert_int_equal(send(fd, "z", 1, 0), 1);
		while (got < sizeof(big)) {
			assert_int_equal(rig_guest_hears(&r), OP(RW));
			assert_memory_equal(r.data, big + got, r.len);
			got += r.len;
			assert_int_equal(
				le32_get(r.h.flags), got == sizeof(big) ? VIRTIO_VSOCK_SEQ_EOM : 0);
		}
		assert_int_equal(rig_guest_hears(&r), OP(RW));
		assert_int_equal(r.len, 1);
		assert_int_equal(le32_get(r.h.flags), VIRTIO_VSOCK_SEQ_EOM);
		fd_close(&fd);
		assert_int_equal(rig_guest_hears(&r), OP(SHUTDOWN));
		rig_close(&r);
	}
}

static void test_records_and_empty_messages_reach_another_guest(void **state)
{
	uint8_t buf[16];
	struct vsock_rig r;
	int fd;

	(void)state;
	rig_open(&r, 0);
	r.type = SEQPACKET;
	fd = rig_connected_framed(&r, true);
	rig_guest_writes(&r, "a", 1, VIRTIO_VSOCK_SEQ_EOM);
	rig_guest_writes(&r, "b", 1, VIRTIO_VSOCK_SEQ_EOM | VIRTIO_VSOCK_SEQ_EOR);
	rig_guest_writes(&r, "", 0, VIRTIO_VSOCK_SEQ_EOM);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 2);
	assert_memory_equal(buf, "\0a", 2);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 2);
	assert_memory_equal(buf, "\1b", 2);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 1);
	assert_int_equal(send(fd, "\1c", 2, 0), 2);
	assert_int_equal(rig_guest_hears(&r), OP(RW));
	assert_int_equal(le32_get(r.h.flags), VIRTIO_VSOCK_SEQ_EOM | VIRTIO_VSOCK_SEQ_EOR);
	assert_int_equal(r.len, 1);
	assert_int_equal(send(fd, "\0", 1, 0), 1);
	assert_int_equal(rig_guest_hears(&r), OP(RW));
	assert_int_equal(le32_get(r.h.flags), VIRTIO_VSOCK_SEQ_EOM);
	assert_int_equal(r.len, 0);
	fd_close(&fd);
	rig_close(&r);
}

static void test_empty_message_of_a_host_program_is_no_end(void **state)
{
	struct vsock_rig r;
	int fd;

	(void)state;
	rig_open(&r, 0);
	r.type = SEQPACKET;
	fd = rig_connected(&r);
	assert_int_equal(send(fd, "", 0, 0), 0);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_int_equal(rig_guest_hears(&r), OP(RW));
	assert_int_equal(r.len, 0);
	assert_int_equal(rig_guest_hears(&r), OP(RW));
	assert_int_equal(r.len, 1);
	fd_close(&fd);
	rig_close(&r);
}

static void test_message_longer_than_the_guests_buffer_ends_the_connection(void **state)
{
	static uint8_t data[5000];
	struct vsock_rig r;
	int fd;

	(void)state;
	rig_open(&r, 0);
	r.type = SEQPACKET;
	r.alloc = 4096;
	fd = rig_connected(&r);
	assert_int_equal(send(fd, data, sizeof(data), 0), sizeof(data));
	assert_int_equal(rig_guest_hears(&r), OP(RST));
	assert_true(recv(fd, data, 1, MSG_DONTWAIT) <= 0);
	fd_close(&fd);
	rig_close(&r);
}

static void test_messages_without_a_byte_do_not_fill_the_memory(void **state)
{
	struct vsock_port_msg m;
	uint32_t n = 0;
	struct vsock_rig r;

	(void)state;
	rig_open(&r, 0);
	r.type = SEQPACKET;
	rig_bench_offers(&r, 1);
	assert_int_equal(rig_guest_hears(&r), OP(REQUEST));
	rig_guest_says(&r, OP(RESPONSE));
	m = rig_bench_hears(&r);
	assert_int_equal(m.flags, VSOCK_PORT_OK);
	/* Its socket never comes. */
	while (rig_stats(&r).links == 1) {
		rig_guest_writes(&r, NULL, 0, VIRTIO_VSOCK_SEQ_EOM);
		assert_true(n++ < 1000000);
	}
	assert_int_equal(rig_guest_hears(&r), OP(RST));
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
