/* SPDX-License-Identifier: Apache-2.0 */
/* Manifest: JSON -> checked struct; see manifest.h. */
#include "vmm/guest/manifest.h"

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
#include "vmm/kvm/vm.h"

/* What reading needs besides the JSON. */
struct reader {
	unsigned int n_fds;
	bool used[IPC_MAX_FDS]; /* descriptors that a key named */
	struct err *e;
};

static const char *const type_names[DEVICE_TYPES] = {
	[DEVICE_CAN] = "can",
	[DEVICE_RNG] = "rng",
	[DEVICE_CONSOLE] = "console",
	[DEVICE_GPU] = "gpu",
	[DEVICE_INPUT] = "input",
	[DEVICE_BLK] = "blk",
	[DEVICE_NET] = "net",
};

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

const char *device_type_name(enum device_type t)
{
	return type_names[t];
}

static int find_word(const char *word, const char *const *words, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (strcmp(word, words[i]) == 0)
			return (int)i;
	}
	return -1;
}

/* "fd": an index into the descriptors; each may be named once. */
static int get_fd(struct reader *r, const json_t *o, enum json_need need, int *fd)
{
	uint64_t i = UINT64_MAX;
	int rc = json_get_u64(o, "fd", need, 0, UINT64_MAX - 1, &i, r->e);

	*fd = MANIFEST_NO_FD;
	if (rc < 0 || i == UINT64_MAX)
		return rc;
	if (i >= r->n_fds || i >= IPC_MAX_FDS)
		return err_set(r->e, -EINVAL, "fd %llu: %u descriptors came with the manifest",
			(unsigned long long)i, r->n_fds);
	if (r->used[i])
		return err_set(r->e, -EINVAL, "fd %llu is named twice", (unsigned long long)i);
	r->used[i] = true;
	*fd = (int)i;
	return 0;
}

/* KEY: { "fd": N } */
static int get_fd_of(
	struct reader *r, const json_t *root, const char *key, enum json_need need, int *fd)
{
	json_t *o = NULL;
	int rc = json_get_object(root, key, need, &o, r->e);

	*fd = MANIFEST_NO_FD;
	if (rc < 0 || !o)
		return rc;
	rc = get_fd(r, o, JSON_REQUIRED, fd);
	if (rc < 0)
		err_prefix(r->e, "%s", key);
	return rc;
}

/* Copies a string that must fit. */
static int get_name(struct reader *r, const json_t *o, const char *key, enum json_need need,
	char out[MANIFEST_NAME])
{
	const char *s = NULL;
	int rc = json_get_str(o, key, need, &s, r->e);

	if (rc < 0 || !s)
		return rc;
	if (strlen(s) >= MANIFEST_NAME)
		return err_set(
			r->e, -EINVAL, "\"%s\" is longer than %d bytes", key, MANIFEST_NAME - 1);
	memcpy(out, s, strlen(s) + 1);
	return 0;
}

static int get_text(struct reader *r, const json_t *o, const char *key, char **out)
{
	const char *s = NULL;
	int rc = json_get_str(o, key, JSON_OPTIONAL, &s, r->e);

	if (rc < 0 || !s)
		return rc;
	if (strlen(s) >= MANIFEST_CMDLINE)
		return err_set(
			r->e, -EINVAL, "\"%s\" is longer than %d bytes", key, MANIFEST_CMDLINE - 1);
	free(*out);
	*out = strdup(s);
	return *out ? 0 : err_errno(r->e, ENOMEM, "manifest");
}

static int get_u32(struct reader *r, const json_t *o, const char *key, uint32_t min, uint32_t max,
	uint32_t *out)
{
	uint64_t v = 0;
	int rc = json_get_u64(o, key, JSON_REQUIRED, min, max, &v, r->e);

	*out = (uint32_t)v;
	return rc;
}

