/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Socket Device". With vsock=peer there are programs of the host: port 7 echoes bytes, port
 * 10 messages; port 6 accepts and does not read, and who connects to port 8 is connected to at its
 * own port 9.
 */
#include <string.h>

#include "dyno/vsock.h"
#include "suite.h"

#define PORT_SLEEPER 6u
#define PORT_ECHO    7u
#define PORT_BACK    8u
#define PORT_OWN     9u
#define PORT_MESSAGE 10u
#define NOBODY       1u
#define MANY         40u

static uint8_t out[65536], in[DYNO_VSOCK_PACKET];
static uint32_t cid;

static struct dyno_vsock_hdr packet(uint16_t op)
{
	return (struct dyno_vsock_hdr){ .src_cid = cid,
		.dst_cid = DYNO_VSOCK_HOST,
		.src_port = 2000,
		.dst_port = NOBODY,
		.type = DYNO_VSOCK_STREAM,
		.op = op,
		.buf_alloc = DYNO_VSOCK_ALLOC };
}

/* Sends it; true when RST comes back, with the ports exchanged. */
static bool reset_for(const struct dyno_vsock_hdr *h)
{
	const struct dyno_vsock_hdr *r;

	if (dyno_vsock_tx(h, NULL) != 0)
		return false;
	r = dyno_vsock_rx(3000);
	return r != NULL && r->op == DYNO_VSOCK_RST && r->src_port == h->dst_port &&
	       r->dst_port == h->src_port && r->src_cid == h->dst_cid && r->dst_cid == cid;
}

static void rules(void)
{
	struct dyno_vsock_hdr h = packet(DYNO_VSOCK_REQUEST);
	unsigned int resets = 0, taken = 0;

	verdict(reset_for(&h), "vsock.nobody", "a port on which nobody listens is reset", "no RST");
	h.type = 9;
	verdict(reset_for(&h), "vsock.type", "an unknown type is reset", "no RST");
	h = packet(99);
	verdict(reset_for(&h), "vsock.op", "an unknown operation is reset", "no RST");
	h = packet(DYNO_VSOCK_RW);
	verdict(reset_for(&h), "vsock.no-conn", "data without a connection are reset", "no RST");
	h.len = 100; /* they do not follow */
	verdict(reset_for(&h), "vsock.length", "a length beyond the packet is reset", "no RST");

	h = packet(DYNO_VSOCK_REQUEST);
	h.src_cid = cid + 1;
	verdict(dyno_vsock_tx(&h, NULL) == 0 && dyno_vsock_rx(200) == NULL, "vsock.src",
		"a packet from another context is dropped", "answered");
	h = packet(DYNO_VSOCK_RST);
	verdict(dyno_vsock_tx(&h, NULL) == 0 && dyno_vsock_rx(200) == NULL, "vsock.rst",
		"RST is not answered", "answered");

	/* "Virtqueue Flow Control" */
	if (!verdict(
		    dyno_vsock_open(0) == cid, "vsock.again", "the driver starts again", "refused"))
		return;
	h = packet(DYNO_VSOCK_CREDIT_REQUEST);
	while (taken < MANY && dyno_vsock_tx(&h, NULL) == 0)
		taken++;
	for (unsigned int i = 0; i < MANY; i++) {
		const struct dyno_vsock_hdr *r;

		dyno_vsock_more();
		r = dyno_vsock_rx(1000);
		resets += r != NULL && r->op == DYNO_VSOCK_RST;
	}
	verdict(taken == MANY && resets == MANY, "vsock.full",
		"packets are taken while there is no receive buffer, and all are answered",
		"%u taken, %u answered", taken, resets);
}

static bool echoed(struct dyno_vsock *s, uint32_t len)
{
	uint32_t got = 0;

	while (got < len) {
		const uint32_t n = dyno_vsock_recv(s, in, 5000);

		if (n == 0 || n > len - got || memcmp(in, out + got, n) != 0)
			return false;
		got += n;
	}
	return true;
}

