/* SPDX-License-Identifier: Apache-2.0 */
/* The console device with a driver, over every kind of ring. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "devices/console/console.h"
#include "tests/support/mock_driver.h"

#define FOR_EACH_KIND(kind) for (unsigned int kind = 0; kind < MOCK_KINDS; kind++)

#define RX0     0u
#define TX0     1u
#define CTRL_RX 2u
#define CTRL_TX 3u
#define RX1     4u
#define TX1     5u

#define MULTIPORT VIRTIO_BIT(VIRTIO_CONSOLE_F_MULTIPORT)
#define SIZE      VIRTIO_BIT(VIRTIO_CONSOLE_F_SIZE)

/* Two ports: 0 a console named "hvc0" on a socket, 1 a channel named "diag" on another. */
struct bench {
	struct mock *m;
	struct vdev *dev;
	int host[2]; /* the other ends */
};

static struct bench setup(unsigned int kind)
{
	struct bench b = { .m = mock_new(kind) };
	struct char_port *port[2];
	struct console_port_config cfg[2] = { { .name = "hvc0", .console = true },
		{ .name = "diag" } };

	for (unsigned int i = 0; i < 2; i++) {
		int fd[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
		assert_int_equal(char_fd_new(&port[i], mock_loop(b.m), fd[0]), 0);
		cfg[i].port_take = port[i];
		b.host[i] = fd[1];
	}
	assert_int_equal(console_new(&b.dev, &(struct console_config){ .tag = "test/console",
						     .cols = 80,
						     .rows = 25,
						     .ports = cfg,
						     .n_ports = 2 }),
		0);
	mock_attach(b.m, b.dev);
	return b;
}

static void teardown(struct bench *b)
{
	mock_free(b->m);
	fd_close(&b->host[0]);
	fd_close(&b->host[1]);
}

static void tell(struct bench *b, uint32_t port, uint16_t event, uint16_t value)
{
	const struct virtio_console_control c = { le32_of(port), le16_of(event), le16_of(value) };

	assert_int_equal(mock_send(b->m, CTRL_TX, &c, sizeof(c), NULL, 0), 0);
}

/* Expects one control message; what follows its header is left in `rest`. */
static uint32_t hear(struct bench *b, uint32_t port, uint16_t event, uint16_t value, char *rest)
{
	struct mock_used u;
	struct virtio_console_control c;

	assert_true(mock_wait(b->m, CTRL_RX, &u));
	assert_true(u.len >= sizeof(c));
	memcpy(&c, u.in, sizeof(c));
	assert_int_equal(le32_get(c.id), port);
	assert_int_equal(le16_get(c.event), event);
	assert_int_equal(le16_get(c.value), value);
	if (rest) {
		memcpy(rest, u.in + sizeof(c), u.len - sizeof(c));
		rest[u.len - sizeof(c)] = 0;
	}
	return u.len - (uint32_t)sizeof(c);
}

static void post_control_buffers(struct bench *b, unsigned int n)
{
	while (n-- > 0)
		assert_true(mock_post(b->m, CTRL_RX, NULL, 0, 128) >= 0);
}

/* Negotiates MULTIPORT and opens port 1. */
static struct bench open_port_1(unsigned int kind, uint16_t queue_size)
{
	struct bench b = setup(kind);

