/* SPDX-License-Identifier: Apache-2.0 */
/* The machine: what is built in which order, and how it is taken down again; see machine.h. */
#include "vmm/guest/machine.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "vmm/arch/x86_64/layout.h"
#include "vmm/guest/devices.h"
#include "vmm/guest/machine_priv.h"

#define DRAIN_MS 200

static void on_pio(void *ctx, uint16_t port, bool write, void *data, uint32_t len)
{
	struct machine *mc = ctx;

	if (write)
		(void)bus_write(&mc->pio, port, data, len);
	else
		(void)bus_read(&mc->pio, port, data, len);
}

static void on_mmio(void *ctx, uint64_t addr, bool write, void *data, uint32_t len)
{
	struct machine *mc = ctx;

	if (write)
		(void)bus_write(&mc->mmio, addr, data, len);
	else
		(void)bus_read(&mc->mmio, addr, data, len);
}

static void on_stopped(void *ctx, enum vm_stop why, const char *text)
{
	static const enum machine_wish wish[] = {
		[VM_STOP_TRIPLE_FAULT] = WISH_TRIPLE_FAULT,
		[VM_STOP_SHUTDOWN] = WISH_POWEROFF,
		[VM_STOP_RESET] = WISH_RESET,
		[VM_STOP_ERROR] = WISH_KVM_ERROR,
	};
	struct machine *mc = ctx;

	mc->host.wish(mc->host.ctx, wish[why], text);
}

/* ---- the VM as PCI devices see it ---- */

static int msi_attach(void *ctx, int eventfd, uint32_t *gsi)
{
	return vm_msi_attach(ctx, eventfd, gsi);
}

static void msi_detach(void *ctx, int eventfd, uint32_t gsi)
{
	vm_msi_detach(ctx, eventfd, gsi);
}

static int msi_route(void *ctx, uint32_t gsi, uint64_t addr, uint32_t data)
{
	return vm_msi_route(ctx, gsi, addr, data);
}

static int doorbell_add(void *ctx, enum bus_space space, uint64_t addr, int eventfd)
{
	return vm_doorbell_add(ctx, space, addr, eventfd);
}

static void doorbell_del(void *ctx, enum bus_space space, uint64_t addr, int eventfd)
{
	vm_doorbell_del(ctx, space, addr, eventfd);
}

/* ---- building ---- */

/* The manifest's descriptor, now the machine's. */
static int take(int *fds, int index)
{
	return index == MANIFEST_NO_FD ? -1 : fd_take(&fds[index]);
}

/* Back ends of vhost-user map guest memory. */
static bool shares_memory(const struct manifest *m)
{
	for (unsigned int i = 0; i < m->n_devices; i++) {
		if (m->device[i].type == DEVICE_VHOST_USER)
			return true;
	}
	return false;
}

static int make_vm(struct machine *mc, int *fds, struct err *e)
{
	struct vm_handlers h = { .pio = on_pio, .mmio = on_mmio, .stopped = on_stopped, .ctx = mc };
	CLEANUP_FD int kvm = take(fds, mc->m->kvm_fd);
	struct vm_config cfg = { .memory_bytes = mc->m->memory_bytes,
		.pages = mc->m->pages,
		.shared = shares_memory(mc->m),
		.cpus = mc->m->cpus,
		.kvm_fd = kvm };

	if (kvm < 0)
		return err_set(e, -ENODEV,
			"no KVM: /dev/kvm could not be opened. Is virtualisation enabled in the "
			"firmware, kvm_intel or kvm_amd loaded, and are you in the group kvm?");
	return vm_new(&mc->vm, &cfg, &h, e);
}

static int make_pci(struct machine *mc, struct err *e)
{
	int rc = mc->m->mmio
			 ? 0
			 : bus_add(&mc->mmio, X86_ECAM, X86_ECAM_BYTES, &pci_ecam_ops, &mc->pci);

	static_assert(X86_ECAM_BYTES == PCI_ECAM_BYTES, "one bus");
	static_assert(X86_ECAM >= VM_HOLE_BASE, "ECAM lies behind low memory");
	mc->platform = (struct pci_platform){ msi_attach, msi_detach, msi_route, doorbell_add,
		doorbell_del, mc->vm };
	return rc < 0 ? err_errno(e, -rc, "cannot place the PCI bus") : 0;
}

static void on_watchdog(void *ctx)
{
	struct machine *mc = ctx;

	mc->host.watchdog(mc->host.ctx);
}