static void streams(void)
{
	struct dyno_vsock s;
	unsigned int rounds = 0;

	if (!verdict(dyno_vsock_connect(&s, DYNO_VSOCK_HOST, PORT_ECHO, DYNO_VSOCK_STREAM) == 0,
		    "vsock.connect", "a program of the host accepts", "refused"))
		return;
	/* Half of it stays on its way: more would need a reader at the same time. */
	while (rounds < 16 && dyno_vsock_send(&s, out, sizeof(out), 0) == 0 &&
		echoed(&s, sizeof(out)))
		rounds++;
	verdict(rounds == 16, "vsock.stream", "1 MiB comes back as it was, within both credits",
		"only %u of 16 parts", rounds);
	verdict(dyno_vsock_send(&s, out, 1000, 0) == 0, "vsock.last", "the last bytes are sent",
		"no credit");
	dyno_vsock_shutdown(&s, 2);
	verdict(echoed(&s, 1000), "vsock.half", "a side that sends no more still receives",
		"nothing came");
	while (dyno_vsock_recv(&s, in, 3000) != 0)
		;
	verdict((s.shut & 2u) != 0 || s.reset, "vsock.end", "the other side's end is heard",
		"not within 3 s");
	verdict(dyno_vsock_close(&s), "vsock.close", "SHUTDOWN of both is answered with RST",
		"not within 5 s");
}

static void overrun(void)
{
	struct dyno_vsock s;
	unsigned int sent = 0;

	if (!verdict(dyno_vsock_connect(&s, DYNO_VSOCK_HOST, PORT_SLEEPER, DYNO_VSOCK_STREAM) == 0,
		    "vsock.sleeper", "a program that does not read accepts", "refused"))
		return;
	while (sent < 4096 && dyno_vsock_send(&s, out, DYNO_VSOCK_PACKET, 0) == 0)
		sent++;
	verdict(sent > 0 && sent < 4096 && !s.reset, "vsock.credit",
		"the credit ends where nobody reads", "%u packets, reset %d", sent, s.reset);
	/* One byte too many. */
	s.peer_alloc += 1;
	(void)!dyno_vsock_send(&s, out, 1, 0);
	while (!s.reset && dyno_vsock_recv(&s, in, 1000) != 0)
		;
	verdict(s.reset, "vsock.overrun", "who exceeds the credit is reset", "not reset");
}

static void accepting(void)
{
	struct dyno_vsock s;

	verdict(dyno_vsock_connect(&s, DYNO_VSOCK_HOST, PORT_BACK, DYNO_VSOCK_STREAM) == 0 &&
			dyno_vsock_close(&s),
		"vsock.call", "the program that calls back is asked", "refused");
	if (!verdict(dyno_vsock_accept(&s, PORT_OWN, 5000) == 0, "vsock.accept",
		    "a program of the host connects", "none came"))
		return;
	verdict(dyno_vsock_recv(&s, in, 5000) == 5 && memcmp(in, "hello", 5) == 0, "vsock.greeted",
		"its first bytes come", "they did not");
	verdict(dyno_vsock_send(&s, "world", 5, 0) == 0 && dyno_vsock_close(&s), "vsock.answer",
		"and it is answered", "no RST");
}

static void messages(void)
{
	struct dyno_vsock s;
	uint32_t got = 0, n;

	if (!verdict(dyno_vsock_connect(&s, DYNO_VSOCK_HOST, PORT_MESSAGE, DYNO_VSOCK_SEQPACKET) ==
			     0,
		    "vsock.seq", "a seqpacket connection is accepted", "refused"))
		return;
	verdict(dyno_vsock_send(&s, "ab", 2, 0) == 0 && dyno_vsock_send(&s, "c", 1, 1) == 0 &&
			dyno_vsock_recv(&s, in, 5000) == 3 && s.flags == 1 &&
			memcmp(in, "abc", 3) == 0,
		"vsock.seq-join", "a message in two packets is one", "it is not");
	verdict(dyno_vsock_send(&s, out, 10000, 1) == 0, "vsock.seq-send",
		"a message of several packets is sent", "no credit");
	do {
		n = dyno_vsock_recv(&s, in, 5000);
		if (n == 0 || n > 10000 - got || memcmp(in, out + got, n) != 0)
			break;
		got += n;
	} while ((s.flags & 1) == 0);
	verdict(got == 10000, "vsock.seq-back", "and comes back whole", "%u bytes", got);
	verdict(dyno_vsock_close(&s), "vsock.seq-close", "it is closed", "no RST");
}

void suite_vsock(void)
{
	const char *peer = dyno_option("vsock");

	if (virtio_count(VIRTIO_VSOCK) == 0) {
		verdict_skip("vsock", "socket device", "there is none");
		return;
	}
	cid = dyno_vsock_open(32);
	if (!verdict(cid >= 3, "vsock.open", "the driver starts and has a context", "%u", cid))
		return;
	rules();
	if (peer == NULL || strcmp(peer, "peer") != 0)
		return;
	for (uint32_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 31 + i / 251);
	streams();
	messages();
	accepting();
	overrun();
	(void)!dyno_vsock_open(0);
}
