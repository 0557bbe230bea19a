/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums and segmentation in software, and the gateway's sizes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/proto/net_offload.h"
#include "base/proto/net_port.h"
#include "sim/usernet/segments.h"
#include "tests/support/net_frames.h"

static uint8_t frame[NET_UNCUT_MAX], back[NET_UNCUT_MAX];

static struct net_offload tcp(bool ipv6, uint16_t size)
{
	return (struct net_offload){ .flags = NET_OFFLOAD_CSUM,
		.gso = ipv6 ? NET_GSO_TCP6 : NET_GSO_TCP4,
		.gso_size = le16_of(size),
		.csum_start = le16_of(ipv6 ? 54 : 34),
		.csum_offset = le16_of(16) };
}

static void test_checksum_is_made_for_every_length(void **state)
{
	(void)state;
	for (uint32_t payload = 0; payload < 40; payload++) {
		struct net_offload o = tcp(false, 0);
		uint32_t len = frames_make(frame, false, FRAMES_TCP, payload);

		o.gso = NET_GSO_NONE;
		/* The driver leaves the sum of the pseudo header. */
		frames_put16(frame + 50, frames_sum(frame + 26, 8, 6 + len - 34));
		assert_false(frames_whole(frame, len));
		net_csum_make(&o, frame, len);
		assert_true(frames_whole(frame, len));
	}
}

static void test_tcp_is_cut_into_whole_packets(void **state)
{
	const uint32_t payload = 10000, size = 1448;

	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct net_offload o = tcp(ipv6, (uint16_t)size);
		uint32_t head = frames_headers(ipv6, FRAMES_TCP), n, got = 0, count = 0;
		uint32_t len = frames_make(frame, ipv6, FRAMES_TCP, payload);
		uint8_t piece[NET_FRAME_MAX];
		struct net_cut c;

		assert_int_equal(net_cut_init(&c, &o, frame, len), 0);
		while ((n = net_cut_next(&c, piece)) > 0) {
			const uint8_t *t = piece + (ipv6 ? 54 : 34);
			uint32_t seq = 0xffffff00 + got;
			bool last = got + size >= payload;

			assert_true(frames_whole(piece, n));
			assert_int_equal(frames_get16(t + 4) << 16 | frames_get16(t + 6), seq);
			assert_int_equal(
				t[13], 0x10 | (count ? 0 : 0x80) | (last ? 0x08 | 0x01 : 0));
			if (!ipv6)
				assert_int_equal(frames_get16(piece + 18), 0x1234 + count);
			memcpy(back + got, piece + head, n - head);
			got += n - head;
			count++;
		}
		assert_int_equal(count, 7);
		assert_int_equal(got, payload);
		assert_memory_equal(back, frame + head, payload);
	}
}

static void test_datagrams_are_cut_each_with_its_own_length(void **state)
{
	struct net_offload o = tcp(false, 1000);
	uint32_t len = frames_make(frame, false, FRAMES_UDP, 2500), n, count = 0;
	uint8_t piece[NET_FRAME_MAX];
	struct net_cut c;

	(void)state;
	o.gso = NET_GSO_UDP;
	o.csum_offset = le16_of(6);
	assert_int_equal(net_cut_init(&c, &o, frame, len), 0);
	while ((n = net_cut_next(&c, piece)) > 0) {
		assert_true(frames_whole(piece, n));
		assert_int_equal(frames_get16(piece + 38), count < 2 ? 1008 : 508);
		count++;
	}
	assert_int_equal(count, 3);
}

