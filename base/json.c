/* SPDX-License-Identifier: Apache-2.0 */
/* Checked access to JSON fields, and JSON objects as packets; see json.h. */
#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/ipc.h"

/* The types that a field may have, as bits, and what a person calls them. */
#define TYPE(t) (1u << (t))

/* 1: *v is the field; 0: it is absent and may be; -EINVAL. */
static int field(const json_t *obj, const char *key, enum json_need need, unsigned int types,
	const char *noun, json_t **v, struct err *e)
{
	*v = json_object_get(obj, key);
	if (*v)
		return types & TYPE(json_typeof(*v))
			       ? 1
			       : err_set(e, -EINVAL, "\"%s\" must be %s", key, noun);
	if (need == JSON_REQUIRED)
		return err_set(e, -EINVAL, "\"%s\" is missing", key);
	return 0;
}

static int integer(
	const json_t *obj, const char *key, enum json_need need, json_int_t *n, struct err *e)
{
	json_t *v;
	int rc = field(obj, key, need, TYPE(JSON_INTEGER), "a whole number", &v, e);

	if (rc > 0)
		*n = json_integer_value(v);
	return rc;
}

int json_get_u64(const json_t *obj, const char *key, enum json_need need, uint64_t min,
	uint64_t max, uint64_t *out, struct err *e)
{
	json_int_t n;
	int rc = integer(obj, key, need, &n, e);

	if (rc <= 0)
		return rc;
	if (n < 0 || (uint64_t)n < min || (uint64_t)n > max)
		return err_set(e, -EINVAL,
			"\"%s\" is %" JSON_INTEGER_FORMAT ", must be %" PRIu64 "..%" PRIu64, key, n,
			min, max);
	*out = (uint64_t)n;
	return 0;
}

int json_get_i64(const json_t *obj, const char *key, enum json_need need, int64_t min, int64_t max,
	int64_t *out, struct err *e)
{
	json_int_t n;
	int rc = integer(obj, key, need, &n, e);

	if (rc <= 0)
		return rc;
	if (n < min || n > max)
		return err_set(e, -EINVAL,
			"\"%s\" is %" JSON_INTEGER_FORMAT ", must be %" PRId64 "..%" PRId64, key, n,
			min, max);
	*out = n;
	return 0;
}

int json_get_double(
	const json_t *obj, const char *key, enum json_need need, double *out, struct err *e)
{
	json_t *v;
	int rc = field(obj, key, need, TYPE(JSON_INTEGER) | TYPE(JSON_REAL), "a number", &v, e);

	if (rc <= 0)
		return rc;
	if (!isfinite(json_number_value(v)))
		return err_set(e, -EINVAL, "\"%s\" must be a finite number", key);
	*out = json_number_value(v);
	return 0;
}

int json_get_str(
	const json_t *obj, const char *key, enum json_need need, const char **out, struct err *e)
{
	json_t *v;
	int rc = field(obj, key, need, TYPE(JSON_STRING), "a string", &v, e);

	if (rc <= 0)
		return rc;
	/* A NUL inside would make C code see another string than was sent. */
	if (strlen(json_string_value(v)) != json_string_length(v))
		return err_set(e, -EINVAL, "\"%s\" contains a NUL character", key);
	*out = json_string_value(v);
	return 0;
}

int json_get_bool(const json_t *obj, const char *key, enum json_need need, bool *out, struct err *e)
{
	json_t *v;
	int rc = field(obj, key, need, TYPE(JSON_TRUE) | TYPE(JSON_FALSE), "true or false", &v, e);

	if (rc > 0)
		*out = json_is_true(v);
	return MIN(rc, 0);
}

static int container(const json_t *obj, const char *key, enum json_need need, json_type type,
	const char *noun, json_t **out, struct err *e)
{
	json_t *v;
	int rc = field(obj, key, need, TYPE(type), noun, &v, e);

	if (rc > 0)
		*out = v;
	return MIN(rc, 0);
}

int json_get_array(
	const json_t *obj, const char *key, enum json_need need, json_t **out, struct err *e)
{
	return container(obj, key, need, JSON_ARRAY, "a list", out, e);
}

int json_get_object(
	const json_t *obj, const char *key, enum json_need need, json_t **out, struct err *e)
{
	return container(obj, key, need, JSON_OBJECT, "an object", out, e);
}

int json_msg_send(int sock, const json_t *msg, const int *fds, size_t nfds)
{
	char *text = json_dumps(msg, JSON_COMPACT);
	size_t len;
	int rc;

	if (!text)
		return -ENOMEM;
	len = strlen(text);
	rc = len > IPC_MAX_BYTES ? -EMSGSIZE : ipc_send(sock, text, len, fds, nfds);
	free(text);
	return rc;
}

int json_msg_send_take(int sock, json_t *msg, const int *fds, size_t nfds)
{
	int rc = msg ? json_msg_send(sock, msg, fds, nfds) : -ENOMEM;

	json_decref(msg);
	return rc;
}

int json_msg_recv(int sock, json_t **msg, int *fds, size_t max_fds, size_t *nfds, struct err *e)
{
	size_t count = 0;
	char *buf = malloc(IPC_MAX_BYTES);
	json_error_t je;
	json_t *j;
	ssize_t n;

	if (!buf)
		return err_set(e, -ENOMEM, "out of memory");
	n = ipc_recv(sock, buf, IPC_MAX_BYTES, fds, max_fds, &count);
	if (n <= 0) {
		free(buf);
		return n < 0 ? err_errno(e, (int)-n, "cannot receive a message") : 0;
	}
	j = json_loadb(buf, (size_t)n, JSON_REJECT_DUPLICATES, &je);
	free(buf);
	if (!j || !json_is_object(j)) {
		json_decref(j);
		if (fds)
			ipc_close_fds(fds, count);
		return err_set(e, -EBADMSG, "not a JSON object: %s at byte %d",
			j ? "another type" : je.text, j ? 0 : je.position);
	}
	if (nfds)
		*nfds = count;
	*msg = j;
	return 1;
}
