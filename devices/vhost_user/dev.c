/* SPDX-License-Identifier: Apache-2.0 */
/* The device whose work a vhost-user back end does; see vhost_user.h. */
#include "devices/vhost_user/vhost_user.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "devices/vhost_user/client.h"

#define DEFAULT_LIMIT_MS 1000
/* At the start a back end may still be loading. */
#define START_PATIENCE 5

/* Where the back end shall believe that guest memory lies in this process: somewhere else than it
 * does, and than it lies in the guest. */
#define USER_BASE (UINT64_C(1) << 44)

/* Rings as they are after a reset: "GET_VRING_BASE", split and packed layout. */
#define SPLIT_START  0u
#define PACKED_START 0x80008000u

struct vhu {
	struct vdev v; /* first */
	struct vdev_ops ops; /* this instance's: id, class, name */
	struct vhu_client c;
	struct vhost_user_config cfg;
	uint64_t features, protocol; /* the back end's offer; what was accepted of the latter */
	uint8_t config[VHU_MAX_CONFIG];
	bool config_is_ours, config_stale;
	bool told; /* the driver knows that the back end is gone */
	uint64_t accepted; /* by the driver */
	uint64_t starts;
	int err_fd; /* rises when the back end gives up on a ring */
	int backend_fd; /* our end of its own requests' socket; -1 without */
	struct ev_io sock_io, err_io, backend_io;
};

static struct vhu *vhu_of(struct vdev *v)
{
	return (struct vhu *)v;
}

static const struct vhu *vhu_of_const(const struct vdev *v)
{
	return (const struct vhu *)v;
}

static bool has(const struct vhu *d, unsigned int protocol_feature)
{
	return d->protocol & VIRTIO_BIT(protocol_feature);
}

/* ---- the end of the back end ---- */

/* Nothing of it is watched any more: its socket may be closed. */
static void unwatch(struct vhu *d)
{
	ev_io_del(&d->sock_io);
	ev_io_del(&d->err_io);
	ev_io_del(&d->backend_io);
}

/* rc as it is; where it says that the connection has ended, the driver is told. */
static int settle(struct vhu *d, int rc)
{
	if (d->c.sock >= 0)
		return rc;
	unwatch(d);
	if (!d->told && d->v.host)
		d->v.host->needs_reset(d->v.host->ctx, d->c.why.text);
	d->told = true;
	return rc;
}

static void on_sock(struct ev_io *io, uint32_t revents)
{
	struct vhu *d = io->data;

	(void)revents;
	/* The loop must not watch what is closed in there. */
	ev_io_del(io);
	vhu_client_unexpected(&d->c);
	if (d->c.sock >= 0 && ev_io_add(d->v.host->loop, io, d->c.sock, EPOLLIN, on_sock, d) < 0)
		(void)vhu_client_fail(&d->c, 0, "the back end cannot be watched");
	(void)settle(d, 0);
}

static void on_err(struct ev_io *io, uint32_t revents)
{
	struct vhu *d = io->data;
	uint64_t count;

	(void)revents;
	if (read(d->err_fd, &count, sizeof(count)) == sizeof(count))
		d->v.host->needs_reset(
			d->v.host->ctx, "the back end reports that a queue is broken");
}

/* ---- requests of the back end ---- */

