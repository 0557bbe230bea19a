/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's rng device -> devices/rng; see bind.h. */

#include "devices/rng/rng.h"
#include "vmm/guest/bind.h"

static int make(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
	struct vdev **out, struct err *e)
{
	int rc = rng_new(out, tag);

	(void)mc;
	(void)d;
	(void)fds;
	return rc < 0 ? bind_failed(e, rc, "cannot make the entropy device") : 0;
}

static void status(const struct vdev *v, json_t *o)
{
	struct rng_stats s = rng_stats(v);

	json_object_set_new(o, "requests", json_integer((json_int_t)s.requests));
	json_object_set_new(o, "bytes", json_integer((json_int_t)s.bytes));
}

const struct bind bind_rng = { make, status, LOOP_DEV };
