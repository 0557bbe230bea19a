/* SPDX-License-Identifier: Apache-2.0 */
/* See snd_rig.h. */
#include "tests/dev/snd_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/ipc.h"

static const struct pcm_port_config port_cfg = { .n_streams = STREAMS,
	.direction = { PCM_PLAY, PCM_CAPTURE } };

static void rig_start(struct rig *r, unsigned int kind, struct pcm_port *port)
{
	struct snd_config cfg = { .tag = "test/snd0",
		.n_streams = STREAMS,
		.stream = { { PCM_PLAY, 8, true }, { PCM_CAPTURE, 2, false } } };

	assert_int_equal(snd_new(&r->dev, port, &cfg), 0);
	r->m = mock_new(kind);
	mock_attach(r->m, r->dev);
	mock_start(r->m, MOCK_ALL_FEATURES);
}

void rig_open_null(struct rig *r, unsigned int kind)
{
	struct pcm_port *port;

	*r = (struct rig){ .sock = -1, .wake = -1 };
	assert_int_equal(pcm_port_null_new(&port, &port_cfg), 0);
	rig_start(r, kind, port);
}

void rig_open(struct rig *r, unsigned int kind)
{
	struct pcm_ring_fds fds;
	struct pcm_port *port;
	int pair[2];

	*r = (struct rig){ .rings = true };
	for (unsigned int i = 0; i < PCM_MAX_STREAMS; i++)
		fds.ring[i] = -1;
	assert_int_equal(ipc_pair(pair, 0), 0);
	fds.sock = pair[0];
	r->sock = pair[1];
	fds.wake = eventfd(0, EFD_CLOEXEC);
	r->wake = dup(fds.wake);
	for (unsigned int i = 0; i < STREAMS; i++) {
		fds.ring[i] = pcm_ring_create("test");
		assert_true(fds.ring[i] >= 0);
		assert_int_equal(pcm_ring_map(&r->ring[i], fds.ring[i]), 0);
	}
	assert_int_equal(pcm_port_ring_new(&port, &port_cfg, &fds), 0);
	assert_int_equal(fds.sock, -1);
	rig_start(r, kind, port);
}

void rig_close(struct rig *r)
{
	assert_false(mock_needs_reset(r->m));
	mock_free(r->m);
	fd_close(&r->sock);
	fd_close(&r->wake);
	for (unsigned int i = 0; i < STREAMS; i++)
		pcm_ring_unmap(&r->ring[i]);
}

struct snd_stats rig_stats(const struct rig *r)
{
	struct snd_stats s;

	snd_get_stats(r->dev, &s);
	return s;
}

uint32_t rig_ask(struct rig *r, const void *req, uint32_t len, void *answer, uint32_t room)
{
	uint8_t buf[4096];
	le32 status;
	int n = mock_send(r->m, CTLQ, req, len, buf, (uint32_t)sizeof(status) + room);

	assert_true(n >= (int)sizeof(status));
	memcpy(&status, buf, sizeof(status));
	if (le32_get(status) == VIRTIO_SND_S_OK && room) {
		assert_int_equal(n, sizeof(status) + room);
		memcpy(answer, buf + sizeof(status), room);
	}
	return le32_get(status);
}

uint32_t rig_command(struct rig *r, uint32_t code, uint32_t stream)
{
	struct virtio_snd_pcm_hdr h = { { le32_of(code) }, le32_of(stream) };

	return rig_ask(r, &h, sizeof(h), NULL, 0);
}

struct virtio_snd_pcm_set_params rig_params(uint32_t stream)
{
	return (struct virtio_snd_pcm_set_params){
		.hdr = { { le32_of(VIRTIO_SND_R_PCM_SET_PARAMS) }, le32_of(stream) },
		.buffer_bytes = le32_of(4 * PERIOD),
		.period_bytes = le32_of(PERIOD),
		.features = le32_of(1u << VIRTIO_SND_PCM_F_EVT_XRUNS),
		.channels = 2,
		.format = VIRTIO_SND_PCM_FMT_S16,
		.rate = 7, /* 48000 */
	};
}

uint32_t rig_set_params(struct rig *r, uint32_t stream)
{
	struct virtio_snd_pcm_set_params p = rig_params(stream);

	return rig_ask(r, &p, sizeof(p), NULL, 0);
}

void rig_prepare(struct rig *r, uint32_t stream)
{
	assert_int_equal(rig_set_params(r, stream), VIRTIO_SND_S_OK);
	assert_int_equal(rig_command(r, VIRTIO_SND_R_PCM_PREPARE, stream), VIRTIO_SND_S_OK);
}

void rig_queue_play(struct rig *r, uint8_t fill, uint32_t bytes)
{
	uint8_t buf[XFER + 65536] = { PLAY };

	memset(buf + XFER, fill, bytes);
	assert_true(mock_post(r->m, TXQ, buf, XFER + bytes, STATUS) >= 0);
}

void rig_queue_capture(struct rig *r, uint32_t bytes)
{
	le32 id = le32_of(CAPTURE);

	assert_true(mock_post(r->m, RXQ, &id, sizeof(id), bytes + STATUS) >= 0);
}

uint32_t rig_status_of(const struct mock_used *u, uint32_t at)
{
	struct virtio_snd_pcm_status st;

	assert_true(u->in_len >= at + sizeof(st));
	memcpy(&st, u->in + at, sizeof(st));
	return le32_get(st.status);
}

void rig_turns(struct rig *r)
{
	for (unsigned int i = 0; i < 4; i++)
		mock_turn(r->m);
}

struct pcm_msg rig_heard(struct rig *r)
{
	struct pcm_msg_wire w;
	struct pcm_msg m;
	ssize_t n = recv(r->sock, &w, sizeof(w), MSG_DONTWAIT);

	assert_int_equal(n, sizeof(w));
	assert_int_equal(pcm_msg_parse(&m, &w, sizeof(w), STREAMS), 0);
	return m;
}

void rig_ring_bell(struct rig *r)
{
	uint64_t one = 1;

	assert_int_equal(write(r->wake, &one, sizeof(one)), sizeof(one));
	rig_turns(r);
}

void rig_consume(struct rig *r, uint32_t bytes)
{
	atomic_fetch_add(&r->ring[PLAY].sh->read, bytes);
	rig_ring_bell(r);
}
