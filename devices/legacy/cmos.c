/* SPDX-License-Identifier: Apache-2.0 */
/* The clock chip's place in a machine; see cmos.h. */
#include "devices/legacy/cmos.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "devices/legacy/rtc.h"

struct cmos {
	pthread_mutex_t lock;
	struct rtc rtc;
	struct cmos_host host;
	struct ev_loop *loop;
	struct ev_timer timer;
	uint64_t armed_ns; /* what the timer is, or will be, set to; 0: off */
	bool posted; /* the loop was asked to set it */
	bool level;
};

static int64_t utc(const struct cmos *c)
{
	return utc_now_ns(c->host.utc);
}

static void on_post(void *arg)
{
	struct cmos *c = arg;

	pthread_mutex_lock(&c->lock);
	c->posted = false;
	if (c->armed_ns)
		ev_timer_at(&c->timer, c->armed_ns);
	else
		ev_timer_stop(&c->timer);
	pthread_mutex_unlock(&c->lock);
}

/* After every change; the lock is held. A timer that fires too early only looks again, so that the
 * loop is not woken to set it later. */
static void settle(struct cmos *c)
{
	int64_t now = utc(c), next;
	bool level = rtc_irq(&c->rtc, now);
	uint64_t at;

	if (level != c->level) {
		c->level = level;
		c->host.irq(c->host.ctx, level);
	}
	next = rtc_next_ns(&c->rtc, now);
	if (next > INT64_MAX - now)
		return;
	at = utc_look_ns(c->host.utc, now + next);
	if (at == UINT64_MAX || (c->armed_ns && c->armed_ns <= at))
		return;
	c->armed_ns = at;
	if (!c->posted)
		c->posted = ev_post(c->loop, on_post, c) == 0;
}

static void on_timer(struct ev_timer *t, uint64_t now_ns)
{
	struct cmos *c = t->data;

	(void)now_ns;
	pthread_mutex_lock(&c->lock);
	c->armed_ns = 0;
	settle(c);
	pthread_mutex_unlock(&c->lock);
}

uint8_t cmos_read(struct cmos *c, unsigned int port)
{
	uint8_t v;

	pthread_mutex_lock(&c->lock);
	v = rtc_read(&c->rtc, port, utc(c));
	settle(c);
	pthread_mutex_unlock(&c->lock);
	return v;
}

void cmos_write(struct cmos *c, unsigned int port, uint8_t value)
{
	pthread_mutex_lock(&c->lock);
	rtc_write(&c->rtc, port, value, utc(c));
	settle(c);
	pthread_mutex_unlock(&c->lock);
}

void cmos_look(struct cmos *c)
{
	pthread_mutex_lock(&c->lock);
	settle(c);
	pthread_mutex_unlock(&c->lock);
}

void cmos_reset(struct cmos *c)
{
	pthread_mutex_lock(&c->lock);
	rtc_reset(&c->rtc, utc(c));
	settle(c);
	pthread_mutex_unlock(&c->lock);
}

int cmos_new(struct cmos **out, struct ev_loop *loop, const struct cmos_host *host)
{
	struct cmos *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return -ENOMEM;
	c->host = *host;
	c->loop = loop;
	pthread_mutex_init(&c->lock, NULL);
	rtc_init(&c->rtc, utc(c));
	rc = ev_timer_init(loop, &c->timer, on_timer, c);
	if (rc < 0) {
		cmos_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void cmos_free(struct cmos *c)
{
	if (!c)
		return;
	ev_timer_fini(&c->timer);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
