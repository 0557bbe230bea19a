/* SPDX-License-Identifier: Apache-2.0 */
/* The Ethernet switch and its captures, with a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/proto/net_port.h"
#include "sim/netswitch/pcapng.h"
#include "sim/netswitch/switch.h"
#include "tests/support/net_frames.h"

#define PORTS 4

struct seen {
	unsigned int n;
	uint32_t len;
	struct net_offload o;
	uint8_t last[NET_UNCUT_MAX];
};

struct rig {
	struct netswitch *s;
	struct netswitch_port *p[PORTS];
	struct seen seen[PORTS];
};

static void output(void *ctx, const struct net_offload *o, const uint8_t *frame, uint32_t len)
{
	struct seen *s = ctx;

	s->n++;
	s->o = o ? *o : (struct net_offload){ 0 };
	s->len = len;
	memcpy(s->last, frame, len);
}

static void rig_open(struct rig *r, const struct netswitch_port_config *cfg)
{
	struct netswitch_config sc = { .seed = 7, .ageing_ns = NS_PER_S };

	memset(r, 0, sizeof(*r));
	assert_int_equal(netswitch_new(&r->s, &sc), 0);
	for (unsigned int i = 0; i < PORTS; i++) {
		struct netswitch_port_config pc = cfg[i];

		pc.output = output;
		pc.ctx = &r->seen[i];
		assert_int_equal(netswitch_add(r->s, &pc, &r->p[i]), 0);
	}
}

/* A frame of 60 bytes from station `from` to station `to` (0xff: all). */
static void say(struct rig *r, unsigned int port, uint8_t from, uint8_t to, uint64_t now_ns)
{
	uint8_t f[60] = { 0 };

	memset(f, to == 0xff ? 0xff : 0, 6);
	f[0] = to == 0xff ? 0xff : 2;
	f[5] = to;
	f[6] = 2;
	f[11] = from;
	f[12] = 0x08;
	netswitch_input(r->p[port], NULL, f, sizeof(f), now_ns);
}

static const struct netswitch_port_config plain[PORTS];

static void test_unknown_station_is_flooded_and_a_known_one_is_not(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, plain);
	say(&r, 0, 1, 2, 10);
	assert_int_equal(r.seen[0].n, 0);
	assert_int_equal(r.seen[1].n, 1);
	assert_int_equal(r.seen[3].n, 1);
	say(&r, 1, 2, 1, 20);
	assert_int_equal(r.seen[0].n, 1);
	assert_int_equal(r.seen[3].n, 1);
	say(&r, 0, 1, 0xff, 30);
	assert_int_equal(r.seen[3].n, 2);
	netswitch_free(r.s);
}

static void test_silent_station_is_forgotten(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, plain);
	say(&r, 1, 2, 0xff, 10);
	assert_int_equal(netswitch_known(r.s, 10), 1);
	say(&r, 0, 1, 2, 10 + NS_PER_S);
	assert_int_equal(r.seen[3].n, 2); /* flooded again */
	netswitch_free(r.s);
}

static void test_flood_of_addresses_stays_within_the_table(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, plain);
	for (uint32_t i = 0; i < 20000; i++) {
		uint8_t f[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2 };

		memcpy(f + 8, &i, sizeof(i));
		netswitch_input(r.p[0], NULL, f, sizeof(f), 10 + i);
	}
	assert_in_range(netswitch_known(r.s, 20010), 1, NETSWITCH_MACS);
	netswitch_free(r.s);
}

