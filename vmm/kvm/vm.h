/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One virtual machine on KVM: guest memory, in-kernel interrupt controllers, vCPU threads,
 * interrupts by irqfd, doorbells by ioeventfd. It knows no device and no boot protocol: accesses
 * that KVM does not answer itself go to the handlers below.
 *
 * Unless said otherwise a function is for the machine's main thread.
 */
#pragma once

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/gmem.h"
#include "vmm/bus/bus.h"

#define VM_MAX_CPUS 8
/* RAM ends here and goes on at 4 GiB: between them lie ECAM, BARs, IOAPIC and LAPIC. */
#define VM_HOLE_BASE  UINT64_C(0xb0000000)
#define VM_HIGH_BASE  UINT64_C(0x100000000)
#define VM_MIN_MEMORY (UINT64_C(4) << 20)
#define VM_MAX_MEMORY (UINT64_C(64) << 30)
/* Interrupts 0..23 are the IOAPIC's pins; MSI routes come after them. */
#define VM_IOAPIC_PINS 24

struct vm;

enum vm_stop {
	VM_STOP_TRIPLE_FAULT, /* the guest faulted while it handled a double fault */
	VM_STOP_SHUTDOWN, /* KVM said that the guest asked for power-off */
	VM_STOP_RESET, /* KVM said that the guest asked for a reset */
	VM_STOP_ERROR /* KVM cannot go on */
};

/* Called on vCPU threads, several at once. */
struct vm_handlers {
	/* An access that the kernel left to us; a read fills `data`. */
	void (*pio)(void *ctx, uint16_t port, bool write, void *data, uint32_t len);
	void (*mmio)(void *ctx, uint64_t addr, bool write, void *data, uint32_t len);
	/* The machine cannot run on as it is; all vCPUs are being halted. `text` is borrowed. */
	void (*stopped)(void *ctx, enum vm_stop why, const char *text);
	void *ctx;
};

/* The host's pages behind guest memory. */
enum vm_pages {
	VM_PAGES_USUAL,
	VM_PAGES_TRANSPARENT, /* huge ones where the host has them at hand */
	VM_PAGES_2M, /* reserved when the VM is made */
	VM_PAGES_1G
};

struct vm_config {
	/* VM_MIN_MEMORY..VM_MAX_MEMORY, a multiple of 4096 and of the huge pages behind it */
	uint64_t memory_bytes;
	enum vm_pages pages;
	bool shared; /* other processes map guest memory, by the descriptor of its regions */
	unsigned int cpus; /* 1..VM_MAX_CPUS */
	int kvm_fd; /* /dev/kvm; borrowed, needed only during vm_new() */
};

/*
 * Makes the VM with its memory, interrupt controllers and vCPUs (no thread yet). Checks what the
 * host's KVM can do; the message says what is missing and how to fix it. 0 or -errno.
 */
MUST_CHECK int vm_new(
	struct vm **out, const struct vm_config *cfg, const struct vm_handlers *h, struct err *e);
/* Stops and joins the threads first. NULL is legal. */
void vm_free(struct vm *vm);

const struct gmem *vm_mem(const struct vm *vm);
unsigned int vm_cpus(const struct vm *vm);
/* CPUID as KVM supports it; the caller frees *out. */
MUST_CHECK int vm_supported_cpuid(const struct vm *vm, struct kvm_cpuid2 **out, struct err *e);
/* The guest's TSC frequency; 0 when KVM does not tell. */
uint32_t vm_tsc_khz(const struct vm *vm);

/* What a vCPU answers to CPUID. Before vm_start(). */
MUST_CHECK int vm_cpu_set_cpuid(
	struct vm *vm, unsigned int cpu, const struct kvm_cpuid2 *cpuid, struct err *e);
/*
 * Sets where the boot vCPU (0) starts, now and after each vm_reset(); the others wait for a
 * start-up interrupt. `sregs` is completed here: APIC base, what KVM gave. Before vm_start() or
 * while paused.
 */
MUST_CHECK int vm_boot_state(
	struct vm *vm, const struct kvm_regs *regs, const struct kvm_sregs *sregs, struct err *e);
/* The special registers of a vCPU as they are now. */
MUST_CHECK int vm_cpu_get_sregs(struct vm *vm, unsigned int cpu, struct kvm_sregs *out);

/* Makes the vCPU threads, paused: vm_resume() lets them go. Returns when they stand. 0 or -errno.
 */
MUST_CHECK int vm_start(struct vm *vm, struct err *e);
/* The host's number of a vCPU's thread; 0 before vm_start(). */
int vm_cpu_tid(const struct vm *vm, unsigned int cpu);
/* Halts all vCPUs and waits until they stand; guest time stands too. Idempotent. */
void vm_pause(struct vm *vm);
/* Lets them run; guest time goes on where it stood. Idempotent. */
void vm_resume(struct vm *vm);
/*
 * Any thread but a vCPU's: while `on`, the vCPUs of a machine that runs stand, without being
 * paused: the guest's time goes on. Returns at once; they stop within some 100 us.
 */
void vm_hold(struct vm *vm, bool on);
/* Asks all vCPUs to halt and does not wait. Any thread, also a handler. */
void vm_halt(struct vm *vm);
/* Ends the threads. Idempotent. */
void vm_stop(struct vm *vm);
/* vCPUs and interrupt controllers back to their first state. While paused. 0 or -errno. */
MUST_CHECK int vm_reset(struct vm *vm, struct err *e);
/* Gives all guest memory back to the host: it reads as zero afterwards. While paused. */
MUST_CHECK int vm_memory_clear(struct vm *vm, struct err *e);

/* Level of an IOAPIC pin. Any thread. */
void vm_irq_line(struct vm *vm, unsigned int gsi, bool level);
/*
 * MSI: a number (gsi) that stands for a message, raised by writing the eventfd. The route is set
 * separately, as often as the driver changes it. Any thread. 0 or -errno.
 */
MUST_CHECK int vm_msi_attach(struct vm *vm, int eventfd, uint32_t *gsi);
void vm_msi_detach(struct vm *vm, int eventfd, uint32_t gsi);
MUST_CHECK int vm_msi_route(struct vm *vm, uint32_t gsi, uint64_t addr, uint32_t data);
/* A guest write of any width to addr signals the eventfd. Any thread. 0 or -errno. */
MUST_CHECK int vm_doorbell_add(struct vm *vm, enum bus_space space, uint64_t addr, int eventfd);
void vm_doorbell_del(struct vm *vm, enum bus_space space, uint64_t addr, int eventfd);
/* The same for writes of 32 bits of this value alone, to memory. */
MUST_CHECK int vm_doorbell_add_value(struct vm *vm, uint64_t addr, uint32_t value, int eventfd);
void vm_doorbell_del_value(struct vm *vm, uint64_t addr, uint32_t value, int eventfd);

/* Exits so far, over all vCPUs, by what caused them. Any thread. */
enum vm_exit { VM_EXIT_PIO, VM_EXIT_MMIO, VM_EXIT_HLT, VM_EXIT_INTR, VM_EXIT_OTHER, VM_EXITS };
uint64_t vm_exits(const struct vm *vm, enum vm_exit kind);
const char *vm_exit_name(enum vm_exit kind);
