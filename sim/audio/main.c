/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dyno-audio: the sound of all guests of a bench, to PipeWire, PulseAudio, or nowhere; with volume,
 * focus and recordings. Started by dyno with its control socket as fd 3 (docs/interfaces.md).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/helper.h"
#include "base/ipc.h"
#include "base/json.h"
#include "sim/audio/backend.h"
#include "sim/audio/manifest.h"
#include "sim/audio/pacer.h"
#include "sim/audio/recorder.h"

struct device {
	struct audio *a;
	const struct audio_device_spec *spec;
	int sock, wake;
	struct ev_io io;
};

struct audio {
	struct ev_loop *loop;
	struct ev_io ctl;
	struct audio_manifest m;
	struct device device[AUDIO_MAX_DEVICES];
	struct audio_stream stream[AUDIO_MAX_STREAMS], *list[AUDIO_MAX_STREAMS];
	struct recorder *recorder;
	atomic_bool connected; /* a sound server is there */
	const struct audio_backend_ops *ops; /* NULL: the null back end */
	struct audio_backend *backend;
	struct pacer *pacer;
};

static void tell(json_t *msg_take)
{
	int rc = json_msg_send_take(HELPER_CONTROL_FD, msg_take, NULL, 0);

	if (rc < 0)
		log_debug("the bench does not listen: %s", err_name(rc));
}

/* ---- devices ---- */

static void on_message(struct audio *a, struct device *d, const struct pcm_msg *m)
{
	uint32_t i = d->spec->first + m->stream;

	audio_stream_message(&a->stream[i], m);
	if (a->ops && m->op == PCM_OPEN)
		a->ops->prepare(a->backend, i, &m->params);
	if (a->ops && m->op == PCM_START)
		a->ops->start(a->backend, i);
	if (a->ops && (m->op == PCM_STOP || m->op == PCM_CLOSE))
		a->ops->stop(a->backend, i);
	if (m->op == PCM_START)
		pacer_wake(a->pacer);
}

/* Its guest is gone: nothing of it plays any more. */
static void hang_up(struct device *d)
{
	struct audio *a = d->a;

	ev_io_del(&d->io);
	fd_close(&d->sock);
	for (uint32_t i = 0; i < d->spec->n; i++) {
		struct audio_stream *s = &a->stream[d->spec->first + i];

		on_message(a, d, &(struct pcm_msg){ .op = PCM_CLOSE, .stream = i, .run = s->run });
	}
}

static void on_device(struct ev_io *io, uint32_t revents)
{
	struct device *d = io->data;
	struct pcm_msg_wire w;
	struct pcm_msg m;

	(void)revents;
	/* A bounded number for each turn: no guest keeps the others from being heard. */
	for (unsigned int n = 0; n < 32; n++) {
		ssize_t len = recv(d->sock, &w, sizeof(w), MSG_DONTWAIT | MSG_TRUNC);

		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (len > 0 && pcm_msg_parse(&m, &w, (size_t)len, d->spec->n) == 0) {
			on_message(d->a, d, &m);
			continue;
		}
		if (len > 0)
			log_error("%s: its device says what cannot be", d->spec->guest);
		hang_up(d);
		return;
	}
}

static int watch(struct device *d, int sock_take)
{
	d->sock = sock_take;
	return d->sock < 0 ? -EBADF : ev_io_add(d->a->loop, &d->io, d->sock, EPOLLIN, on_device, d);
}

/* ---- requests ---- */

static json_t *stream_status(struct audio *a, uint32_t i)
{
	struct audio_stream *s = &a->stream[i];
	struct pcm_params p;
	uint32_t run;
	bool running = audio_stream_current(s, &run, &p);
	uint64_t lost = s->recorder ? recorder_lost(s->recorder, s->tap) : 0;

	return json_pack("{s:s,s:s,s:b,s:s,s:I,s:I,s:I,s:I,s:I,s:i,s:b,s:f}", "guest", s->guest,
		"stream", s->name, "running", running, "clock",
		atomic_load(&s->backend_pulls) ? a->ops->name : "host", "frames",
		(json_int_t)atomic_load(&s->frames), "turn", (json_int_t)atomic_load(&s->turn),
		"missed", (json_int_t)atomic_load(&s->missed), "xruns",
		(json_int_t)atomic_load(&s->xruns), "record_lost", (json_int_t)lost, "volume",
		(int)atomic_load(&s->bench_milli), "mute", atomic_load(&s->bench_mute), "focus",
		(double)audio_stream_focus(s, clock_now_ns()));
}

static json_t *status(struct audio *a)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < a->m.n_streams; i++)
		json_array_append_new(list, stream_status(a, i));
	return json_pack("{s:s,s:b,s:b,s:o}", "backend", a->ops ? a->ops->name : "null",
		"connected", atomic_load(&a->connected), "realtime", pacer_urgent(a->pacer),
		"streams", list);
}

