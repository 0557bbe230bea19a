/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The duty cycle of a throttled guest; see throttle.h. What a late timer gave too much in one
 * period is taken off the next ones, so that the share is right on a busy host, too.
 */
#include "vmm/guest/throttle.h"

#include "base/clock.h"

#define PERIOD_NS (10 * NS_PER_MS)
/* What is left over of earlier periods is given back up to this. */
#define MOST_CREDIT_NS (2 * PERIOD_NS)

static void hold(struct throttle *t, uint64_t now_ns)
{
	t->ran_ns += now_ns - t->let_go_ns;
	t->held = true;
	vm_hold(t->vm, true);
}

static void let_go(struct throttle *t, uint64_t now_ns)
{
	t->let_go_ns = now_ns;
	t->held = false;
	vm_hold(t->vm, false);
}

static void begin(struct throttle *t, uint64_t now_ns)
{
	t->since_ns = now_ns;
	t->ran_ns = 0;
}

/* How long they may run up to the end of the period that begins now. */
static uint64_t allowed(struct throttle *t, uint64_t now_ns)
{
	uint64_t due = (now_ns + PERIOD_NS - t->since_ns) / 100 * t->percent;
	uint64_t most = PERIOD_NS / 100 * t->percent + MOST_CREDIT_NS;

	if (due > t->ran_ns + most) {
		/* This process itself did not get to run: that is no credit. */
		begin(t, now_ns);
		due = PERIOD_NS / 100 * t->percent;
	}
	return due > t->ran_ns ? due - t->ran_ns : 0;
}

static void on_time(struct ev_timer *timer, uint64_t now_ns)
{
	struct throttle *t = timer->data;
	uint64_t run_ns;

	(void)now_ns;
	now_ns = clock_now_ns();
	if (!t->held) {
		hold(t, now_ns);
		/* The rest of the period, at least a moment. */
		ev_timer_at(timer, MAX(t->let_go_ns + PERIOD_NS, now_ns + PERIOD_NS / 100));
		return;
	}
	run_ns = allowed(t, now_ns);
	if (run_ns == 0) {
		ev_timer_at(timer, now_ns + PERIOD_NS);
		return;
	}
	let_go(t, now_ns);
	ev_timer_at(timer, now_ns + run_ns);
}

int throttle_init(struct throttle *t, struct ev_loop *loop, struct vm *vm)
{
	*t = (struct throttle){ .vm = vm, .percent = 100 };
	return ev_timer_init(loop, &t->timer, on_time, t);
}

void throttle_fini(struct throttle *t)
{
	ev_timer_fini(&t->timer);
}

void throttle_set(struct throttle *t, unsigned int percent)
{
	uint64_t now_ns = clock_now_ns();

	if (percent == t->percent)
		return;
	t->percent = percent;
	ev_timer_stop(&t->timer);
	if (t->held)
		let_go(t, now_ns);
	if (percent >= 100)
		return;
	begin(t, now_ns);
	t->let_go_ns = now_ns;
	ev_timer_at(&t->timer, now_ns + PERIOD_NS / 100 * percent);
}
