/* SPDX-License-Identifier: Apache-2.0 */
/* The UI's end of a display channel against a peer that lies. */
#include <errno.h>
#include <fcntl.h>
#include <linux/input-event-codes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "base/proto/held.h"
#include "ui/link.h"

#define W 64
#define H 32

struct fixture {
	struct ev_loop *loop;
	struct link *link;
	struct ui_guest_spec spec;
	int peer;
	int first; /* the number of the link's end */
	unsigned int damaged, gone, shown;
	uint64_t flushed_ns, read_ns;
	bool released_first;
};

static void on_damaged(void *ctx, struct link *l, uint32_t scanout)
{
	struct fixture *f = ctx;

	(void)l;
	assert_int_equal(scanout, 0);
	f->damaged++;
}

static void on_gone(void *ctx, struct link *l)
{
	struct fixture *f = ctx;

	(void)l;
	f->gone++;
}

static void on_shown(
	void *ctx, struct link *l, uint32_t scanout, uint64_t flushed_ns, uint64_t read_ns)
{
	struct fixture *f = ctx;
	struct display_msg m;

	(void)l;
	assert_int_equal(scanout, 0);
	f->shown++;
	f->flushed_ns = flushed_ns;
	f->read_ns = read_ns;
	f->released_first = recv(f->peer, &m, sizeof(m), MSG_PEEK) == (ssize_t)sizeof(m);
}

static const struct link_ops ops = { .damaged = on_damaged, .shown = on_shown, .gone = on_gone };

