/* SPDX-License-Identifier: Apache-2.0 */
/* `dyno dbc list`, `lint` and `encode`; decode is in cmd_dbc_decode.c. */
#include "sim/tools/cmd_dbc.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bench/json_text.h"
#include "sim/tools/tools.h"
#include "sim/trace/record.h"

enum { O_JSON = 1, O_SIGNALS, O_MESSAGE, O_STRICT, O_PAYLOAD, O_RAW };

void cmd_put_clean(FILE *to, const char *text)
{
	for (; *text; text++)
		fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, to);
}

void cmd_number(char out[32], double v)
{
	for (int digits = 6; digits <= 17; digits++) {
		(void)snprintf(out, 32, "%.*g", digits, v);
		if (strtod(out, NULL) == v)
			return;
	}
}

int cmd_dbc_open(
	const struct cli_command *self, const char *path, struct diags *d, struct dbc **out)
{
	struct err e = { .text = "" };

	*d = (struct diags){ .n = 0 };
	if (dbc_load(out, path, d, &e) < 0) {
		fprintf(stderr, "dyno %s: %s\n", self->name, e.text);
		diag_fini(d);
		return EXIT_BAD_INPUT;
	}
	if (d->errors)
		fprintf(stderr,
			"dyno %s: %s: %zu errors and %zu warnings; what could be read is used; "
			"'dyno dbc lint %s' shows them\n",
			self->name, path, d->errors, d->warnings, path);
	return EXIT_PASS;
}

/* ---- list ---- */

static const struct cli_option list_options[] = {
	{ "signals", O_SIGNALS, 's', NULL, "the signals of every message, too" },
	{ "message", O_MESSAGE, 'm', "NAME",
		"only this message, with its signals; an id like 0x123 will do" },
	{ "json", O_JSON, 'j', NULL, "one JSON object with everything" },
};

static const char *type_word(const struct dbc_signal *s)
{
	static const char *const words[] = { [DBC_UNSIGNED] = "unsigned",
		[DBC_SIGNED] = "signed",
		[DBC_FLOAT32] = "float",
		[DBC_FLOAT64] = "double",
		[DBC_BYTES] = "bytes" };

	return words[s->type];
}

static void print_signal(const struct dbc_signal *s)
{
	char scale[32], offset[32], min[32], max[32];

	cmd_number(scale, s->scale);
	cmd_number(offset, s->offset);
	cmd_number(min, s->min);
	cmd_number(max, s->max);
	printf("    ");
	cmd_put_clean(stdout, s->name);
	printf("  %u|%u %s %s", s->start, s->bits, s->big_endian ? "big-endian" : "little-endian",
		type_word(s));
	if (s->scale != 1 || s->offset != 0)
		printf("  x*%s%s%s", scale, s->offset > 0 ? "+" : "", s->offset != 0 ? offset : "");
	if (s->min < s->max)
		printf("  [%s, %s]", min, max);
	if (*s->unit) {
		fputs("  ", stdout);
		cmd_put_clean(stdout, s->unit);
	}
	if (s->selector)
		fputs("  selector", stdout);
	if (s->mux >= 0) {
		printf("  when %s is", s->message->signals[s->mux].name);
		for (uint32_t i = 0; i < s->n_when; i++) {
			printf("%s %" PRIu64, i ? "," : "", s->when[i].first);
			if (s->when[i].last != s->when[i].first)
				printf("-%" PRIu64, s->when[i].last);
		}
	}
	if (s->n_values)
		printf("  %u named values", s->n_values);
	fputc('\n', stdout);
}

static void print_message(const struct dbc_message *m, bool with_signals)
{
	bool eff = m->can_id & CAN_EFF_FLAG;

	printf("%s0x%0*X  ", eff ? "" : "     ", eff ? 8 : 3, m->can_id & CAN_EFF_MASK);
	cmd_put_clean(stdout, m->name);
	printf("  %u byte%s%s  %u signal%s", m->len, m->len == 1 ? "" : "s", m->fd ? " FD" : "",
		m->n_signals, m->n_signals == 1 ? "" : "s");
	if (m->j1939)
		printf("  PGN %u", dbc_pgn(m->can_id));
	if (m->cycle_ms)
		printf("  every %u ms", m->cycle_ms);
	for (uint32_t i = 0; i < m->n_senders; i++)
		printf("%s%s", i ? ", " : "  from ", m->senders[i]);
	fputc('\n', stdout);
	for (uint32_t i = 0; with_signals && i < m->n_signals; i++)
		print_signal(&m->signals[i]);
}

