/* SPDX-License-Identifier: Apache-2.0 */
/* dyno-audio's first message; see manifest.h. */
#include "sim/audio/manifest.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"

#define MAX_VOLUME_MILLI 1000u
#define MAX_DB           120u
#define MAX_HOLD_MS      60000u

static int get_name(
	const json_t *o, const char *key, enum json_need need, char *out, size_t cap, struct err *e)
{
	const char *s = "";
	int rc = json_get_str(o, key, need, &s, e);

	if (rc < 0)
		return rc;
	if (strlen(s) >= cap)
		return err_set(e, -EINVAL, "\"%s\" is longer than %zu bytes", key, cap - 1);
	memcpy(out, s, strlen(s) + 1);
	return 0;
}

static int get_index(const json_t *o, const char *key, size_t nfds, uint32_t *out, struct err *e)
{
	uint64_t v = 0;
	int rc = nfds ? json_get_u64(o, key, JSON_REQUIRED, 0, nfds - 1, &v, e)
		      : err_set(e, -EINVAL, "\"%s\": no descriptors came along", key);

	*out = (uint32_t)v;
	return rc;
}

static int get_word(const json_t *o, const char *key, const char *const *words, unsigned int n,
	unsigned int *out, struct err *e)
{
	const char *s = NULL;
	int rc = json_get_str(o, key, JSON_OPTIONAL, &s, e);

	for (unsigned int i = 0; rc == 0 && s && i < n; i++) {
		if (strcmp(s, words[i]) == 0) {
			*out = i;
			return 0;
		}
	}
	return rc < 0 || !s ? rc : err_set(e, -EINVAL, "\"%s\": \"%s\" is unknown", key, s);
}

static int parse_stream(const json_t *o, size_t nfds, struct audio_stream_spec *s, struct err *e)
{
	static const char *const directions[] = { "play", "capture" };
	unsigned int direction = PCM_PLAY;
	uint64_t volume = MAX_VOLUME_MILLI;
	int rc = get_name(o, "name", JSON_REQUIRED, s->name, sizeof(s->name), e);

	if (rc == 0)
		rc = get_name(o, "role", JSON_OPTIONAL, s->role, sizeof(s->role), e);
	if (rc == 0)
		rc = get_name(o, "target", JSON_OPTIONAL, s->target, sizeof(s->target), e);
	if (rc == 0)
		rc = get_word(o, "direction", directions, 2, &direction, e);
	if (rc == 0)
		rc = get_index(o, "ring", nfds, &s->ring, e);
	if (rc == 0)
		rc = json_get_u64(o, "volume", JSON_OPTIONAL, 0, MAX_VOLUME_MILLI, &volume, e);
	if (rc == 0)
		rc = json_get_bool(o, "mute", JSON_OPTIONAL, &s->mute, e);
	if (rc == 0)
		rc = json_get_bool(o, "record", JSON_OPTIONAL, &s->record, e);
	s->direction = (enum pcm_direction)direction;
	s->volume_milli = (uint32_t)volume;
	return rc;
}

static int parse_device(const json_t *o, size_t nfds, struct audio_manifest *m, struct err *e)
{
	struct audio_device_spec *d = &m->device[m->n_devices];
	json_t *streams = NULL, *s;
	size_t i;
	int rc = get_name(o, "guest", JSON_REQUIRED, d->guest, sizeof(d->guest), e);

	if (rc == 0)
		rc = get_index(o, "fd", nfds, &d->fd, e);
	if (rc == 0)
		rc = get_index(o, "wake", nfds, &d->wake, e);
	if (rc == 0)
		rc = json_get_array(o, "streams", JSON_REQUIRED, &streams, e);
	if (rc < 0)
		return rc;
	if (json_array_size(streams) < 1 || json_array_size(streams) > PCM_MAX_STREAMS ||
		json_array_size(streams) > AUDIO_MAX_STREAMS - m->n_streams)
		return err_set(e, -EINVAL, "\"streams\": 1 to %u of a device, %u in all",
			PCM_MAX_STREAMS, AUDIO_MAX_STREAMS);
	d->first = m->n_streams;
	json_array_foreach (streams, i, s) {
		rc = parse_stream(s, nfds, &m->stream[m->n_streams], e);
		if (rc < 0) {
			err_prefix(e, "streams[%zu]", i);
			return rc;
		}
		m->n_streams++;
		d->n++;
	}
	m->n_devices++;
	return 0;
}

