/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's vhost-user device -> devices/vhost_user; see bind.h. */
#include "devices/vhost_user/vhost_user.h"
#include "vmm/guest/bind.h"

static int make(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
	struct vdev **out, struct err *e)
{
	const struct vhost_user_config cfg = { .tag = tag,
		.id = (uint16_t)d->u.vhost_user.id,
		.queues = (uint16_t)d->u.vhost_user.queues,
		.queue_size = (uint16_t)d->u.vhost_user.queue_size,
		.config = d->u.vhost_user.config,
		.config_bytes = d->u.vhost_user.config_bytes };

	(void)mc;
	return vhost_user_new(out, bind_take(fds, d->u.vhost_user.fd), &cfg, e);
}

static void status(const struct vdev *v, json_t *o)
{
	struct vhost_user_state s = vhost_user_state(v);

	json_object_set_new(o, "id", json_integer(v->ops->id));
	json_object_set_new(o, "connected", json_boolean(s.connected));
	json_object_set_new(o, "why", json_string(s.why));
	json_object_set_new(o, "features", json_integer((json_int_t)s.features));
	json_object_set_new(o, "protocol_features", json_integer((json_int_t)s.protocol));
	json_object_set_new(o, "starts", json_integer((json_int_t)s.starts));
}

const struct bind bind_vhost_user = { make, status, LOOP_FILE };
