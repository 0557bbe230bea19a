/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree is built from libfyaml's events, not from its documents: events carry the marks, and
 * duplicate keys, aliases and depth are judged here with messages of our own.
 */
#include "sim/scenario/yaml.h"

#include <errno.h>
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

/* A collection that is still open. */
struct open_node {
	struct node *n;
	uint32_t cap; /* items that fit n->items (a map has two a pair) */
	uint32_t count; /* items so far */
	const char *anchor; /* to be known when it ends */
};

struct anchor {
	const char *name;
	struct node *n;
	struct anchor *next;
};

struct builder {
	struct arena *a;
	struct diags *d;
	const struct source *src;
	struct open_node stack[YAML_MAX_DEPTH];
	uint32_t depth;
	struct anchor *anchors;
	struct node *root;
	size_t last_end; /* where the newest token ended: the place of an empty value */
	uint32_t last_line;
	uint32_t total;
	int rc;
};

static void problem(struct builder *b, size_t off, size_t len, const char *text)
{
	diag_add(b->d, DIAG_ERROR, b->src, off, len, "%s", text);
	b->rc = -EINVAL;
}

static struct node *new_node(
	struct builder *b, enum node_kind kind, const struct fy_mark *s, const struct fy_mark *e)
{
	struct node *n = arena_alloc(b->a, sizeof(*n));

	if (!n) {
		b->rc = -ENOMEM;
		return NULL;
	}
	n->kind = kind;
	n->src = b->src;
	n->weight = 1;
	n->off = b->last_end;
	n->line = b->last_line;
	if (s && e) {
		n->off = MIN(s->input_pos, b->src->len);
		n->line = (uint32_t)s->line + 1;
		n->len = e->input_pos > n->off ? MIN(e->input_pos, b->src->len) - n->off : 0;
	}
	return n;
}

static const char *token_text(struct builder *b, struct fy_token *t)
{
	size_t len = 0;
	const char *s = t ? fy_token_get_text(t, &len) : "";
	char *copy = arena_strndup(b->a, s ? s : "", s ? len : 0);

	if (!copy)
		b->rc = -ENOMEM;
	else if (strlen(copy) != len)
		b->rc = -EILSEQ; /* "\0" in double quotes */
	return copy;
}

static void remember(struct builder *b, const char *name, struct node *n)
{
	struct anchor *x = arena_alloc(b->a, sizeof(*x));

	if (!x) {
		b->rc = -ENOMEM;
		return;
	}
	*x = (struct anchor){ .name = name, .n = n, .next = b->anchors };
	b->anchors = x;
}

/* Hangs a finished node (or one that is just opened) below the innermost open collection. */
static void attach(struct builder *b, struct node *n)
{
	if (b->depth == 0) {
		b->root = n;
		return;
	}
	struct open_node *o = &b->stack[b->depth - 1];

	if (o->count == o->cap) {
		uint32_t cap = o->cap ? o->cap * 2 : 8;
		struct node **items = arena_alloc(b->a, cap * sizeof(struct node *));

		if (!items) {
			b->rc = -ENOMEM;
			return;
		}
		if (o->count)
			memcpy(items, o->n->items, o->count * sizeof(struct node *));
		o->n->items = items;
		o->cap = cap;
	}
	o->n->items[o->count++] = n;
}

/* Adds the pairs of a merged mapping that `n` does not have itself. */
static uint32_t merge_from(
	struct builder *b, struct node **out, uint32_t pairs, const struct node *from)
{
	if (from->kind == NODE_LIST) {
		for (uint32_t i = 0; i < from->n; i++) {
			if (from->items[i]->kind != NODE_MAP)
				problem(b, from->items[i]->off, from->items[i]->len,
					"\"<<\" merges mappings only");
			else
				pairs = merge_from(b, out, pairs, from->items[i]);
		}
		return pairs;
	}
	if (from->kind != NODE_MAP) {
		problem(b, from->off, from->len, "\"<<\" merges mappings only");
		return pairs;
	}
	for (uint32_t i = 0; i < from->n; i++) {
		bool have = false;

		for (uint32_t j = 0; j < pairs && !have; j++)
			have = strcmp(out[2 * j]->text, from->items[2 * i]->text) == 0;
		if (have)
			continue;
		out[2 * pairs] = from->items[2 * i];
		out[2 * pairs + 1] = from->items[2 * i + 1];
		pairs++;
	}
	return pairs;
}

static uint32_t merge_room(const struct node *v)
{
	uint32_t room = v->kind == NODE_MAP ? v->n : 0;

	for (uint32_t i = 0; v->kind == NODE_LIST && i < v->n; i++)
		room += v->items[i]->kind == NODE_MAP ? v->items[i]->n : 0;
	return room;
}

static bool is_merge(const struct node *key)
{
	return !key->quoted && strcmp(key->text, "<<") == 0;
}

