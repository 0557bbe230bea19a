/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing, never more than half full. */
#include "sim/dbc/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash_of(uint64_t scope, const char *key, size_t len)
{
	/* FNV-1a, then mixed: the low bits choose the slot. */
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ scope * UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)key[i]) * UINT64_C(0x100000001b3);
	return h ^ h >> 29;
}

/* The slot of a key, or the free one where it would go. */
static struct name_slot *slot_of(
	struct name_slot *slots, size_t cap, uint64_t scope, const char *key, size_t len)
{
	size_t i = (size_t)hash_of(scope, key, len) & (cap - 1);

	for (;; i = (i + 1) & (cap - 1)) {
		struct name_slot *s = &slots[i];

		if (!s->value || (s->scope == scope && s->len == len &&
					 (len == 0 || memcmp(s->key, key, len) == 0)))
			return s;
	}
}

static int grow(struct names *t)
{
	size_t cap = t->cap ? t->cap * 2 : 64;
	struct name_slot *slots = calloc(cap, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < t->cap; i++) {
		struct name_slot *s = &t->slots[i];

		if (s->value)
			*slot_of(slots, cap, s->scope, s->key, s->len) = *s;
	}
	free(t->slots);
	t->slots = slots;
	t->cap = cap;
	return 0;
}

int names_add(struct names *t, uint64_t scope, const char *key, size_t len, void *value, void **old)
{
	struct name_slot *s;

	if (2 * (t->n + 1) > t->cap && grow(t) < 0)
		return -ENOMEM;
	s = slot_of(t->slots, t->cap, scope, key, len);
	if (s->value) {
		if (old)
			*old = s->value;
		return 1;
	}
	*s = (struct name_slot){ .scope = scope, .key = key, .len = len, .value = value };
	t->n++;
	return 0;
}

void *names_get(const struct names *t, uint64_t scope, const char *key, size_t len)
{
	return t->cap ? slot_of(t->slots, t->cap, scope, key, len)->value : NULL;
}

void names_fini(struct names *t)
{
	free(t->slots);
	*t = (struct names){ .n = 0 };
}
