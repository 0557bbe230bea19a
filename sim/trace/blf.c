/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading Vector BLF. Containers are inflated into one buffer of objects: in one go by libdeflate
 * where all of one is at hand and it is sound, else piece by piece by zlib, which gives what there
 * is in front of damage. No length that a file claims is believed before the bytes are there.
 * Objects that are not CAN are skipped; where no object begins, the next beginning is looked for.
 */
#include <errno.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
/* What is inflated is not changed. */
#define ZLIB_CONST
#include <zlib.h>

#include "base/clock.h"
#include "sim/trace/blf_wire.h"
#include "sim/trace/reader.h"
#include "sim/trace/when.h"

/* Objects lie in here whole; larger ones are skipped unseen. */
#define OBJ_BYTES 262144u
/* What a CAN object is at most: those that are longer are read as far as this. */
#define LOOK_BYTES 256u

struct blf_reader {
	struct libdeflate_decompressor *fast;
	z_stream z;
	bool z_ready;
	bool whole; /* nothing of the container was read yet */
	/* Where bytes of objects come from: a container, or an object outside of all containers. */
	enum { FROM_NOTHING, FROM_STORED, FROM_ZLIB } from;
	uint64_t left; /* bytes of it in the file */
	uint64_t container_at; /* its offset */
	bool damaged; /* the container was reported already */
	bool broke; /* what is in obj ends with a container that was damaged */
	bool searching; /* in bytes that begin no object; reported already */
	uint64_t skip; /* bytes of the current object that nobody wants */
	uint32_t pos, len; /* what is unread in obj */
	uint8_t obj[OBJ_BYTES];
};

static bool blf_magic(const uint8_t *s, uint32_t n)
{
	return n >= 4 && memcmp(s, BLF_FILE_MAGIC, 4) == 0;
}

static void take_start(struct trace *t, const struct blf_time *at)
{
	struct when w = { .year = le16_get(at->year),
		.month = le16_get(at->month),
		.day = le16_get(at->day),
		.hour = le16_get(at->hour),
		.minute = le16_get(at->minute),
		.second = le16_get(at->second),
		.ns = le16_get(at->ms) * 1000000u };

	if (le16_get(at->ms) < 1000)
		t->epoch_known = when_ns(&w, &t->epoch_ns);
}

static int blf_start(struct trace *t)
{
	struct blf_reader *b = t->bin.blf;
	const uint8_t *p;
	struct blf_file h;
	uint32_t have, bytes;
	int rc;

	if (!b) {
		b = t->bin.blf = calloc(1, sizeof(*b));
		if (!b || inflateInit(&b->z) != Z_OK)
			return -ENOMEM;
		b->z_ready = true;
		b->fast = libdeflate_alloc_decompressor();
		if (!b->fast)
			return -ENOMEM;
	}
	b->from = FROM_NOTHING;
	b->left = b->skip = 0;
	b->pos = b->len = 0;
	b->damaged = b->searching = b->broke = false;
	rc = trace_need(t, sizeof(h), &p, &have);
	if (rc < 0)
		return rc;
	if (rc == 0) {
		(void)trace_cut_off(t, 0, "the header");
		return trace_skip(t, have) < 0 ? -EIO : 0;
	}
	memcpy(&h, p, sizeof(h));
	take_start(t, &h.start);
	bytes = le32_get(h.header_bytes);
	if (bytes < sizeof(h) || bytes > 65536) {
		trace_bad_byte(t, 4, "the header has an impossible length");
		bytes = BLF_FILE_BYTES;
	}
	rc = trace_skip(t, bytes);
	return MIN(rc, 0);
}

static void blf_end(struct trace *t)
{
	struct blf_reader *b = t->bin.blf;

	if (b && b->z_ready)
		(void)inflateEnd(&b->z);
	if (b && b->fast)
		libdeflate_free_decompressor(b->fast);
	free(b);
}

/* ---- containers ---- */

