/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to an I2C adapter: a header and sizes, then what is written. What is accepted is carried
 * out on one chip of each kind: registers of every chip, in any order. Time goes on by what lies in
 * between.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "devices/i2c/chip.h"
#include "devices/i2c/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct record {
	struct virtio_i2c_out_hdr h;
	le16 in_bytes;
	uint8_t write_bytes, steps; /* of 50 ms */
};

struct bed {
	struct ev_loop *loop;
	struct signal_client *signals;
	struct i2c_chip *chip[I2C_CHIP_TYPES];
	uint64_t now_ns;
};

static uint64_t bed_now(void *ctx)
{
	return ((struct bed *)ctx)->now_ns;
}

static void make(struct bed *b)
{
	if (ev_loop_new(&b->loop) || signal_client_new(&b->signals, b->loop, -1, 1, 0))
		abort();
	b->now_ns = NS_PER_S;
	for (enum i2c_chip_type t = 0; t < I2C_CHIP_TYPES; t++) {
		struct i2c_chip_config cfg = { .type = t,
			.address = i2c_chip_info(t)->first,
			.present = { SIGNAL_FEED_CONSTANT, 1, 1 },
			.alert = 0,
			.signals = b->signals,
			.loop = b->loop,
			.now_ns = bed_now,
			.ctx = b };

		for (unsigned int q = 0; q < I2C_QUANTITIES; q++)
			cfg.feed[q] =
				(struct signal_feed){ SIGNAL_FEED_CONSTANT, 1, 1e9 / (q + 1) };
		if (i2c_chip_new(&b->chip[t], &cfg))
			abort();
	}
}

static void carry_out(struct bed *b, const struct i2c_message *m, const uint8_t *payload)
{
	static uint8_t buf[I2C_MESSAGE_MAX];

	if (m->len > I2C_MESSAGE_MAX || (m->address > 0x7f && m->address != I2C_NOWHERE))
		abort();
	for (enum i2c_chip_type t = 0; t < I2C_CHIP_TYPES; t++) {
		struct i2c_chip *c = b->chip[t];

		if (c->cfg.address != m->address || !i2c_chip_is_present(c) || m->len == 0)
			continue;
		if (m->read)
			c->ops->read(c, buf, m->len);
		else
			(void)c->ops->write(c, payload, m->len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bed b = { 0 };
	struct i2c_message m;
	struct record r;

	make(&b);
	while (size >= sizeof(r)) {
		size_t n;

		memcpy(&r, data, sizeof(r));
		data += sizeof(r);
		size -= sizeof(r);
		n = MIN((size_t)r.write_bytes, size);
		b.now_ns += r.steps * 50 * NS_PER_MS;
		if (i2c_parse(&r.h, (uint32_t)(sizeof(r.h) + n), le16_get(r.in_bytes), &m) == 0)
			carry_out(&b, &m, data);
		data += n;
		size -= n;
	}
	for (enum i2c_chip_type t = 0; t < I2C_CHIP_TYPES; t++)
		i2c_chip_free(b.chip[t]);
	signal_client_free(b.signals);
	ev_loop_free(b.loop);
	return 0;
}
