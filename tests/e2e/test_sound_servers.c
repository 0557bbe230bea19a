/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's sound through real sound servers: what it plays is recorded at the sink's monitor, what
 * is said into the microphone is measured by the guest, a warning quietens music in time, and a
 * server that is killed during play is played to again when it is back.
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

/* Most frames that the server took of the guest's first stream at one go. */
static unsigned int longest_turn(void)
{
	char *text = proc_read("out/metrics.json");
	json_t *m = text ? json_loads(text, 0, NULL) : NULL;
	const json_t *list = json_object_get(json_object_get(m, "audio"), "streams");
	json_int_t turn = json_integer_value(json_object_get(json_array_get(list, 0), "turn"));

	free(text);
	json_decref(m);
	return (unsigned int)turn;
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

/* In how many of the seconds that the guest tells about it heard these tones. */
static unsigned int seconds_heard_right(double left, double right, double db)
{
	char *log = proc_read("out/tone.log");
	unsigned int n = 0;

	assert_non_null(log);
	for (const char *at = log; (at = strstr(at, "HEARD ")) != NULL; at++)
		n += heard_right(at, left, right, db);
	free(log);
	return n;
}

static void test_tones_arrive_at_the_sink_as_they_were_played(void **state)
{
	static const struct {
		const char *name;
		int rate;
	} formats[] = { { "s16", 48000 }, { "float", 44100 }, { "s24", 192000 }, { "s32", 8000 } };
	struct sound_server s;

	(void)state;
	sound_server_start(&s, kind);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct sound_heard h;
		struct proc p;
		char options[128];
		pid_t rec;

		forget_run();
		rec = sound_record(&s, "heard.wav");
		snprintf(options, sizeof(options),
			"tone=440,1000 level=-12 seconds=4 period=%d periods=12 format=%s rate=%d",
			formats[i].rate / 100, formats[i].name, formats[i].rate);
		write_scenario(options, sound_server_microphone(&s));
		assert_int_equal(proc_run(&p, ARGS("run", "--headless", "tone.yaml")), 0);
		proc_free(&p);
		sound_stop(rec);
		expect_clock(server_word());
		/* A sound server's turn is no longer than the guest's period. */
		if (kind == SOUND_PIPEWIRE)
			assert_in_range(longest_turn(), 1, (unsigned int)formats[i].rate / 100);
		h = sound_listen("heard.wav", 440, 1000, -12);
		print_message(
			"%s, %s: 440 Hz left and 1 kHz right for %u ms at one go, %u pieces\n",
			server_word(), formats[i].name, h.longest_ms, h.pieces);
		assert_true(h.longest_ms >= 500);
		/* And not the other way round. */
		assert_int_equal(sound_listen("heard.wav", 1000, 440, -12).longest_ms, 0);
	}
	sound_server_stop(&s);
}

static void expect_server(const char *line, const char *clock)
{
	struct proc p;

	proc_write("auto.yaml",
		"duration: 20s\nend_when: guests-ended\naudio: auto\nguests:\n"
		"  tone: { kernel: builtin:tone, memory: 64M, cmdline: tone=440 seconds=1,"
		" sound: { main: {} } }\n");
	assert_int_equal(proc_run(&p, ARGS("run", "--headless", "auto.yaml")), 0);
	assert_non_null(strstr(p.err, line));
	proc_free(&p);
	expect_clock(clock);
}

static void test_auto_takes_what_is_there_and_says_which(void **state)
{
	struct sound_server s;
	char line[32];

	(void)state;
	snprintf(line, sizeof(line), "sound: %s\n", server_word());
	sound_server_start(&s, kind);
	expect_server(line, server_word());
	sound_server_stop(&s);
	expect_server("sound: null (recorded, not heard)\n", "null");
}

/* The sink's monitor is the guest's microphone; meanwhile the server knows the streams by name,
 * role and target. */
