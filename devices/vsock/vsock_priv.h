/* SPDX-License-Identifier: Apache-2.0 */
/* What dev.c, links.c (connections), tx.c and rx.c (queues) and host.c (sockets) share; not for
 * others. */
#pragma once

#include <sys/uio.h>

#include "base/clock.h"
#include "devices/vsock/conn.h"
#include "devices/vsock/ring.h"
#include "devices/vsock/vsock.h"

enum { RXQ, TXQ, EVQ, NUM_QUEUES };

#define HDR_BYTES ((uint32_t)sizeof(struct virtio_vsock_hdr))
/* Replies to packets without a connection that may wait for a buffer of the guest's. */
#define MAX_REPLIES 64u
/* Receive buffers that are filled from a socket at once, and pieces of memory that they have. */
#define RX_BATCH 16u
#define RX_IOV   64u

#define HASH_SIZE 256u

/* How long the bench may look for the other end, and a guest may take to answer REQUEST. */
#define CONNECT_LIMIT_NS (10 * NS_PER_S)
/* How long the last bytes of a connection wait for a host's program that takes nothing. */
#define STALL_LIMIT_NS (30 * NS_PER_S)

/* A connection and its socket. */
struct link {
	struct vsock_conn c;
	struct vsock_dev *d;
	struct link *hash_next; /* in the table unless c.state is VSOCK_ENDED */
	struct link *ready_next; /* of those that have something for the guest */
	bool queued;
	uint32_t id; /* the device's: slot and generation */
	uint32_t offer; /* the port's, of an offer */
	uint64_t deadline_ns; /* 0: none */
	uint32_t cost; /* bytes of memory that it may use */

	/* The socket. */
	struct vsock_end end; /* fd -1: not there yet, or no more */
	struct ev_io io;
	bool can_read; /* there is something, or its end */
	bool blocked; /* it takes nothing now */
	bool hung_up; /* the other side has closed it; no longer watched */
	bool eof; /* read to its end */
	bool rd_shut, wr_shut; /* the guest's SHUTDOWN was passed on */

	/* From the guest to the socket: bytes; or messages, each behind a le32 of length and flags,
	 * the last of which is not complete where `partial`. */
	struct vsock_ring ring;
	bool partial;
	uint32_t partial_len;
	/* From a seqpacket socket to the guest: the message that is being passed on. */
	uint8_t *msg;
	uint32_t msg_cap, msg_len, msg_at, msg_flags;
	bool has_msg;
};

struct vsock_dev {
	struct vdev v; /* first */
	struct vsock_port *port;
	bool attached; /* the port and the timers have their loop */
	bool started;
	bool tx_waits; /* no room for replies: the driver must take some first */
	uint32_t cid, max_links;
	uint64_t features;
	struct vq *vq[NUM_QUEUES];
	struct ev_timer again; /* goes on where a turn's work was full */
	struct ev_timer limits; /* the next time limit of a connection */

	struct link *links[VSOCK_MAX_LINKS];
	uint32_t n_links, generation, next_slot;
	uint64_t promised; /* bytes, the sum of the links' cost */
	struct link *hash[HASH_SIZE];
	struct link *ready_head, **ready_tail;
	struct virtio_vsock_hdr reply[MAX_REPLIES];
	uint32_t reply_head, n_replies;

	struct vsock_dev_stats st;
	struct vq_chain chain; /* the request popped last of the transmit queue */
	struct vq_chain rx[RX_BATCH];
};

/* ---- dev.c ---- */

/* Does what there is to do in both queues. */
void vsock_work(struct vsock_dev *d);
/* A turn's work is full: the rest is for the next turn. */
void vsock_go_on_later(struct vsock_dev *d);

/* ---- links.c ---- */

struct link *link_find(struct vsock_dev *d, const struct vsock_key *k);
struct link *link_by_id(struct vsock_dev *d, uint32_t id);
/* A link for a connection that `c` describes but for its buffer; NULL when there are too many. */
struct link *link_new(struct vsock_dev *d, const struct vsock_conn *c);
/* Ends and frees a link; the guest hears nothing. */
void link_free(struct link *l);
/* The guest knows nothing of it any more; what it sent before still goes to the host. */
void link_detach(struct link *l);
/* The link has something for the guest, or may have. */
void link_ready(struct link *l);
/* RST to the guest, the socket is closed. */
void link_reset(struct link *l, const char *why);
/* Arms the link's time limit. */
void link_limit(struct link *l, uint64_t in_ns);
/* host_watch(), if there still is such a link. */
void link_watch(struct vsock_dev *d, uint32_t id);
/* For the timer `limits`, whose data is the device. */
void links_on_limits(struct ev_timer *t, uint64_t now_ns);

/* ---- tx.c, rx.c ---- */

/* Take the guest's packets, and give it some, up to *turn of them, which counts down. */
void vsock_tx_work(struct vsock_dev *d, uint32_t *turn);
void vsock_rx_work(struct vsock_dev *d, uint32_t *turn);

/* ---- host.c ---- */

/* Memory for what waits. 0 or -ENOMEM. */
MUST_CHECK int host_init(struct link *l);
/* Closes and frees everything. */
void host_fini(struct link *l);
/* The socket is there. 0 or -errno; it is taken in any case. */
MUST_CHECK int host_attach(struct link *l, struct vsock_end end_take);
/* Takes `len` bytes of the guest's packet. 0, or GUEST_E_* where they cannot be kept. */
MUST_CHECK int host_take(struct link *l, struct vq_reader *r, uint32_t len, uint32_t flags);
/* Passes on what waits and what follows from its end. False: the link is gone (freed). */
bool host_flush(struct link *l);
/* The guest will receive or send no more (c.guest_shut). False: the link is gone. */
bool host_guest_shut(struct link *l);
/* Bytes waiting for the socket. */
bool host_waits(const struct link *l);
/* Reads a stream: bytes, 0 at its end, -EAGAIN. */
ssize_t host_read(struct link *l, struct iovec *iov, uint32_t n);
/* Has a message ready in l->msg: 1; 0 at the end; -EAGAIN; -EMSGSIZE. */
int host_read_message(struct link *l);
/* The socket has come to its end: tells c. */
void host_ended(struct link *l);
/* Watches for what is of use now. */
void host_watch(struct link *l);
