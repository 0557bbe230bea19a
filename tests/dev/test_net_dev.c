/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-net behind the transport core, over every kind of ring. The test plays the switch. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/ipc.h"
#include "base/proto/net_port.h"
#include "devices/net/net.h"
#include "devices/net/wire.h"
#include "tests/support/mock_driver.h"

enum { RXQ, TXQ, CTRLQ };

#define F(bit)              VIRTIO_BIT(VIRTIO_NET_F_##bit)
#define HDR                 sizeof(struct virtio_net_hdr)
#define FOR_EACH_KIND(kind) for (unsigned int kind = 0; kind < MOCK_KINDS; kind++)

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };

struct rig {
	struct mock *m;
	struct vdev *dev;
	int bus; /* the switch's end */
	unsigned int ctrlq;
	uint8_t got[NET_UNCUT_MAX];
	uint32_t got_len, takes; /* the frame; what the device said that it does itself */
	struct net_offload o;
};

static void rig_open_pairs(struct rig *r, unsigned int kind, uint64_t features, uint16_t pairs)
{
	struct net_dev_config cfg = { .tag = "test/net0", .mtu = 1500, .pairs = pairs };
	struct link_port *port;
	int fds[2];

	memset(r, 0, sizeof(*r));
	r->ctrlq = CTRLQ;
	memcpy(cfg.mac, mac, 6);
	assert_int_equal(ipc_pair(fds, 0), 0);
	assert_int_equal(link_port_socket_new(&port, fds[0]), 0);
	r->bus = fds[1];
	assert_int_equal(net_dev_new(&r->dev, port, &cfg), 0);
	r->m = mock_new(kind);
	mock_attach(r->m, r->dev);
	mock_start(r->m, features);
}

static void rig_open(struct rig *r, unsigned int kind, uint64_t features)
{
	rig_open_pairs(r, kind, features, 1);
}

static void rig_close(struct rig *r)
{
	assert_false(mock_needs_reset(r->m));
	mock_free(r->m);
	fd_close(&r->bus);
}

static struct net_dev_stats stats(const struct rig *r)
{
	struct net_dev_stats s;

	net_dev_get_stats(r->dev, &s);
	return s;
}

/* Sends what the driver hands over; the device always gives it back. */
static void driver_sends(
	struct rig *r, const struct virtio_net_hdr *h, const void *frame, uint32_t len)
{
	static uint8_t buf[HDR + 70000];

	memcpy(buf, h, HDR);
	memcpy(buf + HDR, frame, len);
	assert_int_equal(mock_send(r->m, TXQ, buf, (uint32_t)HDR + len, NULL, 0), 0);
}

/* The next frame that the switch got. */
static bool switch_got(struct rig *r)
{
	static uint8_t buf[NET_PORT_PACKET_BYTES];
	struct net_item it;

	for (;;) {
		ssize_t n = recv(r->bus, buf, sizeof(buf), MSG_DONTWAIT);
		uint32_t off = 0;

		if (n <= 0)
			return false;
		while (off < (uint32_t)n) {
			assert_int_equal(net_packet_next(buf, (uint32_t)n, &off, &it), 1);
			if (!it.frame) {
				r->takes = it.takes;
				continue;
			}
			r->o = it.o;
			r->got_len = it.len;
			memcpy(r->got, it.frame, it.len);
			return true;
		}
	}
}

static void switch_says_more(
	struct rig *r, const struct net_offload *o, const uint8_t *frame, uint32_t len)
{
	static struct net_packet p;
	uint8_t *at;

	p.len = 0;
	at = net_packet_reserve(&p, len);
	assert_non_null(at);
	memcpy(at, frame, len);
	net_packet_describe(&p, len, o);
	assert_int_equal(ipc_send(r->bus, p.b, p.len, NULL, 0), 0);
}

static void switch_says(struct rig *r, const uint8_t *frame, uint32_t len)
{
	static const struct net_offload nothing;

	switch_says_more(r, &nothing, frame, len);
}

static int control(struct rig *r, uint8_t class, uint8_t cmd, const void *data, uint32_t len)
{
	uint8_t req[5000] = { class, cmd }, ack = 0x77;

	memcpy(req + 2, data, len);
	assert_int_equal(mock_send(r->m, r->ctrlq, req, 2 + len, &ack, 1), 1);
	return ack;
}

