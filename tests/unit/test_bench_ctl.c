/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the control socket: what is taken, what is refused and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/input-event-codes.h>

#include "base/clock.h"
#include "sim/bench/ctl_proto.h"

static const struct scenario_display screens[] = {
	{ .title = "IVI", .width = 1280, .height = 800 },
	{ .title = "Rear", .width = 800, .height = 480 },
};
static const struct scenario_port ports[] = { { "hvc0", true }, { "data", false } };
static const struct scenario_network networks[] = { { .name = "lan" }, { .name = "wan" } };
static const struct scenario_net nets[] = { { .network = 1 }, { .network = 0 } };
static const struct scenario_net one_net[] = { { .network = 1 } };
static const struct scenario_sound sounds[] = { { .name = "mic" }, { .name = "media" } };
static const struct scenario_guest guests[] = {
	{ .name = "cluster", .cmdline = "", .n_nets = 1, .nets = one_net },
	{ .name = "ivi",
		.cmdline = "console=ttyS0 quiet console=hvc0,115200",
		.serial = true,
		.n_ports = 2,
		.ports = ports,
		.n_displays = 2,
		.displays = screens,
		.n_nets = 2,
		.nets = nets,
		.memory_bytes = 512u << 20,
		.n_sounds = 2,
		.sounds = sounds,
		.balloon.enabled = true },
};
static const struct scenario_bus buses[] = { { .name = "can0" }, { .name = "can1" } };
static const struct scenario two = { .n_guests = 2,
	.guests = guests,
	.n_buses = 2,
	.buses = buses,
	.n_networks = 2,
	.networks = networks };
static const struct scenario one = {
	.n_guests = 1, .guests = &guests[1], .n_buses = 1, .buses = buses
};

static int parse(const struct scenario *s, const char *line, struct ctl_request *r, struct err *e)
{
	*e = (struct err){ .text = "" };
	return ctl_parse(line, strlen(line), s, r, e);
}

static void expect_error(const struct scenario *s, const char *line, const char *part)
{
	struct ctl_request r;
	struct err e;

	assert_int_not_equal(parse(s, line, &r, &e), 0);
	if (!strstr(e.text, part))
		fail_msg("%s: got \"%s\", want \"%s\"", line, e.text, part);
	ctl_request_fini(&r);
}

static void test_text_is_typed_at_the_console_that_is_meant(void **state)
{
	struct ctl_request r;
	struct err e;

	(void)state;
	assert_int_equal(parse(&one, "{\"op\":\"type\",\"text\":\"ls\\n\"}", &r, &e), 0);
	assert_int_equal(r.action.op, SCENARIO_TYPE);
	assert_string_equal(r.action.u.type.port, "hvc0");
	assert_string_equal(r.action.u.type.text, "ls\n");
	ctl_request_fini(&r);
	assert_int_equal(
		parse(&one, "{\"op\":\"type\",\"port\":\"serial\",\"text\":\"\"}", &r, &e), 0);
	assert_string_equal(r.action.u.type.port, "serial");
	ctl_request_fini(&r);
	expect_error(&one, "{\"op\":\"type\",\"port\":\"dato\",\"text\":\"\"}", "\"data\"?");
	expect_error(&one, "{\"op\":\"type\"}", "\"text\" is missing");
	expect_error(&two, "{\"op\":\"console\",\"guest\":\"cluster\"}", "has no console");
}

static void test_a_console_has_a_size(void **state)
{
	struct ctl_request r;
	struct err e;

	(void)state;
	assert_int_equal(
		parse(&one, "{\"op\":\"console-size\",\"cols\":91,\"rows\":33}", &r, &e), 0);
	assert_int_equal(r.op, CTL_CONSOLE_SIZE);
	assert_int_equal(r.cols, 91);
	assert_int_equal(r.rows, 33);
	ctl_request_fini(&r);
	expect_error(&one, "{\"op\":\"console-size\",\"cols\":91,\"rows\":70000}", "rows");
}

static void test_a_frame_is_sent_to_the_named_bus(void **state)
{
	struct ctl_request r;
	struct err e;

	(void)state;
	assert_int_equal(
		parse(&two, "{\"op\":\"send\",\"bus\":\"can1\",\"frame\":\"123#AABB\"}", &r, &e),
		0);
	assert_int_equal(r.op, CTL_ACTION);
	assert_int_equal(r.action.op, SCENARIO_SEND);
	assert_int_equal(r.action.u.send.bus, 1);
	assert_int_equal(r.action.u.send.frame.f.can_id, 0x123);
	assert_int_equal(r.action.u.send.frame.f.len, 2);
	ctl_request_fini(&r);
}

