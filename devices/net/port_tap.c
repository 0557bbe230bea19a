/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tap interface of the host. Its frames carry the virtio header, so that checksums and
 * segmentation are left to whoever has them for free: the host's stack, its card, or nobody.
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "devices/net/link_port.h"
#include "devices/net/proto.h"

/* Of Linux 6.2, younger than some headers. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

/* Frames read in one turn, so that a busy interface does not keep the loop from other watchers. */
#define READ_FRAMES 64u
/* Shorter ones are copied sooner than their pieces are looked up. */
#define LONG_FRAME 4096u

struct tap_frame {
	struct virtio_net_hdr h;
	uint8_t b[NET_UNCUT_MAX];
};

struct tap_port {
	struct link_port p; /* first */
	int fd;
	struct ev_io io;
	struct ev_timer again;
	struct link_sink sink;
	bool gone, held, blocked;
	bool starved; /* reserve() had no room */
	uint32_t in_len; /* of the frame that is kept; 0: none */
	uint32_t out_len; /* of the frame that the interface has not taken; 0: none */
	struct tap_frame in, out;
};

static struct tap_port *tap_of(struct link_port *p)
{
	return (struct tap_port *)p;
}

static void watch(struct tap_port *t)
{
	uint32_t events =
		(t->held ? 0u : (uint32_t)EPOLLIN) | (t->blocked ? (uint32_t)EPOLLOUT : 0u);

	if (!t->gone && t->io.loop && ev_io_set(&t->io, events) < 0)
		log_error("net: cannot watch the tap interface");
}

static void lost(struct tap_port *t)
{
	if (t->gone)
		return;
	t->gone = true;
	ev_io_del(&t->io);
	ev_timer_stop(&t->again);
	t->sink.gone(t->sink.ctx);
}

static int tap_features(struct link_port *p, uint64_t f)
{
	unsigned int o = 0;

	if (f & UINT64_C(1) << VIRTIO_NET_F_GUEST_CSUM)
		o |= TUN_F_CSUM;
	if (f & UINT64_C(1) << VIRTIO_NET_F_GUEST_TSO4)
		o |= TUN_F_TSO4;
	if (f & UINT64_C(1) << VIRTIO_NET_F_GUEST_TSO6)
		o |= TUN_F_TSO6;
	if (f & UINT64_C(1) << VIRTIO_NET_F_GUEST_ECN)
		o |= TUN_F_TSO_ECN;
	if (f & UINT64_C(1) << VIRTIO_NET_F_GUEST_USO4)
		o |= TUN_F_USO4;
	if (f & UINT64_C(1) << VIRTIO_NET_F_GUEST_USO6)
		o |= TUN_F_USO6;
	return ioctl(tap_of(p)->fd, TUNSETOFFLOAD, (unsigned long)o) < 0 ? -errno : 0;
}

static void tap_flush(struct link_port *p)
{
	struct tap_port *t = tap_of(p);
	ssize_t n;

	if (!t->out_len || t->gone)
		return;
	do
		n = write(t->fd, &t->out, sizeof(t->out.h) + t->out_len);
	while (n < 0 && errno == EINTR);
	/* Any other error (interface down, a frame it does not like) is a frame lost on the wire.
	 */
	t->blocked = n < 0 && errno == EAGAIN;
	if (!t->blocked)
		t->out_len = 0;
	else
		watch(t);
}

static bool tap_send(struct link_port *p, const struct virtio_net_hdr *h, struct iovec *iov,
	uint32_t n, uint32_t len)
{
	struct tap_port *t = tap_of(p);
	struct virtio_net_hdr mine = *h;

	if (len < LONG_FRAME || t->gone || t->out_len)
		return false;
	mine.num_buffers = le16_of(0);
	iov[0] = (struct iovec){ &mine, sizeof(mine) };
	/* Where the interface is full the frame waits in our own buffer. */
	return writev(t->fd, iov, (int)n + 1) >= 0;
}

static uint8_t *tap_reserve(struct link_port *p, uint32_t len)
{
	struct tap_port *t = tap_of(p);

	t->starved = !t->gone && t->out_len;
	return t->gone || t->out_len || len > sizeof(t->out.b) ? NULL : t->out.b;
}

static void tap_commit(struct link_port *p, const struct virtio_net_hdr *h, uint32_t len)
{
	struct tap_port *t = tap_of(p);

	t->out.h = *h;
	t->out.h.num_buffers = le16_of(0);
	t->out_len = len;
	tap_flush(p);
}

