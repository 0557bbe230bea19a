/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's time while it stands: KVM clock, TSC, LAPIC timers. Saved at a pause, put back at
 * the resume, so that the guest sees no gap. Where KVM cannot move a guest's TSC (it reads the
 * host's own), only the KVM clock is kept, and that is said once.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/log.h"
#include "vmm/kvm/priv.h"

bool vm_tsc_can_move(struct vm *vm)
{
	/* A guest that runs on the host's own TSC reads what the host reads; else it started at
	 * zero a moment ago. */
	static const uint64_t near = UINT64_C(1) << 32;
	uint64_t tsc, host = __builtin_ia32_rdtsc();

	return vcpu_msr_get(&vm->cpu[0], MSR_TSC, &tsc) &&
	       (tsc > host ? tsc - host : host - tsc) > near;
}

static void save_vcpu(struct vm *vm, struct vcpu *c)
{
	c->time.valid = ioctl(c->fd, KVM_GET_LAPIC, &c->time.lapic) == 0 &&
			vcpu_msr_get(c, MSR_TSC_DEADLINE, &c->time.deadline) &&
			(!vm->tsc_moves || vcpu_msr_get(c, MSR_TSC, &c->time.tsc));
}

void vm_time_save(struct vm *vm)
{
	if (vm->clock_valid)
		return;
	vm->clock_valid = ioctl(vm->fd, KVM_GET_CLOCK, &vm->clock) == 0;
	for (unsigned int i = 0; i < vm->cpus; i++)
		save_vcpu(vm, &vm->cpu[i]);
}

static void restore_vcpu(struct vm *vm, struct vcpu *c)
{
	if (!c->time.valid)
		return;
	/* The deadline after the LAPIC: its state decides whether there is one. */
	if ((vm->tsc_moves && !vcpu_msr_set(c, MSR_TSC, c->time.tsc)) ||
		ioctl(c->fd, KVM_SET_LAPIC, &c->time.lapic) < 0 ||
		(c->time.deadline && !vcpu_msr_set(c, MSR_TSC_DEADLINE, c->time.deadline)))
		log_warn(
			"vCPU %u: KVM did not take its timers back: %s", c->index, strerror(errno));
	c->time.valid = false;
}

void vm_time_restore(struct vm *vm)
{
	if (!vm->clock_valid)
		return;
	if (!vm->tsc_moves && !vm->tsc_told) {
		vm->tsc_told = true;
		log_info("this host's KVM cannot stop a guest's TSC: it went on during the pause; "
			 "the KVM clock did not");
	}
	vm->clock.flags = 0;
	if (ioctl(vm->fd, KVM_SET_CLOCK, &vm->clock) < 0)
		log_warn("KVM did not take its clock back: %s", strerror(errno));
	for (unsigned int i = 0; i < vm->cpus; i++)
		restore_vcpu(vm, &vm->cpu[i]);
	vm->clock_valid = false;
}
