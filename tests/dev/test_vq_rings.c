/* SPDX-License-Identifier: Apache-2.0 */
/* The queue with a well-behaved driver, over every kind of ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/dev/echo_dev.h"
#include "tests/support/mock_driver.h"

static struct echo_dev *echo;

static struct mock *start(unsigned int kind, uint16_t size)
{
	struct mock *m = mock_new(kind);

	echo = echo_new();
	mock_set_queue_size(m, size);
	mock_attach(m, &echo->v);
	mock_start(m, ECHO_F_LOUD);
	return m;
}

static void fill(uint8_t *p, size_t n, unsigned int seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7 + seed);
}

static void test_requests_come_back_with_their_bytes_over_many_laps(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m = start(kind, 8);

		for (unsigned int i = 0; i < 100; i++) {
			uint8_t out[64], in[64] = { 0 };
			uint32_t n = 1 + i % 64;

			fill(out, n, i);
			assert_int_equal(mock_send(m, 0, out, n, in, sizeof(in)), n);
			assert_memory_equal(in, out, n);
		}
		assert_false(mock_needs_reset(m));
		mock_free(m);
	}
}

static void test_packed_ring_of_a_size_that_is_no_power_of_two_works(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m;

		if (!(kind & MOCK_PACKED))
			continue;
		m = start(kind, 7);
		for (unsigned int i = 0; i < 50; i++) {
			uint32_t v = i, got = 0;

			assert_int_equal(mock_send(m, 0, &v, sizeof(v), &got, sizeof(got)), 4);
			assert_int_equal(got, i);
		}
		mock_free(m);
	}
}

static void test_scattered_segments_are_joined_in_order(void **state)
{
	static const uint8_t text[] = "abcdefghijklmnop";
	const struct mock_iov out[] = { { text, 1 }, { text + 1, 0 }, { text + 1, 7 },
		{ text + 8, 8 } };
	const struct mock_iov in[] = { { NULL, 3 }, { NULL, 0 }, { NULL, 1 }, { NULL, 20 } };

	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m = start(kind, 16);

		for (unsigned int i = 0; i < 20; i++) {
			struct mock_used u;
			int id = mock_postv(m, 0, out, 4, in, 4);

			assert_true(id >= 0);
			assert_true(mock_wait(m, 0, &u));
			assert_int_equal(u.id, id);
			assert_int_equal(u.len, 16);
			assert_int_equal(u.in_len, 24);
			assert_memory_equal(u.in, text, 16);
			assert_int_equal(u.in[16], 0xa5); /* not written, not counted */
		}
		mock_free(m);
	}
}

static void test_full_ring_is_taken_whole_and_the_next_post_is_refused(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m = start(kind, 16);
		struct mock_used u;

		for (unsigned int lap = 0; lap < 5; lap++) {
			unsigned int n = 0;
			const struct mock_iov out = { &n, sizeof(n) };

			while (mock_add(m, 0, &out, 1, NULL, 0) >= 0)
				n++;
			assert_int_equal(n, 16);
			mock_kick(m, 0);
			for (unsigned int i = 0; i < 16; i++) {
				assert_true(mock_wait(m, 0, &u));
				assert_int_equal(u.len, 0);
			}
			assert_int_equal(mock_in_flight(m, 0), 0);
		}
		mock_free(m);
	}
}

static void test_answers_may_come_in_another_order(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m = start(kind, 16);
		int id[5];

		echo->hold = true;
		for (unsigned int lap = 0; lap < 20; lap++) {
			uint32_t v = lap;

			for (unsigned int i = 0; i < 5; i++) {
				id[i] = mock_post(m, 0, &v, sizeof(v), 4);
				assert_true(id[i] >= 0);
			}
			assert_int_equal(echo->n_held, 5);
			for (unsigned int i = 0; i < 5; i++) {
				static const unsigned int order[] = { 3, 0, 4, 2, 1 };
				struct mock_used u;
				uint32_t answer = 1000 + order[i];

				assert_int_equal(vq_token_push(echo->vq[0], &echo->held[order[i]],
							 &answer, 4),
					0);
				assert_true(mock_wait(m, 0, &u));
				assert_int_equal(u.id, id[order[i]]);
				assert_int_equal(u.len, 4);
				assert_memory_equal(u.in, &answer, 4);
			}
			echo->n_held = 0;
		}
		mock_free(m);
	}
}

