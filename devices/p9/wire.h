/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-9p ("9P Transport") and the head of 9P messages (9P2000 and 9P2000.L, all little-endian):
 * as much as a carrier of messages has to know. What they ask for is the server's business.
 */
#pragma once

#include <assert.h>
#include <stdint.h>

#include "base/le.h"

#define VIRTIO_9P_F_MOUNT_TAG 0

/* Configuration space: the length of the tag, then the tag without a NUL. */
struct virtio_9p_config {
	le16 tag_len;
	uint8_t tag[];
};

struct p9_header {
	le32 size; /* of the whole message */
	uint8_t type;
	le16 tag;
};
static_assert(sizeof(struct p9_header) == 7, "9P header");

/* Types: requests are even, their answers the next number. */
enum p9_type {
	P9_RLERROR = 7,
	P9_TVERSION = 100,
	P9_RVERSION = 101,
	P9_TATTACH = 104,
	P9_TFLUSH = 108,
	P9_RFLUSH = 109,
};

/* The tag of Tversion. */
#define P9_NOTAG 0xffff

/* The longest message that diod speaks: it answers larger wishes with this. */
#define P9_MAX_MESSAGE 65536u

struct p9_rlerror {
	struct p9_header h;
	le32 ecode; /* a Linux errno */
};
static_assert(sizeof(struct p9_rlerror) == 11, "Rlerror");
