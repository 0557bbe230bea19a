/* SPDX-License-Identifier: Apache-2.0 */
/* Fills a machine: CPUID, kernel, modules, boot data, the boot vCPU's registers. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "vmm/arch/x86_64/acpi.h"
#include "vmm/arch/x86_64/boot.h"
#include "vmm/arch/x86_64/cpuid.h"
#include "vmm/arch/x86_64/layout.h"
#include "vmm/arch/x86_64/linux.h"
#include "vmm/guest/machine_priv.h"

static int read_fd(void *ctx, uint64_t off, void *dst, size_t len)
{
	int fd = *(const int *)ctx;
	uint8_t *to = dst;

	while (len > 0) {
		ssize_t n = pread(fd, to, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		to += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int source(struct elf_source *out, int *fd, const char *what, struct err *e)
{
	int64_t size = fd_size(*fd);

	if (size < 0)
		return err_errno(e, (int)-size, "%s: not a file", what);
	*out = (struct elf_source){ .read = read_fd, .ctx = fd, .size = (uint64_t)size };
	return 0;
}

int machine_cpuid(struct machine *mc, struct err *e)
{
	uint32_t khz = vm_tsc_khz(mc->vm);
	int rc = 0;

	for (unsigned int i = 0; i < vm_cpus(mc->vm) && rc == 0; i++) {
		struct kvm_cpuid2 *table = NULL;

		rc = vm_supported_cpuid(mc->vm, &table, e);
		if (rc == 0) {
			cpuid_filter(table, i, vm_cpus(mc->vm), khz);
			rc = vm_cpu_set_cpuid(mc->vm, i, table, e);
		}
		free(table);
	}
	return rc;
}

/* The first I2C adapter's chips. */
static void describe_chips(
	const struct machine *mc, struct acpi_config *cfg, struct acpi_chip chips[ACPI_MAX_CHIPS])
{
	unsigned int i = 0;

	static_assert(I2C_MAX_CHIPS <= ACPI_MAX_CHIPS, "chips of a bus");
	while (i < mc->m->n_devices && mc->m->device[i].type != DEVICE_I2C)
		i++;
	if (i == mc->m->n_devices)
		return;
	cfg->i2c_slot = (uint8_t)(i + 1);
	cfg->chips = chips;
	for (unsigned int k = 0; k < mc->m->device[i].u.i2c.n; k++) {
		const struct manifest_chip *c = &mc->m->device[i].u.i2c.chip[k];

		chips[cfg->n_chips++] =
			(struct acpi_chip){ c->address, i2c_chip_info(c->type)->compatible };
	}
}

static int load_acpi(struct machine *mc, struct err *e)
{
	CLEANUP_FREE uint8_t *tables = malloc(ACPI_MAX_BYTES);
	struct acpi_chip chips[ACPI_MAX_CHIPS];
	struct acpi_config cfg = {
		.cpus = vm_cpus(mc->vm), .no_pci = mc->m->mmio, .level_pins = machine_mmio_pins(mc)
	};
	size_t len = 0;
	int rc;

	static_assert(ACPI_MAX_BYTES <= X86_ACPI_BYTES, "room for the tables");
	if (!tables)
		return err_errno(e, ENOMEM, "ACPI tables");
	describe_chips(mc, &cfg, chips);
	rc = acpi_build(tables, &len, X86_ACPI, &cfg);
	if (rc == 0 && gmem_write(vm_mem(mc->vm), (gpa){ X86_ACPI }, tables, len))
		rc = -EFAULT;
	return rc < 0 ? err_errno(e, -rc, "ACPI tables") : 0;
}

/* There is no BIOS, but Linux on hardware-reduced ACPI without EFI restarts by a jump to its reset
 * vector, F000:FFF0: mov dx, 0xcf9; mov al, 6; out dx, al; hlt. */
