/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a driver asks of a disk is refused or lies on the disk. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "devices/blk/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct virtio_blk_outhdr h;
	struct virtio_blk_range w;
	struct blk_limits l;
	struct blk_request r;
	struct blk_range g;
	uint32_t out, in;
	uint64_t sectors;

	if (size < 1 + 8 + 4 + 4 + sizeof(h) + sizeof(w))
		return 0;
	memcpy(&sectors, data + 1, 8);
	memcpy(&out, data + 9, 4);
	memcpy(&in, data + 13, 4);
	memcpy(&h, data + 17, sizeof(h));
	memcpy(&w, data + 17 + sizeof(h), sizeof(w));
	l = (struct blk_limits){ .capacity_bytes = (sectors >> 9) << 9,
		.read_only = data[0] & 1,
		.discard = data[0] & 2,
		.write_zeroes = data[0] & 4 };
	if (blk_parse(&r, &h, out, in, &l) == VIRTIO_BLK_S_OK) {
		if (r.what == BLK_DO_READ || r.what == BLK_DO_WRITE) {
			must(r.off % 512 == 0 && r.bytes % 512 == 0);
			must(r.off <= l.capacity_bytes && r.bytes <= l.capacity_bytes - r.off);
			must(r.bytes == (r.what == BLK_DO_READ ? in : out));
		}
		if (r.what != BLK_DO_READ && r.what != BLK_DO_FLUSH && r.what != BLK_DO_GET_ID)
			must(!l.read_only);
		if (r.what == BLK_DO_DISCARD || r.what == BLK_DO_WRITE_ZEROES)
			must(r.bytes == out && out / sizeof(w) <= BLK_MAX_RANGES);
		if (r.what == BLK_DO_GET_ID)
			must(in >= VIRTIO_BLK_ID_BYTES);
	}
	for (int what = BLK_DO_DISCARD; what <= BLK_DO_WRITE_ZEROES; what++) {
		if (blk_parse_range(&g, (enum blk_what)what, &w, &l) == VIRTIO_BLK_S_OK) {
			must(g.off <= l.capacity_bytes && g.bytes <= l.capacity_bytes - g.off);
			must(!g.unmap || what == BLK_DO_WRITE_ZEROES);
		}
	}
	return 0;
}
