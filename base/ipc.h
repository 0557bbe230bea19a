/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages with file descriptors between Dyno's processes: SOCK_SEQPACKET socket pairs, one
 * message a packet. The receiver checks every length; a message that was cut is an error.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define IPC_MAX_FDS   128
#define IPC_MAX_BYTES (192 * 1024)

/* A connected SOCK_SEQPACKET pair, close-on-exec, blocking; buffers of sndbuf_bytes (0: default).
 */
MUST_CHECK int ipc_pair(int fds[2], int sndbuf_bytes);

/*
 * Sends one packet with fds (borrowed; the receiver gets copies). 0 or -errno; -EAGAIN where the
 * socket is non-blocking and full (nothing was sent).
 */
MUST_CHECK int ipc_send(int sock, const void *buf, size_t len, const int *fds, size_t nfds);

/*
 * Receives one packet. Returns its length, 0 at end of file (an empty packet counts as one, its fds
 * are closed), or -errno (-EMSGSIZE when the packet or its fds did not fit: what arrived is
 * closed). fds[0..*nfds) then belong to the caller. `fds` may be NULL with nfds NULL: fds that
 * arrive anyway are closed.
 */
MUST_CHECK ssize_t ipc_recv(
	int sock, void *buf, size_t cap, int *fds, size_t max_fds, size_t *nfds);

/* Closes every open fd of the array and sets them to -1. */
void ipc_close_fds(int *fds, size_t nfds);
