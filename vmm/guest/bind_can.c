/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's can device -> devices/can; see bind.h. */

#include "devices/can/can.h"
#include "vmm/guest/bind.h"

static int make(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
	struct vdev **out, struct err *e)
{
	struct can_dev_config cfg = { .tag = tag, .features = d->u.can.features };
	struct can_port *port = NULL;
	int fd = bind_take(fds, d->u.can.fd), rc;

	(void)mc;
	if (fd < 0)
		rc = can_port_null_new(&port);
	else if (d->u.can.socketcan)
		rc = can_port_socketcan_new(&port, fd, d->u.can.echoes);
	else
		rc = can_port_hub_new(&port, fd);
	if (rc == 0)
		rc = can_dev_new(out, port, &cfg);
	return rc < 0 ? bind_failed(e, rc, "cannot make the CAN controller") : 0;
}

static void status(const struct vdev *v, json_t *o)
{
	struct can_dev_stats s;

	can_dev_get_stats(v, &s);
	json_object_set_new(o, "tx_ok", json_integer((json_int_t)s.tx_ok));
	json_object_set_new(o, "tx_not_ok", json_integer((json_int_t)s.tx_not_ok));
	json_object_set_new(o, "tx_rejected", json_integer((json_int_t)s.tx_rejected));
	json_object_set_new(o, "rx_frames", json_integer((json_int_t)s.rx_frames));
	json_object_set_new(o, "rx_dropped", json_integer((json_int_t)s.rx_dropped));
	json_object_set_new(o, "rx_filtered", json_integer((json_int_t)s.rx_filtered));
	json_object_set_new(o, "busoffs", json_integer((json_int_t)s.busoffs));
}

const struct bind bind_can = { make, status, LOOP_DEV };
