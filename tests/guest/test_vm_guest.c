/* SPDX-License-Identifier: Apache-2.0 */
/* dyno-vm runs the tiny guest on KVM: start, end, interrupts, registers, pause, reset. */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "tests/support/vm_tiny.h"

static json_t *one_rng(void)
{
	return json_pack("{s:[{s:s}]}", "devices", "type", "rng");
}

static void test_guest_prints_and_turns_itself_off(void **state)
{
	struct vmh h;
	int module = fd_memfd("module", 4), fds[1] = { module };
	struct vmh_config cfg = { .kernel = tiny_guest(),
		.cmdline = "hello",
		.fds = fds,
		.n_fds = 1,
		.more_take = json_pack(
			"{s:[{s:i,s:s}]}", "modules", "fd", VMH_FD_FIRST, "cmdline", "words") };
	json_t *e;

	(void)state;
	assert_int_equal(pwrite(module, "text", 4, 0), 4);
	vmh_start(&h, &cfg);
	e = vmh_event(&h, "started", VM_LIMIT_MS);
	assert_non_null(e);
	assert_true(json_integer_value(json_object_get(e, "t_ns")) > 0);
	json_decref(e);
	vm_expect_exit(&h, "poweroff", 0);
	assert_true(vmh_console(&h, "magic=00000000336ec578", VM_LIMIT_MS));
	assert_true(vmh_console(&h, "module: words text", VM_LIMIT_MS));
	assert_true(vmh_console(&h, "ram_end=0000000001000000", VM_LIMIT_MS));
	assert_true(vmh_console(&h, "done", VM_LIMIT_MS));
	vmh_stop(&h);
	close(module);
}

static void test_guest_that_resets_starts_again_with_clear_memory(void **state)
{
	struct vmh h;

	(void)state;
	tiny_start(&h, "reset", NULL);
	for (int i = 0; i < 3; i++)
		vm_expect_event(&h, "reset");
	vm_expect_stop(&h);
	vm_expect_said(&h, "scratch=0000000000000000");
	assert_null(strstr(h.console, "scratch=0000000000001234"));
	vmh_stop(&h);
}

/* Can fail only where the KVM hands a string instruction over in one exit, as hardware ones do. */
static void test_a_storm_of_resets_is_one_reset(void **state)
{
	unsigned int starts = 0;
	struct vmh h;

	(void)state;
	tiny_start(&h, "storm", NULL);
	for (int i = 0; i < 5; i++)
		vm_expect_event(&h, "reset");
	vm_expect_stop(&h);
	for (const char *at = h.console; (at = strstr(at, "tiny: storm")); at++)
		starts++;
	/* The guest came to its first words before each of them. */
	assert_true(starts >= 5);
	vmh_stop(&h);
}

static void test_triple_fault_ends_the_machine_and_is_named(void **state)
{
	struct vmh h;

	(void)state;
	tiny_start(&h, "triple", NULL);
	vm_expect_exit(&h, "triple-fault", 1);
	vmh_stop(&h);
}

static void test_echo_by_interrupts_and_power_button(void **state)
{
	struct vmh h;

	(void)state;
	tiny_start(&h, "echo", NULL);
	assert_true(vmh_console(&h, "ready", VM_LIMIT_MS));
	vmh_type(&h, "a line that is longer than the sixteen bytes of a FIFO\n");
	assert_true(vmh_console(
		&h, "a line that is longer than the sixteen bytes of a FIFO", VM_LIMIT_MS));
	vm_expect_ok(&h, "power-button");
	assert_true(vmh_console(&h, "power button", VM_LIMIT_MS));
	vm_expect_exit(&h, "poweroff", 0);
	vmh_stop(&h);
}

static void test_two_processors_run(void **state)
{
	struct vmh h;

	(void)state;
	tiny_start(&h, "smp", json_pack("{s:i}", "cpus", 2));
	vm_expect_exit(&h, "poweroff", 0);
	vm_expect_said(&h, "second processor runs");
	vmh_stop(&h);
}

