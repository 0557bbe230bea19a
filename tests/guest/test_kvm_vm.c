/* SPDX-License-Identifier: Apache-2.0 */
/* vmm/kvm on the real /dev/kvm, without a guest: what a refusal of KVM leaves behind. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "vmm/kvm/vm.h"

/* More than KVM has of them. */
#define NO_GSI 100000

static void nothing_pio(void *ctx, uint16_t port, bool write, void *data, uint32_t len)
{
	(void)ctx;
	(void)port;
	(void)write;
	memset(data, 0xff, len);
}

static void nothing_mmio(void *ctx, uint64_t addr, bool write, void *data, uint32_t len)
{
	(void)addr;
	nothing_pio(ctx, 0, write, data, len);
}

static void nothing_stopped(void *ctx, enum vm_stop why, const char *text)
{
	(void)ctx;
	(void)why;
	(void)text;
}

static struct vm *new_vm(void)
{
	static const struct vm_handlers h = {
		.pio = nothing_pio, .mmio = nothing_mmio, .stopped = nothing_stopped
	};
	CLEANUP_FD int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	struct vm_config cfg = { .memory_bytes = VM_MIN_MEMORY, .cpus = 2, .kvm_fd = kvm };
	struct err e = { 0 };
	struct vm *vm = NULL;

	assert_int_equal(vm_new(&vm, &cfg, &h, &e), 0);
	return vm;
}

static void test_route_that_kvm_refuses_does_not_spoil_the_others(void **state)
{
	struct vm *vm = new_vm();
	int fd = eventfd(0, EFD_CLOEXEC);
	uint32_t gsi;

	(void)state;
	assert_int_equal(vm_msi_attach(vm, fd, &gsi), 0);
	assert_int_equal(vm_msi_route(vm, NO_GSI, 0xfee00000, 0x40), -EINVAL);
	/* Asked again, it is refused again. */
	assert_int_equal(vm_msi_route(vm, NO_GSI, 0xfee00000, 0x40), -EINVAL);
	assert_int_equal(vm_msi_route(vm, gsi, 0xfee00000, 0x40), 0);
	assert_int_equal(vm_msi_route(vm, gsi, 0xfee00000, 0x41), 0);
	vm_msi_detach(vm, fd, gsi);
	vm_free(vm);
	close(fd);
}

/* A console with sixteen ports and a few vhost-user devices need more than a thousand. */
static void test_two_thousand_interrupts_have_routes(void **state)
{
	struct rlimit l;
	struct vm *vm;
	static int fd[2000];
	static uint32_t gsi[2000];

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &l), 0);
	l.rlim_cur = l.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &l), 0);
	if (l.rlim_cur < 2100)
		skip();
	vm = new_vm();
	for (uint32_t i = 0; i < ARRAY_SIZE(fd); i++) {
		fd[i] = eventfd(0, EFD_CLOEXEC);
		assert_true(fd[i] >= 0);
		assert_int_equal(vm_msi_attach(vm, fd[i], &gsi[i]), 0);
		assert_int_equal(vm_msi_route(vm, gsi[i], 0xfee00000, 0x40 + i % 128), 0);
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(fd); i++) {
		vm_msi_detach(vm, fd[i], gsi[i]);
		close(fd[i]);
	}
	vm_free(vm);
}

static void test_machine_that_never_ran_is_paused_reset_and_freed(void **state)
{
	struct vm *vm = new_vm();
	struct err e = { 0 };

	(void)state;
	vm_pause(vm);
	assert_int_equal(vm_memory_clear(vm, &e), 0);
	vm_stop(vm);
	vm_stop(vm);
	vm_free(vm);
	vm = new_vm();
	/* Stopped before the threads ever ran. */
	assert_int_equal(vm_start(vm, &e), 0);
	vm_pause(vm);
	vm_free(vm);
}

/* Nothing of it is touched but both ends of both parts. */
static void test_the_largest_machine_has_memory_on_both_sides_of_the_hole(void **state)
{
	static const struct vm_handlers h = {
		.pio = nothing_pio, .mmio = nothing_mmio, .stopped = nothing_stopped
	};
	CLEANUP_FD int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	struct vm_config cfg = { .memory_bytes = VM_MAX_MEMORY,
		.cpus = VM_MAX_CPUS,
		.pages = VM_PAGES_TRANSPARENT,
		.kvm_fd = kvm };
	const uint64_t high = VM_MAX_MEMORY - VM_HOLE_BASE;
	const uint64_t last[] = { 0, VM_HOLE_BASE - 8, VM_HIGH_BASE, VM_HIGH_BASE + high - 8 };
	struct err e = { 0 };
	struct vm *vm = NULL;
	uint64_t v;

	(void)state;
	assert_int_equal(vm_new(&vm, &cfg, &h, &e), 0);
	assert_int_equal(vm_cpus(vm), VM_MAX_CPUS);
	for (unsigned int i = 0; i < ARRAY_SIZE(last); i++) {
		v = i + 1;
		assert_int_equal(gmem_write(vm_mem(vm), (struct gpa){ last[i] }, &v, sizeof(v)), 0);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(last); i++) {
		assert_int_equal(gmem_read(vm_mem(vm), &v, (struct gpa){ last[i] }, sizeof(v)), 0);
		assert_int_equal(v, i + 1);
	}
	assert_int_equal(vm_memory_clear(vm, &e), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(last); i++) {
		assert_int_equal(gmem_read(vm_mem(vm), &v, (struct gpa){ last[i] }, sizeof(v)), 0);
		assert_int_equal(v, 0);
	}
	assert_int_not_equal(
		gmem_read(vm_mem(vm), &v, (struct gpa){ VM_HOLE_BASE - 4 }, sizeof(v)), 0);
	assert_int_not_equal(
		gmem_read(vm_mem(vm), &v, (struct gpa){ VM_HIGH_BASE + high - 4 }, sizeof(v)), 0);
	/* Its threads are known once it was started. */
	assert_int_equal(vm_start(vm, &e), 0);
	for (unsigned int i = 0; i < VM_MAX_CPUS; i++)
		assert_true(vm_cpu_tid(vm, i) > 0);
	vm_free(vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_route_that_kvm_refuses_does_not_spoil_the_others),
		cmocka_unit_test(test_the_largest_machine_has_memory_on_both_sides_of_the_hole),
		cmocka_unit_test(test_two_thousand_interrupts_have_routes),
		cmocka_unit_test(test_machine_that_never_ran_is_paused_reset_and_freed),
	};

	if (access("/dev/kvm", R_OK | W_OK) < 0) {
		printf("skipped: /dev/kvm cannot be opened on this machine\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
