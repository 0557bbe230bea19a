/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals between the bench and another process (a guest's sensor devices, a panel), over
 * SOCK_SEQPACKET: a packet is one to SIGNAL_PORT_RECORDS records. A signal is known by its place
 * in the list of names that the process was given with the socket.
 *
 * From the bench: the values that are shown, each once at the start and then whenever it changed;
 * of several changes only the newest may come. To the bench: SET; from a panel also HOLD (what is
 * shown is this value, whatever else sets the signal) and RELEASE (it follows what sets it again).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/le.h"

/* Signals of one socket, and records of one packet. */
#define SIGNAL_PORT_MAX     1024
#define SIGNAL_PORT_RECORDS 64

/* Where a quantity of a device comes from: value * scale + offset of a signal, which is a place in
 * the socket's list; SIGNAL_FEED_CONSTANT: always `offset`. */
#define SIGNAL_FEED_CONSTANT UINT32_MAX
struct signal_feed {
	uint32_t signal;
	double scale, offset;
};

enum signal_rec_type {
	SIGNAL_REC_VALUE = 1, /* from the bench */
	/* To the bench: stamp, state and flags mean nothing. */
	SIGNAL_REC_SET = 2,
	SIGNAL_REC_HOLD = 3, /* panels only, as the next */
	SIGNAL_REC_RELEASE = 4 /* the value means nothing */
};

enum signal_rec_state { SIGNAL_REC_UNSET, SIGNAL_REC_FRESH, SIGNAL_REC_STALE };

/* Said to panels only. */
#define SIGNAL_REC_HELD 0x1u /* what is shown is held, other values go on behind it */
#define SIGNAL_REC_FED  0x2u /* set last by a bus, a script or a guest: it will be so again */

struct signal_rec_wire {
	le16 type;
	uint8_t state, flags;
	le32 signal;
	le64 t_ns; /* bench time */
	le64 value; /* IEEE 754 double */
};
static_assert(sizeof(struct signal_rec_wire) == 24, "signal record");

struct signal_rec {
	enum signal_rec_type type;
	enum signal_rec_state state;
	uint32_t signal;
	uint64_t t_ns;
	double value; /* a number: neither infinite nor NaN */
	uint64_t flags; /* SIGNAL_REC_HELD, ...; as wide as its neighbours: nothing pads */
};

struct signal_rec_wire signal_rec_pack(const struct signal_rec *r);
/*
 * Reads the records of a packet of `len` bytes into out[SIGNAL_PORT_RECORDS]. `n_signals`: of the
 * socket's list. Pure. The number of records, or -EBADMSG: none of them is to be used.
 */
MUST_CHECK int signal_rec_unpack(
	const void *buf, uint32_t len, uint32_t n_signals, struct signal_rec *out);
/*
 * The same for the next packet of the socket, without waiting. 0: there is none just now; -EPIPE:
 * the other end closed it; -EBADMSG as above; another -errno.
 */
MUST_CHECK int signal_rec_recv(int fd, uint32_t n_signals, struct signal_rec *out);