static json_int_t exits(struct vmh *h)
{
	json_t *r = vmh_request(h, "status", NULL, VM_LIMIT_MS);
	json_int_t n = json_integer_value(json_object_get(json_object_get(r, "exits"), "pio"));

	json_decref(r);
	return n;
}

static void test_paused_guest_stands_and_goes_on(void **state)
{
	struct vmh h;
	json_int_t before;

	(void)state;
	tiny_start(&h, "ticks", json_pack("{s:i}", "cpus", 2));
	assert_true(vmh_console(&h, "ticking", VM_LIMIT_MS));
	vm_expect_ok(&h, "pause");
	before = exits(&h);
	usleep(50000);
	assert_int_equal(exits(&h), before);
	vm_expect_ok(&h, "resume");
	vmh_type(&h, "t");
	assert_true(vmh_console(&h, "ticks=", VM_LIMIT_MS));
	vmh_type(&h, "q");
	vm_expect_exit(&h, "poweroff", 0);
	vmh_stop(&h);
}

static void test_every_width_of_virtio_registers(void **state)
{
	struct vmh h;

	(void)state;
	tiny_start(&h, "mmio", one_rng());
	vm_expect_exit(&h, "poweroff", 0);
	vm_expect_said(&h, "features_hi=0000000000000");
	vm_expect_said(&h, "num_queues=0000000000000001");
	vm_expect_said(&h, "status=0000000000000001");
	vm_expect_said(&h, "queue_desc=0000000000123450");
	vm_expect_said(&h, "no_queue=0000000000000000");
	vm_expect_said(&h, "ecam=0000000010441af4");
	vm_expect_said(&h, "ecam8=0000000000000044");
	vm_expect_said(&h, "nobody=ffffffffffffffff");
	vmh_stop(&h);
}

static void test_accesses_across_the_edge_of_a_region_reach_nobody(void **state)
{
	struct vmh h;

	(void)state;
	tiny_start(&h, "edges", one_rng());
	vm_expect_exit(&h, "poweroff", 0);
	/* It came to its end: no piece of a word turned the machine off or reset it. */
	vm_expect_said(&h, "done");
	vm_expect_said(&h, "rep_ins=000000000000ffff");
	vm_expect_said(&h, "straddle_in=000000000000ffff");
	vm_expect_said(&h, "behind_in=000000000000ffff");
	vm_expect_said(&h, "pci_ports_in=00000000ffffffff");
	vm_expect_said(&h, "before_bar=000000000000ffff");
	vm_expect_said(&h, "behind_ecam=00000000ffffffff");
	vm_expect_said(&h, "status=0000000000000000");
	vmh_stop(&h);
}

/* A mask is inherited by exec: whoever starts the program may have blocked the signal. */
static void test_sleeping_guest_is_paused_though_signals_were_blocked(void **state)
{
	struct vmh h;
	sigset_t kick, before;

	(void)state;
	sigemptyset(&kick);
	sigaddset(&kick, SIGUSR1);
	sigprocmask(SIG_BLOCK, &kick, &before);
	tiny_start(&h, "echo", json_pack("{s:i}", "cpus", 2));
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_true(vmh_console(&h, "ready", VM_LIMIT_MS));
	vm_expect_ok(&h, "pause");
	vm_expect_stop(&h);
	vmh_stop(&h);
}

/* Whether a thread of the process has that name. */
static bool has_thread(pid_t pid, const char *name)
{
	char path[300], text[32];
	const struct dirent *d;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	assert_non_null(dir);
	while (!found && (d = readdir(dir))) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/task/%s/comm", (int)pid, d->d_name);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (fgets(text, sizeof(text), f)) {
			text[strcspn(text, "\n")] = '\0';
			found = strcmp(text, name) == 0;
		}
		fclose(f);
	}
	closedir(dir);
	return found;
}

static void test_threads_of_vcpus_have_names_in_the_sandbox(void **state)
{
	struct vmh h;

	(void)state;
	tiny_start(&h, "echo", json_pack("{s:i}", "cpus", 2));
	assert_true(vmh_console(&h, "ready", VM_LIMIT_MS));
	assert_true(has_thread(h.pid, "vcpu0"));
	vmh_stop(&h);
}

