/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LM75 temperature sensor: nine bits of half a degree, limits with hysteresis, and the OS pin in
 * comparator and interrupt mode with its fault queue. A conversion takes place whenever the
 * temperature changes, and every 100 ms while the fault queue counts.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "devices/i2c/chip.h"

enum { REG_TEMPERATURE, REG_CONFIGURATION, REG_HYSTERESIS, REG_LIMIT };

#define CONF_SHUTDOWN  0x01u
#define CONF_INTERRUPT 0x02u /* OS mode; else comparator */
#define CONF_POLARITY  0x04u /* OS is active high */
#define CONF_FAULTS    0x18u
#define CONF_USED      0x1fu

#define CONVERSION_NS (100 * NS_PER_MS)
#define RESET_CELSIUS 20.0

struct lm75 {
	struct i2c_chip chip; /* first */
	struct signal_watch watch;
	struct ev_timer again; /* the next conversion that the fault queue counts */
	uint8_t pointer, configuration;
	int16_t temperature, hysteresis, limit; /* as in the registers */
	unsigned int faults; /* conversions in a row beyond the limit that counts */
	bool hot; /* the limit was passed; below the hysteresis it is over */
	bool os; /* the pin is active */
};

static struct lm75 *lm75_of(struct i2c_chip *c)
{
	return (struct lm75 *)c;
}

static void drive_pin(const struct lm75 *m)
{
	bool high = m->os == ((m->configuration & CONF_POLARITY) != 0);

	if (m->chip.cfg.alert != SIGNAL_FEED_CONSTANT)
		signal_client_set(m->chip.cfg.signals, m->chip.cfg.alert, high);
}

static void set_os(struct lm75 *m, bool active)
{
	if (m->os == active)
		return;
	m->os = active;
	drive_pin(m);
}

/* How many conversions in a row count. */
static unsigned int queue_length(const struct lm75 *m)
{
	static const uint8_t lengths[] = { 1, 2, 4, 6 };

	return lengths[(m->configuration & CONF_FAULTS) >> 3];
}

/* The pin after a conversion. One that comes before the next is due does not count as another. */
static void compare(struct lm75 *m, bool due)
{
	bool beyond = m->hot ? m->temperature < m->hysteresis : m->temperature > m->limit;

	if (!beyond) {
		m->faults = 0;
		ev_timer_stop(&m->again);
		return;
	}
	if (m->faults > 0 && !due)
		return;
	if (++m->faults < queue_length(m)) {
		ev_timer_at(&m->again, i2c_chip_now_ns(&m->chip) + CONVERSION_NS);
		return;
	}
	ev_timer_stop(&m->again);
	m->faults = 0;
	m->hot = !m->hot;
	/* In interrupt mode each crossing is an interrupt, which a read ends. */
	set_os(m, m->configuration & CONF_INTERRUPT ? true : m->hot);
}

static void convert(struct lm75 *m, bool due)
{
	double celsius = i2c_chip_measure(&m->chip, I2C_TEMPERATURE, RESET_CELSIUS);

	if (m->configuration & CONF_SHUTDOWN)
		return;
	m->temperature = (int16_t)(i2c_chip_steps(celsius, 0.5, -110, 250) * 128);
	compare(m, due);
}

static void on_again(struct ev_timer *t, uint64_t now_ns)
{
	(void)now_ns;
	convert(t->data, true);
}

static void on_temperature(void *ctx, const struct signal_seen *s)
{
	(void)s;
	convert(ctx, false);
}

static void write_configuration(struct lm75 *m, uint8_t v)
{
	uint8_t old = m->configuration;

	m->configuration = v & CONF_USED;
	if ((old ^ v) & CONF_POLARITY)
		drive_pin(m);
	if (v & CONF_SHUTDOWN) {
		ev_timer_stop(&m->again);
		m->faults = 0;
	}
	convert(m, false);
}

static bool lm75_write(struct i2c_chip *c, const uint8_t *data, uint32_t len)
{
	struct lm75 *m = lm75_of(c);

	m->pointer = data[0] & 3;
	if (len >= 2 && m->pointer == REG_CONFIGURATION)
		write_configuration(m, data[1]);
	if (len >= 3 && (m->pointer == REG_HYSTERESIS || m->pointer == REG_LIMIT)) {
		int16_t v = (int16_t)(data[1] << 8 | (data[2] & 0x80));

		*(m->pointer == REG_LIMIT ? &m->limit : &m->hysteresis) = v;
		convert(m, false);
	}
	return true;
}

static void lm75_read(struct i2c_chip *c, uint8_t *data, uint32_t len)
{
	struct lm75 *m = lm75_of(c);
	uint16_t v = m->configuration;

	switch (m->pointer) {
	case REG_TEMPERATURE:
		v = (uint16_t)m->temperature;
		break;
	case REG_HYSTERESIS:
		v = (uint16_t)m->hysteresis;
		break;
	case REG_LIMIT:
		v = (uint16_t)m->limit;
		break;
	default:
		break;
	}
	for (uint32_t i = 0; i < len; i++)
		data[i] = (uint8_t)(m->pointer == REG_CONFIGURATION || i % 2 ? v : v >> 8);
	if (m->configuration & CONF_INTERRUPT)
		set_os(m, false);
}

static void lm75_reset(struct i2c_chip *c)
{
	struct lm75 *m = lm75_of(c);

	ev_timer_stop(&m->again);
	m->pointer = REG_TEMPERATURE;
	m->configuration = 0;
	m->hysteresis = 75 * 256;
	m->limit = 80 * 256;
	m->faults = 0;
	m->hot = m->os = false;
	drive_pin(m);
	convert(m, false);
}

static void lm75_free(struct i2c_chip *c)
{
	struct lm75 *m = lm75_of(c);

	signal_client_unwatch(&m->watch);
	ev_timer_fini(&m->again);
	free(m);
}

static const struct i2c_chip_ops lm75_ops = { lm75_write, lm75_read, lm75_reset, lm75_free };

int i2c_lm75_new(struct i2c_chip **out, const struct i2c_chip_config *cfg)
{
	const struct signal_feed *f = &cfg->feed[I2C_TEMPERATURE];
	struct lm75 *m = calloc(1, sizeof(*m));
	int rc;

	if (!m)
		return -ENOMEM;
	m->chip = (struct i2c_chip){ .ops = &lm75_ops, .cfg = *cfg };
	rc = ev_timer_init(cfg->loop, &m->again, on_again, m);
	if (rc) {
		free(m);
		return rc;
	}
	m->watch.changed = on_temperature;
	m->watch.ctx = m;
	if (f->signal != SIGNAL_FEED_CONSTANT)
		signal_client_watch(cfg->signals, &m->watch, f->signal);
	*out = &m->chip;
	return 0;
}
