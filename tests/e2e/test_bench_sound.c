/* SPDX-License-Identifier: Apache-2.0 */
/* What a run tells of its sound and takes from others, without a sound server: the host's mixer,
 * jacks, and recordings that lack nothing of what a guest played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/dyno_proc.h"

#define RATE 48000

static const char scenario[] =
	"duration: 40s\nend_when: guests-ended\naudio: \"null\"\nguests:\n  ivi:\n"
	"    kernel: builtin:tone\n    memory: 64M\n    cmdline: \"tone=440,1000 level=-12 %s\"\n"
	"    sound:\n      media: { role: Music, volume: %u }\n"
	"      mic: { direction: capture, mute: true, plugged: false }\n";

static void write_scenario(const char *options, unsigned int volume)
{
	char text[1024];

	snprintf(text, sizeof(text), scenario, options, volume);
	proc_write("sound.yaml", text);
}

/* The answer to `status` has this for stream `i`. */
static void expect_stream(
	const json_t *status, size_t i, const char *name, int percent, bool mute, bool plugged)
{
	const json_t *s = json_array_get(json_object_get(status, "streams"), i);

	assert_string_equal(json_string_value(json_object_get(s, "guest")), "ivi");
	assert_string_equal(json_string_value(json_object_get(s, "stream")), name);
	assert_string_equal(
		json_string_value(json_object_get(s, "direction")), i ? "capture" : "play");
	assert_int_equal(json_integer_value(json_object_get(s, "percent")), percent);
	assert_int_equal(json_is_true(json_object_get(s, "mute")), mute);
	assert_int_equal(json_is_true(json_object_get(s, "plugged")), plugged);
}

static void tell(const char *const *args)
{
	json_t *a = proc_ctl(args);

	assert_true(json_is_true(json_object_get(a, "ok")));
	json_decref(a);
}

static void test_the_mixer_is_turned_and_read_over_the_control_socket(void **state)
{
	struct proc p;
	json_t *a;

	(void)state;
	write_scenario("seconds=0", 80);
	proc_start(&p, ARGS("run", "--headless", "sound.yaml"));
	a = proc_await_state("running");
	assert_int_equal(json_array_size(json_object_get(a, "streams")), 2);
	expect_stream(a, 0, "media", 80, false, true);
	expect_stream(a, 1, "mic", 100, true, false);
	json_decref(a);
	tell(ARGS("volume", "ivi.media", "30"));
	tell(ARGS("mute", "ivi.media"));
	tell(ARGS("mute", "ivi.mic", "off"));
	tell(ARGS("jack", "ivi.media", "out"));
	tell(ARGS("jack", "ivi.mic", "in"));
	a = proc_ctl(ARGS("status"));
	expect_stream(a, 0, "media", 30, true, false);
	expect_stream(a, 1, "mic", 100, false, true);
	json_decref(a);
	a = proc_ctl(ARGS("volume", "ivi.medai", "30"));
	assert_true(json_is_false(json_object_get(a, "ok")));
	json_decref(a);
	tell(ARGS("stop"));
	assert_int_equal(proc_wait(&p), 0);
	proc_free(&p);
}

static int played(double hz, size_t frame)
{
	return (int)lround(pow(10, -12.0 / 20) * sin(2 * M_PI * hz * (double)frame / RATE) * 32767);
}

/* The guest plays three seconds and drains: every frame is in the recording, one after the other.
 * Only where the guest came late there is silence in between. */
static void test_a_guest_that_drains_loses_no_sample(void **state)
{
	const size_t frames = 3 * RATE;
	SF_INFO info = { 0 };
	size_t found = 0;
	short x[2];
	struct proc p;
	SNDFILE *f;

	(void)state;
	write_scenario("seconds=3", 100);
	assert_int_equal(proc_run(&p, ARGS("run", "--headless", "sound.yaml")), 0);
	proc_free(&p);
	f = sf_open(proc_path("out/ivi-media.wav"), SFM_READ, &info);
	assert_non_null(f);
	while (found < frames && sf_readf_short(f, x, 1) == 1) {
		if (abs(x[0] - played(440, found)) <= 1 && abs(x[1] - played(1000, found)) <= 1)
			found++;
		else if (x[0] || x[1])
			fail_msg("frame %zu is %d, %d", found, x[0], x[1]);
	}
	sf_close(f);
	assert_int_equal(found, frames);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_mixer_is_turned_and_read_over_the_control_socket),
		cmocka_unit_test(test_a_guest_that_drains_loses_no_sample),
	};
	int rc;

	if (access("/dev/kvm", R_OK | W_OK) != 0) {
		printf("skipped: no /dev/kvm\n");
		return 77;
	}
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	proc_folder_remove();
	return rc;
}
