/* SPDX-License-Identifier: Apache-2.0 */
/* Checks about sound: what must be heard of a guest's stream, and what not. */
#include <stdio.h>
#include <string.h>

#include "sim/scenario/table_check.h"
#include "sim/scenario/units.h"

static_assert(C(u.sound.match) == C(u.frames.match), "the match keys serve both");

/* What all have in common. False: errors were reported. */
static bool sound_post(struct bind *b, const struct node *n, struct scenario_check *c)
{
	size_t errors = b->d->errors;

	check_finish_window(b, n, c);
	if (!refs_stream(b, n, &c->guest, &c->u.sound.stream))
		return false;
	if (!load_of(b)->s.guests[c->guest].sounds[c->u.sound.stream].record)
		bind_key_error(b, n, "stream", "is not recorded (its key \"record\")");
	return b->d->errors == errors;
}

static void check_for(struct bind *b, const struct node *n, const struct scenario_check *c)
{
	if (c->u.sound.hz > 0 &&
		(double)c->u.sound.for_ns * c->u.sound.hz < SCENARIO_TONE_PERIODS * 1e9)
		bind_key_error(b, n, "for", "must be %d periods of %g Hz at least: %.0fms",
			SCENARIO_TONE_PERIODS, c->u.sound.hz,
			SCENARIO_TONE_PERIODS * 1e3 / c->u.sound.hz + 0.5);
}

static const char *stream_text(struct bind *b, const struct scenario_check *c)
{
	return load_of(b)->s.guests[c->guest].sounds[c->u.sound.stream].name;
}

static void check_name(struct bind *b, struct scenario_check *c, const char *what)
{
	char w[WINDOW_TEXT];

	if (!c->name)
		c->name = bind_printf(b, "%s.%s: %s%s", check_guest_name(b, c), stream_text(b, c),
			what, check_window_text(w, c));
}

#define STREAM_KEYS                                                                                 \
	{ .key = "stream",                                                                          \
		.type = &type_stream,                                                               \
		.flags = KEY_REQUIRED,                                                              \
		.doc = "which one: `cluster.chime`" },                                              \
	{                                                                                           \
		.key = "channel", .type = &type_u32, .min = 1, .max = 8,                            \
		.offset = C(u.sound.channel),                                                       \
		.doc = "one of its channels, the first (left) is 1; without it the loudest, or any" \
	}
#define FLOOR_KEY(text)                                                                   \
	{                                                                                 \
		.key = "floor", .type = &type_float, .def = "-60", .min = -110, .max = 0, \
		.unit = "dB", .offset = C(u.sound.floor_db), .doc = (text)                \
	}

/* --- tones ------------------------------------------------------------------------------- */

static void tone_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	char what[80];

	if (!sound_post(b, n, c))
		return;
	check_for(b, n, c);
	c->u.sound.has_db = node_get(n, "db");
	snprintf(what, sizeof(what), "tone of %g Hz", c->u.sound.hz);
	check_name(b, c, what);
}

#define TOLERANCE_KEY                                                                     \
	{                                                                                 \
		.key = "tolerance", .type = &type_percent, .def = "0.5%", .max = 0.05,    \
		.offset = C(u.sound.tolerance), .doc = "how far its frequency may be off" \
	}

