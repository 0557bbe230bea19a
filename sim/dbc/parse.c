/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of a DBC file, one after the other, and what to do behind a broken one. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "sim/dbc/priv.h"

#define FILE_MAX ((size_t)64 << 20)

static bool read_version(struct parse *p)
{
	struct piece w;

	if (!scan_string(&p->s, &w))
		return false;
	if (p->pass == 1)
		p->db->version = keep(p, w);
	return true;
}

/* NS_ lists the keywords that the file may use: lines of one word. */
static bool read_ns(struct parse *p)
{
	struct scan *s = &p->s;

	(void)scan_is(s, ':');
	for (;;) {
		struct piece w = scan_peek(s);
		const char *back = s->p;

		if (w.n == 0)
			return true;
		s->p += w.n;
		scan_inline(s);
		if (s->p < s->end && *s->p != '\n') {
			s->p = back;
			return true;
		}
	}
}

/* BS_: perhaps with a baud rate and two registers, which nobody uses any more. */
static bool read_bs(struct parse *p)
{
	struct scan *s = &p->s;

	while (s->p < s->end && *s->p != '\n')
		s->p++;
	return true;
}

bool skip_statement(struct parse *p)
{
	struct scan *s = &p->s;
	struct piece ignored;

	for (;;) {
		scan_blank(s);
		if (s->p == s->end)
			return end_statement(p);
		if (*s->p == ';') {
			s->p++;
			return true;
		}
		if (*s->p == '"') {
			if (!scan_string(s, &ignored))
				return false;
		} else {
			s->p++;
		}
	}
}

static const struct statement statements[] = {
	{ "VERSION", 1, read_version },
	{ "NS_", 1, read_ns },
	{ "BS_", 1, read_bs },
	{ "BU_", 1, read_nodes },
	{ "VAL_TABLE_", 1, read_value_table },
	{ "BO_", 1, read_message },
	{ "SG_", 1, read_signal },
	{ "EV_", 1, read_envvar },
	{ "BA_DEF_", 1, read_attr_def },
	{ "BA_DEF_REL_", 1, read_attr_def_rel },
	{ "BA_DEF_DEF_", 2, read_attr_default },
	{ "BA_DEF_DEF_REL_", 2, read_attr_default_rel },
	{ "BO_TX_BU_", 2, read_senders },
	{ "ENVVAR_DATA_", 2, read_envvar_data },
	{ "CM_", 2, read_comment },
	{ "BA_", 2, read_attr },
	{ "BA_REL_", 2, read_attr_rel },
	{ "VAL_", 2, read_vals },
	{ "SIG_GROUP_", 2, read_group },
	{ "SIG_VALTYPE_", 2, read_valtype },
	{ "SG_MUL_VAL_", 2, read_mul_val },
	/* Of no use here: categories, signal types, filters. */
	{ "CAT_DEF_", 1, skip_statement },
	{ "CAT_", 1, skip_statement },
	{ "FILTER", 1, skip_statement },
	{ "EV_DATA_", 1, skip_statement },
	{ "SGTYPE_", 1, skip_statement },
	{ "SGTYPE_VAL_", 1, skip_statement },
	{ "BA_DEF_SGTYPE_", 1, skip_statement },
	{ "BA_SGTYPE_", 1, skip_statement },
	{ "SIG_TYPE_REF_", 1, skip_statement },
	{ "SIGTYPE_VALTYPE_", 1, skip_statement },
};

const struct statement *statement_of(struct piece w)
{
	for (size_t i = 0; i < ARRAY_SIZE(statements); i++) {
		if (piece_is(w, statements[i].word))
			return &statements[i];
	}
	return NULL;
}

bool end_statement(struct parse *p)
{
	struct scan *s = &p->s;
	const char *was = s->p;
	struct piece w;

	if (scan_is(s, ';'))
		return true;
	w = scan_peek(s);
	if (s->p == s->end || statement_of(w)) {
		scan_tell(s, DIAG_WARNING, was > s->text ? was - 1 : was, 1,
			"';' is missing behind this");
		return true;
	}
	return scan_want(s, ';');
}

