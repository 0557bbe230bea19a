/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest of dyno-vm: what it means, and one wrong key at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "devices/can/can.h"
#include "vmm/guest/manifest.h"

#define HEAD "\"manifest\":1,\"name\":\"g\",\"memory_bytes\":16777216,\"kernel\":{\"fd\":0}"

static int parse(const char *text, unsigned int n_fds, struct manifest *m, struct err *e)
{
	json_t *root = json_loads(text, 0, NULL);
	int rc;

	assert_non_null(root);
	rc = manifest_parse(m, root, n_fds, e);
	json_decref(root);
	return rc;
}

static void expect_refused(const char *text, const char *says)
{
	struct manifest m;
	struct err e = { 0 };

	assert_true(parse(text, 4, &m, &e) < 0);
	if (!strstr(e.text, says))
		fail_msg("\"%s\" does not say \"%s\"", e.text, says);
	assert_null(m.cmdline);
}

static void test_smallest_manifest_has_defaults(void **state)
{
	struct manifest m;

	(void)state;
	assert_int_equal(parse("{" HEAD "}", 1, &m, NULL), 0);
	assert_int_equal(m.cpus, 1);
	assert_true(m.sandbox);
	assert_string_equal(m.cmdline, "");
	assert_int_equal(m.kvm_fd, MANIFEST_NO_FD);
	assert_int_equal(m.serial_fd, MANIFEST_NO_FD);
	assert_int_equal(m.n_devices, 0);
	manifest_fini(&m);
}

static void test_time_of_day_is_the_hosts_or_given(void **state)
{
	struct manifest m;

	(void)state;
	assert_int_equal(parse("{" HEAD ",\"devices\":[{\"type\":\"rtc\"}]}", 1, &m, NULL), 0);
	assert_int_equal(m.device[0].type, DEVICE_RTC);
	assert_false(m.utc.given);
	manifest_fini(&m);
	assert_int_equal(parse("{" HEAD ",\"utc\":{\"utc_ns\":1800000000000000000,\"host_ns\":5,"
			       "\"runs\":true}}",
				 1, &m, NULL),
		0);
	assert_true(m.utc.given && m.utc.runs);
	assert_int_equal(m.utc.utc_ns, INT64_C(1800000000000000000));
	assert_int_equal(m.utc.host_ns, 5);
	manifest_fini(&m);
	expect_refused("{" HEAD ",\"utc\":{\"host_ns\":5,\"runs\":true}}", "utc_ns");
	expect_refused("{" HEAD ",\"utc\":{\"utc_ns\":-1,\"host_ns\":5,\"runs\":true}}", "utc_ns");
	expect_refused("{" HEAD ",\"utc\":{\"utc_ns\":9223372036854775807,\"host_ns\":5,"
		       "\"runs\":true}}",
		"utc_ns");
	expect_refused("{" HEAD ",\"utc\":{\"utc_ns\":1,\"host_ns\":5}}", "runs");
}

static void test_example_of_the_interface_page_is_understood(void **state)
{
	static const char text[] =
		"{\"manifest\":1,\"name\":\"cluster\",\"memory_bytes\":67108864,\"cpus\":1,"
		"\"sandbox\":true,\"log_level\":\"info\",\"kernel\":{\"fd\":0,\"name\":\"c.elf\"},"
		"\"modules\":[{\"fd\":1,\"cmdline\":\"sigmap\"}],\"cmdline\":\"title=Cluster\","
		"\"serial\":{\"fd\":2},\"display\":{\"fd\":3},\"kvm\":{\"fd\":6},\"devices\":["
		"{\"type\":\"can\",\"name\":\"can0\",\"fd\":4,\"features\":"
		"[\"classic\",\"fd\",\"rtr\",\"late-tx-ack\"]},{\"type\":\"rng\"},"
		"{\"type\":\"console\",\"ports\":[{\"name\":\"hvc0\",\"console\":true,\"fd\":5}]},"
		"{\"type\":\"gpu\",\"scanouts\":[{\"width\":1920,\"height\":720,\"name\":\"C\"}]},"
		"{\"type\":\"input\",\"kind\":\"touch\",\"scanout\":0}]}";
	struct manifest m;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(parse(text, 7, &m, &e), 0);
	assert_int_equal(m.n_devices, 5);
	assert_string_equal(m.device[0].name, "can0");
	assert_int_equal(m.device[0].u.can.features, VIRTIO_CAN_FEATURES_ALL);
	assert_int_equal(m.device[0].u.can.fd, 4);
	assert_string_equal(m.device[1].name, "rng0");
	assert_int_equal(m.device[2].u.console.port[0].fd, 5);
	assert_true(m.device[2].u.console.port[0].console);
	assert_int_equal(manifest_gpu(&m)->u.gpu.scanout[0].width, 1920);
	assert_int_equal(m.device[4].u.input.kind, INPUT_TOUCH);
	assert_string_equal(m.module[0].cmdline, "sigmap");
	assert_int_equal(m.kvm_fd, 6);
	manifest_fini(&m);
}

