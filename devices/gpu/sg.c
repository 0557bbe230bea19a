/* SPDX-License-Identifier: Apache-2.0 */
/* Scatter lists of guest pages; see sg.h. */
#include "devices/gpu/sg.h"

#include <errno.h>
#include <stdlib.h>

#include "devices/gpu/wire.h"

/* Entries that are fetched from guest memory at a time. */
#define FETCH 64

/* Appends a piece, or lengthens the last one. The caller made room and checked the range. */
static void append(struct gpu_sg *sg, uint64_t addr, uint32_t len)
{
	struct gpu_sg_entry *last = sg->n ? &sg->e[sg->n - 1] : NULL;

	if (len == 0)
		return;
	/* addr is inside guest memory and so is the last piece: the sum cannot wrap. */
	if (!last || last->addr.v + (sg->bytes - last->off) != addr)
		sg->e[sg->n++] = (struct gpu_sg_entry){ { addr }, sg->bytes };
	sg->bytes += len;
}

int gpu_sg_init(struct gpu_sg *sg, const struct gmem *mem, struct vq_reader *r, uint32_t entries)
{
	struct gpu_wire_mem_entry w[FETCH];
	struct gpu_sg s = { 0 };
	struct gpu_sg_entry *fit;
	int rc;

	if (entries > r->left / sizeof(w[0]))
		return GUEST_E_SHORT;
	s.e = malloc(MAX(entries, 1u) * sizeof(s.e[0]));
	if (!s.e)
		return -ENOMEM;
	for (uint32_t done = 0; done < entries;) {
		uint32_t n = MIN(entries - done, (uint32_t)FETCH);

		rc = vq_get(r, w, n * (uint32_t)sizeof(w[0]));
		if (rc)
			goto fail;
		for (uint32_t i = 0; i < n; i++) {
			gpa a = { le64_get(w[i].addr) };
			uint32_t len = le32_get(w[i].length);

			rc = GUEST_E_RANGE;
			if (len > 0 && !gmem_valid(mem, a, len))
				goto fail;
			append(&s, a.v, len);
		}
		done += n;
	}
	fit = realloc(s.e, MAX(s.n, 1u) * sizeof(s.e[0]));
	if (fit)
		s.e = fit;
	*sg = s;
	return 0;
fail:
	free(s.e);
	return rc;
}

void gpu_sg_fini(struct gpu_sg *sg)
{
	free(sg->e);
	*sg = (struct gpu_sg){ 0 };
}

/* The piece that holds byte `off`, which is inside. */
static uint32_t find(const struct gpu_sg *sg, uint64_t off)
{
	uint32_t lo = 0, hi = sg->n;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (sg->e[mid].off <= off)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

int gpu_sg_read(
	const struct gpu_sg *sg, const struct gmem *mem, uint64_t off, void *dst, uint64_t len)
{
	uint8_t *to = dst;

	if (off > sg->bytes || len > sg->bytes - off)
		return GUEST_E_RANGE;
	if (len == 0)
		return 0;
	for (uint32_t i = find(sg, off); len > 0; i++) {
		uint64_t end = i + 1 < sg->n ? sg->e[i + 1].off : sg->bytes;
		uint64_t in = off - sg->e[i].off, n = MIN(len, end - off);
		int rc = gmem_read(mem, to, (gpa){ sg->e[i].addr.v + in }, n);

		if (rc)
			return rc;
		to += n;
		off += n;
		len -= n;
	}
	return 0;
}
