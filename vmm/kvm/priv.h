/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of vmm/kvm share; not for others. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "vmm/kvm/vm.h"

/* KVM takes 4096 routes, of which the pins of IOAPIC and 8259s have some. */
#define VM_MAX_GSIS        4032
#define MSR_TSC            0x10
#define MSR_TSC_DEADLINE   0x6e0
#define VM_CPU_STACK_BYTES (128 * 1024)
/* Interrupts a running vCPU thread's KVM_RUN; its handler does nothing. */
#define VM_KICK_SIGNAL SIGUSR1

struct vcpu {
	struct vm *vm;
	unsigned int index;
	int fd;
	struct kvm_run *run;
	pthread_t thread;
	bool has_thread;
	pid_t tid; /* set before it is parked for the first time */
	_Atomic uint64_t exits[VM_EXITS];
	struct kvm_lapic_state first_lapic;
	struct kvm_sregs first_sregs;
	struct kvm_vcpu_events first_events;
	struct kvm_fpu first_fpu;
	struct kvm_msr_entry *first_msr; /* NULL until vcpu_first_save() */
	uint32_t n_first_msr;
	bool has_xcrs, has_debug;
	struct kvm_xcrs first_xcrs;
	struct kvm_debugregs first_debug;
	uint64_t tsc; /* at the pause */
	bool tsc_valid;
};

enum vm_want { VM_WANT_PAUSE, VM_WANT_RUN, VM_WANT_QUIT };

struct vm {
	int fd;
	struct vm_handlers h;
	struct gmem mem;
	int memfd;
	uint8_t *host;
	uint64_t host_bytes;
	size_t run_bytes;
	struct kvm_cpuid2 *cpuid; /* supported */
	struct kvm_msr_list *msr_list;
	struct vcpu cpu[VM_MAX_CPUS];
	unsigned int cpus;
	struct kvm_regs boot_regs;
	struct kvm_sregs boot_sregs;
	bool any_length_doorbells;
	bool tsc_told;
	bool tsc_moves; /* writing the TSC MSR takes effect for the guest */
	struct kvm_irqchip first_chip[3];
	struct kvm_clock_data clock;
	bool clock_valid;

	pthread_mutex_t lock; /* want, parked, stopped_told, held */
	pthread_cond_t changed;
	enum vm_want want;
	unsigned int parked;
	bool stopped_told;
	bool held; /* vCPUs stand although the machine runs */

	pthread_mutex_t route_lock;
	struct kvm_irq_routing *routes;
	uint64_t gsi_used[VM_MAX_GSIS / 64];
};

/* vcpu.c */
MUST_CHECK int vcpu_new(struct vm *vm, unsigned int index, struct err *e);
void vcpu_fini(struct vcpu *c);
MUST_CHECK int vcpu_thread_start(struct vcpu *c, struct err *e);
bool vcpu_msr_get(const struct vcpu *c, uint32_t index, uint64_t *value);
bool vcpu_msr_set(const struct vcpu *c, uint32_t index, uint64_t value);
/* Makes KVM_RUN return; vm->lock is held. */
void vcpu_kick(struct vcpu *c);

/* first.c: the state that a vCPU starts with. Saved once, when its CPUID is set and it has not run.
 */
MUST_CHECK int vm_msr_list(struct vm *vm, int kvm_fd, struct err *e);
MUST_CHECK int vcpu_first_save(struct vcpu *c, struct err *e);
MUST_CHECK int vcpu_first_restore(struct vcpu *c);
void vcpu_first_free(struct vcpu *c);

/* irq.c */
MUST_CHECK int vm_routes_init(struct vm *vm, struct err *e);
void vm_routes_fini(struct vm *vm);

/* clock.c: the guest's time while it stands. All vCPUs are parked. */
void vm_time_save(struct vm *vm);
void vm_time_restore(struct vm *vm);
/* Finds out whether the guest's TSC can be moved. */
bool vm_tsc_can_move(struct vm *vm);

/* explain.c: what an exit that ends the machine means, as a sentence. vCPU thread. */
void vm_explain(struct vcpu *c, char *text, size_t cap);
