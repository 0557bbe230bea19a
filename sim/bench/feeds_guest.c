/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's devices are connected to the run's signals; see feeds.h. */
#include <errno.h>

#include "base/fd.h"
#include "sim/bench/buses.h"
#include "sim/bench/feeds.h"

struct plug {
	const struct scenario_guest *g;
	int fd, rc;
};

static void plug_there(struct feeds *f, void *arg)
{
	struct plug *p = arg;
	uint32_t list[SCENARIO_MAX_USED];
	bool settable[SCENARIO_MAX_USED];

	for (uint32_t i = 0; i < p->g->n_signals; i++) {
		list[i] = p->g->signals[i].signal;
		settable[i] = p->g->signals[i].set;
	}
	p->rc = feeds_add_port(f, fd_take(&p->fd), list, settable, p->g->n_signals);
}

int feeds_plug(struct buses *b, const struct scenario_guest *g, int fd, struct err *e)
{
	struct plug p = { .g = g, .fd = fd, .rc = -ECANCELED };

	if (fd < 0)
		return 0;
	(void)buses_feeds(b, plug_there, &p);
	fd_close(&p.fd);
	return p.rc ? err_errno(e, -p.rc, "cannot connect guest %s to its signals", g->name) : 0;
}
