/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet frames for tests, made and looked at without the code that is tested. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define FRAMES_TCP 6
#define FRAMES_UDP 17

/* Bytes before the payload: Ethernet, IP without options, TCP with 12 bytes of options or UDP. */
static inline uint32_t frames_headers(bool ipv6, uint8_t protocol)
{
	return 14 + (ipv6 ? 40u : 20u) + (protocol == FRAMES_TCP ? 32u : 8u);
}

static inline void frames_put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline uint32_t frames_get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

/* RFC 1071 in its plainest form; 0xffff where the checksum that is contained is right. */
static inline uint32_t frames_sum(const uint8_t *p, uint32_t n, uint32_t sum)
{
	for (uint32_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* With a payload of a pattern; the checksum of TCP or UDP is not made. Returns the length. */
static inline uint32_t frames_make(uint8_t *f, bool ipv6, uint8_t protocol, uint32_t payload)
{
	uint32_t head = frames_headers(ipv6, protocol), len = head + payload;
	uint8_t *ip = f + 14, *l4 = ip + (ipv6 ? 40 : 20);

	memset(f, 0, head);
	memcpy(f, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);
	frames_put16(f + 12, ipv6 ? 0x86dd : 0x0800);
	if (ipv6) {
		ip[0] = 0x60;
		frames_put16(ip + 4, len - 54);
		ip[6] = protocol;
		ip[7] = 64;
		ip[8] = ip[24] = 0xfd;
		ip[23] = 1;
		ip[39] = 2;
	} else {
		ip[0] = 0x45;
		frames_put16(ip + 2, len - 14);
		frames_put16(ip + 4, 0x1234);
		ip[8] = 64;
		ip[9] = protocol;
		memcpy(ip + 12, "\x0a\0\0\x01\x0a\0\0\x02", 8);
		frames_put16(ip + 10, 0xffff & ~frames_sum(ip, 20, 0));
	}
	memcpy(l4, "\x04\x00\x14\xb5", 4); /* ports 1024 and 5301 */
	if (protocol == FRAMES_TCP) {
		frames_put16(l4 + 4, 0xffff);
		frames_put16(l4 + 6, 0xff00);
		l4[12] = 8 << 4;
		l4[13] = 0x80 | 0x10 | 0x08 | 0x01; /* CWR, ACK, PSH, FIN */
		memset(l4 + 20, 1, 12);
	} else {
		frames_put16(l4 + 4, payload + 8);
	}
	for (uint32_t i = 0; i < payload; i++)
		f[head + i] = (uint8_t)(i * 7 + i / 256);
	return len;
}

/* True when the checksums of IPv4 and of TCP or UDP are right, and lengths are. */
static inline bool frames_whole(const uint8_t *f, uint32_t len)
{
	bool ipv6 = frames_get16(f + 12) == 0x86dd;
	const uint8_t *ip = f + 14;
	uint32_t l4 = ipv6 ? 54 : 34, sum;

	if (ipv6 ? frames_get16(ip + 4) != len - 54
		 : frames_get16(ip + 2) != len - 14 || frames_sum(ip, 20, 0) != 0xffff)
		return false;
	sum = frames_sum(ip + (ipv6 ? 8 : 12), ipv6 ? 32 : 8, ip[ipv6 ? 6 : 9] + len - l4);
	return frames_sum(f + l4, len - l4, sum) == 0xffff;
}
