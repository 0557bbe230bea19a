/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers, inside: what a format gives to trace.c, and what it gets from there. Text formats read
 * lines, binary ones read bytes; both through the trace's one buffer. Not for others.
 */
#pragma once

#include <stdint.h>

#include "sim/trace/line.h"
#include "sim/trace/trace.h"

/* Bytes read at once; also the longest line, and the most that trace_need() can give. */
#define TRACE_BUF_BYTES 262144u

struct blf_reader;
struct mf4_reader;
struct pcap_reader;

/* What text formats remember from line to line. Zero is the beginning. */
union line_state {
	struct asc_state asc;
	struct trc_state trc;
	struct csv_state csv;
};

struct trace {
	char name[128];
	struct trace_options opt;
	enum trace_format format;
	const struct reader_ops *ops;
	bool delta; /* stamps count from the frame before */
	int fd; /* -1: in memory */
	const uint8_t *mem;
	uint64_t mem_len, mem_off;
	uint8_t *buf;
	uint32_t pos, len; /* what is unread in buf */
	uint64_t base; /* offset in the file of buf[0] */
	bool eof;
	bool overlong; /* in the middle of a line that is longer than the buffer */
	union line_state line_state;
	union {
		struct blf_reader *blf;
		struct mf4_reader *mf4;
		struct pcap_reader *pcap;
		void *any;
	} bin;
	bool epoch_known;
	uint64_t epoch_ns;
	char dialect[32];
	uint64_t t_ns;
	uint64_t line; /* number of the current one */
	uint32_t reports;
	uint32_t last_chan;
	uint32_t
		last_number; /* the number that last_number_chan is; 0 and nothing known at first */
	uint32_t last_number_chan;
	uint32_t n_chan;
	struct {
		uint32_t len;
		char name[TRACE_CHANNEL_BYTES];
	} chan[TRACE_MAX_CHANNELS];
	struct trace_stats st;
};

struct reader_ops {
	struct trace_format_info info;
	/*
	 * Text: one line; `o` is zeroed by it. A format has either this or the next two.
	 */
	enum line_kind (*line)(
		union line_state *st, const char *s, const char *end, struct line_out *o);
	/* Binary: true when the file begins like this format. */
	bool (*magic)(const uint8_t *s, uint32_t n);
	/* Makes t->bin at the beginning of the file, or begins again with the one there is. */
	int (*start)(struct trace *t);
	/* As trace_next; sets all of *out but t_ns's bookkeeping. */
	int (*next)(struct trace *t, struct trace_frame *out);
	void (*end)(struct trace *t);
};

extern const struct reader_ops reader_blf, reader_mf4, reader_pcap, reader_pcapng;

/* Makes n bytes (at most TRACE_BUF_BYTES) readable at *p without consuming them. 1; 0: the file has
 * less, *have (may be NULL) of them; -errno. */
MUST_CHECK int trace_need(struct trace *t, uint32_t n, const uint8_t **p, uint32_t *have);
/* Consumes n bytes that were made readable. */
static inline void trace_took(struct trace *t, uint32_t n)
{
	t->pos += n;
}
/* Consumes n bytes whatever their number. 1; 0: the file has less; -errno. */
MUST_CHECK int trace_skip(struct trace *t, uint64_t n);
/* Offset in the file of the next byte. */
static inline uint64_t trace_offset(const struct trace *t)
{
	return t->base + t->pos;
}

/* Counts and reports something malformed at a byte of a binary file. */
void trace_bad_byte(struct trace *t, uint64_t offset, const char *why);
/* The file ends in the middle of something that began at `offset`; always returns 0. */
int trace_cut_off(struct trace *t, uint64_t offset, const char *what);
/* Number of a channel; TRACE_MAX_CHANNELS when there are too many. */
uint32_t trace_channel(struct trace *t, const char *name, uint32_t len);
uint32_t trace_channel_number(struct trace *t, uint32_t number);

/* The format a buffer's beginning has; TRACE_AUTO for none. */
enum trace_format trace_sniff(const uint8_t *s, uint32_t n);
const struct reader_ops *trace_ops(enum trace_format f);
