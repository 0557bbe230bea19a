/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtio-net device. Frames of the guest go transmitq -> port: copied once, into the port's own
 * buffer. Frames of the port go through the receive filter into the receiveq, over several buffers
 * where MRG_RXBUF was negotiated; without a buffer the port stops reading. With several pairs of
 * queues a connection's frames come by the pair that it was last sent by ("Automatic receive
 * steering in multiqueue mode").
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "devices/net/net.h"
#include "devices/net/proto.h"

#define MAX_QUEUES (2 * NET_MAX_PAIRS + 1)
/* "Network Device / Virtqueues": pairs of receiveq and transmitq, behind them the controlq. */
#define RXQ(pair) (2 * (pair))
#define TXQ(pair) (2 * (pair) + 1)

#define DATAQ_SIZE 256
#define CTRLQ_SIZE 64
/* Requests taken in one turn of the loop: a guest that adds them without end shares it. */
#define TURN_REQUESTS 256u
/* Buffers that one frame may be spread over: 64 KiB in pieces of 1 KiB. */
#define RX_MERGE    64u
#define DEFAULT_MTU 1500
/* Pieces of a frame that is sent from where it lies: Linux has 18 at most. */
#define TX_PIECES 20u
/* Connections, by the last bits of their hash, whose queues are known. */
#define FLOWS 256u

#define F(name) VIRTIO_BIT(VIRTIO_NET_F_##name)
#define OFFERED_ALWAYS                                                                       \
	(F(CSUM) | F(CTRL_GUEST_OFFLOADS) | F(MAC) | F(MRG_RXBUF) | F(STATUS) | F(CTRL_VQ) | \
		F(CTRL_RX) | F(CTRL_VLAN) | F(CTRL_RX_EXTRA) | F(GUEST_ANNOUNCE) |           \
		F(CTRL_MAC_ADDR))

struct net_dev {
	struct vdev v; /* first */
	struct link_port *port;
	bool attached; /* the port has its loop */
	uint8_t mac[NET_MAC_BYTES]; /* as configured */
	uint16_t mtu;
	uint64_t offered;
	struct vq *vq[MAX_QUEUES];
	uint32_t ctrlq; /* as the driver counts: behind the pairs that it could use */

	bool started, link_up;
	uint32_t tx_waits; /* bit of the pair: the port had no room */
	uint32_t rx_used; /* bit of the pair: its interrupt is due */
	uint8_t flow[FLOWS]; /* the pair by which it was sent last */
	struct net_control control;
	struct ev_timer again; /* goes on where a turn's work was full */
	uint64_t again_queues; /* bit q: with queue q */

	struct net_dev_stats st;
	struct vq_chain chain; /* the request popped last of a transmit or control queue */
	struct vq_chain rx[RX_MERGE];
	/* Buffers that a port fills at the moment. */
	struct {
		uint32_t pair, count, len; /* len: of the frame */
		struct vq_used used[RX_MERGE];
	} placed;
	uint8_t ctrl[NET_CTRL_MAX];
};

static struct net_dev *net_of(struct vdev *v)
{
	return (struct net_dev *)v;
}

/* Longest frame that need not be cut: its payload, an Ethernet header and a VLAN tag. */
static uint32_t max_frame(const struct net_dev *n)
{
	return (n->mtu ? n->mtu : DEFAULT_MTU) + 18u;
}

/* A turn's work is full: the request that was popped last stays for the next turn. */
static void go_on_later(struct net_dev *n, unsigned int q)
{
	vq_unpop(n->vq[q], &n->chain);
	n->again_queues |= UINT64_C(1) << q;
	ev_timer_at(&n->again, 1);
}

/* ---- transmission ---- */

enum tx { TX_DONE, TX_WAIT };

static enum tx tx_rejected(struct net_dev *n, int rc)
{
	log_guest("%s: transmit request rejected: %s", n->v.tag, err_name(rc));
	n->st.tx_rejected++;
	return TX_DONE;
}

