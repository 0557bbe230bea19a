/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading captures: pcap and pcapng, of either byte order and any resolution, with CAN frames of
 * link types CAN_SOCKETCAN (227), LINUX_SLL (113) and LINUX_SLL2 (276). Other packets are skipped.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sim/trace/reader.h"

#define LINK_SLL  113u
#define LINK_CAN  227u
#define LINK_SLL2 276u

#define PCAP_US       0xa1b2c3d4u
#define PCAP_NS       0xa1b23c4du
#define BLOCK_SECTION 0x0a0d0d0au
#define BYTE_ORDER_NG 0x1a2b3c4du
#define BLOCK_IF      1u
#define BLOCK_OLD     2u
#define BLOCK_SIMPLE  3u
#define BLOCK_PACKET  6u
#define BLOCK_MAX     (UINT32_C(64) << 20)

#define ETH_P_CAN   0x000cu
#define ETH_P_CANFD 0x000du

#define INTERFACES_MAX 256u
/* What is looked at of a packet: the longest header in front of a CAN FD frame, and that. */
#define LOOK_BYTES 128u

struct interface {
	uint32_t link;
	uint32_t channel; /* UINT32_MAX: not used yet */
	uint8_t resolution; /* as if_tsresol has it */
	int64_t offset_s;
	bool host_order; /* identifiers of LINUX_SLL packets are not in network order */
	char name[TRACE_CHANNEL_BYTES];
};

struct pcap_reader {
	bool swapped;
	uint32_t n;
	struct interface ifs[INTERFACES_MAX];
};

static uint32_t get32(const struct pcap_reader *r, const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return r->swapped ? __builtin_bswap32(v) : v;
}

