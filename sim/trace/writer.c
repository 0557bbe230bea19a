/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all trace writers share: the buffer, channels by name or number, stamps by the epoch or by a
 * start, and the account of what is lost. See writer.h.
 */
#include "sim/trace/writer.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sim/trace/writer_ops.h"

static const struct writer_ops *const writers[TRACE_FORMATS] = {
	[TRACE_CANDUMP] = &writer_candump,
	[TRACE_ASC] = &writer_asc,
	[TRACE_BLF] = &writer_blf,
	[TRACE_TRC] = &writer_trc,
	[TRACE_PCAPNG] = &writer_pcapng,
	[TRACE_PCAP] = &writer_pcap,
	[TRACE_CSV] = &writer_csv,
};

/* ---- bytes ---- */

int writer_flush(struct trace_writer *w)
{
	if (w->len && !w->rc) {
		w->rc = fd_write_all(w->fd, w->buf, w->len);
		w->written_bytes += w->len;
	}
	w->len = 0;
	return w->rc;
}

int writer_room(struct trace_writer *w, uint32_t n, char **p)
{
	if (n > WRITER_BUF_BYTES - w->len && writer_flush(w) < 0)
		return w->rc;
	*p = w->buf + w->len;
	return w->rc;
}

void writer_wrote(struct trace_writer *w, const char *end)
{
	w->len = (uint32_t)(end - w->buf);
}

int writer_append(struct trace_writer *w, const void *p, uint64_t n)
{
	const char *from = p;

	while (n) {
		uint32_t k = (uint32_t)MIN(n, (uint64_t)(WRITER_BUF_BYTES - w->len));

		memcpy(w->buf + w->len, from, k);
		w->len += k;
		from += k;
		n -= k;
		if (n && writer_flush(w) < 0)
			return w->rc;
	}
	return w->rc;
}

/* ---- channels ---- */

static bool is_taken(const struct trace_writer *w, uint32_t number)
{
	for (uint32_t i = 0; i < w->n_chan; i++) {
		if (w->chan[i].number == number)
			return true;
	}
	return false;
}

/*
 * A number for a name: its own, or one more than the number at its end; the first free one where it
 * has none or another channel has it. *comes_back: the name is the one that readers make of it
 * again.
 */
static uint32_t number_for(const struct trace_writer *w, const char *name, bool *comes_back)
{
	size_t len = strlen(name), digits = len;
	uint32_t n = 0;

	while (digits && isdigit((unsigned char)name[digits - 1]))
		digits--;
	if (len - digits >= 1 && len - digits <= 3)
		n = (uint32_t)strtoul(name + digits, NULL, 10) + (digits ? 1 : 0);
	*comes_back = digits == 0 || (digits == 3 && memcmp(name, "can", 3) == 0);
	/* BLF has one byte for it in some objects; 0 is nobody's. */
	if (n == 0 || n > 255 || is_taken(w, n)) {
		*comes_back = false;
		for (n = 1; is_taken(w, n); n++)
			;
	}
	return n;
}

/* A name of a number, and of a name a word: lines have columns. */
static void name_channel(struct writer_channel *c)
{
	size_t n = strlen(c->from);

	if (n == 0 || isdigit((unsigned char)c->from[0])) {
		(void)snprintf(c->name, sizeof(c->name), "can%u", c->number - 1);
		return;
	}
	memcpy(c->name, c->from, n + 1);
	for (char *p = c->name; *p; p++) {
		if (*p <= ' ' || *p > '~' || strchr(",;#\"", *p))
			*p = '_';
	}
}

/* A channel's place; TRACE_MAX_CHANNELS when there are too many. */
static uint32_t channel_of(struct trace_writer *w, const char *name)
{
	bool comes_back;
	uint32_t i;

	if (w->n_chan && strcmp(w->chan[w->last_chan].from, name) == 0)
		return w->last_chan;
	for (i = 0; i < w->n_chan; i++) {
		if (strcmp(w->chan[i].from, name) == 0)
			return w->last_chan = i;
	}
	if (i == TRACE_MAX_CHANNELS)
		return i;
	(void)snprintf(w->chan[i].from, TRACE_CHANNEL_BYTES, "%s", name);
	w->chan[i].number = number_for(w, w->chan[i].from, &comes_back);
	name_channel(&w->chan[i]);
	if (!(w->holds & TRACE_HOLDS_CHANNEL))
		comes_back = comes_back && w->chan[i].number == 1;
	if (!(w->holds & TRACE_HOLDS_NAME) && !comes_back)
		w->lost.n[LOSS_NAME]++;
	w->n_chan++;
	return w->last_chan = i;
}

