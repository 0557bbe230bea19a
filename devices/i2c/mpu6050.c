/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MPU-6050 inertial unit: acceleration, rotation and temperature in the data registers, with full
 * scales, sleep and standby of single axes. Without what needs its interrupt: the FIFO is always
 * empty, motion is not detected; the auxiliary bus has nobody on it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devices/i2c/chip.h"

#define REGISTERS 0x80u

enum {
	REG_GYRO_CONFIG = 0x1b,
	REG_ACCEL_CONFIG = 0x1c,
	REG_INT_STATUS = 0x3a,
	REG_ACCEL = 0x3b, /* three axes, then the temperature, then three axes of rotation */
	REG_TEMP = 0x41,
	REG_GYRO = 0x43,
	REG_EXT_SENS = 0x49,
	REG_SIGNAL_PATH_RESET = 0x68,
	REG_USER_CTRL = 0x6a,
	REG_PWR_MGMT_1 = 0x6b,
	REG_PWR_MGMT_2 = 0x6c,
	REG_FIFO_COUNT = 0x72,
	REG_FIFO_R_W = 0x74,
	REG_WHO_AM_I = 0x75
};

#define PWR_RESET       0x80u
#define PWR_SLEEP       0x40u
#define PWR_NO_TEMP     0x08u
#define USER_SELF_CLEAR 0x07u /* resets of the FIFO, the auxiliary bus and the signal paths */
#define WHO_AM_I        0x68u
#define FULL_SCALE(reg) ((reg) >> 3 & 3u)

#define GRAVITY           9.80665
#define ACCEL_LSB_PER_G   16384.0 /* of the smallest scale, 2 g */
#define GYRO_LSB_PER_DPS  131.0 /* of the smallest scale, 250 degrees a second */
#define TEMP_LSB_PER_C    340.0
#define TEMP_OFFSET_C     36.53
#define UNSET_TEMPERATURE 20.0

struct mpu6050 {
	struct i2c_chip chip; /* first */
	uint8_t pointer;
	uint8_t reg[REGISTERS];
};

static struct mpu6050 *mpu6050_of(struct i2c_chip *c)
{
	return (struct mpu6050 *)c;
}

static void reset_registers(struct mpu6050 *m)
{
	memset(m->reg, 0, sizeof(m->reg));
	m->reg[REG_PWR_MGMT_1] = PWR_SLEEP;
	m->reg[REG_WHO_AM_I] = WHO_AM_I;
}

static void put(struct mpu6050 *m, unsigned int reg, double value, double step)
{
	uint16_t v = (uint16_t)i2c_chip_steps(value, step, INT16_MIN, INT16_MAX);

	m->reg[reg] = (uint8_t)(v >> 8);
	m->reg[reg + 1] = (uint8_t)v;
}

/* The data registers: what sleeps or stands by keeps its last value. */
static void sample(struct mpu6050 *m)
{
	uint8_t pwr1 = m->reg[REG_PWR_MGMT_1], standby = m->reg[REG_PWR_MGMT_2];
	double g_step = GRAVITY / ACCEL_LSB_PER_G * (1u << FULL_SCALE(m->reg[REG_ACCEL_CONFIG]));
	double dps_step = (1u << FULL_SCALE(m->reg[REG_GYRO_CONFIG])) / GYRO_LSB_PER_DPS;

	if (pwr1 & PWR_SLEEP)
		return;
	for (unsigned int axis = 0; axis < 3; axis++) {
		double rest = axis == 2 ? GRAVITY : 0;

		/* PWR_MGMT_2: XA, YA, ZA, XG, YG, ZG from bit 5 down. */
		if (!(standby & 0x20u >> axis))
			put(m, REG_ACCEL + 2 * axis,
				i2c_chip_measure(&m->chip, I2C_ACCELERATION_X + axis, rest),
				g_step);
		if (!(standby & 0x04u >> axis))
			put(m, REG_GYRO + 2 * axis,
				i2c_chip_measure(&m->chip, I2C_ROTATION_X + axis, 0), dps_step);
	}
	if (!(pwr1 & PWR_NO_TEMP))
		put(m, REG_TEMP,
			i2c_chip_measure(&m->chip, I2C_TEMPERATURE, UNSET_TEMPERATURE) -
				TEMP_OFFSET_C,
			1 / TEMP_LSB_PER_C);
	m->reg[REG_INT_STATUS] |= 1; /* DATA_RDY_INT */
}

static bool is_read_only(unsigned int reg)
{
	return (reg >= REG_INT_STATUS && reg < REG_EXT_SENS + 24) || reg == REG_FIFO_COUNT ||
	       reg == REG_FIFO_COUNT + 1 || reg == REG_WHO_AM_I;
}

static void write_one(struct mpu6050 *m, unsigned int reg, uint8_t v)
{
	if (is_read_only(reg) || reg == REG_FIFO_R_W || reg == REG_SIGNAL_PATH_RESET)
		return;
	if (reg == REG_PWR_MGMT_1 && v & PWR_RESET) {
		reset_registers(m);
		return;
	}
	m->reg[reg] = reg == REG_USER_CTRL ? (uint8_t)(v & ~USER_SELF_CLEAR) : v;
}

/* The FIFO's register is read again and again; all others follow each other. */
static void advance(struct mpu6050 *m)
{
	if (m->pointer != REG_FIFO_R_W)
		m->pointer = (uint8_t)((m->pointer + 1) % REGISTERS);
}

static bool mpu6050_write(struct i2c_chip *c, const uint8_t *data, uint32_t len)
{
	struct mpu6050 *m = mpu6050_of(c);

	m->pointer = data[0] % REGISTERS;
	for (uint32_t i = 1; i < len; i++) {
		write_one(m, m->pointer, data[i]);
		advance(m);
	}
	return true;
}

static void mpu6050_read(struct i2c_chip *c, uint8_t *data, uint32_t len)
{
	struct mpu6050 *m = mpu6050_of(c);

	/* One sample for a whole message, so that its bytes belong together. */
	sample(m);
	for (uint32_t i = 0; i < len; i++) {
		data[i] = m->reg[m->pointer];
		if (m->pointer == REG_INT_STATUS)
			m->reg[REG_INT_STATUS] = 0;
		advance(m);
	}
}

static void mpu6050_reset(struct i2c_chip *c)
{
	struct mpu6050 *m = mpu6050_of(c);

	m->pointer = 0;
	reset_registers(m);
}

static void mpu6050_free(struct i2c_chip *c)
{
	free(c);
}

static const struct i2c_chip_ops mpu6050_ops = { mpu6050_write, mpu6050_read, mpu6050_reset,
	mpu6050_free };

int i2c_mpu6050_new(struct i2c_chip **out, const struct i2c_chip_config *cfg)
{
	struct mpu6050 *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->chip = (struct i2c_chip){ .ops = &mpu6050_ops, .cfg = *cfg };
	*out = &m->chip;
	return 0;
}
