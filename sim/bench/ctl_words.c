/* SPDX-License-Identifier: Apache-2.0 */
/* Words of the command line -> control request; see ctl_words.h. */
#include "sim/bench/ctl_words.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bench/cli.h"
#include "sim/bench/ctl_proto.h"
#include "sim/bench/nearest.h"

/* How an operation's words become keys. Letters: g guest, d guest[:display], b bus, and the
 * rest are plain: s string, n number, p path. A guest or bus in front may be left out. */
struct form {
	const char *op, *usage;
	unsigned int min, max; /* words after the operation */
	char first; /* g, d, b or 0: what the optional first word is */
	bool first_optional;
	const char *keys[4]; /* of the others, in order; a trailing '#' marks a number, '?' up|down,
			      * '!' in|out */
};

static const struct form forms[] = {
	{ "status", "status", 0, 0, 0, false, { NULL } },
	{ "metrics", "metrics", 0, 0, 0, false, { NULL } },
	{ "stop", "stop", 0, 0, 0, false, { NULL } },
	{ "pause", "pause [GUEST]", 0, 1, 'g', true, { NULL } },
	{ "resume", "resume [GUEST]", 0, 1, 'g', true, { NULL } },
	{ "send", "send [BUS] FRAME, for example send can0 123#DEADBEEF", 1, 2, 'b', true,
		{ "frame" } },
	{ "key", "key [GUEST[:DISPLAY]] KEY", 1, 2, 'd', true, { "key" } },
	{ "touch", "touch [GUEST[:DISPLAY]] X Y [TO_X TO_Y]", 2, 5, 'd', true,
		{ "x#", "y#", "to_x#", "to_y#" } },
	{ "pointer", "pointer [GUEST[:DISPLAY]] [X Y] [--button left|right|middle] [--wheel N]", 0,
		3, 'd', true, { "x#", "y#" } },
	{ "screenshot", "screenshot [GUEST[:DISPLAY]] FILE.png", 1, 2, 'd', true, { "path" } },
	{ "power-button", "power-button [GUEST]", 0, 1, 'g', true, { NULL } },
	{ "reset", "reset [GUEST]", 0, 1, 'g', true, { NULL } },
	{ "kill", "kill [GUEST]", 0, 1, 'g', true, { NULL } },
	{ "bus-off", "bus-off GUEST [BUS]", 1, 2, 'g', false, { "bus" } },
	{ "link", "link GUEST up|down [NETWORK], for example link ivi down", 2, 3, 'g', false,
		{ "up?", "net" } },
	{ "type", "type [GUEST] TEXT [--port PORT] [--no-newline]", 1, 2, 'g', true, { "text" } },
	{ "console", "console [GUEST [PORT]]", 0, 2, 'g', false, { "port" } },
	{ "devices", "devices [GUEST]", 0, 1, 'g', true, { NULL } },
	{ "balloon", "balloon GUEST [SIZE], for example balloon ivi 256M", 1, 2, 'g', false,
		{ "target" } },
	{ "volume", "volume GUEST.STREAM PERCENT, for example volume ivi.media 30", 2, 2, 0, false,
		{ "stream", "percent#" } },
	{ "mute", "mute GUEST.STREAM [on|off]", 1, 2, 0, false, { "stream", "on" } },
	{ "jack", "jack GUEST.STREAM in|out, for example jack ivi.media out", 2, 2, 0, false,
		{ "stream", "plugged!" } },
	{ "signals", "signals [PATTERN]", 0, 1, 0, false, { "pattern" } },
	{ "get", "get SIGNAL", 1, 1, 0, false, { "signal" } },
	{ "set", "set SIGNAL VALUE, for example set Vehicle.Speed 50", 2, 2, 0, false,
		{ "signal", "value" } },
	{ "stuck", "stuck SIGNAL [on|off]", 1, 2, 0, false, { "signal", "on" } },
	{ "hold", "hold SIGNAL VALUE, for example hold Vehicle.Speed 50", 2, 2, 0, false,
		{ "signal", "value" } },
	{ "release", "release SIGNAL", 1, 1, 0, false, { "signal" } },
	{ "panel", "panel [FILE.png]", 0, 1, 0, false, { "path" } },
	{ "silence", "silence MESSAGE [on|off]", 1, 2, 0, false, { "message", "on" } },
	{ "fault", "fault BUS KIND|off [ID [CHANCE]], for example fault can0 drop 123 50%", 2, 4,
		'b', false, { "kind", "id", "chance" } },
	{ "load", "load BUS SHARE|off [ID], for example load can0 80%", 2, 3, 'b', false,
		{ "share", "id" } },
	{ "cut", "cut GUEST on|off [BUS]", 2, 3, 'g', false, { "on", "bus" } },
	{ "throttle", "throttle GUEST PERCENT, for example throttle ivi 20 (100 ends it)", 2, 2,
		'g', false, { "percent#" } },
};

