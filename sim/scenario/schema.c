/* SPDX-License-Identifier: Apache-2.0 */
/* The binder: structure, defaults, unknown and missing keys. Values are read in types.c. */
#include "sim/scenario/schema.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/scenario/units.h"

static void PRINTF_LIKE(5, 0) report(struct bind *b, enum diag_level level, const struct node *n,
	const char *path, const char *fmt, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	diag_add(b->d, level, n->src ? n->src : b->src, n->off, n->len, "%s%s%s%s", b->where, path,
		*path ? " " : "", text);
}

void bind_error(struct bind *b, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(b, DIAG_ERROR, n, b->path, fmt, ap);
	va_end(ap);
}

void bind_item_error(struct bind *b, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(b, DIAG_ERROR, n, "", fmt, ap);
	va_end(ap);
}

void bind_warn(struct bind *b, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(b, DIAG_WARNING, n, b->path, fmt, ap);
	va_end(ap);
}

static void path_push(struct bind *b, const char *key)
{
	size_t l = strlen(b->path);

	snprintf(b->path + l, sizeof(b->path) - l, "%s%s", l ? "." : "", key);
}

void bind_key_error(struct bind *b, const struct node *n, const char *key, const char *fmt, ...)
{
	const struct node *v = node_get(n, key);
	size_t l = strlen(b->path);
	va_list ap;

	path_push(b, key);
	va_start(ap, fmt);
	report(b, DIAG_ERROR, v ? v : n, b->path, fmt, ap);
	va_end(ap);
	b->path[l] = '\0';
}

void *bind_alloc(struct bind *b, size_t bytes)
{
	void *p = arena_alloc(b->a, bytes);

	if (!p)
		b->oom = true;
	return p;
}

const char *bind_strdup(struct bind *b, const char *s)
{
	char *p = arena_strndup(b->a, s, strlen(s));

	if (!p)
		b->oom = true;
	return p;
}

const char *bind_printf(struct bind *b, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return bind_strdup(b, text);
}

const char *bind_file(struct bind *b, const struct node *n, const char *path)
{
	struct stat st;
	const char *full;

	if (*path == '\0') {
		bind_error(b, n, "needs the name of a file");
		return NULL;
	}
	if (*path == '/' || strcmp(b->dir, ".") == 0) {
		full = bind_strdup(b, path);
	} else {
		char *p = arena_printf(b->a, "%s/%s", b->dir, path);

		full = p;
		b->oom |= !p;
	}
	if (!full || b->no_files)
		return full;
	if (stat(full, &st) != 0)
		bind_error(b, n, "names \"%s\": %s%s%s", path, strerror(errno),
			*path == '/' ? "" : "; sought in ", *path == '/' ? "" : b->dir);
	else if (!S_ISREG(st.st_mode))
		bind_error(b, n, "names \"%s\", which is not a regular file", path);
	else if (access(full, R_OK) != 0)
		bind_error(b, n, "names \"%s\": %s", path, strerror(errno));
	else
		return full;
	return NULL;
}

static const char *kind_name(const struct node *n)
{
	switch (n->kind) {
	case NODE_NULL:
		return "empty";
	case NODE_SCALAR:
		return "a plain value";
	case NODE_LIST:
		return "a list";
	case NODE_MAP:
		return "a mapping";
	}
	return "?";
}

static void bind_value(struct bind *b, const struct schema_key *k, const struct node *n, void *obj)
{
	void *field = (uint8_t *)obj + k->offset;

	if (n->kind == NODE_NULL)
		bind_error(b, n, "is empty: write a %s", k->type->name);
	else if (n->kind != NODE_SCALAR && !k->type->any_node)
		bind_error(b, n, "is %s: write a %s", kind_name(n), k->type->name);
	else
		k->type->parse(b, n, k, field);
}

/* Where the messages about an item say that they are: by name or by number. */
static void item_where(struct bind *b, const struct schema *s, const struct node *item,
	const char *name, uint32_t index)
{
	const struct node *label = node_get(item, "name");

	if (!s->item)
		return;
	if (!name && label && label->kind == NODE_SCALAR)
		name = label->text;
	if (name)
		snprintf(b->where, sizeof(b->where), "%s \"%.40s\": ", s->item, name);
	else
		snprintf(b->where, sizeof(b->where), "%s %u: ", s->item, index + 1);
	b->path[0] = '\0';
}

