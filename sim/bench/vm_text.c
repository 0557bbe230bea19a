/* SPDX-License-Identifier: Apache-2.0 */
/* Options -> scenario; see vm_text.h. What a value may be is checked by the scenario's reader. */
#include "sim/bench/vm_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bench/disk.h"

#define WORD_MAX 4096

/* ---- YAML ---- */

static bool is_plain(const char *s)
{
	static const char *const words[] = { "null", "Null", "NULL", "" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(s, words[i]) == 0)
			return false;
	}
	if (!isalnum((unsigned char)s[0]) && s[0] != '/' && s[0] != '.' && s[0] != '_')
		return false;
	for (; *s; s++) {
		if (!isalnum((unsigned char)*s) && !strchr("_./-", *s))
			return false;
	}
	return true;
}

/* A value; quoted where it has to be, and never taken for a variable of the scenario. */
static void put_value(FILE *f, const char *s)
{
	if (is_plain(s)) {
		fputs(s, f);
		return;
	}
	fputc('"', f);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(f, "\\x%02x", c);
		else if (c == '$' && s[1] == '{')
			fputs("$$", f);
		else
			fputc(c, f);
	}
	fputc('"', f);
}

static void put_key(FILE *f, const char *indent, const char *key, const char *value)
{
	if (!value)
		return;
	fprintf(f, "%s%s: ", indent, key);
	put_value(f, value);
	fputc('\n', f);
}

/* The name of something that follows. */
static void put_item(FILE *f, const char *name)
{
	fputs("  ", f);
	put_value(f, name);
	fputs(":\n", f);
}

/* ---- words with commas ---- */

/* Cuts the next part off *rest into buf; ",," is a comma. False at the end or when it is too long
 * (then *rest is NULL and buf empty). */
static bool next_part(const char **rest, char *buf)
{
	const char *s = *rest;
	size_t n = 0;

	buf[0] = '\0';
	if (!s)
		return false;
	for (; *s && n < WORD_MAX - 1; s++) {
		if (*s == ',' && s[1] == ',')
			s++;
		else if (*s == ',')
			break;
		buf[n++] = *s;
	}
	buf[n] = '\0';
	*rest = *s == ',' ? s + 1 : NULL;
	return true;
}

/* The value of "key=value"; NULL when it is another key. */
static const char *value_of(const char *part, const char *key)
{
	size_t n = strlen(key);

	return strncmp(part, key, n) == 0 && part[n] == '=' ? part + n + 1 : NULL;
}

/* ---- single options ---- */

static int put_disk(FILE *f, const char *word, struct err *e)
{
	char part[WORD_MAX] = "", overlay[WORD_MAX] = "none";
	const char *rest = word, *v;

	if (!next_part(&rest, part) || !part[0])
		return err_set(e, -EINVAL, "--disk %s: name a file", word);
	put_key(f, "      - ", disk_is_uri(part) ? "uri" : "file", part);
	while (next_part(&rest, part)) {
		if (strcmp(part, "ro") == 0)
			put_key(f, "        ", "read_only", "true");
		else if ((v = value_of(part, "serial")))
			put_key(f, "        ", "serial", v);
		else if ((v = value_of(part, "queues")))
			put_key(f, "        ", "queues", v);
		else if ((v = value_of(part, "format")))
			put_key(f, "        ", "format", v);
		else if ((v = value_of(part, "overlay")))
			snprintf(overlay, sizeof(overlay), "%s", v);
		else
			return err_set(e, -EINVAL,
				"--disk %s: unknown part \"%.60s\"; there are ro, serial=S, queues=N, "
				"format=F and overlay=memory|none|FILE (a comma in a name is written "
				"twice)",
				word, part);
	}
	/* As users of a virtual machine expect; a scenario's own default is memory. */
	put_key(f, "        ", "overlay", overlay);
	return 0;
}

/* "tcp:2222:22" */
static int put_forward(FILE *f, const char *word, const char *v, struct err *e)
{
	char proto[4], host[6], guest[6];
	int end = 0;

	if (sscanf(v, "%3[a-z]:%5[0-9]:%5[0-9]%n", proto, host, guest, &end) != 3 || v[end])
		return err_set(e, -EINVAL,
			"--net %s: write fwd=tcp:2222:22 (protocol, port of the host, of the guest)",
			word);
	fprintf(f, "      - { protocol: %s, host: %s, guest: %s }\n", proto, host, guest);
	return 0;
}

static bool is_forward(const char *part)
{
	return value_of(part, "fwd") != NULL;
}