static void tap_cancel(struct link_port *p, uint32_t len)
{
	(void)p;
	(void)len;
}

/* Gives the frame that was read. False: the guest has no buffer, it is kept. */
static bool give(struct tap_port *t)
{
	if (t->in_len && !t->sink.rx(t->sink.ctx, &t->in.h, t->in.b, t->in_len))
		return false;
	t->in_len = 0;
	return true;
}

/* True when the interface is gone. */
static bool read_frames(struct tap_port *t)
{
	bool end = false;

	t->held = !give(t);
	for (unsigned int i = 0; i < READ_FRAMES && !t->held; i++) {
		ssize_t n = read(t->fd, &t->in, sizeof(t->in));

		if (n < 0) {
			end = errno != EAGAIN && errno != EINTR;
			break;
		}
		if ((size_t)n >= sizeof(t->in.h) + 14)
			t->in_len = (uint32_t)((size_t)n - sizeof(t->in.h));
		t->held = !give(t);
	}
	t->sink.batch_end(t->sink.ctx);
	return end;
}

static void on_io(struct ev_io *io, uint32_t revents)
{
	struct tap_port *t = io->data;
	bool end = revents & (EPOLLHUP | EPOLLERR) && !(revents & EPOLLIN);

	if (revents & EPOLLOUT) {
		t->blocked = false;
		tap_flush(&t->p);
		watch(t);
		if (t->starved && !t->out_len) {
			t->starved = false;
			t->sink.writable(t->sink.ctx);
		}
	}
	if (revents & EPOLLIN && !t->held) {
		end = read_frames(t);
		if (t->held)
			watch(t);
	}
	if (end)
		lost(t);
}

static void on_again(struct ev_timer *timer, uint64_t now_ns)
{
	struct tap_port *t = timer->data;

	(void)now_ns;
	if (t->gone || !t->held)
		return;
	if (read_frames(t))
		lost(t);
	else
		watch(t);
}

static void tap_resume(struct link_port *p)
{
	struct tap_port *t = tap_of(p);

	if (t->held && !t->gone)
		ev_timer_at(&t->again, 1);
}

static int tap_attach(struct link_port *p, struct ev_loop *loop, const struct link_sink *sink)
{
	struct tap_port *t = tap_of(p);
	int rc;

	t->sink = *sink;
	rc = ev_timer_init(loop, &t->again, on_again, t);
	return rc ? rc : ev_io_add(loop, &t->io, t->fd, EPOLLIN, on_io, t);
}

static bool tap_alive(const struct link_port *p)
{
	return !((const struct tap_port *)p)->gone;
}

static void tap_free(struct link_port *p)
{
	struct tap_port *t = tap_of(p);

	ev_io_del(&t->io);
	ev_timer_fini(&t->again);
	fd_close(&t->fd);
	free(t);
}

static const struct link_port_ops tap_ops = {
	.name = "tap",
	.attach = tap_attach,
	.features = tap_features,
	.send = tap_send,
	.reserve = tap_reserve,
	.commit = tap_commit,
	.cancel = tap_cancel,
	.flush = tap_flush,
	.resume = tap_resume,
	.alive = tap_alive,
	.free = tap_free,
};

int link_port_tap_new(struct link_port **out, int fd_take)
{
	struct tap_port *t = calloc(1, sizeof(*t));
	int bytes = sizeof(struct virtio_net_hdr), uso;
	int rc = t ? fd_set_nonblock(fd_take, 1) : -ENOMEM;

	if (!rc && ioctl(fd_take, TUNSETVNETHDRSZ, &bytes) < 0)
		rc = -errno;
	if (rc < 0) {
		free(t);
		fd_close(&fd_take);
		return rc;
	}
	t->p.ops = &tap_ops;
	/* Kernels that cannot give datagrams uncut do not take them either. */
	uso = ioctl(fd_take, TUNSETOFFLOAD, (unsigned long)(TUN_F_CSUM | TUN_F_USO4 | TUN_F_USO6));
	t->p.offloads = NET_LINK_OFFLOADS & ~(uso < 0 ? NET_LINK_USO : 0);
	t->fd = fd_take;
	t->io = (struct ev_io)EV_IO_INIT;
	*out = &t->p;
	return 0;
}
