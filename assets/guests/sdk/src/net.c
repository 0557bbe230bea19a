/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-net ("Network Device"): one buffer a frame, one frame sent at a time. */
#include "dyno/net.h"

#include <string.h>

#include "dyno/boot.h"
#include "dyno/event.h"
#include "dyno/mem.h"
#include "dyno/virtio.h"

enum { RXQ, TXQ, CTRLQ };

#define F_MTU    VIRTIO_BIT(3)
#define F_MAC    VIRTIO_BIT(5)
#define F_STATUS VIRTIO_BIT(16)
#define F_CTRL   (VIRTIO_BIT(17) | VIRTIO_BIT(18) | VIRTIO_BIT(19) | VIRTIO_BIT(23))

#define HDR      12u
#define RX_BUFS  32
#define BUF_SIZE 2048u

static struct dyno_net net;
static struct virtio_dev dev;
static struct virtq rxq, txq, ctrlq;
static uint8_t *rx_bufs, *tx_buf, *ctrl_buf;
static bool tried, works;

static void give(uint8_t *buf)
{
	if (virtq_add(&rxq, &(struct virtq_buf){ buf, BUF_SIZE }, 0, 1, buf) == 0)
		virtq_kick_now(&rxq);
}

static int open_once(void)
{
	int rc = virtio_find(&dev, VIRTIO_NET, 0);

	if (rc == 0)
		rc = virtio_negotiate(
			&dev, virtio_ring_features() | F_MTU | F_MAC | F_STATUS | F_CTRL);
	if (rc == 0)
		rc = virtq_new(&rxq, &dev, RXQ, 64);
	if (rc == 0)
		rc = virtq_new(&txq, &dev, TXQ, 16);
	if (rc == 0)
		rc = virtq_new(&ctrlq, &dev, CTRLQ, 16);
	if (rc != 0)
		return rc;
	rx_bufs = dyno_alloc((size_t)RX_BUFS * BUF_SIZE, 16);
	tx_buf = dyno_alloc(BUF_SIZE, 16);
	ctrl_buf = dyno_alloc(BUF_SIZE, 16);
	if (rx_bufs == NULL || tx_buf == NULL || ctrl_buf == NULL)
		return DYNO_E_NOMEM;
	virtio_config_read(&dev, 0, net.mac, sizeof(net.mac));
	net.mtu = 1500;
	if ((dev.features & F_MTU) != 0)
		virtio_config_read(&dev, 10, &net.mtu, sizeof(net.mtu));
	net.has_status = (dev.features & F_STATUS) != 0;
	virtio_driver_ok(&dev);
	for (unsigned int i = 0; i < RX_BUFS; i++)
		give(rx_bufs + (size_t)i * BUF_SIZE);
	return 0;
}

struct dyno_net *dyno_net_open(void)
{
	if (!tried) {
		tried = true;
		works = open_once() == 0;
	}
	return works ? &net : NULL;
}

bool dyno_net_link(const struct dyno_net *n)
{
	uint16_t status = 1;

	if (n->has_status)
		virtio_config_read(&dev, 6, &status, sizeof(status));
	return (status & 1u) != 0;
}

int dyno_net_send(struct dyno_net *n, const void *frame, uint32_t len)
{
	uint32_t ignored;

	(void)n;
	if (len < 14 || len > DYNO_NET_FRAME)
		return DYNO_E_INVAL;
	memset(tx_buf, 0, HDR);
	memcpy(tx_buf + HDR, frame, len);
	return virtq_call(&txq, &(struct virtq_buf){ tx_buf, HDR + len }, 1, 0, &ignored);
}

uint32_t dyno_net_recv(struct dyno_net *n, void *dst)
{
	uint32_t len = 0;
	uint8_t *buf = virtq_pop(&rxq, &len);

	(void)n;
	if (buf == NULL)
		return 0;
	len = len > HDR && len <= HDR + DYNO_NET_FRAME ? len - HDR : 0;
	memcpy(dst, buf + HDR, len);
	give(buf);
	return len;
}

uint32_t dyno_net_wait(struct dyno_net *n, void *dst, unsigned int ms)
{
	const uint64_t deadline_ns = dyno_now_ns() + DYNO_MS(ms);
	uint32_t len;

	while ((len = dyno_net_recv(n, dst)) == 0 && dyno_now_ns() < deadline_ns) {
		if (!virtq_arm(&rxq))
			dyno_sleep_until(dyno_now_ns() + DYNO_US(200));
	}
	return len;
}

int dyno_net_control(struct dyno_net *n, uint8_t class, uint8_t cmd, const void *data, uint32_t len)
{
	uint8_t *ack = ctrl_buf + BUF_SIZE - 1;
	uint32_t ignored;
	int rc;

	(void)n;
	if (len > BUF_SIZE - 3)
		return DYNO_E_INVAL;
	ctrl_buf[0] = class;
	ctrl_buf[1] = cmd;
	memcpy(ctrl_buf + 2, data, len);
	*ack = 0xff;
	rc = virtq_call(
		&ctrlq, (struct virtq_buf[]){ { ctrl_buf, 2 + len }, { ack, 1 } }, 1, 1, &ignored);
	if (rc != 0)
		return rc;
	return *ack == 0 ? 0 : DYNO_E_DEVICE;
}