static int parse_can(struct reader *r, const json_t *o, struct manifest_device *d)
{
	json_t *features = NULL, *word;
	size_t i;
	int rc = get_fd(r, o, JSON_OPTIONAL, &d->u.can.fd);

	if (rc == 0)
		rc = json_get_bool(o, "socketcan", JSON_OPTIONAL, &d->u.can.socketcan, r->e);
	if (rc == 0)
		rc = json_get_array(o, "features", JSON_OPTIONAL, &features, r->e);
	if (rc < 0)
		return rc;
	json_array_foreach (features, i, word) {
		int bit = json_is_string(word) ? find_word(json_string_value(word), can_words,
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

static int parse_rng(struct reader *r, const json_t *o, struct manifest_device *d)
{
	(void)r;
	(void)o;
	(void)d;
	return 0;
}

static int parse_port(struct reader *r, const json_t *o, struct manifest_port *p)
{
	int rc = get_name(r, o, "name", JSON_OPTIONAL, p->name);

	if (rc == 0)
		rc = json_get_bool(o, "console", JSON_OPTIONAL, &p->console, r->e);
	if (rc == 0)
		rc = get_fd(r, o, JSON_OPTIONAL, &p->fd);
	return rc;
}

static int parse_console(struct reader *r, const json_t *o, struct manifest_device *d)
{
	json_t *ports = NULL, *p;
	size_t i;
	int rc = json_get_array(o, "ports", JSON_REQUIRED, &ports, r->e);

	if (rc < 0)
		return rc;
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

static int parse_gpu(struct reader *r, const json_t *o, struct manifest_device *d)
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

		rc = get_u32(r, s, "width", GPU_MIN_SIDE, DISPLAY_MAX_SIDE, &to->width);
		if (rc == 0)
			rc = get_u32(r, s, "height", GPU_MIN_SIDE, DISPLAY_MAX_SIDE, &to->height);
		if (rc == 0)
			rc = get_name(r, s, "name", JSON_OPTIONAL, to->name);
		if (rc < 0) {
			err_prefix(r->e, "scanouts[%zu]", i);
			return rc;
		}
		d->u.gpu.n++;
	}
	return 0;
}

static int parse_input(struct reader *r, const json_t *o, struct manifest_device *d)
{
	const char *kind = NULL;
	uint64_t scanout = 0;
	int k, rc = json_get_str(o, "kind", JSON_REQUIRED, &kind, r->e);

	if (rc == 0)
		rc = json_get_u64(
			o, "scanout", JSON_OPTIONAL, 0, DISPLAY_MAX_SCANOUTS - 1, &scanout, r->e);
	if (rc < 0)
		return rc;
	k = find_word(kind, input_names, INPUT_KINDS);
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

static int parse_blk(struct reader *r, const json_t *o, struct manifest_device *d)
{
	const char *overlay = "none";
	uint64_t queues = 1;
	int rc = get_fd(r, o, JSON_OPTIONAL, &d->u.blk.fd);

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
		rc = get_name(r, o, "serial", JSON_OPTIONAL, d->u.blk.serial);
	if (rc == 0 && d->u.blk.fd == MANIFEST_NO_FD)
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

static int parse_net(struct reader *r, const json_t *o, struct manifest_device *d)
{
	const char *mac = "";
	uint64_t mtu = 0;
	int rc = get_fd(r, o, JSON_OPTIONAL, &d->u.net.fd);

	if (rc == 0)
		rc = json_get_bool(o, "tap", JSON_OPTIONAL, &d->u.net.tap, r->e);
	if (rc == 0)
		rc = json_get_str(o, "mac", JSON_REQUIRED, &mac, r->e);
	if (rc == 0)
		rc = json_get_u64(o, "mtu", JSON_OPTIONAL, NET_MTU_MIN, NET_MTU_MAX, &mtu, r->e);
	if (rc < 0)
		return rc;
	d->u.net.mtu = (uint16_t)mtu;
	if (!net_mac_parse(mac, d->u.net.mac) || net_mac_is_group(d->u.net.mac))
		return err_set(r->e, -EINVAL,
			"\"mac\" is \"%s\": a unicast address like 02:00:00:00:00:01 is needed",
			mac);
	return 0;
}

static int parse_device(struct reader *r, const json_t *o, struct manifest *m)
{
	static int (*const parse[DEVICE_TYPES])(
		struct reader *, const json_t *, struct manifest_device *) = {
		[DEVICE_CAN] = parse_can,
		[DEVICE_RNG] = parse_rng,
		[DEVICE_CONSOLE] = parse_console,
		[DEVICE_GPU] = parse_gpu,
		[DEVICE_INPUT] = parse_input,
		[DEVICE_BLK] = parse_blk,
		[DEVICE_NET] = parse_net,
	};
	struct manifest_device *d = &m->device[m->n_devices];
	unsigned int same = 0;
	const char *type = NULL;
	int t, rc = json_get_str(o, "type", JSON_REQUIRED, &type, r->e);

	if (rc < 0)
		return rc;
	t = find_word(type, type_names, DEVICE_TYPES);
	if (t < 0)
		return err_set(r->e, -EINVAL,
			"\"type\" is \"%s\": can, rng, console, gpu, input, blk or net are possible",
			type);
	d->type = (enum device_type)t;
	for (unsigned int i = 0; i < m->n_devices; i++)
		same += m->device[i].type == d->type;
	snprintf(d->name, sizeof(d->name), "%s%u", type_names[t], same);
	m->n_devices++;
	rc = get_name(r, o, "name", JSON_OPTIONAL, d->name);
	return rc < 0 ? rc : parse[t](r, o, d);
}

static int parse_devices(struct reader *r, const json_t *root, struct manifest *m)
{
	json_t *devices = NULL, *o;
	size_t i;
	int rc = json_get_array(root, "devices", JSON_OPTIONAL, &devices, r->e);

	if (rc < 0)
		return rc;
	if (json_array_size(devices) > MANIFEST_MAX_DEVICES)
		return err_set(r->e, -EINVAL, "%zu devices: at most %d fit on the bus",
			json_array_size(devices), MANIFEST_MAX_DEVICES);
	json_array_foreach (devices, i, o) {
		rc = parse_device(r, o, m);
		if (rc < 0) {
			err_prefix(r->e, "devices[%zu]", i);
			return rc;
		}
	}
	return 0;
}

static int parse_modules(struct reader *r, const json_t *root, struct manifest *m)
{
	json_t *modules = NULL, *o;
	size_t i;
	int rc = json_get_array(root, "modules", JSON_OPTIONAL, &modules, r->e);

	if (rc < 0)
		return rc;
	if (json_array_size(modules) > MANIFEST_MAX_MODULES)
		return err_set(r->e, -EINVAL, "%zu modules: at most %d", json_array_size(modules),
			MANIFEST_MAX_MODULES);
	json_array_foreach (modules, i, o) {
		struct manifest_module *to = &m->module[m->n_modules++];

		rc = get_fd(r, o, JSON_REQUIRED, &to->fd);
		if (rc == 0)
			rc = get_text(r, o, "cmdline", &to->cmdline);
		if (rc < 0) {
			err_prefix(r->e, "modules[%zu]", i);
			return rc;
		}
	}
	return 0;
}

/* Rules that span keys: one GPU, and inputs that belong to a scanout of it. */
static int check_displays(const struct manifest *m, struct err *e)
{
	const struct manifest_device *gpu = NULL;

	for (unsigned int i = 0; i < m->n_devices; i++) {
		if (m->device[i].type != DEVICE_GPU)
			continue;
		if (gpu)
			return err_set(e, -EINVAL, "devices[%u]: a guest has one gpu at most", i);
		gpu = &m->device[i];
	}
	for (unsigned int i = 0; i < m->n_devices; i++) {
		const struct manifest_device *d = &m->device[i];

		if (d->type == DEVICE_INPUT && d->u.input.kind != INPUT_KEYBOARD &&
			(!gpu || d->u.input.scanout >= gpu->u.gpu.n))
			return err_set(e, -EINVAL, "devices[%u]: there is no scanout %u", i,
				d->u.input.scanout);
	}
	if (m->display_fd != MANIFEST_NO_FD && !gpu)
		return err_set(e, -EINVAL, "\"display\" is given, but there is no gpu");
	return 0;
}

static int parse_head(struct reader *r, const json_t *root, struct manifest *m)
{
	const char *level = NULL;
	uint64_t version = 0, cpus = 1;
	int rc = json_get_u64(root, "manifest", JSON_REQUIRED, 1, 1, &version, r->e);

	if (rc == 0)
		rc = get_name(r, root, "name", JSON_REQUIRED, m->name);
	if (rc == 0)
		rc = json_get_u64(root, "memory_bytes", JSON_REQUIRED, VM_MIN_MEMORY, VM_MAX_MEMORY,
			&m->memory_bytes, r->e);
	if (rc == 0)
		rc = json_get_u64(root, "cpus", JSON_OPTIONAL, 1, VM_MAX_CPUS, &cpus, r->e);
	if (rc == 0)
		rc = json_get_bool(root, "sandbox", JSON_OPTIONAL, &m->sandbox, r->e);
	if (rc == 0)
		rc = json_get_str(root, "log_level", JSON_OPTIONAL, &level, r->e);
	if (rc < 0)
		return rc;
	if (m->memory_bytes % 4096)
		return err_set(r->e, -EINVAL, "\"memory_bytes\" is not a multiple of 4096");
	if (level && !log_level_parse(level, &m->log_level))
		return err_set(r->e, -EINVAL,
			"\"log_level\" is \"%s\": error, warn, info or debug are possible", level);
	m->cpus = (unsigned int)cpus;
	return 0;
}

static int parse_kernel(struct reader *r, const json_t *root, struct manifest *m)
{
	json_t *kernel = NULL;
	int rc = json_get_object(root, "kernel", JSON_REQUIRED, &kernel, r->e);

	if (rc < 0)
		return rc;
	rc = get_fd(r, kernel, JSON_REQUIRED, &m->kernel_fd);
	if (rc == 0)
		rc = get_name(r, kernel, "name", JSON_OPTIONAL, m->kernel_name);
	if (rc < 0)
		err_prefix(r->e, "kernel");
	return rc;
}

int manifest_parse(struct manifest *out, const json_t *root, unsigned int n_fds, struct err *e)
{
	struct reader r = { .n_fds = n_fds, .e = e };
	int rc;

	*out = (struct manifest){ .sandbox = true,
		.log_level = LOG_INFO,
		.kvm_fd = MANIFEST_NO_FD,
		.kernel_fd = MANIFEST_NO_FD,
		.initrd_fd = MANIFEST_NO_FD,
		.serial_fd = MANIFEST_NO_FD,
		.display_fd = MANIFEST_NO_FD,
		.cmdline = strdup("") };
	if (!out->cmdline)
		return err_errno(e, ENOMEM, "manifest");
	snprintf(out->kernel_name, sizeof(out->kernel_name), "kernel");
	rc = parse_head(&r, root, out);
	if (rc == 0)
		rc = parse_kernel(&r, root, out);
	if (rc == 0)
		rc = get_text(&r, root, "cmdline", &out->cmdline);
	if (rc == 0)
		rc = get_fd_of(&r, root, "kvm", JSON_OPTIONAL, &out->kvm_fd);
	if (rc == 0)
		rc = get_fd_of(&r, root, "initrd", JSON_OPTIONAL, &out->initrd_fd);
	if (rc == 0)
		rc = get_fd_of(&r, root, "serial", JSON_OPTIONAL, &out->serial_fd);
	if (rc == 0)
		rc = get_fd_of(&r, root, "display", JSON_OPTIONAL, &out->display_fd);
	if (rc == 0)
		rc = parse_modules(&r, root, out);
	if (rc == 0)
		rc = parse_devices(&r, root, out);
	if (rc == 0)
		rc = check_displays(out, e);
	if (rc < 0) {
		err_prefix(e, "manifest");
		manifest_fini(out);
	}
	return rc;
}

void manifest_fini(struct manifest *m)
{
	for (unsigned int i = 0; i < m->n_modules; i++)
		free(m->module[i].cmdline);
	for (unsigned int i = 0; i < m->n_devices; i++) {
		if (m->device[i].type == DEVICE_CONSOLE)
			free(m->device[i].u.console.port);
	}
	free(m->cmdline);
	*m = (struct manifest){ 0 };
}

const struct manifest_device *manifest_gpu(const struct manifest *m)
{
	for (unsigned int i = 0; i < m->n_devices; i++) {
		if (m->device[i].type == DEVICE_GPU)
			return &m->device[i];
	}
	return NULL;
}

bool manifest_has(const struct manifest *m, enum device_type t)
{
	for (unsigned int i = 0; i < m->n_devices; i++) {
		if (m->device[i].type == t)
			return true;
	}
	return false;
}
