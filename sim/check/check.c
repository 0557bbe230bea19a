/* SPDX-License-Identifier: Apache-2.0 */
/* The main side: console lines, guests' lives, pictures; making and freeing of a set. */
#include "sim/check/check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/check/judge.h"

const char *time_text(char buf[TIME_TEXT], uint64_t t_ns)
{
	uint64_t ms = (t_ns + 500000) / 1000000;

	snprintf(buf, TIME_TEXT, "%" PRIu64 ".%03us", ms / 1000, (unsigned int)(ms % 1000));
	return buf;
}

/* Length of a well-formed UTF-8 character at s, 0 when there is none. */
static size_t utf8_length(const unsigned char *s)
{
	size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (s[i] >> 6 != 2) /* the end of the string too */
			return 0;
	}
	uint32_t c = (s[0] & (0xffu >> (len + 1))) << 6 | (s[1] & 0x3fu);

	/* Overlong forms, surrogates, beyond the last plane, and what XML does not allow. */
	if ((len == 3 && (c < 0x20 || (c >= 0x360 && c < 0x380))) ||
		(len == 4 && (c < 0x10 || c > 0x10f)))
		return 0;
	if (len == 3 && s[0] == 0xef && s[1] == 0xbf && s[2] >= 0xbe)
		return 0;
	return len;
}

void clean_text(char *s)
{
	while (*s) {
		size_t len = 1;

		if ((unsigned char)*s < 0x20 || *s == 0x7f) {
			*s = *s == '\t' ? ' ' : '?';
		} else if ((unsigned char)*s >= 0x80) {
			len = utf8_length((const unsigned char *)s);
			if (len == 0) {
				*s = '?';
				len = 1;
			}
		}
		s += len;
	}
}

static bool about_lines(const struct scenario_check *k)
{
	return k->kind == SCENARIO_CHECK_CONSOLE || k->kind == SCENARIO_CHECK_FORBID_CONSOLE;
}

static int add_line(struct check_set *c, const struct line_rule *what, struct err *e)
{
	struct line_rule *r = &c->lines[c->n_lines];
	int rc;

	*r = *what;
	r->outside_ns = UINT64_MAX;
	rc = regcomp(&r->re, r->regex, REG_EXTENDED | REG_NOSUB);
	if (rc != 0) {
		char why[128];

		regerror(rc, &r->re, why, sizeof(why));
		return err_set(e, -EINVAL, "regular expression \"%s\": %s", r->regex, why);
	}
	c->n_lines++;
	return 0;
}

static int lines_init(struct check_set *c, struct err *e)
{
	int rc = 0;

	c->lines = calloc(c->s->n_checks + c->n_events + 1, sizeof(*c->lines));
	if (!c->lines)
		return -ENOMEM;
	for (uint32_t i = 0; rc == 0 && i < c->s->n_checks; i++) {
		const struct scenario_check *k = &c->s->checks[i];
		struct line_rule r = { .check = k, .guest = k->guest };

		if (!about_lines(k))
			continue;
		r.port = k->u.console.port;
		r.regex = k->u.console.regex;
		rc = add_line(c, &r, e);
	}
	for (uint32_t i = 0; rc == 0 && i < c->n_events; i++) {
		const struct scenario_event *ev = c->events[i]->event;

		if (ev->kind == SCENARIO_EVENT_CONSOLE)
			rc = add_line(c,
				&(struct line_rule){ .event = c->events[i],
					.guest = ev->u.console.guest,
					.port = ev->u.console.port,
					.regex = ev->u.console.regex },
				e);
	}
	return rc;
}

