/* SPDX-License-Identifier: Apache-2.0 */
/* A network on a loop: long frames, which are not copied, among short ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/proto/net_port.h"
#include "sim/netswitch/fabric.h"

#define GUESTS     2
#define LONG_BYTES 60000u

struct rig {
	struct ev_loop *loop;
	struct netfabric *f;
	int fd[GUESTS];
	struct net_packet out, in;
};

static struct rig *rig_new(void)
{
	struct usernet_config user = { .restricted = true };
	struct netfabric_config cfg = { .seed = 1, .user = &user };
	struct netfabric_line line = { 0 };
	struct rig *r = calloc(1, sizeof(*r));
	struct err e;
	int pair[2];

	assert_non_null(r);
	assert_int_equal(ev_loop_new(&r->loop), 0);
	assert_int_equal(netfabric_new(&r->f, r->loop, &cfg, &e), 0);
	for (int i = 0; i < GUESTS; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
		assert_int_equal(netfabric_plug(r->f, i ? "b" : "a", &line, pair[0]), 0);
		r->fd[i] = pair[1];
		/* It takes frames as they are. */
		r->out.len = 0;
		assert_true(net_packet_takes(&r->out, NET_TAKES_CSUM | NET_TAKES_TSO4));
		assert_int_equal(send(pair[1], r->out.b, r->out.len, 0), r->out.len);
	}
	r->out.len = 0;
	while (ev_loop_turn(r->loop, 0) > 0)
		;
	return r;
}

static void rig_free(struct rig *r)
{
	(void)netfabric_free(r->f);
	for (int i = 0; i < GUESTS; i++)
		close(r->fd[i]);
	ev_loop_free(r->loop);
	free(r);
}

/* Adds a TCP segment to what the first guest sends, to an address that nobody has: all get it. */
static void add(struct rig *r, uint32_t len, uint8_t fill)
{
	struct net_offload o = { .flags = NET_OFFLOAD_CSUM,
		.gso = len > 1514 ? NET_GSO_TCP4 : NET_GSO_NONE,
		.hdr_len = le16_of(54),
		.gso_size = le16_of(len > 1514 ? 1460 : 0),
		.csum_start = le16_of(34),
		.csum_offset = le16_of(16) };
	static const uint8_t headers[] = { 2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, 0x08,
		0x00, /* Ethernet */
		0x45, 0, 0, 0, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 2, 15, 10, 0, 2, 77, /* IPv4, TCP */
		0x10, 0, 0x20, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 0xff, 0xff, 0x12, 0x34, 0,
		0 };
	uint8_t *at = net_packet_reserve(&r->out, len);

	assert_non_null(at);
	memset(at, fill, len);
	memcpy(at, headers, sizeof(headers));
	at[16] = (uint8_t)((len - 14) >> 8);
	at[17] = (uint8_t)(len - 14);
	net_packet_describe(&r->out, len, &o);
}

static void send_all(struct rig *r)
{
	assert_int_equal(send(r->fd[0], r->out.b, r->out.len, 0), r->out.len);
	for (int i = 0; i < 3; i++)
		assert_true(ev_loop_turn(r->loop, 0) >= 0);
}

/* The second guest's next frame is as the first one sent it. */
static void assert_next(struct rig *r, uint32_t *off, uint32_t *sent_off)
{
	struct net_item got, sent;

	if (*off == r->in.len) {
		ssize_t n = recv(r->fd[1], r->in.b, sizeof(r->in.b), MSG_DONTWAIT);

		assert_true(n > 0);
		r->in.len = (uint32_t)n;
		*off = 0;
	}
	assert_int_equal(net_packet_next(r->in.b, r->in.len, off, &got), 1);
	assert_int_equal(net_packet_next(r->out.b, r->out.len, sent_off, &sent), 1);
	assert_int_equal(got.len, sent.len);
	assert_memory_equal(&got.o, &sent.o, sizeof(got.o));
	assert_memory_equal(got.frame, sent.frame, got.len);
}

static void test_long_frame_between_short_ones_arrives_unchanged_and_in_order(void **state)
{
	struct rig *r = rig_new();
	uint32_t off = 0, sent_off = 0;

	(void)state;
	add(r, 100, 'a');
	add(r, LONG_BYTES, 'b');
	add(r, 1514, 'c');
	send_all(r);
	for (int i = 0; i < 3; i++)
		assert_next(r, &off, &sent_off);
	rig_free(r);
}

static void test_long_frames_of_several_packets_arrive_unchanged(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	for (int i = 0; i < 20; i++) {
		uint32_t off = 0, sent_off = 0;

		r->out.len = r->in.len = 0;
		add(r, LONG_BYTES + (uint32_t)i, (uint8_t)i);
		send_all(r);
		assert_next(r, &off, &sent_off);
	}
	rig_free(r);
}

static void stats(void *ctx, const struct netfabric_port_stats *s)
{
	uint64_t *dropped = ctx;

	if (strcmp(s->name, "b") == 0)
		*dropped = s->dropped;
}

static void test_guest_that_reads_nothing_loses_long_frames_and_they_are_counted(void **state)
{
	struct rig *r = rig_new();
	uint64_t dropped = 0;

	(void)state;
	for (int i = 0; i < 100 && !dropped; i++) {
		r->out.len = 0;
		add(r, LONG_BYTES, 'd');
		send_all(r);
		netfabric_stats(r->f, stats, &dropped);
	}
	assert_true(dropped > 0);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_frame_between_short_ones_arrives_unchanged_and_in_order),
		cmocka_unit_test(test_long_frames_of_several_packets_arrive_unchanged),
		cmocka_unit_test(
			test_guest_that_reads_nothing_loses_long_frames_and_they_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
