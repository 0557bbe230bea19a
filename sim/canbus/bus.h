/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the bus share: bus.c (arbitration, timing, delivery), port.c (the hub's
 * sockets), raw.c (host SocketCAN). Not for others.
 */
#pragma once

#include <sys/socket.h>

#include "base/clock.h"
#include "base/flood.h"
#include "base/proto/can_port.h"
#include "sim/canbus/canbus.h"
#include "sim/canbus/fault.h"

/* Packets a port's other end may be behind before it loses frames. */
#define OUT_PACKETS 16u
/*
 * The last ones are for answers (ACK, NACK, STATE), which must not be lost: one read takes at most
 * READ_PACKETS, each with at most 256 frames to answer, and 256 more may be queued: 20 KiB.
 */
#define OUT_RESERVE  3u
#define READ_PACKETS 4u
/* How long somebody who is slow may slow others down. */
#define PATIENCE_NS NS_PER_S
/* Frames moved by one system call. */
#define RAW_BATCH 64u
/* Frames that may wait to be written to a host interface. */
#define RAW_WINDOW 256u
/* An interface like vcan never waits for its readers: what its senders are ahead of the guests
 * stands in the socket. The kernel doubles the number and counts some 800 bytes a frame: 100,000
 * frames. */
#define RAW_RECEIVE_ROOM (64 << 20)
/* Frames that faults hold back. */
#define LATE_WINDOW 1024u
/* Frames of canbus_send_apart() that may wait. */
#define APART_WINDOW 8u

/* A frame that waits for the bus. */
struct queued {
	uint64_t key; /* can_arbitration_key */
	uint64_t t_ns; /* since when */
	struct canbus_port *origin; /* of a late frame: who sent it, and does not hear it */
	uint32_t serial;
	struct canfd_frame f;
};

/* A ring of `cap` (a power of 2) slots. */
struct frame_queue {
	struct queued *slot;
	uint32_t cap, head, count;
};

/* What the bus needs of a port's transport. */
struct port_ops {
	/* A frame was on the bus; `r` is the record, `len` its bytes. Counts a drop itself. */
	void (*put)(struct canbus_port *p, const struct can_rec_frame *r, uint32_t len);
	/* Answers to the port: ACK, NACK, STATE. */
	void (*answer)(
		struct canbus_port *p, uint8_t kind, uint32_t serial, uint8_t flags, uint64_t t_ns);
	/* Hands over what was put. */
	void (*flush)(struct canbus_port *p);
	/* Adds what only the transport knows. NULL: nothing. */
	void (*stats)(const struct canbus_port *p, struct canbus_port_stats *st);
	/* Closes; the memory is the bus's. */
	void (*fini)(struct canbus_port *p);
};

struct hostif;

/* What is read from a host interface at once. */
struct raw_batch {
	struct canfd_frame f[RAW_BATCH];
	struct iovec v[RAW_BATCH];
	struct mmsghdr m[RAW_BATCH];
};

struct canbus_port {
	struct canbus *bus;
	const struct port_ops *ops; /* NULL: the bench itself */
	char name[64];
	bool active, busoff;
	bool cut; /* its cable is */
	uint32_t tx_errors, rx_errors;
	bool gone; /* unlinked; freed when nothing on the stack uses it any more */
	bool dirty; /* it has something to flush */
	bool heard; /* of that something is a frame */
	struct canbus_port *next_dead;
	struct frame_queue q;
	struct canbus_port_stats st;
	int fd;
	struct ev_io io;
	/* The hub's socket: packets that are not handed over yet. */
	struct can_packet *out;
	uint32_t out_head, out_count;
	bool blocked; /* the socket is full: wait for EPOLLOUT */
	uint64_t blocked_ns; /* since when */
	/* A host interface: frames not written yet. */
	struct canfd_frame *raw;
	uint32_t raw_head, raw_count;
	struct raw_batch *raw_in;
	struct flood raw_flood;
	bool raw_direct; /* most of what it hears is between others */
	bool raw_classic; /* the interface has no FD */
	bool raw_full; /* the bus waits for it (n_full) */
	bool raw_stuck; /* it took nothing for too long: the bus waits no more */
	uint64_t raw_refused_ns; /* since when it takes nothing; 0: it does */
	struct hostif *host; /* owned; NULL: a socket of somebody's */
	struct ev_timer retry; /* to write to a full interface */
	struct ev_timer reread; /* to read where the bus had no room */
};

