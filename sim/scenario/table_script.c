/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts: their table, and what can be said about one before it runs. */
#include <string.h>

#include "base/fd.h"
#include "sim/scenario/load.h"

#define S(field) offsetof(struct scenario_script, field)

static const struct schema_key arg_name = { .key = "name",
	.type = &type_name,
	.max = 64,
	.offset = offsetof(struct script_arg, name),
	.doc = "its name" };

static const struct schema_key arg_keys[] = {
	{ .key = "value",
		.type = &type_string,
		.max = 1000,
		.offset = offsetof(struct script_arg, text),
		.doc = "a number or a text" },
};

static const struct schema schema_arg = {
	.size = sizeof(struct script_arg),
	.keys = arg_keys,
	.n_keys = ARRAY_SIZE(arg_keys),
	.short_key = "value",
	.map_key = &arg_name,
};

static const struct schema_key script_keys[] = {
	{ .key = "file",
		.type = &type_file,
		.flags = KEY_REQUIRED,
		.offset = S(file),
		.doc = "the script, in Lua 5.4" },
	{ .key = "name",
		.type = &type_name,
		.max = 64,
		.offset = S(name),
		.doc = "what messages call it; without it the file's name" },
	{ .key = "args",
		.shape = SHAPE_MAP,
		.sub = &schema_arg,
		.max = 64,
		.offset = S(args),
		.count = S(n_args),
		.doc = "values for the script: its table `args`" },
	{ .key = "memory",
		.type = &type_size,
		.min = 256 * 1024,
		.max = 1024.0 * 1024 * 1024,
		.def = "16M",
		.offset = S(memory_bytes),
		.doc = "what it may use" },
	{ .key = "instructions",
		.type = &type_u64,
		.min = 10000,
		.max = 1e9,
		.def = "5000000",
		.offset = S(instructions),
		.doc = "Lua instructions that one call of it may take; frames wait meanwhile" },
};

static void script_post(struct bind *b, const struct node *n, void *obj)
{
	CLEANUP_FREE uint8_t *text = NULL;
	struct scenario_script *s = obj;
	struct err e = { .text = "" };
	size_t len;

	s->line = n->line;
	if (!s->name) {
		const char *slash = strrchr(s->file, '/');

		s->name = slash ? slash + 1 : s->file;
	}
	if (b->no_files)
		return;
	if (file_slurp(s->file, YAML_MAX_BYTES, &text, &len, &e) ||
		script_check(s->name, (const char *)text, len, &e))
		bind_key_error(b, n, "file", "%s", e.text);
}

const struct schema schema_script = {
	.item = "script",
	.size = sizeof(struct scenario_script),
	.keys = script_keys,
	.n_keys = ARRAY_SIZE(script_keys),
	.short_key = "file",
	.doc = "Scripts that set and hear signals and frames (docs/scripting.md). Each has a check of its "
	       "own: a script that stops with an error fails the run.",
	.post = script_post,
};
