/* SPDX-License-Identifier: Apache-2.0 */
/* Faults that actions make: which controllers a cut cable concerns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/bench/faults.h"
#include "sim/canbus/fault.h"
#include "tests/support/canbus_rig.h"

/* Guest 0 has nodes 0 and 2 on the bus, guest 1 has node 1, guest 2 has node 3. */
static const uint32_t owner[] = { 0, 1, 0, 2 };

static struct canbus_port *port_of(void *ctx, uint32_t bus, uint32_t guest, unsigned int i)
{
	struct rig *b = ctx;

	assert_int_equal(bus, 0);
	for (unsigned int n = 0; n < ARRAY_SIZE(owner); n++) {
		if (owner[n] == guest && i-- == 0)
			return b->node[n].port;
	}
	return NULL;
}

static struct canbus *bus_of(void *ctx, uint32_t bus)
{
	struct rig *b = ctx;

	assert_int_equal(bus, 0);
	return b->bus;
}

static int send_to(void *ctx, uint32_t bus, const struct canfd_frame *f, uint64_t t_ns)
{
	(void)ctx;
	(void)bus;
	(void)f;
	(void)t_ns;
	fail_msg("nothing is to be sent");
	return -1;
}

struct fixture {
	struct rig *b;
	struct scenario scenario;
	struct faults *faults;
};

static struct fixture begin(void)
{
	static const struct canbus_config ideal = { .timing = CANBUS_IDEAL };
	struct fixture f = { .b = rig_new(&ideal, MAX_NODES, false), .scenario = { .n_buses = 1 } };
	struct faults_config cfg = {
		.scenario = &f.scenario, .send = send_to, .bus = bus_of, .port = port_of, .ctx = f.b
	};

	rig_start(f.b, MAX_NODES);
	assert_int_equal(faults_new(&f.faults, &cfg), 0);
	return f;
}

static void end(struct fixture *f)
{
	faults_free(f->faults);
	rig_free(f->b);
}

static void cut(struct fixture *f, uint32_t guest, bool on)
{
	struct scenario_action a = { .op = SCENARIO_CUT, .guest = guest, .u.cut = { .on = on } };

	faults_action(f->faults, &a, 0);
}

/* A frame of node 1; how many have heard it is a bit each. */
static unsigned int heard_by(struct fixture *f)
{
	struct can_rec_frame r = rig_frame(0x123, 1);
	unsigned int before[MAX_NODES], heard = 0;

	for (unsigned int i = 0; i < MAX_NODES; i++)
		before[i] = f->b->node[i].n;
	rig_send(&f->b->node[1], &r, 1);
	rig_settle(f->b);
	for (unsigned int i = 0; i < MAX_NODES; i++) {
		if (i != 1 && f->b->node[i].n > before[i])
			heard |= 1u << i;
	}
	return heard;
}

static void test_a_cut_concerns_all_controllers_of_the_guest_on_the_bus(void **state)
{
	struct fixture f = begin();

	(void)state;
	assert_int_equal(heard_by(&f), 0x1 | 0x4 | 0x8);
	cut(&f, 0, true);
	assert_int_equal(heard_by(&f), 0x8);
	cut(&f, 0, false);
	assert_int_equal(heard_by(&f), 0x1 | 0x4 | 0x8);
	end(&f);
}

static void test_a_controller_that_is_plugged_in_again_finds_its_cable_cut(void **state)
{
	struct fixture f = begin();

	(void)state;
	cut(&f, 0, true);
	/* As after a restart: the port is a fresh one. */
	canbus_port_cut(f.b->node[2].port, false);
	faults_plugged(f.faults, 0, 0, f.b->node[2].port);
	faults_plugged(f.faults, 0, 2, f.b->node[3].port);
	assert_int_equal(heard_by(&f), 0x8);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_cut_concerns_all_controllers_of_the_guest_on_the_bus),
		cmocka_unit_test(test_a_controller_that_is_plugged_in_again_finds_its_cable_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
