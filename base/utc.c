/* SPDX-License-Identifier: Apache-2.0 */
/* See utc.h. */
#include "base/utc.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/err.h"

/* The host's UTC may be set meanwhile: waits that are longer look again. */
#define LOOK_AGAIN_NS (10 * NS_PER_S)

int64_t utc_host_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * (int64_t)NS_PER_S + ts.tv_nsec;
}

void utc_init(struct utc *u)
{
	*u = (struct utc){ .own = false };
	pthread_mutex_init(&u->lock, NULL);
}

void utc_fini(struct utc *u)
{
	pthread_mutex_destroy(&u->lock);
}

void utc_set(struct utc *u, int64_t utc_ns, uint64_t host_ns, bool runs)
{
	pthread_mutex_lock(&u->lock);
	u->own = true;
	u->runs = runs;
	u->utc_ns = utc_ns;
	u->host_ns = host_ns;
	pthread_mutex_unlock(&u->lock);
}

/* The lock is held. */
static int64_t now(const struct utc *u, uint64_t host_ns)
{
	if (!u->own)
		return utc_host_ns();
	return u->runs ? u->utc_ns + (int64_t)(host_ns - u->host_ns) : u->utc_ns;
}

int64_t utc_now_ns(struct utc *u)
{
	int64_t t;

	pthread_mutex_lock(&u->lock);
	t = now(u, clock_now_ns());
	pthread_mutex_unlock(&u->lock);
	return t;
}

uint64_t utc_look_ns(struct utc *u, int64_t utc_ns)
{
	uint64_t host_ns = clock_now_ns(), wait;
	int64_t t;
	bool own, runs;

	pthread_mutex_lock(&u->lock);
	own = u->own;
	runs = u->runs;
	t = now(u, host_ns);
	pthread_mutex_unlock(&u->lock);
	if (own && !runs && utc_ns > t)
		return UINT64_MAX;
	/* The difference of two int64_t, whichever they are. */
	wait = utc_ns > t ? (uint64_t)utc_ns - (uint64_t)t : 0;
	if (!own)
		wait = MIN(wait, LOOK_AGAIN_NS);
	return wait < UINT64_MAX - host_ns ? host_ns + wait : UINT64_MAX;
}

int64_t utc_tai_offset_ns(int64_t utc_ns)
{
	/* First days with one more leap second (IERS Bulletin C), from 10 s on. */
	static const struct {
		uint16_t year;
		uint8_t month;
	} leaps[] = { { 1972, 7 }, { 1973, 1 }, { 1974, 1 }, { 1975, 1 }, { 1976, 1 }, { 1977, 1 },
		{ 1978, 1 }, { 1979, 1 }, { 1980, 1 }, { 1981, 7 }, { 1982, 7 }, { 1983, 7 },
		{ 1985, 7 }, { 1988, 1 }, { 1990, 1 }, { 1991, 1 }, { 1992, 7 }, { 1993, 7 },
		{ 1994, 7 }, { 1996, 1 }, { 1997, 7 }, { 1999, 1 }, { 2006, 1 }, { 2009, 1 },
		{ 2012, 7 }, { 2015, 7 }, { 2017, 1 } };
	int64_t day = floor_div(utc_ns, DAY_SECONDS * (int64_t)NS_PER_S), n = 10;

	for (size_t i = 0; i < ARRAY_SIZE(leaps); i++)
		n += day >= calendar_days(leaps[i].year, leaps[i].month, 1);
	return n * (int64_t)NS_PER_S;
}
