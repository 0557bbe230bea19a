/* SPDX-License-Identifier: Apache-2.0 */
/* Sensor chips by their registers: the sequences of Linux' drivers and the data sheets' rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "devices/i2c/chip.h"
#include "tests/support/signal_rig.h"

enum { VALUE, OTHER, PIN, SIGNALS };

struct bed {
	struct ev_loop *loop;
	struct signal_rig rig;
	struct i2c_chip *chip;
	uint64_t now_ns;
};

static uint64_t bed_now(void *ctx)
{
	return ((struct bed *)ctx)->now_ns;
}

static int setup(void **state)
{
	struct bed *t = calloc(1, sizeof(*t));

	assert_int_equal(ev_loop_new(&t->loop), 0);
	signal_rig_init(&t->rig, SIGNALS);
	t->now_ns = 1;
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct bed *t = *state;

	i2c_chip_free(t->chip);
	signal_rig_fini(&t->rig);
	ev_loop_free(t->loop);
	free(t);
	return 0;
}

/* A chip of which everything rests at 0 but the quantity `q`, which is signal VALUE. */
static void make(struct bed *t, enum i2c_chip_type type, enum i2c_quantity q)
{
	struct i2c_chip_config cfg = { .type = type,
		.address = i2c_chip_info(type)->first,
		.present = { SIGNAL_FEED_CONSTANT, 1, 1 },
		.alert = type == I2C_LM75 ? PIN : SIGNAL_FEED_CONSTANT,
		.signals = t->rig.client,
		.loop = t->loop,
		.now_ns = bed_now,
		.ctx = t };

	for (unsigned int i = 0; i < I2C_QUANTITIES; i++)
		cfg.feed[i] = (struct signal_feed){ SIGNAL_FEED_CONSTANT, 1, 0 };
	cfg.feed[q] = (struct signal_feed){ VALUE, 1, 0 };
	assert_int_equal(i2c_chip_new(&t->chip, &cfg), 0);
}

static void write8(struct bed *t, uint8_t reg, uint8_t v)
{
	const uint8_t b[] = { reg, v };

	assert_true(t->chip->ops->write(t->chip, b, sizeof(b)));
}

static void write16(struct bed *t, uint8_t reg, uint16_t v)
{
	const uint8_t b[] = { reg, (uint8_t)(v >> 8), (uint8_t)v };

	assert_true(t->chip->ops->write(t->chip, b, sizeof(b)));
}

static uint8_t read8(struct bed *t, uint8_t reg)
{
	uint8_t v;

	assert_true(t->chip->ops->write(t->chip, &reg, 1));
	t->chip->ops->read(t->chip, &v, 1);
	return v;
}

static uint16_t read16(struct bed *t, uint8_t reg)
{
	uint8_t b[2];

	assert_true(t->chip->ops->write(t->chip, &reg, 1));
	t->chip->ops->read(t->chip, b, 2);
	return (uint16_t)(b[0] << 8 | b[1]);
}

static void test_every_chip_has_a_name_and_addresses_on_the_bus(void **state)
{
	(void)state;
	for (enum i2c_chip_type t = 0; t < I2C_CHIP_TYPES; t++) {
		const struct i2c_chip_info *info = i2c_chip_info(t);

		assert_int_equal(i2c_chip_of(info->name), t);
		assert_true(info->first >= I2C_ADDRESS_MIN && info->last <= I2C_ADDRESS_MAX);
		assert_true(info->first <= info->last && info->quantities);
	}
	assert_int_equal(i2c_chip_of("lm76"), I2C_CHIP_TYPES);
}

static void test_steps_are_rounded_and_end_at_the_limits(void **state)
{
	(void)state;
	assert_int_equal(i2c_chip_steps(0.26, 0.5, -9, 9), 1);
	assert_int_equal(i2c_chip_steps(-0.26, 0.5, -9, 9), -1);
	assert_int_equal(i2c_chip_steps(1e300, 0.5, -9, 9), 9);
	assert_int_equal(i2c_chip_steps(-1e300, 0.5, -9, 9), -9);
	assert_int_equal(i2c_chip_steps(0.0 / 0.0, 0.5, -9, 9), -9);
}

/* ---- lm75 ---- */

static void test_lm75_shows_the_temperature_in_half_degrees(void **state)
{
	static const struct {
		double celsius;
		uint16_t reg;
	} cases[] = { { 25, 0x1900 }, { 25.5, 0x1980 }, { 25.7, 0x1980 }, { 0, 0 },
		{ -0.5, 0xff80 }, { -25, 0xe700 }, { 125, 0x7d00 }, { 400, 0x7d00 },
		{ -55, 0xc900 }, { -300, 0xc900 } };
	struct bed *t = *state;

	make(t, I2C_LM75, I2C_TEMPERATURE);
	assert_int_equal(read16(t, 0), 0x1400); /* 20 degrees until somebody says another */
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		signal_rig_say(&t->rig, VALUE, cases[i].celsius);
		assert_int_equal(read16(t, 0), cases[i].reg);
	}
}

