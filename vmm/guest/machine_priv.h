/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that make up the machine share; not for others. */
#pragma once

#include "devices/legacy/reset.h"
#include "devices/legacy/uart.h"
#include "vmm/bus/bus.h"
#include "vmm/guest/loop_thread.h"
#include "vmm/guest/machine.h"

struct machine {
	const struct manifest *m;
	struct machine_host host;
	struct vm *vm;
	struct bus pio, mmio;
	struct loop_thread dev_loop, gpu_loop;
	struct uart *uart;
	struct i8042 i8042;
	struct reset_control reset_control;
	struct sleep_control sleep;
	int kernel_fd;
	int module_fd[MANIFEST_MAX_MODULES];
};

/* ports.c: COM1, i8042, reset and sleep registers on the port bus. 0 or -errno. */
MUST_CHECK int machine_ports_add(struct machine *mc, int serial_fd_take, struct err *e);
void machine_ports_reset(struct machine *mc);

/* boot.c: CPUID of all vCPUs, once. */
MUST_CHECK int machine_cpuid(struct machine *mc, struct err *e);
/* boot.c: kernel, modules, tables and registers into a machine whose memory reads as zero. */
MUST_CHECK int machine_load(struct machine *mc, struct err *e);
