/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vCPUs: their threads, what KVM_RUN returns with, where they stand after a reset. A thread parks
 * only after KVM_RUN said "interrupted": then no half-done access is left in the vCPU.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "vmm/kvm/priv.h"

int vcpu_new(struct vm *vm, unsigned int index, struct err *e)
{
	struct vcpu *c = &vm->cpu[index];

	*c = (struct vcpu){ .vm = vm, .index = index, .fd = -1 };
	vm->cpus = index + 1;
	c->fd = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)index);
	if (c->fd < 0)
		return err_errno(e, errno, "KVM cannot make vCPU %u", index);
	c->run = mmap(NULL, vm->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
	if (c->run == MAP_FAILED) {
		c->run = NULL;
		return err_errno(e, errno, "cannot map vCPU %u", index);
	}
	if (ioctl(c->fd, KVM_GET_LAPIC, &c->first_lapic) < 0 ||
		ioctl(c->fd, KVM_GET_SREGS, &c->first_sregs) < 0 ||
		ioctl(c->fd, KVM_GET_VCPU_EVENTS, &c->first_events) < 0 ||
		ioctl(c->fd, KVM_GET_FPU, &c->first_fpu) < 0)
		return err_errno(e, errno, "KVM does not tell the state of vCPU %u", index);
	return 0;
}

void vcpu_fini(struct vcpu *c)
{
	if (c->run)
		munmap(c->run, c->vm->run_bytes);
	c->run = NULL;
	vcpu_first_free(c);
	fd_close(&c->fd);
}

int vm_cpu_set_cpuid(struct vm *vm, unsigned int cpu, const struct kvm_cpuid2 *cpuid, struct err *e)
{
	if (ioctl(vm->cpu[cpu].fd, KVM_SET_CPUID2, cpuid) < 0)
		return err_errno(e, errno, "KVM refuses the CPUID of vCPU %u", cpu);
	return 0;
}

int vm_cpu_get_sregs(struct vm *vm, unsigned int cpu, struct kvm_sregs *out)
{
	return ioctl(vm->cpu[cpu].fd, KVM_GET_SREGS, out) < 0 ? -errno : 0;
}

/* As struct kvm_msrs, with its one entry. */
struct one_msr {
	uint32_t n, pad;
	struct kvm_msr_entry e;
};

bool vcpu_msr_get(const struct vcpu *c, uint32_t index, uint64_t *value)
{
	struct one_msr m = { .n = 1, .e.index = index };

	if (ioctl(c->fd, KVM_GET_MSRS, &m) != 1)
		return false;
	*value = m.e.data;
	return true;
}

bool vcpu_msr_set(const struct vcpu *c, uint32_t index, uint64_t value)
{
	struct one_msr m = { .n = 1, .e = { .index = index, .data = value } };

	return ioctl(c->fd, KVM_SET_MSRS, &m) == 1;
}

static int set_boot_state(struct vm *vm, struct err *e)
{
	struct vcpu *c = &vm->cpu[0];

	if (ioctl(c->fd, KVM_SET_SREGS, &vm->boot_sregs) < 0)
		return err_errno(e, errno, "KVM refuses the boot vCPU's special registers");
	if (ioctl(c->fd, KVM_SET_REGS, &vm->boot_regs) < 0)
		return err_errno(e, errno, "KVM refuses the boot vCPU's registers");
	return 0;
}

int vm_boot_state(
	struct vm *vm, const struct kvm_regs *regs, const struct kvm_sregs *sregs, struct err *e)
{
	vm->boot_regs = *regs;
	vm->boot_sregs = *sregs;
	vm->boot_sregs.apic_base = vm->cpu[0].first_sregs.apic_base;
	memset(vm->boot_sregs.interrupt_bitmap, 0, sizeof(vm->boot_sregs.interrupt_bitmap));
	return set_boot_state(vm, e);
}

static int reset_vcpu(struct vcpu *c, struct err *e)
{
	static const struct kvm_regs at_reset = { .rip = 0xfff0, .rflags = 2 };
	struct kvm_mp_state mp = { .mp_state = c->index ? KVM_MP_STATE_UNINITIALIZED
							: KVM_MP_STATE_RUNNABLE };

	/* Special registers first: the APIC base decides how the LAPIC state is read. */
	if (ioctl(c->fd, KVM_SET_SREGS, &c->first_sregs) < 0 ||
		ioctl(c->fd, KVM_SET_REGS, &at_reset) < 0 ||
		ioctl(c->fd, KVM_SET_FPU, &c->first_fpu) < 0 ||
		ioctl(c->fd, KVM_SET_VCPU_EVENTS, &c->first_events) < 0 ||
		vcpu_first_restore(c) < 0 || !vcpu_msr_set(c, MSR_TSC_DEADLINE, 0) ||
		ioctl(c->fd, KVM_SET_LAPIC, &c->first_lapic) < 0 ||
		ioctl(c->fd, KVM_SET_MP_STATE, &mp) < 0)
		return err_errno(e, errno, "KVM cannot reset vCPU %u", c->index);
	c->tsc_valid = false;
	return 0;
}

int vm_reset(struct vm *vm, struct err *e)
{
	int rc = 0;

	for (unsigned int i = 0; i < vm->cpus && rc == 0; i++)
		rc = reset_vcpu(&vm->cpu[i], e);
	for (size_t i = 0; i < ARRAY_SIZE(vm->first_chip) && rc == 0; i++) {
		if (ioctl(vm->fd, KVM_SET_IRQCHIP, &vm->first_chip[i]) < 0)
			rc = err_errno(e, errno, "KVM cannot reset the interrupt controllers");
	}
	return rc < 0 ? rc : set_boot_state(vm, e);
}

