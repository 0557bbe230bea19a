/* SPDX-License-Identifier: Apache-2.0 */
/* The readers of the devices: one per type; see manifest_priv.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ipc.h"
#include "base/json.h"
#include "base/proto/net_port.h"
#include "devices/blk/blk.h"
#include "devices/blk/wire.h"
#include "devices/can/can.h"
#include "devices/gpu/gpu.h"
#include "devices/net/net.h"
#include "vmm/guest/manifest_priv.h"

static const char *const input_names[INPUT_KINDS] = {
	[INPUT_KEYBOARD] = "keyboard",
	[INPUT_POINTER] = "pointer",
	[INPUT_TOUCH] = "touch",
};

/* By feature bit. */
static const char *const can_words[] = {
	[VIRTIO_CAN_F_CAN_CLASSIC] = "classic",
	[VIRTIO_CAN_F_CAN_FD] = "fd",
	[VIRTIO_CAN_F_RTR_FRAMES] = "rtr",
	[VIRTIO_CAN_F_LATE_TX_ACK] = "late-tx-ack",
};

int manifest_read_can(struct manifest_reader *r, const json_t *o, struct manifest_device *d)
{
	json_t *features = NULL, *word;
	size_t i;
	int rc = manifest_get_fd(r, o, JSON_OPTIONAL, &d->u.can.fd);

	if (rc == 0)
		rc = json_get_bool(o, "socketcan", JSON_OPTIONAL, &d->u.can.socketcan, r->e);
	d->u.can.echoes = true;
	if (rc == 0)
		rc = json_get_bool(o, "echoes", JSON_OPTIONAL, &d->u.can.echoes, r->e);
	if (rc == 0)
		rc = json_get_array(o, "features", JSON_OPTIONAL, &features, r->e);
	if (rc < 0)
		return rc;
	json_array_foreach (features, i, word) {
		int bit = json_is_string(word) ? manifest_word(json_string_value(word), can_words,
							 ARRAY_SIZE(can_words))
					       : -1;

		if (bit < 0)
			return err_set(r->e, -EINVAL,
				"\"features\" has a word that is not classic, fd, rtr or "
				"late-tx-ack");
		d->u.can.features |= VIRTIO_BIT(bit);
	}
	return 0;
}

int manifest_read_plain(struct manifest_reader *r, const json_t *o, struct manifest_device *d)
{
	(void)r;
	(void)o;
	(void)d;
	return 0;
}

static int parse_port(struct manifest_reader *r, const json_t *o, struct manifest_port *p)
{
	int rc = manifest_get_name(r, o, "name", JSON_OPTIONAL, p->name);

	if (rc == 0)
		rc = json_get_bool(o, "console", JSON_OPTIONAL, &p->console, r->e);
	if (rc == 0)
		rc = manifest_get_fd(r, o, JSON_OPTIONAL, &p->fd);
	return rc;
}

int manifest_read_console(struct manifest_reader *r, const json_t *o, struct manifest_device *d)
{
	json_t *ports = NULL, *p;
	uint64_t cols = 0, rows = 0;
	size_t i;
	int rc = json_get_array(o, "ports", JSON_REQUIRED, &ports, r->e);

	if (rc == 0)
		rc = json_get_u64(o, "cols", JSON_OPTIONAL, 0, UINT16_MAX, &cols, r->e);
	if (rc == 0)
		rc = json_get_u64(o, "rows", JSON_OPTIONAL, 0, UINT16_MAX, &rows, r->e);
	if (rc < 0)
		return rc;
	d->u.console.cols = (uint16_t)cols;
	d->u.console.rows = (uint16_t)rows;
	if (json_array_size(ports) < 1 || json_array_size(ports) > MANIFEST_MAX_PORTS)
		return err_set(
			r->e, -EINVAL, "\"ports\": 1 to %d are possible", MANIFEST_MAX_PORTS);
	d->u.console.port = calloc(json_array_size(ports), sizeof(*d->u.console.port));
	if (!d->u.console.port)
		return err_errno(r->e, ENOMEM, "manifest");
	json_array_foreach (ports, i, p) {
		d->u.console.port[i].fd = MANIFEST_NO_FD;
		rc = parse_port(r, p, &d->u.console.port[i]);
		if (rc < 0) {
			err_prefix(r->e, "ports[%zu]", i);
			return rc;
		}
		d->u.console.n++;
	}
	return 0;
}