static void test_a_guest_hears_itself_from_the_sinks_monitor(void **state)
{
	static const char *const pipewire[] = { "\"node.name\": \"dyno.tone.main\"",
		"\"node.name\": \"dyno.tone.mic\"", "\"media.role\": \"Music\"",
		"\"target.object\": \"vsink\"", "\"application.name\": \"Dyno\"", NULL };
	static const char *const pulse[] = { "application.name = \"Dyno\"",
		"media.name = \"dyno.tone.main\"", "media.role = \"music\"",
		"media.name = \"dyno.tone.mic\"", NULL };
	struct sound_server s;
	unsigned int right;
	struct proc p;

	(void)state;
	sound_server_start(&s, kind);
	write_scenario("tone=440,1000 level=-12 hear=2 seconds=8 periods=12", "vsink.monitor");
	proc_start(&p, ARGS("run", "--headless", "tone.yaml"));
	json_decref(proc_await_state("running"));
	sound_server_await_words(&s, kind == SOUND_PIPEWIRE ? pipewire : pulse);
	assert_int_equal(proc_wait(&p), 0);
	proc_free(&p);
	sound_server_stop(&s);
	right = seconds_heard_right(440, 1000, -12);
	print_message("%s: %u of 8 seconds came back without a fault\n", server_word(), right);
	assert_true(right >= 1);
}

/* The cluster's warning, which is mute but for four times, and the music of the ivi: each in a
 * channel of its own, measured at the sink. On a busy host there may be a gap where it is measured.
 */
static void test_a_warning_quietens_music_within_20_ms_at_the_sink(void **state)
{
	static const char guest[] =
		"  %s:\n    kernel: builtin:tone\n    memory: 64M\n"
		"    cmdline: \"tone=%s level=-12 seconds=10 period=480 periods=12\"\n"
		"    sound: { main: { target: vsink, mute: %s } }\n";
	struct sound_server s;
	struct sound_duck d[8];
	unsigned int ducks, good = 0;
	struct proc p;
	char text[2048];
	size_t n;
	pid_t rec;

	(void)state;
	forget_run();
	sound_server_start(&s, kind);
	n = (size_t)snprintf(text, sizeof(text),
		"duration: 40s\nend_when: guests-ended\n"
		"audio: { server: %s, focus: [ { when: cluster.main, duck: ivi.main, db: 12 } ] }\n"
		"actions:\n",
		server_word());
	for (int at = 2; at < 10; at++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
			"  - { at: %ds, mute: { stream: cluster.main, on: %s } }\n", at,
			at % 2 ? "true" : "false");
	n += (size_t)snprintf(text + n, sizeof(text) - n, "guests:\n");
	n += (size_t)snprintf(text + n, sizeof(text) - n, guest, "ivi", "2000,0", "false");
	snprintf(text + n, sizeof(text) - n, guest, "cluster", "0,1000", "true");
	proc_write("focus.yaml", text);
	rec = sound_record(&s, "heard.wav");
	assert_int_equal(proc_run(&p, ARGS("run", "--headless", "focus.yaml")), 0);
	proc_free(&p);
	sound_stop(rec);
	sound_server_stop(&s);
	ducks = sound_find_ducks("heard.wav", 2000, d, sizeof(d) / sizeof(d[0]));
	for (unsigned int i = 0; i < ducks; i++) {
		print_message("%s: %.1f dB before, %.1f dB %.1f ms after a warning began\n",
			server_word(), d[i].before_db, d[i].after_db, d[i].delay_ms);
		good += fabs(d[i].before_db - -12) <= 1 && fabs(d[i].after_db - -24) <= 1 &&
			d[i].delay_ms <= 20;
	}
	assert_true(good >= 1);
}

static void test_a_guest_hears_the_microphone(void **state)
{
	struct sound_server s;
	unsigned int right;
	struct proc p;
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
	right = seconds_heard_right(700, 1500, -20);
	print_message("%s: %u of 6 seconds were heard without a fault\n", server_word(), right);
	assert_true(right >= 1);
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
		cmocka_unit_test_teardown(test_auto_takes_what_is_there_and_says_which, clean_up),
		cmocka_unit_test_teardown(
			test_a_guest_hears_itself_from_the_sinks_monitor, clean_up),
		cmocka_unit_test_teardown(
			test_a_warning_quietens_music_within_20_ms_at_the_sink, clean_up),
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