/* The name of the i-th entry of a mapping: into the item, and not twice. */
static void bind_map_name(struct bind *b, const struct schema *s, const struct node *n, uint32_t i,
	const struct node *name, void *item)
{
	for (uint32_t j = 0; j < i; j++) {
		if (strcmp(n->items[2 * j]->text, name->text) == 0) {
			bind_item_error(
				b, name, "is there twice; first on line %u", n->items[2 * j]->line);
			break;
		}
	}
	s->map_key->type->parse(b, name, s->map_key, (uint8_t *)item + s->map_key->offset);
}

/* Binds the items of a list or a map into a fresh array. */
static void bind_items(struct bind *b, const struct schema_key *k, const struct node *n, void *obj)
{
	const struct schema *s = k->sub;
	bool map = k->shape == SHAPE_MAP;
	struct node *single = NULL;
	uint32_t count = n->n;
	char where[sizeof(b->where)], path[sizeof(b->path)];

	if (n->kind == NODE_NULL)
		return;
	if (n->kind == NODE_SCALAR && !map && s->short_key) {
		/* One plain item may stand without brackets. */
		single = arena_alloc(b->a, sizeof(*single));
		if (!single) {
			b->oom = true;
			return;
		}
		*single = *n;
		count = 1;
	} else if (n->kind != (map ? NODE_MAP : NODE_LIST)) {
		bind_error(b, n, "is %s: write %s", kind_name(n),
			map ? "`name: ...` pairs" : "a list");
		return;
	}
	if (k->max > 0 && count > (uint32_t)k->max) {
		bind_error(b, n, "has %u entries; at most %.0f are possible", count, k->max);
		return;
	}
	uint8_t *items = bind_alloc(b, count * s->size);

	if (!items)
		return;
	memcpy(where, b->where, sizeof(where));
	memcpy(path, b->path, sizeof(path));
	for (uint32_t i = 0; i < count && !b->oom; i++) {
		const struct node *item = single ? single : n->items[map ? 2 * i + 1 : i];
		const struct node *name = map ? n->items[2 * i] : NULL;
		size_t l = strlen(b->path);

		if (map)
			snprintf(b->path + l, sizeof(b->path) - l, ".%.40s", name->text);
		else
			snprintf(b->path + l, sizeof(b->path) - l, "[%u]", i);
		item_where(b, s, item, map ? name->text : NULL, i);
		if (map)
			bind_map_name(b, s, n, i, name, items + i * s->size);
		bind_table(b, s, item, items + i * s->size);
		memcpy(b->where, where, sizeof(where));
		memcpy(b->path, path, sizeof(path));
	}
	memcpy((uint8_t *)obj + k->offset, &items, sizeof(items));
	memcpy((uint8_t *)obj + k->count, &count, sizeof(count));
}

static void bind_key(struct bind *b, const struct schema_key *k, const struct node *n, void *obj)
{
	char path[sizeof(b->path)];

	memcpy(path, b->path, sizeof(path));
	path_push(b, k->key);
	switch (k->shape) {
	case SHAPE_VALUE:
		bind_value(b, k, n, obj);
		break;
	case SHAPE_LIST:
	case SHAPE_MAP:
		bind_items(b, k, n, obj);
		break;
	case SHAPE_INPLACE:
		bind_table(b, k->sub, n, obj);
		break;
	}
	memcpy(b->path, path, sizeof(path));
}

/* A default is read like a value that stood in the file; lists: words with commas. */
static void bind_default(struct bind *b, const struct schema_key *k, void *obj)
{
	struct node n = { .kind = NODE_SCALAR, .quoted = true, .text = k->def, .src = b->src };

	if (k->shape != SHAPE_LIST && k->type != &type_flags) {
		bind_key(b, k, &n, obj);
		return;
	}
	struct node item[8], *items[8];
	char words[8][32];
	struct node list = { .kind = NODE_LIST, .src = b->src, .items = items };
	const char *p = k->def;

	while (*p && list.n < ARRAY_SIZE(items)) {
		size_t len = strcspn(p, ",");

		snprintf(words[list.n], sizeof(words[0]), "%.*s", (int)MIN(len, (size_t)31), p);
		item[list.n] = n;
		item[list.n].text = words[list.n];
		items[list.n] = &item[list.n];
		list.n++;
		p += len;
		p += strspn(p, ", ");
	}
	bind_key(b, k, &list, obj);
}

static const struct schema_key *find_key(const struct schema *s, const char *name)
{
	for (size_t i = 0; i < s->n_keys; i++) {
		if (strcmp(s->keys[i].key, name) == 0)
			return &s->keys[i];
	}
	return NULL;
}

