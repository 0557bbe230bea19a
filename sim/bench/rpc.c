/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and answers by number. */
#include "sim/bench/rpc.h"

#include <errno.h>
#include <string.h>

#include "base/ipc.h"
#include "base/json.h"
#include "base/log.h"

/* Read in one go: a child that floods its socket must not keep the bench from everything else. */
#define RECEIVE_BURST 64

void rpc_init(struct rpc *r, int sock)
{
	*r = (struct rpc){ .sock = sock };
}

static void tell(rpc_done done, void *arg, const json_t *reply, const char *error)
{
	if (done)
		done(arg, reply, error);
}

void rpc_call(
	struct rpc *r, json_t *request_take, const int *fds, size_t nfds, rpc_done done, void *arg)
{
	size_t slot = 0;
	int rc;

	while (slot < RPC_MAX_PENDING && r->pending[slot].id)
		slot++;
	if (r->sock < 0 || slot == RPC_MAX_PENDING || !request_take) {
		json_decref(request_take);
		tell(done, arg, NULL,
			r->sock < 0 ? "its process has ended" : "too many requests are open");
		return;
	}
	r->pending[slot].id = ++r->next_id;
	r->pending[slot].done = done;
	r->pending[slot].arg = arg;
	rc = json_object_set_new(request_take, "request", json_integer((json_int_t)r->next_id));
	if (rc == 0)
		rc = json_msg_send(r->sock, request_take, fds, nfds);
	json_decref(request_take);
	if (rc) {
		r->pending[slot].id = 0;
		tell(done, arg, NULL,
			rc == -EAGAIN ? "its process does not read requests"
				      : "its process cannot be reached");
	}
}

bool rpc_answer(struct rpc *r, const json_t *msg)
{
	const json_t *id = json_object_get(msg, "reply");

	if (!json_is_integer(id))
		return false;
	for (size_t i = 0; i < RPC_MAX_PENDING; i++) {
		const char *error = NULL;

		if (!r->pending[i].id || r->pending[i].id != (uint64_t)json_integer_value(id))
			continue;
		r->pending[i].id = 0;
		if (!json_is_true(json_object_get(msg, "ok"))) {
			error = json_string_value(json_object_get(msg, "error"));
			if (!error)
				error = "refused without a reason";
		}
		tell(r->pending[i].done, r->pending[i].arg, msg, error);
		break;
	}
	return true;
}

void rpc_close(struct rpc *r, const char *why)
{
	r->sock = -1;
	for (size_t i = 0; i < RPC_MAX_PENDING; i++) {
		if (!r->pending[i].id)
			continue;
		r->pending[i].id = 0;
		tell(r->pending[i].done, r->pending[i].arg, NULL, why);
	}
}

void rpc_receive(struct rpc *r, struct child *c, const char *who, rpc_event event, void *arg)
{
	for (unsigned int i = 0; i < RECEIVE_BURST && c->sock >= 0; i++) {
		json_t *msg;
		const char *ev;
		struct err e;
		int fd = -1;
		size_t nfds = 0;
		int rc = json_msg_recv(c->sock, &msg, &fd, 1, &nfds, &e);

		if (rc == -EAGAIN)
			return;
		if (rc <= 0) {
			/* A reset is a child's end with our last words unread. */
			if (rc < 0 && rc != -ECONNRESET)
				log_warn("%s: %s", who, e.text);
			child_hang_up(c);
			return;
		}
		ev = json_string_value(json_object_get(msg, "event"));
		if (ev)
			event(arg, ev, msg, fd);
		else if (!rpc_answer(r, msg))
			log_warn("%s: a message that is neither an event nor an answer", who);
		json_decref(msg);
		ipc_close_fds(&fd, nfds);
	}
}
