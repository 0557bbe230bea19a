/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to a child process and their answers, matched by number. Main loop only. Every request
 * is answered exactly once: by the child, or with an error when the child is gone.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/bench/child.h"

#define RPC_MAX_PENDING 256

/* `reply` is the answer (borrowed); NULL when there is none, then `error` says why. Where the
 * child itself said no, both are set. */
typedef void (*rpc_done)(void *arg, const json_t *reply, const char *error);

struct rpc {
	int sock; /* borrowed, non-blocking; -1 when closed */
	uint64_t next_id;
	struct {
		uint64_t id; /* 0: free */
		rpc_done done;
		void *arg;
	} pending[RPC_MAX_PENDING];
};

void rpc_init(struct rpc *r, int sock);
/*
 * Sends request_take (an object with "op"), with fds (borrowed). `done` may be NULL. Always
 * consumes the request. When it cannot be sent, `done` is called before this returns.
 */
void rpc_call(
	struct rpc *r, json_t *request_take, const int *fds, size_t nfds, rpc_done done, void *arg);
/* The child's message `msg` answers something: calls `done`. False when it is not an answer. */
bool rpc_answer(struct rpc *r, const json_t *msg);
/* What the child says of itself: `ev` is its name, `msg` all of it, `fd` (-1: none) what came with
 * it. All are borrowed. */
typedef void (*rpc_event)(void *arg, const char *ev, const json_t *msg, int fd);
/*
 * For on_readable of the child: takes a bounded number of its messages (the rest is for the next
 * call), hands answers to their requests and events to `event`, and hangs up at the end of the
 * stream or on a message that is none. `who` names it in messages.
 */
void rpc_receive(struct rpc *r, struct child *c, const char *who, rpc_event event, void *arg);
/* The child is gone: answers everything with `why`; later calls fail at once. Idempotent. */
void rpc_close(struct rpc *r, const char *why);
