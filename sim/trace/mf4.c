/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading bus logging of ASAM MDF 4 files: the events CAN_DataFrame, CAN_RemoteFrame and
 * CAN_ErrorFrame of sorted and unsorted data groups, merged by time. Other channels are no frames
 * and are left out. See mf4_data.h for what lies below.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/le.h"
#include "sim/trace/mf4_data.h"
#include "sim/trace/reader.h"

#define GROUPS_MAX   64u /* data groups with frames */
#define CHANNELS_MAX 256u /* channel groups of one */
#define CHAIN_MAX    100000u /* blocks of one linked list */
#define RECORD_MAX   4096u
/* Frames of an unsorted group that wait for their data. */
#define WAIT_MAX 256u
/* How often data that lie elsewhere may be behind those that were wanted before. */
#define RESTARTS_MAX 64u

enum field_name {
	F_TIME,
	F_CHANNEL,
	F_ID,
	F_IDE,
	F_DLC,
	F_LENGTH,
	F_BYTES,
	F_DIR,
	F_EDL,
	F_BRS,
	F_ESI,
	F_COUNT
};

struct field {
	bool present, vlsd;
	uint8_t type; /* 0, 1: unsigned little, big; 2, 3: signed; 4, 5: float */
	uint8_t bit;
	uint32_t byte, bits;
	double a, b; /* value = a + b * raw */
	uint64_t link; /* where the data lie, with vlsd */
};

enum kind { KIND_NONE, KIND_DATA, KIND_REMOTE, KIND_ERROR, KIND_VLSD };

/* A channel group. */
struct records {
	uint64_t at, id;
	enum kind kind;
	uint32_t bytes; /* of a record, with its invalidation bits */
	struct field f[F_COUNT];
	struct records *vlsd; /* where the data of this one's frames come, in the same stream */
	uint64_t vlsd_bytes; /* KIND_VLSD: so many came already */
};

struct waiting {
	struct trace_frame fr;
	uint32_t channel;
	bool ready;
	const struct records *vlsd; /* until data at `offset` of it come */
	uint64_t offset;
};

/* A data group. */
struct group {
	struct mf4_data data, far; /* far: data of variable length, of sorted groups */
	uint64_t far_link;
	uint32_t far_restarts;
	uint64_t link; /* of data */
	uint8_t id_bytes;
	uint32_t n;
	struct records *rec; /* n of them */
	bool ended;
	uint32_t first, waiting; /* ring */
	struct waiting *wait; /* WAIT_MAX of them */
};

struct mf4_reader {
	struct mf4_file file;
	uint64_t start_ns; /* 0: not known */
	uint32_t n;
	struct group groups[GROUPS_MAX];
};

static bool mf4_magic(const uint8_t *s, uint32_t n)
{
	return n >= 64 && (memcmp(s, "MDF     4.", 10) == 0 || memcmp(s, "UnFinMF 4.", 10) == 0);
}

/* ---- what records are ---- */

struct channel_data {
	uint8_t type, sync, data_type, bit;
	le32 byte, bits, flags, invalid;
};
static_assert(sizeof(struct channel_data) == 20, "channel block");

static void read_conversion(const struct mf4_file *f, uint64_t at, struct field *o)
{
	struct mf4_block b;
	uint8_t type;
	double v[2];

	o->a = 0;
	o->b = 1;
	if (mf4_block(f, at, &b) < 0 || strcmp(b.id, "CC") != 0)
		return;
	mf4_fields(f, &b, 0, &type, 1);
	if (type != 1) /* linear */
		return;
	mf4_fields(f, &b, 24, v, sizeof(v));
	if (isfinite(v[0]) && isfinite(v[1])) {
		o->a = v[0];
		o->b = v[1];
	}
}

static enum kind kind_of(const char *name)
{
	static const struct {
		const char *name;
		enum kind kind;
	} names[] = { { "CAN_DataFrame", KIND_DATA }, { "CAN_RemoteFrame", KIND_REMOTE },
		{ "CAN_ErrorFrame", KIND_ERROR } };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t n = strlen(names[i].name);

		if (strncmp(name, names[i].name, n) == 0 && (!name[n] || name[n] == '.'))
			return names[i].kind;
	}
	return KIND_NONE;
}