static void test_unpop_gives_the_same_request_again(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m = start(kind, 4);
		const uint16_t three = 3;
		struct vq_chain c;

		/* Stop short of the end of the ring, so that a chain crosses it. */
		for (unsigned int i = 0; i < 3; i++)
			assert_int_equal(mock_send(m, 0, &three, 2, NULL, 0), 0);
		echo->hold = true;
		for (unsigned int lap = 0; lap < 9; lap++) {
			struct mock_used u;
			const struct mock_iov out[] = { { "ab", 2 }, { "cd", 2 } },
					      in = { NULL, 4 };

			assert_true(mock_add(m, 0, out, 2, &in, 1) >= 0);
			for (unsigned int i = 0; i < 3; i++) {
				assert_int_equal(vq_pop(echo->vq[0], &c), VQ_TAKEN);
				assert_int_equal(c.out_bytes, 4);
				vq_unpop(echo->vq[0], &c);
			}
			assert_int_equal(vq_pop(echo->vq[0], &c), VQ_TAKEN);
			assert_int_equal(vq_pop(echo->vq[0], &echo->chain), VQ_EMPTY);
			assert_int_equal(vq_push(echo->vq[0], &c, 0), 0);
			assert_true(mock_poll(m, 0, &u));
		}
		mock_free(m);
	}
}

static void test_figures_say_where_a_queue_stands(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m = start(kind, 16);
		const struct mock_iov out = { "x", 1 };
		struct vq *q = echo->vq[0];
		struct vq_figures f;
		struct vq_chain c;

		echo->hold = true;
		echo->pops_per_kick = 2;
		for (unsigned int i = 0; i < 3; i++)
			assert_true(mock_add(m, 0, &out, 1, NULL, 0) >= 0);
		assert_true(mock_kick(m, 0)); /* takes two of three */
		vq_get_figures(q, &f);
		assert_int_equal(f.taken, 2);
		assert_int_equal(f.returned, 0);
		assert_true(f.in_flight >= 2);
		assert_true(f.waiting && f.kicks && !f.untold);
		assert_int_equal(vq_pop(q, &c), VQ_TAKEN);
		vq_unpop(q, &c);
		assert_int_equal(vq_pop(q, &c), VQ_TAKEN);
		assert_int_equal(vq_push_quiet(q, &c, 0), 0);
		vq_kicks_disable(q);
		vq_get_figures(q, &f);
		assert_int_equal(f.taken, 3);
		assert_int_equal(f.returned, 1);
		assert_true(!f.waiting && !f.kicks && f.untold);
		mock_free(m);
	}
}

static void test_driver_is_asked_to_kick_again_after_an_unpop(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m = start(kind, 16);
		const struct mock_iov out = { "x", 1 };
		struct vq_chain c;

		echo->hold = true;
		echo->pops_per_kick = 1;
		for (unsigned int i = 0; i < 5; i++)
			assert_true(mock_add(m, 0, &out, 1, NULL, 0) >= 0);
		assert_true(mock_kick(m, 0)); /* takes one of five */
		assert_int_equal(vq_pop(echo->vq[0], &c), VQ_TAKEN);
		vq_unpop(echo->vq[0], &c);
		assert_true(mock_add(m, 0, &out, 1, NULL, 0) >= 0);
		assert_true(mock_kick(m, 0));
		mock_free(m);
	}
}

static void test_every_answer_interrupts_a_driver_that_waits(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m = start(kind, 8);

		for (unsigned int i = 1; i <= 40; i++) {
			uint8_t b = 1;

			assert_int_equal(mock_send(m, 0, &b, 1, NULL, 0), 0);
			assert_int_equal(mock_irqs(m, 0), i);
		}
		mock_free(m);
	}
}

static void test_driver_that_polls_is_not_interrupted(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m = start(kind, 8);
		unsigned int before;

		mock_want_irqs(m, 0, false);
		for (unsigned int i = 0; i < 40; i++)
			assert_int_equal(mock_send(m, 0, "x", 1, NULL, 0), 0);
		assert_int_equal(mock_irqs(m, 0), 0);
		mock_want_irqs(m, 0, true);
		before = mock_irqs(m, 0);
		assert_int_equal(mock_send(m, 0, "x", 1, NULL, 0), 0);
		assert_int_equal(mock_irqs(m, 0), before + 1);
		mock_free(m);
	}
}

static void test_batch_without_event_index_interrupts_at_each_answer_but_with_it_once(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m = start(kind, 16);
		const struct mock_iov out = { "x", 1 };

		for (unsigned int i = 0; i < 10; i++)
			assert_true(mock_add(m, 0, &out, 1, NULL, 0) >= 0);
		mock_kick(m, 0);
		/* The driver collects nothing meanwhile: its event stays at the first entry. */
		assert_int_equal(mock_irqs(m, 0), kind & MOCK_EVENT_IDX ? 1 : 10);
		mock_free(m);
	}
}

