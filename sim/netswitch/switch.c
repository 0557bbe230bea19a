/* SPDX-License-Identifier: Apache-2.0 */
/* The switch's core; see switch.h. IEEE 802.1Q's learning and tagging, no spanning tree. */
#include "sim/netswitch/switch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define WAYS          4u
#define SETS          (NETSWITCH_MACS / WAYS)
#define DEFAULT_AGE   (300 * NS_PER_S)
#define MAC_BYTES     6
#define TAG_BYTES     4
#define ADDRS_BYTES   12
#define WIRE_OVERHEAD 24 /* preamble, check sequence, gap: bytes of line time per frame */

struct line_frame {
	uint64_t due_ns;
	uint32_t len;
	uint8_t b[NET_FRAME_MAX];
};

/* One direction of a port's line: frames leave it in order. */
struct line {
	struct line_frame *ring; /* NETSWITCH_LINE; NULL: frames take no time */
	uint32_t head, count;
	uint64_t free_ns; /* when the last bit of the last frame was sent */
};

struct netswitch_port {
	struct netswitch *s;
	struct netswitch_port_config cfg;
	struct line in, out;
	struct netswitch_port_stats st;
};

struct known {
	uint64_t seen_ns; /* 0: free */
	struct netswitch_port *port;
	uint16_t vid;
	uint8_t mac[MAC_BYTES];
};

struct netswitch {
	struct netswitch_config cfg;
	uint64_t random;
	uint32_t n_ports;
	struct netswitch_port *port[NETSWITCH_MAX_PORTS];
	struct known known[SETS][WAYS];
	uint8_t work[NET_UNCUT_MAX + TAG_BYTES]; /* as it leaves */
	uint8_t piece[2][NET_FRAME_MAX]; /* one packet of it: as it came in, as it leaves */
};

/* A frame on its way: without tag. */
struct passing {
	uint16_t tci; /* priority and VLAN */
	uint32_t len;
	const uint8_t *addrs; /* both addresses */
	const uint8_t *rest; /* from the type on */
	struct net_offload o; /* what is left to do */
};

/* ---- the table of addresses ---- */

static struct known *set_of(struct netswitch *s, const uint8_t *mac, uint16_t vid)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (int i = 0; i < MAC_BYTES; i++)
		h = (h ^ mac[i]) * 16777619u;
	h = (h ^ vid) * 16777619u;
	return s->known[(h ^ h >> 16) % SETS];
}

static bool fresh(const struct netswitch *s, const struct known *k, uint64_t now_ns)
{
	/* A frame from a slow line may be older than the last one of a fast line. */
	return k->seen_ns && (k->seen_ns > now_ns || now_ns - k->seen_ns < s->cfg.ageing_ns);
}

static struct known *find(struct netswitch *s, const uint8_t *mac, uint16_t vid, uint64_t now_ns)
{
	struct known *set = set_of(s, mac, vid);

	for (unsigned int i = 0; i < WAYS; i++) {
		if (set[i].vid == vid && memcmp(set[i].mac, mac, MAC_BYTES) == 0 &&
			fresh(s, &set[i], now_ns))
			return &set[i];
	}
	return NULL;
}

/* The oldest of its set goes where there is no room: a flood of addresses costs no more. */
static void learn(struct netswitch_port *p, const uint8_t *mac, uint16_t vid, uint64_t now_ns)
{
	struct known *k = find(p->s, mac, vid, now_ns);
	struct known *set = set_of(p->s, mac, vid);

	if (!k) {
		k = &set[0];
		for (unsigned int i = 1; i < WAYS; i++) {
			if (set[i].seen_ns < k->seen_ns)
				k = &set[i];
		}
	}
	*k = (struct known){ .seen_ns = now_ns ? now_ns : 1, .port = p, .vid = vid };
	memcpy(k->mac, mac, MAC_BYTES);
}

/* ---- lines ---- */

/* xorshift64*: the same seed, the same losses. */
static uint32_t random32(struct netswitch *s)
{
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return (uint32_t)(s->random * UINT64_C(2685821657736338717) >> 32);
}

