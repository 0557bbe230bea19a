/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host SocketCAN interface as a port: a PF_CAN raw socket whose frames are bridged both ways.
 * What comes from the interface was on another bus already; here it is one more node.
 */
#include "sim/canbus/bus.h"

#include <errno.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"

/* Frames moved by one system call. */
#define RAW_BATCH 32u
/* An interface whose transmit queue is full does not become writable, and a bus that is slower than
 * the interface does not tell when it has room: ask again. */
#define RETRY_NS NS_PER_MS
/* An interface like vcan never waits: what its senders are ahead of the bus stands in the socket,
 * which counts some 800 bytes a frame. */
#define RECEIVE_ROOM (8 << 20)

static void raw_flush(struct canbus_port *p)
{
	struct mmsghdr m[RAW_BATCH];
	struct iovec v[RAW_BATCH];

	while (p->raw_count && !p->retry.deadline_ns) {
		unsigned int n = MIN(p->raw_count, RAW_BATCH);
		int sent;

		memset(m, 0, n * sizeof(m[0]));
		for (unsigned int i = 0; i < n; i++) {
			struct canfd_frame *f = &p->raw[(p->raw_head + i) % RAW_WINDOW];

			v[i] = (struct iovec){ .iov_base = f,
				.iov_len = f->flags & CANFD_FDF ? CANFD_MTU : CAN_MTU };
			m[i].msg_hdr.msg_iov = &v[i];
			m[i].msg_hdr.msg_iovlen = 1;
		}
		sent = sendmmsg(p->fd, m, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
			ev_timer_at(&p->retry, clock_now_ns() + RETRY_NS);
			return;
		}
		if (sent < 0) {
			/* Refused (interface down, no FD there): this frame is lost, not the rest.
			 */
			p->st.rx_dropped++;
			sent = 1;
		}
		p->raw_head = (p->raw_head + (uint32_t)sent) % RAW_WINDOW;
		p->raw_count -= (uint32_t)sent;
	}
}

static void on_retry(struct ev_timer *t, uint64_t now_ns)
{
	(void)now_ns;
	raw_flush(t->data);
}

static void raw_put(struct canbus_port *p, const struct can_rec_frame *r, uint32_t len)
{
	(void)len;
	if (p->raw_count == RAW_WINDOW)
		raw_flush(p);
	if (p->raw_count == RAW_WINDOW) {
		p->st.rx_dropped++;
		return;
	}
	p->raw[(p->raw_head + p->raw_count++) % RAW_WINDOW] = r->f;
	p->st.rx_frames++;
	p->st.rx_bytes += r->f.len;
	bus_dirty(p);
}

static void raw_answer(
	struct canbus_port *p, uint8_t kind, uint32_t serial, uint8_t flags, uint64_t t_ns)
{
	/* The host's own controller acknowledged long ago: nobody is there to be told. */
	(void)p;
	(void)kind;
	(void)serial;
	(void)flags;
	(void)t_ns;
}

static void raw_fini(struct canbus_port *p)
{
	ev_io_del(&p->io);
	ev_timer_fini(&p->retry);
	ev_timer_fini(&p->reread);
	fd_close(&p->fd);
	free(p->raw);
}

static const struct port_ops raw_ops = {
	.put = raw_put, .answer = raw_answer, .flush = raw_flush, .fini = raw_fini
};

static void raw_take(struct canbus_port *p, const struct canfd_frame *f, size_t len)
{
	struct can_rec_frame in = { .h = { .kind = CAN_REC_FRAME, .mtu = (uint8_t)len }, .f = *f },
			     r;
	struct can_packet one;
	uint32_t off = 0;

	one.len = 0;
	if ((len != CAN_MTU && len != CANFD_MTU) || !can_packet_add(&one, &in) ||
		can_packet_next(one.b, one.len, &off, &r) != 1 || r.f.can_id & CAN_ERR_FLAG) {
		p->st.malformed++;
		return;
	}
	if (r.h.mtu == CANFD_MTU && p->bus->cfg.classic_only) {
		p->bus->st.errors++;
		return;
	}
	/* Never more is read than there is room for. */
	(void)bus_enqueue(p, &r.f, 0);
}

