/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's net device -> devices/net; see bind.h. */
#include <string.h>

#include "devices/net/net.h"
#include "vmm/guest/bind.h"

static int make(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
	struct vdev **out, struct err *e)
{
	struct net_dev_config cfg = {
		.tag = tag, .mtu = d->u.net.mtu, .pairs = (uint16_t)d->u.net.queues
	};
	struct link_port *port = NULL;
	int fd = bind_take(fds, d->u.net.fd), rc;

	(void)mc;
	memcpy(cfg.mac, d->u.net.mac, sizeof(cfg.mac));
	cfg.link_down = fd < 0;
	if (fd < 0)
		rc = link_port_null_new(&port);
	else if (d->u.net.tap)
		rc = link_port_tap_new(&port, fd);
	else
		rc = link_port_socket_new(&port, fd);
	if (rc == 0)
		rc = net_dev_new(out, port, &cfg);
	return rc < 0 ? bind_failed(e, rc, "cannot make the network card") : 0;
}

static void status(const struct vdev *v, json_t *o)
{
	struct net_dev_stats s;

	net_dev_get_stats(v, &s);
	json_object_set_new(o, "link_up", json_boolean(s.link_up));
	json_object_set_new(o, "queues", json_integer(s.pairs));
	json_object_set_new(o, "tx_frames", json_integer((json_int_t)s.tx_frames));
	json_object_set_new(o, "tx_bytes", json_integer((json_int_t)s.tx_bytes));
	json_object_set_new(o, "tx_rejected", json_integer((json_int_t)s.tx_rejected));
	json_object_set_new(o, "tx_dropped", json_integer((json_int_t)s.tx_dropped));
	json_object_set_new(o, "rx_frames", json_integer((json_int_t)s.rx_frames));
	json_object_set_new(o, "rx_bytes", json_integer((json_int_t)s.rx_bytes));
	json_object_set_new(o, "rx_filtered", json_integer((json_int_t)s.rx_filtered));
	json_object_set_new(o, "rx_dropped", json_integer((json_int_t)s.rx_dropped));
	json_object_set_new(o, "controls", json_integer((json_int_t)s.controls));
}

const struct bind bind_net = { make, status, LOOP_DEV };
