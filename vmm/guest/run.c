/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control loop; see run.h. Threads: this one (control socket, serial port), one for devices,
 * one for the GPU, one a vCPU. What happens on another thread reaches this one by ev_post().
 */
#include "vmm/guest/run.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/ev.h"
#include "base/json.h"
#include "base/sandbox.h"
#include "vmm/guest/machine.h"

#define MAX_INPUT_EVENTS DISPLAY_MAX_EVENTS
/* Requests that wait for the guest's memory statistics, and how long they do. */
#define MAX_WAITING   16
#define STATS_WAIT_NS (1 * NS_PER_S)
/* Device errors that wait for this thread; what a guest brings on beyond that is dropped. */
#define MAX_DEVICE_NEWS 32
/* After a crash report the guest's last words are still on their way. */
#define LAST_WORDS_NS (300 * NS_PER_MS)

enum state { STATE_RUNNING, STATE_PAUSED, STATE_ENDED };

/* What a request's handler returns when it is answered later. */
#define OP_LATER 1

struct run {
	struct ev_loop *loop;
	struct ev_io io;
	int control_fd;
	struct machine *mc;
	enum state state;
	int status;
	json_t *waiting[MAX_WAITING]; /* ids, oldest first */
	unsigned int n_waiting;
	struct ev_timer stats_limit;
	enum manifest_on_panic on_panic;
	enum manifest_watchdog watchdog;
	bool panicked; /* reported, and what on_panic says is still to be done */
	struct ev_timer last_words;
	atomic_uint device_news;
};

/* A message from another thread. */
struct news {
	struct run *r;
	enum { NEWS_WISH, NEWS_FRAME, NEWS_DEVICE, NEWS_PANIC, NEWS_STATS } kind;
	enum machine_wish wish;
	unsigned int scanout;
	bool dumps; /* the guest's crash kernel goes on */
	uint64_t t_ns;
	char device[MANIFEST_NAME];
	char text[900];
};

static void tell(struct run *r, json_t *msg)
{
	int rc = json_msg_send_take(r->control_fd, msg, NULL, 0);

	if (rc < 0)
		log_warn("the bench does not hear: %s", strerror(-rc));
}

/* Answers all that wait for statistics; `fresh`: they came. */
static void answer_waiting(struct run *r, bool fresh)
{
	ev_timer_stop(&r->stats_limit);
	for (unsigned int i = 0; i < r->n_waiting; i++) {
		json_t *reply =
			json_pack("{s:o,s:b,s:b}", "reply", r->waiting[i], "ok", 1, "fresh", fresh);

		machine_balloon_report(r->mc, reply);
		tell(r, reply);
	}
	r->n_waiting = 0;
}

static void end(struct run *r, const char *reason, const char *text, int status)
{
	if (r->state == STATE_ENDED)
		return;
	machine_pause(r->mc);
	machine_drain(r->mc);
	answer_waiting(r, false);
	r->state = STATE_ENDED;
	r->status = status;
	tell(r, json_pack("{s:s,s:s,s:s}", "event", "exited", "reason", reason, "text", text));
	ev_loop_stop(r->loop);
}

static void reset(struct run *r)
{
	struct err e = { 0 };

	/* What the last life said is over. */
	r->panicked = false;
	ev_timer_stop(&r->last_words);
	if (machine_reset(r->mc, &e) < 0) {
		log_error("reset failed: %s", e.text);
		end(r, "kvm-error", e.text, RUN_STATUS_BROKEN);
		return;
	}
	tell(r, json_pack("{s:s}", "event", "reset"));
	if (r->state == STATE_RUNNING)
		machine_resume(r->mc);
}

static void stand(struct run *r)
{
	if (r->state != STATE_RUNNING)
		return;
	machine_pause(r->mc);
	r->state = STATE_PAUSED;
	tell(r, json_pack("{s:s}", "event", "paused"));
}

/* ---- the guest reported that it failed ---- */

static const char panic_text[] = "the guest's operating system panicked";

static void after_panic(struct run *r)
{
	r->panicked = false;
	ev_timer_stop(&r->last_words);
	switch (r->on_panic) {
	case MANIFEST_PANIC_STOP:
		end(r, "panic", panic_text, RUN_STATUS_BROKEN);
		break;
	case MANIFEST_PANIC_RESET:
		reset(r);
		break;
	case MANIFEST_PANIC_PAUSE:
		stand(r);
		break;
	}
}

