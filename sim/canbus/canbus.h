/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The built-in CAN bus: a hub between ports (guests' controllers, tools, a host SocketCAN
 * interface) and the bench itself (replay, timed actions, recorder, checks).
 *
 * It is a bus, not a switch: one frame at a time, the lowest identifier first where several wait,
 * every node but the sender hears it. It knows no scenario and no file.
 *
 * Thread: a bus belongs to one ev_loop; every function and every callback runs on that loop's
 * thread (ev_call() from others), or before it starts. Several buses may share a loop.
 */
#pragma once

#include <linux/can.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"

#define CANBUS_MAX_PORTS        64
#define CANBUS_NAME_BYTES       32
#define CANBUS_DEFAULT_BITRATE  500000u
#define CANBUS_DEFAULT_DBITRATE 2000000u
/* Frames of the bench itself (canbus_send) that may wait for the bus. */
#define CANBUS_BENCH_WINDOW 4096

struct canbus;
struct canbus_port;

enum canbus_timing {
	CANBUS_IDEAL, /* delivered at once; still arbitrated among what waits */
	CANBUS_BIT_ACCURATE /* a frame occupies the bus for its true length, stuff bits included */
};

/* What happens to a frame when no other node is there to acknowledge it. */
enum canbus_alone {
	CANBUS_ALONE_ERROR, /* NACKed and counted, as a controller without an acknowledge sees it */
	CANBUS_ALONE_ACK /* acknowledged anyway */
};

enum canbus_port_event {
	CANBUS_PORT_STARTED,
	CANBUS_PORT_STOPPED,
	CANBUS_PORT_BUSOFF,
	CANBUS_PORT_GONE /* the other end closed it; the port is freed after the callback */
};

struct canbus_config {
	const char *name; /* "can0"; copied */
	enum canbus_timing timing;
	uint32_t bitrate_hz; /* nominal; 0: CANBUS_DEFAULT_BITRATE */
	uint32_t data_bitrate_hz; /* FD data phase (BRS); 0: the default, or bitrate_hz if higher */
	bool classic_only; /* FD frames are NACKed and counted as errors */
	enum canbus_alone alone;
	/* Optional: a port changed its state. */
	void (*port_event)(void *ctx, struct canbus_port *p, enum canbus_port_event ev);
	/* Optional, for bit-accurate timing: the bus is about to decide who sends at t_ns (host
	 * time), which may have passed: this thread is late. What the bench has to send up to then
	 * is sent here, to take part. */
	void (*until)(void *until_ctx, uint64_t t_ns);
	void *until_ctx;
	void *ctx;
};

/* A frame as it was on the bus. Lent for the duration of the callback. */
struct canbus_frame {
	uint64_t t_ns; /* host-monotonic time of the frame's end on the bus */
	uint64_t busy_ns; /* how long it occupies the bus, intermission included */
	const struct canbus_port *from; /* NULL: the bench (canbus_send) */
	const struct canfd_frame *f; /* CANFD_FDF in flags says that it is an FD frame */
};

/* Hears every frame, those of canbus_send() included. Caller's storage; zero-initialise. */
struct canbus_tap {
	void (*frame)(void *ctx, const struct canbus_frame *fr);
	void *ctx;
	bool passive; /* true: does not count as a node that acknowledges */
	struct canbus *bus; /* set while it listens */
	struct canbus_tap *next, *prev;
};

/* 0 or -errno. The loop is borrowed and must outlive the bus. */
MUST_CHECK int canbus_new(
	struct canbus **out, struct ev_loop *loop, const struct canbus_config *cfg);
/* Closes all ports; forgets the taps. NULL is legal. */
void canbus_free(struct canbus *b);
const char *canbus_name(const struct canbus *b);

/*
 * Adds a port whose other end speaks base/proto/can_port.h. It takes part once it sent
 * CAN_REC_START. The fd is consumed (closed on failure too). `name` ("cluster/can0") is copied.
 * `out` may be NULL. 0, -ENOSPC or -errno.
 */
MUST_CHECK int canbus_add_port(
	struct canbus *b, int fd_take, const char *name, struct canbus_port **out);
struct canbus_socketcan {
	const char *ifname; /* "vcan0" */
	/* Make a vcan of that name where there is none, and remove it with the port. One that a run
	 * left behind when it was killed is taken over. */
	bool create;
	/* Controllers are on the interface by sockets of their own (canbus_bind_direct), and this
	 * port is there to listen most of the time: it may be a millisecond late. */
	bool direct;
	/* What others send on the interface is not taken: this port only sends. */
	bool deaf;
};
/*
 * Bridges a host SocketCAN interface as a port, which takes part while the interface is up: it is
 * brought up at first where this user may, and the port comes back with it when it was away.
 * Error frames of the interface are shown to the taps; a bus-off of its controller is one of all
 * ports. 0 or -errno with a message that says what is missing and which commands help.
 */