static json_t *json_names(const char *const *list, uint32_t n)
{
	json_t *a = json_array();

	for (uint32_t i = 0; a && i < n; i++)
		json_array_append_new(a, json_text(list[i]));
	return a;
}

static json_t *json_signal(const struct dbc_signal *s)
{
	json_t *j = json_pack("{s:o, s:i, s:i, s:s, s:s, s:f, s:f, s:f, s:f, s:o, s:o, s:b, s:o}",
		"name", json_text(s->name), "start", (int)s->start, "bits", (int)s->bits,
		"byte_order", s->big_endian ? "big" : "little", "type", type_word(s), "factor",
		s->scale, "offset", s->offset, "min", s->min, "max", s->max, "unit",
		json_text(s->unit), "comment", json_text(s->comment), "selector", (int)s->selector,
		"receivers", json_names(s->receivers, s->n_receivers));

	if (j && s->mux >= 0) {
		json_t *when = json_array();

		for (uint32_t i = 0; when && i < s->n_when; i++)
			json_array_append_new(
				when, json_pack("[I, I]", (json_int_t)s->when[i].first,
					      (json_int_t)s->when[i].last));
		json_object_set_new(j, "selected_by", json_text(s->message->signals[s->mux].name));
		json_object_set_new(j, "when", when);
	}
	if (j && s->n_values) {
		json_t *values = json_object();

		for (uint32_t i = 0; values && i < s->n_values; i++) {
			char key[24];

			(void)snprintf(key, sizeof(key), "%" PRId64, s->values[i].raw);
			json_object_set_new(values, key, json_text(s->values[i].name));
		}
		json_object_set_new(j, "values", values);
	}
	if (j && s->has_start)
		json_object_set_new(j, "start_value", json_integer(s->start_raw));
	return j;
}

static json_t *json_message(const struct dbc_message *m)
{
	json_t *sigs = json_array();

	for (uint32_t i = 0; sigs && i < m->n_signals; i++)
		json_array_append_new(sigs, json_signal(&m->signals[i]));
	return json_pack("{s:i, s:b, s:o, s:i, s:b, s:b, s:i, s:s, s:o, s:o, s:o}", "id",
		(int)(m->can_id & CAN_EFF_MASK), "extended", (m->can_id & CAN_EFF_FLAG) != 0,
		"name", json_text(m->name), "bytes", (int)m->len, "fd", (int)m->fd, "j1939",
		(int)m->j1939, "cycle_ms", (int)m->cycle_ms, "send_type", m->send_type, "comment",
		json_text(m->comment), "senders", json_names(m->senders, m->n_senders), "signals",
		sigs);
}

static int dump_json(json_t *j)
{
	int rc = j ? json_dumpf(j, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) : -1;

	json_decref(j);
	fputc('\n', stdout);
	return rc == 0 ? EXIT_PASS : EXIT_HOST;
}

/* By name, or by identifier: 0x123, 0x18FEF100; NULL. */
static const struct dbc_message *message_named(const struct dbc *db, const char *word)
{
	const struct dbc_message *m = word ? dbc_find_message(db, word) : NULL;
	unsigned long id;
	char *end;

	if (m || !word)
		return m;
	id = strtoul(word, &end, 0);
	if (end == word || *end || id > CAN_EFF_MASK)
		return NULL;
	m = dbc_find(db, (uint32_t)id);
	return m ? m : dbc_find(db, (uint32_t)id | CAN_EFF_FLAG);
}

/* NULL after a message with what is near. */
static const struct dbc_message *want_message(
	const struct cli_command *self, const struct dbc *db, const char *word)
{
	const struct dbc_message *m = message_named(db, word);

	if (!m)
		fprintf(stderr, "dyno %s: %s has no message '%s'; 'dyno dbc list %s' shows them\n",
			self->name, db->path, word, db->path);
	return m;
}

struct list_args {
	const char *file, *message;
	bool json, with_signals;
};

/* EXIT_PASS: go on; anything else is minus the exit status minus one. */
static int list_args(const struct cli_command *self, int argc, char **argv, struct list_args *a)
{
	struct err e = { .text = "" };
	struct cli c;
	int item;

	cli_start(&c, self, argc, argv);
	while ((item = cli_next(&c, &e)) != CLI_END) {
		if (item == CLI_HELP) {
			cli_help(self, stdout);
			return -1 - EXIT_PASS;
		}
		if (item == O_JSON)
			a->json = true;
		else if (item == O_SIGNALS)
			a->with_signals = true;
		else if (item == O_MESSAGE)
			a->message = c.value;
		else if (item == CLI_WORD && !a->file)
			a->file = c.value;
		else {
			if (item == CLI_WORD)
				(void)err_set(&e, 0, "one file is listed at a time");
			return -1 - cli_complain(self, &e);
		}
	}
	if (a->file)
		return EXIT_PASS;
	(void)err_set(&e, 0, "name a DBC file");
	return -1 - cli_complain(self, &e);
}

