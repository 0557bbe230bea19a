/* SPDX-License-Identifier: Apache-2.0 */
/* A vhost-user back end for tests; see vhu_server.h. */
#include "tests/support/vhu_server.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

#define MAX_QUEUES   8
#define MAX_REQUESTS 64

struct queue {
	struct vhu_server *s;
	unsigned int index;
	struct vq_setup setup;
	struct vq *vq;
	struct ev_io kick;
	int kick_fd, call_fd, err_fd;
};

struct vhu_server {
	struct vhu_server_config cfg;
	struct vdev *dev;
	struct vdev_host host;
	struct ev_loop *loop;
	pthread_t thread;
	struct ev_io io;
	int sock, backend_fd;
	bool acks, started;
	uint64_t accepted;
	struct gmem mem;
	uint64_t user[GMEM_MAX_REGIONS]; /* addresses of the regions in the front end */
	struct queue q[MAX_QUEUES];
	atomic_uint count[MAX_REQUESTS];
};

struct message {
	struct vhu_header h;
	union {
		le64 u64;
		struct vhu_vring_state state;
		struct vhu_vring_addr addr;
		struct vhu_memory memory;
		struct vhu_config_space config;
		uint8_t bytes[512];
	} u;
	int fd[VHU_MAX_REGIONS];
	unsigned int n_fds;
};

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "vhu_server: %s\n", what);
	abort();
}

static void must(int rc, const char *what)
{
	if (rc)
		die(what);
}

/* ---- the device's host ---- */

static void device_config_changed(void *ctx)
{
	struct vhu_server *s = ctx;
	struct vhu_header h = { le32_of(VHU_BACKEND_CONFIG_CHANGE), le32_of(VHU_VERSION),
		le32_of(0) };

	if (s->backend_fd >= 0 && send(s->backend_fd, &h, sizeof(h), MSG_NOSIGNAL) < 0)
		die("the front end's channel");
}

static void report_error(struct vhu_server *s)
{
	static const uint64_t one = 1;

	for (unsigned int i = 0; i < MAX_QUEUES; i++) {
		if (s->q[i].err_fd >= 0 && write(s->q[i].err_fd, &one, sizeof(one)) < 0)
			die("err eventfd");
	}
}

static void device_needs_reset(void *ctx, const char *why)
{
	(void)why;
	report_error(ctx);
}

static void queue_notify(void *ctx)
{
	static const uint64_t one = 1;
	struct queue *q = ctx;

	if (q->call_fd >= 0 && write(q->call_fd, &one, sizeof(one)) < 0)
		die("call eventfd");
}

static void queue_broken(void *ctx, int guest_error, const char *why)
{
	struct queue *q = ctx;

	(void)guest_error;
	(void)why;
	report_error(q->s);
}

/* ---- rings ---- */

static void on_kick(struct ev_io *io, uint32_t revents)
{
	struct queue *q = io->data;
	uint64_t n;

	(void)revents;
	if (read(io->fd, &n, sizeof(n)) == sizeof(n) && q->vq)
		q->s->dev->ops->kick(q->s->dev, q->index);
}

static void start_queue(struct queue *q)
{
	struct vhu_server *s = q->s;
	const struct vq_host h = { queue_notify, queue_broken, q };

	if (q->vq || q->kick_fd < 0)
		return;
	if (!s->started) {
		must(s->dev->ops->start(s->dev, s->accepted), "start");
		s->started = true;
	}
	q->setup.features = s->accepted;
	must(vq_new(&q->vq, &s->mem, &q->setup, &h), "the rings that came are not valid");
	must(s->dev->ops->queue_start(s->dev, q->index, q->vq), "queue_start");
	must(ev_io_add(s->loop, &q->kick, q->kick_fd, EPOLLIN, on_kick, q), "kick");
}

static uint32_t stop_queue(struct queue *q)
{
	struct vhu_server *s = q->s;
	struct vq_pos p = q->setup.pos;

	ev_io_del(&q->kick);
	if (q->vq) {
		s->dev->ops->queue_stop(s->dev, q->index);
		p = vq_position(q->vq);
		vq_free(q->vq);
		q->vq = NULL;
	}
	fd_close(&q->kick_fd);
	fd_close(&q->call_fd);
	fd_close(&q->err_fd);
	return p.avail;
}

