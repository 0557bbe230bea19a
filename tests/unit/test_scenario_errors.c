/* SPDX-License-Identifier: Apache-2.0 */
/* What a person reads who made a mistake in a scenario, letter by letter. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/scenario/scenario.h"

/* The report about a text that is wrong; the caller frees it. */
static char *report_of(const char *text, const struct scenario_opts *opts)
{
	char *out = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);
	struct scenario *s = NULL;

	assert_non_null(f);
	assert_int_equal(scenario_load_text(text, strlen(text), "car.yaml", opts, f, &s), -EINVAL);
	assert_null(s);
	fclose(f);
	return out;
}

static void check_report(const char *text, const char *expected)
{
	static const struct scenario_opts opts = { .no_files = true, .no_env = true };
	char *got = report_of(text, &opts);

	assert_string_equal(got, expected);
	free(got);
}

/* A scenario that is right but for what is put behind it. */
#define GOOD                            \
	"duration: 10s\n"               \
	"buses:\n"                      \
	"  can0:\n"                     \
	"  can1:\n"                     \
	"guests:\n"                     \
	"  cluster:\n"                  \
	"    kernel: builtin:cluster\n" \
	"    can: [can0]\n"             \
	"    displays: [{title: Cluster, width: 800, height: 480, input: [touch]}]\n"

static void test_cpus_that_are_none_are_shown_how_to_write(void **state)
{
	(void)state;
	check_report("duration: 1s\nbench_cpus: 3-1\n",
		"car.yaml:2:13: error: bench_cpus \"3-1\" is not a set of CPUs: write 2, 0-3 or "
		"[0, 2-3]\n"
		"   2 | bench_cpus: 3-1\n"
		"     |             ^~~\n"
		"1 error\n");
	check_report("duration: 1s\nbench_cpus: [0, 1024]\n",
		"car.yaml:2:17: error: bench_cpus holds something that is no CPU: write [0, 2-3]\n"
		"   2 | bench_cpus: [0, 1024]\n"
		"     |                 ^~~~\n"
		"1 error\n");
	check_report(GOOD "    cpus: 2\n    placement: {vcpus: 1}\n",
		"car.yaml:11:16: error: guest \"cluster\": placement names 1 of the host's CPUs in "
		"`vcpus`, and the guest has 2\n"
		"  11 |     placement: {vcpus: 1}\n"
		"     |                ^~~~~~~~~~\n"
		"1 error\n");
	check_report(GOOD "    memory: 65M\n    huge_pages: 2M\n",
		"car.yaml:10:13: error: guest \"cluster\": memory 65 MiB is not a multiple of its "
		"huge pages, 2 MiB\n"
		"  10 |     memory: 65M\n"
		"     |             ^~~\n"
		"1 error\n");
}

static void test_faults_that_cannot_be_are_refused(void **state)
{
	(void)state;
	check_report(GOOD "actions:\n"
			  "  - {at: 1s, fault: {kind: delay, bus: can0}}\n"
			  "  - {at: 1s, fault: {kind: drop, bus: can0, delay: 1s}}\n"
			  "  - {at: 1s, fault: {kind: drop, bus: can0, mask: 7F0}}\n"
			  "  - {at: 1s, cut: {guest: cluster, bus: can1}}\n"
			  "  - {at: 1s, load: {bus: can0, share: 120%}}\n",
		"car.yaml:11:21: error: action 1: fault needs \"delay\": how much later they are "
		"heard\n"
		"  11 |   - {at: 1s, fault: {kind: delay, bus: can0}}\n"
		"     |                     ^~~~~~~~~~~~~~~~~~~~~~~~\n"
		"car.yaml:12:52: error: action 2: fault.delay is of the kind \"delay\" only\n"
		"  12 |   - {at: 1s, fault: {kind: drop, bus: can0, delay: 1s}}\n"
		"     |                                                    ^~\n"
		"car.yaml:13:51: error: action 3: fault.mask needs \"id\"\n"
		"  13 |   - {at: 1s, fault: {kind: drop, bus: can0, mask: 7F0}}\n"
		"     |                                                   ^~~\n"
		"car.yaml:14:41: error: action 4: cut.bus \"can1\" has no controller of guest "
		"\"cluster\"\n"
		"  14 |   - {at: 1s, cut: {guest: cluster, bus: can1}}\n"
		"     |                                         ^~~~\n"
		"car.yaml:15:39: error: action 5: load.share 120% exceeds 100%\n"
		"  15 |   - {at: 1s, load: {bus: can0, share: 120%}}\n"
		"     |                                       ^~~~\n"
		"5 errors\n");
}

