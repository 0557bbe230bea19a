/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast this host runs a guest's kernel code: a counting loop in 32-bit protected mode, timed.
 * Hardware virtualisation runs it natively; a software KVM emulates ring 0 instruction by
 * instruction. Raw KVM ioctls, nothing of vmm/: a broken VMM must not spoil the diagnosis.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sim/bench/host.h"

#define MEMORY_BYTES 0x1000
#define LIMIT_S      5

/* mov ecx, COUNT; loop: dec ecx; jnz loop; hlt. Two instructions a round. */
static const uint8_t program[] = { 0xb9, 0, 0, 0, 0, 0x49, 0x75, 0xfd, 0xf4 };
#define COUNT_AT   1
#define PER_ROUND  2
#define FIRST_TRY  20000u /* 10 ms where ring 0 is emulated */
#define SECOND_TRY 100000000u /* 100 ms and less on hardware */

struct probe {
	int vm, vcpu;
	uint8_t *memory;
	struct kvm_run *run;
	size_t run_bytes;
	uint32_t exit_reason;
};

static void probe_fini(struct probe *p)
{
	if (p->run)
		munmap(p->run, p->run_bytes);
	if (p->memory)
		munmap(p->memory, MEMORY_BYTES);
	fd_close(&p->vcpu);
	fd_close(&p->vm);
}

static int probe_init(struct probe *p, int kvm)
{
	struct kvm_userspace_memory_region r = { .memory_size = MEMORY_BYTES };
	void *m;
	int n;

	*p = (struct probe){ .vm = -1, .vcpu = -1 };
	p->vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (p->vm < 0)
		return -errno;
	m = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m == MAP_FAILED)
		return -errno;
	p->memory = m;
	memcpy(p->memory, program, sizeof(program));
	r.userspace_addr = (uintptr_t)p->memory;
	if (ioctl(p->vm, KVM_SET_USER_MEMORY_REGION, &r) < 0)
		return -errno;
	p->vcpu = ioctl(p->vm, KVM_CREATE_VCPU, 0);
	n = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (p->vcpu < 0 || n < 0)
		return -errno;
	m = mmap(NULL, (size_t)n, PROT_READ | PROT_WRITE, MAP_SHARED, p->vcpu, 0);
	if (m == MAP_FAILED)
		return -errno;
	p->run = m;
	p->run_bytes = (size_t)n;
	return 0;
}

/* Flat 32-bit segments, paging off. */
static int set_start(struct probe *p)
{
	struct kvm_segment code = { .limit = 0xffffffff,
		.selector = 8,
		.type = 0xb,
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1 };
	struct kvm_segment data = { .limit = 0xffffffff,
		.selector = 16,
		.type = 3,
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1 };
	struct kvm_regs regs = { .rflags = 2 };
	struct kvm_sregs s;

	if (ioctl(p->vcpu, KVM_GET_SREGS, &s) < 0)
		return -errno;
	s.cs = code;
	s.ds = s.es = s.fs = s.gs = s.ss = data;
	s.cr0 |= 1;
	if (ioctl(p->vcpu, KVM_SET_SREGS, &s) < 0 || ioctl(p->vcpu, KVM_SET_REGS, &regs) < 0)
		return -errno;
	return 0;
}

/* Runs the loop `count` rounds; its time in ns. */
static int run(struct probe *p, uint32_t count, uint64_t *ns)
{
	uint64_t t0;
	int rc;

	if (!p->run)
		return -EINVAL;
	memcpy(p->memory + COUNT_AT, &count, sizeof(count));
	rc = set_start(p);
	if (rc)
		return rc;
	t0 = clock_now_ns();
	while (ioctl(p->vcpu, KVM_RUN, 0) < 0) {
		/* The limit's signal ends a loop that does not. */
		if (errno != EINTR || clock_now_ns() - t0 > (LIMIT_S - 1) * NS_PER_S)
			return -(errno == EINTR ? ETIME : errno);
	}
	*ns = clock_now_ns() - t0;
	p->exit_reason = p->run->exit_reason;
	return p->exit_reason == KVM_EXIT_HLT ? 0 : -EIO;
}

static void on_limit(int sig)
{
	(void)sig;
}

int host_ring0_speed(int kvm, double *per_second, struct err *e)
{
	struct sigaction act = { .sa_handler = on_limit }, old;
	uint32_t count = FIRST_TRY;
	uint64_t ns = 0;
	struct probe p;
	int rc;

	sigaction(SIGALRM, &act, &old);
	alarm(LIMIT_S);
	rc = probe_init(&p, kvm);
	if (!rc)
		rc = run(&p, count, &ns);
	/* Too short to be timed well: this is fast, so more of it costs nothing. */
	if (!rc && ns < 2 * NS_PER_MS) {
		count = SECOND_TRY;
		rc = run(&p, count, &ns);
	}
	alarm(0);
	sigaction(SIGALRM, &old, NULL);
	if (rc == -EIO)
		(void)err_set(
			e, rc, "the probe's guest stopped with exit reason %u", p.exit_reason);
	else if (rc)
		(void)err_errno(e, -rc, "the probe's guest cannot run");
	else
		*per_second = (double)count * PER_ROUND * 1e9 / (double)ns;
	probe_fini(&p);
	return rc;
}
