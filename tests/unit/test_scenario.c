/* SPDX-License-Identifier: Apache-2.0 */
/* Scenarios that are right: what the typed tree says about them. */
#include <errno.h>
#include <linux/input-event-codes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd.h"
#include "sim/scenario/scenario.h"

#define S UINT64_C(1000000000)

static struct scenario *load_with(const char *text, const char *const *sets, size_t n)
{
	struct scenario_opts opts = { .sets = sets, .n_sets = n, .no_files = true, .no_env = true };
	struct scenario *s = NULL;

	assert_int_equal(
		scenario_load_text(text, strlen(text), "dir/car.yaml", &opts, stderr, &s), 0);
	assert_non_null(s);
	return s;
}

static struct scenario *load(const char *text)
{
	return load_with(text, NULL, 0);
}

static void test_what_is_not_said_has_its_default(void **state)
{
	struct scenario *s =
		load("duration: 1m30s\nbuses: {can0: }\nguests: {a: {kernel: a.elf}}\n");
	const struct scenario_guest *g = &s->guests[0];

	(void)state;
	assert_string_equal(s->name, "car");
	assert_string_equal(s->dir, "dir");
	assert_string_equal(s->out_dir, "out");
	assert_true(s->duration_ns == 90 * S);
	assert_true(s->seed == 1);
	assert_int_equal(s->ui, SCENARIO_UI_AUTO);
	assert_int_equal(s->buses[0].bitrate_hz, 500000);
	assert_int_equal(s->buses[0].data_bitrate_hz, 2000000);
	assert_int_equal(s->buses[0].timing, SCENARIO_TIMING_IDEAL);
	assert_true(s->buses[0].fd);
	assert_string_equal(g->name, "a");
	assert_string_equal(g->kernel, "dir/a.elf");
	assert_null(g->builtin);
	assert_true(g->memory_bytes == 64u << 20);
	assert_int_equal(g->cpus, 1);
	assert_true(g->sandbox && g->serial && g->rng);
	assert_string_equal(g->ready, "^READY\\b");
	assert_int_equal(g->n_ports, 1);
	assert_string_equal(g->ports[0].name, "hvc0");
	assert_true(g->ports[0].console);
	assert_int_equal(s->n_checks, 1);
	assert_int_equal(s->checks[0].kind, SCENARIO_CHECK_NO_CRASH);
	scenario_free(s);
}

static void test_disks_have_formats_by_name_or_word(void **state)
{
	struct scenario *s =
		load("duration: 9s\n"
		     "guests:\n"
		     "  g:\n"
		     "    kernel: a.elf\n"
		     "    disks: [root.img, {file: A.QCOW2, overlay: b.img},\n"
		     "      {file: c.vhd, format: raw, overlay: d.qcow2}, {file: e.vmdk},\n"
		     "      {uri: 'nbd://far/x', overlay: none}, {file: f, overlay: g}]\n");
	const struct scenario_disk *d = s->guests[0].disks;

	(void)state;
	assert_int_equal(d[0].format, SCENARIO_FORMAT_RAW);
	assert_false(d[0].own_format);
	assert_int_equal(d[1].format, SCENARIO_FORMAT_QCOW2);
	assert_true(d[1].overlay_qcow2);
	assert_int_equal(d[2].format, SCENARIO_FORMAT_RAW);
	assert_true(d[2].own_format && d[2].overlay_qcow2);
	assert_int_equal(d[3].format, SCENARIO_FORMAT_VMDK);
	assert_false(d[3].overlay_qcow2);
	assert_string_equal(d[4].uri, "nbd://far/x");
	assert_null(d[4].file);
	assert_int_equal(d[5].overlay, SCENARIO_OVERLAY_FILE);
	assert_false(d[5].overlay_qcow2);
	assert_string_equal(scenario_format_name(SCENARIO_FORMAT_VPC), "vpc");
	scenario_free(s);
}

