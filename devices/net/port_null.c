/* SPDX-License-Identifier: Apache-2.0 */
/* A cable that ends nowhere: every frame is taken and forgotten. */
#include <errno.h>
#include <stdlib.h>

#include "devices/net/link_port.h"
#include "devices/net/proto.h"

struct null_port {
	struct link_port p; /* first */
	uint8_t frame[NET_UNCUT_MAX];
};

static int null_attach(struct link_port *p, struct ev_loop *loop, const struct link_sink *sink)
{
	(void)p;
	(void)loop;
	(void)sink;
	return 0;
}

static uint8_t *null_reserve(struct link_port *p, uint32_t len)
{
	struct null_port *n = (struct null_port *)p;

	return len <= sizeof(n->frame) ? n->frame : NULL;
}

static void null_commit(struct link_port *p, const struct virtio_net_hdr *h, uint32_t len)
{
	(void)p;
	(void)h;
	(void)len;
}

static void null_cancel(struct link_port *p, uint32_t len)
{
	(void)p;
	(void)len;
}

static void null_nothing(struct link_port *p)
{
	(void)p;
}

static bool null_alive(const struct link_port *p)
{
	(void)p;
	return true;
}

static void null_free(struct link_port *p)
{
	free(p);
}

static const struct link_port_ops null_ops = {
	.name = "null",
	.attach = null_attach,
	.reserve = null_reserve,
	.commit = null_commit,
	.cancel = null_cancel,
	.flush = null_nothing,
	.resume = null_nothing,
	.alive = null_alive,
	.free = null_free,
};

int link_port_null_new(struct link_port **out)
{
	struct null_port *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->p.ops = &null_ops;
	n->p.offloads = NET_LINK_OFFLOADS;
	*out = &n->p;
	return 0;
}
