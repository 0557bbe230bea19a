/* SPDX-License-Identifier: Apache-2.0 */
/* Actions; see action.h. */
#include "sim/bench/action.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bench/bench.h"
#include "sim/bench/gesture.h"

/* Several answers that become one: the first error, or none. */
struct fan {
	uint32_t open;
	bool sealed; /* no more are added: the last answer ends it */
	bool failed;
	char error[256];
	action_done done;
	void *arg;
};

static struct fan *fan_new(action_done done, void *arg)
{
	struct fan *f = calloc(1, sizeof(*f));

	if (!f) {
		if (done)
			done(arg, "out of memory");
		return NULL;
	}
	f->done = done;
	f->arg = arg;
	return f;
}

static void fan_settle(struct fan *f)
{
	if (f->open || !f->sealed)
		return;
	if (f->done)
		f->done(f->arg, f->failed ? f->error : NULL);
	free(f);
}

/* What was asked for cannot be done. Before the fan is sealed. */
static void fan_fail(struct fan *f, const char *error)
{
	if (f->failed)
		return;
	f->failed = true;
	snprintf(f->error, sizeof(f->error), "%s", error);
}

/* One answer. May free arg, once it is sealed. */
static void fan_in(void *arg, const char *error)
{
	struct fan *f = arg;

	if (error)
		fan_fail(f, error);
	f->open--;
	fan_settle(f);
}

/* All requests were made. May free f. */
static void fan_seal(struct fan *f)
{
	f->sealed = true;
	fan_settle(f);
}

static void fan_rpc(void *arg, const json_t *reply, const char *error)
{
	(void)reply;
	fan_in(arg, error);
}

/* ---- key, touch, pointer ---- */

struct gesture {
	struct bench *b;
	struct scenario_action a;
	uint32_t step;
	int32_t contact;
	uint64_t began_ns;
	struct fan *fan;
};

static void gesture_drop(void *arg)
{
	struct gesture *g = arg;

	fan_fail(g->fan, "the run ended before it was complete");
	fan_seal(g->fan);
	free(g);
}

static void gesture_step(void *arg, uint64_t t_ns)
{
	struct gesture *g = arg;
	struct input_event_rec ev[GESTURE_EVENTS];
	uint32_t n = gesture_events(&g->a, g->step, g->contact, ev);

	(void)t_ns;
	g->fan->open++;
	guest_input(&g->b->guests[g->a.guest], g->a.display, gesture_kind(&g->a), ev, n, fan_rpc,
		g->fan);
	g->step++;
	if (g->step < gesture_steps(&g->a) && !g->fan->failed &&
		agenda_add(&g->b->agenda, g->began_ns + gesture_step_ns(&g->a, g->step),
			gesture_step, gesture_drop, g) == 0)
		return;
	fan_seal(g->fan);
	free(g);
}

static void gesture_run(
	struct bench *b, const struct scenario_action *a, action_done done, void *arg)
{
	struct fan *f = fan_new(done, arg);
	struct gesture *g;

	if (!f)
		return;
	g = calloc(1, sizeof(*g));
	if (!g || b->paused) {
		free(g);
		fan_fail(f, b->paused ? "the bench is paused" : "out of memory");
		fan_seal(f);
		return;
	}
	*g = (struct gesture){
		.b = b, .a = *a, .contact = b->next_contact++, .began_ns = bench_now(b), .fan = f
	};
	gesture_step(g, g->began_ns);
}

/* ---- the others ---- */

static void each_guest(struct bench *b, uint32_t guest, const char *op, struct fan *f)
{
	for (uint32_t i = 0; i < b->s->n_guests; i++) {
		struct guest *g = &b->guests[i];

		if (guest != SCENARIO_ALL ? guest != i : !guest_alive(g))
			continue;
		f->open++;
		guest_request(g, op, fan_rpc, f);
	}
}

struct resume {
	struct bench *b;
	action_done done;
	void *arg;
};

/* The guests run again: so may the clock. */
static void all_resumed(void *arg, const char *error)
{
	struct resume *r = arg;

	bench_set_paused(r->b, false);
	if (r->done)
		r->done(r->arg, error);
	free(r);
}

void action_pause_bench(struct bench *b, bool paused, action_done done, void *arg)
{
	struct resume *r = NULL;
	struct fan *f;

	if (b->paused == paused) {
		if (done)
			done(arg, NULL);
		return;
	}
	if (paused) {
		bench_set_paused(b, true);
		f = fan_new(done, arg);
	} else {
		r = malloc(sizeof(*r));
		if (r)
			*r = (struct resume){ b, done, arg };
		f = r ? fan_new(all_resumed, r) : fan_new(done, arg);
	}
	if (!f)
		return;
	if (!paused && !r)
		fan_fail(f, "out of memory");
	else
		each_guest(b, SCENARIO_ALL, paused ? "pause" : "resume", f);
	fan_seal(f);
}

static void screenshot_run(struct bench *b, const struct scenario_action *a, struct fan *f)
{
	for (uint32_t i = 0; i < b->s->n_guests; i++) {
		for (uint32_t d = 0; d < b->s->guests[i].n_displays; d++) {
			if ((a->guest != SCENARIO_ALL && a->guest != i) ||
				(a->display != SCENARIO_ALL && a->display != d))
				continue;
			f->open++;
			bench_checkpoint(b, i, d, a->u.screenshot.checkpoint, fan_in, f);
		}
	}
}

