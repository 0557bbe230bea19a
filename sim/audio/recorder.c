/* SPDX-License-Identifier: Apache-2.0 */
/* Audio files of streams; see recorder.h. */
#include "sim/audio/recorder.h"

#include <errno.h>
#include <pthread.h>
#include <sndfile.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define MAX_TAPS   64u
#define RING_BYTES (4u << 20)
#define POLL_NS    (20 * NS_PER_MS)
/* A sound server's turns are not even; what is further off than this is a gap. */
#define JUMP_NS (30 * NS_PER_MS)
/* Of one stream, so that a guest that plays for ever, or another format each time, does not fill
 * the disk: bytes of samples, files, lines about jumps. A WAV file's own limit is 4 GiB. */
#define MAX_BYTES (UINT64_C(2) << 30)
#define MAX_FILES 100u
#define MAX_JUMPS 200000u

/* In front of each block in a tap's ring. */
struct block {
	uint64_t host_ns;
	uint32_t frames, run;
	uint32_t rate_hz;
	uint16_t format, channels;
};

struct tap {
	char name[160];
	uint8_t *ring;
	_Atomic uint64_t head, tail; /* bytes put, bytes written */
	_Atomic uint64_t lost; /* frames */
	/* the recorder's thread */
	SNDFILE *file;
	FILE *times;
	struct block last; /* format of the open file; run of the last block */
	uint32_t files; /* opened so far */
	uint64_t frames; /* in the open file */
	uint64_t next_ns; /* host time at which the next block is due */
	uint64_t bytes; /* of samples, in all files */
	uint32_t jumps;
	bool failed, full;
};

struct recorder {
	char folder[1024];
	bool flac;
	uint32_t n;
	struct tap tap[MAX_TAPS];
	pthread_t thread;
	bool started;
	atomic_bool stop;
};

int recorder_new(struct recorder **out, const char *folder, bool flac)
{
	struct recorder *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	snprintf(r->folder, sizeof(r->folder), "%s", folder);
	r->flac = flac;
	*out = r;
	return 0;
}

/* Removes a stream's file of an earlier run, whatever it was. */
static void forget_file(const struct recorder *r, const char *name, uint32_t number)
{
	static const char *const kinds[] = { "wav", "flac" };
	char path[1400];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (number == 1)
			snprintf(path, sizeof(path), "%s/%s.%s", r->folder, name, kinds[i]);
		else
			snprintf(path, sizeof(path), "%s/%s-%u.%s", r->folder, name, number,
				kinds[i]);
		unlink(path);
	}
}

int recorder_add(struct recorder *r, const char *name, uint32_t *tap)
{
	struct tap *t = &r->tap[r->n];

	char path[1400];

	if (r->n == MAX_TAPS)
		return -ENOSPC;
	/* What is not written now must not be taken for this run's. */
	forget_file(r, name, 1);
	snprintf(path, sizeof(path), "%s/%s.times.csv", r->folder, name);
	unlink(path);
	t->ring = malloc(RING_BYTES);
	if (!t->ring)
		return -ENOMEM;
	snprintf(t->name, sizeof(t->name), "%s", name);
	*tap = r->n++;
	return 0;
}

uint64_t recorder_lost(const struct recorder *r, uint32_t tap)
{
	return atomic_load(&r->tap[tap].lost);
}

/* ---- the rings ---- */

static void put_bytes(struct tap *t, uint64_t at, const void *from, size_t len)
{
	size_t off = at % RING_BYTES, first = MIN(len, RING_BYTES - off);

	memcpy(t->ring + off, from, first);
	memcpy(t->ring, (const uint8_t *)from + first, len - first);
}

static void get_bytes(const struct tap *t, uint64_t at, void *to, size_t len)
{
	size_t off = at % RING_BYTES, first = MIN(len, RING_BYTES - off);

	memcpy(to, t->ring + off, first);
	memcpy((uint8_t *)to + first, t->ring, len - first);
}

void recorder_put(struct recorder *r, uint32_t tap, const struct pcm_params *p, uint32_t run,
	const void *samples, uint32_t frames, uint64_t now_ns)
{
	struct tap *t = &r->tap[tap];
	struct block b = { .host_ns = now_ns,
		.frames = frames,
		.run = run,
		.rate_hz = p->rate_hz,
		.format = (uint16_t)p->format,
		.channels = (uint16_t)p->channels };
	size_t bytes = (size_t)frames * pcm_frame_bytes(p);
	uint64_t head = atomic_load_explicit(&t->head, memory_order_relaxed);
	uint64_t used = head - atomic_load_explicit(&t->tail, memory_order_acquire);

	if (frames == 0)
		return;
	if (sizeof(b) + bytes > RING_BYTES - used) {
		atomic_fetch_add(&t->lost, frames);
		return;
	}
	put_bytes(t, head, &b, sizeof(b));
	put_bytes(t, head + sizeof(b), samples, bytes);
	atomic_store_explicit(&t->head, head + sizeof(b) + bytes, memory_order_release);
}

/* ---- the files ---- */

static int sf_format(enum pcm_format f, bool flac)
{
	static const int of[PCM_FORMATS] = { SF_FORMAT_PCM_16, SF_FORMAT_PCM_24, SF_FORMAT_PCM_32,
		SF_FORMAT_FLOAT };

	if (flac)
		return SF_FORMAT_FLAC | (f == PCM_S16 ? SF_FORMAT_PCM_16 : SF_FORMAT_PCM_24);
	return SF_FORMAT_WAV | of[f];
}

static void fail(struct tap *t, const char *what)
{
	if (!t->failed)
		log_error("%s: cannot write %s: %s", t->name, what, sf_strerror(t->file));
	t->failed = true;
}