/* One message of a known kind, or the end of the channel. */
static void on_backend(struct ev_io *io, uint32_t revents)
{
	struct vhu *d = io->data;
	struct vhu_header h;
	le64 done = le64_of(0);
	ssize_t n = recv(d->backend_fd, &h, sizeof(h), MSG_DONTWAIT);

	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != (ssize_t)sizeof(h) || le32_get(h.size) != 0 ||
		le32_get(h.request) != VHU_BACKEND_CONFIG_CHANGE) {
		/* The rest cannot be told apart any more; the device works without. */
		if (n != 0)
			log_warn("%s: the back end sent a request that is not known: not heard any "
				 "more",
				d->v.tag);
		ev_io_del(io);
		return;
	}
	d->config_stale = true;
	d->v.host->config_changed(d->v.host->ctx);
	if (!(le32_get(h.flags) & VHU_NEED_REPLY) || !d->c.acks)
		return;
	h.flags = le32_of(VHU_VERSION | VHU_REPLY);
	h.size = le32_of(sizeof(done));
	if (send(d->backend_fd, &h, sizeof(h), MSG_NOSIGNAL | MSG_DONTWAIT | MSG_MORE) < 0 ||
		send(d->backend_fd, &done, sizeof(done), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("%s: the back end does not hear its answer", d->v.tag);
}

static int lend_backend_channel(struct vhu *d)
{
	int pair[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return vhu_client_fail(
			&d->c, -errno, "cannot make the back end's channel: %s", strerror(errno));
	rc = vhu_send(&d->c, VHU_SET_BACKEND_REQ_FD, NULL, 0, &pair[1], 1, true);
	fd_close(&pair[1]);
	d->backend_fd = pair[0];
	return rc;
}

/* ---- configuration space ---- */

/* There is one, and the back end has it. */
static bool wants_config(const struct vhu *d)
{
	return d->cfg.config_bytes && !d->config_is_ours;
}

static int fetch_config(struct vhu *d)
{
	struct vhu_config_space ask = { .size = le32_of(d->cfg.config_bytes) }, got;
	size_t len = VHU_CONFIG_HEAD_BYTES + d->cfg.config_bytes;
	int rc = vhu_ask(&d->c, VHU_GET_CONFIG, &ask, len, &got, len);

	if (rc)
		return rc;
	memcpy(d->config, got.bytes, d->cfg.config_bytes);
	d->config_stale = false;
	return 0;
}

static uint32_t vhu_config_bytes(const struct vdev *v)
{
	return vhu_of_const(v)->cfg.config_bytes;
}

static void vhu_config_read(struct vdev *v, uint32_t off, void *dst, uint32_t len)
{
	struct vhu *d = vhu_of(v);

	if (d->config_stale && d->c.sock >= 0)
		(void)settle(d, fetch_config(d));
	memcpy(dst, d->config + off, len);
}

static void vhu_config_write(struct vdev *v, uint32_t off, const void *src, uint32_t len)
{
	struct vhu *d = vhu_of(v);
	struct vhu_config_space set = { .offset = le32_of(off), .size = le32_of(len) };

	if (d->config_is_ours || d->c.sock < 0)
		return;
	memcpy(set.bytes, src, len);
	d->config_stale = true;
	(void)settle(d,
		vhu_send(&d->c, VHU_SET_CONFIG, &set, VHU_CONFIG_HEAD_BYTES + len, NULL, 0, true));
}

/* ---- features and queues ---- */

static uint16_t vhu_num_queues(const struct vdev *v)
{
	return vhu_of_const(v)->cfg.queues;
}

static uint16_t vhu_queue_max(const struct vdev *v, unsigned int q)
{
	(void)q;
	return vhu_of_const(v)->cfg.queue_size;
}

static uint64_t vhu_features(const struct vdev *v)
{
	return vhu_of_const(v)->features;
}

static int send_memory(struct vhu *d)
{
	const struct gmem *mem = d->v.host->mem;
	struct vhu_memory table = { .n = le32_of(mem->n) };
	int fds[VHU_MAX_REGIONS];

	static_assert(GMEM_MAX_REGIONS <= VHU_MAX_REGIONS, "regions");
	for (unsigned int i = 0; i < mem->n; i++) {
		const struct gmem_region *r = &mem->r[i];

		if (r->fd < 0)
			return vhu_client_fail(&d->c, -EINVAL, "guest memory cannot be shared");
		table.region[i] = (struct vhu_region){ .guest_address = le64_of(r->base.v),
			.size = le64_of(r->len),
			.user_address = le64_of(USER_BASE + r->base.v),
			.mmap_offset = le64_of(r->fd_off) };
		fds[i] = r->fd;
	}
	return vhu_send(&d->c, VHU_SET_MEM_TABLE, &table,
		offsetof(struct vhu_memory, region) + mem->n * sizeof(table.region[0]), fds, mem->n,
		true);
}

/* What the driver accepted, in the back end's words. */
static uint64_t features_for_backend(const struct vhu *d)
{
	return d->accepted | (d->features & VIRTIO_BIT(VHU_F_PROTOCOL_FEATURES));
}

static int send_status(struct vhu *d, uint8_t status)
{
	return has(d, VHU_PROTOCOL_F_STATUS) ? vhu_send_u64(&d->c, VHU_SET_STATUS, status, true)
					     : 0;
}

#define STATUS_STARTING (VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER | VIRTIO_S_FEATURES_OK)

static int watch(struct vhu *d)
{
	struct ev_loop *l = d->v.host->loop;
	int rc = ev_io_add(l, &d->sock_io, d->c.sock, EPOLLIN, on_sock, d);

	if (!rc)
		rc = ev_io_add(l, &d->err_io, d->err_fd, EPOLLIN, on_err, d);
	if (!rc && d->backend_fd >= 0)
		rc = ev_io_add(l, &d->backend_io, d->backend_fd, EPOLLIN, on_backend, d);
	return rc;
}

static int vhu_start(struct vdev *v, uint64_t features)
{
	struct vhu *d = vhu_of(v);
	int rc;

	d->accepted = features;
	d->told = false;
	if (d->c.sock < 0)
		return settle(d, -ENOTCONN);
	rc = watch(d);
	if (!rc)
		rc = vhu_send_u64(&d->c, VHU_SET_FEATURES, features_for_backend(d), true);
	if (!rc)
		rc = send_status(d, STATUS_STARTING);
	if (!rc)
		rc = send_memory(d);
	if (!rc)
		rc = send_status(d, STATUS_STARTING | VIRTIO_S_DRIVER_OK);
	if (!rc)
		d->starts++;
	return settle(d, rc);
}

static int send_ring(struct vhu *d, unsigned int q, const struct vdev_ring *r)
{
	const struct vq_setup *s = &r->setup;
	const bool packed = s->features & VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	struct vhu_vring_addr a = { .index = le32_of(q),
		.descriptor = le64_of(USER_BASE + s->desc.v),
		.used = le64_of(USER_BASE + s->device.v),
		.available = le64_of(USER_BASE + s->driver.v) };
	uint64_t ignored;
	int rc = vhu_send_state(&d->c, VHU_SET_VRING_NUM, q, s->size, false);

	if (!rc)
		rc = vhu_send_state(
			&d->c, VHU_SET_VRING_BASE, q, packed ? PACKED_START : SPLIT_START, false);
	if (!rc)
		rc = vhu_send(&d->c, VHU_SET_VRING_ADDR, &a, sizeof(a), NULL, 0, true);
	if (!rc)
		rc = vhu_send_vring_fd(&d->c, VHU_SET_VRING_CALL, q, r->call_fd);
	if (!rc)
		rc = vhu_send_vring_fd(&d->c, VHU_SET_VRING_ERR, q, d->err_fd);
	if (!rc)
		rc = vhu_send_vring_fd(&d->c, VHU_SET_VRING_KICK, q, r->kick_fd);
	if (!rc && (d->features & VIRTIO_BIT(VHU_F_PROTOCOL_FEATURES)))
		rc = vhu_send_state(&d->c, VHU_SET_VRING_ENABLE, q, 1, true);
	/* Without acknowledgements any answer says that all of the above was read. */
	if (!rc && !d->c.acks)
		rc = vhu_ask_u64(&d->c, VHU_GET_FEATURES, &ignored);
	return rc;
}

static int vhu_ring_start(struct vdev *v, unsigned int q, const struct vdev_ring *r)
{
	struct vhu *d = vhu_of(v);

	return settle(d, send_ring(d, q, r));
}

/* The answer says that the back end has let go of the ring. */
static void vhu_queue_stop(struct vdev *v, unsigned int q)
{
	struct vhu *d = vhu_of(v);
	struct vhu_vring_state ask = { .index = le32_of(q) }, base;

	if (d->c.sock >= 0)
		(void)settle(d,
			vhu_ask(&d->c, VHU_GET_VRING_BASE, &ask, sizeof(ask), &base, sizeof(base)));
}

static void vhu_stop(struct vdev *v)
{
	struct vhu *d = vhu_of(v);
	int rc = 0;

	unwatch(d);
	d->told = true; /* nobody drives it any more */
	if (d->c.sock < 0)
		return;
	if (has(d, VHU_PROTOCOL_F_STATUS))
		rc = send_status(d, 0);
	else if (has(d, VHU_PROTOCOL_F_RESET_DEVICE))
		rc = vhu_send(&d->c, VHU_RESET_DEVICE, NULL, 0, NULL, 0, true);
	if (!rc)
		d->config_stale = wants_config(d);
	else
		log_warn("%s: %s", d->v.tag, d->c.why.text);
}

static void vhu_free(struct vdev *v)
{
	struct vhu *d = vhu_of(v);

	unwatch(d);
	vhu_client_fini(&d->c);
	fd_close(&d->err_fd);
	fd_close(&d->backend_fd);
	free(d);
}

/* What a PCI transport shows as class: the driver does not look at it, people do. */
static uint32_t class_of(uint16_t id)
{
	static const struct {
		uint16_t id;
		uint32_t class_code;
	} known[] = { { VIRTIO_ID_NET, 0x020000 }, { VIRTIO_ID_BLK, 0x010000 },
		{ VIRTIO_ID_CONSOLE, 0x078000 }, { VIRTIO_ID_GPU, 0x038000 },
		{ VIRTIO_ID_INPUT, 0x098000 }, { VIRTIO_ID_SOUND, 0x040100 },
		{ VIRTIO_ID_FS, 0x018000 } };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i].id == id)
			return known[i].class_code;
	}
	return 0x00ff00;
}