int manifest_read_gpu(struct manifest_reader *r, const json_t *o, struct manifest_device *d)
{
	json_t *scanouts = NULL, *s;
	size_t i;
	int rc = json_get_array(o, "scanouts", JSON_REQUIRED, &scanouts, r->e);

	if (rc < 0)
		return rc;
	if (json_array_size(scanouts) < 1 || json_array_size(scanouts) > DISPLAY_MAX_SCANOUTS)
		return err_set(
			r->e, -EINVAL, "\"scanouts\": 1 to %d are possible", DISPLAY_MAX_SCANOUTS);
	json_array_foreach (scanouts, i, s) {
		struct manifest_scanout *to = &d->u.gpu.scanout[i];

		rc = manifest_get_u32(r, s, "width", GPU_MIN_SIDE, DISPLAY_MAX_SIDE, &to->width);
		if (rc == 0)
			rc = manifest_get_u32(
				r, s, "height", GPU_MIN_SIDE, DISPLAY_MAX_SIDE, &to->height);
		if (rc == 0)
			rc = manifest_get_name(r, s, "name", JSON_OPTIONAL, to->name);
		if (rc < 0) {
			err_prefix(r->e, "scanouts[%zu]", i);
			return rc;
		}
		d->u.gpu.n++;
	}
	return 0;
}

int manifest_read_input(struct manifest_reader *r, const json_t *o, struct manifest_device *d)
{
	const char *kind = NULL;
	uint64_t scanout = 0;
	int k, rc = json_get_str(o, "kind", JSON_REQUIRED, &kind, r->e);

	if (rc == 0)
		rc = json_get_u64(
			o, "scanout", JSON_OPTIONAL, 0, DISPLAY_MAX_SCANOUTS - 1, &scanout, r->e);
	if (rc < 0)
		return rc;
	k = manifest_word(kind, input_names, INPUT_KINDS);
	if (k < 0)
		return err_set(r->e, -EINVAL,
			"\"kind\" is \"%s\": keyboard, pointer or touch are possible", kind);
	d->u.input.kind = (enum input_kind)k;
	d->u.input.scanout = (unsigned int)scanout;
	return 0;
}

/* Changes of an overlay where the manifest does not say how many are kept. */
#define DEFAULT_OVERLAY_BYTES (UINT64_C(1) << 30)
#define MAX_DISK_BYTES        (UINT64_C(1) << 50)

static int read_nbd(struct manifest_reader *r, const json_t *o, struct manifest_device *d)
{
	json_t *nbd = NULL, *sockets = NULL, *s;
	const char *name = "";
	size_t i;
	int rc = json_get_object(o, "nbd", JSON_OPTIONAL, &nbd, r->e);

	if (rc < 0 || !nbd)
		return rc;
	rc = json_get_str(nbd, "export", JSON_OPTIONAL, &name, r->e);
	if (rc == 0)
		rc = json_get_array(nbd, "sockets", JSON_REQUIRED, &sockets, r->e);
	if (rc < 0)
		return rc;
	if (d->u.blk.fd != MANIFEST_NO_FD)
		return err_set(r->e, -EINVAL, "has both \"fd\" and \"nbd\"");
	if (strlen(name) >= MANIFEST_EXPORT)
		return err_set(
			r->e, -EINVAL, "\"export\" is longer than %d bytes", MANIFEST_EXPORT - 1);
	memcpy(d->u.blk.nbd_export, name, strlen(name) + 1);
	if (json_array_size(sockets) < 1 || json_array_size(sockets) > BLK_NBD_MAX_CONNECTIONS)
		return err_set(r->e, -EINVAL, "\"sockets\": 1 to %u are possible",
			BLK_NBD_MAX_CONNECTIONS);
	json_array_foreach (sockets, i, s) {
		rc = manifest_get_fd(r, s, JSON_REQUIRED, &d->u.blk.nbd[i]);
		if (rc < 0)
			return rc;
		d->u.blk.n_nbd++;
	}
	return 0;
}