/* ---- what is lost ---- */

static const char *const loss_texts[TRACE_LOSSES] = {
	[LOSS_FD] = "CAN FD frames (left out)",
	[LOSS_FD_FLAGS] = "the bit-rate switch and error state of frames",
	[LOSS_REMOTE] = "remote frames (left out)",
	[LOSS_ERROR] = "error frames (left out)",
	[LOSS_ERROR_OF] = "what error frames say (that there was an error is kept)",
	[LOSS_DIR] = "the direction of frames",
	[LOSS_CHANNEL] = "the channel of frames",
	[LOSS_NAME] = "names of channels (numbers now)",
	[LOSS_RAW_DLC] = "length codes above 8 (8 now)",
	[LOSS_FRACTION] = "the last digits of time stamps (cut off)",
	[LOSS_BEFORE] = "time stamps from before the trace's start (0 now)",
	[LOSS_TIME] = "time stamps that large (the largest possible now)",
};

const char *trace_loss_text(enum trace_loss kind)
{
	return loss_texts[kind];
}

bool trace_loses(const struct trace_losses *l)
{
	for (unsigned int i = 0; i < TRACE_LOSSES; i++) {
		if (l->n[i])
			return true;
	}
	return false;
}

void trace_writer_losses(const struct trace_writer *w, struct trace_losses *out)
{
	*out = w->lost;
}

uint64_t trace_writer_frames(const struct trace_writer *w)
{
	return w->frames;
}

static bool says_more(const struct canfd_frame *f)
{
	static const uint8_t zeros[CAN_MAX_DLEN];

	return (f->can_id & CAN_ERR_MASK) != 0x80 /* CAN_ERR_BUSERROR */ ||
	       memcmp(f->data, zeros, sizeof(zeros)) != 0;
}

/* False: this frame is left out. Counts what is lost. */
static bool count_losses(struct trace_writer *w, const struct trace_frame *f)
{
	uint64_t *lost = w->lost.n;
	bool fd = f->f.flags & CANFD_FDF;

	if (f->f.can_id & CAN_ERR_FLAG) {
		if (!(w->holds & TRACE_HOLDS_ERROR)) {
			lost[LOSS_ERROR]++;
			return false;
		}
		lost[LOSS_ERROR_OF] += !(w->holds & TRACE_HOLDS_ERROR_OF) && says_more(&f->f);
	} else if (fd && !(w->holds & TRACE_HOLDS_FD)) {
		lost[LOSS_FD]++;
		return false;
	} else if (f->f.can_id & CAN_RTR_FLAG && !(w->holds & TRACE_HOLDS_REMOTE)) {
		lost[LOSS_REMOTE]++;
		return false;
	}
	lost[LOSS_FD_FLAGS] +=
		fd && f->f.flags & (CANFD_BRS | CANFD_ESI) && !(w->holds & TRACE_HOLDS_FD_FLAGS);
	lost[LOSS_DIR] += f->flags & (TRACE_DIR_RX | TRACE_DIR_TX) && !(w->holds & TRACE_HOLDS_DIR);
	lost[LOSS_RAW_DLC] += !fd && f->f.__res1 && !(w->holds & TRACE_HOLDS_RAW_DLC);
	return true;
}

/* ---- time ---- */

static uint64_t absolute(const struct trace_writer *w, uint64_t t_ns)
{
	uint64_t t;

	if (!w->cfg.epoch_known)
		return t_ns;
	return __builtin_add_overflow(t_ns, w->cfg.epoch_ns, &t) ? UINT64_MAX : t;
}

/*
 * Formats with a start have it in their header: the one the frames count from, where it can be
 * written exactly, else the whole second before the first frame.
 */
static void set_start(struct trace_writer *w, uint64_t first_ns)
{
	uint64_t epoch = w->cfg.epoch_ns;

	if (!w->cfg.epoch_known)
		return;
	if (epoch && epoch % w->ops->start_tick_ns == 0)
		w->start_ns = epoch;
	else
		w->start_ns = first_ns - first_ns % NS_PER_S;
}