static bool lost(struct netswitch_port *p)
{
	if (!p->cfg.loss_ppm || random32(p->s) % 1000000 >= p->cfg.loss_ppm)
		return false;
	p->st.lost++;
	return true;
}

/* A place at the end of a slow line, for the caller to fill; NULL: it is full. */
static struct line_frame *line_add(
	struct netswitch_port *p, struct line *l, uint32_t len, uint64_t now_ns)
{
	struct line_frame *f;
	uint64_t at = MAX(l->free_ns, now_ns);

	if (l->count == NETSWITCH_LINE) {
		p->st.overrun++;
		return NULL;
	}
	if (p->cfg.bandwidth_bps)
		at += (len + WIRE_OVERHEAD) * UINT64_C(8) * NS_PER_S / p->cfg.bandwidth_bps;
	l->free_ns = at;
	f = &l->ring[(l->head + l->count++) % NETSWITCH_LINE];
	f->due_ns = at + p->cfg.delay_ns;
	f->len = len;
	return f;
}

static bool line_due(const struct line *l, uint64_t now_ns)
{
	return l->count && l->ring[l->head].due_ns <= now_ns;
}

/* ---- work that is left ---- */

/* Does it: each packet goes to `each`, through `piece`. False: the headers are not what `o` says.
 */
static bool do_work(struct netswitch_port *p, const struct net_offload *o, const uint8_t *frame,
	uint32_t len, uint64_t now_ns, uint8_t *piece,
	void (*each)(struct netswitch_port *p, const uint8_t *frame, uint32_t len, uint64_t now_ns))
{
	struct net_cut c;
	uint32_t n;

	if (o->gso == NET_GSO_NONE) {
		memcpy(piece, frame, len);
		net_csum_make(o, piece, len);
		each(p, piece, len, now_ns);
		return true;
	}
	if (net_cut_init(&c, o, frame, len) != 0)
		return false;
	while ((n = net_cut_next(&c, piece)) > 0)
		each(p, piece, n, now_ns);
	return true;
}

/* Every packet has its own time or luck on the line. */
static bool counts_packets(const struct netswitch_port *p)
{
	return p->in.ring || p->cfg.loss_ppm;
}

/* ---- forwarding ---- */

static void leave(
	struct netswitch_port *p, const struct net_offload *o, const uint8_t *frame, uint32_t len)
{
	p->st.out_frames++;
	p->st.out_bytes += len;
	p->cfg.output(p->cfg.ctx, o, frame, len);
}

static bool member(const struct netswitch_port *p, uint16_t vid)
{
	return p->cfg.trunk || p->cfg.vlan == vid;
}

/* The frame as it leaves by a port, with a tag or without: where it lies already, or in work. */
static const uint8_t *write_out(const struct netswitch_port *p, const struct passing *f,
	struct net_offload *o, uint32_t *len)
{
	bool tagged = p->cfg.trunk && (f->tci & 0xfff) != p->cfg.vlan;
	uint8_t *to = p->s->work;
	uint32_t at = ADDRS_BYTES;

	*o = f->o;
	*len = f->len + (tagged ? TAG_BYTES : 0);
	if (!tagged && f->rest == f->addrs + ADDRS_BYTES)
		return f->addrs;
	memcpy(to, f->addrs, ADDRS_BYTES);
	if (tagged) {
		to[12] = 0x81;
		to[13] = 0x00;
		to[14] = (uint8_t)(f->tci >> 8);
		to[15] = (uint8_t)f->tci;
		at += TAG_BYTES;
		net_offload_shift(o, TAG_BYTES);
	}
	memcpy(to + at, f->rest, f->len - ADDRS_BYTES);
	return to;
}

/* One packet, on a line where each counts, or for an end that takes nothing else. */
static void send_packet(
	struct netswitch_port *p, const uint8_t *frame, uint32_t len, uint64_t now_ns)
{
	struct line_frame *slot;

	if (lost(p))
		return;
	if (!p->out.ring) {
		leave(p, NULL, frame, len);
		return;
	}
	slot = line_add(p, &p->out, len, now_ns);
	if (slot)
		memcpy(slot->b, frame, len);
}