static void test_an_expression_that_would_take_all_memory_is_refused(void **state)
{
	(void)state;
	check_report("duration: 1s\n"
		     "guests: {a: {kernel: builtin:a}}\n"
		     "checks:\n"
		     "  - forbid_console: {match: 'pan++++++++++++++++++++++++ic'}\n",
		"car.yaml:4:29: error: check 1: forbid_console.match is too large: what it repeats, "
		"written out, has more than 2000 characters\n"
		"   4 |   - forbid_console: {match: 'pan++++++++++++++++++++++++ic'}\n"
		"     |                             ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n"
		"1 error\n");
}

static void test_what_needs_the_bench_between_is_refused_on_a_direct_bus(void **state)
{
	(void)state;
	check_report("duration: 10s\n"
		     "buses:\n"
		     "  can0: {socketcan: {interface: vcan0, direct: true}}\n"
		     "guests:\n"
		     "  cluster: {kernel: builtin:cluster, can: [can0]}\n"
		     "actions:\n"
		     "  - {at: 1s, bus_off: {guest: cluster, bus: can0}}\n"
		     "checks:\n"
		     "  - expect: {bus: can0, id: 0x100, from: cluster}\n",
		"car.yaml:7:45: error: action 1: bus_off.bus is out of the bench's reach: the guests of "
		"\"can0\" are on its interface themselves (\"direct\")\n"
		"   7 |   - {at: 1s, bus_off: {guest: cluster, bus: can0}}\n"
		"     |                                             ^~~~\n"
		"car.yaml:9:42: error: check 1: expect.from is out of the bench's reach: the guests of "
		"\"can0\" are on its interface themselves (\"direct\")\n"
		"   9 |   - expect: {bus: can0, id: 0x100, from: cluster}\n"
		"     |                                          ^~~~~~~\n"
		"2 errors\n");
}

static void test_an_unknown_key_is_named_with_the_nearest_one(void **state)
{
	(void)state;
	check_report("durtion: 30s\nduration: 1s\n",
		"car.yaml:1:1: error: unknown key \"durtion\"; did you mean \"duration\"?\n"
		"   1 | durtion: 30s\n"
		"     | ^~~~~~~\n"
		"1 error\n");
}

static void test_an_unknown_key_without_a_neighbour_lists_the_known_ones(void **state)
{
	(void)state;
	check_report("duration: 1s\nbuses:\n  can0: {zz: 1}\n",
		"car.yaml:3:10: error: bus \"can0\": unknown key \"zz\"; known: bitrate, data_bitrate, "
		"timing, fd, socketcan, record, record_limit\n"
		"   3 |   can0: {zz: 1}\n"
		"     |          ^~\n"
		"1 error\n");
}

static void test_a_value_out_of_bounds_is_named_with_the_bound_and_its_unit(void **state)
{
	(void)state;
	check_report("duration: 1s\nbuses:\n  can0:\n    bitrate: 50000000\n",
		"car.yaml:4:14: error: bus \"can0\": bitrate 50000000 exceeds 1000000 bit/s\n"
		"   4 |     bitrate: 50000000\n"
		"     |              ^~~~~~~~\n"
		"1 error\n");
}