MUST_CHECK int canbus_attach_socketcan(
	struct canbus *b, const struct canbus_socketcan *cfg, struct err *e);
/* A PF_CAN raw socket that is bound to nothing yet, with room for a flood. The fd; -errno with a
 * message that says what is missing. */
MUST_CHECK int canbus_open_socket(const char *ifname, struct err *e);
/* Does the driver of a host interface show a frame again when it was sent (IFF_ECHO)? False for a
 * vcan, and where there is no such interface. */
bool canbus_interface_echoes(const char *ifname);
/* Binds such a socket, which is another process's as well, to the bus's interface. It stays bound
 * until the interface is removed. 0; -ENOTCONN when the bus has none now; -errno. */
MUST_CHECK int canbus_bind_direct(struct canbus *b, int sock);
/* A bridge (canbus_attach_socketcan) through a bound PF_CAN raw socket (consumed, closed on failure
 * too). 0 or -errno. */
MUST_CHECK int canbus_add_raw_port(
	struct canbus *b, int fd_take, const char *name, struct canbus_port **out);
/* Removes a port at once: what it has queued is gone. */
void canbus_remove_port(struct canbus_port *p);

/*
 * Sends a frame of the bench: replay, timed actions, checks. All of them are one node, whose
 * frames go out in the order of the calls. In ideal timing it was delivered on return, unless a
 * host interface on the bus has no room just now. An error
 * frame (CAN_ERR_FLAG) is shown to the taps and counted, but no port hears it.
 * 0; -ENOBUFS when CANBUS_BENCH_WINDOW frames wait (counted); -EINVAL for an impossible frame, and
 * for an FD frame on a classic bus (counted as an error).
 */
MUST_CHECK int canbus_send(struct canbus *b, const struct canfd_frame *f);
/* The same for a frame that was due at since_ns, host time that has come: it waits since then. */
MUST_CHECK int canbus_send_since(struct canbus *b, const struct canfd_frame *f, uint64_t since_ns);
/*
 * The same as a node of its own, beside the bench's: it takes part in arbitration against the
 * bench's other frames. No fault meets it. -ENOBUFS when a few wait.
 */
MUST_CHECK int canbus_send_apart(struct canbus *b, const struct canfd_frame *f, uint64_t since_ns);
/*
 * Plays what happened on a bit-accurate bus up to t_ns, host time that has come. Before a frame
 * that is late is sent, so that what was on the bus before it was due is not decided with it.
 */
void canbus_run_to(struct canbus *b, uint64_t t_ns);

/* Starts and stops listening. Both are allowed inside a tap's callback; idempotent. */
void canbus_tap(struct canbus *b, struct canbus_tap *t);
void canbus_untap(struct canbus_tap *t);

/*
 * Puts a port into bus-off: what it has queued is NACKed, its controller is told, it hears nothing
 * until it starts again. No-op where it is not active.
 */
void canbus_port_busoff(struct canbus_port *p);

const char *canbus_port_name(const struct canbus_port *p);
/* Looks a port up by name; NULL where there is none. */
struct canbus_port *canbus_find_port(const struct canbus *b, const char *name);
/* i-th port (0..canbus_num_ports-1), in no particular order. */
unsigned int canbus_num_ports(const struct canbus *b);
struct canbus_port *canbus_port_at(const struct canbus *b, unsigned int i);

struct canbus_stats {
	uint64_t frames; /* that were on the bus, error frames not counted */
	uint64_t fd_frames; /* of these */
	uint64_t bytes; /* payload */
	uint64_t errors; /* error frames, frames cut by a stopped sender, FD on a classic bus */
	uint64_t unacked; /* frames that nobody was there to acknowledge */
	uint64_t dropped; /* deliveries lost because a port did not read, and overruns, all ports */
	uint64_t bench_dropped; /* canbus_send() calls that found the window full */
	uint64_t busy_ns; /* bus time of all frames at the bus's bit rates */
	uint32_t load_permille; /* over the last full second; ideal timing can exceed 1000 */
	uint32_t load_total_permille; /* since canbus_new */
};
void canbus_get_stats(struct canbus *b, struct canbus_stats *out);

struct canbus_port_stats {
	uint64_t tx_frames, tx_bytes; /* port -> bus, acknowledged */
	uint64_t tx_nacked;
	uint64_t rx_frames, rx_bytes; /* bus -> port, handed to the socket or about to be */
	uint64_t rx_dropped; /* because the port did not read in time */
	uint64_t malformed; /* packets dropped whole */
	uint64_t errors; /* error frames that a host interface reported */
	uint64_t overruns; /* frames of a host interface that were lost before they were read */
	uint64_t interruptions; /* how often a host interface went down or away */
	uint32_t queued; /* frames that wait for the bus now */
	bool active, busoff;
};
void canbus_port_get_stats(const struct canbus_port *p, struct canbus_port_stats *out);
