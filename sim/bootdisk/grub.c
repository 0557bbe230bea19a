/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grub.cfg, as far as grub-mkconfig writes it; see entry.h. One pass over the text: words with
 * quotes and variables, `if` with conditions on strings; functions are passed over, bodies of loops
 * read once.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bootdisk/entry.h"

#define WORD_BYTES  BOOT_OPTIONS_MAX
#define MAX_WORDS   96u
#define MAX_VARS    128u
#define MAX_DEPTH   16u
#define NAME_BYTES  48u
#define VALUE_BYTES 512u

struct var {
	char name[NAME_BYTES], value[VALUE_BYTES];
};

struct word {
	char text[WORD_BYTES];
	bool bare; /* nothing of it was quoted: it may be a keyword */
};

struct grub {
	const char *p, *env;
	struct var var[MAX_VARS];
	uint32_t n_vars;
	struct word *w; /* of the statement being read; MAX_WORDS */
	uint32_t n;
	struct boot_entries *out;
	struct boot_entry *open; /* the menuentry whose body is read; NULL */
	uint32_t level, counter[BOOT_LEVELS + 1];
	uint32_t index[BOOT_LEVELS];
	char path[BOOT_LEVELS][160];
	bool blscfg;
};

/* ---- variables ---- */

static const char *get(const struct grub *g, const char *name)
{
	for (uint32_t i = 0; i < g->n_vars; i++) {
		if (strcmp(g->var[i].name, name) == 0)
			return g->var[i].value;
	}
	return "";
}

static void set(struct grub *g, const char *name, const char *value)
{
	uint32_t i = 0;

	while (i < g->n_vars && strcmp(g->var[i].name, name) != 0)
		i++;
	if (i == MAX_VARS || strlen(name) >= NAME_BYTES)
		return;
	if (i == g->n_vars)
		g->n_vars++;
	snprintf(g->var[i].name, NAME_BYTES, "%s", name);
	snprintf(g->var[i].value, VALUE_BYTES, "%s", value);
}

const char *grubenv_get(const char *grubenv, const char *name, char *buf, size_t cap)
{
	size_t n = strlen(name);

	for (const char *p = grubenv; p && *p;) {
		size_t line = strcspn(p, "\n");

		if (line > n && strncmp(p, name, n) == 0 && p[n] == '=') {
			snprintf(buf, cap, "%.*s", (int)MIN(line - n - 1, cap - 1), p + n + 1);
			return buf;
		}
		p += line + (p[line] == '\n');
	}
	return NULL;
}

/* All of an environment block. */
static void load_env(struct grub *g)
{
	for (const char *p = g->env; p && *p;) {
		size_t line = strcspn(p, "\n"), name = strcspn(p, "=\n");
		char key[NAME_BYTES], value[VALUE_BYTES];

		if (p[0] != '#' && p[name] == '=' && name && name < sizeof(key)) {
			snprintf(key, sizeof(key), "%.*s", (int)name, p);
			if (grubenv_get(p, key, value, sizeof(value)))
				set(g, key, value);
		}
		p += line + (p[line] == '\n');
	}
}

/* ---- words ---- */

static void put(struct word *w, size_t *n, char c)
{
	if (*n < WORD_BYTES - 1)
		w->text[(*n)++] = c;
}

/* $name or ${name} at p[0] == '$'; what follows it. */
static const char *put_variable(struct grub *g, const char *p, struct word *w, size_t *n)
{
	bool brace = p[1] == '{';
	const char *name = p + 1 + brace;
	size_t len = 0;
	char key[NAME_BYTES];

	while (isalnum((unsigned char)name[len]) || name[len] == '_')
		len++;
	if (!len || (brace && name[len] != '}')) {
		/* `$?` and its like stay as they are. */
		put(w, n, '$');
		return p + 1;
	}
	if (len < sizeof(key)) {
		snprintf(key, sizeof(key), "%.*s", (int)len, name);
		for (const char *v = get(g, key); *v; v++)
			put(w, n, *v);
	}
	return name + len + brace;
}

