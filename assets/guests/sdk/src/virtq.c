/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver side of virtqueues, split and packed ("Split Virtqueues", "Packed Virtqueues").
 * Notifications and interrupts are both kept to the least: EVENT_IDX where negotiated.
 */
#include <string.h>

#include "dyno/boot.h"
#include "dyno/event.h"
#include "dyno/io.h"
#include "dyno/mem.h"
#include "dyno/virtio.h"
#include "sdk.h"

#define NO_INTERRUPT  1u /* split: avail->flags */
#define NO_NOTIFY     1u /* split: used->flags */
#define EVENT_ENABLE  0u /* packed */
#define EVENT_DISABLE 1u
#define EVENT_DESC    2u
#define NO_SLOT       0xffffu

/* volatile views: the device reads and writes these behind the compiler's back. */
static inline uint16_t read16(const uint16_t *p)
{
	return *(const volatile uint16_t *)p;
}

static inline void write16(uint16_t *p, uint16_t v)
{
	*(volatile uint16_t *)p = v;
}

static uint16_t *used_event(const struct virtq *q)
{
	return &q->avail->ring[q->size];
}

static uint16_t *avail_event(const struct virtq *q)
{
	return (uint16_t *)(void *)&q->used->ring[q->size];
}

/* Ring areas in one piece of memory. The largest alignment is the descriptors' 16. */
static int make_rings(struct virtq *q)
{
	const size_t desc = 16 * (size_t)q->size;
	const size_t avail = q->packed ? 16 : (6 + 2 * (size_t)q->size + 15) & ~(size_t)15;
	const size_t used = q->packed ? 16 : 6 + 8 * (size_t)q->size;
	uint8_t *m = dyno_alloc(desc + avail + used, 4096);

	q->slot = dyno_alloc(q->size * sizeof(*q->slot), 16);
	if (m == NULL || q->slot == NULL) {
		dyno_free(m);
		dyno_free(q->slot);
		return DYNO_E_NOMEM;
	}
	q->memory = m;
	q->desc = (struct vring_desc *)(void *)m;
	q->avail = (struct vring_avail *)(void *)(m + desc);
	q->used = (struct vring_used *)(void *)(m + desc + avail);
	for (uint16_t i = 0; i < q->size; i++)
		q->slot[i].next = (uint16_t)(i + 1);
	return 0;
}

int virtq_new(struct virtq *q, struct virtio_dev *v, uint16_t index, uint16_t size)
{
	const uintptr_t c = v->common;
	struct dyno_op look[] = {
		{ c + VIRTIO_C_QUEUE_SELECT, DYNO_WRITE16, index },
		{ c + VIRTIO_C_QUEUE_SIZE, DYNO_READ16, 0 },
		{ c + VIRTIO_C_QUEUE_NOTIFY_OFF, DYNO_READ16, 0 },
	};
	int rc;

	dyno_ops(look, DYNO_COUNT(look));
	*q = (struct virtq){ .dev = v,
		.index = index,
		.size = (uint16_t)look[1].value,
		.packed = (v->features & VIRTIO_F_PACKED) != 0,
		.event_idx = (v->features & VIRTIO_F_EVENT_IDX) != 0,
		.notify = v->notify + look[2].value * v->notify_mult,
		.avail_wrap = true,
		.used_wrap = true };
	if (q->size == 0)
		return DYNO_E_NODEV;
	q->size = q->size < size ? q->size : size;
	q->num_free = q->size;
	rc = make_rings(q);
	if (rc != 0)
		return rc;
	struct dyno_op set[] = {
		{ c + VIRTIO_C_QUEUE_SIZE, DYNO_WRITE16, q->size },
		{ c + VIRTIO_C_QUEUE_DESC, DYNO_WRITE32, (uint32_t)(uintptr_t)q->desc },
		{ c + VIRTIO_C_QUEUE_DESC + 4, DYNO_WRITE32, (uint32_t)((uintptr_t)q->desc >> 32) },
		{ c + VIRTIO_C_QUEUE_DRIVER, DYNO_WRITE32, (uint32_t)(uintptr_t)q->avail },
		{ c + VIRTIO_C_QUEUE_DRIVER + 4, DYNO_WRITE32,
			(uint32_t)((uintptr_t)q->avail >> 32) },
		{ c + VIRTIO_C_QUEUE_DEVICE, DYNO_WRITE32, (uint32_t)(uintptr_t)q->used },
		{ c + VIRTIO_C_QUEUE_DEVICE + 4, DYNO_WRITE32,
			(uint32_t)((uintptr_t)q->used >> 32) },
		{ c + VIRTIO_C_QUEUE_VECTOR, DYNO_WRITE16, v->vectors > 0 ? 0 : VIRTIO_NO_VECTOR },
		{ c + VIRTIO_C_QUEUE_VECTOR, DYNO_READ16, 0 },
		{ c + VIRTIO_C_QUEUE_ENABLE, DYNO_WRITE16, 1 },
	};
	dyno_ops(set, DYNO_COUNT(set));
	if (set[8].value != set[7].value)
		return DYNO_E_DEVICE;
	return 0;
}

