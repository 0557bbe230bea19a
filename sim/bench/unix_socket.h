/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AF_UNIX sockets at paths of a folder. A socket's path is limited to 107 bytes, folders are not:
 * names are relative to `dir` (an absolute one stands for itself).
 */
#pragma once

#include "base/err.h"

/*
 * Listens at dir/name, mode 0600, non-blocking; `type` is SOCK_STREAM or SOCK_SEQPACKET. A socket
 * that a run which is over left behind is replaced. 0: *out is the caller's; -EADDRINUSE: somebody
 * listens there; -ENAMETOOLONG; another -errno.
 */
MUST_CHECK int unix_listen(const char *dir, const char *name, int type, int backlog, int *out);
/* Connects to dir/name without waiting. 0: *out is the caller's, non-blocking; -errno. */
MUST_CHECK int unix_connect(const char *dir, const char *name, int type, int *out);
/* Removes dir/name. */
void unix_remove(const char *dir, const char *name);
