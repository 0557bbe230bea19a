/* SPDX-License-Identifier: Apache-2.0 */
/* The readers of devices whose values come from signals; see manifest_priv.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devices/gpio/gpio.h"
#include "vmm/guest/manifest_priv.h"

/* ---- i2c ---- */

static int read_feeds(struct manifest_reader *r, const json_t *o, struct manifest_chip *c)
{
	const struct i2c_chip_info *info = i2c_chip_info(c->type);
	int rc = 0;

	for (enum i2c_quantity q = 0; q < I2C_QUANTITIES && rc == 0; q++) {
		c->feed[q] = (struct signal_feed){ .signal = SIGNAL_FEED_CONSTANT, .scale = 1 };
		if (info->quantities & 1u << q)
			rc = manifest_get_feed(
				r, o, i2c_quantity_name(q), JSON_REQUIRED, &c->feed[q]);
	}
	return rc;
}

static int read_chip(struct manifest_reader *r, const json_t *o, struct manifest_chip *c)
{
	const struct i2c_chip_info *info;
	const char *type = NULL;
	uint32_t address = 0;
	int rc = json_get_str(o, "chip", JSON_REQUIRED, &type, r->e);

	if (rc < 0)
		return rc;
	c->type = i2c_chip_of(type);
	if (c->type == I2C_CHIP_TYPES)
		return err_set(r->e, -EINVAL, "\"chip\" is \"%s\", which is not known", type);
	info = i2c_chip_info(c->type);
	c->present = (struct signal_feed){ SIGNAL_FEED_CONSTANT, 1, 1 };
	c->alert = SIGNAL_FEED_CONSTANT;
	rc = manifest_get_u32(r, o, "address", info->first, info->last, &address);
	if (rc == 0)
		rc = read_feeds(r, o, c);
	if (rc == 0)
		rc = manifest_get_feed(r, o, "present", JSON_OPTIONAL, &c->present);
	if (rc == 0 && info->has_alert)
		rc = manifest_get_signal(r, o, "alert", JSON_OPTIONAL, &c->alert);
	c->address = (uint8_t)address;
	return rc;
}

static bool is_taken(const struct manifest_device *d, uint8_t address)
{
	for (unsigned int i = 0; i < d->u.i2c.n; i++) {
		if (d->u.i2c.chip[i].address == address)
			return true;
	}
	return false;
}

int manifest_read_i2c(struct manifest_reader *r, const json_t *o, struct manifest_device *d)
{
	json_t *chips = NULL, *c;
	size_t i;
	int rc = json_get_array(o, "chips", JSON_REQUIRED, &chips, r->e);

	if (rc < 0)
		return rc;
	if (json_array_size(chips) > I2C_MAX_CHIPS)
		return err_set(r->e, -EINVAL, "\"chips\": %d at most are possible", I2C_MAX_CHIPS);
	d->u.i2c.chip = calloc(I2C_MAX_CHIPS, sizeof(*d->u.i2c.chip));
	if (!d->u.i2c.chip)
		return err_errno(r->e, ENOMEM, "manifest");
	json_array_foreach (chips, i, c) {
		rc = read_chip(r, c, &d->u.i2c.chip[i]);
		if (rc == 0 && is_taken(d, d->u.i2c.chip[i].address))
			rc = err_set(
				r->e, -EINVAL, "address %u is taken", d->u.i2c.chip[i].address);
		if (rc < 0) {
			err_prefix(r->e, "chips[%zu]", i);
			return rc;
		}
		d->u.i2c.n++;
	}
	return 0;
}

/* ---- gpio ---- */

static int read_line(struct manifest_reader *r, const json_t *o, struct manifest_line *l)
{
	int rc = manifest_get_name(r, o, "name", JSON_REQUIRED, l->name);

	l->output = SIGNAL_FEED_CONSTANT;
	l->has_input = json_object_get(o, "input") != NULL;
	if (rc == 0)
		rc = manifest_get_feed(r, o, "input", JSON_OPTIONAL, &l->input);
	if (rc == 0 && strlen(l->name) >= GPIO_NAME_MAX)
		return err_set(
			r->e, -EINVAL, "\"name\" is longer than %d bytes", GPIO_NAME_MAX - 1);
	return rc < 0 ? rc : manifest_get_signal(r, o, "output", JSON_OPTIONAL, &l->output);
}

int manifest_read_gpio(struct manifest_reader *r, const json_t *o, struct manifest_device *d)
{
	json_t *lines = NULL, *l;
	size_t i;
	int rc = json_get_array(o, "lines", JSON_REQUIRED, &lines, r->e);

	if (rc < 0)
		return rc;
	if (json_array_size(lines) < 1 || json_array_size(lines) > GPIO_MAX_LINES)
		return err_set(r->e, -EINVAL, "\"lines\": 1 to %d are possible", GPIO_MAX_LINES);
	d->u.gpio.line = calloc(json_array_size(lines), sizeof(*d->u.gpio.line));
	if (!d->u.gpio.line)
		return err_errno(r->e, ENOMEM, "manifest");
	json_array_foreach (lines, i, l) {
		rc = read_line(r, l, &d->u.gpio.line[i]);
		if (rc < 0) {
			err_prefix(r->e, "lines[%zu]", i);
			return rc;
		}
		d->u.gpio.n++;
	}
	return 0;
}
