/* SPDX-License-Identifier: Apache-2.0 */
/* dyno-audio's process; see audio_proc.h. */
#include "sim/bench/audio_proc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "base/json.h"
#include "base/proto/pcm_port.h"
#include "sim/bench/bench.h"
#include "sim/bench/json_text.h"
#include "sim/bench/manifest.h"

bool audio_wanted(const struct scenario *s)
{
	for (uint32_t i = 0; i < s->n_guests; i++) {
		if (s->guests[i].n_sounds)
			return true;
	}
	return false;
}

bool audio_alive(const struct audio_proc *a)
{
	return a->started && a->child.pid > 0;
}

static void on_event(void *arg, const char *ev, const json_t *msg, int fd)
{
	struct audio_proc *a = arg;
	const char *server = json_string_value(json_object_get(msg, "backend"));
	const char *text = json_string_value(json_object_get(msg, "text"));

	(void)fd;
	if (strcmp(ev, "ready") == 0) {
		char line[96];
		int n;

		a->ready = true;
		snprintf(a->server, sizeof(a->server), "%s", server ? server : "?");
		n = snprintf(line, sizeof(line), "sound: %s%s", a->server,
			strcmp(a->server, "null") == 0 ? " (recorded, not heard)" : "");
		term_line(&a->bench->term, line, (size_t)n);
	} else if (strcmp(ev, "error") == 0) {
		term_problem(&a->bench->term, "no sound: %s", text ? text : "unknown error");
	}
}

static void on_readable(struct child *c)
{
	struct audio_proc *a = c->data;

	rpc_receive(&a->rpc, c, "dyno-audio", on_event, a);
}

static void on_line(struct child *c, const char *text, size_t len)
{
	struct audio_proc *a = c->data;

	if (term_may_say(&a->bench->term, &a->said, "dyno-audio"))
		term_line(&a->bench->term, text, len);
}

static void on_exit_(struct child *c)
{
	struct audio_proc *a = c->data;
	char status[128];

	child_hang_up(c);
	child_status_text(c, status, sizeof(status));
	rpc_close(&a->rpc, "dyno-audio has ended");
	if (!a->stop_wanted)
		term_problem(&a->bench->term,
			"dyno-audio %s: guests play into nothing from here on", status);
	bench_helper_ended(a->bench);
}

/* ---- start ---- */

static int make_memory(struct audio_proc *a, const struct scenario *s, struct err *e)
{
	a->n_guests = s->n_guests;
	for (uint32_t g = 0; g < s->n_guests; g++) {
		struct audio_guest *ag = &a->guest[g];

		if (!s->guests[g].n_sounds)
			continue;
		ag->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (ag->wake < 0)
			return err_errno(e, errno, "cannot make a sound device's bell");
		for (uint32_t i = 0; i < s->guests[g].n_sounds; i++) {
			const struct scenario_sound *sound = &s->guests[g].sounds[i];

			ag->mix[i] = (struct audio_mix){ sound->volume_percent, sound->mute,
				sound->plugged };
			ag->ring[i] = pcm_ring_create("sound");
			if (ag->ring[i] < 0)
				return err_errno(e, -ag->ring[i], "no memory for sound");
		}
	}
	return 0;
}

/* One device of the first message; its end of the socket goes to *theirs, ours stays. */
static int add_device(struct audio_proc *a, uint32_t g, json_t *devices, struct manifest_fds *out,
	int *theirs, struct err *e)
{
	const struct scenario_guest *sg = &a->bench->s->guests[g];
	struct audio_guest *ag = &a->guest[g];
	json_t *streams = json_array();
	int pair[2], rc = ipc_pair(pair, 0);

	if (rc < 0) {
		json_decref(streams);
		return err_errno(e, -rc, "cannot make a sound device's socket");
	}
	ag->sock = pair[0];
	*theirs = pair[1];
	for (uint32_t i = 0; i < sg->n_sounds; i++) {
		const struct scenario_sound *s = &sg->sounds[i];

		json_array_append_new(streams,
			json_pack("{s:s,s:s,s:o,s:s,s:s,s:i,s:b,s:b}", "name", s->name, "direction",
				s->capture ? "capture" : "play", "ring",
				manifest_fd_index(out, ag->ring[i]), "role", s->role ? s->role : "",
				"target", s->target ? s->target : "", "volume",
				(int)s->volume_percent * 10, "mute", s->mute, "record", s->record));
	}
	json_array_append_new(
		devices, json_pack("{s:s,s:o,s:o,s:o}", "guest", sg->name, "fd",
				 manifest_fd_index(out, *theirs), "wake",
				 manifest_fd_index(out, ag->wake), "streams", streams));
	return 0;
}

