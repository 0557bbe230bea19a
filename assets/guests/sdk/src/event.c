/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting. One ring change does all that a round of the main loop needs from ring 0: the queue
 * notifications that were posted, the timer, and the halt.
 *
 * The local APIC is used in xAPIC mode; its timer counts nanoseconds (KVM and QEMU: 1 GHz bus).
 */
#include "dyno/event.h"

#include "dyno/io.h"
#include "layout.h"
#include "sdk.h"

#define LAPIC        0xfee00000u
#define LAPIC_TPR    (LAPIC + 0x80)
#define LAPIC_SVR    (LAPIC + 0xf0)
#define LAPIC_TIMER  (LAPIC + 0x320)
#define LAPIC_LINT0  (LAPIC + 0x350)
#define LAPIC_DIVIDE (LAPIC + 0x3e0)
#define LAPIC_MASKED 0x10000u
#define SVR_ENABLE   0x100u
#define DIVIDE_BY_1  0xbu
#define TIMER_MAX_NS UINT64_C(4000000000)
#define TIMER_MIN_NS UINT64_C(1000)
#define MAX_POSTS    32
#define PATIENCE_NS  UINT64_C(5000000000)

/* Counted by src/traps.S, cleared here. */
extern volatile uint32_t dyno_irq_device, dyno_irq_config, dyno_irq_timer;

static struct event_source *sources;
static uint32_t config_count;
static struct dyno_event_stats stats;
static struct dyno_op posts[MAX_POSTS];
static unsigned int nposts;
/* When the timer fires; 0: it is not running. */
static uint64_t timer_at;

void event_init(void)
{
	struct dyno_op op[] = {
		{ LAPIC_TPR, DYNO_WRITE32, 0 },
		{ LAPIC_LINT0, DYNO_WRITE32, LAPIC_MASKED },
		{ LAPIC_SVR, DYNO_WRITE32, SVR_ENABLE | VECTOR_SPURIOUS },
		{ LAPIC_DIVIDE, DYNO_WRITE32, DIVIDE_BY_1 },
		{ LAPIC_TIMER, DYNO_WRITE32, VECTOR_TIMER },
	};

	/* The 8259s: firmware may have left them running. */
	dyno_out8(0x21, 0xff);
	dyno_out8(0xa1, 0xff);
	dyno_ops(op, DYNO_COUNT(op));
}

void event_add(struct event_source *s)
{
	s->next = sources;
	sources = s;
}

/* Moves the interrupts' counts over. Returns whether there was any of a device. */
static bool collect(void)
{
	uint32_t device = 0, config = 0, timer = 0;

	/* Interrupts are off in ring 3, but not under every hypervisor: exchange, never read+clear.
	 */
	if (dyno_irq_device != 0)
		device = __atomic_exchange_n(&dyno_irq_device, 0, __ATOMIC_SEQ_CST);
	if (dyno_irq_config != 0)
		config = __atomic_exchange_n(&dyno_irq_config, 0, __ATOMIC_SEQ_CST);
	if (dyno_irq_timer != 0) {
		timer = __atomic_exchange_n(&dyno_irq_timer, 0, __ATOMIC_SEQ_CST);
		timer_at = 0;
	}
	stats.interrupts += device + config;
	stats.timer_ticks += timer;
	config_count += config;
	return (device | config) != 0;
}

uint32_t event_config_count(void)
{
	collect();
	return config_count;
}

void event_post(uintptr_t addr, uint16_t value)
{
	for (unsigned int i = 0; i < nposts; i++) {
		if (posts[i].addr == addr && posts[i].value == value)
			return;
	}
	if (nposts == MAX_POSTS)
		event_post_flush();
	posts[nposts++] = (struct dyno_op){ addr, DYNO_WRITE16, value };
}

void event_post_flush(void)
{
	const unsigned int n = nposts;

	nposts = 0;
	dyno_ops(posts, n);
}

/* Sends the posts, then halts until any interrupt or about the deadline. */
static void idle(uint64_t now, uint64_t deadline_ns)
{
	const unsigned int n = nposts;
	uint32_t count = 0;

	if (deadline_ns != DYNO_FOREVER && timer_at != deadline_ns) {
		uint64_t left = deadline_ns - now;

		left = left < TIMER_MIN_NS ? TIMER_MIN_NS : left;
		if (left > TIMER_MAX_NS) {
			count = TIMER_MAX_NS;
			timer_at = now + TIMER_MAX_NS;
		} else {
			count = (uint32_t)left;
			timer_at = deadline_ns;
		}
	}
	nposts = 0;
	dyno_ring0(DYNO_GATE_IDLE, 0, n, (uintptr_t)posts, count);
	stats.idles++;
	stats.idle_ns += dyno_now_ns() - now;
}

static bool arm_all(void)
{
	bool news = false;

	for (const struct event_source *s = sources; s != NULL; s = s->next)
		news |= s->arm(s->ctx);
	return news;
}

bool dyno_wait(uint64_t deadline_ns)
{
	const uint32_t config_before = config_count;

	for (;;) {
		uint64_t now;

		/* In this order: what comes after collect() ends the halt at once. */
		collect();
		if (arm_all() || config_count != config_before) {
			event_post_flush();
			return true;
		}
		now = dyno_now_ns();
		if (now >= deadline_ns) {
			event_post_flush();
			return false;
		}
		idle(now, deadline_ns);
	}
}

void dyno_sleep_until(uint64_t deadline_ns)
{
	for (uint64_t now; (now = dyno_now_ns()) < deadline_ns;) {
		collect();
		idle(now, deadline_ns);
	}
}

bool event_until(bool (*done)(void *ctx), void *ctx)
{
	const uint64_t deadline_ns = dyno_now_ns() + PATIENCE_NS;

	event_post_flush();
	for (;;) {
		uint64_t now;

		collect();
		if (done(ctx))
			return true;
		now = dyno_now_ns();
		if (now >= deadline_ns)
			return false;
		idle(now, deadline_ns);
	}
}

struct dyno_event_stats dyno_event_stats(void)
{
	collect();
	return stats;
}