int manifest_read_blk(struct manifest_reader *r, const json_t *o, struct manifest_device *d)
{
	const char *overlay = "none";
	uint64_t queues = 1;
	int rc = manifest_get_fd(r, o, JSON_OPTIONAL, &d->u.blk.fd);

	d->u.blk.overlay_bytes = DEFAULT_OVERLAY_BYTES;
	if (rc == 0)
		rc = json_get_bool(o, "read_only", JSON_OPTIONAL, &d->u.blk.read_only, r->e);
	if (rc == 0)
		rc = json_get_str(o, "overlay", JSON_OPTIONAL, &overlay, r->e);
	if (rc == 0)
		rc = json_get_u64(o, "overlay_bytes", JSON_OPTIONAL, 65536, MAX_DISK_BYTES,
			&d->u.blk.overlay_bytes, r->e);
	if (rc == 0)
		rc = json_get_u64(o, "queues", JSON_OPTIONAL, 1, BLK_MAX_QUEUES, &queues, r->e);
	if (rc == 0)
		rc = manifest_get_name(r, o, "serial", JSON_OPTIONAL, d->u.blk.serial);
	if (rc == 0)
		rc = read_nbd(r, o, d);
	if (rc == 0 && d->u.blk.fd == MANIFEST_NO_FD && d->u.blk.n_nbd == 0)
		rc = json_get_u64(
			o, "bytes", JSON_REQUIRED, 512, MAX_DISK_BYTES, &d->u.blk.bytes, r->e);
	if (rc < 0)
		return rc;
	d->u.blk.queues = (unsigned int)queues;
	d->u.blk.overlay = strcmp(overlay, "memory") == 0;
	if (!d->u.blk.overlay && strcmp(overlay, "none") != 0)
		return err_set(r->e, -EINVAL, "\"overlay\" is \"%s\": memory or none are possible",
			overlay);
	if (strlen(d->u.blk.serial) > VIRTIO_BLK_ID_BYTES)
		return err_set(
			r->e, -EINVAL, "\"serial\" is longer than %u bytes", VIRTIO_BLK_ID_BYTES);
	return 0;
}

int manifest_read_net(struct manifest_reader *r, const json_t *o, struct manifest_device *d)
{
	const char *mac = "";
	uint64_t mtu = 0, queues = 1;
	int rc = manifest_get_fd(r, o, JSON_OPTIONAL, &d->u.net.fd);

	if (rc == 0)
		rc = json_get_bool(o, "tap", JSON_OPTIONAL, &d->u.net.tap, r->e);
	if (rc == 0)
		rc = json_get_str(o, "mac", JSON_REQUIRED, &mac, r->e);
	if (rc == 0)
		rc = json_get_u64(o, "mtu", JSON_OPTIONAL, NET_MTU_MIN, NET_MTU_MAX, &mtu, r->e);
	if (rc == 0)
		rc = json_get_u64(o, "queues", JSON_OPTIONAL, 1, NET_MAX_PAIRS, &queues, r->e);
	if (rc < 0)
		return rc;
	d->u.net.mtu = (uint16_t)mtu;
	d->u.net.queues = (unsigned int)queues;
	if (!net_mac_parse(mac, d->u.net.mac) || net_mac_is_group(d->u.net.mac))
		return err_set(r->e, -EINVAL,
			"\"mac\" is \"%s\": a unicast address like 02:00:00:00:00:01 is needed",
			mac);
	return 0;
}