static void test_the_only_bus_and_guest_need_not_be_named(void **state)
{
	struct ctl_request r;
	struct err e;

	(void)state;
	assert_int_equal(parse(&one, "{\"op\":\"send\",\"frame\":\"123#\"}", &r, &e), 0);
	assert_int_equal(r.action.u.send.bus, 0);
	ctl_request_fini(&r);
	assert_int_equal(parse(&one, "{\"op\":\"reset\"}", &r, &e), 0);
	assert_int_equal(r.action.guest, 0);
	ctl_request_fini(&r);
	expect_error(&two, "{\"op\":\"send\",\"frame\":\"123#\"}", "\"bus\" is missing");
	expect_error(&two, "{\"op\":\"reset\"}", "\"guest\" is missing");
}

static void test_pause_without_a_guest_is_for_all(void **state)
{
	struct ctl_request r;
	struct err e;

	(void)state;
	assert_int_equal(parse(&two, "{\"op\":\"pause\"}", &r, &e), 0);
	assert_int_equal(r.op, CTL_PAUSE);
	ctl_request_fini(&r);
	assert_int_equal(parse(&two, "{\"op\":\"pause\",\"guest\":\"ivi\"}", &r, &e), 0);
	assert_int_equal(r.op, CTL_ACTION);
	assert_int_equal(r.action.guest, 1);
	ctl_request_fini(&r);
}

static void test_a_stream_is_named_by_guest_and_stream(void **state)
{
	struct ctl_request r;
	struct err e;

	(void)state;
	assert_int_equal(
		parse(&two, "{\"op\":\"volume\",\"stream\":\"ivi.media\",\"percent\":30}", &r, &e),
		0);
	assert_int_equal(r.action.op, SCENARIO_VOLUME);
	assert_int_equal(r.action.guest, 1);
	assert_int_equal(r.action.u.sound.stream, 1);
	assert_int_equal(r.action.u.sound.percent, 30);
	ctl_request_fini(&r);
	assert_int_equal(
		parse(&two, "{\"op\":\"mute\",\"stream\":\"ivi.mic\",\"on\":\"off\"}", &r, &e), 0);
	assert_int_equal(r.action.op, SCENARIO_MUTE);
	assert_int_equal(r.action.u.sound.stream, 0);
	assert_false(r.action.u.sound.on);
	ctl_request_fini(&r);
	assert_int_equal(
		parse(&two, "{\"op\":\"jack\",\"stream\":\"ivi.mic\",\"plugged\":true}", &r, &e),
		0);
	assert_int_equal(r.action.op, SCENARIO_JACK);
	assert_int_equal(r.action.u.sound.stream, 0);
	assert_true(r.action.u.sound.on);
	ctl_request_fini(&r);
	expect_error(&two, "{\"op\":\"jack\",\"stream\":\"ivi.mic\"}", "plugged");
	expect_error(
		&two, "{\"op\":\"mute\",\"stream\":\"ivi.medai\"}", "did you mean \"ivi.media\"");
	expect_error(&two, "{\"op\":\"mute\",\"stream\":\"media\"}", "unknown stream");
	expect_error(
		&two, "{\"op\":\"volume\",\"stream\":\"ivi.media\",\"percent\":101}", "percent");
	expect_error(&two, "{\"op\":\"volume\",\"stream\":\"ivi.media\"}", "percent");
}

static void test_the_devices_of_one_guest_are_asked_for(void **state)
{
	struct ctl_request r;
	struct err e;

	(void)state;
	assert_int_equal(parse(&two, "{\"op\":\"devices\",\"guest\":\"ivi\"}", &r, &e), 0);
	assert_int_equal(r.op, CTL_DEVICES);
	assert_int_equal(r.action.guest, 1);
	ctl_request_fini(&r);
	expect_error(&two, "{\"op\":\"devices\"}", "guest");
}