const char *keep(struct parse *p, struct piece w)
{
	char *copy = arena_alloc(p->a, w.n + 1);
	size_t n = 0;

	if (!copy) {
		p->s.oom = true;
		return "";
	}
	for (size_t i = 0; i < w.n; i++) {
		/* \\ stays as it is: that is how paths of that other system are written. */
		if (w.escaped && w.s[i] == '\\' && i + 1 < w.n && w.s[i + 1] == '"')
			i++;
		if (w.s[i] != '\r' && w.s[i] != '\0')
			copy[n++] = w.s[i];
	}
	return copy;
}

void *keep_alloc(struct parse *p, size_t bytes)
{
	void *m = arena_alloc(p->a, bytes);

	if (!m)
		p->s.oom = true;
	return m;
}

void *keep_more(struct parse *p, void *list, uint32_t n, uint32_t *cap, size_t each)
{
	void *more;

	if (list && n < *cap)
		return list;
	*cap = n ? 2 * n : 4;
	more = keep_alloc(p, *cap * each);
	if (more && n)
		memcpy(more, list, n * each);
	return more;
}

bool read_names(struct parse *p, char stop, const char *const **out, uint32_t *n)
{
	struct scan *s = &p->s;
	const char **list = NULL;
	uint32_t cap = 0;

	*n = 0;
	for (;;) {
		struct piece w;
		bool comma;

		scan_inline(s);
		comma = s->p < s->end && *s->p == ',';
		if (comma) {
			s->p++;
			scan_blank(s);
		}
		/* Without a comma the line's end is the list's, unless something else ends it. */
		if (stop != '\n')
			scan_blank(s);
		w = scan_word(s);
		if (w.n == 0)
			break;
		if (statement_of(w)) {
			s->p = w.s;
			break;
		}
		if (p->s.mute)
			continue;
		list = keep_more(p, list, *n, &cap, sizeof(*list));
		if (!list)
			return false;
		list[(*n)++] = keep(p, w);
	}
	*out = list;
	return true;
}

/* To the next line that begins with a keyword. */
static void recover(struct parse *p)
{
	struct scan *s = &p->s;

	while (s->p < s->end) {
		const char *nl = memchr(s->p, '\n', (size_t)(s->end - s->p));
		const char *line;
		struct piece w;

		if (!nl) {
			s->p = s->end;
			return;
		}
		line = s->p = nl + 1;
		scan_inline(s);
		w = scan_word(s);
		s->p = line;
		if (statement_of(w))
			return;
	}
}

static void read_pass(struct parse *p, int pass)
{
	struct scan *s = &p->s;

	p->pass = pass;
	s->p = s->text;
	for (;;) {
		const struct statement *st;
		struct piece w;

		s->mute = pass != 1;
		scan_blank(s);
		if (s->p == s->end || s->oom)
			return;
		w = scan_word(s);
		st = statement_of(w);
		if (!st) {
			size_t n = w.n ? MIN(w.n, 40u) : 1;

			scan_tell(s, DIAG_ERROR, w.s, n, "no statement of a DBC file: '%.*s'",
				(int)n, w.s);
			recover(p);
			continue;
		}
		s->mute = st->pass != pass;
		if (!st->read(p))
			recover(p);
	}
}

/* ---- text ---- */

/* cp1252's characters 0x80..0x9f; 0 is none. */
static const uint16_t cp1252[32] = { 0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
	0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d,
	0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178 };

