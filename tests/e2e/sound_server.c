/* SPDX-License-Identifier: Apache-2.0 */
/* See sound_server.h. */
#include "tests/e2e/sound_server.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sndfile.h>

#include "sim/check/sound.h"
#include "tests/e2e/dyno_proc.h"

#define RATE     48000
#define LIMIT_MS 15000
#define PIECE    (RATE / 10)
#define STEP     (RATE / 40)

static void nap_ms(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

/* What runs, so that nothing is left of a test that failed. */
static pid_t children[16];

static void note(pid_t old, pid_t new)
{
	for (size_t i = 0; i < sizeof(children) / sizeof(children[0]); i++) {
		if (children[i] == old) {
			children[i] = new;
			return;
		}
	}
}

void sound_kill_all(void)
{
	for (size_t i = 0; i < sizeof(children) / sizeof(children[0]); i++) {
		if (children[i] <= 0)
			continue;
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
		children[i] = 0;
	}
}

/*
 * What it says goes to FOLDER/log. With real-time priority where this user may: recorders and
 * players take samples in a thread that has none of its own, and miss some on a busy host.
 */
static pid_t start(const char *log, const char *const *argv)
{
	const struct sched_param prio = { .sched_priority = 20 };
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	pid_t pid = -1;
	int rc;

	assert_int_equal(posix_spawn_file_actions_init(&fa), 0);
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(
		&fa, 1, proc_path(log), O_WRONLY | O_CREAT | O_APPEND, 0600);
	posix_spawn_file_actions_adddup2(&fa, 1, 2);
	assert_int_equal(posix_spawnattr_init(&attr), 0);
	posix_spawnattr_setschedpolicy(&attr, SCHED_FIFO);
	posix_spawnattr_setschedparam(&attr, &prio);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSCHEDULER);
	rc = posix_spawnp(&pid, argv[0], &fa, &attr, (char *const *)(uintptr_t)argv, environ);
	if (rc == EPERM)
		rc = posix_spawnp(
			&pid, argv[0], &fa, NULL, (char *const *)(uintptr_t)argv, environ);
	assert_int_equal(rc, 0);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	note(0, pid);
	return pid;
}

static void end(pid_t *pid, int sig)
{
	int status;

	if (*pid <= 0)
		return;
	note(*pid, 0);
	kill(*pid, sig);
	for (int ms = 0; ms < LIMIT_MS; ms += 20) {
		if (waitpid(*pid, &status, WNOHANG) == *pid) {
			*pid = 0;
			return;
		}
		nap_ms(20);
	}
	kill(*pid, SIGKILL);
	waitpid(*pid, &status, 0);
	*pid = 0;
	fail_msg("a program did not end");
}

static bool has_all(const char *text, const char *const *words)
{
	for (; *words; words++) {
		if (!strstr(text, *words))
			return false;
	}
	return true;
}

/* Runs a program until it succeeds and says all the words. */
static void await_all(const char *const *argv, const char *const *words)
{
	for (int ms = 0; ms < LIMIT_MS; ms += 100) {
		char *out;
		int status = -1;
		pid_t pid;
		bool good;

		unlink(proc_path("await.log"));
		pid = start("await.log", argv);
		waitpid(pid, &status, 0);
		note(pid, 0);
		out = proc_read("await.log");
		good = WIFEXITED(status) && WEXITSTATUS(status) == 0 && out && has_all(out, words);
		free(out);
		if (good)
			return;
		nap_ms(100);
	}
	fail_msg("%s does not come to \"%s\"", argv[0], words[0] ? words[0] : "");
}

static void await(const char *const *argv, const char *word)
{
	await_all(argv, ARGS(word));
}

static bool on_path(const char *program)
{
	char cmd[64];

	snprintf(cmd, sizeof(cmd), "command -v %s >/dev/null", program);
	return system(cmd) == 0; /* NOLINT(cert-env33-c): a fixed list of names */
}

const char *sound_server_unable(enum sound_kind kind)
{
	static const char *const need[][7] = {
		{ "pipewire", "wireplumber", "pw-record", "pw-play", "pw-link", "pw-metadata",
			"pw-dump" },
		{ "pulseaudio", "parecord", "paplay", "pactl" },
	};

	for (size_t i = 0; i < 7 && need[kind][i]; i++) {
		if (!on_path(need[kind][i]))
			return need[kind][i];
	}
	return NULL;
}

/* ---- set-up ---- */

static void folder(const char *name)
{
	assert_true(mkdir(proc_path(name), 0700) == 0 || errno == EEXIST);
}

