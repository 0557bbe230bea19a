/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-vsock ("Socket Device"): one packet sent at a time, one connection at a time. */
#include "dyno/vsock.h"

#include <string.h>

#include "dyno/boot.h"
#include "dyno/event.h"
#include "dyno/mem.h"
#include "dyno/virtio.h"

enum { RXQ, TXQ, EVQ };

#define F_TYPES    (VIRTIO_BIT(0) | VIRTIO_BIT(1))
#define HDR        ((uint32_t)sizeof(struct dyno_vsock_hdr))
#define RX_BUFS    32u
#define BUF_SIZE   (HDR + DYNO_VSOCK_PACKET)
#define PATIENCE   5000u
#define FIRST_PORT 49152u

static struct virtio_dev dev;
static struct virtq rxq, txq;
static uint8_t *bufs, *tx_buf, *held;
static unsigned int given;
static bool open;
static uint32_t own_cid, next_port = FIRST_PORT;

static void give(uint8_t *buf)
{
	if (virtq_add(&rxq, &(struct virtq_buf){ buf, BUF_SIZE }, 0, 1, buf) == 0)
		virtq_kick_now(&rxq);
}

void dyno_vsock_more(void)
{
	if (given < RX_BUFS)
		give(bufs + (size_t)given++ * BUF_SIZE);
}

uint32_t dyno_vsock_open(unsigned int buffers)
{
	uint64_t cid = 0;

	if (bufs == NULL) {
		bufs = dyno_alloc((size_t)RX_BUFS * BUF_SIZE, 16);
		tx_buf = dyno_alloc(BUF_SIZE, 16);
	}
	if (bufs == NULL || tx_buf == NULL || virtio_find(&dev, VIRTIO_VSOCK, 0) != 0)
		return 0;
	if (open && virtio_reset(&dev) == 0) {
		virtq_free(&rxq);
		virtq_free(&txq);
	}
	open = false;
	if (virtio_negotiate(&dev, virtio_ring_features() | F_TYPES) != 0 ||
		virtq_new(&rxq, &dev, RXQ, 64) != 0 || virtq_new(&txq, &dev, TXQ, 16) != 0)
		return 0;
	virtio_config_read(&dev, 0, &cid, sizeof(cid));
	virtio_driver_ok(&dev);
	open = true;
	held = NULL;
	given = 0;
	while (given < buffers && given < RX_BUFS)
		dyno_vsock_more();
	own_cid = (uint32_t)cid;
	return own_cid;
}

int dyno_vsock_tx(const struct dyno_vsock_hdr *h, const void *data)
{
	uint32_t ignored;

	if (h->len > DYNO_VSOCK_PACKET)
		return DYNO_E_INVAL;
	memcpy(tx_buf, h, HDR);
	if (data != NULL)
		memcpy(tx_buf + HDR, data, h->len);
	return virtq_call(&txq, &(struct virtq_buf){ tx_buf, HDR + (data != NULL ? h->len : 0) }, 1,
		0, &ignored);
}

const struct dyno_vsock_hdr *dyno_vsock_rx(unsigned int ms)
{
	const uint64_t deadline_ns = dyno_now_ns() + DYNO_MS(ms);
	const struct dyno_vsock_hdr *h;
	uint32_t len = 0;

	if (held != NULL)
		give(held);
	while ((held = virtq_pop(&rxq, &len)) == NULL && dyno_now_ns() < deadline_ns) {
		if (!virtq_arm(&rxq))
			dyno_sleep_until(dyno_now_ns() + DYNO_US(200));
	}
	h = (const void *)held;
	return held != NULL && len >= HDR && h->len == len - HDR ? h : NULL;
}

/* ---- a connection ---- */

static int say(struct dyno_vsock *s, uint16_t op, uint32_t flags, const void *data, uint32_t len)
{
	const struct dyno_vsock_hdr h = { .src_cid = own_cid,
		.dst_cid = s->cid,
		.src_port = s->own_port,
		.dst_port = s->port,
		.len = len,
		.type = s->type,
		.op = op,
		.flags = flags,
		.buf_alloc = DYNO_VSOCK_ALLOC,
		.fwd_cnt = s->rx_cnt };

	s->told = s->rx_cnt;
	return dyno_vsock_tx(&h, data);
}

static bool belongs(const struct dyno_vsock *s, const struct dyno_vsock_hdr *h)
{
	return h->src_cid == s->cid && h->src_port == s->port && h->dst_port == s->own_port &&
	       h->type == s->type;
}

static void refuse(const struct dyno_vsock_hdr *h)
{
	const struct dyno_vsock_hdr rst = { .src_cid = own_cid,
		.dst_cid = h->src_cid,
		.src_port = h->dst_port,
		.dst_port = h->src_port,
		.type = h->type,
		.op = DYNO_VSOCK_RST };

	if (h->op != DYNO_VSOCK_RST)
		(void)!dyno_vsock_tx(&rst, NULL);
}

