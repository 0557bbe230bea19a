/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtqueue against a guest that owns its memory: the input is the ring kind, the contents of
 * guest memory, and then a program of steps - pop, unpop, push, read, write, suppress - with writes
 * to guest memory in between. Every chain that comes out must lie inside guest memory, in the right
 * order, with lengths that add up.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/vdev.h"
#include "devices/virtio/vq.h"

#define MEM_BASE  UINT64_C(0x10000)
#define MEM_BYTES 0x4000u
#define MAX_HELD  64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Alignas(4096) uint8_t memory[MEM_BYTES];
static unsigned int broken_calls;

struct input {
	const uint8_t *p;
	size_t left;
};

static uint32_t take(struct input *in, unsigned int bytes)
{
	uint32_t v = 0;

	while (bytes-- > 0 && in->left > 0) {
		v = v << 8 | *in->p++;
		in->left--;
	}
	return v;
}

static void on_notify(void *ctx)
{
	(void)ctx;
}

static void on_broken(void *ctx, int guest_error, const char *why)
{
	(void)ctx;
	if (guest_error <= 0 || !why)
		abort();
	broken_calls++;
}

static void check(const struct gmem *mem, const struct vq_chain *c)
{
	uint64_t out = 0, in = 0;

	if (c->n_out + c->n_in > VQ_MAX_SEGS || c->ndesc == 0)
		abort();
	for (unsigned int i = 0; i < c->n_out + c->n_in; i++) {
		const struct vq_seg *s = &c->seg[i];

		if (s->len == 0 || s->addr.v < MEM_BASE || s->addr.v >= MEM_BASE + MEM_BYTES ||
			s->len > MEM_BASE + MEM_BYTES - s->addr.v ||
			!gmem_valid(mem, s->addr, s->len))
			abort();
		*(i < c->n_out ? &out : &in) += s->len;
	}
	if (out != c->out_bytes || in != c->in_bytes || out + in > UINT32_MAX)
		abort();
}

/* Uses a chain as a device would, as far as `how` says. */
static void use(struct vq *q, const struct vq_chain *c, uint32_t how, uint32_t *written)
{
	struct vq_reader r;
	struct vq_writer w;
	uint8_t buf[512];
	uint32_t n = how & 511;
	int e;

	vq_reader_init(&r, q, c);
	vq_writer_init(&w, q, c);
	e = vq_get(&r, buf, n);
	if (e != (n > c->out_bytes ? GUEST_E_SHORT : 0))
		abort();
	memset(buf, 0x5a, sizeof(buf));
	e = how & 512 ? vq_put(&w, buf, n) : vq_put_zero(&w, n);
	if (e != (n > c->in_bytes ? GUEST_E_SHORT : 0))
		abort();
	*written = w.written;
}

static void step(struct input *in, const struct gmem *mem, struct vq *q, uint16_t size)
{
	static struct vq_chain held[MAX_HELD];
	static unsigned int n_held;
	static bool can_unpop; /* the last of `held` is what was taken last */
	uint32_t op = take(in, 1), arg = take(in, 2), written = 0;
	enum vq_pop p;

	if (!q) { /* start of an input */
		n_held = 0;
		can_unpop = false;
		return;
	}
	switch (op % 8) {
	case 0:
	case 1:
		if (n_held == MAX_HELD)
			break;
		p = vq_pop(q, &held[n_held]);
		if ((p == VQ_BROKEN) != vq_is_broken(q))
			abort();
		if (p != VQ_TAKEN)
			break;
		check(mem, &held[n_held]);
		if (op & 0x80)
			use(q, &held[n_held], arg, &written);
		n_held++;
		can_unpop = true;
		/* The device's tables are as large as the queue: that bound must hold. */
		if (n_held > size)
			abort();
		break;
	case 2:
		if (can_unpop)
			vq_unpop(q, &held[--n_held]);
		can_unpop = false;
		break;
	case 3:
		if (n_held > 0) {
			unsigned int i = arg % n_held;

			use(q, &held[i], arg, &written);
			if ((vq_push(q, &held[i], written) != 0) != vq_is_broken(q))
				abort();
			held[i] = held[--n_held];
			can_unpop = false;
		}
		break;
	case 4: {
		struct vq_token t;

		if (n_held > 0 && vq_token_take(&t, &held[n_held - 1]) == 0) {
			if ((vq_token_push(q, &t, "0123456789abcdef", arg % 17) != 0) !=
				vq_is_broken(q))
				abort();
			n_held--;
			can_unpop = false;
		}
		break;
	}
	case 5:
		if (arg & 2)
			vq_kicks_after(q, (uint16_t)(arg >> 2));
		else if (arg & 1)
			vq_kicks_disable(q);
		else
			vq_kicks_enable(q);
		vq_flush(q);
		break;
	default: { /* the guest writes */
		uint32_t at = arg % (MEM_BYTES - 8);
		uint32_t v = take(in, 4);

		memcpy(memory + at, &v, 1 + (op >> 3) % 4);
		break;
	}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct gmem mem = { .n = 0 };
	const struct vq_host host = { on_notify, on_broken, NULL };
	uint32_t kind = take(&in, 1);
	struct vq_setup s = { .pos = { 0, 0, true, true } };
	struct vq *q = NULL;
	size_t n;

	if (gmem_add(&mem,
		    (struct gmem_region){
			    .base = { MEM_BASE }, .len = MEM_BYTES, .host = memory, .fd = -1 }))
		abort();
	s.features = (kind & 1 ? VIRTIO_BIT(VIRTIO_F_RING_PACKED) : 0) |
		     (kind & 2 ? VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC) : 0) |
		     (kind & 4 ? VIRTIO_BIT(VIRTIO_F_EVENT_IDX) : 0);
	s.size = kind & 8 ? (uint16_t)take(&in, 2) : 8;
	s.desc.v = MEM_BASE + (kind & 16 ? take(&in, 4) : 0);
	s.driver.v = MEM_BASE + (kind & 32 ? take(&in, 4) : 0x1000);
	s.device.v = MEM_BASE + (kind & 64 ? take(&in, 4) : 0x2000);
	if (kind & 128) {
		s.pos.avail = (uint16_t)take(&in, 2);
		s.pos.used = (uint16_t)take(&in, 2);
		s.pos.avail_wrap = s.pos.avail & 0x4000;
		s.pos.used_wrap = s.pos.used & 0x4000;
	}
	/* Descriptors and the start of the driver area come from the input. */
	memset(memory, 0, sizeof(memory));
	n = take(&in, 2);
	n = MIN(MIN(n, in.left), (size_t)0x800);
	memcpy(memory, in.p, MIN(n, (size_t)0x100));
	if (n > 0x100)
		memcpy(memory + 0x1000, in.p + 0x100, n - 0x100);
	in.p += n;
	in.left -= n;
	broken_calls = 0;
	step(&in, &mem, NULL, 0);
	if (vq_new(&q, &mem, &s, &host))
		return 0;
	while (in.left > 0)
		step(&in, &mem, q, s.size);
	if (broken_calls > 1 || (broken_calls == 1) != vq_is_broken(q))
		abort();
	vq_free(q);
	return 0;
}