static int list(const struct cli_command *self, int argc, char **argv)
{
	struct list_args a = { .file = NULL };
	const struct dbc_message *only = NULL;
	json_t *all = NULL;
	struct diags d;
	struct dbc *db;
	int status = list_args(self, argc, argv, &a);

	if (status < 0)
		return -1 - status;
	status = cmd_dbc_open(self, a.file, &d, &db);
	if (status != EXIT_PASS)
		return status;
	if (a.message && !(only = want_message(self, db, a.message)))
		status = EXIT_BAD_INPUT;
	if (a.json)
		all = json_array();
	for (uint32_t i = 0; status == EXIT_PASS && i < db->n_messages; i++) {
		if (only && only != &db->messages[i])
			continue;
		if (a.json)
			json_array_append_new(all, json_message(&db->messages[i]));
		else
			print_message(&db->messages[i], a.with_signals || only);
	}
	if (a.json && status == EXIT_PASS)
		status = dump_json(json_pack("{s:o, s:o, s:i, s:i, s:o}", "file", json_text(a.file),
			"version", json_text(db->version), "errors", (int)d.errors, "warnings",
			(int)d.warnings, "messages", all));
	else if (!a.json && status == EXIT_PASS && !only)
		printf("%u messages, %u signals, %u nodes\n", db->n_messages, db->n_signals,
			db->n_nodes);
	dbc_free(db);
	diag_fini(&d);
	return status;
}

static const struct cli_command cmd_dbc_list = {
	.name = "dbc list",
	.args = "FILE",
	.summary = "Shows the messages and signals of a CAN database.",
	.text = "examples:\n"
		"  dyno dbc list car.dbc\n"
		"  dyno dbc list --message ENGINE_RPM car.dbc\n",
	.options = list_options,
	.options_n = ARRAY_SIZE(list_options),
	.run = list,
};

/* ---- lint ---- */

static const struct cli_option lint_options[] = {
	{ "strict", O_STRICT, 's', NULL, "warnings count as errors" },
	{ "json", O_JSON, 'j', NULL, "one JSON object" },
};

static json_t *json_diags(const struct diags *d)
{
	json_t *a = json_array();

	for (size_t i = 0; a && i < d->n; i++) {
		uint32_t column, line = diag_line(d->list[i].src, d->list[i].off, &column);

		json_array_append_new(
			a, json_pack("{s:o, s:i, s:i, s:s, s:o}", "file",
				   json_text(d->list[i].src->path), "line", (int)line, "column",
				   (int)column, "level",
				   d->list[i].level == DIAG_ERROR ? "error" : "warning", "text",
				   json_text(d->list[i].text)));
	}
	return a;
}

static int lint(const struct cli_command *self, int argc, char **argv)
{
	const char **files = calloc((size_t)argc + 1, sizeof(*files));
	size_t n = 0, errors = 0, warnings = 0;
	struct err e = { .text = "" };
	struct diags d = { .n = 0 };
	bool json = false, strict = false;
	int item, status = EXIT_PASS;
	struct cli c;

	if (!files)
		return EXIT_HOST;
	cli_start(&c, self, argc, argv);
	while ((item = cli_next(&c, &e)) > 0 || item == CLI_WORD) {
		json = json || item == O_JSON;
		strict = strict || item == O_STRICT;
		if (item == CLI_WORD)
			files[n++] = c.value;
	}
	if (item == CLI_HELP)
		cli_help(self, stdout);
	else if (item == CLI_END && n == 0)
		(void)err_set(&e, 0, "name one or more DBC files");
	if (item == CLI_BAD || (item == CLI_END && n == 0))
		status = cli_complain(self, &e);
	for (size_t i = 0; item == CLI_END && i < n; i++) {
		struct dbc *db;

		if (dbc_load(&db, files[i], &d, &e) < 0) {
			fprintf(stderr, "dyno %s: %s\n", self->name, e.text);
			status = EXIT_BAD_INPUT;
			continue;
		}
		dbc_lint(db, &d);
		dbc_free(db);
	}
	errors = d.errors;
	warnings = d.warnings;
	if (item == CLI_END && n && json) {
		int rc = dump_json(json_pack("{s:i, s:i, s:o}", "errors", (int)errors, "warnings",
			(int)warnings, "messages", json_diags(&d)));

		status = MAX(status, rc);
	} else if (item == CLI_END && n) {
		diag_print(&d, stdout);
		if (!errors && !warnings && status == EXIT_PASS)
			printf("nothing to find fault with\n");
	}
	if (status == EXIT_PASS && (errors || (strict && warnings)))
		status = EXIT_CHECK_FAILED;
	diag_fini(&d);
	free(files);
	return status;
}

