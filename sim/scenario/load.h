/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the scenario reader: what its files share. The tables bind in the order in which
 * things refer to each other (buses, guests, replays, actions, checks), so that a reference is
 * resolved the moment it is read.
 */
#pragma once

#include "sim/scenario/scenario.h"
#include "sim/scenario/schema.h"

#define LOAD_MAX_ACTIONS 10000
#define LOAD_MAX_CHECKS  1000

/* A signal map that some guest or check names; each file is read once. */
struct load_map {
	struct load_map *next;
	const char *path;
	struct sigmap map;
	bool bad; /* it was reported */
};

/* An action that the file implies: the end of a pause, the picture that a check wants. */
struct load_action {
	struct load_action *next;
	struct scenario_action act;
};

/* A database that some bus has; each file is read once. */
struct load_dbc {
	struct load_dbc *next;
	const char *path;
	struct dbc *db; /* NULL: it could not be read */
	struct diags d; /* what is wrong with it; the database points into it */
};

/* `signals` as written (signals.h). */
struct raw_database;
struct raw_word;
struct raw_def;
struct raw_signals {
	const struct raw_database *databases;
	const struct raw_word *files; /* with names */
	const struct raw_def *defs;
	const char *vss; /* a catalogue's file; NULL: none */
	uint32_t n_databases, n_files, n_defs;
};

struct load {
	struct scenario s; /* first: scenario_free() gets its address */
	struct arena a;
	struct load_map *maps;
	struct load_action *implied;
	struct load_dbc *databases;
	struct raw_signals signals;
	struct vss *vss; /* the catalogue; NULL: none */
	bool signals_unknown; /* files were not read: names of signals mean nothing */
	/* Those that devices of the guest which is being read have named. */
	struct scenario_guest_signal used[SCENARIO_MAX_USED];
	uint32_t n_used;
	/* As read, before they are put together. */
	const void *replays;
	const struct scenario_action *actions;
	const struct scenario_check *checks;
	uint32_t n_replays, n_actions, n_checks, n_implied;
};

static inline struct load *load_of(struct bind *b)
{
	return b->user;
}

/* An error at `key` where the guests of a bus pass the bench by (table_machine.c). */
void bus_must_be_ours(struct bind *b, const struct node *n, const char *key, uint32_t bus);

/* --- tables ------------------------------------------------------------------------------ */

extern const struct schema schema_scenario;
extern const struct schema schema_guest, schema_bus; /* table_machine.c */
extern const struct schema schema_replay; /* table_replay.c */
extern const struct schema schema_network, schema_net, schema_link; /* table_net.c */
extern const struct schema schema_disk; /* table_disk.c */
extern const struct schema schema_balloon, schema_balloon_op; /* table_balloon.c */
extern const struct schema schema_vsock; /* table_vsock.c */
extern const struct schema schema_gnss; /* table_gnss.c */
extern const struct schema schema_sound, schema_audio, schema_volume_op, schema_mute_op,
	schema_jack_op; /* table_sound.c */
extern const struct schema schema_share, schema_vhost_user; /* table_files.c */
extern const struct schema schema_chip, schema_line; /* table_sensors.c */
extern const struct schema schema_action; /* table_action.c */
extern const struct schema schema_boot; /* table_boot.c */
extern const struct schema schema_type_op; /* table_console.c */
extern const struct schema schema_signals; /* table_signal.c */
extern const struct schema schema_script; /* table_script.c */
extern const struct schema schema_panel; /* table_panel.c */
extern const struct schema schema_stuck, schema_silence; /* table_signal_op.c */
extern const struct schema schema_fault, schema_cut, schema_load,
	schema_throttle; /* table_fault.c */
extern const struct schema schema_check; /* table_check.c */

/* --- types that refer to things of the scenario (refs.c) --------------------------------- */

extern const struct schema_type type_bus; /* uint32_t index */
extern const struct schema_type type_guest; /* uint32_t index */
extern const struct schema_type type_guests; /* the same, or `all` */
extern const struct schema_type type_display; /* read by refs_display() */
extern const struct schema_type type_checkpoint; /* const char * */
extern const struct schema_type type_signal; /* uint32_t index (table_signal_op.c) */
extern const struct schema_type type_assigns; /* struct scenario_assigns (table_signal_op.c) */
extern const struct schema_type type_feed; /* struct signal_feed (table_feed.c) */
extern const struct schema_type type_output; /* uint32_t place (table_feed.c) */
extern const struct schema_type type_key; /* uint16_t KEY_* */
extern const struct schema_type type_button; /* uint16_t BTN_* */
extern const struct schema_type type_point; /* struct scenario_point: [x, y] */
extern const struct schema_type type_region; /* struct display_rect: [x, y, width, height] */
extern const struct schema_type type_frame; /* struct scenario_frame */
extern const struct schema_type type_either; /* int8_t: 0, 1, or -1 for `any` */
extern const struct schema_type type_pattern; /* struct scenario_match: data, mask, n_data */
extern const struct schema_type type_match_frame; /* struct scenario_match: all of a frame */

