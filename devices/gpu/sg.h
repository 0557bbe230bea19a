/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest pages behind a GPU resource: a scatter list that reads like one array of bytes. Entries
 * are checked when they come in; neighbours that touch are merged. Loop thread.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/gmem.h"
#include "devices/virtio/vq.h"

struct gpu_sg_entry {
	gpa addr;
	uint64_t off; /* of its first byte in the whole */
};

struct gpu_sg {
	struct gpu_sg_entry *e; /* NULL: no backing */
	uint32_t n;
	uint64_t bytes;
};

/*
 * Takes `entries` memory entries from the request (`r` stands at the first). Allocates. 0;
 * GUEST_E_SHORT when they are not all there (nothing was allocated); GUEST_E_RANGE when one lies
 * outside guest memory; -ENOMEM. *sg is untouched on failure.
 */
MUST_CHECK int gpu_sg_init(
	struct gpu_sg *sg, const struct gmem *mem, struct vq_reader *r, uint32_t entries);
/* Idempotent. */
void gpu_sg_fini(struct gpu_sg *sg);

/* Copies [off, off + len) out. 0, or GUEST_E_RANGE when it is not all inside. */
MUST_CHECK int gpu_sg_read(
	const struct gpu_sg *sg, const struct gmem *mem, uint64_t off, void *dst, uint64_t len);
