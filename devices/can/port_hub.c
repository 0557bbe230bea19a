/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A controller on the bench's built-in bus: records over SOCK_SEQPACKET (base/proto/can_port.h).
 * It keeps to the bus's window, so that the bus never has to refuse a frame.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "devices/can/can_port.h"

/* Room for a whole window of FD frames and the controls between them, however slow the bus reads.
 */
#define OUT_PACKETS 4u
static_assert((OUT_PACKETS - 1) * (CAN_PORT_PACKET_BYTES - sizeof(struct can_rec_frame)) >=
		      CAN_PORT_WINDOW * sizeof(struct can_rec_frame),
	"a window fits");
/* Packets read in one turn, so that a busy bus does not keep the loop from its other watchers. */
#define READ_PACKETS 8u

struct hub_port {
	struct can_port p; /* first */
	int fd;
	struct ev_io io;
	struct can_port_sink sink;
	bool started, gone, blocked, paused;
	/* Sent and not answered; of before the last stop(): their answers concern nobody. */
	uint32_t outstanding, stale;
	uint64_t malformed;
	struct can_packet out[OUT_PACKETS];
	uint32_t frames_in[OUT_PACKETS]; /* frames in each packet not handed over */
	uint32_t out_head, out_count;
	uint8_t rbuf[CAN_PORT_PACKET_BYTES];
};

static struct hub_port *hub_of(struct can_port *p)
{
	return (struct hub_port *)p;
}

static void lost(struct hub_port *h)
{
	if (h->gone)
		return;
	h->gone = true;
	ev_io_del(&h->io);
	h->out_count = 0;
	h->sink.gone(h->sink.ctx);
}

static bool wants_more(const struct hub_port *h)
{
	/* Answers come the same way as frames: a guest may wait for one of them before it takes
	 * the other. */
	return !h->paused || h->outstanding || h->stale;
}

static void watch(struct hub_port *h)
{
	uint32_t want = (h->blocked ? EPOLLOUT : 0) | (wants_more(h) ? EPOLLIN : 0);

	/* Fails only for a bad descriptor, which reading would have found. */
	if (!h->gone && h->io.loop && h->io.events != want && ev_io_set(&h->io, want) < 0)
		log_error("can: cannot watch the bus's socket");
}

static void hub_pause(struct can_port *p, bool on)
{
	struct hub_port *h = hub_of(p);

	h->paused = on;
	watch(h);
}

static void hub_flush(struct can_port *p)
{
	struct hub_port *h = hub_of(p);

	while (h->out_count && !h->blocked && !h->gone) {
		struct can_packet *k = &h->out[h->out_head];
		ssize_t n = send(h->fd, k->b, k->len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			/* Full; or the other end is gone, which reading finds out. */
			h->blocked = true;
			break;
		}
		h->out_head = (h->out_head + 1) % OUT_PACKETS;
		h->out_count--;
	}
	watch(h);
}

static bool append(struct hub_port *h, const struct can_rec_frame *r)
{
	uint32_t at = (h->out_head + h->out_count - 1) % OUT_PACKETS;

	if (!h->out_count || !can_packet_add(&h->out[at], r)) {
		if (h->out_count == OUT_PACKETS)
			return false;
		at = (h->out_head + h->out_count++) % OUT_PACKETS;
		h->out[at].len = 0;
		h->frames_in[at] = 0;
		if (!can_packet_add(&h->out[at], r))
			return false;
	}
	h->frames_in[at] += r->h.kind == CAN_REC_FRAME;
	return true;
}

static int hub_send(struct can_port *p, const struct can_rec_frame *r)
{
	struct hub_port *h = hub_of(p);

	if (h->gone)
		return -ENOTCONN;
	if (h->outstanding + h->stale >= CAN_PORT_WINDOW || !append(h, r))
		return -EAGAIN;
	h->outstanding++;
	return 0;
}

static void control(struct hub_port *h, uint8_t kind)
{
	struct can_rec_frame r = { .h = { .kind = kind } };

	/* There is room: stop() empties the buffer, and start() comes once between two stops. */
	if (!append(h, &r))
		log_error("can: no room for a control record");
	hub_flush(&h->p);
}

