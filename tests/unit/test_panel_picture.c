/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control panel with the host's font, values over a socket, as dyno-ui has it without windows:
 * its picture shows what the bench says. tests/panel.png in the build folder is for people.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "ui/panel/panel.h"

static const char text[] =
	"{\"title\":\"city drive\",\"signals\":["
	"{\"name\":\"Vehicle.Speed\",\"unit\":\"km/h\",\"kind\":\"range\",\"min\":0,\"max\":200,"
	"\"decimals\":1},"
	"{\"name\":\"Vehicle.Body.Lights.Beam.High.IsOn\",\"kind\":\"switch\"}],"
	"\"guests\":[{\"name\":\"cluster\",\"displays\":1}],\"buses\":[\"can0\"],"
	"\"streams\":[\"cluster.chime\"]}";

struct bed {
	struct ev_loop *loop;
	struct panel *panel;
	int port; /* the bench's end */
	int changes;
	json_t *asked;
};

static void changed(void *ctx)
{
	((struct bed *)ctx)->changes++;
}

static void ask(void *ctx, json_t *request_take)
{
	struct bed *t = ctx;

	json_decref(t->asked);
	t->asked = request_take;
}

static int spec_fd(const char *json)
{
	int fd = fd_memfd("spec", strlen(json));

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, json, strlen(json)), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static int setup(void **state)
{
	struct bed *t = calloc(1, sizeof(*t));
	struct panel_events ev = { changed, ask, t };
	struct err e = { .text = "" };
	int pair[2];

	assert_non_null(t);
	assert_int_equal(ev_loop_new(&t->loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	t->port = pair[0];
	if (panel_new(&t->panel, t->loop, spec_fd(text), pair[1], &ev, &e))
		fail_msg("%s", e.text);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct bed *t = *state;

	panel_free(t->panel);
	fd_close(&t->port);
	ev_loop_free(t->loop);
	json_decref(t->asked);
	free(t);
	return 0;
}

static void turn(struct bed *t, int ms)
{
	assert_int_equal(ev_loop_turn(t->loop, ms), 0);
}

static void tell(struct bed *t, uint32_t signal, double value)
{
	struct signal_rec r = { .type = SIGNAL_REC_VALUE,
		.state = SIGNAL_REC_FRESH,
		.signal = signal,
		.value = value };
	struct signal_rec_wire w = signal_rec_pack(&r);

	assert_int_equal(send(t->port, &w, sizeof(w), 0), sizeof(w));
	turn(t, 1000);
}

static bool same(const struct image *a, const struct image *b, struct display_rect r)
{
	struct image_diff d;

	assert_int_equal(image_compare(a, b, &r, 0, &d, NULL), 0);
	return d.different == 0;
}

static void test_the_picture_shows_values_names_and_states(void **state)
{
	struct bed *t = *state;
	struct image before, after;
	struct err e = { .text = "" };
	char path[512];
	json_t *msg = json_loads("{\"state\":\"running\",\"time_s\":7.25,\"duration_s\":30,"
				 "\"guests\":[{\"state\":\"ready\"}],\"buses\":[{\"load\":43,"
				 "\"rate\":512}],\"streams\":[{\"volume\":60,\"mute\":true}]}",
		0, NULL);

	assert_int_equal(panel_snapshot(t->panel, &before), 0);
	/* Labels are there: title, first signal's row, its group. */
	assert_false(image_is_blank(&before, &(struct display_rect){ 18, 8, 100, 28 }));
	assert_false(image_is_blank(&before, &(struct display_rect){ 30, 100, 60, 24 }));
	assert_false(image_is_blank(&before, &(struct display_rect){ 600, 100, 100, 24 }));
	tell(t, 0, 120);
	panel_state(t->panel, msg);
	json_decref(msg);
	assert_int_equal(panel_snapshot(t->panel, &after), 0);
	/* The value and the slider are others, the name and the switch are not. */
	assert_false(same(&before, &after, (struct display_rect){ 480, 98, 88, 24 }));
	assert_false(same(&before, &after, (struct display_rect){ 30, 126, 300, 20 }));
	assert_true(same(&before, &after, (struct display_rect){ 30, 98, 60, 24 }));
	assert_true(same(&before, &after, (struct display_rect){ 30, 200, 530, 20 }));
	assert_false(same(&before, &after, (struct display_rect){ 600, 64, 320, 400 }));
	snprintf(path, sizeof(path), "%s/tests/panel.png", getenv("DYNO_BUILD_DIR"));
	assert_int_equal(image_save(&after, path, &e), 0);
	image_fini(&before);
	image_fini(&after);
}

/* The next record on the port; false: none. */
static bool next(struct bed *t, struct signal_rec *r)
{
	struct signal_rec_wire w[SIGNAL_PORT_RECORDS];
	struct signal_rec all[SIGNAL_PORT_RECORDS];
	ssize_t n = recv(t->port, w, sizeof(w), MSG_DONTWAIT);

	if (n < 0)
		return false;
	assert_int_equal(signal_rec_unpack(w, (uint32_t)n, 2, all), 1);
	*r = all[0];
	return true;
}

static void test_a_dragged_slider_sends_few_records_and_the_last_value(void **state)
{
	struct bed *t = *state;
	struct signal_rec r = { .value = 0 };
	uint64_t began_ns = clock_now_ns(), records = 0;

	for (int i = 0; i <= 1000; i++) {
		panel_model_want(&panel_lock(t->panel)->model, 0, i / 10.0);
		panel_unlock(t->panel);
		turn(t, 0);
	}
	for (int i = 0; i < 20 && r.value != 100; i++) {
		turn(t, 100);
		while (next(t, &r))
			records++;
	}
	assert_true(r.value == 100);
	assert_int_equal(r.type, SIGNAL_REC_SET);
	/* One each 40 ms, however long the moves took, and the first. */
	assert_true(records <= (clock_now_ns() - began_ns) / (40 * NS_PER_MS) + 1);
}

static void test_a_request_comes_out_on_the_loop(void **state)
{
	struct bed *t = *state;

	panel_model_ask(&panel_lock(t->panel)->model, json_pack("{s:s}", "op", "pause"));
	panel_unlock(t->panel);
	for (int i = 0; i < 20 && !t->asked; i++)
		turn(t, 100);
	assert_string_equal(json_string_value(json_object_get(t->asked, "op")), "pause");
}

static void test_what_is_no_record_ends_the_port_and_not_the_panel(void **state)
{
	struct bed *t = *state;
	struct image im;

	assert_int_equal(send(t->port, "garbage", 7, 0), 7);
	turn(t, 1000);
	assert_int_equal(send(t->port, "garbage", 7, MSG_NOSIGNAL), -1);
	assert_int_equal(panel_snapshot(t->panel, &im), 0);
	image_fini(&im);
	panel_model_want(&panel_lock(t->panel)->model, 0, 5);
	panel_unlock(t->panel);
	turn(t, 100);
}

static void test_a_description_that_is_none_is_an_error(void **state)
{
	struct bed *t = *state;
	struct panel_events ev = { changed, ask, t };
	struct err e = { .text = "" };
	struct panel *p;

	assert_int_equal(panel_new(&p, t->loop, spec_fd("{"), -1, &ev, &e), -EINVAL);
	assert_non_null(strstr(e.text, "description"));
}

#define BED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BED(test_the_picture_shows_values_names_and_states),
		BED(test_a_dragged_slider_sends_few_records_and_the_last_value),
		BED(test_a_request_comes_out_on_the_loop),
		BED(test_what_is_no_record_ends_the_port_and_not_the_panel),
		BED(test_a_description_that_is_none_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