static int field_of(const char *name)
{
	static const char *const names[F_COUNT] = { [F_TIME] = "",
		[F_CHANNEL] = "BusChannel",
		[F_ID] = "ID",
		[F_IDE] = "IDE",
		[F_DLC] = "DLC",
		[F_LENGTH] = "DataLength",
		[F_BYTES] = "DataBytes",
		[F_DIR] = "Dir",
		[F_EDL] = "EDL",
		[F_BRS] = "BRS",
		[F_ESI] = "ESI" };
	const char *dot = strrchr(name, '.');

	if (dot)
		name = dot + 1;
	for (int i = F_TIME + 1; i < F_COUNT; i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return -1;
}

/* True: the field lies in the record, and is of a kind that can be read. */
static bool check_field(const struct field *o, uint32_t bytes)
{
	uint64_t end = (uint64_t)o->byte * 8 + o->bit + (o->vlsd ? 64 : o->bits);

	if (end > (uint64_t)bytes * 8)
		return false;
	if (o->type == 4 || o->type == 5)
		return o->bits == 32 || o->bits == 64;
	return true;
}

static void read_channel(const struct mf4_file *f, const struct mf4_block *b, struct records *r)
{
	struct channel_data c;
	struct field o = { .present = true };
	char name[128];
	int i;

	mf4_fields(f, b, 0, &c, sizeof(c));
	mf4_text(f, mf4_link(f, b, 2), name, sizeof(name));
	if (r->kind == KIND_NONE)
		r->kind = kind_of(name);
	i = c.type == 2 && c.sync == 1 ? F_TIME : field_of(name);
	if (i < 0 || r->f[i].present)
		return;
	o.vlsd = c.type == 1;
	o.type = c.data_type;
	o.bit = c.bit;
	o.byte = le32_get(c.byte);
	o.bits = le32_get(c.bits);
	if (o.vlsd)
		o.link = mf4_link(f, b, 5);
	/* Numbers have 64 bits at most; only the data are more. */
	if (o.vlsd && i != F_BYTES)
		return;
	if (i != F_BYTES && (o.bits == 0 || o.bits + o.bit > 64 || c.bit > 7))
		return;
	if (i == F_BYTES && !o.vlsd && (c.bit || o.bits % 8))
		return;
	if (!check_field(&o, r->bytes))
		return;
	read_conversion(f, mf4_link(f, b, 4), &o);
	r->f[i] = o;
}

/* Channels and those they consist of. */
static void read_channels(
	const struct mf4_file *f, uint64_t at, struct records *r, uint32_t depth, uint32_t *left)
{
	struct mf4_block b;

	while (at && *left && mf4_block(f, at, &b) == 0 && strcmp(b.id, "CN") == 0) {
		uint64_t parts = mf4_link(f, &b, 1);

		(*left)--;
		read_channel(f, &b, r);
		if (parts && depth < 4)
			read_channels(f, parts, r, depth + 1, left);
		at = mf4_link(f, &b, 0);
	}
}

static int read_group_records(const struct mf4_file *f, uint64_t at, struct group *g, bool *any)
{
	struct mf4_block b;
	uint32_t n = 0, left = CHAIN_MAX;

	while (at && g->n < CHANNELS_MAX && n++ < CHAIN_MAX && mf4_block(f, at, &b) == 0 &&
		strcmp(b.id, "CG") == 0) {
		struct records *more = realloc(g->rec, (g->n + 1) * sizeof(*more)), *r;
		uint8_t d[32];
		uint64_t id;
		uint32_t bytes, invalid;
		uint16_t flags;

		if (!more)
			return -ENOMEM;
		g->rec = more;
		r = &more[g->n++];
		mf4_fields(f, &b, 0, d, sizeof(d));
		memcpy(&id, d, 8);
		memcpy(&flags, d + 16, 2);
		memcpy(&bytes, d + 24, 4);
		memcpy(&invalid, d + 28, 4);
		*r = (struct records){ .at = at, .id = id };
		r->bytes = MIN(bytes, RECORD_MAX) + MIN(invalid, RECORD_MAX);
		if (flags & 1) {
			r->kind = KIND_VLSD;
		} else {
			read_channels(f, mf4_link(f, &b, 1), r, 0, &left);
			if (!r->f[F_TIME].present || (r->kind != KIND_ERROR && !r->f[F_ID].present))
				r->kind = KIND_NONE;
			if (bytes > RECORD_MAX || invalid > RECORD_MAX)
				r->kind = KIND_NONE;
			/* Larger ones are skipped as a whole. */
			r->bytes = bytes > UINT32_MAX - invalid ? UINT32_MAX : bytes + invalid;
		}
		*any = *any || (r->kind != KIND_NONE && r->kind != KIND_VLSD);
		at = mf4_link(f, &b, 0);
	}
	return 0;
}

/* Data of variable length: in a stream of their own, or between the records. */
static void link_vlsd(struct group *g)
{
	for (uint32_t i = 0; i < g->n; i++) {
		struct records *r = &g->rec[i];

		for (uint32_t k = 0; k < g->n && r->f[F_BYTES].vlsd; k++) {
			if (g->rec[k].at == r->f[F_BYTES].link && g->rec[k].kind == KIND_VLSD)
				r->vlsd = &g->rec[k];
		}
		if (r->f[F_BYTES].vlsd && !r->vlsd && r->kind == KIND_DATA)
			g->far_link = r->f[F_BYTES].link;
	}
}

static int read_groups(struct mf4_reader *m)
{
	const struct mf4_file *f = &m->file;
	struct mf4_block b;
	uint64_t at = 0;
	uint32_t n = 0;

	if (mf4_block(f, 64, &b) == 0 && strcmp(b.id, "HD") == 0)
		at = mf4_link(f, &b, 0);
	while (at && n++ < CHAIN_MAX && m->n < GROUPS_MAX && mf4_block(f, at, &b) == 0 &&
		strcmp(b.id, "DG") == 0) {
		struct group *g = &m->groups[m->n];
		bool any = false;
		int rc;

		mf4_fields(f, &b, 0, &g->id_bytes, 1);
		g->link = mf4_link(f, &b, 2);
		rc = read_group_records(f, mf4_link(f, &b, 1), g, &any);
		if (rc < 0)
			return rc;
		if (any) {
			link_vlsd(g);
			g->wait = calloc(WAIT_MAX, sizeof(*g->wait));
			m->n++;
			if (!g->wait)
				return -ENOMEM;
		} else {
			free(g->rec);
			*g = (struct group){ .n = 0 };
		}
		at = mf4_link(f, &b, 0);
	}
	return 0;
}

/* ---- life ---- */

static void mf4_end(struct trace *t)
{
	struct mf4_reader *m = t->bin.mf4;

	if (!m)
		return;
	for (uint32_t i = 0; i < GROUPS_MAX; i++) {
		mf4_data_fini(&m->groups[i].data);
		mf4_data_fini(&m->groups[i].far);
		free(m->groups[i].rec);
		free(m->groups[i].wait);
	}
	free(m);
}

static int start_group(struct mf4_reader *m, struct group *g)
{
	int rc;

	if (g->id_bytes > 8 || (g->id_bytes & (g->id_bytes - 1)))
		g->link = 0;
	g->ended = g->link == 0;
	g->first = g->waiting = g->far_restarts = 0;
	for (uint32_t i = 0; i < g->n; i++)
		g->rec[i].vlsd_bytes = 0;
	rc = mf4_data_start(&g->data, &m->file, g->link);
	if (rc == 0 && g->far_link)
		rc = mf4_data_start(&g->far, &m->file, g->far_link);
	return rc;
}

static int mf4_start(struct trace *t)
{
	struct mf4_reader *m = t->bin.mf4;
	struct mf4_block b;
	struct stat st;
	uint8_t id[8];
	le64 start;
	int rc = 0;

	if (!m) {
		m = t->bin.mf4 = calloc(1, sizeof(*m));
		if (!m)
			return -ENOMEM;
		m->file = (struct mf4_file){ .fd = t->fd, .mem = t->mem, .size = t->mem_len };
		if (t->fd >= 0) {
			/* It is read by links, back and forth. */
			if (fstat(t->fd, &st) < 0 || !S_ISREG(st.st_mode))
				return -ESPIPE;
			m->file.size = (uint64_t)st.st_size;
		}
		if (mf4_read(&m->file, 0, id, sizeof(id)) == 0)
			m->file.unfinished = memcmp(id, "UnFinMF ", 8) == 0;
		if (mf4_block(&m->file, 64, &b) == 0 && strcmp(b.id, "HD") == 0) {
			mf4_fields(&m->file, &b, 0, &start, sizeof(start));
			m->start_ns = le64_get(start);
			t->epoch_known = m->start_ns != 0;
		} else {
			trace_bad_byte(t, 64, "there is no header block");
		}
		rc = read_groups(m);
	}
	for (uint32_t i = 0; rc == 0 && i < m->n; i++)
		rc = start_group(m, &m->groups[i]);
	/* Of the stream of all formats nothing is used. */
	t->base = m->file.size - t->len;
	t->pos = t->len;
	t->eof = true;
	return rc;
}

/* ---- records to frames ---- */

static uint64_t raw_of(const struct field *o, const uint8_t *rec)
{
	uint32_t n = (o->bit + o->bits + 7) / 8;
	const uint8_t *p = rec + o->byte;
	uint64_t v = 0;

	/* Fields of up to 64 bits with their bit offset: at most 8 bytes. */
	for (uint32_t i = 0; i < n; i++)
		v |= (uint64_t)p[o->type & 1 ? n - 1 - i : i] << (8 * i);
	v >>= o->bit;
	return o->bits < 64 ? v & ((UINT64_C(1) << o->bits) - 1) : v;
}

static uint32_t number(
	const struct records *r, enum field_name i, const uint8_t *rec, uint32_t none)
{
	return r->f[i].present ? (uint32_t)raw_of(&r->f[i], rec) : none;
}

/* Since the epoch. Stamps count from the file's start, and may lie before it. */
static uint64_t time_of(const struct field *o, const uint8_t *rec, uint64_t start_ns)
{
	uint64_t raw = raw_of(o, rec), t;
	double v, ns;
	float f;

	if (o->type == 4 || o->type == 5) {
		if (o->bits == 32) {
			uint32_t raw32 = (uint32_t)raw;

			memcpy(&f, &raw32, sizeof(f));
			v = (double)f;
		} else {
			memcpy(&v, &raw, sizeof(v));
		}
	} else {
		v = (double)raw;
	}
	/* Nanoseconds stay whole numbers. */
	ns = o->b == 1e-9 ? v + o->a * 1e9 : (o->a + o->b * v) * 1e9;
	if (!(ns > -9e18 && ns < 9e18))
		return start_ns;
	t = start_ns + (uint64_t)llround(ns);
	if (ns < 0)
		return t < start_ns ? t : 0;
	return t >= start_ns ? t : UINT64_MAX;
}

static void set_data(struct canfd_frame *f, const uint8_t *p, uint32_t n)
{
	if (f->can_id & (CAN_RTR_FLAG | CAN_ERR_FLAG))
		return;
	memcpy(f->data, p, MIN(n, (uint32_t)f->len));
}

/* A record becomes a frame; its data may come later. False: they are to come. */
static bool make_frame(const struct records *r, const uint8_t *rec, uint64_t start_ns,
	struct trace_frame *o, uint32_t *channel)
{
	uint32_t id, dlc = number(r, F_DLC, rec, UINT32_MAX), len;
	struct canfd_frame *f = &o->f;

	memset(f, 0, sizeof(*f));
	o->t_ns = time_of(&r->f[F_TIME], rec, start_ns);
	o->flags = !r->f[F_DIR].present           ? 0
		   : number(r, F_DIR, rec, 0) & 1 ? TRACE_DIR_TX
						  : TRACE_DIR_RX;
	*channel = number(r, F_CHANNEL, rec, 1);
	if (r->kind == KIND_ERROR) {
		f->can_id = CAN_ERR_FLAG | 0x80; /* CAN_ERR_BUSERROR */
		f->len = CAN_MAX_DLEN;
		return true;
	}
	id = number(r, F_ID, rec, 0);
	/* Without a field of its own bit 31 says it, or the number. */
	if (r->f[F_IDE].present ? number(r, F_IDE, rec, 0) & 1
				: id >> 31 || (id & CAN_EFF_MASK) > CAN_SFF_MASK)
		f->can_id = (id & CAN_EFF_MASK) | CAN_EFF_FLAG;
	else
		f->can_id = id & CAN_SFF_MASK;
	if (r->kind == KIND_REMOTE)
		f->can_id |= CAN_RTR_FLAG;
	if (number(r, F_EDL, rec, 0) & 1 && r->kind == KIND_DATA)
		f->flags = (uint8_t)(CANFD_FDF | (number(r, F_BRS, rec, 0) & 1 ? CANFD_BRS : 0) |
				     (number(r, F_ESI, rec, 0) & 1 ? CANFD_ESI : 0));
	len = number(r, F_LENGTH, rec, UINT32_MAX);
	if (len > CANFD_MAX_DLEN || r->kind == KIND_REMOTE)
		len = dlc > CAN_MAX_RAW_DLC ? 0 : line_fd_len_of_code(dlc);
	if (f->flags & CANFD_FDF) {
		f->len = line_fd_len(len);
	} else {
		f->len = (uint8_t)MIN(len, CAN_MAX_DLEN);
		if (f->len == CAN_MAX_DLEN && dlc > CAN_MAX_DLEN && dlc <= CAN_MAX_RAW_DLC)
			f->__res1 = (uint8_t)dlc;
	}
	if (r->kind != KIND_DATA || !r->f[F_BYTES].present || f->len == 0)
		return true;
	if (r->f[F_BYTES].vlsd)
		return false;
	set_data(f, rec + r->f[F_BYTES].byte, r->f[F_BYTES].bits / 8);
	return true;
}

static uint64_t far_offset(const struct records *r, const uint8_t *rec)
{
	uint64_t v;

	memcpy(&v, rec + r->f[F_BYTES].byte, sizeof(v));
	return v;
}

/* Data of a sorted group, from their own stream. False: they are not there. */
static bool take_far(struct mf4_reader *m, struct group *g, uint64_t offset, struct canfd_frame *f)
{
	const uint8_t *p;
	uint32_t n;

	/* The channel names no place for them. */
	if (!g->far_link)
		return false;
	if (offset < g->far.offset) {
		if (g->far_restarts++ >= RESTARTS_MAX ||
			mf4_data_start(&g->far, &m->file, g->far_link) < 0)
			return false;
	}
	if (!mf4_skip(&g->far, offset - g->far.offset) || !mf4_need(&g->far, 4, &p, NULL))
		return false;
	memcpy(&n, p, sizeof(n));
	if (n > CANFD_MAX_DLEN || !mf4_need(&g->far, 4 + n, &p, NULL))
		return false;
	set_data(f, p + 4, n);
	mf4_took(&g->far, 4 + n);
	return true;
}

/* Data between the records: whoever waits for them has them now. */
static void take_near(struct group *g, struct records *v, const uint8_t *p, uint32_t n)
{
	for (uint32_t i = 0; i < g->waiting; i++) {
		struct waiting *w = &g->wait[(g->first + i) % WAIT_MAX];

		if (w->ready || w->vlsd != v || w->offset != v->vlsd_bytes)
			continue;
		set_data(&w->fr.f, p, n);
		w->ready = true;
		break;
	}
}

static void stop_group(struct trace *t, struct group *g, const char *why)
{
	uint64_t at = g->data.bad_why ? g->data.bad_at : mf4_where(&g->data);

	g->ended = true;
	/* What waits has no data to come. */
	if (g->data.bad_why)
		why = g->data.bad_why;
	if (why)
		trace_bad_byte(t, at, why);
}

static void add_frame(struct trace *t, struct mf4_reader *m, struct group *g, struct records *r,
	const uint8_t *rec)
{
	struct waiting *w = &g->wait[(g->first + g->waiting) % WAIT_MAX];

	memset(w, 0, sizeof(*w));
	w->ready = make_frame(r, rec, m->start_ns, &w->fr, &w->channel);
	if (!w->ready && r->vlsd) {
		w->vlsd = r->vlsd;
		w->offset = far_offset(r, rec);
	} else if (!w->ready) {
		if (!take_far(m, g, far_offset(r, rec), &w->fr.f)) {
			trace_bad_byte(t, mf4_where(&g->data),
				"a frame's data are not where the record says");
			return;
		}
		w->ready = true;
	}
	g->waiting++;
}

static struct records *records_of(struct group *g, uint64_t id)
{
	for (uint32_t i = 0; i < g->n; i++) {
		if (g->rec[i].id == id)
			return &g->rec[i];
	}
	return NULL;
}

/* Reads the next record of a group. False: its end. */
static bool read_record(struct trace *t, struct mf4_reader *m, struct group *g)
{
	struct records *r = &g->rec[0];
	const uint8_t *p;
	uint32_t have, n;
	uint64_t id = 0;

	if (!mf4_need(&g->data, MAX(g->id_bytes, 1), &p, &have)) {
		stop_group(t, g, have ? "the data end in the middle of a record" : NULL);
		return false;
	}
	if (g->id_bytes) {
		memcpy(&id, p, g->id_bytes);
		r = records_of(g, id);
		if (!r) {
			stop_group(t, g, "a record of an unknown kind; the rest is not read");
			return false;
		}
	}
	t->st.lines++;
	n = r->kind == KIND_VLSD ? 4 : MIN(r->bytes, 2 * RECORD_MAX);
	if (!mf4_need(&g->data, g->id_bytes + n, &p, &have)) {
		t->st.truncated = true;
		stop_group(t, g, "the data end in the middle of a record");
		return false;
	}
	p += g->id_bytes;
	if (r->kind == KIND_VLSD) {
		memcpy(&n, p, sizeof(n));
		if (n > RECORD_MAX || !mf4_need(&g->data, g->id_bytes + 4 + n, &p, &have)) {
			t->st.truncated = true;
			stop_group(t, g, "data of variable length end too early, or are too long");
			return false;
		}
		take_near(g, r, p + g->id_bytes + 4, n);
		r->vlsd_bytes += 4 + n;
		mf4_took(&g->data, g->id_bytes + 4 + n);
		return true;
	}
	if (r->bytes == 0 && !g->id_bytes) {
		stop_group(t, g, "records of no length");
		return false;
	}
	if (r->kind == KIND_NONE)
		t->st.skipped++;
	else
		add_frame(t, m, g, r, p);
	if (!mf4_skip(&g->data, (uint64_t)g->id_bytes + r->bytes)) {
		stop_group(t, g, "the data end in the middle of a record");
		return false;
	}
	return true;
}

/* Makes the head of the group's queue ready. False: there are no more frames. */
static bool head_ready(struct trace *t, struct mf4_reader *m, struct group *g)
{
	for (;;) {
		struct waiting *w = &g->wait[g->first];

		if (g->waiting && w->ready)
			return true;
		if (!g->ended && g->waiting < WAIT_MAX) {
			(void)read_record(t, m, g);
			continue;
		}
		if (!g->waiting)
			return false;
		/* Its data never came. */
		trace_bad_byte(t, mf4_where(&g->data), "a frame without its data");
		g->first = (g->first + 1) % WAIT_MAX;
		g->waiting--;
	}
}

static int mf4_next(struct trace *t, struct trace_frame *out)
{
	struct mf4_reader *m = t->bin.mf4;

	for (;;) {
		struct group *best = NULL;
		const struct waiting *w;

		for (uint32_t i = 0; i < m->n; i++) {
			struct group *g = &m->groups[i];

			if (head_ready(t, m, g) &&
				(!best || g->wait[g->first].fr.t_ns <
						  best->wait[best->first].fr.t_ns))
				best = g;
		}
		if (!best)
			return 0;
		w = &best->wait[best->first];
		*out = w->fr;
		out->channel = trace_channel_number(t, w->channel);
		best->first = (best->first + 1) % WAIT_MAX;
		best->waiting--;
		if (out->channel < TRACE_MAX_CHANNELS)
			return 1;
		trace_bad_byte(t, mf4_where(&best->data), "more channels than a trace may have");
	}
}

const struct reader_ops reader_mf4 = {
	.info = { .id = TRACE_MF4,
		.name = "mf4",
		.title = "ASAM MDF 4 bus logging",
		.extensions = { "mf4", "mdf", NULL },
		.holds = TRACE_HOLDS_FD | TRACE_HOLDS_FD_FLAGS | TRACE_HOLDS_REMOTE |
			 TRACE_HOLDS_ERROR | TRACE_HOLDS_DIR | TRACE_HOLDS_CHANNEL |
			 TRACE_HOLDS_EPOCH | TRACE_HOLDS_RAW_DLC,
		.tick_ns = 1 },
	.magic = mf4_magic,
	.start = mf4_start,
	.next = mf4_next,
	.end = mf4_end,
};
