/* SPDX-License-Identifier: Apache-2.0 */
/* Writing Vector BLF: objects into containers of 128 KiB, each compressed with zlib. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "sim/trace/blf_wire.h"
#include "sim/trace/line.h"
#include "sim/trace/when.h"
#include "sim/trace/writer_ops.h"

static void set_time(struct blf_time *t, uint64_t ns)
{
	struct when d = when_of(ns);

	/* A date of nothing where none is known. */
	if (ns == 0)
		return;
	t->year = le16_of((uint16_t)d.year);
	t->month = le16_of((uint16_t)d.month);
	t->weekday = le16_of((uint16_t)d.weekday);
	t->day = le16_of((uint16_t)d.day);
	t->hour = le16_of((uint16_t)d.hour);
	t->minute = le16_of((uint16_t)d.minute);
	t->second = le16_of((uint16_t)d.second);
	t->ms = le16_of((uint16_t)(d.ns / 1000000));
}

static void make_header(const struct trace_writer *w, uint8_t out[BLF_FILE_BYTES], uint64_t bytes)
{
	struct blf_file h = {
		.application = 0, .log_major = 2, .log_minor = 6, .log_build = 8, .log_patch = 1
	};

	memcpy(h.magic, BLF_FILE_MAGIC, sizeof(h.magic));
	h.header_bytes = le32_of(BLF_FILE_BYTES);
	h.file_bytes = le64_of(bytes);
	h.uncompressed_bytes = le64_of(BLF_FILE_BYTES + w->blf->plain_bytes);
	h.objects = le32_of((uint32_t)MIN(w->blf->objects, (uint64_t)UINT32_MAX));
	set_time(&h.start, w->start_ns);
	if (w->start_ns)
		set_time(&h.stop, w->start_ns + w->blf->last_ns);
	memset(out, 0, BLF_FILE_BYTES);
	memcpy(out, &h, sizeof(h));
}

static int blf_begin(struct trace_writer *w)
{
	uint8_t h[BLF_FILE_BYTES];

	make_header(w, h, 0);
	return writer_append(w, h, sizeof(h));
}

/* What is in the chunk becomes a container. */
static int flush_chunk(struct trace_writer *w)
{
	struct blf_writer *b = w->blf;
	struct blf_base h = { .magic = "LOBJ" };
	struct blf_container c = { .method = le16_of(2) };
	static const uint8_t pad[4];
	uint32_t n;
	int rc;

	if (!b->len)
		return 0;
	b->z.next_in = b->chunk;
	b->z.avail_in = b->len;
	b->z.next_out = b->packed;
	b->z.avail_out = sizeof(b->packed);
	/* zlib adds at most 5 bytes per 16 KiB to what it cannot compress: there is room. */
	if (deflateReset(&b->z) != Z_OK || deflate(&b->z, Z_FINISH) != Z_STREAM_END)
		return w->rc = -EIO;
	n = (uint32_t)(sizeof(b->packed) - b->z.avail_out);
	h.header_bytes = le16_of(sizeof(h));
	h.version = le16_of(1);
	h.object_bytes = le32_of((uint32_t)(sizeof(h) + sizeof(c)) + n);
	h.type = le32_of(BLF_CONTAINER);
	c.uncompressed_bytes = le32_of(b->len);
	b->plain_bytes += sizeof(h) + sizeof(c) + b->len;
	b->len = 0;
	rc = writer_append(w, &h, sizeof(h));
	if (rc == 0)
		rc = writer_append(w, &c, sizeof(c));
	if (rc == 0)
		rc = writer_append(w, b->packed, n);
	/* As many bytes of padding as are over, which is how the format has it. */
	return rc ? rc : writer_append(w, pad, n % 4);
}

/* Objects go on in the next container where this one is full. */
static int put_object(
	struct trace_writer *w, uint32_t type, uint64_t t_ns, const void *body, uint32_t n)
{
	struct {
		struct blf_base h;
		struct blf_v1 v1;
		uint8_t body[sizeof(struct blf_fd)];
	} o = { .h = { .magic = "LOBJ" } };
	struct blf_writer *b = w->blf;
	const uint8_t *from = (const uint8_t *)&o;
	uint32_t left = (uint32_t)offsetof(typeof(o), body) + n;

	o.h.header_bytes = le16_of(offsetof(typeof(o), body));
	o.h.version = le16_of(1);
	o.h.object_bytes = le32_of(left);
	o.h.type = le32_of(type);
	o.v1.flags = le32_of(BLF_TIME_NS);
	o.v1.time = le64_of(t_ns);
	memcpy(o.body, body, n);
	b->objects++;
	b->last_ns = MAX(b->last_ns, t_ns);
	while (left) {
		uint32_t k = MIN(left, BLF_CHUNK_BYTES - b->len);
		int rc;

		memcpy(b->chunk + b->len, from, k);
		b->len += k;
		from += k;
		left -= k;
		rc = b->len == BLF_CHUNK_BYTES ? flush_chunk(w) : 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int blf_put(struct trace_writer *w, const struct out_frame *o)
{
	const struct canfd_frame *f = o->f;
	le16 channel = le16_of((uint16_t)w->chan[o->chan].number);
	le32 id = le32_of(f->can_id & CAN_EFF_FLAG ? (f->can_id & CAN_EFF_MASK) | BLF_ID_EXT
						   : f->can_id & CAN_SFF_MASK);
	uint8_t tx = o->flags & TRACE_DIR_TX ? BLF_CAN_TX : 0;

	if (f->can_id & CAN_ERR_FLAG) {
		struct blf_error_ext c = { .channel = channel,
			.dlc = CAN_MAX_DLEN,
			.id = le32_of(f->can_id & CAN_ERR_MASK) };

		memcpy(c.data, f->data, sizeof(c.data));
		return put_object(w, BLF_CAN_ERROR_EXT, o->t_ns, &c, sizeof(c));
	}
	if (f->flags & CANFD_FDF) {
		struct blf_fd c = { .channel = channel,
			.flags = tx,
			.dlc = line_fd_code(f->len),
			.id = id,
			.fd_flags = (uint8_t)(BLF_FD_EDL | (f->flags & CANFD_BRS ? BLF_FD_BRS : 0) |
					      (f->flags & CANFD_ESI ? BLF_FD_ESI : 0)),
			.valid = f->len };

		memcpy(c.data, f->data, sizeof(c.data));
		return put_object(w, BLF_CAN_FD, o->t_ns, &c, sizeof(c));
	}
	struct blf_can c = { .channel = channel,
		.flags = (uint8_t)(tx | (f->can_id & CAN_RTR_FLAG ? BLF_CAN_REMOTE : 0)),
		.dlc = f->__res1 ? f->__res1 : f->len,
		.id = id };

	memcpy(c.data, f->data, sizeof(c.data));
	return put_object(w, BLF_CAN_MESSAGE, o->t_ns, &c, sizeof(c));
}

static int blf_end(struct trace_writer *w)
{
	uint8_t h[BLF_FILE_BYTES];
	int rc = flush_chunk(w);

	if (rc == 0)
		rc = writer_flush(w);
	if (rc < 0)
		return rc;
	/* Sizes and counts are known now. A pipe keeps its zeros, which readers live with. */
	make_header(w, h, w->written_bytes);
	if (pwrite(w->fd, h, sizeof(h), 0) != (ssize_t)sizeof(h) && errno != ESPIPE)
		return w->rc = errno ? -errno : -EIO;
	return 0;
}

const struct writer_ops writer_blf = { .from_start = true,
	.start_tick_ns = 1000000,
	.begin = blf_begin,
	.put = blf_put,
	.end = blf_end };