static void open_file(struct recorder *r, struct tap *t, const struct block *b)
{
	SF_INFO info = { .samplerate = (int)b->rate_hz,
		.channels = b->channels,
		.format = sf_format((enum pcm_format)b->format, r->flac) };
	const char *kind = r->flac ? "flac" : "wav";
	char path[1400];

	if (t->file)
		sf_close(t->file);
	t->files++;
	forget_file(r, t->name, t->files);
	if (t->files == 1)
		snprintf(path, sizeof(path), "%s/%s.%s", r->folder, t->name, kind);
	else
		snprintf(path, sizeof(path), "%s/%s-%u.%s", r->folder, t->name, t->files, kind);
	t->file = sf_open(path, SFM_WRITE, &info);
	t->frames = 0;
	if (!t->file)
		fail(t, path);
	else if (r->flac) /* it has no samples beyond full scale */
		sf_command(t->file, SFC_SET_CLIPPING, NULL, SF_TRUE);
	if (!t->times) {
		snprintf(path, sizeof(path), "%s/%s.times.csv", r->folder, t->name);
		t->times = fopen(path, "we");
		if (t->times)
			fprintf(t->times, "file,frame,host_ns\n");
	}
}

static bool same_format(const struct block *a, const struct block *b)
{
	return a->rate_hz == b->rate_hz && a->format == b->format && a->channels == b->channels;
}

static void write_samples(struct tap *t, const struct block *b, void *samples)
{
	size_t n = (size_t)b->frames * b->channels;
	int32_t *s32 = samples;
	sf_count_t done;

	switch ((enum pcm_format)b->format) {
	case PCM_S16:
		done = sf_write_short(t->file, samples, (sf_count_t)n);
		break;
	case PCM_S24:
		/* libsndfile's integers are left-aligned. */
		for (size_t i = 0; i < n; i++)
			s32[i] = (int32_t)((uint32_t)s32[i] << 8);
		done = sf_write_int(t->file, s32, (sf_count_t)n);
		break;
	case PCM_S32:
		done = sf_write_int(t->file, samples, (sf_count_t)n);
		break;
	default:
		done = sf_write_float(t->file, samples, (sf_count_t)n);
	}
	if (done != (sf_count_t)n)
		fail(t, "samples");
}

/* Whether a block may still be written; tells when the last one was. */
static bool has_room(struct tap *t, const struct block *b, uint64_t bytes)
{
	bool opens = !t->file || !same_format(b, &t->last);

	if (t->full)
		return false;
	t->full = bytes > MAX_BYTES - t->bytes || (opens && t->files == MAX_FILES) ||
		  t->jumps == MAX_JUMPS;
	if (t->full)
		log_warn("recording of %s: it is as long as it may become (2 GiB, %u files): what "
			 "follows is not in it",
			t->name, MAX_FILES);
	return !t->full;
}

static void write_block(struct recorder *r, struct tap *t, const struct block *b, void *samples)
{
	uint64_t off;

	if (!t->file || !same_format(b, &t->last))
		open_file(r, t, b);
	off = b->host_ns > t->next_ns ? b->host_ns - t->next_ns : t->next_ns - b->host_ns;
	if (t->times && (t->frames == 0 || b->run != t->last.run || off > JUMP_NS)) {
		fprintf(t->times, "%u,%llu,%llu\n", t->files, (unsigned long long)t->frames,
			(unsigned long long)b->host_ns);
		t->jumps++;
		t->next_ns = b->host_ns;
	}
	if (t->file)
		write_samples(t, b, samples);
	t->frames += b->frames;
	t->next_ns += b->frames * NS_PER_S / b->rate_hz;
	t->last = *b;
}

static void empty(struct recorder *r, struct tap *t)
{
	uint64_t tail = atomic_load_explicit(&t->tail, memory_order_relaxed);

	while (tail != atomic_load_explicit(&t->head, memory_order_acquire)) {
		struct pcm_params p = { 0 };
		struct block b;
		size_t bytes;
		void *samples;

		get_bytes(t, tail, &b, sizeof(b));
		p.format = (enum pcm_format)b.format;
		p.channels = b.channels;
		bytes = (size_t)b.frames * pcm_frame_bytes(&p);
		samples = malloc(bytes);
		if (samples && has_room(t, &b, bytes)) {
			t->bytes += bytes;
			get_bytes(t, tail + sizeof(b), samples, bytes);
			write_block(r, t, &b, samples);
		} else {
			atomic_fetch_add(&t->lost, b.frames);
		}
		free(samples);
		tail += sizeof(b) + bytes;
		atomic_store_explicit(&t->tail, tail, memory_order_release);
	}
}

static void *thread_main(void *arg)
{
	struct recorder *r = arg;
	const struct timespec nap = { .tv_nsec = POLL_NS };
	bool last;

	do {
		last = atomic_load(&r->stop);
		for (uint32_t i = 0; i < r->n; i++)
			empty(r, &r->tap[i]);
		if (!last)
			nanosleep(&nap, NULL);
	} while (!last);
	return NULL;
}

int recorder_start(struct recorder *r)
{
	int rc = r->n ? pthread_create(&r->thread, NULL, thread_main, r) : 0;

	r->started = rc == 0 && r->n;
	return -rc;
}

void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	atomic_store(&r->stop, true);
	if (r->started)
		pthread_join(r->thread, NULL);
	for (uint32_t i = 0; i < r->n; i++) {
		if (r->tap[i].file)
			sf_close(r->tap[i].file);
		if (r->tap[i].times)
			fclose(r->tap[i].times);
		free(r->tap[i].ring);
	}
	free(r);
}