/* The frame's connection is sent by this pair of queues. */
static void note_flow(struct net_dev *n, uint32_t pair, const uint8_t *frame, uint32_t len)
{
	if (n->control.pairs > 1)
		n->flow[net_flow_hash(frame, len) % FLOWS] = (uint8_t)pair;
}

/* A long frame is copied by the port's system call only, straight from the guest's memory. */
static bool tx_direct(
	struct net_dev *n, uint32_t pair, const struct vq_reader *r, const struct virtio_net_hdr *h)
{
	struct vq_reader front = *r;
	struct iovec iov[1 + TX_PIECES];
	uint8_t headers[LINK_FRONT];
	uint32_t pieces, len = r->left;

	if (!n->port->ops->send || len < sizeof(headers))
		return false;
	pieces = vq_pin(r, iov + 1, TX_PIECES);
	if (!pieces || !n->port->ops->send(n->port, h, iov, pieces, len))
		return false;
	if (n->control.pairs > 1 && vq_get(&front, headers, sizeof(headers)) == 0)
		note_flow(n, pair, headers, sizeof(headers));
	return true;
}

/* Sends the request that was popped last. TX_WAIT: the port has no room now. */
static enum tx tx_one(struct net_dev *n, uint32_t pair)
{
	struct virtio_net_hdr h;
	struct vq_reader r;
	uint8_t *frame;
	uint32_t len;
	int rc;

	vq_reader_init(&r, n->vq[TXQ(pair)], &n->chain);
	rc = vq_get(&r, &h, sizeof(h));
	len = r.left;
	if (rc == 0)
		rc = net_check_tx(&h, len, max_frame(n), n->control.features);
	if (rc != 0)
		return tx_rejected(n, rc);
	if (!n->link_up || !n->port->ops->alive(n->port)) {
		n->st.tx_dropped++;
		return TX_DONE;
	}
	if (!tx_direct(n, pair, &r, &h)) {
		frame = n->port->ops->reserve(n->port, len);
		if (!frame)
			return TX_WAIT;
		rc = vq_get(&r, frame, len);
		if (rc != 0) {
			n->port->ops->cancel(n->port, len);
			return tx_rejected(n, rc);
		}
		note_flow(n, pair, frame, len);
		n->port->ops->commit(n->port, &h, len);
	}
	n->st.tx_frames++;
	n->st.tx_bytes += len;
	return TX_DONE;
}

static void tx_work(struct net_dev *n, uint32_t pair)
{
	uint32_t q = TXQ(pair), count = 0;

	n->tx_waits &= ~(1u << pair);
	while (n->vq[q] && vq_pop(n->vq[q], &n->chain) == VQ_TAKEN) {
		if (count++ == TURN_REQUESTS) {
			go_on_later(n, q);
			break;
		}
		if (tx_one(n, pair) == TX_WAIT) {
			vq_unpop(n->vq[q], &n->chain);
			n->tx_waits |= 1u << pair;
			break;
		}
		/* Not zero: the queue was latched meanwhile, and the transport knows. */
		if (vq_push_quiet(n->vq[q], &n->chain, 0) != 0)
			break;
	}
	n->port->ops->flush(n->port);
	if (n->vq[q])
		vq_flush(n->vq[q]);
}

/* All pairs that wait for the port go on. */
static void tx_resume(struct net_dev *n)
{
	uint32_t waiting = n->tx_waits;

	for (uint32_t i = 0; i < n->control.max_pairs; i++) {
		if (waiting & 1u << i)
			tx_work(n, i);
	}
}

static void on_writable(void *ctx)
{
	tx_resume(ctx);
}

/* ---- reception ---- */

static void rx_unpop(struct net_dev *n, struct vq *vq, uint32_t count)
{
	while (count)
		vq_unpop(vq, &n->rx[--count]);
}