static void folders(void)
{
	static const char *const all[] = { "rt", "state", "config", "config/pipewire",
		"config/pipewire/pipewire.conf.d", "config/wireplumber",
		"config/wireplumber/main.lua.d", "config/wireplumber/bluetooth.lua.d" };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		folder(all[i]);
	setenv("XDG_RUNTIME_DIR", proc_path("rt"), 1);
	setenv("XDG_STATE_HOME", proc_path("state"), 1);
	setenv("XDG_CONFIG_HOME", proc_path("config"), 1);
	setenv("HOME", proc_folder(), 1);
	unsetenv("DBUS_SESSION_BUS_ADDRESS");
	unsetenv("PULSE_SERVER");
	unsetenv("PIPEWIRE_REMOTE");
}

static void configure_pipewire(void)
{
	proc_write("config/pipewire/pipewire.conf.d/test.conf",
		"context.properties = { support.dbus = false\n"
		"  vm.overrides = { default.clock.min-quantum = 32 } }\n"
		"context.objects = [\n"
		"  { factory = adapter args = { factory.name = support.null-audio-sink\n"
		"      node.name = vsink media.class = Audio/Sink audio.position = [ FL FR ]\n"
		"      object.linger = true } }\n"
		"  { factory = adapter args = { factory.name = support.null-audio-sink\n"
		"      node.name = vmic media.class = Audio/Source/Virtual\n"
		"      audio.position = [ FL FR ] object.linger = true } }\n"
		"]\n");
	proc_write("config/wireplumber/main.lua.d/51-test.lua",
		"alsa_monitor.enabled = false\n"
		"v4l2_monitor.enabled = false\n"
		"libcamera_monitor.enabled = false\n"
		"default_access.properties[\"enable-flatpak-portal\"] = false\n");
	proc_write("config/wireplumber/bluetooth.lua.d/51-test.lua",
		"bluez_monitor.enabled = false\n");
}

static void start_pipewire(struct sound_server *s)
{
	configure_pipewire();
	s->daemon = start("pipewire.log", ARGS("pipewire"));
	await(ARGS("pw-cli", "info", "0"), NULL);
	s->manager = start("wireplumber.log", ARGS("wireplumber"));
	await(ARGS("pw-metadata", "-n", "default"), "vsink");
}

static void start_pulse(struct sound_server *s)
{
	s->daemon = start("pulse.log", ARGS("pulseaudio", "--daemonize=no", "--exit-idle-time=-1",
					       "--use-pid-file=no", "-n", "-F", "/dev/null", "-L",
					       "module-null-sink sink_name=vsink norewinds=1", "-L",
					       "module-null-sink sink_name=vmic norewinds=1", "-L",
					       "module-native-protocol-unix"));
	await(ARGS("pactl", "list", "short", "sinks"), "vsink");
}

void sound_server_start(struct sound_server *s, enum sound_kind kind)
{
	*s = (struct sound_server){ .kind = kind };
	folders();
	if (kind == SOUND_PIPEWIRE)
		start_pipewire(s);
	else
		start_pulse(s);
}

void sound_server_kill(struct sound_server *s)
{
	end(&s->daemon, SIGKILL);
	end(&s->manager, SIGKILL);
	/* PulseAudio takes a socket that is left for a server that runs. */
	unlink(proc_path("rt/pulse/native"));
}

void sound_server_await_words(const struct sound_server *s, const char *const *words)
{
	if (s->kind == SOUND_PIPEWIRE)
		await_all(ARGS("pw-dump"), words);
	else
		await_all(ARGS("pactl", "list"), words);
}

void sound_server_stop(struct sound_server *s)
{
	end(&s->manager, SIGTERM);
	end(&s->daemon, SIGTERM);
}

const char *sound_server_microphone(const struct sound_server *s)
{
	return s->kind == SOUND_PIPEWIRE ? "vmic" : "vmic.monitor";
}

/* ---- clients ---- */

pid_t sound_record(const struct sound_server *s, const char *name)
{
	const char *path = proc_path(name);
	pid_t pid;

	if (s->kind == SOUND_PIPEWIRE)
		pid = start("record.log",
			ARGS("pw-record", "-P", "{ stream.capture.sink=true }", "--target", "vsink",
				"--rate", "48000", "--channels", "2", "--format", "s32", path));
	else
		pid = start("record.log",
			ARGS("parecord", "-d", "vsink.monitor", "--rate=48000", "--channels=2",
				"--format=s32le", "--file-format=wav", path));
	for (int ms = 0; ms < LIMIT_MS && !proc_exists(name); ms += 20)
		nap_ms(20);
	assert_true(proc_exists(name));
	return pid;
}

