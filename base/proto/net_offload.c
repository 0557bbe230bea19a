/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums and segmentation in software; see net_offload.h. */
#include "base/proto/net_offload.h"

#include <string.h>

#define TYPE_IPV4 0x0800u
#define TYPE_IPV6 0x86ddu
#define TYPE_VLAN 0x8100u
#define TYPE_QINQ 0x88a8u

#define PROTO_TCP 6
#define PROTO_UDP 17

#define TCP_FIN 0x01u
#define TCP_PSH 0x08u
#define TCP_CWR 0x80u

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* ---- sums ---- */

uint16_t net_sum(const uint8_t *p, uint32_t len, uint64_t start)
{
	uint64_t sum = start, a;
	uint32_t b = 0;

	/* The sum does not care for the order of bytes, nor for the width of its terms. */
	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&a, p, sizeof(a));
		sum += a;
		sum += sum < a;
	}
	sum = (sum & UINT32_MAX) + (sum >> 32);
	if (len & 4) {
		memcpy(&b, p, 4);
		sum += b;
		p += 4;
	}
	b = 0;
	memcpy(&b, p, len & 3);
	sum += b;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* 0 would say "no checksum" to UDP; the other zero is as right for all. */
static void put_sum(uint8_t *at, uint16_t sum)
{
	uint16_t v = sum == 0xffff ? 0xffff : (uint16_t)~sum;

	memcpy(at, &v, sizeof(v));
}

void net_csum_make(const struct net_offload *o, uint8_t *frame, uint32_t len)
{
	uint32_t start = le16_get(o->csum_start);

	/* The field holds the sum of the pseudo header. */
	put_sum(frame + start + le16_get(o->csum_offset), net_sum(frame + start, len - start, 0));
}

/* ---- what is left ---- */

static uint32_t gso_type(const struct net_offload *o)
{
	return o->gso & ~NET_GSO_ECN;
}

bool net_offload_taken(const struct net_offload *o, uint32_t takes, const uint8_t *frame)
{
	bool ipv6;

	if (net_offload_none(o))
		return true;
	if (!(takes & NET_TAKES_CSUM) || (o->gso & NET_GSO_ECN && !(takes & NET_TAKES_ECN)))
		return false;
	switch (gso_type(o)) {
	case NET_GSO_NONE:
		return true;
	case NET_GSO_TCP4:
		return takes & NET_TAKES_TSO4;
	case NET_GSO_TCP6:
		return takes & NET_TAKES_TSO6;
	default:
		/* The header does not say which; a tag in front hides it: what takes both is safe.
		 */
		ipv6 = get16(frame + 12) != TYPE_IPV4;
		return takes & (ipv6 ? NET_TAKES_USO6 : NET_TAKES_USO4);
	}
}

int net_offload_check(const struct net_offload *o, uint32_t len)
{
	uint32_t start = le16_get(o->csum_start), type = gso_type(o);

	if (len < NET_FRAME_MIN)
		return GUEST_E_SHORT;
	/* All are 16 bits: no sum here overflows. */
	if (o->flags & NET_OFFLOAD_CSUM &&
		(start < NET_FRAME_MIN || start + le16_get(o->csum_offset) + 2 > len))
		return GUEST_E_RANGE;
	if (o->gso == NET_GSO_NONE)
		return len > NET_FRAME_MAX ? GUEST_E_RANGE : 0;
	if (type != NET_GSO_TCP4 && type != NET_GSO_TCP6 && type != NET_GSO_UDP)
		return GUEST_E_FORMAT;
	/* "the driver MUST set gso_size" and NEEDS_CSUM with it. */
	if (!le16_get(o->gso_size) || !(o->flags & NET_OFFLOAD_CSUM))
		return GUEST_E_FORMAT;
	/* One small request must not become work without end. */
	if (len / le16_get(o->gso_size) > NET_CUT_MAX)
		return GUEST_E_RANGE;
	/* hdr_len is a hint; one past the frame would be believed by a tap. */
	return len > NET_UNCUT_MAX || le16_get(o->hdr_len) > len ? GUEST_E_RANGE : 0;
}

static le16 shifted(le16 v, int bytes)
{
	return le16_of((uint16_t)(le16_get(v) + bytes));
}

void net_offload_shift(struct net_offload *o, int bytes)
{
	if (o->flags & NET_OFFLOAD_CSUM)
		o->csum_start = shifted(o->csum_start, bytes);
	if (o->gso != NET_GSO_NONE && le16_get(o->hdr_len))
		o->hdr_len = shifted(o->hdr_len, bytes);
}

/* ---- headers ---- */

/* Where the IPv4 header ends; 0: not one with a whole TCP or UDP packet. */
static uint32_t ipv4_end(const uint8_t *ip, uint32_t left, uint8_t *protocol)
{
	uint32_t n;

	if (left < 20 || ip[0] >> 4 != 4)
		return 0;
	n = (ip[0] & 0x0fu) * 4;
	*protocol = ip[9];
	return n < 20 || n > left || get16(ip + 6) & 0x3fff ? 0 : n;
}

