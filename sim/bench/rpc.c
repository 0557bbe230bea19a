/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and answers by number. */
#include "sim/bench/rpc.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"

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
