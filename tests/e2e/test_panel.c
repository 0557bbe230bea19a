/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control panel as a person uses it: `dyno run --panel` on a virtual X server, a mouse and a
 * keyboard, and what comes of it on the bus.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/image.h"
#include "tests/e2e/dyno_proc.h"

#define WAIT_NS (20 * NS_PER_S)

static pid_t x_server;

/* ---- the virtual screen ---- */

static bool start_x_server(void)
{
	char number[16] = { 0 }, display[32], fd[16];
	size_t n = 0;
	int p[2];

	assert_int_equal(pipe(p), 0);
	snprintf(fd, sizeof(fd), "%d", p[1]);
	x_server = fork();
	if (x_server == 0) {
		execlp("Xvfb", "Xvfb", "-displayfd", fd, "-screen", "0", "1024x768x24", "-nolisten",
			"tcp", "-noreset", NULL);
		_exit(127);
	}
	close(p[1]);
	while (n < sizeof(number) - 1 && read(p[0], number + n, 1) == 1 && number[n] != '\n')
		n++;
	close(p[0]);
	if (!n)
		return false;
	number[n] = '\0';
	snprintf(display, sizeof(display), ":%s", number);
	setenv("DISPLAY", display, 1);
	setenv("SDL_VIDEODRIVER", "x11", 1);
	setenv("DYNO_UI_RENDERER", "surface", 0);
	setenv("DYNO_UI_SCALE", "1", 1);
	unsetenv("WAYLAND_DISPLAY");
	return true;
}

