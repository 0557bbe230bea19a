/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's time of day, which all clocks of the machine show; see manifest.h. */
#include "base/utc.h"
#include "vmm/guest/manifest_priv.h"

int manifest_utc_read(struct manifest_utc *out, const json_t *o, struct err *e)
{
	struct manifest_utc u = { .given = true };
	int rc = json_get_i64(o, "utc_ns", JSON_REQUIRED, 0, UTC_MAX_NS, &u.utc_ns, e);

	if (rc == 0)
		rc = json_get_u64(o, "host_ns", JSON_REQUIRED, 0, INT64_MAX, &u.host_ns, e);
	if (rc == 0)
		rc = json_get_bool(o, "runs", JSON_REQUIRED, &u.runs, e);
	if (rc == 0)
		*out = u;
	return rc;
}
