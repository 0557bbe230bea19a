/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the sound device share; not for others. */
#pragma once

#include "devices/snd/proto.h"
#include "devices/snd/snd.h"

#define SND_QUEUE_SIZE 64u /* of every queue */
#define SND_VOLUME_MAX 100u

/* A buffer of the driver that is not finished. Playback needs its status alone, capture all of it:
 * it lies in a slot of the device until then. */
struct snd_pending {
	uint64_t end; /* position at which it is finished */
	uint32_t slot; /* of snd.slot[] */
	uint32_t bytes; /* of samples */
};

struct snd_stream {
	enum pcm_direction direction;
	uint32_t channels_max;
	enum snd_state state;
	struct pcm_params params;
	uint32_t features; /* 1 << VIRTIO_SND_PCM_F_* that SET_PARAMS chose */
	bool open; /* the port has a run of it */
	bool jack;
	bool dry; /* nothing is left to play: the end of the sound, or an underrun */
	struct ev_timer dry_timer; /* data: the device */
	uint64_t queued; /* position of the end of the last pending buffer */
	uint64_t periods; /* periods that were told about */
	uint32_t first, count; /* of the ring `pending` */
	struct snd_pending pending[SND_QUEUE_SIZE];
	struct snd_stream_stats st;
};

struct snd {
	struct vdev v; /* first */
	struct pcm_port *port;
	bool attached;
	uint64_t features;
	uint32_t n_streams, n_chmaps;
	struct snd_stream stream[PCM_MAX_STREAMS];
	struct virtio_snd_chmap_info chmap[2 * 5];
	uint32_t volume; /* percent */
	bool mute;
	struct vq *vq[VIRTIO_SND_VQ_MAX];
	struct vq_chain chain; /* the control request that is served */
	struct vq_chain event; /* the event buffer popped last; a request may cause an event */
	/* Buffers in flight, of both data queues; free ones are listed. */
	struct vq_chain slot[2 * SND_QUEUE_SIZE];
	uint32_t n_free, free_slot[2 * SND_QUEUE_SIZE];
	struct ev_timer again; /* goes on where a turn's work was full */
	struct snd_stats st;
};

static inline struct snd *snd_of(struct vdev *v)
{
	return (struct snd *)v;
}

/* control.c: answers all requests of the control queue that one turn has time for. True: there are
 * more. */
MUST_CHECK bool snd_control_work(struct snd *d);
/* control.c: tells the port the guest's volume and mute. */
void snd_volume_changed(struct snd *d);
/* control.c: the channel maps of the configured streams, once. */
void snd_make_chmaps(struct snd *d);

/* stream.c: takes new buffers out of a data queue. True: there are more. */
MUST_CHECK bool snd_data_work(struct snd *d, unsigned int q);
/* stream.c: takes all of a stream's data queue that is there now. */
void snd_data_take(struct snd *d, uint32_t stream);
/* stream.c: returns what the port is done with, fills what it has. */
void snd_progress(struct snd *d, uint32_t stream);
/* stream.c: the commands after their state was checked. */
void snd_stream_prepare(struct snd *d, uint32_t stream);
void snd_stream_release(struct snd *d, uint32_t stream);
/* stream.c: forgets everything without an answer: the queues are gone. */
void snd_stream_forget(struct snd *d, uint32_t stream);
/* stream.c: forgets what a data queue held. */
void snd_streams_drop(struct snd *d, unsigned int q);

/* stream.c: the port ran dry or over; it was one for sure; it was none. */
void snd_stream_dry(struct snd *d, uint32_t stream);
void snd_stream_xrun(struct snd *d, uint32_t stream);
void snd_stream_not_dry(struct snd *d, uint32_t stream);

/* dev.c: an event for the driver, where it has a buffer. `data`: the stream or jack; of a control
 * its number, and the mask in the upper half. */
void snd_event(struct snd *d, uint32_t code, uint32_t data);