static void test_a_balloon_has_a_size_or_is_only_asked(void **state)
{
	struct ctl_request r;
	struct err e;

	(void)state;
	assert_int_equal(
		parse(&two, "{\"op\":\"balloon\",\"guest\":\"ivi\",\"target\":\"256M\"}", &r, &e),
		0);
	assert_int_equal(r.op, CTL_BALLOON);
	assert_int_equal(r.action.guest, 1);
	assert_int_equal(r.action.u.balloon.target_bytes, 256u << 20);
	ctl_request_fini(&r);
	assert_int_equal(parse(&one, "{\"op\":\"balloon\"}", &r, &e), 0);
	assert_int_equal(r.action.u.balloon.target_bytes, 0);
	ctl_request_fini(&r);
	expect_error(&two, "{\"op\":\"balloon\",\"guest\":\"cluster\"}", "has no balloon");
	expect_error(&one, "{\"op\":\"balloon\",\"target\":\"1G\"}", "at most its memory");
	expect_error(&one, "{\"op\":\"balloon\",\"target\":\"much\"}", "for example 256M");
	expect_error(&one, "{\"op\":\"balloon\",\"target\":\"0\"}", "for example 256M");
}

static void test_a_cable_is_named_by_its_network(void **state)
{
	struct ctl_request r;
	struct err e;

	(void)state;
	assert_int_equal(
		parse(&two, "{\"op\":\"link\",\"guest\":\"ivi\",\"net\":\"lan\",\"up\":false}", &r,
			&e),
		0);
	assert_int_equal(r.action.op, SCENARIO_LINK);
	assert_int_equal(r.action.guest, 1);
	assert_int_equal(r.action.u.link.net, 1); /* its second card */
	assert_false(r.action.u.link.up);
	ctl_request_fini(&r);
	/* Not needed where there is one card only. */
	assert_int_equal(
		parse(&two, "{\"op\":\"link\",\"guest\":\"cluster\",\"up\":true}", &r, &e), 0);
	assert_true(r.action.u.link.up);
	ctl_request_fini(&r);
	expect_error(&two, "{\"op\":\"link\",\"guest\":\"ivi\",\"up\":true}", "\"net\"");
	expect_error(&two, "{\"op\":\"link\",\"guest\":\"cluster\",\"up\":true,\"net\":\"lan\"}",
		"no card on a network \"lan\"");
	expect_error(&two, "{\"op\":\"link\",\"guest\":\"cluster\"}", "\"up\"");
}

static void test_a_throttle_has_a_share_of_1_to_100_percent(void **state)
{
	struct ctl_request r;
	struct err e;

	(void)state;
	assert_int_equal(
		parse(&two, "{\"op\":\"throttle\",\"guest\":\"ivi\",\"percent\":20}", &r, &e), 0);
	assert_int_equal(r.action.op, SCENARIO_THROTTLE);
	assert_int_equal(r.action.guest, 1);
	assert_int_equal(r.action.u.throttle.percent, 20);
	ctl_request_fini(&r);
	expect_error(&two, "{\"op\":\"throttle\",\"guest\":\"ivi\",\"percent\":0}", "1..100");
	expect_error(&two, "{\"op\":\"throttle\",\"guest\":\"ivi\"}", "\"percent\"");
}

static void test_a_touch_stays_on_its_display(void **state)
{
	struct ctl_request r;
	struct err e;

	(void)state;
	assert_int_equal(
		parse(&two,
			"{\"op\":\"touch\",\"guest\":\"ivi\",\"x\":1279,\"y\":0,\"to_x\":5,"
			"\"to_y\":799,\"hold_ms\":300}",
			&r, &e),
		0);
	assert_int_equal(r.action.u.touch.from.x, 1279);
	assert_int_equal(r.action.u.touch.to.y, 799);
	assert_true(r.action.u.touch.hold_ns == 300 * NS_PER_MS);
	ctl_request_fini(&r);
	expect_error(
		&two, "{\"op\":\"touch\",\"guest\":\"ivi\",\"x\":1280,\"y\":0}", "must be 0..1279");
	expect_error(&two, "{\"op\":\"touch\",\"guest\":\"ivi\",\"display\":1,\"x\":800,\"y\":0}",
		"must be 0..799");
	expect_error(&two, "{\"op\":\"touch\",\"guest\":\"ivi\",\"display\":2,\"x\":1,\"y\":0}",
		"\"display\"");
	expect_error(
		&two, "{\"op\":\"touch\",\"guest\":\"cluster\",\"x\":1,\"y\":0}", "has no display");
}

