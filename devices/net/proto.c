/* SPDX-License-Identifier: Apache-2.0 */
/* Headers, control requests and the receive filter; see proto.h. */
#include "devices/net/proto.h"

#include <string.h>

#include "base/proto/net_port.h"

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
	if (BIT(f, CTRL_RX_EXTRA) && !BIT(f, CTRL_RX))
		return false;
	if ((BIT(f, CTRL_RX) || BIT(f, CTRL_VLAN) || BIT(f, GUEST_ANNOUNCE) ||
		    BIT(f, CTRL_MAC_ADDR)) &&
		!BIT(f, CTRL_VQ))
		return false;
	return true;
}

static int check_csum(const struct virtio_net_hdr *h, uint32_t len)
{
	uint32_t start = le16_get(h->csum_start), offset = le16_get(h->csum_offset);

	/* Both are 16 bits: no sum here overflows. */
	return start + offset + 2 > len || start < NET_FRAME_MIN ? GUEST_E_RANGE : 0;
}

static int check_gso(const struct virtio_net_hdr *h, uint32_t len, uint64_t features)
{
	uint32_t type = h->gso_type & (uint32_t)~VIRTIO_NET_HDR_GSO_ECN;
	bool ecn = h->gso_type & VIRTIO_NET_HDR_GSO_ECN;

	if (type == VIRTIO_NET_HDR_GSO_TCPV4       ? !BIT(features, HOST_TSO4)
		: type == VIRTIO_NET_HDR_GSO_TCPV6 ? !BIT(features, HOST_TSO6)
						   : true)
		return GUEST_E_UNSUPPORTED;
	if (ecn && !BIT(features, HOST_ECN))
		return GUEST_E_UNSUPPORTED;
	/* "the driver MUST set gso_size" and NEEDS_CSUM with it. */
	if (!le16_get(h->gso_size) || !(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return GUEST_E_FORMAT;
	/* hdr_len is a hint; one past the frame would be believed by a tap. */
	return le16_get(h->hdr_len) > len ? GUEST_E_RANGE : 0;
}

int net_check_tx(const struct virtio_net_hdr *h, uint32_t len, uint32_t max, uint64_t features)
{
	int rc = 0;

	if (len < NET_FRAME_MIN)
		return GUEST_E_SHORT;
	/* "The driver MUST NOT set DATA_VALID" is about flags that mean nothing here. */
	if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		rc = BIT(features, CSUM) ? check_csum(h, len) : GUEST_E_UNSUPPORTED;
	if (rc == 0 && h->gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return len > NET_GSO_MAX + 18 ? GUEST_E_RANGE : check_gso(h, len, features);
	return rc == 0 && len > max ? GUEST_E_RANGE : rc;
}

void net_finish_csum(const struct virtio_net_hdr *h, uint8_t *frame, uint32_t len)
{
	uint32_t start = le16_get(h->csum_start), at = start + le16_get(h->csum_offset);
	uint64_t sum = 0;

	/* RFC 1071; the field holds the sum of the pseudo header. */
	for (uint32_t i = start; i + 1 < len; i += 2)
		sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
	if ((len - start) & 1)
		sum += (uint32_t)frame[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	/* 0 would say "no checksum" to UDP; the other zero is as right for all. */
	sum = sum == 0xffff ? 0xffff : ~sum & 0xffff;
	frame[at] = (uint8_t)(sum >> 8);
	frame[at + 1] = (uint8_t)sum;
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

int net_control(struct net_filter *f, bool *announce, uint64_t features,
	const struct virtio_net_ctrl_hdr *h, const uint8_t *data, uint32_t len)
{
	switch (h->class) {
	case VIRTIO_NET_CTRL_RX:
		return control_rx(f, features, h->cmd, data, len);
	case VIRTIO_NET_CTRL_MAC:
		return control_mac(f, features, h->cmd, data, len);
	case VIRTIO_NET_CTRL_VLAN:
		return control_vlan(f, features, h->cmd, data, len);
	case VIRTIO_NET_CTRL_ANNOUNCE:
		if (!BIT(features, GUEST_ANNOUNCE) || h->cmd != VIRTIO_NET_CTRL_ANNOUNCE_ACK)
			return GUEST_E_UNSUPPORTED;
		*announce = false;
		return 0;
	default:
		return GUEST_E_UNSUPPORTED;
	}
}