static const struct vdev_ops vhu_ops = {
	.name = "vhost-user",
	.num_queues = vhu_num_queues,
	.queue_max = vhu_queue_max,
	.features = vhu_features,
	.ring_features = vhu_features,
	.config_bytes = vhu_config_bytes,
	.config_read = vhu_config_read,
	.config_write = vhu_config_write,
	.start = vhu_start,
	.ring_start = vhu_ring_start,
	.queue_stop = vhu_queue_stop,
	.stop = vhu_stop,
	.free = vhu_free,
};

/* ---- the first conversation ---- */

/* Protocol features that are of use here. */
#define WANTED_PROTOCOL                                                         \
	(VIRTIO_BIT(VHU_PROTOCOL_F_MQ) | VIRTIO_BIT(VHU_PROTOCOL_F_REPLY_ACK) | \
		VIRTIO_BIT(VHU_PROTOCOL_F_RESET_DEVICE) | VIRTIO_BIT(VHU_PROTOCOL_F_STATUS))
/* And those of a configuration space that is the back end's. */
#define WANTED_CONFIG (VIRTIO_BIT(VHU_PROTOCOL_F_CONFIG) | VIRTIO_BIT(VHU_PROTOCOL_F_BACKEND_REQ))

static int negotiate_protocol(struct vhu *d)
{
	uint64_t offered, wanted = WANTED_PROTOCOL;
	int rc = vhu_ask_u64(&d->c, VHU_GET_PROTOCOL_FEATURES, &offered);

	if (rc)
		return rc;
	if (wants_config(d))
		wanted |= WANTED_CONFIG;
	d->protocol = offered & wanted;
	rc = vhu_send_u64(&d->c, VHU_SET_PROTOCOL_FEATURES, d->protocol, false);
	d->c.acks = has(d, VHU_PROTOCOL_F_REPLY_ACK);
	return rc;
}

