/* SPDX-License-Identifier: Apache-2.0 */
/* Checks: the tables of what can be demanded of a run. */
#include "sim/scenario/table_check.h"

#include <stdio.h>
#include <string.h>

#include "sim/scenario/units.h"

const char *check_guest_name(struct bind *b, const struct scenario_check *c)
{
	const char *name = load_of(b)->s.guests[c->guest].name;

	return name ? name : "?"; /* a guest with errors */
}

/* --- windows ----------------------------------------------------------------------------- */

void check_finish_window(struct bind *b, const struct node *n, struct scenario_check *c)
{
	uint64_t end = load_of(b)->s.duration_ns;
	char text[UNIT_TEXT];

	if (!node_get(n, "within") && c->until_ns == 0)
		c->until_ns = SCENARIO_FOREVER;
	else
		c->until_ns += c->after_ns; /* both are bounded */
	if (end > 0 && c->after_ns >= end)
		bind_warn(b, node_get(n, "after"), "is never reached: the run ends at %s",
			unit_show_duration(text, end));
}

const char *check_window_text(char buf[WINDOW_TEXT], const struct scenario_check *c)
{
	char a[UNIT_TEXT], w[UNIT_TEXT];
	size_t l = 0;

	buf[0] = '\0';
	if (c->after_ns)
		l = (size_t)snprintf(
			buf, WINDOW_TEXT, " after %s", unit_show_duration(a, c->after_ns));
	if (c->until_ns != SCENARIO_FOREVER)
		snprintf(buf + l, WINDOW_TEXT - l, " within %s",
			unit_show_duration(w, c->until_ns - c->after_ns));
	return buf;
}

/* Kinds that may be about every guest get their names when they are about one. */
const char *load_check_name(struct bind *b, const struct scenario_check *c)
{
	char w[WINDOW_TEXT];

	switch (c->kind) {
	case SCENARIO_CHECK_READY:
		return bind_printf(
			b, "%s ready%s", check_guest_name(b, c), check_window_text(w, c));
	case SCENARIO_CHECK_FORBID_CONSOLE:
		return bind_printf(b, "console of %s: no /%.60s/%s", check_guest_name(b, c),
			c->u.console.regex, check_window_text(w, c));
	case SCENARIO_CHECK_NO_CRASH:
		return bind_printf(b, "%s does not crash", check_guest_name(b, c));
	default:
		return NULL;
	}
}

/* --- consoles ---------------------------------------------------------------------------- */

static void check_port(struct bind *b, const struct node *n, const struct scenario_check *c)
{
	if (c->u.console.port && c->guest != SCENARIO_ALL)
		(void)refs_port(b, n, c->guest, c->u.console.port);
}

static void console_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	char w[WINDOW_TEXT];

	check_finish_window(b, n, c);
	check_port(b, n, c);
	if (!c->name)
		c->name = bind_printf(b, "console of %s: /%.60s/%s", check_guest_name(b, c),
			c->u.console.regex, check_window_text(w, c));
}

static void forbid_console_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;

	check_finish_window(b, n, c);
	check_port(b, n, c);
}

#define CONSOLE_KEYS                                                                    \
	{ .key = "match",                                                               \
		.type = &type_regex,                                                    \
		.flags = KEY_REQUIRED,                                                  \
		.offset = C(u.console.regex),                                           \
		.doc = "what a line must match" },                                      \
		{ .key = "port",                                                        \
			.type = &type_name,                                             \
			.offset = C(u.console.port),                                    \
			.doc = "one console port, `serial` for COM1; without it any" }, \
		AFTER_KEY, WITHIN_KEY

static const struct schema_key console_keys[] = {
	{ .key = "guest",
		.type = &type_guest,
		.flags = KEY_ONLY,
		.offset = C(guest),
		.doc = "whose console" },
	CONSOLE_KEYS,
};
static const struct schema schema_console = {
	.keys = console_keys,
	.n_keys = ARRAY_SIZE(console_keys),
	.doc = "A console line must match in the window.",
	.post = console_post,
};

static const struct schema_key forbid_console_keys[] = {
	{ .key = "guest",
		.type = &type_guests,
		.def = "all",
		.offset = C(guest),
		.doc = "whose console" },
	CONSOLE_KEYS,
};
static const struct schema schema_forbid_console = {
	.keys = forbid_console_keys,
	.n_keys = ARRAY_SIZE(forbid_console_keys),
	.doc = "No console line may match in the window.",
	.post = forbid_console_post,
};

