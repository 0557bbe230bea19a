/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's vsock device -> devices/vsock; see bind.h. */
#include <sys/resource.h>

#include "devices/vsock/vsock.h"
#include "vmm/guest/bind.h"

/* Descriptors of this process that are no connections: everything else that it has. */
#define OTHER_FDS 200u

/* Each connection is a descriptor. As many as there may be, and how many that allows. */
static uint32_t most_links(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return VSOCK_MAX_LINKS;
	if (l.rlim_cur < VSOCK_MAX_LINKS + OTHER_FDS) {
		struct rlimit more = { MIN(l.rlim_max, VSOCK_MAX_LINKS + OTHER_FDS), l.rlim_max };

		if (setrlimit(RLIMIT_NOFILE, &more) == 0)
			l = more;
	}
	return l.rlim_cur <= OTHER_FDS
		       ? 1
		       : (uint32_t)MIN(l.rlim_cur - OTHER_FDS, (rlim_t)VSOCK_MAX_LINKS);
}

static int make(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
	struct vdev **out, struct err *e)
{
	struct vsock_dev_config cfg = {
		.tag = tag, .cid = d->u.vsock.cid, .max_links = most_links()
	};
	struct vsock_port *port = NULL;
	int fd = bind_take(fds, d->u.vsock.fd), rc;

	(void)mc;
	rc = fd < 0 ? vsock_port_null_new(&port) : vsock_port_socket_new(&port, fd);
	if (rc == 0)
		rc = vsock_dev_new(out, port, &cfg);
	return rc < 0 ? bind_failed(e, rc, "cannot make the socket device") : 0;
}

static void status(const struct vdev *v, json_t *o)
{
	struct vsock_dev_stats s;

	vsock_dev_get_stats(v, &s);
	json_object_set_new(o, "connections", json_integer((json_int_t)s.links));
	json_object_set_new(o, "connects", json_integer((json_int_t)s.connects));
	json_object_set_new(o, "accepts", json_integer((json_int_t)s.accepts));
	json_object_set_new(o, "refused", json_integer((json_int_t)s.refused));
	json_object_set_new(o, "resets", json_integer((json_int_t)s.resets));
	json_object_set_new(o, "tx_packets", json_integer((json_int_t)s.tx_packets));
	json_object_set_new(o, "tx_bytes", json_integer((json_int_t)s.tx_bytes));
	json_object_set_new(o, "tx_rejected", json_integer((json_int_t)s.tx_rejected));
	json_object_set_new(o, "rx_packets", json_integer((json_int_t)s.rx_packets));
	json_object_set_new(o, "rx_bytes", json_integer((json_int_t)s.rx_bytes));
}

const struct bind bind_vsock = { make, status, LOOP_DEV };