static void send_by(struct netswitch_port *p, const struct passing *f, uint64_t now_ns)
{
	struct net_offload o;
	uint32_t len;
	const uint8_t *frame = write_out(p, f, &o, &len);
	/* The tag may be one too much for it. */
	bool fits = net_offload_check(&o, len) == 0;

	if (fits && !counts_packets(p) && net_offload_taken(&o, p->cfg.takes, frame)) {
		if (!(p->cfg.takes & NET_TAKES_CSUM))
			o.flags = 0;
		leave(p, &o, frame, len);
	} else if (fits && net_offload_none(&o)) {
		send_packet(p, frame, len, now_ns);
	} else if (!fits || !do_work(p, &o, frame, len, now_ns, p->s->piece[1], send_packet)) {
		p->st.refused++;
	}
}

/* False: the frame is not for this switch. */
static bool classify(const struct netswitch_port *p, const struct net_offload *o,
	const uint8_t *frame, uint32_t len, struct passing *f)
{
	uint16_t vid;

	*f = (struct passing){
		.tci = p->cfg.vlan, .len = len, .addrs = frame, .rest = frame + ADDRS_BYTES
	};
	if (o)
		f->o = *o;
	if (frame[12] != 0x81 || frame[13] != 0x00)
		return true;
	if (len < NET_FRAME_MIN + TAG_BYTES)
		return false;
	f->tci = (uint16_t)(frame[14] << 8 | frame[15]);
	f->rest += TAG_BYTES;
	f->len -= TAG_BYTES;
	/* A checksum of the tag itself cannot be kept. */
	if (f->o.flags & NET_OFFLOAD_CSUM && le16_get(f->o.csum_start) < NET_FRAME_MIN + TAG_BYTES)
		return false;
	net_offload_shift(&f->o, -(int)TAG_BYTES);
	vid = f->tci & 0xfff;
	if (vid == 0) /* only a priority */
		f->tci = (uint16_t)(f->tci | p->cfg.vlan);
	return vid == 0 || (vid != 0xfff && member(p, vid));
}

/* A frame has passed the line of the port that it came in by. */
static void forward(struct netswitch_port *from, const struct net_offload *o, const uint8_t *frame,
	uint32_t len, uint64_t now_ns)
{
	struct netswitch *s = from->s;
	const struct known *k = NULL;
	struct passing f;
	uint16_t vid;

	if (!classify(from, o, frame, len, &f)) {
		from->st.refused++;
		return;
	}
	vid = f.tci & 0xfff;
	if (!(frame[MAC_BYTES] & 1))
		learn(from, frame + MAC_BYTES, vid, now_ns);
	if (!(frame[0] & 1))
		k = find(s, frame, vid, now_ns);
	if (k) {
		if (k->port != from)
			send_by(k->port, &f, now_ns);
		return;
	}
	for (uint32_t i = 0; i < s->n_ports; i++) {
		if (s->port[i] != from && member(s->port[i], vid))
			send_by(s->port[i], &f, now_ns);
	}
}

/* One packet, on a line where each counts. */
static void enter_packet(
	struct netswitch_port *p, const uint8_t *frame, uint32_t len, uint64_t now_ns)
{
	struct line_frame *slot;

	if (lost(p))
		return;
	if (!p->in.ring) {
		forward(p, NULL, frame, len, now_ns);
		return;
	}
	slot = line_add(p, &p->in, len, now_ns);
	if (slot)
		memcpy(slot->b, frame, len);
}

void netswitch_input(struct netswitch_port *p, const struct net_offload *o, const uint8_t *frame,
	uint32_t len, uint64_t now_ns)
{
	static const struct net_offload nothing;

	if (net_offload_check(o ? o : &nothing, len) != 0) {
		p->st.refused++;
		return;
	}
	p->st.in_frames++;
	p->st.in_bytes += len;
	if (p->s->cfg.mirror)
		p->s->cfg.mirror(p->s->cfg.ctx, p->cfg.tag, now_ns, frame, len);
	if (!counts_packets(p))
		forward(p, o, frame, len, now_ns);
	else if (net_offload_none(o))
		enter_packet(p, frame, len, now_ns);
	else if (!do_work(p, o, frame, len, now_ns, p->s->piece[0], enter_packet))
		p->st.refused++;
}