static void stop_device(struct vhu_server *s)
{
	for (unsigned int i = 0; i < MAX_QUEUES; i++)
		(void)stop_queue(&s->q[i]);
	if (s->started && s->dev->ops->stop)
		s->dev->ops->stop(s->dev);
	s->started = false;
}

/* ---- memory ---- */

static void unmap(struct vhu_server *s)
{
	for (unsigned int i = 0; i < s->mem.n; i++)
		munmap(s->mem.r[i].host, s->mem.r[i].len);
	s->mem = (struct gmem){ .n = 0 };
}

static void set_memory(struct vhu_server *s, struct message *m)
{
	uint32_t n = le32_get(m->u.memory.n);

	unmap(s);
	if (n != m->n_fds)
		die("as many descriptors as regions");
	for (uint32_t i = 0; i < n; i++) {
		const struct vhu_region *r = &m->u.memory.region[i];
		struct gmem_region to = {
			.base = { le64_get(r->guest_address) }, .len = le64_get(r->size), .fd = -1
		};

		to.host = mmap(NULL, to.len, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd[i],
			(off_t)le64_get(r->mmap_offset));
		if (to.host == MAP_FAILED)
			die("mmap");
		must(gmem_add(&s->mem, to), "regions");
		s->user[i] = le64_get(r->user_address);
	}
}

static gpa from_user(const struct vhu_server *s, le64 address)
{
	uint64_t a = le64_get(address);

	for (unsigned int i = 0; i < s->mem.n; i++) {
		if (a - s->user[i] < s->mem.r[i].len)
			return (gpa){ s->mem.r[i].base.v + (a - s->user[i]) };
	}
	die("an address of a ring lies outside memory");
}

/* ---- messages ---- */

static bool receive(struct vhu_server *s, struct message *m)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(m->fd))];
	} control;
	struct iovec iov = { &m->h, sizeof(m->h) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	uint32_t size;

	memset(m, 0, sizeof(*m));
	if (recvmsg(s->sock, &msg, MSG_CMSG_CLOEXEC | MSG_WAITALL) != sizeof(m->h))
		return false;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_type == SCM_RIGHTS) {
		m->n_fds = (unsigned int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(m->fd, CMSG_DATA(c), m->n_fds * sizeof(int));
	}
	size = le32_get(m->h.size);
	if (size > sizeof(m->u) || (le32_get(m->h.flags) & VHU_VERSION_MASK) != VHU_VERSION)
		die("a message that is no vhost-user message");
	return size == 0 || recv(s->sock, &m->u, size, MSG_WAITALL) == (ssize_t)size;
}

static enum vhu_server_fault fault_at(struct vhu_server *s, uint32_t request)
{
	unsigned int n = atomic_fetch_add(&s->count[request], 1);

	return s->cfg.at == request && n == s->cfg.nth ? s->cfg.fault : VHU_SERVER_OBEYS;
}

static void reply(struct vhu_server *s, struct message *m, const void *payload, uint32_t len,
	enum vhu_server_fault fault)
{
	uint32_t request = le32_get(m->h.request);
	struct vhu_header h = { le32_of(fault == VHU_SERVER_ANSWERS_ANOTHER ? request + 1
									    : request),
		le32_of(VHU_VERSION | VHU_REPLY),
		le32_of(fault == VHU_SERVER_ANSWERS_LONG ? len + 1 : len) };

	if (fault == VHU_SERVER_IS_SILENT)
		return;
	if (fault == VHU_SERVER_ANSWERS_HALF)
		len /= 2;
	if (send(s->sock, &h, sizeof(h), MSG_NOSIGNAL) < 0 ||
		send(s->sock, payload, len, MSG_NOSIGNAL) < 0)
		return;
}

static void reply_u64(
	struct vhu_server *s, struct message *m, uint64_t v, enum vhu_server_fault fault)
{
	le64 x = le64_of(v);

