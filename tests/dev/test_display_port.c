/* SPDX-License-Identifier: Apache-2.0 */
/* The display channel's port against a user interface that is quick, slow, gone, or lies. */
#include <errno.h>
#include <linux/input-event-codes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "devices/gpu/scanout_port.h"
#include "tests/support/fake_ui.h"

#define PATIENCE_NS (20 * NS_PER_S)

struct rig {
	struct ev_loop *loop;
	struct scanout_port *port;
	struct fake_ui *ui;
	uint32_t released[DISPLAY_MAX_SCANOUTS]; /* newest serial */
	unsigned int releases;
	uint32_t resized_w, resized_h;
	struct input_event_rec ev[DISPLAY_MAX_EVENTS];
	uint32_t n_ev;
	uint32_t serial;
};

static void on_released(void *ctx, unsigned int scanout, uint32_t serial)
{
	struct rig *r = ctx;

	r->released[scanout] = serial;
	r->releases++;
}

static void on_resize(void *ctx, unsigned int scanout, uint32_t width, uint32_t height)
{
	struct rig *r = ctx;

	assert_int_equal(scanout, 1);
	r->resized_w = width;
	r->resized_h = height;
}

static void on_input(void *ctx, const struct input_event_rec *ev, uint32_t n)
{
	struct rig *r = ctx;

	memcpy(r->ev, ev, n * sizeof(*ev));
	r->n_ev = n;
}

static struct rig *rig_new(int sndbuf)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct err e = { 0 };
	int s[2];

	assert_non_null(r);
	assert_int_equal(ipc_pair(s, sndbuf), 0);
	assert_int_equal(ev_loop_new(&r->loop), 0);
	assert_int_equal(scanout_display_new(&r->port, r->loop, s[0], &e), 0);
	r->port->to =
		(struct scanout_listener){ .released = on_released, .resize = on_resize, .ctx = r };
	r->ui = fake_ui_new(s[1]);
	return r;
}

static void rig_free(struct rig *r)
{
	scanout_port_free(r->port);
	fake_ui_free(r->ui);
	ev_loop_free(r->loop);
	free(r);
}

static void turn(struct rig *r)
{
	for (int i = 0; i < 8; i++)
		assert_int_equal(ev_loop_turn(r->loop, 0), 0);
}

static struct scanout_surface surface(uint32_t id)
{
	struct scanout_surface s = { .id = id,
		.width = 32,
		.height = 16,
		.stride_bytes = 128,
		.format = DISPLAY_B8G8R8X8,
		.size_bytes = 2048 };

	s.fd = fd_memfd("test", s.size_bytes);
	assert_true(s.fd >= 0);
	return s;
}

static uint32_t present(struct rig *r, unsigned int scanout, uint32_t id, uint32_t x, uint32_t y,
	uint32_t w, uint32_t h)
{
	struct scanout_present p = { .surface = id,
		.serial = ++r->serial,
		.src = { 0, 0, 32, 16 },
		.damage = { x, y, w, h } };

	r->port->ops->present(r->port, scanout, &p);
	return p.serial;
}

static bool damage_is(const struct display_msg *m, uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
	struct display_rect d = m->u.present.damage;

	return d.x == x && d.y == y && d.w == w && d.h == h;
}

static struct scanout_display_stats stats(const struct rig *r)
{
	struct scanout_display_stats s;

	scanout_display_stats(r->port, &s);
	return s;
}

static void test_surface_is_announced_once_and_shares_its_memory(void **state)
{
	struct rig *r = rig_new(0);
	struct scanout_surface s = surface(5);
	struct display_msg m;
	uint64_t before_ns;
	uint8_t *map = mmap(NULL, 2048, PROT_READ | PROT_WRITE, MAP_SHARED, s.fd, 0);

	(void)state;
	assert_ptr_not_equal(map, MAP_FAILED);
	r->port->ops->surface_new(r->port, &s);
	present(r, 0, 5, 0, 0, 32, 16);
	assert_true(fake_ui_next(r->ui, &m));
	assert_int_equal(m.kind, DISPLAY_SURFACE);
	assert_true(fake_ui_next(r->ui, &m));
	assert_int_equal(m.kind, DISPLAY_PRESENT);
	map[0] = 0xab;
	assert_int_equal(fake_ui_pixel(r->ui, 5, 0, 0), 0xab);
	before_ns = clock_now_ns();
	present(r, 0, 5, 1, 1, 2, 2);
	assert_true(fake_ui_next(r->ui, &m));
	assert_int_equal(m.kind, DISPLAY_PRESENT);
	assert_true(m.u.present.flushed_ns >= before_ns);
	assert_true(m.u.present.flushed_ns <= clock_now_ns());
	assert_true(damage_is(&m, 1, 1, 2, 2));
	munmap(map, 2048);
	fd_close(&s.fd);
	rig_free(r);
}

