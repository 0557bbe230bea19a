/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop; see ev.h. Timers sit in a binary heap of absolute deadlines behind one timerfd,
 * posts in a list behind one eventfd. While callbacks of one epoll turn run, a watcher that is
 * removed is also taken out of the batch that is being dispatched.
 */
#include "base/ev.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#define BATCH 32

struct post {
	struct post *next;
	void (*fn)(void *arg);
	void *arg;
	struct call *call; /* the waiting caller, NULL for ev_post */
};

struct call {
	pthread_mutex_t lock;
	pthread_cond_t done_cond;
	bool done;
	int rc;
};

struct ev_loop {
	int epfd, timerfd, wakefd;
	atomic_bool stop;
	atomic_bool running;
	pthread_t thread; /* valid while running */
	struct epoll_event batch[BATCH];
	int batch_n, batch_i;
	struct ev_timer **heap;
	uint32_t heap_n, heap_cap, timers;
	uint64_t armed_ns; /* what the timerfd is set to; 0: off */
	uint64_t firing_ns; /* while due timers run: up to when they are due; else 0 */
	bool soon; /* a timer is due at the end of this turn */
	pthread_mutex_t lock;
	struct post *posts, **posts_tail;
	bool closed; /* no further posts; guarded by lock */
};

int ev_loop_new(struct ev_loop **out)
{
	struct ev_loop *l = calloc(1, sizeof(*l));
	struct epoll_event e = { .events = EPOLLIN };
	int rc;

	if (!l)
		return -ENOMEM;
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	l->timerfd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	l->wakefd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->epfd < 0 || l->timerfd < 0 || l->wakefd < 0)
		goto fail;
	e.data.ptr = &l->timerfd;
	if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, l->timerfd, &e) < 0)
		goto fail;
	e.data.ptr = &l->wakefd;
	if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, l->wakefd, &e) < 0)
		goto fail;
	pthread_mutex_init(&l->lock, NULL);
	l->posts_tail = &l->posts;
	*out = l;
	return 0;
fail:
	rc = -errno;
	fd_close(&l->epfd);
	fd_close(&l->timerfd);
	fd_close(&l->wakefd);
	free(l);
	return rc;
}

static void call_finish(struct call *c, int rc)
{
	pthread_mutex_lock(&c->lock);
	c->rc = rc;
	c->done = true;
	pthread_cond_signal(&c->done_cond);
	pthread_mutex_unlock(&c->lock);
}

/* Takes the list of posts; with `close_` no further ones are accepted. */
static struct post *take_posts(struct ev_loop *l, bool close_)
{
	struct post *p;

	pthread_mutex_lock(&l->lock);
	p = l->posts;
	l->posts = NULL;
	l->posts_tail = &l->posts;
	l->closed = l->closed || close_;
	pthread_mutex_unlock(&l->lock);
	return p;
}

static void cancel_posts(struct ev_loop *l)
{
	struct post *next;

	for (struct post *p = take_posts(l, true); p; p = next) {
		next = p->next;
		if (p->call)
			call_finish(p->call, -ECANCELED);
		else
			free(p);
	}
}

void ev_loop_free(struct ev_loop *l)
{
	if (!l)
		return;
	cancel_posts(l);
	fd_close(&l->epfd);
	fd_close(&l->timerfd);
	fd_close(&l->wakefd);
	pthread_mutex_destroy(&l->lock);
	free(l->heap);
	free(l);
}

/* ---- timers ---- */

static bool earlier(const struct ev_loop *l, uint32_t a, uint32_t b)
{
	return l->heap[a]->deadline_ns < l->heap[b]->deadline_ns;
}

static void heap_swap(struct ev_loop *l, uint32_t a, uint32_t b)
{
	struct ev_timer *t = l->heap[a];

	l->heap[a] = l->heap[b];
	l->heap[b] = t;
	l->heap[a]->heap_index = a + 1;
	l->heap[b]->heap_index = b + 1;
}

