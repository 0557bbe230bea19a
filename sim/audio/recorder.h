/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes what streams play and capture into audio files while it happens, without ever holding up
 * the thread that has the samples: each stream has a ring of its own, a thread of the recorder
 * empties them. Beside a stream's files lies OUT/GUEST-STREAM.times.csv: at which host time which
 * frame of which file was heard, a line for every place where that jumps.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/proto/pcm_port.h"

struct recorder;

/* `folder` is copied. Files are FLAC or WAV. 0 or -errno. */
MUST_CHECK int recorder_new(struct recorder **out, const char *folder, bool flac);
/* Writes what is left and closes the files. NULL is legal. */
void recorder_free(struct recorder *r);
/* Adds a stream before recorder_start(): its files are FOLDER/NAME.wav (.flac), NAME-2.wav ... (a
 * new one where the format changes), 2 GiB and 100 files at most. 0 or -errno. */
MUST_CHECK int recorder_add(struct recorder *r, const char *name, uint32_t *tap);
MUST_CHECK int recorder_start(struct recorder *r);
/* Frames that were heard at host time now_ns. One thread at a time for each tap; never blocks: what
 * does not fit is lost and counted. */
void recorder_put(struct recorder *r, uint32_t tap, const struct pcm_params *p, uint32_t run,
	const void *samples, uint32_t frames, uint64_t now_ns);
/* Frames lost so far. */
uint64_t recorder_lost(const struct recorder *r, uint32_t tap);
