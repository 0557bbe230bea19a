/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Network Device", plugged into a network with a gateway: ARP for 10.0.2.2 and a DHCP DISCOVER are
 * answered. Option net=cable: instead of that the cable comes out and goes in again.
 */
#include <string.h>

#include "dyno/net.h"
#include "suite.h"

#define CABLE_MS 20000u

static uint8_t frame[DYNO_NET_FRAME], got[DYNO_NET_FRAME];

static uint32_t ethernet(const struct dyno_net *n, uint16_t type)
{
	memset(frame, 0, sizeof(frame));
	memset(frame, 0xff, 6);
	memcpy(frame + 6, n->mac, 6);
	frame[12] = (uint8_t)(type >> 8);
	frame[13] = (uint8_t)type;
	return 14;
}

static uint32_t arp_request(const struct dyno_net *n)
{
	static const uint8_t head[] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	static const uint8_t me[] = { 10, 0, 2, 15 }, gateway[] = { 10, 0, 2, 2 };
	uint32_t at = ethernet(n, 0x0806);

	memcpy(frame + at, head, 8);
	memcpy(frame + at + 8, n->mac, 6);
	memcpy(frame + at + 14, me, 4);
	memcpy(frame + at + 24, gateway, 4);
	return 60;
}

static bool is_arp_reply(uint32_t len)
{
	return len >= 42 && got[12] == 0x08 && got[13] == 0x06 && got[21] == 2;
}

/* Waits for a frame that `want` accepts; others (router advertisements) are passed over. */
static bool answered(struct dyno_net *n, bool (*want)(uint32_t len), unsigned int ms)
{
	const uint64_t deadline_ns = dyno_now_ns() + DYNO_MS(ms);

	while (dyno_now_ns() < deadline_ns) {
		const uint32_t len = dyno_net_wait(n, got, 50);

		if (len != 0 && want(len))
			return true;
	}
	return false;
}

static uint32_t dhcp_discover(const struct dyno_net *n)
{
	static const uint8_t ip[] = { 0x45, 0, 1, 16, 0, 0, 0, 0, 64, 17, 0, 0, 0, 0, 0, 0, 255,
		255, 255, 255 };
	static const uint8_t udp[] = { 0, 68, 0, 67, 0, 252, 0, 0 };
	static const uint8_t options[] = { 0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255 };
	uint8_t *h = frame + ethernet(n, 0x0800);
	uint32_t sum = 0;

	memcpy(h, ip, sizeof(ip));
	for (unsigned int i = 0; i < sizeof(ip); i += 2)
		sum += (uint32_t)h[i] << 8 | h[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	h[10] = (uint8_t)(~sum >> 8);
	h[11] = (uint8_t)~sum;
	memcpy(h + 20, udp, sizeof(udp));
	h[28] = 1; /* request, Ethernet, 6 bytes */
	h[29] = 1;
	h[30] = 6;
	memcpy(h + 28 + 28, n->mac, 6);
	memcpy(h + 28 + 236, options, sizeof(options));
	return 14 + 272;
}

static bool is_dhcp_offer(uint32_t len)
{
	/* From port 67 to port 68, 10.0.2.15 is offered. */
	return len >= 14 + 28 + 240 && got[12] == 8 && got[13] == 0 && got[23] == 17 &&
	       got[35] == 67 && got[37] == 68 && got[58] == 10 && got[60] == 2 && got[61] == 15;
}

static void filters(struct dyno_net *n)
{
	static const uint8_t on = 1, off = 0, other[6] = { 2, 0, 0, 0, 0, 9 };
	const uint32_t len = arp_request(n);

	verdict(dyno_net_control(n, 0, 0, &off, 1) == 0, "net.promisc", "promiscuous mode is left",
		"refused");
	verdict(dyno_net_send(n, frame, len) == 0 && answered(n, is_arp_reply, 3000), "net.filter",
		"frames to the card's own address pass", "nothing came");
	verdict(dyno_net_control(n, 1, 1, other, 6) == 0, "net.mac-set",
		"another address is accepted", "refused");
	verdict(dyno_net_send(n, frame, len) == 0 && !answered(n, is_arp_reply, 300),
		"net.filter-other", "frames to the old address are filtered", "one came");
	verdict(dyno_net_control(n, 1, 1, n->mac, 6) == 0 && dyno_net_control(n, 0, 0, &on, 1) == 0,
		"net.restore", "both are set back", "refused");
	verdict(dyno_net_control(n, 77, 0, &on, 1) != 0, "net.unknown",
		"an unknown class is refused", "accepted");
	verdict(dyno_net_control(n, 1, 0, "\xff\xff\xff\xff", 4) != 0, "net.table",
		"a table longer than its data is refused", "accepted");
}

static bool cable_is(const struct dyno_net *n, bool in)
{
	const uint64_t deadline_ns = dyno_now_ns() + DYNO_MS(CABLE_MS);

	while (dyno_net_link(n) != in && dyno_now_ns() < deadline_ns)
		dyno_sleep_until(dyno_now_ns() + DYNO_MS(10));
	return dyno_net_link(n) == in;
}

/* The host's test has the hand on it. */
static void cable(struct dyno_net *n)
{
	const uint32_t len = arp_request(n);

	verdict(cable_is(n, false), "net.cable-out", "the cable comes out", "it stays in");
	verdict(dyno_net_send(n, frame, len) == 0 && !answered(n, is_arp_reply, 200),
		"net.cable-silent", "nobody hears a card without a cable", "an answer came");
	verdict(cable_is(n, true), "net.cable-in", "the cable goes in", "it stays out");
	verdict(dyno_net_send(n, frame, len) == 0 && answered(n, is_arp_reply, 5000),
		"net.cable-back", "the gateway answers again", "nothing came");
}

void suite_net(void)
{
	const char *option = dyno_option("net");
	struct dyno_net *n;

	if (virtio_count(VIRTIO_NET) == 0) {
		verdict_skip("net", "network card", "there is none");
		return;
	}
	n = dyno_net_open();
	if (!verdict(n != NULL, "net.open", "the driver starts", "refused"))
		return;
	if (option != NULL && strcmp(option, "cable") == 0) {
		cable(n);
		return;
	}
	verdict((n->mac[0] & 1) == 0, "net.mac", "its address is a station's", "%02x", n->mac[0]);
	verdict(dyno_net_link(n), "net.link", "the cable is in", "it is not");
	verdict(dyno_net_send(n, frame, arp_request(n)) == 0 && answered(n, is_arp_reply, 5000),
		"net.arp", "the gateway answers ARP", "nothing came");
	verdict(dyno_net_send(n, frame, dhcp_discover(n)) == 0 && answered(n, is_dhcp_offer, 5000),
		"net.dhcp", "a DISCOVER gets an OFFER", "nothing came");
	if (!on_qemu())
		filters(n);
}