static void test_a_pointer_needs_something_to_do(void **state)
{
	struct ctl_request r;
	struct err e;

	(void)state;
	expect_error(&two, "{\"op\":\"pointer\",\"guest\":\"ivi\"}", "is missing");
	assert_int_equal(
		parse(&two, "{\"op\":\"pointer\",\"guest\":\"ivi\",\"button\":\"right\"}", &r, &e),
		0);
	assert_int_equal(r.action.u.pointer.button, BTN_RIGHT);
	assert_false(r.action.u.pointer.move);
	ctl_request_fini(&r);
	expect_error(&two, "{\"op\":\"pointer\",\"guest\":\"ivi\",\"button\":\"rigth\"}",
		"did you mean \"right\"");
}

static void test_unknown_names_are_answered_with_the_nearest(void **state)
{
	(void)state;
	expect_error(&two, "{\"op\":\"statsu\"}", "did you mean \"status\"?");
	expect_error(&two, "{\"op\":\"kill\",\"guest\":\"clutser\"}", "did you mean \"cluster\"?");
	expect_error(&two, "{\"op\":\"send\",\"bus\":\"cam0\",\"frame\":\"1#\"}", "unknown bus");
	expect_error(&two, "{\"op\":\"key\",\"guest\":\"ivi\",\"key\":\"hyper7\"}", "unknown key");
}

static void test_nonsense_is_refused(void **state)
{
	(void)state;
	expect_error(&two, "", "not a JSON object");
	expect_error(&two, "[]", "not a JSON object");
	expect_error(&two, "{\"op\":1}", "must be a string");
	expect_error(&two, "{\"op\":\"status\",\"op\":\"stop\"}", "not a JSON object");
	expect_error(&two, "{\"op\":\"status\",\"id\":{}}", "\"id\"");
	expect_error(
		&two, "{\"op\":\"screenshot\",\"guest\":\"ivi\",\"path\":\"a.png\"}", "absolute");
}

static void test_the_id_comes_back_even_with_an_error(void **state)
{
	struct ctl_request r;
	struct err e;

	(void)state;
	assert_int_not_equal(parse(&two, "{\"id\":7,\"op\":\"fly\"}", &r, &e), 0);
	assert_int_equal(json_integer_value(r.id), 7);
	ctl_request_fini(&r);
}

static void test_without_guests_pause_stops_the_clock_and_others_say_why_not(void **state)
{
	static const struct scenario none = { .n_buses = 1, .buses = buses };
	struct ctl_request r;
	struct err e;

	(void)state;
	assert_int_equal(parse(&none, "{\"op\":\"pause\"}", &r, &e), 0);
	ctl_request_fini(&r);
	expect_error(&none, "{\"op\":\"kill\",\"guest\":\"x\"}", "no guest");
}

static void test_signals_are_read_and_set_by_name(void **state)
{
	static const struct signal_def defs[] = {
		{ .name = "Vehicle.Speed", .unit = "km/h", .has_range = true, .max = 250 },
		{ .name = "Vehicle.Light", .unit = "" },
	};
	struct scenario s = { .signals = { .n_defs = 2, .defs = defs } };
	struct ctl_request r;
	struct err e;

	(void)state;
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(signal_model_add_name(&s.signals, defs[i].name, i), 0);
	assert_int_equal(
		parse(&s, "{\"op\":\"set\",\"signal\":\"Vehicle.Speed\",\"value\":50.5}", &r, &e),
		0);
	assert_int_equal(r.action.op, SCENARIO_SET);
	assert_int_equal(r.action.u.set.n, 1);
	assert_true(r.action.u.set.items[0].signal == 0 && r.action.u.set.items[0].value == 50.5);
	ctl_request_fini(&r);
	assert_int_equal(
		parse(&s, "{\"op\":\"set\",\"signal\":\"Vehicle.Light\",\"value\":\"on\"}", &r, &e),
		0);
	assert_true(r.action.u.set.items[0].signal == 1 && r.action.u.set.items[0].value == 1);
	ctl_request_fini(&r);
	assert_int_equal(
		parse(&s, "{\"op\":\"stuck\",\"signal\":\"Vehicle.Light\",\"on\":\"off\"}", &r, &e),
		0);
	assert_true(r.action.op == SCENARIO_STUCK && !r.action.u.stuck.on);
	ctl_request_fini(&r);
	expect_error(&s, "{\"op\":\"get\",\"signal\":\"Vehicle.Sped\"}", "\"Vehicle.Speed\"?");
	expect_error(&s, "{\"op\":\"set\",\"signal\":\"Vehicle.Speed\"}", "is no value of");
	expect_error(&s, "{\"op\":\"set\",\"signal\":\"Vehicle.Speed\",\"value\":251}", "0 to 250");
	expect_error(
		&s, "{\"op\":\"set\",\"signal\":\"Vehicle.Speed\",\"value\":\"nan\"}", "no value");
	expect_error(
		&s, "{\"op\":\"stuck\",\"signal\":\"Vehicle.Light\",\"on\":\"x\"}", "on or off");
	expect_error(&s, "{\"op\":\"silence\",\"message\":\"Motor\"}", "unknown message");
	signal_model_fini(&s.signals);
}