static const struct cli_command cmd_dbc_lint = {
	.name = "dbc lint",
	.args = "FILE...",
	.summary = "Finds what is wrong or doubtful in CAN databases.",
	.text = "Shows what could not be read, what was read by a rule of kindness, and what is legal\n"
		"but likely wrong: overlapping signals, signals outside their message, identifiers used\n"
		"twice, missing cycle times, unknown nodes, unused tables.\n"
		"Exit status 0 without errors, 1 with (--strict: or with warnings).\n\n"
		"example:\n"
		"  dyno dbc lint car.dbc\n",
	.options = lint_options,
	.options_n = ARRAY_SIZE(lint_options),
	.run = lint,
};

/* ---- encode ---- */

static const struct cli_option encode_options[] = {
	{ "payload", O_PAYLOAD, 'p', "HEX", "what is changed, instead of the start values" },
	{ "raw", O_RAW, 'r', NULL, "the values are raw: neither factor nor offset" },
	{ "json", O_JSON, 'j', NULL, "one JSON object" },
};

static int read_hex(const char *hex, uint8_t *data, uint32_t len, struct err *e)
{
	uint32_t n = 0;

	for (; *hex; hex += 2) {
		char pair[3] = { hex[0], hex[1], '\0' };
		char *end;
		unsigned long v = strtoul(pair, &end, 16);

		if (*end || !pair[1] || n == len)
			return err_set(e, -EINVAL,
				"--payload has hexadecimal digits for at most %u bytes", len);
		data[n++] = (uint8_t)v;
	}
	return 0;
}

/* NAME=VALUE; the value is a number or the name of one. */
static int read_assignment(const struct dbc_message *m, const char *word, bool raw,
	struct dbc_sample *in, struct err *e)
{
	const char *eq = strrchr(word, '=');
	const struct dbc_signal *s;
	struct dbc_sample *o;
	char name[256], *end;
	double v;

	if (!eq || (size_t)(eq - word) >= sizeof(name))
		return err_set(e, -EINVAL, "'%s' is no SIGNAL=VALUE", word);
	memcpy(name, word, (size_t)(eq - word));
	name[eq - word] = '\0';
	s = dbc_find_signal(m, name);
	if (!s)
		return err_set(e, -EINVAL, "%s has no signal '%s'", m->name, name);
	o = &in[dbc_signal_index(s)];
	o->present = true;
	if (dbc_value_of(s, eq + 1, &o->raw))
		return 0;
	if (raw) {
		errno = 0;
		o->raw = eq[1] == '-' ? strtoll(eq + 1, &end, 0)
				      : (int64_t)strtoull(eq + 1, &end, 0);
		if (*end || end == eq + 1 || errno)
			return err_set(e, -EINVAL, "%s: '%s' is no whole number", name, eq + 1);
		return 0;
	}
	v = strtod(eq + 1, &end);
	if (*end || end == eq + 1)
		return err_set(e, -EINVAL, "%s: '%s' is neither a number nor the name of a value",
			name, eq + 1);
	if (dbc_raw(s, v, &o->raw) < 0)
		return err_set(
			e, -ERANGE, "%s: %s does not fit into %u bits", name, eq + 1, s->bits);
	return 0;
}

struct encode_args {
	const char *file, *message, *payload, **words;
	size_t n_words;
	bool raw, json;
};

static int encode_into(
	const struct dbc_message *m, const struct encode_args *a, uint8_t *data, struct err *e)
{
	struct dbc_sample *in = calloc(m->n_signals + 1, sizeof(*in));
	int rc = in ? 0 : err_set(e, -ENOMEM, "no memory");

	if (rc == 0) {
		dbc_start_payload(m, data);
		if (a->payload) {
			memset(data, 0, m->len);
			rc = read_hex(a->payload, data, m->len, e);
		}
	}
	for (size_t i = 0; rc == 0 && i < a->n_words; i++)
		rc = read_assignment(m, a->words[i], a->raw, in, e);
	if (rc == 0)
		rc = dbc_encode(m, in, data, m->len, e);
	free(in);
	return rc;
}