	reply(s, m, &x, sizeof(x), fault);
}

/* What is answered in any case. False: something else. */
static bool answer(struct vhu_server *s, struct message *m, enum vhu_server_fault f)
{
	struct vhu_config_space *c = &m->u.config;
	struct vhu_vring_state st;

	switch (le32_get(m->h.request)) {
	case VHU_GET_FEATURES:
		reply_u64(s, m, s->cfg.features | s->dev->ops->features(s->dev), f);
		return true;
	case VHU_GET_PROTOCOL_FEATURES:
		reply_u64(s, m, s->cfg.protocol, f);
		return true;
	case VHU_GET_QUEUE_NUM:
		reply_u64(s, m, s->cfg.queues, f);
		return true;
	case VHU_GET_STATUS:
		reply_u64(s, m, 0, f);
		return true;
	case VHU_GET_VRING_BASE:
		st = m->u.state;
		st.num = le32_of(stop_queue(&s->q[le32_get(st.index) % MAX_QUEUES]));
		reply(s, m, &st, sizeof(st), f);
		return true;
	case VHU_GET_CONFIG:
		if (le32_get(c->offset) != 0 ||
			le32_get(c->size) > s->dev->ops->config_bytes(s->dev))
			die("GET_CONFIG outside the space");
		s->dev->ops->config_read(s->dev, 0, c->bytes, le32_get(c->size));
		reply(s, m, c, VHU_CONFIG_HEAD_BYTES + le32_get(c->size), f);
		return true;
	default:
		return false;
	}
}

static void take_fd(int *to, struct message *m)
{
	if (m->n_fds != 1)
		die("one descriptor for an eventfd");
	fd_close(to);
	*to = fd_take(&m->fd[0]);
}

static void set_protocol(struct vhu_server *s, uint64_t accepted)
{
	if (accepted & ~s->cfg.protocol)
		die("protocol features that were not offered");
	s->acks = accepted & VIRTIO_BIT(VHU_PROTOCOL_F_REPLY_ACK);
}

static void set_vring(struct vhu_server *s, struct message *m)
{
	uint32_t index = le32_get(m->u.state.index), num = le32_get(m->u.state.num);
	struct queue *q = &s->q[index % MAX_QUEUES];
	bool packed = s->accepted & VIRTIO_BIT(VIRTIO_F_RING_PACKED);

	if (index >= MAX_QUEUES)
		die("a queue that does not exist");
	switch (le32_get(m->h.request)) {
	case VHU_SET_VRING_NUM:
		q->setup.size = (uint16_t)num;
		break;
	case VHU_SET_VRING_BASE:
		q->setup.pos = packed ? (struct vq_pos){ num & 0x7fff, num >> 16 & 0x7fff,
			num & 0x8000, num & 0x80000000u }
				      : (struct vq_pos){ (uint16_t)num, (uint16_t)num, 1, 1 };
		break;
	case VHU_SET_VRING_ADDR:
		q->setup.desc = from_user(s, m->u.addr.descriptor);
		q->setup.driver = from_user(s, m->u.addr.available);
		q->setup.device = from_user(s, m->u.addr.used);
		break;
	case VHU_SET_VRING_CALL:
		take_fd(&q->call_fd, m);
		break;
	case VHU_SET_VRING_ERR:
		take_fd(&q->err_fd, m);
		break;
	case VHU_SET_VRING_KICK:
		take_fd(&q->kick_fd, m);
		/* "If VHOST_USER_F_PROTOCOL_FEATURES has not been negotiated, the ring starts
		 * directly in the enabled state." */
		if (!(s->cfg.features & VIRTIO_BIT(VHU_F_PROTOCOL_FEATURES)))
			start_queue(q);
		break;
	default:
		if (num)
			start_queue(q);
		break;
	}
}