static const struct schema_key tone_keys[] = {
	STREAM_KEYS,
	{ .key = "hz",
		.type = &type_float,
		.flags = KEY_REQUIRED,
		.min = 20,
		.max = 40000,
		.unit = "Hz",
		.offset = C(u.sound.hz),
		.doc = "its frequency" },
	TOLERANCE_KEY,
	{ .key = "db",
		.type = &type_float,
		.min = -110,
		.max = 6,
		.unit = "dB",
		.offset = C(u.sound.db),
		.doc = "its level; without it any above `floor`. A sine of full scale has 0" },
	{ .key = "level_tolerance",
		.type = &type_float,
		.def = "1",
		.min = 0.05,
		.max = 40,
		.unit = "dB",
		.offset = C(u.sound.db_tolerance),
		.doc = "how far the level may be off" },
	{ .key = "for",
		.type = &type_duration,
		.def = "100ms",
		.min = 10e6,
		.max = 86400e9,
		.offset = C(u.sound.for_ns),
		.doc = "how long it must be there without a break, at one time in the window" },
	FLOOR_KEY("what is quieter is not heard"),
	AFTER_KEY,
	WITHIN_KEY,
};
const struct schema schema_sound_tone = {
	.keys = tone_keys,
	.n_keys = ARRAY_SIZE(tone_keys),
	.doc = "A tone must be heard in the window, alone or among others (docs/sound.md). This and the "
	       "other checks on sound look at the recording of a stream, after volume, mute and focus.",
	.post = tone_post,
};

/* --- silence, gaps, level ---------------------------------------------------------------- */

static void silence_post(struct bind *b, const struct node *n, void *obj)
{
	if (sound_post(b, n, obj))
		check_name(b, obj, "silence");
}

static const struct schema_key silence_keys[] = {
	STREAM_KEYS,
	FLOOR_KEY("what is quieter is silence"),
	AFTER_KEY,
	WITHIN_KEY,
};
const struct schema schema_sound_silence = {
	.keys = silence_keys,
	.n_keys = ARRAY_SIZE(silence_keys),
	.doc = "Nothing may be heard in the window.",
	.post = silence_post,
};

static void gapless_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	char what[80], d[UNIT_TEXT];

	if (!sound_post(b, n, c))
		return;
	snprintf(what, sizeof(what), "no gap of more than %s",
		unit_show_duration(d, c->u.sound.longest_ns));
	check_name(b, c, what);
}

static const struct schema_key gapless_keys[] = {
	STREAM_KEYS,
	{ .key = "longest",
		.type = &type_duration,
		.def = "20ms",
		.min = 1e6,
		.max = 86400e9,
		.offset = C(u.sound.longest_ns),
		.doc = "the longest silence that is allowed" },
	FLOOR_KEY("what is quieter is silence"),
	AFTER_KEY,
	WITHIN_KEY,
};
const struct schema schema_sound_gapless = {
	.keys = gapless_keys,
	.n_keys = ARRAY_SIZE(gapless_keys),
	.doc = "Sound must go on in the whole window: at its begin, at its end and in between nothing may "
	       "be silent for longer than allowed.",
	.post = gapless_post,
};

static void level_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	bool min = node_get(n, "min"), max = node_get(n, "max");
	char what[80];

	if (!sound_post(b, n, c))
		return;
	if (!min && !max)
		bind_error(b, n, "needs \"min\" or \"max\"");
	if (!min)
		c->u.sound.min_db = -1000;
	if (!max)
		c->u.sound.max_db = 1000;
	if (c->u.sound.min_db > c->u.sound.max_db)
		bind_key_error(b, n, "max", "is less than \"min\"");
	if (min && max)
		snprintf(what, sizeof(what), "%g to %g dB", c->u.sound.min_db, c->u.sound.max_db);
	else
		snprintf(what, sizeof(what), "%s %g dB",
			min ? ">=" : "<=", min ? c->u.sound.min_db : c->u.sound.max_db);
	check_name(b, c, what);
}

static const struct schema_key level_keys[] = {
	STREAM_KEYS,
	{ .key = "min",
		.type = &type_float,
		.min = -110,
		.max = 6,
		.unit = "dB",
		.offset = C(u.sound.min_db),
		.doc = "never quieter" },
	{ .key = "max",
		.type = &type_float,
		.min = -110,
		.max = 6,
		.unit = "dB",
		.offset = C(u.sound.max_db),
		.doc = "never louder" },
	{ .key = "every",
		.type = &type_duration,
		.def = "100ms",
		.min = 5e6,
		.max = 3600e9,
		.offset = C(u.sound.every_ns),
		.doc = "the window is measured in pieces of this length, each of which must be right" },
	AFTER_KEY,
	WITHIN_KEY,
};
const struct schema schema_sound_level = {
	.keys = level_keys,
	.n_keys = ARRAY_SIZE(level_keys),
	.doc = "The level over time must stay in bounds: its mean in each piece of the window, where a sine "
	       "of full scale has 0 dB.",
	.post = level_post,
};