bool net_headers_find(struct net_headers *h, const uint8_t *frame, uint32_t len)
{
	uint32_t type, at = 12, n, l4;

	if (len < NET_FRAME_MIN)
		return false;
	type = get16(frame + at);
	for (int tags = 0; (type == TYPE_VLAN || type == TYPE_QINQ) && tags < 2; tags++) {
		at += 4;
		if (at + 2 > len)
			return false;
		type = get16(frame + at);
	}
	*h = (struct net_headers){ .l3 = at + 2, .ipv6 = type == TYPE_IPV6 };
	if (type == TYPE_IPV4) {
		n = ipv4_end(frame + h->l3, len - h->l3, &h->protocol);
	} else {
		/* Extension headers are for those who sent them. */
		n = h->ipv6 && len - h->l3 >= 40 && frame[h->l3] >> 4 == 6 ? 40 : 0;
		h->protocol = n ? frame[h->l3 + 6] : 0;
	}
	if (!n)
		return false;
	h->l4 = l4 = h->l3 + n;
	if (h->protocol == PROTO_UDP) {
		h->payload = l4 + 8;
		return h->payload <= len;
	}
	if (h->protocol != PROTO_TCP || len - l4 < 20)
		return false;
	n = (frame[l4 + 12] >> 4) * 4u;
	h->payload = l4 + n;
	return n >= 20 && h->payload <= len;
}

void net_l4_csum(const struct net_headers *h, uint8_t *frame, uint32_t len, bool partial)
{
	uint8_t *at = frame + h->l4 + (h->protocol == PROTO_TCP ? 16 : 6);
	const uint8_t *addresses = frame + h->l3 + (h->ipv6 ? 8 : 12);
	uint32_t l4_len = len - h->l4;
	uint8_t rest[4] = { 0, h->protocol };
	uint16_t sum;

	put16(rest + 2, l4_len);
	memset(at, 0, 2);
	sum = net_sum(addresses, h->ipv6 ? 32 : 8, net_sum(rest, sizeof(rest), 0));
	if (partial)
		memcpy(at, &sum, sizeof(sum));
	else
		put_sum(at, net_sum(frame + h->l4, l4_len, sum));
}

/* ---- cutting ---- */

int net_cut_init(struct net_cut *c, const struct net_offload *o, const uint8_t *frame, uint32_t len)
{
	uint32_t type = gso_type(o);

	*c = (struct net_cut){ .frame = frame, .len = len, .size = le16_get(o->gso_size) };
	if (!net_headers_find(&c->h, frame, len) ||
		c->h.protocol != (type == NET_GSO_UDP ? PROTO_UDP : PROTO_TCP) ||
		(type != NET_GSO_UDP && c->h.ipv6 != (type == NET_GSO_TCP6)))
		return GUEST_E_FORMAT;
	c->off = c->h.payload;
	return c->h.payload + MIN(c->size, len - c->h.payload) > NET_FRAME_MAX ? GUEST_E_RANGE : 0;
}

static void cut_ip(const struct net_cut *c, uint8_t *to, uint32_t len)
{
	uint8_t *ip = to + c->h.l3;

	if (c->h.ipv6) {
		put16(ip + 4, len - c->h.l3 - 40);
		return;
	}
	put16(ip + 2, len - c->h.l3);
	put16(ip + 4, get16(ip + 4) + c->index);
	memset(ip + 10, 0, 2);
	put_sum(ip + 10, net_sum(ip, c->h.l4 - c->h.l3, 0));
}

static void cut_tcp(const struct net_cut *c, uint8_t *tcp, bool last)
{
	uint32_t seq = get16(tcp + 4) << 16 | get16(tcp + 6);

	seq += c->off - c->h.payload;
	put16(tcp + 4, seq >> 16);
	put16(tcp + 6, seq);
	if (!last)
		tcp[13] = (uint8_t)(tcp[13] & ~(TCP_FIN | TCP_PSH));
	if (c->index)
		tcp[13] = (uint8_t)(tcp[13] & ~TCP_CWR);
}

uint32_t net_cut_next(struct net_cut *c, uint8_t *to)
{
	uint32_t part = MIN(c->size, c->len - c->off), len = c->h.payload + part;

	/* A frame without payload is one packet. */
	if (!part && c->index)
		return 0;
	memcpy(to, c->frame, c->h.payload);
	memcpy(to + c->h.payload, c->frame + c->off, part);
	cut_ip(c, to, len);
	if (c->h.protocol == PROTO_TCP)
		cut_tcp(c, to + c->h.l4, c->off + part == c->len);
	else
		put16(to + c->h.l4 + 4, part + 8);
	net_l4_csum(&c->h, to, len, false);
	c->off += part;
	c->index++;
	return len;
}
