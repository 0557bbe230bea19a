/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing captures as Wireshark opens them: link type CAN_SOCKETCAN, stamps of nanoseconds. pcapng
 * has an interface for each channel, with its name, and the direction of each frame.
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/clock.h"
#include "sim/trace/writer_ops.h"

#define LINK_CAN 227u

/* A frame as a packet socket gives it: the header in network order, and all of the data's room. */
struct packet {
	uint8_t b[CANFD_MTU];
	uint32_t len;
};

static void make_packet(struct packet *p, const struct canfd_frame *f)
{
	bool fd = f->flags & CANFD_FDF;
	uint32_t id = htonl(f->can_id);

	memset(p, 0, sizeof(*p));
	p->len = fd ? CANFD_MTU : CAN_MTU;
	memcpy(p->b, &id, sizeof(id));
	p->b[4] = f->len;
	p->b[5] = fd ? f->flags & (CANFD_BRS | CANFD_ESI | CANFD_FDF) : 0;
	p->b[7] = fd ? 0 : f->__res1;
	memcpy(p->b + 8, f->data, fd ? CANFD_MAX_DLEN : CAN_MAX_DLEN);
}

/* ---- pcap ---- */

static int pcap_begin(struct trace_writer *w)
{
	static const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, snap, link;
	} h = { 0xa1b23c4d, 2, 4, 0, 0, CANFD_MTU, LINK_CAN };

	static_assert(sizeof(h) == 24, "pcap header");
	return writer_append(w, &h, sizeof(h));
}

static int pcap_put(struct trace_writer *w, const struct out_frame *o)
{
	struct packet p;
	uint32_t h[4];
	int rc;

	make_packet(&p, o->f);
	h[0] = (uint32_t)(o->t_ns / NS_PER_S);
	h[1] = (uint32_t)(o->t_ns % NS_PER_S);
	h[2] = h[3] = p.len;
	rc = writer_append(w, h, sizeof(h));
	return rc ? rc : writer_append(w, p.b, p.len);
}

const struct writer_ops writer_pcap = {
	.max_ns = UINT32_MAX * NS_PER_S, .begin = pcap_begin, .put = pcap_put
};

/* ---- pcapng ---- */

static int append_words(struct trace_writer *w, const uint32_t *words, uint32_t n)
{
	return writer_append(w, words, (uint64_t)n * sizeof(*words));
}

static int pcapng_begin(struct trace_writer *w)
{
	static const uint32_t block[] = { 0x0a0d0d0a, 40, 0x1a2b3c4d, 1 /* version 1.0 */,
		UINT32_MAX, UINT32_MAX /* the section's length is not said */,
		4 | 4 << 16 /* user application, 4 bytes */, 0x6f6e7964 /* "dyno" */, 0, 40 };

	return append_words(w, block, ARRAY_SIZE(block));
}

static int pcapng_channel(struct trace_writer *w, uint32_t chan)
{
	const char *name = w->chan[chan].name;
	uint32_t len = (uint32_t)strlen(name), words = (len + 3) / 4, n = 0;
	uint32_t block[16 + TRACE_CHANNEL_BYTES / 4] = { 0 };

	block[n++] = 1;
	n++; /* the length */
	block[n++] = LINK_CAN;
	block[n++] = CANFD_MTU;
	block[n++] = 2 | len << 16; /* if_name */
	memcpy(block + n, name, len);
	n += words;
	block[n++] = 9 | 1 << 16; /* if_tsresol: nanoseconds */
	block[n++] = 9;
	block[n++] = 0; /* no more options */
	block[1] = (n + 1) * 4;
	block[n++] = block[1];
	return append_words(w, block, n);
}

static int pcapng_put(struct trace_writer *w, const struct out_frame *o)
{
	uint32_t head[7], tail[4], n = 0;
	bool dir = o->flags & (TRACE_DIR_RX | TRACE_DIR_TX);
	struct packet p;
	int rc;

	make_packet(&p, o->f);
	head[0] = 6;
	head[1] = (uint32_t)sizeof(head) + p.len + (dir ? 16 : 4);
	head[2] = o->chan;
	head[3] = (uint32_t)(o->t_ns >> 32);
	head[4] = (uint32_t)o->t_ns;
	head[5] = head[6] = p.len;
	if (dir) {
		tail[n++] = 2 | 4 << 16; /* epb_flags */
		tail[n++] = o->flags & TRACE_DIR_TX ? 2 : 1;
		tail[n++] = 0;
	}
	tail[n++] = head[1];
	rc = append_words(w, head, ARRAY_SIZE(head));
	if (rc == 0)
		rc = writer_append(w, p.b, p.len);
	return rc ? rc : append_words(w, tail, n);
}

const struct writer_ops writer_pcapng = {
	.begin = pcapng_begin, .channel = pcapng_channel, .put = pcapng_put
};