void virtq_free(struct virtq *q)
{
	if (q->slot != NULL) {
		for (uint16_t i = 0; i < q->size; i++)
			dyno_free(q->slot[i].table);
	}
	dyno_free(q->slot);
	dyno_free(q->memory);
	*q = (struct virtq){ 0 };
}

static struct vring_desc *indirect_table(struct virtq *q, uint16_t id)
{
	struct virtq_slot *s = &q->slot[id];

	if (s->table == NULL)
		s->table = dyno_alloc(VIRTQ_MAX_BUFS * sizeof(*s->table), 16);
	return s->table;
}

static void add_split(struct virtq *q, const struct virtq_buf *buf, unsigned int n_out,
	unsigned int n, struct vring_desc *table)
{
	const uint16_t head = q->free_head;
	uint16_t at = head;

	if (table != NULL) {
		for (unsigned int i = 0; i < n; i++)
			table[i] = (struct vring_desc){ (uintptr_t)buf[i].addr, buf[i].len,
				(uint16_t)((i < n_out ? 0 : VRING_WRITE) |
					   (i + 1 < n ? VRING_NEXT : 0)),
				(uint16_t)(i + 1) };
		q->desc[head] = (struct vring_desc){ (uintptr_t)table,
			(uint32_t)(n * sizeof(*table)), VRING_INDIRECT, 0 };
		at = q->slot[head].next;
	} else {
		for (unsigned int i = 0; i < n; i++) {
			const uint16_t next = q->slot[at].next;

			q->desc[at] = (struct vring_desc){ (uintptr_t)buf[i].addr, buf[i].len,
				(uint16_t)((i < n_out ? 0 : VRING_WRITE) |
					   (i + 1 < n ? VRING_NEXT : 0)),
				i + 1 < n ? next : (uint16_t)0 };
			at = next;
		}
	}
	q->free_head = at;
	q->avail->ring[q->next_avail & (q->size - 1)] = head;
	q->next_avail++;
	dyno_wmb();
	write16(&q->avail->idx, q->next_avail);
}

static void add_packed(struct virtq *q, const struct virtq_buf *buf, unsigned int n_out,
	unsigned int n, struct vring_desc *table)
{
	const uint16_t id = q->free_head, first = q->next_avail;
	const unsigned int entries = table != NULL ? 1 : n;
	uint16_t first_flags = 0;

	if (table != NULL) {
		for (unsigned int i = 0; i < n; i++) {
			struct vring_packed_desc d = { (uintptr_t)buf[i].addr, buf[i].len, 0,
				(uint16_t)(i < n_out ? 0 : VRING_WRITE) };

			memcpy(&table[i], &d, sizeof(d));
		}
	}
	for (unsigned int i = 0; i < entries; i++) {
		struct vring_packed_desc *d = &q->pdesc[q->next_avail];
		uint16_t flags = q->avail_wrap ? VRING_AVAIL : VRING_USED;

		if (table != NULL) {
			flags |= VRING_INDIRECT;
			d->addr = (uintptr_t)table;
			d->len = (uint32_t)(n * sizeof(*table));
		} else {
			flags |= (uint16_t)((i < n_out ? 0 : VRING_WRITE) |
					    (i + 1 < n ? VRING_NEXT : 0));
			d->addr = (uintptr_t)buf[i].addr;
			d->len = buf[i].len;
		}
		d->id = id;
		/* The first one's flags are written last: they hand the whole chain over. */
		if (i == 0)
			first_flags = flags;
		else
			write16(&d->flags, flags);
		if (++q->next_avail == q->size) {
			q->next_avail = 0;
			q->avail_wrap = !q->avail_wrap;
		}
	}
	q->free_head = q->slot[id].next;
	q->kicked = (uint16_t)(q->kicked + entries);
	dyno_wmb();
	write16(&q->pdesc[first].flags, first_flags);
}

int virtq_add(struct virtq *q, const struct virtq_buf *buf, unsigned int n_out, unsigned int n_in,
	void *cookie)
{
	const unsigned int n = n_out + n_in;
	const uint16_t id = q->free_head;
	struct vring_desc *table = NULL;
	uint16_t entries;

	if (n == 0 || n > VIRTQ_MAX_BUFS)
		return DYNO_E_INVAL;
	if (q->num_free == 0)
		return DYNO_E_FULL;
	if ((q->indirect && n > 1) ||
		(n > q->num_free && (q->dev->features & VIRTIO_F_INDIRECT) != 0))
		table = indirect_table(q, id);
	entries = table != NULL ? 1 : (uint16_t)n;
	if (entries > q->num_free)
		return DYNO_E_FULL;
	if (q->packed)
		add_packed(q, buf, n_out, n, table);
	else
		add_split(q, buf, n_out, n, table);
	q->slot[id].cookie = cookie;
	q->slot[id].ndesc = entries;
	q->num_free = (uint16_t)(q->num_free - entries);
	return 0;
}