static int load_reset_vector(struct machine *mc, struct err *e)
{
	static const uint8_t code[] = { 0xba, X86_PORT_RESET & 0xff, X86_PORT_RESET >> 8, 0xb0,
		X86_RESET_VALUE, 0xee, 0xf4 };

	if (gmem_write(vm_mem(mc->vm), (gpa){ X86_RESET_VECTOR }, code, sizeof(code)))
		return err_set(e, -EFAULT, "no memory for the reset vector");
	return 0;
}

static int load_pvh(
	struct machine *mc, const struct elf_image *im, const char *cmdline, struct err *e)
{
	struct pvh_module module[MANIFEST_MAX_MODULES + 1] = { 0 };
	struct pvh_boot b = { .cmdline = cmdline,
		.rsdp = X86_ACPI,
		.memory_bytes = mc->m->memory_bytes,
		.kernel_high = im->high,
		.module = module };
	int rc = 0;

	static_assert(MANIFEST_MAX_MODULES + 1 <= PVH_MAX_MODULES, "modules");
	/* Linux takes the first module for its initrd. */
	if (mc->initrd_fd >= 0)
		rc = source(&module[b.n_modules++].data, &mc->initrd_fd, "initrd", e);
	for (unsigned int i = 0; i < mc->m->n_modules && rc == 0; i++) {
		struct pvh_module *to = &module[b.n_modules++];

		to->cmdline = mc->m->module[i].cmdline;
		rc = source(&to->data, &mc->module_fd[i], "module", e);
	}
	return rc < 0 ? rc : pvh_write(vm_mem(mc->vm), &b, e);
}

/* An ELF file, by PVH. */
static int load_elf(struct machine *mc, const struct elf_source *kernel, const char *cmdline,
	struct kvm_regs *regs, struct kvm_sregs *sregs, struct err *e)
{
	struct elf_image im = { 0 };
	int rc = elf_load(&im, kernel, vm_mem(mc->vm), X86_KERNEL_FLOOR, e);

	if (rc < 0)
		err_prefix(e, "%s", mc->m->kernel_name);
	else
		rc = load_pvh(mc, &im, cmdline, e);
	pvh_registers(im.entry, regs, sregs);
	return rc;
}

/* A bzImage, by Linux' own protocol: it knows an initrd and no modules. */
static int load_bzimage(struct machine *mc, const struct elf_source *kernel, const char *cmdline,
	struct kvm_regs *regs, struct kvm_sregs *sregs, struct err *e)
{
	struct bzimage im = { 0 };
	struct elf_source initrd;
	struct linux_boot b = { .kernel = &im,
		.cmdline = cmdline,
		.rsdp = X86_ACPI,
		.memory_bytes = mc->m->memory_bytes };
	int rc = bzimage_load(&im, kernel, vm_mem(mc->vm), X86_KERNEL_FLOOR, e);

	if (rc == 0 && mc->initrd_fd >= 0) {
		rc = source(&initrd, &mc->initrd_fd, "initrd", e);
		b.initrd = &initrd;
	}
	if (rc == 0)
		rc = linux_write(vm_mem(mc->vm), &b, e);
	if (rc < 0)
		err_prefix(e, "%s", mc->m->kernel_name);
	linux_registers(im.entry, regs, sregs);
	return rc;
}

int machine_load(struct machine *mc, struct err *e)
{
	struct elf_source kernel;
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	CLEANUP_FREE char *cmdline = machine_cmdline(mc);
	int rc = source(&kernel, &mc->kernel_fd, mc->m->kernel_name, e);

	if (rc < 0)
		return rc;
	if (!cmdline)
		return err_errno(e, ENOMEM, "command line");
	rc = vm_cpu_get_sregs(mc->vm, 0, &sregs);
	if (rc < 0)
		return err_errno(e, -rc, "KVM does not tell the boot vCPU's registers");
	rc = bzimage_is(&kernel) ? load_bzimage(mc, &kernel, cmdline, &regs, &sregs, e)
				 : load_elf(mc, &kernel, cmdline, &regs, &sregs, e);
	if (rc == 0)
		rc = load_acpi(mc, e);
	if (rc == 0)
		rc = load_reset_vector(mc, e);
	return rc < 0 ? rc : vm_boot_state(mc->vm, &regs, &sregs, e);
}