static void test_a_guests_place_on_the_host_is_a_set_of_cpus(void **state)
{
	struct scenario *s =
		load("duration: 1s\n"
		     "bench_cpus: 0\n"
		     "guests:\n"
		     "  a: {kernel: a.elf, placement: 2-3}\n"
		     "  b: {kernel: a.elf, cpus: 2, huge_pages: 2M, log_limit: 1M,\n"
		     "    placement: {cpus: [0, 4-5], vcpus: '6,1023', nice: -5, realtime: true}}\n"
		     "  c: {kernel: a.elf}\n");
	const struct scenario_placement *p = &s->guests[1].placement;

	(void)state;
	assert_int_equal(s->bench_cpus.bits[0], 1);
	assert_int_equal(s->guests[0].placement.cpus.bits[0], 12);
	assert_int_equal(p->cpus.bits[0], 0x31);
	assert_int_equal(scenario_num_cpus(&p->vcpus), 2);
	assert_true(scenario_has_cpu(&p->vcpus, 1023) && !scenario_has_cpu(&p->vcpus, 1022));
	assert_false(scenario_has_cpu(&p->vcpus, 5000));
	assert_int_equal(p->nice, -5);
	assert_true(p->realtime);
	assert_false(s->guests[0].placement.realtime);
	assert_int_equal(scenario_huge_bytes(s->guests[1].huge_pages), 2 << 20);
	assert_int_equal(s->guests[1].log_limit_bytes, 1 << 20);
	assert_int_equal(scenario_num_cpus(&s->guests[2].placement.cpus), 0);
	assert_int_equal(s->guests[2].log_limit_bytes, 64 << 20);
	scenario_free(s);
}

static void test_a_balloon_is_switched_on_or_has_keys(void **state)
{
	struct scenario *s = load("duration: 9s\n"
				  "guests:\n"
				  "  none: {kernel: a.elf}\n"
				  "  plain: {kernel: a.elf, balloon: true}\n"
				  "  off: {kernel: a.elf, balloon: false}\n"
				  "  set: {kernel: a.elf, memory: 1G,\n"
				  "    balloon: {target: 256M, reporting: false}}\n"
				  "actions:\n"
				  "  - {at: 1s, balloon: {guest: set, target: 512M}}\n");

	(void)state;
	assert_false(s->guests[0].balloon.enabled);
	assert_true(s->guests[1].balloon.enabled && s->guests[1].balloon.reporting &&
		    s->guests[1].balloon.deflate_on_oom);
	assert_int_equal(s->guests[1].balloon.target_bytes, 0);
	assert_false(s->guests[2].balloon.enabled);
	assert_true(s->guests[3].balloon.enabled && !s->guests[3].balloon.reporting);
	assert_int_equal(s->guests[3].balloon.target_bytes, 256u << 20);
	assert_int_equal(s->actions[0].op, SCENARIO_BALLOON);
	assert_int_equal(s->actions[0].guest, 3);
	assert_int_equal(s->actions[0].u.balloon.target_bytes, 512u << 20);
	scenario_free(s);
}

