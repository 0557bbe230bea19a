/* SPDX-License-Identifier: Apache-2.0 */
/* The bench's end of a guest's signals, for tests of devices that use them. One thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/ev.h"
#include "devices/signal/client.h"

struct signal_rig {
	struct ev_loop *loop; /* its own: devices may go before it, with theirs */
	struct signal_client *client;
	int bench;
};

/* Signals number 0 to n - 1, all unset. */
void signal_rig_init(struct signal_rig *r, uint32_t n);
/* Frees the client: after the devices. Idempotent. */
void signal_rig_fini(struct signal_rig *r);
/* A signal has this value: the client has heard it when this returns. */
void signal_rig_say(struct signal_rig *r, uint32_t signal, double value);
/* Takes all that the guest has set; *value is the newest of `signal`. False when there is none. */
bool signal_rig_heard(struct signal_rig *r, uint32_t signal, double *value);
