/* SPDX-License-Identifier: Apache-2.0 */
/* Databases, names and messages put together to the model of a scenario's signals. */
#include "sim/scenario/signals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sim/scenario/units.h"

/* Without a time of its own a received signal is believed for so many cycles of its message. */
#define STALE_CYCLES 3

/* Everything while it is put together. All lies in the load's arena. */
struct build {
	struct bind *b;
	struct load *l;
	const struct vss *vss; /* NULL: no catalogue */
	struct signal_message *messages;
	struct signal_bind **binds; /* one row for each message */
	struct signal_def *defs;
	uint32_t n_messages, n_defs, cap_defs;
};

/* --- databases --------------------------------------------------------------------------- */

const struct dbc *refs_database(struct bind *b, const struct node *n, const char *path)
{
	struct load *l = load_of(b);
	struct err e = { .text = "" };
	struct load_dbc *x;

	for (x = l->databases; x; x = x->next) {
		if (strcmp(x->path, path) == 0)
			return x->db;
	}
	x = bind_alloc(b, sizeof(*x));
	if (!x)
		return NULL;
	x->path = path;
	x->next = l->databases;
	l->databases = x;
	if (b->no_files)
		return NULL;
	if (dbc_load(&x->db, path, &x->d, &e) != 0)
		bind_error(b, n, "%s", e.text);
	else if (x->d.errors)
		bind_warn(b, n, "has %zu errors; what could be read is used (`dyno dbc lint %s`)",
			x->d.errors, path);
	return x->db;
}

/* What the table can hold: a message that a frame can carry, with signals that are numbers. */
static bool is_usable(const struct dbc_message *m)
{
	return m->n_signals > 0 && m->len <= CANFD_MAX_DLEN;
}

static uint8_t frame_length(uint32_t len)
{
	while (!unit_fd_length(len))
		len++;
	return (uint8_t)len;
}

static int add_messages(struct build *x, const struct raw_database *raw, const struct dbc *db)
{
	const struct scenario_bus *bus = &x->l->s.buses[raw->bus];

	for (uint32_t i = 0; i < db->n_messages; i++) {
		const struct dbc_message *m = &db->messages[i];
		struct signal_bind *binds;

		if (!is_usable(m))
			continue;
		binds = bind_alloc(x->b, m->n_signals * sizeof(*binds));
		if (!binds)
			return -ENOMEM;
		for (uint32_t k = 0; k < m->n_signals; k++)
			binds[k] = (struct signal_bind){ .signal = SIGNAL_NONE, .scale = 1 };
		x->binds[x->n_messages] = binds;
		x->messages[x->n_messages++] = (struct signal_message){ .bus = raw->bus,
			.dbc = m,
			.fd = m->fd || (bus->fd && m->len > CAN_MAX_DLEN),
			.len = frame_length(m->len),
			.binds = binds };
	}
	return 0;
}

/* --- what is sent ------------------------------------------------------------------------ */

static const struct dbc_signal *own_signal(struct build *x, const struct raw_send *s,
	const struct dbc_message *m, const char *key, const char *name)
{
	const struct dbc_signal *found = dbc_find_signal(m, name);

	if (!found)
		bind_key_error(x->b, s->node, key, "names \"%.60s\", which %s does not have", name,
			m->name);
	else if (found->span == 0 || found->type == DBC_FLOAT32 || found->type == DBC_FLOAT64)
		bind_key_error(x->b, s->node, key, "\"%.60s\" is no whole number", name);
	else
		return found;
	return NULL;
}

static bool speaks_of_change(const char *send_type)
{
	return strcasestr(send_type, "change") || strcasestr(send_type, "write") ||
	       strcasestr(send_type, "spontan");
}

/* A time that the database gives for a message, in ms there. */
static uint64_t time_of(const struct dbc *db, const struct dbc_message *m, const char *attribute)
{
	double ms;

	if (!dbc_attr_number(db, m->attrs, DBC_MESSAGE, attribute, &ms) || !(ms > 0))
		return 0;
	return (uint64_t)(MIN(ms, 3600e3) * 1e6);
}

