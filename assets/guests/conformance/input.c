/* SPDX-License-Identifier: Apache-2.0 */
/* "Input Device": configuration, and what a driver can send. Events need a user: see the tests. */
#include <string.h>

#include "suite.h"

enum { ID_NAME = 1, ID_SERIAL, ID_DEVIDS, PROP_BITS = 0x10, EV_BITS, ABS_INFO };

static uint8_t query(
	const struct virtio_dev *v, uint8_t select, uint8_t subsel, void *dst, uint32_t bytes)
{
	uint8_t size;

	mmio_write8(v->config, select);
	mmio_write8(v->config + 1, subsel);
	size = mmio_read8(v->config + 2);
	if (size > 0)
		virtio_config_read(v, 8, dst, size < bytes ? size : bytes);
	return size;
}

static void one_axis(const struct virtio_dev *v, unsigned int axis)
{
	int32_t info[5] = { 0 };
	const uint8_t size = query(v, ABS_INFO, (uint8_t)axis, info, sizeof(info));

	verdict(size == 20 && info[0] < info[1], "input.axis", "an axis has a range",
		"axis %#x: %u bytes, %d..%d", axis, size, info[0], info[1]);
}

static void configuration(const struct virtio_dev *v)
{
	uint8_t b[128] = { 0 };
	uint8_t n = query(v, ID_NAME, 0, b, sizeof(b));

	verdict(n > 0 && n < 128 && b[0] > ' ', "input.name", "the device has a name", "%u bytes",
		n);
	n = query(v, ID_DEVIDS, 0, b, sizeof(b));
	verdict(n == 8, "input.ids", "the device has ids", "%u bytes", n);
	verdict(query(v, 0, 0, b, sizeof(b)) == 0, "input.unset", "selecting nothing has size 0",
		"it has not");
	verdict(query(v, 0xee, 0, b, sizeof(b)) == 0, "input.unknown",
		"an unknown selection has size 0", "it has not");
	verdict(query(v, EV_BITS, 0x1e, b, sizeof(b)) == 0, "input.notype",
		"an event type that is not sent has size 0", "it has not");
	memset(b, 0, sizeof(b));
	n = query(v, EV_BITS, 1, b, sizeof(b));
	memset(b, 0, sizeof(b));
	verdict(n > 0 || query(v, EV_BITS, 2, b, sizeof(b)) > 0 ||
			query(v, EV_BITS, 3, b, sizeof(b)) > 0,
		"input.sends", "the device can send something", "no keys, no axes");
	memset(b, 0, sizeof(b));
	n = query(v, EV_BITS, 3, b, sizeof(b));
	for (unsigned int axis = 0; axis < 8u * n && axis < 64; axis++) {
		if ((b[axis / 8] >> axis % 8 & 1) != 0)
			one_axis(v, axis);
	}
	verdict(query(v, ABS_INFO, 0x3f, b, sizeof(b)) == 0, "input.noaxis",
		"an axis that is not there has size 0", "it has not");
	/* The order of select and subsel is free. */
	mmio_write8(v->config + 1, 0);
	mmio_write8(v->config, ID_NAME);
	verdict(mmio_read8(v->config + 2) > 0, "input.order", "subsel may be written first",
		"size 0");
}

static void status_queue(struct virtq *q)
{
	static struct {
		uint16_t type, code;
		uint32_t value;
	} led = { 0x11, 0, 1 };
	uint32_t len = 99;

	verdict(transact(q, &(struct virtq_buf){ &led, sizeof(led) }, 1, 0, &len) &&
			(len == 0 || on_qemu()),
		"input.status", "a status event is taken", "length %u", len);
}

void suite_input(void)
{
	if (virtio_count(VIRTIO_INPUT) == 0)
		verdict_skip("input", "input devices", "there are none");
	for (unsigned int i = 0; i < virtio_count(VIRTIO_INPUT); i++) {
		static uint8_t events[16][8];
		struct virtio_dev v;
		struct virtq events_q, status_q;

		if (!verdict(raw_open(&v, VIRTIO_INPUT, i, 0) == 0 &&
				     virtq_new(&events_q, &v, 0, 16) == 0 &&
				     virtq_new(&status_q, &v, 1, 16) == 0,
			    "input.open", "the driver starts", "device %u", i))
			continue;
		for (unsigned int k = 0; k < 16 && k < events_q.size; k++)
			(void)!virtq_add(
				&events_q, &(struct virtq_buf){ events[k], 8 }, 0, 1, events[k]);
		virtio_driver_ok(&v);
		virtq_kick_now(&events_q);
		configuration(&v);
		status_queue(&status_q);
		verdict(virtio_reset(&v) == 0, "input.end", "reset", "failed");
		virtq_free(&events_q);
		virtq_free(&status_q);
	}
}