static void test_guests_are_wired_as_written(void **state)
{
	struct scenario *s =
		load("duration: 1s\n"
		     "buses: {can0: {bitrate: 250k, fd: false}, body: {timing: bit-accurate}}\n"
		     "guests:\n"
		     "  ivi:\n"
		     "    kernel: builtin:ivi\n"
		     "    memory: 1GiB\n"
		     "    cpus: 8\n"
		     "    can: [body, {bus: can0, features: [classic]}]\n"
		     "    displays:\n"
		     "      - {title: Main, width: 640, height: 480, input: [touch, keyboard]}\n"
		     "      - {width: 320, height: 240, x: -5, y: 7, input: [pointer]}\n"
		     "    ports: [hvc0, {name: data, console: off}]\n"
		     "    restart: on-crash\n");
	const struct scenario_guest *g = &s->guests[0];

	(void)state;
	assert_string_equal(g->builtin, "ivi");
	assert_true(g->memory_bytes == 1u << 30);
	assert_int_equal(g->n_can, 2);
	assert_string_equal(s->buses[g->can[0].bus].name, "body");
	assert_int_equal(g->can[0].features, 0xf);
	assert_string_equal(s->buses[g->can[1].bus].name, "can0");
	assert_int_equal(g->can[1].features, SCENARIO_CAN_CLASSIC);
	assert_int_equal(s->buses[1].timing, SCENARIO_TIMING_BIT_ACCURATE);
	assert_false(s->buses[0].fd);
	assert_string_equal(g->displays[0].title, "Main");
	assert_false(g->displays[0].placed);
	assert_string_equal(g->displays[1].title, "ivi 1");
	assert_true(g->displays[1].placed);
	assert_int_equal(g->displays[1].x, -5);
	assert_int_equal(g->n_inputs, 3);
	assert_int_equal(g->inputs[0].kind, INPUT_KEYBOARD);
	assert_int_equal(g->inputs[1].kind, INPUT_TOUCH);
	assert_int_equal(g->inputs[2].kind, INPUT_POINTER);
	assert_int_equal(g->inputs[2].display, 1);
	assert_false(g->ports[1].console);
	assert_int_equal(g->restart, SCENARIO_RESTART_ON_CRASH);
	scenario_free(s);
}

/* What the rules do with an identifier, as the replay applies them. */
static const struct scenario_rule *rule_for(const struct scenario_replay *r, canid_t id)
{
	for (uint32_t i = 0; i < r->n_rules; i++) {
		if (((id ^ r->rules[i].match.id) & r->rules[i].match.mask) == 0)
			return &r->rules[i];
	}
	return NULL;
}

static void test_identifier_sets_of_a_replay_become_ordered_rules(void **state)
{
	struct scenario *s = load("duration: 1s\nbuses: {can0: , can1: }\n"
				  "replays:\n"
				  "  - file: a.log\n"
				  "    map: {can0: can1, 2: can0}\n"
				  "    speed: 0.5\n"
				  "    loop: true\n"
				  "    start: 2s\n"
				  "    at: 500ms\n"
				  "    keep: [100-17A, 700/7F0, 18DAF110]\n"
				  "    drop: [105, 110-111]\n"
				  "    remap: {200: 00000300}\n");
	const struct scenario_replay *r = &s->replays[0];

	(void)state;
	assert_string_equal(r->file, "dir/a.log");
	assert_int_equal(r->n_map, 2);
	assert_string_equal(r->map[1].channel, "2");
	assert_int_equal(r->map[0].bus, 1);
	assert_true(r->speed == 0.5 && r->loop);
	assert_true(r->start_ns == 2 * S && r->at_ns == S / 2);
	for (canid_t id = 0; id <= 0x7ff; id++) {
		const struct scenario_rule *rule = rule_for(r, id);
		bool dropped = id == 0x105 || id == 0x110 || id == 0x111;
		bool kept = (id >= 0x100 && id <= 0x17a) || (id & 0x7f0) == 0x700;

		assert_non_null(rule);
		if (id == 0x200) {
			assert_int_equal(rule->what, SCENARIO_RULE_REMAP);
			assert_int_equal(rule->to, 0x300 | CAN_EFF_FLAG);
		} else {
			assert_int_equal(rule->what,
				!dropped && kept ? SCENARIO_RULE_PASS : SCENARIO_RULE_DROP);
		}
	}
	assert_int_equal(rule_for(r, 0x18daf110 | CAN_EFF_FLAG)->what, SCENARIO_RULE_PASS);
	assert_int_equal(rule_for(r, 0x100 | CAN_EFF_FLAG)->what, SCENARIO_RULE_DROP);
	scenario_free(s);
}

#define MACHINE                                                                                   \
	"duration: 10s\nbuses: {can0: }\n"                                                        \
	"guests: {a: {kernel: builtin:a, can: [can0], displays: [{title: D, width: 100, height: " \
	"100, input: [touch, keyboard, pointer]}]}}\n"

