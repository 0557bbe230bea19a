/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-vsock behind the transport core, for tests: the test plays the driver, the bench, and the
 * program at the other end of each connection. Every function asserts that what it does works.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/proto/vsock_port.h"
#include "devices/vsock/vsock.h"
#include "devices/vsock/wire.h"
#include "tests/support/mock_driver.h"

enum { RXQ, TXQ, EVQ };

#define CID                 5u
#define HDR                 sizeof(struct virtio_vsock_hdr)
#define RX_BUF              4096u
#define GUEST_ALLOC         65536u
#define FOR_EACH_KIND(kind) for (unsigned int kind = 0; kind < MOCK_KINDS; kind++)
#define STREAM              VIRTIO_VSOCK_TYPE_STREAM
#define SEQPACKET           VIRTIO_VSOCK_TYPE_SEQPACKET
#define OP(name)            VIRTIO_VSOCK_OP_##name

struct vsock_rig {
	struct mock *m;
	struct vdev *dev;
	int bench; /* the bench's end of the port */
	uint16_t type; /* of the packets that the driver sends */
	uint32_t alloc, fwd; /* the driver's credit */
	/* The packet that the driver got last. */
	struct virtio_vsock_hdr h;
	uint8_t data[RX_BUF];
	uint32_t len;
};

struct rig_bytes {
	int fd;
	uint32_t want, got;
	uint8_t last;
};

/* A started device with so many connections at most (0: the usual) and receive buffers (16). */
void rig_open_with(
	struct vsock_rig *r, unsigned int kind, uint32_t max_links, unsigned int buffers);
void rig_open(struct vsock_rig *r, unsigned int kind);
void rig_close(struct vsock_rig *r);
struct vsock_dev_stats rig_stats(const struct vsock_rig *r);
/* A packet of the driver for host port 1000 from its port 2000. */
struct virtio_vsock_hdr rig_packet(const struct vsock_rig *r, uint16_t op, uint32_t len);
/* The driver sends. */
void rig_send_packet(struct vsock_rig *r, const struct virtio_vsock_hdr *h, const void *data);
void rig_guest_says(struct vsock_rig *r, uint16_t op);
void rig_guest_shuts(struct vsock_rig *r, uint32_t flags);
void rig_guest_writes(struct vsock_rig *r, const void *data, uint32_t len, uint32_t flags);
/* Takes what a buffer of the driver holds as the packet that it got last. */
void rig_keep_packet(struct vsock_rig *r, const struct mock_used *u);
/* The next packet for the guest; its buffer is given again. Its operation. */
int rig_guest_hears(struct vsock_rig *r);
/* Whether the guest has nothing to hear. */
bool rig_silent(struct vsock_rig *r);
/* What the device asks the bench. */
struct vsock_port_msg rig_bench_hears(struct vsock_rig *r);
/* The bench answers CONNECT, or an accepted offer, with a socket; the program's end is returned. */
int rig_bench_gives(struct vsock_rig *r, uint32_t op, uint32_t id, bool framed);
void rig_bench_refuses(struct vsock_rig *r, uint32_t op, uint32_t id);
void rig_bench_offers(struct vsock_rig *r, uint32_t id);
/* The guest connects; the program's end. */
int rig_connected_framed(struct vsock_rig *r, bool framed);
int rig_connected(struct vsock_rig *r);
/* For mock_until(): reads rig_pattern() from a struct rig_bytes; true when all came. */
bool rig_read_more(void *arg);
void rig_pattern(uint8_t *p, uint32_t from, uint32_t len);
