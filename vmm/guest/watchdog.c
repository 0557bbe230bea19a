/* SPDX-License-Identifier: Apache-2.0 */
/* The watchdog's place in a machine; see watchdog.h. */
#include "vmm/guest/watchdog.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/le.h"
#include "devices/legacy/i6300esb.h"

/* As its data sheet: one small memory BAR. Here it is a page, and 64 bits wide as all BARs are. */
#define BAR_BYTES 4096

struct watchdog {
	pthread_mutex_t lock; /* innermost; the PCI bus's may be held */
	struct i6300esb esb;
	struct pci_dev pci;
	struct pci_host *host;
	struct ev_loop *loop;
	struct ev_timer timer;
	void (*fired)(void *ctx);
	void *ctx;
	bool runs;
	uint64_t stood_ns; /* time that does not count: the sum of all pauses */
	uint64_t paused_ns; /* when this one began */
	uint64_t armed_ns; /* what the timer is, or will be, set to; 0: off */
	bool posted;
};

/* The guest's time; the lock is held. */
static uint64_t now(const struct watchdog *w)
{
	return (w->runs ? clock_now_ns() : w->paused_ns) - w->stood_ns;
}

static void on_post(void *arg)
{
	struct watchdog *w = arg;

	pthread_mutex_lock(&w->lock);
	w->posted = false;
	if (w->armed_ns)
		ev_timer_at(&w->timer, w->armed_ns);
	pthread_mutex_unlock(&w->lock);
}

/* The lock is held. Reloads only move the deadline away: the timer that fires too early looks
 * again, so that a guest's reload costs no other thread anything. */
static void arm(struct watchdog *w)
{
	uint64_t d = i6300esb_deadline(&w->esb);

	if (d == UINT64_MAX || !w->runs || (w->armed_ns && w->armed_ns <= d + w->stood_ns))
		return;
	w->armed_ns = d + w->stood_ns;
	if (!w->posted)
		w->posted = ev_post(w->loop, on_post, w) == 0;
}

static void on_timer(struct ev_timer *t, uint64_t now_ns)
{
	struct watchdog *w = t->data;
	bool fires;

	(void)now_ns;
	pthread_mutex_lock(&w->lock);
	w->armed_ns = 0;
	fires = w->runs && i6300esb_advance(&w->esb, now(w));
	arm(w);
	pthread_mutex_unlock(&w->lock);
	if (fires)
		w->fired(w->ctx);
}

/* ---- what the guest sees ---- */

static void bar_read(void *ctx, uint64_t off, void *dst, uint32_t len)
{
	struct watchdog *w = ctx;
	le64 v;

	pthread_mutex_lock(&w->lock);
	v = le64_of(i6300esb_read(&w->esb, off, len));
	pthread_mutex_unlock(&w->lock);
	memcpy(dst, &v, len);
}

static void bar_write(void *ctx, uint64_t off, const void *src, uint32_t len)
{
	struct watchdog *w = ctx;
	le64 v = { 0 };

	memcpy(&v, src, len);
	pthread_mutex_lock(&w->lock);
	i6300esb_write(&w->esb, off, le64_get(v), len, now(w));
	arm(w);
	pthread_mutex_unlock(&w->lock);
}

static void config_written(void *ctx, uint32_t off, uint32_t len)
{
	struct watchdog *w = ctx;
	uint8_t lock = w->pci.cfg[I6300ESB_LOCK];

	if (off + len <= I6300ESB_CONFIG || off > I6300ESB_LOCK)
		return;
	if (lock & I6300ESB_LOCK_LOCKED)
		w->pci.wmask[I6300ESB_LOCK] = 0;
	pthread_mutex_lock(&w->lock);
	i6300esb_config(
		&w->esb, le16_get(*(const le16 *)(w->pci.cfg + I6300ESB_CONFIG)), lock, now(w));
	arm(w);
	pthread_mutex_unlock(&w->lock);
}

static void reset(void *ctx)
{
	struct watchdog *w = ctx;

	w->pci.wmask[I6300ESB_LOCK] = I6300ESB_LOCK_MASK;
	pthread_mutex_lock(&w->lock);
	i6300esb_reset(&w->esb);
	pthread_mutex_unlock(&w->lock);
}

static const struct bus_ops bar_ops = { bar_read, bar_write };
static const struct pci_dev_ops pci_ops = { .config_written = config_written, .reset = reset };

/* ---- life ---- */

void watchdog_pause(struct watchdog *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	if (w->runs) {
		w->paused_ns = clock_now_ns();
		w->runs = false;
	}
	pthread_mutex_unlock(&w->lock);
}

void watchdog_resume(struct watchdog *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	if (!w->runs) {
		w->stood_ns += clock_now_ns() - w->paused_ns;
		w->runs = true;
		w->armed_ns = 0;
		arm(w);
	}
	pthread_mutex_unlock(&w->lock);
}

int watchdog_new(struct watchdog **out, struct ev_loop *loop, struct pci_host *host,
	unsigned int slot, void (*fired)(void *ctx), void *ctx)
{
	static const struct pci_identity id = { .vendor = 0x8086,
		.device = 0x25ab,
		.subsystem_vendor = 0x1af4,
		.subsystem = 0x1100,
		.class_code = 0x088000 };
	struct watchdog *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return -ENOMEM;
	w->loop = loop;
	w->host = host;
	w->fired = fired;
	w->ctx = ctx;
	w->paused_ns = clock_now_ns();
	pthread_mutex_init(&w->lock, NULL);
	i6300esb_init(&w->esb);
	pci_dev_init(&w->pci, &id, &pci_ops, w);
	pci_dev_bar(&w->pci, 0, BAR_BYTES, &bar_ops, w);
	w->pci.wmask[I6300ESB_CONFIG] = I6300ESB_CONFIG_MASK;
	w->pci.wmask[I6300ESB_LOCK] = I6300ESB_LOCK_MASK;
	rc = ev_timer_init(loop, &w->timer, on_timer, w);
	if (rc == 0)
		rc = pci_host_add(host, slot, &w->pci);
	if (rc < 0) {
		watchdog_free(w);
		return rc;
	}
	*out = w;
	return 0;
}

void watchdog_free(struct watchdog *w)
{
	if (!w)
		return;
	pci_host_remove(w->host, &w->pci);
	ev_timer_fini(&w->timer);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
