/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of the host in JSON; see json_text.h. */
#include "sim/bench/json_text.h"

#include <stdlib.h>
#include <string.h>

json_t *json_text(const char *text)
{
	json_t *j = json_string(text);
	char *copy;

	if (j || !text)
		return j;
	copy = strdup(text);
	for (char *c = copy; c && *c; c++) {
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	}
	j = copy ? json_string(copy) : NULL;
	free(copy);
	return j;
}

const char *json_member_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}
