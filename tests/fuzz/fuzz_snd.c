/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes a whole virtio-snd behind the mock driver, over the null port: the input is a list of
 * requests of any content for all four queues; control requests are bent towards what exists, so
 * that streams come to life.
 *
 * A record: queue, how the request is bent, readable length, writable length, then its bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "devices/snd/snd.h"
#include "devices/snd/wire.h"
#include "tests/support/mock_driver.h"

#define MAX_REQUEST 200u
#define MAX_STEPS   64

static struct mock *mock;
static struct vdev *dev;

static void set_up(void)
{
	struct pcm_port_config port_cfg = { 2, { PCM_PLAY, PCM_CAPTURE } };
	struct snd_config cfg = { "fuzz", 2, { { PCM_PLAY, 8 }, { PCM_CAPTURE, 2 } } };
	struct pcm_port *port;

	log_set_level(LOG_ERROR);
	if (pcm_port_null_new(&port, &port_cfg) || snd_new(&dev, port, &cfg))
		abort();
	mock = mock_new(0);
	mock_attach(mock, dev);
}

/* Makes a random control request more likely to mean something. */
static void bend(uint8_t *rq, uint8_t how)
{
	struct virtio_snd_pcm_set_params p = {
		.hdr = { { le32_of(VIRTIO_SND_R_PCM_INFO + how % 6u) }, le32_of(how >> 4 & 1) },
		.buffer_bytes = le32_of(64u * (1 + rq[0] % 4u)),
		.period_bytes = le32_of(64),
		.channels = (uint8_t)(rq[1] % 3),
		.format = VIRTIO_SND_PCM_FMT_S16,
		.rate = 12
	};

	memcpy(rq, &p, sizeof(p));
}

static void step(const uint8_t **data, size_t *size)
{
	uint8_t rq[MAX_REQUEST] = { 0 };
	uint8_t queue = (*data)[0] % 4, how = (*data)[1];
	uint32_t out = (*data)[2] % MAX_REQUEST, in = (*data)[3] % MAX_REQUEST;
	size_t have;

	*data += 4;
	*size -= 4;
	have = MIN(*size, (size_t)out);
	memcpy(rq, *data, have);
	*data += have;
	*size -= have;
	if (queue == VIRTIO_SND_VQ_CONTROL && how & 1) {
		bend(rq, how);
		out = MAX(out, (uint32_t)sizeof(struct virtio_snd_pcm_set_params));
	}
	if (queue >= VIRTIO_SND_VQ_TX && how & 1)
		memcpy(rq, &(le32){ { (uint8_t)(how >> 1 & 1) } }, sizeof(le32));
	/* A jack is pulled or put in, and the driver told of it. */
	if (queue == VIRTIO_SND_VQ_EVENT && how & 2 && !snd_set_jack(dev, how >> 2 & 1, how & 1))
		abort();
	if (out + in > 0 && mock_post(mock, queue, rq, out, in) < 0)
		mock_reset(mock);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mock_used u;

	if (!mock)
		set_up();
	mock_start(mock, MOCK_ALL_FEATURES);
	for (unsigned int i = 0; i < MAX_STEPS && size >= 4; i++) {
		step(&data, &size);
		mock_turn(mock);
		if (mock_needs_reset(mock) || !mock_features(mock))
			mock_start(mock, MOCK_ALL_FEATURES);
		for (unsigned int q = 0; q < 4; q++) {
			while (mock_poll(mock, q, &u)) {
				if (u.len > u.in_len)
					abort();
			}
		}
	}
	mock_reset(mock);
	return 0;
}
