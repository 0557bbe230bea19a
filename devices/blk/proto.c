/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the virtio block device; see proto.h. */
#include "devices/blk/proto.h"

/* True when [off, off+bytes) lies on the disk. */
static bool on_disk(const struct blk_limits *l, uint64_t off, uint64_t bytes)
{
	return off <= l->capacity_bytes && bytes <= l->capacity_bytes - off;
}

static uint8_t parse_transfer(
	struct blk_request *r, uint64_t sector, uint32_t bytes, const struct blk_limits *l)
{
	if (bytes % VIRTIO_BLK_SECTOR_BYTES || sector > UINT64_MAX / VIRTIO_BLK_SECTOR_BYTES)
		return VIRTIO_BLK_S_IOERR;
	r->off = sector * VIRTIO_BLK_SECTOR_BYTES;
	r->bytes = bytes;
	return on_disk(l, r->off, bytes) ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR;
}

static uint8_t parse_ranges(
	struct blk_request *r, uint32_t out_bytes, bool negotiated, const struct blk_limits *l)
{
	if (!negotiated)
		return VIRTIO_BLK_S_UNSUPP;
	if (l->read_only || out_bytes == 0 || out_bytes % sizeof(struct virtio_blk_range) ||
		out_bytes / sizeof(struct virtio_blk_range) > BLK_MAX_RANGES)
		return VIRTIO_BLK_S_IOERR;
	r->bytes = out_bytes;
	return VIRTIO_BLK_S_OK;
}

uint8_t blk_parse(struct blk_request *r, const struct virtio_blk_outhdr *h, uint32_t out_bytes,
	uint32_t in_bytes, const struct blk_limits *l)
{
	uint32_t type = le32_get(h->type);
	bool reads = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID;

	*r = (struct blk_request){ 0 };
	switch (type) {
	case VIRTIO_BLK_T_IN:
	case VIRTIO_BLK_T_OUT:
	case VIRTIO_BLK_T_FLUSH:
	case VIRTIO_BLK_T_GET_ID:
	case VIRTIO_BLK_T_DISCARD:
	case VIRTIO_BLK_T_WRITE_ZEROES:
		break;
	default:
		return VIRTIO_BLK_S_UNSUPP;
	}
	/* Data that points the wrong way is a request that means something else. */
	if (reads ? out_bytes > 0 : in_bytes > 0)
		return VIRTIO_BLK_S_IOERR;
	switch (type) {
	case VIRTIO_BLK_T_IN:
		r->what = BLK_DO_READ;
		return parse_transfer(r, le64_get(h->sector), in_bytes, l);
	case VIRTIO_BLK_T_OUT:
		r->what = BLK_DO_WRITE;
		if (l->read_only)
			return VIRTIO_BLK_S_IOERR;
		return parse_transfer(r, le64_get(h->sector), out_bytes, l);
	case VIRTIO_BLK_T_GET_ID:
		r->what = BLK_DO_GET_ID;
		r->bytes = in_bytes;
		return in_bytes >= VIRTIO_BLK_ID_BYTES ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR;
	case VIRTIO_BLK_T_DISCARD:
		r->what = BLK_DO_DISCARD;
		return parse_ranges(r, out_bytes, l->discard, l);
	case VIRTIO_BLK_T_WRITE_ZEROES:
		r->what = BLK_DO_WRITE_ZEROES;
		return parse_ranges(r, out_bytes, l->write_zeroes, l);
	default:
		r->what = BLK_DO_FLUSH;
		return VIRTIO_BLK_S_OK;
	}
}

uint8_t blk_parse_range(struct blk_range *out, enum blk_what what,
	const struct virtio_blk_range *in, const struct blk_limits *l)
{
	uint32_t flags = le32_get(in->flags), sectors = le32_get(in->num_sectors);
	uint64_t sector = le64_get(in->sector);

	/* "The device MUST set the status byte to UNSUPP for discard and write zeroes commands if
	 * any unknown flag is set", and for the unmap flag of a discard. */
	if (flags & ~(what == BLK_DO_WRITE_ZEROES ? VIRTIO_BLK_ZEROES_UNMAP : 0u))
		return VIRTIO_BLK_S_UNSUPP;
	if (sectors > BLK_MAX_RANGE_SECTORS || sector > UINT64_MAX / VIRTIO_BLK_SECTOR_BYTES)
		return VIRTIO_BLK_S_IOERR;
	out->off = sector * VIRTIO_BLK_SECTOR_BYTES;
	out->bytes = (uint64_t)sectors * VIRTIO_BLK_SECTOR_BYTES;
	out->unmap = flags & VIRTIO_BLK_ZEROES_UNMAP;
	return on_disk(l, out->off, out->bytes) ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR;
}