static void test_lm75_registers_have_their_power_on_values_and_keep_what_is_written(void **state)
{
	struct bed *t = *state;

	make(t, I2C_LM75, I2C_TEMPERATURE);
	assert_int_equal(read8(t, 1), 0);
	assert_int_equal(read16(t, 2), 75 << 8);
	assert_int_equal(read16(t, 3), 80 << 8);
	write16(t, 3, 0x1fff);
	assert_int_equal(read16(t, 3), 0x1f80);
	write8(t, 1, 0xff);
	assert_int_equal(read8(t, 1), 0x1f);
	write16(t, 0, 0x1111);
	assert_int_equal(read16(t, 0), 0x1400);
	t->chip->ops->reset(t->chip);
	assert_int_equal(read16(t, 3), 80 << 8);
}

static void test_lm75_in_shutdown_keeps_its_last_temperature(void **state)
{
	struct bed *t = *state;

	make(t, I2C_LM75, I2C_TEMPERATURE);
	signal_rig_say(&t->rig, VALUE, 30);
	write8(t, 1, 1);
	signal_rig_say(&t->rig, VALUE, 40);
	assert_int_equal(read16(t, 0), 30 << 8);
	write8(t, 1, 0);
	assert_int_equal(read16(t, 0), 40 << 8);
}

/* The level of the OS pin as the bench heard it last. */
static double pin(struct bed *t, double before)
{
	(void)signal_rig_heard(&t->rig, PIN, &before);
	return before;
}

static void test_lm75_alert_follows_limit_and_hysteresis(void **state)
{
	struct bed *t = *state;
	double level;

	make(t, I2C_LM75, I2C_TEMPERATURE);
	level = pin(t, -1);
	assert_true(level == 1);
	signal_rig_say(&t->rig, VALUE, 80);
	assert_true(pin(t, level) == 1);
	signal_rig_say(&t->rig, VALUE, 80.5);
	level = pin(t, level);
	assert_true(level == 0);
	signal_rig_say(&t->rig, VALUE, 76);
	assert_true(pin(t, level) == 0);
	signal_rig_say(&t->rig, VALUE, 74);
	level = pin(t, level);
	assert_true(level == 1);
	/* The other polarity, and a limit that is moved below the temperature. */
	write8(t, 1, 4);
	level = pin(t, level);
	assert_true(level == 0);
	write16(t, 3, 70 << 8);
	assert_true(pin(t, level) == 1);
}

static void test_lm75_interrupt_ends_with_a_read(void **state)
{
	struct bed *t = *state;

	make(t, I2C_LM75, I2C_TEMPERATURE);
	write8(t, 1, 2);
	signal_rig_say(&t->rig, VALUE, 90);
	assert_true(pin(t, -1) == 0);
	(void)read16(t, 0);
	assert_true(pin(t, -1) == 1);
	signal_rig_say(&t->rig, VALUE, 91);
	assert_true(pin(t, -1) == -1);
	signal_rig_say(&t->rig, VALUE, 60);
	assert_true(pin(t, -1) == 0);
	(void)read8(t, 1);
	assert_true(pin(t, -1) == 1);
}

static void test_lm75_alert_waits_for_as_many_conversions_as_the_fault_queue_says(void **state)
{
	struct bed *t = *state;
	double level = -1;

	make(t, I2C_LM75, I2C_TEMPERATURE);
	write8(t, 1, 1 << 3); /* two */
	assert_true(pin(t, -1) == 1);
	signal_rig_say(&t->rig, VALUE, 90);
	signal_rig_say(&t->rig, VALUE, 91);
	assert_true(pin(t, -1) == -1);
	/* (the timer's time is long past on the loop's clock) */
	while (!signal_rig_heard(&t->rig, PIN, &level))
		assert_int_equal(ev_loop_turn(t->loop, 100), 0);
	assert_true(level == 0);
}

/* ---- opt3001 ---- */

/* One conversion as Linux starts it. */
static uint16_t convert(struct bed *t, double lux)
{
	signal_rig_say(&t->rig, VALUE, lux);
	write16(t, 1, 0xca10);
	t->now_ns += 800 * NS_PER_MS;
	return read16(t, 0);
}

static void test_opt3001_is_recognised_and_starts_in_shutdown(void **state)
{
	struct bed *t = *state;

	make(t, I2C_OPT3001, I2C_ILLUMINANCE);
	assert_int_equal(read16(t, 0x7e), 0x5449);
	assert_int_equal(read16(t, 0x7f), 0x3001);
	assert_int_equal(read16(t, 1), 0xc810);
	assert_int_equal(read16(t, 2), 0xc000);
	assert_int_equal(read16(t, 3), 0xbfff);
	t->now_ns += 10 * NS_PER_S;
	assert_int_equal(read16(t, 1), 0xc810);
}