static void make_frame(uint8_t *f, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		f[i] = (uint8_t)(i * 7 + i / 256);
	memcpy(f, mac, 6);
	memcpy(f + 6, "\x02\0\0\0\0\x09\x08\x00", 8);
}

static void test_frame_reaches_the_switch_unchanged(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct virtio_net_hdr h = { 0 };
		uint8_t f[1514];
		struct rig r;

		rig_open(&r, kind, MOCK_ALL_FEATURES);
		make_frame(f, sizeof(f));
		driver_sends(&r, &h, f, sizeof(f));
		assert_true(switch_got(&r));
		assert_int_equal(r.got_len, sizeof(f));
		assert_memory_equal(r.got, f, sizeof(f));
		rig_close(&r);
	}
}

static void test_work_that_is_left_goes_to_the_switch_with_the_frame(void **state)
{
	struct virtio_net_hdr h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = le16_of(54),
		.gso_size = le16_of(1448),
		.csum_start = le16_of(34),
		.csum_offset = le16_of(16) };
	static uint8_t f[NET_UNCUT_MAX];

	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct rig r;

		rig_open(&r, kind, MOCK_ALL_FEATURES);
		make_frame(f, sizeof(f));
		driver_sends(&r, &h, f, sizeof(f));
		assert_true(switch_got(&r));
		assert_int_equal(r.got_len, sizeof(f));
		assert_memory_equal(r.got, f, sizeof(f));
		assert_memory_equal(&r.o, &h, sizeof(r.o));
		rig_close(&r);
	}
}

static void test_long_frames_keep_their_place_among_short_ones(void **state)
{
	static const uint32_t lens[] = { 60, 60000, 1514, 40000, 65000, 60 };
	static uint8_t f[NET_UNCUT_MAX];

	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct rig r;

		rig_open(&r, kind, MOCK_ALL_FEATURES);
		for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
			struct virtio_net_hdr h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
				.gso_size = le16_of(1448),
				.csum_start = le16_of(34),
				.csum_offset = le16_of(16) };

			make_frame(f, lens[i]);
			driver_sends(&r, &h, f, lens[i]);
		}
		for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
			make_frame(f, lens[i]);
			assert_true(switch_got(&r));
			assert_int_equal(r.got_len, lens[i]);
			assert_memory_equal(r.got, f, lens[i]);
		}
		rig_close(&r);
	}
}

static void test_switch_is_told_what_the_driver_takes(void **state)
{
	uint8_t offloads[8] = { 1u << VIRTIO_NET_F_GUEST_CSUM };
	struct rig r;

	(void)state;
	rig_open(&r, 0, MOCK_ALL_FEATURES);
	assert_false(switch_got(&r));
	assert_int_equal(r.takes, NET_TAKES_CSUM | NET_TAKES_TSO4 | NET_TAKES_TSO6 | NET_TAKES_ECN |
					  NET_TAKES_USO4 | NET_TAKES_USO6);
	assert_int_equal(control(&r, VIRTIO_NET_CTRL_GUEST_OFFLOADS,
				 VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, offloads, 8),
		VIRTIO_NET_OK);
	assert_false(switch_got(&r));
	assert_int_equal(r.takes, NET_TAKES_CSUM);
	/* One that was not negotiated: a feature of sending. */
	offloads[1] = 1u << (VIRTIO_NET_F_HOST_TSO4 - 8);
	assert_int_equal(control(&r, VIRTIO_NET_CTRL_GUEST_OFFLOADS,
				 VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, offloads, 8),
		VIRTIO_NET_ERR);
	rig_close(&r);
	rig_open(&r, 0,
		~(F(GUEST_CSUM) | F(GUEST_TSO4) | F(GUEST_TSO6) | F(GUEST_ECN) | F(GUEST_USO4) |
			F(GUEST_USO6)));
	r.takes = 1;
	assert_false(switch_got(&r));
	assert_int_equal(r.takes, 0);
	rig_close(&r);
}

