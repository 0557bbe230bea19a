/* SPDX-License-Identifier: Apache-2.0 */
/* The bench clock in one atomic word. */
#include "sim/clock/bench_clock.h"

#define STANDS (UINT64_C(1) << 63)

void bench_clock_init(struct bench_clock *c)
{
	atomic_init(&c->word, STANDS);
}

/* A zero-initialised clock reads as running since host time 0, which no host time is; it counts
 * as standing at 0, so that `static struct bench_clock c;` is usable as it is. */
static uint64_t load(const struct bench_clock *c)
{
	uint64_t w = atomic_load_explicit(&c->word, memory_order_acquire);

	return w ? w : STANDS;
}

void bench_clock_resume(struct bench_clock *c, uint64_t host_ns)
{
	uint64_t w = load(c);

	if (!(w & STANDS))
		return;
	/* host_ns - bench: bench time never exceeds the host's, it started later and stops. */
	atomic_store_explicit(&c->word, host_ns - (w & ~STANDS), memory_order_release);
}

void bench_clock_pause(struct bench_clock *c, uint64_t host_ns)
{
	uint64_t w = load(c);

	if (w & STANDS)
		return;
	atomic_store_explicit(
		&c->word, (host_ns > w ? host_ns - w : 0) | STANDS, memory_order_release);
}

bool bench_clock_running(const struct bench_clock *c)
{
	return !(load(c) & STANDS);
}

uint64_t bench_clock_at(const struct bench_clock *c, uint64_t host_ns)
{
	uint64_t w = load(c);

	if (w & STANDS)
		return w & ~STANDS;
	return host_ns > w ? host_ns - w : 0;
}

uint64_t bench_clock_host_ns(const struct bench_clock *c, uint64_t bench_ns)
{
	uint64_t w = load(c);

	if ((w & STANDS) || bench_ns > BENCH_CLOCK_NEVER - w)
		return BENCH_CLOCK_NEVER;
	return w + bench_ns;
}
