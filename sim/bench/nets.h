/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All Ethernet networks of a run, on a thread of their own: neither CAN nor windows wait for a
 * guest that floods its network. The functions are called on the main thread.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/scenario/scenario.h"

struct nets;

/* Makes the networks and starts their thread; none without networks. 0; -EADDRINUSE where a
 * forwarded port is taken; another -errno. With a message. */
MUST_CHECK int nets_new(
	struct nets **out, const struct scenario *s, const char *out_dir, struct err *e);
/* Ends the thread, closes the captures. NULL is legal. */
void nets_free(struct nets *n);

/* Plugs card `index` of a guest in: *fd is the card's end, the caller's. 0 or -errno with a
 * message. */
MUST_CHECK int nets_plug(struct nets *n, uint32_t guest, uint32_t index, int *fd, struct err *e);

/* {"lan":{"cluster.0":{...}}}; a new reference. */
json_t *nets_metrics(struct nets *n);