static uint16_t get16(const struct pcap_reader *r, const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return r->swapped ? __builtin_bswap16(v) : v;
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t be16(const uint8_t *p)
{
	return (uint32_t)(p[0] << 8 | p[1]);
}

static void add_interface(struct pcap_reader *r, uint32_t link)
{
	/* Those beyond the table share its last place, and are not CAN. */
	uint32_t i = MIN(r->n, INTERFACES_MAX - 1);

	r->ifs[i] = (struct interface){
		.link = r->n < INTERFACES_MAX ? link : 0, .channel = UINT32_MAX, .resolution = 6
	};
	(void)snprintf(r->ifs[i].name, sizeof(r->ifs[i].name), "can%u", i);
	if (r->n < INTERFACES_MAX)
		r->n++;
}

/* ---- packets ---- */

/* A CAN frame as it lies in a capture. False: not one; *why: a broken one. */
static bool read_can(const uint8_t *p, uint32_t n, bool host_order, bool fd, struct trace_frame *o,
	const char **why)
{
	uint32_t len, id;
	bool clean;

	if (n < 8) {
		*why = "a CAN frame is too short";
		return true;
	}
	id = host_order ? __builtin_bswap32(be32(p)) : be32(p);
	len = p[4];
	/* Older captures do not mark FD frames; their size does. In classic frames they have
	 * whatever lay in memory where the flags would be. */
	clean = (p[5] & ~(CANFD_BRS | CANFD_ESI | CANFD_FDF)) == 0 && p[6] == 0;
	fd = fd || (clean && p[5] & CANFD_FDF && p[7] == 0) || len > CAN_MAX_DLEN || n >= CANFD_MTU;
	if (len > (fd ? CANFD_MAX_DLEN : CAN_MAX_DLEN)) {
		*why = "a CAN frame has an impossible length";
		return true;
	}
	if (n - 8 < len && !(id & CAN_RTR_FLAG)) {
		*why = "a CAN frame is cut short";
		return true;
	}
	o->f.can_id = id & CAN_ERR_FLAG   ? id & (CAN_ERR_FLAG | CAN_ERR_MASK)
		      : id & CAN_EFF_FLAG ? id & (CAN_EFF_FLAG | CAN_RTR_FLAG | CAN_EFF_MASK)
					  : id & (CAN_RTR_FLAG | CAN_SFF_MASK);
	if (fd) {
		o->f.can_id &= ~CAN_RTR_FLAG;
		if (id & CAN_ERR_FLAG) {
			*why = "an FD frame cannot be an error frame";
			return true;
		}
		o->f.flags = (uint8_t)((p[5] & (CANFD_BRS | CANFD_ESI)) | CANFD_FDF);
		memcpy(o->f.data, p + 8, len);
		o->f.len = line_fd_len(len);
		return true;
	}
	o->f.len = (uint8_t)len;
	if (id & CAN_ERR_FLAG)
		o->f.len = CAN_MAX_DLEN;
	if (!(o->f.can_id & CAN_RTR_FLAG))
		memcpy(o->f.data, p + 8, len);
	if (clean && p[5] == 0 && len == CAN_MAX_DLEN && p[7] > CAN_MAX_DLEN &&
		p[7] <= CAN_MAX_RAW_DLC)
		o->f.__res1 = p[7];
	return true;
}

/* Whether an identifier with its flags can be one. */
static bool is_plausible(uint32_t id)
{
	if (id & CAN_ERR_FLAG)
		return (id & ~CAN_ERR_FLAG) <= 0xfff;
	return id & CAN_EFF_FLAG || (id & ~CAN_RTR_FLAG) <= CAN_SFF_MASK;
}

/*
 * LINUX_SLL should have identifiers in network order, but programs were written that have them as
 * they lay in memory, and nothing in the file says so: the first one that makes sense in one order
 * only does. An 11-bit identifier the wrong way round may look like one of 29 bits that ends in
 * zeros, which nobody has.
 */
static bool is_host_order(const uint8_t *p)
{
	uint32_t net = be32(p), host = __builtin_bswap32(net);

	return is_plausible(host) &&
	       (!is_plausible(net) || (host && (host & ~CAN_RTR_FLAG) <= CAN_SFF_MASK));
}

static bool read_packet(
	struct interface *f, const uint8_t *p, uint32_t n, struct trace_frame *o, const char **why)
{
	uint32_t protocol, head, type, link = f->link;

	memset(&o->f, 0, sizeof(o->f));
	o->flags = 0;
	if (link == LINK_CAN)
		return read_can(p, n, false, false, o, why);
	if (link != LINK_SLL && link != LINK_SLL2)
		return false;
	head = link == LINK_SLL ? 16 : 20;
	if (n < head) {
		*why = "a packet is too short";
		return true;
	}
	protocol = be16(p + (link == LINK_SLL ? 14 : 0));
	type = link == LINK_SLL ? be16(p) : p[10];
	if (protocol != ETH_P_CAN && protocol != ETH_P_CANFD)
		return false;
	/* 4: sent by us */
	o->flags = type == 4 ? TRACE_DIR_TX : TRACE_DIR_RX;
	if (n >= head + 4 && !f->host_order)
		f->host_order = is_host_order(p + head);
	return read_can(p + head, n - head, f->host_order, protocol == ETH_P_CANFD, o, why);
}

/* True: *out is a frame. */
static bool take_packet(struct trace *t, struct interface *f, uint64_t at, const uint8_t *p,
	uint32_t n, struct trace_frame *out)
{
	const char *why = NULL;

	if (!read_packet(f, p, n, out, &why)) {
		t->st.skipped++;
		return false;
	}
	if (!why && f->channel == UINT32_MAX)
		f->channel = trace_channel(t, f->name, (uint32_t)strlen(f->name));
	if (!why && f->channel == TRACE_MAX_CHANNELS)
		why = "more channels than a trace may have";
	if (why)
		trace_bad_byte(t, at, why);
	out->channel = f->channel;
	/* Stamps that count from zero were written by programs that knew no date. */
	if (out->t_ns >= UINT64_C(100000000) * NS_PER_S)
		t->epoch_known = true;
	return !why;
}

/* ---- pcap ---- */

static bool pcap_magic(const uint8_t *s, uint32_t n)
{
	uint32_t m;

	if (n < 24)
		return false;
	memcpy(&m, s, sizeof(m));
	return m == PCAP_US || m == PCAP_NS || __builtin_bswap32(m) == PCAP_US ||
	       __builtin_bswap32(m) == PCAP_NS;
}

static int make(struct trace *t)
{
	if (!t->bin.pcap)
		t->bin.pcap = calloc(1, sizeof(*t->bin.pcap));
	if (!t->bin.pcap)
		return -ENOMEM;
	t->bin.pcap->n = 0;
	return 0;
}

static int pcap_start(struct trace *t)
{
	struct pcap_reader *r;
	const uint8_t *p;
	uint32_t magic, have;
	int rc = make(t);

	if (rc < 0)
		return rc;
	r = t->bin.pcap;
	rc = trace_need(t, 24, &p, &have);
	if (rc <= 0)
		return rc < 0 ? rc : trace_cut_off(t, 0, "the header");
	memcpy(&magic, p, sizeof(magic));
	r->swapped = magic != PCAP_US && magic != PCAP_NS;
	magic = get32(r, p);
	add_interface(r, get32(r, p + 20) & 0xffff);
	r->ifs[0].resolution = magic == PCAP_NS ? 9 : 6;
	trace_took(t, 24);
	return 0;
}

static int pcap_next(struct trace *t, struct trace_frame *out)
{
	struct pcap_reader *r = t->bin.pcap;

	for (;;) {
		uint64_t at = trace_offset(t);
		uint32_t have, n, look;
		const uint8_t *p;
		bool good;
		int rc = trace_need(t, 16, &p, &have);

		if (rc < 0)
			return rc;
		if (rc == 0)
			return have ? trace_cut_off(t, at, "a packet") : 0;
		t->st.lines++;
		n = get32(r, p + 8);
		if (n > BLOCK_MAX) {
			/* Nothing says where the next one begins. */
			trace_bad_byte(
				t, at, "a packet has an impossible length; the rest is not read");
			return MIN(trace_skip(t, UINT64_MAX), 0);
		}
		out->t_ns = (uint64_t)get32(r, p) * NS_PER_S +
			    (uint64_t)get32(r, p + 4) * (r->ifs[0].resolution == 9 ? 1 : NS_PER_US);
		look = MIN(n, LOOK_BYTES);
		rc = trace_need(t, 16 + look, &p, &have);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return trace_cut_off(t, at, "a packet");
		good = take_packet(t, &r->ifs[0], at, p + 16, look, out);
		rc = trace_skip(t, 16 + (uint64_t)n);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return trace_cut_off(t, at, "a packet");
		if (good)
			return 1;
	}
}

static void pcap_end(struct trace *t)
{
	free(t->bin.pcap);
}

/* ---- pcapng ---- */

static bool pcapng_magic(const uint8_t *s, uint32_t n)
{
	return n >= 12 && be32(s) == BLOCK_SECTION &&
	       (be32(s + 8) == BYTE_ORDER_NG || be32(s + 8) == 0x4d3c2b1a);
}

static int pcapng_start(struct trace *t)
{
	return make(t);
}

/* Options of an interface: [p, p + n). */
static void read_if_options(
	const struct pcap_reader *r, struct interface *f, const uint8_t *p, uint32_t n)
{
	while (n >= 4) {
		uint32_t code = get16(r, p), len = get16(r, p + 2), all = 4 + ((len + 3) & ~3u);

		if (code == 0 || len > n - 4)
			return;
		if (code == 2 && len) {
			size_t k = 0;

			/* Names become words: lines have columns. */
			for (; k < len && k < sizeof(f->name) - 1 && p[4 + k]; k++)
				f->name[k] =
					p[4 + k] > ' ' && p[4 + k] < 0x7f ? (char)p[4 + k] : '_';
			f->name[k] = '\0';
		} else if (code == 9 && len >= 1) {
			f->resolution = p[4];
		} else if (code == 14 && len >= 8) {
			uint64_t lo = get32(r, p + (r->swapped ? 8 : 4));
			uint64_t hi = get32(r, p + (r->swapped ? 4 : 8));

			f->offset_s = (int64_t)(hi << 32 | lo);
		}
		p += MIN(all, n);
		n -= MIN(all, n);
	}
}

static uint64_t to_ns(const struct interface *f, uint64_t ticks)
{
	uint32_t e = f->resolution & 0x7f;
	unsigned __int128 ns = ticks;

	if (f->resolution & 0x80) {
		if (e > 63)
			return 0;
		ns = (ns * NS_PER_S) >> e;
	} else {
		for (uint32_t i = e; i < 9; i++)
			ns *= 10;
		for (uint32_t i = 9; i < e && i < 64; i++)
			ns /= 10;
	}
	ns += (unsigned __int128)(uint64_t)MAX(f->offset_s, 0) * NS_PER_S;
	if (f->offset_s < 0) {
		unsigned __int128 back = (unsigned __int128)(0 - (uint64_t)f->offset_s) * NS_PER_S;

		ns = ns > back ? ns - back : 0;
	}
	return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}

/* Direction, from the options behind a packet. */
static void read_packet_options(
	const struct pcap_reader *r, const uint8_t *p, uint32_t n, struct trace_frame *out)
{
	while (n >= 4) {
		uint32_t code = get16(r, p), len = get16(r, p + 2), all = 4 + ((len + 3) & ~3u);

		if (code == 0 || len > n - 4)
			return;
		if (code == 2 && len == 4) {
			uint32_t dir = get32(r, p + 4) & 3;

			out->flags |= dir == 1 ? TRACE_DIR_RX : dir == 2 ? TRACE_DIR_TX : 0;
		}
		p += MIN(all, n);
		n -= MIN(all, n);
	}
}

/* A block of `size` bytes, of which `have` lie at p. True: *out is a frame. */
static bool read_block(struct trace *t, uint32_t type, const uint8_t *p, uint32_t have,
	uint32_t size, uint64_t at, struct trace_frame *out)
{
	struct pcap_reader *r = t->bin.pcap;
	uint32_t i = 0, n, head = type == BLOCK_SIMPLE ? 12 : 28;

	if (type == BLOCK_IF) {
		if (size < 20 || have < 20) {
			trace_bad_byte(t, at, "an interface block is too short");
			return false;
		}
		add_interface(r, get16(r, p + 8));
		read_if_options(r, &r->ifs[r->n - 1], p + 16, have - 16 - (have == size ? 4 : 0));
		return false;
	}
	if (type != BLOCK_PACKET && type != BLOCK_OLD && type != BLOCK_SIMPLE) {
		t->st.skipped++;
		return false;
	}
	if (size < head + 4 || have < head) {
		trace_bad_byte(t, at, "a packet block is too short");
		return false;
	}
	if (type != BLOCK_SIMPLE)
		i = type == BLOCK_PACKET ? get32(r, p + 8) : get16(r, p + 8);
	n = get32(r, p + (type == BLOCK_SIMPLE ? 8 : 20));
	if (type == BLOCK_SIMPLE)
		n = MIN(n, size - head - 4);
	if (i >= r->n) {
		trace_bad_byte(t, at, "a packet of an interface that was not described");
		return false;
	}
	if (n > size - head - 4) {
		trace_bad_byte(t, at, "a packet is longer than its block");
		return false;
	}
	out->t_ns =
		type == BLOCK_SIMPLE
			? t->t_ns
			: to_ns(&r->ifs[i], (uint64_t)get32(r, p + 12) << 32 | get32(r, p + 16));
	if (!take_packet(t, &r->ifs[i], at, p + head, MIN(n, have - head), out))
		return false;
	if (type == BLOCK_SIMPLE)
		out->flags |= TRACE_NO_TIME;
	n = (n + 3) & ~3u;
	if (type == BLOCK_PACKET && have == size && n < size - head - 4)
		read_packet_options(r, p + head + n, size - head - 4 - n, out);
	return true;
}

static int pcapng_next(struct trace *t, struct trace_frame *out)
{
	struct pcap_reader *r = t->bin.pcap;

	for (;;) {
		uint64_t at = trace_offset(t);
		uint32_t have, type, size, look;
		const uint8_t *p;
		bool good;
		int rc = trace_need(t, 12, &p, &have);

		if (rc < 0)
			return rc;
		if (rc == 0)
			return have ? trace_cut_off(t, at, "a block") : 0;
		t->st.lines++;
		type = be32(p);
		if (type == BLOCK_SECTION) {
			/* The same in both byte orders; a section has interfaces of its own. */
			r->swapped = be32(p + 8) == BYTE_ORDER_NG;
			r->n = 0;
		} else {
			type = get32(r, p);
		}
		size = get32(r, p + 4);
		if (size < 12 || size > BLOCK_MAX || size % 4) {
			trace_bad_byte(
				t, at, "a block has an impossible length; the rest is not read");
			return MIN(trace_skip(t, UINT64_MAX), 0);
		}
		look = MIN(size, 1024u);
		rc = trace_need(t, look, &p, &have);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return trace_cut_off(t, at, "a block");
		good = read_block(t, type, p, look, size, at, out);
		rc = trace_skip(t, size);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return trace_cut_off(t, at, "a block");
		if (good)
			return 1;
	}
}

#define CAPTURE_HOLDS                                                                     \
	(TRACE_HOLDS_FD | TRACE_HOLDS_FD_FLAGS | TRACE_HOLDS_REMOTE | TRACE_HOLDS_ERROR | \
		TRACE_HOLDS_ERROR_OF | TRACE_HOLDS_EPOCH | TRACE_HOLDS_RAW_DLC | TRACE_WRITES)

const struct reader_ops reader_pcap = {
	.info = { .id = TRACE_PCAP,
		.name = "pcap",
		.title = "pcap capture (SocketCAN)",
		.extensions = { "pcap", "cap", NULL },
		.holds = CAPTURE_HOLDS,
		.tick_ns = 1 },
	.magic = pcap_magic,
	.start = pcap_start,
	.next = pcap_next,
	.end = pcap_end,
};

const struct reader_ops reader_pcapng = {
	.info = { .id = TRACE_PCAPNG,
		.name = "pcapng",
		.title = "pcapng capture (SocketCAN)",
		.extensions = { "pcapng", NULL },
		.holds = CAPTURE_HOLDS | TRACE_HOLDS_CHANNEL | TRACE_HOLDS_NAME | TRACE_HOLDS_DIR,
		.tick_ns = 1 },
	.magic = pcapng_magic,
	.start = pcapng_start,
	.next = pcapng_next,
	.end = pcap_end,
};
