/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded sound on the bench's clock, and what is in it. Levels are decibels of full scale, where
 * a sine from -1 to 1 has 0 dB. Reading blocks; measuring is pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Nothing is quieter. */
#define SOUND_NOTHING_DB (-120.0)

/* The bench clock began to run: at host_ns it showed t_ns. */
struct sound_mark {
	uint64_t host_ns, t_ns;
};

/* Bench time of a host time; before the clock first ran it is negative. `n` is not 0. */
double sound_bench_ns(const struct sound_mark *marks, size_t n, uint64_t host_ns);

/* A piece of a recording: `frames` interleaved frames, the first of them at t_ns. */
struct sound_block {
	double t_ns;
	const float *x;
	uint32_t frames, channels, rate_hz;
	bool joined; /* it goes on where the block before it ended */
};

typedef void (*sound_sink)(void *ctx, const struct sound_block *b);

/*
 * Reads the recordings PREFIX.wav, PREFIX-2.wav... (or .flac) with the times of PREFIX.times.csv,
 * and hands over what was heard from from_ns to to_ns of the bench's time, in its order. `marks`
 * are in their order. *channels is the most that a file has. 0, -ENOENT: there is no recording (the
 * stream was never started), -EINVAL or another -errno with a message: it cannot be read.
 */
MUST_CHECK int sound_read(const char *prefix, const struct sound_mark *marks, size_t n_marks,
	uint64_t from_ns, uint64_t to_ns, sound_sink sink, void *ctx, uint32_t *channels,
	struct err *e);

/* 20 log10(amplitude), at least SOUND_NOTHING_DB; and the other way round. */
double sound_db(double amplitude);
double sound_amplitude(double db);

struct sound_tone {
	double hz, db;
};

/*
 * The tone at about `hz` in `n` samples, each `stride` floats after the one before it: how high it
 * is really, and how loud. Right to about 0.01 % and 0.05 dB for a steady tone that is alone within
 * 4 * rate / n hertz. Pure.
 */
struct sound_tone sound_measure(const float *x, size_t stride, size_t n, double rate_hz, double hz);
