/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-vsock ("Device Types / Socket Device"): stream and seqpacket sockets between the guest's
 * programs and those of the host, or of other guests. The other ends come from a port.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "devices/virtio/vdev.h"
#include "devices/vsock/vsock_port.h"

/* Connections of a guest, those included whose last bytes are still on their way to the host. */
#define VSOCK_MAX_LINKS 1024u
/* A connection's buffer for what the guest sends, and the longest message of a seqpacket socket. */
#define VSOCK_BUF_BYTES (256u * 1024)
/* The same once a guest's connections together were promised VSOCK_BUDGET_BYTES. */
#define VSOCK_SMALL_BUF_BYTES (16u * 1024)
#define VSOCK_BUDGET_BYTES    (64u * 1024 * 1024)

struct vsock_dev_config {
	const char *tag; /* instance name for logs: "cluster/vsock0"; copied */
	uint32_t cid; /* VIRTIO_VSOCK_CID_FIRST to _LAST */
	uint32_t max_links; /* at most VSOCK_MAX_LINKS; 0: that many */
};

/* Makes a socket device. The port is consumed (freed on failure too). 0, -EINVAL, -ENOMEM. */
MUST_CHECK int vsock_dev_new(
	struct vdev **out, struct vsock_port *port_take, const struct vsock_dev_config *cfg);

struct vsock_dev_stats {
	uint64_t connects, accepts; /* connections opened by the guest, and to it */
	uint64_t refused; /* connections, of either side, that did not come about */
	uint64_t resets; /* connections that were cut off: a rule was broken, a time limit passed */
	uint64_t tx_packets, tx_bytes; /* of the guest; bytes: payload */
	uint64_t tx_rejected; /* packets that broke a rule */
	uint64_t rx_packets, rx_bytes; /* to the guest */
	uint32_t links; /* connections now */
};
/* Counters of a device made by vsock_dev_new. Device's loop thread. */
void vsock_dev_get_stats(const struct vdev *v, struct vsock_dev_stats *out);