/*
 * The place of the thing that `n` names among `count` of one kind, whose names `name` gives (NULL:
 * its own errors left it without one). *out stays as it is, and that is reported, where it is none
 * of them; `what` is the kind.
 */
void refs_named(struct bind *b, const struct node *n, const char *what, uint32_t count,
	const char *(*name)(const struct scenario *s, uint32_t i), uint32_t *out);

/*
 * The display that `n` (the mapping of an action or a check) names for a guest, by title or
 * number; without the key the guest's only one, or SCENARIO_ALL where `all_allowed`. Reports and
 * returns false where there is none.
 */
bool refs_display(
	struct bind *b, const struct node *n, uint32_t guest, bool all_allowed, uint32_t *out);

/* What a guest boots: its kernel, or a disk (table_boot.c). */
void boot_check(struct bind *b, const struct node *n, struct scenario_guest *g);

/* Whether a guest has a console of that name (`serial` too); reports at the key `port`. */
bool refs_port(struct bind *b, const struct node *n, uint32_t guest, const char *port);

/* The map in a file, read once; NULL when it is wrong (reported). */
const struct sigmap *refs_sigmap(struct bind *b, const struct node *n, const char *path);

/* The signal that `n` names; false where there is none (reported), and where files were not read
 * (table_signal_op.c). */
bool refs_signal(struct bind *b, const struct node *n, uint32_t *out);
/* The guest that was read gets the list of signals that its devices named (table_feed.c). */
void feeds_take(struct bind *b, struct scenario_guest *g);

/* The public form of the array that schema_replay bound. */
const struct scenario_replay *load_replays(struct bind *b, const void *raws, uint32_t n);

/* Name of a check that was made from one about every guest; NULL for kinds that cannot be. */
const char *load_check_name(struct bind *b, const struct scenario_check *c);

/* A guest's balloon against its memory (table_balloon.c). */
void balloon_check(struct bind *b, const struct node *n, const struct scenario_guest *g);
/* The rules of a guest's sensors; `n` is the guest (table_sensors.c). */
void sensors_check(struct bind *b, const struct node *n, const struct scenario_guest *g);
/* The rules of a guest's shares; `n` is the guest (table_files.c). */
void shares_check(struct bind *b, const struct node *n, const struct scenario_guest *g);
/* The rules of vsock devices that span guests; `root` is the whole file (table_vsock.c). */
void vsock_check(struct bind *b, const struct node *root);
/* Gives a guest the port that its receiver speaks on, where it has none of that name; `n` is the
 * guest (table_gnss.c). */
void gnss_port(struct bind *b, const struct node *n, struct scenario_guest *g);
/* Finds the signals of all receivers; `root` is the whole file (table_gnss.c). */
void gnss_check(struct bind *b, const struct node *root);
/* The stream that `n` (the mapping of an action or a check) names at its key "stream"; reports
 * where there is none (table_sound.c). */
bool refs_stream(struct bind *b, const struct node *n, uint32_t *guest, uint32_t *stream);
extern const struct schema_type type_stream; /* read by refs_stream() */
/* The streams that rules of focus name (table_sound.c). */
void sound_check(struct bind *b, const struct node *root);

/* The signals that the panel names (table_panel.c). */
void panel_check(struct bind *b, const struct node *root);

/* Asks for a picture at a time; returns the checkpoint's name. */
const char *load_imply_picture(struct bind *b, uint64_t at_ns, uint32_t guest, uint32_t display);
void load_imply(struct bind *b, const struct scenario_action *act);
/* The same for the end of an action that lasts `for_ns`; `end` has the time of its beginning. */
void load_imply_end(
	struct bind *b, struct scenario_action end, enum scenario_op op, uint64_t for_ns);

/* --- frames as text (frame.c) ------------------------------------------------------------ */

/* `123#01XX*`: a frame with wildcards; without any it is a frame to send. */
struct frame_text {
	canid_t id; /* with CAN_EFF_FLAG */
	bool fd, rtr, open;
	uint8_t flags, len;
	uint8_t data[CANFD_MAX_DLEN], mask[CANFD_MAX_DLEN];
};
MUST_CHECK int frame_text_parse(const char *text, struct frame_text *out, struct err *e);
/* Writes an identifier with its pattern, for names of checks. */
void frame_show_match(char *buf, size_t cap, const struct scenario_match *m);

/* Reads a map and adds its problems to `d`. 0, -EINVAL (reported), -ENOMEM. */
MUST_CHECK int sigmap_load_diags(struct diags *d, const char *path, struct sigmap *out);
extern const struct schema schema_sigmap;
extern const struct schema schema_frame; /* a frame written as a mapping */
extern const struct schema schema_feed; /* a quantity written as a mapping (table_feed.c) */

/*
 * Replaces ${NAME} and ${NAME:-default} in all values below `n`: from --set words, then from the
 * environment. Reports what is not set, and words of --set that nothing uses.
 */
MUST_CHECK int subst_tree(
	struct arena *a, struct diags *d, struct node *n, const struct scenario_opts *opts);

/* Every key name, for suggestions: NULL at the end. */
const char *scenario_key_name_at(size_t i);
