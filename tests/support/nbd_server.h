/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small NBD server over socket pairs, for tests: a disk in memory, on a thread for each
 * connection, with everything that a server can do wrong on request. Aborts when a test is wrong.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define NBD_F_READ_ONLY  0x0002u
#define NBD_F_FLUSH      0x0004u
#define NBD_F_FUA        0x0008u
#define NBD_F_TRIM       0x0020u
#define NBD_F_ZEROES     0x0040u
#define NBD_F_MULTI_CONN 0x0100u
#define NBD_F_USUAL      (1u | NBD_F_FLUSH | NBD_F_FUA | NBD_F_TRIM | NBD_F_ZEROES)

enum { NBD_READ, NBD_WRITE, NBD_DISC, NBD_FLUSH, NBD_TRIM, NBD_ZEROES = 6, NBD_COMMANDS };

/* Set before the first connection, but for the last group, which may be changed at any time. */
struct nbd_server {
	uint64_t bytes;
	uint16_t flags;
	uint32_t least, best, most; /* block sizes; 0: not said */
	bool refuse; /* the export */
	uint8_t *disk; /* `bytes`, the test's; NULL: reads are zeroes, writes are lost */

	/* Counted, for the test to read when nothing is under way. */
	unsigned int commands[NBD_COMMANDS], fua, no_hole;
	uint32_t largest;

	_Atomic uint32_t error[NBD_COMMANDS]; /* answered instead, errno */
	bool mute; /* requests are read and not answered */
	bool die; /* the connection ends at the next request */
	bool garbage; /* what is answered is not NBD */

	/* The server's own. */
	unsigned int n;
	struct {
		int fd;
		unsigned long thread;
	} conn[8];
};

/* A connected client's end, the caller's. */
int nbd_server_connect(struct nbd_server *s);
/* Ends all connections and threads. */
void nbd_server_stop(struct nbd_server *s);