/* --- pictures ---------------------------------------------------------------------------- */

static void region_check(struct bind *b, const struct node *n, const struct scenario_check *c,
	const struct scenario_display *d)
{
	const struct display_rect *r = &c->u.screen.region;

	if (c->u.screen.has_region && !display_rect_inside(*r, d->width, d->height))
		bind_key_error(b, n, "region", "is not inside of the display's %u x %u pixels",
			d->width, d->height);
}

/* When a checkpoint's picture of the display is taken; false when there is no such picture. */
static bool checkpoint_time(const struct load *l, const char *name, uint32_t guest,
	uint32_t display, uint64_t *at_ns, struct unit_near *near)
{
	for (uint32_t i = 0; i < l->n_actions; i++) {
		const struct scenario_action *a = &l->actions[i];

		if (a->op != SCENARIO_SCREENSHOT || !a->u.screenshot.checkpoint)
			continue;
		if (a->guest != SCENARIO_ALL && a->guest != guest)
			continue;
		if (a->display != SCENARIO_ALL && a->display != display)
			continue;
		if (strcmp(a->u.screenshot.checkpoint, name) == 0) {
			*at_ns = a->at_ns;
			return true;
		}
		unit_near(near, a->u.screenshot.checkpoint);
	}
	return false;
}

/* Which picture: at a time, at a checkpoint, or the one of the run's end. */
static bool finish_picture(struct bind *b, const struct node *n, struct scenario_check *c)
{
	struct load *l = load_of(b);
	const struct node *at = node_get(n, "at");
	const char *name = c->u.screen.checkpoint;
	struct unit_near near = { .typed = name ? name : "" };

	if (at && name) {
		bind_key_error(b, n, "checkpoint", "contradicts \"at\": use one of them");
		return false;
	}
	if (at) {
		c->u.screen.checkpoint = load_imply_picture(b, c->after_ns, c->guest, c->display);
		if (l->s.duration_ns > 0 && c->after_ns > l->s.duration_ns)
			bind_warn(b, at, "is never reached: the run ends before");
	} else if (!name || strcmp(name, SCENARIO_CHECKPOINT_END) == 0) {
		c->u.screen.checkpoint = SCENARIO_CHECKPOINT_END;
		c->after_ns = l->s.duration_ns;
	} else if (!checkpoint_time(l, name, c->guest, c->display, &c->after_ns, &near)) {
		bind_key_error(b, n, "checkpoint",
			"\"%.60s\": no screenshot action of that name takes this display%s%s%s",
			name, near.best ? "; did you mean \"" : "", near.best ? near.best : "",
			near.best ? "\"?" : "");
		return false;
	}
	c->until_ns = c->after_ns;
	return true;
}

static const char *picture_text(struct bind *b, char buf[96], const struct scenario_check *c)
{
	const struct scenario_guest *g = &load_of(b)->s.guests[c->guest];

	const char *title = g->displays[c->display].title;

	const char *when = c->u.screen.checkpoint;

	/* A picture that was asked for by time is named after it. */
	if (strncmp(when, "at-", 3) == 0)
		when += 3;
	snprintf(buf, 96, "%s \"%.30s\" at %.40s", check_guest_name(b, c), title ? title : "?",
		when);
	return buf;
}

/* What `screen` and `not_blank` have in common; `what` begins the name of a check without one. */
static void picture_post(
	struct bind *b, const struct node *n, struct scenario_check *c, const char *what)
{
	char text[96];

	if (!refs_display(b, n, c->guest, false, &c->display))
		return;
	c->u.screen.has_region = node_get(n, "region");
	region_check(b, n, c, &load_of(b)->s.guests[c->guest].displays[c->display]);
	if (finish_picture(b, n, c) && !c->name)
		c->name = bind_printf(b, "%s%s", what, picture_text(b, text, c));
}

static void screen_post(struct bind *b, const struct node *n, void *obj)
{
	picture_post(b, n, obj, "screen of ");
}

