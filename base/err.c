/* SPDX-License-Identifier: Apache-2.0 */
/* Messages next to error codes, and the names of codes. */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return code;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return code;
}

int err_errno(struct err *e, int errno_value, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	if (!e)
		return -errno_value;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof(e->text) - n, ": %s", strerror(errno_value));
	return -errno_value;
}

void err_prefix(struct err *e, const char *fmt, ...)
{
	char text[sizeof(e->text)];
	va_list ap;
	size_t n;

	if (!e)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n = strlen(text);
	/* Where it does not fit it is cut: what a person reads first is there. */
	if (snprintf(text + n, sizeof(text) - n, ": %s", e->text) < 0)
		text[n] = 0;
	memcpy(e->text, text, sizeof(text));
}

const char *err_name(int code)
{
	switch (code) {
	case 0:
		return "success";
	case GUEST_E_RANGE:
		return "outside guest memory";
	case GUEST_E_SHORT:
		return "buffer too short";
	case GUEST_E_DIRECTION:
		return "buffer of the wrong direction";
	case GUEST_E_LOOP:
		return "endless descriptor chain";
	case GUEST_E_FORMAT:
		return "illegal value";
	case GUEST_E_STATE:
		return "not allowed in this state";
	case GUEST_E_UNSUPPORTED:
		return "not negotiated or not known";
	default:
		return code < 0 ? strerror(-code) : "unknown guest error";
	}
}
