/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs behind a guest's shares: virtiofsd and diod, one process for each share of each
 * guest, and sockets of devices that other programs serve. All of it on the main loop.
 */
#pragma once

#include "base/err.h"
#include "sim/bench/service.h"
#include "sim/scenario/scenario.h"

/*
 * Starts the program of a share for one life of the guest's process; it ends with its connection.
 * *fd is the connected socket for dyno-vm, the caller's. 0 or -errno with a message.
 */
MUST_CHECK int share_open(struct service_set *set, const char *guest,
	const struct scenario_share *s, int *fd, struct err *e);
/* The guest is gone: what its programs say about that is no news. */
void shares_close(struct service_set *set, const char *guest, const struct scenario_guest *g);

/* Connects to the program that serves a device. The socket, the caller's, or -errno with a
 * message. */
MUST_CHECK int vhost_user_connect(const struct scenario_vhost_user *v, struct err *e);