static void test_vlans_are_kept_apart_and_the_trunk_has_tags(void **state)
{
	static const struct netswitch_port_config cfg[PORTS] = { { .vlan = 10 }, { .vlan = 20 },
		{ .vlan = 1, .trunk = true }, { .vlan = 10 } };
	uint8_t tagged[64] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 0x81, 0, 0,
		20 };
	struct rig r;

	(void)state;
	rig_open(&r, cfg);
	say(&r, 0, 1, 0xff, 10);
	assert_int_equal(r.seen[1].n, 0);
	assert_int_equal(r.seen[3].n, 1);
	assert_int_equal(r.seen[3].len, 60);
	assert_int_equal(r.seen[2].len, 64);
	assert_memory_equal(r.seen[2].last + 12, "\x81\x00\x00\x0a\x08\x00", 6);
	netswitch_input(r.p[2], NULL, tagged, sizeof(tagged), 20);
	assert_int_equal(r.seen[1].n, 1);
	assert_int_equal(r.seen[1].len, 60);
	assert_int_equal(r.seen[0].n, 0);
	/* A guest cannot leave its VLAN by a tag. */
	netswitch_input(r.p[0], NULL, tagged, sizeof(tagged), 30);
	assert_int_equal(r.seen[1].n, 1);
	assert_int_equal(netswitch_port_stats(r.p[0]).refused, 1);
	netswitch_free(r.s);
}

static void test_line_takes_the_time_of_its_bandwidth_and_delay(void **state)
{
	/* 84 bytes of line time at 672 kbit/s: 1 ms. */
	static const struct netswitch_port_config cfg[PORTS] = { { .vlan = 1 },
		{ .bandwidth_bps = 672000, .delay_ns = 5 * NS_PER_MS } };
	struct rig r;

	(void)state;
	rig_open(&r, cfg);
	say(&r, 0, 1, 0xff, NS_PER_MS);
	say(&r, 0, 1, 0xff, NS_PER_MS);
	assert_int_equal(r.seen[1].n, 0);
	assert_int_equal(r.seen[2].n, 2);
	assert_int_equal(netswitch_next_ns(r.s), 7 * NS_PER_MS);
	netswitch_run(r.s, 7 * NS_PER_MS - 1);
	assert_int_equal(r.seen[1].n, 0);
	netswitch_run(r.s, 7 * NS_PER_MS);
	assert_int_equal(r.seen[1].n, 1);
	netswitch_run(r.s, 8 * NS_PER_MS);
	assert_int_equal(r.seen[1].n, 2);
	assert_int_equal(netswitch_next_ns(r.s), 0);
	for (unsigned int i = 0; i < 2 * NETSWITCH_LINE; i++)
		say(&r, 0, 1, 0xff, NS_PER_S);
	assert_int_equal(netswitch_port_stats(r.p[1]).overrun, NETSWITCH_LINE);
	netswitch_free(r.s);
}

static void test_losses_repeat_with_the_seed(void **state)
{
	static const struct netswitch_port_config cfg[PORTS] = { { .vlan = 1 },
		{ .loss_ppm = 250000 } };
	unsigned int first = 0;

	(void)state;
	for (int round = 0; round < 2; round++) {
		struct rig r;

		rig_open(&r, cfg);
		for (unsigned int i = 0; i < 1000; i++)
			say(&r, 0, 1, 0xff, 10 + i);
		assert_in_range(r.seen[1].n, 650, 850);
		assert_int_equal(r.seen[1].n + netswitch_port_stats(r.p[1]).lost, 1000);
		if (round)
			assert_int_equal(r.seen[1].n, first);
		first = r.seen[1].n;
		netswitch_free(r.s);
	}
}

static const struct net_offload uncut = { .flags = NET_OFFLOAD_CSUM,
	.gso = NET_GSO_TCP4,
	.gso_size = { { 0xa8, 0x05 } }, /* 1448 */
	.csum_start = { { 34, 0 } },
	.csum_offset = { { 16, 0 } } };