static void test_actions_are_sorted_by_time_and_keep_file_order(void **state)
{
	struct scenario *s = load(MACHINE "actions:\n"
					  "  - {at: 5s, log: third}\n"
					  "  - {at: 1s, log: first}\n"
					  "  - {at: 5s, log: fourth}\n"
					  "  - {at: 2s, pause: {for: 1s}}\n");

	(void)state;
	assert_int_equal(s->n_actions, 5);
	assert_string_equal(s->actions[0].u.log.text, "first");
	assert_int_equal(s->actions[1].op, SCENARIO_PAUSE);
	assert_int_equal(s->actions[1].guest, SCENARIO_ALL);
	assert_int_equal(s->actions[2].op, SCENARIO_RESUME);
	assert_true(s->actions[2].at_ns == 3 * S);
	assert_string_equal(s->actions[3].u.log.text, "third");
	assert_string_equal(s->actions[4].u.log.text, "fourth");
	assert_int_equal(s->actions[4].line, 7);
	scenario_free(s);
}

static void test_actions_carry_what_they_need(void **state)
{
	struct scenario *s = load(
		MACHINE "actions:\n"
			"  - {at: 1s, send: {frame: 18DAF110##1AABB, every: 100ms, count: 3}}\n"
			"  - {at: 2s, send: {frame: {id: 123, rtr: true, length: 4}}}\n"
			"  - {at: 3s, key: KEY_ENTER}\n"
			"  - {at: 4s, touch: {x: 10, y: 20, to: [99, 0], hold: 1s, slot: 1}}\n"
			"  - {at: 5s, pointer: {x: 1, y: 2, button: right, wheel: -3}}\n"
			"  - {at: 6s, screenshot: here}\n"
			"  - {at: 7s, bus_off: a}\n"
			"  - {at: 8s, throttle: {percent: 15, for: 1s}}\n");
	const struct scenario_action *a = s->actions;

	(void)state;
	assert_int_equal(a[0].u.send.frame.mtu, CANFD_MTU);
	assert_int_equal(a[0].u.send.frame.f.can_id, 0x18daf110 | CAN_EFF_FLAG);
	assert_int_equal(a[0].u.send.frame.f.flags, CANFD_FDF | CANFD_BRS);
	assert_int_equal(a[0].u.send.frame.f.len, 2);
	assert_true(a[0].u.send.every_ns == S / 10 && a[0].u.send.count == 3);
	assert_int_equal(a[1].u.send.frame.f.can_id, 0x123 | CAN_RTR_FLAG);
	assert_int_equal(a[1].u.send.frame.f.len, 4);
	assert_int_equal(a[2].u.key.code, KEY_ENTER);
	assert_true(a[2].u.key.hold_ns == 50000000);
	assert_int_equal(a[3].u.touch.to.x, 99);
	assert_int_equal(a[3].u.touch.slot, 1);
	assert_true(a[4].u.pointer.move && a[4].u.pointer.button == BTN_RIGHT);
	assert_int_equal(a[4].u.pointer.wheel, -3);
	assert_string_equal(a[5].u.screenshot.checkpoint, "here");
	assert_int_equal(a[5].guest, SCENARIO_ALL);
	assert_int_equal(a[6].op, SCENARIO_BUS_OFF);
	assert_int_equal(a[7].op, SCENARIO_THROTTLE);
	assert_int_equal(a[7].u.throttle.percent, 15);
	assert_int_equal(a[8].op, SCENARIO_THROTTLE);
	assert_int_equal(a[8].u.throttle.percent, 100);
	assert_true(a[8].at_ns == 9 * S);
	scenario_free(s);
}