static void test_quiet_pushes_interrupt_once_at_the_flush(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m = start(kind, 16);
		struct vq_chain c;

		echo->hold = true;
		for (unsigned int i = 0; i < 10; i++)
			assert_true(mock_add(m, 0, &(struct mock_iov){ "x", 1 }, 1, NULL, 0) >= 0);
		for (unsigned int i = 0; i < 10; i++) {
			assert_int_equal(vq_pop(echo->vq[0], &c), VQ_TAKEN);
			assert_int_equal(vq_push_quiet(echo->vq[0], &c, 0), 0);
		}
		assert_int_equal(mock_irqs(m, 0), 0);
		vq_flush(echo->vq[0]);
		assert_int_equal(mock_irqs(m, 0), 1);
		vq_flush(echo->vq[0]);
		assert_int_equal(mock_irqs(m, 0), 1);
		mock_free(m);
	}
}

static void test_kicks_are_suppressed_and_wanted_again(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m = start(kind, 16);
		const struct mock_iov out = { "x", 1 };

		echo->hold = true;
		for (unsigned int i = 0; i < 3; i++) {
			vq_kicks_disable(echo->vq[0]);
			assert_true(mock_add(m, 0, &out, 1, NULL, 0) >= 0);
			(void)mock_kick(m, 0); /* one may slip through with the event index */
			assert_true(mock_add(m, 0, &out, 1, NULL, 0) >= 0);
			assert_false(mock_kick(m, 0));
			vq_kicks_enable(echo->vq[0]);
			/* "pop once more": it may have missed one */
			while (vq_pop(echo->vq[0], &echo->chain) == VQ_TAKEN)
				;
			assert_true(mock_add(m, 0, &out, 1, NULL, 0) >= 0);
			assert_true(mock_kick(m, 0));
		}
		mock_free(m);
	}
}

static void test_a_kick_is_wanted_when_so_many_requests_were_added(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m = start(kind, 16);
		const struct mock_iov out = { "x", 1 };
		struct vq *q = echo->vq[0];

		echo->pops_per_kick = 1;
		for (unsigned int lap = 0; lap < 20; lap++) {
			struct mock_used u;

			vq_kicks_after(q, 5);
			assert_int_equal(vq_pop(q, &echo->chain), VQ_EMPTY);
			for (unsigned int i = 1; i <= 5; i++) {
				assert_true(mock_add(m, 0, &out, 1, NULL, 0) >= 0);
				/* Without an index there is silence or none. */
				assert_int_equal(mock_kick(m, 0), i == 5 && kind & MOCK_EVENT_IDX);
			}
			vq_kicks_enable(q);
			for (unsigned int i = kind & MOCK_EVENT_IDX ? 1 : 0; i < 5; i++) {
				assert_int_equal(vq_pop(q, &echo->chain), VQ_TAKEN);
				assert_int_equal(vq_push(q, &echo->chain, 0), 0);
			}
			assert_int_equal(vq_pop(q, &echo->chain), VQ_EMPTY);
			assert_true(mock_add(m, 0, &out, 1, NULL, 0) >= 0);
			assert_true(mock_kick(m, 0));
			for (unsigned int i = 0; i < 6; i++)
				assert_true(mock_wait(m, 0, &u));
		}
		mock_free(m);
	}
}

static void test_no_kick_is_needed_while_the_device_works(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m;
		const struct mock_iov out = { "x", 1 };

		if (!(kind & MOCK_EVENT_IDX))
			continue;
		m = start(kind, 16);
		assert_int_equal(vq_pop(echo->vq[0], &echo->chain), VQ_EMPTY);
		echo->hold = true;
		echo->pops_per_kick = 1;
		for (unsigned int i = 0; i < 4; i++)
			assert_true(mock_add(m, 0, &out, 1, NULL, 0) >= 0);
		assert_true(mock_kick(m, 0)); /* takes one, three are left */
		assert_true(mock_add(m, 0, &out, 1, NULL, 0) >= 0);
		assert_false(mock_kick(m, 0));
		while (vq_pop(echo->vq[0], &echo->chain) == VQ_TAKEN)
			;
		assert_true(mock_add(m, 0, &out, 1, NULL, 0) >= 0);
		assert_true(mock_kick(m, 0));
		mock_free(m);
	}
}

static void test_queue_goes_on_from_a_saved_position(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m = start(kind, 8);
		struct mock_ring r;
		struct vq *q;
		struct vq_chain c;
		const struct vq_host silent = { NULL, NULL, NULL };
		struct vq_setup s;

		for (unsigned int i = 0; i < 13; i++)
			assert_int_equal(mock_send(m, 0, "x", 1, NULL, 0), 0);
		r = mock_ring(m, 0);
		s = (struct vq_setup){ r.size, r.desc, r.driver, r.device, mock_features(m),
			vq_position(echo->vq[0]) };
		echo->hold = true;
		assert_int_equal(vq_new(&q, mock_mem(m), &s, &silent), 0);
		assert_int_equal(vq_pop(q, &c), VQ_EMPTY);
		assert_true(mock_add(m, 0, &(struct mock_iov){ "y", 1 }, 1, NULL, 0) >= 0);
		assert_int_equal(vq_pop(q, &c), VQ_TAKEN);
		assert_int_equal(c.out_bytes, 1);
		vq_free(q);
		mock_free(m);
	}
}