/* Takes buffers for `need` bytes. >0: so many; 0: there are none now; <0: none will ever do. */
static int rx_gather(struct net_dev *n, struct vq *vq, uint32_t need)
{
	uint32_t most =
		n->control.features & F(MRG_RXBUF) ? MIN(RX_MERGE, (uint32_t)vq_size(vq)) : 1;
	uint32_t count = 0, room = 0;

	while (room < need && count < most) {
		if (vq_pop(vq, &n->rx[count]) != VQ_TAKEN) {
			rx_unpop(n, vq, count);
			return 0;
		}
		room += MIN(n->rx[count].in_bytes, need);
		count++;
	}
	/* The header lies in the first buffer, whole. */
	if (room < need || n->rx[0].in_bytes < sizeof(struct virtio_net_hdr)) {
		rx_unpop(n, vq, count);
		return -1;
	}
	return (int)count;
}

/* Fills buffer i of the frame; *off bytes of it are written already. Returns what was written. */
static uint32_t rx_fill(struct net_dev *n, struct vq *vq, uint32_t i,
	const struct virtio_net_hdr *h, const uint8_t *frame, uint32_t len, uint32_t *off)
{
	struct vq_writer w;
	uint32_t part;

	vq_writer_init(&w, vq, &n->rx[i]);
	if (i == 0 && vq_put(&w, h, sizeof(*h)) != 0)
		return 0;
	part = MIN(w.left, len - *off);
	if (vq_put(&w, frame + *off, part) == 0)
		*off += part;
	return w.written;
}

static uint32_t rx_pair(const struct net_dev *n, const uint8_t *frame, uint32_t len)
{
	if (n->control.pairs < 2)
		return 0;
	return n->flow[net_flow_hash(frame, len) % FLOWS] % n->control.pairs;
}

/* The frame is for the driver. */
static bool rx_passes(const struct net_dev *n, const uint8_t *frame, uint32_t len)
{
	return n->started && n->link_up && net_filter_pass(&n->control.filter, frame, len);
}

/* The driver can do what is left to do with it. It cannot only just after it changed its mind: the
 * frame was on its way. */
static bool rx_taken(const struct net_dev *n, const struct virtio_net_hdr *h, const uint8_t *frame)
{
	struct net_offload o = net_offload_of(h);

	return net_offload_taken(&o, net_takes(n->control.offloads), frame);
}

/* The header as this driver may see it. */
static struct virtio_net_hdr rx_header(
	const struct net_dev *n, const struct virtio_net_hdr *from, uint32_t buffers)
{
	struct virtio_net_hdr h = *from;

	/* "the device MUST NOT set the NEEDS_CSUM bit" or DATA_VALID without GUEST_CSUM. */
	if (!(n->control.offloads & F(GUEST_CSUM)))
		h = (struct virtio_net_hdr){ 0 };
	h.num_buffers = le16_of((uint16_t)buffers);
	return h;
}

/* The driver gets the frame in its buffers. */
static void rx_push(
	struct net_dev *n, uint32_t pair, const struct vq_used *used, uint32_t count, uint32_t len)
{
	if (vq_push_group(n->vq[RXQ(pair)], used, count) != 0)
		return;
	n->rx_used |= 1u << pair;
	n->st.rx_frames++;
	n->st.rx_bytes += len;
}

static bool on_rx(void *ctx, const struct virtio_net_hdr *from, const uint8_t *frame, uint32_t len)
{
	struct vq_used used[RX_MERGE];
	struct net_dev *n = ctx;
	struct virtio_net_hdr h;
	uint32_t off = 0, pair;
	struct vq *vq;
	int count;

	if (!rx_passes(n, frame, len)) {
		n->st.rx_filtered++;
		return true;
	}
	if (!rx_taken(n, from, frame)) {
		n->st.rx_dropped++;
		return true;
	}
	pair = rx_pair(n, frame, len);
	vq = n->vq[RXQ(pair)];
	if (!vq || vq_is_broken(vq)) {
		n->st.rx_dropped++;
		return true;
	}
	count = rx_gather(n, vq, len + (uint32_t)sizeof(h));
	if (count == 0 && !vq_is_broken(vq))
		return false;
	if (count <= 0) {
		log_guest(
			"%s: receive buffers are too small for a frame of %u bytes", n->v.tag, len);
		n->st.rx_dropped++;
		return true;
	}
	h = rx_header(n, from, (uint32_t)count);
	for (uint32_t i = 0; i < (uint32_t)count; i++)
		used[i] = (struct vq_used){ n->rx[i].id, n->rx[i].ndesc,
			rx_fill(n, vq, i, &h, frame, len, &off) };
	rx_push(n, pair, used, (uint32_t)count, len);
	return true;
}