struct canbus {
	char name[CANBUS_NAME_BYTES];
	struct ev_loop *loop;
	struct canbus_config cfg;
	/* src[0] is the bench; ports follow. */
	struct canbus_port *src[CANBUS_MAX_PORTS + 1];
	uint32_t n_src;
	struct canbus_port bench;
	struct canbus_port late; /* frames that faults send later; in the order of their times */
	struct canbus_fault *faults;
	uint32_t n_cut;
	bool bench_is_node; /* it has sent */
	uint32_t n_active; /* ports that take part */
	uint32_t n_full; /* raw ports that the bus waits for */
	uint32_t n_tap_nodes; /* taps that acknowledge */
	struct canbus_tap *taps, *tap_next;
	struct ev_timer pump;
	struct canbus_port *tx; /* whose frame is on the bus; NULL: idle */
	uint64_t tx_start_ns, tx_end_ns, free_ns;
	uint32_t depth; /* callbacks on the stack that hold a port */
	bool pumping;
	struct canbus_port *dead;
	struct canbus_stats st;
	uint64_t t0_ns, second, second_busy_ns;
	uint8_t *rbuf; /* READ_PACKETS * CAN_PORT_PACKET_BYTES, for all ports */
};

static inline struct queued *queue_head(struct frame_queue *q)
{
	return &q->slot[q->head];
}

/*
 * Queues a frame of a port for the bus. False: no room (the caller answers). The bus looks at it
 * in the next turn of the loop (bus_wake), so that all that is readable takes part.
 */
bool bus_enqueue(
	struct canbus_port *p, const struct canfd_frame *f, uint32_t serial, uint64_t since_ns);
void bus_wake(struct canbus *b);
/* Starts a port; tells it that a bus-off is over. */
void bus_port_start(struct canbus_port *p);
/* Takes a port out: NACKs what it has queued, cuts its frame that is on the bus. */
void bus_port_stop(struct canbus_port *p, enum canbus_port_event why);
/* Makes a port, with `q_cap` slots, and links it. */
MUST_CHECK int bus_port_new(
	struct canbus *b, const char *name, const struct port_ops *ops, struct canbus_port **out);
/* The other end is gone. The port is unlinked; bus_leave() frees it. */
void bus_port_gone(struct canbus_port *p);
/*
 * A frame of `origin` (NULL: of the bench), heard by all others when it is due. Where too many wait
 * it is lost and counted.
 */
void bus_send_late(
	struct canbus *b, struct canbus_port *origin, const struct canfd_frame *f, uint64_t due_ns);
/* fault.c: the fault that a frame meets, which counts it; NULL: none. */
struct canbus_fault *fault_of(struct canbus *b, const struct canfd_frame *frame);
void fault_forget_port(struct canbus *b, const struct canbus_port *p);
/* Error counters. The first: true when it goes bus-off. */
bool errors_sent_badly(struct canbus_port *p);
void errors_unacknowledged(struct canbus_port *p);
void errors_sent(struct canbus_port *p);
void errors_heard_badly(struct canbus_port *p);
void errors_heard(struct canbus_port *p);
/* Around everything that may end a port while it is in use. */
void bus_enter(struct canbus *b);
void bus_leave(struct canbus *b);
/* raw.c: a raw port that is plugged in nowhere. 0 or -errno. */
MUST_CHECK int raw_port_new(struct canbus *b, const char *name, struct canbus_port **out);
/* Plugs it in; the fd is consumed. `classic`: FD frames are not for it. 0 or -errno. */
MUST_CHECK int raw_plug(struct canbus_port *p, int fd_take, bool classic);
/* Pulls it out: what waited for the interface is lost and counted. */
void raw_unplug(struct canbus_port *p);
/*
 * port.c: true when the other end of some port has much to read, and has read something in
 * PATIENCE_NS. Who can wait gives it the time.
 */
bool bus_is_behind(struct canbus *b, uint64_t now_ns);
/* Marks a port as having something to flush. */
static inline void bus_dirty(struct canbus_port *p)
{
	p->dirty = true;
}
