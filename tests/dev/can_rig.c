/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/dev/can_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/ipc.h"

static struct can_rig *rig_on(struct can_port *port, int bus, unsigned int kind, uint64_t features)
{
	struct can_rig *r = test_calloc(1, sizeof(*r));
	struct can_dev_config cfg = { .tag = "test/can0" };

	r->m = mock_new(kind);
	r->bus = bus;
	assert_int_equal(can_dev_new(&r->dev, port, &cfg), 0);
	mock_set_queue_size(r->m, 256);
	mock_attach(r->m, r->dev);
	mock_start(r->m, features);
	return r;
}

struct can_rig *rig_new(unsigned int kind, uint64_t features)
{
	struct can_port *port;
	int fds[2];

	assert_int_equal(ipc_pair(fds, 0), 0);
	assert_int_equal(fd_set_nonblock(fds[1], 1), 0);
	assert_int_equal(can_port_hub_new(&port, fds[0]), 0);
	return rig_on(port, fds[1], kind, features);
}

struct can_rig *rig_new_null(void)
{
	struct can_port *port;

	assert_int_equal(can_port_null_new(&port), 0);
	return rig_on(port, -1, 0, ALL);
}

struct can_rig *rig_new_started(unsigned int kind)
{
	struct can_rig *r = rig_new(kind, ALL);

	rig_start(r);
	return r;
}

void rig_free(struct can_rig *r)
{
	assert_false(mock_needs_reset(r->m));
	mock_free(r->m);
	fd_close(&r->bus);
	test_free(r);
}

void rig_bus_drain(struct can_rig *r)
{
	static uint8_t buf[CAN_PORT_PACKET_BYTES];
	ssize_t len;

	while ((len = recv(r->bus, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		uint32_t off = 0;

		while (can_packet_next(buf, (uint32_t)len, &off, &r->got[r->n]) > 0) {
			r->n++;
			assert_in_range(r->n, 0, ARRAY_SIZE(r->got) - 1);
		}
	}
}

static bool have_got(void *arg)
{
	struct can_rig *r = arg;

	rig_bus_drain(r);
	return r->n >= r->want;
}

void rig_until_got(struct can_rig *r, unsigned int n)
{
	r->want = n;
	assert_true(mock_until(r->m, have_got, r));
}

void rig_bus_says(struct can_rig *r, const struct can_rec_frame *rec)
{
	struct can_packet p = { .len = 0 };

	assert_true(can_packet_add(&p, rec));
	assert_int_equal(ipc_send(r->bus, p.b, p.len, NULL, 0), 0);
}

void rig_bus_answers(struct can_rig *r, unsigned int nth, uint8_t kind)
{
	struct can_rec_frame rec = { .h = { .serial = r->got[nth].h.serial, .kind = kind } };

	rig_bus_says(r, &rec);
}

void rig_bus_acks(struct can_rig *r, unsigned int from, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		rig_bus_answers(r, from + i, CAN_REC_ACK);
}

void rig_bus_sends(struct can_rig *r, uint32_t id, uint8_t len, uint8_t flags)
{
	struct can_rec_frame rec = { .h = { .kind = CAN_REC_FRAME,
					     .mtu = flags & CANFD_FDF ? CANFD_MTU : CAN_MTU },
		.f = { .can_id = id, .len = len, .flags = flags } };

	for (uint8_t i = 0; i < len && !(id & CAN_RTR_FLAG); i++)
		rec.f.data[i] = (uint8_t)(i + 1);
	rig_bus_says(r, &rec);
}

int rig_control(struct can_rig *r, uint16_t msg)
{
	struct virtio_can_control_out req = { .msg_type = le16_of(msg) };
	uint8_t result = 0xff;
	int n = mock_send(r->m, CTRLQ, &req, sizeof(req), &result, sizeof(result));

	assert_int_equal(n, 1);
	return result;
}

void rig_start(struct can_rig *r)
{
	unsigned int n = r->n;

	assert_int_equal(rig_control(r, VIRTIO_CAN_SET_CTRL_START), VIRTIO_CAN_RESULT_OK);
	if (r->bus >= 0) {
		rig_until_got(r, n + 1);
		assert_int_equal(r->got[n].h.kind, CAN_REC_START);
	}
}

struct can_tx rig_tx(uint32_t id, uint16_t len, uint32_t flags)
{
	struct can_tx t = { .h = { .msg_type = le16_of(VIRTIO_CAN_TX),
				    .length = le16_of(len),
				    .flags = le32_of(flags),
				    .can_id = le32_of(id) } };

	for (unsigned int i = 0; i < sizeof(t.sdu); i++)
		t.sdu[i] = (uint8_t)(0xc0 + i);
	return t;
}

void rig_post_tx(struct can_rig *r, const struct can_tx *t, uint32_t sdu_bytes)
{
	assert_true(mock_post(r->m, TXQ, t, (uint32_t)sizeof(t->h) + sdu_bytes, 1) >= 0);
}

void rig_post_many(struct can_rig *r, const struct can_tx *t, uint32_t sdu_bytes, unsigned int n)
{
	struct mock_iov out = { t, (uint32_t)sizeof(t->h) + sdu_bytes }, in = { NULL, 1 };

	for (unsigned int i = 0; i < n; i++)
		assert_true(mock_add(r->m, TXQ, &out, 1, &in, 1) >= 0);
	(void)mock_kick(r->m, TXQ);
}

uint8_t rig_tx_result(struct can_rig *r)
{
	struct mock_used u;

	assert_true(mock_wait(r->m, TXQ, &u));
	assert_int_equal(u.len, 1);
	return u.in[0];
}

void rig_all_ok(struct can_rig *r, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(rig_tx_result(r), VIRTIO_CAN_RESULT_OK);
}

void rig_rejects(struct can_rig *r, const struct can_tx *t, uint32_t sdu_bytes)
{
	unsigned int n = r->n;

	rig_post_tx(r, t, sdu_bytes);
	assert_int_equal(rig_tx_result(r), VIRTIO_CAN_RESULT_NOT_OK);
	rig_bus_drain(r);
	assert_int_equal(r->n, n);
}

void rig_post_rx(struct can_rig *r, unsigned int n, uint32_t bytes)
{
	for (unsigned int i = 0; i < n; i++)
		assert_true(mock_post(r->m, RXQ, NULL, 0, bytes) >= 0);
}

void rig_hears(struct can_rig *r, uint32_t id, uint16_t len, uint32_t flags)
{
	struct virtio_can_hdr h;
	struct mock_used u;

	assert_true(mock_wait(r->m, RXQ, &u));
	assert_int_equal(u.len, sizeof(h) + len);
	memcpy(&h, u.in, sizeof(h));
	assert_int_equal(le16_get(h.msg_type), VIRTIO_CAN_RX);
	assert_int_equal(le16_get(h.length), len);
	assert_int_equal(le32_get(h.flags), flags);
	assert_int_equal(le32_get(h.can_id), id);
	for (unsigned int i = 0; i < len; i++)
		assert_int_equal(u.in[sizeof(h) + i], flags & VIRTIO_CAN_FLAGS_RTR ? 0 : i + 1);
}