static void on_last_words(struct ev_timer *t, uint64_t now_ns)
{
	struct run *r = t->data;

	(void)now_ns;
	if (r->state != STATE_ENDED && r->panicked)
		after_panic(r);
}

static void on_panic(struct run *r, bool dumps)
{
	log_error("%s%s", panic_text, dumps ? "; its crash kernel takes over" : "");
	tell(r, json_pack("{s:s,s:b}", "event", "panicked", "crash_loaded", dumps));
	if (dumps)
		return;
	r->panicked = true;
	ev_timer_at(&r->last_words, clock_now_ns() + LAST_WORDS_NS);
}

/* ---- the watchdog fired ---- */

static void host_watchdog(void *ctx)
{
	struct run *r = ctx;

	if (r->state == STATE_ENDED)
		return;
	log_warn("the watchdog fired");
	tell(r, json_pack("{s:s,s:s}", "event", "watchdog", "action",
			manifest_watchdog_name(r->watchdog)));
	switch (r->watchdog) {
	case MANIFEST_WATCHDOG_RESET:
		reset(r);
		break;
	case MANIFEST_WATCHDOG_POWER_OFF:
		end(r, "watchdog", "the watchdog turned the guest off", RUN_STATUS_BROKEN);
		break;
	case MANIFEST_WATCHDOG_PAUSE:
		stand(r);
		break;
	case MANIFEST_WATCHDOG_NONE:
	case MANIFEST_WATCHDOG_OFF:
		break;
	}
}

/* ---- what the machine asks for ---- */

static void on_wish(struct run *r, enum machine_wish w, const char *text)
{
	/* How the guest ends itself after a panic is no longer its to say. */
	if (r->panicked && w != WISH_KVM_ERROR) {
		after_panic(r);
		return;
	}
	switch (w) {
	case WISH_RESET:
		log_info("%s", text);
		reset(r);
		break;
	case WISH_POWEROFF:
		log_info("%s", text);
		end(r, "poweroff", text, RUN_STATUS_OK);
		break;
	case WISH_TRIPLE_FAULT:
		log_error("%s", text);
		end(r, "triple-fault", text, RUN_STATUS_BROKEN);
		break;
	case WISH_KVM_ERROR:
		log_error("%s", text);
		end(r, "kvm-error", text, RUN_STATUS_BROKEN);
		break;
	}
}

static void on_stats_limit(struct ev_timer *t, uint64_t now_ns)
{
	(void)now_ns;
	answer_waiting(t->data, false);
}

static void on_news(void *arg)
{
	struct news *n = arg;
	struct run *r = n->r;

	if (r->state != STATE_ENDED) {
		switch (n->kind) {
		case NEWS_WISH:
			on_wish(r, n->wish, n->text);
			break;
		case NEWS_FRAME:
			tell(r, json_pack("{s:s,s:i,s:I}", "event", "first_frame", "scanout",
					(int)n->scanout, "t_ns", (json_int_t)n->t_ns));
			break;
		case NEWS_PANIC:
			on_panic(r, n->dumps);
			break;
		case NEWS_DEVICE:
			tell(r, json_pack("{s:s,s:s,s:s}", "event", "device_error", "device",
					n->device, "text", n->text));
			break;
		case NEWS_STATS:
			answer_waiting(r, true);
			break;
		}
	}
	if (n->kind == NEWS_DEVICE)
		atomic_fetch_sub(&r->device_news, 1);
	free(n);
}

/* Any thread. Wishes, frames and panics are few by themselves. */
static void post(struct run *r, struct news news, const char *device, const char *text)
{
	struct news *n = malloc(sizeof(*n));

	if (!n)
		goto dropped;
	*n = news;
	n->r = r;
	snprintf(n->device, sizeof(n->device), "%s", device);
	snprintf(n->text, sizeof(n->text), "%s", text);
	if (ev_post(r->loop, on_news, n) == 0)
		return;
	free(n);
dropped:
	if (news.kind == NEWS_DEVICE)
		atomic_fetch_sub(&r->device_news, 1);
}

static void host_wish(void *ctx, enum machine_wish what, const char *text)
{
	post(ctx, (struct news){ .kind = NEWS_WISH, .wish = what }, "", text);
}

static void host_first_frame(void *ctx, unsigned int scanout, uint64_t t_ns)
{
	post(ctx, (struct news){ .kind = NEWS_FRAME, .scanout = scanout, .t_ns = t_ns }, "", "");
}