/* The next object of the file itself. 1; 0 at the end; -errno. */
static int next_outer(struct trace *t, struct blf_reader *b)
{
	const uint8_t *p, *found;
	struct blf_container c;
	struct blf_base h;
	uint32_t have, skip;
	int rc;

	for (;;) {
		rc = trace_need(t, sizeof(h), &p, &have);
		if (rc < 0)
			return rc;
		if (rc == 0) {
			/* A few zeros are padding. */
			for (skip = 0; skip < have && p[skip] == 0; skip++)
				;
			if (skip < have)
				(void)trace_cut_off(t, trace_offset(t), "an object");
			return MIN(trace_skip(t, have), 0);
		}
		memcpy(&h, p, sizeof(h));
		if (memcmp(h.magic, BLF_OBJECT_MAGIC, 4) == 0 &&
			le16_get(h.header_bytes) >= sizeof(h) &&
			le32_get(h.object_bytes) >= le16_get(h.header_bytes))
			break;
		/* Padding is up to three bytes; more is damage. */
		rc = trace_need(t, TRACE_BUF_BYTES, &p, &have);
		if (rc < 0)
			return rc;
		have = rc > 0 ? TRACE_BUF_BYTES : have;
		found = memmem(p + 1, have - 1, BLF_OBJECT_MAGIC, 4);
		skip = found ? (uint32_t)(found - p) : have > 3 ? have - 3 : have;
		if (skip > 3 && !b->damaged) {
			trace_bad_byte(t, trace_offset(t), "no object begins here");
			b->damaged = true;
		}
		trace_took(t, skip);
	}
	b->damaged = false;
	b->container_at = trace_offset(t);
	b->left = le32_get(h.object_bytes);
	if (le32_get(h.type) != BLF_CONTAINER) {
		b->from = FROM_STORED;
		return 1;
	}
	rc = trace_need(t, sizeof(h) + sizeof(c), &p, &have);
	if (rc < 0)
		return rc;
	if (rc == 0) {
		(void)trace_cut_off(t, b->container_at, "a container");
		return MIN(trace_skip(t, have), 0);
	}
	if (b->left < sizeof(h) + sizeof(c)) {
		trace_bad_byte(t, b->container_at, "a container has an impossible length");
		b->left = 0;
		return MAX(trace_skip(t, 4), 0);
	}
	memcpy(&c, p + sizeof(h), sizeof(c));
	trace_took(t, sizeof(h) + sizeof(c));
	b->left -= sizeof(h) + sizeof(c);
	if (le16_get(c.method) == 0) {
		b->from = FROM_STORED;
	} else if (le16_get(c.method) == 2) {
		b->from = FROM_ZLIB;
		b->whole = true;
		(void)inflateReset(&b->z);
	} else {
		trace_bad_byte(t, b->container_at, "a container of an unknown compression");
		rc = trace_skip(t, b->left);
		b->from = FROM_NOTHING;
		b->left = 0;
		return rc < 0 ? rc : 1;
	}
	return 1;
}

/* Behind what the container promised: the objects go on in the next one. */
static void end_container(struct blf_reader *b)
{
	b->from = FROM_NOTHING;
	b->left = 0;
}

/* False: it does not fit, or something is wrong with it; nothing has changed. */
static bool inflate_whole(struct blf_reader *b, const uint8_t *p, uint32_t n)
{
	size_t used, made;

	if (libdeflate_zlib_decompress_ex(b->fast, p, n, b->obj + b->len, OBJ_BYTES - b->len, &used,
		    &made) != LIBDEFLATE_SUCCESS ||
		n - used > 8)
		return false;
	b->len += (uint32_t)made;
	return true;
}

/* More bytes of objects behind those in obj, which has room. 1; 0 at the end; -errno. */
static int pump(struct trace *t, struct blf_reader *b)
{
	const uint8_t *p;
	uint32_t have, n;
	int rc, z;

	while (b->from == FROM_NOTHING) {
		rc = next_outer(t, b);
		if (rc <= 0)
			return rc;
	}
	if (b->left == 0) {
		if (b->from == FROM_ZLIB) {
			trace_bad_byte(t, b->container_at, "the container's data are cut short");
			b->broke = true;
		}
		end_container(b);
		return 1;
	}
	/* All of the container where it can be: that is inflated in one go. */
	rc = trace_need(t, (uint32_t)MIN(b->left, (uint64_t)TRACE_BUF_BYTES), &p, &have);
	if (rc < 0)
		return rc;
	if (have == 0) {
		(void)trace_cut_off(t, b->container_at, "a container");
		end_container(b);
		return 0;
	}
	have = (uint32_t)MIN((uint64_t)(t->len - t->pos), b->left);
	if (b->from == FROM_STORED) {
		n = MIN(have, OBJ_BYTES - b->len);
		memcpy(b->obj + b->len, p, n);
		b->len += n;
		trace_took(t, n);
		b->left -= n;
		if (b->left == 0)
			end_container(b);
		return 1;
	}
	if (b->whole && have == b->left && inflate_whole(b, p, have)) {
		trace_took(t, have);
		end_container(b);
		return 1;
	}
	b->whole = false;
	b->z.next_in = p;
	b->z.avail_in = have;
	b->z.next_out = b->obj + b->len;
	b->z.avail_out = OBJ_BYTES - b->len;
	z = inflate(&b->z, Z_NO_FLUSH);
	n = have - b->z.avail_in;
	trace_took(t, n);
	b->left -= n;
	b->len = OBJ_BYTES - b->z.avail_out;
	if (z == Z_OK || z == Z_BUF_ERROR)
		return 1;
	rc = 1;
	if (z != Z_STREAM_END) {
		trace_bad_byte(
			t, b->container_at, "the container cannot be decompressed to its end");
		b->broke = true;
		rc = trace_skip(t, b->left);
	} else if (b->left > 8) {
		/* What follows is looked at: it may be the next container. */
		trace_bad_byte(t, b->container_at, "the container ends before its length says");
	} else {
		rc = trace_skip(t, b->left);
	}
	end_container(b);
	return rc < 0 ? rc : 1;
}

