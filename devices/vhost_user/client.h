/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front end's side of a vhost-user socket: requests, their replies, time limits. The back end
 * is not trusted: every reply is checked, what does not fit or does not come in time ends the
 * connection for good, and each later request fails at once with -ENOTCONN.
 *
 * Calls wait for the back end, up to the limit; one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "devices/vhost_user/wire.h"

struct vhu_client {
	int sock; /* -1: the connection has ended */
	uint32_t limit_ms; /* for one request with its reply */
	bool acks; /* VHU_PROTOCOL_F_REPLY_ACK was negotiated */
	struct err why; /* why the connection has ended; "" while it lives */
};

/* Takes the socket. */
void vhu_client_init(struct vhu_client *c, int sock_take, uint32_t limit_ms);
/* Closes it. Idempotent. */
void vhu_client_fini(struct vhu_client *c);
/* Ends the connection, and says why; the first reason stays. Returns `code`. */
int vhu_client_fail(struct vhu_client *c, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/*
 * A request without a reply: `fds` are borrowed. With `ack` the back end's word is awaited that it
 * was done, where it can give it. 0 or -errno.
 */
MUST_CHECK int vhu_send(struct vhu_client *c, enum vhu_request r, const void *payload, size_t len,
	const int *fds, size_t n_fds, bool ack);
/* A request with a payload of len bytes that is answered by exactly reply_len bytes. */
MUST_CHECK int vhu_ask(struct vhu_client *c, enum vhu_request r, const void *payload, size_t len,
	void *reply, size_t reply_len);
/* The most common kinds. */
MUST_CHECK int vhu_send_u64(struct vhu_client *c, enum vhu_request r, uint64_t value, bool ack);
MUST_CHECK int vhu_send_state(
	struct vhu_client *c, enum vhu_request r, uint32_t index, uint32_t num, bool ack);
/* SET_VRING_KICK, _CALL or _ERR. */
MUST_CHECK int vhu_send_vring_fd(struct vhu_client *c, enum vhu_request r, uint32_t index, int fd);
MUST_CHECK int vhu_ask_u64(struct vhu_client *c, enum vhu_request r, uint64_t *value);

/* The socket is readable though nothing was asked: the end, or a message too many. Ends the
 * connection. */
void vhu_client_unexpected(struct vhu_client *c);