static void test_uncut_frame_is_cut_only_where_it_must_be(void **state)
{
	static const struct netswitch_port_config cfg[PORTS] = { { .vlan = 1 },
		{ .takes = NET_TAKES_CSUM | NET_TAKES_TSO4 }, { .takes = NET_TAKES_CSUM },
		{ .takes = NET_TAKES_CSUM | NET_TAKES_TSO4,
			.bandwidth_bps = 1000000000,
			.delay_ns = 1 } };
	static uint8_t f[NET_UNCUT_MAX];
	uint32_t len = frames_make(f, false, FRAMES_TCP, 10000);
	struct rig r;

	(void)state;
	rig_open(&r, cfg);
	netswitch_input(r.p[0], &uncut, f, len, 10);
	assert_int_equal(r.seen[1].n, 1);
	assert_int_equal(r.seen[1].len, len);
	assert_memory_equal(&r.seen[1].o, &uncut, sizeof(uncut));
	/* A guest that takes no segments gets packets. */
	assert_int_equal(r.seen[2].n, 7);
	assert_true(frames_whole(r.seen[2].last, r.seen[2].len));
	/* On a slow line each has its time. */
	netswitch_run(r.s, NS_PER_S);
	assert_int_equal(r.seen[3].n, 7);
	assert_true(frames_whole(r.seen[3].last, r.seen[3].len));
	netswitch_takes(r.p[1], 0);
	netswitch_input(r.p[0], &uncut, f, len, 20);
	assert_int_equal(r.seen[1].n, 8);
	netswitch_free(r.s);
}

static void test_checksum_is_made_for_who_does_not_make_it(void **state)
{
	static const struct netswitch_port_config cfg[PORTS] = { { .vlan = 1 },
		{ .takes = NET_TAKES_CSUM } };
	struct net_offload o = {
		.flags = NET_OFFLOAD_CSUM, .csum_start = le16_of(34), .csum_offset = le16_of(16)
	};
	uint8_t f[200];
	uint32_t len = frames_make(f, false, FRAMES_TCP, 100);
	struct rig r;

	(void)state;
	frames_put16(f + 50, frames_sum(f + 26, 8, 6 + len - 34));
	rig_open(&r, cfg);
	netswitch_input(r.p[0], &o, f, len, 10);
	assert_int_equal(r.seen[1].o.flags, NET_OFFLOAD_CSUM);
	assert_memory_equal(r.seen[1].last, f, len);
	assert_int_equal(r.seen[2].o.flags, 0);
	assert_true(frames_whole(r.seen[2].last, r.seen[2].len));
	netswitch_free(r.s);
}

static void test_tag_moves_what_is_left_to_do(void **state)
{
	static const struct netswitch_port_config cfg[PORTS] = { { .vlan = 7 },
		{ .trunk = true, .takes = NET_TAKES_CSUM | NET_TAKES_TSO4 },
		{ .vlan = 7, .takes = NET_TAKES_CSUM | NET_TAKES_TSO4 } };
	static uint8_t f[NET_UNCUT_MAX];
	uint32_t len = frames_make(f, false, FRAMES_TCP, 10000);
	struct net_offload o;
	struct rig r;

	(void)state;
	rig_open(&r, cfg);
	netswitch_input(r.p[0], &uncut, f, len, 10);
	assert_int_equal(r.seen[1].len, len + 4);
	assert_int_equal(le16_get(r.seen[1].o.csum_start), 38);
	assert_int_equal(le16_get(r.seen[2].o.csum_start), 34);
	/* And back, without a tag. */
	o = r.seen[1].o;
	memcpy(f, r.seen[1].last, len + 4);
	f[5] = 9;
	netswitch_input(r.p[1], &o, f, len + 4, 20);
	assert_int_equal(r.seen[2].n, 2);
	assert_int_equal(r.seen[2].len, len);
	assert_memory_equal(&r.seen[2].o, &uncut, sizeof(uncut));
	/* A checksum of the tag itself cannot be kept. */
	o = (struct net_offload){ .flags = NET_OFFLOAD_CSUM, .csum_start = le16_of(14) };
	netswitch_input(r.p[1], &o, f, 100, 30);
	assert_int_equal(netswitch_port_stats(r.p[1]).refused, 1);
	netswitch_free(r.s);
}

static void test_removed_port_is_no_destination(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, plain);
	say(&r, 1, 2, 0xff, 10);
	netswitch_remove(r.p[1]);
	say(&r, 0, 1, 2, 20);
	assert_int_equal(r.seen[1].n, 0);
	assert_int_equal(r.seen[2].n, 2);
	netswitch_free(r.s);
}

