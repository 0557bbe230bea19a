/* SPDX-License-Identifier: Apache-2.0 */
/* A port of the switch by itself: who is slow is waited for. The test plays the device and the
 * switch. */
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
#include "devices/net/link_port.h"

#define FRAME 1500u

struct rig {
	struct ev_loop *loop;
	struct link_port *port;
	int bus; /* the switch's end */
	unsigned int room, got, writable; /* of the device: buffers, frames, calls */
};

static bool on_rx(void *ctx, const struct virtio_net_hdr *h, const uint8_t *frame, uint32_t len)
{
	struct rig *r = ctx;

	(void)h;
	if (!r->room)
		return false;
	r->room--;
	assert_int_equal(len, FRAME);
	assert_int_equal(frame[0], r->got);
	r->got++;
	return true;
}

static void on_writable(void *ctx)
{
	struct rig *r = ctx;

	r->writable++;
}

static void nothing(void *ctx)
{
	(void)ctx;
}

static void rig_open(struct rig *r)
{
	struct link_sink sink = { .rx = on_rx,
		.batch_end = nothing,
		.writable = on_writable,
		.gone = nothing,
		.ctx = r };
	int fds[2];

	memset(r, 0, sizeof(*r));
	assert_int_equal(ev_loop_new(&r->loop), 0);
	assert_int_equal(ipc_pair(fds, 0), 0);
	r->bus = fds[1];
	assert_int_equal(link_port_socket_new(&r->port, fds[0]), 0);
	assert_int_equal(r->port->ops->attach(r->port, r->loop, &sink), 0);
}

static void rig_close(struct rig *r)
{
	link_port_free(r->port);
	ev_loop_free(r->loop);
	fd_close(&r->bus);
}

static void turns(struct rig *r)
{
	for (unsigned int i = 0; i < 8; i++)
		assert_true(ev_loop_turn(r->loop, 1) >= 0);
}

static void test_frames_wait_for_a_guest_without_buffers(void **state)
{
	static struct net_packet k;
	struct net_offload o = { 0 };
	struct rig r;

	(void)state;
	rig_open(&r);
	for (uint8_t i = 0; i < 3; i++) {
		k.len = 0;
		memset(net_packet_reserve(&k, FRAME), i, FRAME);
		net_packet_describe(&k, FRAME, &o);
		assert_int_equal(send(r.bus, k.b, k.len, 0), k.len);
	}
	r.room = 1;
	turns(&r);
	assert_int_equal(r.got, 1);
	r.room = 5;
	turns(&r);
	assert_int_equal(r.got, 1);
	r.port->ops->resume(r.port);
	turns(&r);
	assert_int_equal(r.got, 3);
	rig_close(&r);
}

/* Frames of the device until there is no room for one: how many. */
static unsigned int fill(struct rig *r)
{
	struct virtio_net_hdr h = { 0 };
	unsigned int n = 0;
	uint8_t *to;

	while ((to = r->port->ops->reserve(r->port, FRAME))) {
		memset(to, (int)(n & 0xff), FRAME);
		r->port->ops->commit(r->port, &h, FRAME);
		r->port->ops->flush(r->port);
		n++;
	}
	return n;
}

/* What the switch can read now, behind `n` frames that it has: how many there are then. */
static unsigned int drain(struct rig *r, unsigned int n)
{
	static uint8_t b[NET_PORT_PACKET_BYTES];
	ssize_t len;

	while ((len = recv(r->bus, b, sizeof(b), MSG_DONTWAIT)) > 0) {
		struct net_item it;

		for (uint32_t off = 0; net_packet_next(b, (uint32_t)len, &off, &it) == 1;) {
			if (it.frame)
				assert_int_equal(it.frame[0], n++ & 0xff);
		}
	}
	return n;
}

static void test_frames_wait_for_a_switch_that_does_not_read(void **state)
{
	unsigned int sent, read = 0;
	struct rig r;

	(void)state;
	rig_open(&r);
	sent = fill(&r);
	assert_true(sent > 4);
	turns(&r);
	assert_int_equal(r.writable, 0);
	for (unsigned int i = 0; i < 100 && read < sent; i++) {
		read = drain(&r, read);
		turns(&r);
	}
	assert_int_equal(read, sent);
	assert_int_equal(r.writable, 1);
	assert_non_null(r.port->ops->reserve(r.port, FRAME));
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_wait_for_a_guest_without_buffers),
		cmocka_unit_test(test_frames_wait_for_a_switch_that_does_not_read),
	};

	return cmocka_run_group_tests_name("port of the switch", tests, NULL, NULL);
}
