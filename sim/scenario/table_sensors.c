/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of guests whose values come from signals: the tables of the chips on an I2C bus
 * and of GPIO lines. */
#include <string.h>

#include "sim/scenario/load.h"

#define C(field) offsetof(struct scenario_chip, field)

static const struct schema_word chip_words[] = {
	{ "lm75", I2C_LM75, "temperature sensor (address 0x48 to 0x4f)" },
	{ "opt3001", I2C_OPT3001, "ambient-light sensor (0x44 to 0x47)" },
	{ "mpu6050", I2C_MPU6050,
		"inertial unit: acceleration, rotation, temperature (0x68, 0x69)" },
	{ 0 },
};

/* A quantity that chips measure, with the value of one that nobody feeds. */
#define QUANTITY(word, number, value, text)                                              \
	{                                                                                \
		.key = (word), .type = &type_feed, .def = (value),                       \
		.offset = C(feed) + (number) * sizeof(struct signal_feed), .doc = (text) \
	}

static void chip_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_chip *c = obj;
	const struct i2c_chip_info *info = i2c_chip_info(c->type);

	if (!node_get(n, "address"))
		c->address = info->first;
	if (c->address < info->first || c->address > info->last)
		bind_key_error(b, n, "address", "is 0x%02x: %s can have 0x%02x to 0x%02x",
			c->address, info->name, info->first, info->last);
	for (enum i2c_quantity q = 0; q < I2C_QUANTITIES; q++) {
		const char *name = i2c_quantity_name(q);

		if (!(info->quantities & 1u << q) && node_get(n, name))
			bind_key_error(b, n, name, "is nothing that %s measures", info->name);
	}
	if (!node_get(n, "alert"))
		c->alert = SIGNAL_FEED_CONSTANT;
	else if (!info->has_alert)
		bind_key_error(b, n, "alert", "is a pin that %s does not have", info->name);
}

static const struct schema_key chip_keys[] = {
	{ .key = "chip",
		.type = &type_enum,
		.flags = KEY_REQUIRED,
		.words = chip_words,
		.offset = C(type),
		.doc = "which chip" },
	{ .key = "address",
		.type = &type_u32,
		.min = I2C_ADDRESS_MIN,
		.max = I2C_ADDRESS_MAX,
		.offset = C(address),
		.doc = "its 7-bit address (`0x49`); without it the first of the chip's" },
	QUANTITY("temperature", I2C_TEMPERATURE, "20", "in °C"),
	QUANTITY("illuminance", I2C_ILLUMINANCE, "0", "in lux"),
	QUANTITY("acceleration_x", I2C_ACCELERATION_X, "0", "in m/s²"),
	QUANTITY("acceleration_y", I2C_ACCELERATION_Y, "0", "in m/s²"),
	QUANTITY("acceleration_z", I2C_ACCELERATION_Z, "9.80665",
		"in m/s²; a chip at rest feels the pull of the earth"),
	QUANTITY("rotation_x", I2C_ROTATION_X, "0", "in degrees a second"),
	QUANTITY("rotation_y", I2C_ROTATION_Y, "0", "in degrees a second"),
	QUANTITY("rotation_z", I2C_ROTATION_Z, "0", "in degrees a second"),
	{ .key = "present",
		.type = &type_feed,
		.def = "true",
		.offset = C(present),
		.doc = "below 0.5 the chip acknowledges nothing, as if it were not there" },
	{ .key = "alert",
		.type = &type_output,
		.offset = C(alert),
		.doc = "with `lm75`: gets the level of its OS pin, which the guest configures (low is an "
		       "alarm without that)" },
};

const struct schema schema_chip = {
	.item = "chip",
	.size = sizeof(struct scenario_chip),
	.keys = chip_keys,
	.n_keys = ARRAY_SIZE(chip_keys),
	.doc = "One sensor chip (docs/sensor-devices.md).",
	.post = chip_post,
};

/* --- lines ------------------------------------------------------------------------------- */

#define L(field) offsetof(struct scenario_line, field)

static void line_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_line *l = obj;

	l->has_input = node_get(n, "input") != NULL;
	if (!node_get(n, "output"))
		l->output = SIGNAL_FEED_CONSTANT;
	if (!l->has_input && !node_get(n, "output"))
		bind_item_error(b, n, "needs \"input\" or \"output\": the signal that the line is");
}

static const struct schema_key line_keys[] = {
	{ .key = "name",
		.type = &type_name,
		.flags = KEY_REQUIRED,
		.max = 31,
		.offset = L(name),
		.doc = "what the guest calls the line" },
	{ .key = "input",
		.type = &type_feed,
		.offset = L(input),
		.doc = "what makes the line high, from 0.5 on; `{ signal: ..., scale: -1, offset: 1 }` is the "
		       "opposite" },
	{ .key = "output",
		.type = &type_output,
		.offset = L(output),
		.doc = "is set to 1 or 0 by the guest; without it the guest cannot drive the line" },
};

const struct schema schema_line = {
	.item = "line",
	.size = sizeof(struct scenario_line),
	.keys = line_keys,
	.n_keys = ARRAY_SIZE(line_keys),
	.doc = "One line of the GPIO controller (docs/sensor-devices.md).",
	.post = line_post,
};

static void check_lines(struct bind *b, const struct node *n, const struct scenario_guest *g)
{
	for (uint32_t i = 1; i < g->n_lines; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (strcmp(g->lines[i].name, g->lines[j].name) == 0)
				bind_key_error(b, n, "gpio", "has two lines named \"%s\"",
					g->lines[i].name);
		}
	}
}

void sensors_check(struct bind *b, const struct node *n, const struct scenario_guest *g)
{
	for (uint32_t i = 1; i < g->n_chips; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (g->chips[i].address == g->chips[j].address)
				bind_key_error(b, n, "i2c", "has two chips at address 0x%02x",
					g->chips[i].address);
		}
	}
	check_lines(b, n, g);
}
