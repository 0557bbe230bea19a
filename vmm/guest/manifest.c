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
#include "vmm/guest/manifest_priv.h"
#include "vmm/kvm/vm.h"
/* All types: the word in the manifest and the reader of its keys. */
static const struct {
	const char *name;
	int (*read)(struct manifest_reader *, const json_t *, struct manifest_device *);
} types[DEVICE_TYPES] = {
	[DEVICE_CAN] = { "can", manifest_read_can },
	[DEVICE_RNG] = { "rng", manifest_read_plain },
	[DEVICE_CONSOLE] = { "console", manifest_read_console },
	[DEVICE_GPU] = { "gpu", manifest_read_gpu },
	[DEVICE_INPUT] = { "input", manifest_read_input },
	[DEVICE_BLK] = { "blk", manifest_read_blk },
	[DEVICE_NET] = { "net", manifest_read_net },
	[DEVICE_BALLOON] = { "balloon", manifest_read_balloon },
	[DEVICE_VHOST_USER] = { "vhost-user", manifest_read_vhost_user },
	[DEVICE_VSOCK] = { "vsock", manifest_read_vsock },
	[DEVICE_SND] = { "snd", manifest_read_snd },
	[DEVICE_9P] = { "9p", manifest_read_9p },
	[DEVICE_RTC] = { "rtc", manifest_read_plain },
	[DEVICE_I2C] = { "i2c", manifest_read_i2c },
	[DEVICE_GPIO] = { "gpio", manifest_read_gpio },
};

const char *device_type_name(enum device_type t)
{
	return types[t].name;
}

int manifest_word(const char *word, const char *const *words, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (strcmp(word, words[i]) == 0)
			return (int)i;
	}
	return -1;
}

/* "fd": an index into the descriptors; each may be named once. */
int manifest_get_fd(struct manifest_reader *r, const json_t *o, enum json_need need, int *fd)
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
int manifest_get_fd_of(struct manifest_reader *r, const json_t *root, const char *key,
	enum json_need need, int *fd)
{
	json_t *o = NULL;
	int rc = json_get_object(root, key, need, &o, r->e);

	*fd = MANIFEST_NO_FD;
	if (rc < 0 || !o)
		return rc;
	rc = manifest_get_fd(r, o, JSON_REQUIRED, fd);
	if (rc < 0)
		err_prefix(r->e, "%s", key);
	return rc;
}

/* Copies a string that must fit. */
int manifest_get_name(struct manifest_reader *r, const json_t *o, const char *key,
	enum json_need need, char out[MANIFEST_NAME])
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

int manifest_get_text(struct manifest_reader *r, const json_t *o, const char *key, char **out)
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

int manifest_get_u32(struct manifest_reader *r, const json_t *o, const char *key, uint32_t min,
	uint32_t max, uint32_t *out)
{
	uint64_t v = 0;
	int rc = json_get_u64(o, key, JSON_REQUIRED, min, max, &v, r->e);

	*out = (uint32_t)v;
	return rc;
}

static int unknown_type(struct manifest_reader *r, const char *type)
{
	char all[256] = "";

	for (unsigned int i = 0; i < DEVICE_TYPES; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? ", " : "",
			types[i].name);
	return err_set(r->e, -EINVAL, "\"type\" is \"%s\": possible are %s", type, all);
}

static int parse_device(struct manifest_reader *r, const json_t *o, struct manifest *m)
{
	struct manifest_device *d = &m->device[m->n_devices];
	unsigned int same = 0;
	const char *type = NULL;
	enum device_type t = 0;
	int rc = json_get_str(o, "type", JSON_REQUIRED, &type, r->e);

	if (rc < 0)
		return rc;
	while (t < DEVICE_TYPES && strcmp(types[t].name, type) != 0)
		t++;
	if (t == DEVICE_TYPES)
		return unknown_type(r, type);
	d->type = t;
	for (unsigned int i = 0; i < m->n_devices; i++)
		same += m->device[i].type == d->type;
	snprintf(d->name, sizeof(d->name), "%s%u", types[t].name, same);
	m->n_devices++;
	rc = manifest_get_name(r, o, "name", JSON_OPTIONAL, d->name);
	return rc < 0 ? rc : types[t].read(r, o, d);
}

static int parse_devices(struct manifest_reader *r, const json_t *root, struct manifest *m)
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

static int parse_modules(struct manifest_reader *r, const json_t *root, struct manifest *m)
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

		rc = manifest_get_fd(r, o, JSON_REQUIRED, &to->fd);
		if (rc == 0)
			rc = manifest_get_text(r, o, "cmdline", &to->cmdline);
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

