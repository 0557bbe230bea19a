/* SPDX-License-Identifier: Apache-2.0 */
/* Any JSON as a manifest: refused with a message, or a struct whose every field is in bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/guest/manifest.h"
#include "vmm/kvm/vm.h"

#define N_FDS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_fd(int fd, unsigned int seen[N_FDS])
{
	if (fd == MANIFEST_NO_FD)
		return;
	if (fd < 0 || fd >= N_FDS || seen[fd]++)
		abort();
}

static void check(const struct manifest *m)
{
	unsigned int seen[N_FDS] = { 0 };

	if (m->cpus < 1 || m->cpus > VM_MAX_CPUS || m->n_devices > MANIFEST_MAX_DEVICES ||
		m->memory_bytes < VM_MIN_MEMORY || m->memory_bytes > VM_MAX_MEMORY || !m->cmdline)
		abort();
	check_fd(m->kernel_fd, seen);
	check_fd(m->kvm_fd, seen);
	check_fd(m->serial_fd, seen);
	check_fd(m->display_fd, seen);
	check_fd(m->signals_fd, seen);
	for (unsigned int i = 0; i < m->n_signals; i++) {
		if (strlen(m->signal[i]) >= MANIFEST_SIGNAL)
			abort();
	}
	for (unsigned int i = 0; i < m->n_modules; i++)
		check_fd(m->module[i].fd, seen);
	for (unsigned int i = 0; i < m->n_devices; i++) {
		const struct manifest_device *d = &m->device[i];

		if (d->type >= DEVICE_TYPES || strlen(d->name) >= MANIFEST_NAME)
			abort();
		if (d->type == DEVICE_CAN)
			check_fd(d->u.can.fd, seen);
		for (unsigned int k = 0; d->type == DEVICE_CONSOLE && k < d->u.console.n; k++)
			check_fd(d->u.console.port[k].fd, seen);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *root = json_loadb((const char *)data, size, 0, NULL);
	struct manifest m;
	struct err e = { 0 };

	if (!root)
		return 0;
	if (manifest_parse(&m, root, N_FDS, &e) == 0) {
		check(&m);
		manifest_fini(&m);
	} else if (!e.text[0]) {
		abort();
	}
	json_decref(root);
	return 0;
}
