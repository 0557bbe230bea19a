/* SPDX-License-Identifier: Apache-2.0 */
/* Writers, inside: what a format gives to writer.c, and what it gets from there. Not for others. */
#pragma once

#include <stdint.h>
#include <zlib.h>

#include "sim/trace/writer.h"

#define WRITER_BUF_BYTES 262144u
/* The most that a format writes for one frame. */
#define WRITER_FRAME_BYTES 512u
/* Objects of one BLF container before they are compressed. */
#define BLF_CHUNK_BYTES 131072u

struct blf_writer {
	z_stream z;
	uint64_t objects, plain_bytes; /* plain: as if nothing were compressed */
	uint64_t last_ns; /* the highest stamp */
	uint32_t len;
	uint8_t chunk[BLF_CHUNK_BYTES];
	uint8_t packed[BLF_CHUNK_BYTES + 4096];
};

struct writer_channel {
	char from[TRACE_CHANNEL_BYTES]; /* as the caller calls it */
	char name[TRACE_CHANNEL_BYTES];
	uint32_t number;
};

struct trace_writer {
	int fd;
	struct trace_writer_config cfg;
	const struct writer_ops *ops;
	const struct trace_format_info *info;
	uint32_t holds, tick_ns; /* of the format, in its version */
	int rc; /* the first failure */
	bool begun, finished;
	/* Formats with a start: it, in ns since the epoch (0: not known), and what is subtracted
	 * from frames' absolute times. */
	uint64_t start_ns;
	uint64_t frames, written_bytes;
	struct trace_losses lost;
	uint32_t n_chan, last_chan;
	struct writer_channel chan[TRACE_MAX_CHANNELS];
	struct blf_writer *blf;
	uint32_t len;
	char buf[WRITER_BUF_BYTES];
};

/* A frame as its format writes it: of a kind that it holds. */
struct out_frame {
	uint64_t t_ns; /* counted as the format wants it, a multiple of its tick */
	uint32_t flags; /* TRACE_DIR_* */
	uint32_t chan; /* place in w->chan */
	const struct canfd_frame *f;
};

struct writer_ops {
	/* Stamps count from w->start_ns, not from the epoch. */
	bool from_start;
	uint32_t start_tick_ns; /* with from_start: how exactly the start can be written */
	uint64_t max_ns; /* the highest stamp that can be written; 0: any */
	int (*begin)(struct trace_writer *w);
	/* Called for a channel's first frame, before put(). May be NULL. */
	int (*channel)(struct trace_writer *w, uint32_t chan);
	int (*put)(struct trace_writer *w, const struct out_frame *o);
	int (*end)(struct trace_writer *w); /* may be NULL */
};

extern const struct writer_ops writer_candump, writer_asc, writer_trc, writer_csv, writer_blf,
	writer_pcap, writer_pcapng;

/* Room for n bytes (at most WRITER_FRAME_BYTES) at *p; writer_wrote() keeps them. 0 or -errno. */
MUST_CHECK int writer_room(struct trace_writer *w, uint32_t n, char **p);
void writer_wrote(struct trace_writer *w, const char *end);
/* Appends any number of bytes. 0 or -errno. */
MUST_CHECK int writer_append(struct trace_writer *w, const void *p, uint64_t n);
MUST_CHECK int writer_flush(struct trace_writer *w);
