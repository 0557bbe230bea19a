/* SPDX-License-Identifier: Apache-2.0 */
/* Consoles of guests: which ports there are, and the action that types. */
#include <string.h>

#include "sim/scenario/load.h"
#include "sim/scenario/units.h"

#define A(field) offsetof(struct scenario_action, field)

bool refs_port(struct bind *b, const struct node *n, uint32_t guest, const char *port)
{
	const struct scenario_guest *g = &load_of(b)->s.guests[guest];
	struct unit_near near = { .typed = port };

	if (scenario_port(g, port))
		return true;
	for (uint32_t i = 0; i < g->n_ports; i++) {
		/* A guest with errors has ports without names. */
		if (g->ports[i].name)
			unit_near(&near, g->ports[i].name);
	}
	if (g->serial)
		unit_near(&near, SCENARIO_PORT_SERIAL);
	bind_key_error(b, n, "port", "names an unknown port \"%.60s\" of guest \"%s\"%s%s%s", port,
		g->name, near.best ? "; did you mean \"" : "", near.best ? near.best : "",
		near.best ? "\"?" : "");
	return false;
}

const char *scenario_port(const struct scenario_guest *g, const char *name)
{
	if (g->serial && strcmp(name, SCENARIO_PORT_SERIAL) == 0)
		return SCENARIO_PORT_SERIAL;
	for (uint32_t i = 0; i < g->n_ports; i++) {
		if (g->ports[i].name && strcmp(g->ports[i].name, name) == 0)
			return g->ports[i].name;
	}
	return NULL;
}

/* The name in "console=NAME" or "console=NAME,115200" that the word begins with. */
static const char *named_by(const struct scenario_guest *g, const char *word, size_t len)
{
	char name[SCENARIO_NAME_MAX + 1];
	size_t n = strcspn(word, ", ");

	if (n > len || n >= sizeof(name))
		return NULL;
	memcpy(name, word, n);
	name[n] = '\0';
	return scenario_port(g, strcmp(name, "ttyS0") == 0 ? SCENARIO_PORT_SERIAL : name);
}

const char *scenario_console_port(const struct scenario_guest *g)
{
	static const char key[] = "console=";
	const char *port = NULL;

	/* The last one of the command line is Linux' /dev/console. */
	for (const char *w = g->cmdline; w && *w;) {
		size_t len = strcspn(w, " ");

		if (strncmp(w, key, sizeof(key) - 1) == 0) {
			const char *p = named_by(g, w + sizeof(key) - 1, len - (sizeof(key) - 1));

			port = p ? p : port;
		}
		w += len;
		w += strspn(w, " ");
	}
	if (port)
		return port;
	if (g->serial)
		return SCENARIO_PORT_SERIAL;
	return g->n_ports ? g->ports[0].name : NULL;
}

/* --- the action -------------------------------------------------------------------------- */

static void type_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_action *a = obj;
	const struct scenario_guest *g = &load_of(b)->s.guests[a->guest];

	if (a->u.type.port)
		(void)refs_port(b, n, a->guest, a->u.type.port);
	else
		a->u.type.port = scenario_console_port(g);
	if (!a->u.type.port)
		bind_error(b, n, "is for guest \"%s\", which has no console", g->name);
	if (a->u.type.enter)
		a->u.type.text = bind_printf(b, "%s\n", a->u.type.text);
}

static const struct schema_key type_keys[] = {
	{ .key = "guest",
		.type = &type_guest,
		.flags = KEY_ONLY,
		.offset = A(guest),
		.doc = "which guest" },
	{ .key = "port",
		.type = &type_name,
		.offset = A(u.type.port),
		.doc = "which console: a port's name, or `serial`; without it the last `console=` of the command "
		       "line, else `serial`" },
	{ .key = "text",
		.type = &type_string,
		.flags = KEY_REQUIRED,
		.max = SCENARIO_TEXT_MAX - 1,
		.offset = A(u.type.text),
		.doc = "what is typed; in double quotes with YAML's escapes (`\\t`, `\\e`, `\\x03` for Ctrl-C)" },
	{ .key = "enter",
		.type = &type_bool,
		.def = "true",
		.offset = A(u.type.enter),
		.doc = "and a newline" },
};

const struct schema schema_type_op = {
	.keys = type_keys,
	.n_keys = ARRAY_SIZE(type_keys),
	.short_key = "text",
	.doc = "Types at a guest's console. It waits in a queue while the guest does not read; what does "
	       "not fit there (64 KiB) is refused as a whole.",
	.post = type_post,
};
