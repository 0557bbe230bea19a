/* SPDX-License-Identifier: Apache-2.0 */
/* Reader of the command line and writer of its help pages. */
#include "sim/bench/cli.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "sim/bench/nearest.h"

void cli_start(struct cli *c, const struct cli_command *cmd, int argc, char **argv)
{
	*c = (struct cli){ .cmd = cmd, .argc = argc, .argv = argv, .at = 1 };
}

static const struct cli_option *by_letter(const struct cli_command *cmd, char letter)
{
	for (size_t i = 0; i < cmd->options_n; i++) {
		if (cmd->options[i].letter == letter)
			return &cmd->options[i];
	}
	return NULL;
}

static const struct cli_option *by_name(const struct cli_command *cmd, const char *name, size_t len)
{
	for (size_t i = 0; i < cmd->options_n; i++) {
		const char *n = cmd->options[i].name;

		if (strlen(n) == len && memcmp(n, name, len) == 0)
			return &cmd->options[i];
	}
	return NULL;
}

static int unknown_option(const struct cli *c, const char *name, size_t len, struct err *e)
{
	char word[64] = "";
	const char *near;

	if (len < sizeof(word)) {
		memcpy(word, name, len);
		word[len] = '\0';
	}
	near = c->cmd->options_n ? nearest_word(word, &c->cmd->options[0].name, c->cmd->options_n,
					   sizeof(c->cmd->options[0]))
				 : NULL;
	if (near)
		return err_set(e, CLI_BAD, "unknown option --%.*s, did you mean --%s?", (int)len,
			name, near);
	return err_set(e, CLI_BAD, "unknown option --%.*s", (int)len, name);
}

/* The value of option o: what follows in the same word, or the next word. */
static int take_value(
	struct cli *c, const struct cli_option *o, const char *inline_value, struct err *e)
{
	if (!o->arg) {
		if (inline_value)
			return err_set(e, CLI_BAD, "--%s takes no value", o->name);
		c->value = NULL;
		return o->id;
	}
	if (inline_value) {
		c->value = inline_value;
		return o->id;
	}
	if (c->at >= c->argc)
		return err_set(e, CLI_BAD, "--%s needs a value: --%s %s", o->name, o->name, o->arg);
	c->value = c->argv[c->at++];
	return o->id;
}

static int next_short(struct cli *c, struct err *e)
{
	char letter = *c->shorts++;
	const struct cli_option *o = by_letter(c->cmd, letter);
	const char *inline_value = NULL;

	if (letter == 'h' && !o)
		return CLI_HELP;
	if (!o)
		return err_set(e, CLI_BAD, "unknown option -%c", letter);
	if (o->arg && *c->shorts) {
		inline_value = c->shorts;
		c->shorts = "";
	}
	return take_value(c, o, inline_value, e);
}

int cli_next(struct cli *c, struct err *e)
{
	const struct cli_option *o;
	const char *word, *eq;
	size_t len;

	if (c->shorts && *c->shorts)
		return next_short(c, e);
	if (c->at >= c->argc)
		return CLI_END;
	word = c->argv[c->at++];
	if (!c->rest && strcmp(word, "--") == 0) {
		c->rest = true;
		return cli_next(c, e);
	}
	/* A lone "-" and a negative number are words. */
	if (c->rest || word[0] != '-' || word[1] == '\0' || (word[1] >= '0' && word[1] <= '9')) {
		c->value = word;
		return CLI_WORD;
	}
	if (word[1] != '-') {
		c->shorts = word + 1;
		return next_short(c, e);
	}
	word += 2;
	eq = strchr(word, '=');
	len = eq ? (size_t)(eq - word) : strlen(word);
	if (len == 4 && memcmp(word, "help", 4) == 0)
		return CLI_HELP;
	o = by_name(c->cmd, word, len);
	if (!o)
		return unknown_option(c, word, len, e);
	return take_value(c, o, eq ? eq + 1 : NULL, e);
}