static void test_faults_are_made_and_ended_by_hand(void **state)
{
	struct scenario s = { .n_buses = 2, .buses = buses, .n_faults = 5 };
	struct ctl_request r;
	struct err e;

	(void)state;
	assert_int_equal(
		parse(&s,
			"{\"op\":\"fault\",\"bus\":\"can1\",\"kind\":\"delay\",\"id\":\"123\","
			"\"chance\":\"50%\",\"delay_ms\":20}",
			&r, &e),
		0);
	assert_int_equal(r.action.op, SCENARIO_FAULT);
	assert_true(r.action.u.fault.on && r.action.u.fault.bus == 1);
	assert_int_equal(r.action.u.fault.kind, SCENARIO_FAULT_DELAY);
	assert_int_equal(r.action.u.fault.id.id, 0x123);
	assert_int_equal(r.action.u.fault.id.mask, CAN_EFF_FLAG | CAN_SFF_MASK);
	assert_true(r.action.u.fault.chance == 0.5);
	assert_int_equal(r.action.u.fault.delay_ns, 20000000);
	/* Beside those of the scenario. */
	assert_int_equal(r.action.u.fault.number, 6);
	ctl_request_fini(&r);
	assert_int_equal(
		parse(&s, "{\"op\":\"load\",\"bus\":\"can0\",\"share\":\"80%\"}", &r, &e), 0);
	assert_true(r.action.u.load.on && r.action.u.load.share == 0.8);
	assert_int_equal(r.action.u.load.id, 0x7ff);
	assert_int_equal(r.action.u.load.number, 7);
	ctl_request_fini(&r);
	assert_int_equal(
		parse(&s, "{\"op\":\"fault\",\"bus\":\"can1\",\"kind\":\"off\"}", &r, &e), 0);
	assert_false(r.action.u.fault.on);
	ctl_request_fini(&r);
	expect_error(&s, "{\"op\":\"fault\",\"bus\":\"can0\",\"kind\":\"drp\"}", "\"drop\"?");
	expect_error(&s, "{\"op\":\"fault\",\"bus\":\"can0\",\"kind\":\"drop\",\"id\":\"xyz\"}",
		"no identifier");
	expect_error(&s,
		"{\"op\":\"fault\",\"bus\":\"can0\",\"kind\":\"drop\",\"chance\":\"120%\"}",
		"no share");
	expect_error(&s, "{\"op\":\"load\",\"bus\":\"can0\",\"share\":\"0%\"}", "no share");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_is_typed_at_the_console_that_is_meant),
		cmocka_unit_test(test_a_console_has_a_size),
		cmocka_unit_test(test_a_frame_is_sent_to_the_named_bus),
		cmocka_unit_test(test_the_only_bus_and_guest_need_not_be_named),
		cmocka_unit_test(test_pause_without_a_guest_is_for_all),
		cmocka_unit_test(test_a_stream_is_named_by_guest_and_stream),
		cmocka_unit_test(test_the_devices_of_one_guest_are_asked_for),
		cmocka_unit_test(test_a_balloon_has_a_size_or_is_only_asked),
		cmocka_unit_test(test_a_cable_is_named_by_its_network),
		cmocka_unit_test(test_a_throttle_has_a_share_of_1_to_100_percent),
		cmocka_unit_test(test_a_touch_stays_on_its_display),
		cmocka_unit_test(test_signals_are_read_and_set_by_name),
		cmocka_unit_test(test_faults_are_made_and_ended_by_hand),
		cmocka_unit_test(test_a_pointer_needs_something_to_do),
		cmocka_unit_test(test_unknown_names_are_answered_with_the_nearest),
		cmocka_unit_test(test_nonsense_is_refused),
		cmocka_unit_test(test_the_id_comes_back_even_with_an_error),
		cmocka_unit_test(test_without_guests_pause_stops_the_clock_and_others_say_why_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
