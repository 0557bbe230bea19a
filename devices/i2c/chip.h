/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chip on a guest's I2C bus. A model knows messages and registers; it knows neither virtio nor
 * where its values come from: it asks for quantities in their own units (base/proto/i2c_chip.h).
 *
 * Thread: the devices' loop.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "base/proto/i2c_chip.h"
#include "devices/signal/client.h"

struct i2c_chip;

struct i2c_chip_ops {
	/* A message of one byte or more to the chip. False: a byte was not acknowledged. */
	bool (*write)(struct i2c_chip *c, const uint8_t *data, uint32_t len);
	/* The chip is read; it gives as many bytes as are wanted. */
	void (*read)(struct i2c_chip *c, uint8_t *data, uint32_t len);
	/* Registers as after power-on. */
	void (*reset)(struct i2c_chip *c);
	void (*free)(struct i2c_chip *c);
};

/* How a chip is wired. */
struct i2c_chip_config {
	enum i2c_chip_type type;
	uint8_t address; /* 7 bits */
	struct signal_feed feed[I2C_QUANTITIES]; /* of those that it measures */
	struct signal_feed present; /* below 0.5: it acknowledges nothing */
	uint32_t alert; /* the signal that its alert pin drives; SIGNAL_FEED_CONSTANT: none */
	struct signal_client *signals; /* borrowed, outlives the chip */
	struct ev_loop *loop;
	/* CLOCK_MONOTONIC in ns; NULL: the host's. */
	uint64_t (*now_ns)(void *ctx);
	void *ctx;
};

/* First member of every model's own struct. */
struct i2c_chip {
	const struct i2c_chip_ops *ops;
	struct i2c_chip_config cfg;
	uint64_t writes, reads, nacks; /* messages */
};

/* A chip after power-on. 0 or -errno. */
MUST_CHECK int i2c_chip_new(struct i2c_chip **out, const struct i2c_chip_config *cfg);
/* NULL is legal. */
void i2c_chip_free(struct i2c_chip *c);

/* Whether it acknowledges its address. */
bool i2c_chip_is_present(const struct i2c_chip *c);
/* A quantity now; `unset` while nobody has said it. */
double i2c_chip_measure(const struct i2c_chip *c, enum i2c_quantity q, double unset);
uint64_t i2c_chip_now_ns(const struct i2c_chip *c);
/* `value` in steps of `step`, rounded, as far as they go: a register's content. Pure. */
int32_t i2c_chip_steps(double value, double step, int32_t min, int32_t max);

/* The models, one file each. */
MUST_CHECK int i2c_lm75_new(struct i2c_chip **out, const struct i2c_chip_config *cfg);
MUST_CHECK int i2c_opt3001_new(struct i2c_chip **out, const struct i2c_chip_config *cfg);
MUST_CHECK int i2c_mpu6050_new(struct i2c_chip **out, const struct i2c_chip_config *cfg);
