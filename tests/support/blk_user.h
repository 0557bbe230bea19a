/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A test in the place of the block device: it starts a port on a loop of its own, and waits for
 * what it asks. One port at a time. Each function fails cmocka's test where it does not work.
 */
#pragma once

#include "devices/blk/blk_port.h"

struct blk_one {
	struct blk_io io; /* first; `done` is set by blk_user_submit() */
	bool done;
	int rc;
};

void blk_user_start(struct blk_port *p);
/* Waits for what is under way, stops and frees the port. */
void blk_user_stop(struct blk_port *p_take);
/* The loop goes on, for 20 ms at most. */
void blk_user_turn(void);
/* The port's `commit` is still to come. */
void blk_user_submit(struct blk_port *p, struct blk_one *o);
void blk_user_begin(struct blk_port *p, struct blk_one *o);
void blk_user_await(const struct blk_one *o);
/* Both; how the request ended. */
int blk_user_do(struct blk_port *p, struct blk_io io);
/* Bytes that follow from the seed. */
void blk_user_fill(uint8_t *b, size_t n, unsigned int seed);
