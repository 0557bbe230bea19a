/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals on CAN buses: frames that are heard become values, and values become frames that are
 * sent in their rhythm or on change, with counters and checksums. It knows no bus: the owner sends
 * the frames and says what was heard.
 *
 * Thread: the agenda's loop.
 */
#pragma once

#include <linux/can.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/clock/agenda.h"
#include "sim/signal/table.h"

struct signal_can;

struct signal_can_config {
	struct signals *table; /* borrowed, as all here */
	struct agenda *agenda;
	/* Sends a frame that is due at bench time t_ns. 0 or -errno, which is counted. */
	int (*send)(void *ctx, uint32_t bus, const struct canfd_frame *f, uint64_t t_ns);
	/* SIGNAL_CHECKSUM_SCRIPT: the checksum of a payload in which it is 0. 0 or -errno: the
	 * frame goes out with 0. NULL: there are no scripts. */
	int (*checksum)(void *ctx, const char *function, const struct signal_message *m,
		const uint8_t *data, uint32_t len, uint64_t t_ns, uint64_t *out);
	void *ctx;
};

/* Puts the rhythm of the messages on the agenda. 0 or -ENOMEM. */
MUST_CHECK int signal_can_new(struct signal_can **out, const struct signal_can_config *cfg);
/* After the agenda runs no more. NULL is legal. */
void signal_can_free(struct signal_can *c);

/* A frame was on a bus at bench time t_ns; `own`: the bench sent it (send() above, replays). Does
 * not allocate. */
void signal_can_frame(
	struct signal_can *c, uint32_t bus, const struct canfd_frame *f, bool own, uint64_t t_ns);

/* A message that is sent falls silent, or speaks again: at once where it is sent on change, in its
 * rhythm else. Idempotent. */
void signal_can_silence(struct signal_can *c, uint32_t message, bool silent, uint64_t t_ns);

struct signal_can_stats {
	uint64_t frames; /* sent or received */
	uint64_t refused; /* that send() did not take */
	uint64_t last_ns; /* bench time of the last */
	bool silent;
};
void signal_can_get_stats(
	const struct signal_can *c, uint32_t message, struct signal_can_stats *out);