static void test_release_comes_back_to_the_device(void **state)
{
	struct rig *r = rig_new(0);
	struct scanout_surface s = surface(1);
	struct display_msg m;
	uint32_t serial;

	(void)state;
	r->port->ops->surface_new(r->port, &s);
	serial = present(r, 2, 1, 0, 0, 1, 1);
	turn(r);
	assert_int_equal(r->releases, 0);
	fake_ui_drain(r->ui, DISPLAY_PRESENT, &m);
	fake_ui_release(r->ui, &m);
	fake_ui_release(r->ui, &m); /* twice is once */
	turn(r);
	assert_int_equal(r->releases, 1);
	assert_int_equal(r->released[2], serial);
	fd_close(&s.fd);
	rig_free(r);
}

static void test_slow_interface_gets_merged_damage_and_the_last_state(void **state)
{
	struct rig *r = rig_new(0);
	struct scanout_surface s = surface(1);
	struct display_msg m;
	uint32_t last = 0;

	(void)state;
	r->port->ops->surface_new(r->port, &s);
	present(r, 0, 1, 0, 0, 1, 1);
	present(r, 0, 1, 1, 0, 1, 1);
	/* Two are on their way: the next ones wait and become one. */
	for (uint32_t i = 0; i < 10; i++)
		last = present(r, 0, 1, 4 + i, 3, 1, 2);
	assert_int_equal(fake_ui_drain(r->ui, DISPLAY_PRESENT, &m), 3);
	assert_true(damage_is(&m, 1, 0, 1, 1));
	fake_ui_release(r->ui, &m);
	turn(r);
	assert_int_equal(fake_ui_drain(r->ui, DISPLAY_PRESENT, &m), 1);
	assert_true(damage_is(&m, 4, 3, 10, 2));
	assert_int_equal(m.serial, last);
	fake_ui_release(r->ui, &m);
	turn(r);
	assert_int_equal(r->released[0], last);
	assert_int_equal(stats(r).merged, 9);
	assert_int_equal(stats(r).sent, 3);
	fd_close(&s.fd);
	rig_free(r);
}

static void test_a_merge_over_two_surfaces_shows_all_of_the_newer(void **state)
{
	struct rig *r = rig_new(0);
	struct scanout_surface a = surface(1), b = surface(2);
	struct display_msg m;

	(void)state;
	r->port->ops->surface_new(r->port, &a);
	r->port->ops->surface_new(r->port, &b);
	present(r, 0, 1, 0, 0, 1, 1);
	present(r, 0, 1, 0, 0, 1, 1);
	present(r, 0, 1, 2, 2, 1, 1);
	present(r, 0, 2, 3, 3, 1, 1);
	fake_ui_drain(r->ui, DISPLAY_PRESENT, &m);
	fake_ui_release(r->ui, &m);
	turn(r);
	fake_ui_drain(r->ui, DISPLAY_PRESENT, &m);
	assert_int_equal(m.surface, 2);
	assert_true(damage_is(&m, 0, 0, 32, 16));
	fd_close(&a.fd);
	fd_close(&b.fd);
	rig_free(r);
}

static void test_lost_releases_do_not_stop_the_picture(void **state)
{
	struct rig *r = rig_new(0);
	struct scanout_surface s = surface(1);
	struct display_msg m = { 0 };
	uint64_t end = clock_now_ns() + PATIENCE_NS;
	uint32_t last = 0;

	(void)state;
	r->port->ops->surface_new(r->port, &s);
	for (uint32_t i = 0; i < 5; i++)
		last = present(r, 0, 1, i, 0, 1, 1);
	do {
		struct display_msg now;

		assert_int_equal(ev_loop_turn(r->loop, 50), 0);
		fake_ui_drain(r->ui, DISPLAY_PRESENT, &now);
		if (now.kind)
			m = now;
	} while (m.serial != last && clock_now_ns() < end);
	assert_int_equal(m.serial, last);
	fd_close(&s.fd);
	rig_free(r);
}

