/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap: one free list in address order, first fit, neighbours are joined on free. Guests
 * allocate at start and rarely after; simple beats fast here.
 */
#include "dyno/mem.h"

#include <stdlib.h>
#include <string.h>

#include "dyno/io.h"
#include "sdk.h"

/* In front of every piece, free or taken. 16 bytes keep the alignment. */
struct piece {
	size_t bytes; /* with this header */
	union {
		struct piece *next; /* free */
		size_t magic; /* taken */
	};
};
static_assert(sizeof(struct piece) == 16, "headers keep the alignment");

#define TAKEN_MAGIC 0x6f6e7964u
#define MIN_PIECE   (2 * sizeof(struct piece))

#define PAGE_BYTES  ((uintptr_t)4096)
#define TOUCH_BYTES ((uintptr_t)65536)

static struct piece *free_list;
/* No memory from `fresh` to `heap_end` was used yet. */
static uintptr_t fresh, heap_end;

/*
 * The first access to a page of guest memory faults all the way to the host. Where ring 0 is
 * emulated that costs a fraction there of what it costs in ring 3, so fresh memory is touched in
 * ring 0 first, some way ahead.
 */
static void touch_up_to(uintptr_t end)
{
	uintptr_t to;

	if (end <= fresh)
		return;
	to = (end + TOUCH_BYTES - 1) & ~(TOUCH_BYTES - 1);
	to = to < heap_end ? to : heap_end;
	if (to > fresh)
		dyno_ring0(
			DYNO_GATE_TOUCH, 0, (to - fresh + PAGE_BYTES - 1) / PAGE_BYTES, fresh, 0);
	fresh = to;
}

void heap_init(uintptr_t from, uintptr_t to)
{
	from = (from + 15) & ~(uintptr_t)15;
	to &= ~(uintptr_t)15;
	if (to < from + MIN_PIECE)
		return;
	fresh = from;
	heap_end = to;
	free_list = (struct piece *)from;
	free_list->bytes = to - from;
	free_list->next = NULL;
}

/*
 * The header's place for `need` bytes (header included) in a free piece so that the memory after it
 * is aligned and what is left in front is either nothing or large enough for a piece. 0: no room.
 */
static uintptr_t place_in(const struct piece *p, size_t need, size_t align)
{
	const uintptr_t from = (uintptr_t)p, to = from + p->bytes;
	uintptr_t at =
		((from + sizeof(struct piece) + align - 1) & ~(align - 1)) - sizeof(struct piece);

	if (at != from && at - from < MIN_PIECE)
		at += align < MIN_PIECE ? MIN_PIECE : align;
	return at < to && need <= to - at ? at : 0;
}

void *dyno_alloc(size_t bytes, size_t align)
{
	struct piece **link = &free_list;
	size_t need;

	if (bytes == 0 || bytes > SIZE_MAX / 2 || align > SIZE_MAX / 4)
		return NULL;
	align = align < 16 ? 16 : align;
	need = ((bytes + 15) & ~(size_t)15) + sizeof(struct piece);
	for (; *link != NULL; link = &(*link)->next) {
		struct piece *p = *link, *taken;
		const uintptr_t at = place_in(p, need, align);
		uintptr_t end;

		if (at == 0)
			continue;
		end = (uintptr_t)p + p->bytes;
		/* And the header behind it. */
		touch_up_to(at + need + sizeof(*p));
		if (end - (at + need) >= MIN_PIECE) {
			struct piece *rest = (struct piece *)(at + need);

			rest->bytes = end - (at + need);
			rest->next = p->next;
			*link = rest;
		} else {
			need = end - at;
			*link = p->next;
		}
		if (at != (uintptr_t)p) {
			p->bytes = at - (uintptr_t)p;
			p->next = *link;
			*link = p;
		}
		taken = (struct piece *)at;
		taken->bytes = need;
		taken->magic = TAKEN_MAGIC;
		return memset(taken + 1, 0, need - sizeof(*taken));
	}
	return NULL;
}

static bool join(struct piece *a, struct piece *b)
{
	if (b == NULL || (uintptr_t)a + a->bytes != (uintptr_t)b)
		return false;
	a->bytes += b->bytes;
	a->next = b->next;
	return true;
}

void dyno_free(void *ptr)
{
	struct piece *p, *prev = NULL, **link = &free_list;

	if (ptr == NULL)
		return;
	p = (struct piece *)ptr - 1;
	/* Freed twice, or not from here: leaving it alone is the lesser evil. */
	if (p->magic != TAKEN_MAGIC)
		return;
	for (; *link != NULL && *link < p; link = &(*link)->next)
		prev = *link;
	p->next = *link;
	*link = p;
	join(p, p->next);
	if (prev != NULL)
		join(prev, p);
}

size_t dyno_heap_free_bytes(void)
{
	size_t n = 0;

	for (const struct piece *p = free_list; p != NULL; p = p->next)
		n += p->bytes;
	return n;
}

void *malloc(size_t bytes)
{
	return dyno_alloc(bytes, 16);
}

void *calloc(size_t n, size_t bytes)
{
	size_t all;

	return __builtin_mul_overflow(n, bytes, &all) ? NULL : dyno_alloc(all, 16);
}

void *realloc(void *p, size_t bytes)
{
	void *bigger = dyno_alloc(bytes, 16);

	if (bigger != NULL && p != NULL) {
		const size_t old = ((struct piece *)p - 1)->bytes - sizeof(struct piece);

		memcpy(bigger, p, old < bytes ? old : bytes);
		dyno_free(p);
	}
	return bigger;
}

void free(void *p)
{
	dyno_free(p);
}
