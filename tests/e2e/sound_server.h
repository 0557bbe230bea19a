/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sound server of the test's own, without a sound card: PipeWire with WirePlumber, or PulseAudio,
 * with a sink "vsink" whose monitor can be recorded and a microphone that the test speaks into. It
 * lives in the test's folder; the environment of this process is changed so that clients find it.
 * Every wait has a limit; a test that hits it fails.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

enum sound_kind { SOUND_PIPEWIRE, SOUND_PULSE };

struct sound_server {
	enum sound_kind kind;
	pid_t daemon, manager; /* manager: WirePlumber; 0: none */
};

/* NULL: the programs are there; else which one is missing. */
const char *sound_server_unable(enum sound_kind kind);
/* Starts it and waits until its sink is there. */
void sound_server_start(struct sound_server *s, enum sound_kind kind);
/* Kills it on the spot, as a crash would. */
void sound_server_kill(struct sound_server *s);
/* Waits until all of these words are in what it tells about its streams. */
void sound_server_await_words(const struct sound_server *s, const char *const *words);
/* Ends it; legal when it was killed. */
void sound_server_stop(struct sound_server *s);

/* Target of a guest's capturing stream that hears the microphone. */
const char *sound_server_microphone(const struct sound_server *s);

/* Records what the sink plays to FOLDER/name until sound_stop(). */
pid_t sound_record(const struct sound_server *s, const char *name);
/* Plays FOLDER/name into the microphone, until its end or sound_stop(). */
pid_t sound_speak(const struct sound_server *s, const char *name);
void sound_stop(pid_t pid);
/* Ends all that a failed test left: a teardown. */
void sound_kill_all(void);

/* Writes a stereo WAV of a tone on each side. */
void sound_write_tones(
	const char *name, double left_hz, double right_hz, double db, unsigned int seconds);

/* The longest time without a break in which a recording has these tones with that level on the left
 * and on the right, in ms; and how often sound stopped in between. */
struct sound_heard {
	unsigned int longest_ms, pieces;
};
struct sound_heard sound_listen(const char *name, double left_hz, double right_hz, double db);

/* A recording with a tone of `hz` on the left, which gets quieter where sound begins on the right.
 */
struct sound_duck {
	double before_db, after_db; /* of the tone */
	double delay_ms; /* from the first sound on the right until the tone is that quiet */
};
/* Where sound began on the right after half a second of silence, at most `cap` times; how often. */
unsigned int sound_find_ducks(
	const char *name, double hz, struct sound_duck *out, unsigned int cap);