static void test_frames_that_are_not_what_they_say_are_not_cut(void **state)
{
	struct net_offload o = tcp(false, 1000);
	uint32_t len = frames_make(frame, false, FRAMES_TCP, 3000);
	struct net_cut c;

	(void)state;
	o.gso = NET_GSO_TCP6;
	assert_int_equal(net_cut_init(&c, &o, frame, len), GUEST_E_FORMAT);
	o.gso = NET_GSO_UDP;
	assert_int_equal(net_cut_init(&c, &o, frame, len), GUEST_E_FORMAT);
	o = tcp(false, 20000);
	len = frames_make(frame, false, FRAMES_TCP, 30000);
	assert_int_equal(net_cut_init(&c, &o, frame, len), GUEST_E_RANGE);
	o = tcp(false, 1000);
	frame[46] = 0xf0; /* a TCP header of 60 bytes is there, one of 16 is none */
	assert_int_equal(net_cut_init(&c, &o, frame, 80), GUEST_E_FORMAT);
	frame[46] = 0x40;
	assert_int_equal(net_cut_init(&c, &o, frame, len), GUEST_E_FORMAT);
	frame[20] = 0x20; /* a fragment */
	frame[46] = 0x80;
	assert_int_equal(net_cut_init(&c, &o, frame, len), GUEST_E_FORMAT);
}

static void test_what_is_left_is_checked_against_the_frame(void **state)
{
	struct net_offload o = tcp(false, 1000);

	(void)state;
	assert_int_equal(net_offload_check(&o, 60000), 0);
	assert_int_equal(net_offload_check(&o, NET_UNCUT_MAX + 1), GUEST_E_RANGE);
	assert_int_equal(net_offload_check(&o, 51), GUEST_E_RANGE);
	o.gso_size = le16_of(3); /* thousands of packets of nothing */
	assert_int_equal(net_offload_check(&o, 60000), GUEST_E_RANGE);
	o.gso_size = le16_of(0);
	assert_int_equal(net_offload_check(&o, 60000), GUEST_E_FORMAT);
	o = tcp(false, 1000);
	o.flags = 0;
	assert_int_equal(net_offload_check(&o, 60000), GUEST_E_FORMAT);
	o.gso = 3;
	assert_int_equal(net_offload_check(&o, 60000), GUEST_E_FORMAT);
	o = (struct net_offload){ 0 };
	assert_int_equal(net_offload_check(&o, NET_FRAME_MAX), 0);
	assert_int_equal(net_offload_check(&o, NET_FRAME_MAX + 1), GUEST_E_RANGE);
	assert_int_equal(net_offload_check(&o, 13), GUEST_E_SHORT);
}

static void test_packets_carry_frames_with_what_is_left(void **state)
{
	static struct net_packet p;
	struct net_offload o = tcp(true, 1000);
	struct net_item it;
	uint32_t off = 0;

	(void)state;
	p.len = 0;
	assert_true(net_packet_takes(&p, NET_TAKES_CSUM));
	memset(net_packet_reserve(&p, 100), 1, 100);
	memset(net_packet_reserve(&p, 60000), 2, 60000);
	net_packet_describe(&p, 60000, &o);
	assert_null(net_packet_reserve(&p, 60000));
	assert_int_equal(net_packet_next(p.b, p.len, &off, &it), 1);
	assert_null(it.frame);
	assert_int_equal(it.takes, NET_TAKES_CSUM);
	assert_int_equal(net_packet_next(p.b, p.len, &off, &it), 1);
	assert_int_equal(it.len, 100);
	assert_true(net_offload_none(&it.o));
	assert_int_equal(net_packet_next(p.b, p.len, &off, &it), 1);
	assert_int_equal(it.len, 60000);
	assert_memory_equal(&it.o, &o, sizeof(o));
	assert_int_equal(net_packet_next(p.b, p.len, &off, &it), 0);
	/* Cut off, or longer than a frame that need not be cut. */
	off = 0;
	assert_int_equal(net_packet_next(p.b, 20, &off, &it), 1);
	assert_int_equal(net_packet_next(p.b, 20, &off, &it), -EBADMSG);
	p.len = 0;
	memset(net_packet_reserve(&p, 60000), 2, 60000);
	off = 0;
	assert_int_equal(net_packet_next(p.b, p.len, &off, &it), -EBADMSG);
}

/* ---- the gateway's sizes ---- */

struct outs {
	uint32_t n, len, payload;
	struct net_offload o;
	bool whole;
};