static void PRINTF_LIKE(1, 2) xdotool(const char *fmt, ...)
{
	char command[256];
	va_list ap;
	int status, n = snprintf(command, sizeof(command), "timeout 30 xdotool ");

	va_start(ap, fmt);
	vsnprintf(command + n, sizeof(command) - (size_t)n, fmt, ap);
	va_end(ap);
	status = system(command);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int group_setup(void **state)
{
	(void)state;
	proc_write("car.dbc", "VERSION \"\"\n\nBU_: Engine Body\n\n"
			      "BO_ 256 Motor: 8 Engine\n"
			      " SG_ Rpm : 0|16@1+ (1,0) [0|8000] \"rpm\" Body\n\n"
			      "BO_ 1024 Door: 1 Body\n"
			      " SG_ Open : 0|1@1+ (1,0) [0|1] \"\" Engine\n\n"
			      "BA_DEF_ BO_ \"GenMsgCycleTime\" INT 0 65535;\n"
			      "BA_DEF_DEF_ \"GenMsgCycleTime\" 20;\n");
	proc_write("feed.lua", "every(20, function() set('Car.Engine.Speed', 900) end)\n");
	proc_write("panel.yaml",
		"duration: 60s\n"
		"ui: sdl\n"
		"panel: { x: 0, y: 0, width: 800, height: 560 }\n"
		"buses: { can0: {} }\n"
		"signals:\n"
		"  databases: [{ dbc: car.dbc, nodes: [Engine, Body] }]\n"
		"  define:\n"
		"    Car.Door.IsOpen: { dbc: Door.Open, initial: 0, published: true }\n"
		"    Car.Engine.Speed: { dbc: Motor.Rpm, published: true }\n"
		"scripts: [feed.lua]\n"
		"checks:\n"
		"  - expect: { id: 400, data: '01', data_mask: '01', min: 1 }\n");
	return 0;
}

static int group_teardown(void **state)
{
	if (x_server > 0) {
		kill(x_server, SIGTERM);
		waitpid(x_server, NULL, 0);
	}
	return proc_group_teardown(state);
}

/* ---- what is asked of the run ---- */

/* The middle of a control; waits until the panel has it. */
static void find(const char *control, const char *name, int *x, int *y, int *w)
{
	uint64_t end = clock_now_ns() + WAIT_NS;
	bool found = false;

	while (!found && clock_now_ns() < end) {
		json_t *a = proc_ctl(ARGS("panel")), *o;
		size_t i;

		json_array_foreach (json_object_get(a, "controls"), i, o) {
			if (strcmp(json_string_value(json_object_get(o, "control")), control) !=
					0 ||
				strcmp(json_string_value(json_object_get(o, "name")), name) != 0)
				continue;
			*w = (int)json_integer_value(json_object_get(o, "w"));
			*x = (int)json_integer_value(json_object_get(o, "x")) + *w / 2;
			*y = (int)json_integer_value(json_object_get(o, "y")) +
			     (int)json_integer_value(json_object_get(o, "h")) / 2;
			found = true;
		}
		json_decref(a);
		if (!found)
			usleep(20000);
	}
	if (!found)
		fail_msg("the panel has no %s of %s", control, name);
}

static void click(const char *control, const char *name)
{
	int x, y, w;

	find(control, name, &x, &y, &w);
	xdotool("mousemove %d %d click 1", x, y);
}

/* Waits until the signal has a value in a range, and is held, or not. */
static void await_signal(const char *signal, double min, double max, bool held)
{
	uint64_t end = clock_now_ns() + WAIT_NS;
	double value = -1;

	while (clock_now_ns() < end) {
		json_t *a = proc_ctl(ARGS("get", signal));
		bool stuck = json_is_true(json_object_get(a, "stuck"));

		value = json_number_value(json_object_get(a, "value"));
		json_decref(a);
		if (value >= min && value <= max && stuck == held)
			return;
		usleep(20000);
	}
	fail_msg("%s is %g", signal, value);
}

static void test_clicks_and_keys_change_signals_on_the_bus_and_let_go_of_them(void **state)
{
	struct image im;
	struct err e = { .text = "" };
	struct proc p;
	json_t *a;
	int x, y, w;

	(void)state;
	proc_start(&p, ARGS("run", "--panel", "panel.yaml"));
	json_decref(proc_await_state("running"));
	/* What is clicked at before there is a window hits nothing. */
	xdotool("search --sync --onlyvisible --name panel");

	/* Nobody feeds the door: it is set. */
	click("switch", "Car.Door.IsOpen");
	await_signal("Car.Door.IsOpen", 1, 1, false);

	/* A script feeds the engine's speed: it is held, until it is released. */
	await_signal("Car.Engine.Speed", 900, 900, false);
	find("slider", "Car.Engine.Speed", &x, &y, &w);
	xdotool("mousemove %d %d mousedown 1 mousemove %d %d mousemove %d %d mouseup 1", x, y,
		x + 10, y, x + w / 4, y + 60);
	await_signal("Car.Engine.Speed", 5800, 6200, true);
	a = proc_ctl(ARGS("panel", proc_path("panel.png")));
	assert_true(json_is_true(json_object_get(a, "ok")));
	json_decref(a);
	assert_int_equal(image_load(&im, proc_path("panel.png"), &e), 0);
	assert_int_equal(im.width, 800);
	assert_int_equal(im.height, 560);
	image_fini(&im);
	click("release", "Car.Engine.Speed");
	await_signal("Car.Engine.Speed", 900, 900, false);

	/* The keyboard: its slider was pressed last, so that Tab goes on from it. */
	xdotool("mousemove %d %d click 1", x, y);
	await_signal("Car.Engine.Speed", 3900, 4100, true);
	xdotool("search --sync --onlyvisible --name panel windowfocus --sync");
	xdotool("key Right");
	await_signal("Car.Engine.Speed", 4000, 4200, true);
	xdotool("key End");
	await_signal("Car.Engine.Speed", 8000, 8000, true);
	xdotool("key Delete");
	await_signal("Car.Engine.Speed", 900, 900, false);

	/* Pause, go on, and stop: twice, for it cannot be undone. */
	click("pause", "");
	json_decref(proc_await_state("paused"));
	click("pause", "");
	json_decref(proc_await_state("running"));
	/* Both in time. */
	find("stop", "", &x, &y, &w);
	xdotool("mousemove %d %d click --repeat 2 --delay 100 1", x, y);
	assert_int_equal(proc_wait(&p), 0);
	proc_free(&p);
}

static void test_a_closed_panel_does_not_end_the_run(void **state)
{
	struct proc p;
	json_t *a;

	(void)state;
	proc_start(&p, ARGS("run", "--panel", "panel.yaml"));
	json_decref(proc_await_state("running"));
	xdotool("search --sync --onlyvisible --name panel windowclose");
	a = proc_ctl(ARGS("set", "Car.Door.IsOpen", "1"));
	assert_true(json_is_true(json_object_get(a, "ok")));
	json_decref(a);
	json_decref(proc_ctl(ARGS("stop")));
	(void)proc_wait(&p);
	proc_free(&p);
}

static void test_without_windows_the_panel_is_a_picture(void **state)
{
	struct proc p;
	json_t *a;

	(void)state;
	proc_start(&p, ARGS("run", "--headless", "--panel", "panel.yaml"));
	json_decref(proc_await_state("running"));
	a = proc_ctl(ARGS("panel", proc_path("headless.png")));
	assert_true(json_is_true(json_object_get(a, "ok")));
	json_decref(a);
	assert_true(proc_exists("headless.png"));
	json_decref(proc_ctl(ARGS("stop")));
	(void)proc_wait(&p);
	proc_free(&p);
	proc_start(&p, ARGS("run", "--headless", "panel.yaml"));
	json_decref(proc_await_state("running"));
	a = proc_ctl(ARGS("panel"));
	assert_false(json_is_true(json_object_get(a, "ok")));
	json_decref(a);
	json_decref(proc_ctl(ARGS("stop")));
	(void)proc_wait(&p);
	proc_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clicks_and_keys_change_signals_on_the_bus_and_let_go_of_them),
		cmocka_unit_test(test_a_closed_panel_does_not_end_the_run),
		cmocka_unit_test(test_without_windows_the_panel_is_a_picture),
	};

	if (system("command -v Xvfb xdotool >/dev/null") != 0 || !start_x_server()) {
		printf("skipped: Xvfb or xdotool is missing\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
