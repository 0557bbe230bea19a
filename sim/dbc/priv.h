/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a DBC file, inside: the scanner, the parser's state, and what its parts say to each
 * other. Not for others.
 *
 * The text is read twice. The first pass takes what declares objects (nodes, messages, signals,
 * attributes, tables), the second what says something about them: so a file may have them in any
 * order. Both passes run the same readers of statements; each statement is applied, and complained
 * about, in its own pass only.
 */
#pragma once

#include "sim/dbc/dbc.h"
#include "sim/dbc/names.h"

/* A piece of the text. */
struct piece {
	const char *s;
	size_t n;
	bool escaped; /* a string with backslashes in it */
};

struct scan {
	const char *text, *p, *end;
	const struct source *src;
	struct diags *d;
	bool mute; /* a statement of the other pass */
	bool oom;
};

/* ---- scan.c: all of them move s->p and never read at or past s->end ---- */

/* Blanks, line ends and comments. */
void scan_blank(struct scan *s);
/* Blanks of this line. */
void scan_inline(struct scan *s);
/* A run of anything but blanks and `:;,|@()[]"`; empty at those. */
struct piece scan_word(struct scan *s);
/* The next word without taking it, behind blanks and line ends. */
struct piece scan_peek(struct scan *s);
/* Takes c behind blanks. False: it is not there, nothing is taken but blanks. */
bool scan_is(struct scan *s, char c);
/* As above, and complains where it is not there. */
bool scan_want(struct scan *s, char c);
/* A number, behind blanks; complains. */
bool scan_number(struct scan *s, double *out);
bool scan_uint(struct scan *s, uint64_t max, uint64_t *out);
/* An integer with a sign that fits into 64 bits, in whatever form; complains. */
bool scan_int(struct scan *s, int64_t *out);
/* "text" behind blanks; complains. */
bool scan_string(struct scan *s, struct piece *out);
/* A name, behind blanks; complains where there is none, warns of one that C would not take. */
bool scan_name(struct scan *s, struct piece *out);

bool piece_is(struct piece w, const char *lit);
/* The double in a word; false where it is none, with *out infinite where it is too large. */
bool piece_number(struct piece w, double *out);

void scan_tell(struct scan *s, enum diag_level level, const char *at, size_t len, const char *fmt,
	...) PRINTF_LIKE(5, 6);

/* ---- the parser's state ---- */

struct sig_node {
	struct sig_node *next;
	struct dbc_signal s;
	bool bare_m; /* `m` without a value */
	bool own_range; /* `when` comes from mN: SG_MUL_VAL_ replaces it */
};

struct msg_node {
	struct msg_node *next;
	struct dbc_message m;
	uint64_t dbc_id;
	struct sig_node *first, **last;
	bool ghost; /* of no frame: its signals are known, but nobody sends them */
};

struct dbc_priv {
	struct arena a;
	struct names names; /* of all kinds, see enum scope */
	struct diags *d;
	const char *text;
	size_t len;
	/* Open addressing over messages, by can_id and by PGN; entries are index + 1. */
	uint32_t *by_id, *by_pgn;
	uint32_t cap; /* of both; a power of two */
};

/* The scopes of names; a message's signals have SCOPE_SIGNALS + its index. */
enum scope {
	SCOPE_MESSAGE_ID, /* decimal number as in the file */
	SCOPE_MESSAGE,
	SCOPE_NODE, /* while they are read */
	SCOPE_NODE_READ,
	SCOPE_NODE_LONG,
	SCOPE_ENVVAR,
	SCOPE_TABLE,
	SCOPE_ATTR, /* and the kind of object */
	SCOPE_ATTR_REL = SCOPE_ATTR + 8,
	SCOPE_ANY_SIGNAL = SCOPE_ATTR_REL + 8, /* the first signal of that name */
	SCOPE_SIGNALS = 64
};

struct parse {
	struct scan s;
	struct dbc *db;
	struct dbc_priv *priv;
	struct arena *a;
	int pass; /* 1 or 2 */
	bool in_broken; /* the signals that follow belong to a message that could not be read */
	struct msg_node *msgs, **msg_last, *cur;
	struct node_list {
		struct node_list *next;
		struct dbc_node n;
	} * nodes, **node_last;
	struct table_list {
		struct table_list *next;
		struct dbc_value_table t;
	} * tables, **table_last;
	struct def_list {
		struct def_list *next;
		struct dbc_attr_def d;
	} * defs, **def_last;
	struct ev_list {
		struct ev_list *next;
		struct dbc_envvar e;
	} * evs, **ev_last;
	struct group_list {
		struct group_list *next;
		struct dbc_group g;
	} * groups, **group_last;
	/* Pass 2: ghosts are no messages of the database, but may be spoken of. */
	uint32_t n_ghosts;
};

/* One kind of statement. `read` is behind the keyword; false: it complained, skip to the next. */
struct statement {
	const char *word;
	int pass;
	bool (*read)(struct parse *p);
};

/* parse.c */
const struct statement *statement_of(struct piece w);
/* The end of a statement: `;`, which may be missing before the next statement. */
bool end_statement(struct parse *p);
/* Skips a statement that says nothing we use. */
bool skip_statement(struct parse *p);
/* A copy in the database, without backslashes and carriage returns; NULL sets p->s.oom. */
const char *keep(struct parse *p, struct piece w);
void *keep_alloc(struct parse *p, size_t bytes);
/* A list of n entries with room for one more: the same, or a larger copy. NULL as above. */
void *keep_more(struct parse *p, void *list, uint32_t n, uint32_t *cap, size_t each);
/* `N "text" N "text" ... ;` sorted by value. */
bool read_values(struct parse *p, const struct dbc_named **out, uint32_t *n);

/* Words, perhaps with commas between them, up to `stop` or the end of the line. */
bool read_names(struct parse *p, char stop, const char *const **out, uint32_t *n);

/* objects.c: pass 1 */
bool read_message(struct parse *p);
bool read_signal(struct parse *p);
bool read_nodes(struct parse *p);
bool read_value_table(struct parse *p);
bool read_envvar(struct parse *p);
bool read_attr_def(struct parse *p);
bool read_attr_def_rel(struct parse *p);
bool read_attr_default(struct parse *p);
bool read_attr_default_rel(struct parse *p);
/* Turns lists into the arrays of the database. */
bool flatten(struct parse *p);

/* facts.c: pass 2 */
bool read_comment(struct parse *p);
bool read_attr(struct parse *p);
bool read_attr_rel(struct parse *p);
bool read_vals(struct parse *p);
bool read_valtype(struct parse *p);
bool read_mul_val(struct parse *p);
bool read_senders(struct parse *p);
bool read_group(struct parse *p);
bool read_envvar_data(struct parse *p);

/* link.c: what the statements mean together; long names, cycle times, multiplexing, bits, ids. */
bool link_database(struct parse *p);
