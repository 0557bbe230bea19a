/* SPDX-License-Identifier: Apache-2.0 */
/* The VM: what the host must be able to do, memory, life of the vCPUs; see vm.h. */
#include "vmm/kvm/vm.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "vmm/kvm/priv.h"

/* A transparent huge page. */
#define HUGE_BYTES (UINT64_C(2) << 20)

/* Of Linux 5.17, which older headers lack. */
#ifndef PR_SET_VMA
#define PR_SET_VMA           0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

/* Three pages and one page that Intel's VMX wants below 4 GiB, out of the guest's way. */
#define TSS_ADDR      UINT64_C(0xfffbd000)
#define IDENTITY_ADDR UINT64_C(0xfffbc000)
#define CPUID_ENTRIES 256
#define CPUID_SPARE   8 /* for what the caller adds */

static const struct {
	int cap;
	const char *what;
} needed[] = {
	{ KVM_CAP_USER_MEMORY, "memory slots" },
	{ KVM_CAP_IRQCHIP, "interrupt controllers in the kernel" },
	{ KVM_CAP_IRQ_ROUTING, "interrupt routing (MSI)" },
	{ KVM_CAP_IRQFD, "irqfd" },
	{ KVM_CAP_IOEVENTFD, "ioeventfd" },
	{ KVM_CAP_SET_TSS_ADDR, "KVM_SET_TSS_ADDR" },
	{ KVM_CAP_EXT_CPUID, "KVM_SET_CPUID2" },
	{ KVM_CAP_MP_STATE, "KVM_SET_MP_STATE" },
	{ KVM_CAP_IMMEDIATE_EXIT, "immediate exit" },
	{ KVM_CAP_VCPU_EVENTS, "vCPU events" },
};

static int check_host(int kvm_fd, unsigned int cpus, struct err *e)
{
	int version = ioctl(kvm_fd, KVM_GET_API_VERSION, 0), max;

	if (version < 0)
		return err_errno(e, errno, "the \"kvm\" descriptor is not /dev/kvm");
	if (version != KVM_API_VERSION)
		return err_set(e, -ENOTSUP,
			"this host's KVM speaks API version %d, Dyno needs %d: update the kernel",
			version, KVM_API_VERSION);
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		if (ioctl(kvm_fd, KVM_CHECK_EXTENSION, needed[i].cap) <= 0)
			return err_set(e, -ENOTSUP,
				"this host's KVM has no %s (capability %d): a Linux kernel of 5.10 "
				"or newer with kvm_intel or kvm_amd has it",
				needed[i].what, needed[i].cap);
	}
	max = ioctl(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);
	if (max > 0 && cpus > (unsigned int)max)
		return err_set(
			e, -ENOTSUP, "this host's KVM runs at most %d vCPUs, not %u", max, cpus);
	return 0;
}

static int add_slot(
	struct vm *vm, uint32_t slot, uint64_t base, uint64_t off, uint64_t len, struct err *e)
{
	struct kvm_userspace_memory_region r = {
		.slot = slot,
		.guest_phys_addr = base,
		.memory_size = len,
		.userspace_addr = (uint64_t)(uintptr_t)(vm->host + off),
	};
	int rc;

	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &r) < 0)
		return err_errno(e, errno, "KVM refuses %llu bytes of memory at 0x%llx",
			(unsigned long long)len, (unsigned long long)base);
	rc = gmem_add(&vm->mem, (struct gmem_region){ .base = { base },
					.len = len,
					.host = vm->host + off,
					.fd = vm->memfd,
					.fd_off = off });
	return rc < 0 ? err_errno(e, -rc, "guest memory at 0x%llx", (unsigned long long)base) : 0;
}

/* Memory of reserved huge pages: all of it, or an error that says what is missing. */
static int reserve_huge(struct vm *vm, uint64_t bytes, unsigned int shift, struct err *e)
{
	uint64_t page = UINT64_C(1) << shift;

	if (bytes % page)
		return err_set(e, -EINVAL,
			"%llu MiB of memory are not a multiple of its huge pages, %llu MiB",
			(unsigned long long)(bytes >> 20), (unsigned long long)(page >> 20));
	vm->memfd = fd_memfd_huge("guest-ram", bytes, shift);
	if (vm->memfd >= 0) {
		vm->host = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vm->memfd, 0);
		if (vm->host != MAP_FAILED)
			return 0;
		vm->host = NULL;
	}
	return err_set(e, -ENOMEM,
		"the host has no %llu free huge pages of %llu kB for the guest's memory: see "
		"/sys/kernel/mm/hugepages/hugepages-%llukB/nr_hugepages",
		(unsigned long long)(bytes >> shift), (unsigned long long)(page >> 10),
		(unsigned long long)(page >> 10));
}