static void test_opt3001_result_is_ready_after_its_conversion_time(void **state)
{
	struct bed *t = *state;

	make(t, I2C_OPT3001, I2C_ILLUMINANCE);
	signal_rig_say(&t->rig, VALUE, 10);
	write16(t, 1, 0xca10);
	t->now_ns += 799 * NS_PER_MS;
	assert_int_equal(read16(t, 1) & 0x0680, 0x0200);
	assert_int_equal(read16(t, 0), 0);
	t->now_ns += NS_PER_MS;
	assert_int_equal(read16(t, 1) & 0x0680, 0x0080);
	/* Reading took the flag away; the result stays. */
	assert_int_equal(read16(t, 1) & 0x0080, 0);
	assert_int_equal(read16(t, 0), 1000);
	write16(t, 1, 0xc210);
	t->now_ns += 100 * NS_PER_MS;
	assert_int_equal(read16(t, 1) & 0x0680, 0x0080);
}

static void test_opt3001_chooses_the_finest_range(void **state)
{
	static const struct {
		double lux;
		uint16_t reg;
	} cases[] = { { 0, 0 }, { -5, 0 }, { 40.95, 0x0fff }, { 40.96, 0x1800 }, { 81.9, 0x1fff },
		{ 120, 0x2bb8 }, { 83865.6, 0xbfff } };
	struct bed *t = *state;

	make(t, I2C_OPT3001, I2C_ILLUMINANCE);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(convert(t, cases[i].lux), cases[i].reg);
	assert_int_equal(read16(t, 1) & 0x0100, 0);
	assert_int_equal(convert(t, 100000), 0xbfff);
	assert_int_equal(read16(t, 1) & 0x0100, 0x0100);
}

static void test_opt3001_with_a_fixed_range_overflows(void **state)
{
	struct bed *t = *state;

	make(t, I2C_OPT3001, I2C_ILLUMINANCE);
	signal_rig_say(&t->rig, VALUE, 100);
	write16(t, 1, 0x1a10);
	t->now_ns += 800 * NS_PER_MS;
	assert_int_equal(read16(t, 0), 0x1fff);
	assert_int_equal(read16(t, 1) & 0x0100, 0x0100);
	write16(t, 1, 0x4a14); /* 655 lux at most, its exponent not shown */
	t->now_ns += 800 * NS_PER_MS;
	assert_int_equal(read16(t, 0), 625);
}

static void test_opt3001_flags_stay_until_they_are_read(void **state)
{
	struct bed *t = *state;

	make(t, I2C_OPT3001, I2C_ILLUMINANCE);
	write16(t, 3, 0x2bb8); /* 120 lux */
	write16(t, 2, 0x03e8); /* 10 lux */
	signal_rig_say(&t->rig, VALUE, 121);
	write16(t, 1, 0xc411); /* continuous, 100 ms, two faults */
	t->now_ns += 100 * NS_PER_MS;
	assert_int_equal(read16(t, 1) & 0x0060, 0);
	t->now_ns += 100 * NS_PER_MS;
	(void)read16(t, 0);
	signal_rig_say(&t->rig, VALUE, 50);
	t->now_ns += 100 * NS_PER_MS;
	assert_int_equal(read16(t, 1) & 0x0060, 0x0040);
	assert_int_equal(read16(t, 1) & 0x0060, 0);
	signal_rig_say(&t->rig, VALUE, 5);
	t->now_ns += 1000 * NS_PER_MS;
	assert_int_equal(read16(t, 1) & 0x0060, 0x0020);
}

/* ---- mpu6050 ---- */

static int16_t axis(struct bed *t, uint8_t reg)
{
	return (int16_t)read16(t, reg);
}

static void test_mpu6050_is_recognised_and_sleeps_after_a_reset(void **state)
{
	struct bed *t = *state;

	make(t, I2C_MPU6050, I2C_ACCELERATION_X);
	assert_int_equal(read8(t, 0x75), 0x68);
	assert_int_equal(read8(t, 0x6b), 0x40);
	signal_rig_say(&t->rig, VALUE, 5);
	assert_int_equal(axis(t, 0x3b), 0);
	write8(t, 0x6b, 0x01);
	assert_int_not_equal(axis(t, 0x3b), 0);
	write8(t, 0x1c, 0x18);
	write8(t, 0x6b, 0x80);
	assert_int_equal(read8(t, 0x6b), 0x40);
	assert_int_equal(read8(t, 0x1c), 0);
	write8(t, 0x75, 0x11);
	assert_int_equal(read8(t, 0x75), 0x68);
}

