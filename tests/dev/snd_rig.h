/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sound card with a stream each way, over the null port or over rings. The test is the driver,
 * and plays dyno-audio at the other side of the rings.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "devices/snd/snd.h"
#include "devices/snd/wire.h"
#include "tests/support/mock_driver.h"

enum { CTLQ, EVTQ, TXQ, RXQ };
enum { PLAY, CAPTURE, STREAMS };

#define FOR_EACH_KIND(kind) for (unsigned int kind = 0; kind < MOCK_KINDS; kind++)
#define FRAME               4u /* stereo S16 */
#define PERIOD              1920u /* 10 ms at 48 kHz */
#define STATUS              ((uint32_t)sizeof(struct virtio_snd_pcm_status))
#define XFER                ((uint32_t)sizeof(struct virtio_snd_pcm_xfer))

struct rig {
	struct mock *m;
	struct vdev *dev;
	bool rings;
	int sock, wake; /* dyno-audio's ends */
	struct pcm_ring ring[STREAMS];
};

void rig_open_null(struct rig *r, unsigned int kind);
void rig_open(struct rig *r, unsigned int kind);
/* Fails the test when the device gave up. */
void rig_close(struct rig *r);
struct snd_stats rig_stats(const struct rig *r);

/* ---- the driver ---- */

/* The status of a request; with OK `room` bytes are in *answer. */
uint32_t rig_ask(struct rig *r, const void *req, uint32_t len, void *answer, uint32_t room);
/* VIRTIO_SND_R_PCM_PREPARE and so on. */
uint32_t rig_command(struct rig *r, uint32_t code, uint32_t stream);
/* S16 stereo at 48 kHz, four periods of 10 ms, with events of xruns. */
struct virtio_snd_pcm_set_params rig_params(uint32_t stream);
uint32_t rig_set_params(struct rig *r, uint32_t stream);
/* Sets them and prepares. */
void rig_prepare(struct rig *r, uint32_t stream);
/* Hands samples over: each byte is `fill`. */
void rig_queue_play(struct rig *r, uint8_t fill, uint32_t bytes);
void rig_queue_capture(struct rig *r, uint32_t bytes);
/* The status that lies `at` bytes into what came back. */
uint32_t rig_status_of(const struct mock_used *u, uint32_t at);
/* The device's loop goes on. */
void rig_turns(struct rig *r);

/* ---- dyno-audio ---- */

/* The next message of the device. */
struct pcm_msg rig_heard(struct rig *r);
void rig_ring_bell(struct rig *r);
/* Takes samples out of the ring of PLAY, and says so. */
void rig_consume(struct rig *r, uint32_t bytes);