static void test_hostile_headers_are_rejected(void **state)
{
	static const struct {
		struct virtio_net_hdr h;
		uint32_t len;
	} bad[] = {
		{ { 0 }, 0 },
		{ { 0 }, 13 },
		{ { 0 }, 1519 },
		{ { 0 }, 65000 },
		{ { .flags = 1,
			  .csum_start = { { 0xff, 0xff } },
			  .csum_offset = { { 0xff, 0xff } } },
			60 },
		{ { .flags = 1, .csum_start = { { 58, 0 } }, .csum_offset = { { 1, 0 } } }, 60 },
		{ { .flags = 1, .csum_start = { { 0, 0 } }, .csum_offset = { { 0, 0 } } }, 60 },
		{ { .gso_type = 1, .gso_size = { { 1, 0 } } }, 60 },
		{ { .flags = 1, .gso_type = 4, .csum_start = { { 20, 0 } } }, 60 },
		{ { .gso_type = 0x80 }, 60 },
		{ { .gso_type = 3 }, 60 },
	};

	(void)state;
	FOR_EACH_KIND(kind)
	{
		static const uint8_t frame[65000];
		struct rig r;

		rig_open(&r, kind, MOCK_ALL_FEATURES);
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
			driver_sends(&r, &bad[i].h, frame, bad[i].len);
		/* A request that is not even a header. */
		assert_int_equal(mock_send(r.m, TXQ, frame, 5, NULL, 0), 0);
		assert_int_equal(stats(&r).tx_rejected, ARRAY_SIZE(bad) + 1);
		assert_false(switch_got(&r));
		rig_close(&r);
	}
}

static void test_frame_is_received_with_one_buffer(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock_used u;
		uint8_t f[300];
		struct rig r;

		rig_open(&r, kind, ~F(MRG_RXBUF));
		make_frame(f, sizeof(f));
		/* No buffer yet: the frame waits. */
		switch_says(&r, f, sizeof(f));
		mock_turn(r.m);
		mock_turn(r.m);
		assert_true(mock_post(r.m, RXQ, NULL, 0, 1600) >= 0);
		assert_true(mock_wait(r.m, RXQ, &u));
		assert_int_equal(u.len, HDR + sizeof(f));
		assert_int_equal(le16_get(((const struct virtio_net_hdr *)u.in)->num_buffers), 1);
		assert_memory_equal(u.in + HDR, f, sizeof(f));
		rig_close(&r);
	}
}

static void test_frame_is_spread_over_several_buffers(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		uint8_t f[300], back[300];
		uint32_t at = 0;
		struct rig r;

		rig_open(&r, kind, MOCK_ALL_FEATURES);
		make_frame(f, sizeof(f));
		for (int i = 0; i < 3; i++)
			assert_true(mock_post(r.m, RXQ, NULL, 0, 100) >= 0);
		switch_says(&r, f, sizeof(f));
		mock_turn(r.m);
		/* 312 bytes need a fourth: nothing is seen of the first three before. */
		assert_int_equal(mock_in_flight(r.m, RXQ), 3);
		assert_true(mock_post(r.m, RXQ, NULL, 0, 100) >= 0);
		for (int i = 0; i < 4; i++) {
			struct mock_used u;
			uint32_t skip = i ? 0 : (uint32_t)HDR;

			assert_true(mock_wait(r.m, RXQ, &u));
			assert_int_equal(u.len, i < 3 ? 100 : 12);
			if (!i)
				assert_int_equal(
					le16_get(
						((const struct virtio_net_hdr *)u.in)->num_buffers),
					4);
			memcpy(back + at, u.in + skip, u.len - skip);
			at += u.len - skip;
		}
		assert_memory_equal(back, f, sizeof(f));
		rig_close(&r);
	}
}

static bool was_dropped(void *arg)
{
	return stats(arg).rx_dropped == 1;
}

static void test_frame_that_no_buffer_can_hold_is_dropped(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		uint8_t f[300];
		struct mock_used u;
		struct rig r;

		rig_open(&r, kind, ~F(MRG_RXBUF));
		make_frame(f, sizeof(f));
		assert_true(mock_post(r.m, RXQ, NULL, 0, 100) >= 0);
		switch_says(&r, f, sizeof(f));
		assert_true(mock_until(r.m, was_dropped, &r));
		switch_says(&r, f, 60);
		assert_true(mock_wait(r.m, RXQ, &u));
		assert_int_equal(u.len, HDR + 60);
		rig_close(&r);
	}
}