static int parse_head(struct manifest_reader *r, const json_t *root, struct manifest *m)
{
	const char *level = NULL, *transport = "pci";
	uint64_t version = 0, cpus = 1;
	int rc = json_get_u64(root, "manifest", JSON_REQUIRED, 1, 1, &version, r->e);

	if (rc == 0)
		rc = manifest_get_name(r, root, "name", JSON_REQUIRED, m->name);
	if (rc == 0)
		rc = json_get_u64(root, "memory_bytes", JSON_REQUIRED, VM_MIN_MEMORY, VM_MAX_MEMORY,
			&m->memory_bytes, r->e);
	if (rc == 0)
		rc = json_get_u64(root, "cpus", JSON_OPTIONAL, 1, VM_MAX_CPUS, &cpus, r->e);
	if (rc == 0)
		rc = json_get_bool(root, "sandbox", JSON_OPTIONAL, &m->sandbox, r->e);
	if (rc == 0)
		rc = json_get_str(root, "log_level", JSON_OPTIONAL, &level, r->e);
	if (rc == 0)
		rc = json_get_str(root, "transport", JSON_OPTIONAL, &transport, r->e);
	if (rc < 0)
		return rc;
	if (m->memory_bytes % 4096)
		return err_set(r->e, -EINVAL, "\"memory_bytes\" is not a multiple of 4096");
	if (level && !log_level_parse(level, &m->log_level))
		return err_set(r->e, -EINVAL,
			"\"log_level\" is \"%s\": error, warn, info or debug are possible", level);
	m->mmio = strcmp(transport, "mmio") == 0;
	if (!m->mmio && strcmp(transport, "pci") != 0)
		return err_set(r->e, -EINVAL, "\"transport\" is \"%s\": pci or mmio are possible",
			transport);
	m->cpus = (unsigned int)cpus;
	return 0;
}

static int parse_kernel(struct manifest_reader *r, const json_t *root, struct manifest *m)
{
	json_t *kernel = NULL;
	int rc = json_get_object(root, "kernel", JSON_REQUIRED, &kernel, r->e);

	if (rc < 0)
		return rc;
	rc = manifest_get_fd(r, kernel, JSON_REQUIRED, &m->kernel_fd);
	if (rc == 0)
		rc = manifest_get_name(r, kernel, "name", JSON_OPTIONAL, m->kernel_name);
	if (rc < 0)
		err_prefix(r->e, "kernel");
	return rc;
}

int manifest_parse(struct manifest *out, const json_t *root, unsigned int n_fds, struct err *e)
{
	struct manifest_reader r = { .n_fds = n_fds, .e = e };
	int rc;

	*out = (struct manifest){ .sandbox = true,
		.log_level = LOG_INFO,
		.kvm_fd = MANIFEST_NO_FD,
		.kernel_fd = MANIFEST_NO_FD,
		.initrd_fd = MANIFEST_NO_FD,
		.serial_fd = MANIFEST_NO_FD,
		.display_fd = MANIFEST_NO_FD,
		.signals_fd = MANIFEST_NO_FD,
		.cmdline = strdup("") };
	if (!out->cmdline)
		return err_errno(e, ENOMEM, "manifest");
	snprintf(out->kernel_name, sizeof(out->kernel_name), "kernel");
	rc = parse_head(&r, root, out);
	if (rc == 0)
		rc = manifest_read_machine(&r, root, out);
	if (rc == 0)
		rc = parse_kernel(&r, root, out);
	if (rc == 0)
		rc = manifest_get_text(&r, root, "cmdline", &out->cmdline);
	if (rc == 0)
		rc = manifest_get_fd_of(&r, root, "kvm", JSON_OPTIONAL, &out->kvm_fd);
	if (rc == 0)
		rc = manifest_get_fd_of(&r, root, "initrd", JSON_OPTIONAL, &out->initrd_fd);
	if (rc == 0)
		rc = manifest_get_fd_of(&r, root, "serial", JSON_OPTIONAL, &out->serial_fd);
	if (rc == 0)
		rc = manifest_get_fd_of(&r, root, "display", JSON_OPTIONAL, &out->display_fd);
	if (rc == 0)
		rc = manifest_read_signals(&r, root, out);
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
		if (m->device[i].type == DEVICE_VHOST_USER)
			free(m->device[i].u.vhost_user.config);
		if (m->device[i].type == DEVICE_9P)
			free(m->device[i].u.p9.tree);
		if (m->device[i].type == DEVICE_I2C)
			free(m->device[i].u.i2c.chip);
		if (m->device[i].type == DEVICE_GPIO)
			free(m->device[i].u.gpio.line);
	}
	for (unsigned int i = 0; i < m->n_signals; i++)
		free(m->signal[i]);
	free(m->signal);
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