static void test_interface_that_does_not_read_never_blocks_the_device(void **state)
{
	struct rig *r = rig_new(32768);
	uint8_t px[SCANOUT_CURSOR_BYTES] = { 0 };
	struct scanout_cursor c = { .visible = true };
	struct scanout_surface s = surface(1);
	struct display_msg m;
	uint64_t end = clock_now_ns() + PATIENCE_NS;
	int32_t seen = -1;
	bool shown = false;

	(void)state;
	r->port->ops->surface_new(r->port, &s);
	for (int32_t i = 0; i < 2000; i++) {
		c.x = i;
		px[0] = (uint8_t)i;
		r->port->ops->cursor(r->port, 0, &c, px);
		c.x = i + 10000;
		r->port->ops->cursor_move(r->port, 1, &c);
	}
	present(r, 3, 1, 0, 0, 32, 16);
	r->port->ops->off(r->port, 2);
	assert_true(stats(r).connected);
	/* Once it reads, it gets the newest of each. */
	while ((seen != 11999 || !shown) && clock_now_ns() < end) {
		while (fake_ui_next(r->ui, &m)) {
			if (m.kind == DISPLAY_CURSOR_MOVE && m.scanout == 1)
				seen = m.u.cursor.x;
			shown = shown || m.kind == DISPLAY_PRESENT;
		}
		assert_int_equal(ev_loop_turn(r->loop, 10), 0);
	}
	assert_int_equal(seen, 11999);
	assert_true(shown);
	assert_int_equal(fake_ui_cursor(r->ui)[0], (uint8_t)1999);
	fd_close(&s.fd);
	rig_free(r);
}

static void test_surfaces_that_come_and_go_unread_are_all_settled(void **state)
{
	struct rig *r = rig_new(4096);
	struct display_msg m;
	uint64_t end = clock_now_ns() + PATIENCE_NS;
	struct scanout_surface s = { .fd = -1 };
	uint32_t last = 0, shown = 0;

	(void)state;
	for (uint32_t id = 1; id <= 1000; id++) {
		if (id > 1)
			r->port->ops->surface_gone(r->port, id - 1);
		fd_close(&s.fd);
		s = surface(id);
		r->port->ops->surface_new(r->port, &s);
		last = present(r, 0, id, 0, 0, 32, 16);
		if (id % 100 == 0) { /* a look from time to time; it checks what it reads */
			if (fake_ui_drain(r->ui, DISPLAY_PRESENT, &m) && m.kind)
				fake_ui_release(r->ui, &m);
			turn(r);
		}
	}
	while ((shown != last || fake_ui_surfaces(r->ui) > 1) && clock_now_ns() < end) {
		if (fake_ui_drain(r->ui, DISPLAY_PRESENT, &m) && m.kind) {
			shown = m.serial;
			fake_ui_release(r->ui, &m);
		}
		assert_int_equal(ev_loop_turn(r->loop, 10), 0);
	}
	assert_int_equal(shown, last);
	assert_int_equal(fake_ui_surfaces(r->ui), 1);
	fd_close(&s.fd);
	rig_free(r);
}

static void test_gone_interface_releases_everything_from_then_on(void **state)
{
	struct rig *r = rig_new(0);
	struct scanout_surface s = surface(1);
	uint32_t last = 0;

	(void)state;
	r->port->ops->surface_new(r->port, &s);
	for (uint32_t i = 0; i < 5; i++)
		last = present(r, 0, 1, 0, 0, 1, 1);
	fake_ui_free(r->ui);
	r->ui = NULL;
	turn(r);
	assert_int_equal(r->released[0], last);
	assert_false(stats(r).connected);
	last = present(r, 1, 1, 0, 0, 1, 1);
	assert_int_equal(r->released[1], last);
	r->port->ops->off(r->port, 0);
	r->port->ops->surface_gone(r->port, 1);
	fd_close(&s.fd);
	rig_free(r);
}