/* ---- objects ---- */

/*
 * Makes n bytes (at most OBJ_BYTES) of objects lie at obj + pos. 1; 0: there are fewer; -errno; 2:
 * the object at hand ended with a damaged container and is forgotten.
 */
static int need_more(struct trace *t, struct blf_reader *b, uint32_t n)
{
	int rc;

	while (b->len - b->pos < n) {
		if (b->broke) {
			b->broke = false;
			b->pos = b->len = 0;
			b->skip = 0;
			return 2;
		}
		if (b->pos) {
			memmove(b->obj, b->obj + b->pos, b->len - b->pos);
			b->len -= b->pos;
			b->pos = 0;
		}
		rc = pump(t, b);
		if (rc <= 0)
			return rc;
	}
	return 1;
}

static inline int need(struct trace *t, struct blf_reader *b, uint32_t n)
{
	return b->len - b->pos >= n ? 1 : need_more(t, b, n);
}

static int skip_object(struct trace *t, struct blf_reader *b)
{
	while (b->skip) {
		uint32_t n = (uint32_t)MIN(b->skip, (uint64_t)(b->len - b->pos));
		int rc;

		b->pos += n;
		b->skip -= n;
		if (!b->skip)
			break;
		rc = need(t, b, 1);
		if (rc <= 0)
			return rc;
	}
	return 1;
}

/* To the next beginning of an object, whose base is then readable. 1; 0 at the end; -errno. */
static int find_object(struct trace *t, struct blf_reader *b)
{
	for (;;) {
		const uint8_t *found;
		uint32_t n;
		int rc = need(t, b, sizeof(struct blf_base));

		if (rc == 2)
			continue;
		if (rc <= 0) {
			/* Padding behind the last one is no loss. */
			if (rc == 0 && b->len - b->pos > 3 && !b->searching)
				(void)trace_cut_off(t, trace_offset(t), "an object");
			return rc;
		}
		if (memcmp(b->obj + b->pos, BLF_OBJECT_MAGIC, 4) == 0) {
			b->searching = false;
			return 1;
		}
		found = memmem(b->obj + b->pos + 1, b->len - b->pos - 1, BLF_OBJECT_MAGIC, 4);
		n = found ? (uint32_t)(found - (b->obj + b->pos)) : b->len - b->pos - 3;
		if (n > 3 && !b->searching) {
			trace_bad_byte(t, b->container_at,
				"in this container no object begins where one should");
			b->searching = true;
		}
		b->pos += n;
	}
}

/* ---- frames ---- */

static void set_id(struct canfd_frame *f, uint32_t id)
{
	f->can_id = id & BLF_ID_EXT ? CAN_EFF_FLAG | (id & CAN_EFF_MASK) : id & CAN_SFF_MASK;
}

static void set_classic(struct canfd_frame *f, uint32_t dlc, const uint8_t *data, bool remote)
{
	f->len = (uint8_t)MIN(dlc, CAN_MAX_DLEN);
	f->__res1 = (uint8_t)(dlc > CAN_MAX_DLEN && dlc <= CAN_MAX_RAW_DLC ? dlc : 0);
	if (remote)
		f->can_id |= CAN_RTR_FLAG;
	else
		memcpy(f->data, data, f->len);
}

