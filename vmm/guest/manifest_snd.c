/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's sound device; see manifest.h. */
#include <errno.h>
#include <string.h>

#include "vmm/guest/manifest_priv.h"

static int read_stream(
	struct manifest_reader *r, const json_t *o, enum json_need ring, struct manifest_sound *s)
{
	const char *direction = "play";
	bool plugged = true;
	int rc = json_get_str(o, "direction", JSON_OPTIONAL, &direction, r->e);

	if (rc == 0)
		rc = manifest_get_u32(r, o, "channels", 1, PCM_MAX_CHANNELS, &s->channels);
	if (rc == 0)
		rc = json_get_bool(o, "plugged", JSON_OPTIONAL, &plugged, r->e);
	if (rc == 0)
		rc = manifest_get_fd_of(r, o, "ring", ring, &s->ring_fd);
	if (rc < 0)
		return rc;
	s->unplugged = !plugged;
	s->capture = strcmp(direction, "capture") == 0;
	if (!s->capture && strcmp(direction, "play") != 0)
		return err_set(r->e, -EINVAL, "\"direction\" must be play or capture");
	return 0;
}

int manifest_read_snd(struct manifest_reader *r, const json_t *o, struct manifest_device *d)
{
	enum json_need need;
	json_t *streams = NULL, *s;
	size_t i;
	int rc = manifest_get_fd(r, o, JSON_OPTIONAL, &d->u.snd.fd);

	/* With a way to the host's sound everything of it must be there. */
	need = d->u.snd.fd == MANIFEST_NO_FD ? JSON_OPTIONAL : JSON_REQUIRED;
	if (rc == 0)
		rc = manifest_get_fd_of(r, o, "wake", need, &d->u.snd.wake_fd);
	if (rc == 0)
		rc = json_get_array(o, "streams", JSON_REQUIRED, &streams, r->e);
	if (rc < 0)
		return rc;
	if (json_array_size(streams) < 1 || json_array_size(streams) > MANIFEST_MAX_SOUNDS)
		return err_set(
			r->e, -EINVAL, "\"streams\": 1 to %u are possible", MANIFEST_MAX_SOUNDS);
	json_array_foreach (streams, i, s) {
		rc = read_stream(r, s, need, &d->u.snd.stream[d->u.snd.n++]);
		if (rc < 0) {
			err_prefix(r->e, "streams[%zu]", i);
			return rc;
		}
	}
	return 0;
}
