/* SPDX-License-Identifier: Apache-2.0 */
/* Loop threads; see loop_thread.h. */
#include "base/loop_thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"

int loop_thread_init(struct loop_thread *t, const char *name)
{
	*t = (struct loop_thread){ .name = name };
	return ev_loop_new(&t->loop);
}

static int stay(void)
{
	int cpu = sched_getcpu();
	cpu_set_t set;

	if (cpu < 0)
		return -errno;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) < 0 ? -errno : 0;
}

static void *thread_main(void *arg)
{
	struct loop_thread *t = arg;
	int rc;

	t->tid = gettid();
	/* From inside: for another thread it would need /proc, which the sandbox keeps shut. */
	(void)pthread_setname_np(pthread_self(), t->name);
	if (t->nice && setpriority(PRIO_PROCESS, (id_t)gettid(), t->nice) < 0)
		log_debug("the %s thread keeps its priority: %s", t->name, strerror(errno));
	rc = t->stays ? stay() : 0;
	if (rc < 0)
		log_debug("the %s thread moves between processors: %s", t->name, strerror(-rc));
	rc = ev_loop_run(t->loop);
	if (rc < 0)
		log_error("the %s loop failed: %s", t->name, strerror(-rc));
	return NULL;
}

static void say_running(void *arg)
{
	sem_post(arg);
}

int loop_thread_start(struct loop_thread *t, struct err *e)
{
	pthread_attr_t attr;
	sem_t running;
	int rc = -ev_post(t->loop, say_running, &running);

	if (rc)
		return err_errno(e, rc, "cannot start the %s thread", t->name);
	sem_init(&running, 0, 0);
	rc = pthread_attr_init(&attr);
	if (rc == 0 && t->stack_bytes)
		rc = pthread_attr_setstacksize(&attr, t->stack_bytes);
	if (rc == 0)
		rc = pthread_create(&t->thread, &attr, thread_main, t);
	pthread_attr_destroy(&attr);
	if (rc)
		return err_errno(e, rc, "cannot start the %s thread", t->name);
	t->running = true;
	/* Until the loop runs, ev_call() would do its work on the caller's thread. */
	while (sem_wait(&running) < 0 && errno == EINTR)
		;
	sem_destroy(&running);
	return 0;
}

void loop_thread_stop(struct loop_thread *t)
{
	if (!t->running)
		return;
	ev_loop_stop(t->loop);
	pthread_join(t->thread, NULL);
	t->running = false;
}

void loop_thread_fini(struct loop_thread *t)
{
	loop_thread_stop(t);
	ev_loop_free(t->loop);
	t->loop = NULL;
}
