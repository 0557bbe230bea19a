/* SPDX-License-Identifier: Apache-2.0 */
/* What dyno-vm and dyno-ui are told: every descriptor where the message says it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/bench/manifest.h"

static const struct scenario_bus buses[] = { { .name = "body" }, { .name = "power" } };
static const struct scenario_can can[] = { { .bus = 1, .features = SCENARIO_CAN_CLASSIC },
	{ .bus = 0, .features = SCENARIO_CAN_CLASSIC | SCENARIO_CAN_FD } };
static const struct scenario_display displays[] = {
	{ .title = "Left", .width = 640, .height = 480, .placed = true, .x = -5, .y = 7 },
	{ .title = "Right", .width = 320, .height = 240 }
};
static const struct scenario_input inputs[] = { { .kind = INPUT_TOUCH, .display = 1 },
	{ .kind = INPUT_KEYBOARD, .display = 0 } };
static const struct scenario_port ports[] = { { .name = "hvc0", .console = true },
	{ .name = "log", .console = false } };
static const struct scenario_disk disks[] = { { .file = "/a",
						      .overlay = SCENARIO_OVERLAY_MEMORY,
						      .overlay_limit_bytes = 4096,
						      .queues = 2 },
	{ .file = "/b", .overlay = SCENARIO_OVERLAY_NONE, .serial = "DATA", .queues = 1 },
	{ .uri = "nbd://far/dis%6B", .overlay = SCENARIO_OVERLAY_MEMORY, .queues = 2 } };
static const struct scenario_guest guests[] = {
	{ .name = "plain", .builtin = "hello", .cmdline = "", .memory_bytes = 1 << 20, .cpus = 1 },
	{ .name = "full",
		.kernel = "/images/full.elf",
		.cmdline = "quiet",
		.memory_bytes = 64 << 20,
		.cpus = 2,
		.sandbox = true,
		.rng = true,
		.n_can = 2,
		.can = can,
		.n_displays = 2,
		.displays = displays,
		.n_inputs = 2,
		.inputs = inputs,
		.n_ports = 2,
		.ports = ports,
		.n_disks = 3,
		.disks = disks }
};
static const struct scenario scenario = {
	.n_buses = 2, .buses = buses, .n_guests = 2, .guests = guests
};
static const struct manifest_opts opts = { .sandbox = true, .log_level = "info" };

static const char *str(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* The descriptor that an object's "fd" stands for. */
static int fd_of(const json_t *o, const struct manifest_fds *fds)
{
	const json_t *v = json_object_get(o, "fd");

	assert_true(json_is_integer(v));
	assert_true((size_t)json_integer_value(v) < fds->n);
	return fds->fd[json_integer_value(v)];
}

static json_t *vm(uint32_t guest, struct manifest_fds *fds)
{
	static const int can_fds[] = { 101, 102 }, port_fds[] = { 201, 202 };
	static const struct manifest_disk_fds disk_fds[] = { { .file = 301 }, { .file = 302 },
		{ .file = -1, .nbd = { 303, 304 }, .n_nbd = 2 } };
	struct manifest_guest_fds in = { .kernel = 10,
		.initrd = guest ? 15 : -1,
		.kvm = 11,
		.sigmap = guest ? 12 : -1,
		.serial = guest ? 13 : -1,
		.display = guest ? 14 : -1,
		.can = can_fds,
		.ports = port_fds,
		.disks = disk_fds };
	json_t *m = manifest_vm(&scenario, guest, &in, &opts, fds);

	assert_non_null(m);
	return m;
}

static void test_every_descriptor_is_where_the_manifest_says(void **state)
{
	struct manifest_fds fds;
	json_t *m = vm(1, &fds), *devices = json_object_get(m, "devices"), *console;

	(void)state;
	assert_int_equal(fd_of(json_object_get(m, "kernel"), &fds), 10);
	assert_int_equal(fd_of(json_object_get(m, "initrd"), &fds), 15);
	assert_int_equal(fd_of(json_object_get(m, "kvm"), &fds), 11);
	assert_int_equal(fd_of(json_object_get(m, "serial"), &fds), 13);
	assert_int_equal(fd_of(json_object_get(m, "display"), &fds), 14);
	assert_int_equal(fd_of(json_array_get(json_object_get(m, "modules"), 0), &fds), 12);
	assert_int_equal(fd_of(json_array_get(devices, 0), &fds), 101);
	assert_int_equal(fd_of(json_array_get(devices, 1), &fds), 102);
	console = json_object_get(json_array_get(devices, 3), "ports");
	assert_int_equal(fd_of(json_array_get(console, 0), &fds), 201);
	assert_int_equal(fd_of(json_array_get(console, 1), &fds), 202);
	assert_int_equal(fds.n, 14);
	json_decref(m);
}