uint64_t netswitch_next_ns(const struct netswitch *s)
{
	uint64_t next = 0;

	for (uint32_t i = 0; i < s->n_ports; i++) {
		const struct line *l[] = { &s->port[i]->in, &s->port[i]->out };

		for (int d = 0; d < 2; d++) {
			if (l[d]->count && (!next || l[d]->ring[l[d]->head].due_ns < next))
				next = l[d]->ring[l[d]->head].due_ns;
		}
	}
	return next;
}

static void pop(struct line *l)
{
	l->head = (l->head + 1) % NETSWITCH_LINE;
	l->count--;
}

void netswitch_run(struct netswitch *s, uint64_t now_ns)
{
	for (uint32_t i = 0; i < s->n_ports; i++) {
		struct netswitch_port *p = s->port[i];

		while (line_due(&p->in, now_ns)) {
			const struct line_frame *f = &p->in.ring[p->in.head];

			/* As if in time, however late we are asked. */
			forward(p, NULL, f->b, f->len, f->due_ns);
			pop(&p->in);
		}
	}
	for (uint32_t i = 0; i < s->n_ports; i++) {
		struct netswitch_port *p = s->port[i];

		while (line_due(&p->out, now_ns)) {
			const struct line_frame *f = &p->out.ring[p->out.head];

			leave(p, NULL, f->b, f->len);
			pop(&p->out);
		}
	}
}

/* ---- life ---- */

int netswitch_new(struct netswitch **out, const struct netswitch_config *cfg)
{
	struct netswitch *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->cfg = *cfg;
	if (!s->cfg.ageing_ns)
		s->cfg.ageing_ns = DEFAULT_AGE;
	/* Any state but 0; seeds that are close must not begin alike. */
	s->random = (cfg->seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	if (!s->random)
		s->random = 1;
	*out = s;
	return 0;
}

static void port_free(struct netswitch_port *p)
{
	free(p->in.ring);
	free(p->out.ring);
	free(p);
}

void netswitch_free(struct netswitch *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->n_ports; i++)
		port_free(s->port[i]);
	free(s);
}

int netswitch_add(
	struct netswitch *s, const struct netswitch_port_config *cfg, struct netswitch_port **out)
{
	bool slow = cfg->bandwidth_bps || cfg->delay_ns;
	struct netswitch_port *p;

	if (cfg->vlan > 4094 || cfg->loss_ppm > 1000000)
		return -EINVAL;
	if (s->n_ports == NETSWITCH_MAX_PORTS)
		return -ENOSPC;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->s = s;
	p->cfg = *cfg;
	if (!p->cfg.vlan)
		p->cfg.vlan = NETSWITCH_VLAN;
	if (slow) {
		p->in.ring = calloc(NETSWITCH_LINE, sizeof(*p->in.ring));
		p->out.ring = calloc(NETSWITCH_LINE, sizeof(*p->out.ring));
	}
	if (slow && (!p->in.ring || !p->out.ring)) {
		port_free(p);
		return -ENOMEM;
	}
	s->port[s->n_ports++] = p;
	*out = p;
	return 0;
}

void netswitch_remove(struct netswitch_port *p)
{
	struct netswitch *s = p->s;

	for (unsigned int i = 0; i < SETS * WAYS; i++) {
		struct known *k = &s->known[i / WAYS][i % WAYS];

		if (k->port == p)
			*k = (struct known){ 0 };
	}
	for (uint32_t i = 0; i < s->n_ports; i++) {
		if (s->port[i] == p)
			s->port[i] = s->port[--s->n_ports];
	}
	port_free(p);
}

void netswitch_takes(struct netswitch_port *p, uint32_t takes)
{
	p->cfg.takes = takes;
}

struct netswitch_port_stats netswitch_port_stats(const struct netswitch_port *p)
{
	return p->st;
}

uint32_t netswitch_known(const struct netswitch *s, uint64_t now_ns)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < SETS * WAYS; i++)
		n += fresh(s, &s->known[i / WAYS][i % WAYS], now_ns);
	return n;
}