/* The pieces of buffer i that the frame's next bytes go into. False: there are too many. */
static bool rx_lend(struct net_dev *n, struct vq *vq, uint32_t i, const struct virtio_net_hdr *h,
	uint32_t *left, struct iovec *iov, uint32_t *pieces)
{
	struct vq_writer w;
	uint32_t part, more;

	vq_writer_init(&w, vq, &n->rx[i]);
	if (i == 0 && vq_put(&w, h, sizeof(*h)) != 0)
		return false;
	part = MIN(w.left, *left);
	more = part ? vq_lend(&w, iov + *pieces, LINK_PLACES - *pieces, part) : 0;
	if (part && !more)
		return false;
	*left -= part;
	*pieces += more;
	n->placed.used[i] = (struct vq_used){ n->rx[i].id, n->rx[i].ndesc, w.written };
	return true;
}

static uint32_t on_rx_place(void *ctx, const struct virtio_net_hdr *from, const uint8_t *front,
	uint32_t front_len, uint32_t len, struct iovec *iov)
{
	uint32_t left = len, pieces = 0, i = 0;
	struct net_dev *n = ctx;
	struct virtio_net_hdr h;
	struct vq *vq;
	int count;

	/* What stands in the way is for on_rx() to count. */
	if (!rx_passes(n, front, front_len) || !rx_taken(n, from, front))
		return 0;
	n->placed.pair = rx_pair(n, front, front_len);
	n->placed.len = len;
	vq = n->vq[RXQ(n->placed.pair)];
	if (!vq || vq_is_broken(vq))
		return 0;
	count = rx_gather(n, vq, len + (uint32_t)sizeof(h));
	if (count <= 0)
		return 0;
	h = rx_header(n, from, (uint32_t)count);
	while (i < (uint32_t)count && rx_lend(n, vq, i, &h, &left, iov, &pieces))
		i++;
	if (i < (uint32_t)count) {
		rx_unpop(n, vq, (uint32_t)count);
		return 0;
	}
	n->placed.count = (uint32_t)count;
	return pieces;
}

static void on_rx_placed(void *ctx, bool whole)
{
	struct net_dev *n = ctx;

	if (whole)
		rx_push(n, n->placed.pair, n->placed.used, n->placed.count, n->placed.len);
	else
		rx_unpop(n, n->vq[RXQ(n->placed.pair)], n->placed.count);
}

static void on_batch_end(void *ctx)
{
	struct net_dev *n = ctx;

	for (uint32_t i = 0; n->rx_used; i++) {
		if (n->rx_used & 1u << i && n->vq[RXQ(i)])
			vq_flush(n->vq[RXQ(i)]);
		n->rx_used &= ~(1u << i);
	}
}

/* ---- control ---- */

static int control(struct net_dev *n)
{
	uint64_t offloads = n->control.offloads;
	struct virtio_net_ctrl_hdr h;
	struct vq_reader r;
	uint32_t len;
	int rc;

	n->st.controls++;
	vq_reader_init(&r, n->vq[n->ctrlq], &n->chain);
	rc = vq_get(&r, &h, sizeof(h));
	len = r.left;
	if (rc == 0 && len > sizeof(n->ctrl))
		rc = GUEST_E_RANGE;
	if (rc == 0)
		rc = vq_get(&r, n->ctrl, len);
	if (rc == 0)
		rc = net_control(&n->control, &h, n->ctrl, len);
	if (rc == 0 && n->control.offloads != offloads && n->port->ops->features)
		rc = n->port->ops->features(
			n->port, (n->control.features & ~NET_GUEST_OFFLOADS) | n->control.offloads);
	if (rc != 0)
		log_guest("%s: control request refused: %s", n->v.tag, err_name(rc));
	return rc;
}

