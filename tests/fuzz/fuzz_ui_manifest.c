/* SPDX-License-Identifier: Apache-2.0 */
/* Any JSON as the UI's manifest: refused with a message, or a struct whose every field is in
 * bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ui/manifest.h"

#define N_FDS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_name(const char name[UI_NAME])
{
	must(name[0] != '\0' && memchr(name, '\0', UI_NAME));
}

static void check_display(const struct ui_display_spec *d)
{
	check_name(d->title);
	must(d->width > 0 && d->width <= DISPLAY_MAX_SIDE);
	must(d->height > 0 && d->height <= DISPLAY_MAX_SIDE);
}

static void check(const struct ui_manifest *m)
{
	must(m->backend == UI_SDL || m->backend == UI_HEADLESS);
	must(m->log_level >= LOG_ERROR && m->log_level <= LOG_DEBUG);
	must(m->guests <= UI_MAX_GUESTS);
	for (uint32_t i = 0; i < m->guests; i++) {
		const struct ui_guest_spec *g = &m->guest[i];

		check_name(g->name);
		must(g->fd_index < N_FDS);
		must(g->displays > 0 && g->displays <= DISPLAY_MAX_SCANOUTS);
		for (uint32_t d = 0; d < g->displays; d++)
			check_display(&g->display[d]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *root = json_loadb((const char *)data, size, 0, NULL);
	struct ui_manifest m;
	struct err e = { 0 };

	if (!root)
		return 0;
	if (ui_manifest_parse(root, N_FDS, &m, &e) == 0)
		check(&m);
	else
		must(e.text[0] != '\0');
	json_decref(root);
	return 0;
}
