/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's sound through real sound servers: what it plays is recorded at the sink's monitor, what
 * is said into the microphone is measured by the guest, and a server that is killed during play is
 * played to again when it is back.
 */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/dyno_proc.h"
#include "tests/e2e/sound_server.h"

static enum sound_kind kind;

static const char *server_word(void)
{
	return kind == SOUND_PIPEWIRE ? "pipewire" : "pulse";
}

static void write_scenario(const char *options, const char *mic)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"duration: 40s\nend_when: guests-ended\naudio: %s\n"
		"guests:\n  tone:\n    kernel: builtin:tone\n    memory: 64M\n    cmdline: \"%s\"\n"
		"    sound:\n      main: {role: Music, target: vsink}\n"
		"      mic: {direction: capture, target: \"%s\"}\n"
		"checks:\n  - exit: {reason: poweroff}\n",
		server_word(), options, mic);
	proc_write("tone.yaml", text);
}

/* Which server played, and whose clock; the caller frees the text. */
static void expect_clock(const char *clock)
{
	char *m = proc_read("out/metrics.json"), word[64];

	assert_non_null(m);
	snprintf(word, sizeof(word), "\"backend\": \"%s\"", clock);
	assert_non_null(strstr(m, word));
	free(m);
}

static void sleep_s(int s)
{
	nanosleep(&(struct timespec){ s, 0 }, NULL);
}

/* Two servers take turns in one folder. */
static void forget_run(void)
{
	unlink(proc_path("heard.wav"));
	unlink(proc_path("again.wav"));
}

static void test_tones_arrive_at_the_sink_as_they_were_played(void **state)
{
	static const char *const formats[] = { "s16", "float" };
	struct sound_server s;

	(void)state;
	sound_server_start(&s, kind);
	for (size_t i = 0; i < 2; i++) {
		struct sound_heard h;
		struct proc p;
		char options[128];
		pid_t rec;

		forget_run();
		rec = sound_record(&s, "heard.wav");
		snprintf(options, sizeof(options),
			"tone=440,1000 level=-12 seconds=4 period=480 periods=12 format=%s rate=%d",
			formats[i], i ? 44100 : 48000);
		write_scenario(options, sound_server_microphone(&s));
		assert_int_equal(proc_run(&p, ARGS("run", "--headless", "tone.yaml")), 0);
		proc_free(&p);
		sound_stop(rec);
		expect_clock(server_word());
		h = sound_listen("heard.wav", 440, 1000, -12);
		print_message(
			"%s, %s: 440 Hz left and 1 kHz right for %u ms at one go, %u pieces\n",
			server_word(), formats[i], h.longest_ms, h.pieces);
		assert_true(h.longest_ms >= 500);
		/* And not the other way round. */
		assert_int_equal(sound_listen("heard.wav", 1000, 440, -12).longest_ms, 0);
	}
	sound_server_stop(&s);
}

static bool is_near(const char **at, const char *word, double wanted, double tolerance)
{
	const char *found = strstr(*at, word);
	char *end;
	double v;

	if (!found)
		return false;
	v = strtod(found + strlen(word), &end);
	*at = end;
	return fabs(v - wanted) <= tolerance;
}

/* "HEARD 1 0: hz=700.012 db=-20.01 1: hz=..." */
static bool heard_right(const char *line, double left, double right, double db)
{
	return is_near(&line, "hz=", left, 0.005 * left) && is_near(&line, "db=", db, 1) &&
	       is_near(&line, "hz=", right, 0.005 * right) && is_near(&line, "db=", db, 1);
}

static void test_a_guest_hears_the_microphone(void **state)
{
	struct sound_server s;
	unsigned int right = 0;
	struct proc p;
	char *log;
	pid_t speaker;

	(void)state;
	sound_server_start(&s, kind);
	sound_write_tones("voice.wav", 700, 1500, -20, 30);
	speaker = sound_speak(&s, "voice.wav");
	write_scenario("tone=0 hear=2 seconds=6", sound_server_microphone(&s));
	assert_int_equal(proc_run(&p, ARGS("run", "--headless", "tone.yaml")), 0);
	proc_free(&p);
	sound_stop(speaker);
	sound_server_stop(&s);
	log = proc_read("out/tone.log");
	assert_non_null(log);
	for (const char *at = log; (at = strstr(at, "HEARD ")) != NULL; at++)
		right += heard_right(at, 700, 1500, -20);
	print_message("%s: %u of 6 seconds were heard without a fault\n", server_word(), right);
	assert_true(right >= 1);
	free(log);
}

static void test_sound_resumes_when_a_killed_server_is_back(void **state)
{
	struct sound_server s;
	struct sound_heard h;
	struct proc p;
	char *log;
	pid_t rec;

	(void)state;
	forget_run();
	sound_server_start(&s, kind);
	write_scenario("tone=440,1000 level=-12 seconds=12 period=480 periods=12",
		sound_server_microphone(&s));
	proc_start(&p, ARGS("run", "--headless", "tone.yaml"));
	json_decref(proc_await_state("running"));
	sleep_s(2);
	sound_server_kill(&s);
	sleep_s(2);
	sound_server_start(&s, kind);
	rec = sound_record(&s, "again.wav");
	assert_int_equal(proc_wait(&p), 0);
	sound_stop(rec);
	sound_server_stop(&s);
	h = sound_listen("again.wav", 440, 1000, -12);
	print_message("%s: back again for %u ms at one go\n", server_word(), h.longest_ms);
	assert_true(h.longest_ms >= 500);
	/* Nobody held the guest up meanwhile: it played its 1200 periods to the end. */
	log = proc_read("out/tone.log");
	assert_non_null(log);
	assert_non_null(strstr(log, "PLAYED periods=1200 refused=0"));
	free(log);
	proc_free(&p);
}

static int clean_up(void **state)
{
	(void)state;
	sound_kill_all();
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
			test_tones_arrive_at_the_sink_as_they_were_played, clean_up),
		cmocka_unit_test_teardown(test_a_guest_hears_the_microphone, clean_up),
		cmocka_unit_test_teardown(
			test_sound_resumes_when_a_killed_server_is_back, clean_up),
	};
	const char *missing;
	int rc;

	kind = argc > 1 && strcmp(argv[1], "pulse") == 0 ? SOUND_PULSE : SOUND_PIPEWIRE;
	missing = sound_server_unable(kind);
	if (missing || access("/dev/kvm", R_OK | W_OK) != 0) {
		printf("skipped: no %s\n", missing ? missing : "/dev/kvm");
		return 77;
	}
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	proc_folder_remove();
	return rc;
}
