/* SPDX-License-Identifier: Apache-2.0 */
/* What travels in a memory balloon's queues ("Traditional Memory Balloon Device"). */
#pragma once

#include <assert.h>

#include "base/le.h"

/* "Feature bits" */
#define VIRTIO_BALLOON_F_MUST_TELL_HOST 0
#define VIRTIO_BALLOON_F_STATS_VQ       1
#define VIRTIO_BALLOON_F_DEFLATE_ON_OOM 2
#define VIRTIO_BALLOON_F_PAGE_POISON    4
#define VIRTIO_BALLOON_F_PAGE_REPORTING 5

/* "Device configuration layout" */
struct virtio_balloon_config {
	le32 num_pages; /* how large the balloon shall be */
	le32 actual; /* how large the driver says that it is */
	le32 free_page_hint_cmd_id; /* not offered: reads as zero */
	le32 poison_val;
};
static_assert(sizeof(struct virtio_balloon_config) == 16, "virtio_balloon_config");

/* "Memory Statistics": entries without padding */
struct virtio_balloon_stat {
	le16 tag;
	le64 val;
};
static_assert(sizeof(struct virtio_balloon_stat) == 10, "virtio_balloon_stat");

/* Page numbers count in this unit, whatever the guest's pages are. */
#define VIRTIO_BALLOON_PAGE_BYTES 4096u