static void test_a_disk_may_be_of_an_nbd_server(void **state)
{
	static const char text[] = "{" HEAD ",\"devices\":[{\"type\":\"blk\",\"queues\":2,\"nbd\":"
				   "{\"export\":\"x\",\"sockets\":[{\"fd\":1},{\"fd\":2}]}}]}";
	struct manifest m;

	(void)state;
	assert_int_equal(parse(text, 4, &m, NULL), 0);
	assert_int_equal(m.device[0].u.blk.fd, MANIFEST_NO_FD);
	assert_int_equal(m.device[0].u.blk.n_nbd, 2);
	assert_int_equal(m.device[0].u.blk.nbd[1], 2);
	assert_string_equal(m.device[0].u.blk.nbd_export, "x");
	manifest_fini(&m);
	expect_refused(
		"{" HEAD ",\"devices\":[{\"type\":\"blk\",\"nbd\":{\"sockets\":[]}}]}", "1 to 4");
	expect_refused("{" HEAD ",\"devices\":[{\"type\":\"blk\",\"fd\":1,\"nbd\":{\"sockets\":"
		       "[{\"fd\":2}]}}]}",
		"both");
}

static void test_the_transport_is_pci_or_mmio(void **state)
{
	struct manifest m;

	(void)state;
	assert_int_equal(parse("{" HEAD "}", 1, &m, NULL), 0);
	assert_false(m.mmio);
	manifest_fini(&m);
	assert_int_equal(parse("{" HEAD ",\"transport\":\"mmio\"}", 1, &m, NULL), 0);
	assert_true(m.mmio);
	manifest_fini(&m);
	expect_refused("{" HEAD ",\"transport\":\"isa\"}", "pci or mmio");
}

static void test_balloons_have_defaults_and_keys(void **state)
{
	static const char text[] =
		"{" HEAD ",\"devices\":[{\"type\":\"balloon\"},{\"type\":\"balloon\","
		"\"target_bytes\":4096,\"reporting\":false,\"deflate_on_oom\":false}]}";
	struct manifest m;

	(void)state;
	assert_int_equal(parse(text, 1, &m, NULL), 0);
	assert_true(m.device[0].u.balloon.target_bytes == UINT64_MAX);
	assert_true(m.device[0].u.balloon.reporting && m.device[0].u.balloon.deflate_on_oom);
	assert_int_equal(m.device[1].u.balloon.target_bytes, 4096);
	assert_false(m.device[1].u.balloon.reporting || m.device[1].u.balloon.deflate_on_oom);
	manifest_fini(&m);
	expect_refused("{" HEAD ",\"devices\":[{\"type\":\"balloon\",\"target_bytes\":-1}]}",
		"target_bytes");
}

static void test_disks_have_defaults_and_keys(void **state)
{
	static const char text[] =
		"{" HEAD ",\"devices\":[{\"type\":\"blk\",\"fd\":1},"
		"{\"type\":\"blk\",\"fd\":2,\"overlay\":\"memory\",\"overlay_bytes\":1048576,"
		"\"serial\":\"12345678901234567890\",\"queues\":8,\"read_only\":true},"
		"{\"type\":\"blk\",\"bytes\":4096}]}";
	struct manifest m;

	(void)state;
	assert_int_equal(parse(text, 4, &m, NULL), 0);
	assert_string_equal(m.device[0].name, "blk0");
	assert_int_equal(m.device[0].u.blk.fd, 1);
	assert_int_equal(m.device[0].u.blk.queues, 1);
	assert_false(m.device[0].u.blk.overlay);
	assert_true(m.device[1].u.blk.overlay);
	assert_true(m.device[1].u.blk.read_only);
	assert_int_equal(m.device[1].u.blk.overlay_bytes, 1048576);
	assert_int_equal(m.device[1].u.blk.queues, 8);
	assert_string_equal(m.device[1].u.blk.serial, "12345678901234567890");
	assert_int_equal(m.device[2].u.blk.fd, MANIFEST_NO_FD);
	assert_int_equal(m.device[2].u.blk.bytes, 4096);
	manifest_fini(&m);
}