/* One word into the next place; g->p is at its beginning. */
static void read_word(struct grub *g)
{
	struct word *w = &g->w[MIN(g->n, MAX_WORDS - 1)];
	const char *p = g->p;
	size_t n = 0;
	char quote = 0;

	w->bare = true;
	for (; *p; p++) {
		if (quote == '\'' ? *p == '\'' : quote && *p == '"') {
			quote = 0;
		} else if (quote != '\'' && *p == '\\' && p[1] &&
			   (!quote || strchr("$\"\\\n", p[1]))) {
			p++;
			w->bare = false;
			if (*p != '\n')
				put(w, &n, *p);
		} else if (quote != '\'' && *p == '$') {
			p = put_variable(g, p, w, &n) - 1;
			w->bare = false;
		} else if (!quote && (*p == '\'' || *p == '"')) {
			quote = *p;
			w->bare = false;
		} else if (!quote && strchr(" \t\r\n;", *p)) {
			break;
		} else {
			put(w, &n, *p);
		}
	}
	w->text[n] = '\0';
	g->p = p;
	if (g->n < MAX_WORDS)
		g->n++;
}

static bool bare(const struct grub *g, uint32_t i, const char *text)
{
	return i < g->n && g->w[i].bare && strcmp(g->w[i].text, text) == 0;
}

/* The words of the next statement: up to a newline, ";" or a bare "{" (which is its last word).
 * False at the end of the text. */
static bool read_statement(struct grub *g)
{
	g->n = 0;
	while (*g->p) {
		g->p += strspn(g->p, " \t\r");
		if (g->p[0] == '\\' && g->p[1] == '\n') {
			g->p += 2; /* the line goes on */
		} else if (*g->p == '#') {
			g->p += strcspn(g->p, "\n");
		} else if (*g->p == '\n' || *g->p == ';') {
			g->p++;
			if (g->n)
				return true;
		} else if (*g->p) {
			read_word(g);
			/* Keywords stand alone: what follows them is a statement of its own. */
			if (bare(g, g->n - 1, "{") ||
				(g->n == 1 && (bare(g, 0, "then") || bare(g, 0, "else") ||
						      bare(g, 0, "fi") || bare(g, 0, "}"))))
				return true;
		}
	}
	return g->n > 0;
}

/* ---- conditions ---- */

static bool test_words(const struct grub *g, uint32_t i, uint32_t n)
{
	const char *a, *op;

	if (n && strcmp(g->w[i].text, "!") == 0)
		return !test_words(g, i + 1, n - 1);
	a = n ? g->w[i].text : "";
	op = n > 1 ? g->w[i + 1].text : "";
	if (n == 2 && strcmp(a, "-n") == 0)
		return op[0];
	if (n == 2 && strcmp(a, "-z") == 0)
		return !op[0];
	if (n == 2 && (strcmp(a, "-s") == 0 || strcmp(a, "-f") == 0 || strcmp(a, "-e") == 0))
		return g->env && strstr(op, "grubenv");
	if (n == 3 && (strcmp(op, "=") == 0 || strcmp(op, "==") == 0))
		return strcmp(a, g->w[i + 2].text) == 0;
	if (n == 3 && strcmp(op, "!=") == 0)
		return strcmp(a, g->w[i + 2].text) != 0;
	return n == 1 && a[0];
}

/* Commands whose success cannot be told here have none. */
static bool condition(const struct grub *g)
{
	uint32_t n = g->n;

	if (n < 2)
		return false;
	if (strcmp(g->w[1].text, "true") == 0)
		return true;
	if (strcmp(g->w[1].text, "[") != 0)
		return false;
	if (strcmp(g->w[n - 1].text, "]") == 0)
		n--;
	return n >= 2 && test_words(g, 2, n - 2);
}

/* ---- statements ---- */

static void copy_path(char *to, size_t cap, const char *word)
{
	snprintf(to, cap, "%s", strlen(word) < cap ? word : "");
}

/* "(hd0,gpt2)/boot/vmlinuz": the device goes to the entry. */
static const char *strip_device(struct boot_entry *e, const char *path)
{
	const char *end = path[0] == '(' ? strchr(path, ')') : NULL;

	if (!end)
		return path;
	if ((size_t)(end - path) < sizeof(e->root))
		snprintf(e->root, sizeof(e->root), "%.*s", (int)(end - path - 1), path + 1);
	return end + 1;
}

