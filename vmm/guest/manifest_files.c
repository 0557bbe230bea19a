/* SPDX-License-Identifier: Apache-2.0 */
/* The readers of devices that other programs serve; see manifest_priv.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devices/p9/p9.h"
#include "devices/vhost_user/vhost_user.h"
#include "vmm/guest/manifest_priv.h"

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* "config": its bytes in hexadecimal digits. */
static int read_config(struct manifest_reader *r, const char *hex, struct manifest_device *d)
{
	size_t len = strlen(hex);

	if (len % 2 != 0 || len / 2 > VHU_MAX_CONFIG)
		return err_set(r->e, -EINVAL,
			"\"config\": pairs of hexadecimal digits for up to %d bytes are needed",
			VHU_MAX_CONFIG);
	d->u.vhost_user.config = calloc(1, len / 2 + 1);
	if (!d->u.vhost_user.config)
		return err_errno(r->e, ENOMEM, "manifest");
	for (size_t i = 0; i < len; i += 2) {
		int high = digit(hex[i]), low = digit(hex[i + 1]);

		if (high < 0 || low < 0)
			return err_set(r->e, -EINVAL,
				"\"config\" has something else than the digits 0 to 9 and a to f");
		d->u.vhost_user.config[i / 2] = (uint8_t)(high << 4 | low);
	}
	d->u.vhost_user.config_bytes = (unsigned int)(len / 2);
	return 0;
}

int manifest_read_vhost_user(struct manifest_reader *r, const json_t *o, struct manifest_device *d)
{
	uint64_t config_bytes = 0, size = VHU_DEFAULT_QUEUE_SIZE;
	const char *hex = NULL;
	int rc = manifest_get_fd(r, o, JSON_REQUIRED, &d->u.vhost_user.fd);

	if (rc == 0)
		rc = manifest_get_u32(r, o, "id", 1, 63, &d->u.vhost_user.id);
	if (rc == 0)
		rc = manifest_get_u32(r, o, "queues", 1, VHU_MAX_QUEUES, &d->u.vhost_user.queues);
	if (rc == 0)
		rc = json_get_u64(o, "queue_size", JSON_OPTIONAL, 2, VQ_MAX_SIZE, &size, r->e);
	if (rc == 0)
		rc = json_get_u64(
			o, "config_bytes", JSON_OPTIONAL, 0, VHU_MAX_CONFIG, &config_bytes, r->e);
	if (rc == 0)
		rc = json_get_str(o, "config", JSON_OPTIONAL, &hex, r->e);
	if (rc < 0)
		return rc;
	if ((size & (size - 1)) != 0)
		return err_set(r->e, -EINVAL, "\"queue_size\" is not a power of 2");
	if (hex && config_bytes)
		return err_set(r->e, -EINVAL,
			"\"config\" gives the configuration space, \"config_bytes\" takes the back "
			"end's: one of them only");
	d->u.vhost_user.queue_size = (unsigned int)size;
	d->u.vhost_user.config_bytes = (unsigned int)config_bytes;
	return hex ? read_config(r, hex, d) : 0;
}

int manifest_read_9p(struct manifest_reader *r, const json_t *o, struct manifest_device *d)
{
	int rc = manifest_get_fd(r, o, JSON_OPTIONAL, &d->u.p9.fd);

	static_assert(MANIFEST_NAME - 1 <= P9_TAG_MAX, "every tag fits");
	if (rc == 0)
		rc = manifest_get_name(r, o, "tag", JSON_REQUIRED, d->u.p9.tag);
	if (rc == 0 && d->u.p9.tag[0] == '\0')
		return err_set(r->e, -EINVAL, "\"tag\" is empty");
	return rc < 0 ? rc : manifest_get_text(r, o, "tree", &d->u.p9.tree);
}