static void on_out(void *ctx, const struct net_offload *o, const uint8_t *f, uint32_t len)
{
	struct outs *s = ctx;

	s->n++;
	s->len = len;
	s->o = o ? *o : (struct net_offload){ 0 };
	/* A fragment's place, and what comes with it. */
	if (f[23] == FRAMES_UDP && len > 34) {
		assert_true(frames_sum(f + 14, 20, 0) == 0xffff);
		memcpy(back + (frames_get16(f + 20) & 0x1fff) * 8, f + 34, len - 34);
		s->payload += len - 34;
	}
	s->whole = frames_whole(f, len);
}

static void make_syn(uint8_t *f, uint16_t mss)
{
	frames_make(f, false, FRAMES_TCP, 0);
	f[47] = 0x02;
	f[54] = 2;
	f[55] = 4;
	frames_put16(f + 56, mss);
}

/* From the host to the guest: the other direction of make_syn()'s connection. */
static void turn_round(uint8_t *f)
{
	uint8_t t[4];

	memcpy(t, f + 26, 4);
	memcpy(f + 26, f + 30, 4);
	memcpy(f + 30, t, 4);
	memcpy(t, f + 34, 2);
	memcpy(f + 34, f + 36, 2);
	memcpy(f + 36, t, 2);
}

static void test_connection_gets_segments_of_the_size_that_it_asked_for(void **state)
{
	static struct segments s;
	struct outs out = { 0 };
	uint32_t len;

	(void)state;
	segments_init(&s, 1500);
	make_syn(frame, 1300);
	segments_from_guest(&s, frame, 66);
	/* To libslirp the guest has no limit. */
	assert_true(frames_get16(frame + 56) > 60000);
	assert_true(frames_whole(frame, 66));
	len = frames_make(frame, false, FRAMES_TCP, 20000);
	turn_round(frame);
	segments_to_guest(&s, frame, len, on_out, &out);
	assert_int_equal(out.n, 1);
	assert_int_equal(out.o.gso, NET_GSO_TCP4);
	assert_int_equal(le16_get(out.o.gso_size), 1300);
	assert_int_equal(net_offload_check(&out.o, len), 0);
	/* The rest of the checksum is for who cuts it, or for who need not. */
	net_csum_make(&out.o, frame, len);
	assert_true(frames_whole(frame, len));

	/* One that was never seen: what every host takes. */
	frame[36] ^= 1;
	segments_to_guest(&s, frame, len, on_out, &out);
	assert_int_equal(le16_get(out.o.gso_size), 536);
}

static void test_limit_of_the_network_counts_too(void **state)
{
	static struct segments s;
	struct outs out = { 0 };
	uint32_t len;

	(void)state;
	segments_init(&s, 1000);
	make_syn(frame, 1460);
	segments_from_guest(&s, frame, 66);
	len = frames_make(frame, false, FRAMES_TCP, 20000);
	turn_round(frame);
	segments_to_guest(&s, frame, len, on_out, &out);
	assert_int_equal(le16_get(out.o.gso_size), 1000 - 52);
}

static void test_long_datagram_becomes_fragments(void **state)
{
	static struct segments s;
	struct outs out = { 0 };
	uint32_t len = frames_make(frame, false, FRAMES_UDP, 5000);

	(void)state;
	segments_init(&s, 1500);
	segments_to_guest(&s, frame, len, on_out, &out);
	assert_int_equal(out.n, 4);
	assert_int_equal(out.payload, 5008);
	assert_memory_equal(back, frame + 34, 5008);
	len = frames_make(frame, false, FRAMES_UDP, 1000);
	segments_to_guest(&s, frame, len, on_out, &out);
	assert_int_equal(out.len, len);
	assert_int_equal(out.o.flags, NET_OFFLOAD_VALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checksum_is_made_for_every_length),
		cmocka_unit_test(test_tcp_is_cut_into_whole_packets),
		cmocka_unit_test(test_datagrams_are_cut_each_with_its_own_length),
		cmocka_unit_test(test_frames_that_are_not_what_they_say_are_not_cut),
		cmocka_unit_test(test_what_is_left_is_checked_against_the_frame),
		cmocka_unit_test(test_packets_carry_frames_with_what_is_left),
		cmocka_unit_test(test_connection_gets_segments_of_the_size_that_it_asked_for),
		cmocka_unit_test(test_limit_of_the_network_counts_too),
		cmocka_unit_test(test_long_datagram_becomes_fragments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