static void test_all_errors_come_at_once_in_file_order(void **state)
{
	(void)state;
	check_report("checks:\n"
		     "  - expect: {bus: cna0, id: xyz}\n"
		     "guests:\n"
		     "  ivi: {kernel: builtin:ivi, memory: 64Q, cpus: 9}\n"
		     "buses:\n"
		     "  can0: {timing: exact}\n"
		     "duration: 5\n",
		"car.yaml:2:19: error: check 1: expect.bus names an unknown bus \"cna0\"; did you mean "
		"\"can0\"?\n"
		"   2 |   - expect: {bus: cna0, id: xyz}\n"
		"     |                   ^~~~\n"
		"car.yaml:2:29: error: check 1: expect.id \"xyz\" is not a CAN identifier: write hex "
		"digits: 0x1A3 or 18DAF110\n"
		"   2 |   - expect: {bus: cna0, id: xyz}\n"
		"     |                             ^~~\n"
		"car.yaml:4:38: error: guest \"ivi\": memory \"64Q\" is not a size: write 64M, 64MiB or "
		"1GiB (powers of 1024)\n"
		"   4 |   ivi: {kernel: builtin:ivi, memory: 64Q, cpus: 9}\n"
		"     |                                      ^~~\n"
		"car.yaml:4:49: error: guest \"ivi\": cpus 9 exceeds 8 CPUs\n"
		"   4 |   ivi: {kernel: builtin:ivi, memory: 64Q, cpus: 9}\n"
		"     |                                                 ^\n"
		"car.yaml:6:18: error: bus \"can0\": timing \"exact\" is not known: write one of ideal, "
		"bit-accurate\n"
		"   6 |   can0: {timing: exact}\n"
		"     |                  ^~~~~\n"
		"car.yaml:7:11: error: duration 5 has no unit: write 5s or 5ms\n"
		"   7 | duration: 5\n"
		"     |           ^\n"
		"6 errors\n");
}

static void test_a_key_given_twice_points_at_the_second(void **state)
{
	(void)state;
	check_report("duration: 1s\nseed: 1\nduration: 2s\n",
		"car.yaml:3:1: error: key \"duration\" is given twice; first on line 1\n"
		"   3 | duration: 2s\n"
		"     | ^~~~~~~~\n"
		"1 error\n");
}

static void test_a_guest_that_is_there_twice_is_named(void **state)
{
	(void)state;
	check_report("duration: 1s\nguests:\n  a: {kernel: builtin:x}\n  a: {kernel: builtin:y}\n",
		"car.yaml:4:3: error: guest \"a\": is there twice; first on line 3\n"
		"   4 |   a: {kernel: builtin:y}\n"
		"     |   ^\n"
		"1 error\n");
}

static void test_a_missing_key_says_what_it_is_for(void **state)
{
	(void)state;
	check_report("duration: 1s\nguests:\n  ivi:\n    cpus: 1\n",
		"car.yaml:4:5: error: guest \"ivi\": needs \"kernel\" (what it boots), or \"disks\" of which the first one boots\n"
		"   4 |     cpus: 1\n"
		"     |     ^~~~~~~\n"
		"1 error\n");
}

static void test_wrong_types_are_told_apart(void **state)
{
	(void)state;
	check_report("duration: [1s]\nbuses: can0\nreplays: {}\nseed:\n",
		"car.yaml:1:11: error: duration is a list: write a duration\n"
		"   1 | duration: [1s]\n"
		"     |           ^~~~\n"
		"car.yaml:2:8: error: buses is a plain value: write `name: ...` pairs\n"
		"   2 | buses: can0\n"
		"     |        ^~~~\n"
		"car.yaml:3:10: error: replays is a mapping: write a list\n"
		"   3 | replays: {}\n"
		"     |          ^~\n"
		"car.yaml:4:5: error: seed is empty: write a number\n"
		"   4 | seed:\n"
		"     |     ^\n"
		"4 errors\n");
}