/* Behind the manifest's devices, whose numbers it does not change. */
static int make_watchdog(struct machine *mc, struct err *e)
{
	int rc = 0;

	if (mc->m->watchdog != MANIFEST_WATCHDOG_OFF)
		rc = watchdog_new(&mc->watchdog, mc->host.loop, &mc->pci, mc->m->n_devices + 1,
			on_watchdog, mc);
	return rc < 0 ? err_errno(e, -rc, "cannot put the watchdog on the bus") : 0;
}

/* Device code keeps chains of 256 segments on the stack, some of them twice. */
#define LOOP_STACK_BYTES (256 * 1024)

static int make_loops(struct machine *mc, struct err *e)
{
	static const char *const names[LOOPS] = { [LOOP_DEV] = "devices",
		[LOOP_BUS] = "buses",
		[LOOP_GPU] = "gpu",
		[LOOP_DISK] = "disks",
		[LOOP_FILE] = "files" };
	int rc = 0;

	for (unsigned int i = 0; i < LOOPS && rc == 0; i++) {
		rc = loop_thread_init(&mc->loop[i], names[i]);
		mc->loop[i].stack_bytes = LOOP_STACK_BYTES;
	}
	/* A vcan queues what it is sent with the sender's processor: who moves overtakes itself. */
	mc->loop[LOOP_BUS].stays = true;
	return rc < 0 ? err_errno(e, -rc, "event loop") : 0;
}

static int build(struct machine *mc, int *fds, struct err *e)
{
	int rc = make_loops(mc, e);

	if (rc < 0)
		return rc;
	mc->kernel_fd = take(fds, mc->m->kernel_fd);
	mc->initrd_fd = take(fds, mc->m->initrd_fd);
	for (unsigned int i = 0; i < mc->m->n_modules; i++)
		mc->module_fd[i] = take(fds, mc->m->module[i].fd);
	rc = make_vm(mc, fds, e);
	if (rc == 0) {
		rc = throttle_init(&mc->throttle, mc->host.loop, mc->vm);
		if (rc < 0)
			return err_errno(e, -rc, "event loop");
		rc = make_pci(mc, e);
	}
	if (rc == 0)
		rc = machine_ports_add(mc, take(fds, mc->m->serial_fd), e);
	if (rc == 0)
		rc = devices_add(mc, fds, e);
	if (rc == 0)
		rc = make_watchdog(mc, e);
	if (rc == 0)
		rc = machine_cpuid(mc, e);
	if (rc == 0)
		rc = machine_load(mc, e);
	return rc;
}

int machine_new(struct machine **out, const struct manifest *m, int *fds,
	const struct machine_host *host, struct err *e)
{
	struct machine *mc = calloc(1, sizeof(*mc));
	int rc;

	if (!mc)
		return err_errno(e, ENOMEM, "machine");
	mc->m = m;
	mc->host = *host;
	mc->kernel_fd = mc->initrd_fd = -1;
	for (unsigned int i = 0; i < MANIFEST_MAX_MODULES; i++)
		mc->module_fd[i] = -1;
	pthread_mutex_init(&mc->line_lock, NULL);
	utc_init(&mc->utc);
	if (m->utc.given)
		utc_set(&mc->utc, m->utc.utc_ns, m->utc.host_ns, m->utc.runs);
	bus_init(&mc->pio);
	bus_init(&mc->mmio);
	pci_host_init(&mc->pci, &mc->mmio, X86_MMIO, X86_MMIO_END);
	pci_host_io(&mc->pci, &mc->pio, X86_PORT_BARS, X86_PORT_BARS_END);
	rc = build(mc, fds, e);
	if (rc < 0) {
		machine_free(mc);
		return rc;
	}
	*out = mc;
	return 0;
}

void machine_free(struct machine *mc)
{
	if (!mc)
		return;
	/* vCPUs first: they call into everything else. */
	if (mc->vm)
		vm_stop(mc->vm);
	for (unsigned int i = 0; i < LOOPS; i++)
		loop_thread_stop(&mc->loop[i]);
	devices_free(mc);
	watchdog_free(mc->watchdog);
	throttle_fini(&mc->throttle);
	uart_free(mc->uart);
	cmos_free(mc->cmos);
	vm_free(mc->vm);
	for (unsigned int i = 0; i < LOOPS; i++)
		loop_thread_fini(&mc->loop[i]);
	fd_close(&mc->kernel_fd);
	fd_close(&mc->initrd_fd);
	for (unsigned int i = 0; i < MANIFEST_MAX_MODULES; i++)
		fd_close(&mc->module_fd[i]);
	pci_host_fini(&mc->pci);
	bus_fini(&mc->pio);
	bus_fini(&mc->mmio);
	pthread_mutex_destroy(&mc->line_lock);
	utc_fini(&mc->utc);
	free(mc);
}