/* --- chimes ------------------------------------------------------------------------------ */

static void parse_cause(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	struct scenario_event *ev = bind_alloc(b, sizeof(*ev));

	if (!ev)
		return;
	type_event.parse(b, n, k, ev);
	*(const struct scenario_event **)field = ev;
}
static const struct schema_type type_cause = {
	.name = "event", .any_node = true, .parse = parse_cause
};

static const struct schema_key chime_match_keys[] = { MATCH_KEYS };

/* A chime follows a frame, or another event: one of them. */
static bool finish_cause(struct bind *b, const struct node *n, struct scenario_check *c)
{
	bool frame = false;

	for (size_t i = 0; i < ARRAY_SIZE(chime_match_keys); i++) {
		frame |= node_get(n, chime_match_keys[i].key) != NULL;
		if (c->u.sound.event && node_get(n, chime_match_keys[i].key))
			bind_key_error(b, n, chime_match_keys[i].key,
				"contradicts \"event\": use one of them");
	}
	if (c->u.sound.event)
		return !frame;
	if (!node_get(n, "bus") && !type_bus.fill(b, &c->u.sound.match.bus)) {
		bind_error(b, n, "needs \"bus\" or \"event\"");
		return false;
	}
	check_finish_match(b, n, &c->u.sound.match);
	return true;
}

static void chime_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	char what[MATCH_TEXT + 64], m[MATCH_TEXT], d[UNIT_TEXT];

	if (!finish_cause(b, n, c) || !sound_post(b, n, c))
		return;
	check_for(b, n, c);
	snprintf(what, sizeof(what), "chime within %s of %.150s",
		unit_show_duration(d, c->u.sound.delay_ns),
		c->u.sound.event ? c->u.sound.event->text
				 : check_match_text(b, m, &c->u.sound.match));
	check_name(b, c, what);
}

static const struct schema_key chime_keys[] = {
	STREAM_KEYS,
	{ .key = "bus",
		.type = &type_bus,
		.offset = C(u.sound.match.bus),
		.doc = "on which bus; may be left out where there is only one" },
	MATCH_REST_AT(C(u.sound.match)),
	{ .key = "event",
		.type = &type_cause,
		.offset = C(u.sound.event),
		.doc = "in place of a frame another event, as in `order`: a change on a screen, a "
		       "signal's value, a console line" },
	{ .key = "delay",
		.type = &type_duration,
		.def = "100ms",
		.min = 1e6,
		.max = 60e9,
		.offset = C(u.sound.delay_ns),
		.doc = "how long after the frame or event it may begin" },
	{ .key = "early",
		.type = &type_duration,
		.def = "0",
		.max = 10e9,
		.offset = C(u.sound.early_ns),
		.doc = "how long before it: what a guest shows and plays of one moment comes in any order" },
	{ .key = "hz",
		.type = &type_float,
		.min = 20,
		.max = 40000,
		.unit = "Hz",
		.offset = C(u.sound.hz),
		.doc = "its frequency; without it any sound is right" },
	TOLERANCE_KEY,
	{ .key = "for",
		.type = &type_duration,
		.def = "20ms",
		.min = 10e6,
		.max = 60e9,
		.offset = C(u.sound.for_ns),
		.doc = "how long that frequency must be heard" },
	FLOOR_KEY("what is quieter is silence"),
	AFTER_KEY,
	WITHIN_KEY,
};
const struct schema schema_sound_chime = {
	.keys = chime_keys,
	.n_keys = ARRAY_SIZE(chime_keys),
	.doc = "The first such frame (or event) in the window must be followed by sound, out of silence.",
	.post = chime_post,
};
