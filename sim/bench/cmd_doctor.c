/* SPDX-License-Identifier: Apache-2.0 */
/* `dyno doctor`: what this host can do, and the fix where it cannot. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/bench/commands.h"
#include "sim/bench/host.h"

enum { O_JSON = 1 };

static const struct cli_option options[] = {
	{ "json", O_JSON, 'j', NULL, "one JSON object instead of text" },
};

static const char *const words[] = { [HOST_OK] = "ok", [HOST_WARN] = "warn", [HOST_FAIL] = "fail" };

/* A fix of several lines, cut at words, under its finding. */
static void print_fix(const char *text)
{
	const size_t width = 76;

	while (*text) {
		size_t len = strlen(text), cut = len;

		if (len > width) {
			cut = width;
			while (cut && text[cut] != ' ')
				cut--;
			if (!cut)
				cut = width;
		}
		printf("%24s%.*s\n", "", (int)cut, text);
		text += cut;
		text += strspn(text, " ");
	}
}

static void print_text(const struct host_finding *f, size_t n)
{
	static const char *const colours[] = { "\033[32m", "\033[33m", "\033[31m" };
	bool colour = isatty(1) && !getenv("NO_COLOR");

	for (size_t i = 0; i < n; i++) {
		printf("%s%-4s%s  %-17s %s\n", colour ? colours[f[i].state] : "", words[f[i].state],
			colour ? "\033[0m" : "", f[i].name, f[i].text);
		if (f[i].fix[0])
			print_fix(f[i].fix);
	}
}

static void print_json(const struct host_finding *f, size_t n)
{
	json_t *list = json_array(), *all = json_pack("{s:o}", "findings", list);

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_pack("{s:s,s:s,s:s}", "name", f[i].name, "state",
			words[f[i].state], "text", f[i].text);

		if (f[i].fix[0])
			json_object_set_new(o, "fix", json_string(f[i].fix));
		json_array_append_new(list, o);
	}
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

static int run(const struct cli_command *self, int argc, char **argv)
{
	struct host_finding f[HOST_MAX_FINDINGS];
	struct err e = { .text = "" };
	bool json = false, failed = false;
	struct cli c;
	size_t n;
	int item;

	cli_start(&c, self, argc, argv);
	while ((item = cli_next(&c, &e)) != CLI_END) {
		if (item == O_JSON) {
			json = true;
			continue;
		}
		if (item == CLI_HELP) {
			cli_help(self, stdout);
			return EXIT_PASS;
		}
		if (item == CLI_WORD)
			(void)err_set(&e, 0, "it takes no arguments");
		return cli_complain(self, &e);
	}
	n = host_examine(f);
	if (json)
		print_json(f, n);
	else
		print_text(f, n);
	for (size_t i = 0; i < n; i++)
		failed |= f[i].state == HOST_FAIL;
	return failed ? EXIT_HOST : EXIT_PASS;
}

const struct cli_command cmd_doctor = {
	.name = "doctor",
	.args = "",
	.summary = "Says what this host can do, line by line, each with the fix.",
	.text = "Exit status 0; 3 when something is missing that every run with guests needs.\n",
	.options = options,
	.options_n = ARRAY_SIZE(options),
	.run = run,
};
