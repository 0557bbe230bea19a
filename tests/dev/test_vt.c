/* SPDX-License-Identifier: Apache-2.0 */
/* The transport core: status machine, features, queue set-up and reset, configuration space. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/dev/echo_dev.h"
#include "tests/support/mock_priv.h"
#include "vmm/transport/core.h"

#define ACK_DRIVER (VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER)

static struct echo_dev *echo;

static struct mock *attach(unsigned int kind)
{
	struct mock *m = mock_new(kind);

	echo = echo_new();
	mock_set_queue_size(m, 16);
	mock_attach(m, &echo->v);
	return m;
}

static void assert_works(struct mock *m, unsigned int q)
{
	uint32_t v = 0xfeedbeef, got = 0;

	assert_int_equal(mock_send(m, q, &v, sizeof(v), &got, sizeof(got)), 4);
	assert_int_equal(got, v);
}

static void set_features(struct vt *t, uint64_t f)
{
	vt_set_driver_features(t, 0, (uint32_t)f);
	vt_set_driver_features(t, 1, (uint32_t)(f >> 32));
}

static void test_offers_the_device_types_bits_and_its_own_but_no_others(void **state)
{
	struct mock *m = attach(0);

	(void)state;
	assert_int_equal(mock_offered(m),
		ECHO_F_LOUD | ECHO_F_FORBIDDEN | VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC) |
			VIRTIO_BIT(VIRTIO_F_EVENT_IDX) | VIRTIO_BIT(VIRTIO_F_VERSION_1) |
			VIRTIO_BIT(VIRTIO_F_RING_PACKED) | VIRTIO_BIT(VIRTIO_F_RING_RESET));
	assert_int_equal(vt_device_features(mock_vt(m), 2), 0);
	assert_int_equal(vt_device_features(mock_vt(m), UINT32_MAX), 0);
	mock_free(m);
}

static void test_features_ok_is_refused_without_version_1(void **state)
{
	struct mock *m = attach(0);
	struct vt *t = mock_vt(m);

	(void)state;
	vt_set_status(t, ACK_DRIVER);
	set_features(t, ECHO_F_LOUD);
	vt_set_status(t, ACK_DRIVER | VIRTIO_S_FEATURES_OK);
	assert_int_equal(vt_status(t), ACK_DRIVER);
	mock_free(m);
}

static void test_features_ok_is_refused_for_what_was_not_offered(void **state)
{
	static const unsigned int bad[] = { 2, 23, 24, 27, 30, 31, VIRTIO_F_ACCESS_PLATFORM,
		VIRTIO_F_IN_ORDER, 41, 50, 63 };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		struct mock *m = attach(0);
		struct vt *t = mock_vt(m);

		vt_set_status(t, ACK_DRIVER);
		set_features(t, VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(bad[i]));
		vt_set_status(t, ACK_DRIVER | VIRTIO_S_FEATURES_OK);
		assert_int_equal(vt_status(t), ACK_DRIVER);
		/* It may try again with less. */
		set_features(t, VIRTIO_BIT(VIRTIO_F_VERSION_1));
		vt_set_status(t, ACK_DRIVER | VIRTIO_S_FEATURES_OK);
		assert_int_equal(vt_status(t), ACK_DRIVER | VIRTIO_S_FEATURES_OK);
		mock_free(m);
	}
}

static void test_features_ok_is_refused_when_the_device_says_so(void **state)
{
	struct mock *m = attach(0);

	(void)state;
	assert_false(mock_negotiate(m, ECHO_F_FORBIDDEN));
	assert_true(mock_negotiate(m, ECHO_F_LOUD));
	mock_free(m);
}

static void test_features_are_settled_after_features_ok(void **state)
{
	struct mock *m = attach(0);
	struct vt *t = mock_vt(m);

	(void)state;
	assert_true(mock_negotiate(m, ECHO_F_LOUD));
	set_features(t, ~UINT64_C(0));
	vt_set_driver_features(t, 7, 1);
	assert_int_equal(vt_driver_features(t, 0), (uint32_t)mock_features(m));
	assert_int_equal(vt_driver_features(t, 7), 0);
	mock_go(m);
	assert_int_equal(echo->features, mock_features(m));
	mock_free(m);
}