static void test_disks_have_one_source(void **state)
{
	(void)state;
	check_report(GOOD "  a: {kernel: a.elf, disks: [{serial: X}]}\n"
			  "  b: {kernel: a.elf, disks: [{uri: 'ftp://x'}]}\n"
			  "  c: {kernel: a.elf, disks: [{uri: 'nbd://x', overlay: f}]}\n",
		"car.yaml:10:30: error: guest \"a\": disks[0] needs \"file\" or \"uri\", one of them\n"
		"  10 |   a: {kernel: a.elf, disks: [{serial: X}]}\n"
		"     |                              ^~~~~~~~~~~\n"
		"car.yaml:11:36: error: guest \"b\": disks[0].uri is not one of an NBD server: write "
		"nbd://HOST[:PORT]/EXPORT or nbd+unix:///EXPORT?socket=PATH\n"
		"  11 |   b: {kernel: a.elf, disks: [{uri: 'ftp://x'}]}\n"
		"     |                                    ^~~~~~~~~\n"
		"car.yaml:12:56: error: guest \"c\": disks[0].overlay of a server's disk is memory or "
		"none\n"
		"  12 |   c: {kernel: a.elf, disks: [{uri: 'nbd://x', overlay: f}]}\n"
		"     |                                                        ^\n"
		"3 errors\n");
}

static void test_balloons_stay_below_the_memory(void **state)
{
	(void)state;
	check_report(GOOD "  ivi: {kernel: a.elf, memory: 128M, balloon: {target: 256M}}\n",
		"car.yaml:10:47: error: guest \"ivi\": balloon asks for more than the guest's memory, "
		"128 MiB\n"
		"  10 |   ivi: {kernel: a.elf, memory: 128M, balloon: {target: 256M}}\n"
		"     |                                               ^~~~~~~~~~~~~~\n"
		"1 error\n");
	check_report(GOOD "actions:\n"
			  "  - {at: 1s, balloon: {guest: cluster, target: 32M}}\n",
		"car.yaml:11:23: error: action 1: balloon needs `balloon: true` of guest \"cluster\"\n"
		"  11 |   - {at: 1s, balloon: {guest: cluster, target: 32M}}\n"
		"     |                       ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n"
		"1 error\n");
}

static void test_an_action_is_one_thing(void **state)
{
	(void)state;
	check_report(GOOD "actions:\n"
			  "  - {at: 1s, reset: cluster, kill: cluster}\n"
			  "  - {at: 2s}\n",
		"car.yaml:11:30: error: action 1: has both \"reset\" and \"kill\": make two of it\n"
		"  11 |   - {at: 1s, reset: cluster, kill: cluster}\n"
		"     |                              ^~~~\n"
		"car.yaml:12:5: error: action 2: needs one of: send, key, touch, pointer, power_button, "
		"reset, pause, resume, kill, volume, mute, jack, bus_off, fault, cut, load, link, balloon, throttle, screenshot, type, set, stuck, silence, log\n"
		"  12 |   - {at: 2s}\n"
		"     |     ^~~~~~~~\n"
		"2 errors\n");
}

static void test_an_unknown_network_comes_with_what_is_near(void **state)
{
	(void)state;
	check_report("duration: 5s\n"
		     "networks: {lan: {}}\n"
		     "guests:\n"
		     "  ivi: {kernel: builtin:ivi, nets: [{network: lann}]}\n",
		"car.yaml:4:47: error: guest \"ivi\": nets[0].network names an unknown network \"lann\"; did "
		"you mean \"lan\"?\n"
		"   4 |   ivi: {kernel: builtin:ivi, nets: [{network: lann}]}\n"
		"     |                                               ^~~~\n"
		"1 error\n");
}

