/* SPDX-License-Identifier: Apache-2.0 */
/* The JUnit file, built as a tree and written by libxml2, which does all escaping. */
#include "sim/check/junit.h"

#include <errno.h>
#include <inttypes.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "sim/check/judge.h"

#define X(s) ((const xmlChar *)(s))

static bool attr(xmlNode *n, const char *name, const char *value)
{
	char *clean = strdup(value);
	bool ok = clean != NULL;

	if (clean) {
		clean_text(clean);
		ok = xmlNewProp(n, X(name), X(clean)) != NULL;
	}
	free(clean);
	return ok;
}

static bool attr_number(xmlNode *n, const char *name, uint32_t v)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", v);
	return attr(n, name, text);
}

static bool attr_seconds(xmlNode *n, const char *name, uint64_t ns)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64 ".%06u", ns / 1000000000,
		(unsigned int)(ns % 1000000000 / 1000));
	return attr(n, name, text);
}

static bool add_properties(xmlNode *suite, const struct junit_info *info)
{
	xmlNode *list = xmlNewChild(suite, NULL, X("properties"), NULL);
	bool ok = list;

	for (size_t i = 0; ok && i < info->n_properties; i++) {
		xmlNode *p = xmlNewChild(list, NULL, X("property"), NULL);

		ok = p && attr(p, "name", info->properties[i].name) &&
		     attr(p, "value", info->properties[i].value);
	}
	return ok;
}

/* The guest whose console says more about a check; SCENARIO_ALL: none. */
static uint32_t guest_of(const struct scenario_check *k)
{
	switch (k->kind) {
	case SCENARIO_CHECK_EXPECT:
	case SCENARIO_CHECK_FORBID:
	case SCENARIO_CHECK_COUNT:
		return k->u.frames.match.from;
	case SCENARIO_CHECK_PERIOD:
		return k->u.period.match.from;
	case SCENARIO_CHECK_SIGNAL:
	case SCENARIO_CHECK_GRADIENT:
	case SCENARIO_CHECK_ORDER:
	case SCENARIO_CHECK_LATENCY:
		return SCENARIO_ALL;
	default:
		return k->guest;
	}
}

/* The guest's last lines as system-out; about a crash, the last before it was started again. */
static bool add_tail(xmlNode *test, const struct check_set *c, uint32_t guest, bool crash)
{
	const char *lines[CHECK_TAIL_LINES];
	size_t n = crash ? check_crash_tail(c, guest, lines, CHECK_TAIL_LINES) : 0;
	const char *name = guest < c->s->n_guests ? c->s->guests[guest].name : "";
	xmlNode *out;

	if (n == 0)
		n = check_console_tail(c, guest, lines, CHECK_TAIL_LINES);
	if (n == 0)
		return true;
	out = xmlNewChild(test, NULL, X("system-out"), NULL);
	if (!out)
		return false;
	xmlNodeAddContent(out, X("last console lines of "));
	xmlNodeAddContent(out, X(name));
	xmlNodeAddContent(out, X(":\n"));
	for (size_t i = 0; i < n; i++) {
		xmlNodeAddContent(out, X(lines[i]));
		xmlNodeAddContent(out, X("\n"));
	}
	return true;
}

static bool add_test(xmlNode *suite, const struct check_set *c, const struct check_verdict *v)
{
	static const char *const element[] = {
		[CHECK_FAIL] = "failure", [CHECK_ERROR] = "error", [CHECK_NOT_RUN] = "skipped"
	};
	const struct scenario_check *k = v->check;
	xmlNode *test = xmlNewChild(suite, NULL, X("testcase"), NULL);
	char place[512];

	if (!test || !attr(test, "classname", c->s->name) || !attr(test, "name", k->name) ||
		!attr_seconds(test, "time", v->t_ns))
		return false;
	/* Where the check is written: several readers link to it. */
	if (k->line > 0 && (!attr(test, "file", c->s->path) || !attr_number(test, "line", k->line)))
		return false;
	if (v->outcome == CHECK_PASS)
		return true;
	xmlNode *e = xmlNewChild(test, NULL, X(element[v->outcome]), NULL);

	if (!e || !attr(e, "message", v->reason))
		return false;
	if (v->outcome != CHECK_NOT_RUN) {
		if (!attr(e, "type", scenario_check_kind_name(k->kind)))
			return false;
		snprintf(place, sizeof(place), "\n%s:%u", c->s->path, k->line);
		xmlNodeAddContent(e, X(v->reason));
		xmlNodeAddContent(e, X(place));
	}
	return guest_of(k) == SCENARIO_ALL ||
	       add_tail(test, c, guest_of(k), k->kind == SCENARIO_CHECK_NO_CRASH);
}

static bool add_suite(xmlDoc *doc, const struct check_set *c, const struct junit_info *info)
{
	xmlNode *root = xmlNewNode(NULL, X("testsuites"));
	uint32_t n[4] = { 0 };
	char stamp[40] = "";
	time_t started = (time_t)info->started_unix_s;
	struct tm tm;

	if (!root)
		return false;
	xmlDocSetRootElement(doc, root);
	xmlNode *suite = xmlNewChild(root, NULL, X("testsuite"), NULL);

	for (uint32_t i = 0; i < c->s->n_checks; i++)
		n[c->verdicts[i].outcome]++;
	if (gmtime_r(&started, &tm))
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	bool ok = suite && attr(suite, "name", c->s->name) &&
		  attr_number(suite, "tests", c->s->n_checks) &&
		  attr_number(suite, "failures", n[CHECK_FAIL]) &&
		  attr_number(suite, "errors", n[CHECK_ERROR]) &&
		  attr_number(suite, "skipped", n[CHECK_NOT_RUN]) &&
		  attr_seconds(suite, "time", info->duration_ns) &&
		  attr(suite, "timestamp", stamp) &&
		  attr(suite, "hostname", info->hostname ? info->hostname : "localhost") &&
		  add_properties(suite, info);

	for (uint32_t i = 0; ok && i < c->s->n_checks; i++)
		ok = add_test(suite, c, &c->verdicts[i]);
	return ok;
}

int junit_write(
	const struct check_set *c, const struct junit_info *info, const char *path, struct err *e)
{
	xmlDoc *doc = xmlNewDoc(X("1.0"));
	xmlChar *text = NULL;
	int len = 0, rc = 0;

	if (doc && add_suite(doc, c, info))
		xmlDocDumpFormatMemoryEnc(doc, &text, &len, "UTF-8", 1);
	if (!text)
		rc = err_set(e, -ENOMEM, "no memory for %s", path);
	if (rc == 0)
		rc = file_write(path, text, (size_t)len, e);
	xmlFree(text);
	xmlFreeDoc(doc);
	return rc;
}
