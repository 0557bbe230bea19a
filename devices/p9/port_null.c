/* SPDX-License-Identifier: Apache-2.0 */
/* No server: a device on this port cannot be started. */
#include <errno.h>
#include <stdlib.h>

#include "devices/p9/p9_port.h"

static int null_attach(struct p9_port *p, struct ev_loop *loop, const struct p9_sink *sink)
{
	(void)p;
	(void)loop;
	(void)sink;
	return 0;
}

static bool null_no(const struct p9_port *p)
{
	(void)p;
	return false;
}

static void null_send(struct p9_port *p, const uint8_t *msg, uint32_t len)
{
	(void)p;
	(void)msg;
	(void)len;
}

static void null_free(struct p9_port *p)
{
	free(p);
}

static const struct p9_port_ops null_ops = {
	.attach = null_attach,
	.ready = null_no,
	.send = null_send,
	.alive = null_no,
	.free = null_free,
};

int p9_port_null_new(struct p9_port **out)
{
	struct p9_port *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->ops = &null_ops;
	*out = p;
	return 0;
}