static void test_a_device_of_another_program_has_its_config_or_takes_the_programs(void **state)
{
	static const char text[] =
		"{" HEAD ",\"devices\":[{\"type\":\"vhost-user\",\"fd\":1,\"id\":26,\"queues\":2,"
		"\"config\":\"6d00ff\",\"name\":\"media\"},{\"type\":\"vhost-user\",\"fd\":2,"
		"\"id\":2,\"queues\":1,\"queue_size\":512,\"config_bytes\":60}]}";
	struct manifest m;

	(void)state;
	assert_int_equal(parse(text, 4, &m, NULL), 0);
	assert_string_equal(m.device[0].name, "media");
	assert_int_equal(m.device[0].u.vhost_user.id, 26);
	assert_int_equal(m.device[0].u.vhost_user.queue_size, 256);
	assert_int_equal(m.device[0].u.vhost_user.config_bytes, 3);
	assert_memory_equal(m.device[0].u.vhost_user.config, "m\0\xff", 3);
	assert_null(m.device[1].u.vhost_user.config);
	assert_int_equal(m.device[1].u.vhost_user.config_bytes, 60);
	assert_int_equal(m.device[1].u.vhost_user.queue_size, 512);
	manifest_fini(&m);
}

static void test_wrong_keys_are_named(void **state)
{
	static const struct {
		const char *text, *says;
	} wrong[] = {
		{ "{}", "\"manifest\" is missing" },
		{ "{" HEAD ",\"devices\":[{\"type\":\"vhost-user\",\"id\":26,\"queues\":1}]}",
			"\"fd\" is missing" },
		{ "{" HEAD ",\"devices\":[{\"type\":\"vhost-user\",\"fd\":1,\"id\":26,"
		  "\"queues\":1,\"queue_size\":100}]}",
			"not a power of 2" },
		{ "{" HEAD ",\"devices\":[{\"type\":\"vhost-user\",\"fd\":1,\"id\":26,"
		  "\"queues\":1,\"config\":\"0g\"}]}",
			"\"config\" has something else" },
		{ "{" HEAD ",\"devices\":[{\"type\":\"vhost-user\",\"fd\":1,\"id\":26,"
		  "\"queues\":1,\"config\":\"012\"}]}",
			"pairs of hexadecimal digits" },
		{ "{" HEAD ",\"devices\":[{\"type\":\"vhost-user\",\"fd\":1,\"id\":26,"
		  "\"queues\":1,\"config\":\"01\",\"config_bytes\":4}]}",
			"one of them only" },
		{ "{\"manifest\":2}", "\"manifest\" is 2" },
		{ "[]", "\"manifest\" is missing" },
		{ "{" HEAD ",\"cpus\":0}", "\"cpus\" is 0" },
		{ "{" HEAD ",\"cpus\":9}", "\"cpus\" is 9" },
		{ "{" HEAD ",\"cpus\":1.5}", "whole number" },
		{ "{" HEAD ",\"log_level\":\"loud\"}", "\"log_level\" is \"loud\"" },
		{ "{" HEAD ",\"serial\":{\"fd\":4}}", "serial: fd 4: 4 descriptors" },
		{ "{" HEAD ",\"serial\":{\"fd\":-1}}", "serial: \"fd\" is -1" },
		{ "{" HEAD ",\"serial\":{\"fd\":0}}", "fd 0 is named twice" },
		{ "{" HEAD ",\"serial\":7}", "\"serial\"" },
		{ "{" HEAD ",\"modules\":[{}]}", "modules[0]: \"fd\" is missing" },
		{ "{" HEAD ",\"devices\":[{}]}", "devices[0]: \"type\" is missing" },
		{ "{" HEAD ",\"devices\":[5]}", "devices[0]: \"type\" is missing" },
		{ "{" HEAD ",\"devices\":[{\"type\":\"toaster\"}]}", "is \"toaster\"" },
		{ "{" HEAD ",\"devices\":[{\"type\":\"can\",\"features\":[\"xl\"]}]}", "classic" },
		{ "{" HEAD ",\"devices\":[{\"type\":\"can\",\"features\":[3]}]}", "classic" },
		{ "{" HEAD ",\"devices\":[{\"type\":\"console\",\"ports\":[]}]}",
			"\"ports\": 1 to" },
		{ "{" HEAD ",\"devices\":[{\"type\":\"console\",\"ports\":[{\"fd\":9}]}]}",
			"devices[0]: ports[0]: fd 9" },
		{ "{" HEAD ",\"devices\":[{\"type\":\"gpu\",\"scanouts\":[]}]}", "1 to 4" },
		{ "{" HEAD ",\"devices\":[{\"type\":\"gpu\",\"scanouts\":[{\"width\":1}]}]}",
			"scanouts[0]: \"width\" is 1" },
		{ "{" HEAD ",\"devices\":[{\"type\":\"input\",\"kind\":\"nose\"}]}", "\"nose\"" },
		{ "{" HEAD ",\"devices\":[{\"type\":\"input\",\"kind\":\"touch\"}]}",
			"devices[0]: there is no scanout 0" },
		{ "{" HEAD ",\"display\":{\"fd\":1}}", "there is no gpu" },
		{ "{" HEAD ",\"devices\":[{\"type\":\"blk\"}]}", "\"bytes\" is missing" },
		{ "{" HEAD ",\"devices\":[{\"type\":\"blk\",\"fd\":1,\"queues\":9}]}",
			"\"queues\" is 9" },
		{ "{" HEAD ",\"devices\":[{\"type\":\"blk\",\"fd\":1,\"overlay\":\"qcow2\"}]}",
			"memory or none" },
		{ "{" HEAD ",\"devices\":[{\"type\":\"blk\",\"fd\":1,"
		  "\"serial\":\"123456789012345678901\"}]}",
			"\"serial\" is longer than 20" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		expect_refused(wrong[i].text, wrong[i].says);
	expect_refused(
		"{\"manifest\":1,\"name\":\"g\",\"memory_bytes\":16777217,\"kernel\":{\"fd\":0}}",
		"multiple of 4096");
	expect_refused(
		"{\"manifest\":1,\"name\":\"g\",\"memory_bytes\":4096,\"kernel\":{\"fd\":0}}",
		"\"memory_bytes\" is 4096");
}

static void test_long_names_and_too_many_devices_are_refused(void **state)
{
	struct manifest m;
	struct err e = { 0 };
	char name[MANIFEST_NAME + 1];
	json_t *root = json_loads("{" HEAD ",\"devices\":[]}", 0, NULL);
	json_t *devices = json_object_get(root, "devices");

	(void)state;
	for (int i = 0; i < MANIFEST_MAX_DEVICES; i++)
		json_array_append_new(devices, json_pack("{s:s}", "type", "rng"));
	assert_int_equal(manifest_parse(&m, root, 1, &e), 0);
	assert_string_equal(m.device[30].name, "rng30");
	manifest_fini(&m);
	json_array_append_new(devices, json_pack("{s:s}", "type", "rng"));
	assert_true(manifest_parse(&m, root, 1, &e) < 0);
	assert_non_null(strstr(e.text, "32 devices"));
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	json_array_clear(devices);
	json_object_set_new(root, "name", json_string(name));
	assert_true(manifest_parse(&m, root, 1, &e) < 0);
	assert_non_null(strstr(e.text, "\"name\" is longer than 63"));
	json_decref(root);
}

static void test_signals_are_a_list_of_names(void **state)
{
	char text[1024], name[MANIFEST_SIGNAL + 1];
	struct manifest m;

	(void)state;
	assert_int_equal(
		parse("{" HEAD ",\"signals\":{\"fd\":1,\"names\":[\"a\",\"b.c\"]}}", 2, &m, NULL),
		0);
	assert_int_equal(m.signals_fd, 1);
	assert_int_equal(m.n_signals, 2);
	assert_string_equal(m.signal[1], "b.c");
	manifest_fini(&m);
	assert_int_equal(parse("{" HEAD "}", 1, &m, NULL), 0);
	assert_int_equal(m.signals_fd, MANIFEST_NO_FD);
	assert_int_equal(m.n_signals, 0);
	manifest_fini(&m);
	expect_refused("{" HEAD ",\"signals\":{\"fd\":1}}", "names");
	expect_refused("{" HEAD ",\"signals\":{\"fd\":0,\"names\":[]}}", "signals: fd 0");
	expect_refused("{" HEAD ",\"signals\":{\"names\":[\"a\",4]}}", "names[1]");
	memset(name, 'x', MANIFEST_SIGNAL);
	name[MANIFEST_SIGNAL] = '\0';
	snprintf(text, sizeof(text), "{" HEAD ",\"signals\":{\"names\":[\"%s\"]}}", name);
	expect_refused(text, "names[0]");
}

#define SIGNALS ",\"signals\":{\"names\":[\"a\",\"b\"]}"
#define CHIP    "{" HEAD SIGNALS ",\"devices\":[{\"type\":\"i2c\",\"chips\":[{\"chip\":\"lm75\","
#define LINE    "{" HEAD SIGNALS ",\"devices\":[{\"type\":\"gpio\",\"lines\":[{"

static void test_chips_take_their_values_from_signals(void **state)
{
	const struct manifest_chip *c;
	struct manifest m;

	(void)state;
	assert_int_equal(
		parse(CHIP "\"address\":73,\"alert\":1,\"present\":{\"signal\":0},"
			   "\"temperature\":{\"signal\":1,\"scale\":0.5,\"offset\":-40}}]}]}",
			1, &m, NULL),
		0);
	assert_int_equal(m.device[0].u.i2c.n, 1);
	c = &m.device[0].u.i2c.chip[0];
	assert_int_equal(c->type, I2C_LM75);
	assert_int_equal(c->address, 0x49);
	assert_int_equal(c->alert, 1);
	assert_int_equal(c->present.signal, 0);
	assert_true(c->present.scale == 1);
	assert_int_equal(c->feed[I2C_TEMPERATURE].signal, 1);
	assert_true(c->feed[I2C_TEMPERATURE].scale == 0.5);
	assert_true(c->feed[I2C_TEMPERATURE].offset == -40);
	manifest_fini(&m);
	expect_refused(CHIP "\"address\":73}]}]}", "temperature");
	expect_refused(CHIP "\"address\":68,\"temperature\":{}}]}]}", "address");
	expect_refused(CHIP "\"address\":73,\"temperature\":{\"signal\":2}}]}]}", "list of 2");
	expect_refused(CHIP "\"address\":73,\"temperature\":{\"scale\":\"x\"}}]}]}",
		"temperature: \"scale\"");
	expect_refused(CHIP "\"address\":73,\"temperature\":{}},{\"chip\":\"lm75\",\"address\":73,"
			    "\"temperature\":{}}]}]}",
		"address 73 is taken");
	expect_refused("{" HEAD
		       ",\"devices\":[{\"type\":\"i2c\",\"chips\":[{\"chip\":\"lm76\"}]}]}",
		"lm76");
}

static void test_lines_are_signals_in_or_out(void **state)
{
	const struct manifest_line *l;
	struct manifest m;

	(void)state;
	assert_int_equal(parse(LINE "\"name\":\"lamp\",\"output\":1},"
				    "{\"name\":\"door\",\"input\":{\"signal\":0}}]}]}",
				 1, &m, NULL),
		0);
	assert_int_equal(m.device[0].u.gpio.n, 2);
	l = m.device[0].u.gpio.line;
	assert_string_equal(l[0].name, "lamp");
	assert_false(l[0].has_input);
	assert_int_equal(l[0].output, 1);
	assert_true(l[1].has_input);
	assert_int_equal(l[1].input.signal, 0);
	assert_int_equal(l[1].output, SIGNAL_FEED_CONSTANT);
	manifest_fini(&m);
	expect_refused(LINE "\"output\":1}]}]}", "name");
	expect_refused(LINE "\"name\":\"a\",\"output\":2}]}]}", "list of 2");
	expect_refused(LINE "\"name\":\"12345678901234567890123456789012\"}]}]}", "longer than 31");
	expect_refused("{" HEAD ",\"devices\":[{\"type\":\"gpio\",\"lines\":[]}]}", "1 to 64");
}

static void test_two_gpus_are_one_too_many(void **state)
{
	(void)state;
	expect_refused("{" HEAD ",\"devices\":["
		       "{\"type\":\"gpu\",\"scanouts\":[{\"width\":64,\"height\":64}]},"
		       "{\"type\":\"gpu\",\"scanouts\":[{\"width\":64,\"height\":64}]}]}",
		"devices[1]: a guest has one gpu");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_smallest_manifest_has_defaults),
		cmocka_unit_test(test_time_of_day_is_the_hosts_or_given),
		cmocka_unit_test(test_example_of_the_interface_page_is_understood),
		cmocka_unit_test(test_a_disk_may_be_of_an_nbd_server),
		cmocka_unit_test(test_the_transport_is_pci_or_mmio),
		cmocka_unit_test(test_balloons_have_defaults_and_keys),
		cmocka_unit_test(test_disks_have_defaults_and_keys),
		cmocka_unit_test(
			test_a_device_of_another_program_has_its_config_or_takes_the_programs),
		cmocka_unit_test(test_wrong_keys_are_named),
		cmocka_unit_test(test_long_names_and_too_many_devices_are_refused),
		cmocka_unit_test(test_two_gpus_are_one_too_many),
		cmocka_unit_test(test_signals_are_a_list_of_names),
		cmocka_unit_test(test_chips_take_their_values_from_signals),
		cmocka_unit_test(test_lines_are_signals_in_or_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
