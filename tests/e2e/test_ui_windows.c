/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dyno-ui with real windows on a virtual X server: what two guests present is what the screen
 * shows, and mouse and keys reach the right guest with the right coordinates. The screen is read
 * from Xvfb's frame buffer file, input comes from xdotool.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/input-event-codes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/image.h"
#include "base/ipc.h"
#include "base/json.h"

#define SCREEN_W 1024
#define SCREEN_H 768
#define WAIT_MS  10000

enum { CLUSTER, IVI };

static const struct {
	uint32_t w, h, x, y; /* of the display and its window */
} place[2] = { { 640, 240, 0, 0 }, { 400, 250, 0, 300 } };

static struct {
	pid_t x, ui;
	char dir[64];
	int control;
	int channel[2]; /* the guests' ends */
	uint32_t *px[2];
	uint32_t serial;
	const uint8_t *screen; /* Xvfb's XWD file */
} t;

/* ---- processes ---- */

static pid_t spawn(char *const argv[], const int *pass_as_3)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (pass_as_3)
			dup2(*pass_as_3, 3);
		execvp(argv[0], argv);
		_exit(127);
	}
	return pid;
}

static void stop(pid_t *pid)
{
	if (*pid > 0) {
		kill(*pid, SIGTERM);
		waitpid(*pid, NULL, 0);
	}
	*pid = 0;
}

static int run(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool start_x_server(void)
{
	char fbdir[80], number[16] = { 0 }, display[32], file[128];
	int p[2], fd;
	char fdarg[16];

	snprintf(t.dir, sizeof(t.dir), "/tmp/dyno-ui-test-XXXXXX");
	assert_non_null(mkdtemp(t.dir));
	assert_int_equal(pipe(p), 0);
	snprintf(fbdir, sizeof(fbdir), "%s", t.dir);
	snprintf(fdarg, sizeof(fdarg), "%d", p[1]);
	t.x = spawn((char *[]){ "Xvfb", "-displayfd", fdarg, "-screen", "0", "1024x768x24",
			    "-fbdir", fbdir, "-nolisten", "tcp", NULL },
		NULL);
	close(p[1]);
	for (size_t n = 0; n < sizeof(number) - 1 && read(p[0], number + n, 1) == 1; n++) {
		if (number[n] == '\n')
			break;
	}
	close(p[0]);
	if (number[0] < '0' || number[0] > '9')
		return false;
	number[strcspn(number, "\n")] = '\0';
	snprintf(display, sizeof(display), ":%s", number);
	setenv("DISPLAY", display, 1);
	setenv("SDL_VIDEODRIVER", "x11", 1);
	setenv("DYNO_UI_RENDERER", "surface", 0);
	unsetenv("WAYLAND_DISPLAY");
	snprintf(file, sizeof(file), "%s/Xvfb_screen0", t.dir);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	t.screen = mmap(NULL, (size_t)fd_size(fd), PROT_READ, MAP_SHARED, fd, 0);
	assert_true(t.screen != MAP_FAILED);
	close(fd);
	return true;
}

static void start_ui(void)
{
	const char *build = getenv("DYNO_BUILD_DIR");
	char program[512];
	int control[2], c[2][2], fds[2];
	json_t *m;

	assert_non_null(build);
	snprintf(program, sizeof(program), "%s/bin/dyno-ui", build);
	assert_int_equal(ipc_pair(control, 0), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ipc_pair(c[i], 0), 0);
		t.channel[i] = c[i][0];
		fds[i] = c[i][1];
	}
	t.ui = spawn((char *[]){ program, NULL }, &control[1]);
	close(control[1]);
	t.control = control[0];
	m = json_pack("{s:i,s:s,s:s,s:[{s:s,s:i,s:[{s:s,s:i,s:i,s:i,s:i,s:[s,s]}]},"
		      "{s:s,s:i,s:[{s:s,s:i,s:i,s:i,s:i,s:[s]}]}]}",
		"manifest", 1, "backend", "sdl", "log_level", "warn", "guests", "name", "cluster",
		"fd", 0, "displays", "title", "Cluster", "width", place[CLUSTER].w, "height",
		place[CLUSTER].h, "x", place[CLUSTER].x, "y", place[CLUSTER].y, "inputs",
		"keyboard", "pointer", "name", "ivi", "fd", 1, "displays", "title", "IVI", "width",
		place[IVI].w, "height", place[IVI].h, "x", place[IVI].x, "y", place[IVI].y,
		"inputs", "touch");
	assert_non_null(m);
	assert_int_equal(json_msg_send_take(t.control, m, fds, 2), 0);
	ipc_close_fds(fds, 2);
}