static void send_run(struct bench *b, const struct scenario_action *a, struct fan *f)
{
	int rc = buses_send(b->buses, a->u.send.bus, &a->u.send.frame);
	char text[128];

	if (!rc)
		return;
	snprintf(text, sizeof(text), "the bus %s does not take it: %s",
		b->s->buses[a->u.send.bus].name,
		rc == -ENOBUFS ? "its queue is full" : strerror(-rc));
	fan_fail(f, text);
}

static void type_run(struct bench *b, const struct scenario_action *a, struct fan *f)
{
	struct stream *st = guest_stream(&b->guests[a->guest], a->u.type.port);
	size_t len = strlen(a->u.type.text);
	char text[128];

	if (!st || !stream_is_open(st)) {
		fan_fail(f, "the guest has ended already");
	} else if (stream_room(st) < len) {
		snprintf(text, sizeof(text), "the guest does not read its input: %zu bytes wait",
			(size_t)STREAM_QUEUE_BYTES - stream_room(st));
		fan_fail(f, text);
	} else if (stream_write(st, a->u.type.text, len) < len) {
		fan_fail(f, "out of memory");
	}
}

void action_run(struct bench *b, const struct scenario_action *a, action_done done, void *arg)
{
	struct fan *f;

	if (a->op == SCENARIO_KEY || a->op == SCENARIO_TOUCH || a->op == SCENARIO_POINTER) {
		gesture_run(b, a, done, arg);
		return;
	}
	f = fan_new(done, arg);
	if (!f)
		return;
	switch (a->op) {
	case SCENARIO_SEND:
		send_run(b, a, f);
		break;
	case SCENARIO_POWER_BUTTON:
		each_guest(b, a->guest, "power-button", f);
		break;
	case SCENARIO_RESET:
		each_guest(b, a->guest, "reset", f);
		break;
	case SCENARIO_PAUSE:
		each_guest(b, a->guest, "pause", f);
		break;
	case SCENARIO_RESUME:
		each_guest(b, a->guest, "resume", f);
		break;
	case SCENARIO_KILL:
		if (guest_alive(&b->guests[a->guest]))
			guest_kill(&b->guests[a->guest]);
		else
			fan_fail(f, "the guest has ended already");
		break;
	case SCENARIO_VOLUME:
	case SCENARIO_MUTE:
	case SCENARIO_JACK:
		f->open++;
		audio_set(&b->audio, a, fan_rpc, f);
		break;
	case SCENARIO_BUS_OFF:
		if (!buses_busoff(b->buses, a->u.bus_off.bus, a->guest))
			fan_fail(f, "the guest is not on that bus");
		break;
	case SCENARIO_LINK:
		f->open++;
		guest_link(&b->guests[a->guest], a->u.link.net, a->u.link.up, fan_rpc, f);
		break;
	case SCENARIO_BALLOON:
		f->open++;
		guest_balloon(&b->guests[a->guest], a->u.balloon.target_bytes, fan_rpc, f);
		break;
	case SCENARIO_THROTTLE:
		f->open++;
		guest_throttle(&b->guests[a->guest], a->u.throttle.percent, fan_rpc, f);
		break;
	case SCENARIO_SCREENSHOT:
		screenshot_run(b, a, f);
		break;
	case SCENARIO_TYPE:
		type_run(b, a, f);
		break;
	case SCENARIO_LOG:
		term_event(&b->term, "%s", a->u.log.text);
		break;
	case SCENARIO_SET:
	case SCENARIO_STUCK:
	case SCENARIO_SILENCE:
	case SCENARIO_FAULT:
	case SCENARIO_CUT:
	case SCENARIO_LOAD:
		if (!buses_act(b->buses, a))
			fan_fail(f, "the run is over");
		break;
	case SCENARIO_KEY:
	case SCENARIO_TOUCH:
	case SCENARIO_POINTER:
	case SCENARIO_OPS:
		break;
	}
	fan_seal(f);
}

/* ---- the scenario's own ---- */

struct planned {
	struct bench *b;
	const struct scenario_action *a;
};

static void planned_done(void *arg, const char *error)
{
	struct planned *p = arg;

	/* A gesture that the end of the run cuts is no failure. */
	if (error && p->b->phase <= BENCH_RUNNING)
		term_problem(&p->b->term, "%s:%" PRIu32 ": the action `%s` failed: %s",
			p->b->s->path, p->a->line, scenario_op_name(p->a->op), error);
	free(p);
}

static void planned_due(void *arg, uint64_t t_ns)
{
	struct planned *p = arg;

	(void)t_ns;
	action_run(p->b, p->a, planned_done, p);
}

int action_schedule(struct bench *b)
{
	for (uint32_t i = 0; i < b->s->n_actions; i++) {
		const struct scenario_action *a = &b->s->actions[i];
		struct planned *p;

		if (scenario_op_on_bus(a->op))
			continue;
		p = malloc(sizeof(*p));
		if (!p)
			return -ENOMEM;
		*p = (struct planned){ b, a };
		if (agenda_add(&b->agenda, a->at_ns, planned_due, free, p)) {
			free(p);
			return -ENOMEM;
		}
	}
	return 0;
}