static void test_gone_interface_is_noticed_while_sending(void **state)
{
	struct rig *r = rig_new(0);
	struct scanout_surface s = surface(1);
	uint32_t serial;

	(void)state;
	r->port->ops->surface_new(r->port, &s);
	fake_ui_free(r->ui);
	r->ui = NULL;
	serial = present(r, 0, 1, 0, 0, 1, 1); /* EPIPE */
	assert_int_equal(r->released[0], serial);
	fd_close(&s.fd);
	rig_free(r);
}

static void test_input_reaches_the_sink_of_its_scanout_and_kind(void **state)
{
	struct rig *r = rig_new(0);
	const struct input_event_rec ev[] = {
		{ EV_KEY, KEY_A, 1 },
		{ EV_SYN, SYN_REPORT, 0 },
	};

	(void)state;
	scanout_display_sink(r->port, 1, INPUT_KEYBOARD, on_input, r);
	fake_ui_input(r->ui, 0, INPUT_KEYBOARD, ev, 2);
	fake_ui_input(r->ui, 1, INPUT_TOUCH, ev, 2);
	turn(r);
	assert_int_equal(r->n_ev, 0);
	assert_int_equal(stats(r).input_lost, 2);
	fake_ui_input(r->ui, 1, INPUT_KEYBOARD, ev, 2);
	turn(r);
	assert_int_equal(r->n_ev, 2);
	assert_int_equal(r->ev[0].code, KEY_A);
	rig_free(r);
}

static void test_resize_reaches_the_device(void **state)
{
	struct rig *r = rig_new(0);

	(void)state;
	fake_ui_resize(r->ui, 1, 1024, 600);
	turn(r);
	assert_int_equal(r->resized_w, 1024);
	assert_int_equal(r->resized_h, 600);
	rig_free(r);
}

static void test_malformed_messages_are_dropped_and_counted(void **state)
{
	struct rig *r = rig_new(0);
	uint8_t big[2000] = { 0 };
	struct display_msg m = { .kind = 99 };

	(void)state;
	fake_ui_raw(r->ui, big, 1);
	fake_ui_raw(r->ui, big, sizeof(big));
	fake_ui_raw(r->ui, &m, sizeof(m));
	m.kind = DISPLAY_OFF; /* the other direction's */
	fake_ui_raw(r->ui, &m, sizeof(m));
	turn(r);
	assert_int_equal(stats(r).rejected, 4);
	assert_true(stats(r).connected);
	rig_free(r);
}

static void test_off_overtakes_a_present_that_waits(void **state)
{
	struct rig *r = rig_new(0);
	struct scanout_surface s = surface(1);
	struct display_msg m;
	uint32_t waiting;

	(void)state;
	r->port->ops->surface_new(r->port, &s);
	present(r, 0, 1, 0, 0, 1, 1);
	present(r, 0, 1, 0, 0, 1, 1);
	waiting = present(r, 0, 1, 0, 0, 1, 1);
	r->port->ops->off(r->port, 0);
	assert_int_equal(r->released[0], waiting);
	fake_ui_drain(r->ui, DISPLAY_OFF, &m);
	assert_int_equal(m.kind, DISPLAY_OFF);
	fd_close(&s.fd);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_surface_is_announced_once_and_shares_its_memory),
		cmocka_unit_test(test_release_comes_back_to_the_device),
		cmocka_unit_test(test_slow_interface_gets_merged_damage_and_the_last_state),
		cmocka_unit_test(test_a_merge_over_two_surfaces_shows_all_of_the_newer),
		cmocka_unit_test(test_lost_releases_do_not_stop_the_picture),
		cmocka_unit_test(test_interface_that_does_not_read_never_blocks_the_device),
		cmocka_unit_test(test_surfaces_that_come_and_go_unread_are_all_settled),
		cmocka_unit_test(test_gone_interface_releases_everything_from_then_on),
		cmocka_unit_test(test_gone_interface_is_noticed_while_sending),
		cmocka_unit_test(test_input_reaches_the_sink_of_its_scanout_and_kind),
		cmocka_unit_test(test_resize_reaches_the_device),
		cmocka_unit_test(test_malformed_messages_are_dropped_and_counted),
		cmocka_unit_test(test_off_overtakes_a_present_that_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