static uint64_t stamp_of(struct trace_writer *w, uint64_t t_ns)
{
	uint64_t t = absolute(w, t_ns);

	if (w->ops->from_start) {
		w->lost.n[LOSS_BEFORE] += t < w->start_ns;
		t = t < w->start_ns ? 0 : t - w->start_ns;
	}
	if (w->ops->max_ns && t > w->ops->max_ns) {
		w->lost.n[LOSS_TIME]++;
		return w->ops->max_ns;
	}
	w->lost.n[LOSS_FRACTION] += t % w->tick_ns != 0;
	return t - t % w->tick_ns;
}

/* ---- life ---- */

static void set_trc_version(struct trace_writer *w)
{
	uint32_t v = w->cfg.trc_version ? w->cfg.trc_version : 21;

	w->cfg.trc_version = v;
	if (v < 20)
		w->holds &= ~(TRACE_HOLDS_FD | TRACE_HOLDS_FD_FLAGS);
	if (v != 21)
		w->holds &= ~TRACE_HOLDS_RAW_DLC;
	if (v == 11 || v == 20)
		w->holds &= ~TRACE_HOLDS_CHANNEL;
	if (v == 11)
		w->tick_ns = 100000;
}

int trace_writer_new(struct trace_writer **out, int fd_take, const char *name,
	const struct trace_writer_config *cfg, struct err *e)
{
	const struct trace_format_info *info = trace_format_of(cfg->format);
	struct trace_writer *w;

	if (!info || !(info->holds & TRACE_WRITES)) {
		fd_close(&fd_take);
		return err_set(e, -ENOTSUP, "%s: %s traces are read, not written", name,
			trace_format_name(cfg->format));
	}
	w = calloc(1, sizeof(*w));
	if (w && cfg->format == TRACE_BLF)
		w->blf = calloc(1, sizeof(*w->blf));
	if (w && w->blf && deflateInit(&w->blf->z, cfg->level ? cfg->level : -1) != Z_OK) {
		free(w->blf);
		w->blf = NULL;
	}
	if (!w || (cfg->format == TRACE_BLF && !w->blf)) {
		free(w);
		fd_close(&fd_take);
		return err_set(e, -ENOMEM, "%s: no memory", name);
	}
	w->fd = fd_take;
	w->cfg = *cfg;
	w->info = info;
	w->ops = writers[cfg->format];
	w->holds = info->holds;
	w->tick_ns = info->tick_ns;
	if (cfg->format == TRACE_TRC)
		set_trc_version(w);
	*out = w;
	return 0;
}

static int begin(struct trace_writer *w, uint64_t first_ns)
{
	w->begun = true;
	if (w->ops->from_start)
		set_start(w, first_ns);
	return w->ops->begin ? w->ops->begin(w) : 0;
}

int trace_write(struct trace_writer *w, const struct trace_frame *f, const char *channel)
{
	struct out_frame o = { .f = &f->f, .flags = f->flags };
	uint32_t known = w->n_chan;
	int rc = w->rc;

	if (rc == 0 && !w->begun)
		rc = begin(w, absolute(w, f->t_ns));
	if (rc < 0 || !count_losses(w, f))
		return rc;
	o.chan = channel_of(w, channel);
	if (o.chan == TRACE_MAX_CHANNELS)
		return -E2BIG;
	if (o.chan && !(w->holds & TRACE_HOLDS_CHANNEL))
		w->lost.n[LOSS_CHANNEL]++;
	if (w->n_chan > known && w->ops->channel)
		rc = w->ops->channel(w, o.chan);
	if (rc < 0)
		return rc;
	o.t_ns = stamp_of(w, f->t_ns);
	w->frames++;
	return w->ops->put(w, &o);
}

int trace_writer_finish(struct trace_writer *w)
{
	int rc = w->rc;

	if (rc == 0 && !w->begun)
		rc = begin(w, absolute(w, 0));
	if (rc == 0 && w->ops->end)
		rc = w->ops->end(w);
	if (rc == 0)
		rc = writer_flush(w);
	/* A full disk of a remote file system may show only now. */
	if (close(w->fd) < 0 && rc == 0)
		rc = -errno;
	w->fd = -1;
	w->rc = rc;
	return rc;
}

void trace_writer_free(struct trace_writer *w)
{
	if (!w)
		return;
	fd_close(&w->fd);
	if (w->blf)
		(void)deflateEnd(&w->blf->z);
	free(w->blf);
	free(w);
}
