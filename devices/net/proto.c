/* SPDX-License-Identifier: Apache-2.0 */
/* Headers, control requests and the receive filter; see proto.h. */
#include "devices/net/proto.h"

#include <string.h>

#define BIT(f, name) (((f) >> VIRTIO_NET_F_##name) & 1u)

bool net_features_ok(uint64_t f)
{
	if ((BIT(f, GUEST_TSO4) || BIT(f, GUEST_TSO6)) && !BIT(f, GUEST_CSUM))
		return false;
	if (BIT(f, GUEST_ECN) && !BIT(f, GUEST_TSO4) && !BIT(f, GUEST_TSO6))
		return false;
	if ((BIT(f, HOST_TSO4) || BIT(f, HOST_TSO6)) && !BIT(f, CSUM))
		return false;
	if (BIT(f, HOST_ECN) && !BIT(f, HOST_TSO4) && !BIT(f, HOST_TSO6))
		return false;
	if ((BIT(f, GUEST_USO4) || BIT(f, GUEST_USO6)) && !BIT(f, GUEST_CSUM))
		return false;
	if (BIT(f, HOST_USO) && !BIT(f, CSUM))
		return false;
	if (BIT(f, CTRL_RX_EXTRA) && !BIT(f, CTRL_RX))
		return false;
	if ((BIT(f, CTRL_RX) || BIT(f, CTRL_VLAN) || BIT(f, GUEST_ANNOUNCE) ||
		    BIT(f, CTRL_MAC_ADDR) || BIT(f, MQ) || BIT(f, CTRL_GUEST_OFFLOADS)) &&
		!BIT(f, CTRL_VQ))
		return false;
	return true;
}

struct net_offload net_offload_of(const struct virtio_net_hdr *h)
{
	struct net_offload o;

	/* "Network Device / Device Operation": the same fields in the same order. */
	memcpy(&o, h, sizeof(o));
	return o;
}

uint32_t net_takes(uint64_t f)
{
	return (BIT(f, GUEST_CSUM) ? NET_TAKES_CSUM : 0) |
	       (BIT(f, GUEST_TSO4) ? NET_TAKES_TSO4 : 0) |
	       (BIT(f, GUEST_TSO6) ? NET_TAKES_TSO6 : 0) | (BIT(f, GUEST_ECN) ? NET_TAKES_ECN : 0) |
	       (BIT(f, GUEST_USO4) ? NET_TAKES_USO4 : 0) |
	       (BIT(f, GUEST_USO6) ? NET_TAKES_USO6 : 0);
}

static bool may_send(const struct virtio_net_hdr *h, uint64_t f)
{
	if (h->gso_type & VIRTIO_NET_HDR_GSO_ECN && !BIT(f, HOST_ECN))
		return false;
	switch (h->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return h->gso_type == VIRTIO_NET_HDR_GSO_NONE;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return BIT(f, HOST_TSO4);
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return BIT(f, HOST_TSO6);
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return BIT(f, HOST_USO);
	default:
		return false;
	}
}

int net_check_tx(const struct virtio_net_hdr *h, uint32_t len, uint32_t max, uint64_t features)
{
	struct net_offload o = net_offload_of(h);

	if ((h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM && !BIT(features, CSUM)) ||
		!may_send(h, features))
		return GUEST_E_UNSUPPORTED;
	if (h->gso_type == VIRTIO_NET_HDR_GSO_NONE && len > max)
		return GUEST_E_RANGE;
	return net_offload_check(&o, len);
}

static uint32_t mix(uint32_t h, uint32_t v)
{
	return (h ^ v) * 16777619u;
}

