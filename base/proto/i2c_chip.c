/* SPDX-License-Identifier: Apache-2.0 */
/* See i2c_chip.h. */
#include "base/proto/i2c_chip.h"

#include <string.h>

#define ACCELERATION \
	(1u << I2C_ACCELERATION_X | 1u << I2C_ACCELERATION_Y | 1u << I2C_ACCELERATION_Z)
#define ROTATION (1u << I2C_ROTATION_X | 1u << I2C_ROTATION_Y | 1u << I2C_ROTATION_Z)

static const struct i2c_chip_info chips[I2C_CHIP_TYPES] = {
	[I2C_LM75] = { "lm75", "national,lm75", 0x48, 0x4f, 1u << I2C_TEMPERATURE, true },
	[I2C_OPT3001] = { "opt3001", "ti,opt3001", 0x44, 0x47, 1u << I2C_ILLUMINANCE, false },
	[I2C_MPU6050] = { "mpu6050", "invensense,mpu6050", 0x68, 0x69,
		1u << I2C_TEMPERATURE | ACCELERATION | ROTATION, false },
};

static const char *const quantities[I2C_QUANTITIES] = {
	[I2C_TEMPERATURE] = "temperature",
	[I2C_ILLUMINANCE] = "illuminance",
	[I2C_ACCELERATION_X] = "acceleration_x",
	[I2C_ACCELERATION_Y] = "acceleration_y",
	[I2C_ACCELERATION_Z] = "acceleration_z",
	[I2C_ROTATION_X] = "rotation_x",
	[I2C_ROTATION_Y] = "rotation_y",
	[I2C_ROTATION_Z] = "rotation_z",
};

const struct i2c_chip_info *i2c_chip_info(enum i2c_chip_type t)
{
	return &chips[t];
}

enum i2c_chip_type i2c_chip_of(const char *name)
{
	enum i2c_chip_type t = 0;

	while (t < I2C_CHIP_TYPES && strcmp(chips[t].name, name) != 0)
		t++;
	return t;
}

const char *i2c_quantity_name(enum i2c_quantity q)
{
	return quantities[q];
}