static void test_time_of_day_follows_the_bench_clock(void **state)
{
	struct scenario s = scenario;
	struct bench_clock clock;
	json_t *u;

	(void)state;
	bench_clock_init(&clock);
	assert_null(manifest_utc(&s, &clock, 1000));
	s.utc = (struct scenario_utc){ .given = true, .start_ns = INT64_C(1800000000000000000) };
	u = manifest_utc(&s, &clock, 1000);
	assert_int_equal(json_integer_value(json_object_get(u, "utc_ns")), s.utc.start_ns);
	assert_int_equal(json_integer_value(json_object_get(u, "host_ns")), 1000);
	assert_true(json_is_false(json_object_get(u, "runs")));
	json_decref(u);
	bench_clock_resume(&clock, 5000);
	u = manifest_utc(&s, &clock, 8000);
	assert_int_equal(json_integer_value(json_object_get(u, "utc_ns")), s.utc.start_ns + 3000);
	assert_true(json_is_true(json_object_get(u, "runs")));
	json_decref(u);
}

static void test_the_devices_come_in_the_documented_order(void **state)
{
	static const char *const types[] = { "can", "can", "rng", "console", "gpu", "blk", "blk",
		"blk", "input", "input" };
	struct manifest_fds fds;
	json_t *m = vm(1, &fds), *devices = json_object_get(m, "devices");

	(void)state;
	assert_int_equal(json_array_size(devices), 10);
	for (size_t i = 0; i < 10; i++)
		assert_string_equal(str(json_array_get(devices, i), "type"), types[i]);
	assert_string_equal(str(json_array_get(devices, 0), "name"), "power");
	assert_int_equal(
		json_array_size(json_object_get(json_array_get(devices, 0), "features")), 1);
	assert_string_equal(str(json_array_get(devices, 8), "kind"), "touch");
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(devices, 8), "scanout")), 1);
	json_decref(m);
}

static void test_the_buses_are_added_to_the_command_line(void **state)
{
	struct manifest_fds fds;
	json_t *m = vm(1, &fds);

	(void)state;
	assert_string_equal(str(m, "cmdline"), "quiet can=power,body");
	json_decref(m);
}

static void test_a_plain_guest_gets_nothing_it_did_not_ask_for(void **state)
{
	struct manifest_fds fds;
	json_t *m = vm(0, &fds);

	(void)state;
	assert_int_equal(json_array_size(json_object_get(m, "devices")), 0);
	assert_int_equal(json_array_size(json_object_get(m, "modules")), 0);
	assert_null(json_object_get(m, "serial"));
	assert_null(json_object_get(m, "display"));
	assert_string_equal(str(m, "cmdline"), "");
	assert_true(json_is_false(json_object_get(m, "sandbox")));
	assert_int_equal(fds.n, 2);
	json_decref(m);
}

static void test_the_ui_hears_of_guests_with_displays_only(void **state)
{
	static const int display[] = { -1, 77 };
	struct manifest_fds fds;
	json_t *m = manifest_ui(&scenario, true, display, &opts, &fds), *g, *d;

	(void)state;
	assert_string_equal(str(m, "backend"), "sdl");
	assert_int_equal(json_array_size(json_object_get(m, "guests")), 1);
	g = json_array_get(json_object_get(m, "guests"), 0);
	assert_string_equal(str(g, "name"), "full");
	assert_int_equal(fd_of(g, &fds), 77);
	d = json_array_get(json_object_get(g, "displays"), 0);
	assert_int_equal(json_integer_value(json_object_get(d, "x")), -5);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(d, "inputs"), 0)), "keyboard");
	d = json_array_get(json_object_get(g, "displays"), 1);
	assert_null(json_object_get(d, "x"));
	json_decref(m);
}

static void test_shares_and_devices_of_other_programs_are_last(void **state)
{
	static const struct scenario_share shares[] = {
		{ .tag = "media", .path = "/srv" },
		{ .tag = "nine", .path = "/nine", .type = SCENARIO_SHARE_9P },
	};
	static const struct scenario_vhost_user vhost[] = {
		{ .id = 2, .name = "root", .queues = 3, .queue_size = 64, .config_bytes = 60 },
		{ .id = 4, .queues = 1, .queue_size = 256, .config = "00ff" },
	};
	static const struct scenario_guest guest = { .name = "g",
		.kernel = "/k",
		.cmdline = "",
		.n_shares = 2,
		.shares = shares,
		.n_vhost_user = 2,
		.vhost_user = vhost };
	static const struct scenario s = { .n_guests = 1, .guests = &guest };
	static const int share_fds[] = { 401, 402 }, vhost_fds[] = { 501, 502 };
	const struct manifest_guest_fds in = { .kernel = 10,
		.initrd = -1,
		.kvm = -1,
		.sigmap = -1,
		.serial = -1,
		.display = -1,
		.shares = share_fds,
		.vhost_user = vhost_fds };
	struct manifest_fds fds;
	json_t *m = manifest_vm(&s, 0, &in, &opts, &fds), *d = json_object_get(m, "devices");
	const json_t *fs = json_array_get(d, 0), *nine = json_array_get(d, 1);
	const json_t *disk = json_array_get(d, 2), *rng = json_array_get(d, 3);

	(void)state;
	assert_string_equal(str(fs, "type"), "vhost-user");
	assert_string_equal(str(fs, "name"), "media");
	assert_int_equal(json_integer_value(json_object_get(fs, "id")), 26);
	/* "media", 31 zeroes, then one request queue. */
	assert_string_equal(str(fs, "config"),
		"6d65646961"
		"00000000000000000000000000000000000000000000000000000000000000"
		"01000000");
	assert_int_equal(fd_of(fs, &fds), 401);
	assert_string_equal(str(nine, "type"), "9p");
	assert_string_equal(str(nine, "tag"), "nine");
	assert_string_equal(str(nine, "tree"), "/nine");
	assert_int_equal(fd_of(nine, &fds), 402);
	assert_string_equal(str(disk, "name"), "root");
	assert_int_equal(json_integer_value(json_object_get(disk, "config_bytes")), 60);
	assert_int_equal(json_integer_value(json_object_get(disk, "queues")), 3);
	assert_int_equal(fd_of(disk, &fds), 501);
	assert_null(str(rng, "name"));
	assert_string_equal(str(rng, "config"), "00ff");
	assert_int_equal(fd_of(rng, &fds), 502);
	json_decref(m);
}