/* The bench sends it. `s`: how, as written; NULL: it is one of a node's. */
static void send_message(struct build *x, const struct dbc *db, struct signal_message *m,
	const struct raw_send *s, const struct node *n)
{
	const struct scenario_bus *bus = &x->l->s.buses[m->bus];
	bool has_rhythm;

	if (s)
		m->tx = s->tx;
	m->sent = true;
	if (!s || !s->has_cycle)
		m->tx.cycle_ns = m->dbc->cycle_ms * NS_PER_MS;
	if (!s || !s->has_offset)
		m->tx.offset_ns = time_of(db, m->dbc, "GenMsgStartDelayTime");
	if (!s || !s->has_gap)
		m->tx.gap_ns = time_of(db, m->dbc, "GenMsgDelayTime");
	has_rhythm = m->tx.cycle_ns > 0;
	if (!s || !s->has_on_change)
		m->tx.on_change = !has_rhythm || speaks_of_change(m->dbc->send_type);
	if (m->dbc->len > CAN_MAX_DLEN && !bus->fd)
		bind_error(x->b, n, "sends %s, which has %u bytes, but bus \"%s\" has `fd: false`",
			m->dbc->name, m->dbc->len, bus->name);
	if (s && s->counter) {
		m->tx.counter = own_signal(x, s, m->dbc, "counter", s->counter);
		if (m->tx.counter && m->tx.counter_max == 0)
			m->tx.counter_max = m->tx.counter->mask;
	}
	if (s && s->checksum)
		m->tx.checksum = own_signal(x, s, m->dbc, "checksum", s->checksum);
}

static struct signal_message *message_of(struct build *x, uint32_t first, const char *name)
{
	for (uint32_t i = first; i < x->n_messages; i++) {
		if (strcmp(x->messages[i].dbc->name, name) == 0 ||
			strcmp(x->messages[i].dbc->short_name, name) == 0)
			return &x->messages[i];
	}
	return NULL;
}

static void unknown_message(
	struct build *x, uint32_t first, const struct node *n, const char *name, const char *file)
{
	struct unit_near near = { .typed = name };

	for (uint32_t i = first; i < x->n_messages; i++)
		unit_near(&near, x->messages[i].dbc->name);
	bind_error(x->b, n, "names an unknown message \"%.60s\"%s%.60s%s%s", name,
		near.best ? "; did you mean \"" : "; see `dyno dbc list ",
		near.best ? near.best : file, near.best ? "\"?" : "", near.best ? "" : "`");
}

static bool plays(const struct dbc_message *m, const struct raw_word *w, bool *known)
{
	for (uint32_t i = 0; i < m->n_senders; i++) {
		if (strcmp(m->senders[i], w->text) == 0) {
			*known = true;
			return true;
		}
	}
	return false;
}

static void mark_sent(
	struct build *x, const struct dbc *db, const struct raw_database *raw, uint32_t first)
{
	for (uint32_t k = 0; k < raw->n_nodes; k++) {
		bool known = false;

		for (uint32_t i = first; i < x->n_messages; i++) {
			if (plays(x->messages[i].dbc, &raw->nodes[k], &known))
				send_message(x, db, &x->messages[i], NULL, raw->nodes[k].node);
		}
		if (!known)
			bind_error(x->b, raw->nodes[k].node,
				"names the node \"%.60s\", which sends no message of the database",
				raw->nodes[k].text);
	}
	for (uint32_t k = 0; k < raw->n_send; k++) {
		const struct raw_send *s = &raw->send[k];
		struct signal_message *m = message_of(x, first, s->name);

		if (m)
			send_message(x, db, m, s, s->node);
		else
			unknown_message(x, first, s->node, s->name, raw->file);
	}
}

/* --- names ------------------------------------------------------------------------------- */

struct place {
	uint32_t message, signal;
};

/* What follows `word` and a dot in a text that begins so; NULL. */
static const char *behind(const char *text, const char *word)
{
	size_t l = strlen(word);

	return strncmp(text, word, l) == 0 && text[l] == '.' ? text + l + 1 : NULL;
}

/* Whether a text is "can0.Message.Signal" or "Message.Signal". */
static bool is_called(const char *text, const char *bus, const struct dbc_signal *s)
{
	const char *tail = behind(text, bus), *last = tail ? behind(tail, s->message->name) : NULL;

	if (last && strcmp(last, s->name) == 0)
		return true;
	last = behind(text, s->message->name);
	return last && strcmp(last, s->name) == 0;
}