static void test_driver_ok_without_features_ok_starts_nothing(void **state)
{
	struct mock *m = attach(0);
	struct vt *t = mock_vt(m);

	(void)state;
	vt_set_status(t, ACK_DRIVER | VIRTIO_S_DRIVER_OK);
	assert_int_equal(vt_status(t), ACK_DRIVER);
	assert_int_equal(echo->starts, 0);
	mock_free(m);
}

static void test_status_bits_rise_only_and_needs_reset_is_the_devices(void **state)
{
	struct mock *m = attach(0);
	struct vt *t = mock_vt(m);

	(void)state;
	mock_start(m, 0);
	assert_int_equal(vt_status(t), 0x0f);
	vt_set_status(t, VIRTIO_S_ACKNOWLEDGE);
	assert_int_equal(vt_status(t), 0x0f);
	vt_set_status(t, 0x7f);
	assert_int_equal(vt_status(t), 0x0f);
	vt_set_status(t, 0x0f | VIRTIO_S_FAILED);
	assert_int_equal(vt_status(t), 0x0f | VIRTIO_S_FAILED);
	vt_set_status(t, 0);
	assert_int_equal(vt_status(t), 0);
	mock_free(m);
}

static void test_every_order_of_status_writes_is_survived(void **state)
{
	struct mock *m = attach(0);
	struct vt *t = mock_vt(m);
	uint32_t x = 1;

	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		x = x * 1664525 + 1013904223;
		switch (x >> 29) {
		case 0:
			set_features(t, VIRTIO_BIT(VIRTIO_F_VERSION_1) |
						(x & 0x400 ? VIRTIO_BIT(VIRTIO_F_RING_RESET) : 0));
			break;
		case 1:
			vt_queue_enable(t, (x >> 8) & 3);
			break;
		case 2:
			vt_queue_reset(t, (x >> 8) & 3);
			break;
		case 3:
			vt_kick(t, (x >> 8) & 0xff);
			break;
		default:
			vt_set_status(t, (uint8_t)(x >> 16));
			break;
		}
	}
	mock_start(m, ECHO_F_LOUD);
	assert_works(m, 0);
	mock_free(m);
}

static void test_requests_from_before_driver_ok_are_served_at_driver_ok(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m = attach(kind);
		struct vt *t = mock_vt(m);
		struct mock_used u;

		assert_true(mock_negotiate(m, 0));
		mock_ring_make(m, 0, 16);
		vt_queue_set_size(t, 0, 16);
		vt_queue(t, 0)->desc = mock_ring(m, 0).desc;
		vt_queue(t, 0)->driver = mock_ring(m, 0).driver;
		vt_queue(t, 0)->device = mock_ring(m, 0).device;
		vt_queue_enable(t, 0);
		assert_true(mock_post(m, 0, "early", 5, 0) >= 0);
		assert_false(mock_poll(m, 0, &u));
		vt_set_status(t, 0x0f);
		assert_true(mock_poll(m, 0, &u));
		mock_free(m);
	}
}

static void test_kick_before_driver_ok_does_not_reach_the_device(void **state)
{
	struct mock *m = attach(0);

	(void)state;
	assert_true(mock_negotiate(m, 0));
	vt_kick(mock_vt(m), 0);
	vt_kick(mock_vt(m), 99);
	assert_int_equal(echo->kicks, 0);
	mock_go(m);
	assert_int_equal(echo->kicks, ECHO_QUEUES); /* one each, for what may wait there */
	assert_int_equal(echo->starts, 1);
	assert_int_equal(echo->queue_starts, ECHO_QUEUES);
	mock_free(m);
}

