/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's 9p device -> devices/p9; see bind.h. */
#include "devices/p9/p9.h"
#include "vmm/guest/bind.h"

static int make(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
	struct vdev **out, struct err *e)
{
	const struct p9_config cfg = { .tag = tag, .mount_tag = d->u.p9.tag, .tree = d->u.p9.tree };
	int fd = bind_take(fds, d->u.p9.fd), rc;
	struct p9_port *port = NULL;

	(void)mc;
	rc = fd < 0 ? p9_port_null_new(&port) : p9_port_socket_new(&port, fd);
	if (rc == 0)
		rc = p9_new(out, port, &cfg);
	return rc < 0 ? bind_failed(e, rc, "cannot make the 9P device") : 0;
}

static void status(const struct vdev *v, json_t *o)
{
	struct p9_stats s = p9_stats(v);

	json_object_set_new(o, "requests", json_integer((json_int_t)s.requests));
	json_object_set_new(o, "answers", json_integer((json_int_t)s.answers));
	json_object_set_new(o, "rejected", json_integer((json_int_t)s.rejected));
	json_object_set_new(o, "flushed", json_integer((json_int_t)s.flushed));
	json_object_set_new(o, "stray", json_integer((json_int_t)s.stray));
	json_object_set_new(o, "out_bytes", json_integer((json_int_t)s.out_bytes));
	json_object_set_new(o, "in_bytes", json_integer((json_int_t)s.in_bytes));
}

const struct bind bind_9p = { make, status, LOOP_FILE };