static void test_reader_and_writer_take_exactly_what_is_asked_or_nothing(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m = start(kind, 16);
		const struct mock_iov out[] = { { "abc", 3 }, { "defg", 4 } };
		const struct mock_iov in[] = { { NULL, 2 }, { NULL, 5 } };
		struct vq *q = echo->vq[0];
		struct mock_used u;
		struct vq_chain c;
		struct vq_reader r;
		struct vq_writer w;
		char got[8] = { 0 };

		assert_true(mock_add(m, 0, out, 2, in, 2) >= 0);
		assert_int_equal(vq_pop(q, &c), VQ_TAKEN);
		vq_reader_init(&r, q, &c);
		assert_int_equal(vq_get(&r, got, 8), GUEST_E_SHORT);
		assert_int_equal(r.left, 7);
		assert_int_equal(vq_get(&r, got, 2), 0);
		assert_int_equal(vq_skip(&r, 2), 0);
		assert_int_equal(vq_skip(&r, 4), GUEST_E_SHORT);
		assert_int_equal(vq_get(&r, got + 2, 3), 0);
		assert_int_equal(vq_get(&r, got, 0), 0);
		assert_int_equal(vq_get(&r, got, 1), GUEST_E_SHORT);
		assert_string_equal(got, "abefg");

		vq_writer_init(&w, q, &c);
		assert_int_equal(vq_put(&w, "12345678", 8), GUEST_E_SHORT);
		assert_int_equal(w.written, 0);
		assert_int_equal(vq_put(&w, "123", 3), 0);
		assert_int_equal(vq_put_zero(&w, 2), 0);
		assert_int_equal(vq_put_zero(&w, 3), GUEST_E_SHORT);
		assert_int_equal(vq_put(&w, "67", 2), 0);
		assert_int_equal(w.left, 0);
		assert_int_equal(vq_push(q, &c, w.written), 0);
		assert_true(mock_poll(m, 0, &u));
		assert_int_equal(u.len, 7);
		assert_memory_equal(u.in, "123\0\00067", 7);
		mock_free(m);
	}
}

static void test_token_answer_is_cut_to_the_room(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct mock *m = start(kind, 16);
		const struct mock_iov in[] = { { NULL, 1 }, { NULL, 1 }, { NULL, 1 }, { NULL, 1 },
			{ NULL, 1 } };
		struct mock_used u;

		echo->hold = true;
		assert_true(mock_postv(m, 0, NULL, 0, in, 4) >= 0);
		assert_int_equal(echo->n_held, 1);
		assert_int_equal(vq_token_push(echo->vq[0], &echo->held[0], "abcdef", 6), 0);
		assert_true(mock_poll(m, 0, &u));
		assert_int_equal(u.len, 4);
		assert_memory_equal(u.in, "abcd", 4);
		assert_true(mock_add(m, 0, NULL, 0, in, 5) >= 0);
		assert_int_equal(vq_pop(echo->vq[0], &echo->chain), VQ_TAKEN);
		assert_int_equal(vq_token_take(&echo->held[0], &echo->chain), GUEST_E_FORMAT);
		mock_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_come_back_with_their_bytes_over_many_laps),
		cmocka_unit_test(test_packed_ring_of_a_size_that_is_no_power_of_two_works),
		cmocka_unit_test(test_scattered_segments_are_joined_in_order),
		cmocka_unit_test(test_full_ring_is_taken_whole_and_the_next_post_is_refused),
		cmocka_unit_test(test_answers_may_come_in_another_order),
		cmocka_unit_test(test_unpop_gives_the_same_request_again),
		cmocka_unit_test(test_figures_say_where_a_queue_stands),
		cmocka_unit_test(test_driver_is_asked_to_kick_again_after_an_unpop),
		cmocka_unit_test(test_every_answer_interrupts_a_driver_that_waits),
		cmocka_unit_test(test_driver_that_polls_is_not_interrupted),
		cmocka_unit_test(
			test_batch_without_event_index_interrupts_at_each_answer_but_with_it_once),
		cmocka_unit_test(test_quiet_pushes_interrupt_once_at_the_flush),
		cmocka_unit_test(test_kicks_are_suppressed_and_wanted_again),
		cmocka_unit_test(test_a_kick_is_wanted_when_so_many_requests_were_added),
		cmocka_unit_test(test_no_kick_is_needed_while_the_device_works),
		cmocka_unit_test(test_queue_goes_on_from_a_saved_position),
		cmocka_unit_test(test_reader_and_writer_take_exactly_what_is_asked_or_nothing),
		cmocka_unit_test(test_token_answer_is_cut_to_the_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