static void test_uncut_frame_is_received_by_a_driver_that_takes_it(void **state)
{
	static const struct net_offload o = { .flags = NET_OFFLOAD_CSUM,
		.gso = NET_GSO_TCP4,
		.gso_size = { { 0xa8, 0x05 } },
		.csum_start = { { 34, 0 } },
		.csum_offset = { { 16, 0 } } };
	static uint8_t f[20000];

	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock_used u;
		struct rig r;

		rig_open(&r, kind, MOCK_ALL_FEATURES);
		make_frame(f, sizeof(f));
		for (int i = 0; i < 5; i++)
			assert_true(mock_post(r.m, RXQ, NULL, 0, 4096) >= 0);
		switch_says_more(&r, &o, f, sizeof(f));
		assert_true(mock_wait(r.m, RXQ, &u));
		assert_memory_equal(u.in, &o, sizeof(o));
		assert_int_equal(le16_get(((const struct virtio_net_hdr *)u.in)->num_buffers), 5);
		rig_close(&r);

		rig_open(&r, kind, ~F(GUEST_TSO4));
		for (int i = 0; i < 5; i++)
			assert_true(mock_post(r.m, RXQ, NULL, 0, 4096) >= 0);
		switch_says_more(&r, &o, f, sizeof(f));
		assert_true(mock_until(r.m, was_dropped, &r));
		rig_close(&r);
	}
}

/* What the driver's next buffers hold is the frame. */
static void assert_received(struct rig *r, const uint8_t *f, uint32_t len)
{
	uint32_t at = 0, buffers = 1;

	for (uint32_t i = 0; i < buffers; i++) {
		uint32_t skip = i ? 0 : (uint32_t)HDR;
		struct mock_used u;

		assert_true(mock_wait(r->m, RXQ, &u));
		if (!i)
			buffers = le16_get(((const struct virtio_net_hdr *)u.in)->num_buffers);
		assert_true(u.len >= skip && at + u.len - skip <= len);
		assert_memory_equal(u.in + skip, f + at, u.len - skip);
		at += u.len - skip;
	}
	assert_int_equal(at, len);
}

static void test_long_frames_are_received_whole_among_short_ones(void **state)
{
	static const struct net_offload o = { .flags = NET_OFFLOAD_CSUM,
		.gso = NET_GSO_TCP4,
		.gso_size = { { 0xa8, 0x05 } },
		.csum_start = { { 34, 0 } },
		.csum_offset = { { 16, 0 } } };
	static const uint32_t lens[] = { 60000, 65000, 40000, 60, 60000, 61000 };
	static uint8_t f[NET_UNCUT_MAX];

	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct rig r;

		rig_open(&r, kind, MOCK_ALL_FEATURES);
		for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
			make_frame(f, lens[i]);
			switch_says_more(&r, &o, f, lens[i]);
			/* Too few at first. */
			assert_true(mock_post(r.m, RXQ, NULL, 0, 4096) >= 0);
			mock_turn(r.m);
			for (uint32_t room = 4096; room < lens[i] + HDR; room += 4096)
				assert_true(mock_post(r.m, RXQ, NULL, 0, 4096) >= 0);
			assert_received(&r, f, lens[i]);
		}
		/* All buffers are there before the frame. */
		for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
			for (uint32_t room = 0; room < lens[i] + HDR; room += 4096)
				assert_true(mock_post(r.m, RXQ, NULL, 0, 4096) >= 0);
			make_frame(f, lens[i]);
			switch_says_more(&r, &o, f, lens[i]);
			assert_received(&r, f, lens[i]);
		}
		assert_int_equal(stats(&r).rx_frames, 2 * ARRAY_SIZE(lens));
		rig_close(&r);
	}
}