/* "dbc list" is called list by those who named dbc. */
static const char *last_word(const char *name)
{
	const char *space = strrchr(name, ' ');

	return space ? space + 1 : name;
}

const struct cli_command *cli_sub(const struct cli_command *cmd, const char *name)
{
	const char *names[16], *near;
	size_t n = 0;

	for (size_t i = 0; i < cmd->subs_n; i++) {
		if (strcmp(last_word(cmd->subs[i]->name), name) == 0)
			return cmd->subs[i];
		if (n < ARRAY_SIZE(names))
			names[n++] = last_word(cmd->subs[i]->name);
	}
	near = nearest_word(name, names, n, sizeof(names[0]));
	fprintf(stderr, "dyno %s: unknown command %s%s%s%s\nTry 'dyno help %s'.\n", cmd->name, name,
		near ? ", did you mean " : "", near ? near : "", near ? "?" : "", cmd->name);
	return NULL;
}

int cli_dispatch(const struct cli_command *self, int argc, char **argv)
{
	const struct cli_command *sub;

	if (argc < 2) {
		cli_help(self, stderr);
		return EXIT_BAD_INPUT;
	}
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0 ||
		strcmp(argv[1], "help") == 0) {
		sub = argc > 2 ? cli_sub(self, argv[2]) : self;
		if (!sub)
			return EXIT_BAD_INPUT;
		cli_help(sub, stdout);
		return EXIT_PASS;
	}
	sub = cli_sub(self, argv[1]);
	return sub ? sub->run(sub, argc - 1, argv + 1) : EXIT_BAD_INPUT;
}

void cli_help(const struct cli_command *cmd, FILE *to)
{
	fprintf(to, "usage: dyno %s%s%s%s\n\n%s\n", cmd->name, cmd->options_n ? " [options]" : "",
		cmd->args[0] ? " " : "", cmd->args, cmd->summary);
	if (cmd->subs_n)
		fputs("\ncommands:\n", to);
	for (size_t i = 0; i < cmd->subs_n; i++)
		fprintf(to, "  %-20s %s\n", cmd->subs[i]->name, cmd->subs[i]->summary);
	if (cmd->options_n)
		fputs("\noptions:\n", to);
	for (size_t i = 0; i < cmd->options_n; i++) {
		const struct cli_option *o = &cmd->options[i];
		char left[64];

		snprintf(left, sizeof(left), "%c%c%s--%s%s%s", o->letter ? '-' : ' ',
			o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
			o->arg ? " " : "", o->arg ? o->arg : "");
		fprintf(to, "  %-26s %s\n", left, o->doc);
	}
	if (cmd->text)
		fprintf(to, "\n%s", cmd->text);
}

int cli_complain(const struct cli_command *cmd, const struct err *e)
{
	fprintf(stderr, "dyno %s: %s\nTry 'dyno help %s'.\n", cmd->name, e->text, cmd->name);
	return EXIT_BAD_INPUT;
}

int cli_duration(const char *word, uint64_t *out_ns)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = { { "", 1e9 }, { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 }, { "ns", 1 },
		{ "m", 60e9 }, { "min", 60e9 }, { "h", 3600e9 } };
	char *end;
	double v;

	/* strtod also reads hex, inf and nan: none of them is a duration. */
	if (!(word[0] >= '0' && word[0] <= '9') || word[1] == 'x' || word[1] == 'X')
		return -EINVAL;
	v = strtod(word, &end);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].unit) != 0)
			continue;
		v *= units[i].ns;
		if (!(v >= 0 && v <= 9e18))
			return -EINVAL;
		*out_ns = (uint64_t)llround(v);
		return 0;
	}
	return -EINVAL;
}

int cli_log_level(const char *word, struct err *e)
{
	enum log_level level;

	if (!log_level_parse(word, &level))
		return err_set(
			e, -EINVAL, "--log-level %s: must be error, warn, info or debug", word);
	log_set_level(level);
	return 0;
}
