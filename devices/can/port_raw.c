/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A controller on a host SocketCAN interface, through a bound PF_CAN raw socket. The kernel shows
 * the socket's own frames again once they were sent ("receive own messages", MSG_CONFIRM): that is
 * the acknowledge on the bus. Where there is no hardware that could (vcan), or the socket has no
 * such option (a stand-in in tests), a frame counts as sent when the kernel took it. When the
 * host's controller goes bus-off, so does ours.
 */
#include <errno.h>
#include <linux/can/error.h>
#include <linux/can/raw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/flood.h"
#include "base/log.h"
#include "devices/can/can_port.h"

/* Frames written and not confirmed. */
#define WINDOW 64u
/* Frames read in one turn. */
#define READ_FRAMES 64u
/* An interface whose transmit queue is full does not become writable: ask again. */
#define RETRY_NS NS_PER_MS
/* What an interface's senders are ahead of the guest stands in the socket. The kernel doubles the
 * number and counts some 800 bytes a frame: 100,000 frames. */
#define RECEIVE_ROOM (64 << 20)

struct raw_port {
	struct can_port p; /* first */
	int fd;
	struct ev_io io;
	struct ev_timer later; /* reports what was taken; asks a full queue again */
	struct flood flood;
	struct ev_timer rest; /* until what comes in a flood is read */
	struct can_port_sink sink;
	bool started, confirms, full, paused, rests;
	/* Serials of what was written, in order: the kernel confirms in order. */
	uint32_t serial[WINDOW];
	uint32_t head, count;
	uint32_t stale; /* written before the last stop() */
	struct canfd_frame frame[READ_FRAMES];
	struct iovec vec[READ_FRAMES];
	struct mmsghdr msg[READ_FRAMES];
};

static struct raw_port *raw_of(struct can_port *p)
{
	return (struct raw_port *)p;
}

static void confirm(struct raw_port *w, bool ok)
{
	uint32_t serial = w->serial[w->head];

	if (w->stale) {
		w->stale--;
		return;
	}
	if (!w->count)
		return;
	w->head = (w->head + 1) % WINDOW;
	w->count--;
	w->sink.done(w->sink.ctx, serial, ok);
}