static void obey(struct vhu_server *s, struct message *m)
{
	struct vhu_config_space *c = &m->u.config;

	switch (le32_get(m->h.request)) {
	case VHU_SET_FEATURES:
		s->accepted = le64_get(m->u.u64);
		break;
	case VHU_SET_PROTOCOL_FEATURES:
		set_protocol(s, le64_get(m->u.u64));
		break;
	case VHU_SET_OWNER:
	case VHU_SET_STATUS:
		break;
	case VHU_SET_MEM_TABLE:
		set_memory(s, m);
		break;
	case VHU_SET_BACKEND_REQ_FD:
		take_fd(&s->backend_fd, m);
		break;
	case VHU_SET_CONFIG:
		s->dev->ops->config_write(s->dev, le32_get(c->offset), c->bytes, le32_get(c->size));
		break;
	case VHU_RESET_DEVICE:
		stop_device(s);
		break;
	default:
		set_vring(s, m);
		break;
	}
}

static void close_sock(struct vhu_server *s)
{
	ev_io_del(&s->io);
	fd_close(&s->sock);
}

static void on_message(struct ev_io *io, uint32_t revents)
{
	struct vhu_server *s = io->data;
	enum vhu_server_fault f;
	struct message m;
	bool ack;

	(void)revents;
	if (!receive(s, &m)) {
		close_sock(s);
		stop_device(s);
		return;
	}
	if (le32_get(m.h.request) >= MAX_REQUESTS)
		die("an unknown request");
	f = fault_at(s, le32_get(m.h.request));
	if (f == VHU_SERVER_DIES) {
		close_sock(s);
	} else if (!answer(s, &m, f)) {
		if (f != VHU_SERVER_IS_SILENT)
			obey(s, &m);
		ack = s->acks && (le32_get(m.h.flags) & VHU_NEED_REPLY);
		if (ack)
			reply_u64(s, &m, f == VHU_SERVER_REFUSES, f);
	}
	for (unsigned int i = 0; i < m.n_fds; i++)
		fd_close(&m.fd[i]);
}

/* ---- life ---- */

static void *thread_main(void *arg)
{
	struct vhu_server *s = arg;

	must(ev_loop_run(s->loop), "loop");
	return NULL;
}

struct vhu_server *vhu_server_start(int sock_take, const struct vhu_server_config *cfg)
{
	struct vhu_server *s = calloc(1, sizeof(*s));

	if (!s)
		die("memory");
	s->cfg = *cfg;
	s->dev = cfg->dev_take;
	s->sock = sock_take;
	s->backend_fd = -1;
	s->io.fd = -1;
	must(ev_loop_new(&s->loop), "loop");
	for (unsigned int i = 0; i < MAX_QUEUES; i++)
		s->q[i] = (struct queue){ .s = s,
			.index = i,
			.kick = EV_IO_INIT,
			.kick_fd = -1,
			.call_fd = -1,
			.err_fd = -1 };
	s->host = (struct vdev_host){ &s->mem, s->loop, device_config_changed, device_needs_reset,
		s };
	s->dev->host = &s->host;
	must(ev_io_add(s->loop, &s->io, s->sock, EPOLLIN, on_message, s), "socket");
	must(pthread_create(&s->thread, NULL, thread_main, s), "thread");
	return s;
}

void vhu_server_stop(struct vhu_server *s)
{
	if (!s)
		return;
	ev_loop_stop(s->loop);
	pthread_join(s->thread, NULL);
	close_sock(s);
	stop_device(s);
	s->dev->ops->free(s->dev);
	unmap(s);
	fd_close(&s->backend_fd);
	ev_loop_free(s->loop);
	free(s);
}

static void crash_there(void *arg)
{
	close_sock(arg);
}

void vhu_server_crash(struct vhu_server *s)
{
	must(ev_call(s->loop, crash_there, s), "ev_call");
}

unsigned int vhu_server_count(const struct vhu_server *s, enum vhu_request r)
{
	return atomic_load(&s->count[r]);
}

void vhu_server_config_changed(struct vhu_server *s)
{
	must(ev_call(s->loop, device_config_changed, s), "ev_call");
}

static void report_there(void *arg)
{
	report_error(arg);
}

void vhu_server_report_error(struct vhu_server *s)
{
	must(ev_call(s->loop, report_there, s), "ev_call");
}
