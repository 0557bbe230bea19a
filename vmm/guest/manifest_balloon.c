/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of the manifest's balloon device; see manifest_priv.h. */
#include "vmm/guest/manifest_priv.h"

int manifest_read_balloon(struct manifest_reader *r, const json_t *o, struct manifest_device *d)
{
	int rc;

	d->u.balloon.target_bytes = UINT64_MAX;
	d->u.balloon.reporting = d->u.balloon.deflate_on_oom = true;
	rc = json_get_u64(
		o, "target_bytes", JSON_OPTIONAL, 0, INT64_MAX, &d->u.balloon.target_bytes, r->e);
	if (rc == 0)
		rc = json_get_bool(o, "reporting", JSON_OPTIONAL, &d->u.balloon.reporting, r->e);
	if (rc == 0)
		rc = json_get_bool(
			o, "deflate_on_oom", JSON_OPTIONAL, &d->u.balloon.deflate_on_oom, r->e);
	return rc;
}