static int raw_send(struct can_port *p, const struct can_rec_frame *r)
{
	struct raw_port *w = raw_of(p);
	ssize_t n;

	if (w->count + w->stale >= WINDOW || w->full)
		return -EAGAIN;
	flood_over(&w->flood);
	do {
		n = send(w->fd, &r->f, r->h.mtu, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
		w->full = true;
		ev_timer_at(&w->later, clock_now_ns() + RETRY_NS);
		return -EAGAIN;
	}
	if (n < 0)
		return -ENOTCONN; /* the interface is down, or knows no FD */
	w->serial[(w->head + w->count++) % WINDOW] = r->h.serial;
	if (!w->confirms)
		ev_timer_soon(&w->later);
	return 0;
}

static void on_later(struct ev_timer *t, uint64_t now_ns)
{
	struct raw_port *w = t->data;

	(void)now_ns;
	w->full = false;
	while (!w->confirms && w->count)
		confirm(w, true);
	/* The device looks at what it could not send. */
	w->sink.batch_end(w->sink.ctx);
}

/* What was written and not confirmed will never be: the interface threw it away. */
static void fail_written(struct raw_port *w)
{
	w->stale = 0;
	while (w->count)
		confirm(w, false);
}

static void take(struct raw_port *w, const struct mmsghdr *m, const struct canfd_frame *f)
{
	struct can_rec_frame r = { .h = { .kind = CAN_REC_FRAME, .mtu = (uint8_t)m->msg_len } };

	if (m->msg_len != CAN_MTU && m->msg_len != CANFD_MTU)
		return;
	if (f->can_id & CAN_ERR_FLAG) {
		if (f->can_id & CAN_ERR_BUSOFF) {
			fail_written(w);
			w->sink.state(w->sink.ctx, CAN_STATE_PORT_BUSOFF);
		}
		return;
	}
	if (m->msg_hdr.msg_flags & MSG_CONFIRM) {
		confirm(w, true);
		return;
	}
	r.f = *f;
	r.h.t_ns = clock_now_ns();
	if (w->started && can_frame_check(&r.f, r.h.mtu))
		w->sink.rx(w->sink.ctx, &r);
}

/* Confirmations come the same way as frames: a guest may wait for one of them before it takes the
 * other. */
static void watch(struct raw_port *w)
{
	bool wanted = !w->paused || (w->confirms && (w->count || w->stale));

	/* Fails only for a bad descriptor, which reading would have found. */
	if (w->io.loop && ev_io_set(&w->io, wanted && !w->rests ? EPOLLIN : 0) < 0)
		log_error("can: cannot watch the interface");
}

/* n frames were read. In a flood the next ones gather; where there are more, they have. */
static void rest(struct raw_port *w, int n)
{
	uint64_t now = clock_now_ns();

	w->rests = flood_saw(&w->flood, (uint32_t)MAX(n, 0), now) && n < (int)READ_FRAMES;
	if (w->rests)
		ev_timer_at(&w->rest, now + FLOOD_REST_NS);
}

static void on_io(struct ev_io *io, uint32_t revents)
{
	struct raw_port *w = io->data;
	int n = recvmmsg(w->fd, w->msg, READ_FRAMES, MSG_DONTWAIT, NULL);

	if (n < 0 && errno == ENETDOWN)
		fail_written(w);
	for (int i = 0; i < n; i++)
		take(w, &w->msg[i], &w->frame[i]);
	w->sink.batch_end(w->sink.ctx);
	rest(w, n);
	watch(w);
	if (revents & EPOLLHUP) {
		ev_io_del(&w->io);
		w->sink.gone(w->sink.ctx);
	}
}

static void on_rest(struct ev_timer *t, uint64_t now_ns)
{
	struct raw_port *w = t->data;

	(void)now_ns;
	w->rests = false;
	/* A guest that is too slow may have had us stop meanwhile. */
	if (w->paused)
		watch(w);
	else
		on_io(&w->io, 0);
}

static void raw_start(struct can_port *p)
{
	raw_of(p)->started = true;
}

static void raw_stop(struct can_port *p)
{
	struct raw_port *w = raw_of(p);

	w->started = false;
	w->paused = false;
	if (w->confirms)
		w->stale += w->count;
	w->count = 0;
	watch(w);
}

static void raw_pause(struct can_port *p, bool on)
{
	struct raw_port *w = raw_of(p);

	w->paused = on;
	watch(w);
}

static void raw_flush(struct can_port *p)
{
	/* send() wrote it; what confirms it is to be read. */
	watch(raw_of(p));
}

static int raw_attach(struct can_port *p, struct ev_loop *loop, const struct can_port_sink *sink)
{
	struct raw_port *w = raw_of(p);
	int rc = ev_timer_init(loop, &w->later, on_later, w);

	w->sink = *sink;
	if (rc == 0)
		rc = ev_timer_init(loop, &w->rest, on_rest, w);
	if (rc == 0)
		rc = ev_io_add(loop, &w->io, w->fd, EPOLLIN, on_io, w);
	return rc;
}

static void raw_free(struct can_port *p)
{
	struct raw_port *w = raw_of(p);

	ev_io_del(&w->io);
	ev_timer_fini(&w->later);
	ev_timer_fini(&w->rest);
	fd_close(&w->fd);
	free(w);
}

static const struct can_port_ops raw_ops = {
	.name = "socketcan",
	.attach = raw_attach,
	.send = raw_send,
	.flush = raw_flush,
	.start = raw_start,
	.stop = raw_stop,
	.pause = raw_pause,
	.free = raw_free,
};

int can_port_socketcan_new(struct can_port **out, int fd_take, bool echoes)
{
	struct raw_port *w = calloc(1, sizeof(*w));
	int rc = w ? fd_set_nonblock(fd_take, 1) : -ENOMEM;
	can_err_mask_t errors = CAN_ERR_BUSOFF;
	int one = 1;

	if (rc < 0) {
		free(w);
		fd_close(&fd_take);
		return rc;
	}
	(void)setsockopt(fd_take, SOL_CAN_RAW, CAN_RAW_FD_FRAMES, &one, sizeof(one));
	(void)setsockopt(fd_take, SOL_CAN_RAW, CAN_RAW_ERR_FILTER, &errors, sizeof(errors));
	fd_receive_room(fd_take, RECEIVE_ROOM);
	w->confirms = echoes && setsockopt(fd_take, SOL_CAN_RAW, CAN_RAW_RECV_OWN_MSGS, &one,
					sizeof(one)) == 0;
	for (unsigned int i = 0; i < READ_FRAMES; i++) {
		w->vec[i] = (struct iovec){ &w->frame[i], sizeof(w->frame[i]) };
		w->msg[i].msg_hdr.msg_iov = &w->vec[i];
		w->msg[i].msg_hdr.msg_iovlen = 1;
	}
	w->p.ops = &raw_ops;
	w->fd = fd_take;
	w->io = (struct ev_io)EV_IO_INIT;
	*out = &w->p;
	return 0;
}