/*
 * Memory of this process alone: transparent huge pages of shared memory are off on most hosts,
 * those of anonymous memory are there to be asked for. A page of 4 KiB costs an exit when the guest
 * first touches it.
 */
static int map_alone(struct vm *vm, uint64_t bytes, struct err *e)
{
	uint8_t *at = mmap(NULL, bytes + HUGE_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t before;

	if (at == MAP_FAILED)
		return err_errno(e, errno, "cannot map %llu MiB of guest memory",
			(unsigned long long)(bytes >> 20));
	/* A page is huge for the guest, too, only where both addresses are multiples of it. */
	before = (size_t)(-(uintptr_t)at % HUGE_BYTES);
	if (before)
		(void)munmap(at, before);
	(void)munmap(at + before + bytes, HUGE_BYTES - before);
	vm->host = at + before;
	if (madvise(vm->host, bytes, MADV_HUGEPAGE) < 0)
		log_debug("this host's kernel has no transparent huge pages: %s", strerror(errno));
	/* For those who read /proc/PID/smaps; kernels before 5.17 have no such names. */
	(void)prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, vm->host, bytes, "guest-ram");
	return 0;
}

static int map_shared(struct vm *vm, uint64_t bytes, bool huge, struct err *e)
{
	vm->memfd = fd_memfd("guest-ram", bytes);
	if (vm->memfd < 0)
		return err_errno(e, -vm->memfd, "cannot make %llu MiB of guest memory",
			(unsigned long long)(bytes >> 20));
	vm->host =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, vm->memfd, 0);
	if (vm->host == MAP_FAILED) {
		vm->host = NULL;
		return err_errno(e, errno, "cannot map %llu MiB of guest memory",
			(unsigned long long)(bytes >> 20));
	}
	if (huge && madvise(vm->host, bytes, MADV_HUGEPAGE) < 0)
		log_debug("this host's kernel has no transparent huge pages: %s", strerror(errno));
	return 0;
}

static int make_memory(struct vm *vm, const struct vm_config *cfg, struct err *e)
{
	const enum vm_pages pages = cfg->pages;
	uint64_t bytes = cfg->memory_bytes, low = MIN(bytes, VM_HOLE_BASE);
	int rc;

	if (bytes < VM_MIN_MEMORY || bytes > VM_MAX_MEMORY || bytes % 4096)
		return err_set(e, -EINVAL, "%llu bytes of guest memory are not possible",
			(unsigned long long)bytes);
	if (pages == VM_PAGES_2M || pages == VM_PAGES_1G)
		rc = reserve_huge(vm, bytes, pages == VM_PAGES_2M ? 21 : 30, e);
	else if (pages == VM_PAGES_TRANSPARENT && !cfg->shared)
		rc = map_alone(vm, bytes, e);
	else
		rc = map_shared(vm, bytes, pages == VM_PAGES_TRANSPARENT, e);
	if (rc < 0)
		return rc;
	vm->host_bytes = bytes;
	rc = add_slot(vm, 0, 0, 0, low, e);
	if (rc == 0 && bytes > low)
		rc = add_slot(vm, 1, VM_HIGH_BASE, low, bytes - low, e);
	return rc;
}

static int make_vm(struct vm *vm, int kvm_fd, struct err *e)
{
	uint64_t identity = IDENTITY_ADDR;

	vm->fd = ioctl(kvm_fd, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		return err_errno(e, errno, "KVM cannot make a virtual machine");
	if (ioctl(vm->fd, KVM_SET_TSS_ADDR, TSS_ADDR) < 0 ||
		ioctl(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity) < 0)
		return err_errno(e, errno, "KVM refuses its own pages below 4 GiB");
	if (ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0) < 0)
		return err_errno(e, errno, "KVM cannot make the interrupt controllers");
	vm->any_length_doorbells =
		ioctl(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_IOEVENTFD_ANY_LENGTH) > 0;
	return 0;
}