/* ---- talking to the UI ---- */

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, WAIT_MS) == 1;
}

static json_t *next_message(void)
{
	json_t *msg = NULL;
	struct err e = { 0 };

	if (!readable(t.control))
		fail_msg("dyno-ui says nothing");
	if (json_msg_recv(t.control, &msg, NULL, 0, NULL, &e) != 1)
		fail_msg("dyno-ui ended: %s", e.text);
	return msg;
}

static void announce_surface(int guest)
{
	uint32_t w = place[guest].w, h = place[guest].h;
	struct display_msg m = { .kind = DISPLAY_SURFACE,
		.surface = 1,
		.u.surf = { w, h, w * 4, DISPLAY_B8G8R8X8, (uint64_t)w * h * 4 } };
	int fd = fd_memfd("surface", (uint64_t)w * h * 4);

	assert_true(fd >= 0);
	t.px[guest] = mmap(NULL, (size_t)w * h * 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(t.px[guest] != MAP_FAILED);
	assert_int_equal(ipc_send(t.channel[guest], &m, sizeof(m), &fd, 1), 0);
	close(fd);
}

static void fill(int guest, struct display_rect r, uint32_t colour)
{
	for (uint32_t y = r.y; y < r.y + r.h; y++) {
		for (uint32_t x = r.x; x < r.x + r.w; x++)
			t.px[guest][y * place[guest].w + x] = colour;
	}
}

static void present(int guest, struct display_rect damage)
{
	struct display_msg m = { .kind = DISPLAY_PRESENT,
		.surface = 1,
		.serial = ++t.serial,
		.u.present = { { 0, 0, place[guest].w, place[guest].h }, damage } };

	assert_int_equal(ipc_send(t.channel[guest], &m, sizeof(m), NULL, 0), 0);
	/* The release may come behind input that was sent before. */
	while (readable(t.channel[guest])) {
		uint8_t buf[4096];
		struct display_msg r;

		assert_true(ipc_recv(t.channel[guest], buf, sizeof(buf), NULL, 0, NULL) >=
			    (ssize_t)sizeof(r));
		memcpy(&r, buf, sizeof(r));
		if (r.kind == DISPLAY_RELEASED && r.serial == t.serial)
			return;
	}
	fail_msg("the present was not released");
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Colour of a pixel of the X screen (XWD: header, colour map, rows). */
static uint32_t screen_pixel(uint32_t x, uint32_t y)
{
	const uint8_t *px = t.screen + be32(t.screen) + (size_t)be32(t.screen + 76) * 12;
	uint32_t v;

	memcpy(&v, px + (size_t)y * be32(t.screen + 48) + (size_t)x * 4, sizeof(v));
	return v & 0xffffff;
}

static void wait_for_pixel(uint32_t x, uint32_t y, uint32_t colour)
{
	uint64_t end = clock_now_ns() + WAIT_MS * NS_PER_MS;

	while (screen_pixel(x, y) != colour) {
		if (clock_now_ns() > end)
			fail_msg("pixel %u,%u is %06x, not %06x", x, y, screen_pixel(x, y), colour);
		usleep(5000);
	}
}

/* Waits for an evdev triple on a guest's channel; the value of the last `code` seen before it. */
static void wait_for_event(int guest, enum input_kind kind, uint16_t type, uint16_t code,
	int32_t value, int32_t *abs_x, int32_t *abs_y)
{
	struct {
		struct display_msg m;
		struct input_event_rec ev[DISPLAY_MAX_EVENTS];
	} p;

	while (readable(t.channel[guest])) {
		assert_true(ipc_recv(t.channel[guest], &p, sizeof(p), NULL, 0, NULL) > 0);
		if (p.m.kind != DISPLAY_INPUT || p.m.u.input.device != (uint32_t)kind)
			continue;
		for (uint32_t i = 0; i < p.m.u.input.count; i++) {
			struct input_event_rec e = p.ev[i];

			if (abs_x && e.type == EV_ABS &&
				(e.code == ABS_X || e.code == ABS_MT_POSITION_X))
				*abs_x = e.value;
			if (abs_y && e.type == EV_ABS &&
				(e.code == ABS_Y || e.code == ABS_MT_POSITION_Y))
				*abs_y = e.value;
			if (e.type == type && e.code == code && e.value == value) {
				/* The coordinates may follow in the same update. */
				for (uint32_t j = i; j < p.m.u.input.count; j++) {
					if (abs_x && p.ev[j].code == ABS_MT_POSITION_X)
						*abs_x = p.ev[j].value;
					if (abs_y && p.ev[j].code == ABS_MT_POSITION_Y)
						*abs_y = p.ev[j].value;
				}
				return;
			}
		}
	}
	fail_msg("guest %d got no event %u/%u=%d", guest, type, code, value);
}

/* ---- tests, in one session of windows ---- */

static void test_both_windows_open_and_show_what_their_guests_present(void **state)
{
	json_t *msg = next_message();

	(void)state;
	assert_string_equal(json_string_value(json_object_get(msg, "event")), "ready");
	json_decref(msg);
	for (int g = CLUSTER; g <= IVI; g++) {
		struct display_rect all = { 0, 0, place[g].w, place[g].h };

		announce_surface(g);
		fill(g, all, g == CLUSTER ? 0x102030 : 0x405060);
		present(g, all);
	}
	wait_for_pixel(place[CLUSTER].x + 5, place[CLUSTER].y + 5, 0x102030);
	wait_for_pixel(place[IVI].x + place[IVI].w - 1, place[IVI].y + place[IVI].h - 1, 0x405060);
}

static void test_only_the_damaged_rectangle_is_shown_anew(void **state)
{
	struct display_rect damage = { 100, 50, 20, 10 };

	(void)state;
	/* More changes than is said: what lies outside the damage must not appear. */
	fill(CLUSTER, (struct display_rect){ 90, 40, 50, 40 }, 0xff0000);
	present(CLUSTER, damage);
	wait_for_pixel(110, 55, 0xff0000);
	assert_int_equal(screen_pixel(95, 45), 0x102030);
	assert_int_equal(screen_pixel(120, 55), 0x102030);
}

static void test_a_click_reaches_the_guest_under_it_with_display_coordinates(void **state)
{
	int32_t x = -1, y = -1;

	(void)state;
	assert_int_equal(run("timeout 10 xdotool mousemove 123 45 mousedown 1 mouseup 1"), 0);
	wait_for_event(CLUSTER, INPUT_POINTER, EV_KEY, BTN_LEFT, 1, &x, &y);
	assert_int_equal(x, 123);
	assert_int_equal(y, 45);
	wait_for_event(CLUSTER, INPUT_POINTER, EV_KEY, BTN_LEFT, 0, NULL, NULL);
}

static void test_the_mouse_is_a_finger_where_a_display_has_touch_only(void **state)
{
	int32_t x = -1, y = -1;

	(void)state;
	assert_int_equal(run("timeout 10 xdotool mousemove 200 400 mousedown 1"), 0);
	wait_for_event(IVI, INPUT_TOUCH, EV_KEY, BTN_TOUCH, 1, &x, &y);
	assert_int_equal(x, 200);
	assert_int_equal(y, 100);
	assert_int_equal(run("timeout 10 xdotool mousemove 210 410 mouseup 1"), 0);
	wait_for_event(IVI, INPUT_TOUCH, EV_KEY, BTN_TOUCH, 0, &x, &y);
	assert_int_equal(x, 210);
	assert_int_equal(y, 110);
}

static void test_keys_go_to_the_guest_whose_window_has_the_focus(void **state)
{
	(void)state;
	assert_int_equal(run("timeout 10 sh -c 'w=$(xdotool search --name \"^Cluster\") && "
			     "xdotool windowfocus --sync $w key q'"),
		0);
	wait_for_event(CLUSTER, INPUT_KEYBOARD, EV_KEY, KEY_Q, 1, NULL, NULL);
	wait_for_event(CLUSTER, INPUT_KEYBOARD, EV_KEY, KEY_Q, 0, NULL, NULL);
}

static void test_a_resized_window_scales_the_picture_and_the_coordinates(void **state)
{
	int32_t x = -1, y = -1;

	(void)state;
	assert_int_equal(run("timeout 10 sh -c 'w=$(xdotool search --name \"^IVI\") && "
			     "xdotool windowsize --sync $w 800 460 windowmove --sync $w 0 300'"),
		0);
	/* 400x250 in 800x460: 736x460, 32 pixels of black left and right. */
	wait_for_pixel(10, 500, 0);
	wait_for_pixel(700, 500, 0x405060);
	assert_int_equal(run("timeout 10 xdotool mousemove 400 530 mousedown 1 mouseup 1"), 0);
	wait_for_event(IVI, INPUT_TOUCH, EV_KEY, BTN_TOUCH, 1, &x, &y);
	assert_in_range(x, 199, 201);
	assert_in_range(y, 124, 126);
}

static void test_a_capture_is_the_picture_at_its_own_size(void **state)
{
	int fd = memfd_create("png", MFD_CLOEXEC);
	struct err e = { 0 };
	struct image im;
	json_t *msg;

	(void)state;
	assert_int_equal(json_msg_send_take(t.control,
				 json_pack("{s:i,s:s,s:s,s:i}", "request", 7, "op", "capture",
					 "guest", "ivi", "display", 0),
				 &fd, 1),
		0);
	msg = next_message();
	assert_int_equal(json_integer_value(json_object_get(msg, "reply")), 7);
	assert_true(json_is_true(json_object_get(msg, "ok")));
	json_decref(msg);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(image_read_png(&im, fd, &e), 0);
	assert_int_equal(im.width, place[IVI].w);
	assert_memory_equal(im.px, ((uint8_t[4]){ 0x40, 0x50, 0x60, 255 }), 4);
	image_fini(&im);
	fd_close(&fd);
}

static void test_the_title_tells_the_guests_state(void **state)
{
	json_t *msg;

	(void)state;
	assert_int_equal(json_msg_send_take(t.control,
				 json_pack("{s:i,s:s,s:s,s:s}", "request", 8, "op", "state",
					 "guest", "cluster", "text", "paused"),
				 NULL, 0),
		0);
	msg = next_message();
	assert_true(json_is_true(json_object_get(msg, "ok")));
	json_decref(msg);
	assert_int_equal(run("timeout 10 sh -c 'until xdotool search --name "
			     "\"^Cluster - cluster .paused\"; do sleep 0.05; done' >/dev/null"),
		0);
}

static void test_the_end_of_one_guest_leaves_the_other_one_shown(void **state)
{
	struct display_rect all = { 0, 0, place[IVI].w, place[IVI].h };

	(void)state;
	fd_close(&t.channel[CLUSTER]);
	fill(IVI, all, 0x00ff00);
	present(IVI, all);
	wait_for_pixel(400, 530, 0x00ff00);
	assert_int_equal(screen_pixel(5, 5), 0x102030);
}

static void test_a_stop_request_ends_the_program(void **state)
{
	int status = 0;

	(void)state;
	assert_int_equal(json_msg_send_take(t.control,
				 json_pack("{s:i,s:s}", "request", 9, "op", "stop"), NULL, 0),
		0);
	assert_int_equal(waitpid(t.ui, &status, 0), t.ui);
	t.ui = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int finish(void **state)
{
	char command[128];

	(void)state;
	stop(&t.ui);
	stop(&t.x);
	snprintf(command, sizeof(command), "rm -rf %s", t.dir);
	return run(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_windows_open_and_show_what_their_guests_present),
		cmocka_unit_test(test_only_the_damaged_rectangle_is_shown_anew),
		cmocka_unit_test(test_a_click_reaches_the_guest_under_it_with_display_coordinates),
		cmocka_unit_test(test_the_mouse_is_a_finger_where_a_display_has_touch_only),
		cmocka_unit_test(test_keys_go_to_the_guest_whose_window_has_the_focus),
		cmocka_unit_test(test_a_resized_window_scales_the_picture_and_the_coordinates),
		cmocka_unit_test(test_a_capture_is_the_picture_at_its_own_size),
		cmocka_unit_test(test_the_title_tells_the_guests_state),
		cmocka_unit_test(test_the_end_of_one_guest_leaves_the_other_one_shown),
		cmocka_unit_test(test_a_stop_request_ends_the_program),
	};

	signal(SIGPIPE, SIG_IGN);
	if (run("command -v Xvfb xdotool >/dev/null") != 0) {
		printf("skipped: Xvfb and xdotool are not installed\n");
		return 77;
	}
	if (!start_x_server()) {
		printf("skipped: Xvfb does not start here\n");
		return 77;
	}
	start_ui();
	return cmocka_run_group_tests(tests, NULL, finish);
}