static void unknown_key(struct bind *b, const struct schema *s, const struct node *key)
{
	struct unit_near near = { .typed = key->text };
	char all[320] = "";
	size_t l = 0;

	for (size_t i = 0; i < s->n_keys; i++) {
		unit_near(&near, s->keys[i].key);
		if (l < sizeof(all))
			l += (size_t)snprintf(
				all + l, sizeof(all) - l, "%s%s", i ? ", " : "", s->keys[i].key);
	}
	const char *in = b->path[0] ? " in " : "";

	if (near.best)
		bind_item_error(b, key, "unknown key \"%.60s\"%s%s; did you mean \"%s\"?",
			key->text, in, b->path, near.best);
	else
		bind_item_error(b, key, "unknown key \"%.60s\"%s%s; known: %s", key->text, in,
			b->path, all);
}

/* Unknown and repeated keys, and how many of the choice are there. */
static void check_keys(struct bind *b, const struct schema *s, const struct node *n)
{
	const struct schema_key *chosen = NULL;
	char all[240] = "";
	size_t l = 0;
	bool choice = false, strange = false;

	for (uint32_t i = 0; n->kind == NODE_MAP && i < n->n; i++) {
		const struct node *key = n->items[2 * i];
		const struct schema_key *k = find_key(s, key->text);
		bool again = false;

		for (uint32_t j = 0; j < i && !again; j++) {
			again = strcmp(n->items[2 * j]->text, key->text) == 0;
			if (again)
				bind_item_error(b, key,
					"key \"%.60s\" is given twice; first on line %u", key->text,
					n->items[2 * j]->line);
		}
		if (again)
			continue;
		if (!k) {
			unknown_key(b, s, key);
			strange = true;
			continue;
		}
		if (!(k->flags & KEY_CHOICE))
			continue;
		if (chosen)
			bind_item_error(b, key, "has both \"%s\" and \"%s\": make two of it",
				chosen->key, k->key);
		chosen = k;
	}
	for (size_t i = 0; i < s->n_keys; i++) {
		if (!(s->keys[i].flags & KEY_CHOICE))
			continue;
		if (l < sizeof(all))
			l += (size_t)snprintf(all + l, sizeof(all) - l, "%s%s", choice ? ", " : "",
				s->keys[i].key);
		choice = true;
	}
	if (choice && !chosen && !strange)
		bind_item_error(b, n, "needs one of: %s", all);
}

/* What a key that is absent gets. */
static void bind_absent(struct bind *b, const struct schema_key *k, const struct node *n, void *obj)
{
	if (k->def) {
		bind_default(b, k, obj);
		return;
	}
	if ((k->flags & KEY_ONLY) && k->type->fill(b, (uint8_t *)obj + k->offset))
		return;
	if (!(k->flags & (KEY_REQUIRED | KEY_ONLY)))
		return;
	const char *in = b->path[0] ? b->path : "";

	bind_item_error(b, n, "%s%sneeds \"%s\" (%s)", in, *in ? " " : "", k->key, k->doc);
}

void schema_parse_later(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	(void)b;
	(void)n;
	(void)k;
	(void)field;
}

void bind_table(struct bind *b, const struct schema *s, const struct node *n, void *obj)
{
	void *outer = b->obj;
	size_t errors = b->d->errors;
	const char *short_key = n->kind == NODE_SCALAR ? s->short_key : NULL;
	bool chosen = false;

	if ((n->kind == NODE_SCALAR && !short_key) || n->kind == NODE_LIST) {
		bind_error(b, n, "is %s: write `key: value` pairs", kind_name(n));
		return;
	}
	b->obj = obj;
	if (!short_key)
		check_keys(b, s, n);
	for (size_t i = 0; i < s->n_keys && !b->oom; i++) {
		const struct schema_key *k = &s->keys[i];
		const struct node *v = node_get(n, k->key);

		if (short_key && strcmp(k->key, short_key) == 0)
			v = n;
		if (v) {
			/* Of two where one is allowed (which was reported) the first is read: they
			 * may share memory. */
			if ((k->flags & KEY_CHOICE) && chosen)
				continue;
			chosen |= (k->flags & KEY_CHOICE) != 0;
			bind_key(b, k, v, obj);
			if (k->flags & KEY_CHOICE)
				memcpy((uint8_t *)obj + s->tag_offset, &k->tag, sizeof(k->tag));
		} else if (!(k->flags & KEY_CHOICE)) {
			bind_absent(b, k, n, obj);
		}
	}
	if (s->post && b->d->errors == errors && !b->oom)
		s->post(b, n, obj);
	b->obj = outer;
}
