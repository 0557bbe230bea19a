/* SPDX-License-Identifier: Apache-2.0 */
/* The candump recorder; see record.h. */
#include "sim/trace/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "sim/trace/put.h"

#define BUF_BYTES     65536u
#define CHANNEL_BYTES 32u

struct record {
	int fd;
	char channel[CHANNEL_BYTES];
	struct ev_timer timer;
	int rc; /* the first failure */
	uint64_t frames, lost;
	uint64_t bytes, limit; /* put into the buffer so far, at most */
	bool full;
	uint32_t len, buffered; /* bytes and frames in buf */
	char buf[BUF_BYTES];
};

uint32_t record_format(char line[RECORD_LINE_BYTES], uint64_t t_ns, const char *channel,
	const struct canfd_frame *f)
{
	size_t n = strnlen(channel, CHANNEL_BYTES - 1);
	bool fd = f->flags & CANFD_FDF;
	uint8_t len = (uint8_t)MIN(f->len, fd ? CANFD_MAX_DLEN : CAN_MAX_DLEN);
	char *p = line;

	*p++ = '(';
	p = put_decimal(p, t_ns / NS_PER_S, 10);
	*p++ = '.';
	p = put_decimal(p, t_ns % NS_PER_S / NS_PER_US, 6);
	*p++ = ')';
	*p++ = ' ';
	memcpy(p, channel, n);
	p += n;
	*p++ = ' ';
	if (f->can_id & CAN_ERR_FLAG)
		p = put_hex(p, f->can_id & (CAN_ERR_FLAG | CAN_ERR_MASK), 8);
	else if (f->can_id & CAN_EFF_FLAG)
		p = put_hex(p, f->can_id & CAN_EFF_MASK, 8);
	else
		p = put_hex(p, f->can_id & CAN_SFF_MASK, 3);
	*p++ = '#';
	if (fd) {
		*p++ = '#';
		p = put_hex(p, f->flags & (CANFD_BRS | CANFD_ESI), 1);
	} else if (f->can_id & CAN_RTR_FLAG) {
		*p++ = 'R';
		if (len)
			p = put_hex(p, len, 1);
		len = 0;
	}
	for (uint8_t i = 0; i < len; i++)
		p = put_hex(p, f->data[i], 2);
	if (!fd && f->len == CAN_MAX_DLEN && f->__res1 > CAN_MAX_DLEN &&
		f->__res1 <= CAN_MAX_RAW_DLC) {
		*p++ = '_';
		p = put_hex(p, f->__res1, 1);
	}
	*p++ = '\n';
	return (uint32_t)(p - line);
}

int record_flush(struct record *r)
{
	if (r->len && r->rc == 0) {
		r->rc = fd_write_all(r->fd, r->buf, r->len);
		if (r->rc < 0) {
			log_error("recording of %s: %s; it ends here", r->channel, err_name(r->rc));
			/* Which of them reached the disk is not known: none counts. */
			r->frames -= r->buffered;
			r->lost += r->buffered;
		}
	}
	r->len = r->buffered = 0;
	return r->rc;
}

void record_set_limit(struct record *r, uint64_t bytes)
{
	r->limit = bytes;
}

void record_frame(struct record *r, uint64_t t_ns, const struct canfd_frame *f)
{
	record_frame_of(r, r->channel, t_ns, f);
}

void record_frame_of(
	struct record *r, const char *channel, uint64_t t_ns, const struct canfd_frame *f)
{
	uint32_t n;

	if (r->len > BUF_BYTES - RECORD_LINE_BYTES && record_flush(r) < 0)
		r->len = 0;
	if (r->rc < 0) {
		r->lost++;
		return;
	}
	n = r->full ? 0 : record_format(r->buf + r->len, t_ns, channel, f);
	if (r->full || n > r->limit - MIN(r->bytes, r->limit)) {
		if (!r->full)
			log_warn("recording of %s: its file is as large as it may become (%llu "
				 "bytes): later frames are not in it",
				r->channel, (unsigned long long)r->limit);
		r->full = true;
		r->lost++;
		return;
	}
	r->len += n;
	r->bytes += n;
	r->buffered++;
	r->frames++;
}

static void on_timer(struct ev_timer *t, uint64_t now_ns)
{
	struct record *r = t->data;

	if (record_flush(r) == 0)
		ev_timer_at(t, now_ns + NS_PER_S);
}

int record_new(struct record **out, int fd_take, const char *channel, struct ev_loop *loop)
{
	struct record *r = calloc(1, sizeof(*r));
	int rc = r ? 0 : -ENOMEM;

	if (rc == 0 && loop)
		rc = ev_timer_init(loop, &r->timer, on_timer, r);
	if (rc < 0) {
		free(r);
		fd_close(&fd_take);
		return rc;
	}
	r->fd = fd_take;
	r->limit = UINT64_MAX;
	(void)snprintf(r->channel, sizeof(r->channel), "%s", channel);
	if (loop)
		ev_timer_at(&r->timer, clock_now_ns() + NS_PER_S);
	*out = r;
	return 0;
}

int record_free(struct record *r)
{
	int rc;

	if (!r)
		return 0;
	rc = record_flush(r);
	ev_timer_fini(&r->timer);
	fd_close(&r->fd);
	free(r);
	return rc;
}

uint64_t record_frames(const struct record *r)
{
	return r->frames;
}

uint64_t record_lost(const struct record *r)
{
	return r->lost;
}