static int usage(const struct form *f, struct err *e)
{
	return err_set(e, -EINVAL, "it is written: dyno ctl %s", f->usage);
}

static int put_number(json_t *req, const char *key, size_t key_len, const char *word, struct err *e)
{
	char *end;
	long v = strtol(word, &end, 10);
	char name[32];

	if (end == word || *end)
		return err_set(e, -EINVAL, "%s is not a whole number", word);
	snprintf(name, sizeof(name), "%.*s", (int)key_len, key);
	json_object_set_new(req, name, json_integer(v));
	return 0;
}

/* \n \r \t \e \\ and \xNN, as a shell's printf reads them. False for others. */
static bool unescape(const char *word, char *out, size_t cap)
{
	static const char from[] = "nrte\\", to[] = "\n\r\t\033\\";
	size_t n = 0;

	while (*word && n < cap - 2) {
		const char *at;

		if (*word != '\\') {
			out[n++] = *word++;
			continue;
		}
		word++;
		at = *word ? strchr(from, *word) : NULL;
		if (at && (size_t)(at - from) < sizeof(to) - 1) {
			out[n++] = to[at - from];
			word++;
		} else if (word[0] == 'x' && isxdigit((unsigned char)word[1]) &&
			   isxdigit((unsigned char)word[2])) {
			char hex[3] = { word[1], word[2], 0 };

			out[n] = (char)strtol(hex, NULL, 16);
			if (out[n++] <= 0)
				return false;
			word += 3;
		} else {
			return false;
		}
	}
	out[n] = '\0';
	return !*word;
}

static int put_text(json_t *req, const char *word, const struct ctl_word_opts *o, struct err *e)
{
	char text[SCENARIO_TEXT_MAX];
	json_t *value;

	if (!unescape(word, text, sizeof(text)))
		return err_set(e, -EINVAL,
			"TEXT has %d bytes at most; there are \\n \\r \\t \\e \\\\ and \\x01 to \\x7f",
			SCENARIO_TEXT_MAX - 2);
	if (!o->no_newline) {
		size_t len = strlen(text);

		snprintf(text + len, sizeof(text) - len, "\n");
	}
	value = json_string(text);
	if (!value)
		return err_set(e, -EINVAL, "TEXT is not UTF-8");
	json_object_set_new(req, "text", value);
	return 0;
}

/* One of two words: the first is true. */
static int put_choice(json_t *req, const char *key, size_t key_len, const char *const words[2],
	const char *word, struct err *e)
{
	bool yes = strcmp(word, words[0]) == 0;
	char name[32];

	if (!yes && strcmp(word, words[1]) != 0)
		return err_set(e, -EINVAL, "%s: say %s or %s", word, words[0], words[1]);
	snprintf(name, sizeof(name), "%.*s", (int)key_len, key);
	json_object_set_new(req, name, json_boolean(yes));
	return 0;
}