static json_t *focus_rules(const struct scenario_audio *s)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < s->n_focus; i++)
		json_array_append_new(
			list, json_pack("{s:s,s:[s],s:i,s:I}", "when", s->focus[i].when, "duck",
				      s->focus[i].duck, "db", (int)s->focus[i].db, "hold_ms",
				      (json_int_t)(s->focus[i].hold_ns / NS_PER_MS)));
	return list;
}

static int send_manifest(struct audio_proc *a, struct err *e)
{
	static const char *const servers[] = { "auto", "pipewire", "pulse", "null" };
	const struct scenario *s = a->bench->s;
	int theirs[SCENARIO_MAX_GUESTS], rc = 0;
	json_t *devices = json_array(), *m;
	struct manifest_fds out = { .n = 0 };

	memset(theirs, 0xff, sizeof(theirs));
	for (uint32_t g = 0; g < s->n_guests && rc == 0; g++) {
		if (s->guests[g].n_sounds)
			rc = add_device(a, g, devices, &out, &theirs[g], e);
	}
	m = json_pack("{s:i,s:s,s:s,s:s,s:b,s:o,s:o}", "manifest", 1, "backend",
		servers[s->audio.server], "log_level", a->bench->opts.log_level, "record",
		a->bench->out_dir, "flac", (int)s->audio.flac, "devices", devices, "focus",
		focus_rules(&s->audio));
	if (rc == 0) {
		rc = json_msg_send(a->child.sock, m, out.fd, out.n);
		if (rc < 0)
			err_errno(e, -rc, "cannot send dyno-audio its manifest");
	}
	json_decref(m);
	ipc_close_fds(theirs, SCENARIO_MAX_GUESTS);
	return rc;
}

int audio_start(struct audio_proc *a, struct bench *b, const char *program, struct err *e)
{
	const char *argv[] = { program, NULL };
	int rc;

	memset(a, 0, sizeof(*a));
	for (uint32_t g = 0; g < SCENARIO_MAX_GUESTS; g++) {
		a->guest[g].wake = a->guest[g].sock = -1;
		memset(a->guest[g].ring, 0xff, sizeof(a->guest[g].ring));
	}
	a->bench = b;
	child_init(&a->child);
	a->child.on_line = on_line;
	a->child.on_readable = on_readable;
	a->child.on_exit = on_exit_;
	a->child.data = a;
	a->started = true;
	rc = make_memory(a, b->s, e);
	if (rc == 0)
		rc = child_spawn(&a->child, b->loop, argv, e);
	if (rc < 0)
		return rc;
	rpc_init(&a->rpc, a->child.sock);
	return send_manifest(a, e);
}

void audio_fini(struct audio_proc *a)
{
	if (!a->started)
		return;
	child_fini(&a->child);
	for (uint32_t g = 0; g < SCENARIO_MAX_GUESTS; g++) {
		fd_close(&a->guest[g].wake);
		fd_close(&a->guest[g].sock);
		ipc_close_fds(a->guest[g].ring, SCENARIO_MAX_SOUNDS);
	}
	json_decref(a->figures);
	a->figures = NULL;
	a->started = false;
}

/* ---- guests ---- */

static void attached(void *arg, const json_t *reply, const char *error)
{
	struct audio_proc *a = arg;

	(void)reply;
	if (error)
		term_problem(&a->bench->term,
			"dyno-audio does not hear a guest that was started again: %s", error);
}

int audio_plug(struct audio_proc *a, uint32_t guest, int *fd, struct err *e)
{
	struct audio_guest *ag = &a->guest[guest];
	int pair[2], rc;

	if (!ag->plugged) {
		ag->plugged = true;
		*fd = fd_take(&ag->sock);
		return 0;
	}
	rc = ipc_pair(pair, 0);
	if (rc < 0)
		return err_errno(e, -rc, "cannot make a sound device's socket");
	/* Its sound card is a new one. */
	for (uint32_t i = 0; i < a->bench->s->guests[guest].n_sounds; i++)
		ag->mix[i].plugged = a->bench->s->guests[guest].sounds[i].plugged;
	if (audio_alive(a))
		rpc_call(&a->rpc,
			json_pack("{s:s,s:s}", "op", "attach", "guest",
				a->bench->s->guests[guest].name),
			&pair[1], 1, attached, a);
	fd_close(&pair[1]);
	*fd = pair[0];
	return 0;
}

