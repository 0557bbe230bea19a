/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's balloon device -> devices/balloon; see bind.h. */
#include <errno.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "base/log.h"
#include "devices/balloon/balloon.h"
#include "vmm/guest/bind.h"

/* The unit in which the host takes guest memory back: huge pages only as a whole. */
static uint32_t host_page_bytes(const struct gmem *m)
{
	struct statfs fs;

	return m->r[0].fd >= 0 && fstatfs(m->r[0].fd, &fs) == 0 && fs.f_type == HUGETLBFS_MAGIC
		       ? (uint32_t)fs.f_bsize
		       : 4096;
}

static void on_stats(void *ctx)
{
	struct machine *mc = ctx;

	mc->host.balloon_stats(mc->host.ctx);
}

static int make(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
	struct vdev **out, struct err *e)
{
	struct balloon_config cfg = { .tag = tag,
		.memory_bytes = mc->m->memory_bytes,
		.target_bytes = d->u.balloon.target_bytes,
		.host_page_bytes = host_page_bytes(vm_mem(mc->vm)),
		.reporting = d->u.balloon.reporting,
		.deflate_on_oom = d->u.balloon.deflate_on_oom,
		.on_stats = on_stats,
		.ctx = mc };
	int rc = balloon_new(out, &cfg);

	(void)fds;
	return rc < 0 ? bind_failed(e, rc, "cannot make the balloon") : 0;
}

static void status(const struct vdev *v, json_t *o)
{
	struct balloon_state s = balloon_state(v);
	json_t *stats = json_object();

	json_object_set_new(o, "target_bytes", json_integer((json_int_t)s.target_bytes));
	json_object_set_new(o, "actual_bytes", json_integer((json_int_t)s.actual_bytes));
	json_object_set_new(o, "held_bytes", json_integer((json_int_t)s.held_bytes));
	json_object_set_new(o, "returned_bytes", json_integer((json_int_t)s.returned_bytes));
	json_object_set_new(o, "reported_bytes", json_integer((json_int_t)s.reported_bytes));
	json_object_set_new(o, "inflated_pages", json_integer((json_int_t)s.inflated_pages));
	json_object_set_new(o, "deflated_pages", json_integer((json_int_t)s.deflated_pages));
	json_object_set_new(o, "bad_pages", json_integer((json_int_t)s.bad_pages));
	json_object_set_new(o, "failures", json_integer((json_int_t)s.failures));
	json_object_set_new(o, "driver", json_boolean(s.running));
	/* What the guest cannot tell it leaves out. Numbers beyond JSON's say nothing either. */
	for (unsigned int i = 0; i < BALLOON_STATS; i++) {
		if (s.stats.present >> i & 1 && s.stats.value[i] <= INT64_MAX)
			json_object_set_new(stats, balloon_stat_name(i),
				json_integer((json_int_t)s.stats.value[i]));
	}
	json_object_set_new(o, "stats", stats);
}

const struct bind bind_balloon = { make, status, LOOP_DISK };

/* ---- requests ---- */

struct balloon_call {
	struct vdev *dev;
	const uint64_t *target;
	bool asked;
	json_t *o;
};

static void loop_ask(void *arg)
{
	struct balloon_call *c = arg;

	if (c->target)
		balloon_set_target(c->dev, *c->target);
	c->asked = balloon_poll(c->dev);
}

static void loop_report(void *arg)
{
	struct balloon_call *c = arg;

	status(c->dev, c->o);
}

/* 0, -ENODEV or -ECANCELED. */
static int on_its_loop(struct machine *mc, void (*fn)(void *arg), struct balloon_call *c)
{
	for (unsigned int i = 0; i < mc->m->n_devices; i++) {
		if (mc->m->device[i].type != DEVICE_BALLOON)
			continue;
		c->dev = mc->device[i].dev;
		return ev_call(mc->loop[LOOP_DISK].loop, fn, c);
	}
	return -ENODEV;
}

int machine_balloon_ask(struct machine *mc, const uint64_t *target_bytes, bool *asked)
{
	struct balloon_call c = { .target = target_bytes };
	int rc;

	if (target_bytes && *target_bytes > mc->m->memory_bytes)
		return -ERANGE;
	rc = on_its_loop(mc, loop_ask, &c);
	*asked = c.asked;
	return rc;
}

void machine_balloon_report(struct machine *mc, json_t *reply)
{
	struct balloon_call c = { .o = reply };

	if (on_its_loop(mc, loop_report, &c) < 0)
		log_debug("the balloon is gone");
}
