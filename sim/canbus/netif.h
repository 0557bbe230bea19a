/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network interfaces of this host through rtnetlink: what they are, made, brought up, removed, and
 * told about when they change. It knows no CAN and no bus.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"

#define NETIF_NAME_BYTES  16
#define NETIF_ALIAS_BYTES 64

struct netif; /* a connection to the kernel */

struct netif_state {
	int index;
	bool up;
	uint32_t mtu;
	uint32_t arp_type; /* ARPHRD_* */
	char alias[NETIF_ALIAS_BYTES]; /* free text of the interface; "" when it has none */
};

/* 0 or -errno. */
MUST_CHECK int netif_new(struct netif **out);
/* Watches no more. NULL is legal. */
void netif_free(struct netif *n);

/* These wait for the kernel's answer. 0 or -errno: -ENODEV where there is no such interface, -EPERM
 * where this user may not, -EOPNOTSUPP where the kernel does not know the kind. */
MUST_CHECK int netif_get(struct netif *n, const char *name, struct netif_state *out);
/* Makes an interface of a kind ("vcan"), up, with an alias. It is gone again where that fails. */
MUST_CHECK int netif_create(struct netif *n, const char *name, const char *kind, uint32_t mtu,
	const char *alias, int *index);
MUST_CHECK int netif_set_up(struct netif *n, int index);
MUST_CHECK int netif_set_alias(struct netif *n, int index, const char *alias);
MUST_CHECK int netif_delete(struct netif *n, int index);

/* Calls cb(data) on the loop after any interface of the host changed, came or went. 0 or -errno. */
MUST_CHECK int netif_watch(
	struct netif *n, struct ev_loop *loop, void (*cb)(void *data), void *data);