static void sift(struct ev_loop *l, uint32_t i)
{
	while (i > 0 && earlier(l, i, (i - 1) / 2)) {
		heap_swap(l, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
	for (;;) {
		uint32_t least = i, left = 2 * i + 1;

		if (left < l->heap_n && earlier(l, left, least))
			least = left;
		if (left + 1 < l->heap_n && earlier(l, left + 1, least))
			least = left + 1;
		if (least == i)
			return;
		heap_swap(l, i, least);
		i = least;
	}
}

static void arm_timerfd(struct ev_loop *l)
{
	uint64_t d = l->heap_n ? l->heap[0]->deadline_ns : 0;
	struct itimerspec its = { .it_value = { .tv_sec = (time_t)(d / NS_PER_S),
					  .tv_nsec = (long)(d % NS_PER_S) } };

	if (d == l->armed_ns)
		return;
	l->armed_ns = d;
	/* Fails only for a bad descriptor or value: neither can be here. */
	(void)timerfd_settime(l->timerfd, TFD_TIMER_ABSTIME, &its, NULL);
}

int ev_timer_init(struct ev_loop *l, struct ev_timer *t,
	void (*cb)(struct ev_timer *t, uint64_t now_ns), void *data)
{
	if (l->timers == l->heap_cap) {
		uint32_t cap = l->heap_cap ? l->heap_cap * 2 : 16;
		struct ev_timer **h = realloc(l->heap, cap * sizeof(*h));

		if (!h)
			return -ENOMEM;
		l->heap = h;
		l->heap_cap = cap;
	}
	l->timers++;
	*t = (struct ev_timer){ .cb = cb, .data = data, .loop = l };
	return 0;
}

void ev_timer_at(struct ev_timer *t, uint64_t deadline_ns)
{
	struct ev_loop *l = t->loop;

	/* Armed inside a timer's callback it waits for the next turn, however late it is: a timer
	 * that comes back by itself leaves the descriptors their turn. */
	t->deadline_ns = MAX(deadline_ns, l->firing_ns + 1);
	if (!t->heap_index) {
		l->heap[l->heap_n] = t;
		t->heap_index = ++l->heap_n;
	}
	sift(l, t->heap_index - 1);
}

void ev_timer_soon(struct ev_timer *t)
{
	ev_timer_at(t, 1);
	/* Armed by a timer it is for the next turn: the timerfd tells. */
	t->loop->soon = !t->loop->firing_ns;
}

void ev_timer_stop(struct ev_timer *t)
{
	struct ev_loop *l = t->loop;
	uint32_t i;

	if (!t->heap_index)
		return;
	i = t->heap_index - 1;
	l->heap_n--;
	if (i != l->heap_n) {
		heap_swap(l, i, l->heap_n);
		sift(l, i);
	}
	t->heap_index = 0;
	t->deadline_ns = 0;
}

void ev_timer_fini(struct ev_timer *t)
{
	if (!t->loop)
		return;
	ev_timer_stop(t);
	t->loop->timers--;
	t->loop = NULL;
}

static void run_timers(struct ev_loop *l)
{
	uint64_t now;

	if (!l->heap_n)
		return;
	now = clock_now_ns();
	l->firing_ns = now;
	while (l->heap_n && l->heap[0]->deadline_ns <= now) {
		struct ev_timer *t = l->heap[0];

		ev_timer_stop(t);
		t->cb(t, now);
	}
	l->firing_ns = 0;
}

/* ---- file descriptors ---- */

int ev_io_add(struct ev_loop *l, struct ev_io *io, int fd, uint32_t events,
	void (*cb)(struct ev_io *io, uint32_t revents), void *data)
{
	struct epoll_event e = { .events = events, .data.ptr = io };

	*io = (struct ev_io){ .fd = fd, .events = events, .cb = cb, .data = data, .loop = l };
	if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &e) < 0) {
		io->fd = -1;
		io->loop = NULL;
		return -errno;
	}
	return 0;
}

int ev_io_set(struct ev_io *io, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = io };

	if (events == io->events)
		return 0;
	if (epoll_ctl(io->loop->epfd, EPOLL_CTL_MOD, io->fd, &e) < 0)
		return -errno;
	io->events = events;
	return 0;
}

void ev_io_del(struct ev_io *io)
{
	struct ev_loop *l = io->loop;

	if (!l || io->fd < 0)
		return;
	(void)epoll_ctl(l->epfd, EPOLL_CTL_DEL, io->fd, NULL);
	for (int i = l->batch_i; i < l->batch_n; i++) {
		if (l->batch[i].data.ptr == io)
			l->batch[i].data.ptr = NULL;
	}
	io->fd = -1;
	io->loop = NULL;
}

