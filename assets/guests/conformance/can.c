/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "CAN Device". The other end of the bus plays along (tests/guest/): it acknowledges every frame
 * and sends it back with identifier + 1, but leaves identifier HOLD unanswered, and answers
 * BUSOFF_NOW with bus-off. Option can=peer says that it is there; else only refusals are tested.
 */
#include <string.h>

#include "suite.h"

#define F_CLASSIC VIRTIO_BIT(0)
#define F_FD      VIRTIO_BIT(1)
#define F_RTR     VIRTIO_BIT(2)
#define F_ACK     VIRTIO_BIT(3)

#define OK     0
#define NOT_OK 1
#define LOST   0xee /* the request did not come back */

#define START 0x0201
#define STOP  0x0202

#define RTR 0x2000u
#define FD  0x4000u
#define EXT 0x8000u

#define HOLD       0x700u
#define BUSOFF_NOW 0x710u

struct msg {
	uint16_t type, length;
	uint8_t dlc, pad;
	uint16_t prio;
	uint32_t flags, id;
	uint8_t sdu[64];
};

static struct virtio_dev v;
static struct virtq tx, rx, ctrl;
static struct msg out, in[8];
static uint8_t result;

static bool open_with(uint64_t features)
{
	if (raw_open(&v, VIRTIO_CAN, 0, features) != 0 || virtq_new(&tx, &v, 0, 16) != 0 ||
		virtq_new(&rx, &v, 1, 16) != 0 || virtq_new(&ctrl, &v, 2, 4) != 0)
		return false;
	for (size_t i = 0; i < DYNO_COUNT(in); i++)
		(void)!virtq_add(&rx, &(struct virtq_buf){ &in[i], sizeof(in[i]) }, 0, 1, &in[i]);
	virtio_driver_ok(&v);
	virtq_kick_now(&rx);
	return true;
}

static void close_it(void)
{
	verdict(virtio_reset(&v) == 0, "can.end", "reset", "failed");
	virtq_free(&tx);
	virtq_free(&rx);
	virtq_free(&ctrl);
}

static uint8_t control(uint16_t type)
{
	static uint16_t t;
	uint32_t len = 0;

	t = type;
	result = LOST;
	if (!transact(&ctrl, (struct virtq_buf[]){ { &t, 2 }, { &result, 1 } }, 1, 1, &len) ||
		len < 1)
		return LOST;
	return result;
}

/* Sends `out` with that many bytes behind its header. */
static uint8_t send_out(uint32_t sdu_bytes)
{
	uint32_t len = 0;

	result = LOST;
	if (!transact(&tx, (struct virtq_buf[]){ { &out, 16 + sdu_bytes }, { &result, 1 } }, 1, 1,
		    &len))
		return LOST;
	return len >= 1 ? result : LOST;
}

static uint8_t send(uint32_t id, uint32_t flags, uint16_t length)
{
	out = (struct msg){ .type = 1, .length = length, .flags = flags, .id = id };
	for (unsigned int i = 0; i < 64; i++)
		out.sdu[i] = (uint8_t)(0x30 + i);
	return send_out(length > 64 ? 64 : (flags & RTR) != 0 ? 0 : length);
}

static void expect(uint8_t got, uint8_t want, const char *id, const char *text)
{
	verdict(got == want, id, text, "%s",
		got == OK     ? "OK"
		: got == LOST ? "no answer"
			      : "NOT_OK");
}

/* Every way to be refused, with the controller started. */
static void refusals(void)
{
	expect(send(0x100, 1, 8), NOT_OK, "can.tx.flags", "an undefined flag is refused");
	expect(send(0x100, 0x80000000u, 8), NOT_OK, "can.tx.flags", "an undefined flag is refused");
	expect(send(0x800, 0, 8), NOT_OK, "can.tx.id", "12 bits are no standard identifier");
	expect(send(0x20000000u, EXT, 8), NOT_OK, "can.tx.id", "30 bits are no identifier");
	expect(send(0x80000123u, EXT, 8), NOT_OK, "can.tx.id", "SocketCAN's flag bits are no id");
	expect(send(0x100, 0, 9), NOT_OK, "can.tx.length", "9 bytes are no classic frame");
	expect(send(0x100, FD, 65), NOT_OK, "can.tx.length", "65 bytes are no FD frame");
	expect(send(0x100, 0, 0xffff), NOT_OK, "can.tx.length", "65535 bytes are no frame");
	expect(send(0x100, FD | RTR, 8), NOT_OK, "can.tx.fdrtr", "there is no remote FD frame");
	out = (struct msg){ .type = 1, .length = 8, .id = 0x100 };
	expect(send_out(4), NOT_OK, "can.tx.short", "a payload shorter than said is refused");
	out = (struct msg){ .type = 0x0101, .length = 0, .id = 0x100 };
	expect(send_out(0), NOT_OK, "can.tx.type", "a received message cannot be sent");
	out = (struct msg){ .type = 0x7777, .length = 0, .id = 0x100 };
	expect(send_out(0), NOT_OK, "can.tx.type", "an unknown message is refused");
	expect(control(0x0203), NOT_OK, "can.ctrl.type", "an unknown control message is refused");
	verdict((virtio_status(&v) & VIRTIO_NEEDS_RESET) == 0, "can.healthy",
		"refusals do not break the device", "it needs a reset");
}

static void states(void)
{
	uint16_t status;

	virtio_config_read(&v, 0, &status, 2);
	verdict(status == 0, "can.status", "status is 0 at the start", "%04x", status);
	expect(send(0x100, 0, 8), NOT_OK, "can.stopped", "stopped: sending is refused");
	expect(control(STOP), OK, "can.stop", "STOP while stopped is done");
	expect(control(START), OK, "can.start", "START");
	refusals();
	expect(control(STOP), OK, "can.stop", "STOP");
	expect(send(0x100, 0, 8), NOT_OK, "can.stopped", "stopped: sending is refused");
}