uint32_t net_flow_hash(const uint8_t *frame, uint32_t len)
{
	uint32_t ports, sum = 0, a, b, n;
	struct net_headers h;

	if (!net_headers_find(&h, frame, len))
		return 0;
	n = h.ipv6 ? 16 : 4;
	/* Sums, so that source and destination may change places. */
	for (uint32_t i = 0; i < n; i += 4) {
		memcpy(&a, frame + h.l3 + (h.ipv6 ? 8 : 12) + i, 4);
		memcpy(&b, frame + h.l3 + (h.ipv6 ? 8 : 12) + n + i, 4);
		sum = mix(sum, a + b);
	}
	ports = (uint32_t)(frame[h.l4] << 8 | frame[h.l4 + 1]) +
		(uint32_t)(frame[h.l4 + 2] << 8 | frame[h.l4 + 3]);
	sum = mix(mix(sum, ports), h.protocol);
	sum ^= sum >> 15;
	return sum ? sum : 1;
}

/* ---- filter ---- */

void net_filter_init(struct net_filter *f, const uint8_t mac[NET_MAC_BYTES], uint64_t features)
{
	*f = (struct net_filter){ .promisc = true, .vlans = BIT(features, CTRL_VLAN) };
	memcpy(f->mac, mac, NET_MAC_BYTES);
}

static bool listed(const struct net_macs *m, const uint8_t *mac)
{
	for (uint32_t i = 0; i < m->n; i++) {
		if (memcmp(m->mac[i], mac, NET_MAC_BYTES) == 0)
			return true;
	}
	return m->overflow;
}

static bool address_passes(const struct net_filter *f, const uint8_t *mac)
{
	static const uint8_t broadcast[NET_MAC_BYTES] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	if (memcmp(mac, broadcast, sizeof(broadcast)) == 0)
		return !f->nobcast;
	if (mac[0] & 1)
		return !f->nomulti && (f->allmulti || listed(&f->multi, mac));
	return !f->nouni &&
	       (f->alluni || memcmp(mac, f->mac, NET_MAC_BYTES) == 0 || listed(&f->uni, mac));
}

bool net_filter_pass(const struct net_filter *f, const uint8_t *frame, uint32_t len)
{
	if (f->promisc)
		return true;
	if (f->vlans && len >= NET_FRAME_MIN + 4 && frame[12] == 0x81 && frame[13] == 0) {
		uint32_t vid = (uint32_t)(frame[14] & 0x0f) << 8 | frame[15];

		if (!(f->vlan[vid / 8] & 1u << vid % 8))
			return false;
	}
	return address_passes(f, frame);
}

/* ---- control ---- */

static int control_rx(
	struct net_filter *f, uint64_t features, uint8_t cmd, const uint8_t *data, uint32_t len)
{
	bool *const flag[] = { &f->promisc, &f->allmulti, &f->alluni, &f->nomulti, &f->nouni,
		&f->nobcast };

	if (!BIT(features, CTRL_RX) || cmd >= ARRAY_SIZE(flag) ||
		(cmd > VIRTIO_NET_CTRL_RX_ALLMULTI && !BIT(features, CTRL_RX_EXTRA)))
		return GUEST_E_UNSUPPORTED;
	if (len != 1)
		return GUEST_E_SHORT;
	if (data[0] > 1)
		return GUEST_E_FORMAT;
	*flag[cmd] = data[0];
	return 0;
}

/* A count (le32) and as many addresses. */
static int read_table(struct net_macs *m, const uint8_t *data, uint32_t len, uint32_t *off)
{
	uint32_t n;
	le32 count;

	if (len - *off < sizeof(count))
		return GUEST_E_SHORT;
	memcpy(&count, data + *off, sizeof(count));
	*off += (uint32_t)sizeof(count);
	n = le32_get(count);
	if (n > (len - *off) / NET_MAC_BYTES)
		return GUEST_E_SHORT;
	m->overflow = n > NET_MACS;
	m->n = MIN(n, (uint32_t)NET_MACS);
	memcpy(m->mac, data + *off, (size_t)m->n * NET_MAC_BYTES);
	*off += n * NET_MAC_BYTES;
	return 0;
}

static int control_mac(
	struct net_filter *f, uint64_t features, uint8_t cmd, const uint8_t *data, uint32_t len)
{
	struct net_macs uni, multi;
	uint32_t off = 0;
	int rc;