static void host_panicked(void *ctx, bool dumps)
{
	post(ctx, (struct news){ .kind = NEWS_PANIC, .dumps = dumps }, "", "");
}

static void host_device_error(void *ctx, const char *device, const char *text)
{
	struct run *r = ctx;

	/* A guest can break its devices faster than this thread can tell of it. */
	if (atomic_fetch_add(&r->device_news, 1) >= MAX_DEVICE_NEWS) {
		atomic_fetch_sub(&r->device_news, 1);
		return;
	}
	post(ctx, (struct news){ .kind = NEWS_DEVICE }, device, text);
}

static void host_balloon_stats(void *ctx)
{
	post(ctx, (struct news){ .kind = NEWS_STATS }, "", "");
}

/* ---- requests ---- */

static int op_pause(struct run *r, const json_t *q, json_t *reply, struct err *e)
{
	(void)q;
	(void)reply;
	(void)e;
	stand(r);
	return 0;
}

static int op_resume(struct run *r, const json_t *q, json_t *reply, struct err *e)
{
	(void)q;
	(void)reply;
	(void)e;
	if (r->state == STATE_PAUSED) {
		r->state = STATE_RUNNING;
		tell(r, json_pack("{s:s}", "event", "resumed"));
		machine_resume(r->mc);
	}
	return 0;
}

static int op_reset(struct run *r, const json_t *q, json_t *reply, struct err *e)
{
	(void)q;
	(void)reply;
	(void)e;
	reset(r);
	return 0;
}

static int op_power_button(struct run *r, const json_t *q, json_t *reply, struct err *e)
{
	(void)q;
	(void)reply;
	(void)e;
	machine_power_button(r->mc);
	return 0;
}

static int op_status(struct run *r, const json_t *q, json_t *reply, struct err *e)
{
	(void)q;
	(void)e;
	json_object_set_new(
		reply, "state", json_string(r->state == STATE_PAUSED ? "paused" : "running"));
	machine_status(r->mc, reply);
	return 0;
}

static int read_events(const json_t *list, struct input_event_rec *out, uint32_t *n, struct err *e)
{
	json_t *o;
	size_t i;

	if (json_array_size(list) > MAX_INPUT_EVENTS)
		return err_set(e, -EINVAL, "\"events\": at most %d", MAX_INPUT_EVENTS);
	*n = 0;
	json_array_foreach (list, i, o) {
		json_int_t type = json_integer_value(json_array_get(o, 0));
		json_int_t code = json_integer_value(json_array_get(o, 1));
		json_int_t value = json_integer_value(json_array_get(o, 2));

		if (json_array_size(o) != 3 || type < 0 || type > UINT16_MAX || code < 0 ||
			code > UINT16_MAX || value < INT32_MIN || value > INT32_MAX)
			return err_set(e, -EINVAL, "events[%zu]: must be [type, code, value]", i);
		out[(*n)++] =
			(struct input_event_rec){ (uint16_t)type, (uint16_t)code, (int32_t)value };
	}
	return 0;
}

static int op_input(struct run *r, const json_t *q, json_t *reply, struct err *e)
{
	static const char *const kinds[INPUT_KINDS] = { "keyboard", "pointer", "touch" };
	struct input_event_rec ev[MAX_INPUT_EVENTS];
	const char *kind = "";
	json_t *list = NULL;
	uint64_t scanout = 0;
	uint32_t n = 0;
	int rc =
		json_get_u64(q, "scanout", JSON_OPTIONAL, 0, DISPLAY_MAX_SCANOUTS - 1, &scanout, e);

	(void)reply;
	if (rc == 0)
		rc = json_get_str(q, "kind", JSON_REQUIRED, &kind, e);
	if (rc == 0)
		rc = json_get_array(q, "events", JSON_REQUIRED, &list, e);
	if (rc == 0)
		rc = read_events(list, ev, &n, e);
	if (rc < 0)
		return rc;
	for (int k = 0; k < INPUT_KINDS; k++) {
		if (strcmp(kind, kinds[k]) != 0)
			continue;
		rc = machine_input(r->mc, (unsigned int)scanout, (enum input_kind)k, ev, n);
		return rc < 0 ? err_set(e, rc, "the guest has no %s on scanout %llu", kind,
					(unsigned long long)scanout)
			      : 0;
	}
	return err_set(e, -EINVAL, "\"kind\" must be keyboard, pointer or touch");
}