static void unknown_place(struct build *x, const struct raw_word *ref)
{
	struct unit_near near = { .typed = ref->text };

	for (uint32_t i = 0; i < x->n_messages; i++) {
		const struct dbc_message *m = x->messages[i].dbc;

		for (uint32_t k = 0; k < m->n_signals; k++) {
			const char *name = bind_printf(x->b, "%s.%s", m->name, m->signals[k].name);

			if (!name)
				return;
			unit_near(&near, name);
		}
	}
	bind_error(x->b, ref->node, "names an unknown signal \"%.100s\"%s%.150s%s", ref->text,
		near.best ? "; did you mean \"" : ": write Message.Signal as a database has it",
		near.best ? near.best : "", near.best ? "\"?" : "");
}

/* False after a message. */
static bool find_place(struct build *x, const struct raw_word *ref, struct place *out)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < x->n_messages; i++) {
		const struct dbc_message *m = x->messages[i].dbc;
		const char *bus = x->l->s.buses[x->messages[i].bus].name;

		for (uint32_t k = 0; k < m->n_signals; k++) {
			if (!is_called(ref->text, bus, &m->signals[k]))
				continue;
			*out = (struct place){ i, k };
			found++;
		}
	}
	if (found == 1)
		return true;
	if (found)
		bind_error(x->b, ref->node,
			"\"%.120s\" is in several databases: write the bus in front of it",
			ref->text);
	else
		unknown_place(x, ref);
	return false;
}

static const struct signal_pair *make_pairs(
	struct build *x, const struct raw_def *raw, const struct dbc_signal *s)
{
	struct signal_pair *pairs = bind_alloc(x->b, raw->n_pairs * sizeof(*pairs));

	for (uint32_t i = 0; pairs && i < raw->n_pairs; i++) {
		const struct raw_pair *p = &raw->pairs[i];
		int64_t v;

		pairs[i].value = p->value;
		if (dbc_value_of(s, p->key, &v))
			pairs[i].dbc = dbc_physical(s, v);
		else if (unit_float(p->key, &pairs[i].dbc) != 0)
			bind_error(x->b, p->node, "\"%.60s\" is neither a number nor a value of %s",
				p->key, s->name);
	}
	return pairs;
}

/* The range and the unit that a database's signal gives. */
static void take_from_database(
	struct signal_def *d, const struct signal_bind *bind, const struct dbc_signal *s)
{
	if (!d->unit)
		d->unit = s->unit;
	if (!d->doc)
		d->doc = s->comment;
	if (!d->dbc)
		d->dbc = s;
	if (!d->has_range && s->min < s->max && !bind->n_pairs) {
		double a = signal_from_dbc(bind, s->min), c = signal_from_dbc(bind, s->max);

		d->has_range = true;
		d->min = MIN(a, c);
		d->max = MAX(a, c);
	}
}

static void bind_places(
	struct build *x, const struct raw_def *raw, struct signal_def *d, uint32_t index)
{
	uint64_t cycle_ms = 0;

	for (uint32_t i = 0; i < raw->n_refs; i++) {
		const struct signal_message *m;
		struct signal_bind *bind;
		const struct dbc_signal *s;
		struct place p = { 0 };

		if (!find_place(x, &raw->refs[i], &p))
			continue;
		m = &x->messages[p.message];
		s = &m->dbc->signals[p.signal];
		bind = &x->binds[p.message][p.signal];
		if (bind->signal != SIGNAL_NONE) {
			bind_error(x->b, raw->refs[i].node, "\"%.100s\" is \"%.100s\" already",
				raw->refs[i].text, x->defs[bind->signal].name);
			continue;
		}
		if (m->tx.counter == s || m->tx.checksum == s) {
			bind_error(x->b, raw->refs[i].node,
				"\"%.100s\" is made by the bench: a counter or a checksum",
				raw->refs[i].text);
			continue;
		}
		*bind = (struct signal_bind){ .signal = index,
			.scale = raw->scale,
			.offset = raw->offset,
			.n_pairs = raw->n_pairs,
			.pairs = raw->n_pairs ? make_pairs(x, raw, s) : NULL };
		if (x->b->oom)
			return;
		take_from_database(d, bind, s);
		if (!m->sent)
			cycle_ms = MAX(cycle_ms, (uint64_t)m->dbc->cycle_ms);
	}
	if (!raw->has_stale)
		d->stale_ns = STALE_CYCLES * cycle_ms * NS_PER_MS;
}