static int check_queues(struct vhu *d)
{
	uint64_t n;
	int rc;

	if (!has(d, VHU_PROTOCOL_F_MQ))
		return 0;
	rc = vhu_ask_u64(&d->c, VHU_GET_QUEUE_NUM, &n);
	if (!rc && n < d->cfg.queues)
		return vhu_client_fail(&d->c, -EINVAL,
			"the back end has %llu queues; %u are configured", (unsigned long long)n,
			d->cfg.queues);
	return rc;
}

static int greet(struct vhu *d)
{
	int rc = vhu_ask_u64(&d->c, VHU_GET_FEATURES, &d->features);

	if (!rc && !(d->features & VIRTIO_BIT(VIRTIO_F_VERSION_1)))
		return vhu_client_fail(&d->c, -EPROTO,
			"the back end does not offer VIRTIO_F_VERSION_1: it is too old");
	if (!rc && (d->features & VIRTIO_BIT(VHU_F_PROTOCOL_FEATURES)))
		rc = negotiate_protocol(d);
	if (!rc)
		rc = vhu_send(&d->c, VHU_SET_OWNER, NULL, 0, NULL, 0, false);
	if (!rc)
		rc = check_queues(d);
	if (!rc && has(d, VHU_PROTOCOL_F_BACKEND_REQ))
		rc = lend_backend_channel(d);
	if (rc || !wants_config(d))
		return rc;
	if (!has(d, VHU_PROTOCOL_F_CONFIG))
		return vhu_client_fail(&d->c, -EINVAL,
			"the back end serves no configuration space: give its bytes (config)");
	return fetch_config(d);
}

