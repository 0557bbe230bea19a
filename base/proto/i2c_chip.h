/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sensor chips that a guest can have on its I2C bus: what they are called, where they may lie,
 * what they measure. Shared by those who describe a guest and the one that models the chips
 * (devices/i2c).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum i2c_chip_type { I2C_LM75, I2C_OPT3001, I2C_MPU6050, I2C_CHIP_TYPES };

/* What chips measure, in these units. */
enum i2c_quantity {
	I2C_TEMPERATURE, /* degrees Celsius */
	I2C_ILLUMINANCE, /* lux */
	I2C_ACCELERATION_X, /* m/s^2 */
	I2C_ACCELERATION_Y,
	I2C_ACCELERATION_Z,
	I2C_ROTATION_X, /* degrees a second */
	I2C_ROTATION_Y,
	I2C_ROTATION_Z,
	I2C_QUANTITIES
};

#define I2C_MAX_CHIPS 16 /* of one bus */
/* 7-bit addresses that no purpose is reserved for. */
#define I2C_ADDRESS_MIN 0x08u
#define I2C_ADDRESS_MAX 0x77u

struct i2c_chip_info {
	const char *name; /* "lm75": in scenarios, and what Linux calls it */
	const char *compatible; /* "national,lm75": of devicetree bindings */
	uint8_t first, last; /* addresses that its pins can choose */
	uint32_t quantities; /* 1u << enum i2c_quantity */
	bool has_alert; /* a pin that tells of a limit */
};

const struct i2c_chip_info *i2c_chip_info(enum i2c_chip_type t);
/* I2C_CHIP_TYPES when there is none of that name. */
enum i2c_chip_type i2c_chip_of(const char *name);
/* "temperature", "acceleration_x", ... */
const char *i2c_quantity_name(enum i2c_quantity q);
