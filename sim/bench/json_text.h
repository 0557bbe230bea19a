/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of the host in JSON: paths, and messages that were cut to length, need not be UTF-8. */
#pragma once

#include <jansson.h>

/*
 * The text as a JSON string; where it is not UTF-8, its bytes beyond ASCII become '?'. A new
 * reference; NULL without memory or for NULL. Any thread; allocates.
 */
json_t *json_text(const char *text);

/* The text of an object's member; "" where it has none. Borrowed from the object. */
const char *json_member_text(const json_t *o, const char *key);