pid_t sound_speak(const struct sound_server *s, const char *name)
{
	const char *path = proc_path(name);
	pid_t pid;

	if (s->kind == SOUND_PULSE)
		return start("speak.log", ARGS("paplay", "-d", "vmic", path));
	/* A virtual microphone is no target of its own: it is plugged in by hand. */
	pid = start("speak.log",
		ARGS("pw-play", "--target", "0", "-P", "{ node.name = speaker }", path));
	await(ARGS("pw-link", "speaker:output_FL", "vmic:input_FL"), NULL);
	await(ARGS("pw-link", "speaker:output_FR", "vmic:input_FR"), NULL);
	return pid;
}

void sound_stop(pid_t pid)
{
	end(&pid, SIGINT);
}

/* ---- samples ---- */

void sound_write_tones(
	const char *name, double left_hz, double right_hz, double db, unsigned int seconds)
{
	SF_INFO info = {
		.samplerate = RATE, .channels = 2, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16
	};
	SNDFILE *f = sf_open(proc_path(name), SFM_WRITE, &info);
	const double a = sound_amplitude(db);

	assert_non_null(f);
	for (unsigned int i = 0; i < seconds * RATE; i++) {
		const float frame[] = { (float)(a * sin(2 * M_PI * left_hz * i / RATE)),
			(float)(a * sin(2 * M_PI * right_hz * i / RATE)) };

		assert_int_equal(sf_writef_float(f, frame, 1), 1);
	}
	sf_close(f);
}

static bool is_tone(const float *x, double hz, double db)
{
	const struct sound_tone t = sound_measure(x, 2, PIECE, RATE, hz);

	return fabs(t.hz - hz) <= 0.005 * hz && fabs(t.db - db) <= 1;
}

static float *read_all(const char *name, size_t *frames)
{
	SF_INFO info = { 0 };
	SNDFILE *f = sf_open(proc_path(name), SFM_READ, &info);
	/* A recorder that was ended did not write the length. */
	const size_t most = 60 * RATE;
	float *x = malloc(most * 2 * sizeof(*x));

	assert_non_null(f);
	assert_non_null(x);
	assert_int_equal(info.samplerate, RATE);
	assert_int_equal(info.channels, 2);
	*frames = (size_t)sf_readf_float(f, x, (sf_count_t)most);
	sf_close(f);
	return x;
}

struct sound_heard sound_listen(const char *name, double left_hz, double right_hz, double db)
{
	struct sound_heard h = { 0, 0 };
	size_t frames, run = 0;
	float *x = read_all(name, &frames);

	for (size_t at = 0; at + PIECE <= frames; at += STEP) {
		const float *p = x + 2 * at;

		if (!is_tone(p, left_hz, db) || !is_tone(p + 1, right_hz, db)) {
			run = 0;
			continue;
		}
		h.pieces += run == 0;
		run += run ? STEP : PIECE;
		if (run * 1000 / RATE > h.longest_ms)
			h.longest_ms = (unsigned int)(run * 1000 / RATE);
	}
	free(x);
	return h;
}

static double tone_db(const float *x, double hz)
{
	return sound_measure(x, 2, PIECE, RATE, hz).db;
}

static struct sound_duck measure_duck(const float *x, size_t onset, double hz)
{
	struct sound_duck d = { .before_db = tone_db(x + 2 * (onset - PIECE), hz),
		.after_db = tone_db(x + 2 * (onset + PIECE), hz) };
	/* Half a decibel above what it comes to: noise of a conversion is no tone. */
	const float limit = (float)(sound_amplitude(d.after_db) * 1.06);
	size_t last = onset;

	for (size_t i = onset; i < onset + 2 * PIECE; i++) {
		if (fabsf(x[2 * i]) > limit)
			last = i;
	}
	d.delay_ms = (double)(last - onset) * 1000 / RATE;
	return d;
}

unsigned int sound_find_ducks(const char *name, double hz, struct sound_duck *out, unsigned int cap)
{
	size_t frames, silent = 0;
	float *x = read_all(name, &frames);
	unsigned int n = 0;

	for (size_t i = 0; i + 2 * PIECE < frames && n < cap; i++) {
		if (fabsf(x[2 * i + 1]) < 0.01f) {
			silent++;
			continue;
		}
		if (silent >= RATE / 2)
			out[n++] = measure_duck(x, i, hz);
		silent = 0;
	}
	free(x);
	return n;
}