static int setup(void **state)
{
	static struct fixture f;
	int pair[2];

	f = (struct fixture){ .spec = { .name = "cluster",
				      .displays = 1,
				      .display = { { .title = "C", .width = W, .height = H } } } };
	log_set_level(LOG_ERROR);
	assert_int_equal(ev_loop_new(&f.loop), 0);
	assert_int_equal(ipc_pair(pair, 0), 0);
	f.peer = pair[1];
	f.first = pair[0];
	assert_int_equal(fd_set_nonblock(f.peer, 1), 0);
	assert_int_equal(link_new(&f.link, f.loop, pair[0], &f.spec, &ops, &f), 0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	link_free(f->link);
	ev_loop_free(f->loop);
	fd_close(&f->peer);
	return 0;
}

static void turn(struct fixture *f)
{
	assert_int_equal(ev_loop_turn(f->loop, 0), 0);
}

static void send_surface(struct fixture *f, uint64_t real_bytes, uint64_t said_bytes)
{
	struct display_msg m = { .kind = DISPLAY_SURFACE,
		.surface = 5,
		.u.surf = { W, H, W * 4, DISPLAY_B8G8R8X8, said_bytes } };
	int fd = fd_memfd("test", real_bytes);
	uint32_t *px;

	assert_true(fd >= 0);
	px = mmap(NULL, real_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(px != MAP_FAILED);
	memset(px, 0x5a, real_bytes);
	munmap(px, real_bytes);
	assert_int_equal(ipc_send(f->peer, &m, sizeof(m), &fd, 1), 0);
	close(fd);
	turn(f);
}

static void send_present(struct fixture *f, struct display_rect damage)
{
	struct display_msg m = { .kind = DISPLAY_PRESENT,
		.surface = 5,
		.serial = 9,
		.u.present = { .src = { 0, 0, W, H }, .damage = damage } };

	assert_int_equal(ipc_send(f->peer, &m, sizeof(m), NULL, 0), 0);
	turn(f);
}

static void assert_released(struct fixture *f)
{
	struct display_msg m;

	assert_int_equal(ipc_recv(f->peer, &m, sizeof(m), NULL, 0, NULL), sizeof(m));
	assert_int_equal(m.kind, DISPLAY_RELEASED);
	assert_int_equal(m.serial, 9);
}

static void test_a_present_is_shown_and_released(void **state)
{
	struct fixture *f = *state;

	send_surface(f, W * H * 4, W * H * 4);
	send_present(f, (struct display_rect){ 0, 0, W, H });
	assert_released(f);
	assert_int_equal(f->damaged, 1);
	assert_int_equal(link_view(f->link, 0)->px[0], 0x5a5a5a5a);
}

static void send_flush(struct fixture *f, uint64_t flushed_ns)
{
	struct display_msg m = { .kind = DISPLAY_PRESENT,
		.surface = 5,
		.serial = 9,
		.u.present = { .src = { 0, 0, W, H },
			.damage = { 0, 0, 1, 1 },
			.flushed_ns = flushed_ns } };

	assert_int_equal(ipc_send(f->peer, &m, sizeof(m), NULL, 0), 0);
	turn(f);
}

static void test_the_time_of_a_flush_is_told_when_the_guest_was_released(void **state)
{
	struct fixture *f = *state;
	uint64_t before = clock_now_ns();

	send_surface(f, W * H * 4, W * H * 4);
	send_flush(f, before);
	assert_int_equal(f->shown, 1);
	assert_true(f->released_first);
	assert_int_equal(f->flushed_ns, before);
	assert_true(f->read_ns >= before && f->read_ns <= clock_now_ns());
}

static void test_the_time_of_a_flush_is_never_in_the_future_nor_before_the_last(void **state)
{
	struct fixture *f = *state;
	uint64_t now = clock_now_ns();

	send_surface(f, W * H * 4, W * H * 4);
	send_flush(f, now);
	send_flush(f, now - 1000);
	assert_int_equal(f->flushed_ns, now);
	send_flush(f, UINT64_MAX);
	assert_int_equal(f->flushed_ns, f->read_ns);
	send_flush(f, 0); /* it did not say */
	assert_int_equal(f->flushed_ns, f->read_ns);
	assert_int_equal(f->shown, 4);
}

static void test_a_surface_smaller_than_it_says_is_not_mapped(void **state)
{
	struct fixture *f = *state;

	send_surface(f, 4096, W * H * 4);
	send_present(f, (struct display_rect){ 0, 0, W, H });
	assert_released(f); /* the guest does not hang for it */
	assert_int_equal(f->damaged, 0);
}

static void test_a_surface_that_could_shrink_is_not_mapped(void **state)
{
	struct fixture *f = *state;
	struct display_msg m = { .kind = DISPLAY_SURFACE,
		.surface = 5,
		.u.surf = { W, H, W * 4, DISPLAY_B8G8R8X8, W * H * 4 } };
	int fd = memfd_create("unsealed", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, W * H * 4), 0);
	assert_int_equal(ipc_send(f->peer, &m, sizeof(m), &fd, 1), 0);
	close(fd);
	turn(f);
	send_present(f, (struct display_rect){ 0, 0, W, H });
	assert_int_equal(f->damaged, 0);
}

static void test_malformed_packets_are_dropped_and_the_link_lives(void **state)
{
	struct fixture *f = *state;
	uint8_t junk[100];

	memset(junk, 0xff, sizeof(junk));
	assert_int_equal(ipc_send(f->peer, junk, sizeof(junk), NULL, 0), 0);
	assert_int_equal(ipc_send(f->peer, junk, 1, NULL, 0), 0);
	turn(f);
	send_surface(f, W * H * 4, W * H * 4);
	send_present(f, (struct display_rect){ 1, 1, 2, 2 });
	assert_released(f);
	assert_int_equal(f->damaged, 1);
	assert_int_equal(f->gone, 0);
}

static void test_a_scanout_the_guest_does_not_have_is_refused(void **state)
{
	struct fixture *f = *state;
	struct display_msg m = { .kind = DISPLAY_OFF, .scanout = 1 };

	assert_int_equal(ipc_send(f->peer, &m, sizeof(m), NULL, 0), 0);
	turn(f);
	assert_int_equal(f->damaged, 0);
}

static void test_input_arrives_at_the_guests_side(void **state)
{
	struct fixture *f = *state;
	struct input_event_rec ev[2] = { { 1, 30, 1 }, { 0, 0, 0 } };
	struct {
		struct display_msg m;
		struct input_event_rec ev[2];
	} p;

	link_input(f->link, 0, INPUT_KEYBOARD, ev, 2);
	assert_int_equal(ipc_recv(f->peer, &p, sizeof(p), NULL, 0, NULL), sizeof(p));
	assert_int_equal(p.m.kind, DISPLAY_INPUT);
	assert_int_equal(p.m.u.input.device, INPUT_KEYBOARD);
	assert_memory_equal(p.ev, ev, sizeof(ev));
}

struct input_packet {
	struct display_msg m;
	struct input_event_rec ev[DISPLAY_MAX_EVENTS];
};

/* Moves the pointer until the channel is full. */
static void fill_channel(struct fixture *f)
{
	struct input_event_rec ev[2] = { { EV_ABS, ABS_X, 0 }, { EV_SYN, SYN_REPORT, 0 } };
	uint64_t before = link_input_drops(f->link);

	while (link_input_drops(f->link) == before)
		link_input(f->link, 0, INPUT_POINTER, ev, 2);
}

/* Reads what came; follows the keyboard. */
static void read_keys(struct fixture *f, struct input_held *keys)
{
	struct input_packet p;

	while (ipc_recv(f->peer, &p, sizeof(p), NULL, 0, NULL) > 0) {
		assert_int_equal(p.m.kind, DISPLAY_INPUT);
		if (p.m.u.input.device == INPUT_KEYBOARD)
			input_held_follow(keys, p.ev, p.m.u.input.count);
	}
}

static void test_a_key_whose_release_was_lost_is_let_go_when_there_is_room(void **state)
{
	static const struct input_event_rec down[2] = { { EV_KEY, KEY_A, 1 }, { 0, 0, 0 } },
					    up[2] = { { EV_KEY, KEY_A, 0 }, { 0, 0, 0 } },
					    other[2] = { { EV_KEY, KEY_B, 1 }, { 0, 0, 0 } };
	struct input_held keys = { 0 }, none = { 0 };
	struct fixture *f = *state;

	link_input(f->link, 0, INPUT_KEYBOARD, down, 2);
	fill_channel(f);
	link_input(f->link, 0, INPUT_KEYBOARD, up, 2);
	link_input(f->link, 0, INPUT_KEYBOARD, other, 2);
	read_keys(f, &keys);
	assert_memory_not_equal(&keys, &none, sizeof(keys)); /* the release was lost */
	/* No more input: the loop alone sees that there is room. A press that was lost stays lost.
	 */
	turn(f);
	turn(f);
	read_keys(f, &keys);
	assert_memory_equal(&keys, &none, sizeof(keys));
}

static void test_a_finger_whose_end_was_lost_is_lifted_before_the_next_update(void **state)
{
	static const struct input_event_rec down[3] = { { EV_ABS, ABS_MT_SLOT, 3 },
		{ EV_ABS, ABS_MT_TRACKING_ID, 7 }, { 0, 0, 0 } },
					    up[2] = { { EV_ABS, ABS_MT_TRACKING_ID, -1 },
						    { 0, 0, 0 } },
					    next[3] = { { EV_ABS, ABS_MT_SLOT, 0 },
						    { EV_ABS, ABS_MT_TRACKING_ID, 8 },
						    { 0, 0, 0 } };
	struct fixture *f = *state;
	struct input_held fingers = { 0 };
	struct input_packet p;

	link_input(f->link, 0, INPUT_TOUCH, down, 3);
	fill_channel(f);
	link_input(f->link, 0, INPUT_TOUCH, up, 2);
	while (ipc_recv(f->peer, &p, sizeof(p), NULL, 0, NULL) > 0)
		;
	fingers.finger[3] = true;
	fingers.slot = 3;
	link_input(f->link, 0, INPUT_TOUCH, next, 3);
	while (ipc_recv(f->peer, &p, sizeof(p), NULL, 0, NULL) > 0) {
		if (p.m.u.input.device == INPUT_TOUCH)
			input_held_follow(&fingers, p.ev, p.m.u.input.count);
	}
	assert_false(fingers.finger[3]);
	assert_true(fingers.finger[0]);
}

static void test_the_end_of_the_guests_process_is_told_once(void **state)
{
	struct fixture *f = *state;

	fd_close(&f->peer);
	turn(f);
	turn(f);
	assert_int_equal(f->gone, 1);
}

static void test_a_guest_that_was_started_again_shows_its_new_surfaces(void **state)
{
	struct fixture *f = *state;
	int pair[2];

	send_surface(f, W * H * 4, W * H * 4);
	fd_close(&f->peer);
	turn(f);
	assert_int_equal(ipc_pair(pair, 0), 0);
	f->peer = pair[1];
	assert_int_equal(fd_set_nonblock(f->peer, 1), 0);
	assert_int_equal(link_attach(f->link, pair[0]), 0);

	send_present(f, (struct display_rect){ 0, 0, W, H });
	assert_released(f);
	assert_int_equal(f->damaged, 0); /* the old surface is not known any more */
	send_surface(f, W * H * 4, W * H * 4);
	send_present(f, (struct display_rect){ 0, 0, W, H });
	assert_released(f);
	assert_int_equal(f->damaged, 1);
}

static void test_the_channels_number_never_becomes_another_descriptors(void **state)
{
	struct fixture *f = *state;
	int pair[2], other;

	fd_close(&f->peer);
	turn(f);
	assert_int_equal(ipc_pair(pair, 0), 0);
	f->peer = pair[1];
	assert_int_equal(link_attach(f->link, pair[0]), 0);
	/* A window's thread that read the number before the change would write to it: it must
	 * not be what the next descriptor gets. */
	other = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(other, pair[0]);
	assert_true(fcntl(f->first, F_GETFD) & FD_CLOEXEC);
	close(other);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_present_is_shown_and_released),
		T(test_the_time_of_a_flush_is_told_when_the_guest_was_released),
		T(test_the_time_of_a_flush_is_never_in_the_future_nor_before_the_last),
		T(test_a_surface_smaller_than_it_says_is_not_mapped),
		T(test_a_surface_that_could_shrink_is_not_mapped),
		T(test_malformed_packets_are_dropped_and_the_link_lives),
		T(test_a_scanout_the_guest_does_not_have_is_refused),
		T(test_input_arrives_at_the_guests_side),
		T(test_a_key_whose_release_was_lost_is_let_go_when_there_is_room),
		T(test_a_finger_whose_end_was_lost_is_lifted_before_the_next_update),
		T(test_the_end_of_the_guests_process_is_told_once),
		T(test_a_guest_that_was_started_again_shows_its_new_surfaces),
		T(test_the_channels_number_never_becomes_another_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
