/* SPDX-License-Identifier: Apache-2.0 */
/* Sound: the tables of guests' streams and of what the host does with them. */
#include <stdio.h>
#include <string.h>

#include "base/proto/pcm_port.h"
#include "sim/scenario/load.h"
#include "sim/scenario/units.h"

#define S(field) offsetof(struct scenario_sound, field)
#define F(field) offsetof(struct scenario_focus, field)
#define A(field) offsetof(struct load, s.audio.field)

static const struct schema_word direction_words[] = {
	{ "play", 0, "the guest plays" },
	{ "capture", 1, "the guest records" },
	{ 0 },
};

static const struct schema_word server_words[] = {
	{ "auto", SCENARIO_SOUND_AUTO,
		"PipeWire where it runs, else PulseAudio, else nobody hears anything" },
	{ "pipewire", SCENARIO_SOUND_PIPEWIRE, "PipeWire, as soon as it runs" },
	{ "pulse", SCENARIO_SOUND_PULSE, "PulseAudio, as soon as it runs" },
	{ "null", SCENARIO_SOUND_NULL, "nobody hears anything; recordings are made all the same" },
	{ 0 },
};

static const struct schema_word recording_words[] = {
	{ "wav", 0, "as they were played" },
	{ "flac", 1, "compressed without loss; 32-bit and floating-point samples become 24 bits" },
	{ 0 },
};

static const struct schema_key sound_name = { .key = "name",
	.type = &type_name,
	.max = SCENARIO_NAME_MAX,
	.offset = S(name),
	.doc = "its name" };

static const struct schema_key sound_keys[] = {
	{ .key = "direction",
		.type = &type_enum,
		.def = "play",
		.words = direction_words,
		.offset = S(capture),
		.doc = "which way it goes" },
	{ .key = "channels",
		.type = &type_u32,
		.min = 1,
		.max = PCM_MAX_CHANNELS,
		.def = "2",
		.offset = S(channels),
		.doc = "the most that the guest may use" },
	{ .key = "role",
		.type = &type_string,
		.min = 1,
		.max = 60,
		.offset = S(role),
		.doc = "media role that the sound server is told: `Music`, `Notification`, ..." },
	{ .key = "target",
		.type = &type_string,
		.min = 1,
		.max = 250,
		.offset = S(target),
		.doc = "sink or source of the sound server, without it the default one; "
		       "`SINK.monitor` captures what a sink plays, without a sound server what streams "
		       "with `target: SINK` play" },
	{ .key = "volume",
		.type = &type_u32,
		.max = 100,
		.def = "100",
		.unit = "percent",
		.offset = S(volume_percent),
		.doc = "volume on the host" },
	{ .key = "mute",
		.type = &type_bool,
		.def = "false",
		.offset = S(mute),
		.doc = "whether it is silent on the host" },
	{ .key = "plugged",
		.type = &type_bool,
		.def = "true",
		.offset = S(plugged),
		.doc = "whether its jack is in at the start" },
	{ .key = "record",
		.type = &type_bool,
		.def = "true",
		.offset = S(record),
		.doc = "write what is heard to OUT/GUEST-STREAM.wav, and when it was heard to "
		       "OUT/GUEST-STREAM.times.csv" },
};

const struct schema schema_sound = {
	.item = "stream",
	.size = sizeof(struct scenario_sound),
	.keys = sound_keys,
	.n_keys = ARRAY_SIZE(sound_keys),
	.map_key = &sound_name,
	.doc = "Streams of a guest's sound card (docs/sound.md), by name.",
};

static const struct schema_key focus_keys[] = {
	{ .key = "when",
		.type = &type_string,
		.flags = KEY_REQUIRED,
		.offset = F(when),
		.doc = "stream that is more important: `cluster.chime`" },
	{ .key = "duck",
		.type = &type_string,
		.flags = KEY_REQUIRED,
		.offset = F(duck),
		.doc = "stream that is quieter meanwhile: `ivi.media`" },
	{ .key = "db",
		.type = &type_u32,
		.min = 1,
		.max = 120,
		.def = "12",
		.unit = "decibels",
		.offset = F(db),
		.doc = "by how much" },
	{ .key = "hold",
		.type = &type_duration,
		.def = "300ms",
		.offset = F(hold_ns),
		.doc = "how long after it was heard last" },
};

bool scenario_stream(const struct scenario *s, const char *path, uint32_t *guest, uint32_t *stream,
	char near[SCENARIO_STREAM_TEXT])
{
	struct unit_near nearest = { .typed = path };

	near[0] = '\0';
	for (uint32_t g = 0; g < s->n_guests; g++) {
		for (uint32_t i = 0; i < s->guests[g].n_sounds; i++) {
			const char *sound = s->guests[g].sounds[i].name;
			char text[SCENARIO_STREAM_TEXT];

			/* One with errors has no name. */
			if (!s->guests[g].name || !sound)
				continue;
			snprintf(text, sizeof(text), "%s.%s", s->guests[g].name, sound);
			if (strcmp(text, path) == 0) {
				*guest = g;
				*stream = i;
				return true;
			}
			unit_near(&nearest, text);
			if (nearest.best == text) {
				memcpy(near, text, sizeof(text));
				nearest.best = near;
			}
		}
	}
	return false;
}