static int op_link(struct run *r, const json_t *q, json_t *reply, struct err *e)
{
	uint64_t net = 0;
	bool up = true;
	int rc = json_get_u64(q, "net", JSON_OPTIONAL, 0, MANIFEST_MAX_DEVICES, &net, e);

	(void)reply;
	if (rc == 0)
		rc = json_get_bool(q, "up", JSON_REQUIRED, &up, e);
	if (rc < 0)
		return rc;
	rc = machine_link(r->mc, (unsigned int)net, up);
	return rc < 0 ? err_set(e, rc, "the guest has no network card %llu",
				(unsigned long long)net)
		      : 0;
}

static int op_jack(struct run *r, const json_t *q, json_t *reply, struct err *e)
{
	uint64_t stream = 0;
	bool plugged = true;
	int rc = json_get_u64(q, "stream", JSON_REQUIRED, 0, MANIFEST_MAX_SOUNDS, &stream, e);

	(void)reply;
	if (rc == 0)
		rc = json_get_bool(q, "plugged", JSON_REQUIRED, &plugged, e);
	if (rc < 0)
		return rc;
	rc = machine_jack(r->mc, (uint32_t)stream, plugged);
	return rc < 0 ? err_set(e, rc, "the guest's sound card has no stream %llu",
				(unsigned long long)stream)
		      : 0;
}

static int op_balloon(struct run *r, const json_t *q, json_t *reply, struct err *e)
{
	uint64_t target = 0;
	bool given = json_object_get(q, "target_bytes"), asked = false;
	int rc = json_get_u64(q, "target_bytes", JSON_OPTIONAL, 0, INT64_MAX, &target, e);

	if (rc < 0)
		return rc;
	rc = machine_balloon_ask(r->mc, given ? &target : NULL, &asked);
	if (rc == -ERANGE)
		return err_set(e, rc, "the guest has less memory than that");
	if (rc < 0)
		return err_set(e, rc, "the guest has no balloon");
	/* A guest that stands answers nothing. */
	if (asked && r->state == STATE_RUNNING && r->n_waiting < MAX_WAITING) {
		if (r->n_waiting == 0)
			ev_timer_at(&r->stats_limit, clock_now_ns() + STATS_WAIT_NS);
		return OP_LATER;
	}
	json_object_set_new(reply, "fresh", json_false());
	machine_balloon_report(r->mc, reply);
	return 0;
}

static int op_throttle(struct run *r, const json_t *q, json_t *reply, struct err *e)
{
	uint64_t percent = 0;
	int rc = json_get_u64(q, "percent", JSON_REQUIRED, 1, 100, &percent, e);

	(void)reply;
	if (rc == 0)
		machine_throttle(r->mc, (unsigned int)percent);
	return rc;
}

static int op_console_size(struct run *r, const json_t *q, json_t *reply, struct err *e)
{
	uint64_t cols = 0, rows = 0;
	int rc = json_get_u64(q, "cols", JSON_REQUIRED, 1, UINT16_MAX, &cols, e);

	(void)reply;
	if (rc == 0)
		rc = json_get_u64(q, "rows", JSON_REQUIRED, 1, UINT16_MAX, &rows, e);
	if (rc < 0)
		return rc;
	rc = machine_console_size(r->mc, (uint16_t)cols, (uint16_t)rows);
	return rc < 0 ? err_set(e, rc, "the guest has no virtio console") : 0;
}

static int op_utc(struct run *r, const json_t *q, json_t *reply, struct err *e)
{
	struct manifest_utc u;
	int rc = manifest_utc_read(&u, q, e);

	(void)reply;
	if (rc == 0)
		machine_set_utc(r->mc, &u);
	return rc;
}

static const struct {
	const char *name;
	int (*fn)(struct run *r, const json_t *q, json_t *reply, struct err *e);
} ops[] = {
	{ "pause", op_pause },
	{ "resume", op_resume },
	{ "reset", op_reset },
	{ "power-button", op_power_button },
	{ "status", op_status },
	{ "input", op_input },
	{ "link", op_link },
	{ "jack", op_jack },
	{ "balloon", op_balloon },
	{ "throttle", op_throttle },
	{ "console-size", op_console_size },
	{ "utc", op_utc },
};