static void test_filters_keep_what_is_not_for_the_card(void **state)
{
	static const uint8_t off = 0, table[] = { 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0x5e, 0, 0, 1 };
	uint8_t f[60], vlan[] = { 5, 0 };
	struct mock_used u;
	struct rig r;

	(void)state;
	rig_open(&r, 0, MOCK_ALL_FEATURES);
	for (int i = 0; i < 8; i++)
		assert_true(mock_post(r.m, RXQ, NULL, 0, 100) >= 0);
	assert_int_equal(control(&r, 0, 0, &off, 1), VIRTIO_NET_OK);
	make_frame(f, sizeof(f));
	f[5] = 9; /* another station */
	switch_says(&r, f, sizeof(f));
	memcpy(f, "\x01\x00\x5e\x00\x00\x01", 6); /* a group that was not asked for */
	switch_says(&r, f, sizeof(f));
	make_frame(f, sizeof(f));
	memcpy(f + 12, "\x81\x00\x00\x05", 4); /* a VLAN that was not added */
	switch_says(&r, f, sizeof(f));
	make_frame(f, sizeof(f));
	switch_says(&r, f, sizeof(f));
	assert_true(mock_wait(r.m, RXQ, &u));
	assert_memory_equal(u.in + HDR, f, sizeof(f));
	assert_int_equal(stats(&r).rx_filtered, 3);
	assert_int_equal(control(&r, 1, 0, table, sizeof(table)), VIRTIO_NET_OK);
	assert_int_equal(control(&r, 2, 0, vlan, 2), VIRTIO_NET_OK);
	memcpy(f, "\x01\x00\x5e\x00\x00\x01", 6);
	memcpy(f + 12, "\x81\x00\x00\x05", 4);
	switch_says(&r, f, sizeof(f));
	assert_true(mock_wait(r.m, RXQ, &u));
	assert_int_equal(stats(&r).rx_frames, 2);
	rig_close(&r);
}

static void test_address_that_the_driver_sets_is_the_card_s_until_it_is_reset(void **state)
{
	static const uint8_t off, other[6] = { 2, 0, 0, 0, 0, 7 };

	(void)state;
	FOR_EACH_KIND(kind)
	{
		uint8_t f[60], shown[6];
		struct mock_used u;
		struct rig r;

		rig_open(&r, kind, MOCK_ALL_FEATURES);
		for (int i = 0; i < 2; i++)
			assert_true(mock_post(r.m, RXQ, NULL, 0, 100) >= 0);
		assert_int_equal(
			control(&r, VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, &off, 1),
			VIRTIO_NET_OK);
		assert_int_equal(
			control(&r, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, other, 6),
			VIRTIO_NET_OK);
		mock_config_read(r.m, 0, shown, sizeof(shown));
		assert_memory_equal(shown, other, 6);
		make_frame(f, sizeof(f)); /* to the old address */
		switch_says(&r, f, sizeof(f));
		memcpy(f, other, 6);
		switch_says(&r, f, sizeof(f));
		assert_true(mock_wait(r.m, RXQ, &u));
		assert_memory_equal(u.in + HDR, f, sizeof(f));
		assert_int_equal(stats(&r).rx_filtered, 1);
		assert_int_equal(stats(&r).rx_frames, 1);
		/* An address cut short changes nothing. */
		assert_int_equal(
			control(&r, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, mac, 5),
			VIRTIO_NET_ERR);
		switch_says(&r, f, sizeof(f));
		assert_true(mock_wait(r.m, RXQ, &u));
		mock_reset(r.m);
		mock_config_read(r.m, 0, shown, sizeof(shown));
		assert_memory_equal(shown, mac, 6);
		rig_close(&r);
	}
}

static void test_malformed_control_requests_are_refused(void **state)
{
	static const uint8_t zeros[4200], many[8] = { 0xff, 0xff, 0xff, 0xff };
	static const struct {
		uint8_t class, cmd;
		const void *data;
		uint32_t len;
	} bad[] = { { 0, 0, zeros, 0 }, { 0, 0, zeros, 2 }, { 0, 0, many, 1 }, { 0, 6, zeros, 1 },
		{ 1, 0, many, 8 }, { 1, 0, zeros, 3 }, { 1, 0, zeros, 9 }, { 1, 1, zeros, 5 },
		{ 2, 0, many, 2 }, { 2, 2, zeros, 2 }, { 3, 1, zeros, 0 }, { 4, 0, zeros, 2 },
		{ 4, 0, many, 2 }, { 4, 1, many, 2 }, { 5, 0, zeros, 4 }, { 5, 0, many, 8 },
		{ 5, 1, zeros, 8 }, { 9, 9, zeros, 4200 } };

	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct rig r;

		rig_open(&r, kind, MOCK_ALL_FEATURES);
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
			assert_int_equal(
				control(&r, bad[i].class, bad[i].cmd, bad[i].data, bad[i].len),
				VIRTIO_NET_ERR);
		assert_int_equal(mock_send(r.m, CTRLQ, zeros, 1, NULL, 0), 0);
		rig_close(&r);
	}
}