static bool wants_kick(struct virtq *q)
{
	bool wants;

	/* What was made available must be visible before the device's wish is read. */
	dyno_mb();
	if (q->packed) {
		const uint16_t flags = read16(&q->device->flags);

		if (flags != EVENT_DESC) {
			wants = flags == EVENT_ENABLE;
		} else {
			const uint16_t ow = read16(&q->device->off_wrap);
			uint16_t event = ow & 0x7fff;

			if ((ow >> 15 != 0) != q->avail_wrap)
				event = (uint16_t)(event - q->size);
			wants = (uint16_t)(q->next_avail - event - 1) < q->kicked;
		}
		q->kicked = 0;
		return wants;
	}
	if (q->event_idx)
		wants = (uint16_t)(q->next_avail - read16(avail_event(q)) - 1) <
			(uint16_t)(q->next_avail - q->kicked);
	else
		wants = (read16(&q->used->flags) & NO_NOTIFY) == 0;
	wants = wants && q->next_avail != q->kicked;
	q->kicked = q->next_avail;
	return wants;
}

void virtq_kick(struct virtq *q)
{
	if (wants_kick(q))
		event_post(q->notify, q->index);
}

void virtq_kick_now(struct virtq *q)
{
	if (wants_kick(q))
		mmio_write16(q->notify, q->index);
}

bool virtq_pending(const struct virtq *q)
{
	if (q->packed) {
		const uint16_t flags = read16(&q->pdesc[q->last_used].flags);
		const bool avail = (flags & VRING_AVAIL) != 0, used = (flags & VRING_USED) != 0;

		return avail == used && used == q->used_wrap;
	}
	return read16(&q->used->idx) != q->last_used;
}

static void release(struct virtq *q, uint16_t id)
{
	struct virtq_slot *s = &q->slot[id];

	q->num_free = (uint16_t)(q->num_free + s->ndesc);
	if (q->packed || s->ndesc == 1) {
		s->next = q->free_head;
	} else {
		uint16_t last = id;

		/* The chain is linked as it was on the free list. */
		for (uint16_t i = 1; i < s->ndesc; i++)
			last = q->slot[last].next;
		q->slot[last].next = q->free_head;
	}
	q->free_head = id;
	s->cookie = NULL;
	s->ndesc = 0;
}

void *virtq_pop(struct virtq *q, uint32_t *len)
{
	uint32_t id, written;
	void *cookie;

	if (!virtq_pending(q))
		return NULL;
	dyno_rmb();
	if (q->packed) {
		id = q->pdesc[q->last_used].id;
		written = q->pdesc[q->last_used].len;
	} else {
		const struct vring_used_elem *e = &q->used->ring[q->last_used & (q->size - 1)];

		id = e->id;
		written = e->len;
	}
	if (id >= q->size || q->slot[id].cookie == NULL)
		dyno_panic("queue %u: the device returned request %u, which it does not have",
			q->index, id);
	cookie = q->slot[id].cookie;
	if (q->packed) {
		q->last_used = (uint16_t)(q->last_used + q->slot[id].ndesc);
		if (q->last_used >= q->size) {
			q->last_used = (uint16_t)(q->last_used - q->size);
			q->used_wrap = !q->used_wrap;
		}
	} else {
		q->last_used++;
	}
	release(q, (uint16_t)id);
	if (len != NULL)
		*len = written;
	return cookie;
}

bool virtq_arm(struct virtq *q)
{
	if (q->packed) {
		if (q->event_idx)
			write16(&q->driver->off_wrap,
				(uint16_t)(q->last_used | (q->used_wrap ? 0x8000u : 0u)));
		dyno_wmb();
		write16(&q->driver->flags, q->event_idx ? EVENT_DESC : EVENT_ENABLE);
	} else if (q->event_idx) {
		write16(used_event(q), q->last_used);
	} else {
		write16(&q->avail->flags, 0);
	}
	dyno_mb();
	return virtq_pending(q);
}

void virtq_disarm(struct virtq *q)
{
	if (q->packed)
		write16(&q->driver->flags, EVENT_DISABLE);
	else if (q->event_idx)
		/* Just behind: the device comes by here in 65535 requests. */
		write16(used_event(q), (uint16_t)(q->last_used - 1));
	else
		write16(&q->avail->flags, NO_INTERRUPT);
}

static bool call_done(void *ctx)
{
	return virtq_arm(ctx);
}

int virtq_call(struct virtq *q, const struct virtq_buf *buf, unsigned int n_out, unsigned int n_in,
	uint32_t *len)
{
	int rc = virtq_add(q, buf, n_out, n_in, q);

	if (rc != 0)
		return rc;
	virtq_kick(q);
	if (!event_until(call_done, q))
		return DYNO_E_TIMEOUT;
	virtq_pop(q, len);
	virtq_disarm(q);
	return 0;
}