int check_new(const struct scenario *s, const char *out_dir, struct check_set **out, struct err *e)
{
	struct check_set *c = calloc(1, sizeof(*c));

	if (!c)
		return err_set(e, -ENOMEM, "no memory for the checks");
	c->s = s;
	c->duration_ns = s->duration_ns;
	c->guests = calloc(s->n_guests + 1, sizeof(*c->guests));
	c->scripts = calloc(s->n_scripts + 1, sizeof(*c->scripts));
	c->verdicts = calloc(s->n_checks + 1, sizeof(*c->verdicts));
	c->reasons = calloc(s->n_checks + 1, sizeof(*c->reasons));
	c->out_dir = out_dir ? strdup(out_dir) : NULL;
	int rc = -ENOMEM;

	if (c->guests && c->scripts && c->verdicts && c->reasons && (c->out_dir || !out_dir)) {
		rc = events_init(c);
		if (rc == 0)
			rc = frames_init(c);
		if (rc == 0)
			rc = values_init(c);
		if (rc == 0)
			rc = evidence_init(c);
		if (rc == 0)
			rc = moments_init(c);
		if (rc == 0)
			rc = lines_init(c, e);
	}
	if (rc == -ENOMEM)
		err_set(e, rc, "no memory for the checks");
	if (rc != 0)
		check_free(c);
	else
		*out = c;
	return rc;
}

void check_free(struct check_set *c)
{
	struct picture *next;

	if (!c)
		return;
	for (uint32_t i = 0; i < c->n_lines; i++)
		regfree(&c->lines[i].re);
	for (uint32_t g = 0; c->guests && g < c->s->n_guests; g++) {
		for (size_t i = 0; i < CHECK_TAIL_LINES; i++)
			free(c->guests[g].tail[i]);
		for (size_t i = 0; i < CHECK_CRASH_LINES; i++)
			free(c->guests[g].crash_tail[i]);
	}
	for (struct picture *p = c->pictures; p; p = next) {
		next = p->next;
		free((char *)(uintptr_t)p->checkpoint);
		free(p->path);
		free(p->error);
		free(p);
	}
	frames_fini(c);
	values_fini(c);
	evidence_fini(c);
	moments_fini(c);
	screens_fini(c);
	plots_fini(c);
	events_fini(c);
	free(c->marks);
	free(c->lines);
	free(c->guests);
	free(c->scripts);
	free(c->verdicts);
	free(c->reasons);
	free(c->out_dir);
	free(c);
}

void check_set_duration(struct check_set *c, uint64_t duration_ns)
{
	c->duration_ns = duration_ns;
}

const struct scenario *check_scenario(const struct check_set *c)
{
	return c->s;
}

/* --- consoles ---------------------------------------------------------------------------- */

static void match_line(struct line_rule *r, uint64_t t_ns, const char *line)
{
	if (r->event) {
		if (regexec(&r->re, line, 0, NULL, 0) == 0)
			event_add(r->event, t_ns);
		return;
	}
	bool now = in_window(r->check, t_ns);

	if (now)
		r->lines++;
	/* Only the first match counts; and of those outside the nearest one before or after. */
	if (r->matched || (!now && r->outside_ns != UINT64_MAX && t_ns > r->check->until_ns))
		return;
	if (regexec(&r->re, line, 0, NULL, 0) != 0)
		return;
	if (!now) {
		r->outside_ns = t_ns;
		return;
	}
	r->matched = true;
	r->t_ns = t_ns;
	snprintf(r->line, sizeof(r->line), "%s", line);
}

void check_console(struct check_set *c, uint32_t guest, const char *port, uint64_t t_ns,
	const char *line, size_t len)
{
	char text[LINE_BYTES];

	if (guest >= c->s->n_guests)
		return;
	while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == '\n'))
		len--;
	len = MIN(len, sizeof(text) - 1);
	for (size_t i = 0; i < len; i++)
		text[i] = line[i] ? line[i] : '?';
	text[len] = '\0';

	struct guest_state *g = &c->guests[guest];
	char **slot = &g->tail[g->tail_n % CHECK_TAIL_LINES], *copy = strdup(text);

	if (copy) {
		clean_text(copy);
		free(*slot);
		*slot = copy;
		g->tail_n++;
	} else {
		c->oom = true;
	}
	for (uint32_t i = 0; i < c->n_lines; i++) {
		struct line_rule *r = &c->lines[i];

		if (r->guest == guest && (!r->port || strcmp(r->port, port) == 0))
			match_line(r, t_ns, text);
	}
}

size_t check_console_tail(const struct check_set *c, uint32_t guest, const char **lines, size_t max)
{
	if (guest >= c->s->n_guests)
		return 0;
	const struct guest_state *g = &c->guests[guest];
	uint64_t n = MIN(g->tail_n, (uint64_t)CHECK_TAIL_LINES);

	n = MIN(n, (uint64_t)max);
	for (uint64_t i = 0; i < n; i++)
		lines[i] = g->tail[(g->tail_n - n + i) % CHECK_TAIL_LINES];
	return (size_t)n;
}

