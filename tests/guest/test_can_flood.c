/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that is sent more frames than it can take: none is lost and none is out of order where
 * the sender can wait, and the guest can send again afterwards. The sender is a host interface's
 * stand-in, on a real bus, with a real virtual machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "sim/canbus/canbus.h"
#include "tests/guest/echo/echo.h"
#include "tests/support/vm_harness.h"

#define LIMIT_MS 10000
#define FRAMES   60000u

struct rig {
	struct vmh vm;
	struct ev_loop *loop;
	struct canbus *bus;
	int host; /* the interface's other end */
};

static struct rig *rig_new(bool direct)
{
	static const struct canbus_config cfg = { .name = "can0" };
	struct rig *r = test_calloc(1, sizeof(*r));
	const char *build = getenv("DYNO_BUILD_DIR");
	char kernel[4096];
	int fds[2], raw[2];
	struct vmh_config vm = { .kernel = kernel,
		.fds = &fds[1],
		.n_fds = 1,
		.more_take = json_pack("{s:[{s:s,s:s,s:i,s:b}]}", "devices", "type", "can", "name",
			"can0", "fd", VMH_FD_FIRST, "socketcan", direct) };

	snprintf(kernel, sizeof(kernel), "%s/tests/echo.elf", build ? build : ".");
	assert_int_equal(ipc_pair(fds, 0), 0);
	assert_int_equal(ipc_pair(raw, 0), 0);
	vmh_start(&r->vm, &vm);
	close(fds[1]);
	assert_int_equal(ev_loop_new(&r->loop), 0);
	assert_int_equal(canbus_new(&r->bus, r->loop, &cfg), 0);
	if (direct) {
		/* The guest is at the interface itself. */
		ipc_close_fds(raw, 2);
		r->host = fds[0];
	} else {
		assert_int_equal(canbus_add_port(r->bus, fds[0], "guest", NULL), 0);
		assert_int_equal(canbus_add_raw_port(r->bus, raw[0], "host", NULL), 0);
		r->host = raw[1];
	}
	assert_true(vmh_console(&r->vm, "READY echo", LIMIT_MS));
	/* Its START is on the way. */
	for (unsigned int i = 0; i < 50; i++)
		assert_int_equal(ev_loop_turn(r->loop, 1), 0);
	return r;
}

static void rig_free(struct rig *r)
{
	vmh_stop(&r->vm);
	canbus_free(r->bus);
	ev_loop_free(r->loop);
	fd_close(&r->host);
	test_free(r);
}

/* Sends as soon as there is room. */
static void host_send(struct rig *r, uint32_t id, uint32_t word, bool fd)
{
	struct canfd_frame f = { .can_id = id, .len = 8, .flags = fd ? CANFD_FDF : 0 };
	uint64_t end = clock_now_ns() + LIMIT_MS * NS_PER_MS;

	memcpy(f.data, &word, sizeof(word));
	while (send(r->host, &f, fd ? CANFD_MTU : CAN_MTU, MSG_DONTWAIT) < 0) {
		assert_int_equal(errno, EAGAIN);
		assert_true(clock_now_ns() < end);
		assert_int_equal(ev_loop_turn(r->loop, 1), 0);
	}
}

static void all_arrive(bool direct, bool fd)
{
	struct canfd_frame got = { 0 };
	struct rig *r = rig_new(direct);
	uint64_t end;
	uint32_t sum[2];

	for (uint32_t i = 0; i < FRAMES; i++)
		host_send(r, ECHO_SINK, i, fd);
	host_send(r, ECHO_SUM, 0, fd);
	end = clock_now_ns() + LIMIT_MS * NS_PER_MS;
	while (recv(r->host, &got, sizeof(got), MSG_DONTWAIT) < 0 && clock_now_ns() < end)
		assert_int_equal(ev_loop_turn(r->loop, 1), 0);
	assert_int_equal(got.can_id, ECHO_SUM + 1);
	memcpy(sum, got.data, sizeof(sum));
	assert_int_equal(sum[0], FRAMES);
	assert_int_equal(sum[1], 0);
	rig_free(r);
}

static void test_a_flood_of_classic_frames_arrives(void **state)
{
	(void)state;
	all_arrive(false, false);
}

static void test_a_flood_of_fd_frames_arrives(void **state)
{
	(void)state;
	all_arrive(false, true);
}

static void test_a_flood_past_the_bench_arrives(void **state)
{
	(void)state;
	all_arrive(true, false);
	all_arrive(true, true);
}

/* The processors of a thread of dyno-vm, as the kernel lists them. */
static void processors_of(pid_t pid, const char *thread, char *out, size_t bytes)
{
	char path[64], line[256];
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	assert_non_null(dir);
	out[0] = '\0';
	while ((d = readdir(dir))) {
		bool named = false;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/status", (int)pid, d->d_name);
		f = d->d_name[0] == '.' ? NULL : fopen(path, "re");
		while (f && fgets(line, sizeof(line), f)) {
			line[strcspn(line, "\n")] = '\0';
			if (strncmp(line, "Name:\t", 6) == 0)
				named = strcmp(line + 6, thread) == 0;
			else if (named && strncmp(line, "Cpus_allowed_list:\t", 19) == 0)
				snprintf(out, bytes, "%s", line + 19);
		}
		if (f)
			fclose(f);
	}
	closedir(dir);
}

static void test_who_writes_an_interface_stays_on_one_processor(void **state)
{
	char direct[64], others[64], bridged[64];
	struct rig *r = rig_new(true);

	(void)state;
	processors_of(r->vm.pid, "buses", direct, sizeof(direct));
	processors_of(r->vm.pid, "devices", others, sizeof(others));
	rig_free(r);
	r = rig_new(false);
	processors_of(r->vm.pid, "buses", bridged, sizeof(bridged));
	rig_free(r);
	assert_true(direct[0] && strspn(direct, "0123456789") == strlen(direct));
	/* Nobody else has to, and the bench writes what it bridges. */
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		assert_string_not_equal(direct, others);
	assert_string_equal(bridged, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_flood_of_classic_frames_arrives),
		cmocka_unit_test(test_a_flood_of_fd_frames_arrives),
		cmocka_unit_test(test_a_flood_past_the_bench_arrives),
		cmocka_unit_test(test_who_writes_an_interface_stays_on_one_processor),
	};

	if (vmh_unable()) {
		printf("skipped: %s\n", vmh_unable());
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
