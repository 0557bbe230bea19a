/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CAN controllers (virtio-can). Opening one starts it. Frames are queued both ways; nothing here
 * blocks but open, start and stop.
 */
#pragma once

#include "dyno/base.h"

#define DYNO_CAN_EXTENDED 0x01u /* 29-bit identifier */
#define DYNO_CAN_RTR      0x02u /* remote request: len is the asked length, no data */
#define DYNO_CAN_FD       0x04u /* FD frame: up to 64 bytes */

struct dyno_can_frame {
	uint32_t id; /* 11 or 29 bits, nothing else */
	uint8_t len; /* 0..8, 0..64 for FD */
	uint8_t flags; /* DYNO_CAN_* */
	uint8_t data[64];
	uint64_t t_ns; /* received: when it was taken off the ring */
};

struct dyno_can;

/* Number of CAN controllers in the machine. */
unsigned int dyno_can_count(void);
/* The bus name of the i-th controller: i-th word of the option can=a,b,...; else "can<i>". */
const char *dyno_can_name(unsigned int i);
/* Opens (once; later calls return the same) and starts the i-th controller; NULL when there is
 * none or it does not work (a line says why). */
struct dyno_can *dyno_can_open(unsigned int i);
/* The same by bus name. */
struct dyno_can *dyno_can_find(const char *bus);

/* Takes the oldest received frame. False: there is none. */
DYNO_MUST_CHECK bool dyno_can_recv(struct dyno_can *c, struct dyno_can_frame *out);

/*
 * Queues a frame. Frames leave in order. 0: queued (sent with the next dyno_can_kick(), dyno_wait()
 * or when 32 are waiting). DYNO_E_FULL: too many unsent frames. DYNO_E_STATE: stopped or bus-off.
 * DYNO_E_INVAL: illegal id or length, or a kind of frame that was not negotiated.
 */
DYNO_MUST_CHECK int dyno_can_send(struct dyno_can *c, const struct dyno_can_frame *f);
/* Hands queued frames to the device now. */
void dyno_can_kick(struct dyno_can *c);

enum dyno_can_state { DYNO_CAN_STOPPED, DYNO_CAN_STARTED, DYNO_CAN_BUSOFF, DYNO_CAN_BROKEN };
/* Looks at the device's status when a configuration interrupt came. */
enum dyno_can_state dyno_can_state(struct dyno_can *c);
/* Starts (again): also the way out of bus-off. Blocks until the device answers. */
DYNO_MUST_CHECK int dyno_can_start(struct dyno_can *c);
DYNO_MUST_CHECK int dyno_can_stop(struct dyno_can *c);

bool dyno_can_has_fd(const struct dyno_can *c);
bool dyno_can_has_rtr(const struct dyno_can *c);

struct dyno_can_stats {
	uint64_t received, sent, refused; /* refused: the device answered NOT_OK */
	uint64_t malformed; /* received messages that made no sense */
	unsigned int tx_pending; /* handed over, not answered yet */
};
struct dyno_can_stats dyno_can_stats(struct dyno_can *c);
