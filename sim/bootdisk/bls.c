/* SPDX-License-Identifier: Apache-2.0 */
/* Boot Loader Specification ("UAPI Group: Boot Loader Specification", type #1 entries). */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim/bootdisk/entry.h"

/* Between words of a line; the lines of some files end with "\r\n". */
#define BLANKS " \t\r"

/* Copies a value; false when it is too long. */
static bool put(char *to, size_t cap, const char *value, size_t n)
{
	if (n >= cap)
		return false;
	memcpy(to, value, n);
	to[n] = '\0';
	return true;
}

static bool append_word(char *to, size_t cap, const char *word, size_t n)
{
	size_t at = strlen(to);

	if (n == 0)
		return true;
	if (at + 1 + n >= cap)
		return false;
	if (at)
		to[at++] = ' ';
	memcpy(to + at, word, n);
	to[at + n] = '\0';
	return true;
}

/* Words that are variables become their value, or nothing. */
static bool append_options(struct boot_entry *e, const char *value, size_t n,
	const char *(*lookup)(void *arg, const char *name), void *arg)
{
	const char *end = value + n;

	while (value < end) {
		size_t len;
		char name[64];
		const char *v;

		value += strspn(value, BLANKS);
		if (value >= end)
			break;
		len = MIN(strcspn(value, BLANKS "\n"), (size_t)(end - value));
		if (value[0] != '$') {
			if (!append_word(e->options, sizeof(e->options), value, len))
				return false;
		} else if (lookup && put(name, sizeof(name), value + 1, len - 1)) {
			v = lookup(arg, name);
			if (v && !append_word(e->options, sizeof(e->options), v, strlen(v)))
				return false;
		}
		value += len;
	}
	return true;
}

static bool add_initrd(struct boot_entry *e, const char *value, size_t n)
{
	/* $tuned_initrd and its like. */
	if (n == 0 || value[0] == '$')
		return true;
	/* Several on one line are a Fedora habit. */
	for (const char *end = value + n; value < end;) {
		size_t len = MIN(strcspn(value, BLANKS "\n"), (size_t)(end - value));

		if (len && value[0] != '$' &&
			(e->n_initrds == BOOT_MAX_INITRDS ||
				!put(e->initrd[e->n_initrds++], BOOT_PATH_MAX, value, len)))
			return false;
		value += len;
		value += MIN(strspn(value, BLANKS), (size_t)(end - value));
	}
	return true;
}

static bool is_this_machine(const char *value, size_t n)
{
	return n == 3 && strncasecmp(value, "x64", 3) == 0;
}

static bool take(struct boot_entry *e, const char *key, size_t key_n, const char *v, size_t n,
	const char *(*lookup)(void *arg, const char *name), void *arg)
{
	static const struct {
		const char *key;
		size_t off, cap;
	} plain[] = {
		{ "title", offsetof(struct boot_entry, title), sizeof(e->title) },
		{ "version", offsetof(struct boot_entry, version), sizeof(e->version) },
		{ "sort-key", offsetof(struct boot_entry, sort_key), sizeof(e->sort_key) },
		{ "linux", offsetof(struct boot_entry, kernel), sizeof(e->kernel) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		if (strlen(plain[i].key) == key_n && memcmp(plain[i].key, key, key_n) == 0)
			return put((char *)e + plain[i].off, plain[i].cap, v, n);
	}
	if (key_n == 6 && memcmp(key, "initrd", 6) == 0)
		return add_initrd(e, v, n);
	if (key_n == 7 && memcmp(key, "options", 7) == 0)
		return append_options(e, v, n, lookup, arg);
	if (key_n == 12 && memcmp(key, "architecture", 12) == 0)
		return is_this_machine(v, n);
	return true;
}

int bls_parse(const char *name, const char *text,
	const char *(*lookup)(void *arg, const char *name), void *arg, struct boot_entry *out)
{
	struct boot_entry *e = out;
	size_t len = strlen(name);

	memset(e, 0, sizeof(*e));
	if (len > 5 && strcmp(name + len - 5, ".conf") == 0)
		len -= 5;
	if (!put(e->id, sizeof(e->id), name, len))
		return -EINVAL;
	for (const char *p = text; *p;) {
		size_t line = strcspn(p, "\n"), key, gap, n;
		const char *next = p + line + (p[line] == '\n');

		gap = MIN(strspn(p, " \t"), line);
		p += gap;
		line -= gap;
		key = MIN(strcspn(p, " \t\r\n"), line);
		gap = MIN(strspn(p + key, " \t"), line - key);
		n = line - key - gap;
		while (n && strchr(" \t\r", p[key + gap + n - 1]))
			n--;
		if (key && p[0] != '#' && !take(e, p, key, p + key + gap, n, lookup, arg))
			return -EINVAL;
		p = next;
	}
	if (!e->title[0])
		snprintf(e->title, sizeof(e->title), "%s", e->id);
	return e->kernel[0] ? 0 : -EINVAL;
}

/* The newest first; entries with a sort key before those without. */
static int by_order(const void *pa, const void *pb)
{
	const struct boot_entry *a = pa, *b = pb;
	int d;

	if (!a->sort_key[0] != !b->sort_key[0])
		return a->sort_key[0] ? -1 : 1;
	if (a->sort_key[0]) {
		d = strcmp(a->sort_key, b->sort_key);
		if (d)
			return d;
		d = strverscmp(b->version, a->version);
		if (d)
			return d;
	}
	return strverscmp(b->id, a->id);
}

/* `default PATTERN` of loader.conf, with or without ".conf". */
static void choose(struct boot_entries *es, const char *conf)
{
	char pattern[160], file[200];

	for (const char *p = conf; *p;) {
		size_t line = strcspn(p, "\n"), key = strcspn(p, " \t\n"), gap;
		const char *v = p + key;

		gap = strspn(v, " \t");
		v += gap;
		if (key == 7 && memcmp(p, "default", 7) == 0 && gap &&
			put(pattern, sizeof(pattern), v, strcspn(v, " \t\r\n"))) {
			for (uint32_t i = 0; i < es->n; i++) {
				snprintf(file, sizeof(file), "%s.conf", es->e[i].id);
				if (fnmatch(pattern, file, FNM_CASEFOLD) == 0 ||
					fnmatch(pattern, es->e[i].id, FNM_CASEFOLD) == 0) {
					es->chosen = i;
					return;
				}
			}
		}
		p += line + (p[line] == '\n');
	}
}

void bls_order(struct boot_entries *es, const char *loader_conf)
{
	if (es->n)
		qsort(es->e, es->n, sizeof(es->e[0]), by_order);
	es->chosen = 0;
	if (loader_conf)
		choose(es, loader_conf);
}
