/* SPDX-License-Identifier: Apache-2.0 */
/* MDF 4: blocks, and data in lists of blocks; see mf4_data.h. */
#include "sim/trace/mf4_data.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/le.h"

#define HEADER_BYTES 24u
#define LINKS_MAX    1000000u
/* The format wants 4 MiB at most. */
#define PLAIN_MAX (UINT64_C(64) << 20)

struct header {
	uint8_t magic[4];
	le32 pad;
	le64 len, links;
};
static_assert(sizeof(struct header) == HEADER_BYTES, "block header");

struct packed { /* data of a DZ block */
	uint8_t type[2], zip, pad;
	le32 columns;
	le64 plain_bytes, bytes;
};
static_assert(sizeof(struct packed) == 24, "compressed block");

int mf4_read(const struct mf4_file *f, uint64_t at, void *out, uint32_t n)
{
	uint32_t done = 0;

	if (at > f->size || n > f->size - at)
		return -EIO;
	if (f->fd < 0) {
		memcpy(out, f->mem + at, n);
		return 0;
	}
	while (done < n) {
		ssize_t k = pread(f->fd, (uint8_t *)out + done, n - done, (off_t)(at + done));

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return -EIO;
		done += (uint32_t)k;
	}
	return 0;
}

int mf4_block(const struct mf4_file *f, uint64_t at, struct mf4_block *out)
{
	struct header h;

	if (at == 0 || mf4_read(f, at, &h, sizeof(h)) < 0 || h.magic[0] != '#' || h.magic[1] != '#')
		return -EBADMSG;
	out->at = at;
	out->len = le64_get(h.len);
	out->links = le64_get(h.links);
	out->id[0] = (char)h.magic[2];
	out->id[1] = (char)h.magic[3];
	out->id[2] = '\0';
	if (out->len < HEADER_BYTES || out->links > LINKS_MAX ||
		out->links * 8 > out->len - HEADER_BYTES)
		return -EBADMSG;
	return 0;
}

uint64_t mf4_link(const struct mf4_file *f, const struct mf4_block *b, uint64_t i)
{
	le64 v;

	if (i >= b->links || mf4_read(f, b->at + HEADER_BYTES + i * 8, &v, sizeof(v)) < 0)
		return 0;
	return le64_get(v);
}

static uint64_t data_at(const struct mf4_block *b)
{
	return b->at + HEADER_BYTES + b->links * 8;
}

static uint64_t data_bytes(const struct mf4_block *b)
{
	return b->len - HEADER_BYTES - b->links * 8;
}

void mf4_fields(
	const struct mf4_file *f, const struct mf4_block *b, uint64_t off, void *out, uint32_t n)
{
	uint64_t have = data_bytes(b);

	memset(out, 0, n);
	have = off < have ? MIN(have - off, (uint64_t)n) : 0;
	if (have && mf4_read(f, data_at(b) + off, out, (uint32_t)have) < 0)
		memset(out, 0, n);
}

void mf4_text(const struct mf4_file *f, uint64_t at, char *out, uint32_t room)
{
	struct mf4_block b;

	out[0] = '\0';
	if (mf4_block(f, at, &b) < 0 || strcmp(b.id, "TX") != 0)
		return;
	mf4_fields(f, &b, 0, out, room - 1);
	out[room - 1] = '\0';
}

/* ---- runs of bytes ---- */

static void blame(struct mf4_data *d, uint64_t at, const char *why)
{
	if (!d->bad_why) {
		d->bad_at = at;
		d->bad_why = why;
	}
	/* Nothing behind it can be placed. */
	d->list = d->next = 0;
}

static void drop_plain(struct mf4_data *d)
{
	free(d->plain);
	d->plain = NULL;
	d->plain_pos = d->plain_len = 0;
}

