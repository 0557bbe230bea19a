/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of Ethernet frames; see net_port.h. */
#include "base/proto/net_port.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/le.h"

uint8_t *net_packet_reserve(struct net_packet *p, uint32_t len)
{
	le16 l = le16_of((uint16_t)len);
	uint8_t *at = p->b + p->len + sizeof(l);

	if (len < NET_FRAME_MIN || len > NET_FRAME_MAX || sizeof(p->b) - p->len < sizeof(l) + len)
		return NULL;
	memcpy(p->b + p->len, &l, sizeof(l));
	p->len += (uint32_t)sizeof(l) + len;
	return at;
}

void net_packet_unreserve(struct net_packet *p, uint32_t len)
{
	p->len -= (uint32_t)sizeof(le16) + len;
}

int net_packet_next(
	const uint8_t *buf, uint32_t len, uint32_t *off, const uint8_t **frame, uint32_t *frame_len)
{
	uint32_t left = len - *off, n;
	le16 l;

	if (left == 0)
		return 0;
	if (left < sizeof(l))
		return -EBADMSG;
	memcpy(&l, buf + *off, sizeof(l));
	n = le16_get(l);
	if (n < NET_FRAME_MIN || n > NET_FRAME_MAX || n > left - sizeof(l))
		return -EBADMSG;
	*frame = buf + *off + sizeof(l);
	*frame_len = n;
	*off += (uint32_t)sizeof(l) + n;
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