static uint32_t word(const uint8_t *b)
{
	uint32_t v;

	memcpy(&v, b, sizeof(v));
	return v;
}

static void test_capture_can_be_read_back(void **state)
{
	char path[] = "/tmp/dyno-pcapng-XXXXXX";
	uint8_t frame[61] = { 1, 2, 3 }, *buf;
	uint32_t n_packets = 0, n_interfaces = 0;
	struct pcapng *p;
	struct err e;
	size_t len;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(pcapng_new(&p, path, 400, &e), 0);
	assert_int_equal(pcapng_add_interface(p, "cluster.0", 9018), 0);
	assert_int_equal(pcapng_add_interface(p, "ivi", 9018), 1);
	pcapng_frame(p, 1, UINT64_C(0x123456789abcdef), frame, sizeof(frame));
	pcapng_frame(p, 0, 2, frame, 60);
	pcapng_frame(p, 0, 3, frame, 60); /* past 400 bytes */
	assert_int_equal(pcapng_lost(p), 1);
	assert_int_equal(pcapng_free(p), 0);
	assert_int_equal(file_slurp(path, 4096, &buf, &len, &e), 0);
	unlink(path);
	assert_int_equal(word(buf), 0x0a0d0d0a);
	assert_int_equal(word(buf + 8), 0x1a2b3c4d);
	for (size_t at = 0; at < len;) {
		uint32_t total = word(buf + at + 4);

		assert_true(total >= 12 && total % 4 == 0 && total <= len - at);
		assert_int_equal(word(buf + at + total - 4), total);
		n_interfaces += word(buf + at) == 1;
		if (word(buf + at) == 6 && n_packets++ == 0) {
			assert_int_equal(word(buf + at + 8), 1);
			assert_int_equal(word(buf + at + 12), 0x1234567);
			assert_int_equal(word(buf + at + 16), 0x89abcdef);
			assert_int_equal(word(buf + at + 20), 61);
			assert_memory_equal(buf + at + 28, frame, 61);
		}
		at += total;
	}
	assert_int_equal(n_interfaces, 2);
	assert_int_equal(n_packets, 2);
	free(buf);
}

static void test_addresses_are_read_as_written_and_nothing_else(void **state)
{
	static const char *const wrong[] = { "", "02", "02:00:00:00:00", "02:00:00:00:00:0",
		"02:00:00:00:00:01 ", "02:00:00:00:00:01:02", "02-00-00-00-00-01",
		" 2:00:00:00:00:01", "0x:00:00:00:00:01", "02:00:00:00:00:0g" };
	uint8_t mac[NET_MAC_BYTES] = { 0 };

	(void)state;
	assert_true(net_mac_parse("02:aB:00:ff:10:01", mac));
	assert_memory_equal(mac, ((uint8_t[]){ 0x02, 0xab, 0, 0xff, 0x10, 1 }), 6);
	assert_false(net_mac_is_group(mac));
	assert_true(net_mac_is_group((uint8_t[]){ 1, 0, 0, 0, 0, 0 }));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(net_mac_parse(wrong[i], mac));
	assert_int_equal(mac[1], 0xab); /* untouched */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_are_read_as_written_and_nothing_else),
		cmocka_unit_test(test_unknown_station_is_flooded_and_a_known_one_is_not),
		cmocka_unit_test(test_silent_station_is_forgotten),
		cmocka_unit_test(test_flood_of_addresses_stays_within_the_table),
		cmocka_unit_test(test_vlans_are_kept_apart_and_the_trunk_has_tags),
		cmocka_unit_test(test_line_takes_the_time_of_its_bandwidth_and_delay),
		cmocka_unit_test(test_losses_repeat_with_the_seed),
		cmocka_unit_test(test_uncut_frame_is_cut_only_where_it_must_be),
		cmocka_unit_test(test_checksum_is_made_for_who_does_not_make_it),
		cmocka_unit_test(test_tag_moves_what_is_left_to_do),
		cmocka_unit_test(test_removed_port_is_no_destination),
		cmocka_unit_test(test_capture_can_be_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