static void ctrl_work(struct net_dev *n)
{
	uint32_t q = n->ctrlq, count = 0;

	while (n->vq[q] && vq_pop(n->vq[q], &n->chain) == VQ_TAKEN) {
		struct vq_writer w;
		uint8_t ack;

		if (count++ == TURN_REQUESTS) {
			go_on_later(n, q);
			return;
		}
		ack = control(n) == 0 ? VIRTIO_NET_OK : VIRTIO_NET_ERR;
		vq_writer_init(&w, n->vq[q], &n->chain);
		if (vq_put(&w, &ack, sizeof(ack)) != 0)
			log_guest("%s: control request has no room for its ack", n->v.tag);
		if (vq_push(n->vq[q], &n->chain, w.written) != 0)
			return;
	}
}

static void on_again(struct ev_timer *t, uint64_t now_ns)
{
	struct net_dev *n = t->data;
	uint64_t queues = n->again_queues;

	(void)now_ns;
	n->again_queues = 0;
	if (queues & UINT64_C(1) << n->ctrlq)
		ctrl_work(n);
	for (uint32_t i = 0; i < n->control.max_pairs; i++) {
		if (queues & UINT64_C(1) << TXQ(i) && TXQ(i) < n->ctrlq)
			tx_work(n, i);
	}
}

/* ---- the link ---- */

void net_dev_set_link(struct vdev *v, bool up)
{
	struct net_dev *n = net_of(v);

	if (n->link_up == up)
		return;
	n->link_up = up;
	/* Others must learn where this card is now ("Gratuitous Packet Sending"). */
	n->control.announce = up && n->control.features & F(GUEST_ANNOUNCE);
	if (v->host)
		v->host->config_changed(v->host->ctx);
	/* What waited for the port goes the way of all frames without a cable. */
	if (!up)
		tx_resume(n);
}

static void on_gone(void *ctx)
{
	struct net_dev *n = ctx;

	log_warn("%s: its network is gone", n->v.tag);
	net_dev_set_link(&n->v, false);
}

/* ---- ops ---- */

static uint16_t net_num_queues(const struct vdev *v)
{
	return (uint16_t)(2 * ((const struct net_dev *)v)->control.max_pairs + 1);
}

static uint16_t net_queue_max(const struct vdev *v, unsigned int q)
{
	return q + 1 == net_num_queues(v) ? CTRLQ_SIZE : DATAQ_SIZE;
}

static uint64_t net_features(const struct vdev *v)
{
	return ((const struct net_dev *)v)->offered;
}

static bool net_accepts(const struct vdev *v, uint64_t accepted)
{
	(void)v;
	return net_features_ok(accepted);
}

static uint32_t net_config_bytes(const struct vdev *v)
{
	(void)v;
	return sizeof(struct virtio_net_config);
}

static void net_config_read(struct vdev *v, uint32_t off, void *dst, uint32_t len)
{
	struct net_dev *n = net_of(v);
	struct virtio_net_config cfg = { .max_virtqueue_pairs = le16_of(n->control.max_pairs),
		.status = le16_of((uint16_t)((n->link_up ? VIRTIO_NET_S_LINK_UP : 0) |
					     (n->control.announce ? VIRTIO_NET_S_ANNOUNCE : 0))),
		.mtu = le16_of(n->mtu) };

	/* "Setting MAC Address Filtering": the address that the driver set shows here. */
	memcpy(cfg.mac, n->control.filter.mac, sizeof(cfg.mac));
	memcpy(dst, (const uint8_t *)&cfg + off, len);
}

static int net_start(struct vdev *v, uint64_t features)
{
	struct net_dev *n = net_of(v);
	struct link_sink sink = { on_rx, on_rx_place, on_rx_placed, on_batch_end, on_writable,
		on_gone, n };
	int rc = 0;

	n->control.features = features;
	n->control.offloads = features & NET_GUEST_OFFLOADS;
	n->control.pairs = 1;
	/* "Network Device / Virtqueues": where it lies depends on what was negotiated. */
	n->ctrlq = features & F(MQ) ? 2u * n->control.max_pairs : 2;
	memset(n->flow, 0, sizeof(n->flow));
	net_filter_init(&n->control.filter, n->mac, features);
	if (n->port->ops->features)
		rc = n->port->ops->features(n->port, features);
	if (rc == 0 && !n->attached) {
		rc = ev_timer_init(v->host->loop, &n->again, on_again, n);
		if (rc == 0)
			rc = n->port->ops->attach(n->port, v->host->loop, &sink);
		n->attached = rc == 0;
	}
	n->started = rc == 0;
	return rc;
}