static void test_mpu6050_acceleration_follows_the_full_scale(void **state)
{
	static const int16_t one_g[] = { 16384, 8192, 4096, 2048 };
	struct bed *t = *state;

	make(t, I2C_MPU6050, I2C_ACCELERATION_Y);
	write8(t, 0x6b, 0);
	signal_rig_say(&t->rig, VALUE, -9.80665);
	for (unsigned int fs = 0; fs < 4; fs++) {
		write8(t, 0x1c, (uint8_t)(fs << 3));
		assert_int_equal(axis(t, 0x3d), -one_g[fs]);
		assert_int_equal(axis(t, 0x3b), 0);
	}
	write8(t, 0x1c, 0);
	signal_rig_say(&t->rig, VALUE, 1000);
	assert_int_equal(axis(t, 0x3d), INT16_MAX);
}

static void test_mpu6050_rotation_follows_the_full_scale(void **state)
{
	static const int16_t hundred[] = { 13100, 6550, 3275, 1638 };
	struct bed *t = *state;

	make(t, I2C_MPU6050, I2C_ROTATION_Z);
	write8(t, 0x6b, 0);
	signal_rig_say(&t->rig, VALUE, 100);
	for (unsigned int fs = 0; fs < 4; fs++) {
		write8(t, 0x1b, (uint8_t)(fs << 3));
		assert_in_range(axis(t, 0x47), hundred[fs] - 1, hundred[fs] + 1);
	}
}

static void test_mpu6050_temperature_has_its_offset(void **state)
{
	struct bed *t = *state;

	make(t, I2C_MPU6050, I2C_TEMPERATURE);
	write8(t, 0x6b, 0);
	signal_rig_say(&t->rig, VALUE, 36.53);
	assert_int_equal(axis(t, 0x41), 0);
	signal_rig_say(&t->rig, VALUE, -13.47);
	assert_int_equal(axis(t, 0x41), -17000);
}

static void test_mpu6050_axis_in_standby_keeps_its_value(void **state)
{
	struct bed *t = *state;

	make(t, I2C_MPU6050, I2C_ACCELERATION_X);
	write8(t, 0x6b, 0);
	signal_rig_say(&t->rig, VALUE, 9.80665);
	assert_int_equal(axis(t, 0x3b), 16384);
	write8(t, 0x6c, 0x20);
	signal_rig_say(&t->rig, VALUE, 0);
	assert_int_equal(axis(t, 0x3b), 16384);
	write8(t, 0x6c, 0);
	assert_int_equal(axis(t, 0x3b), 0);
}

static void test_mpu6050_registers_follow_each_other_but_the_fifos(void **state)
{
	const uint8_t three[] = { 0x19, 7, 3, 0x10 }, first = 0x19, fifo = 0x74, last = 0x7f;
	struct bed *t = *state;
	uint8_t b[4];

	make(t, I2C_MPU6050, I2C_ACCELERATION_X);
	assert_true(t->chip->ops->write(t->chip, three, sizeof(three)));
	assert_true(t->chip->ops->write(t->chip, &first, 1));
	t->chip->ops->read(t->chip, b, 3);
	assert_memory_equal(b, three + 1, 3);
	assert_true(t->chip->ops->write(t->chip, &fifo, 1));
	t->chip->ops->read(t->chip, b, 4);
	assert_int_equal(b[1], 0); /* not WHO_AM_I */
	assert_true(t->chip->ops->write(t->chip, &last, 1));
	t->chip->ops->read(t->chip, b, 4);
}

#define BED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_chip_has_a_name_and_addresses_on_the_bus),
		cmocka_unit_test(test_steps_are_rounded_and_end_at_the_limits),
		BED(test_lm75_shows_the_temperature_in_half_degrees),
		BED(test_lm75_registers_have_their_power_on_values_and_keep_what_is_written),
		BED(test_lm75_in_shutdown_keeps_its_last_temperature),
		BED(test_lm75_alert_follows_limit_and_hysteresis),
		BED(test_lm75_interrupt_ends_with_a_read),
		BED(test_lm75_alert_waits_for_as_many_conversions_as_the_fault_queue_says),
		BED(test_opt3001_is_recognised_and_starts_in_shutdown),
		BED(test_opt3001_result_is_ready_after_its_conversion_time),
		BED(test_opt3001_chooses_the_finest_range),
		BED(test_opt3001_with_a_fixed_range_overflows),
		BED(test_opt3001_flags_stay_until_they_are_read),
		BED(test_mpu6050_is_recognised_and_sleeps_after_a_reset),
		BED(test_mpu6050_acceleration_follows_the_full_scale),
		BED(test_mpu6050_rotation_follows_the_full_scale),
		BED(test_mpu6050_temperature_has_its_offset),
		BED(test_mpu6050_axis_in_standby_keeps_its_value),
		BED(test_mpu6050_registers_follow_each_other_but_the_fifos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