static void test_reset_stops_queues_then_the_device_and_forgets_all(void **state)
{
	struct mock *m = attach(0);
	struct vt *t = mock_vt(m);

	(void)state;
	mock_start(m, ECHO_F_LOUD);
	assert_works(m, 0);
	vt_queue(t, 0)->msix_vector = 3;
	vt_set_status(t, 0);
	assert_int_equal(echo->queue_stops, ECHO_QUEUES);
	assert_int_equal(echo->stops, 1);
	assert_int_equal(vt_driver_features(t, 0), 0);
	assert_int_equal(vt_queue(t, 0)->size, 256);
	assert_int_equal(vt_queue(t, 0)->msix_vector, 0xffff);
	assert_int_equal(vt_queue(t, 0)->desc.v, 0);
	assert_false(vt_queue(t, 0)->enabled);
	assert_null(vt_queue(t, 0)->vq);
	mock_start(m, ECHO_F_LOUD);
	assert_works(m, 1);
	mock_free(m);
}

static void test_failed_start_asks_for_a_reset(void **state)
{
	struct mock *m = attach(0);

	(void)state;
	echo->start_result = -5;
	mock_start(m, 0);
	assert_true(mock_needs_reset(m));
	assert_int_equal(mock_config_irqs(m), 1);
	assert_int_equal(echo->queue_starts, 0);
	echo->start_result = 0;
	mock_start(m, 0);
	assert_works(m, 0);
	mock_free(m);
}

static void test_failed_queue_start_asks_for_a_reset_once(void **state)
{
	struct mock *m = attach(0);

	(void)state;
	echo->queue_start_result = -12;
	mock_start(m, 0);
	assert_true(mock_needs_reset(m));
	assert_int_equal(mock_config_irqs(m), 1);
	assert_null(vt_queue(mock_vt(m), 0)->vq);
	mock_free(m);
}

static char reason[200];

static void note_error(void *ctx, const char *text)
{
	++*(unsigned int *)ctx;
	snprintf(reason, sizeof(reason), "%s", text);
}

static void test_wrong_ring_address_is_reported_with_its_queue(void **state)
{
	struct mock *m = attach(0);
	struct vt *t = mock_vt(m);
	unsigned int told = 0;

	(void)state;
	vt_on_error(t, note_error, &told);
	assert_true(mock_negotiate(m, 0));
	vt_queue_set_size(t, 1, 16);
	vt_queue(t, 1)->desc.v = UINT64_MAX & ~UINT64_C(15);
	vt_queue(t, 1)->driver.v = MOCK_MEM_BASE;
	vt_queue(t, 1)->device.v = MOCK_MEM_BASE + 0x1000;
	vt_queue_enable(t, 1);
	assert_false(mock_needs_reset(m)); /* nothing works with it yet */
	vt_set_status(t, 0x0f);
	assert_true(mock_needs_reset(m));
	assert_int_equal(told, 1);
	assert_non_null(strstr(reason, "queue 1"));
	mock_free(m);
}

static void test_queue_sizes_that_are_illegal_are_ignored(void **state)
{
	static const struct {
		uint16_t size, split, packed;
	} c[] = {
		{ 0, 256, 256 },
		{ 1, 1, 1 },
		{ 3, 256, 3 },
		{ 256, 256, 256 },
		{ 257, 256, 256 },
		{ 512, 256, 256 },
		{ 0xffff, 256, 256 },
	};

	(void)state;
	for (unsigned int kind = 0; kind < 2; kind++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(c); i++) {
			struct mock *m = attach(kind);
			struct vt *t = mock_vt(m);

			assert_true(mock_negotiate(m, 0));
			vt_queue_set_size(t, 0, c[i].size);
			assert_int_equal(vt_queue(t, 0)->size, kind ? c[i].packed : c[i].split);
			vt_queue_set_size(t, 17, 4);
			assert_null(vt_queue(t, 17));
			mock_free(m);
		}
	}
}

