/* SPDX-License-Identifier: Apache-2.0 */
/* The page of a run; see report.h. */
#include "sim/report/report.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "sim/check/text.h"
#include "sim/report/html.h"
#include "sim/report/plot.h"

#define MOST_BANDS 64u

static const char style[] =
	"\n:root{color-scheme:light dark;--fg:#1c2126;--soft:#667;--line:#d5dae0;--page:#fff;"
	"--card:#f5f7f9;--ok:#18794e;--bad:#c62a2f;--wait:#946800;--curve:#0b68cb}\n"
	"@media (prefers-color-scheme:dark){:root{--fg:#e6e9ec;--soft:#9aa4ae;--line:#363d44;"
	"--page:#15181b;--card:#1e2226;--ok:#4cc38a;--bad:#ff6369;--wait:#f1a10d;"
	"--curve:#52a9ff}}\n"
	"body{font:15px/1.45 system-ui,sans-serif;color:var(--fg);background:var(--page);"
	"max-width:1080px;margin:0 auto;padding:24px}\n"
	"h1{font-size:26px;margin:0}h2{font-size:18px;margin:32px 0 8px}\n"
	"table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;"
	"padding:5px 10px 5px 0;border-bottom:1px solid var(--line)}\n"
	"th{color:var(--soft);font-weight:500}td.n,th.n{text-align:right;"
	"font-variant-numeric:tabular-nums}\n"
	".badge{display:inline-block;border-radius:6px;padding:1px 8px;color:var(--page);"
	"font-weight:600;white-space:nowrap}\n"
	".pass{background:var(--ok)}.fail,.error{background:var(--bad)}"
	".not-run{background:var(--wait)}\n"
	".big{font-size:20px;padding:4px 14px;float:right}.quiet{color:var(--soft)}\n"
	"pre{background:var(--card);padding:10px;overflow:auto;font-size:13px;margin:6px 0}"
	"pre b{color:var(--bad)}\n"
	"figure{margin:0 0 18px}figcaption{font-weight:600}"
	"svg,img{width:100%;height:auto;display:block}\n"
	".pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(320px,1fr));"
	"gap:16px}audio{width:100%}\n"
	".regions img{width:auto;max-width:100%;image-rendering:pixelated}\n"
	".grid{stroke:var(--line);stroke-width:.7}"
	"svg text{fill:var(--soft);font-size:11px}.down{text-anchor:end}"
	".across{text-anchor:middle}\n"
	".curve{fill:none;stroke:var(--curve);stroke-width:1.5;stroke-linejoin:round}\n"
	".band{fill:var(--ok);opacity:.14}.band.bad{fill:var(--bad)}\n"
	".mark{stroke:var(--soft);stroke-dasharray:3 3}.mark.bad{stroke:var(--bad)}"
	".dot{fill:var(--soft)}.dot.bad{fill:var(--bad)}\n";

static void fact(struct html *h, const char *name, const char *value)
{
	html_open(h, "tr");
	html_leaf(h, "th", NULL, name);
	html_leaf(h, "td", NULL, value);
	html_close(h);
}

