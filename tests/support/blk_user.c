/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/blk_user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"

static struct ev_loop *loop;

void blk_user_start(struct blk_port *p)
{
	assert_int_equal(ev_loop_new(&loop), 0);
	assert_int_equal(p->ops->start(p, loop), 0);
}

void blk_user_stop(struct blk_port *p_take)
{
	p_take->ops->drain(p_take);
	p_take->ops->stop(p_take);
	blk_port_free(p_take);
	ev_loop_free(loop);
}

void blk_user_turn(void)
{
	assert_int_equal(ev_loop_turn(loop, 20), 0);
}

static void on_done(struct blk_io *io, int rc)
{
	struct blk_one *o = (struct blk_one *)io;

	assert_false(o->done);
	o->done = true;
	o->rc = rc;
}

void blk_user_submit(struct blk_port *p, struct blk_one *o)
{
	o->io.done = on_done;
	p->ops->submit(p, &o->io);
}

void blk_user_begin(struct blk_port *p, struct blk_one *o)
{
	blk_user_submit(p, o);
	p->ops->commit(p);
}

void blk_user_await(const struct blk_one *o)
{
	uint64_t end_ns = clock_now_ns() + 20 * NS_PER_S;

	while (!o->done && clock_now_ns() < end_ns)
		blk_user_turn();
	assert_true(o->done);
}

int blk_user_do(struct blk_port *p, struct blk_io io)
{
	struct blk_one o = { .io = io };

	blk_user_begin(p, &o);
	blk_user_await(&o);
	return o.rc;
}

void blk_user_fill(uint8_t *b, size_t n, unsigned int seed)
{
	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)rand_r(&seed);
}