static void do_linux(struct grub *g)
{
	struct boot_entry *e = g->open;
	size_t at = 0;

	if (!e || g->n < 2)
		return;
	snprintf(e->root, sizeof(e->root), "%.159s", get(g, "root"));
	copy_path(e->kernel, sizeof(e->kernel), strip_device(e, g->w[1].text));
	e->options[0] = '\0';
	for (uint32_t i = 2; i < g->n; i++) {
		int n = snprintf(e->options + at, sizeof(e->options) - at, "%s%s", at ? " " : "",
			g->w[i].text);

		if (n < 0 || (size_t)n >= sizeof(e->options) - at) {
			/* Half a command line is none. */
			e->kernel[0] = '\0';
			return;
		}
		at += (size_t)n;
	}
}

static void do_initrd(struct grub *g)
{
	struct boot_entry *e = g->open;

	if (!e)
		return;
	e->n_initrds = 0;
	for (uint32_t i = 1; i < g->n && e->n_initrds < BOOT_MAX_INITRDS; i++)
		copy_path(e->initrd[e->n_initrds++], BOOT_PATH_MAX, strip_device(e, g->w[i].text));
}

/* search --no-floppy --fs-uuid --set=root --hint-... NAME; search.fs_uuid NAME VARIABLE ... */
static void do_search(struct grub *g, const char *cmd)
{
	const char *kind = strcmp(cmd, "search.fs_uuid") == 0    ? "uuid"
			   : strcmp(cmd, "search.fs_label") == 0 ? "label"
								 : NULL;
	const char *var = "root", *name = NULL;
	char value[VALUE_BYTES];

	for (uint32_t i = 1; i < g->n; i++) {
		const char *w = g->w[i].text;

		if (strcmp(w, "--fs-uuid") == 0 || strcmp(w, "-u") == 0)
			kind = "uuid";
		else if (strcmp(w, "--label") == 0 || strcmp(w, "-l") == 0)
			kind = "label";
		else if (strncmp(w, "--set=", 6) == 0)
			var = w + 6;
		else if (strcmp(w, "--set") == 0 && i + 2 < g->n && g->w[i + 1].text[0] != '-')
			var = g->w[++i].text;
		else if (w[0] != '-' && !name)
			name = w;
	}
	if (!kind || !name)
		return;
	snprintf(value, sizeof(value), "%s:%.400s", kind, name);
	set(g, var, value);
}

static void do_set(struct grub *g, uint32_t i)
{
	char *eq = i < g->n ? strchr(g->w[i].text, '=') : NULL;

	if (!eq)
		return;
	*eq = '\0';
	set(g, g->w[i].text, eq + 1);
}

static void run_statement(struct grub *g)
{
	const char *cmd = g->w[0].text;

	if (strcmp(cmd, "set") == 0)
		do_set(g, 1);
	else if (strcmp(cmd, "load_env") == 0)
		load_env(g);
	else if (strcmp(cmd, "blscfg") == 0)
		g->blscfg = true;
	else if (strcmp(cmd, "linux") == 0 || strcmp(cmd, "linux16") == 0 ||
		 strcmp(cmd, "linuxefi") == 0)
		do_linux(g);
	else if (strcmp(cmd, "initrd") == 0 || strcmp(cmd, "initrd16") == 0 ||
		 strcmp(cmd, "initrdefi") == 0)
		do_initrd(g);
	else if (strncmp(cmd, "search", 6) == 0)
		do_search(g, cmd);
	else if (isalpha((unsigned char)cmd[0]) && strchr(cmd, '='))
		do_set(g, 0);
}

static void run_block(struct grub *g, bool live, unsigned int depth);

/* The name of a menu's item, for `default`. */
static void name_item(struct grub *g, char *id, size_t cap)
{
	id[0] = '\0';
	for (uint32_t i = 2; i + 1 < g->n; i++) {
		if (strcmp(g->w[i].text, "--id") == 0)
			snprintf(id, cap, "%.150s", g->w[i + 1].text);
	}
}

