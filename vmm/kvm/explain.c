/* SPDX-License-Identifier: Apache-2.0 */
/* Exits that end a machine, in words: what happened, where, which instruction, what it means. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/kvm/priv.h"

#define INSN_BYTES 15
/* Some processors leave a vCPU in its reset state after a triple fault. */
#define RESET_RIP 0xfff0
#define CR0_PE    1u

struct text {
	char *at;
	size_t left;
};

static void add(struct text *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->at, t->left, fmt, ap);
	va_end(ap);
	if (n > 0) {
		size_t used = MIN((size_t)n, t->left - 1);

		t->at += used;
		t->left -= used;
	}
}

/* The bytes at RIP, through the guest's own page tables. */
static void add_code(struct vcpu *c, struct text *t, uint64_t linear)
{
	struct kvm_translation tr = { .linear_address = linear };
	uint8_t b[INSN_BYTES];
	size_t n = 0;

	if (ioctl(c->fd, KVM_TRANSLATE, &tr) == 0 && tr.valid) {
		while (n < sizeof(b) &&
			gmem_read(&c->vm->mem, &b[n], (gpa){ tr.physical_address + n }, 1) == 0)
			n++;
	}
	if (n == 0) {
		add(t, "; no memory is mapped there");
		return;
	}
	add(t, "; instruction bytes");
	for (size_t i = 0; i < n; i++)
		add(t, " %02x", b[i]);
}

static unsigned int add_place(struct vcpu *c, struct text *t)
{
	struct kvm_regs r;
	struct kvm_sregs s;
	unsigned int cpl;

	if (ioctl(c->fd, KVM_GET_REGS, &r) < 0 || ioctl(c->fd, KVM_GET_SREGS, &s) < 0) {
		add(t, "vCPU %u at an unknown place", c->index);
		return 0;
	}
	if (r.rip == RESET_RIP && !(s.cr0 & CR0_PE)) {
		add(t, "vCPU %u; KVM has reset it already: where it was is not known", c->index);
		return 0;
	}
	cpl = s.ss.dpl;
	add(t, "vCPU %u, RIP 0x%llx, ring %u, CR0 0x%llx CR2 0x%llx CR3 0x%llx CR4 0x%llx",
		c->index, (unsigned long long)r.rip, cpl, (unsigned long long)s.cr0,
		(unsigned long long)s.cr2, (unsigned long long)s.cr3, (unsigned long long)s.cr4);
	add_code(c, t, s.cs.base + r.rip);
	return cpl;
}

static void explain_internal(struct vcpu *c, struct text *t)
{
	const struct kvm_run *r = c->run;
	unsigned int cpl;

	switch (r->internal.suberror) {
	case KVM_INTERNAL_ERROR_EMULATION:
		add(t, "KVM could not emulate an instruction: ");
		cpl = add_place(c, t);
		if (cpl == 0)
			add(t, ". A KVM without hardware help interprets ring 0 and does not know "
			       "every instruction: run that code in ring 3, or build it with "
			       "-mgeneral-regs-only and without popcnt, cmpxchg16b or int n");
		break;
	case KVM_INTERNAL_ERROR_SIMUL_EX:
		add(t, "KVM met an exception while it delivered another (%llx, %llx): ",
			(unsigned long long)r->internal.data[0],
			(unsigned long long)r->internal.data[1]);
		add_place(c, t);
		break;
	case KVM_INTERNAL_ERROR_DELIVERY_EV:
		add(t, "KVM could not deliver an event: the handler table or its stack is not in "
		       "memory: ");
		add_place(c, t);
		break;
	default:
		add(t, "KVM internal error %u (%llx, %llx): ", r->internal.suberror,
			(unsigned long long)r->internal.data[0],
			(unsigned long long)r->internal.data[1]);
		add_place(c, t);
		break;
	}
}

void vm_explain(struct vcpu *c, char *buf, size_t cap)
{
	const struct kvm_run *r = c->run;
	struct text t = { buf, cap };

	buf[0] = '\0';
	switch (r->exit_reason) {
	case KVM_EXIT_SHUTDOWN:
		add(&t, "triple fault: an exception could not be delivered, nor the double fault "
			"after it (is the IDT loaded, the stack mapped?): ");
		add_place(c, &t);
		break;
	case KVM_EXIT_SYSTEM_EVENT:
		add(&t, "system event %u: ", r->system_event.type);
		add_place(c, &t);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		add(&t,
			"the processor refuses to enter the guest (reason 0x%llx): its state is not "
			"a legal one: ",
			(unsigned long long)r->fail_entry.hardware_entry_failure_reason);
		add_place(c, &t);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		explain_internal(c, &t);
		break;
	case KVM_EXIT_UNKNOWN:
		add(&t, "KVM_RUN failed (%s): ", strerror((int)r->hw.hardware_exit_reason));
		add_place(c, &t);
		break;
	default:
		add(&t, "KVM exit %u is not one that Dyno handles: ", r->exit_reason);
		add_place(c, &t);
		break;
	}
}
