/* SPDX-License-Identifier: Apache-2.0 */
/* Value types that refer to things of the scenario, and those that only it has. */
#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/load.h"
#include "sim/scenario/units.h"

/* A search for the thing that a scenario names, among things of one kind. */
struct search {
	struct unit_near near;
	char all[200]; /* the names that there are, as far as they fit */
};

/*
 * Whether `name` is what is looked for; what it is not is kept for the error. NULL is a thing whose
 * own errors left it without a name.
 */
static bool found(struct search *s, const char *name)
{
	size_t l = strlen(s->all);

	if (!name)
		return false;
	if (strcmp(name, s->near.typed) == 0)
		return true;
	unit_near(&s->near, name);
	snprintf(s->all + l, sizeof(s->all) - l, "%s%s", l ? ", " : "", name);
	return false;
}

/* "unknown X "..."; did you mean ...?", or the names that there are. */
static void unknown(struct bind *b, const struct node *n, const char *what,
	const struct unit_near *near, const char *all)
{
	if (near->best)
		bind_error(b, n, "names an unknown %s \"%.60s\"; did you mean \"%s\"?", what,
			n->text, near->best);
	else if (*all)
		bind_error(
			b, n, "names an unknown %s \"%.60s\"; there are: %s", what, n->text, all);
	else
		bind_error(b, n, "names an unknown %s \"%.60s\"; the scenario has none", what,
			n->text);
}

void refs_named(struct bind *b, const struct node *n, const char *what, uint32_t count,
	const char *(*name)(const struct scenario *s, uint32_t i), uint32_t *out)
{
	struct search search = { .near.typed = n->text };

	for (uint32_t i = 0; i < count; i++) {
		if (found(&search, name(&load_of(b)->s, i))) {
			*out = i;
			return;
		}
	}
	unknown(b, n, what, &search.near, search.all);
}

static const char *name_of_bus(const struct scenario *s, uint32_t i)
{
	return s->buses[i].name;
}

static void parse_bus(struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	(void)k;
	refs_named(b, n, "bus", load_of(b)->s.n_buses, name_of_bus, field);
}

static bool fill_bus(struct bind *b, void *field)
{
	*(uint32_t *)field = 0;
	return load_of(b)->s.n_buses == 1;
}
const struct schema_type type_bus = {
	.name = "bus",
	.doc = "The name of a bus. May be left out where the scenario has only one.",
	.parse = parse_bus,
	.fill = fill_bus,
};

static const char *name_of_guest(const struct scenario *s, uint32_t i)
{
	return s->guests[i].name;
}

static void parse_guest(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	if (k->type == &type_guests && strcmp(n->text, "all") == 0)
		*(uint32_t *)field = SCENARIO_ALL;
	else
		refs_named(b, n, "guest", load_of(b)->s.n_guests, name_of_guest, field);
}

static bool fill_guest(struct bind *b, void *field)
{
	*(uint32_t *)field = 0;
	return load_of(b)->s.n_guests == 1;
}
const struct schema_type type_guest = {
	.name = "guest",
	.doc = "The name of a guest. May be left out where the scenario has only one.",
	.parse = parse_guest,
	.fill = fill_guest,
};
const struct schema_type type_guests = {
	.name = "guest or all",
	.doc = "The name of a guest, or `all`.",
	.parse = parse_guest,
};

/* Read by refs_display(), when the guest is known. */
const struct schema_type type_display = {
	.name = "display",
	.doc = "A display of the guest, by its title or by its number from 0. May be left out where "
	       "the guest has only one.",
	.parse = schema_parse_later,
};

static bool display_by_name(
	struct bind *b, const struct node *v, const struct scenario_guest *g, uint32_t *out)
{
	struct search search = { .near.typed = v->text };
	uint64_t number;

	if (v->kind != NODE_SCALAR) {
		bind_error(b, v, "must be the title or the number of a display");
		return false;
	}
	for (uint32_t i = 0; i < g->n_displays; i++) {
		if (found(&search, g->displays[i].title)) {
			*out = i;
			return true;
		}
	}
	if (unit_uint(v->text, &number) == 0 && number < g->n_displays) {
		*out = (uint32_t)number;
		return true;
	}
	if (search.near.best)
		bind_error(b, v,
			"names an unknown display \"%.60s\" of guest \"%s\"; did you mean \"%s\"?",
			v->text, g->name, search.near.best);
	else
		bind_error(b, v, "names an unknown display \"%.60s\" of guest \"%s\"; it has: %s",
			v->text, g->name, search.all);
	return false;
}