int audio_manifest_find(const struct audio_manifest *m, const char *path)
{
	for (uint32_t d = 0; d < m->n_devices; d++) {
		const struct audio_device_spec *dev = &m->device[d];
		size_t len = strlen(dev->guest);

		if (strncmp(path, dev->guest, len) != 0 || path[len] != '.')
			continue;
		for (uint32_t i = dev->first; i < dev->first + dev->n; i++) {
			if (strcmp(path + len + 1, m->stream[i].name) == 0)
				return (int)i;
		}
	}
	return -1;
}

static int parse_focus(const json_t *o, struct audio_manifest *m, struct err *e)
{
	const char *when = NULL;
	uint64_t db = 0, hold_ms = 0;
	json_t *ducks = NULL, *duck;
	size_t i;
	int rc = json_get_str(o, "when", JSON_REQUIRED, &when, e), w;

	if (rc == 0)
		rc = json_get_u64(o, "db", JSON_REQUIRED, 0, MAX_DB, &db, e);
	if (rc == 0)
		rc = json_get_u64(o, "hold_ms", JSON_REQUIRED, 0, MAX_HOLD_MS, &hold_ms, e);
	if (rc == 0)
		rc = json_get_array(o, "duck", JSON_REQUIRED, &ducks, e);
	if (rc < 0)
		return rc;
	w = audio_manifest_find(m, when);
	json_array_foreach (ducks, i, duck) {
		int d = json_is_string(duck) ? audio_manifest_find(m, json_string_value(duck)) : -1;

		if (w < 0 || d < 0 || d == w)
			return err_set(e, -EINVAL, "no such pair of streams");
		if (m->n_focus == ARRAY_SIZE(m->focus))
			return err_set(e, -EINVAL, "too many rules");
		m->focus[m->n_focus++] = (struct audio_focus_spec){ (uint32_t)w, (uint32_t)d,
			powf(10, -(float)db / 20), hold_ms * NS_PER_MS };
	}
	return 0;
}

int audio_manifest_parse(const json_t *msg, size_t nfds, struct audio_manifest *out, struct err *e)
{
	static const char *const servers[] = { "auto", "pipewire", "pulse", "null" };
	static const char *const levels[] = { "error", "warn", "info", "debug" };
	unsigned int server = AUDIO_AUTO, level = LOG_INFO;
	json_t *devices = NULL, *focus = NULL, *o;
	uint64_t version = 0;
	size_t i;
	int rc = json_get_u64(msg, "manifest", JSON_REQUIRED, 1, 1, &version, e);

	memset(out, 0, sizeof(*out));
	static_assert(LOG_ERROR == 0 && LOG_DEBUG == 3, "the words of log levels");
	if (rc == 0)
		rc = get_word(msg, "backend", servers, ARRAY_SIZE(servers), &server, e);
	if (rc == 0)
		rc = get_word(msg, "log_level", levels, ARRAY_SIZE(levels), &level, e);
	if (rc == 0)
		rc = get_name(msg, "record", JSON_OPTIONAL, out->record, sizeof(out->record), e);
	if (rc == 0)
		rc = json_get_bool(msg, "flac", JSON_OPTIONAL, &out->flac, e);
	if (rc == 0)
		rc = json_get_array(msg, "devices", JSON_REQUIRED, &devices, e);
	if (rc == 0)
		rc = json_get_array(msg, "focus", JSON_OPTIONAL, &focus, e);
	if (rc < 0)
		return rc;
	out->server = (enum audio_server)server;
	out->log_level = (enum log_level)level;
	if (json_array_size(devices) > AUDIO_MAX_DEVICES)
		return err_set(e, -EINVAL, "\"devices\": at most %u", AUDIO_MAX_DEVICES);
	json_array_foreach (devices, i, o) {
		rc = parse_device(o, nfds, out, e);
		if (rc < 0) {
			err_prefix(e, "devices[%zu]", i);
			return rc;
		}
	}
	json_array_foreach (focus, i, o) {
		rc = parse_focus(o, out, e);
		if (rc < 0) {
			err_prefix(e, "focus[%zu]", i);
			return rc;
		}
	}
	return 0;
}
