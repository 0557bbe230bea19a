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
#include "devices/net/port_fd.h"
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
	struct fd_port f; /* first */
	uint32_t in_len; /* of the frame that is kept; 0: none */
	uint32_t out_len; /* of the frame that the interface has not taken; 0: none */
	struct tap_frame in, out;
};

static struct tap_port *tap_of(struct link_port *p)
{
	return (struct tap_port *)p;
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
	return ioctl(tap_of(p)->f.fd, TUNSETOFFLOAD, (unsigned long)o) < 0 ? -errno : 0;
}

static void tap_flush(struct link_port *p)
{
	struct tap_port *t = tap_of(p);
	ssize_t n;

	if (!t->out_len || t->f.gone)
		return;
	do
		n = write(t->f.fd, &t->out, sizeof(t->out.h) + t->out_len);
	while (n < 0 && errno == EINTR);
	/* Any other error (interface down, a frame it does not like) is a frame lost on the wire.
	 */
	t->f.blocked = n < 0 && errno == EAGAIN;
	if (!t->f.blocked)
		t->out_len = 0;
	else
		fd_port_watch(&t->f);
}

static bool tap_send(struct link_port *p, const struct virtio_net_hdr *h, struct iovec *iov,
	uint32_t n, uint32_t len)
{
	struct tap_port *t = tap_of(p);
	struct virtio_net_hdr mine = *h;

	if (len < LONG_FRAME || t->f.gone || t->out_len)
		return false;
	mine.num_buffers = le16_of(0);
	iov[0] = (struct iovec){ &mine, sizeof(mine) };
	/* Where the interface is full the frame waits in our own buffer. */
	return writev(t->f.fd, iov, (int)n + 1) >= 0;
}

static uint8_t *tap_reserve(struct link_port *p, uint32_t len)
{
	struct tap_port *t = tap_of(p);

	t->f.starved = !t->f.gone && t->out_len;
	return t->f.gone || t->out_len || len > sizeof(t->out.b) ? NULL : t->out.b;
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
	if (t->in_len && !t->f.sink.rx(t->f.sink.ctx, &t->in.h, t->in.b, t->in_len))
		return false;
	t->in_len = 0;
	return true;
}

/* True when the interface is gone. */
static bool read_frames(struct fd_port *f)
{
	struct tap_port *t = tap_of(&f->p);
	bool end = false;

	t->f.held = !give(t);
	for (unsigned int i = 0; i < READ_FRAMES && !t->f.held; i++) {
		ssize_t n = read(t->f.fd, &t->in, sizeof(t->in));

		if (n < 0) {
			end = errno != EAGAIN && errno != EINTR;
			break;
		}
		if ((size_t)n >= sizeof(t->in.h) + 14)
			t->in_len = (uint32_t)((size_t)n - sizeof(t->in.h));
		t->f.held = !give(t);
	}
	t->f.sink.batch_end(t->f.sink.ctx);
	return end;
}

static const struct link_port_ops tap_ops = {
	.name = "tap",
	.attach = fd_port_attach,
	.features = tap_features,
	.send = tap_send,
	.reserve = tap_reserve,
	.commit = tap_commit,
	.cancel = tap_cancel,
	.flush = tap_flush,
	.resume = fd_port_resume,
	.alive = fd_port_alive,
	.free = fd_port_free,
};

int link_port_tap_new(struct link_port **out, int fd_take)
{
	struct tap_port *t = calloc(1, sizeof(*t));
	int bytes = sizeof(struct virtio_net_hdr), rc, uso;

	if (!t) {
		fd_close(&fd_take);
		return -ENOMEM;
	}
	rc = fd_port_init(&t->f, &tap_ops, read_frames, fd_take);
	if (rc < 0) {
		free(t);
		return rc;
	}
	if (ioctl(t->f.fd, TUNSETVNETHDRSZ, &bytes) < 0) {
		rc = -errno;
		fd_port_free(&t->f.p);
		return rc;
	}
	/* Kernels that cannot give datagrams uncut do not take them either. */
	uso = ioctl(t->f.fd, TUNSETOFFLOAD, (unsigned long)(TUN_F_CSUM | TUN_F_USO4 | TUN_F_USO6));
	t->f.p.offloads = NET_LINK_OFFLOADS & ~(uso < 0 ? NET_LINK_USO : 0);
	*out = &t->f.p;
	return 0;
}