static void test_disks_say_where_changes_go(void **state)
{
	struct manifest_fds fds;
	json_t *m = vm(1, &fds), *d[3] = { NULL, NULL, NULL }, *o;
	size_t i, n = 0;

	(void)state;
	json_array_foreach (json_object_get(m, "devices"), i, o) {
		if (strcmp(str(o, "type"), "blk") == 0 && n < 3)
			d[n++] = o;
	}
	assert_int_equal(n, 3);
	assert_int_equal(fd_of(d[0], &fds), 301);
	assert_string_equal(str(d[0], "overlay"), "memory");
	assert_int_equal(json_integer_value(json_object_get(d[0], "overlay_bytes")), 4096);
	assert_int_equal(json_integer_value(json_object_get(d[0], "queues")), 2);
	assert_int_equal(fd_of(d[1], &fds), 302);
	assert_null(json_object_get(d[1], "overlay"));
	assert_string_equal(str(d[1], "serial"), "DATA");
	assert_null(json_object_get(d[2], "fd"));
	assert_string_equal(str(d[2], "overlay"), "memory");
	o = json_object_get(d[2], "nbd");
	assert_string_equal(str(o, "export"), "disk");
	assert_int_equal(fd_of(json_array_get(json_object_get(o, "sockets"), 0), &fds), 303);
	assert_int_equal(fd_of(json_array_get(json_object_get(o, "sockets"), 1), &fds), 304);
	json_decref(m);
}

static void test_signals_of_a_guest_are_named_in_its_order(void **state)
{
	static const struct signal_def defs[] = { { .name = "Speed" }, { .name = "Lamp" } };
	static const struct scenario_guest_signal used[] = { { .signal = 1, .set = true },
		{ .signal = 0 } };
	static const struct scenario_guest guest = {
		.name = "g", .builtin = "hello", .cmdline = "", .n_signals = 2, .signals = used
	};
	static const struct scenario s = {
		.n_guests = 1, .guests = &guest, .signals = { .n_defs = 2, .defs = defs }
	};
	struct manifest_guest_fds in = { .kernel = 10,
		.initrd = -1,
		.kvm = 11,
		.sigmap = -1,
		.serial = -1,
		.display = -1,
		.signals = 77 };
	const struct signal_feed scaled = { 1, 2, 3 }, constant = { SIGNAL_FEED_CONSTANT, 1, 4 };
	struct manifest_fds fds;
	json_t *m = manifest_vm(&s, 0, &in, &opts, &fds), *o = json_object_get(m, "signals"), *feed;

	(void)state;
	assert_int_equal(fd_of(o, &fds), 77);
	o = json_object_get(o, "names");
	assert_int_equal(json_array_size(o), 2);
	assert_string_equal(json_string_value(json_array_get(o, 0)), "Lamp");
	assert_string_equal(json_string_value(json_array_get(o, 1)), "Speed");
	json_decref(m);
	feed = manifest_feed(&scaled);
	assert_int_equal(json_integer_value(json_object_get(feed, "signal")), 1);
	assert_true(json_real_value(json_object_get(feed, "scale")) == 2);
	assert_true(json_real_value(json_object_get(feed, "offset")) == 3);
	json_decref(feed);
	feed = manifest_feed(&constant);
	assert_null(json_object_get(feed, "signal"));
	assert_true(json_real_value(json_object_get(feed, "offset")) == 4);
	json_decref(feed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares_and_devices_of_other_programs_are_last),
		cmocka_unit_test(test_disks_say_where_changes_go),
		cmocka_unit_test(test_every_descriptor_is_where_the_manifest_says),
		cmocka_unit_test(test_time_of_day_follows_the_bench_clock),
		cmocka_unit_test(test_the_devices_come_in_the_documented_order),
		cmocka_unit_test(test_the_buses_are_added_to_the_command_line),
		cmocka_unit_test(test_a_plain_guest_gets_nothing_it_did_not_ask_for),
		cmocka_unit_test(test_the_ui_hears_of_guests_with_displays_only),
		cmocka_unit_test(test_signals_of_a_guest_are_named_in_its_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