/* Resolves merge keys: the map's own keys win over merged ones, earlier merges over later. */
static void finish_map(struct builder *b, struct node *n)
{
	uint32_t room = n->n, own = 0;
	bool merges = false;

	if (n->n > YAML_MAX_PAIRS) {
		problem(b, n->off, 1, "a mapping with too many keys");
		return;
	}
	for (uint32_t i = 0; i < n->n; i++) {
		struct node *key = n->items[2 * i];

		if (key->kind != NODE_SCALAR) {
			problem(b, key->off, key->len, "a key must be a plain word");
			return;
		}
		if (is_merge(key)) {
			merges = true;
			room += merge_room(n->items[2 * i + 1]);
		}
	}
	if (!merges)
		return;
	if (room > YAML_MAX_PAIRS) {
		problem(b, n->off, 1, "a mapping with too many merged keys");
		return;
	}
	struct node **out = arena_alloc(b->a, (size_t)room * 2 * sizeof(struct node *));

	if (!out) {
		b->rc = -ENOMEM;
		return;
	}
	for (uint32_t i = 0; i < n->n; i++) {
		if (is_merge(n->items[2 * i]))
			continue;
		out[2 * own] = n->items[2 * i];
		out[2 * own + 1] = n->items[2 * i + 1];
		own++;
	}
	for (uint32_t i = 0; i < n->n; i++) {
		if (is_merge(n->items[2 * i]))
			own = merge_from(b, out, own, n->items[2 * i + 1]);
	}
	n->items = out;
	n->n = own;
}

static void add_weight(struct builder *b, struct node *n)
{
	if (b->depth > 0) {
		struct node *up = b->stack[b->depth - 1].n;

		up->weight += n->weight;
	}
	if (n->weight > YAML_MAX_NODES || b->total > YAML_MAX_NODES - n->weight) {
		problem(b, n->off, n->len, "the file unfolds into too many values");
		return;
	}
	b->total += n->weight;
}

static void begin(
	struct builder *b, enum node_kind kind, struct fy_event *e, struct fy_token *anchor)
{
	struct node *n = new_node(b, kind, fy_event_start_mark(e), fy_event_end_mark(e));

	if (!n)
		return;
	if (b->depth == YAML_MAX_DEPTH) {
		problem(b, n->off, n->len, "nested too deeply");
		return;
	}
	attach(b, n);
	if (++b->total > YAML_MAX_NODES)
		problem(b, n->off, n->len, "too many values in one file");
	b->stack[b->depth++] =
		(struct open_node){ .n = n, .anchor = anchor ? token_text(b, anchor) : NULL };
}

static void end(struct builder *b, struct fy_event *e)
{
	if (b->depth == 0)
		return;
	struct open_node *o = &b->stack[--b->depth];
	const struct fy_mark *m = fy_event_end_mark(e);

	o->n->n = o->n->kind == NODE_MAP ? o->count / 2 : o->count;
	if (m && m->input_pos > o->n->off)
		o->n->len = MIN(m->input_pos, b->src->len) - o->n->off;
	if (o->n->kind == NODE_MAP)
		finish_map(b, o->n);
	if (o->anchor)
		remember(b, o->anchor, o->n);
	if (b->depth > 0)
		b->stack[b->depth - 1].n->weight += o->n->weight;
}

static bool is_null(const char *s)
{
	return *s == '\0' || strcmp(s, "~") == 0 || strcmp(s, "null") == 0;
}

static void scalar(struct builder *b, struct fy_event *e)
{
	struct fy_token *t = e->scalar.value;
	const struct fy_mark *s = t ? fy_event_start_mark(e) : NULL;
	struct node *n = new_node(b, NODE_SCALAR, s, s ? fy_event_end_mark(e) : NULL);

	if (!n)
		return;
	enum fy_scalar_style style = t ? fy_token_scalar_style(t) : FYSS_PLAIN;

	n->text = token_text(b, t);
	n->quoted = t && style != FYSS_PLAIN;
	if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) {
		/* The marks are inside of the quotes. */
		n->off -= n->off > 0;
		n->len = MIN(n->len + 2, b->src->len - n->off);
	}
	if (b->rc == -EILSEQ)
		problem(b, n->off, n->len, "a NUL character in a text");
	if (b->rc != 0)
		return;
	if (!n->quoted && is_null(n->text))
		n->kind = NODE_NULL;
	attach(b, n);
	add_weight(b, n);
	if (e->scalar.anchor)
		remember(b, token_text(b, e->scalar.anchor), n);
}

static void alias(struct builder *b, struct fy_event *e)
{
	const struct fy_mark *s = fy_event_start_mark(e), *z = fy_event_end_mark(e);
	const char *name = token_text(b, e->alias.anchor);
	struct node *here = new_node(b, NODE_NULL, s, z);

	if (b->rc != 0 || !here)
		return;
	for (struct anchor *x = b->anchors; x; x = x->next) {
		if (x->name && strcmp(x->name, name) == 0) {
			attach(b, x->n);
			add_weight(b, x->n);
			return;
		}
	}
	diag_add(b->d, DIAG_ERROR, b->src, here->off, here->len, "no anchor \"&%s\" above", name);
	b->rc = -EINVAL;
}