/* Bytes of a valid UTF-8 character; 0: it is none. */
static size_t utf8_char(const uint8_t *s, size_t n)
{
	size_t len = s[0] < 0x80                   ? 1
		     : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
		     : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
		     : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
						   : 0;

	if (len == 0 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	/* Longer than need be, surrogates, beyond Unicode. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
		(s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

static bool is_utf8(const uint8_t *s, size_t n)
{
	for (size_t i = 0, len; i < n; i += len) {
		len = utf8_char(s + i, n - i);
		if (!len)
			return false;
	}
	return true;
}

static size_t put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	to[0] = (char)(0xe0 | c >> 12);
	to[1] = (char)(0x80 | (c >> 6 & 0x3f));
	to[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

/* A copy as UTF-8 that lives as long as the messages about it. NULL without memory. */
static const char *as_utf8(struct diags *d, const uint8_t *s, size_t n, size_t *out_n)
{
	char *to;
	size_t k = 0;

	if (n >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0) {
		s += 3;
		n -= 3;
	}
	*out_n = n;
	if (is_utf8(s, n))
		return arena_strndup(&d->a, (const char *)s, n);
	to = arena_alloc(&d->a, 3 * n + 1);
	if (!to)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		uint32_t c = s[i];

		if (c >= 0x80 && c < 0xa0)
			c = cp1252[c - 0x80] ? cp1252[c - 0x80] : 0xfffd;
		k += put_utf8(to + k, c);
	}
	*out_n = k;
	return to;
}

/* ---- life ---- */

static void start(struct parse *p, struct dbc *db)
{
	p->db = db;
	p->priv = db->priv;
	p->a = &db->priv->a;
	p->msg_last = &p->msgs;
	p->node_last = &p->nodes;
	p->table_last = &p->tables;
	p->def_last = &p->defs;
	p->ev_last = &p->evs;
	p->group_last = &p->groups;
}

int dbc_parse(struct dbc **out, const char *path, const void *text, size_t len, struct diags *d,
	struct err *e)
{
	struct dbc *db = calloc(1, sizeof(*db));
	struct parse p = { .pass = 0 };
	size_t n = 0;

	if (db)
		db->priv = calloc(1, sizeof(*db->priv));
	if (!db || !db->priv)
		goto no_memory;
	start(&p, db);
	p.s.d = d;
	p.s.text = as_utf8(d, text, len, &n);
	if (!p.s.text)
		goto no_memory;
	p.s.end = p.s.text + n;
	p.s.src = diag_source(d, path, p.s.text, n);
	db->path = arena_strndup(p.a, path, strlen(path));
	if (!p.s.src || !db->path)
		goto no_memory;
	db->src = p.s.src;
	db->version = db->comment = "";
	read_pass(&p, 1);
	if (p.s.oom || !flatten(&p))
		goto no_memory;
	read_pass(&p, 2);
	p.s.mute = false;
	if (p.s.oom || !link_database(&p) || d->oom)
		goto no_memory;
	*out = db;
	return 0;
no_memory:
	dbc_free(db);
	return err_set(e, -ENOMEM, "%s: no memory", path);
}

int dbc_load(struct dbc **out, const char *path, struct diags *d, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;
	struct stat st;
	uint8_t *text = NULL;
	size_t n = 0, cap;

	if (fd < 0)
		return err_errno(e, errno, "%s: cannot open", path);
	if (fstat(fd, &st) < 0 || S_ISDIR(st.st_mode)) {
		fd_close(&fd);
		return err_set(e, -EISDIR, "%s: is a folder", path);
	}
	/* One byte more than the file has: the end is seen, and a file that grows is too. */
	cap = MIN((size_t)MAX(st.st_size, 0), FILE_MAX) + 1;
	if (cap < 65536)
		cap = 65536;
	text = malloc(cap);
	rc = text ? 0 : -ENOMEM;
	while (rc == 0 && n < cap) {
		ssize_t got = read(fd, text + n, cap - n);

		if (got < 0 && errno != EINTR)
			rc = -errno;
		else if (got == 0)
			break;
		else if (got > 0)
			n += (size_t)got;
	}
	fd_close(&fd);
	if (rc < 0)
		rc = err_errno(e, -rc, "%s: cannot read", path);
	else if (n > FILE_MAX)
		rc = err_set(e, -EFBIG, "%s: more than 64 MiB: not a DBC file", path);
	else
		rc = dbc_parse(out, path, text, n, d, e);
	free(text);
	return rc;
}

void dbc_free(struct dbc *db)
{
	if (!db)
		return;
	if (db->priv) {
		names_fini(&db->priv->names);
		free(db->priv->by_id);
		arena_fini(&db->priv->a);
	}
	free(db->priv);
	free(db);
}