static void hub_start(struct can_port *p)
{
	struct hub_port *h = hub_of(p);

	if (h->started || h->gone)
		return;
	h->started = true;
	control(h, CAN_REC_START);
}

static void hub_stop(struct can_port *p)
{
	struct hub_port *h = hub_of(p);

	if (!h->started)
		return;
	h->started = false;
	h->paused = false;
	/* What the bus has not seen yet it need not see; what it has, it will still answer. */
	for (uint32_t i = 0; i < h->out_count; i++)
		h->outstanding -= h->frames_in[(h->out_head + i) % OUT_PACKETS];
	h->stale += h->outstanding;
	h->outstanding = 0;
	h->out_count = 0;
	if (!h->gone)
		control(h, CAN_REC_STOP);
}

static void answered(struct hub_port *h, const struct can_rec_frame *r)
{
	/* Answers come in order across a STOP: those of before it first. */
	if (h->stale) {
		h->stale--;
	} else if (h->outstanding) {
		h->outstanding--;
		h->sink.done(h->sink.ctx, r->h.serial, r->h.kind == CAN_REC_ACK);
	}
}

static bool take_packet(struct hub_port *h, uint32_t len)
{
	struct can_rec_frame r;
	uint32_t off = 0;

	if (can_packet_kinds(h->rbuf, len) < 0)
		return false;
	while (can_packet_next(h->rbuf, len, &off, &r) > 0) {
		if (r.h.kind == CAN_REC_ACK || r.h.kind == CAN_REC_NACK)
			answered(h, &r);
		else if (r.h.kind == CAN_REC_FRAME && h->started)
			h->sink.rx(h->sink.ctx, &r);
		else if (r.h.kind == CAN_REC_STATE)
			h->sink.state(h->sink.ctx, r.h.flags);
	}
	return true;
}

static void on_io(struct ev_io *io, uint32_t revents)
{
	struct hub_port *h = io->data;
	bool end = revents & (EPOLLHUP | EPOLLERR) && !(revents & EPOLLIN);

	if (revents & EPOLLOUT) {
		h->blocked = false;
		hub_flush(&h->p);
	}
	for (unsigned int i = 0; i < READ_PACKETS && revents & EPOLLIN && wants_more(h); i++) {
		ssize_t n = recv(h->fd, h->rbuf, sizeof(h->rbuf), MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0) {
			end = true;
			break;
		}
		if ((size_t)n > sizeof(h->rbuf) || !take_packet(h, (uint32_t)n)) {
			h->malformed++;
			if (h->malformed == 1)
				log_error("can: malformed packet from the bus");
		}
	}
	h->sink.batch_end(h->sink.ctx);
	/* The last answer may have come. */
	watch(h);
	if (end)
		lost(h);
}

static int hub_attach(struct can_port *p, struct ev_loop *loop, const struct can_port_sink *sink)
{
	struct hub_port *h = hub_of(p);

	h->sink = *sink;
	return ev_io_add(loop, &h->io, h->fd, EPOLLIN, on_io, h);
}

static void hub_free(struct can_port *p)
{
	struct hub_port *h = hub_of(p);

	ev_io_del(&h->io);
	fd_close(&h->fd);
	free(h);
}

static const struct can_port_ops hub_ops = {
	.name = "hub",
	.attach = hub_attach,
	.send = hub_send,
	.flush = hub_flush,
	.start = hub_start,
	.stop = hub_stop,
	.pause = hub_pause,
	.free = hub_free,
};

int can_port_hub_new(struct can_port **out, int fd_take)
{
	struct hub_port *h = calloc(1, sizeof(*h));
	int rc = h ? fd_set_nonblock(fd_take, 1) : -ENOMEM;

	if (rc < 0) {
		free(h);
		fd_close(&fd_take);
		return rc;
	}
	h->p.ops = &hub_ops;
	h->fd = fd_take;
	h->io = (struct ev_io)EV_IO_INIT;
	*out = &h->p;
	return 0;
}
