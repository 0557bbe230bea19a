/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to a GPIO controller of four lines over a real ring, with buffers for interrupts and
 * levels that change in between: every request comes back, a queue breaks only by a buffer that
 * cannot be answered.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "devices/gpio/gpio.h"
#include "devices/gpio/proto.h"
#include "tests/support/mock_driver.h"

#define LINES 4u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bed {
	struct mock *m;
	struct ev_loop *loop;
	struct signal_client *signals;
	int bench;
};

static struct bed bed;

static void make(struct bed *b)
{
	static const struct gpio_line_config lines[LINES] = {
		{ "a", { 0, 1, 0 }, SIGNAL_FEED_CONSTANT, true },
		{ "b", { 1, 1, 0 }, 2, true },
		{ "c", { 0, 0, 0 }, 3, false },
		{ "", { SIGNAL_FEED_CONSTANT, 1, 1 }, SIGNAL_FEED_CONSTANT, true },
	};
	struct gpio_config cfg = { .tag = "fuzz/gpio", .lines = lines, .n_lines = LINES };
	struct vdev *dev;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) || ev_loop_new(&b->loop) ||
		signal_client_new(&b->signals, b->loop, pair[1], LINES, 0))
		abort();
	b->bench = pair[0];
	cfg.signals = b->signals;
	b->m = mock_new(0);
	if (gpio_new(&dev, &cfg))
		abort();
	mock_attach(b->m, dev);
	log_set_level(LOG_ERROR);
}

/* (what the guest sets is taken away, so that the socket never fills) */
static void set_level(struct bed *b, uint8_t v)
{
	struct signal_rec r = { SIGNAL_REC_VALUE, SIGNAL_REC_FRESH, v & 1, 0, v >> 1 & 1 };
	struct signal_rec_wire w = signal_rec_pack(&r);
	uint8_t buf[SIGNAL_PORT_RECORDS * sizeof(w)];

	while (recv(b->bench, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	if (send(b->bench, &w, sizeof(w), MSG_DONTWAIT) != sizeof(w) || ev_loop_turn(b->loop, 0))
		abort();
}

static void request(struct bed *b, const uint8_t *req, uint32_t len, uint32_t room)
{
	uint8_t res[64];
	int rc;

	if (len + room == 0)
		return;
	rc = mock_send(b->m, 0, req, len, res, room);
	if (rc == -EIO) {
		if (room >= sizeof(struct virtio_gpio_response))
			abort();
		mock_start(b->m, MOCK_ALL_FEATURES);
	} else if (rc < (int)sizeof(struct virtio_gpio_response) ||
		   res[0] > VIRTIO_GPIO_STATUS_ERR) {
		abort();
	}
}

static void unmask(struct bed *b, const uint8_t *req)
{
	struct mock_used u;

	if (mock_post(b->m, 1, req, sizeof(struct virtio_gpio_irq_request), 1) < 0)
		return;
	mock_turn(b->m);
	while (mock_poll(b->m, 1, &u)) {
		if (u.len != 1 || u.in[0] > VIRTIO_GPIO_IRQ_STATUS_VALID)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	if (!bed.m)
		make(&bed);
	set_level(&bed, 0);
	set_level(&bed, 1);
	mock_start(bed.m, data[0] & 0x80 ? 0 : MOCK_ALL_FEATURES);
	for (data++, size--; size >= 10; data += 10, size -= 10) {
		switch (data[0] & 3) {
		case 0:
			set_level(&bed, data[1]);
			break;
		case 1:
			unmask(&bed, data + 2);
			break;
		default:
			request(&bed, data + 2, MIN(data[1] & 15u, 8u), data[1] >> 4);
			break;
		}
	}
	return 0;
}
