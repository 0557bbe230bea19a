/* SPDX-License-Identifier: Apache-2.0 */
/* The memory balloon: the table of a guest's device, and the action that changes its size. */
#include "sim/scenario/load.h"
#include "sim/scenario/units.h"

#define MIB      (1024.0 * 1024)
#define G(field) offsetof(struct scenario_guest, balloon.field)
#define A(field) offsetof(struct scenario_action, field)

/* A guest that keeps less than this does not live. */
#define MIN_TARGET (4 * MIB)

static const struct schema_key balloon_keys[] = {
	{ .key = "enabled",
		.type = &type_bool,
		.def = "true",
		.offset = G(enabled),
		.doc = "whether there is one" },
	{ .key = "target",
		.type = &type_size,
		.min = MIN_TARGET,
		.max = 64 * 1024 * MIB,
		.offset = G(target_bytes),
		.doc = "what the guest shall keep of its `memory`; without it all of it" },
	{ .key = "reporting",
		.type = &type_bool,
		.def = "true",
		.offset = G(reporting),
		.doc = "free page reporting: memory that the guest does not use goes back to the host by "
		       "itself" },
	{ .key = "deflate_on_oom",
		.type = &type_bool,
		.def = "true",
		.offset = G(deflate_on_oom),
		.doc = "a guest that runs out of memory takes pages back; else it must do without" },
};

const struct schema schema_balloon = {
	.keys = balloon_keys,
	.n_keys = ARRAY_SIZE(balloon_keys),
	.short_key = "enabled",
	.doc = "A memory balloon: `balloon: true`, or with these keys.",
};

void balloon_check(struct bind *b, const struct node *n, const struct scenario_guest *g)
{
	char text[UNIT_TEXT];

	if (g->balloon.target_bytes > g->memory_bytes)
		bind_key_error(b, n, "balloon", "asks for more than the guest's memory, %s",
			unit_show_size(text, g->memory_bytes));
}

static void action_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_action *a = obj;
	const struct scenario_guest *g = &load_of(b)->s.guests[a->guest];
	char text[UNIT_TEXT];

	if (!g->balloon.enabled)
		bind_error(b, n, "needs `balloon: true` of guest \"%s\"", g->name);
	else if (a->u.balloon.target_bytes > g->memory_bytes)
		bind_key_error(b, n, "target", "is more than the memory of guest \"%s\", %s",
			g->name, unit_show_size(text, g->memory_bytes));
}

static const struct schema_key action_keys[] = {
	{ .key = "guest",
		.type = &type_guest,
		.flags = KEY_ONLY,
		.offset = A(guest),
		.doc = "which guest" },
	{ .key = "target",
		.type = &type_size,
		.flags = KEY_REQUIRED,
		.min = MIN_TARGET,
		.max = 64 * 1024 * MIB,
		.offset = A(u.balloon.target_bytes),
		.doc = "what it shall keep of its memory" },
};

const struct schema schema_balloon_op = {
	.keys = action_keys,
	.n_keys = ARRAY_SIZE(action_keys),
	.short_key = "target",
	.doc = "Asks a guest for memory, or gives it back. How fast it follows is the guest's "
	       "business.",
	.post = action_post,
};