/* The interface of a tap: "tap=IF", or "mode=tap" with "tapif=IF" behind it; NULL: it is none. */
static const char *tap_of(const char *word, char *part)
{
	const char *rest = word, *v;

	(void)next_part(&rest, part);
	if (strcmp(part, "mode=tap") != 0)
		return value_of(part, "tap");
	while (next_part(&rest, part)) {
		if ((v = value_of(part, "tapif")))
			return v;
	}
	return NULL;
}

static const char *mac_of(const char *part)
{
	const char *v = value_of(part, "mac");

	return v ? v : value_of(part, "guest_mac");
}

/* One part behind the kind of a network; false: there is no such part. */
static bool put_net_part(FILE *f, const char *part, bool is_tap)
{
	const char *v = value_of(part, "mtu");

	if (v)
		put_key(f, "    ", "mtu", v);
	else if (strcmp(part, "restricted") == 0)
		put_key(f, "    ", "restricted", "true");
	else
		/* What others read. */
		return is_forward(part) || mac_of(part) || (is_tap && value_of(part, "tapif"));
	return true;
}

/* Network number i: its own for each card. */
static int put_network(FILE *f, size_t i, const char *word, struct err *e)
{
	char part[WORD_MAX] = "", kind[WORD_MAX] = "";
	const char *rest = word, *tap = tap_of(word, part);
	bool forwards = false;
	int rc = 0;

	(void)next_part(&rest, kind);
	fprintf(f, "  net%zu:\n", i);
	if (strcmp(kind, "user") == 0 || strcmp(kind, "mode=user") == 0) {
		put_key(f, "    ", "type", "user");
	} else if (tap) {
		put_key(f, "    ", "type", "tap");
		put_key(f, "    ", "tap", tap);
	} else {
		return err_set(e, -EINVAL, "--net %s: say user, tap=INTERFACE or none", word);
	}
	while (next_part(&rest, part)) {
		if (!put_net_part(f, part, tap))
			return err_set(e, -EINVAL,
				"--net %s: unknown part \"%.60s\"; there are fwd=tcp:2222:22, "
				"mac=02:00:00:00:00:01, mtu=N and restricted",
				word, part);
		forwards |= is_forward(part);
	}
	if (forwards)
		fputs("    forwards:\n", f);
	for (rest = word; !rc && next_part(&rest, part);) {
		if (is_forward(part))
			rc = put_forward(f, word, value_of(part, "fwd"), e);
	}
	return rc;
}

static void put_card(FILE *f, size_t i, const char *word)
{
	char part[WORD_MAX] = "";
	const char *rest = word;

	fprintf(f, "      - network: net%zu\n", i);
	while (next_part(&rest, part))
		put_key(f, "        ", "mac", mac_of(part));
}

static int put_share(FILE *f, const char *word, bool is_9p, struct err *e)
{
	char part[WORD_MAX] = "", tag[WORD_MAX] = "";
	const char *rest = word;

	if (!next_part(&rest, part) || !part[0] || !next_part(&rest, tag) || !tag[0])
		return err_set(e, -EINVAL,
			"--%s %s: write FOLDER,TAG (a comma in a name is written twice)",
			is_9p ? "9p" : "share", word);
	put_key(f, "      - ", "path", part);
	put_key(f, "        ", "tag", tag);
	if (is_9p)
		put_key(f, "        ", "type", "9p");
	while (next_part(&rest, part)) {
		if (strcmp(part, "ro") != 0)
			return err_set(e, -EINVAL, "--%s %s: unknown part \"%.60s\"; there is ro",
				is_9p ? "9p" : "share", word, part);
		put_key(f, "        ", "read_only", "true");
	}
	return 0;
}

static int put_shares(FILE *f, const struct vm_opts *o, struct err *e)
{
	int rc = 0;

	if (o->n_shares || o->n_shares_9p)
		fputs("    shares:\n", f);
	for (size_t i = 0; !rc && i < o->n_shares; i++)
		rc = put_share(f, o->shares[i], false, e);
	for (size_t i = 0; !rc && i < o->n_shares_9p; i++)
		rc = put_share(f, o->shares_9p[i], true, e);
	return rc;
}

/* Cuts the name of a bus off *rest, into `part`: that of the host's interface, or the one given. */
static const char *bus_name(const char **rest, char *part)
{
	const char *v;

	(void)next_part(rest, part);
	v = value_of(part, "bus");
	return v ? v : strcmp(part, "bus") == 0 ? "can0" : part;
}