static int get_cpuid(struct vm *vm, int kvm_fd, struct err *e)
{
	vm->cpuid = calloc(1,
		sizeof(*vm->cpuid) + (CPUID_ENTRIES + CPUID_SPARE) * sizeof(vm->cpuid->entries[0]));
	if (!vm->cpuid)
		return err_errno(e, ENOMEM, "CPUID table");
	vm->cpuid->nent = CPUID_ENTRIES;
	if (ioctl(kvm_fd, KVM_GET_SUPPORTED_CPUID, vm->cpuid) < 0)
		return err_errno(e, errno, "KVM does not tell its CPUID");
	return 0;
}

static int save_chips(struct vm *vm, struct err *e)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(vm->first_chip); i++) {
		vm->first_chip[i].chip_id = i;
		if (ioctl(vm->fd, KVM_GET_IRQCHIP, &vm->first_chip[i]) < 0)
			return err_errno(e, errno, "KVM does not tell its interrupt controllers");
	}
	return 0;
}

static void on_kick(int sig)
{
	(void)sig;
}

static int build(struct vm *vm, const struct vm_config *cfg, struct err *e)
{
	struct sigaction sa = { .sa_handler = on_kick };
	int rc, bytes;

	rc = check_host(cfg->kvm_fd, cfg->cpus, e);
	if (rc == 0)
		rc = make_vm(vm, cfg->kvm_fd, e);
	if (rc == 0)
		rc = make_memory(vm, cfg, e);
	if (rc == 0)
		rc = get_cpuid(vm, cfg->kvm_fd, e);
	if (rc == 0)
		rc = vm_msr_list(vm, cfg->kvm_fd, e);
	if (rc == 0)
		rc = vm_routes_init(vm, e);
	if (rc < 0)
		return rc;
	bytes = ioctl(cfg->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (bytes < (int)sizeof(struct kvm_run))
		return err_set(e, -ENOTSUP, "KVM shares %d bytes a vCPU: too few", bytes);
	vm->run_bytes = (size_t)bytes;
	for (unsigned int i = 0; i < cfg->cpus && rc == 0; i++)
		rc = vcpu_new(vm, i, e);
	if (rc == 0)
		rc = save_chips(vm, e);
	if (rc == 0 && sigaction(VM_KICK_SIGNAL, &sa, NULL) < 0)
		rc = err_errno(e, errno, "signal handler");
	if (rc == 0)
		vm->tsc_moves = vm_tsc_can_move(vm);
	return rc;
}

int vm_new(struct vm **out, const struct vm_config *cfg, const struct vm_handlers *h, struct err *e)
{
	struct vm *vm;
	int rc;

	if (cfg->cpus < 1 || cfg->cpus > VM_MAX_CPUS)
		return err_set(
			e, -EINVAL, "%u vCPUs: 1 to %d are possible", cfg->cpus, VM_MAX_CPUS);
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return err_errno(e, ENOMEM, "virtual machine");
	vm->fd = vm->memfd = -1;
	vm->h = *h;
	pthread_mutex_init(&vm->lock, NULL);
	pthread_mutex_init(&vm->route_lock, NULL);
	pthread_cond_init(&vm->changed, NULL);
	rc = build(vm, cfg, e);
	if (rc < 0) {
		vm_free(vm);
		return rc;
	}
	*out = vm;
	return 0;
}

void vm_free(struct vm *vm)
{
	if (!vm)
		return;
	vm_stop(vm);
	for (unsigned int i = 0; i < vm->cpus; i++)
		vcpu_fini(&vm->cpu[i]);
	vm_routes_fini(vm);
	fd_close(&vm->fd);
	if (vm->host)
		munmap(vm->host, vm->host_bytes);
	fd_close(&vm->memfd);
	free(vm->cpuid);
	free(vm->msr_list);
	pthread_cond_destroy(&vm->changed);
	pthread_mutex_destroy(&vm->route_lock);
	pthread_mutex_destroy(&vm->lock);
	free(vm);
}

const struct gmem *vm_mem(const struct vm *vm)
{
	return &vm->mem;
}

unsigned int vm_cpus(const struct vm *vm)
{
	return vm->cpus;
}

int vm_supported_cpuid(const struct vm *vm, struct kvm_cpuid2 **out, struct err *e)
{
	size_t bytes =
		sizeof(*vm->cpuid) + (CPUID_ENTRIES + CPUID_SPARE) * sizeof(vm->cpuid->entries[0]);
	struct kvm_cpuid2 *c = malloc(bytes);

	if (!c)
		return err_errno(e, ENOMEM, "CPUID table");
	memcpy(c, vm->cpuid, bytes);
	*out = c;
	return 0;
}

uint32_t vm_tsc_khz(const struct vm *vm)
{
	int khz = ioctl(vm->cpu[0].fd, KVM_GET_TSC_KHZ, 0);

	return khz > 0 ? (uint32_t)khz : 0;
}

static void want_locked(struct vm *vm, enum vm_want want)
{
	vm->want = want;
	for (unsigned int i = 0; i < vm->cpus; i++)
		vcpu_kick(&vm->cpu[i]);
	pthread_cond_broadcast(&vm->changed);
}

void vm_halt(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	if (vm->want == VM_WANT_RUN)
		want_locked(vm, VM_WANT_PAUSE);
	pthread_mutex_unlock(&vm->lock);
}

/* The lock is held. Before vm_start() there is nobody to wait for. */
static void wait_parked(struct vm *vm)
{
	while (vm->cpu[0].has_thread && vm->want == VM_WANT_PAUSE && vm->parked < vm->cpus)
		pthread_cond_wait(&vm->changed, &vm->lock);
}

int vm_start(struct vm *vm, struct err *e)
{
	int rc = 0;

	for (unsigned int i = 0; i < vm->cpus && rc == 0; i++)
		rc = vcpu_first_save(&vm->cpu[i], e);
	for (unsigned int i = 0; i < vm->cpus && rc == 0; i++)
		rc = vcpu_thread_start(&vm->cpu[i], e);
	if (rc == 0) {
		pthread_mutex_lock(&vm->lock);
		wait_parked(vm);
		pthread_mutex_unlock(&vm->lock);
	}
	return rc;
}

int vm_cpu_tid(const struct vm *vm, unsigned int cpu)
{
	return vm->cpu[cpu].tid;
}

void vm_pause(struct vm *vm)
{
	vm_halt(vm);
	pthread_mutex_lock(&vm->lock);
	wait_parked(vm);
	pthread_mutex_unlock(&vm->lock);
	vm_time_save(vm);
}

void vm_resume(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	if (vm->want == VM_WANT_PAUSE) {
		/* A halt that nobody waited for: they may still be on their way. */
		wait_parked(vm);
		vm_time_restore(vm);
		for (unsigned int i = 0; i < vm->cpus; i++)
			__atomic_store_n(&vm->cpu[i].run->immediate_exit, 0, __ATOMIC_RELAXED);
		vm->stopped_told = false;
		vm->want = VM_WANT_RUN;
		pthread_cond_broadcast(&vm->changed);
	}
	pthread_mutex_unlock(&vm->lock);
}

void vm_hold(struct vm *vm, bool on)
{
	pthread_mutex_lock(&vm->lock);
	vm->held = on;
	/* Of a machine that stands nothing is to be done: it looks at `held` when it goes on. */
	for (unsigned int i = 0; vm->want == VM_WANT_RUN && i < vm->cpus; i++) {
		if (on)
			vcpu_kick(&vm->cpu[i]);
		else
			__atomic_store_n(&vm->cpu[i].run->immediate_exit, 0, __ATOMIC_RELAXED);
	}
	if (!on)
		pthread_cond_broadcast(&vm->changed);
	pthread_mutex_unlock(&vm->lock);
}

void vm_stop(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	want_locked(vm, VM_WANT_QUIT);
	pthread_mutex_unlock(&vm->lock);
	for (unsigned int i = 0; i < vm->cpus; i++) {
		if (vm->cpu[i].has_thread)
			pthread_join(vm->cpu[i].thread, NULL);
		vm->cpu[i].has_thread = false;
	}
}

int vm_memory_clear(struct vm *vm, struct err *e)
{
	if (madvise(vm->host, vm->host_bytes, vm->memfd >= 0 ? MADV_REMOVE : MADV_DONTNEED) < 0)
		return err_errno(e, errno, "cannot clear guest memory");
	return 0;
}

uint64_t vm_exits(const struct vm *vm, enum vm_exit kind)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < vm->cpus; i++)
		sum += atomic_load_explicit(&vm->cpu[i].exits[kind], memory_order_relaxed);
	return sum;
}

const char *vm_exit_name(enum vm_exit kind)
{
	static const char *const names[VM_EXITS] = {
		[VM_EXIT_PIO] = "pio",
		[VM_EXIT_MMIO] = "mmio",
		[VM_EXIT_HLT] = "hlt",
		[VM_EXIT_INTR] = "interrupted",
		[VM_EXIT_OTHER] = "other",
	};

	return names[kind];
}