const char *last_line(const struct check_set *c, uint32_t guest)
{
	const char *line = NULL;

	(void)check_console_tail(c, guest, &line, 1);
	return line;
}

size_t check_crash_tail(const struct check_set *c, uint32_t guest, const char **lines, size_t max)
{
	size_t n;

	if (guest >= c->s->n_guests)
		return 0;
	n = MIN(c->guests[guest].crash_tail_n, max);
	for (size_t i = 0; i < n; i++)
		lines[i] = c->guests[guest].crash_tail[i];
	return n;
}

/* The lines of its next life are about to push these out. */
static void keep_crash_tail(struct check_set *c, uint32_t guest)
{
	const char *lines[CHECK_CRASH_LINES];
	struct guest_state *g = &c->guests[guest];
	size_t n = check_console_tail(c, guest, lines, CHECK_CRASH_LINES);

	if (!g->crashed || g->crash_tail_n)
		return;
	for (size_t i = 0; i < n; i++) {
		g->crash_tail[i] = strdup(lines[i]);
		if (!g->crash_tail[i]) {
			c->oom = true;
			return;
		}
		g->crash_tail_n++;
	}
}

/* --- guests and pictures ----------------------------------------------------------------- */

static void ended(struct guest_state *g, uint64_t t_ns, const char *text)
{
	if (g->exited)
		return;
	g->exited = true;
	g->exit_ns = t_ns;
	snprintf(g->exit_text, sizeof(g->exit_text), "%s", text);
}

void check_guest(struct check_set *c, uint32_t guest, enum check_guest_event ev, uint64_t t_ns,
	const char *text)
{
	if (guest >= c->s->n_guests)
		return;
	struct guest_state *g = &c->guests[guest];

	switch (ev) {
	case CHECK_GUEST_READY:
		if (g->n_ready < ARRAY_SIZE(g->ready_ns))
			g->ready_ns[g->n_ready++] = t_ns;
		break;
	case CHECK_GUEST_EXITED:
		ended(g, t_ns, text ? text : "exited");
		break;
	case CHECK_GUEST_KILLED:
		g->down_on_purpose = true;
		ended(g, t_ns, "killed");
		break;
	case CHECK_GUEST_RESET:
		keep_crash_tail(c, guest);
		g->came_back = g->crashed;
		g->down_on_purpose = false;
		break;
	case CHECK_GUEST_CRASHED:
		/* The end of a process that was killed on purpose is not news. */
		if (g->down_on_purpose || g->crashed)
			break;
		g->crashed = true;
		g->crash_ns = t_ns;
		snprintf(g->crash_text, sizeof(g->crash_text), "%s", text ? text : "");
		break;
	}
}

void check_clock(struct check_set *c, uint64_t host_ns, uint64_t t_ns)
{
	struct sound_mark *m = realloc(c->marks, (c->n_marks + 1) * sizeof(*m));

	if (!m) {
		c->oom = true;
		return;
	}
	c->marks = m;
	m[c->n_marks++] = (struct sound_mark){ host_ns, t_ns };
}

void check_script(struct check_set *c, uint32_t script, uint64_t t_ns, const char *text)
{
	struct script_state *s = &c->scripts[script];

	if (s->failed)
		return;
	s->failed = true;
	s->t_ns = t_ns;
	snprintf(s->text, sizeof(s->text), "%s", text);
}

void check_picture(struct check_set *c, const char *checkpoint, uint32_t guest, uint32_t display,
	uint64_t t_ns, const char *path, const char *error)
{
	struct picture *p = calloc(1, sizeof(*p));

	if (!p) {
		c->oom = true;
		return;
	}
	p->checkpoint = strdup(checkpoint);
	p->path = path ? strdup(path) : NULL;
	p->error = error ? strdup(error) : NULL;
	p->guest = guest;
	p->display = display;
	p->t_ns = t_ns;
	if (!p->checkpoint || (path && !p->path) || (error && !p->error))
		c->oom = true;
	p->next = c->pictures;
	c->pictures = p;
}
