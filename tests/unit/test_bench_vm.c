/* SPDX-License-Identifier: Apache-2.0 */
/* The options of `dyno vm` as a scenario: what the reader makes of the text. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd.h"
#include "sim/bench/vm_text.h"
#include "sim/scenario/scenario.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__ })

static struct vm_opts plain(void)
{
	return (struct vm_opts){ .name = "vm", .kernel = "bzImage", .console = "serial" };
}

static struct scenario *load(const struct vm_opts *o)
{
	struct scenario_opts so = { .no_files = true, .no_env = true };
	CLEANUP_FREE char *text = NULL;
	struct err e = { .text = "" };
	struct scenario *s;

	if (vm_text(o, &text, &e))
		fail_msg("%s", e.text);
	if (scenario_load_text(text, strlen(text), "(vm)", &so, stderr, &s))
		fail_msg("refused:\n%s", text);
	return s;
}

static void refused(const struct vm_opts *o, const char *why)
{
	struct err e = { .text = "" };
	char *text = NULL;

	assert_int_equal(vm_text(o, &text, &e), -EINVAL);
	if (!strstr(e.text, why))
		fail_msg("\"%s\" is not in: %s", why, e.text);
}

static void test_a_kernel_alone_gets_a_serial_console_and_ends_with_its_power(void **state)
{
	struct vm_opts o = plain();
	struct scenario *s = load(&o);

	(void)state;
	assert_int_equal(s->end_when, SCENARIO_END_GUESTS);
	assert_int_equal(s->n_guests, 1);
	assert_string_equal(s->guests[0].name, "vm");
	assert_string_equal(s->guests[0].kernel, "bzImage");
	assert_string_equal(s->guests[0].cmdline, "console=ttyS0");
	assert_true(s->guests[0].memory_bytes == 512u << 20);
	assert_true(s->guests[0].serial);
	assert_int_equal(s->n_networks, 0);
	scenario_free(s);
}

static void test_values_pass_unchanged_whatever_they_hold(void **state)
{
	static const char odd[] = "a \"b\" \\ ${HOME} $x 'y' #z: [1] {2} \t \xc3\xa4 console=null";
	struct vm_opts o = plain();
	struct scenario *s;

	(void)state;
	o.append = odd;
	o.initrd = "null";
	s = load(&o);
	assert_string_equal(s->guests[0].cmdline, odd);
	assert_string_equal(s->guests[0].initrd, "null");
	scenario_free(s);
}

static void test_the_virtio_console_has_the_port_and_the_kernel_hears_of_it(void **state)
{
	struct vm_opts o = plain();
	struct scenario *s;

	(void)state;
	o.console = "hvc0";
	o.append = "quiet";
	s = load(&o);
	assert_string_equal(s->guests[0].cmdline, "console=hvc0 quiet");
	assert_string_equal(s->guests[0].ports[0].name, "hvc0");
	scenario_free(s);
}

static void test_disks_are_written_through_unless_told_otherwise(void **state)
{
	struct vm_opts o = plain();
	struct scenario *s;

	(void)state;
	o.disks = LIST("a.img", "b.img,ro,serial=B1", "c,,d.img,overlay=memory,queues=4",
		"e.img,overlay=keep.img");
	o.n_disks = 4;
	s = load(&o);
	assert_int_equal(s->guests[0].n_disks, 4);
	assert_int_equal(s->guests[0].disks[0].overlay, SCENARIO_OVERLAY_NONE);
	assert_true(s->guests[0].disks[1].read_only);
	assert_string_equal(s->guests[0].disks[1].serial, "B1");
	assert_string_equal(s->guests[0].disks[2].file, "c,d.img");
	assert_int_equal(s->guests[0].disks[2].overlay, SCENARIO_OVERLAY_MEMORY);
	assert_int_equal(s->guests[0].disks[2].queues, 4);
	assert_string_equal(s->guests[0].disks[3].overlay_path, "./keep.img");
	scenario_free(s);
	o.disks = LIST("a.img,rw");
	o.n_disks = 1;
	refused(&o, "unknown part \"rw\"");
	o.disks = LIST(",ro");
	refused(&o, "name a file");
}

static void test_each_card_has_a_network_of_its_own(void **state)
{
	struct vm_opts o = plain();
	struct scenario *s;

	(void)state;
	o.nets = LIST("user,fwd=tcp:2222:22,mac=02:00:00:00:00:01,fwd=udp:53:5353", "tap=tap7");
	o.n_nets = 2;
	s = load(&o);
	assert_int_equal(s->n_networks, 2);
	assert_int_equal(s->networks[0].type, SCENARIO_NETWORK_USER);
	assert_int_equal(s->networks[0].n_forwards, 2);
	assert_int_equal(s->networks[0].forwards[0].host_port, 2222);
	assert_int_equal(s->networks[0].forwards[1].udp, 1);
	assert_int_equal(s->networks[0].forwards[1].guest_port, 5353);
	assert_int_equal(s->guests[0].nets[0].mac.b[5], 1);
	assert_string_equal(s->networks[1].tap, "tap7");
	assert_int_equal(s->guests[0].nets[1].network, 1);
	scenario_free(s);
	o.n_nets = 1;
	o.nets = LIST("bridge");
	refused(&o, "say user, tap=INTERFACE or none");
	o.nets = LIST("user,fwd=2222:22");
	refused(&o, "write fwd=tcp:2222:22");
	o.nets = LIST("user,fwd=tcp:2222:22x");
	refused(&o, "write fwd=tcp:2222:22");
	o.nets = LIST("user,speed=1");
	refused(&o, "unknown part \"speed=1\"");
}

static void test_what_users_of_kvmtool_type_means_the_same(void **state)
{
	struct vm_opts o = plain();
	struct scenario *s;

	(void)state;
	o.memory = "640";
	o.vsock = "7";
	o.balloon = true;
	o.nets = LIST("mode=user", "mode=tap,tapif=tap7,guest_mac=02:00:00:00:00:09");
	o.n_nets = 2;
	o.shares = LIST("/srv,work,ro");
	o.n_shares = 1;
	o.shares_9p = LIST("/home,,me,home");
	o.n_shares_9p = 1;
	s = load(&o);
	assert_true(s->guests[0].memory_bytes == 640u << 20);
	assert_int_equal(s->guests[0].vsock.cid, 7);
	assert_true(s->guests[0].balloon.enabled);
	assert_int_equal(s->networks[0].type, SCENARIO_NETWORK_USER);
	assert_string_equal(s->networks[1].tap, "tap7");
	assert_int_equal(s->guests[0].nets[1].mac.b[5], 9);
	assert_int_equal(s->guests[0].n_shares, 2);
	assert_string_equal(s->guests[0].shares[0].tag, "work");
	assert_true(s->guests[0].shares[0].read_only);
	assert_string_equal(s->guests[0].shares[1].path, "/home,me");
	assert_int_equal(s->guests[0].shares[1].type, SCENARIO_SHARE_9P);
	scenario_free(s);
	o.shares = LIST("/srv");
	refused(&o, "--share /srv: write FOLDER,TAG");
	o.shares = LIST("/srv,work,rw");
	refused(&o, "unknown part \"rw\"");
	o.n_nets = 1;
	o.nets = LIST("mode=tap");
	refused(&o, "say user, tap=INTERFACE or none");
	o.nets = LIST("user,tapif=x");
	refused(&o, "unknown part \"tapif=x\"");
}

static void test_can_controllers_sit_on_host_interfaces_or_inner_buses(void **state)
{
	struct vm_opts o = plain();
	struct scenario *s;

	(void)state;
	o.cans = LIST("vcan0", "bus", "bus=body", "vcan1,direct");
	o.n_cans = 4;
	s = load(&o);
	assert_int_equal(s->n_buses, 4);
	assert_string_equal(s->buses[0].socketcan, "vcan0");
	assert_false(s->buses[0].socketcan_direct);
	assert_string_equal(s->buses[1].name, "can0");
	assert_null(s->buses[1].socketcan);
	assert_string_equal(s->buses[2].name, "body");
	assert_string_equal(s->buses[3].name, "vcan1");
	assert_string_equal(s->buses[3].socketcan, "vcan1");
	assert_true(s->buses[3].socketcan_direct);
	assert_true(s->buses[3].record);
	assert_int_equal(s->guests[0].n_can, 4);
	scenario_free(s);
	o.cans = LIST("vcan0,direct,record=no", "vcan1,record=no,direct", "bus,record=no", "vcan2");
	s = load(&o);
	assert_false(s->buses[0].record);
	assert_true(s->buses[0].socketcan_direct);
	assert_false(s->buses[1].record);
	assert_true(s->buses[1].socketcan_direct);
	assert_false(s->buses[2].record);
	assert_null(s->buses[2].socketcan);
	assert_true(s->buses[3].record);
	scenario_free(s);
	o.n_cans = 1;
	o.cans = LIST("vcan0,record=never");
	refused(&o, "--can vcan0,record=never: write");
	o.cans = LIST("vcan0,directly");
	refused(&o, "--can vcan0,directly: write IF, IF,direct, bus or bus=NAME, each");
	o.cans = LIST("bus,direct");
	refused(&o, "--can bus,direct: write IF");
}

static void test_a_display_comes_with_keyboard_and_pointer(void **state)
{
	struct vm_opts o = plain();
	struct scenario *s;

	(void)state;
	o.display = "800x480";
	s = load(&o);
	assert_int_equal(s->guests[0].displays[0].width, 800);
	assert_int_equal(s->guests[0].displays[0].height, 480);
	assert_int_equal(s->guests[0].n_inputs, 2);
	scenario_free(s);
	o.display = "none";
	s = load(&o);
	assert_int_equal(s->guests[0].n_displays, 0);
	scenario_free(s);
	o.display = "800";
	refused(&o, "say 1280x800 or none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_kernel_alone_gets_a_serial_console_and_ends_with_its_power),
		cmocka_unit_test(test_values_pass_unchanged_whatever_they_hold),
		cmocka_unit_test(test_the_virtio_console_has_the_port_and_the_kernel_hears_of_it),
		cmocka_unit_test(test_disks_are_written_through_unless_told_otherwise),
		cmocka_unit_test(test_each_card_has_a_network_of_its_own),
		cmocka_unit_test(test_what_users_of_kvmtool_type_means_the_same),
		cmocka_unit_test(test_can_controllers_sit_on_host_interfaces_or_inner_buses),
		cmocka_unit_test(test_a_display_comes_with_keyboard_and_pointer),
	};

	return cmocka_run_group_tests_name("options of dyno vm", tests, NULL, NULL);
}