static void on_raw(struct ev_io *io, uint32_t revents)
{
	struct canbus_port *p = io->data;
	struct canfd_frame f[RAW_BATCH];
	struct mmsghdr m[RAW_BATCH] = { 0 };
	struct iovec v[RAW_BATCH];
	unsigned int room = MIN(p->q.cap - p->q.count, RAW_BATCH);
	int n = 0;

	memset(f, 0, sizeof(f));
	for (unsigned int i = 0; i < room; i++) {
		v[i] = (struct iovec){ .iov_base = &f[i], .iov_len = sizeof(f[i]) };
		m[i].msg_hdr.msg_iov = &v[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	if (!room) {
		/* The socket would be reported as readable until the bus has caught up. */
		ev_io_del(&p->io);
		ev_timer_at(&p->reread, clock_now_ns() + RETRY_NS);
	} else {
		n = recvmmsg(p->fd, m, room, MSG_DONTWAIT, NULL);
		if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
			revents |= EPOLLHUP;
		/* A raw socket never ends with an empty message; a stand-in in tests does. */
		if (n > 0 && m[0].msg_len == 0)
			revents |= EPOLLHUP;
	}
	for (int i = 0; i < n; i++) {
		if (m[i].msg_len)
			raw_take(p, &f[i], m[i].msg_len);
	}
	if (p->q.count)
		bus_wake(p->bus);
	if (revents & EPOLLHUP)
		bus_port_gone(p);
}

static void on_reread(struct ev_timer *t, uint64_t now_ns)
{
	struct canbus_port *p = t->data;

	/* Fails for want of memory alone. */
	if (ev_io_add(p->bus->loop, &p->io, p->fd, EPOLLIN, on_raw, p) < 0)
		ev_timer_at(t, now_ns + RETRY_NS);
}

int canbus_add_raw_port(struct canbus *b, int fd_take, const char *name, struct canbus_port **out)
{
	struct canbus_port *p = NULL;
	int one = 1, rc;

	/* A socket that is not PF_CAN (tests) has no such option and needs none. */
	(void)setsockopt(fd_take, SOL_CAN_RAW, CAN_RAW_FD_FRAMES, &one, sizeof(one));
	fd_receive_room(fd_take, RECEIVE_ROOM);
	rc = fd_set_nonblock(fd_take, 1);
	if (rc == 0)
		rc = bus_port_new(b, name, &raw_ops, &p);
	if (rc < 0 || !p) {
		fd_close(&fd_take);
		return rc;
	}
	p->fd = fd_take;
	p->raw = calloc(RAW_WINDOW, sizeof(*p->raw));
	rc = p->raw ? ev_timer_init(b->loop, &p->retry, on_retry, p) : -ENOMEM;
	if (rc == 0)
		rc = ev_timer_init(b->loop, &p->reread, on_reread, p);
	if (rc == 0)
		rc = ev_io_add(b->loop, &p->io, fd_take, EPOLLIN, on_raw, p);
	if (rc < 0) {
		canbus_remove_port(p);
		return rc;
	}
	bus_port_start(p);
	if (out)
		*out = p;
	return 0;
}

/* Why an interface cannot be used, and what to do about it. */
static int check_interface(int sock, const char *ifname, struct err *e)
{
	struct ifreq ifr = { 0 };

	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (strlen(ifname) >= sizeof(ifr.ifr_name) || ioctl(sock, SIOCGIFFLAGS, &ifr) < 0)
		return err_set(e, -ENODEV,
			"this host has no interface '%s'; create a virtual one with: "
			"modprobe vcan; ip link add dev %s type vcan; ip link set %s mtu 72 up",
			ifname, ifname, ifname);
	if (!(ifr.ifr_flags & IFF_UP))
		return err_set(e, -ENETDOWN, "interface '%s' is down; use: ip link set %s up",
			ifname, ifname);
	if (ioctl(sock, SIOCGIFHWADDR, &ifr) < 0 || ifr.ifr_hwaddr.sa_family != ARPHRD_CAN)
		return err_set(e, -ENODEV, "interface '%s' is not a CAN interface", ifname);
	return 0;
}

int canbus_attach_socketcan(struct canbus *b, const char *ifname, struct err *e)
{
	CLEANUP_FD int sock = socket(PF_CAN, SOCK_RAW | SOCK_CLOEXEC, CAN_RAW);
	struct sockaddr_can addr = { .can_family = AF_CAN };
	int rc;

	if (sock < 0)
		return err_errno(e, errno,
			"this host's kernel has no SocketCAN (PF_CAN), so bus '%s' cannot use "
			"'%s'; load it with: modprobe can-raw; modprobe vcan; "
			"ip link add dev %s type vcan; ip link set %s mtu 72 up; "
			"or use the built-in bus",
			b->name, ifname, ifname, ifname);
	rc = check_interface(sock, ifname, e);
	if (rc < 0) {
		err_prefix(e, "bus '%s'", b->name);
		return rc;
	}
	addr.can_ifindex = (int)if_nametoindex(ifname);
	if (bind(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_errno(e, errno, "bus '%s': cannot bind to '%s'", b->name, ifname);
	rc = canbus_add_raw_port(b, fd_take(&sock), ifname, NULL);
	if (rc < 0)
		return err_errno(e, -rc, "bus '%s': cannot bridge '%s'", b->name, ifname);
	return 0;
}