static void test_rng_interrupts_by_msix_masked_and_moved(void **state)
{
	struct vmh h;

	(void)state;
	tiny_start(&h, "msix", one_rng());
	vm_expect_exit(&h, "poweroff", 0);
	vm_expect_said(&h, "interrupts=0000000000000001");
	vm_expect_said(&h, "random=0000000000000001");
	vm_expect_said(&h, "while_masked=0000000000000000");
	vm_expect_said(&h, "pending_after=0000000000000000");
	vm_expect_said(&h, "left_behind=00000000ffffffff");
	vm_expect_said(&h, "moved=0000000000000003");
	vmh_stop(&h);
}

static void test_devices_start_afresh_after_each_reset(void **state)
{
	struct vmh h;

	(void)state;
	tiny_start(&h, "rounds", one_rng());
	for (int i = 0; i < 3; i++)
		vm_expect_event(&h, "reset");
	vm_expect_stop(&h);
	assert_null(strstr(h.console, "FAILED"));
	vm_expect_said(&h, "round");
	for (const char *s = h.console; (s = strstr(s, "fresh_status=")); s++)
		assert_memory_equal(s, "fresh_status=0000000000000000", 29);
	vmh_stop(&h);
}

static void test_reset_on_request_starts_a_running_guest_again(void **state)
{
	struct vmh h;
	size_t first;

	(void)state;
	tiny_start(&h, "echo", one_rng());
	assert_true(vmh_console(&h, "ready", VM_LIMIT_MS));
	first = h.console_len;
	vm_expect_ok(&h, "reset");
	while (!strstr(h.console + first, "ready"))
		assert_true(vmh_console(&h, "never said", 100) == false);
	json_decref(vmh_request(&h, "power-button", NULL, VM_LIMIT_MS));
	vm_expect_exit(&h, "poweroff", 0);
	vmh_stop(&h);
}

/* The time that the guest tells when asked, in ns. */
static uint64_t guest_time(struct vmh *h)
{
	const char *at;
	size_t from = h->console_len;

	vmh_type(h, "t");
	do {
		at = strstr(h->console + from, "ns=");
	} while ((!at || !strchr(at, '\n')) && !vmh_console(h, "never said", 20));
	return strtoull(at + 3, NULL, 16);
}

static void test_pause_is_not_seen_on_the_guests_clock(void **state)
{
	static const uint64_t paused_ns = 700 * NS_PER_MS;
	struct vmh h;
	uint64_t host0, guest0, guest1;

	(void)state;
	tiny_start(&h, "clock", NULL);
	assert_true(vmh_console(&h, "ready", VM_LIMIT_MS));
	host0 = clock_now_ns();
	guest0 = guest_time(&h);
	json_decref(vmh_request(&h, "pause", NULL, VM_LIMIT_MS));
	usleep((useconds_t)(paused_ns / NS_PER_US));
	json_decref(vmh_request(&h, "resume", NULL, VM_LIMIT_MS));
	guest1 = guest_time(&h);
	assert_true(guest1 > guest0);
	/* However slow this machine is: the pause itself is missing. */
	assert_true(guest1 - guest0 <= clock_now_ns() - host0 - paused_ns);
	vmh_type(&h, "q");
	vm_expect_exit(&h, "poweroff", 0);
	vmh_stop(&h);
}

