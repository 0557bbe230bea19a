/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of Ethernet frames; see net_port.h. */
#include "base/proto/net_port.h"

#include <errno.h>
#include <string.h>

#define HDR ((uint32_t)sizeof(struct net_record))

static uint8_t *append(struct net_packet *p, const struct net_record *r, uint32_t len)
{
	uint8_t *at = p->b + p->len;

	if (sizeof(p->b) - p->len < HDR + len)
		return NULL;
	memcpy(at, r, HDR);
	p->len += HDR + len;
	return at + HDR;
}

uint8_t *net_packet_reserve(struct net_packet *p, uint32_t len)
{
	struct net_record r = { .len = le32_of(len) };

	return len < NET_FRAME_MIN || len > NET_UNCUT_MAX ? NULL : append(p, &r, len);
}

void net_packet_describe(struct net_packet *p, uint32_t len, const struct net_offload *o)
{
	memcpy(p->b + p->len - len - sizeof(*o), o, sizeof(*o));
}

struct net_record net_record_of(uint32_t len, const struct net_offload *o)
{
	return (struct net_record){ .len = le32_of(len), .o = o ? *o : (struct net_offload){ 0 } };
}

void net_packet_unreserve(struct net_packet *p, uint32_t len)
{
	p->len -= HDR + len;
}

bool net_packet_takes(struct net_packet *p, uint32_t takes)
{
	struct net_record r = { .takes = le16_of((uint16_t)takes) };

	return append(p, &r, 0);
}

int net_packet_next(const uint8_t *buf, uint32_t len, uint32_t *off, struct net_item *it)
{
	uint32_t left = len - *off;
	struct net_record r;

	if (left == 0)
		return 0;
	if (left < HDR)
		return -EBADMSG;
	memcpy(&r, buf + *off, HDR);
	*it = (struct net_item){ .len = le32_get(r.len), .takes = le16_get(r.takes), .o = r.o };
	if (it->len > left - HDR || (it->len && net_offload_check(&it->o, it->len) != 0))
		return -EBADMSG;
	if (it->len)
		it->frame = buf + *off + HDR;
	*off += HDR + it->len;
	return 1;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool net_mac_parse(const char *text, uint8_t mac[NET_MAC_BYTES])
{
	uint8_t b[NET_MAC_BYTES];

	for (unsigned int i = 0; i < NET_MAC_BYTES; i++, text += 3) {
		const char end = i + 1 < NET_MAC_BYTES ? ':' : '\0';
		const int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0 || text[2] != end)
			return false;
		b[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(mac, b, sizeof(b));
	return true;
}