	mock_set_queue_size(b.m, queue_size);
	assert_true(mock_start(b.m, MULTIPORT) & MULTIPORT);
	post_control_buffers(&b, 8);
	tell(&b, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	hear(&b, 0, VIRTIO_CONSOLE_PORT_ADD, 0, NULL);
	hear(&b, 1, VIRTIO_CONSOLE_PORT_ADD, 0, NULL);
	tell(&b, 1, VIRTIO_CONSOLE_PORT_READY, 1);
	hear(&b, 1, VIRTIO_CONSOLE_PORT_NAME, 1, NULL);
	hear(&b, 1, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
	tell(&b, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	return b;
}

static void expect_from_guest(int host, const char *text)
{
	char got[256] = { 0 };

	assert_int_equal(fd_read_all(host, got, strlen(text)), strlen(text));
	assert_string_equal(got, text);
}

static void test_configuration_says_size_and_ports(void **state)
{
	struct bench b = setup(0);

	(void)state;
	assert_int_equal(mock_offered(b.m) & 0xffffff, 7);
	assert_int_equal(mock_config16(b.m, 0), 80);
	assert_int_equal(mock_config16(b.m, 2), 25);
	assert_int_equal(mock_config32(b.m, 4), 2);
	assert_int_equal(mock_config32(b.m, 8), 0);
	teardown(&b);
}

static void test_size_is_not_offered_where_it_is_not_known(void **state)
{
	struct mock *m = mock_new(0);
	struct char_port *port;
	struct vdev *dev;
	const struct console_config no_size = { .tag = "t", .n_ports = 1 };
	struct console_config cfg = no_size;

	(void)state;
	assert_int_equal(char_null_new(&port), 0);
	cfg.ports = &(struct console_port_config){ .port_take = port };
	assert_int_equal(console_new(&dev, &cfg), 0);
	mock_attach(m, dev);
	assert_int_equal(mock_offered(m) & 0xffffff, 6);
	mock_free(m);
}

static void test_plain_driver_talks_both_ways_on_port_0(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct bench b = setup(kind);
		struct mock_used u;

		mock_start(b.m, 0);
		assert_int_equal(mock_send(b.m, TX0, "hello\n", 6, NULL, 0), 0);
		expect_from_guest(b.host[0], "hello\n");
		assert_true(mock_post(b.m, RX0, NULL, 0, 64) >= 0);
		assert_int_equal(fd_write_all(b.host[0], "ls\n", 3), 0);
		assert_true(mock_wait(b.m, RX0, &u));
		assert_int_equal(u.len, 3);
		assert_memory_equal(u.in, "ls\n", 3);
		/* Ports that a driver without MULTIPORT cannot know stay silent. */
		assert_true(mock_post(b.m, TX1, "x", 1, 0) >= 0);
		mock_turn(b.m);
		assert_false(mock_poll(b.m, TX1, &u));
		teardown(&b);
	}
}

static void test_multiport_driver_is_told_all_about_its_ports(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct bench b = setup(kind);
		char rest[128];

		mock_start(b.m, MULTIPORT | SIZE);
		post_control_buffers(&b, 16);
		tell(&b, 0xffffffff, VIRTIO_CONSOLE_DEVICE_READY, 1);
		hear(&b, 0, VIRTIO_CONSOLE_PORT_ADD, 0, NULL);
		hear(&b, 1, VIRTIO_CONSOLE_PORT_ADD, 0, NULL);
		tell(&b, 0, VIRTIO_CONSOLE_PORT_READY, 1);
		hear(&b, 0, VIRTIO_CONSOLE_CONSOLE_PORT, 1, NULL);
		assert_int_equal(hear(&b, 0, VIRTIO_CONSOLE_PORT_NAME, 1, rest), 4);
		assert_string_equal(rest, "hvc0");
		assert_int_equal(hear(&b, 0, VIRTIO_CONSOLE_RESIZE, 0, rest), 4);
		assert_memory_equal(rest, "\x50\0\x19\0", 4); /* cols, rows */
		hear(&b, 0, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
		tell(&b, 1, VIRTIO_CONSOLE_PORT_READY, 1);
		assert_int_equal(hear(&b, 1, VIRTIO_CONSOLE_PORT_NAME, 1, rest), 4);
		assert_string_equal(rest, "diag");
		hear(&b, 1, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
		teardown(&b);
	}
}

static void test_messages_wait_for_buffers_and_come_in_order(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct bench b = setup(kind);

		mock_start(b.m, MULTIPORT);
		tell(&b, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
		post_control_buffers(&b, 1);
		hear(&b, 0, VIRTIO_CONSOLE_PORT_ADD, 0, NULL);
		assert_int_equal(mock_in_flight(b.m, CTRL_RX), 0);
		post_control_buffers(&b, 1);
		hear(&b, 1, VIRTIO_CONSOLE_PORT_ADD, 0, NULL);
		teardown(&b);
	}
}

static void test_nothing_is_added_twice(void **state)
{
	struct bench b = setup(0);

	(void)state;
	mock_start(b.m, MULTIPORT);
	post_control_buffers(&b, 8);
	tell(&b, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	tell(&b, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	tell(&b, 1, VIRTIO_CONSOLE_PORT_READY, 1);
	tell(&b, 1, VIRTIO_CONSOLE_PORT_READY, 1);
	hear(&b, 0, VIRTIO_CONSOLE_PORT_ADD, 0, NULL);
	hear(&b, 1, VIRTIO_CONSOLE_PORT_ADD, 0, NULL);
	hear(&b, 1, VIRTIO_CONSOLE_PORT_NAME, 1, NULL);
	hear(&b, 1, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
	assert_int_equal(mock_in_flight(b.m, CTRL_RX), 4);
	teardown(&b);
}

static void test_input_waits_until_the_guest_opened_the_port(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct bench b = setup(kind);
		struct mock_used u;

		mock_start(b.m, MULTIPORT);
		post_control_buffers(&b, 8);
		assert_true(mock_post(b.m, RX1, NULL, 0, 64) >= 0);
		assert_int_equal(fd_write_all(b.host[1], "early", 5), 0);
		tell(&b, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
		tell(&b, 1, VIRTIO_CONSOLE_PORT_READY, 1);
		for (unsigned int i = 0; i < 5; i++)
			mock_turn(b.m);
		assert_false(mock_poll(b.m, RX1, &u));
		tell(&b, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
		assert_true(mock_wait(b.m, RX1, &u));
		assert_int_equal(u.len, 5);
		assert_memory_equal(u.in, "early", 5);
		teardown(&b);
	}
}

static void test_long_input_fills_small_buffers_without_a_gap(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct bench b = open_port_1(kind, 64);
		static uint8_t sent[20000], got[20000];
		size_t n = 0;

		for (size_t i = 0; i < sizeof(sent); i++)
			sent[i] = (uint8_t)(i * 31 >> 3);
		assert_int_equal(fd_write_all(b.host[1], sent, sizeof(sent)), 0);
		while (n < sizeof(sent)) {
			struct mock_used u;

			while (mock_in_flight(b.m, RX1) < 16)
				assert_true(mock_post(b.m, RX1, NULL, 0, 37) >= 0);
			assert_true(mock_wait(b.m, RX1, &u));
			assert_true(u.len <= 37 && n + u.len <= sizeof(got));
			memcpy(got + n, u.in, u.len);
			n += u.len;
		}
		assert_memory_equal(got, sent, sizeof(sent));
		assert_int_equal(console_port(b.dev, 1)->read, sizeof(sent));
		teardown(&b);
	}
}

static void test_host_that_does_not_read_never_blocks_the_guest(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct bench b = open_port_1(kind, 64);
		const struct char_port *p = console_port(b.dev, 1);
		uint64_t sent = 0, got = 0;
		static uint8_t block[32768];
		ssize_t n;

		/* More than any socket buffer holds. */
		for (unsigned int i = 0; i < 200; i++) {
			assert_int_equal(mock_send(b.m, TX1, block, sizeof(block), NULL, 0), 0);
			sent += sizeof(block);
		}
		assert_true(p->dropped > 0);
		assert_int_equal(p->written + p->dropped + CHAR_PORT_BUFFER_BYTES, sent);
		/* When it reads again, it gets what was kept, and the port works on. */
		while (p->written + p->dropped < sent) {
			n = recv(b.host[1], block, sizeof(block), MSG_DONTWAIT);
			if (n > 0)
				got += (uint64_t)n;
			mock_turn(b.m);
		}
		while ((n = recv(b.host[1], block, sizeof(block), MSG_DONTWAIT)) > 0)
			got += (uint64_t)n;
		assert_int_equal(got, p->written);
		assert_int_equal(mock_send(b.m, TX1, "alive", 5, NULL, 0), 0);
		expect_from_guest(b.host[1], "alive");
		teardown(&b);
	}
}

static void test_closed_host_end_is_told_and_output_is_counted(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct bench b = open_port_1(kind, 64);

		fd_close(&b.host[1]);
		/* Found out by the write itself: no signal, the bytes are counted. */
		assert_int_equal(mock_send(b.m, TX1, "gone", 4, NULL, 0), 0);
		hear(&b, 1, VIRTIO_CONSOLE_PORT_OPEN, 0, NULL);
		assert_int_equal(mock_send(b.m, TX1, "lost", 4, NULL, 0), 0);
		assert_int_equal(console_port(b.dev, 1)->dropped, 8);
		assert_false(mock_needs_reset(b.m));
		teardown(&b);
	}
}

static void test_last_words_of_a_host_that_hung_up_arrive(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct bench b = open_port_1(kind, 64);
		struct mock_used u;

		assert_int_equal(fd_write_all(b.host[1], "bye", 3), 0);
		for (unsigned int i = 0; i < 5; i++)
			mock_turn(b.m); /* no buffer yet: the port waits for one */
		assert_int_equal(fd_write_all(b.host[1], "bye", 3), 0);
		fd_close(&b.host[1]);
		for (unsigned int i = 0; i < 5; i++)
			mock_turn(b.m);
		assert_true(mock_post(b.m, RX1, NULL, 0, 64) >= 0);
		assert_true(mock_post(b.m, RX1, NULL, 0, 64) >= 0);
		for (unsigned int i = 0; i < 2; i++) {
			assert_true(mock_wait(b.m, RX1, &u));
			assert_int_equal(u.len, 3);
			assert_memory_equal(u.in, "bye", 3);
		}
		hear(&b, 1, VIRTIO_CONSOLE_PORT_OPEN, 0, NULL);
		teardown(&b);
	}
}

static void test_resize_reaches_the_guest_both_ways(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct bench b = setup(kind);
		char rest[128];
		unsigned int irqs;

		mock_start(b.m, MULTIPORT | SIZE);
		post_control_buffers(&b, 16);
		tell(&b, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
		tell(&b, 0, VIRTIO_CONSOLE_PORT_READY, 1);
		hear(&b, 0, VIRTIO_CONSOLE_PORT_ADD, 0, NULL);
		hear(&b, 1, VIRTIO_CONSOLE_PORT_ADD, 0, NULL);
		hear(&b, 0, VIRTIO_CONSOLE_CONSOLE_PORT, 1, NULL);
		hear(&b, 0, VIRTIO_CONSOLE_PORT_NAME, 1, NULL);
		hear(&b, 0, VIRTIO_CONSOLE_RESIZE, 0, NULL);
		hear(&b, 0, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
		irqs = mock_config_irqs(b.m);
		console_resize(b.dev, 132, 43);
		assert_int_equal(mock_config_irqs(b.m), irqs + 1);
		assert_int_equal(mock_config16(b.m, 0), 132);
		assert_int_equal(hear(&b, 0, VIRTIO_CONSOLE_RESIZE, 0, rest), 4);
		assert_memory_equal(rest, "\x84\0\x2b\0", 4);
		teardown(&b);
	}
}

static void test_emergency_write_works_at_any_time_and_only_there(void **state)
{
	struct bench b = setup(0);
	const uint32_t word = 0x12340000u | 'A';
	const uint8_t bytes[16] = { [8] = 'B' };

	(void)state;
	mock_config_write(b.m, 8, &word, 4);
	mock_config_write(b.m, 8, "C", 1);
	mock_config_write(b.m, 0, bytes, 16);
	mock_config_write(b.m, 9, "xyz", 3);
	mock_config_write(b.m, 4, "wxyz", 4);
	mock_config_write(b.m, 0, "12345678", 8);
	mock_start(b.m, 0);
	mock_config_write(b.m, 8, "D", 1);
	expect_from_guest(b.host[0], "ACBD");
	assert_int_equal(mock_config16(b.m, 0), 80);
	assert_int_equal(mock_config32(b.m, 4), 2);
	teardown(&b);
}

static void test_nonsense_on_the_control_queue_is_ignored(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct bench b = setup(kind);
		struct mock_used u;
		uint8_t bytes[8];

		mock_start(b.m, MULTIPORT);
		tell(&b, 0, VIRTIO_CONSOLE_PORT_READY, 1); /* before DEVICE_READY */
		tell(&b, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
		tell(&b, 2, VIRTIO_CONSOLE_PORT_READY, 1);
		tell(&b, 0xffffffff, VIRTIO_CONSOLE_PORT_OPEN, 1);
		tell(&b, 0, VIRTIO_CONSOLE_PORT_ADD, 1);
		tell(&b, 0, 0xffff, 0xffff);
		tell(&b, 0, VIRTIO_CONSOLE_DEVICE_READY, 2);
		for (uint32_t n = 1; n < 8; n++) {
			memset(bytes, 0, sizeof(bytes));
			assert_int_equal(mock_send(b.m, CTRL_TX, bytes, n, NULL, 0), 0);
		}
		assert_false(mock_needs_reset(b.m));
		post_control_buffers(&b, 4);
		assert_int_equal(mock_in_flight(b.m, CTRL_RX), 4);
		/* A port that was not added was not opened either. */
		assert_true(mock_post(b.m, RX1, NULL, 0, 16) >= 0);
		assert_int_equal(fd_write_all(b.host[1], "x", 1), 0);
		for (unsigned int i = 0; i < 3; i++)
			mock_turn(b.m);
		assert_false(mock_poll(b.m, RX1, &u));
		tell(&b, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
		hear(&b, 0, VIRTIO_CONSOLE_PORT_ADD, 0, NULL);
		teardown(&b);
	}
}

static void test_buffers_of_the_wrong_direction_are_latched(void **state)
{
	static const struct {
		unsigned int q;
		uint32_t out, in;
	} bad[] = { { TX0, 4, 4 }, { TX0, 0, 4 }, { TX1, 4, 1 }, { CTRL_TX, 8, 8 } };

	(void)state;
	FOR_EACH_KIND(kind)
	{
		for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
			struct bench b = open_port_1(kind, 64);

			assert_int_equal(
				mock_send(b.m, bad[i].q, "12345678", bad[i].out, NULL, bad[i].in),
				-EIO);
			teardown(&b);
		}
	}
}

static void test_readable_bytes_in_a_receive_queue_are_latched(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct bench b = open_port_1(kind, 64);

		assert_true(mock_post(b.m, RX1, "x", 1, 16) >= 0);
		assert_int_equal(fd_write_all(b.host[1], "y", 1), 0);
		for (unsigned int i = 0; i < 5; i++)
			mock_turn(b.m);
		assert_true(mock_needs_reset(b.m));
		teardown(&b);
	}
}

static void test_control_buffer_without_room_is_latched(void **state)
{
	struct bench b = setup(0);

	(void)state;
	mock_start(b.m, MULTIPORT);
	assert_true(mock_post(b.m, CTRL_RX, NULL, 0, 7) >= 0);
	tell(&b, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	assert_true(mock_needs_reset(b.m));
	teardown(&b);
}

static void test_giant_request_is_cut_and_counted(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = mock_new(kind | MOCK_INDIRECT);
		struct char_port *port;
		struct vdev *dev;
		uint64_t one = 8u << 20;
		gpa big = mock_alloc(m, (uint32_t)one, 16);
		uint16_t pos, avail = 0;

		assert_int_equal(char_null_new(&port), 0);
		assert_int_equal(
			console_new(&dev,
				&(struct console_config){ .tag = "t",
					.ports = &(struct console_port_config){ .port_take = port },
					.n_ports = 1 }),
			0);
		mock_attach(m, dev);
		mock_start(m, 0);
		if (kind & MOCK_PACKED) {
			pos = mock_raw_packed_pos(m, TX0, &avail);
			mock_raw_packed(m, TX0, pos, big.v, (uint32_t)one, 0, avail);
		} else {
			mock_raw_desc(m, TX0, 0, big.v, (uint32_t)one, 0, 0);
			mock_raw_avail(m, TX0, 0);
		}
		mock_kick_always(m, TX0);
		assert_int_equal(port->written, CONSOLE_MAX_WRITE_BYTES);
		assert_int_equal(port->dropped, one - CONSOLE_MAX_WRITE_BYTES);
		assert_false(mock_needs_reset(m));
		mock_free(m);
	}
}

static bool all_back(void *arg)
{
	struct mock_used u;

	while (mock_poll(arg, TX0, &u))
		;
	return mock_in_flight(arg, TX0) == 0;
}

static void test_more_requests_than_a_turn_takes_are_all_served(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = mock_new(kind);
		struct char_port *port;
		struct vdev *dev;
		struct mock_used u;

		assert_int_equal(char_null_new(&port), 0);
		assert_int_equal(
			console_new(&dev,
				&(struct console_config){ .tag = "t",
					.ports = &(struct console_port_config){ .port_take = port },
					.n_ports = 1 }),
			0);
		mock_set_queue_size(m, 128);
		mock_attach(m, dev);
		mock_start(m, 0);
		for (unsigned int i = 0; i < 128; i++)
			assert_true(
				mock_add(m, TX0, &(struct mock_iov){ "x", 1 }, 1, NULL, 0) >= 0);
		mock_kick(m, TX0);
		for (unsigned int i = 0; i < CONSOLE_MAX_TURN_REQUESTS; i++)
			assert_true(mock_poll(m, TX0, &u));
		/* The kick ends in bounded time; over PCI it comes by the loop, with more turns. */
		if (mock_vt(m))
			assert_false(mock_poll(m, TX0, &u));
		assert_true(mock_until(m, all_back, m));
		assert_int_equal(port->written, 128);
		mock_free(m);
	}
}

static bool all_rx1_back(void *arg)
{
	struct mock_used u;

	while (mock_poll(arg, RX1, &u))
		assert_int_equal(u.len, 1);
	return mock_in_flight(arg, RX1) == 0;
}

static void test_input_for_more_buffers_than_a_turn_takes_arrives_without_a_kick(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct bench b;
		uint8_t text[CONSOLE_MAX_TURN_REQUESTS + 30] = { 1 };

		b = open_port_1(kind, 128);
		for (unsigned int i = 0; i < sizeof(text); i++)
			assert_true(mock_post(b.m, RX1, NULL, 0, 1) >= 0);
		assert_int_equal(fd_write_all(b.host[1], text, sizeof(text)), 0);
		assert_true(mock_until(b.m, all_rx1_back, b.m));
		teardown(&b);
	}
}

static void test_reset_closes_ports_and_a_new_driver_starts_afresh(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct bench b = open_port_1(kind, 64);
		struct mock_used u;

		assert_int_equal(fd_write_all(b.host[1], "kept", 4), 0);
		for (unsigned int i = 0; i < 3; i++)
			mock_turn(b.m);
		mock_start(b.m, MULTIPORT);
		post_control_buffers(&b, 8);
		assert_true(mock_post(b.m, RX1, NULL, 0, 64) >= 0);
		mock_turn(b.m);
		assert_false(mock_poll(b.m, RX1, &u));
		tell(&b, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
		hear(&b, 0, VIRTIO_CONSOLE_PORT_ADD, 0, NULL);
		hear(&b, 1, VIRTIO_CONSOLE_PORT_ADD, 0, NULL);
		tell(&b, 1, VIRTIO_CONSOLE_PORT_READY, 1);
		tell(&b, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
		assert_true(mock_wait(b.m, RX1, &u));
		assert_memory_equal(u.in, "kept", 4);
		teardown(&b);
	}
}

static void test_too_many_or_no_ports_are_refused_and_freed(void **state)
{
	struct console_port_config cfg[CONSOLE_MAX_PORTS + 1];
	struct vdev *dev = NULL;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cfg); i++) {
		cfg[i] = (struct console_port_config){ .name = "p" };
		assert_int_equal(char_null_new(&cfg[i].port_take), 0);
	}
	assert_int_equal(console_new(&dev,
				 &(struct console_config){
					 .tag = "t", .ports = cfg, .n_ports = ARRAY_SIZE(cfg) }),
		-EINVAL);
	assert_int_equal(console_new(&dev, &(struct console_config){ .tag = "t" }), -EINVAL);
	assert_null(dev);
}

static void test_output_to_a_file_is_written_whole(void **state)
{
	struct mock *m = mock_new(0);
	char path[] = "/tmp/dyno-console-XXXXXX", got[16] = { 0 };
	int fd = mkstemp(path);
	struct char_port *port;
	int back;

	(void)state;
	assert_true(fd >= 0);
	back = dup(fd);
	assert_int_equal(char_fd_new(&port, mock_loop(m), fd), 0);
	port->ops->write(port, "one ", 4);
	port->ops->write(port, "two", 3);
	assert_int_equal(pread(back, got, sizeof(got), 0), 7);
	assert_string_equal(got, "one two");
	char_port_free(port);
	close(back);
	unlink(path);
	mock_free(m);
}

static size_t keep_input(void *ctx, const void *buf, size_t len)
{
	char *to = ctx;

	memcpy(to + strlen(to), buf, len);
	return len;
}

static bool has_input(void *arg)
{
	return strlen(arg) >= 3;
}

static void test_pipe_and_terminal_are_streams_too(void **state)
{
	struct mock *m = mock_new(0);
	struct char_port *port;
	char got[16] = { 0 }, input[64] = { 0 };
	int fd[2], master, slave;
	struct termios raw;

	(void)state;
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	assert_int_equal(char_fd_new(&port, mock_loop(m), fd[1]), 0);
	port->ops->write(port, "pipe", 4);
	assert_int_equal(read(fd[0], got, sizeof(got)), 4);
	assert_string_equal(got, "pipe");
	close(fd[0]);
	for (unsigned int i = 0; i < 3 && port->open; i++)
		mock_turn(m);
	assert_false(port->open); /* the reader went: noticed without a write */
	char_port_free(port);

	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(slave >= 0);
	assert_int_equal(tcgetattr(slave, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(slave, TCSANOW, &raw), 0);
	assert_int_equal(char_fd_new(&port, mock_loop(m), master), 0);
	port->user = (struct char_port_user){ .input = keep_input, .ctx = input };
	assert_int_equal(write(slave, "key", 3), 3);
	assert_true(mock_until(m, has_input, input));
	assert_string_equal(input, "key");
	char_port_free(port);
	close(slave);
	mock_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_configuration_says_size_and_ports),
		cmocka_unit_test(test_size_is_not_offered_where_it_is_not_known),
		cmocka_unit_test(test_plain_driver_talks_both_ways_on_port_0),
		cmocka_unit_test(test_multiport_driver_is_told_all_about_its_ports),
		cmocka_unit_test(test_messages_wait_for_buffers_and_come_in_order),
		cmocka_unit_test(test_nothing_is_added_twice),
		cmocka_unit_test(test_input_waits_until_the_guest_opened_the_port),
		cmocka_unit_test(test_long_input_fills_small_buffers_without_a_gap),
		cmocka_unit_test(test_host_that_does_not_read_never_blocks_the_guest),
		cmocka_unit_test(test_closed_host_end_is_told_and_output_is_counted),
		cmocka_unit_test(test_last_words_of_a_host_that_hung_up_arrive),
		cmocka_unit_test(test_resize_reaches_the_guest_both_ways),
		cmocka_unit_test(test_emergency_write_works_at_any_time_and_only_there),
		cmocka_unit_test(test_nonsense_on_the_control_queue_is_ignored),
		cmocka_unit_test(test_buffers_of_the_wrong_direction_are_latched),
		cmocka_unit_test(test_readable_bytes_in_a_receive_queue_are_latched),
		cmocka_unit_test(test_control_buffer_without_room_is_latched),
		cmocka_unit_test(test_giant_request_is_cut_and_counted),
		cmocka_unit_test(test_more_requests_than_a_turn_takes_are_all_served),
		cmocka_unit_test(
			test_input_for_more_buffers_than_a_turn_takes_arrives_without_a_kick),
		cmocka_unit_test(test_reset_closes_ports_and_a_new_driver_starts_afresh),
		cmocka_unit_test(test_too_many_or_no_ports_are_refused_and_freed),
		cmocka_unit_test(test_output_to_a_file_is_written_whole),
		cmocka_unit_test(test_pipe_and_terminal_are_streams_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
