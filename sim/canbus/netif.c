/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces of the host through libnl-route; see netif.h. */
#include "sim/canbus/netif.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

struct netif {
	struct nl_sock *ask, *events;
	struct ev_io io;
	void (*cb)(void *data);
	void *data;
};

/* libnl has error numbers of its own. */
static int from_nl(int code)
{
	switch (code < 0 ? -code : code) {
	case NLE_SUCCESS:
		return 0;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_OPNOTSUPP:
	case NLE_PROTO_MISMATCH:
	case NLE_AF_NOSUPPORT:
		return -EOPNOTSUPP;
	case NLE_EXIST:
		return -EEXIST;
	case NLE_NODEV:
	case NLE_OBJ_NOTFOUND:
		return -ENODEV;
	case NLE_BUSY:
		return -EBUSY;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_INVAL:
	case NLE_RANGE:
		return -EINVAL;
	default:
		return -EIO;
	}
}

static int open_socket(struct nl_sock **out)
{
	struct nl_sock *s = nl_socket_alloc();
	int rc;

	if (!s)
		return -ENOMEM;
	rc = from_nl(nl_connect(s, NETLINK_ROUTE));
	if (rc)
		nl_socket_free(s);
	else
		*out = s;
	return rc;
}

int netif_new(struct netif **out)
{
	struct netif *n = calloc(1, sizeof(*n));
	int rc = n ? open_socket(&n->ask) : -ENOMEM;

	if (rc) {
		free(n);
		return rc;
	}
	n->io = (struct ev_io)EV_IO_INIT;
	*out = n;
	return 0;
}

void netif_free(struct netif *n)
{
	if (!n)
		return;
	ev_io_del(&n->io);
	nl_socket_free(n->events);
	nl_socket_free(n->ask);
	free(n);
}

int netif_get(struct netif *n, const char *name, struct netif_state *out)
{
	struct rtnl_link *l = NULL;
	const char *alias;
	int rc;

	if (strlen(name) >= NETIF_NAME_BYTES)
		return -ENODEV;
	rc = from_nl(rtnl_link_get_kernel(n->ask, 0, name, &l));
	if (rc || !l)
		return rc ? rc : -ENODEV;
	alias = rtnl_link_get_ifalias(l);
	*out = (struct netif_state){ .index = rtnl_link_get_ifindex(l),
		.up = rtnl_link_get_flags(l) & IFF_UP,
		.mtu = rtnl_link_get_mtu(l),
		.arp_type = rtnl_link_get_arptype(l) };
	snprintf(out->alias, sizeof(out->alias), "%s", alias ? alias : "");
	rtnl_link_put(l);
	return 0;
}

/* Changes the interface `index` into what `change` has set. */
static int modify(struct netif *n, int index, struct rtnl_link *change)
{
	struct rtnl_link *orig = rtnl_link_alloc();
	int rc = -ENOMEM;

	if (orig) {
		rtnl_link_set_ifindex(orig, index);
		rc = from_nl(rtnl_link_change(n->ask, orig, change, 0));
	}
	rtnl_link_put(orig);
	return rc;
}

int netif_set_up(struct netif *n, int index)
{
	struct rtnl_link *change = rtnl_link_alloc();
	int rc;

	if (!change)
		return -ENOMEM;
	rtnl_link_set_flags(change, IFF_UP);
	rc = modify(n, index, change);
	rtnl_link_put(change);
	return rc;
}

int netif_set_alias(struct netif *n, int index, const char *alias)
{
	struct rtnl_link *change = rtnl_link_alloc();
	int rc;

	if (!change)
		return -ENOMEM;
	rtnl_link_set_ifalias(change, alias);
	rc = modify(n, index, change);
	rtnl_link_put(change);
	return rc;
}

int netif_delete(struct netif *n, int index)
{
	struct rtnl_link *l = rtnl_link_alloc();
	int rc;

	if (!l)
		return -ENOMEM;
	rtnl_link_set_ifindex(l, index);
	rc = from_nl(rtnl_link_delete(n->ask, l));
	rtnl_link_put(l);
	return rc;
}

int netif_create(struct netif *n, const char *name, const char *kind, uint32_t mtu,
	const char *alias, int *index)
{
	struct rtnl_link *l = rtnl_link_alloc();
	struct netif_state st;
	int rc;

	if (!l)
		return -ENOMEM;
	rtnl_link_set_name(l, name);
	rc = from_nl(rtnl_link_set_type(l, kind));
	if (!rc) {
		rtnl_link_set_mtu(l, mtu);
		rc = from_nl(rtnl_link_add(n->ask, l, NLM_F_CREATE | NLM_F_EXCL));
	}
	rtnl_link_put(l);
	if (rc)
		return rc;
	rc = netif_get(n, name, &st);
	if (rc)
		return rc;
	/* The kernel takes an alias of existing interfaces only; whose it is must be on it before
	 * anybody finds it up. */
	rc = netif_set_alias(n, st.index, alias);
	if (!rc)
		rc = netif_set_up(n, st.index);
	if (!rc)
		*index = st.index;
	else if (netif_delete(n, st.index))
		log_error("the interface %s was made and cannot be removed: ip link del %s", name,
			name);
	return rc;
}

static int on_message(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return NL_OK;
}

static void on_events(struct ev_io *io, uint32_t revents)
{
	struct netif *n = io->data;

	(void)revents;
	/* What was said does not matter, nor that some of it was lost: the listener looks itself.
	 */
	(void)nl_recvmsgs_default(n->events);
	n->cb(n->data);
}

int netif_watch(struct netif *n, struct ev_loop *loop, void (*cb)(void *data), void *data)
{
	int rc = open_socket(&n->events);

	if (rc)
		return rc;
	nl_socket_disable_seq_check(n->events);
	n->cb = cb;
	n->data = data;
	rc = from_nl(nl_socket_modify_cb(n->events, NL_CB_VALID, NL_CB_CUSTOM, on_message, n));
	if (!rc)
		rc = from_nl(nl_socket_add_membership(n->events, RTNLGRP_LINK));
	if (!rc)
		rc = from_nl(nl_socket_set_nonblocking(n->events));
	if (!rc)
		rc = ev_io_add(loop, &n->io, nl_socket_get_fd(n->events), EPOLLIN, on_events, n);
	if (rc) {
		nl_socket_free(n->events);
		n->events = NULL;
	}
	return rc;
}