static void test_references_to_guests_and_displays_are_checked(void **state)
{
	(void)state;
	check_report(GOOD "actions:\n"
			  "  - {at: 1s, touch: {guest: clutser, x: 1, y: 1}}\n"
			  "  - {at: 1s, touch: {display: Clustr, x: 1, y: 1}}\n"
			  "  - {at: 1s, touch: {x: 800, y: 480}}\n"
			  "  - {at: 1s, key: enter}\n"
			  "  - {at: 1s, key: {key: entr}}\n",
		"car.yaml:11:29: error: action 1: touch.guest names an unknown guest \"clutser\"; did you "
		"mean \"cluster\"?\n"
		"  11 |   - {at: 1s, touch: {guest: clutser, x: 1, y: 1}}\n"
		"     |                             ^~~~~~~\n"
		"car.yaml:12:31: error: action 2: touch names an unknown display \"Clustr\" of guest "
		"\"cluster\"; did you mean \"Cluster\"?\n"
		"  12 |   - {at: 1s, touch: {display: Clustr, x: 1, y: 1}}\n"
		"     |                               ^~~~~~\n"
		"car.yaml:13:25: error: action 3: touch.x is at 800, 480, outside of the display's 800 x "
		"480 pixels\n"
		"  13 |   - {at: 1s, touch: {x: 800, y: 480}}\n"
		"     |                         ^~~\n"
		"car.yaml:14:19: error: action 4: key needs a display with `input: [keyboard]`; guest "
		"\"cluster\" has none\n"
		"  14 |   - {at: 1s, key: enter}\n"
		"     |                   ^~~~~\n"
		"car.yaml:15:25: error: action 5: key.key names an unknown key \"entr\"; did you mean "
		"\"enter\"?\n"
		"  15 |   - {at: 1s, key: {key: entr}}\n"
		"     |                         ^~~~\n"
		"5 errors\n");
}

static void test_frames_are_checked_as_they_are_written(void **state)
{
	(void)state;
	check_report(GOOD "actions:\n"
			  "  - {at: 1s, send: {bus: can0, frame: 123#DEADB}}\n"
			  "  - {at: 1s, send: {bus: can0, frame: 923#00}}\n"
			  "  - {at: 1s, send: {bus: can0, frame: 123#112233445566778899}}\n"
			  "  - {at: 1s, send: {bus: can0, frame: {id: 123, data: 11 XX}}}\n"
			  "  - {at: 1s, send: {frame: 123#00}}\n",
		"car.yaml:11:39: error: action 1: send.frame \"123#DEADB\": data must be pairs of hex "
		"digits\n"
		"  11 |   - {at: 1s, send: {bus: can0, frame: 123#DEADB}}\n"
		"     |                                       ^~~~~~~~~\n"
		"car.yaml:12:39: error: action 2: send.frame \"923#00\": identifier 923 exceeds 7FF (11 "
		"bits; write eight digits for 29)\n"
		"  12 |   - {at: 1s, send: {bus: can0, frame: 923#00}}\n"
		"     |                                       ^~~~~~\n"
		"car.yaml:13:39: error: action 3: send.frame \"123#112233445566778899\": more than 8 bytes "
		"of data (## makes it an FD frame)\n"
		"  13 |   - {at: 1s, send: {bus: can0, frame: 123#112233445566778899}}\n"
		"     |                                       ^~~~~~~~~~~~~~~~~~~~~~\n"
		"car.yaml:14:55: error: action 4: send.frame.data has wildcards: a frame to send has none\n"
		"  14 |   - {at: 1s, send: {bus: can0, frame: {id: 123, data: 11 XX}}}\n"
		"     |                                                       ^~~~~\n"
		"car.yaml:15:20: error: action 5: send needs \"bus\" (which bus)\n"
		"  15 |   - {at: 1s, send: {frame: 123#00}}\n"
		"     |                    ^~~~~~~~~~~~~~~\n"
		"5 errors\n");
}