static int set_stream(struct audio *a, const json_t *msg, struct err *e)
{
	const char *path = NULL;
	uint64_t volume = UINT64_MAX;
	bool mute;
	int rc = json_get_str(msg, "stream", JSON_REQUIRED, &path, e), i;

	if (rc == 0)
		rc = json_get_u64(msg, "volume", JSON_OPTIONAL, 0, 1000, &volume, e);
	if (rc < 0)
		return rc;
	i = audio_manifest_find(&a->m, path);
	if (i < 0)
		return err_set(e, -ENOENT, "there is no stream \"%s\"", path);
	mute = atomic_load(&a->stream[i].bench_mute);
	rc = json_get_bool(msg, "mute", JSON_OPTIONAL, &mute, e);
	if (rc < 0)
		return rc;
	if (volume != UINT64_MAX)
		atomic_store(&a->stream[i].bench_milli, (uint32_t)volume);
	atomic_store(&a->stream[i].bench_mute, mute);
	return 0;
}

static int attach(struct audio *a, const json_t *msg, int *fds, size_t nfds, struct err *e)
{
	const char *guest = NULL;
	int rc = json_get_str(msg, "guest", JSON_REQUIRED, &guest, e);

	if (rc == 0 && nfds != 1)
		return err_set(e, -EINVAL, "an attach takes one descriptor");
	for (uint32_t i = 0; rc == 0 && i < a->m.n_devices; i++) {
		if (strcmp(a->device[i].spec->guest, guest) != 0)
			continue;
		hang_up(&a->device[i]);
		rc = watch(&a->device[i], fd_take(&fds[0]));
		return rc < 0 ? err_errno(e, -rc, "cannot watch the device") : 0;
	}
	return rc < 0 ? rc : err_set(e, -ENOENT, "guest \"%s\" has no sound", guest);
}

static int carry_out(struct audio *a, const char *op, const json_t *msg, int *fds, size_t nfds,
	json_t **reply, struct err *e)
{
	if (strcmp(op, "set") == 0)
		return set_stream(a, msg, e);
	if (strcmp(op, "attach") == 0)
		return attach(a, msg, fds, nfds, e);
	if (strcmp(op, "status") == 0) {
		*reply = status(a);
		return 0;
	}
	if (strcmp(op, "stop") == 0) {
		ev_loop_stop(a->loop);
		return 0;
	}
	return err_set(e, -EINVAL, "unknown operation \"%s\"", op);
}

static void on_control(struct ev_io *io, uint32_t revents)
{
	struct audio *a = io->data;
	json_t *msg = NULL, *reply = NULL;
	struct err e = { 0 };
	const char *op = NULL;
	uint64_t id = 0;
	int fds[4];
	size_t nfds = 0;
	int rc = json_msg_recv(HELPER_CONTROL_FD, &msg, fds, ARRAY_SIZE(fds), &nfds, &e);

	(void)revents;
	if (rc == -EBADMSG || rc == -EMSGSIZE) {
		log_warn("control: %s", e.text);
		return;
	}
	if (rc <= 0) { /* the bench is gone: so are we */
		ev_loop_stop(a->loop);
		return;
	}
	rc = json_get_u64(msg, "request", JSON_REQUIRED, 0, INT64_MAX, &id, &e);
	if (rc == 0)
		rc = json_get_str(msg, "op", JSON_REQUIRED, &op, &e);
	if (rc == 0)
		rc = carry_out(a, op, msg, fds, nfds, &reply, &e);
	if (!reply)
		reply = json_object();
	json_object_set_new(reply, "reply", json_integer((json_int_t)id));
	json_object_set_new(reply, "ok", json_boolean(rc == 0));
	if (rc < 0)
		json_object_set_new(reply, "error", json_string(e.text));
	tell(reply);
	json_decref(msg);
	ipc_close_fds(fds, nfds);
}

/* ---- start and end ---- */

static int make_stream(struct audio *a, const struct audio_device_spec *d, uint32_t i, int wake,
	const int *fds, struct err *e)
{
	const struct audio_stream_spec *spec = &a->m.stream[d->first + i];
	struct audio_stream *s = &a->stream[d->first + i];
	char name[2 * AUDIO_NAME + 2];
	int rc;

	audio_stream_init(s);
	memcpy(s->guest, d->guest, sizeof(s->guest));
	memcpy(s->name, spec->name, sizeof(s->name));
	memcpy(s->role, spec->role, sizeof(s->role));
	memcpy(s->target, spec->target, sizeof(s->target));
	s->direction = spec->direction;
	s->index = i;
	s->wake = wake;
	atomic_store(&s->bench_milli, spec->volume_milli);
	atomic_store(&s->bench_mute, spec->mute);
	a->list[d->first + i] = s;
	rc = pcm_ring_map(&s->ring, fds[spec->ring]);
	if (rc == 0 && spec->record && a->m.record[0]) {
		snprintf(name, sizeof(name), "%s-%s", s->guest, s->name);
		s->recorder = a->recorder;
		rc = recorder_add(a->recorder, name, &s->tap);
	}
	return rc < 0 ? err_errno(e, -rc, "stream %s.%s", s->guest, s->name) : 0;
}