static int carry_out(struct run *r, const json_t *q, json_t *reply, struct err *e)
{
	const char *op = NULL;
	int rc = json_get_str(q, "op", JSON_REQUIRED, &op, e);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (strcmp(ops[i].name, op) == 0)
			return ops[i].fn(r, q, reply, e);
	}
	return err_set(e, -EINVAL, "unknown operation \"%s\"", op);
}

static void on_request(struct run *r, const json_t *q)
{
	struct err e = { 0 };
	json_t *id = json_object_get(q, "request"), *reply = json_object();
	const char *op = json_string_value(json_object_get(q, "op"));
	bool stop = op && strcmp(op, "stop") == 0;
	int rc = stop ? 0 : carry_out(r, q, reply, &e);

	if (rc == OP_LATER) {
		r->waiting[r->n_waiting++] = id ? json_incref(id) : json_null();
		json_decref(reply);
		return;
	}
	json_object_set(reply, "reply", id ? id : json_null());
	json_object_set_new(reply, "ok", json_boolean(rc == 0));
	if (rc < 0)
		json_object_set_new(reply, "error", json_string(e.text));
	tell(r, reply);
	if (stop)
		end(r, "stopped", "the bench asked for it", RUN_STATUS_OK);
}

static void on_control(struct ev_io *io, uint32_t revents)
{
	struct run *r = io->data;
	struct err e = { 0 };
	json_t *msg = NULL;
	int rc = json_msg_recv(r->control_fd, &msg, NULL, 0, NULL, &e);

	(void)revents;
	if (rc == 1) {
		on_request(r, msg);
		json_decref(msg);
	} else if (rc == -EBADMSG || rc == -EMSGSIZE) {
		log_warn("control message dropped: %s", e.text);
	} else if (rc != -EAGAIN && rc != -EINTR) {
		log_error("the bench is gone: ending");
		end(r, "stopped", "the bench is gone", RUN_STATUS_BROKEN);
	}
}

/* ---- start ---- */

static int start(struct run *r, const struct manifest *m, struct err *e)
{
	int rc = ev_io_add(r->loop, &r->io, r->control_fd, EPOLLIN, on_control, r);

	if (rc == 0)
		rc = ev_timer_init(r->loop, &r->last_words, on_last_words, r);
	if (rc < 0)
		return err_errno(e, -rc, "control socket");
	if (m->sandbox && !SANITIZED)
		rc = sandbox_enter(SANDBOX_VM, e);
	if (rc == 0)
		rc = machine_start(r->mc, e);
	if (rc < 0)
		return rc;
	tell(r, json_pack("{s:s,s:I,s:o,s:i}", "event", "started", "t_ns",
			(json_int_t)clock_now_ns(), "vcpu_tids", machine_tids(r->mc), "bus_tid",
			(int)machine_bus_tid(r->mc)));
	machine_resume(r->mc);
	return 0;
}

int run_machine(const struct manifest *m, int control_fd, int *fds, struct err *e)
{
	struct run r = { .io = EV_IO_INIT,
		.control_fd = control_fd,
		.status = RUN_STATUS_UNABLE,
		.on_panic = m->on_panic,
		.watchdog = m->watchdog };
	struct machine_host host = { .wish = host_wish,
		.first_frame = host_first_frame,
		.device_error = host_device_error,
		.balloon_stats = host_balloon_stats,
		.panicked = host_panicked,
		.watchdog = host_watchdog,
		.ctx = &r };
	int rc = ev_loop_new(&r.loop);

	if (rc < 0)
		return err_errno(e, -rc, "event loop"), RUN_STATUS_UNABLE;
	host.loop = r.loop;
	rc = ev_timer_init(r.loop, &r.stats_limit, on_stats_limit, &r);
	if (rc < 0)
		(void)err_errno(e, -rc, "event loop");
	else
		rc = machine_new(&r.mc, m, fds, &host, e);
	if (rc == 0)
		rc = start(&r, m, e);
	if (rc == 0) {
		rc = ev_loop_run(r.loop);
		if (rc < 0 && r.state != STATE_ENDED)
			end(&r, "kvm-error", strerror(-rc), RUN_STATUS_BROKEN);
	}
	ev_io_del(&r.io);
	ev_timer_fini(&r.last_words);
	machine_free(r.mc);
	ev_timer_fini(&r.stats_limit);
	ev_loop_free(r.loop);
	return r.status;
}
