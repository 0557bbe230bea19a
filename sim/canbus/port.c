/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports over SOCK_SEQPACKET (base/proto/can_port.h): reading what a controller sends, handing over
 * what it hears. A port that does not read costs only itself: its frames are dropped and counted,
 * its answers have room of their own, and it is not read while that room is short.
 */
#include "sim/canbus/bus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"

/* From here on a port is read no further until it took something. */
static bool answers_short(const struct canbus_port *p)
{
	return p->out_count > OUT_PACKETS - OUT_RESERVE;
}

static void watch(struct canbus_port *p)
{
	uint32_t want = 0;

	if (p->gone || p->io.fd < 0)
		return;
	if (!answers_short(p))
		want |= EPOLLIN;
	if (p->blocked)
		want |= EPOLLOUT;
	/* Fails only for a bad descriptor, which would be found by reading. */
	if (ev_io_set(&p->io, want) < 0)
		return;
}

static struct can_packet *out_at(struct canbus_port *p, uint32_t i)
{
	return &p->out[(p->out_head + i) % OUT_PACKETS];
}

static void sock_flush(struct canbus_port *p)
{
	struct mmsghdr m[OUT_PACKETS];
	struct iovec v[OUT_PACKETS];

	while (p->out_count && !p->blocked) {
		unsigned int n = p->out_count;
		int sent;

		memset(m, 0, n * sizeof(m[0]));
		for (unsigned int i = 0; i < n; i++) {
			struct can_packet *k = out_at(p, i);

			v[i] = (struct iovec){ .iov_base = k->b, .iov_len = k->len };
			m[i].msg_hdr.msg_iov = &v[i];
			m[i].msg_hdr.msg_iovlen = 1;
		}
		sent = sendmmsg(p->fd, m, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0) {
			/* Full; or the other end is gone, which the reading side finds out. */
			p->blocked = true;
			p->blocked_ns = clock_now_ns();
			break;
		}
		p->out_head = (p->out_head + (uint32_t)sent) % OUT_PACKETS;
		p->out_count -= (uint32_t)sent;
	}
	watch(p);
}

/*
 * What became free of a full socket is used at once: it is reported as writable only when most of
 * it was read, which can take a slow guest longer than PATIENCE_NS.
 */
static void try_again(struct canbus_port *p)
{
	uint64_t since = p->blocked_ns;
	uint32_t count = p->out_count;

	p->blocked = false;
	sock_flush(p);
	if (p->out_count == count)
		p->blocked_ns = since;
}

bool bus_is_behind(struct canbus *b, uint64_t now_ns)
{
	bool behind = false;

	for (uint32_t i = 1; i < b->n_src; i++) {
		struct canbus_port *p = b->src[i];

		if (!p->active || !p->blocked || p->out_count <= OUT_PACKETS / 2)
			continue;
		try_again(p);
		behind = behind || (p->blocked && p->out_count > OUT_PACKETS / 2 &&
					   now_ns < p->blocked_ns + PATIENCE_NS);
	}
	return behind;
}

/* Appends a record; opens a new packet while fewer than `limit` are used. */
static bool out_add(struct canbus_port *p, const struct can_rec_frame *r, uint32_t limit)
{
	struct can_packet *k;

	p->dirty = true;
	if (p->out_count && can_packet_add(out_at(p, p->out_count - 1), r))
		return true;
	/* Long bursts: hand over what is complete before opening more. */
	if (p->out_count >= READ_PACKETS && !p->blocked)
		sock_flush(p);
	if (p->out_count >= limit)
		return false;
	k = out_at(p, p->out_count++);
	k->len = 0;
	return can_packet_add(k, r);
}

static void sock_put(struct canbus_port *p, const struct can_rec_frame *r, uint32_t len)
{
	(void)len;
	if (!out_add(p, r, OUT_PACKETS - OUT_RESERVE)) {
		p->st.rx_dropped++;
		return;
	}
	p->st.rx_frames++;
	p->st.rx_bytes += r->f.len;
}

static void sock_answer(
	struct canbus_port *p, uint8_t kind, uint32_t serial, uint8_t flags, uint64_t t_ns)
{
	struct can_rec_frame r = {
		.h = { .t_ns = t_ns, .serial = serial, .kind = kind, .flags = flags }
	};

	/* There is room: see OUT_RESERVE. A port that is gone may have none, and needs none. */
	(void)out_add(p, &r, OUT_PACKETS);
}