static int put_word(json_t *req, const char *key, const char *word, const struct ctl_word_opts *o,
	struct err *e)
{
	static const char *const up[] = { "up", "down" }, *const in[] = { "in", "out" };
	size_t len = strlen(key);
	char path[2048];

	if (key[len - 1] == '#')
		return put_number(req, key, len - 1, word, e);
	if (key[len - 1] == '?')
		return put_choice(req, key, len - 1, up, word, e);
	if (key[len - 1] == '!')
		return put_choice(req, key, len - 1, in, word, e);
	if (strcmp(key, "text") == 0)
		return put_text(req, word, o, e);
	if (strcmp(key, "path") == 0 && word[0] != '/') {
		snprintf(path, sizeof(path), "%s/%s", o->cwd, word);
		word = path;
	}
	json_object_set_new(req, key, json_string(word));
	return 0;
}

static int put_first(json_t *req, const struct form *f, const char *word, struct err *e)
{
	const char *colon = f->first == 'd' ? strrchr(word, ':') : NULL;

	if (f->first == 'b') {
		json_object_set_new(req, "bus", json_string(word));
		return 0;
	}
	json_object_set_new(
		req, "guest", json_stringn(word, colon ? (size_t)(colon - word) : strlen(word)));
	return colon ? put_number(req, "display", 7, colon + 1, e) : 0;
}

/* Whether the first word is there: the others come in fixed numbers. */
static bool has_first(const struct form *f, size_t n, const char *const *words)
{
	if (!f->first || n == 0)
		return false;
	if (!f->first_optional)
		return true;
	if (!f->keys[0])
		return true;
	if (f->keys[1]) /* touch, pointer: coordinates come in pairs */
		return n % 2 == 1;
	(void)words;
	return n == f->max;
}

static int put_options(json_t *req, const struct ctl_word_opts *o, struct err *e)
{
	uint64_t ns;
	int rc = 0;

	if (o->hold) {
		if (cli_duration(o->hold, &ns))
			return err_set(e, -EINVAL, "--hold %s: say 200ms or 1.5", o->hold);
		json_object_set_new(req, "hold_ms", json_integer((json_int_t)(ns / 1000000)));
	}
	if (o->button)
		json_object_set_new(req, "button", json_string(o->button));
	if (o->port)
		json_object_set_new(req, "port", json_string(o->port));
	if (o->wheel)
		rc = put_number(req, "wheel", 5, o->wheel, e);
	if (!rc && o->slot)
		rc = put_number(req, "slot", 4, o->slot, e);
	return rc;
}

static int fill(json_t *req, const struct form *f, const char *const *words, size_t n,
	const struct ctl_word_opts *o, struct err *e)
{
	size_t at = 0;
	int rc = 0;

	if (n < f->min || n > f->max)
		return usage(f, e);
	if (has_first(f, n, words))
		rc = put_first(req, f, words[at++], e);
	for (size_t k = 0; !rc && at < n; k++) {
		if (k == ARRAY_SIZE(f->keys) || !f->keys[k])
			return usage(f, e);
		rc = put_word(req, f->keys[k], words[at++], o, e);
	}
	return rc ? rc : put_options(req, o, e);
}

json_t *ctl_words_request(
	const char *const *words, size_t n, const struct ctl_word_opts *o, struct err *e)
{
	const struct form *f = NULL;
	json_t *req;

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (strcmp(forms[i].op, words[0]) == 0)
			f = &forms[i];
	}
	if (!f) {
		const char *near =
			nearest_word(words[0], &forms[0].op, ARRAY_SIZE(forms), sizeof(forms[0]));

		(void)err_set(e, -EINVAL, "unknown operation %s%s%s%s", words[0],
			near ? ", did you mean " : "", near ? near : "", near ? "?" : "");
		return NULL;
	}
	req = json_pack("{s:s}", "op", f->op);
	if (req && fill(req, f, words + 1, n - 1, o, e)) {
		json_decref(req);
		return NULL;
	}
	return req;
}
