/* SPDX-License-Identifier: Apache-2.0 */
/* A packet of the driver: parsed and checked on its own, before any connection is looked at. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "devices/vsock/wire.h"

/* A header as numbers. */
struct vsock_pkt {
	uint64_t src_cid, dst_cid;
	uint32_t src_port, dst_port, len, flags, buf_alloc, fwd_cnt;
	uint16_t type, op;
};

enum vsock_verdict {
	VSOCK_TAKE,
	VSOCK_DROP, /* not from this guest: nobody to answer */
	VSOCK_REFUSE /* a type, operation or length that must not be: answered with RST */
};

/*
 * `payload` is how many bytes follow the header in the request, `cid` the guest's own. *out is
 * filled whatever the verdict.
 */
MUST_CHECK enum vsock_verdict vsock_parse(const struct virtio_vsock_hdr *h, uint32_t payload,
	uint64_t cid, uint64_t features, struct vsock_pkt *out);

/* True when sockets of this type were negotiated. */
bool vsock_type_ok(uint16_t type, uint64_t features);