static void test_checks_across_keys_are_made(void **state)
{
	(void)state;
	check_report(GOOD "checks:\n"
			  "  - count: {bus: can0, id: 123}\n"
			  "  - expect: {bus: can0, frame: 123#*, id: 123}\n"
			  "  - period: {bus: can0, id: 123}\n"
			  "  - console: {match: 'a(b'}\n"
			  "  - not_blank: {checkpoint: turning}\n"
			  "  - signal: {gauge: speed, min: 1}\n"
			  "actions:\n"
			  "  - {at: 1s, screenshot: turnin}\n",
		"car.yaml:11:12: error: check 1: count needs \"equals\", \"min\" or \"max\"\n"
		"  11 |   - count: {bus: can0, id: 123}\n"
		"     |            ^~~~~~~~~~~~~~~~~~~~\n"
		"car.yaml:12:43: error: check 2: expect.id contradicts \"frame\": use one of them\n"
		"  12 |   - expect: {bus: can0, frame: 123#*, id: 123}\n"
		"     |                                           ^~~\n"
		"car.yaml:13:13: error: check 3: period needs \"mean\", \"min\", \"max\" or \"jitter\"\n"
		"  13 |   - period: {bus: can0, id: 123}\n"
		"     |             ^~~~~~~~~~~~~~~~~~~~\n"
		"car.yaml:14:22: error: check 4: console.match \"a(b\" is not a regular expression: Unmatched "
		"( or \\(\n"
		"  14 |   - console: {match: 'a(b'}\n"
		"     |                      ^~~~~\n"
		"car.yaml:15:29: error: check 5: not_blank.checkpoint \"turning\": no screenshot action of "
		"that name takes this display; did you mean \"turnin\"?\n"
		"  15 |   - not_blank: {checkpoint: turning}\n"
		"     |                             ^~~~~~~\n"
		"car.yaml:16:13: error: check 6: signal needs \"map\": guest \"cluster\" has no signal map\n"
		"  16 |   - signal: {gauge: speed, min: 1}\n"
		"     |             ^~~~~~~~~~~~~~~~~~~~~~\n"
		"6 errors\n");
}

static void test_what_is_not_yaml_is_reported_with_its_place(void **state)
{
	(void)state;
	check_report("duration: 1s\nname: a: b\n",
		"car.yaml:2:8: error: not valid YAML: invalid nested block mapping on the same line\n"
		"   2 | name: a: b\n"
		"     |        ^\n"
		"1 error\n");
	check_report("", "car.yaml:1:1: error: the file is empty\n"
			 "   1 | \n"
			 "     | ^\n"
			 "1 error\n");
	check_report("- 1\n", "car.yaml:1:1: error: a scenario is `key: value` pairs\n"
			      "   1 | - 1\n"
			      "     | ^~~\n"
			      "1 error\n");
	check_report("duration: \x01\n", "car.yaml:1:11: error: a control character\n"
					 "   1 | duration: ?\n"
					 "     |           ^\n"
					 "1 error\n");
	check_report("duration: *d\n", "car.yaml:1:12: error: no anchor \"&d\" above\n"
				       "   1 | duration: *d\n"
				       "     |            ^\n"
				       "1 error\n");
}

static void test_columns_count_characters_and_tabs_keep_carets_in_place(void **state)
{
	(void)state;
	check_report("duration: 1s\nname: \"Stra\xc3\x9f"
		     "e\"   # \xc3\xa4\nui: \t x\n",
		"car.yaml:3:7: error: ui \"x\" is not known: write one of auto, sdl, headless\n"
		"   3 | ui:   x\n"
		"     |       ^\n"
		"1 error\n");
	check_report("duration: 1s\nbuses: {\"\xc3\x9f\": {}, can0: {x: 1}}\n",
		"car.yaml:2:9: error: bus \"\xc3\x9f\": \"\xc3\x9f\" is not a name: use letters, digits, \"_\", \".\" and "
		"\"-\"\n"
		"   2 | buses: {\"\xc3\x9f\": {}, can0: {x: 1}}\n"
		"     |         ^~~\n"
		"car.yaml:2:25: error: bus \"can0\": unknown key \"x\"; known: bitrate, data_bitrate, "
		"timing, fd, socketcan, record, record_limit\n"
		"   2 | buses: {\"\xc3\x9f\": {}, can0: {x: 1}}\n"
		"     |                         ^\n"
		"2 errors\n");
}

static void test_a_variable_that_is_not_set_says_how_to_set_it(void **state)
{
	(void)state;
	check_report("duration: ${LONG}\n",
		"car.yaml:1:11: error: LONG is not set: use --set LONG=VALUE, the environment, or "
		"${LONG:-default}\n"
		"   1 | duration: ${LONG}\n"
		"     |           ^~~~~~~\n"
		"car.yaml:1:11: error: duration \"${LONG}\" is not a duration: write 30s, 500ms, 250us or "
		"1m30s\n"
		"   1 | duration: ${LONG}\n"
		"     |           ^~~~~~~\n"
		"2 errors\n");
}