#define PICTURE_KEYS                                                                                    \
	{ .key = "guest",                                                                               \
		.type = &type_guest,                                                                    \
		.flags = KEY_ONLY,                                                                      \
		.offset = C(guest),                                                                     \
		.doc = "whose display" },                                                               \
		{ .key = "display", .type = &type_display, .doc = "which display" },                    \
		{ .key = "at",                                                                          \
			.type = &type_duration,                                                         \
			.max = 30 * 86400e9,                                                            \
			.offset = C(after_ns),                                                          \
			.doc = "takes the picture at this time" },                                      \
		{ .key = "checkpoint",                                                                  \
			.type = &type_checkpoint,                                                       \
			.offset = C(u.screen.checkpoint),                                               \
			.doc = "or looks at the picture of a `screenshot` action; without both at the " \
			       "one of the run's end (`end`)" },                                        \
	{                                                                                               \
		.key = "region", .type = &type_region, .offset = C(u.screen.region),                    \
		.doc = "looks at a part of the display only"                                            \
	}

static void parse_threshold(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	uint32_t v = 0;

	type_u32.parse(b, n, k, &v);
	*(uint8_t *)field = (uint8_t)v;
}
const struct schema_type type_delta = { .name = "number", .parse = parse_threshold };

static const struct schema_key screen_keys[] = {
	PICTURE_KEYS,
	{ .key = "reference",
		.type = &type_file,
		.flags = KEY_REQUIRED,
		.offset = C(u.screen.reference),
		.doc = "PNG of the size of the display, for example the one that an earlier run wrote" },
	{ .key = "threshold",
		.type = &type_delta,
		.def = "8",
		.max = 255,
		.offset = C(u.screen.threshold),
		.doc = "how far a colour channel (0 to 255) may be off without the pixel being different" },
	{ .key = "tolerance",
		.type = &type_percent,
		.def = "0.1%",
		.max = 1,
		.offset = C(u.screen.max_different),
		.doc = "how much of the pixels may be different" },
};
static const struct schema schema_screen = {
	.keys = screen_keys,
	.n_keys = ARRAY_SIZE(screen_keys),
	.doc = "A display must look like a reference picture. Where it does not, a difference picture "
	       "is written to the `out` folder.",
	.post = screen_post,
};

static void not_blank_post(struct bind *b, const struct node *n, void *obj)
{
	picture_post(b, n, obj, "not blank: ");
}

static const struct schema_key not_blank_keys[] = { PICTURE_KEYS };
static const struct schema schema_not_blank = {
	.keys = not_blank_keys,
	.n_keys = ARRAY_SIZE(not_blank_keys),
	.short_key = "guest",
	.doc = "A display, or a region of it, must show more than one colour.",
	.post = not_blank_post,
};

/* --- guests' lives ----------------------------------------------------------------------- */

static void ready_post(struct bind *b, const struct node *n, void *obj)
{
	check_finish_window(b, n, obj);
}

static const struct schema_key ready_keys[] = {
	{ .key = "guest",
		.type = &type_guests,
		.def = "all",
		.offset = C(guest),
		.doc = "which guest; `all` makes one check for each" },
	AFTER_KEY,
	{ .key = "within",
		.type = &type_duration,
		.def = "10s",
		.min = 1,
		.max = 30 * 86400e9,
		.offset = C(until_ns),
		.doc = "how long it may take" },
};
static const struct schema schema_ready = {
	.keys = ready_keys,
	.n_keys = ARRAY_SIZE(ready_keys),
	.short_key = "guest",
	.doc = "A guest must say READY (its `ready` expression) in the window.",
	.post = ready_post,
};

static void exit_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	char w[WINDOW_TEXT];

	check_finish_window(b, n, c);
	if (!c->name)
		c->name = bind_printf(b, "%s exits%s%s%s", check_guest_name(b, c),
			c->u.exit.reason ? " by " : "", c->u.exit.reason ? c->u.exit.reason : "",
			check_window_text(w, c));
}

static const struct schema_key exit_keys[] = {
	{ .key = "guest",
		.type = &type_guest,
		.flags = KEY_ONLY,
		.offset = C(guest),
		.doc = "which guest" },
	{ .key = "reason",
		.type = &type_name,
		.offset = C(u.exit.reason),
		.doc = "`poweroff`, `stopped`, `killed`, or a crash's `triple-fault`, `kvm-error`; without "
		       "it any but a crash" },
	AFTER_KEY,
	WITHIN_KEY,
};
static const struct schema schema_exit = {
	.keys = exit_keys,
	.n_keys = ARRAY_SIZE(exit_keys),
	.short_key = "guest",
	.doc = "A guest must end in the window, for example after a power button.",
	.post = exit_post,
};

