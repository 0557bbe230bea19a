/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's shares and the devices that other programs serve -> its manifest. */
#include <stdio.h>
#include <string.h>

#include "sim/bench/manifest.h"

/* The virtio device type of a file system (VIRTIO_ID_FS). */
#define FS_DEVICE 26
/* struct virtio_fs_config: tag[36] and the number of request queues. */
#define FS_TAG_BYTES    36
#define FS_CONFIG_BYTES 40

/* What virtiofsd leaves to us: the tag, padded, and one request queue. */
static json_t *share_config(const char *tag)
{
	char hex[2 * FS_CONFIG_BYTES + 1];
	size_t len = strlen(tag);

	for (size_t i = 0; i < FS_CONFIG_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x",
			i < len ? (unsigned char)tag[i] : (unsigned char)(i == FS_TAG_BYTES));
	return json_string(hex);
}

/* The device is called by its tag: that is what the user knows. */
static json_t *share_device(const struct scenario_share *s, int fd, struct manifest_fds *out)
{
	if (s->type == SCENARIO_SHARE_9P)
		return json_pack("{s:s,s:s,s:s,s:s,s:o}", "type", "9p", "name", s->tag, "tag",
			s->tag, "tree", s->path, "fd", manifest_fd_index(out, fd));
	return json_pack("{s:s,s:s,s:i,s:i,s:o,s:o}", "type", "vhost-user", "name", s->tag, "id",
		FS_DEVICE, "queues", 2, "config", share_config(s->tag), "fd",
		manifest_fd_index(out, fd));
}

static json_t *vhost_user_device(
	const struct scenario_vhost_user *v, int fd, struct manifest_fds *out)
{
	json_t *o = json_pack("{s:s,s:i,s:i,s:i,s:o}", "type", "vhost-user", "id", (int)v->id,
		"queues", (int)v->queues, "queue_size", (int)v->queue_size, "fd",
		manifest_fd_index(out, fd));

	if (o && v->name)
		json_object_set_new(o, "name", json_string(v->name));
	if (o && v->config)
		json_object_set_new(o, "config", json_string(v->config));
	if (o && v->config_bytes)
		json_object_set_new(o, "config_bytes", json_integer(v->config_bytes));
	return o;
}

void manifest_files(const struct scenario_guest *g, const struct manifest_guest_fds *in,
	json_t *devices, struct manifest_fds *out)
{
	for (uint32_t i = 0; i < g->n_shares; i++)
		json_array_append_new(devices, share_device(&g->shares[i], in->shares[i], out));
	for (uint32_t i = 0; i < g->n_vhost_user; i++)
		json_array_append_new(
			devices, vhost_user_device(&g->vhost_user[i], in->vhost_user[i], out));
}
