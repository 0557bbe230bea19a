/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conformance guest with devices whose work another process does: this one, over vhost-user.
 * Its memory is shared with us, its notifications and our interrupts are KVM's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "devices/blk/blk.h"
#include "devices/rng/rng.h"
#include "tests/support/vhu_server.h"
#include "tests/support/vm_expect.h"

#define DISK_BYTES (16u << 20)

static const struct vhu_server_config obedient = {
	.features = VHU_SERVER_FEATURES, .protocol = VHU_SERVER_PROTOCOL, .queues = 4
};

struct world {
	struct vhu_server *server;
	struct vmh vm;
};

/* Starts the guest with one device, `dev`, over here. */
static void start(struct world *w, struct vdev *dev_take, const char *cmdline, json_t *device_take)
{
	struct vhu_server_config server = obedient;
	struct vmh_config cfg = {
		.kernel = vm_guest("conformance"), .cmdline = cmdline, .n_fds = 1
	};
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	server.dev_take = dev_take;
	w->server = vhu_server_start(pair[0], &server);
	json_object_set_new(device_take, "type", json_string("vhost-user"));
	json_object_set_new(device_take, "fd", json_integer(VMH_FD_FIRST));
	cfg.more_take = json_pack("{s:[o]}", "devices", device_take);
	cfg.fds = &pair[1];
	vmh_start(&w->vm, &cfg);
	close(pair[1]);
}

static void expect_passed(struct world *w, const char *verdict)
{
	vm_expect_passed(&w->vm);
	vm_expect_said(&w->vm, verdict);
}

static void end(struct world *w)
{
	vmh_stop(&w->vm);
	vhu_server_stop(w->server);
}

static struct vdev *memory_disk(void)
{
	const struct blk_config cfg = { .tag = "back/blk", .serial = "DYNO0001", .queues = 4 };
	struct blk_port *base, *port;
	struct vdev *v;

	assert_int_equal(blk_port_null_new(&base, DISK_BYTES), 0);
	assert_int_equal(blk_port_overlay_new(&port, base, DISK_BYTES), 0);
	assert_int_equal(blk_new(&v, port, &cfg), 0);
	return v;
}

static json_t *disk_in_manifest(void)
{
	return json_pack("{s:i,s:i,s:i}", "id", VIRTIO_ID_BLK, "queues", 4, "config_bytes", 60);
}

static void test_a_disk_of_another_process_passes_every_check(void **state)
{
	static const char *const cmdlines[] = { "print=com1 only=blk",
		"print=com1 only=blk ring=packed" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cmdlines); i++) {
		struct world w;

		start(&w, memory_disk(), cmdlines[i], disk_in_manifest());
		expect_passed(&w, "PASS blk.read");
		end(&w);
	}
}

static void test_random_bytes_of_another_process_pass(void **state)
{
	struct world w;
	struct vdev *rng;

	(void)state;
	assert_int_equal(rng_new(&rng, "back/rng"), 0);
	start(&w, rng, "print=com1 only=rng",
		json_pack("{s:i,s:i}", "id", VIRTIO_ID_RNG, "queues", 1));
	expect_passed(&w, "PASS rng.");
	end(&w);
}

static void test_the_death_of_the_other_process_is_an_event_and_the_guest_goes_on(void **state)
{
	struct world w;
	json_t *ev, *answer;

	(void)state;
	start(&w, memory_disk(), "print=com1 only=blk blk=writer", disk_in_manifest());
	assert_true(vmh_console(&w.vm, "FLUSHED 5\n", VM_LIMIT_MS));
	vhu_server_crash(w.server);
	ev = vmh_event(&w.vm, "device_error", VM_LIMIT_MS);
	assert_non_null(ev);
	assert_string_equal(json_string_value(json_object_get(ev, "device")), "vhost-user0");
	assert_string_equal(json_string_value(json_object_get(ev, "text")),
		"the back end has closed the connection");
	json_decref(ev);
	answer = vmh_request(&w.vm, "status", NULL, VM_LIMIT_MS);
	assert_non_null(answer);
	json_decref(answer);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_disk_of_another_process_passes_every_check),
		cmocka_unit_test(test_random_bytes_of_another_process_pass),
		cmocka_unit_test(
			test_the_death_of_the_other_process_is_an_event_and_the_guest_goes_on),
	};
	const char *unable = vmh_unable();

	if (unable) {
		print_message("skipped: %s\n", unable);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