static int net_queue_start(struct vdev *v, unsigned int q, struct vq *vq)
{
	net_of(v)->vq[q] = vq;
	return 0;
}

static void net_kick(struct vdev *v, unsigned int q)
{
	struct net_dev *n = net_of(v);

	if (q == n->ctrlq)
		ctrl_work(n);
	else if (q % 2)
		tx_work(n, q / 2);
	else
		n->port->ops->resume(n->port);
}

static void net_queue_stop(struct vdev *v, unsigned int q)
{
	struct net_dev *n = net_of(v);

	n->vq[q] = NULL;
	n->again_queues &= ~(UINT64_C(1) << q);
	if (q % 2)
		n->tx_waits &= ~(1u << q / 2);
	/* A frame that was kept for it is dropped: it waits for nothing any more. */
	else if (n->attached)
		n->port->ops->resume(n->port);
}

/* What a driver negotiated and asked for is gone. */
static void forget_control(struct net_dev *n)
{
	n->control.features = n->control.offloads = 0;
	n->control.announce = false;
	n->control.pairs = 1;
	net_filter_init(&n->control.filter, n->mac, 0);
}

static void net_stop(struct vdev *v)
{
	struct net_dev *n = net_of(v);

	n->started = false;
	for (unsigned int q = 0; q < net_num_queues(v); q++)
		net_queue_stop(v, q);
	forget_control(n);
}

static void net_free(struct vdev *v)
{
	struct net_dev *n = net_of(v);

	ev_timer_fini(&n->again);
	link_port_free(n->port);
	free(n);
}

static const struct vdev_ops net_ops = {
	.name = "net",
	.id = VIRTIO_ID_NET,
	.pci_class = 0x020000, /* network controller, Ethernet */
	.num_queues = net_num_queues,
	.queue_max = net_queue_max,
	.features = net_features,
	.features_ok = net_accepts,
	.config_bytes = net_config_bytes,
	.config_read = net_config_read,
	.start = net_start,
	.queue_start = net_queue_start,
	.kick = net_kick,
	.queue_stop = net_queue_stop,
	.stop = net_stop,
	.free = net_free,
};

int net_dev_new(struct vdev **out, struct link_port *port_take, const struct net_dev_config *cfg)
{
	struct net_dev *n = NULL;
	int rc = -EINVAL;

	if (!(cfg->mac[0] & 1) && cfg->pairs <= NET_MAX_PAIRS &&
		(!cfg->mtu || (cfg->mtu >= NET_MTU_MIN && cfg->mtu <= NET_MTU_MAX))) {
		n = calloc(1, sizeof(*n));
		rc = -ENOMEM;
	}
	if (!n) {
		link_port_free(port_take);
		return rc;
	}
	n->v.ops = &net_ops;
	(void)snprintf(n->v.tag, sizeof(n->v.tag), "%s", cfg->tag ? cfg->tag : "net");
	memcpy(n->mac, cfg->mac, sizeof(n->mac));
	n->mtu = cfg->mtu;
	n->port = port_take;
	n->link_up = !cfg->link_down;
	n->control.max_pairs = cfg->pairs ? cfg->pairs : 1;
	forget_control(n);
	n->ctrlq = 2;
	n->offered = OFFERED_ALWAYS | port_take->offloads | (cfg->mtu ? F(MTU) : 0) |
		     (n->control.max_pairs > 1 ? F(MQ) : 0);
	*out = &n->v;
	return 0;
}

void net_dev_get_stats(const struct vdev *v, struct net_dev_stats *out)
{
	const struct net_dev *n = (const struct net_dev *)v;

	*out = n->st;
	out->link_up = n->link_up;
	out->pairs = n->control.pairs;
}
