/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's i2c device -> devices/i2c; see bind.h. */
#include <string.h>

#include "devices/i2c/i2c.h"
#include "vmm/guest/bind.h"

static int make_chip(struct machine *mc, const struct manifest_chip *m, struct i2c_chip **out)
{
	struct i2c_chip_config cfg = { .type = m->type,
		.address = m->address,
		.present = m->present,
		.alert = m->alert,
		.signals = mc->signals,
		.loop = mc->loop[LOOP_DEV].loop };

	memcpy(cfg.feed, m->feed, sizeof(cfg.feed));
	return i2c_chip_new(out, &cfg);
}

static int make(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
	struct vdev **out, struct err *e)
{
	struct i2c_chip *chips[I2C_MAX_CHIPS];
	unsigned int n = 0;
	int rc = 0;

	(void)fds;
	while (n < d->u.i2c.n && rc == 0) {
		rc = make_chip(mc, &d->u.i2c.chip[n], &chips[n]);
		n += rc == 0;
	}
	if (rc == 0)
		rc = i2c_dev_new(out, chips, n, tag);
	else
		while (n > 0)
			i2c_chip_free(chips[--n]);
	return rc < 0 ? bind_failed(e, rc, "cannot make the I2C bus") : 0;
}

static void status(const struct vdev *v, json_t *o)
{
	struct i2c_dev_stats s = i2c_dev_stats(v);
	json_t *chips = json_array();
	const struct i2c_chip *c;

	json_object_set_new(o, "requests", json_integer((json_int_t)s.requests));
	json_object_set_new(o, "failed", json_integer((json_int_t)s.failed));
	for (unsigned int i = 0; (c = i2c_dev_chip(v, i)) != NULL; i++)
		json_array_append_new(chips,
			json_pack("{s:s,s:i,s:b,s:I,s:I,s:I}", "chip",
				i2c_chip_info(c->cfg.type)->name, "address", (int)c->cfg.address,
				"present", i2c_chip_is_present(c), "writes", (json_int_t)c->writes,
				"reads", (json_int_t)c->reads, "nacks", (json_int_t)c->nacks));
	json_object_set_new(o, "chips", chips);
}

const struct bind bind_i2c = { make, status, LOOP_DEV };
