/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watches that the bench asked for (docs/interfaces.md, request `watch`): looks after each
 * present, and tells the bench of events with pictures of the region before and after. What it
 * tells is bounded in rate, whatever a guest does.
 *
 * The links' loop only.
 */
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "ui/link.h"

/* Over all guests; the bench numbers them. */
#define WATCHES_MAX 256

struct watches;

/* `fd` (borrowed, -1: none) goes with the message. */
typedef void (*watches_tell)(json_t *msg_take, int fd);

MUST_CHECK int watches_new(struct watches **out, watches_tell tell);
/* NULL is legal. */
void watches_free(struct watches *ws);

/*
 * The request `msg` about a display of `l`. `fd` (borrowed, -1: none) is the PNG that it shall look
 * like. 0 or -errno with a message.
 */
MUST_CHECK int watches_add(struct watches *ws, struct link *l, uint32_t display, const json_t *msg,
	int fd, struct err *e);

/* For link_ops.shown. */
void watches_shown(struct watches *ws, struct link *l, uint32_t display, uint64_t flushed_ns,
	uint64_t read_ns);
