/* SPDX-License-Identifier: Apache-2.0 */
/* virtio block device ("Block Device"): asked and waited for, on the first queue. */
#include "dyno/blk.h"

#include <string.h>

#include "dyno/mem.h"
#include "dyno/virtio.h"

#define MAX_DISKS 4

#define F_RO           VIRTIO_BIT(5)
#define F_FLUSH        VIRTIO_BIT(9)
#define F_MQ           VIRTIO_BIT(12)
#define F_DISCARD      VIRTIO_BIT(13)
#define F_WRITE_ZEROES VIRTIO_BIT(14)

enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };

#define CONFIG_NUM_QUEUES 34

struct dyno_blk {
	bool open;
	struct virtio_dev dev;
	struct virtq queue;
	uint64_t sectors;
	uint16_t queues;
	struct {
		uint32_t type, reserved;
		uint64_t sector;
	} header;
	struct {
		uint64_t sector;
		uint32_t sectors, flags;
	} range;
	uint8_t status;
};

static struct dyno_blk disks[MAX_DISKS];

struct dyno_blk *dyno_blk_open(unsigned int index)
{
	struct dyno_blk *b = index < MAX_DISKS ? &disks[index] : NULL;

	if (b == NULL || b->open)
		return b;
	if (virtio_find(&b->dev, VIRTIO_BLK, index) != 0 ||
		virtio_negotiate(&b->dev, virtio_ring_features() | F_RO | F_FLUSH | F_MQ |
						  F_DISCARD | F_WRITE_ZEROES) != 0 ||
		virtq_new(&b->queue, &b->dev, 0, 16) != 0)
		return NULL;
	virtio_config_read(&b->dev, 0, &b->sectors, sizeof(b->sectors));
	b->queues = 1;
	if (b->dev.features & F_MQ)
		virtio_config_read(&b->dev, CONFIG_NUM_QUEUES, &b->queues, sizeof(b->queues));
	virtio_driver_ok(&b->dev);
	b->open = true;
	return b;
}

void dyno_blk_close(struct dyno_blk *b)
{
	if (b == NULL || !b->open)
		return;
	/* Where the reset fails the device may still write to the rings: they stay. */
	if (virtio_reset(&b->dev) == 0)
		virtq_free(&b->queue);
	b->open = false;
}

uint64_t dyno_blk_sectors(const struct dyno_blk *b)
{
	return b->sectors;
}

bool dyno_blk_read_only(const struct dyno_blk *b)
{
	return (b->dev.features & F_RO) != 0;
}

unsigned int dyno_blk_queues(const struct dyno_blk *b)
{
	return b->queues;
}

/* One request with at most one piece of data. */
static int call(struct dyno_blk *b, uint32_t type, uint64_t sector, const void *out, void *in,
	uint32_t bytes)
{
	struct virtq_buf buf[3];
	unsigned int n = 0;
	int rc;

	b->header.type = type;
	b->header.reserved = 0;
	b->header.sector = sector;
	b->status = 0xff;
	buf[n++] = (struct virtq_buf){ &b->header, sizeof(b->header) };
	if (out != NULL) {
		union {
			const void *c;
			void *v;
		} u = { out };

		buf[n++] = (struct virtq_buf){ u.v, bytes };
	}
	if (in != NULL)
		buf[n++] = (struct virtq_buf){ in, bytes };
	buf[n++] = (struct virtq_buf){ &b->status, 1 };
	rc = virtq_call(&b->queue, buf, out != NULL ? 2 : 1, in != NULL ? 2 : 1, NULL);
	if (rc != 0)
		return rc;
	return b->status == 0 ? 0 : DYNO_E_DEVICE;
}

int dyno_blk_read(struct dyno_blk *b, uint64_t sector, void *dst, uint32_t sectors)
{
	return call(b, T_IN, sector, NULL, dst, sectors * DYNO_SECTOR);
}

int dyno_blk_write(struct dyno_blk *b, uint64_t sector, const void *src, uint32_t sectors)
{
	return call(b, T_OUT, sector, src, NULL, sectors * DYNO_SECTOR);
}

int dyno_blk_flush(struct dyno_blk *b)
{
	return call(b, T_FLUSH, 0, NULL, NULL, 0);
}

static int on_range(struct dyno_blk *b, uint32_t type, uint64_t sector, uint32_t sectors)
{
	b->range.sector = sector;
	b->range.sectors = sectors;
	b->range.flags = 0;
	return call(b, type, 0, &b->range, NULL, sizeof(b->range));
}

int dyno_blk_discard(struct dyno_blk *b, uint64_t sector, uint32_t sectors)
{
	return b->dev.features & F_DISCARD ? on_range(b, T_DISCARD, sector, sectors) : DYNO_E_NODEV;
}

int dyno_blk_zero(struct dyno_blk *b, uint64_t sector, uint32_t sectors)
{
	return b->dev.features & F_WRITE_ZEROES ? on_range(b, T_WRITE_ZEROES, sector, sectors)
						: DYNO_E_NODEV;
}

int dyno_blk_serial(struct dyno_blk *b, char out[21])
{
	memset(out, 0, 21);
	return call(b, T_GET_ID, 0, NULL, out, 20);
}