static void test_typing_goes_to_the_console_of_the_command_line(void **state)
{
	struct scenario *s = load(
		"duration: 1s\n"
		"guests: {a: {kernel: a.elf, cmdline: 'console=ttyS0 console=hvc0 x'}}\n"
		"actions:\n"
		"  - {at: 1ms, type: ls}\n"
		"  - {at: 2ms, type: {guest: a, port: serial, text: \"\\x03\", enter: false}}\n");

	(void)state;
	assert_string_equal(s->actions[0].u.type.port, "hvc0");
	assert_string_equal(s->actions[0].u.type.text, "ls\n");
	assert_string_equal(s->actions[1].u.type.port, "serial");
	assert_string_equal(s->actions[1].u.type.text, "\003");
	scenario_free(s);
}

static void test_disks_without_a_kernel_boot(void **state)
{
	struct scenario *s = load("duration: 1s\n"
				  "guests:\n"
				  "  a: {disks: [d.img]}\n"
				  "  b: {disks: [d.img, e.img], boot: {disk: 1, entry: 'x*'}}\n"
				  "  c: {kernel: k.elf, disks: [d.img]}\n");

	(void)state;
	assert_true(s->guests[0].boot_from_disk);
	assert_int_equal(s->guests[0].boot_disk, 0);
	assert_null(s->guests[0].boot_entry);
	assert_int_equal(s->guests[1].boot_disk, 1);
	assert_string_equal(s->guests[1].boot_entry, "x*");
	assert_false(s->guests[2].boot_from_disk);
	scenario_free(s);
}

static void test_a_run_that_waits_for_its_guests_needs_no_duration(void **state)
{
	struct scenario *s = load("end_when: guests-ended\nguests: {a: {kernel: a.elf}}\n");

	(void)state;
	assert_int_equal(s->end_when, SCENARIO_END_GUESTS);
	assert_true(s->duration_ns == 30 * 86400 * S);
	scenario_free(s);
	s = load("end_when: guests-ended\nduration: 5s\nguests: {a: {kernel: a.elf}}\n");
	assert_true(s->duration_ns == 5 * S);
	scenario_free(s);
}

static void test_frame_patterns_of_checks_become_masks(void **state)
{
	struct scenario *s = load(MACHINE
		"checks:\n"
		"  - expect: {frame: '3A0#01X2*', within: 2s, after: 1s}\n"
		"  - forbid: {id: 00000100, mask: 0x1FFFFF00}\n"
		"  - count: {id: 3A0, data: F0 0F, data_mask: F0 FF, equals: 200, tolerance: 5%}\n"
		"  - expect: {from: a}\n");
	const struct scenario_check *c = s->checks;
	const struct scenario_match *m = &c[0].u.frames.match;

	(void)state;
	assert_true(c[0].after_ns == S && c[0].until_ns == 3 * S);
	assert_int_equal(m->id.id, 0x3a0);
	assert_int_equal(m->id.mask, CAN_SFF_MASK | CAN_EFF_FLAG);
	assert_int_equal(m->n_data, 2);
	assert_int_equal(m->len, -1);
	assert_int_equal(m->data[1], 0x02);
	assert_int_equal(m->mask[1], 0x0f);
	assert_true(c[0].u.frames.min == 1 && c[0].u.frames.max == UINT64_MAX);
	assert_string_equal(c[0].name, "expect 3A0#01X2* on can0 after 1s within 2s");
	assert_int_equal(c[1].u.frames.match.id.id, 0x100 | CAN_EFF_FLAG);
	assert_int_equal(c[1].u.frames.match.id.mask, 0x1fffff00 | CAN_EFF_FLAG);
	assert_true(c[1].until_ns == SCENARIO_FOREVER);
	assert_true(c[2].u.frames.min == 190 && c[2].u.frames.max == 210);
	assert_int_equal(c[2].u.frames.match.mask[0], 0xf0);
	assert_int_equal(c[3].u.frames.match.id.mask, 0);
	assert_int_equal(c[3].u.frames.match.from, 0);
	scenario_free(s);
}