static struct msg *receive(uint32_t *len)
{
	return wait_used(&rx, 5000) ? virtq_pop(&rx, len) : NULL;
}

static void repost(struct msg *m)
{
	(void)!virtq_add(&rx, &(struct virtq_buf){ m, sizeof(*m) }, 0, 1, m);
	virtq_kick_now(&rx);
}

static void one_echo(uint32_t id, uint32_t flags, uint16_t length, const char *text)
{
	struct msg *m;
	uint32_t len = 0;

	expect(send(id, flags, length), OK, "can.send", text);
	m = receive(&len);
	if (!verdict(m != NULL, "can.receive", text, "nothing came back"))
		return;
	verdict(m->type == 0x0101 && m->id == id + 1 && m->flags == flags && m->length == length,
		"can.echo", text, "type %04x id %x flags %x length %u", m->type, m->id, m->flags,
		m->length);
	verdict(len == 16u + length, "can.used", text, "used length %u for %u bytes", len, length);
	if ((flags & RTR) == 0)
		verdict(memcmp(m->sdu, out.sdu, length) == 0, "can.data", text, "it differs");
	repost(m);
}

static void traffic(void)
{
	expect(control(START), OK, "can.start", "START");
	one_echo(0x123, 0, 8, "a classic frame");
	one_echo(0x124, 0, 0, "a frame without data");
	one_echo(0x18daf110, EXT, 8, "an extended frame");
	if ((v.features & F_RTR) != 0)
		one_echo(0x125, RTR, 4, "a remote frame");
	if ((v.features & F_FD) != 0) {
		one_echo(0x126, FD, 64, "an FD frame of 64 bytes");
		one_echo(0x18daf111, FD | EXT, 12, "an extended FD frame");
	}
}

/* A frame that the bus never acknowledges comes back refused when the controller stops. */
static void stop_with_pending(void)
{
	static uint8_t pending;
	uint32_t len;

	if ((v.features & F_ACK) == 0) {
		verdict_skip("can.pending", "STOP returns pending frames", "no LATE_TX_ACK");
		return;
	}
	out = (struct msg){ .type = 1, .length = 0, .id = HOLD };
	pending = LOST;
	(void)!virtq_add(&tx, (struct virtq_buf[]){ { &out, 16 }, { &pending, 1 } }, 1, 1, &out);
	virtq_kick_now(&tx);
	verdict(!wait_used(&tx, 50), "can.late", "an unacknowledged frame is not returned",
		"result %u", pending);
	expect(control(STOP), OK, "can.stop", "STOP with a frame pending");
	verdict(wait_used(&tx, 5000) && virtq_pop(&tx, &len) != NULL && pending == NOT_OK,
		"can.pending", "STOP returns pending frames", "result %u", pending);
	expect(control(START), OK, "can.start", "START again");
}

static void bus_off(void)
{
	uint64_t deadline_ns = dyno_now_ns() + DYNO_MS(5000);
	uint16_t status = 0;

	virtio_config_changed(&v);
	send(BUSOFF_NOW, 0, 1);
	while (!virtio_config_changed(&v) && dyno_now_ns() < deadline_ns)
		dyno_sleep_until(dyno_now_ns() + DYNO_MS(1));
	virtio_config_read(&v, 0, &status, 2);
	verdict(dyno_now_ns() < deadline_ns, "can.busoff.irq", "bus-off interrupts",
		"nothing came");
	verdict(status == 1, "can.busoff", "bus-off is in the status", "%04x", status);
	expect(send(0x100, 0, 8), NOT_OK, "can.busoff.tx", "bus-off: sending is refused");
	expect(control(START), OK, "can.busoff.start", "START ends bus-off");
	virtio_config_read(&v, 0, &status, 2);
	verdict(status == 0, "can.busoff.clear", "status is clear after START", "%04x", status);
	one_echo(0x123, 0, 8, "a frame after bus-off");
}

void suite_can(void)
{
	const char *names = dyno_option("can");
	const bool peer = names != NULL && strcmp(names, "peer") == 0;

	if (virtio_count(VIRTIO_CAN) == 0) {
		verdict_skip("can", "CAN device", "there is none");
		return;
	}
	/* Nothing but classic: the other kinds must be refused. */
	if (verdict(open_with(F_CLASSIC), "can.classic", "the driver starts with CLASSIC alone",
		    "refused")) {
		expect(control(START), OK, "can.start", "START");
		expect(send(0x100, FD, 8), NOT_OK, "can.nofd", "FD not negotiated: refused");
		expect(send(0x100, RTR, 0), NOT_OK, "can.nortr", "RTR not negotiated: refused");
		close_it();
	}
	verdict(raw_open(&v, VIRTIO_CAN, 0, 0) != 0, "can.none",
		"FEATURES_OK refused without CLASSIC and FD", "taken");
	if (!verdict(open_with(F_CLASSIC | F_FD | F_RTR | F_ACK), "can.open",
		    "the driver starts with everything", "refused"))
		return;
	verdict((v.features & (F_CLASSIC | F_FD)) != 0, "can.features", "CLASSIC or FD is offered",
		"%llx", (unsigned long long)v.features);
	states();
	if (peer) {
		traffic();
		stop_with_pending();
		bus_off();
	} else {
		verdict_skip("can.echo", "traffic", "nobody is on the bus (can=peer)");
	}
	close_it();
}