int audio_wake_fd(const struct audio_proc *a, uint32_t guest)
{
	return a->guest[guest].wake;
}

const int *audio_ring_fds(const struct audio_proc *a, uint32_t guest)
{
	return a->guest[guest].ring;
}

struct set_call {
	struct audio_mix *mix, want;
	rpc_done done;
	void *arg;
};

static void was_set(void *arg, const json_t *reply, const char *error)
{
	struct set_call *c = arg;

	if (!error)
		*c->mix = c->want;
	c->done(c->arg, reply, error);
	free(c);
}

/* To dyno-audio, which is the host's mixer. */
static void mix_set(struct audio_proc *a, const struct scenario_action *op, struct set_call *c)
{
	const struct scenario_guest *g = &a->bench->s->guests[op->guest];
	char path[SCENARIO_STREAM_TEXT];

	if (!audio_alive(a)) {
		was_set(c, NULL, "dyno-audio does not run");
		return;
	}
	snprintf(path, sizeof(path), "%s.%s", g->name, g->sounds[op->u.sound.stream].name);
	rpc_call(&a->rpc,
		json_pack("{s:s,s:s,s:i,s:b}", "op", "set", "stream", path, "volume",
			(int)c->want.volume_percent * 10, "mute", c->want.mute),
		NULL, 0, was_set, c);
}

void audio_set(struct audio_proc *a, const struct scenario_action *op, rpc_done done, void *arg)
{
	struct audio_mix *mix = &a->guest[op->guest].mix[op->u.sound.stream];
	struct set_call *c = malloc(sizeof(*c));

	if (!c) {
		done(arg, NULL, "out of memory");
		return;
	}
	*c = (struct set_call){ mix, *mix, done, arg };
	if (op->op == SCENARIO_JACK) {
		c->want.plugged = op->u.sound.on;
		guest_jack(&a->bench->guests[op->guest], op->u.sound.stream, op->u.sound.on,
			was_set, c);
		return;
	}
	if (op->op == SCENARIO_VOLUME)
		c->want.volume_percent = op->u.sound.percent;
	else
		c->want.mute = op->u.sound.on;
	mix_set(a, op, c);
}

json_t *audio_streams(const struct audio_proc *a, const struct scenario *s)
{
	json_t *list = json_array();

	for (uint32_t g = 0; g < s->n_guests; g++) {
		for (uint32_t i = 0; i < s->guests[g].n_sounds; i++) {
			const struct scenario_sound *sound = &s->guests[g].sounds[i];
			const struct audio_mix *m = &a->guest[g].mix[i];

			json_array_append_new(
				list, json_pack("{s:s,s:s,s:s,s:i,s:b,s:b}", "guest",
					      s->guests[g].name, "stream", sound->name, "direction",
					      sound->capture ? "capture" : "play", "percent",
					      (int)m->volume_percent, "mute", m->mute, "plugged",
					      m->plugged));
		}
	}
	return list;
}

/* Nobody asks metrics.json why it stuttered. */
static void tell_xruns(struct audio_proc *a, const json_t *s)
{
	long long n = json_integer_value(json_object_get(s, "xruns"));
	char line[256];
	int len;

	if (n == 0)
		return;
	len = snprintf(line, sizeof(line),
		"sound: %s.%s broke off %lld time%s, the guest came too late (docs/sound.md, \"On a "
		"busy host\")",
		json_member_text(s, "guest"), json_member_text(s, "stream"), n, n == 1 ? "" : "s");
	term_line(&a->bench->term, line, MIN((size_t)len, sizeof(line) - 1));
}

static void keep_figures(void *arg, const json_t *reply, const char *error)
{
	struct audio_proc *a = arg;
	const json_t *s;
	size_t i;

	if (error)
		return;
	json_decref(a->figures);
	a->figures = json_deep_copy(reply);
	json_object_del(a->figures, "reply");
	json_object_del(a->figures, "ok");
	json_array_foreach (json_object_get(a->figures, "streams"), i, s) {
		tell_xruns(a, s);
	}
}

void audio_stop(struct audio_proc *a)
{
	if (!audio_alive(a) || a->stop_wanted)
		return;
	a->stop_wanted = true;
	rpc_call(&a->rpc, json_pack("{s:s}", "op", "status"), NULL, 0, keep_figures, a);
	rpc_call(&a->rpc, json_pack("{s:s}", "op", "stop"), NULL, 0, NULL, NULL);
}
