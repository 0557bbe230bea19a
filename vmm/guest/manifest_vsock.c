/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's vsock device; see manifest.h. */
#include "vmm/guest/manifest_priv.h"

#define CID_FIRST 3u
#define CID_LAST  UINT32_C(0xfffffffe)

int manifest_read_vsock(struct manifest_reader *r, const json_t *o, struct manifest_device *d)
{
	int rc = manifest_get_fd(r, o, JSON_OPTIONAL, &d->u.vsock.fd);

	return rc < 0 ? rc : manifest_get_u32(r, o, "cid", CID_FIRST, CID_LAST, &d->u.vsock.cid);
}
