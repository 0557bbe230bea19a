/* SPDX-License-Identifier: Apache-2.0 */
/* The UI's manifest: JSON to checked struct. Pure. */
#include "ui/manifest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

#define PLACE_LIMIT 65536

static int copy_name(char dst[UI_NAME], const char *src, const char *key, struct err *e)
{
	if (src[0] == '\0' || strlen(src) >= UI_NAME)
		return err_set(e, -EINVAL, "\"%s\" must have 1 to %d bytes", key, UI_NAME - 1);
	snprintf(dst, UI_NAME, "%s", src);
	return 0;
}

static int parse_inputs(const json_t *obj, struct ui_display_spec *d, struct err *e)
{
	static const char *const words[INPUT_KINDS] = { "keyboard", "pointer", "touch" };
	json_t *list = NULL, *v;
	size_t i;
	int rc = json_get_array(obj, "inputs", JSON_OPTIONAL, &list, e);

	if (rc < 0 || !list)
		return rc;
	json_array_foreach (list, i, v) {
		const char *word = json_string_value(v);
		int kind = 0;

		while (word && kind < INPUT_KINDS && strcmp(word, words[kind]) != 0)
			kind++;
		if (!word || kind == INPUT_KINDS)
			return err_set(e, -EINVAL,
				"\"inputs\" may hold \"keyboard\", \"pointer\" and \"touch\"");
		d->input[kind] = true;
	}
	return 0;
}

static int parse_display(const json_t *obj, struct ui_display_spec *d, struct err *e)
{
	const char *title = "";
	uint64_t w = 0, h = 0;
	int64_t x = 0, y = 0;
	int rc;

	rc = json_get_str(obj, "title", JSON_REQUIRED, &title, e);
	if (rc == 0)
		rc = copy_name(d->title, title, "title", e);
	if (rc == 0)
		rc = json_get_u64(obj, "width", JSON_REQUIRED, 1, DISPLAY_MAX_SIDE, &w, e);
	if (rc == 0)
		rc = json_get_u64(obj, "height", JSON_REQUIRED, 1, DISPLAY_MAX_SIDE, &h, e);
	if (rc == 0)
		rc = json_get_i64(obj, "x", JSON_OPTIONAL, -PLACE_LIMIT, PLACE_LIMIT, &x, e);
	if (rc == 0)
		rc = json_get_i64(obj, "y", JSON_OPTIONAL, -PLACE_LIMIT, PLACE_LIMIT, &y, e);
	if (rc == 0)
		rc = parse_inputs(obj, d, e);
	if (rc < 0)
		return rc;
	d->width = (uint32_t)w;
	d->height = (uint32_t)h;
	d->x = (int32_t)x;
	d->y = (int32_t)y;
	d->placed = json_object_get(obj, "x") && json_object_get(obj, "y");
	return 0;
}

static int parse_guest(const json_t *obj, size_t nfds, struct ui_guest_spec *g, struct err *e)
{
	const char *name = "";
	json_t *list = NULL, *v;
	uint64_t fd = 0;
	size_t i;
	int rc;

	if (nfds == 0)
		return err_set(e, -EINVAL, "no descriptor came with the manifest");
	rc = json_get_str(obj, "name", JSON_REQUIRED, &name, e);
	if (rc == 0)
		rc = copy_name(g->name, name, "name", e);
	if (rc == 0)
		rc = json_get_u64(obj, "fd", JSON_REQUIRED, 0, nfds - 1, &fd, e);
	if (rc == 0)
		rc = json_get_array(obj, "displays", JSON_REQUIRED, &list, e);
	if (rc < 0)
		return rc;
	g->fd_index = (uint32_t)fd;
	if (json_array_size(list) == 0 || json_array_size(list) > DISPLAY_MAX_SCANOUTS)
		return err_set(
			e, -EINVAL, "\"displays\" must have 1 to %d entries", DISPLAY_MAX_SCANOUTS);
	g->displays = (uint32_t)json_array_size(list);
	json_array_foreach (list, i, v) {
		rc = parse_display(v, &g->display[i], e);
		if (rc < 0) {
			err_prefix(e, "display %zu of \"%s\"", i, g->name);
			return rc;
		}
	}
	return 0;
}

static int parse_panel(const json_t *msg, size_t nfds, struct ui_manifest *m, struct err *e)
{
	json_t *panel = NULL;
	uint64_t fd = 0, signals = 0;
	int rc = json_get_object(msg, "panel", JSON_OPTIONAL, &panel, e);

	if (rc < 0 || !panel)
		return rc;
	if (nfds == 0)
		return err_set(e, -EINVAL, "no descriptor came with the manifest");
	rc = json_get_u64(panel, "fd", JSON_REQUIRED, 0, nfds - 1, &fd, e);
	if (rc == 0)
		rc = json_get_u64(panel, "signals", JSON_OPTIONAL, 0, nfds - 1, &signals, e);
	if (rc < 0)
		return rc;
	m->panel = true;
	m->panel_fd_index = (uint32_t)fd;
	m->panel_signals = json_object_get(panel, "signals");
	m->signals_fd_index = (uint32_t)signals;
	return 0;
}

int ui_manifest_parse(const json_t *msg, size_t nfds, struct ui_manifest *out, struct err *e)
{
	struct ui_manifest m = { .log_level = LOG_INFO };
	const char *backend = "", *level = NULL;
	json_t *guests = NULL, *v;
	uint64_t version = 0;
	size_t i;
	int rc;

	rc = json_get_u64(msg, "manifest", JSON_REQUIRED, 1, 1, &version, e);
	if (rc == 0)
		rc = json_get_str(msg, "backend", JSON_REQUIRED, &backend, e);
	if (rc == 0)
		rc = json_get_str(msg, "log_level", JSON_OPTIONAL, &level, e);
	if (rc == 0)
		rc = json_get_array(msg, "guests", JSON_REQUIRED, &guests, e);
	if (rc < 0)
		return rc;
	if (strcmp(backend, "sdl") != 0 && strcmp(backend, "headless") != 0)
		return err_set(e, -EINVAL, "\"backend\" must be \"sdl\" or \"headless\"");
	m.backend = strcmp(backend, "sdl") == 0 ? UI_SDL : UI_HEADLESS;
	if (level && !log_level_parse(level, &m.log_level))
		return err_set(e, -EINVAL, "\"log_level\" has no level \"%s\"", level);
	if (json_array_size(guests) > UI_MAX_GUESTS)
		return err_set(e, -EINVAL, "\"guests\" has over %d entries", UI_MAX_GUESTS);
	m.guests = (uint32_t)json_array_size(guests);
	json_array_foreach (guests, i, v) {
		rc = parse_guest(v, nfds, &m.guest[i], e);
		if (rc < 0)
			return rc;
	}
	rc = parse_panel(msg, nfds, &m, e);
	if (rc < 0)
		return rc;
	*out = m;
	return 0;
}
