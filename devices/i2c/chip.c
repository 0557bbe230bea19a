/* SPDX-License-Identifier: Apache-2.0 */
/* What all chips have in common; see chip.h. */
#include "devices/i2c/chip.h"

#include <math.h>

#include "base/clock.h"

static int (*const makers[I2C_CHIP_TYPES])(
	struct i2c_chip **out, const struct i2c_chip_config *cfg) = {
	[I2C_LM75] = i2c_lm75_new,
	[I2C_OPT3001] = i2c_opt3001_new,
	[I2C_MPU6050] = i2c_mpu6050_new,
};

int i2c_chip_new(struct i2c_chip **out, const struct i2c_chip_config *cfg)
{
	struct i2c_chip *c;
	int rc = makers[cfg->type](&c, cfg);

	if (rc)
		return rc;
	c->ops->reset(c);
	*out = c;
	return 0;
}

void i2c_chip_free(struct i2c_chip *c)
{
	if (c)
		c->ops->free(c);
}

bool i2c_chip_is_present(const struct i2c_chip *c)
{
	double v = 1;

	(void)signal_client_feed(c->cfg.signals, &c->cfg.present, &v);
	return v >= 0.5;
}

double i2c_chip_measure(const struct i2c_chip *c, enum i2c_quantity q, double unset)
{
	(void)signal_client_feed(c->cfg.signals, &c->cfg.feed[q], &unset);
	return unset;
}

uint64_t i2c_chip_now_ns(const struct i2c_chip *c)
{
	return c->cfg.now_ns ? c->cfg.now_ns(c->cfg.ctx) : clock_now_ns();
}

int32_t i2c_chip_steps(double value, double step, int32_t min, int32_t max)
{
	double n = round(value / step);

	/* (of a feed's scale and offset something infinite may have become, or no number) */
	if (isnan(n) || n < min)
		return min;
	return n > max ? max : (int32_t)n;
}
