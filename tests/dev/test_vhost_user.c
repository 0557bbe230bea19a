/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vhost-user front end between a mock driver and a back end on a thread of its own, that
 * behaves or does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "devices/rng/rng.h"
#include "devices/vhost_user/vhost_user.h"
#include "tests/dev/echo_dev.h"
#include "tests/support/mock_driver.h"
#include "tests/support/vhu_server.h"

#define FOR_EACH_KIND(kind) for (unsigned int kind = 0; kind < MOCK_KINDS; kind++)
#define PATIENT_MS          20000
#define LIMIT_MS            300 /* where the back end is to miss it */

struct world {
	struct mock *m;
	struct vhu_server *server;
	struct vdev *front;
	struct err e;
};

static const struct vhu_server_config obedient = {
	.features = VHU_SERVER_FEATURES, .protocol = VHU_SERVER_PROTOCOL, .queues = 2
};

static const struct vhost_user_config echo_front = { .tag = "test/vhu",
	.id = 63,
	.queues = 2,
	.queue_size = 16,
	.config_bytes = ECHO_CONFIG_BYTES,
	.limit_ms = PATIENT_MS };

/* Both sides, connected; the result of the first conversation. */
static int connect_to(struct world *w, struct vdev *dev_take, const struct vhu_server_config *cfg,
	const struct vhost_user_config *front)
{
	struct vhu_server_config c = *cfg;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	c.dev_take = dev_take;
	w->server = vhu_server_start(pair[1], &c);
	w->e.text[0] = '\0';
	return vhost_user_new(&w->front, pair[0], front, &w->e);
}

static struct world begin(unsigned int kind, const struct vhu_server_config *cfg)
{
	struct world w = { .m = mock_new(kind) };
	struct vhost_user_config front = echo_front;

	if (cfg->fault != VHU_SERVER_OBEYS)
		front.limit_ms = LIMIT_MS;
	assert_int_equal(connect_to(&w, &echo_new()->v, cfg, &front), 0);
	mock_attach(w.m, w.front);
	return w;
}

static void end(struct world *w)
{
	mock_free(w->m);
	vhu_server_stop(w->server);
}

static bool both_interrupted(void *arg)
{
	return mock_irqs(arg, 0) > 0 && mock_irqs(arg, 1) > 0;
}

static void test_requests_go_to_the_back_end_and_come_back(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct world w = begin(kind, &obedient);
		char in[8];

		mock_start(w.m, 0);
		for (unsigned int i = 0; i < 100; i++)
			assert_int_equal(mock_send(w.m, i % 2, "hello", 5, in, sizeof(in)), 5);
		assert_memory_equal(in, "hello", 5);
		assert_true(mock_until(w.m, both_interrupted, w.m));
		end(&w);
	}
}

static void test_a_back_end_without_protocol_features_serves_too(void **state)
{
	const struct vhu_server_config old = { .features = VIRTIO_BIT(VIRTIO_F_VERSION_1) |
							   VIRTIO_BIT(VIRTIO_F_RING_RESET) };
	struct vhost_user_config front = echo_front;
	struct world w = { .m = mock_new(0) };
	const uint8_t config[ECHO_CONFIG_BYTES] = "front";
	char in[8];

	(void)state;
	front.config = config;
	assert_int_equal(connect_to(&w, &echo_new()->v, &old, &front), 0);
	mock_attach(w.m, w.front);
	mock_start(w.m, 0);
	assert_int_equal(mock_send(w.m, 0, "hello", 5, in, sizeof(in)), 5);
	mock_config_read(w.m, 0, in, 6);
	assert_string_equal(in, "front");
	end(&w);
}

static void test_only_what_the_back_end_knows_is_offered(void **state)
{
	struct vhu_server_config cfg = obedient;
	struct world w;

	(void)state;
	cfg.features = VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VHU_F_PROTOCOL_FEATURES) |
		       VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM) | VIRTIO_BIT(26);
	w = begin(0, &cfg);
	assert_int_equal(
		mock_offered(w.m), VIRTIO_BIT(VIRTIO_F_VERSION_1) | ECHO_F_LOUD | ECHO_F_FORBIDDEN);
	end(&w);
}

static void test_the_device_starts_again_after_a_reset(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct world w = begin(kind, &obedient);
		char in[8];

		for (unsigned int i = 0; i < 3; i++) {
			mock_start(w.m, 0);
			assert_int_equal(mock_send(w.m, 0, "again", 5, in, sizeof(in)), 5);
			mock_reset(w.m);
		}
		assert_int_equal(vhu_server_count(w.server, VHU_SET_MEM_TABLE), 3);
		assert_int_equal(vhu_server_count(w.server, VHU_GET_VRING_BASE), 6);
		assert_int_equal(vhu_server_count(w.server, VHU_RESET_DEVICE), 3);
		assert_int_equal(vhost_user_state(w.front).starts, 3);
		end(&w);
	}
}

