/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's time while it stands: KVM clock and TSC are saved at a pause and put back at the
 * resume, so that the guest sees no gap. Where KVM cannot move a guest's TSC (it reads the host's
 * own), only the KVM clock is kept, and that is said once.
 *
 * LAPIC state is not put back: devices go on while the guest stands, and an interrupt of theirs
 * that arrived meanwhile would be lost with it. So a LAPIC timer may fire early after a pause,
 * which guests take as what it is: a look at the clock too many.
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

void vm_time_save(struct vm *vm)
{
	if (vm->clock_valid)
		return;
	vm->clock_valid = ioctl(vm->fd, KVM_GET_CLOCK, &vm->clock) == 0;
	for (unsigned int i = 0; i < vm->cpus; i++) {
		struct vcpu *c = &vm->cpu[i];

		c->tsc_valid = vm->tsc_moves && vcpu_msr_get(c, MSR_TSC, &c->tsc);
	}
}

static void restore_tsc(struct vcpu *c)
{
	uint64_t deadline;

	if (!c->tsc_valid)
		return;
	c->tsc_valid = false;
	if (!vcpu_msr_set(c, MSR_TSC, c->tsc))
		log_warn("vCPU %u: KVM did not take its TSC back: %s", c->index, strerror(errno));
	/* Armed against the old offset: written again, it is armed against the new one. Zero has
	 * fired or was never set. */
	if (vcpu_msr_get(c, MSR_TSC_DEADLINE, &deadline) && deadline &&
		!vcpu_msr_set(c, MSR_TSC_DEADLINE, deadline))
		log_warn("vCPU %u: KVM did not take its deadline back: %s", c->index,
			strerror(errno));
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
	for (unsigned int i = 0; i < vm->cpus; i++)
		restore_tsc(&vm->cpu[i]);
	vm->clock.flags = 0;
	if (ioctl(vm->fd, KVM_SET_CLOCK, &vm->clock) < 0)
		log_warn("KVM did not take its clock back: %s", strerror(errno));
	vm->clock_valid = false;
}