/* The next packet of the connection, its credit and state noted; NULL: none came. */
static const struct dyno_vsock_hdr *hear(struct dyno_vsock *s, unsigned int ms)
{
	const struct dyno_vsock_hdr *h = dyno_vsock_rx(ms);

	if (h == NULL)
		return NULL;
	if (!belongs(s, h)) {
		refuse(h);
		return NULL;
	}
	s->peer_alloc = h->buf_alloc;
	s->peer_fwd = h->fwd_cnt;
	s->flags = h->flags;
	if (h->op == DYNO_VSOCK_SHUTDOWN)
		s->shut |= h->flags;
	if (h->op == DYNO_VSOCK_RST)
		s->reset = true;
	if (h->op == DYNO_VSOCK_RW)
		s->rx_cnt += h->len;
	if (h->op == DYNO_VSOCK_CREDIT_REQUEST)
		(void)!say(s, DYNO_VSOCK_CREDIT_UPDATE, 0, NULL, 0);
	return h;
}

int dyno_vsock_connect(struct dyno_vsock *s, uint32_t cid, uint32_t port, uint16_t type)
{
	const uint64_t deadline_ns = dyno_now_ns() + DYNO_MS(PATIENCE);

	*s = (struct dyno_vsock){ .cid = cid, .port = port, .own_port = next_port++, .type = type };
	if (say(s, DYNO_VSOCK_REQUEST, 0, NULL, 0) != 0)
		return DYNO_E_TIMEOUT;
	while (dyno_now_ns() < deadline_ns) {
		const struct dyno_vsock_hdr *h = hear(s, 100);

		if (s->reset)
			return DYNO_E_DEVICE;
		if (h != NULL && h->op == DYNO_VSOCK_RESPONSE)
			return 0;
	}
	return DYNO_E_TIMEOUT;
}

int dyno_vsock_accept(struct dyno_vsock *s, uint32_t port, unsigned int ms)
{
	const uint64_t deadline_ns = dyno_now_ns() + DYNO_MS(ms);

	while (dyno_now_ns() < deadline_ns) {
		const struct dyno_vsock_hdr *h = dyno_vsock_rx(100);

		if (h == NULL)
			continue;
		if (h->op != DYNO_VSOCK_REQUEST || h->dst_port != port) {
			refuse(h);
			continue;
		}
		*s = (struct dyno_vsock){ .cid = (uint32_t)h->src_cid,
			.port = h->src_port,
			.own_port = port,
			.type = h->type,
			.peer_alloc = h->buf_alloc };
		return say(s, DYNO_VSOCK_RESPONSE, 0, NULL, 0);
	}
	return DYNO_E_TIMEOUT;
}

static uint32_t credit(const struct dyno_vsock *s)
{
	const uint32_t under_way = s->tx_cnt - s->peer_fwd;

	return s->peer_alloc > under_way ? s->peer_alloc - under_way : 0;
}

int dyno_vsock_send(struct dyno_vsock *s, const void *data, uint32_t len, uint32_t flags)
{
	const uint8_t *from = data;

	do {
		const uint64_t deadline_ns = dyno_now_ns() + DYNO_MS(PATIENCE);
		uint32_t part = len;

		while (credit(s) == 0 && len != 0) {
			if (dyno_now_ns() >= deadline_ns)
				return DYNO_E_TIMEOUT;
			(void)!say(s, DYNO_VSOCK_CREDIT_REQUEST, 0, NULL, 0);
			(void)hear(s, 100);
			if (s->reset || (s->shut & 1u) != 0)
				return DYNO_E_DEVICE;
		}
		part = part < DYNO_VSOCK_PACKET ? part : DYNO_VSOCK_PACKET;
		part = part < credit(s) ? part : credit(s);
		if (say(s, DYNO_VSOCK_RW, part == len ? flags : 0, from, part) != 0)
			return DYNO_E_TIMEOUT;
		s->tx_cnt += part;
		from += part;
		len -= part;
	} while (len != 0);
	return 0;
}

uint32_t dyno_vsock_recv(struct dyno_vsock *s, void *dst, unsigned int ms)
{
	const uint64_t deadline_ns = dyno_now_ns() + DYNO_MS(ms);

	while (!s->reset && (s->shut & 2u) == 0 && dyno_now_ns() < deadline_ns) {
		const struct dyno_vsock_hdr *h = hear(s, 100);

		if (h == NULL || h->op != DYNO_VSOCK_RW)
			continue;
		memcpy(dst, h + 1, h->len);
		if (s->rx_cnt - s->told >= DYNO_VSOCK_ALLOC / 2)
			(void)!say(s, DYNO_VSOCK_CREDIT_UPDATE, 0, NULL, 0);
		return h->len;
	}
	return 0;
}

void dyno_vsock_shutdown(struct dyno_vsock *s, uint32_t flags)
{
	(void)!say(s, DYNO_VSOCK_SHUTDOWN, flags, NULL, 0);
}

bool dyno_vsock_close(struct dyno_vsock *s)
{
	const uint64_t deadline_ns = dyno_now_ns() + DYNO_MS(PATIENCE);

	dyno_vsock_shutdown(s, 3);
	while (!s->reset && dyno_now_ns() < deadline_ns)
		(void)hear(s, 100);
	return s->reset;
}
