/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OPT3001 ambient-light sensor: results with an exponent, automatic and fixed ranges, single and
 * continuous conversions of 100 or 800 ms, window comparison with latched flags. Its INT pin leads
 * nowhere.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "devices/i2c/chip.h"

enum { REG_RESULT, REG_CONFIGURATION, REG_LOW, REG_HIGH, REG_MANUFACTURER = 0x7e, REG_DEVICE };

#define CONF_RANGE      0xf000u
#define CONF_RANGE_AUTO 0xc000u
#define CONF_LONG       0x0800u /* conversion time */
#define CONF_MODE       0x0600u
#define CONF_SINGLE     0x0200u
#define CONF_OVERFLOW   0x0100u
#define CONF_READY      0x0080u
#define CONF_HIGH       0x0040u
#define CONF_LOW        0x0020u
#define CONF_LATCH      0x0010u
#define CONF_MASK_EXP   0x0004u /* with a fixed range its exponent is not shown */
#define CONF_WRITABLE   0xfe1fu
#define CONF_RESET      0xc810u

#define MANUFACTURER 0x5449u /* "TI" */
#define DEVICE       0x3001u

#define STEP_LUX     0.01 /* of exponent 0 */
#define MAX_EXPONENT 11u
#define MAX_MANTISSA 0xfff

struct opt3001 {
	struct i2c_chip chip; /* first */
	uint8_t pointer;
	uint16_t result, configuration, low, high;
	uint64_t due_ns; /* end of the conversion that goes on; 0: none */
	unsigned int faults_high, faults_low; /* conversions in a row beyond a limit */
};

static struct opt3001 *opt3001_of(struct i2c_chip *c)
{
	return (struct opt3001 *)c;
}

static uint64_t conversion_ns(const struct opt3001 *m)
{
	return (m->configuration & CONF_LONG ? 800 : 100) * NS_PER_MS;
}

/* A register of 4 bits of exponent and 12 of mantissa, in steps of exponent 0. */
static uint32_t steps_of(uint16_t reg)
{
	return (uint32_t)(reg & 0xfff) << (reg >> 12);
}

static uint16_t encode(struct opt3001 *m, double lux)
{
	uint32_t fixed = (m->configuration & CONF_RANGE) >> 12, e = fixed;
	int32_t n;

	if ((m->configuration & CONF_RANGE) >= CONF_RANGE_AUTO) {
		e = 0;
		while (e < MAX_EXPONENT && lux >= STEP_LUX * (MAX_MANTISSA + 0.5) * (1u << e))
			e++;
	}
	n = i2c_chip_steps(lux, STEP_LUX * (1u << e), 0, MAX_MANTISSA + 1);
	m->configuration &= (uint16_t)~CONF_OVERFLOW;
	if (n > MAX_MANTISSA) {
		m->configuration |= CONF_OVERFLOW;
		n = MAX_MANTISSA;
	}
	if (m->configuration & CONF_MASK_EXP && e == fixed)
		e = 0;
	return (uint16_t)(e << 12 | (uint32_t)n);
}

/* The flags of the comparison, after `conversions` results like this one. */
static void compare(struct opt3001 *m, unsigned int conversions)
{
	unsigned int wanted = 1u << (m->configuration & 3);
	uint32_t now = steps_of(m->result);
	bool high = now > steps_of(m->high), low = now < steps_of(m->low);
	uint16_t flags = 0;

	m->faults_high = high ? MIN(m->faults_high + conversions, wanted) : 0;
	m->faults_low = low ? MIN(m->faults_low + conversions, wanted) : 0;
	if (m->faults_high == wanted)
		flags |= CONF_HIGH;
	if (m->faults_low == wanted)
		flags |= CONF_LOW;
	if (!(m->configuration & CONF_LATCH))
		m->configuration &= (uint16_t) ~(CONF_HIGH | CONF_LOW);
	m->configuration |= flags;
}

/* What was converted since the last look. */
static void catch_up(struct opt3001 *m)
{
	uint64_t now = i2c_chip_now_ns(&m->chip), step = conversion_ns(m), n;

	if (!m->due_ns || now < m->due_ns)
		return;
	n = (now - m->due_ns) / step + 1;
	if ((m->configuration & CONF_MODE) == CONF_SINGLE) {
		n = 1;
		m->due_ns = 0;
		m->configuration &= (uint16_t)~CONF_MODE;
	} else {
		m->due_ns += n * step;
	}
	m->result = encode(m, i2c_chip_measure(&m->chip, I2C_ILLUMINANCE, 0));
	m->configuration |= CONF_READY;
	compare(m, (unsigned int)MIN(n, 8u));
}

static void write_configuration(struct opt3001 *m, uint16_t v)
{
	m->configuration = (uint16_t)((m->configuration & CONF_OVERFLOW) | (v & CONF_WRITABLE));
	m->faults_high = m->faults_low = 0;
	m->due_ns = m->configuration & CONF_MODE ? i2c_chip_now_ns(&m->chip) + conversion_ns(m) : 0;
}

static bool opt3001_write(struct i2c_chip *c, const uint8_t *data, uint32_t len)
{
	struct opt3001 *m = opt3001_of(c);
	uint16_t v;

	catch_up(m);
	m->pointer = data[0];
	if (len < 3)
		return true;
	v = (uint16_t)(data[1] << 8 | data[2]);
	if (m->pointer == REG_CONFIGURATION)
		write_configuration(m, v);
	else if (m->pointer == REG_LOW)
		m->low = v;
	else if (m->pointer == REG_HIGH)
		m->high = v;
	return true;
}

static uint16_t value_of(struct opt3001 *m)
{
	uint16_t v;

	switch (m->pointer) {
	case REG_RESULT:
		return m->result;
	case REG_CONFIGURATION:
		v = m->configuration;
		/* Reading ends the flags that stay until then. */
		m->configuration &= (uint16_t)~CONF_READY;
		if (m->configuration & CONF_LATCH)
			m->configuration &= (uint16_t) ~(CONF_HIGH | CONF_LOW);
		return v;
	case REG_LOW:
		return m->low;
	case REG_HIGH:
		return m->high;
	case REG_MANUFACTURER:
		return MANUFACTURER;
	case REG_DEVICE:
		return DEVICE;
	default:
		return 0;
	}
}

static void opt3001_read(struct i2c_chip *c, uint8_t *data, uint32_t len)
{
	struct opt3001 *m = opt3001_of(c);
	uint16_t v;

	catch_up(m);
	v = value_of(m);
	for (uint32_t i = 0; i < len; i++)
		data[i] = (uint8_t)(i % 2 ? v : v >> 8);
}

static void opt3001_reset(struct i2c_chip *c)
{
	struct opt3001 *m = opt3001_of(c);

	m->pointer = REG_RESULT;
	m->result = 0;
	m->configuration = CONF_RESET;
	m->low = 0xc000;
	m->high = 0xbfff;
	m->due_ns = 0;
	m->faults_high = m->faults_low = 0;
}

static void opt3001_free(struct i2c_chip *c)
{
	free(c);
}

static const struct i2c_chip_ops opt3001_ops = { opt3001_write, opt3001_read, opt3001_reset,
	opt3001_free };

int i2c_opt3001_new(struct i2c_chip **out, const struct i2c_chip_config *cfg)
{
	struct opt3001 *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->chip = (struct i2c_chip){ .ops = &opt3001_ops, .cfg = *cfg };
	*out = &m->chip;
	return 0;
}