static void no_crash_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;

	(void)b;
	(void)n;
	c->until_ns = SCENARIO_FOREVER;
}

static const struct schema_key no_crash_keys[] = {
	{ .key = "guest",
		.type = &type_guests,
		.def = "all",
		.offset = C(guest),
		.doc = "which guest" },
};
static const struct schema schema_no_crash = {
	.keys = no_crash_keys,
	.n_keys = ARRAY_SIZE(no_crash_keys),
	.short_key = "guest",
	.doc = "A guest must not crash: no triple fault, no KVM error, no death of its process. Every "
	       "guest has this check without asking (see its key `no_crash`). A `kill` action and a "
	       "guest that powers off are no crashes.",
	.post = no_crash_post,
};

/* --- all kinds --------------------------------------------------------------------------- */

static void check_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;

	(void)b;
	c->line = n->line;
}

#define KIND(name, table, kind_tag, text)                                                   \
	{                                                                                   \
		.key = (name), .shape = SHAPE_INPLACE, .sub = (table), .flags = KEY_CHOICE, \
		.tag = (kind_tag), .doc = (text)                                            \
	}

static const struct schema_key check_keys[] = {
	{ .key = "name",
		.type = &type_string,
		.min = 1,
		.max = 120,
		.offset = C(name),
		.doc = "what the reports call it; without it made from what it demands" },
	KIND("expect", &schema_expect, SCENARIO_CHECK_EXPECT, "a frame is seen"),
	KIND("forbid", &schema_forbid, SCENARIO_CHECK_FORBID, "a frame is not seen"),
	KIND("count", &schema_count, SCENARIO_CHECK_COUNT, "so many frames are seen"),
	KIND("period", &schema_period, SCENARIO_CHECK_PERIOD, "frames come in a rhythm"),
	KIND("signal", &schema_signal, SCENARIO_CHECK_SIGNAL, "a signal is in bounds"),
	KIND("gradient", &schema_gradient, SCENARIO_CHECK_GRADIENT,
		"a signal rises and falls so fast at most"),
	KIND("order", &schema_order, SCENARIO_CHECK_ORDER, "things happen one after the other"),
	KIND("latency", &schema_latency, SCENARIO_CHECK_LATENCY, "a cause has its effect in time"),
	KIND("console", &schema_console, SCENARIO_CHECK_CONSOLE, "a console line matches"),
	KIND("forbid_console", &schema_forbid_console, SCENARIO_CHECK_FORBID_CONSOLE,
		"no console line matches"),
	KIND("screen", &schema_screen, SCENARIO_CHECK_SCREEN, "a display looks like a picture"),
	KIND("not_blank", &schema_not_blank, SCENARIO_CHECK_NOT_BLANK, "a display shows something"),
	KIND("ready", &schema_ready, SCENARIO_CHECK_READY, "a guest gets ready"),
	KIND("exit", &schema_exit, SCENARIO_CHECK_EXIT, "a guest ends"),
	KIND("no_crash", &schema_no_crash, SCENARIO_CHECK_NO_CRASH, "a guest does not crash"),
	KIND("tone", &schema_sound_tone, SCENARIO_CHECK_TONE, "a tone is heard"),
	KIND("silence", &schema_sound_silence, SCENARIO_CHECK_SILENCE, "nothing is heard"),
	KIND("gapless", &schema_sound_gapless, SCENARIO_CHECK_GAPLESS, "sound does not stop"),
	KIND("level", &schema_sound_level, SCENARIO_CHECK_LEVEL, "sound is so loud"),
	KIND("chime", &schema_sound_chime, SCENARIO_CHECK_CHIME,
		"a frame, or another event, is followed by sound"),
};

const struct schema schema_check = {
	.item = "check",
	.size = sizeof(struct scenario_check),
	.keys = check_keys,
	.n_keys = ARRAY_SIZE(check_keys),
	.tag_offset = C(kind),
	.doc = "What is demanded of the run. Each entry has one of the kinds, and a name where you "
	       "like. Every one becomes a line of the verdict table and a JUnit test case.",
	.post = check_post,
};

const char *scenario_check_kind_name(enum scenario_check_kind kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(check_keys); i++) {
		if ((check_keys[i].flags & KEY_CHOICE) && check_keys[i].tag == (uint32_t)kind)
			return check_keys[i].key;
	}
	return kind == SCENARIO_CHECK_SCRIPT ? "script" : "?";
}