/* ---- calls from other threads ---- */

static void run_posts(struct ev_loop *l)
{
	struct post *next;

	for (struct post *p = take_posts(l, false); p; p = next) {
		struct call *c = p->call;

		next = p->next;
		p->fn(p->arg);
		/* A caller's post lies on its stack: not to be touched once it was told. */
		if (c)
			call_finish(c, 0);
		else
			free(p);
	}
}

static int enqueue(struct ev_loop *l, struct post *p)
{
	static const uint64_t one = 1;

	pthread_mutex_lock(&l->lock);
	if (l->closed) {
		pthread_mutex_unlock(&l->lock);
		return -ECANCELED;
	}
	*l->posts_tail = p;
	l->posts_tail = &p->next;
	pthread_mutex_unlock(&l->lock);
	/* EAGAIN means that the loop has a wake-up pending already. */
	if (write(l->wakefd, &one, sizeof(one)) < 0)
		return 0;
	return 0;
}

int ev_post(struct ev_loop *l, void (*fn)(void *arg), void *arg)
{
	struct post *p = malloc(sizeof(*p));
	int rc;

	if (!p)
		return -ENOMEM;
	*p = (struct post){ .fn = fn, .arg = arg };
	rc = enqueue(l, p);
	if (rc < 0)
		free(p);
	return rc;
}

int ev_call(struct ev_loop *l, void (*fn)(void *arg), void *arg)
{
	struct call c = { .rc = 0 };
	struct post p = { .fn = fn, .arg = arg, .call = &c };
	int rc;

	if (!atomic_load_explicit(&l->running, memory_order_acquire) ||
		pthread_equal(l->thread, pthread_self())) {
		fn(arg);
		return 0;
	}
	pthread_mutex_init(&c.lock, NULL);
	pthread_cond_init(&c.done_cond, NULL);
	rc = enqueue(l, &p);
	if (rc == 0) {
		pthread_mutex_lock(&c.lock);
		while (!c.done)
			pthread_cond_wait(&c.done_cond, &c.lock);
		pthread_mutex_unlock(&c.lock);
		rc = c.rc;
	}
	pthread_cond_destroy(&c.done_cond);
	pthread_mutex_destroy(&c.lock);
	return rc;
}

/* ---- the loop ---- */

int ev_loop_turn(struct ev_loop *l, int timeout_ms)
{
	bool timers_due = false, posts_due = false;
	uint64_t count;
	int n;

	arm_timerfd(l);
	n = epoll_wait(l->epfd, l->batch, BATCH, timeout_ms);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	l->batch_n = n;
	for (l->batch_i = 0; l->batch_i < l->batch_n;) {
		struct epoll_event e = l->batch[l->batch_i++];

		if (e.data.ptr == &l->timerfd) {
			timers_due = read(l->timerfd, &count, sizeof(count)) > 0;
			if (timers_due)
				l->armed_ns = 0;
		} else if (e.data.ptr == &l->wakefd) {
			posts_due = read(l->wakefd, &count, sizeof(count)) > 0;
		} else if (e.data.ptr) {
			struct ev_io *io = e.data.ptr;

			io->cb(io, e.events);
		}
	}
	l->batch_n = l->batch_i = 0;
	if (timers_due || l->soon) {
		l->soon = false;
		run_timers(l);
	}
	if (posts_due)
		run_posts(l);
	return 0;
}

int ev_loop_run(struct ev_loop *l)
{
	int rc = 0;

	l->thread = pthread_self();
	atomic_store_explicit(&l->running, true, memory_order_release);
	while (rc == 0 && !atomic_load(&l->stop))
		rc = ev_loop_turn(l, -1);
	/* Callers that wait must not wait for ever; `running` falls only once none can queue. */
	cancel_posts(l);
	atomic_store_explicit(&l->running, false, memory_order_release);
	return rc;
}

void ev_loop_stop(struct ev_loop *l)
{
	static const uint64_t one = 1;

	atomic_store(&l->stop, true);
	if (write(l->wakefd, &one, sizeof(one)) < 0)
		return;
}

bool ev_loop_stopped(const struct ev_loop *l)
{
	return atomic_load(&l->stop);
}