static void set_error(struct canfd_frame *f, uint32_t class, const uint8_t *data)
{
	f->can_id = CAN_ERR_FLAG | (class ? class & CAN_ERR_MASK : 0x80 /* CAN_ERR_BUSERROR */);
	f->len = CAN_MAX_DLEN;
	if (data)
		memcpy(f->data, data, CAN_MAX_DLEN);
}

/* The code says it; a code that is none leaves the number of bytes. */
static uint32_t fd_len(uint32_t code, uint32_t valid)
{
	return code <= 15 ? line_fd_len_of_code(code) : line_fd_len(MIN(valid, CANFD_MAX_DLEN));
}

static const char *read_can(const uint8_t *p, uint32_t n, struct trace_frame *o, uint32_t *channel)
{
	struct blf_can c;

	if (n < sizeof(c))
		return "a CAN message is too short";
	memcpy(&c, p, sizeof(c));
	*channel = le16_get(c.channel);
	o->flags = c.flags & BLF_CAN_TX ? TRACE_DIR_TX : TRACE_DIR_RX;
	set_id(&o->f, le32_get(c.id));
	set_classic(&o->f, c.dlc, c.data, c.flags & BLF_CAN_REMOTE);
	return NULL;
}

static const char *read_fd(const uint8_t *p, uint32_t n, struct trace_frame *o, uint32_t *channel)
{
	struct blf_fd c = { .flags = 0 };
	uint32_t len;

	/* Some writers leave out what the data do not need. */
	if (n < offsetof(struct blf_fd, data))
		return "a CAN FD message is too short";
	memcpy(&c, p, MIN(n, sizeof(c)));
	*channel = le16_get(c.channel);
	o->flags = c.flags & BLF_CAN_TX ? TRACE_DIR_TX : TRACE_DIR_RX;
	set_id(&o->f, le32_get(c.id));
	if (!(c.fd_flags & BLF_FD_EDL)) {
		set_classic(&o->f, c.dlc, c.data, c.flags & BLF_CAN_REMOTE);
		return NULL;
	}
	len = fd_len(c.dlc, c.valid);
	o->f.len = (uint8_t)len;
	o->f.flags = (uint8_t)(CANFD_FDF | (c.fd_flags & BLF_FD_BRS ? CANFD_BRS : 0) |
			       (c.fd_flags & BLF_FD_ESI ? CANFD_ESI : 0));
	memcpy(o->f.data, c.data, MIN(len, (uint32_t)MIN(c.valid, 64)));
	return NULL;
}

static const char *read_fd64(const uint8_t *p, uint32_t n, struct trace_frame *o, uint32_t *channel)
{
	struct blf_fd64 c;
	uint8_t data[CANFD_MAX_DLEN] = { 0 };
	uint32_t flags, len;

	if (n < sizeof(c))
		return "a CAN FD message (64) is too short";
	memcpy(&c, p, sizeof(c));
	len = MIN(MIN((uint32_t)c.valid, CANFD_MAX_DLEN), n - (uint32_t)sizeof(c));
	memcpy(data, p + sizeof(c), len);
	*channel = c.channel;
	flags = le32_get(c.flags);
	o->flags = c.dir ? TRACE_DIR_TX : TRACE_DIR_RX;
	set_id(&o->f, le32_get(c.id));
	if (!(flags & BLF_FD64_EDL)) {
		set_classic(&o->f, c.dlc, data, flags & BLF_FD64_REMOTE);
		return NULL;
	}
	len = fd_len(c.dlc, c.valid);
	o->f.len = (uint8_t)len;
	o->f.flags = (uint8_t)(CANFD_FDF | (flags & BLF_FD64_BRS ? CANFD_BRS : 0) |
			       (flags & BLF_FD64_ESI ? CANFD_ESI : 0));
	memcpy(o->f.data, data, len);
	return NULL;
}

static const char *read_error(
	uint32_t type, const uint8_t *p, uint32_t n, struct trace_frame *o, uint32_t *channel)
{
	struct blf_error_ext c = { .ecc = 0 };

	o->flags = TRACE_DIR_RX;
	if (n < sizeof(struct blf_error))
		return "an error frame is too short";
	*channel = type == BLF_CAN_FD_ERROR64 ? p[0] : (uint32_t)(p[0] | p[1] << 8);
	if (type != BLF_CAN_ERROR_EXT || n < sizeof(c)) {
		set_error(&o->f, 0, NULL);
		return NULL;
	}
	memcpy(&c, p, sizeof(c));
	/* Programs that know no hardware's codes put the class and the bytes of SocketCAN here;
	 * where there are codes, the identifier is that of the frame that was hit. */
	if (le32_get(c.flags) == 0 && c.ecc == 0 && c.position == 0 && le16_get(c.length) == 0)
		set_error(&o->f, le32_get(c.id) & CAN_ERR_MASK, c.data);
	else
		set_error(&o->f, 0, NULL);
	return NULL;
}