static struct signal_def *new_def(struct build *x)
{
	if (x->n_defs == x->cap_defs) {
		uint32_t cap = x->cap_defs ? x->cap_defs * 2 : 64;
		struct signal_def *defs = bind_alloc(x->b, cap * sizeof(*defs));

		if (!defs)
			return NULL;
		if (x->n_defs)
			memcpy(defs, x->defs, x->n_defs * sizeof(*defs));
		x->defs = defs;
		x->cap_defs = cap;
	}
	return &x->defs[x->n_defs++];
}

static void add_def(struct build *x, const struct raw_def *raw)
{
	struct signal_def *d;

	for (uint32_t i = 0; i < x->n_defs; i++) {
		if (strcmp(x->defs[i].name, raw->name) == 0) {
			bind_error(x->b, raw->node, "\"%.100s\" is there twice", raw->name);
			return;
		}
	}
	d = new_def(x);
	if (!d)
		return;
	*d = (struct signal_def){ .name = raw->name,
		.unit = raw->unit,
		.doc = raw->doc,
		.has_range = node_get(raw->node, "min"),
		.has_initial = node_get(raw->node, "initial"),
		.published = raw->published,
		.min = raw->min,
		.max = raw->max,
		.initial = raw->initial,
		.stale_ns = raw->stale_ns };
	bind_places(x, raw, d, x->n_defs - 1);
	if (!d->unit)
		d->unit = "";
	if (!d->doc)
		d->doc = "";
	vss_check(x->b, x->vss, raw, d);
}

/* A file of names, with the tables and messages of scenarios. */
static void add_file(struct build *x, const struct raw_word *file)
{
	CLEANUP_FREE uint8_t *text = NULL;
	char where[sizeof(x->b->where)], path[sizeof(x->b->path)];
	struct raw_names names = { 0 };
	struct err e = { 0 };
	struct node *root;
	size_t len = 0, errors = x->b->d->errors;
	int rc;

	if (!file->text || x->b->no_files)
		return;
	rc = file_slurp(file->text, YAML_MAX_BYTES + 1, &text, &len, &e);
	if (rc) {
		bind_error(x->b, file->node, "cannot be read: %s", strerror(-rc));
		return;
	}
	/* Messages are printed after this function has returned: they need a text that stays. */
	const char *kept = arena_strndup(&x->b->d->a, (const char *)text, len);
	const char *name = arena_strndup(&x->b->d->a, file->text, strlen(file->text));
	const struct source *src = kept && name ? diag_source(x->b->d, name, kept, len) : NULL;

	rc = src ? yaml_parse(x->b->a, x->b->d, src, &root) : -ENOMEM;
	x->b->oom |= rc == -ENOMEM;
	if (rc)
		return;
	memcpy(where, x->b->where, sizeof(where));
	memcpy(path, x->b->path, sizeof(path));
	x->b->where[0] = x->b->path[0] = '\0';
	if (root->kind != NODE_MAP)
		bind_error(x->b, root, "a file of names is `title` and `signals`");
	else
		bind_table(x->b, &schema_names, root, &names);
	if (x->b->d->errors != errors)
		names.n_defs = 0;
	for (uint32_t i = 0; i < names.n_defs && !x->b->oom; i++)
		add_def(x, &names.defs[i]);
	memcpy(x->b->where, where, sizeof(where));
	memcpy(x->b->path, path, sizeof(path));
}

/* --- what has no name of its own --------------------------------------------------------- */

/* Whether another bus has a message of this name. */
static bool is_elsewhere(const struct build *x, const struct signal_message *m)
{
	for (uint32_t i = 0; i < x->n_messages; i++) {
		if (&x->messages[i] != m && strcmp(x->messages[i].dbc->name, m->dbc->name) == 0)
			return true;
	}
	return false;
}