static uint64_t cpu_ns(const struct vmh *h)
{
	struct timespec ts;
	clockid_t clock;

	assert_int_equal(clock_getcpuclockid(h->pid, &clock), 0);
	assert_int_equal(clock_gettime(clock, &ts), 0);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* How much of the host's time the guest takes over a while. */
static double share(const struct vmh *h)
{
	uint64_t cpu = cpu_ns(h), host = clock_now_ns();

	usleep(700000);
	return (double)(cpu_ns(h) - cpu) / (double)(clock_now_ns() - host);
}

static void throttle(struct vmh *h, int percent)
{
	json_t *r = vmh_request(h, "throttle", json_pack("{s:i}", "percent", percent), VM_LIMIT_MS);

	assert_true(json_is_true(json_object_get(r, "ok")));
	json_decref(r);
	r = vmh_request(h, "status", NULL, VM_LIMIT_MS);
	assert_int_equal(json_integer_value(json_object_get(r, "throttle_percent")), percent);
	assert_string_equal(json_string_value(json_object_get(r, "state")), "running");
	json_decref(r);
}

/* The guest asks its serial port all the time. A busy host gives it less than it may have, never
 * more. */
static void test_throttled_guest_gets_a_share_of_the_time_and_lives(void **state)
{
	struct vmh h;
	uint64_t host, guest;

	(void)state;
	tiny_start(&h, "clock", NULL);
	assert_true(vmh_console(&h, "ready", VM_LIMIT_MS));
	throttle(&h, 20);
	assert_true(share(&h) < 0.35);
	throttle(&h, 3);
	assert_true(share(&h) < 0.15);
	/* Its clock goes on, and its devices answer. */
	guest = guest_time(&h);
	host = clock_now_ns();
	usleep(300000);
	assert_true(guest_time(&h) - guest >= clock_now_ns() - host - 250 * NS_PER_MS);
	throttle(&h, 100);
	assert_true(guest_time(&h) > guest);
	vmh_type(&h, "q");
	vm_expect_exit(&h, "poweroff", 0);
	vmh_stop(&h);
}

static void test_throttled_guest_can_be_paused_reset_and_stopped(void **state)
{
	struct vmh h;
	json_int_t before;

	(void)state;
	tiny_start(&h, "clock", json_pack("{s:i}", "cpus", 2));
	assert_true(vmh_console(&h, "ready", VM_LIMIT_MS));
	throttle(&h, 5);
	for (int i = 0; i < 5; i++) {
		json_decref(vmh_request(&h, "pause", NULL, VM_LIMIT_MS));
		before = exits(&h);
		usleep(30000); /* some periods */
		assert_int_equal(exits(&h), before);
		json_decref(vmh_request(&h, "resume", NULL, VM_LIMIT_MS));
		(void)guest_time(&h);
	}
	json_decref(vmh_request(&h, "reset", NULL, VM_LIMIT_MS));
	assert_true(vmh_console(&h, "ready", VM_LIMIT_MS));
	(void)guest_time(&h);
	vm_expect_stop(&h);
	vmh_stop(&h);
}

static void test_memory_beyond_the_pci_hole_is_told_to_the_guest(void **state)
{
	struct vmh h;

	(void)state;
	tiny_start(&h, "hello", json_pack("{s:I}", "memory_bytes", (json_int_t)5 << 30));
	vm_expect_exit(&h, "poweroff", 0);
	vm_expect_said(&h, "ram_end=00000000b0000000");
	vm_expect_said(&h, "ram_end=0000000190000000");
	vmh_stop(&h);
}

/* An instruction that a KVM which interprets ring 0 does not know; hardware just runs it. */
static void test_instruction_that_kvm_cannot_emulate_is_shown(void **state)
{
	struct vmh h;
	json_t *e;

	(void)state;
	tiny_start(&h, "unknown-instruction", NULL);
	e = vmh_event(&h, "exited", VM_LIMIT_MS);
	assert_non_null(e);
	if (strcmp(json_string_value(json_object_get(e, "reason")), "poweroff") != 0) {
		assert_string_equal(json_string_value(json_object_get(e, "reason")), "kvm-error");
		assert_non_null(strstr(json_string_value(json_object_get(e, "text")),
			"instruction bytes f3 0f b8 c0"));
	}
	json_decref(e);
	vmh_stop(&h);
}

static void test_inner_state_of_devices_is_in_the_status(void **state)
{
	struct vmh h;
	json_t *r, *devices, *queues;

	(void)state;
	tiny_start(&h, "echo", one_rng());
	assert_true(vmh_console(&h, "ready", VM_LIMIT_MS));
	r = vmh_request(&h, "status", NULL, VM_LIMIT_MS);
	assert_string_equal(json_string_value(json_object_get(r, "state")), "running");
	devices = json_object_get(r, "devices");
	assert_int_equal(json_array_size(devices), 1);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(devices, 0), "name")), "rng0");
	/* This guest has no driver for it. */
	queues = json_object_get(json_array_get(devices, 0), "queues");
	assert_true(json_is_array(queues));
	assert_int_equal(json_array_size(queues), 0);
	json_decref(r);
	r = vmh_request(&h, "dance", NULL, VM_LIMIT_MS);
	assert_true(json_is_false(json_object_get(r, "ok")));
	json_decref(r);
	vmh_stop(&h);
}

