/* SPDX-License-Identifier: Apache-2.0 */
/* What a user types after `dyno ctl`, as a request of the control socket. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Options that belong to some operations; NULL where not given. */
struct ctl_word_opts {
	const char *hold, *button, *wheel, *slot, *port;
	bool no_newline;
	const char *cwd; /* makes file names absolute */
};

/*
 * words[0] is the operation. The request is a new reference; NULL with a message that shows how
 * the operation is written.
 */
json_t *ctl_words_request(
	const char *const *words, size_t n, const struct ctl_word_opts *o, struct err *e);
