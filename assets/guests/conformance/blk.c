/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Block Device", on the first disk: it is written to. Option blk=show: before that it prints the
 * line that the disk begins with. Option blk=writer: after the verdicts it writes and flushes for
 * ever, saying what was flushed, until somebody kills the machine.
 */
#include <string.h>

#include "dyno/blk.h"
#include "suite.h"

#define CHUNK 64u /* sectors */

static uint8_t a[CHUNK * DYNO_SECTOR] __attribute__((aligned(4096)));
static uint8_t b[CHUNK * DYNO_SECTOR] __attribute__((aligned(4096)));

/* Sector n of the disk as the host's test expects it. */
static void pattern(uint8_t *p, uint64_t sector, uint8_t salt)
{
	for (uint32_t i = 0; i < DYNO_SECTOR; i++)
		p[i] = (uint8_t)(sector * 31 + i * 7 + salt);
}

static void fill(uint64_t sector, uint8_t salt)
{
	for (uint32_t i = 0; i < CHUNK; i++)
		pattern(a + i * DYNO_SECTOR, sector + i, salt);
}

static bool all_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] != 0)
			return false;
	}
	return true;
}

static void show(struct dyno_blk *d)
{
	char line[DYNO_SECTOR + 1] = { 0 };

	if (!verdict(dyno_blk_read(d, 0, b, 1) == 0, "blk.show", "the first sector is read",
		    "refused"))
		return;
	for (uint32_t i = 0; i < DYNO_SECTOR && b[i] >= ' ' && b[i] <= '~'; i++)
		line[i] = (char)b[i];
	dyno_printf("disk: %s\n", line);
}

static void transfers(struct dyno_blk *d)
{
	const uint64_t end = dyno_blk_sectors(d);

	fill(0, 1);
	verdict(dyno_blk_write(d, 0, a, CHUNK) == 0 && dyno_blk_flush(d) == 0, "blk.write",
		"sectors are written and flushed", "refused");
	verdict(dyno_blk_read(d, 0, b, CHUNK) == 0 && memcmp(a, b, sizeof(a)) == 0, "blk.read",
		"what was written is read", "something else");
	verdict(dyno_blk_write(d, end - CHUNK, a, CHUNK) == 0 &&
			dyno_blk_read(d, end - 1, b, 1) == 0 &&
			memcmp(a + sizeof(a) - DYNO_SECTOR, b, DYNO_SECTOR) == 0,
		"blk.last", "the last sector exists", "refused");
	/* Memory that no sector is aligned with. */
	verdict(dyno_blk_write(d, 128, a + 1, 8) == 0 && dyno_blk_read(d, 128, b + 3, 8) == 0 &&
			memcmp(a + 1, b + 3, 8 * DYNO_SECTOR) == 0,
		"blk.unaligned", "buffers at odd addresses", "something else");
}

static void limits(struct dyno_blk *d)
{
	const uint64_t end = dyno_blk_sectors(d);

	verdict(dyno_blk_read(d, end, b, 1) == DYNO_E_DEVICE &&
			dyno_blk_write(d, end - 1, a, 2) == DYNO_E_DEVICE,
		"blk.range", "sectors behind the end are errors", "accepted");
	verdict(dyno_blk_read(d, UINT64_MAX, b, 1) == DYNO_E_DEVICE &&
			dyno_blk_write(d, UINT64_C(1) << 55, a, 1) == DYNO_E_DEVICE,
		"blk.wrap", "sectors whose byte offset overflows are errors", "accepted");
	verdict(dyno_blk_read(d, 0, b, 1) == 0, "blk.alive", "it goes on after errors", "refused");
}

static void ranges(struct dyno_blk *d)
{
	int rc = dyno_blk_zero(d, 16, 16);

	if (rc == DYNO_E_NODEV)
		verdict_skip("blk.zeroes", "write zeroes", "not offered");
	else
		verdict(rc == 0 && dyno_blk_read(d, 15, b, 18) == 0 &&
				all_zero(b + DYNO_SECTOR, 16 * DYNO_SECTOR) &&
				!all_zero(b, DYNO_SECTOR) &&
				!all_zero(b + 17 * DYNO_SECTOR, DYNO_SECTOR),
			"blk.zeroes", "write zeroes clears exactly its sectors", "code %d", rc);
	rc = dyno_blk_discard(d, 40, 8);
	if (rc == DYNO_E_NODEV)
		verdict_skip("blk.discard", "discard", "not offered");
	else
		verdict(rc == 0 && dyno_blk_discard(d, dyno_blk_sectors(d), 8) == DYNO_E_DEVICE &&
				dyno_blk_read(d, 39, b, 1) == 0 && !all_zero(b, DYNO_SECTOR),
			"blk.discard", "discard takes its sectors and no others", "code %d", rc);
}

/* Block k lies at sector 2048 + 64 k: the host looks for those that were said to be flushed. */
static void write_for_ever(struct dyno_blk *d)
{
	const uint64_t room = (dyno_blk_sectors(d) - 2048) / CHUNK;

	for (uint32_t k = 0;; k++) {
		const uint64_t at = 2048 + k % room * CHUNK;

		fill(at, (uint8_t)(k / room + 2));
		if (dyno_blk_write(d, at, a, CHUNK) != 0 || dyno_blk_flush(d) != 0)
			break;
		dyno_printf("FLUSHED %u\n", k);
	}
	verdict(false, "blk.writer", "it writes for ever", "refused");
}

void suite_blk(void)
{
	const char *option = dyno_option("blk");
	struct dyno_blk *d = virtio_count(VIRTIO_BLK) > 0 ? dyno_blk_open(0) : NULL;
	char serial[21];

	if (virtio_count(VIRTIO_BLK) == 0) {
		verdict_skip("blk", "block device", "there is none");
		return;
	}
	if (!verdict(d != NULL, "blk.open", "the driver starts", "refused"))
		return;
	verdict(dyno_blk_sectors(d) >= 4096, "blk.capacity", "the disk has room for the tests",
		"%u sectors", (unsigned int)dyno_blk_sectors(d));
	verdict(dyno_blk_serial(d, serial) == 0, "blk.id", "the serial is told", "refused");
	dyno_printf("serial=%s queues=%u\n", serial, dyno_blk_queues(d));
	if (option != NULL && strcmp(option, "show") == 0)
		show(d);
	transfers(d);
	limits(d);
	ranges(d);
	if (option != NULL && strcmp(option, "writer") == 0)
		write_for_ever(d);
	dyno_blk_close(d);
}
