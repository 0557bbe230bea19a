/* SPDX-License-Identifier: Apache-2.0 */
/* Rings of samples and the messages beside them; see pcm_port.h. */
#include "base/proto/pcm_port.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"

#define MIN_RATE_HZ 5512u
#define MAX_RATE_HZ 384000u

bool pcm_params_ok(const struct pcm_params *p)
{
	uint32_t frame;

	if ((unsigned int)p->format >= PCM_FORMATS || p->channels < 1 ||
		p->channels > PCM_MAX_CHANNELS)
		return false;
	frame = pcm_frame_bytes(p);
	return p->rate_hz >= MIN_RATE_HZ && p->rate_hz <= MAX_RATE_HZ && p->period_bytes > 0 &&
	       p->period_bytes % frame == 0 && p->buffer_bytes >= p->period_bytes &&
	       p->buffer_bytes % p->period_bytes == 0 && p->buffer_bytes <= PCM_RING_BYTES;
}

int pcm_ring_create(const char *name)
{
	return fd_memfd(name, PCM_RING_MEMORY);
}

int pcm_ring_map(struct pcm_ring *r, int fd)
{
	void *at;

	if (!fd_is_sealed(fd) || fd_size(fd) != (int64_t)PCM_RING_MEMORY)
		return -EINVAL;
	at = mmap(NULL, PCM_RING_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	r->sh = at;
	r->data = (uint8_t *)at + PCM_RING_HEADER;
	return 0;
}

void pcm_ring_unmap(struct pcm_ring *r)
{
	if (r->sh)
		munmap(r->sh, PCM_RING_MEMORY);
	*r = (struct pcm_ring){ 0 };
}

/* `len` bytes from counter `at` on, as far as they lie in one piece. */
static uint8_t *piece(const struct pcm_ring *r, uint64_t at, uint64_t bytes, uint32_t *len)
{
	uint32_t off = (uint32_t)(at % PCM_RING_BYTES);

	*len = (uint32_t)MIN(bytes, (uint64_t)(PCM_RING_BYTES - off));
	return *len ? r->data + off : NULL;
}

void *pcm_ring_room(const struct pcm_ring *r, uint64_t written, uint64_t read, uint32_t *len)
{
	*len = 0;
	if (read > written || written - read > PCM_RING_BYTES)
		return NULL;
	return piece(r, written, PCM_RING_BYTES - (written - read), len);
}

const void *pcm_ring_data(const struct pcm_ring *r, uint64_t written, uint64_t read, uint32_t *len)
{
	*len = 0;
	if (read > written || written - read > PCM_RING_BYTES)
		return NULL;
	return piece(r, read, written - read, len);
}

void pcm_msg_pack(struct pcm_msg_wire *out, const struct pcm_msg *m)
{
	*out = (struct pcm_msg_wire){ .op = le32_of((uint32_t)m->op),
		.stream = le32_of(m->stream),
		.run = le32_of(m->run),
		.format = le32_of((uint32_t)m->params.format),
		.position = le64_of(m->position),
		.rate_hz = le32_of(m->params.rate_hz),
		.channels = le32_of(m->params.channels),
		.buffer_bytes = le32_of(m->params.buffer_bytes),
		.period_bytes = le32_of(m->params.period_bytes),
		.gain_milli = le32_of(m->gain_milli),
		.mute = le32_of(m->mute) };
}

int pcm_msg_parse(struct pcm_msg *out, const void *buf, size_t len, uint32_t n_streams)
{
	struct pcm_msg_wire w;

	if (len != sizeof(w))
		return -EBADMSG;
	memcpy(&w, buf, sizeof(w));
	*out = (struct pcm_msg){ .op = (enum pcm_op)le32_get(w.op),
		.stream = le32_get(w.stream),
		.run = le32_get(w.run),
		.position = le64_get(w.position),
		.params = { .format = (enum pcm_format)le32_get(w.format),
			.rate_hz = le32_get(w.rate_hz),
			.channels = le32_get(w.channels),
			.buffer_bytes = le32_get(w.buffer_bytes),
			.period_bytes = le32_get(w.period_bytes) },
		.gain_milli = le32_get(w.gain_milli),
		.mute = le32_get(w.mute) != 0 };
	if ((unsigned int)out->op >= PCM_OPS || out->stream >= n_streams || out->gain_milli > 1000)
		return -EBADMSG;
	if (out->op != PCM_VOLUME && out->run == 0)
		return -EBADMSG;
	if (out->op == PCM_OPEN && !pcm_params_ok(&out->params))
		return -EBADMSG;
	return 0;
}