	if (cmd == VIRTIO_NET_CTRL_MAC_ADDR_SET && BIT(features, CTRL_MAC_ADDR)) {
		if (len != NET_MAC_BYTES)
			return GUEST_E_SHORT;
		memcpy(f->mac, data, NET_MAC_BYTES);
		return 0;
	}
	if (cmd != VIRTIO_NET_CTRL_MAC_TABLE_SET || !BIT(features, CTRL_RX))
		return GUEST_E_UNSUPPORTED;
	rc = read_table(&uni, data, len, &off);
	if (rc == 0)
		rc = read_table(&multi, data, len, &off);
	if (rc == 0 && off != len)
		rc = GUEST_E_FORMAT;
	if (rc == 0) {
		f->uni = uni;
		f->multi = multi;
	}
	return rc;
}

static int control_vlan(
	struct net_filter *f, uint64_t features, uint8_t cmd, const uint8_t *data, uint32_t len)
{
	uint32_t vid;
	le16 v;

	if (!BIT(features, CTRL_VLAN) || cmd > VIRTIO_NET_CTRL_VLAN_DEL)
		return GUEST_E_UNSUPPORTED;
	if (len != sizeof(v))
		return GUEST_E_SHORT;
	memcpy(&v, data, sizeof(v));
	vid = le16_get(v);
	if (vid >= NET_VLANS)
		return GUEST_E_RANGE;
	if (cmd == VIRTIO_NET_CTRL_VLAN_ADD)
		f->vlan[vid / 8] = (uint8_t)(f->vlan[vid / 8] | 1u << vid % 8);
	else
		f->vlan[vid / 8] = (uint8_t)(f->vlan[vid / 8] & ~(1u << vid % 8));
	return 0;
}

static int control_pairs(struct net_control *c, uint8_t cmd, const uint8_t *data, uint32_t len)
{
	uint16_t n;
	le16 v;

	if (!BIT(c->features, MQ) || cmd != VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET)
		return GUEST_E_UNSUPPORTED;
	if (len != sizeof(v))
		return GUEST_E_SHORT;
	memcpy(&v, data, sizeof(v));
	n = le16_get(v);
	if (n < 1 || n > c->max_pairs)
		return GUEST_E_RANGE;
	c->pairs = n;
	return 0;
}

static int control_offloads(struct net_control *c, uint8_t cmd, const uint8_t *data, uint32_t len)
{
	uint64_t want;
	le64 v;

	if (!BIT(c->features, CTRL_GUEST_OFFLOADS) || cmd != VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET)
		return GUEST_E_UNSUPPORTED;
	if (len != sizeof(v))
		return GUEST_E_SHORT;
	memcpy(&v, data, sizeof(v));
	want = le64_get(v);
	if (want & ~(c->features & NET_GUEST_OFFLOADS))
		return GUEST_E_FORMAT;
	c->offloads = want;
	return 0;
}

int net_control(struct net_control *c, const struct virtio_net_ctrl_hdr *h, const uint8_t *data,
	uint32_t len)
{
	switch (h->class) {
	case VIRTIO_NET_CTRL_RX:
		return control_rx(&c->filter, c->features, h->cmd, data, len);
	case VIRTIO_NET_CTRL_MAC:
		return control_mac(&c->filter, c->features, h->cmd, data, len);
	case VIRTIO_NET_CTRL_VLAN:
		return control_vlan(&c->filter, c->features, h->cmd, data, len);
	case VIRTIO_NET_CTRL_ANNOUNCE:
		if (!BIT(c->features, GUEST_ANNOUNCE) || h->cmd != VIRTIO_NET_CTRL_ANNOUNCE_ACK)
			return GUEST_E_UNSUPPORTED;
		c->announce = false;
		return 0;
	case VIRTIO_NET_CTRL_MQ:
		return control_pairs(c, h->cmd, data, len);
	case VIRTIO_NET_CTRL_GUEST_OFFLOADS:
		return control_offloads(c, h->cmd, data, len);
	default:
		return GUEST_E_UNSUPPORTED;
	}
}