static bool is_stream(const struct scenario *s, const char *path)
{
	char near[SCENARIO_STREAM_TEXT];
	uint32_t guest, stream;

	return scenario_stream(s, path, &guest, &stream, near);
}

/* Read when the whole mapping is: see refs_stream(). */
const struct schema_type type_stream = { .name = "stream", .parse = schema_parse_later };

bool refs_stream(struct bind *b, const struct node *n, uint32_t *guest, uint32_t *stream)
{
	const struct node *at = node_get(n, "stream");
	const char *text = at && at->text ? at->text : "";
	char near[SCENARIO_STREAM_TEXT];

	if (scenario_stream(&load_of(b)->s, text, guest, stream, near))
		return true;
	bind_key_error(b, n, "stream",
		"names an unknown stream \"%.60s\": write GUEST.STREAM%s%s%s", text,
		near[0] ? "; did you mean \"" : "", near, near[0] ? "\"?" : "");
	return false;
}

/* ---- actions ---- */

#define O(field) offsetof(struct scenario_action, field)

static void op_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_action *a = obj;

	(void)refs_stream(b, n, &a->guest, &a->u.sound.stream);
}

#define STREAM_KEY                                                            \
	{                                                                     \
		.key = "stream", .type = &type_stream, .flags = KEY_REQUIRED, \
		.doc = "which one: `ivi.media`"                               \
	}

static const struct schema_key volume_keys[] = {
	STREAM_KEY,
	{ .key = "percent",
		.type = &type_u32,
		.flags = KEY_REQUIRED,
		.max = 100,
		.unit = "percent",
		.offset = O(u.sound.percent),
		.doc = "its volume on the host" },
};
const struct schema schema_volume_op = {
	.keys = volume_keys,
	.n_keys = ARRAY_SIZE(volume_keys),
	.doc = "Sets a stream's volume on the host, beside the guest's own.",
	.post = op_post,
};

static const struct schema_key mute_keys[] = {
	STREAM_KEY,
	{ .key = "on",
		.type = &type_bool,
		.def = "true",
		.offset = O(u.sound.on),
		.doc = "whether it is silent on the host" },
};
const struct schema schema_mute_op = {
	.keys = mute_keys,
	.n_keys = ARRAY_SIZE(mute_keys),
	.doc = "Makes a stream silent on the host, or lets it be heard again.",
	.post = op_post,
};

static const struct schema_key jack_keys[] = {
	STREAM_KEY,
	{ .key = "plugged",
		.type = &type_bool,
		.flags = KEY_REQUIRED,
		.offset = O(u.sound.on),
		.doc = "whether it is in" },
};
const struct schema schema_jack_op = {
	.keys = jack_keys,
	.n_keys = ARRAY_SIZE(jack_keys),
	.doc = "Plugs the jack of a stream in or out: the guest is told, and may do what it will; what it "
	       "plays is heard all the same.",
	.post = op_post,
};

static const struct schema schema_focus = {
	.item = "rule",
	.size = sizeof(struct scenario_focus),
	.keys = focus_keys,
	.n_keys = ARRAY_SIZE(focus_keys),
	.doc = "While one stream is heard another is quieter, as cars do with warnings.",
};

static const struct schema_key audio_keys[] = {
	{ .key = "server",
		.type = &type_enum,
		.def = "auto",
		.words = server_words,
		.offset = A(server),
		.doc = "who plays it" },
	{ .key = "recordings",
		.type = &type_enum,
		.def = "wav",
		.words = recording_words,
		.offset = A(flac),
		.doc = "what files the recordings of streams are" },
	{ .key = "focus",
		.shape = SHAPE_LIST,
		.sub = &schema_focus,
		.max = SCENARIO_MAX_FOCUS,
		.offset = A(focus),
		.count = A(n_focus),
		.doc = "who is more important than whom" },
};

const struct schema schema_audio = {
	.keys = audio_keys,
	.n_keys = ARRAY_SIZE(audio_keys),
	.short_key = "server",
	.doc = "The host's side of all guests' sound (docs/sound.md).",
};

void sound_check(struct bind *b, const struct node *root)
{
	const struct scenario *s = &load_of(b)->s;
	uint32_t streams = 0;

	for (uint32_t i = 0; i < s->n_guests; i++)
		streams += s->guests[i].n_sounds;
	if (streams > SCENARIO_ALL_SOUNDS)
		bind_key_error(b, root, "guests",
			"have %u streams of sound in all, %u are possible", streams,
			SCENARIO_ALL_SOUNDS);
	for (uint32_t i = 0; i < s->audio.n_focus; i++) {
		const struct scenario_focus *f = &s->audio.focus[i];
		const char *unknown = !is_stream(s, f->when) ? f->when : f->duck;

		if (!is_stream(s, unknown))
			bind_key_error(b, root, "audio",
				"names an unknown stream \"%.60s\": write GUEST.STREAM", unknown);
		else if (strcmp(f->when, f->duck) == 0)
			bind_key_error(b, root, "audio", "makes \"%.60s\" duck itself", f->when);
	}
}