/* Behind an object's header. False: not CAN; *why: broken. */
static bool read_frame(uint32_t type, const uint8_t *p, uint32_t n, struct trace_frame *o,
	uint32_t *channel, const char **why)
{
	memset(&o->f, 0, sizeof(o->f));
	switch (type) {
	case BLF_CAN_MESSAGE:
	case BLF_CAN_MESSAGE2:
		*why = read_can(p, n, o, channel);
		return true;
	case BLF_CAN_FD:
		*why = read_fd(p, n, o, channel);
		return true;
	case BLF_CAN_FD_64:
		*why = read_fd64(p, n, o, channel);
		return true;
	case BLF_CAN_ERROR:
	case BLF_CAN_ERROR_EXT:
	case BLF_CAN_FD_ERROR64:
		*why = read_error(type, p, n, o, channel);
		return true;
	default:
		return false;
	}
}

/* The flags and the time are at the same place in both versions of the header. */
static uint64_t object_time(const uint8_t *p)
{
	struct blf_v1 v1;
	uint64_t time;

	memcpy(&v1, p, sizeof(v1));
	time = le64_get(v1.time);
	if (le32_get(v1.flags) == BLF_TIME_10US)
		return time < UINT64_MAX / 10000 ? time * 10000 : UINT64_MAX;
	return time;
}

static int blf_next(struct trace *t, struct trace_frame *out)
{
	struct blf_reader *b = t->bin.blf;

	for (;;) {
		uint32_t size, header, look, channel = 0;
		const char *why = NULL;
		const uint8_t *p;
		struct blf_base h;
		int rc = 1;

		if (b->skip <= b->len - b->pos) {
			b->pos += (uint32_t)b->skip;
			b->skip = 0;
		} else {
			rc = skip_object(t, b);
		}
		if (rc > 0)
			rc = find_object(t, b);
		else if (rc == 0 && b->skip)
			return trace_cut_off(t, trace_offset(t), "an object");
		if (rc <= 0)
			return rc;
		memcpy(&h, b->obj + b->pos, sizeof(h));
		size = le32_get(h.object_bytes);
		header = le16_get(h.header_bytes);
		t->st.lines++;
		if (header < sizeof(h) + sizeof(struct blf_v1) || header > 512 || size < header) {
			trace_bad_byte(t, b->container_at,
				"an object in this container has an impossible length");
			b->pos += 4;
			b->searching = true;
			continue;
		}
		look = MIN(size, header + LOOK_BYTES);
		rc = need(t, b, look);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return trace_cut_off(t, trace_offset(t), "an object");
		if (rc == 2)
			continue;
		p = b->obj + b->pos;
		b->skip = size;
		if (!read_frame(le32_get(h.type), p + header, look - header, out, &channel, &why)) {
			t->st.skipped++;
			continue;
		}
		if (why) {
			trace_bad_byte(t, b->container_at, why);
			continue;
		}
		out->t_ns = object_time(p + sizeof(h));
		out->channel = trace_channel_number(t, channel);
		if (out->channel == TRACE_MAX_CHANNELS) {
			trace_bad_byte(t, b->container_at, "more channels than a trace may have");
			continue;
		}
		return 1;
	}
}

const struct reader_ops reader_blf = {
	.info = { .id = TRACE_BLF,
		.name = "blf",
		.title = "Vector BLF",
		.extensions = { "blf", NULL },
		.holds = TRACE_HOLDS_FD | TRACE_HOLDS_FD_FLAGS | TRACE_HOLDS_REMOTE |
			 TRACE_HOLDS_ERROR | TRACE_HOLDS_ERROR_OF | TRACE_HOLDS_DIR |
			 TRACE_HOLDS_CHANNEL | TRACE_HOLDS_EPOCH | TRACE_HOLDS_RAW_DLC |
			 TRACE_WRITES,
		.tick_ns = 1 },
	.magic = blf_magic,
	.start = blf_start,
	.next = blf_next,
	.end = blf_end,
};
