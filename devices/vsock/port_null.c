/* SPDX-License-Identifier: Apache-2.0 */
/* The port behind which nobody is: every connection is refused. */
#include <errno.h>
#include <stdlib.h>

#include "devices/vsock/vsock_port.h"

static int null_attach(struct vsock_port *p, struct ev_loop *loop, const struct vsock_sink *sink)
{
	(void)p;
	(void)loop;
	(void)sink;
	return 0;
}

static int null_connect(struct vsock_port *p, uint32_t id, const struct vsock_call *call)
{
	(void)p;
	(void)id;
	(void)call;
	return -ECONNREFUSED;
}

static int null_answer(struct vsock_port *p, uint32_t id, bool accepted)
{
	(void)p;
	(void)id;
	(void)accepted;
	return 0;
}

static void null_free(struct vsock_port *p)
{
	free(p);
}

static const struct vsock_port_ops null_ops = {
	.name = "null",
	.attach = null_attach,
	.connect = null_connect,
	.answer = null_answer,
	.free = null_free,
};

int vsock_port_null_new(struct vsock_port **out)
{
	struct vsock_port *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->ops = &null_ops;
	*out = p;
	return 0;
}