int mf4_data_start(struct mf4_data *d, const struct mf4_file *f, uint64_t link)
{
	drop_plain(d);
	if (!d->buf)
		d->buf = malloc(MF4_BUF_BYTES);
	if (!d->buf)
		return -ENOMEM;
	d->f = f;
	d->root = d->next = link;
	d->list = d->list_i = d->list_n = 0;
	d->budget = f->size;
	d->left = 0;
	d->bad_at = 0;
	d->bad_why = NULL;
	d->offset = 0;
	d->pos = d->len = 0;
	return 0;
}

void mf4_data_fini(struct mf4_data *d)
{
	drop_plain(d);
	free(d->buf);
	d->buf = NULL;
}

/* Columns of the records were put one behind the other: back to records. */
static void untranspose(struct mf4_data *d, uint64_t columns)
{
	uint64_t rows = columns ? d->plain_len / columns : 0;
	uint8_t *out;

	if (columns < 2 || rows < 2)
		return;
	out = malloc(d->plain_len);
	if (!out)
		return;
	for (uint64_t c = 0; c < columns; c++) {
		for (uint64_t r = 0; r < rows; r++)
			out[r * columns + c] = d->plain[c * rows + r];
	}
	memcpy(out + rows * columns, d->plain + rows * columns, d->plain_len - rows * columns);
	free(d->plain);
	d->plain = out;
}

/* What there is of a compressed block, also where its end is damaged. */
static void unpack(struct mf4_data *d, const struct mf4_block *b)
{
	uint64_t at = data_at(b) + sizeof(struct packed), left;
	z_stream z = { .avail_in = 0 };
	struct packed h;
	uint8_t in[4096];
	int rc = Z_OK;

	mf4_fields(d->f, b, 0, &h, sizeof(h));
	d->plain_len = le64_get(h.plain_bytes);
	left = MIN(le64_get(h.bytes), data_bytes(b) > sizeof(h) ? data_bytes(b) - sizeof(h) : 0);
	/* zlib packs 1032 bytes into one at most. */
	if (d->plain_len > PLAIN_MAX || d->plain_len / 1100 > left || h.zip > 1) {
		d->plain_len = 0;
		blame(d, b->at, "a compressed block has an impossible length or kind");
		return;
	}
	d->plain = malloc(d->plain_len ? d->plain_len : 1);
	if (!d->plain || inflateInit(&z) != Z_OK) {
		d->plain_len = 0;
		blame(d, b->at, "no memory for a compressed block");
		return;
	}
	z.next_out = d->plain;
	z.avail_out = (uInt)d->plain_len;
	while (rc == Z_OK && left) {
		uint32_t n = (uint32_t)MIN(left, (uint64_t)sizeof(in));

		if (mf4_read(d->f, at, in, n) < 0)
			break;
		z.next_in = in;
		z.avail_in = n;
		rc = inflate(&z, Z_NO_FLUSH);
		at += n;
		left -= n;
	}
	if (z.avail_out) {
		blame(d, b->at, "a compressed block cannot be decompressed to its end");
		d->plain_len -= z.avail_out;
	}
	(void)inflateEnd(&z);
	/* Half of a transposed block is no record at all. */
	if (h.zip == 1 && d->bad_at == b->at)
		d->plain_len = 0;
	else if (h.zip == 1)
		untranspose(d, le32_get(h.columns));
}

/* The next block of the list into d->next. False: the end. */
static bool next_of_list(struct mf4_data *d)
{
	struct mf4_block b;

	while (d->list) {
		if (mf4_block(d->f, d->list, &b) < 0 || strcmp(b.id, "DL") != 0) {
			blame(d, d->list, "a list of data blocks is broken");
			return false;
		}
		d->list_n = b.links;
		if (++d->list_i < d->list_n) {
			d->next = mf4_link(d->f, &b, d->list_i);
			if (d->next)
				return true;
			continue;
		}
		d->list = mf4_link(d->f, &b, 0);
		d->list_i = 0;
		if (d->budget < b.len) {
			blame(d, b.at, "lists of data blocks that go in circles");
			return false;
		}
		d->budget -= b.len;
	}
	return false;
}