bool refs_display(
	struct bind *b, const struct node *n, uint32_t guest, bool all_allowed, uint32_t *out)
{
	const struct scenario *s = &load_of(b)->s;
	const struct node *v = node_get(n, "display");

	if (guest == SCENARIO_ALL) {
		if (v && strcmp(v->text ? v->text : "", "all") != 0) {
			bind_error(b, v, "names a display without a guest");
			return false;
		}
		*out = SCENARIO_ALL;
		return true;
	}
	const struct scenario_guest *g = &s->guests[guest];

	if (g->n_displays == 0) {
		bind_error(b, n, "is about guest \"%s\", which has no displays", g->name);
		return false;
	}
	if (v && all_allowed && v->kind == NODE_SCALAR && strcmp(v->text, "all") == 0)
		v = NULL;
	else if (v)
		return display_by_name(b, v, g, out);
	if (g->n_displays > 1 && !all_allowed) {
		bind_error(b, n, "needs \"display\": guest \"%s\" has %u", g->name, g->n_displays);
		return false;
	}
	*out = all_allowed ? SCENARIO_ALL : 0;
	return true;
}

static void parse_checkpoint(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	type_name.parse(b, n, k, field);
}
const struct schema_type type_checkpoint = {
	.name = "checkpoint",
	.doc = "The name of a `screenshot` action, or `end`: the picture taken of every display when "
	       "the run ends.",
	.parse = parse_checkpoint,
};

static void parse_key(struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	struct unit_near near = { .typed = n->text };
	uint16_t code = scenario_key_code(n->text);
	const char *name;

	(void)k;
	if (code != 0) {
		*(uint16_t *)field = code;
		return;
	}
	for (size_t i = 0; (name = scenario_key_name_at(i)); i++)
		unit_near(&near, name);
	unknown(b, n, "key", &near, "a to z, 0 to 9, f1 to f12, enter, esc, up, volumeup, ...");
}
const struct schema_type type_key = {
	.name = "key",
	.doc = "A key as Linux calls it, with or without `KEY_`: `enter`, `a`, `f5`, `up`, `volumeup`, "
	       "`phone`.",
	.parse = parse_key,
};

static void parse_button(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	static const struct {
		const char *name;
		uint16_t code;
	} buttons[] = { { "left", BTN_LEFT }, { "right", BTN_RIGHT }, { "middle", BTN_MIDDLE },
		{ "side", BTN_SIDE }, { "extra", BTN_EXTRA } };
	struct unit_near near = { .typed = n->text };

	(void)k;
	for (size_t i = 0; i < ARRAY_SIZE(buttons); i++) {
		if (strcmp(buttons[i].name, n->text) == 0) {
			*(uint16_t *)field = buttons[i].code;
			return;
		}
		unit_near(&near, buttons[i].name);
	}
	unknown(b, n, "button", &near, "left, right, middle, side, extra");
}
const struct schema_type type_button = {
	.name = "button",
	.doc = "`left`, `right`, `middle`, `side` or `extra`.",
	.parse = parse_button,
};

/* Exactly `want` whole numbers in a list. */
static bool read_numbers(struct bind *b, const struct node *n, const char *form, int64_t min,
	uint32_t want, int64_t *out)
{
	if (n->kind != NODE_LIST || n->n != want) {
		bind_error(b, n, "must be %s", form);
		return false;
	}
	for (uint32_t i = 0; i < want; i++) {
		const struct node *v = n->items[i];

		if (v->kind != NODE_SCALAR || unit_int(v->text, &out[i]) != 0 || out[i] < min ||
			out[i] > DISPLAY_MAX_SIDE) {
			bind_error(
				b, v, "must be %s in pixels, %d at most", form, DISPLAY_MAX_SIDE);
			return false;
		}
	}
	return true;
}

static void parse_point(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	struct scenario_point *p = field;
	int64_t v[2];

	(void)k;
	if (read_numbers(b, n, "[x, y]", 0, 2, v))
		*p = (struct scenario_point){ .x = (int32_t)v[0], .y = (int32_t)v[1] };
}
const struct schema_type type_point = {
	.name = "point",
	.doc = "`[x, y]` in pixels of the display's own resolution, from its top left corner.",
	.any_node = true,
	.parse = parse_point,
};