static void sock_fini(struct canbus_port *p)
{
	ev_io_del(&p->io);
	fd_close(&p->fd);
	free(p->out);
}

static const struct port_ops sock_ops = {
	.put = sock_put, .answer = sock_answer, .flush = sock_flush, .fini = sock_fini
};

/* A frame to send: queued, or answered with a NACK at once. */
static void transmit(struct canbus_port *p, const struct can_rec_frame *r)
{
	struct canbus *b = p->bus;
	bool fd_on_classic = r->h.mtu == CANFD_MTU && b->cfg.classic_only;

	if (fd_on_classic)
		b->st.errors++;
	if (p->active && !fd_on_classic && !(r->f.can_id & CAN_ERR_FLAG) &&
		bus_enqueue(p, &r->f, r->h.serial, clock_now_ns()))
		return;
	p->st.tx_nacked++;
	sock_answer(p, CAN_REC_NACK, r->h.serial, 0, 0);
}

/* One packet of a port. False: malformed, dropped whole. */
static bool take_packet(struct canbus_port *p, const uint8_t *buf, uint32_t len)
{
	int allowed = 1 << CAN_REC_FRAME | 1 << CAN_REC_START | 1 << CAN_REC_STOP;
	int kinds = can_packet_kinds(buf, len);
	struct can_rec_frame r;
	uint32_t off = 0;

	if (kinds < 0 || kinds & ~allowed)
		return false;
	while (!p->gone && can_packet_next(buf, len, &off, &r) > 0) {
		if (r.h.kind == CAN_REC_FRAME)
			transmit(p, &r);
		else if (r.h.kind == CAN_REC_START)
			bus_port_start(p);
		else
			bus_port_stop(p, CANBUS_PORT_STOPPED);
	}
	return true;
}

/* Reads up to READ_PACKETS. False: the other end is gone. */
static bool sock_read(struct canbus_port *p)
{
	struct mmsghdr m[READ_PACKETS] = { 0 };
	struct iovec v[READ_PACKETS];
	int n;

	for (unsigned int i = 0; i < READ_PACKETS; i++) {
		v[i] = (struct iovec){ .iov_base = p->bus->rbuf + (size_t)i * CAN_PORT_PACKET_BYTES,
			.iov_len = CAN_PORT_PACKET_BYTES };
		m[i].msg_hdr.msg_iov = &v[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	n = recvmmsg(p->fd, m, READ_PACKETS, MSG_DONTWAIT, NULL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	for (int i = 0; i < n && !p->gone; i++) {
		/* A record has at least a header: no length is the end of the stream. */
		if (m[i].msg_len == 0)
			return false;
		if (m[i].msg_hdr.msg_flags & MSG_TRUNC ||
			!take_packet(p, v[i].iov_base, m[i].msg_len))
			p->st.malformed++;
	}
	return true;
}

static void on_sock(struct ev_io *io, uint32_t revents)
{
	struct canbus_port *p = io->data;
	struct canbus *b = p->bus;
	bool alive = true;

	bus_enter(b);
	if (revents & EPOLLOUT) {
		p->blocked = false;
		sock_flush(p);
	}
	if (revents & EPOLLIN && !answers_short(p))
		alive = sock_read(p);
	else if (revents & (EPOLLHUP | EPOLLERR))
		alive = false;
	if (!alive)
		bus_port_gone(p);
	else if (!p->gone && p->q.count)
		bus_wake(b);
	if (!p->gone && p->dirty) {
		p->dirty = false;
		sock_flush(p);
	}
	bus_leave(b);
}

int canbus_add_port(struct canbus *b, int fd_take, const char *name, struct canbus_port **out)
{
	struct canbus_port *p = NULL;
	int rc;

	rc = fd_set_nonblock(fd_take, 1);
	if (rc == 0)
		rc = bus_port_new(b, name, &sock_ops, &p);
	if (rc < 0 || !p) {
		fd_close(&fd_take);
		return rc;
	}
	p->fd = fd_take;
	p->out = malloc(OUT_PACKETS * sizeof(*p->out));
	rc = p->out ? ev_io_add(b->loop, &p->io, fd_take, EPOLLIN, on_sock, p) : -ENOMEM;
	if (rc < 0) {
		canbus_remove_port(p);
		return rc;
	}
	if (out)
		*out = p;
	return 0;
}