static void add_plain(struct build *x, uint32_t message, uint32_t signal, bool with_bus)
{
	const struct signal_message *m = &x->messages[message];
	const struct dbc_signal *s = &m->dbc->signals[signal];
	const char *bus = x->l->s.buses[m->bus].name;
	struct signal_def *d = new_def(x);

	if (!d)
		return;
	*d = (struct signal_def){ .name = bind_printf(x->b, "%s%s%s.%s", with_bus ? bus : "",
					  with_bus ? "." : "", m->dbc->name, s->name),
		.stale_ns = m->sent ? 0 : STALE_CYCLES * m->dbc->cycle_ms * NS_PER_MS };
	x->binds[message][signal].signal = x->n_defs - 1;
	take_from_database(d, &x->binds[message][signal], s);
}

static void add_unnamed(struct build *x)
{
	for (uint32_t i = 0; i < x->n_messages && !x->b->oom; i++) {
		const struct signal_message *m = &x->messages[i];
		bool with_bus = is_elsewhere(x, m);

		for (uint32_t k = 0; k < m->dbc->n_signals; k++) {
			const struct dbc_signal *s = &m->dbc->signals[k];

			if (x->binds[i][k].signal == SIGNAL_NONE && s->span && m->tx.counter != s &&
				m->tx.checksum != s)
				add_plain(x, i, k, with_bus);
		}
	}
}

/* --- putting it together ----------------------------------------------------------------- */

static int add_alias(struct build *x, const char *name, uint32_t signal)
{
	return name ? signal_model_add_name(&x->l->s.signals, name, signal) : -ENOMEM;
}

static int add_names(struct build *x)
{
	int rc = 0;

	/* Own names first: they win over those of databases. */
	for (uint32_t i = 0; !rc && i < x->n_defs; i++)
		rc = add_alias(x, x->defs[i].name, i);
	for (uint32_t i = 0; !rc && i < x->n_messages; i++) {
		const struct dbc_message *m = x->messages[i].dbc;
		const char *bus = x->l->s.buses[x->messages[i].bus].name;

		for (uint32_t k = 0; !rc && k < m->n_signals; k++) {
			uint32_t signal = x->binds[i][k].signal;
			const char *full = bind_printf(
				x->b, "%s.%.200s.%.200s", bus, m->name, m->signals[k].name);

			if (signal == SIGNAL_NONE)
				continue;
			rc = add_alias(x, full, signal);
			if (!rc)
				rc = add_alias(x, full + strlen(bus) + 1, signal);
			if (!rc)
				rc = add_alias(x, m->signals[k].name, signal);
		}
	}
	return rc;
}

void signals_build(struct bind *b, const struct node *n, const struct raw_signals *raw)
{
	struct build x = { .b = b, .l = load_of(b) };
	size_t errors = b->d->errors;
	uint32_t most = 0;

	x.vss = vss_open(b, n, raw->vss);
	for (uint32_t i = 0; i < raw->n_databases; i++) {
		const struct dbc *db =
			raw->databases[i].file
				? refs_database(b, raw->databases[i].node, raw->databases[i].file)
				: NULL;

		most += db ? db->n_messages : 0;
	}
	x.messages = bind_alloc(b, most * sizeof(*x.messages));
	x.binds = bind_alloc(b, most * sizeof(struct signal_bind *));
	for (uint32_t i = 0; i < raw->n_databases && !b->oom; i++) {
		const struct raw_database *d = &raw->databases[i];
		const struct dbc *db = d->file ? refs_database(b, d->node, d->file) : NULL;
		uint32_t first = x.n_messages;

		if (!db || add_messages(&x, d, db))
			continue;
		mark_sent(&x, db, d, first);
	}
	/* Without the databases nobody can say which names are wrong. */
	x.l->signals_unknown = b->no_files || b->d->errors != errors;
	for (uint32_t i = 0; i < raw->n_files && !b->oom && !x.l->signals_unknown; i++)
		add_file(&x, &raw->files[i]);
	for (uint32_t i = 0; i < raw->n_defs && !b->oom && !x.l->signals_unknown; i++)
		add_def(&x, &raw->defs[i]);
	add_unnamed(&x);
	if (b->oom)
		return;
	x.l->s.signals.defs = x.defs;
	x.l->s.signals.n_defs = x.n_defs;
	x.l->s.signals.messages = x.messages;
	x.l->s.signals.n_messages = x.n_messages;
	b->oom |= add_names(&x) != 0;
}