static void test_a_check_about_all_guests_becomes_one_for_each(void **state)
{
	struct scenario *s =
		load("duration: 1s\n"
		     "guests: {a: {kernel: builtin:a}, b: {kernel: builtin:b, no_crash: false}}\n"
		     "checks: [ready: all, {name: calm, forbid_console: {match: panic}}]\n");

	(void)state;
	assert_int_equal(s->n_checks, 5);
	assert_string_equal(s->checks[0].name, "a ready within 10s");
	assert_string_equal(s->checks[1].name, "b ready within 10s");
	assert_string_equal(s->checks[2].name, "calm (a)");
	assert_int_equal(s->checks[3].guest, 1);
	assert_string_equal(s->checks[4].name, "a does not crash");
	scenario_free(s);
}

static void test_a_picture_at_a_time_implies_the_screenshot(void **state)
{
	struct scenario *s = load(MACHINE "checks:\n"
					  "  - not_blank: {at: 1500ms}\n"
					  "  - not_blank: {at: 1.5s, region: [0, 0, 10, 10]}\n"
					  "  - not_blank: a\n");

	(void)state;
	assert_int_equal(s->n_actions, 1);
	assert_int_equal(s->actions[0].op, SCENARIO_SCREENSHOT);
	assert_true(s->actions[0].at_ns == 3 * S / 2);
	assert_string_equal(
		s->checks[0].u.screen.checkpoint, s->actions[0].u.screenshot.checkpoint);
	assert_string_equal(s->checks[1].u.screen.checkpoint, "at-1.5s");
	assert_true(s->checks[1].u.screen.has_region);
	assert_string_equal(s->checks[2].u.screen.checkpoint, SCENARIO_CHECKPOINT_END);
	scenario_free(s);
}

static void test_variables_come_from_set_then_default(void **state)
{
	static const char *const sets[] = { "LONG=3s", "NAME=old", "NAME=a drive" };
	struct scenario *s =
		load_with("duration: ${LONG:-9s}\nname: \"${NAME}: ${KIND:-real} $${x} $5\"\n"
			  "description: ${EMPTY:-}\n",
			sets, 3);

	(void)state;
	assert_true(s->duration_ns == 3 * S);
	assert_string_equal(s->name, "a drive: real ${x} $5");
	assert_string_equal(s->description, "");
	scenario_free(s);
}

static void test_variables_come_from_the_environment_when_it_may_be_asked(void **state)
{
	static const char text[] = "duration: ${DYNO_TEST_LONG:-9s}\n";
	struct scenario_opts opts = { .no_files = true };
	struct scenario *s = NULL;

	(void)state;
	setenv("DYNO_TEST_LONG", "4s", 1);
	assert_int_equal(scenario_load_text(text, strlen(text), "x.yaml", &opts, NULL, &s), 0);
	assert_true(s->duration_ns == 4 * S);
	scenario_free(s);
	opts.no_env = true;
	assert_int_equal(scenario_load_text(text, strlen(text), "x.yaml", &opts, NULL, &s), 0);
	assert_true(s->duration_ns == 9 * S);
	scenario_free(s);
	unsetenv("DYNO_TEST_LONG");
}

static void test_anchors_and_merge_keys_share_what_guests_have_in_common(void **state)
{
	struct scenario *s = load("duration: 1s\n"
				  "guests:\n"
				  "  a: &ecu {kernel: builtin:a, memory: 128M, cpus: 2}\n"
				  "  b:\n"
				  "    <<: *ecu\n"
				  "    kernel: builtin:b\n");

	(void)state;
	assert_string_equal(s->guests[1].builtin, "b");
	assert_int_equal(s->guests[1].cpus, 2);
	assert_true(s->guests[1].memory_bytes == 128u << 20);
	scenario_free(s);
}

static void test_a_byte_order_mark_and_dos_line_ends_do_no_harm(void **state)
{
	struct scenario *s = load("\xef\xbb\xbf"
				  "duration: 2s\r\nname: x\r\n");

	(void)state;
	assert_true(s->duration_ns == 2 * S);
	assert_string_equal(s->name, "x");
	scenario_free(s);
}