static void parse_region(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	struct display_rect *r = field;
	int64_t v[4];

	(void)k;
	if (!read_numbers(b, n, "[x, y, width, height]", 0, 4, v))
		return;
	if (v[2] == 0 || v[3] == 0)
		bind_error(b, n, "is empty: width and height must not be 0");
	else
		*r = (struct display_rect){ .x = (uint32_t)v[0],
			.y = (uint32_t)v[1],
			.w = (uint32_t)v[2],
			.h = (uint32_t)v[3] };
}
const struct schema_type type_region = {
	.name = "region",
	.doc = "`[x, y, width, height]` in pixels of the display's own resolution.",
	.any_node = true,
	.parse = parse_region,
};

/* --- frames ------------------------------------------------------------------------------ */

/* A frame as a mapping, before it is put together. */
struct frame_map {
	canid_t id;
	struct scenario_match data; /* type_pattern's place */
	bool fd, brs, esi, rtr;
	uint32_t length;
};

static void frame_map_post(struct bind *b, const struct node *n, void *obj)
{
	struct frame_map *m = obj;
	const struct node *data = node_get(n, "data");
	uint32_t max = m->fd ? CANFD_MAX_DLEN : CAN_MAX_DLEN;

	for (uint8_t i = 0; i < m->data.n_data; i++) {
		if (m->data.mask[i] != 0xff) {
			bind_key_error(b, n, "data", "has wildcards: a frame to send has none");
			return;
		}
	}
	if (!node_get(n, "length"))
		m->length = m->data.n_data;
	if (m->rtr && (data || m->fd))
		bind_key_error(b, n, "rtr", "frames have no data and no FD form");
	else if (m->data.n_data > max)
		bind_key_error(b, n, "data", "has %u bytes; %u at most%s", m->data.n_data, max,
			m->fd ? "" : " (fd: true allows 64)");
	else if (m->length > max || m->length < m->data.n_data)
		bind_key_error(b, n, "length", "does not fit the data");
	else if (!unit_fd_length(m->length))
		bind_key_error(b, n, node_get(n, "length") ? "length" : "data",
			"an FD frame has 0 to 8, 12, 16, 20, 24, 32, 48 or 64 bytes, not %u",
			m->length);
	else if (!m->fd && (m->brs || m->esi))
		bind_key_error(b, n, m->brs ? "brs" : "esi", "needs fd: true");
}

static const struct schema_key frame_keys[] = {
	{ .key = "id",
		.type = &type_can_id,
		.flags = KEY_REQUIRED,
		.offset = offsetof(struct frame_map, id),
		.doc = "identifier" },
	{ .key = "data",
		.type = &type_pattern,
		.offset = offsetof(struct frame_map, data),
		.doc = "payload in hex" },
	{ .key = "length",
		.type = &type_u32,
		.max = CANFD_MAX_DLEN,
		.unit = "bytes",
		.offset = offsetof(struct frame_map, length),
		.doc = "payload length where it is longer than `data` (zeros follow); the length asked "
		       "for by an RTR frame" },
	{ .key = "fd",
		.type = &type_bool,
		.def = "false",
		.offset = offsetof(struct frame_map, fd),
		.doc = "CAN FD frame" },
	{ .key = "brs",
		.type = &type_bool,
		.def = "false",
		.offset = offsetof(struct frame_map, brs),
		.doc = "FD: bit-rate switch" },
	{ .key = "esi",
		.type = &type_bool,
		.def = "false",
		.offset = offsetof(struct frame_map, esi),
		.doc = "FD: error state indicator" },
	{ .key = "rtr",
		.type = &type_bool,
		.def = "false",
		.offset = offsetof(struct frame_map, rtr),
		.doc = "remote transmission request" },
};

const struct schema schema_frame = {
	.size = sizeof(struct frame_map),
	.keys = frame_keys,
	.n_keys = ARRAY_SIZE(frame_keys),
	.post = frame_map_post,
};