static void test_a_word_of_set_that_nothing_uses_is_an_error(void **state)
{
	static const char *const sets[] = { "DRVE=1", "rubbish", "LONG=3s" };
	struct scenario_opts opts = { .sets = sets, .n_sets = 3, .no_env = true };
	char *got = report_of("duration: ${LONG}\nname: ${DRIVE:-x}\n", &opts);

	(void)state;
	assert_string_equal(got,
		"--set: error: the scenario has no ${DRVE}; did you mean \"DRIVE\"?\n"
		"--set: error: \"rubbish\" is not NAME=VALUE\n"
		"2 errors\n");
	free(got);
}

static void test_more_streams_of_sound_than_are_possible_are_refused(void **state)
{
	struct scenario_opts opts = { .no_env = true, .no_files = true };
	char text[4096], *got;
	size_t n = (size_t)snprintf(text, sizeof(text), "duration: 1s\nguests:\n");

	(void)state;
	/* 5 guests with 13 streams each. */
	for (int g = 'a'; g < 'f'; g++) {
		n += (size_t)snprintf(
			text + n, sizeof(text) - n, "  %c: { kernel: x.elf, sound: {", g);
		for (int s = 'a'; s < 'n'; s++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, " %c: {},", s);
		n += (size_t)snprintf(text + n, sizeof(text) - n, " } }\n");
	}
	got = report_of(text, &opts);
	assert_non_null(strstr(got, "have 65 streams of sound in all, 64 are possible"));
	assert_non_null(strstr(got, "1 error\n"));
	free(got);
}

static void test_an_unknown_image_is_named_with_the_nearest_one(void **state)
{
	static const char *const images[] = { "ivi", "cluster", NULL };
	struct scenario_opts opts = { .no_env = true, .no_files = true, .images = images };
	char *got = report_of("duration: 1s\nguests:\n  a: {kernel: builtin:clutser}\n", &opts);

	(void)state;
	assert_string_equal(got,
		"car.yaml:3:15: error: guest \"a\": kernel names no image that ships with Dyno: "
		"\"clutser\"; did you mean \"cluster\"?\n"
		"   3 |   a: {kernel: builtin:clutser}\n"
		"     |               ^~~~~~~~~~~~~~~\n"
		"1 error\n");
	free(got);
}

static void test_a_missing_file_says_where_it_was_sought(void **state)
{
	struct scenario_opts opts = { .no_env = true };
	char *got = report_of("duration: 1s\nreplays: [{file: nowhere.log}]\n", &opts);

	(void)state;
	assert_non_null(
		strstr(got, "car.yaml:2:18: error: replay 1: file names \"nowhere.log\": No such "
			    "file or directory"));
	free(got);
}

static void test_a_file_that_cannot_be_read_is_reported(void **state)
{
	char *out = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);
	struct scenario *s = NULL;

	(void)state;
	assert_int_equal(scenario_load("/nonexistent/x.yaml", NULL, f, &s), -ENOENT);
	fclose(f);
	assert_string_equal(out, "/nonexistent/x.yaml: error: No such file or directory\n");
	free(out);
}

static void test_errors_beyond_fifty_are_counted(void **state)
{
	char text[4096] = "duration: 1s\n", *got;
	struct scenario_opts opts = { .no_files = true };
	size_t l = strlen(text);

	(void)state;
	for (int i = 0; i < 60; i++)
		l += (size_t)snprintf(text + l, sizeof(text) - l, "q%d: 1\n", i);
	got = report_of(text, &opts);
	assert_non_null(strstr(got, "... and 10 more\n60 errors\n"));
	free(got);
}