static void test_an_action_after_the_end_is_a_warning_only(void **state)
{
	static const char text[] = "duration: 1s\nactions: [{at: 2s, log: x}]\n";
	char *out = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);
	struct scenario *s = NULL;

	(void)state;
	assert_int_equal(scenario_load_text(text, strlen(text), "c.yaml", NULL, f, &s), 0);
	fclose(f);
	assert_string_equal(out,
		"c.yaml:2:16: warning: action 1: never happens: the run ends at 1s\n"
		"   2 | actions: [{at: 2s, log: x}]\n"
		"     |                ^~\n"
		"1 warning\n");
	free(out);
	scenario_free(s);
}

static void test_the_scenarios_that_ship_are_right(void **state)
{
	static const char *const names[] = { "cockpit", "cockpit-real", "minimal", "can-only" };
	const char *dir = getenv("DYNO_SOURCE_DIR");
	char path[4096];

	(void)state;
	assert_non_null(dir);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		/* The recording of the real drive is not ours to ship. */
		struct scenario_opts opts = { .no_files = strcmp(names[i], "cockpit-real") == 0 };
		struct scenario *s = NULL;

		snprintf(path, sizeof(path), "%s/scenarios/%s.yaml", dir, names[i]);
		assert_int_equal(scenario_load(path, &opts, stderr, &s), 0);
		assert_true(s->n_checks > 0);
		scenario_free(s);
	}
}

static void test_the_reference_page_is_the_one_that_the_tables_print(void **state)
{
	const char *dir = getenv("DYNO_SOURCE_DIR");
	char path[4096], *page = NULL;
	uint8_t *kept = NULL;
	size_t len = 0, kept_len = 0;
	struct err e = { 0 };
	FILE *f = open_memstream(&page, &len);

	(void)state;
	scenario_print_reference(f);
	fclose(f);
	snprintf(path, sizeof(path), "%s/docs/scenario-reference.md", dir ? dir : ".");
	assert_int_equal(file_slurp(path, 1 << 20, &kept, &kept_len, &e), 0);
	/* It is out of date: dyno scenario-reference > docs/scenario-reference.md */
	assert_string_equal((char *)kept, page);
	free(kept);
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_not_said_has_its_default),
		cmocka_unit_test(test_disks_have_formats_by_name_or_word),
		cmocka_unit_test(test_a_guests_place_on_the_host_is_a_set_of_cpus),
		cmocka_unit_test(test_a_balloon_is_switched_on_or_has_keys),
		cmocka_unit_test(test_guests_are_wired_as_written),
		cmocka_unit_test(test_identifier_sets_of_a_replay_become_ordered_rules),
		cmocka_unit_test(test_actions_are_sorted_by_time_and_keep_file_order),
		cmocka_unit_test(test_actions_carry_what_they_need),
		cmocka_unit_test(test_typing_goes_to_the_console_of_the_command_line),
		cmocka_unit_test(test_disks_without_a_kernel_boot),
		cmocka_unit_test(test_a_run_that_waits_for_its_guests_needs_no_duration),
		cmocka_unit_test(test_frame_patterns_of_checks_become_masks),
		cmocka_unit_test(test_a_check_about_all_guests_becomes_one_for_each),
		cmocka_unit_test(test_a_picture_at_a_time_implies_the_screenshot),
		cmocka_unit_test(test_variables_come_from_set_then_default),
		cmocka_unit_test(test_variables_come_from_the_environment_when_it_may_be_asked),
		cmocka_unit_test(test_anchors_and_merge_keys_share_what_guests_have_in_common),
		cmocka_unit_test(test_a_byte_order_mark_and_dos_line_ends_do_no_harm),
		cmocka_unit_test(test_an_action_after_the_end_is_a_warning_only),
		cmocka_unit_test(test_the_scenarios_that_ship_are_right),
		cmocka_unit_test(test_the_reference_page_is_the_one_that_the_tables_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
