/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that make up the machine share; not for others. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/loop_thread.h"
#include "devices/gpu/scanout_port.h"
#include "devices/legacy/cmos.h"
#include "devices/legacy/reset.h"
#include "devices/legacy/uart.h"
#include "devices/signal/client.h"
#include "vmm/bus/bus.h"
#include "vmm/guest/machine.h"
#include "vmm/guest/throttle.h"
#include "vmm/guest/watchdog.h"
#include "vmm/pci/pci.h"
#include "vmm/transport/mmio.h"
#include "vmm/transport/pci.h"

struct machine_device {
	struct machine *mc;
	const struct manifest_device *d;
	struct vdev *dev; /* the transport's */
	struct vpci *vpci; /* one of these two */
	struct vmmio *vmmio;
};

/* Threads on which devices live, each with an event loop. */
enum machine_loop {
	LOOP_DEV, /* most of them */
	LOOP_BUS, /* CAN controllers on interfaces of the host: the bus is theirs to serve */
	LOOP_GPU, /* pixels */
	LOOP_DISK, /* disks, which may take their time */
	LOOP_FILE, /* what waits for other programs */
	LOOPS
};

struct machine {
	const struct manifest *m;
	struct machine_host host;
	struct vm *vm;
	struct bus pio, mmio;
	struct loop_thread loop[LOOPS];
	struct utc utc; /* of all clocks */
	struct uart *uart;
	struct cmos *cmos;
	struct watchdog *watchdog; /* NULL: none */
	struct throttle throttle;
	struct i8042 i8042;
	struct reset_control reset_control;
	struct sleep_control sleep;
	struct pm1 pm1; /* without PCI */
	atomic_bool leaving; /* a reset or power-off was asked for: once until the next power-on */
	atomic_bool panicked; /* the guest reported a crash: once until the next power-on */
	struct pci_platform platform; /* the VM as PCI devices see it */
	struct pci_host pci;
	struct vmmio_platform mmio_platform; /* the same for those without PCI */
	pthread_mutex_t line_lock;
	unsigned int line_held[VM_IOAPIC_PINS]; /* devices that hold the line high */
	struct scanout_port *display; /* shared by the gpu and its inputs; NULL without gpu */
	bool display_is_channel;
	struct signal_client *signals; /* of the devices' loop; never NULL once built */
	struct machine_device device[MANIFEST_MAX_DEVICES];
	int kernel_fd, initrd_fd;
	int module_fd[MANIFEST_MAX_MODULES];
};

/* ports.c: COM1, clock, i8042, crash report, reset and sleep registers on the port bus. 0 or
 * -errno. */
MUST_CHECK int machine_ports_add(struct machine *mc, int serial_fd_take, struct err *e);
void machine_ports_reset(struct machine *mc);

/* boot.c: CPUID of all vCPUs, once. */
MUST_CHECK int machine_cpuid(struct machine *mc, struct err *e);
/* boot.c: kernel, modules, tables and registers into a machine whose memory reads as zero. */
MUST_CHECK int machine_load(struct machine *mc, struct err *e);

/* mmio_devices.c: puts device number i on the memory bus, without PCI. 0 or -errno. */
MUST_CHECK int machine_mmio_add(struct machine *mc, unsigned int i, struct vdev *dev_take,
	struct ev_loop *loop, void (*on_error)(void *ctx, const char *text));
/* mmio_devices.c: IOAPIC pins that such devices use, a bit each. */
uint32_t machine_mmio_pins(const struct machine *mc);
/* mmio_devices.c: the guest's command line, with the devices that it cannot find by itself. The
 * caller's; NULL without memory. */
char *machine_cmdline(const struct machine *mc);