void vcpu_kick(struct vcpu *c)
{
	if (!c->has_thread)
		return;
	__atomic_store_n(&c->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	pthread_kill(c->thread, VM_KICK_SIGNAL);
}

/* Stands until the machine runs again and is not held. False: the thread is to end. */
static bool park(struct vcpu *c)
{
	struct vm *vm = c->vm;
	bool go;

	pthread_mutex_lock(&vm->lock);
	for (;;) {
		if (vm->want == VM_WANT_PAUSE) {
			vm->parked++;
			pthread_cond_broadcast(&vm->changed);
			while (vm->want == VM_WANT_PAUSE)
				pthread_cond_wait(&vm->changed, &vm->lock);
			vm->parked--;
		} else if (vm->want == VM_WANT_RUN && vm->held) {
			pthread_cond_wait(&vm->changed, &vm->lock);
		} else {
			break;
		}
	}
	go = vm->want == VM_WANT_RUN;
	pthread_mutex_unlock(&vm->lock);
	return go;
}

static void count(struct vcpu *c, enum vm_exit kind)
{
	atomic_fetch_add_explicit(&c->exits[kind], 1, memory_order_relaxed);
}

/* The machine cannot go on: told once, all vCPUs halt. */
static void stop(struct vcpu *c, enum vm_stop why)
{
	struct vm *vm = c->vm;
	char text[900];
	bool first;

	vm_explain(c, text, sizeof(text));
	pthread_mutex_lock(&vm->lock);
	first = !vm->stopped_told;
	vm->stopped_told = true;
	pthread_mutex_unlock(&vm->lock);
	vm_halt(vm);
	if (first)
		vm->h.stopped(vm->h.ctx, why, text);
}

static void handle_pio(struct vcpu *c)
{
	struct kvm_run *r = c->run;
	uint8_t *data = (uint8_t *)r + r->io.data_offset;

	count(c, VM_EXIT_PIO);
	/* String instructions bring several items at once. */
	for (uint32_t i = 0; i < r->io.count; i++, data += r->io.size)
		c->vm->h.pio(c->vm->h.ctx, r->io.port, r->io.direction == KVM_EXIT_IO_OUT, data,
			r->io.size);
}

static void handle_mmio(struct vcpu *c)
{
	struct kvm_run *r = c->run;

	count(c, VM_EXIT_MMIO);
	c->vm->h.mmio(c->vm->h.ctx, r->mmio.phys_addr, r->mmio.is_write, r->mmio.data, r->mmio.len);
}

static void handle_system_event(struct vcpu *c)
{
	switch (c->run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		stop(c, VM_STOP_SHUTDOWN);
		break;
	case KVM_SYSTEM_EVENT_RESET:
		stop(c, VM_STOP_RESET);
		break;
	default:
		stop(c, VM_STOP_ERROR);
		break;
	}
}

static void handle_exit(struct vcpu *c)
{
	switch (c->run->exit_reason) {
	case KVM_EXIT_IO:
		handle_pio(c);
		break;
	case KVM_EXIT_MMIO:
		handle_mmio(c);
		break;
	case KVM_EXIT_HLT:
		count(c, VM_EXIT_HLT);
		break;
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		count(c, VM_EXIT_INTR);
		break;
	case KVM_EXIT_SHUTDOWN:
		count(c, VM_EXIT_OTHER);
		stop(c, VM_STOP_TRIPLE_FAULT);
		break;
	case KVM_EXIT_SYSTEM_EVENT:
		count(c, VM_EXIT_OTHER);
		handle_system_event(c);
		break;
	default:
		count(c, VM_EXIT_OTHER);
		stop(c, VM_STOP_ERROR);
		break;
	}
}

/* From inside: by another thread a name needs a file of /proc, which the sandbox refuses. */
static void set_up_thread(struct vcpu *c)
{
	char name[16];
	sigset_t kick;

	snprintf(name, sizeof(name), "vcpu%u", c->index);
	(void)pthread_setname_np(pthread_self(), name);
	c->tid = gettid();
	/* Whoever started this program may have left the signal blocked: then a vCPU that sleeps in
	 * KVM would never hear of a pause. */
	sigemptyset(&kick);
	sigaddset(&kick, VM_KICK_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
}

static void *thread_main(void *arg)
{
	struct vcpu *c = arg;

	set_up_thread(c);
	if (!park(c))
		return NULL;
	for (;;) {
		if (ioctl(c->fd, KVM_RUN, 0) == 0) {
			handle_exit(c);
		} else if (errno == EINTR) {
			count(c, VM_EXIT_INTR);
			if (!park(c))
				return NULL;
		} else if (errno != EAGAIN) {
			/* EAGAIN: a waiting vCPU got its start-up interrupt. */
			c->run->exit_reason = KVM_EXIT_UNKNOWN;
			c->run->hw.hardware_exit_reason = (unsigned int)errno;
			stop(c, VM_STOP_ERROR);
			if (!park(c))
				return NULL;
		}
	}
}

int vcpu_thread_start(struct vcpu *c, struct err *e)
{
	pthread_attr_t attr;
	int rc;

	rc = pthread_attr_init(&attr);
	if (rc == 0)
		rc = pthread_attr_setstacksize(&attr, VM_CPU_STACK_BYTES);
	if (rc == 0)
		rc = pthread_create(&c->thread, &attr, thread_main, c);
	pthread_attr_destroy(&attr);
	if (rc)
		return err_errno(e, rc, "cannot start the thread of vCPU %u", c->index);
	c->has_thread = true;
	return 0;
}