static void open_list(struct mf4_data *d, uint64_t at)
{
	if (d->list) {
		blame(d, at, "a list of data blocks in a list");
		return;
	}
	d->list = at;
	d->list_i = 0;
}

/* Opens the next block that has bytes. False: there is none. */
static bool open_block(struct mf4_data *d)
{
	struct mf4_block b;
	uint64_t at;

	for (;;) {
		if (!d->next && !next_of_list(d))
			return false;
		at = d->next;
		d->next = 0;
		if (mf4_block(d->f, at, &b) < 0) {
			blame(d, at, "a link leads to no block");
			return false;
		}
		if (strcmp(b.id, "HL") == 0) {
			open_list(d, mf4_link(d->f, &b, 0));
			continue;
		}
		if (strcmp(b.id, "DL") == 0) {
			open_list(d, at);
			continue;
		}
		/* The last block of a file that was not closed goes on to its end. */
		if (d->f->unfinished && !d->list && b.len <= HEADER_BYTES && d->f->size > at)
			b.len = d->f->size - at;
		if (strcmp(b.id, "DZ") != 0 && strcmp(b.id, "DT") != 0 && strcmp(b.id, "SD") != 0) {
			blame(d, at, "a kind of data block that is not known");
			return false;
		}
		if (b.len > d->f->size - at) {
			/* What there is of it is taken. */
			b.len = d->f->size - at;
			if (!d->bad_why) {
				d->bad_at = at;
				d->bad_why = "a data block is longer than the file";
			}
		}
		if (b.len < HEADER_BYTES + b.links * 8 || d->budget < b.len) {
			blame(d, at, "a data block is used twice");
			return false;
		}
		d->budget -= b.len;
		d->from = data_at(&b);
		d->left = 0;
		if (strcmp(b.id, "DZ") == 0) {
			d->from = at;
			unpack(d, &b);
		} else {
			d->left = data_bytes(&b);
		}
		if (d->left || d->plain_len)
			return true;
		drop_plain(d);
	}
}

/* More bytes behind those in buf. False: there are none. */
static bool fill(struct mf4_data *d)
{
	uint32_t room = MF4_BUF_BYTES - d->len, n;

	while (!d->left && d->plain_pos == d->plain_len) {
		drop_plain(d);
		if (!open_block(d))
			return false;
	}
	if (d->plain) {
		n = (uint32_t)MIN((uint64_t)room, d->plain_len - d->plain_pos);
		memcpy(d->buf + d->len, d->plain + d->plain_pos, n);
		d->plain_pos += n;
	} else {
		n = (uint32_t)MIN((uint64_t)room, d->left);
		if (mf4_read(d->f, d->from, d->buf + d->len, n) < 0) {
			blame(d, d->from, "cannot be read");
			d->left = 0;
			return false;
		}
		d->from += n;
		d->left -= n;
	}
	d->len += n;
	return true;
}

bool mf4_need(struct mf4_data *d, uint32_t n, const uint8_t **p, uint32_t *have)
{
	bool all = true;

	if (d->len - d->pos < n && d->pos) {
		memmove(d->buf, d->buf + d->pos, d->len - d->pos);
		d->len -= d->pos;
		d->pos = 0;
	}
	while (d->len - d->pos < n && all)
		all = fill(d);
	*p = d->buf + d->pos;
	if (have)
		*have = d->len - d->pos;
	return d->len - d->pos >= n;
}

void mf4_took(struct mf4_data *d, uint32_t n)
{
	d->pos += n;
	d->offset += n;
}

bool mf4_skip(struct mf4_data *d, uint64_t n)
{
	const uint8_t *p;
	uint32_t have;

	while (n) {
		if (!mf4_need(d, 1, &p, &have))
			return false;
		have = (uint32_t)MIN((uint64_t)have, n);
		mf4_took(d, have);
		n -= have;
	}
	return true;
}

uint64_t mf4_where(const struct mf4_data *d)
{
	/* Stored blocks are known to the byte. */
	return d->plain ? d->from : d->from - (d->len - d->pos);
}
