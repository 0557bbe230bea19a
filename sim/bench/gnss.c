/* SPDX-License-Identifier: Apache-2.0 */
/* See gnss.h. */
#include "sim/bench/gnss.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/utc.h"
#include "sim/bench/bench.h"

/* ---- the bus thread's half ---- */

struct receiver {
	struct gnss_feed *feed;
	struct gnss *gnss;
	uint32_t guest, rate_hz;
	uint64_t n; /* moments until now */
};

struct gnss_feed {
	const struct scenario *s;
	struct agenda *agenda;
	gnss_speak speak;
	void *ctx;
	uint32_t n;
	struct receiver receivers[];
};

/* The time of day at bench time t_ns, which has come. */
static int64_t utc_at(const struct gnss_feed *f, uint64_t t_ns)
{
	if (f->s->utc.given)
		return f->s->utc.start_ns + (int64_t)t_ns;
	return utc_host_ns() - (int64_t)(bench_clock_now_ns(f->agenda->clock) - t_ns);
}

static uint64_t moment(const struct receiver *r)
{
	return r->n * NS_PER_S / r->rate_hz;
}

static void due(void *arg, uint64_t t_ns)
{
	struct receiver *r = arg;
	char text[NMEA_EPOCH_BYTES];
	struct nmea_fix fix;

	gnss_look(r->gnss, t_ns, utc_at(r->feed, t_ns), &fix);
	r->feed->speak(r->feed->ctx, r->guest, text, nmea_epoch(text, &fix));
	r->n++;
	if (agenda_add(r->feed->agenda, moment(r), due, NULL, r))
		log_error("%s: its receiver falls silent: out of memory",
			r->feed->s->guests[r->guest].name);
}

int gnss_feed_new(struct gnss_feed **out, const struct scenario *s, struct signals *table,
	struct agenda *agenda, gnss_speak speak, void *ctx)
{
	struct gnss_feed *f = calloc(1, sizeof(*f) + s->n_receivers * sizeof(f->receivers[0]));
	int rc = 0;

	if (!f)
		return -ENOMEM;
	*f = (struct gnss_feed){ .s = s, .agenda = agenda, .speak = speak, .ctx = ctx };
	for (uint32_t i = 0; rc == 0 && i < s->n_receivers; i++) {
		struct receiver *r = &f->receivers[f->n++];

		*r = (struct receiver){ .feed = f,
			.guest = s->receivers[i].guest,
			.rate_hz = s->guests[s->receivers[i].guest].gnss.rate_hz };
		rc = gnss_new(&r->gnss, &s->receivers[i].cfg, table);
		if (rc == 0)
			rc = agenda_add(agenda, 0, due, NULL, r);
	}
	if (rc) {
		gnss_feed_free(f);
		return rc;
	}
	*out = f;
	return 0;
}

void gnss_feed_free(struct gnss_feed *f)
{
	for (uint32_t i = 0; f && i < f->n; i++)
		gnss_free(f->receivers[i].gnss);
	free(f);
}

/* ---- the main thread's half ---- */

/* The sentences of one guest's receiver, on their way. */
struct mouth {
	struct bench *bench;
	uint32_t guest;
	pthread_mutex_t lock;
	/* Under the lock. */
	char text[NMEA_EPOCH_BYTES];
	size_t len; /* 0: none wait */
	uint64_t spoken, lost; /* moments: taken by the port, and left out */
};

struct gnss_mouths {
	uint32_t n;
	struct mouth mouths[];
};

/* The port takes all of a moment or nothing. */
static bool say(struct mouth *m, const char *text, size_t len)
{
	struct guest *g = &m->bench->guests[m->guest];
	struct stream *st = guest_stream(g, g->sg->gnss.port);

	if (!st || stream_is_unread(st) || stream_room(st) < len)
		return false;
	return stream_write(st, text, len) == len;
}

static void deliver(void *arg)
{
	struct mouth *m = arg;
	char text[NMEA_EPOCH_BYTES];
	bool said;
	size_t len;

	pthread_mutex_lock(&m->lock);
	len = m->len;
	m->len = 0;
	memcpy(text, m->text, len);
	pthread_mutex_unlock(&m->lock);
	said = say(m, text, len);
	pthread_mutex_lock(&m->lock);
	m->spoken += said;
	m->lost += !said;
	pthread_mutex_unlock(&m->lock);
}

void gnss_mouths_speak(void *mouths, uint32_t guest, const char *text, size_t len)
{
	struct mouth *m = &((struct gnss_mouths *)mouths)->mouths[guest];
	bool waits;

	pthread_mutex_lock(&m->lock);
	waits = m->len > 0;
	m->lost += waits;
	memcpy(m->text, text, len);
	m->len = len;
	pthread_mutex_unlock(&m->lock);
	if (!waits && ev_post(m->bench->loop, deliver, m) < 0)
		log_debug("the run has ended");
}

int gnss_mouths_new(struct gnss_mouths **out, struct bench *b)
{
	uint32_t n = b->s->n_guests;
	struct gnss_mouths *m = calloc(1, sizeof(*m) + n * sizeof(m->mouths[0]));

	if (!m)
		return -ENOMEM;
	m->n = n;
	for (uint32_t i = 0; i < n; i++) {
		m->mouths[i].bench = b;
		m->mouths[i].guest = i;
		pthread_mutex_init(&m->mouths[i].lock, NULL);
	}
	*out = m;
	return 0;
}

void gnss_mouths_free(struct gnss_mouths *m)
{
	for (uint32_t i = 0; m && i < m->n; i++)
		pthread_mutex_destroy(&m->mouths[i].lock);
	free(m);
}

json_t *gnss_metrics(struct gnss_mouths *mouths, uint32_t guest)
{
	struct mouth *m = &mouths->mouths[guest];
	uint64_t spoken, lost;

	if (!m->bench->guests[guest].sg->gnss.enabled)
		return NULL;
	pthread_mutex_lock(&m->lock);
	spoken = m->spoken;
	lost = m->lost;
	pthread_mutex_unlock(&m->lock);
	return json_pack("{s:I,s:I}", "spoken", (json_int_t)spoken, "not_read", (json_int_t)lost);
}