static void print_frame(const struct dbc_message *m, const uint8_t *data, bool json)
{
	struct canfd_frame f = { .can_id = m->can_id, .len = (uint8_t)MIN(m->len, CANFD_MAX_DLEN) };
	char line[RECORD_LINE_BYTES], hex[2 * DBC_MAX_LEN + 1] = "", *hash;
	uint32_t n;

	for (uint32_t i = 0; i < m->len; i++)
		(void)snprintf(hex + 2 * (size_t)i, 3, "%02X", data[i]);
	if (json) {
		printf("{\"id\": %u, \"extended\": %s, \"fd\": %s, \"data\": \"%s\"}\n",
			m->can_id & CAN_EFF_MASK, m->can_id & CAN_EFF_FLAG ? "true" : "false",
			m->fd ? "true" : "false", hex);
		return;
	}
	f.flags = m->fd ? (uint8_t)(CANFD_FDF | (m->brs ? CANFD_BRS : 0)) : 0;
	if (m->len > (m->fd ? CANFD_MAX_DLEN : CAN_MAX_DLEN)) {
		/* More than a frame: what a transport protocol carries. */
		printf("%08X %s\n", m->can_id & CAN_EFF_MASK, hex);
		return;
	}
	memcpy(f.data, data, f.len);
	n = record_format(line, 0, "-", &f);
	line[n - 1] = '\0';
	hash = strrchr(line, ' ');
	printf("%s\n", hash + 1);
}

static int encode_args(
	const struct cli_command *self, int argc, char **argv, struct encode_args *a, struct err *e)
{
	struct cli c;
	int item;

	cli_start(&c, self, argc, argv);
	while ((item = cli_next(&c, e)) > 0 || item == CLI_WORD) {
		if (item == O_PAYLOAD)
			a->payload = c.value;
		else if (item == O_RAW)
			a->raw = true;
		else if (item == O_JSON)
			a->json = true;
		else if (!a->file)
			a->file = c.value;
		else if (!a->message)
			a->message = c.value;
		else
			a->words[a->n_words++] = c.value;
	}
	if (item == CLI_END && !a->message)
		item = err_set(e, CLI_BAD, "name a DBC file and a message");
	return item;
}

static int encode(const struct cli_command *self, int argc, char **argv)
{
	struct encode_args a = { .words = calloc((size_t)argc + 1, sizeof(*a.words)) };
	const struct dbc_message *m;
	struct err e = { .text = "" };
	uint8_t data[DBC_MAX_LEN] = { 0 };
	int item, status;
	struct diags d;
	struct dbc *db;

	if (!a.words)
		return EXIT_HOST;
	item = encode_args(self, argc, argv, &a, &e);
	if (item != CLI_END) {
		free(a.words);
		if (item == CLI_BAD)
			return cli_complain(self, &e);
		cli_help(self, stdout);
		return EXIT_PASS;
	}
	status = cmd_dbc_open(self, a.file, &d, &db);
	if (status != EXIT_PASS) {
		free(a.words);
		return status;
	}
	m = want_message(self, db, a.message);
	if (!m) {
		status = EXIT_BAD_INPUT;
	} else if (encode_into(m, &a, data, &e) < 0) {
		fprintf(stderr, "dyno %s: %s\n", self->name, e.text);
		status = EXIT_BAD_INPUT;
	} else {
		print_frame(m, data, a.json);
	}
	free(a.words);
	dbc_free(db);
	diag_fini(&d);
	return status;
}

static const struct cli_command cmd_dbc_encode = {
	.name = "dbc encode",
	.args = "FILE MESSAGE [SIGNAL=VALUE...]",
	.summary = "Makes a frame from signal values.",
	.text = "Prints the frame as candump and cansend have it. Signals that are not given have their\n"
		"start values, or what --payload has; a selector that is not given follows the signals\n"
		"that are.\n\n"
		"examples:\n"
		"  dyno dbc encode car.dbc ENGINE_RPM RPM=2500\n"
		"  dyno dbc encode --payload 00112233 car.dbc 0x1c4 GEAR=Park\n",
	.options = encode_options,
	.options_n = ARRAY_SIZE(encode_options),
	.run = encode,
};

static const struct cli_command *const dbc_commands[] = { &cmd_dbc_list, &cmd_dbc_decode,
	&cmd_dbc_encode, &cmd_dbc_lint };

const struct cli_command cmd_dbc = {
	.name = "dbc",
	.args = "COMMAND ...",
	.summary = "CAN databases: list, decode, encode, lint.",
	.text = "'dyno help dbc COMMAND' says more. Formats and dialects: docs/dbc.md.\n",
	.subs = dbc_commands,
	.subs_n = ARRAY_SIZE(dbc_commands),
	.run = cli_dispatch,
};
