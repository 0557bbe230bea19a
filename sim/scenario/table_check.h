/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tables of checks share: windows, and the tables of checks about buses for the one that
 * lists all kinds.
 */
#pragma once

#include "sim/scenario/load.h"

#define C(field) offsetof(struct scenario_check, field)

/* Keys of the window in which a check looks. */
#define AFTER_KEY                                                                        \
	{                                                                                \
		.key = "after", .type = &type_duration, .def = "0", .max = 30 * 86400e9, \
		.offset = C(after_ns), .doc = "when the window begins"                   \
	}
#define WITHIN_KEY                                                                      \
	{                                                                               \
		.key = "within", .type = &type_duration, .min = 1, .max = 30 * 86400e9, \
		.offset = C(until_ns),                                                  \
		.doc = "length of the window; without it, it lasts until the run ends"  \
	}

#define WINDOW_TEXT 96

/* Completes the window: `within` was read into until_ns as a length. */
void check_finish_window(struct bind *b, const struct node *n, struct scenario_check *c);
/* " after 1s within 5s", as far as it was asked for. */
const char *check_window_text(char buf[WINDOW_TEXT], const struct scenario_check *c);
/* Name of the check's guest; "?" for one with errors. */
const char *check_guest_name(struct bind *b, const struct scenario_check *c);

/* --- events (table_check_event.c, table_check_screen.c) --- */

#define E(field) offsetof(struct scenario_event, field)
extern const struct schema_type type_event; /* struct scenario_event */
extern const struct schema schema_event_screen;

/* A difference of colour channels, 0 to 255 (table_check.c). */
extern const struct schema_type type_delta; /* uint8_t */

/* --- frames (table_check_bus.c) --- */

extern const struct schema_type type_data_mask;
/* Keys of a struct scenario_match that lies at `at` in the struct that is filled: all but the bus.
 */
#define MATCH_REST_AT(at)                                                                          \
	{ .key = "frame",                                                                          \
		.type = &type_match_frame,                                                         \
		.offset = (at),                                                                    \
		.doc = "what the frame must be, in one line; instead of the keys from `id` to "    \
		       "`rtr`" },                                                                  \
		{ .key = "id",                                                                     \
			.type = &type_can_id,                                                      \
			.offset = (at) + offsetof(struct scenario_match, id.id),                   \
			.doc = "its identifier; without `id` and `frame` any frame counts" },      \
		{ .key = "mask",                                                                   \
			.type = &type_mask,                                                        \
			.offset = (at) + offsetof(struct scenario_match, id.mask),                 \
			.doc = "bits of the identifier that must be equal; without it all" },      \
		{ .key = "data",                                                                   \
			.type = &type_pattern,                                                     \
			.offset = (at),                                                            \
			.doc = "how its payload begins" },                                         \
		{ .key = "data_mask",                                                              \
			.type = &type_data_mask,                                                   \
			.offset = (at),                                                            \
			.doc = "bits of `data` that must be equal, as many bytes as `data` has" }, \
		{ .key = "length",                                                                 \
			.type = &type_i32,                                                         \
			.max = CANFD_MAX_DLEN,                                                     \
			.unit = "bytes",                                                           \
			.offset = (at) + offsetof(struct scenario_match, len),                     \
			.doc = "its exact payload length" },                                       \
		{ .key = "fd",                                                                     \
			.type = &type_either,                                                      \
			.offset = (at) + offsetof(struct scenario_match, fd),                      \
			.doc = "whether it is an FD frame; without it either" },                   \
		{ .key = "rtr",                                                                    \
			.type = &type_either,                                                      \
			.offset = (at) + offsetof(struct scenario_match, rtr),                     \
			.doc = "whether it is a remote frame; without it either" },                \
	{                                                                                          \
		.key = "from", .type = &type_guests, .def = "all",                                 \
		.offset = (at) + offsetof(struct scenario_match, from),                            \
		.doc = "the guest that sent it; `all`: anyone, replays and actions too"            \
	}
/* The same with the bus. */
#define MATCH_KEYS_AT(at)                                              \
	{ .key = "bus",                                                \
		.type = &type_bus,                                     \
		.flags = KEY_ONLY,                                     \
		.offset = (at) + offsetof(struct scenario_match, bus), \
		.doc = "on which bus" },                               \
		MATCH_REST_AT(at)
#define MATCH_KEYS MATCH_KEYS_AT(C(u.frames.match))

/* Completes what the keys left open. */
void check_finish_match(struct bind *b, const struct node *n, struct scenario_match *m);
/* "3A0#01* on can0 from cluster" */
#define MATCH_TEXT 160
const char *check_match_text(struct bind *b, char buf[MATCH_TEXT], const struct scenario_match *m);

extern const struct schema schema_sound_tone, schema_sound_silence, schema_sound_gapless,
	schema_sound_level, schema_sound_chime; /* table_check_sound.c */
extern const struct schema schema_expect, schema_forbid, schema_count, schema_period,
	schema_signal; /* table_check_bus.c */
extern const struct schema schema_gradient, schema_order, schema_latency; /* table_check_event.c */
