/* SPDX-License-Identifier: Apache-2.0 */
/* The signal map that came as a PVH module. */
#include "dyno/boot.h"
#include "dyno/print.h"
#include "dyno/signals.h"

int dyno_sigmap_open(struct dyno_sigmap *out)
{
	const struct dyno_module *m = dyno_module_find("sigmap");
	const char *why = "";
	int rc;

	if (m == NULL)
		return DYNO_E_NODEV;
	rc = dyno_sigmap_check(m->data, m->bytes, out, &why);
	if (rc != 0)
		dyno_printf("sigmap: %s\n", why);
	return rc;
}
