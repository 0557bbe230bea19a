/* SPDX-License-Identifier: Apache-2.0 */
/* The event of a display: a region of it changes, shows a colour, or looks like a picture. */
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/table_check.h"

/* Of a picture to look like, so many pixels may be different: as `screen` allows. */
#define ALIKE 0.999

static void parse_colour(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	const char *text = n->text[0] == '#' ? n->text + 1 : n->text;
	size_t len = strlen(text);

	(void)k;
	if (len != 6 || strspn(text, "0123456789abcdefABCDEF") != len)
		bind_error(b, n, "must be six hexadecimal digits: \"#RRGGBB\", in quotes");
	else
		*(uint32_t *)field = (uint32_t)strtoul(text, NULL, 16);
}
static const struct schema_type type_colour = {
	.name = "colour",
	.doc = "Red, green and blue in hexadecimal digits, in quotes: `\"#ff8000\"`.",
	.parse = parse_colour,
};

static const char *look_text(struct bind *b, const struct scenario_event *ev)
{
	const char *path = ev->u.screen.picture, *name = path ? strrchr(path, '/') : NULL;

	switch (ev->u.screen.look) {
	case SCENARIO_LOOK_COLOUR:
		return bind_printf(b, "shows #%06x", ev->u.screen.rgb);
	case SCENARIO_LOOK_LIKE:
		return bind_printf(b, "looks like %.60s",
			name   ? name + 1
			: path ? path
			       : "a picture");
	default:
		return "changes";
	}
}

static void parse_true(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	bool on = false;

	(void)k;
	(void)field;
	type_bool.parse(b, n, k, &on);
	if (!on)
		bind_error(b, n, "can only be true");
}
static const struct schema_type type_true = { .name = "true", .parse = parse_true };

static void event_screen_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_event *ev = obj;
	struct display_rect *r = &ev->u.screen.region;
	const struct scenario_guest *g = &load_of(b)->s.guests[ev->u.screen.guest];
	const struct scenario_display *d;

	ev->text = "?";
	if (!refs_display(b, n, ev->u.screen.guest, false, &ev->u.screen.display))
		return;
	d = &g->displays[ev->u.screen.display];
	if (!node_get(n, "region"))
		*r = (struct display_rect){ 0, 0, d->width, d->height };
	else if (!display_rect_inside(*r, d->width, d->height))
		bind_key_error(b, n, "region", "is not inside of the display's %u x %u pixels",
			d->width, d->height);
	if (!node_get(n, "share") && ev->u.screen.look != SCENARIO_LOOK_CHANGED)
		ev->u.screen.share = ev->u.screen.look == SCENARIO_LOOK_LIKE ? ALIKE : 1;
	ev->text = bind_printf(b, "%s \"%.30s\" [%u, %u, %u, %u] %s", g->name ? g->name : "?",
		d->title ? d->title : "?", r->x, r->y, r->w, r->h, look_text(b, ev));
}

static const struct schema_key event_screen_keys[] = {
	{ .key = "guest",
		.type = &type_guest,
		.flags = KEY_ONLY,
		.offset = E(u.screen.guest),
		.doc = "whose display" },
	{ .key = "display", .type = &type_display, .doc = "which display" },
	{ .key = "region",
		.type = &type_region,
		.offset = E(u.screen.region),
		.doc = "looks at a part of the display only" },
	{ .key = "changed",
		.type = &type_true,
		.flags = KEY_CHOICE,
		.tag = SCENARIO_LOOK_CHANGED,
		.doc = "`true`: each flush after which the region differs from what it was at the "
		       "event before (at first: from black)" },
	{ .key = "colour",
		.type = &type_colour,
		.flags = KEY_CHOICE,
		.tag = SCENARIO_LOOK_COLOUR,
		.offset = E(u.screen.rgb),
		.doc = "or the flush after which it shows this colour, and did not before" },
	{ .key = "like",
		.type = &type_file,
		.flags = KEY_CHOICE,
		.tag = SCENARIO_LOOK_LIKE,
		.offset = E(u.screen.picture),
		.doc = "or the flush after which it looks like this PNG (of the size of the display or "
		       "of the region), and did not before" },
	{ .key = "threshold",
		.type = &type_delta,
		.def = "8",
		.max = 255,
		.offset = E(u.screen.threshold),
		.doc = "how far a colour channel (0 to 255) may be off without the pixel being different" },
	{ .key = "share",
		.type = &type_percent,
		.max = 1,
		.offset = E(u.screen.share),
		.doc = "how much of the region's pixels must have changed, or be as asked; without it one "
		       "pixel of `changed`, all of `colour`, 99.9% of `like`" },
};
const struct schema schema_event_screen = {
	.keys = event_screen_keys,
	.n_keys = ARRAY_SIZE(event_screen_keys),
	.tag_offset = E(u.screen.look),
	.doc = "A display changes, or comes to a look. The time is that of the guest's flush "
	       "(docs/signals.md).",
	.post = event_screen_post,
};
