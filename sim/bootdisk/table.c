/* SPDX-License-Identifier: Apache-2.0 */
/* Partition tables: GPT ("UEFI Specification, GUID Partition Table"), MBR with logical partitions.
 */
#include <errno.h>
#include <string.h>

#include "base/le.h"
#include "sim/bootdisk/fs.h"

#define SECTOR        512u
#define MAX_LOGICAL   64u
#define MAX_GPT_BYTES 4096u /* of one entry */

struct gpt_header {
	uint8_t signature[8];
	le32 revision, header_bytes, crc, reserved;
	le64 my_lba, alternate_lba, first_usable, last_usable;
	uint8_t disk_guid[16];
	le64 entries_lba;
	le32 n_entries, entry_bytes, entries_crc;
};
static_assert(sizeof(struct gpt_header) == 92, "GPT header");

struct gpt_entry {
	uint8_t type[16], guid[16];
	le64 first_lba, last_lba, attributes;
	uint8_t name[72];
};
static_assert(sizeof(struct gpt_entry) == 128, "GPT entry");

struct mbr_entry {
	uint8_t active, chs_first[3], type, chs_last[3];
	le32 first, sectors;
};
static_assert(sizeof(struct mbr_entry) == 16, "MBR entry");

struct mbr {
	uint8_t code[446];
	struct mbr_entry e[4];
	uint8_t signature[2];
};
static_assert(sizeof(struct mbr) == 512, "MBR");

enum { MBR_GPT = 0xee, MBR_ESP = 0xef, MBR_XBOOTLDR = 0xea };

/* GUIDs as they lie on the disk. */
static const uint8_t guid_esp[16] = { 0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b,
	0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b };
static const uint8_t guid_xbootldr[16] = { 0xff, 0xc2, 0x13, 0xbc, 0xe6, 0x59, 0x62, 0x42, 0xa3,
	0x52, 0xb2, 0x75, 0xfd, 0x6f, 0x71, 0x72 };
static const uint8_t guid_none[16];

struct list {
	const struct disk_source *src;
	struct disk_part *out;
	size_t n, max;
};

/* Parts that reach beyond the image are left out: a cut image shows what is there. */
static void add(struct list *l, uint64_t first, uint64_t count, uint64_t unit, struct disk_part p)
{
	uint64_t units = l->src->bytes / unit;

	if (l->n == l->max || count == 0 || first >= units || count > units - first)
		return;
	p.span = (struct disk_span){ l->src, first * unit, count * unit };
	l->out[l->n++] = p;
}

static int read_gpt(struct list *l, const struct disk_span *all, uint64_t unit)
{
	struct gpt_header h;
	uint64_t lba, bytes;
	uint32_t n;
	int rc = disk_read(all, unit, &h, sizeof(h));

	if (rc || memcmp(h.signature, "EFI PART", 8) != 0)
		return -EINVAL;
	lba = le64_get(h.entries_lba);
	bytes = le32_get(h.entry_bytes);
	n = MIN(le32_get(h.n_entries), (uint32_t)l->max);
	if (bytes < sizeof(struct gpt_entry) || bytes > MAX_GPT_BYTES || lba > all->bytes / unit)
		return -EBADMSG;
	for (uint32_t i = 0; i < n; i++) {
		struct disk_part p = { .number = i + 1, .gpt = true };
		struct gpt_entry e;
		uint64_t first, last;

		rc = disk_read(all, lba * unit + i * bytes, &e, sizeof(e));
		if (rc)
			return rc;
		if (memcmp(e.type, guid_none, 16) == 0)
			continue;
		first = le64_get(e.first_lba);
		last = le64_get(e.last_lba);
		if (memcmp(e.type, guid_esp, 16) == 0)
			p.kind = DISK_PART_ESP;
		else if (memcmp(e.type, guid_xbootldr, 16) == 0)
			p.kind = DISK_PART_XBOOTLDR;
		if (last >= first && last != UINT64_MAX)
			add(l, first, last - first + 1, unit, p);
	}
	return 0;
}

static bool is_extended(uint8_t type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

static enum disk_part_kind mbr_kind(uint8_t type)
{
	return type == MBR_ESP        ? DISK_PART_ESP
	       : type == MBR_XBOOTLDR ? DISK_PART_XBOOTLDR
				      : DISK_PART_OTHER;
}

/* The chain of tables inside an extended partition; it may be made to go round. */
static void read_logical(struct list *l, const struct disk_span *all, uint64_t base)
{
	uint64_t at = base;

	for (uint32_t i = 0; i < MAX_LOGICAL; i++) {
		struct mbr m;
		struct disk_part p = { .number = 5 + i };

		if (disk_read(all, at * SECTOR, &m, sizeof(m)) || m.signature[0] != 0x55 ||
			m.signature[1] != 0xaa)
			return;
		p.kind = mbr_kind(m.e[0].type);
		if (m.e[0].type)
			add(l, at + le32_get(m.e[0].first), le32_get(m.e[0].sectors), SECTOR, p);
		if (!is_extended(m.e[1].type) || !le32_get(m.e[1].first))
			return;
		at = base + le32_get(m.e[1].first);
	}
}

static void read_mbr(struct list *l, const struct disk_span *all, const struct mbr *m)
{
	for (uint32_t i = 0; i < 4; i++) {
		const struct mbr_entry *e = &m->e[i];
		struct disk_part p = { .number = i + 1, .kind = mbr_kind(e->type) };

		if (is_extended(e->type))
			read_logical(l, all, le32_get(e->first));
		else if (e->type && e->type != MBR_GPT)
			add(l, le32_get(e->first), le32_get(e->sectors), SECTOR, p);
	}
}

/* The boot sector of a FAT ends like an MBR: its first partition entries are code. */
static bool has_table(const struct mbr *m)
{
	bool any = false;

	if (m->signature[0] != 0x55 || m->signature[1] != 0xaa ||
		memcmp((const uint8_t *)m + 54, "FAT", 3) == 0 ||
		memcmp((const uint8_t *)m + 82, "FAT", 3) == 0)
		return false;
	for (uint32_t i = 0; i < 4; i++) {
		if (m->e[i].active & 0x7f)
			return false;
		any |= m->e[i].type != 0;
	}
	return any;
}

int disk_partitions(const struct disk_source *src, struct disk_part *out, size_t max)
{
	struct disk_span all = { src, 0, src->bytes };
	struct list l = { .src = src, .out = out, .max = max };
	struct mbr m;
	int rc = read_gpt(&l, &all, SECTOR);

	/* Disks with sectors of 4 KiB. */
	if (rc == -EINVAL)
		rc = read_gpt(&l, &all, 4096);
	if (rc != -EINVAL)
		return rc ? rc : (int)l.n;
	rc = disk_read(&all, 0, &m, sizeof(m));
	if (rc == 0 && has_table(&m))
		read_mbr(&l, &all, &m);
	else if (rc == 0)
		add(&l, 0, src->bytes / SECTOR, SECTOR, (struct disk_part){ .number = 0 });
	return rc ? rc : (int)l.n;
}