static int make_devices(struct audio *a, int *fds, struct err *e)
{
	int rc = 0;

	for (uint32_t i = 0; i < a->m.n_devices && rc == 0; i++) {
		struct device *d = &a->device[i];

		*d = (struct device){ .a = a, .spec = &a->m.device[i], .sock = -1, .wake = -1 };
		d->io.fd = -1;
		d->wake = fd_take(&fds[d->spec->wake]);
		rc = d->wake < 0 ? -EBADF : fd_set_nonblock(d->wake, 1);
		for (uint32_t k = 0; k < d->spec->n && rc == 0; k++)
			rc = make_stream(a, d->spec, k, d->wake, fds, e);
		if (rc == 0)
			rc = watch(d, fd_take(&fds[d->spec->fd]));
	}
	for (uint32_t i = 0; i < a->m.n_focus && rc == 0; i++) {
		const struct audio_focus_spec *f = &a->m.focus[i];
		struct audio_stream *s = &a->stream[f->duck];

		if (s->n_ducks < AUDIO_MAX_DUCKS)
			s->duck[s->n_ducks++] =
				(struct audio_duck){ &a->stream[f->when], f->gain, f->hold_ns };
	}
	return rc < 0 && !e->text[0] ? err_errno(e, -rc, "sound devices") : rc;
}

/* The wanted sound server; auto: the first that is there. */
static int open_server(struct audio *a, struct err *e)
{
	static const struct audio_backend_ops *const all[] = { &audio_pipewire, &audio_pulse };
	int rc = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
		bool automatic = a->m.server == AUDIO_AUTO;

		if (!automatic && a->m.server != AUDIO_PIPEWIRE + i)
			continue;
		rc = all[i]->open(
			&a->backend, a->loop, a->list, a->m.n_streams, &a->connected, automatic, e);
		if (rc == 0) {
			a->ops = all[i];
			return 0;
		}
		if (!automatic)
			return rc;
		log_debug("%s", e->text);
		e->text[0] = 0;
	}
	return 0;
}

static int start(struct audio *a, struct err *e)
{
	json_t *msg = NULL;
	int fds[IPC_MAX_FDS];
	size_t nfds = 0;
	int rc = json_msg_recv(HELPER_CONTROL_FD, &msg, fds, ARRAY_SIZE(fds), &nfds, e);

	if (rc == 0)
		return err_set(e, -EPIPE, "the bench sent no manifest");
	if (rc > 0)
		rc = audio_manifest_parse(msg, nfds, &a->m, e);
	json_decref(msg);
	if (rc == 0) {
		log_set_level(a->m.log_level);
		rc = ev_loop_new(&a->loop);
	}
	if (rc == 0)
		rc = recorder_new(&a->recorder, a->m.record, a->m.flac);
	if (rc == 0)
		rc = make_devices(a, fds, e);
	ipc_close_fds(fds, nfds);
	if (rc == 0)
		rc = recorder_start(a->recorder);
	if (rc == 0)
		rc = open_server(a, e);
	if (rc == 0)
		rc = pacer_new(&a->pacer, a->list, a->m.n_streams, &a->connected);
	if (rc == 0)
		rc = ev_io_add(a->loop, &a->ctl, HELPER_CONTROL_FD, EPOLLIN, on_control, a);
	return rc < 0 && !e->text[0] ? err_errno(e, -rc, "cannot start") : rc;
}

static void stop(struct audio *a)
{
	ev_io_del(&a->ctl);
	pacer_free(a->pacer);
	if (a->ops)
		a->ops->free(a->backend);
	for (uint32_t i = 0; i < a->m.n_devices; i++) {
		ev_io_del(&a->device[i].io);
		fd_close(&a->device[i].sock);
		fd_close(&a->device[i].wake);
	}
	recorder_free(a->recorder);
	for (uint32_t i = 0; i < a->m.n_streams; i++)
		audio_stream_fini(&a->stream[i]);
	ev_loop_free(a->loop);
}

int main(int argc, char **argv)
{
	static struct audio a = { .ctl = EV_IO_INIT };
	struct err e = { 0 };
	int rc;

	if (!helper_begin("dyno-audio", argc, argv, &rc))
		return rc;
	rc = start(&a, &e);
	if (rc < 0) {
		tell(json_pack("{s:s,s:s}", "event", "error", "text", e.text));
		log_error("%s", e.text);
	} else {
		tell(json_pack("{s:s,s:s,s:b}", "event", "ready", "backend",
			a.ops ? a.ops->name : "null", "connected", atomic_load(&a.connected)));
		rc = ev_loop_run(a.loop);
	}
	stop(&a);
	return rc < 0 ? HELPER_NO_HOST : 0;
}