int vhost_user_new(
	struct vdev **out, int sock_take, const struct vhost_user_config *cfg, struct err *e)
{
	struct vhu *d = calloc(1, sizeof(*d));
	uint32_t limit_ms = cfg->limit_ms ? cfg->limit_ms : DEFAULT_LIMIT_MS;
	int rc;

	if (!d) {
		fd_close(&sock_take);
		return err_errno(e, ENOMEM, "vhost-user");
	}
	d->ops = vhu_ops;
	d->ops.id = cfg->id;
	d->ops.pci_class = class_of(cfg->id);
	d->v.ops = &d->ops;
	d->cfg = *cfg;
	d->backend_fd = -1;
	d->sock_io.fd = d->err_io.fd = d->backend_io.fd = -1;
	snprintf(d->v.tag, sizeof(d->v.tag), "%s", cfg->tag);
	d->cfg.config = NULL; /* borrowed for this call only */
	d->config_is_ours = cfg->config != NULL;
	if (cfg->config)
		memcpy(d->config, cfg->config, cfg->config_bytes);
	vhu_client_init(&d->c, sock_take, START_PATIENCE * limit_ms);
	d->err_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = d->err_fd < 0 ? vhu_client_fail(&d->c, -errno, "eventfd: %s", strerror(errno))
			   : greet(d);
	if (rc) {
		rc = err_set(e, rc, "%s", d->c.why.text);
		vhu_free(&d->v);
		return rc;
	}
	d->c.limit_ms = limit_ms;
	*out = &d->v;
	return 0;
}

struct vhost_user_state vhost_user_state(const struct vdev *v)
{
	const struct vhu *d = vhu_of_const(v);

	return (struct vhost_user_state){ .connected = d->c.sock >= 0,
		.acks = d->c.acks,
		.serves_config = has(d, VHU_PROTOCOL_F_CONFIG),
		.features = d->features,
		.protocol = d->protocol,
		.why = d->c.why.text,
		.starts = d->starts };
}