static void test_pulled_cable_is_told_and_silent(void **state)
{
	struct virtio_net_hdr h = { 0 };
	uint8_t f[60];
	struct rig r;

	(void)state;
	rig_open(&r, 0, MOCK_ALL_FEATURES);
	make_frame(f, sizeof(f));
	assert_int_equal(mock_config16(r.m, 6), VIRTIO_NET_S_LINK_UP);
	net_dev_set_link(r.dev, false);
	assert_int_equal(mock_config16(r.m, 6), 0);
	driver_sends(&r, &h, f, sizeof(f));
	assert_false(switch_got(&r));
	assert_int_equal(stats(&r).tx_dropped, 1);
	net_dev_set_link(r.dev, true);
	assert_int_equal(mock_config16(r.m, 6), VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE);
	assert_int_equal(mock_config_irqs(r.m), 2);
	assert_int_equal(control(&r, 3, 0, "", 0), VIRTIO_NET_OK);
	assert_int_equal(mock_config16(r.m, 6), VIRTIO_NET_S_LINK_UP);
	driver_sends(&r, &h, f, sizeof(f));
	assert_true(switch_got(&r));
	rig_close(&r);
}

static void test_offloads_without_what_they_need_are_not_accepted(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, 0, MOCK_ALL_FEATURES);
	mock_reset(r.m);
	assert_false(mock_negotiate(r.m, F(MAC) | F(HOST_TSO4)));
	mock_reset(r.m);
	assert_false(mock_negotiate(r.m, F(MAC) | F(GUEST_USO4)));
	mock_reset(r.m);
	assert_false(mock_negotiate(r.m, F(MAC) | F(CTRL_GUEST_OFFLOADS)));
	mock_reset(r.m);
	assert_false(mock_negotiate(r.m, F(MAC) | F(CTRL_RX)));
	assert_true(mock_negotiate(r.m, F(MAC)));
	mock_reset(r.m);
	rig_close(&r);
}

/* UDP from port 1000 of 10.0.0.1 to port 2000 of 10.0.0.2, or back. */
static void make_flow(uint8_t *f, uint32_t len, bool back)
{
	static const uint8_t ip[] = { 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0 };
	const uint8_t src[] = { 10, 0, 0, back ? 2 : 1 }, dst[] = { 10, 0, 0, back ? 1 : 2 };

	make_frame(f, len);
	memcpy(f + 14, ip, sizeof(ip));
	memcpy(f + 26, src, 4);
	memcpy(f + 30, dst, 4);
	memcpy(f + 34, back ? "\x07\xd0\x03\xe8" : "\x03\xe8\x07\xd0", 4);
}

static void test_connection_comes_by_the_queues_that_it_was_sent_by(void **state)
{
	static const uint8_t two[] = { 2, 0 }, five[] = { 5, 0 };

	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct virtio_net_hdr h = { 0 };
		uint8_t f[60], buf[HDR + 60] = { 0 };
		struct mock_used u;
		struct rig r;

		rig_open_pairs(&r, kind, MOCK_ALL_FEATURES, 4);
		assert_int_equal(mock_config16(r.m, 8), 4);
		r.ctrlq = 8;
		assert_int_equal(control(&r, VIRTIO_NET_CTRL_MQ, 0, five, 2), VIRTIO_NET_ERR);
		assert_int_equal(control(&r, VIRTIO_NET_CTRL_MQ, 0, two, 2), VIRTIO_NET_OK);
		assert_int_equal(stats(&r).pairs, 2);
		for (unsigned int q = 0; q < 4; q += 2)
			assert_true(mock_post(r.m, q, NULL, 0, 1600) >= 0);
		make_flow(f, sizeof(f), false);
		memcpy(buf, &h, HDR);
		memcpy(buf + HDR, f, sizeof(f));
		assert_int_equal(mock_send(r.m, 3, buf, sizeof(buf), NULL, 0), 0);
		assert_true(switch_got(&r));
		make_flow(f, sizeof(f), true);
		switch_says(&r, f, sizeof(f));
		assert_true(mock_wait(r.m, 2, &u));
		assert_memory_equal(u.in + HDR, f, sizeof(f));
		assert_int_equal(mock_in_flight(r.m, 0), 1);
		rig_close(&r);
	}
}

