/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sound between a guest's sound device (dyno-vm) and the process that has the host's sound
 * (dyno-audio): per stream a ring in shared memory that both count on, per device one
 * SOCK_SEQPACKET socket for what happens rarely and one eventfd that wakes the device.
 *
 * Counters are bytes since the ring was made, only grow, and are never reset: a run of a stream
 * (PREPARE to RELEASE) begins at some value of them. Each counter has one writer. What the other
 * side wrote is checked where it is read; nothing here trusts the peer.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/le.h"

#define PCM_MAX_STREAMS  16u /* of one device */
#define PCM_MAX_CHANNELS 8u
/* Bytes of samples that a ring holds; the largest buffer_bytes that a guest may choose. */
#define PCM_RING_BYTES  (1u << 20)
#define PCM_RING_HEADER 4096u
/* Size of a ring's memfd: sealed, so that it cannot shrink under its reader. */
#define PCM_RING_MEMORY (PCM_RING_HEADER + PCM_RING_BYTES)

enum pcm_format { PCM_S16, PCM_S24, PCM_S32, PCM_FLOAT, PCM_FORMATS };
enum pcm_direction { PCM_PLAY, PCM_CAPTURE };

/* Bytes of a sample: S24 lies in the lower three of four. */
static inline uint32_t pcm_sample_bytes(enum pcm_format f)
{
	return f == PCM_S16 ? 2 : 4;
}

/* How the samples of one run look. Frame-aligned sizes. */
struct pcm_params {
	enum pcm_format format;
	uint32_t rate_hz; /* 5512..384000 */
	uint32_t channels; /* 1..PCM_MAX_CHANNELS */
	uint32_t buffer_bytes, period_bytes;
};

static inline uint32_t pcm_frame_bytes(const struct pcm_params *p)
{
	return pcm_sample_bytes(p->format) * p->channels;
}

/* True when every field is one that a device may choose. Pure. */
bool pcm_params_ok(const struct pcm_params *p);

/* First page of a ring's memory. */
struct pcm_ring_shared {
	_Alignas(64) _Atomic uint64_t written; /* by the producer */
	/* Number of the run that the device lets play or record; 0: none. Written by the device. */
	_Atomic uint32_t running;
	/* The device wants its eventfd signalled once the other side's counter is at this value or
	 * beyond; UINT64_MAX: not. Written by the device. */
	_Atomic uint64_t wake_at;
	_Alignas(64) _Atomic uint64_t read; /* by the consumer */
	/* Below: written by dyno-audio. Time until the sample before `read` is heard (play), or
	 * since the one before `written` was said (capture). */
	_Atomic uint32_t delay_ns;
	/* Times that the ring ran dry (play) or over (capture) while it ran. */
	_Atomic uint32_t xruns;
};
static_assert(sizeof(struct pcm_ring_shared) <= PCM_RING_HEADER, "one page");

/* A ring as one process has it mapped. */
struct pcm_ring {
	struct pcm_ring_shared *sh; /* NULL: not mapped */
	uint8_t *data;
};

/* A sealed memfd for a ring. The fd or -errno. */
MUST_CHECK int pcm_ring_create(const char *name);
/* Maps it; the fd stays the caller's. 0; -EINVAL when it is no sealed memory of the right size;
 * -errno. */
MUST_CHECK int pcm_ring_map(struct pcm_ring *r, int fd);
void pcm_ring_unmap(struct pcm_ring *r);

/*
 * Where the producer at `written`, with the consumer at `read`, may put its next bytes: *len of
 * them lie in one piece. NULL when it is full, or the counters are no possible pair.
 */
void *pcm_ring_room(const struct pcm_ring *r, uint64_t written, uint64_t read, uint32_t *len);
/* The same for the consumer's next bytes. */
const void *pcm_ring_data(const struct pcm_ring *r, uint64_t written, uint64_t read, uint32_t *len);

/* ---- messages from the device; each is one packet ---- */

enum pcm_op {
	PCM_OPEN, /* a run begins: params, run and position are set */
	PCM_START, /* of run `run`; shared.running was set before */
	PCM_STOP, /* shared.running was cleared before; samples that left the ring are played */
	PCM_CLOSE, /* the run is over */
	PCM_VOLUME, /* the guest's own mixer: gain and mute */
	PCM_OPS
};

struct pcm_msg {
	enum pcm_op op;
	uint32_t stream;
	uint32_t run; /* > 0 */
	uint64_t position; /* PCM_OPEN: counter of the device's side at which the run begins */
	struct pcm_params params; /* PCM_OPEN */
	uint32_t gain_milli; /* PCM_VOLUME: 1000 is unchanged; at most 1000 */
	bool mute; /* PCM_VOLUME */
};

struct pcm_msg_wire {
	le32 op, stream, run, format;
	le64 position;
	le32 rate_hz, channels, buffer_bytes, period_bytes;
	le32 gain_milli, mute;
};
static_assert(sizeof(struct pcm_msg_wire) == 48, "pcm message");

void pcm_msg_pack(struct pcm_msg_wire *out, const struct pcm_msg *m);
/* Checks a received packet against `n_streams`. 0 or -EBADMSG. Pure. */
MUST_CHECK int pcm_msg_parse(struct pcm_msg *out, const void *buf, size_t len, uint32_t n_streams);
