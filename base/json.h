/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON messages (jansson) between Dyno's processes and checked access to their fields.
 * The getters set an error that names the key; a missing required key is an error, a missing
 * optional one leaves *out as it was.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum json_need { JSON_REQUIRED, JSON_OPTIONAL };

MUST_CHECK int json_get_u64(const json_t *obj, const char *key, enum json_need need, uint64_t min,
	uint64_t max, uint64_t *out, struct err *e);
MUST_CHECK int json_get_i64(const json_t *obj, const char *key, enum json_need need, int64_t min,
	int64_t max, int64_t *out, struct err *e);
/* A finite number, whole or not. */
MUST_CHECK int json_get_double(
	const json_t *obj, const char *key, enum json_need need, double *out, struct err *e);
/* The string stays obj's. */
MUST_CHECK int json_get_str(
	const json_t *obj, const char *key, enum json_need need, const char **out, struct err *e);
MUST_CHECK int json_get_bool(
	const json_t *obj, const char *key, enum json_need need, bool *out, struct err *e);
/* The array or object stays obj's. */
MUST_CHECK int json_get_array(
	const json_t *obj, const char *key, enum json_need need, json_t **out, struct err *e);
MUST_CHECK int json_get_object(
	const json_t *obj, const char *key, enum json_need need, json_t **out, struct err *e);

/* Sends one JSON object as one packet (ipc_send). `msg` is borrowed. 0 or -errno. */
MUST_CHECK int json_msg_send(int sock, const json_t *msg, const int *fds, size_t nfds);
/* As above, and consumes msg (also on failure). */
MUST_CHECK int json_msg_send_take(int sock, json_t *msg, const int *fds, size_t nfds);
/*
 * Receives one packet and parses it: must be an object. 1: *msg is the caller's; 0: end of file;
 * -errno (-EBADMSG: not a JSON object; -EAGAIN). fds as ipc_recv.
 */
MUST_CHECK int json_msg_recv(
	int sock, json_t **msg, int *fds, size_t max_fds, size_t *nfds, struct err *e);
