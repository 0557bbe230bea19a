/* SPDX-License-Identifier: Apache-2.0 */
/* Networks from a scenario's keys to the switch: the test plays the guests' cards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ipc.h"
#include "base/proto/net_port.h"
#include "sim/bench/nets.h"

#define FRAMES        1000
#define PACKET_FRAMES 100
#define FRAME_BYTES   60u
#define LIMIT_MS      20000

struct rig {
	struct scenario *s;
	struct nets *n;
	int card[2]; /* of guests a and b */
};

/* Card of a as the keys say, on one network with that of b. */
static void rig_open(struct rig *r, const char *keys, unsigned int seed)
{
	const struct scenario_opts opts = { .no_files = true };
	struct err e = { 0 };
	char text[1024];
	int len = snprintf(text, sizeof(text),
		"duration: 1s\n"
		"seed: %u\n"
		"networks: {lan: }\n"
		"guests:\n"
		"  a: {kernel: 'builtin:a', nets: [{network: lan%s}]}\n"
		"  b: {kernel: 'builtin:b', nets: [lan]}\n",
		seed, keys);

	assert_int_equal(
		scenario_load_text(text, (size_t)len, "test.yaml", &opts, stderr, &r->s), 0);
	assert_int_equal(nets_new(&r->n, r->s, "/nonexistent", &e), 0);
	for (uint32_t g = 0; g < 2; g++)
		assert_int_equal(nets_plug(r->n, g, 0, &r->card[g], &e), 0);
}

static void rig_close(struct rig *r)
{
	nets_free(r->n);
	ipc_close_fds(r->card, 2);
	scenario_free(r->s);
}

static json_int_t metric(const struct rig *r, const char *port, const char *key)
{
	json_t *m = nets_metrics(r->n), *lan = json_object_get(m, "lan");
	json_int_t v = json_integer_value(json_object_get(json_object_get(lan, port), key));

	json_decref(m);
	return v;
}

/* Adds a frame to all. */
static void add_frame(struct net_packet *p, int from)
{
	const uint8_t addresses[12] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,
		(uint8_t)from };
	uint8_t *f = net_packet_reserve(p, FRAME_BYTES);

	assert_non_null(f);
	memset(f, 0, FRAME_BYTES);
	memcpy(f, addresses, sizeof(addresses));
}

/* Guest `from` sends; returns when the switch has seen all of it. */
static void send_frames(struct rig *r, int from)
{
	static struct net_packet p;

	for (int sent = 0; sent < FRAMES; sent += PACKET_FRAMES) {
		p.len = 0;
		for (int i = 0; i < PACKET_FRAMES; i++)
			add_frame(&p, from);
		assert_int_equal(ipc_send(r->card[from], p.b, p.len, NULL, 0), 0);
	}
	for (int ms = 0; metric(r, from ? "b.0" : "a.0", "in_frames") < FRAMES; ms++) {
		assert_true(ms < LIMIT_MS);
		usleep(1000);
	}
}

static void test_without_keys_nothing_is_lost(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, "", 1);
	send_frames(&r, 0);
	assert_int_equal(metric(&r, "a.0", "lost"), 0);
	assert_int_equal(metric(&r, "b.0", "out_frames"), FRAMES);
	rig_close(&r);
}

static void test_loss_of_a_card_is_that_of_its_port_in_both_directions(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, ", loss: 100%", 1);
	send_frames(&r, 0);
	assert_int_equal(metric(&r, "a.0", "lost"), FRAMES);
	assert_int_equal(metric(&r, "b.0", "out_frames"), 0);
	send_frames(&r, 1);
	assert_int_equal(metric(&r, "a.0", "lost"), 2 * FRAMES);
	assert_int_equal(metric(&r, "a.0", "out_frames"), 0);
	assert_int_equal(metric(&r, "b.0", "lost"), 0);
	rig_close(&r);
}

static json_int_t lost_with(unsigned int seed)
{
	json_int_t lost;
	struct rig r;

	rig_open(&r, ", loss: 25%", seed);
	send_frames(&r, 0);
	lost = metric(&r, "a.0", "lost");
	assert_int_equal(metric(&r, "b.0", "out_frames"), FRAMES - lost);
	rig_close(&r);
	return lost;
}

static void test_losses_have_the_scenario_s_share_and_repeat_with_its_seed(void **state)
{
	json_int_t lost = lost_with(7);

	(void)state;
	assert_in_range(lost, 200, 300);
	assert_int_equal(lost_with(7), lost);
	assert_int_not_equal(lost_with(8), lost);
}

static void test_cards_of_different_vlans_do_not_hear_each_other(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, ", vlan: 7", 1);
	send_frames(&r, 0);
	assert_int_equal(metric(&r, "b.0", "out_frames"), 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_keys_nothing_is_lost),
		cmocka_unit_test(test_loss_of_a_card_is_that_of_its_port_in_both_directions),
		cmocka_unit_test(test_losses_have_the_scenario_s_share_and_repeat_with_its_seed),
		cmocka_unit_test(test_cards_of_different_vlans_do_not_hear_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