int machine_start(struct machine *mc, struct err *e)
{
	int rc = 0;

	for (unsigned int i = 0; i < LOOPS && rc == 0; i++) {
		/* Signals come in on the devices', whatever devices there are. */
		if (i == LOOP_DEV || devices_need(mc->m, i))
			rc = loop_thread_start(&mc->loop[i], e);
	}
	return rc < 0 ? rc : vm_start(mc->vm, e);
}

json_t *machine_tids(const struct machine *mc)
{
	json_t *tids = json_array();

	for (unsigned int i = 0; i < vm_cpus(mc->vm); i++)
		json_array_append_new(tids, json_integer(vm_cpu_tid(mc->vm, i)));
	return tids;
}

pid_t machine_bus_tid(const struct machine *mc)
{
	const struct loop_thread *t = &mc->loop[LOOP_BUS];

	return t->running ? t->tid : 0;
}

void machine_pause(struct machine *mc)
{
	vm_pause(mc->vm);
	watchdog_pause(mc->watchdog);
}

void machine_resume(struct machine *mc)
{
	watchdog_resume(mc->watchdog);
	vm_resume(mc->vm);
}

void machine_throttle(struct machine *mc, unsigned int percent)
{
	throttle_set(&mc->throttle, percent);
}

int machine_reset(struct machine *mc, struct err *e)
{
	int rc;

	machine_pause(mc);
	machine_ports_reset(mc);
	pci_host_reset(&mc->pci);
	for (unsigned int i = 0; i < mc->m->n_devices; i++) {
		if (mc->device[i].vmmio)
			vmmio_reset(mc->device[i].vmmio);
	}
	rc = vm_memory_clear(mc->vm, e);
	if (rc == 0)
		rc = vm_reset(mc->vm, e);
	return rc < 0 ? rc : machine_load(mc, e);
}

void machine_power_button(struct machine *mc)
{
	/* An edge; the ACPI tables name its handler. */
	vm_irq_line(mc->vm, X86_IRQ_POWER_BUTTON, true);
	vm_irq_line(mc->vm, X86_IRQ_POWER_BUTTON, false);
}

void machine_drain(struct machine *mc)
{
	uart_drain(mc->uart, DRAIN_MS);
}

void machine_status(struct machine *mc, json_t *reply)
{
	json_t *exits = json_object(), *devices = json_array();
	struct uart_stats s;

	for (int i = 0; i < VM_EXITS; i++)
		json_object_set_new(exits, vm_exit_name((enum vm_exit)i),
			json_integer((json_int_t)vm_exits(mc->vm, (enum vm_exit)i)));
	json_object_set_new(
		exits, "pio_unanswered", json_integer((json_int_t)bus_missed(&mc->pio)));
	json_object_set_new(
		exits, "mmio_unanswered", json_integer((json_int_t)bus_missed(&mc->mmio)));
	json_object_set_new(reply, "exits", exits);
	json_object_set_new(reply, "cpus", json_integer(vm_cpus(mc->vm)));
	json_object_set_new(reply, "throttle_percent", json_integer(mc->throttle.percent));
	devices_status(mc, devices);
	json_object_set_new(reply, "devices", devices);
	uart_stats(mc->uart, &s);
	json_object_set_new(reply, "serial",
		json_pack("{s:I,s:I,s:I}", "tx_bytes", (json_int_t)s.tx_bytes, "tx_dropped",
			(json_int_t)s.tx_dropped, "rx_bytes", (json_int_t)s.rx_bytes));
}

int machine_input(struct machine *mc, unsigned int scanout, enum input_kind kind,
	const struct input_event_rec *ev, uint32_t n)
{
	return devices_input(mc, scanout, kind, ev, n);
}

int machine_link(struct machine *mc, unsigned int index, bool up)
{
	return devices_link(mc, index, up);
}

int machine_jack(struct machine *mc, uint32_t stream, bool plugged)
{
	return devices_jack(mc, stream, plugged);
}

int machine_console_size(struct machine *mc, uint16_t cols, uint16_t rows)
{
	return devices_console_size(mc, cols, rows);
}