static int put_bus(FILE *f, const char *word, struct err *e)
{
	char part[WORD_MAX] = "", more[WORD_MAX];
	const char *rest = word, *name = bus_name(&rest, part);
	bool inner = name != part, direct = false, record = true;

	while (next_part(&rest, more)) {
		if (strcmp(more, "record=no") == 0)
			record = false;
		else if (strcmp(more, "direct") == 0 && !inner)
			direct = true;
		else
			return err_set(e, -EINVAL,
				"--can %s: write IF, IF,direct, bus or bus=NAME, each perhaps with "
				",record=no",
				word);
	}
	put_item(f, name);
	if (!record)
		put_key(f, "    ", "record", "false");
	if (direct) {
		fputs("    socketcan:\n", f);
		put_key(f, "      ", "interface", name);
		put_key(f, "      ", "direct", "true");
	} else if (!inner) {
		put_key(f, "    ", "socketcan", name);
	}
	return 0;
}

static int put_display(FILE *f, const char *word, struct err *e)
{
	char w[6], h[6];
	int end = 0;

	if (!word || strcmp(word, "none") == 0)
		return 0;
	if (sscanf(word, "%5[0-9]x%5[0-9]%n", w, h, &end) != 2 || word[end])
		return err_set(e, -EINVAL, "--display %s: say 1280x800 or none", word);
	fprintf(f, "    displays:\n      - { width: %s, height: %s, input: [keyboard, pointer] }\n",
		w, h);
	return 0;
}

/* ---- the whole ---- */

/* Linux writes to no console that it was not told of. */
static void put_cmdline(FILE *f, const struct vm_opts *o)
{
	const char *append = o->append ? o->append : "";
	const char *console = strcmp(o->console, "serial") == 0 ? "ttyS0" : o->console;
	char all[WORD_MAX];

	snprintf(all, sizeof(all), "console=%s%s%s", console, append[0] ? " " : "", append);
	put_key(f, "    ", "cmdline", strstr(append, "console=") ? append : all);
}

static int put_outside(FILE *f, const struct vm_opts *o, struct err *e)
{
	int rc = 0;

	if (o->n_nets)
		fputs("networks:\n", f);
	for (size_t i = 0; !rc && i < o->n_nets; i++)
		rc = put_network(f, i, o->nets[i], e);
	if (o->n_cans)
		fputs("buses:\n", f);
	for (size_t i = 0; !rc && i < o->n_cans; i++)
		rc = put_bus(f, o->cans[i], e);
	return rc;
}

/* A plain number is MiB, as users of other monitors write it. */
static void put_memory(FILE *f, const char *size)
{
	bool plain = size[0] && strspn(size, "0123456789") == strlen(size);

	if (plain)
		fprintf(f, "    memory: %sM\n", size);
	else
		put_key(f, "    ", "memory", size);
}

static int put_guest(FILE *f, const struct vm_opts *o, struct err *e)
{
	int rc = 0;

	put_key(f, "    ", "kernel", o->kernel);
	put_key(f, "    ", "initrd", o->initrd);
	if (o->entry) {
		fputs("    boot:\n", f);
		put_key(f, "      ", "entry", o->entry);
	}
	put_cmdline(f, o);
	put_memory(f, o->memory ? o->memory : "512M");
	put_key(f, "    ", "cpus", o->cpus);
	if (strcmp(o->console, "serial") != 0) {
		fputs("    ports: [", f);
		put_value(f, o->console);
		fputs("]\n", f);
	}
	if (o->n_disks)
		fputs("    disks:\n", f);
	for (size_t i = 0; !rc && i < o->n_disks; i++)
		rc = put_disk(f, o->disks[i], e);
	if (o->n_nets)
		fputs("    nets:\n", f);
	for (size_t i = 0; !rc && i < o->n_nets; i++)
		put_card(f, i, o->nets[i]);
	if (!rc)
		rc = put_shares(f, o, e);
	if (o->vsock) {
		fputs("    vsock:\n", f);
		put_key(f, "      ", "cid", o->vsock);
	}
	if (o->balloon)
		put_key(f, "    ", "balloon", "true");
	if (o->n_cans)
		fputs("    can:\n", f);
	for (size_t i = 0; !rc && i < o->n_cans; i++) {
		char part[WORD_MAX] = "";
		const char *rest = o->cans[i];

		put_key(f, "      - ", "bus", bus_name(&rest, part));
	}
	return rc ? rc : put_display(f, o->display, e);
}

int vm_text(const struct vm_opts *o, char **out, struct err *e)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int rc;

	if (!f)
		return err_set(e, -ENOMEM, "out of memory");
	put_key(f, "", "name", o->name);
	put_key(f, "", "end_when", "guests-ended");
	rc = put_outside(f, o, e);
	if (!rc) {
		fputs("guests:\n", f);
		put_item(f, o->name);
		rc = put_guest(f, o, e);
	}
	if (fclose(f) && !rc)
		rc = err_set(e, -ENOMEM, "out of memory");
	if (rc)
		free(text);
	else
		*out = text;
	return rc;
}