static void put_facts(struct html *h, const struct report_input *in, const struct scenario *s)
{
	time_t started = (time_t)in->started_unix_s;
	char text[64] = "";
	struct tm tm;

	html_open(h, "table");
	fact(h, "scenario", s->path);
	if (gmtime_r(&started, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	fact(h, "began", text);
	time_text(text, in->duration_ns);
	html_open(h, "tr");
	html_leaf(h, "th", NULL, "lasted");
	html_open(h, "td");
	html_printf(h, "%s, ended by: %s", text, in->end_cause);
	html_close(h);
	html_close(h);
	snprintf(text, sizeof(text), "%" PRIu64, s->seed);
	fact(h, "seed", text);
	fact(h, "host", in->host);
	fact(h, "dyno", in->version);
	html_close(h);
}

/* Paragraphs are lines here; YAML's folded texts end with one. */
static void put_description(struct html *h, const char *text)
{
	while (text && *text) {
		size_t len = strcspn(text, "\n");

		html_open(h, "p");
		html_printf(h, "%.*s", (int)MIN(len, 1000), text);
		html_close(h);
		text += len + (text[len] == '\n');
	}
}

static const char *head_words(const struct check_set *c, char *buf, size_t cap)
{
	size_t n, count[4] = { 0 };
	const struct check_verdict *v = check_verdicts(c, &n);

	for (size_t i = 0; i < n; i++)
		count[v[i].outcome]++;
	if (n == 0)
		snprintf(buf, cap, "no checks");
	else if (check_passed(c))
		snprintf(buf, cap, "%zu passed", n);
	else
		snprintf(buf, cap, "%zu of %zu did not pass", n - count[CHECK_PASS], n);
	return buf;
}

static void put_badge(struct html *h, const char *more, enum check_outcome o, const char *text)
{
	char css[48];

	snprintf(css, sizeof(css), "badge %s%s", check_outcome_name(o), more);
	html_leaf(h, "span", css, text);
}

static void put_picture(struct html *h, const char *caption, const char *path)
{
	html_open(h, "figure");
	html_open(h, "img", "alt", caption);
	bool there = html_attach(h, "src", "image/png", path, REPORT_PICTURE_BYTES);

	html_close_void(h);
	html_open(h, "figcaption");
	html_put(h, caption);
	if (!there)
		html_printf(h, " (%s)", path);
	html_close(h);
	html_close(h);
}

/* ---- verdicts ---- */

/* What events of displays left. */
static void put_regions(struct html *h, const struct check_set *c, const struct check_verdict *v)
{
	struct check_region r;

	if (!check_region(c, v, 0, &r))
		return;
	if (v->outcome == CHECK_PASS)
		html_open(h, "details");
	else
		html_open(h, "details", "open", "open");
	html_leaf(h, "summary", "quiet", "the region before and after");
	html_open(h, "div", "class", "pictures regions");
	for (size_t i = 0; check_region(c, v, i, &r); i++)
		put_picture(h, r.caption, r.path);
	html_close(h);
	html_close(h);
}

static void put_evidence(struct html *h, const struct check_set *c, const struct check_verdict *v)
{
	char text[CHECK_FRAME_TEXT];
	bool decisive;

	put_regions(h, c, v);
	if (!check_evidence(c, v, 0, text, &decisive))
		return;
	/* What failed is shown at once. */
	if (v->outcome == CHECK_PASS)
		html_open(h, "details");
	else
		html_open(h, "details", "open", "open");
	html_leaf(h, "summary", "quiet", "frames on the bus around it");
	html_open(h, "pre");
	for (size_t i = 0; check_evidence(c, v, i, text, &decisive); i++) {
		html_put(h, decisive ? "> " : "  ");
		if (decisive)
			html_leaf(h, "b", NULL, text);
		else
			html_put(h, text);
		html_raw(h, "\n");
	}
	html_close(h);
	html_close(h);
}

static void put_verdict(struct html *h, const struct check_set *c, const struct check_verdict *v)
{
	char text[64];

	html_open(h, "tr");
	html_open(h, "td");
	put_badge(h, "", v->outcome, check_outcome_name(v->outcome));
	html_close(h);
	html_leaf(h, "td", "n", time_text(text, v->t_ns));
	html_open(h, "td");
	html_put(h, v->check->name);
	if (v->check->line > 0) {
		snprintf(text, sizeof(text), " line %" PRIu32, v->check->line);
		html_leaf(h, "span", "quiet", text);
	}
	html_close(h);
	html_open(h, "td");
	html_put(h, v->reason);
	put_evidence(h, c, v);
	html_close(h);
	html_close(h);
}

/* Column heads; those that begin with '#' are of numbers. */
static void put_heads(struct html *h, const char *const *heads, size_t n)
{
	html_open(h, "tr");
	for (size_t i = 0; i < n; i++) {
		bool number = heads[i][0] == '#';

		html_leaf(h, "th", number ? "n" : NULL, heads[i] + number);
	}
	html_close(h);
}

static void put_verdicts(struct html *h, const struct check_set *c)
{
	static const char *const heads[] = { "verdict", "#time", "check", "evidence" };
	size_t n;
	const struct check_verdict *v = check_verdicts(c, &n);

	if (n == 0)
		return;
	html_leaf(h, "h2", NULL, "Checks");
	html_open(h, "table");
	put_heads(h, heads, ARRAY_SIZE(heads));
	/* What did not pass comes first: it is what the reader looks for. */
	for (size_t i = 0; i < n; i++) {
		if (v[i].outcome != CHECK_PASS)
			put_verdict(h, c, &v[i]);
	}
	for (size_t i = 0; i < n; i++) {
		if (v[i].outcome == CHECK_PASS)
			put_verdict(h, c, &v[i]);
	}
	html_close(h);
}

/* ---- plots ---- */

static void put_signal(
	struct html *h, const struct report_input *in, size_t i, const struct check_plot *cp)
{
	struct plot_band bands[MOST_BANDS];
	struct plot_mark marks[MOST_BANDS];
	size_t n, used = 0, n_marks = 0;
	const struct check_verdict *v = check_verdicts(in->checks, &n);
	char title[200];

	for (size_t k = 0; k < n && MAX(used, n_marks) < MOST_BANDS; k++) {
		const struct scenario_check *c = v[k].check;

		if (!check_plot_is_of(in->checks, i, &v[k]))
			continue;
		bool failed = v[k].outcome != CHECK_PASS;
		bool bounds = c->kind == SCENARIO_CHECK_SIGNAL;

		if (bounds && c->u.signal.always)
			bands[used++] =
				(struct plot_band){ c->after_ns, MIN(c->until_ns, in->duration_ns),
					c->u.signal.min, c->u.signal.max, !failed };
		if (failed || (bounds && !c->u.signal.always))
			marks[n_marks++] = (struct plot_mark){ v[k].t_ns, v[k].reason, failed };
	}
	snprintf(title, sizeof(title), "%s%s%s%s", cp->name, cp->where[0] ? " (" : "", cp->where,
		cp->where[0] ? ")" : "");
	plot_draw(h, &(struct plot){ .title = title,
			     .kind = PLOT_VALUES,
			     .series = cp->series,
			     .span_ns = in->duration_ns,
			     .bands = bands,
			     .n_bands = used,
			     .marks = marks,
			     .n_marks = n_marks });
}

static void put_signals(struct html *h, const struct report_input *in)
{
	struct check_plot cp;

	if (!check_plot(in->checks, 0, &cp))
		return;
	html_leaf(h, "h2", NULL, "Signals");
	for (size_t i = 0; check_plot(in->checks, i, &cp); i++)
		put_signal(h, in, i, &cp);
	if (check_plots_left_out(in->checks) > 0) {
		html_open(h, "p", "class", "quiet");
		html_printf(h, "%zu more signals are judged and not drawn.",
			check_plots_left_out(in->checks));
		html_close(h);
	}
}

static void put_buses(struct html *h, const struct report_input *in, const struct scenario *s)
{
	char title[200];

	if (s->n_buses == 0)
		return;
	html_leaf(h, "h2", NULL, "Buses");
	for (uint32_t i = 0; i < s->n_buses; i++) {
		struct plot p = { .title = title,
			.kind = PLOT_SHARE,
			.series = in->loads[i],
			.span_ns = in->duration_ns };

		snprintf(title, sizeof(title), "%s: load in %% of %" PRIu32 " bit/s",
			s->buses[i].name, s->buses[i].bitrate_hz);
		plot_draw(h, &p);
		if (p.series->used == 0)
			continue;
		snprintf(title, sizeof(title), "%s: frames a second", s->buses[i].name);
		p.kind = PLOT_RATE;
		plot_draw(h, &p);
	}
}

/* ---- pictures and sound ---- */

static void put_pictures(struct html *h, const struct report_input *in, const struct scenario *s)
{
	struct check_picture_info p;
	char text[256], t[TIME_TEXT];
	size_t n;
	const struct check_verdict *v = check_verdicts(in->checks, &n);

	if (!check_picture_at(in->checks, 0, &p))
		return;
	html_leaf(h, "h2", NULL, "Pictures");
	html_open(h, "div", "class", "pictures");
	for (size_t i = 0; check_picture_at(in->checks, i, &p); i++) {
		snprintf(text, sizeof(text), "%s, %s display %" PRIu32 " at %s",
			p.checkpoint ? p.checkpoint : "picture", s->guests[p.guest].name, p.display,
			time_text(t, p.t_ns));
		if (p.path && !p.error) {
			put_picture(h, text, p.path);
			continue;
		}
		html_open(h, "figure");
		html_open(h, "figcaption");
		html_printf(h, "%s: %s", text, p.error ? p.error : "not saved");
		html_close(h);
		html_close(h);
	}
	for (size_t i = 0; i < n; i++) {
		char path[1200];

		snprintf(text, sizeof(text), "differences: %.200s", v[i].check->name);
		if (check_difference(in->checks, &v[i], path, sizeof(path)))
			put_picture(h, text, path);
	}
	html_close(h);
}

static const char *sound_type(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (!dot)
		return NULL;
	return strcmp(dot, ".wav") == 0    ? "audio/wav"
	       : strcmp(dot, ".flac") == 0 ? "audio/flac"
					   : NULL;
}

static int is_sound(const struct dirent *d)
{
	return sound_type(d->d_name) != NULL;
}

static void put_sounds(struct html *h, const struct report_input *in)
{
	struct dirent **names;
	int n = scandir(in->out_dir, &names, is_sound, alphasort);

	if (n > 0)
		html_leaf(h, "h2", NULL, "Sound");
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		char path[1400];

		snprintf(path, sizeof(path), "%s/%s", in->out_dir, name);
		html_open(h, "figure");
		html_open(h, "audio", "controls", "controls");
		if (!html_attach(h, "src", sound_type(name), path, REPORT_SOUND_BYTES)) {
			html_close(h);
			html_open(h, "a", "href", name);
		}
		html_close(h);
		html_leaf(h, "figcaption", NULL, name);
		html_close(h);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

/* ---- guests ---- */

static void put_number(struct html *h, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	html_open(h, "td", "class", "n");
	if (json_is_integer(v))
		html_printf(h, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_real(v))
		html_printf(h, "%.1f", json_real_value(v));
	else
		html_put(h, "–");
	html_close(h);
}

static void put_tail(struct html *h, const struct check_set *c, uint32_t guest, const char *name)
{
	const char *lines[CHECK_TAIL_LINES];
	size_t n = check_console_tail(c, guest, lines, CHECK_TAIL_LINES);

	if (n == 0)
		return;
	html_open(h, "details");
	html_open(h, "summary");
	html_printf(h, "last %zu console lines of %s", n, name);
	html_close(h);
	html_open(h, "pre");
	for (size_t i = 0; i < n; i++) {
		html_put(h, lines[i]);
		html_raw(h, "\n");
	}
	html_close(h);
	html_close(h);
}

static void put_guests(struct html *h, const struct report_input *in, const struct scenario *s)
{
	static const char *const heads[] = { "guest", "end", "#ready ms", "#CPU ms", "#restarts" };

	if (s->n_guests == 0)
		return;
	html_leaf(h, "h2", NULL, "Guests");
	html_open(h, "table");
	put_heads(h, heads, ARRAY_SIZE(heads));
	for (uint32_t i = 0; i < s->n_guests; i++) {
		const json_t *g =
			json_object_get(json_object_get(in->metrics, "guests"), s->guests[i].name);
		const char *end = json_string_value(json_object_get(g, "end"));

		html_open(h, "tr");
		html_leaf(h, "td", NULL, s->guests[i].name);
		html_leaf(h, "td", NULL, end ? end : "–");
		put_number(h, g, "ready_ms");
		put_number(h, g, "cpu_ms");
		put_number(h, g, "restarts");
		html_close(h);
	}
	html_close(h);
	for (uint32_t i = 0; i < s->n_guests; i++)
		put_tail(h, in->checks, i, s->guests[i].name);
}

static void put_metrics(struct html *h, const struct report_input *in)
{
	char *text = in->metrics ? json_dumps(in->metrics, JSON_INDENT(2) | JSON_REAL_PRECISION(9))
				 : NULL;

	if (!text)
		return;
	html_leaf(h, "h2", NULL, "Figures");
	html_open(h, "details");
	html_leaf(h, "summary", NULL, "all of them (metrics.json)");
	html_open(h, "pre");
	for (char *line = text, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		html_put(h, line);
		html_raw(h, "\n");
	}
	html_close(h);
	html_close(h);
	free(text);
}

/* ---- the page ---- */

static void put_page(struct html *h, const struct report_input *in)
{
	const struct scenario *s = check_scenario(in->checks);
	bool passed = check_passed(in->checks);
	char text[200];

	html_open(h, "html", "lang", "en");
	html_open(h, "head");
	html_open(h, "meta", "charset", "utf-8");
	html_close_void(h);
	html_open(h, "meta", "name", "viewport", "content", "width=device-width");
	html_close_void(h);
	snprintf(text, sizeof(text), "%s: %.100s", passed ? "passed" : "FAILED", s->name);
	html_leaf(h, "title", NULL, text);
	html_open(h, "style");
	html_raw(h, style);
	html_close(h);
	html_close(h);
	html_open(h, "body");
	put_badge(h, " big", passed ? CHECK_PASS : CHECK_FAIL,
		head_words(in->checks, text, sizeof(text)));
	html_leaf(h, "h1", NULL, s->name);
	put_description(h, s->description);
	put_facts(h, in, s);
	put_verdicts(h, in->checks);
	put_signals(h, in);
	put_buses(h, in, s);
	put_pictures(h, in, s);
	put_sounds(h, in);
	put_guests(h, in, s);
	put_metrics(h, in);
	html_close(h);
	html_close(h);
}

int report_write(const struct report_input *in, const char *path, struct err *e)
{
	struct html *h = html_new();
	const char *text = NULL;
	size_t len = 0;
	int rc = 0;

	if (h) {
		put_page(h, in);
		text = html_text_of(h, &len);
	}
	if (!text)
		rc = err_set(e, -ENOMEM, "no memory for %s", path);
	if (rc == 0)
		rc = file_write(path, text, len, e);
	html_free(h);
	return rc;
}