static void test_connection_of_long_frames_comes_by_their_queues(void **state)
{
	static const uint8_t two[] = { 2, 0 };
	static uint8_t f[50000], buf[HDR + sizeof(f)];

	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct virtio_net_hdr h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
			.gso_size = le16_of(1448),
			.csum_start = le16_of(34),
			.csum_offset = le16_of(16) };
		struct mock_used u;
		struct rig r;

		rig_open_pairs(&r, kind, MOCK_ALL_FEATURES, 4);
		r.ctrlq = 8;
		assert_int_equal(control(&r, VIRTIO_NET_CTRL_MQ, 0, two, 2), VIRTIO_NET_OK);
		for (unsigned int q = 0; q < 4; q += 2)
			assert_true(mock_post(r.m, q, NULL, 0, 1600) >= 0);
		make_flow(f, sizeof(f), false);
		memcpy(buf, &h, HDR);
		memcpy(buf + HDR, f, sizeof(f));
		assert_int_equal(mock_send(r.m, 3, buf, sizeof(buf), NULL, 0), 0);
		assert_true(switch_got(&r));
		assert_memory_equal(r.got, f, sizeof(f));
		make_flow(f, 60, true);
		switch_says(&r, f, 60);
		assert_true(mock_wait(r.m, 2, &u));
		assert_memory_equal(u.in + HDR, f, 60);
		rig_close(&r);
	}
}

static void test_without_mq_the_control_queue_is_the_third(void **state)
{
	static const uint8_t off;
	struct rig r;

	(void)state;
	rig_open_pairs(&r, 0, ~F(MQ), 4);
	assert_int_equal(control(&r, 0, 0, &off, 1), VIRTIO_NET_OK);
	rig_close(&r);
}

static bool is_down(void *arg)
{
	return !stats(arg).link_up;
}

static void test_malformed_packets_and_the_switch_s_end_are_survived(void **state)
{
	static const uint8_t bad[] = { 0xff, 0xff, 1, 2, 3 };
	struct virtio_net_hdr h = { 0 };
	uint8_t f[60];
	struct rig r;

	(void)state;
	rig_open(&r, 0, MOCK_ALL_FEATURES);
	make_frame(f, sizeof(f));
	assert_int_equal(ipc_send(r.bus, bad, sizeof(bad), NULL, 0), 0);
	fd_close(&r.bus);
	assert_true(mock_until(r.m, is_down, &r));
	driver_sends(&r, &h, f, sizeof(f));
	assert_int_equal(stats(&r).tx_dropped, 1);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frame_reaches_the_switch_unchanged),
		cmocka_unit_test(test_work_that_is_left_goes_to_the_switch_with_the_frame),
		cmocka_unit_test(test_long_frames_keep_their_place_among_short_ones),
		cmocka_unit_test(test_switch_is_told_what_the_driver_takes),
		cmocka_unit_test(test_uncut_frame_is_received_by_a_driver_that_takes_it),
		cmocka_unit_test(test_long_frames_are_received_whole_among_short_ones),
		cmocka_unit_test(test_connection_comes_by_the_queues_that_it_was_sent_by),
		cmocka_unit_test(test_connection_of_long_frames_comes_by_their_queues),
		cmocka_unit_test(test_without_mq_the_control_queue_is_the_third),
		cmocka_unit_test(test_hostile_headers_are_rejected),
		cmocka_unit_test(test_frame_is_received_with_one_buffer),
		cmocka_unit_test(test_frame_is_spread_over_several_buffers),
		cmocka_unit_test(test_frame_that_no_buffer_can_hold_is_dropped),
		cmocka_unit_test(test_filters_keep_what_is_not_for_the_card),
		cmocka_unit_test(test_address_that_the_driver_sets_is_the_card_s_until_it_is_reset),
		cmocka_unit_test(test_malformed_control_requests_are_refused),
		cmocka_unit_test(test_pulled_cable_is_told_and_silent),
		cmocka_unit_test(test_offloads_without_what_they_need_are_not_accepted),
		cmocka_unit_test(test_malformed_packets_and_the_switch_s_end_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
