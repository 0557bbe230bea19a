/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver and device on two CPUs, each asleep until the other wakes it: a barrier that is missing on
 * either side is a wake-up that never comes. The driver sleeps on the interrupt, the device on the
 * kick, and both suppress what the event index or the flags let them suppress.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>

#include "tests/support/mock_priv.h"

#define REQUESTS 20000u

struct bench {
	struct mock *m;
	struct vq *q;
	sem_t kicked, interrupted;
	unsigned int served;
	bool silences; /* the device tells the driver not to kick while it works */
	bool lost; /* a wake-up did not come */
};

static bool doze(sem_t *s)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += MOCK_PATIENCE_MS / 1000;
	while (sem_timedwait(s, &until) < 0) {
		if (errno != EINTR)
			return false;
	}
	return true;
}

static void on_notify(void *ctx)
{
	sem_post(&((struct bench *)ctx)->interrupted);
}

static void on_broken(void *ctx, int guest_error, const char *why)
{
	(void)guest_error;
	(void)why;
	((struct bench *)ctx)->lost = true;
}

static void serve(struct bench *b, struct vq_chain *c)
{
	while (vq_pop(b->q, c) == VQ_TAKEN) {
		b->served++;
		if (vq_push(b->q, c, 4))
			b->lost = true;
	}
}

/* Serves until the queue is empty, then sleeps. */
static void *device(void *arg)
{
	struct bench *b = arg;
	struct vq_chain *c = calloc(1, sizeof(*c));

	while (c && b->served < REQUESTS) {
		if (b->silences)
			vq_kicks_disable(b->q);
		serve(b, c);
		if (b->silences) {
			vq_kicks_enable(b->q);
			serve(b, c); /* "pop once more" */
		}
		if (b->served < REQUESTS && !doze(&b->kicked)) {
			b->lost = true;
			break;
		}
	}
	free(c);
	return NULL;
}

/* A few hundred nanoseconds, never the same. */
static void linger(unsigned int *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	for (volatile unsigned int n = *seed >> 22; n > 0; n--)
		;
}

static uint16_t no_queues(void *ctx)
{
	(void)ctx;
	return 1;
}

static void status_ignored(void *ctx, uint8_t status)
{
	(void)ctx;
	(void)status;
}

static uint8_t status_zero(void *ctx)
{
	(void)ctx;
	return 0;
}

static void kick(void *ctx, unsigned int q)
{
	(void)q;
	sem_post(&((struct bench *)ctx)->kicked);
}

static const struct mock_regs regs = {
	.num_queues = no_queues,
	.set_status = status_ignored,
	.status = status_zero,
	.kick = kick,
};

static void test_no_wake_up_is_lost_between_two_cpus(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2 * MOCK_KINDS; i++) {
		unsigned int kind = i / 2;
		struct bench b = { .m = mock_new(kind), .silences = i & 1 };
		const struct vq_host host = { on_notify, on_broken, &b };
		const struct mock_iov out = { "ping", 4 }, in = { NULL, 4 };
		unsigned int posted = 0, back = 0, seed = 1 + i;
		struct mock_ring ring;
		struct vq_setup s;
		pthread_t t;

		sem_init(&b.kicked, 0, 0);
		sem_init(&b.interrupted, 0, 0);
		mock_attach_regs(b.m, &regs, &b);
		mock_ring_make(b.m, 0, 8);
		ring = mock_ring(b.m, 0);
		s = (struct vq_setup){ ring.size, ring.desc, ring.driver, ring.device,
			mock_ring_features(b.m), { 0, 0, true, true } };
		assert_int_equal(vq_new(&b.q, mock_mem(b.m), &s, &host), 0);
		assert_int_equal(pthread_create(&t, NULL, device, &b), 0);
		while (back < REQUESTS) {
			struct mock_used u;

			if (posted < REQUESTS && mock_add(b.m, 0, &out, 1, &in, 1) >= 0) {
				posted++;
				(void)mock_kick(b.m, 0);
				/* Meet the device at every point of its way to sleep. */
				linger(&seed);
				if (!mock_poll(b.m, 0, &u))
					continue;
			} else if (!mock_poll(b.m, 0, &u)) {
				if (!doze(&b.interrupted)) {
					b.lost = true;
					break;
				}
				continue;
			}
			back++;
		}
		pthread_join(t, NULL);
		if (b.lost)
			fail_msg("%s: a wake-up was lost after %u of %u", mock_kind_name(kind),
				back, REQUESTS);
		assert_int_equal(b.served, REQUESTS);
		vq_free(b.q);
		mock_free(b.m);
		sem_destroy(&b.kicked);
		sem_destroy(&b.interrupted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_wake_up_is_lost_between_two_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