static void event(struct builder *b, struct fy_event *e, bool *seen_document)
{
	struct fy_token *tag = NULL;
	const struct fy_mark *m = fy_event_start_mark(e);

	switch (e->type) {
	case FYET_DOCUMENT_START:
		if (*seen_document)
			problem(b, m ? m->input_pos : 0, 3, "a second document in one file");
		*seen_document = true;
		break;
	case FYET_MAPPING_START:
		tag = e->mapping_start.tag;
		begin(b, NODE_MAP, e, e->mapping_start.anchor);
		break;
	case FYET_SEQUENCE_START:
		tag = e->sequence_start.tag;
		begin(b, NODE_LIST, e, e->sequence_start.anchor);
		break;
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		end(b, e);
		break;
	case FYET_SCALAR:
		tag = e->scalar.tag;
		scalar(b, e);
		break;
	case FYET_ALIAS:
		alias(b, e);
		break;
	default:
		break;
	}
	if (tag && b->rc == 0)
		problem(b, m ? m->input_pos : b->last_end, 1, "tags (\"!...\") are not used here");
	const struct fy_mark *z = fy_event_end_mark(e);

	if (z && z->input_pos >= b->last_end) {
		b->last_end = MIN(z->input_pos, b->src->len);
		b->last_line = (uint32_t)z->line + 1;
	}
}

/* Offset of a line and column (both from 1) as libfyaml gives them. */
static size_t offset_of(const struct source *s, int line, int column)
{
	size_t off = 0;

	for (int l = 1; l < line && off < s->len; off++)
		l += s->text[off] == '\n';
	for (int c = 1; c < column && off < s->len && s->text[off] != '\n'; c++) {
		off++;
		while (off < s->len && ((unsigned char)s->text[off] & 0xc0) == 0x80)
			off++;
	}
	return off;
}

static void report_syntax(struct builder *b, struct fy_diag *fd)
{
	void *it = NULL;
	struct fy_diag_error *e;
	bool any = false;

	while ((e = fy_diag_errors_iterate(fd, &it))) {
		diag_add(b->d, DIAG_ERROR, b->src, offset_of(b->src, e->line, e->column), 1,
			"not valid YAML: %s", e->msg ? e->msg : "syntax error");
		any = true;
	}
	if (!any)
		problem(b, b->last_end, 1, "not valid YAML");
	b->rc = -EINVAL;
}

/* Length of the UTF-8 character at s (RFC 3629); 0 when it is none or a control character. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c = s[0];
	size_t len = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;

	if (len == 0 || len > n)
		return 0;
	if (len == 1)
		return c >= 0x20 || c == '\t' || c == '\n' || c == '\r' ? c != 0x7f : 0;
	c &= 0x7fu >> len;
	for (size_t i = 1; i < len; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) || c == 0xfeff)
		return 0;
	return len;
}

/* The parser below never sees what YAML does not allow anyway. */
static bool text_is_clean(struct builder *b)
{
	const unsigned char *s = (const unsigned char *)b->src->text;

	if (b->src->len > YAML_MAX_BYTES) {
		problem(b, 0, 1, "the file is larger than 1 MiB");
		return false;
	}
	for (size_t i = 0; i < b->src->len;) {
		size_t l = utf8_length(s + i, b->src->len - i);

		if (l == 0) {
			problem(b, i, 1, s[i] < 0x80 ? "a control character" : "not UTF-8 text");
			return false;
		}
		i += l;
	}
	return true;
}

int yaml_parse(struct arena *a, struct diags *d, const struct source *src, struct node **root)
{
	struct builder b = { .a = a, .d = d, .src = src, .last_line = 1 };
	struct fy_diag_cfg dc;
	struct fy_event *e;
	bool document = false;

	if (!text_is_clean(&b))
		return b.rc;
	fy_diag_cfg_default(&dc);
	dc.fp = NULL;
	struct fy_diag *fd = fy_diag_create(&dc);

	if (!fd)
		return -ENOMEM;
	fy_diag_set_collect_errors(fd, true);
	struct fy_parse_cfg cfg = {
		.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2, .diag = fd
	};
	struct fy_parser *p = fy_parser_create(&cfg);

	if (!p || fy_parser_set_string(p, src->text, src->len) != 0) {
		if (p)
			fy_parser_destroy(p);
		fy_diag_destroy(fd);
		return -ENOMEM;
	}
	while (b.rc == 0 && (e = fy_parser_parse(p))) {
		event(&b, e, &document);
		fy_parser_event_free(p, e);
	}
	if (b.rc == 0 && (fy_parser_get_stream_error(p) || b.depth > 0))
		report_syntax(&b, fd);
	fy_parser_destroy(p);
	fy_diag_destroy(fd);
	if (b.rc == 0 && !b.root) {
		b.last_end = 0;
		b.last_line = 1;
		b.root = new_node(&b, NODE_NULL, NULL, NULL);
	}
	if (b.rc == 0)
		*root = b.root;
	return b.rc;
}

const struct node *node_get(const struct node *n, const char *key)
{
	if (!n || n->kind != NODE_MAP)
		return NULL;
	for (uint32_t i = 0; i < n->n; i++) {
		if (n->items[2 * i]->kind == NODE_SCALAR && strcmp(n->items[2 * i]->text, key) == 0)
			return n->items[2 * i + 1];
	}
	return NULL;
}
