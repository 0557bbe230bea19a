/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of segments and fragments; see segments.h. */
#include "sim/usernet/segments.h"

#include <string.h>

#define PROTO_TCP   6
#define TCP_SYN     0x02u
#define OPT_END     0
#define OPT_NOP     1
#define OPT_MSS     2
#define OPT_MSS_LEN 4

/* What every host can take where nothing is known (RFC 9293, "Maximum Segment Size Option"). */
#define MSS_IPV4 536u
#define MSS_IPV6 1220u
#define MSS_MIN  64u
/* As large as a packet can be. */
#define MSS_MOST (65535u - 60)

#define IP_MF 0x2000u
#define IP_DF 0x4000u

void segments_init(struct segments *s, uint32_t mtu)
{
	memset(s, 0, sizeof(*s));
	s->mtu = mtu;
}

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t mix(uint32_t h, const uint8_t *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 16777619u; /* FNV-1a */
	return h;
}

/* Of a connection, from either side; never 0. */
static uint32_t flow_key(const struct net_headers *h, const uint8_t *frame, bool from_guest)
{
	uint32_t n = h->ipv6 ? 16 : 4, at = h->l3 + (h->ipv6 ? 8 : 12);
	uint32_t guest = from_guest ? 0 : 1, host = 1 - guest, k = 2166136261u;

	k = mix(k, frame + at + guest * n, n);
	k = mix(k, frame + at + host * n, n);
	k = mix(k, frame + h->l4 + guest * 2, 2);
	k = mix(k, frame + h->l4 + host * 2, 2);
	k ^= k >> 15;
	return k ? k : 1;
}

/* The option's value; NULL: none. */
static uint8_t *find_mss(const struct net_headers *h, uint8_t *frame)
{
	uint32_t at = h->l4 + 20, n;

	while (at < h->payload && frame[at] != OPT_END) {
		if (frame[at] == OPT_NOP) {
			at++;
			continue;
		}
		n = at + 1 < h->payload ? frame[at + 1] : 0;
		if (n < 2 || n > h->payload - at)
			return NULL;
		if (frame[at] == OPT_MSS && n == OPT_MSS_LEN)
			return frame + at + 2;
		at += n;
	}
	return NULL;
}

void segments_from_guest(struct segments *s, uint8_t *frame, uint32_t len)
{
	struct net_headers h;
	struct segments_flow *f;
	uint8_t *mss;

	if (!net_headers_find(&h, frame, len) || h.protocol != PROTO_TCP ||
		!(frame[h.l4 + 13] & TCP_SYN))
		return;
	mss = find_mss(&h, frame);
	if (!mss || get16(mss) < MSS_MIN)
		return;
	f = &s->flow[flow_key(&h, frame, true) % SEGMENTS_FLOWS];
	*f = (struct segments_flow){ flow_key(&h, frame, true), (uint16_t)get16(mss) };
	put16(mss, MSS_MOST);
	/* Padding behind the packet is none of its. */
	len = MIN(len, h.l3 + (h.ipv6 ? 40 + get16(frame + h.l3 + 4) : get16(frame + h.l3 + 2)));
	if (len >= h.payload)
		net_l4_csum(&h, frame, len, false);
}

static uint32_t mss_of(const struct segments *s, const struct net_headers *h, const uint8_t *frame)
{
	uint32_t key = flow_key(h, frame, false);
	const struct segments_flow *f = &s->flow[key % SEGMENTS_FLOWS];
	uint32_t headers = h->payload - h->l3, most = s->mtu - MIN(headers, s->mtu);
	uint32_t known = h->ipv6 ? MSS_IPV6 : MSS_IPV4;

	if (f->key == key && f->mss)
		known = f->mss;
	return MAX(MIN(known, most), MSS_MIN);
}

/* IPv4 without TCP, longer than the network's packets. */
static void fragment(struct segments *s, const uint8_t *frame, uint32_t len,
	void (*out)(void *ctx, const struct net_offload *o, const uint8_t *frame, uint32_t len),
	void *ctx)
{
	const uint8_t *ip = frame + NET_FRAME_MIN;
	uint32_t hlen = (ip[0] & 0x0fu) * 4, head = NET_FRAME_MIN + hlen;
	uint32_t end = MIN(len, NET_FRAME_MIN + get16(ip + 2));
	uint32_t field = get16(ip + 6), off = 0, step, left;
	uint8_t *to = s->piece + NET_FRAME_MIN;

	if (hlen < 20 || end <= head || field & IP_DF || s->mtu < hlen + 8)
		return;
	left = end - head;
	step = (s->mtu - hlen) & ~7u;
	memcpy(s->piece, frame, head);
	for (; left; left -= MIN(left, step), off += step) {
		uint32_t n = MIN(left, step);
		uint16_t sum;

		put16(to + 2, hlen + n);
		put16(to + 6,
			(field & IP_MF) | (n < left ? IP_MF : 0) | ((field + off / 8) & 0x1fff));
		memset(to + 10, 0, 2);
		sum = (uint16_t)~net_sum(to, hlen, 0);
		memcpy(to + 10, &sum, sizeof(sum));
		memcpy(s->piece + head, frame + head + off, n);
		out(ctx, NULL, s->piece, head + n);
	}
}

void segments_to_guest(struct segments *s, uint8_t *frame, uint32_t len,
	void (*out)(void *ctx, const struct net_offload *o, const uint8_t *frame, uint32_t len),
	void *ctx)
{
	struct net_offload o = { .flags = NET_OFFLOAD_VALID };
	struct net_headers h;
	bool known = net_headers_find(&h, frame, len);

	if (known && h.protocol == PROTO_TCP && len - h.payload > mss_of(s, &h, frame)) {
		o = (struct net_offload){ .flags = NET_OFFLOAD_CSUM,
			.gso = h.ipv6 ? NET_GSO_TCP6 : NET_GSO_TCP4,
			.hdr_len = le16_of((uint16_t)h.payload),
			.gso_size = le16_of((uint16_t)mss_of(s, &h, frame)),
			.csum_start = le16_of((uint16_t)h.l4),
			.csum_offset = le16_of(16) };
		net_l4_csum(&h, frame, len, true);
		out(ctx, &o, frame, len);
	} else if (len <= s->mtu + NET_FRAME_MIN) {
		out(ctx, known ? &o : NULL, frame, len);
	} else if (get16(frame + 12) == 0x0800 && len >= NET_FRAME_MIN + 20) {
		fragment(s, frame, len, out, ctx);
	} else if (len <= NET_FRAME_MAX) {
		/* IPv6 knows no fragments on the way: as good as it goes. */
		out(ctx, NULL, frame, len);
	}
}
