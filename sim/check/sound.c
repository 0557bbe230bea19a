/* SPDX-License-Identifier: Apache-2.0 */
/* Reading of recordings: audio files, and the table that says when which frame was heard. */
#include "sim/check/sound.h"

#include <errno.h>
#include <limits.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_FRAMES 4096
#define MAX_CHANNELS 32

struct reader {
	const char *prefix;
	const struct sound_mark *marks;
	size_t n_marks;
	double from_ns, to_ns;
	sound_sink sink;
	void *ctx;
	uint32_t channels; /* the most so far */
	/* the open file */
	unsigned int number; /* 0: none */
	SNDFILE *file;
	SF_INFO info;
	float *buf;
	double ended_ns; /* of the last block that was handed over; < 0: none */
};

/* Part of a file: from `frame` on it was heard from host_ns on. */
struct segment {
	unsigned int file;
	uint64_t frame, host_ns;
};

double sound_bench_ns(const struct sound_mark *marks, size_t n, uint64_t host_ns)
{
	const struct sound_mark *m = &marks[0];

	for (size_t i = 1; i < n && marks[i].host_ns <= host_ns; i++)
		m = &marks[i];
	return (double)m->t_ns + ((double)host_ns - (double)m->host_ns);
}

static int open_file(struct reader *r, unsigned int number, struct err *e)
{
	static const char *const kinds[] = { "wav", "flac" };
	char path[1400];

	if (r->number == number)
		return 0;
	if (r->file)
		sf_close(r->file);
	r->file = NULL;
	free(r->buf);
	r->buf = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(kinds) && !r->file; i++) {
		if (number == 1)
			snprintf(path, sizeof(path), "%s.%s", r->prefix, kinds[i]);
		else
			snprintf(path, sizeof(path), "%s-%u.%s", r->prefix, number, kinds[i]);
		r->info = (SF_INFO){ 0 };
		r->file = sf_open(path, SFM_READ, &r->info);
	}
	if (!r->file || r->info.channels < 1 || r->info.channels > MAX_CHANNELS ||
		r->info.samplerate < 1)
		return err_set(e, -EINVAL, "recording %s cannot be read: %s", path,
			r->file ? "strange format" : sf_strerror(NULL));
	r->number = number;
	r->channels = MAX(r->channels, (uint32_t)r->info.channels);
	r->buf = malloc(sizeof(float) * BLOCK_FRAMES * (size_t)r->info.channels);
	return r->buf ? 0 : err_set(e, -ENOMEM, "no memory to read %s", path);
}

/* Hands over `frames` frames of the open file, as far as they lie in the window. */
static int read_segment(struct reader *r, const struct segment *s, uint64_t frames, struct err *e)
{
	const double per_ns = r->info.samplerate * 1e-9,
		     t0 = sound_bench_ns(r->marks, r->n_marks, s->host_ns);
	uint64_t skip = 0;

	if (t0 < r->from_ns)
		skip = (uint64_t)((r->from_ns - t0) * per_ns);
	if (skip >= frames || t0 >= r->to_ns)
		return 0;
	frames = MIN(frames, (uint64_t)((r->to_ns - t0) * per_ns) + 1);
	if (sf_seek(r->file, (sf_count_t)(s->frame + skip), SEEK_SET) < 0)
		return err_set(e, -EINVAL, "recording %s ends early", r->prefix);
	while (skip < frames) {
		struct sound_block b = { .t_ns = t0 + (double)skip / per_ns,
			.x = r->buf,
			.channels = (uint32_t)r->info.channels,
			.rate_hz = (uint32_t)r->info.samplerate };
		sf_count_t n = sf_readf_float(
			r->file, r->buf, (sf_count_t)MIN(frames - skip, (uint64_t)BLOCK_FRAMES));

		/* A run that was cut short leaves what it has. */
		if (n <= 0)
			break;
		b.frames = (uint32_t)n;
		b.joined = r->ended_ns >= 0 && b.t_ns - r->ended_ns < 1e6 &&
			   r->ended_ns - b.t_ns < 1e6;
		r->sink(r->ctx, &b);
		skip += (uint64_t)n;
		r->ended_ns = b.t_ns + (double)n / per_ns;
	}
	return 0;
}

/* "1,48000,24644315817667" */
static bool parse_segment(const char *line, struct segment *s)
{
	unsigned long long v[3];
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		v[i] = strtoull(line, &end, 10);
		if (end == line || *end != (i < 2 ? ',' : '\n'))
			return false;
		line = end + 1;
	}
	*s = (struct segment){ (unsigned int)v[0], v[1], v[2] };
	return v[0] > 0 && v[0] < UINT_MAX;
}

/* The next line of the table; false at its end. */
static bool next_segment(FILE *f, struct segment *s)
{
	char line[128];

	while (fgets(line, sizeof(line), f)) {
		if (parse_segment(line, s))
			return true;
	}
	return false;
}

static int read_all(struct reader *r, FILE *times, struct err *e)
{
	struct segment s, next;
	bool more = next_segment(times, &s);
	int rc = 0;

	while (more && rc == 0) {
		uint64_t end;

		rc = open_file(r, s.file, e);
		more = next_segment(times, &next);
		end = (uint64_t)(rc == 0 && r->info.frames > 0 ? r->info.frames : 0);
		if (more && next.file == s.file)
			end = MIN(end, next.frame);
		if (rc == 0 && end > s.frame)
			rc = read_segment(r, &s, end - s.frame, e);
		s = next;
	}
	return rc;
}

int sound_read(const char *prefix, const struct sound_mark *marks, size_t n_marks, uint64_t from_ns,
	uint64_t to_ns, sound_sink sink, void *ctx, uint32_t *channels, struct err *e)
{
	struct reader r = { .prefix = prefix,
		.marks = marks,
		.n_marks = n_marks,
		.from_ns = (double)from_ns,
		.to_ns = (double)to_ns,
		.sink = sink,
		.ctx = ctx,
		.ended_ns = -1 };
	char path[1400];
	FILE *times;
	int rc;

	*channels = 0;
	if (n_marks == 0)
		return err_set(e, -EINVAL, "the clock never ran");
	snprintf(path, sizeof(path), "%s.times.csv", prefix);
	times = fopen(path, "re");
	if (!times)
		return errno == ENOENT ? -ENOENT : err_errno(e, errno, "%s", path);
	rc = read_all(&r, times, e);
	fclose(times);
	if (r.file)
		sf_close(r.file);
	free(r.buf);
	*channels = r.channels;
	return rc;
}