static void expect_error(struct vmh *h, const char *text)
{
	json_t *e = vmh_event(h, "error", VM_LIMIT_MS);

	assert_non_null(e);
	assert_non_null(strstr(json_string_value(json_object_get(e, "text")), text));
	json_decref(e);
	assert_int_equal(vmh_wait(h, VM_LIMIT_MS), 3);
}

static void test_bad_manifest_is_an_error_with_the_key(void **state)
{
	struct vmh h;

	(void)state;
	tiny_start(&h, "hello", json_pack("{s:i}", "cpus", 99));
	expect_error(&h, "\"cpus\" is 99");
	vmh_stop(&h);
}

static void test_kernel_that_is_none_is_named(void **state)
{
	struct vmh h;
	struct vmh_config cfg = { .kernel = "/dev/null" };

	(void)state;
	vmh_start(&h, &cfg);
	expect_error(&h, "kernel: not an ELF file");
	vmh_stop(&h);
}

static void test_without_kvm_the_message_says_what_to_do(void **state)
{
	struct vmh h;
	struct vmh_config cfg = { .kernel = tiny_guest(), .no_kvm = true };

	(void)state;
	vmh_start(&h, &cfg);
	expect_error(&h, "/dev/kvm");
	vmh_stop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest_prints_and_turns_itself_off),
		cmocka_unit_test(test_guest_that_resets_starts_again_with_clear_memory),
		cmocka_unit_test(test_a_storm_of_resets_is_one_reset),
		cmocka_unit_test(test_triple_fault_ends_the_machine_and_is_named),
		cmocka_unit_test(test_echo_by_interrupts_and_power_button),
		cmocka_unit_test(test_two_processors_run),
		cmocka_unit_test(test_paused_guest_stands_and_goes_on),
		cmocka_unit_test(test_every_width_of_virtio_registers),
		cmocka_unit_test(test_accesses_across_the_edge_of_a_region_reach_nobody),
		cmocka_unit_test(test_sleeping_guest_is_paused_though_signals_were_blocked),
		cmocka_unit_test(test_threads_of_vcpus_have_names_in_the_sandbox),
		cmocka_unit_test(test_rng_interrupts_by_msix_masked_and_moved),
		cmocka_unit_test(test_devices_start_afresh_after_each_reset),
		cmocka_unit_test(test_reset_on_request_starts_a_running_guest_again),
		cmocka_unit_test(test_pause_is_not_seen_on_the_guests_clock),
		cmocka_unit_test(test_throttled_guest_gets_a_share_of_the_time_and_lives),
		cmocka_unit_test(test_throttled_guest_can_be_paused_reset_and_stopped),
		cmocka_unit_test(test_memory_beyond_the_pci_hole_is_told_to_the_guest),
		cmocka_unit_test(test_instruction_that_kvm_cannot_emulate_is_shown),
		cmocka_unit_test(test_inner_state_of_devices_is_in_the_status),
		cmocka_unit_test(test_kernel_that_is_none_is_named),
		cmocka_unit_test(test_bad_manifest_is_an_error_with_the_key),
		cmocka_unit_test(test_without_kvm_the_message_says_what_to_do),
	};
	const char *why = vmh_unable();

	if (why) {
		printf("skipped: %s\n", why);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