static void run_menu_item(struct grub *g, bool live, unsigned int depth)
{
	bool submenu = strcmp(g->w[0].text, "submenu") == 0;
	struct boot_entry *e = NULL, *outer = g->open;
	char id[160], title[160], root[VALUE_BYTES];

	if (live && g->n >= 2 && g->level < BOOT_LEVELS) {
		name_item(g, id, sizeof(id));
		snprintf(title, sizeof(title), "%.150s", g->w[1].text);
		g->index[g->level] = g->counter[g->level]++;
		snprintf(g->path[g->level], sizeof(g->path[0]), "%s", id[0] ? id : title);
		if (!submenu && !g->open && g->out->n < BOOT_MAX_ENTRIES) {
			e = &g->out->e[g->out->n];
			memset(e, 0, sizeof(*e));
			snprintf(e->id, sizeof(e->id), "%s", id);
			snprintf(e->title, sizeof(e->title), "%s", title);
			e->level = g->level;
			memcpy(e->index, g->index, sizeof(e->index));
			memcpy(e->path, g->path, sizeof(e->path));
		}
	} else {
		live = false;
	}
	/* What a body sets is its own. */
	snprintf(root, sizeof(root), "%s", get(g, "root"));
	if (submenu && live) {
		g->counter[++g->level] = 0;
		run_block(g, true, depth + 1);
		g->level--;
	} else {
		g->open = e;
		run_block(g, e != NULL, depth + 1);
		g->open = outer;
		if (e && e->kernel[0])
			g->out->n++;
	}
	if (live)
		set(g, "root", root);
}

/* if COND; then ... elif COND; then ... else ... fi, of which "if COND" was read. */
static void run_if(struct grub *g, bool live, unsigned int depth)
{
	bool done = !live, now = live && condition(g);

	done |= now;
	for (;;) {
		run_block(g, now, depth + 1);
		if (bare(g, 0, "elif")) {
			now = !done && condition(g);
			done |= now;
		} else if (bare(g, 0, "else")) {
			now = !done;
			done = true;
		} else if (!bare(g, 0, "then")) {
			return; /* fi, or the end */
		}
	}
}

/* Statements up to the end of a block: "}", "fi", "else", "elif", or "then" (which separates a
 * condition from its block). The word is left as the statement. */
static void run_block(struct grub *g, bool live, unsigned int depth)
{
	while (read_statement(g)) {
		if (bare(g, 0, "}") || bare(g, 0, "fi") || bare(g, 0, "else") ||
			bare(g, 0, "elif") || bare(g, 0, "then"))
			return;
		if (depth >= MAX_DEPTH) {
			live = false;
			continue;
		}
		if (bare(g, 0, "if"))
			run_if(g, live, depth);
		else if (bare(g, 0, "menuentry") || bare(g, 0, "submenu"))
			run_menu_item(g, live && bare(g, g->n - 1, "{"), depth);
		else if (bare(g, g->n - 1, "{"))
			run_block(g, false, depth + 1); /* a function */
		else if (live)
			run_statement(g);
		/* The end of an inner block is not ours. */
	}
	g->n = 0;
}

/* ---- the default ---- */

/* Whether `want`, up to a ">", names item `level` of an entry's way. */
static bool names(const struct boot_entry *e, uint32_t level, const char *want, size_t n)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", e->index[level]);
	return (strlen(number) == n && memcmp(number, want, n) == 0) ||
	       (strlen(e->path[level]) == n && memcmp(e->path[level], want, n) == 0) ||
	       (level == e->level && strlen(e->title) == n && memcmp(e->title, want, n) == 0);
}

static bool is_default(const struct boot_entry *e, const char *want)
{
	uint32_t level = 0;

	for (;; level++) {
		size_t n = strcspn(want, ">");

		if (level > e->level || !names(e, level, want, n))
			return false;
		if (!want[n])
			return true; /* a submenu's first entry comes first */
		want += n + 1;
	}
}

void grub_parse(const char *text, const char *grubenv, struct boot_entries *out, bool *blscfg)
{
	struct grub *g = calloc(1, sizeof(*g));

	out->n = out->chosen = 0;
	*blscfg = false;
	if (!g)
		return;
	g->w = calloc(MAX_WORDS, sizeof(*g->w));
	g->p = text;
	g->env = grubenv;
	g->out = out;
	/* What GRUB itself sets. */
	set(g, "feature_menuentry_id", "y");
	set(g, "feature_platform_search_hint", "y");
	set(g, "feature_all_video_module", "y");
	set(g, "grub_platform", "efi");
	set(g, "grub_cpu", "x86_64");
	/* A stray "}" ends a block of nothing. */
	while (g->w && *g->p)
		run_block(g, true, 0);
	for (uint32_t i = 0; i < out->n; i++) {
		const char *want = get(g, "default");

		if (want[0] && is_default(&out->e[i], want)) {
			out->chosen = i;
			break;
		}
	}
	*blscfg = g->blscfg;
	free(g->w);
	free(g);
}
