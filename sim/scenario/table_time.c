/* SPDX-License-Identifier: Apache-2.0 */
/* The time of day that a scenario gives its guests. */
#include <errno.h>

#include "base/calendar.h"
#include "sim/scenario/platform.h"

static void parse_utc(struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	struct scenario_utc *u = field;
	int rc = calendar_parse(n->text, &u->start_ns);

	(void)k;
	if (rc == -ERANGE)
		bind_error(b, n, "%.60s is not between the years 1970 and 2199", n->text);
	else if (rc != 0)
		bind_error(b, n, "\"%.60s\" is not a time: write 2027-03-28T01:59:50Z", n->text);
	else
		u->given = true;
}

const struct schema_type type_utc = {
	.name = "time",
	.doc = "Date and time of day in UTC, with an optional fraction of the second: "
	       "`2027-03-28T01:59:50Z`, `2027-03-28T01:59:50.250Z`; without a time of day it is "
	       "midnight: `2027-03-28`.",
	.parse = parse_utc,
};