static void parse_frame(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	struct scenario_frame *f = field;
	struct frame_map m = { 0 };
	struct err e;
	size_t errors = b->d->errors;

	(void)k;
	if (n->kind == NODE_SCALAR) {
		if (scenario_parse_frame(n->text, f, &e) != 0)
			bind_error(b, n, "\"%.80s\": %s", n->text, e.text);
		return;
	}
	bind_table(b, &schema_frame, n, &m);
	if (b->d->errors != errors)
		return;
	*f = (struct scenario_frame){ .mtu = m.fd ? CANFD_MTU : CAN_MTU };
	f->f.can_id = m.id | (m.rtr ? CAN_RTR_FLAG : 0);
	f->f.len = (uint8_t)m.length;
	if (m.fd)
		f->f.flags =
			(uint8_t)(CANFD_FDF | (m.brs ? CANFD_BRS : 0) | (m.esi ? CANFD_ESI : 0));
	memcpy(f->f.data, m.data.data, m.data.n_data);
}
const struct schema_type type_frame = {
	.name = "frame",
	.doc = "As candump writes it: `123#DEADBEEF`, eight digits for a 29-bit identifier "
	       "(`18DAF110#0210`), `123##1AABB` for FD (one digit of flags first: 1 is BRS, 2 is ESI), "
	       "`123#R` or `123#R4` for RTR; blanks and dots between bytes are allowed. Or a mapping, "
	       "see *frame* below.",
	.any_node = true,
	.parse = parse_frame,
};

static void parse_either(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	bool v;

	(void)k;
	if (strcmp(n->text, "any") == 0)
		*(int8_t *)field = -1;
	else if (unit_bool(n->text, &v) == 0)
		*(int8_t *)field = v;
	else
		bind_error(b, n, "\"%.60s\" is not known: write true, false or any", n->text);
}
const struct schema_type type_either = {
	.name = "true/false/any",
	.parse = parse_either,
};

static void parse_pattern(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	struct scenario_match *m = field;
	int rc = unit_pattern(n->text, m->data, m->mask, &m->n_data, NULL);

	(void)k;
	if (rc == -ERANGE)
		bind_error(b, n, "has more than %d bytes", CANFD_MAX_DLEN);
	else if (rc != 0)
		bind_error(b, n,
			"\"%.60s\" is not a payload: write pairs of hex digits, \"DE AD 01 XX\"",
			n->text);
}
const struct schema_type type_pattern = {
	.name = "payload",
	.doc = "Bytes in hex, with or without blanks: `DE AD BE EF`, `DEADBEEF`. In checks `X` stands "
	       "for any nibble (`01 XX 8X`), and bytes beyond the pattern are not looked at.",
	.parse = parse_pattern,
};

static void parse_match_frame(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	struct scenario_match *m = field;
	struct frame_text t;
	struct err e;

	(void)k;
	if (frame_text_parse(n->text, &t, &e) != 0) {
		bind_error(b, n, "\"%.80s\": %s", n->text, e.text);
		return;
	}
	m->id.id = t.id;
	m->n_data = t.len;
	m->len = t.open ? -1 : t.len;
	m->fd = t.fd;
	m->rtr = t.rtr;
	memcpy(m->data, t.data, sizeof(m->data));
	memcpy(m->mask, t.mask, sizeof(m->mask));
	if (t.rtr) {
		m->n_data = 0;
		m->len = -1;
	}
}
const struct schema_type type_match_frame = {
	.name = "frame pattern",
	.doc = "As *frame* in one line, with `X` for any nibble and `*` for anything that follows: "
	       "`3A0#01XX*`. It says all of identifier, format, length and data at once.",
	.parse = parse_match_frame,
};

const struct sigmap *refs_sigmap(struct bind *b, const struct node *n, const char *path)
{
	struct load *l = load_of(b);

	for (struct load_map *m = l->maps; m; m = m->next) {
		if (strcmp(m->path, path) == 0)
			return m->bad ? NULL : &m->map;
	}
	struct load_map *m = bind_alloc(b, sizeof(*m));

	if (!m)
		return NULL;
	m->path = path;
	m->next = l->maps;
	m->bad = true;
	l->maps = m;
	if (b->no_files)
		return NULL;
	int rc = sigmap_load_diags(b->d, path, &m->map);

	if (rc == -EINVAL)
		bind_error(b, n, "names a signal map with errors (see there)");
	else if (rc != 0)
		bind_error(b, n, "cannot be read: %s", strerror(-rc));
	else
		m->bad = false;
	return m->bad ? NULL : &m->map;
}
