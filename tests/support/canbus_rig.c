/* SPDX-License-Identifier: Apache-2.0 */
/* See canbus_rig.h. */
#include "tests/support/canbus_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/ipc.h"

void rig_tap(void *ctx, const struct canbus_frame *fr)
{
	struct rig *b = ctx;

	assert_in_range(b->n_tapped, 0, 63);
	(void)snprintf(b->tapped_from[b->n_tapped], 64, "%s",
		fr->from ? canbus_port_name(fr->from) : "bench");
	b->tapped_t[b->n_tapped] = fr->t_ns;
	b->tapped[b->n_tapped++] = *fr->f;
}

static void on_port(void *ctx, struct canbus_port *p, enum canbus_port_event ev)
{
	struct rig *b = ctx;

	(void)p;
	if (b->n_events < 32)
		b->event[b->n_events++] = ev;
}

struct rig *rig_new(const struct canbus_config *cfg, unsigned int nodes, bool tap)
{
	struct rig *b = test_calloc(1, sizeof(*b));
	struct canbus_config c = *cfg;

	c.name = "can0";
	c.port_event = on_port;
	c.ctx = b;
	assert_int_equal(ev_loop_new(&b->loop), 0);
	assert_int_equal(canbus_new(&b->bus, b->loop, &c), 0);
	for (unsigned int i = 0; i < MAX_NODES; i++)
		b->node[i].fd = -1;
	for (unsigned int i = 0; i < nodes; i++) {
		char name[16];
		int fds[2];

		assert_int_equal(ipc_pair(fds, 0), 0);
		(void)snprintf(name, sizeof(name), "node%u", i);
		assert_int_equal(canbus_add_port(b->bus, fds[0], name, &b->node[i].port), 0);
		b->node[i].fd = fds[1];
		assert_int_equal(fd_set_nonblock(fds[1], 1), 0);
	}
	if (tap) {
		b->tap = (struct canbus_tap){ .frame = rig_tap, .ctx = b };
		canbus_tap(b->bus, &b->tap);
	}
	return b;
}

void rig_free(struct rig *b)
{
	canbus_free(b->bus);
	for (unsigned int i = 0; i < MAX_NODES; i++)
		fd_close(&b->node[i].fd);
	ev_loop_free(b->loop);
	test_free(b);
}

void rig_send(struct rig_node *n, const struct can_rec_frame *r, unsigned int count)
{
	struct can_packet p = { .len = 0 };

	for (unsigned int i = 0; i < count; i++)
		assert_true(can_packet_add(&p, &r[i]));
	assert_int_equal(ipc_send(n->fd, p.b, p.len, NULL, 0), 0);
}

void rig_control(struct rig_node *n, uint8_t kind)
{
	struct can_rec_frame r = { .h = { .kind = kind } };

	rig_send(n, &r, 1);
}

struct can_rec_frame rig_frame(uint32_t id, uint32_t serial)
{
	return (struct can_rec_frame){
		.h = { .serial = serial, .kind = CAN_REC_FRAME, .mtu = CAN_MTU },
		.f = { .can_id = id, .len = 2, .data = { (uint8_t)id, 0x5a } }
	};
}

static void rig_drain(struct rig_node *n)
{
	static uint8_t buf[CAN_PORT_PACKET_BYTES];
	ssize_t len;

	while (n->fd >= 0 && (len = recv(n->fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		struct can_rec_frame r;
		uint32_t off = 0;
		int rc;

		while ((rc = can_packet_next(buf, (uint32_t)len, &off, &r)) > 0) {
			if (n->n < ARRAY_SIZE(n->got))
				n->got[n->n] = r;
			n->n++;
		}
		assert_int_equal(rc, 0);
	}
}

void rig_turn(struct rig *b)
{
	assert_int_equal(ev_loop_turn(b->loop, 1), 0);
	for (unsigned int i = 0; i < MAX_NODES; i++)
		rig_drain(&b->node[i]);
}

void rig_await(struct rig *b, unsigned int node, unsigned int count)
{
	for (unsigned int i = 0; i < PATIENCE && b->node[node].n < count; i++)
		rig_turn(b);
	assert_int_equal(b->node[node].n, count);
}

void rig_start(struct rig *b, unsigned int nodes)
{
	struct canbus_port_stats st;

	for (unsigned int i = 0; i < nodes; i++) {
		rig_control(&b->node[i], CAN_REC_START);
		for (unsigned int k = 0; k < PATIENCE; k++) {
			rig_turn(b);
			canbus_port_get_stats(b->node[i].port, &st);
			if (st.active)
				break;
		}
		assert_true(st.active);
	}
}

void rig_settle(struct rig *b)
{
	for (unsigned int i = 0; i < 20; i++)
		rig_turn(b);
}