static void test_one_queue_is_reset_while_the_other_works(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct world w = begin(kind, &obedient);
		char in[8];

		mock_start(w.m, 0);
		assert_int_equal(mock_send(w.m, 0, "one", 3, in, sizeof(in)), 3);
		mock_queue_reset(w.m, 0);
		assert_int_equal(mock_send(w.m, 1, "two", 3, in, sizeof(in)), 3);
		assert_int_equal(mock_send(w.m, 0, "one", 3, in, sizeof(in)), 3);
		end(&w);
	}
}

static void test_requests_that_wait_at_the_start_are_served(void **state)
{
	struct world w = begin(0, &obedient);
	struct mock_used u;

	(void)state;
	assert_true(mock_negotiate(w.m, 0));
	mock_go(w.m);
	mock_queue_reset(w.m, 0);
	assert_true(mock_post(w.m, 0, "first", 5, 8) >= 0);
	assert_true(mock_wait(w.m, 0, &u));
	assert_int_equal(u.len, 5);
	end(&w);
}

static void test_the_configuration_space_is_the_back_ends(void **state)
{
	struct world w = begin(0, &obedient);
	const uint8_t value = 0x77;

	(void)state;
	mock_start(w.m, 0);
	assert_int_equal(mock_config8(w.m, 3), 0x13);
	mock_config_write(w.m, 3, &value, 1);
	assert_int_equal(mock_config8(w.m, 3), 0x77);
	assert_int_equal(vhu_server_count(w.server, VHU_SET_CONFIG), 1);
	assert_int_equal(mock_config8(w.m, ECHO_CONFIG_BYTES), 0); /* outside */
	end(&w);
}

static bool config_irq(void *arg)
{
	return mock_config_irqs(arg) > 0;
}

static void test_a_change_of_the_configuration_space_is_told(void **state)
{
	struct world w = begin(0, &obedient);
	uint8_t generation;

	(void)state;
	mock_start(w.m, 0);
	generation = mock_config_generation(w.m);
	vhu_server_config_changed(w.server);
	assert_true(mock_until(w.m, config_irq, w.m));
	assert_int_not_equal(mock_config_generation(w.m), generation);
	assert_int_equal(mock_config8(w.m, 0), 0x10);
	assert_int_equal(vhu_server_count(w.server, VHU_GET_CONFIG), 2);
	assert_false(mock_needs_reset(w.m));
	end(&w);
}

static bool needs_reset(void *arg)
{
	return mock_needs_reset(arg);
}

static void test_a_back_end_that_dies_leaves_a_device_that_needs_a_reset(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct world w = begin(kind, &obedient);
		char in[8];

		mock_start(w.m, 0);
		vhu_server_crash(w.server);
		assert_true(mock_until(w.m, needs_reset, w.m));
		assert_int_equal(mock_config_irqs(w.m), 1);
		assert_false(vhost_user_state(w.front).connected);
		assert_string_equal(
			vhost_user_state(w.front).why, "the back end has closed the connection");
		assert_int_equal(mock_send(w.m, 0, "x", 1, in, sizeof(in)), -EIO);
		/* And fails again when it is started, at once. */
		mock_reset(w.m);
		assert_true(mock_negotiate(w.m, 0));
		mock_go(w.m);
		assert_true(mock_needs_reset(w.m));
		end(&w);
	}
}

static void test_a_queue_that_the_back_end_gives_up_latches_the_device(void **state)
{
	struct world w = begin(0, &obedient);
	char in[8];

	(void)state;
	mock_start(w.m, 0);
	vhu_server_report_error(w.server);
	assert_true(mock_until(w.m, needs_reset, w.m));
	mock_start(w.m, 0);
	assert_int_equal(mock_send(w.m, 0, "fine", 4, in, sizeof(in)), 4);
	end(&w);
}

/* Requests of the start, each of which goes wrong in every way. */
static const enum vhu_request at_start[] = { VHU_SET_FEATURES, VHU_SET_MEM_TABLE,
	VHU_SET_VRING_ADDR, VHU_SET_VRING_ENABLE };

static void test_faults_while_it_starts_latch_the_device_in_bounded_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(at_start); i++) {
		for (enum vhu_server_fault f = VHU_SERVER_DIES; f <= VHU_SERVER_REFUSES; f++) {
			struct vhu_server_config cfg = obedient;
			struct world w;
			uint64_t before;

			cfg.at = at_start[i];
			cfg.fault = f;
			w = begin(0, &cfg);
			assert_true(mock_negotiate(w.m, 0));
			before = clock_now_ns();
			mock_go(w.m);
			assert_true(mock_needs_reset(w.m));
			assert_true(clock_now_ns() - before < 20 * LIMIT_MS * NS_PER_MS);
			assert_false(vhost_user_state(w.front).connected);
			assert_true(strlen(vhost_user_state(w.front).why) > 0);
			end(&w);
		}
	}
}

