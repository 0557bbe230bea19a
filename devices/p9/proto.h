/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and making of 9P messages, as far as a carrier needs it. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "devices/p9/wire.h"

struct p9_head {
	uint32_t size;
	uint8_t type;
	uint16_t tag;
};

struct p9_head p9_head(const struct p9_header *h);

/*
 * Checks the head of a request that came in `bytes` bytes. 0; or the Linux errno that the guest is
 * answered with: EINVAL (sizes that cannot be, an answer in place of a request), EMSGSIZE.
 */
int p9_check_request(const struct p9_head *h, uint32_t bytes);

/* The answer that says no. */
struct p9_rlerror p9_rlerror(uint16_t tag, uint32_t ecode);

/* A whole Tflush: the tag that it is about. False: too short to be one. */
bool p9_flush_tag(const uint8_t *msg, uint32_t len, uint16_t *old_tag);

/*
 * A whole Tattach that names no tree is made to name `aname`: what most servers take for the only
 * one, diod refuses. One that names its user by a word, as Linux does first with "nobody", is made
 * to say 0: the guest's words need not be the host's, and Linux looks at the tree's root with this
 * one only, its users come with numbers. Changes the message of `len`
 * bytes in a buffer of `cap` bytes; returns its new length (the old one where it is not such a
 * message, or where there is no room).
 */
uint32_t p9_complete_attach(uint8_t *msg, uint32_t len, uint32_t cap, const char *aname);

/* A Tversion of the carrier's own: ends all that was before it. */
#define P9_TVERSION_BYTES (7 + 4 + 2 + 8)
void p9_tversion(uint8_t msg[P9_TVERSION_BYTES]);
