/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ties a raw port to an interface of the host for as long as the bus lives: makes the interface
 * where it was asked to, lets the port rest while the interface is down or gone, plugs it in again
 * when it is back, and removes what it made. canbus_attach_socketcan() is this with SocketCAN;
 * tests have other kinds.
 */
#pragma once

#include <sys/types.h>

#include "sim/canbus/bus.h"
#include "sim/canbus/netif.h"

struct hostif_kind {
	const char *name; /* as in `ip link add type`: "vcan" */
	uint32_t arp_type; /* ARPHRD_*: interfaces of another type are refused */
	/* A socket for port frames, bound to the interface; one that is deaf is sent nothing. The
	 * fd, or -errno. */
	int (*open)(int ifindex, bool deaf);
};

MUST_CHECK int hostif_attach(struct canbus *b, const struct canbus_socketcan *cfg,
	const struct hostif_kind *kind, struct err *e);
/* The port's end: removes the interface where hostif made it. NULL is legal. */
void hostif_free(struct hostif *h);
/* The interface that the port is plugged into; 0: none now. */
int hostif_index(const struct hostif *h);
/* The port's socket says that its interface is gone. */
void hostif_lost(struct hostif *h);

/* Whose an interface is, as its alias says: "dyno PID START", START as in /proc/PID/stat. */
#define HOSTIF_ALIAS_BYTES NETIF_ALIAS_BYTES
/* The alias of a process; false where there is none with this number. */
bool hostif_alias(pid_t pid, char out[HOSTIF_ALIAS_BYTES]);
/* The process of an alias; 0: it is none of Dyno's. Pure. */
pid_t hostif_alias_owner(const char *alias);