static void test_size_of_an_enabled_queue_does_not_change(void **state)
{
	struct mock *m = attach(0);

	(void)state;
	mock_start(m, 0);
	vt_queue_set_size(mock_vt(m), 0, 2);
	assert_int_equal(vt_queue(mock_vt(m), 0)->size, 16);
	vt_queue_enable(mock_vt(m), 0);
	assert_int_equal(echo->queue_starts, ECHO_QUEUES);
	mock_free(m);
}

static void test_queue_reset_leaves_other_queues_alone(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m = attach(kind);

		mock_start(m, 0);
		for (unsigned int i = 0; i < 5; i++) {
			assert_works(m, 0);
			assert_works(m, 1);
		}
		echo->hold = true;
		assert_true(mock_post(m, 0, "lost", 4, 4) >= 0);
		assert_int_equal(echo->n_held, 1);
		mock_queue_reset(m, 0);
		assert_int_equal(echo->queue_stops, 1);
		assert_int_equal(echo->stops, 0);
		assert_int_equal(echo->queue_starts, 3);
		echo->hold = false;
		for (unsigned int i = 0; i < 40; i++) {
			assert_works(m, 0);
			assert_works(m, 1);
		}
		mock_free(m);
	}
}

static void test_queue_reset_without_the_feature_is_ignored(void **state)
{
	struct mock *m = attach(0);
	struct vt *t = mock_vt(m);

	(void)state;
	vt_set_status(t, ACK_DRIVER);
	set_features(t, VIRTIO_BIT(VIRTIO_F_VERSION_1));
	vt_set_status(t, ACK_DRIVER | VIRTIO_S_FEATURES_OK);
	mock_go(m);
	vt_queue_reset(t, 0);
	assert_int_equal(echo->queue_stops, 0);
	assert_true(vt_queue(t, 0)->enabled);
	mock_free(m);
}

static void test_config_is_read_at_every_width_and_offset(void **state)
{
	struct mock *m = attach(0);

	(void)state;
	for (uint32_t off = 0; off < 40; off++) {
		for (uint32_t len = 0; len <= 24; len++) {
			uint8_t got[24];

			memset(got, 0xcc, sizeof(got));
			mock_config_read(m, off, got, len);
			for (uint32_t i = 0; i < sizeof(got); i++) {
				uint8_t want = i >= len ? 0xcc
					       : off + i < ECHO_CONFIG_BYTES
						       ? (uint8_t)(0x10 + off + i)
						       : 0;

				assert_int_equal(got[i], want);
			}
		}
	}
	mock_free(m);
}

static void test_config_is_written_at_every_width_and_offset(void **state)
{
	struct mock *m = attach(0);
	uint8_t model[ECHO_CONFIG_BYTES];

	(void)state;
	memcpy(model, echo->config, sizeof(model));
	for (uint32_t off = 0; off < 40; off++) {
		for (uint32_t len = 0; len <= 24; len++) {
			uint8_t src[24];

			for (uint32_t i = 0; i < sizeof(src); i++)
				src[i] = (uint8_t)(off * 25 + len + i);
			mock_config_write(m, off, src, len);
			for (uint32_t i = 0; i < len; i++) {
				if (off + i < sizeof(model))
					model[off + i] = src[i];
			}
			assert_memory_equal(echo->config, model, sizeof(model));
			for (uint32_t i = 0; i < sizeof(echo->guard); i++)
				assert_int_equal(echo->guard[i], 0xee);
		}
	}
	mock_free(m);
}

static void test_config_offsets_that_wrap_are_outside(void **state)
{
	static const uint32_t off[] = { UINT32_MAX, UINT32_MAX - 3, 0x80000000u,
		ECHO_CONFIG_BYTES };
	struct mock *m = attach(0);
	uint64_t v = 0x1122334455667788;
	uint8_t before[ECHO_CONFIG_BYTES];

	(void)state;
	memcpy(before, echo->config, sizeof(before));
	for (unsigned int i = 0; i < ARRAY_SIZE(off); i++) {
		uint64_t got = 1;

		mock_config_write(m, off[i], &v, sizeof(v));
		mock_config_read(m, off[i], &got, sizeof(got));
		assert_int_equal(got, 0);
	}
	assert_memory_equal(echo->config, before, sizeof(before));
	mock_free(m);
}