static void test_what_boots_is_a_kernel_or_a_disk(void **state)
{
	(void)state;
	check_report("duration: 1s\nguests: {a: {kernel: k, boot: 0, disks: [d]}}\n",
		"car.yaml:2:31: error: guest \"a\": boot excludes \"kernel\": one of them is what it "
		"boots\n"
		"   2 | guests: {a: {kernel: k, boot: 0, disks: [d]}}\n"
		"     |                               ^\n"
		"1 error\n");
	check_report("duration: 1s\nguests: {a: {boot: 1, disks: [d]}}\n",
		"car.yaml:2:20: error: guest \"a\": boot names disk 1: the guest has 1\n"
		"   2 | guests: {a: {boot: 1, disks: [d]}}\n"
		"     |                    ^\n"
		"1 error\n");
}

static void test_typing_needs_a_console_that_is_there(void **state)
{
	(void)state;
	check_report(GOOD "actions:\n  - {at: 1s, type: {port: hvc1, text: x}}\n",
		"car.yaml:11:27: error: action 1: type.port names an unknown port \"hvc1\" of guest "
		"\"cluster\"; did you mean \"hvc0\"?\n"
		"  11 |   - {at: 1s, type: {port: hvc1, text: x}}\n"
		"     |                           ^~~~\n"
		"1 error\n");
}

static void test_the_end_of_guests_needs_guests(void **state)
{
	(void)state;
	check_report("end_when: guests-ended\n",
		"car.yaml:1:11: error: end_when waits for guests: the scenario has none\n"
		"   1 | end_when: guests-ended\n"
		"     |           ^~~~~~~~~~~~\n"
		"1 error\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_boots_is_a_kernel_or_a_disk),
		cmocka_unit_test(test_typing_needs_a_console_that_is_there),
		cmocka_unit_test(test_the_end_of_guests_needs_guests),
		cmocka_unit_test(test_cpus_that_are_none_are_shown_how_to_write),
		cmocka_unit_test(test_faults_that_cannot_be_are_refused),
		cmocka_unit_test(test_an_expression_that_would_take_all_memory_is_refused),
		cmocka_unit_test(test_what_needs_the_bench_between_is_refused_on_a_direct_bus),
		cmocka_unit_test(test_an_unknown_key_is_named_with_the_nearest_one),
		cmocka_unit_test(test_cpus_that_are_none_are_shown_how_to_write),
		cmocka_unit_test(test_an_unknown_key_without_a_neighbour_lists_the_known_ones),
		cmocka_unit_test(test_a_value_out_of_bounds_is_named_with_the_bound_and_its_unit),
		cmocka_unit_test(test_all_errors_come_at_once_in_file_order),
		cmocka_unit_test(test_a_key_given_twice_points_at_the_second),
		cmocka_unit_test(test_a_guest_that_is_there_twice_is_named),
		cmocka_unit_test(test_a_missing_key_says_what_it_is_for),
		cmocka_unit_test(test_wrong_types_are_told_apart),
		cmocka_unit_test(test_disks_have_one_source),
		cmocka_unit_test(test_balloons_stay_below_the_memory),
		cmocka_unit_test(test_an_action_is_one_thing),
		cmocka_unit_test(test_an_unknown_network_comes_with_what_is_near),
		cmocka_unit_test(test_references_to_guests_and_displays_are_checked),
		cmocka_unit_test(test_frames_are_checked_as_they_are_written),
		cmocka_unit_test(test_checks_across_keys_are_made),
		cmocka_unit_test(test_what_is_not_yaml_is_reported_with_its_place),
		cmocka_unit_test(test_columns_count_characters_and_tabs_keep_carets_in_place),
		cmocka_unit_test(test_a_variable_that_is_not_set_says_how_to_set_it),
		cmocka_unit_test(test_a_word_of_set_that_nothing_uses_is_an_error),
		cmocka_unit_test(test_more_streams_of_sound_than_are_possible_are_refused),
		cmocka_unit_test(test_an_unknown_image_is_named_with_the_nearest_one),
		cmocka_unit_test(test_a_missing_file_says_where_it_was_sought),
		cmocka_unit_test(test_a_file_that_cannot_be_read_is_reported),
		cmocka_unit_test(test_errors_beyond_fifty_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
