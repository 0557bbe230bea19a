/* SPDX-License-Identifier: Apache-2.0 */
/* A controller that is plugged into nothing: nobody hears it, nobody acknowledges. */
#include <errno.h>
#include <stdlib.h>

#include "devices/can/can_port.h"

static int null_attach(struct can_port *p, struct ev_loop *loop, const struct can_port_sink *sink)
{
	(void)p;
	(void)loop;
	(void)sink;
	return 0;
}

static int null_send(struct can_port *p, const struct can_rec_frame *r)
{
	(void)p;
	(void)r;
	return -ENOTCONN;
}

static void null_nothing(struct can_port *p)
{
	(void)p;
}

static void null_free(struct can_port *p)
{
	free(p);
}

static const struct can_port_ops null_ops = {
	.name = "null",
	.attach = null_attach,
	.send = null_send,
	.flush = null_nothing,
	.start = null_nothing,
	.stop = null_nothing,
	.free = null_free,
};

int can_port_null_new(struct can_port **out)
{
	struct can_port *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->ops = &null_ops;
	*out = p;
	return 0;
}