static void test_config_change_bumps_the_generation_and_interrupts_after_driver_ok(void **state)
{
	struct mock *m = attach(0);
	uint8_t g = mock_config_generation(m);

	(void)state;
	echo->v.host->config_changed(echo->v.host->ctx);
	assert_int_equal(mock_config_generation(m), g + 1);
	assert_int_equal(mock_config_irqs(m), 0);
	mock_start(m, 0);
	echo->v.host->config_changed(echo->v.host->ctx);
	assert_int_equal(mock_config_generation(m), g + 2);
	assert_int_equal(mock_config_irqs(m), 1);
	mock_free(m);
}

static void test_device_that_cannot_go_on_is_latched_until_reset(void **state)
{
	struct mock *m = attach(0);
	unsigned int kicks;

	(void)state;
	mock_start(m, 0);
	echo->v.host->needs_reset(echo->v.host->ctx, "test");
	echo->v.host->needs_reset(echo->v.host->ctx, "test again");
	assert_true(mock_needs_reset(m));
	assert_int_equal(mock_config_irqs(m), 1);
	kicks = echo->kicks;
	mock_kick_always(m, 0);
	assert_int_equal(echo->kicks, kicks);
	mock_start(m, 0);
	assert_works(m, 0);
	mock_free(m);
}

static void test_device_is_freed_with_the_transport_and_when_it_cannot_be_made(void **state)
{
	struct mock *m = attach(0);
	bool freed = false;

	(void)state;
	echo->freed = &freed;
	mock_free(m);
	assert_true(freed);
	vt_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offers_the_device_types_bits_and_its_own_but_no_others),
		cmocka_unit_test(test_features_ok_is_refused_without_version_1),
		cmocka_unit_test(test_features_ok_is_refused_for_what_was_not_offered),
		cmocka_unit_test(test_features_ok_is_refused_when_the_device_says_so),
		cmocka_unit_test(test_features_are_settled_after_features_ok),
		cmocka_unit_test(test_driver_ok_without_features_ok_starts_nothing),
		cmocka_unit_test(test_status_bits_rise_only_and_needs_reset_is_the_devices),
		cmocka_unit_test(test_every_order_of_status_writes_is_survived),
		cmocka_unit_test(test_requests_from_before_driver_ok_are_served_at_driver_ok),
		cmocka_unit_test(test_kick_before_driver_ok_does_not_reach_the_device),
		cmocka_unit_test(test_reset_stops_queues_then_the_device_and_forgets_all),
		cmocka_unit_test(test_failed_start_asks_for_a_reset),
		cmocka_unit_test(test_failed_queue_start_asks_for_a_reset_once),
		cmocka_unit_test(test_wrong_ring_address_is_reported_with_its_queue),
		cmocka_unit_test(test_queue_sizes_that_are_illegal_are_ignored),
		cmocka_unit_test(test_size_of_an_enabled_queue_does_not_change),
		cmocka_unit_test(test_queue_reset_leaves_other_queues_alone),
		cmocka_unit_test(test_queue_reset_without_the_feature_is_ignored),
		cmocka_unit_test(test_config_is_read_at_every_width_and_offset),
		cmocka_unit_test(test_config_is_written_at_every_width_and_offset),
		cmocka_unit_test(test_config_offsets_that_wrap_are_outside),
		cmocka_unit_test(
			test_config_change_bumps_the_generation_and_interrupts_after_driver_ok),
		cmocka_unit_test(test_device_that_cannot_go_on_is_latched_until_reset),
		cmocka_unit_test(
			test_device_is_freed_with_the_transport_and_when_it_cannot_be_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