static void test_faults_while_it_stops_do_not_hold_the_reset(void **state)
{
	(void)state;
	for (enum vhu_server_fault f = VHU_SERVER_DIES; f < VHU_SERVER_REFUSES; f++) {
		struct vhu_server_config cfg = obedient;
		struct world w;
		uint64_t before;

		cfg.at = VHU_GET_VRING_BASE;
		cfg.fault = f;
		w = begin(0, &cfg);
		mock_start(w.m, 0);
		before = clock_now_ns();
		mock_reset(w.m);
		assert_true(clock_now_ns() - before < 20 * LIMIT_MS * NS_PER_MS);
		assert_int_equal(mock_status(w.m), 0);
		assert_false(vhost_user_state(w.front).connected);
		end(&w);
	}
}

static void test_faults_in_the_first_conversation_are_errors_with_a_message(void **state)
{
	static const enum vhu_request first[] = { VHU_GET_FEATURES, VHU_GET_PROTOCOL_FEATURES,
		VHU_GET_QUEUE_NUM, VHU_SET_BACKEND_REQ_FD, VHU_GET_CONFIG };
	struct vhost_user_config front = echo_front;

	(void)state;
	front.limit_ms = 20;
	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		for (enum vhu_server_fault f = VHU_SERVER_DIES; f < VHU_SERVER_REFUSES; f++) {
			struct vhu_server_config cfg = obedient;
			struct world w = { .m = NULL };

			cfg.at = first[i];
			cfg.fault = f;
			assert_true(connect_to(&w, &echo_new()->v, &cfg, &front) < 0);
			assert_non_null(strstr(w.e.text, "back end"));
			vhu_server_stop(w.server);
		}
	}
}

static void test_a_back_end_with_too_few_queues_is_refused(void **state)
{
	struct vhu_server_config cfg = obedient;
	struct world w = { .m = NULL };

	(void)state;
	cfg.queues = 1;
	assert_int_equal(connect_to(&w, &echo_new()->v, &cfg, &echo_front), -EINVAL);
	assert_string_equal(w.e.text, "the back end has 1 queues; 2 are configured");
	vhu_server_stop(w.server);
}

static void test_a_back_end_before_virtio_1_is_refused(void **state)
{
	struct vhu_server_config cfg = obedient;
	struct world w = { .m = NULL };

	(void)state;
	cfg.features &= ~VIRTIO_BIT(VIRTIO_F_VERSION_1);
	assert_int_equal(connect_to(&w, &echo_new()->v, &cfg, &echo_front), -EPROTO);
	vhu_server_stop(w.server);
}

static void test_a_space_that_nobody_serves_is_refused(void **state)
{
	struct vhu_server_config cfg = obedient;
	struct world w = { .m = NULL };

	(void)state;
	cfg.protocol &= ~VIRTIO_BIT(VHU_PROTOCOL_F_CONFIG);
	assert_int_equal(connect_to(&w, &echo_new()->v, &cfg, &echo_front), -EINVAL);
	assert_non_null(strstr(w.e.text, "serves no configuration space"));
	vhu_server_stop(w.server);
}

static void test_random_bytes_come_from_another_process_s_device(void **state)
{
	const struct vhost_user_config front = { .tag = "test/rng",
		.id = VIRTIO_ID_RNG,
		.queues = 1,
		.queue_size = 64,
		.limit_ms = PATIENT_MS };

	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct world w = { .m = mock_new(kind) };
		struct vdev *rng;
		uint8_t a[4096], b[4096];

		assert_int_equal(rng_new(&rng, "test/rng"), 0);
		assert_int_equal(connect_to(&w, rng, &obedient, &front), 0);
		mock_attach(w.m, w.front);
		mock_start(w.m, 0);
		assert_int_equal(mock_send(w.m, 0, NULL, 0, a, sizeof(a)), sizeof(a));
		assert_int_equal(mock_send(w.m, 0, NULL, 0, b, sizeof(b)), sizeof(b));
		assert_memory_not_equal(a, b, sizeof(a));
		end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_go_to_the_back_end_and_come_back),
		cmocka_unit_test(test_a_back_end_without_protocol_features_serves_too),
		cmocka_unit_test(test_only_what_the_back_end_knows_is_offered),
		cmocka_unit_test(test_the_device_starts_again_after_a_reset),
		cmocka_unit_test(test_one_queue_is_reset_while_the_other_works),
		cmocka_unit_test(test_requests_that_wait_at_the_start_are_served),
		cmocka_unit_test(test_the_configuration_space_is_the_back_ends),
		cmocka_unit_test(test_a_change_of_the_configuration_space_is_told),
		cmocka_unit_test(test_a_back_end_that_dies_leaves_a_device_that_needs_a_reset),
		cmocka_unit_test(test_a_queue_that_the_back_end_gives_up_latches_the_device),
		cmocka_unit_test(test_faults_while_it_starts_latch_the_device_in_bounded_time),
		cmocka_unit_test(test_faults_while_it_stops_do_not_hold_the_reset),
		cmocka_unit_test(test_faults_in_the_first_conversation_are_errors_with_a_message),
		cmocka_unit_test(test_a_back_end_with_too_few_queues_is_refused),
		cmocka_unit_test(test_a_back_end_before_virtio_1_is_refused),
		cmocka_unit_test(test_a_space_that_nobody_serves_is_refused),
		cmocka_unit_test(test_random_bytes_come_from_another_process_s_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
