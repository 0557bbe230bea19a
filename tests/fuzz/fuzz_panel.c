/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A panel's description, states, records and a user's moves, any bytes: refused with a message, or
 * a panel whose picture can be drawn. Input: JSON, a NUL, then moves of four bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fake_fonts.h"
#include "ui/panel/desk.h"

#define SIDE 240

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void take_all(struct panel_model *m)
{
	struct signal_rec r[7];
	json_t *ask;
	uint32_t n;

	while ((n = panel_model_take_records(m, r, 7)) > 0) {
		for (uint32_t i = 0; i < n; i++)
			must(r[i].signal < m->spec.n_signals && r[i].value - r[i].value == 0);
	}
	while ((ask = panel_model_take_ask(m))) {
		must(json_is_string(json_object_get(ask, "op")));
		json_decref(ask);
	}
	must(m->waiting == 0);
}

static void record(struct panel_desk *d, const uint8_t *move)
{
	struct signal_rec r[SIGNAL_PORT_RECORDS];
	struct signal_rec_wire w;

	memset(&w, move[3], sizeof(w));
	w.type = le16_of(SIGNAL_REC_VALUE);
	w.state = move[1] & 3;
	w.flags = move[2];
	w.signal = le32_of(move[1] >> 2);
	if (signal_rec_unpack(&w, sizeof(w), d->model.spec.n_signals, r) == 1)
		panel_model_value(&d->model, &r[0]);
}

static void draw(struct panel_desk *d, uint32_t *px)
{
	struct box b = panel_desk_draw(d, px, SIDE, false);

	must(b.x >= 0 && b.y >= 0 && b.x + b.w <= d->layout.width && b.y + b.h <= d->layout.height);
}

static void step(struct panel_desk *d, const uint8_t *move, uint32_t *px)
{
	static const char *const words[] = { "a", "\xc3\xa4", " ", "Speed" };
	int x = move[1] - 8, y = move[2] - 8;

	switch (move[0] % 8) {
	case 0:
	case 1:
		panel_desk_point(
			d, (enum panel_touch)(move[0] / 8 % 3), move[0] & 0x80, x, y, move[3]);
		break;
	case 2:
		panel_desk_key(d, (enum panel_key)(move[1] % (PANEL_KEY_ESCAPE + 1)), move[3]);
		break;
	case 3:
		panel_desk_type(d, words[move[1] % 4]);
		break;
	case 4:
		panel_desk_wheel(d, x, y, (int8_t)move[3]);
		break;
	case 5:
		record(d, move);
		break;
	case 6:
		must(panel_desk_resize(d, 2 + move[1] % (SIDE - 2), 2 + move[2] % (SIDE - 2),
			     0.5 + move[3] / 64.0) == 0);
		draw(d, px);
		break;
	default:
		panel_desk_tick(d, (uint64_t)move[1] << 32);
		take_all(&d->model);
		draw(d, px);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = strnlen((const char *)data, size), steps = 0;
	json_t *root = json_loadb((const char *)data, len, 0, NULL), *state;
	struct err e = { .text = "" };
	struct panel_spec spec;
	struct panel_desk d;
	uint32_t *px;

	if (!root)
		return 0;
	state = json_deep_copy(root);
	if (panel_spec_parse(root, &spec, &e)) {
		must(e.text[0] != '\0');
		json_decref(state);
		return 0;
	}
	px = malloc(sizeof(*px) * SIDE * SIDE);
	must(px && panel_desk_init(&d, &spec, fake_fonts()) == 0);
	must(panel_desk_resize(&d, SIDE, SIDE, 1) == 0);
	(void)!panel_model_state(&d.model, state, &e);
	for (size_t at = len + 1; at + 4 <= size && steps < 64; at += 4, steps++)
		step(&d, data + at, px);
	take_all(&d.model);
	draw(&d, px);
	json_decref(panel_desk_controls(&d));
	panel_desk_fini(&d);
	json_decref(state);
	free(px);
	return 0;
}
