/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio memory balloon ("Traditional Memory Balloon Device"): the guest is asked for memory, and
 * the pages that it hands over, or reports as free, go back to the host at once. It decides on no
 * size itself: whoever sets the target does.
 *
 * Guest memory is a shared file: a page that was given back reads as zero until it is written.
 */
#pragma once

#include "devices/balloon/proto.h"
#include "devices/virtio/vdev.h"

/* Longest list of page numbers that one request may have. */
#define BALLOON_MAX_PAGES 16384u
/* Requests served in one turn of the loop; what is left then goes on in the next. */
#define BALLOON_TURN_REQUESTS 64u

struct balloon_config {
	const char *tag; /* copied */
	uint64_t memory_bytes; /* the guest's */
	uint64_t target_bytes; /* what the guest shall keep of it, at most memory_bytes */
	uint32_t
		host_page_bytes; /* of guest memory on the host: 4096, or of a huge page; 0: 4096 */
	bool reporting; /* offer free page reporting */
	bool deflate_on_oom; /* a guest that runs out of memory may take pages back */
	/* Statistics came in. Loop thread; NULL: nobody is told. */
	void (*on_stats)(void *ctx);
	void *ctx;
};

struct balloon_state {
	uint64_t target_bytes; /* as set */
	uint64_t actual_bytes; /* what the guest has, by what its driver says */
	uint64_t held_bytes; /* pages in the balloon now */
	uint64_t returned_bytes; /* given back to the host so far, reported pages too */
	uint64_t reported_bytes; /* of these: reported as free */
	uint64_t inflated_pages, deflated_pages; /* so far */
	uint64_t bad_pages; /* outside guest memory */
	uint64_t failures; /* the host did not take them */
	uint64_t polls; /* answered, the driver's first one too */
	bool running; /* a driver uses it */
	bool has_stats; /* and supplies statistics */
	struct balloon_stats stats; /* the latest */
};

/* Makes the device. 0; -EINVAL when the sizes are wrong; -ENOMEM. */
MUST_CHECK int balloon_new(struct vdev **out, const struct balloon_config *cfg);

/* All below: loop thread. */
/* Asks the guest to be content with that much memory (cut to what it has). */
void balloon_set_target(struct vdev *v, uint64_t bytes);
/* Asks the driver for statistics: on_stats tells when they came. False: there is no driver that
 * supplies any. */
bool balloon_poll(struct vdev *v);
struct balloon_state balloon_state(const struct vdev *v);
