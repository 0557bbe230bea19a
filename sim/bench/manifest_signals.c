/* SPDX-License-Identifier: Apache-2.0 */
/* The signals of a guest's devices, and those devices -> its manifest. */
#include "sim/bench/json_text.h"
#include "sim/bench/manifest.h"

json_t *manifest_feed(const struct signal_feed *f)
{
	if (f->signal == SIGNAL_FEED_CONSTANT)
		return json_pack("{s:f}", "offset", f->offset);
	return json_pack(
		"{s:i,s:f,s:f}", "signal", (int)f->signal, "scale", f->scale, "offset", f->offset);
}

void manifest_signals(const struct scenario *s, const struct scenario_guest *g, int fd, json_t *m,
	struct manifest_fds *out)
{
	json_t *names;

	if (!g->n_signals)
		return;
	names = json_array();
	for (uint32_t i = 0; i < g->n_signals; i++)
		json_array_append_new(names, json_text(s->signals.defs[g->signals[i].signal].name));
	json_object_set_new(m, "signals",
		json_pack("{s:o,s:o}", "fd", manifest_fd_index(out, fd), "names", names));
}

static json_t *chip(const struct scenario_chip *c)
{
	const struct i2c_chip_info *info = i2c_chip_info(c->type);
	json_t *o = json_pack("{s:s,s:i,s:o}", "chip", info->name, "address", (int)c->address,
		"present", manifest_feed(&c->present));

	for (enum i2c_quantity q = 0; o && q < I2C_QUANTITIES; q++) {
		if (info->quantities & 1u << q)
			json_object_set_new(o, i2c_quantity_name(q), manifest_feed(&c->feed[q]));
	}
	if (o && c->alert != SIGNAL_FEED_CONSTANT)
		json_object_set_new(o, "alert", json_integer((json_int_t)c->alert));
	return o;
}

static json_t *line(const struct scenario_line *l)
{
	json_t *o = json_pack("{s:s}", "name", l->name);

	if (o && l->has_input)
		json_object_set_new(o, "input", manifest_feed(&l->input));
	if (o && l->output != SIGNAL_FEED_CONSTANT)
		json_object_set_new(o, "output", json_integer((json_int_t)l->output));
	return o;
}

void manifest_sensors(const struct scenario_guest *g, json_t *devices)
{
	json_t *chips = json_array(), *lines = json_array();

	for (uint32_t i = 0; i < g->n_chips; i++)
		json_array_append_new(chips, chip(&g->chips[i]));
	for (uint32_t i = 0; i < g->n_lines; i++)
		json_array_append_new(lines, line(&g->lines[i]));
	if (g->n_chips)
		json_array_append_new(
			devices, json_pack("{s:s,s:O}", "type", "i2c", "chips", chips));
	if (g->n_lines)
		json_array_append_new(
			devices, json_pack("{s:s,s:O}", "type", "gpio", "lines", lines));
	json_decref(chips);
	json_decref(lines);
}
