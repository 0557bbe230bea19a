/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FAT12, FAT16 and FAT32 with long names, for reading ("Microsoft Extensible Firmware Initiative
 * FAT32 File System Specification"). Chains are walked with a limit, so that none goes round.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/le.h"
#include "sim/bootdisk/fs.h"

#define MAX_NAME    256u /* UTF-16 units of a long name, and its end */
#define MAX_DIR     (65536u * 32u) /* bytes of one folder */
#define WINDOW      4096u /* of the allocation table, kept */
#define ENTRY       32u
#define ATTR_LABEL  0x08u
#define ATTR_FOLDER 0x10u
#define ATTR_LONG   0x0fu

struct bpb {
	uint8_t jump[3], oem[8];
	le16 sector_bytes;
	uint8_t cluster_sectors;
	le16 reserved_sectors;
	uint8_t n_fats;
	le16 root_entries, sectors16;
	uint8_t media;
	le16 fat_sectors16, track_sectors, heads;
	le32 hidden, sectors32;
	le32 fat_sectors32; /* FAT32 from here on */
	le16 flags, version;
	le32 root_cluster;
	le16 info_sector, backup_sector;
	uint8_t reserved[12], drive, reserved1, boot_signature;
	le32 volume_id;
	uint8_t label[11], type[8];
};
static_assert(sizeof(struct bpb) == 90, "BIOS parameter block");

struct fat_entry {
	uint8_t name[11], attr, nt, tenths;
	le16 ctime, cdate, adate, cluster_high, mtime, mdate, cluster_low;
	le32 bytes;
};
static_assert(sizeof(struct fat_entry) == ENTRY, "folder entry");

struct fat_long {
	uint8_t order;
	le16 name1[5];
	uint8_t attr, type, checksum;
	le16 name2[6], zero, name3[2];
};
static_assert(sizeof(struct fat_long) == ENTRY, "part of a long name");

struct fat {
	struct disk_fs fs;
	struct disk_span span;
	unsigned int bits; /* 12, 16, 32 */
	uint32_t cluster_bytes, n_clusters; /* clusters 2 .. n_clusters + 1 */
	uint64_t fat_at, fat_bytes, root_at, data_at;
	uint32_t root_bytes, root_cluster; /* FAT12/16: a fixed area; FAT32: a chain */
	uint64_t window_at;
	bool window_valid;
	uint8_t window[WINDOW + 4]; /* an entry may cross its end */
};

/* What a name stands for. */
struct node {
	bool folder, root;
	uint32_t cluster, bytes;
};

/* ---- the allocation table ---- */

static int fat_get(struct fat *f, uint32_t cluster, uint32_t *next)
{
	uint64_t off = f->bits == 12 ? cluster + cluster / 2 : (uint64_t)cluster * (f->bits / 8);
	uint64_t at = off / WINDOW * WINDOW;
	size_t need = f->bits == 32 ? 4 : 2;
	const uint8_t *p;

	if (off > f->fat_bytes || need > f->fat_bytes - off)
		return -EBADMSG;
	if (!f->window_valid || f->window_at != at) {
		int rc = disk_read(&f->span, f->fat_at + at, f->window,
			(size_t)MIN((uint64_t)sizeof(f->window), f->fat_bytes - at));

		f->window_valid = rc == 0;
		f->window_at = at;
		if (rc)
			return rc;
	}
	p = f->window + (off - at);
	*next = (uint32_t)p[0] | (uint32_t)p[1] << 8;
	if (f->bits == 32)
		*next = (*next | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24) & 0x0fffffff;
	if (f->bits == 12)
		*next = cluster & 1 ? *next >> 4 : *next & 0xfff;
	return 0;
}

static bool is_end(const struct fat *f, uint32_t cluster)
{
	return cluster >= (f->bits == 12 ? 0xff8u : f->bits == 16 ? 0xfff8u : 0x0ffffff8u);
}

/* Hands `bytes` bytes of a chain to sink; the end of the chain before them is damage unless
 * `open_end`. */
static int walk_chain(struct fat *f, uint32_t cluster, uint64_t bytes, bool open_end,
	int (*sink)(void *arg, const void *data, size_t n), void *arg)
{
	uint8_t *buf = malloc(f->cluster_bytes);
	int rc = buf ? 0 : -ENOMEM;

	for (uint32_t n = 0; rc == 0 && bytes; n++) {
		size_t part = (size_t)MIN(bytes, (uint64_t)f->cluster_bytes);

		if (is_end(f, cluster) && open_end)
			break;
		if (cluster < 2 || cluster - 2 >= f->n_clusters || n > f->n_clusters) {
			rc = -EBADMSG;
			break;
		}
		rc = disk_read(&f->span, f->data_at + (uint64_t)(cluster - 2) * f->cluster_bytes,
			buf, part);
		if (rc == 0)
			rc = sink(arg, buf, part);
		bytes -= part;
		if (rc == 0 && bytes)
			rc = fat_get(f, cluster, &cluster);
	}
	free(buf);
	return rc;
}

/* ---- folders ---- */

struct scan {
	bool (*each)(void *arg, const char *name, const char *alias, const struct node *n);
	void *arg;
	bool done;
	uint8_t expect, checksum; /* of the next part of a long name; 0: none is open */
	uint16_t name[MAX_NAME + 13];
	/* Entries may cross the pieces that a chain comes in. */
	uint8_t part[ENTRY];
	size_t part_n;
};

static void put_utf8(char **to, uint32_t c)
{
	if (c < 0x80) {
		*(*to)++ = (char)c;
	} else if (c < 0x800) {
		*(*to)++ = (char)(0xc0 | c >> 6);
		*(*to)++ = (char)(0x80 | (c & 0x3f));
	} else {
		*(*to)++ = (char)(0xe0 | c >> 12);
		*(*to)++ = (char)(0x80 | (c >> 6 & 0x3f));
		*(*to)++ = (char)(0x80 | (c & 0x3f));
	}
}

/* Units outside of the basic plane become two unreadable characters: no name that is looked for
 * has any. */
static void long_name(const uint16_t *name, char *out)
{
	for (unsigned int i = 0; i < MAX_NAME && name[i] && name[i] != 0xffff; i++)
		put_utf8(&out, name[i] < 0x20 || name[i] == '/' ? '?' : name[i]);
	*out = '\0';
}

static void short_name(const uint8_t *n, char *out)
{
	for (unsigned int i = 0; i < 8 && n[i] != ' '; i++)
		*out++ = n[i] < 0x20 || n[i] == '/' ? '?' : (char)n[i];
	if (n[8] != ' ')
		*out++ = '.';
	for (unsigned int i = 8; i < 11 && n[i] != ' '; i++)
		*out++ = n[i] < 0x20 || n[i] == '/' ? '?' : (char)n[i];
	*out = '\0';
}

static uint8_t checksum_of(const uint8_t *n)
{
	uint8_t sum = 0;

	for (unsigned int i = 0; i < 11; i++)
		sum = (uint8_t)((sum >> 1 | sum << 7) + n[i]);
	return sum;
}

static void take_long(struct scan *s, const struct fat_long *l)
{
	uint8_t order = l->order & 0x3f;
	uint16_t *to;

	if (l->order & 0x40) {
		memset(s->name, 0, sizeof(s->name));
		s->expect = order;
		s->checksum = l->checksum;
	}
	if (order == 0 || order > MAX_NAME / 13 + 1 || order != s->expect ||
		l->checksum != s->checksum) {
		s->expect = 0;
		s->name[0] = 0;
		return;
	}
	to = s->name + (order - 1u) * 13u;
	for (unsigned int i = 0; i < 5; i++)
		to[i] = le16_get(l->name1[i]);
	for (unsigned int i = 0; i < 6; i++)
		to[5 + i] = le16_get(l->name2[i]);
	to[11] = le16_get(l->name3[0]);
	to[12] = le16_get(l->name3[1]);
	s->expect = (uint8_t)(order - 1);
}

static void take_entry(struct scan *s, const uint8_t *raw)
{
	struct fat_entry e;
	struct fat_long l;
	char name[3 * MAX_NAME + 1], alias[16];
	struct node n;

	memcpy(&e, raw, sizeof(e));
	if (e.name[0] == 0) {
		s->done = true;
		return;
	}
	if ((e.attr & 0x3f) == ATTR_LONG && e.name[0] != 0xe5) {
		memcpy(&l, raw, sizeof(l));
		take_long(s, &l);
		return;
	}
	if (e.name[0] != 0xe5 && !(e.attr & ATTR_LABEL) && e.name[0] != '.') {
		n = (struct node){ .folder = e.attr & ATTR_FOLDER,
			.cluster =
				(uint32_t)le16_get(e.cluster_high) << 16 | le16_get(e.cluster_low),
			.bytes = le32_get(e.bytes) };
		short_name(e.name, alias);
		if (s->expect == 0 && s->name[0] && s->checksum == checksum_of(e.name))
			long_name(s->name, name);
		else
			snprintf(name, sizeof(name), "%s", alias);
		if (!s->each(s->arg, name, alias, &n))
			s->done = true;
	}
	s->name[0] = 0;
	s->expect = 0;
}

#define SCAN_DONE 1 /* not an error: enough was seen */

static int scan_bytes(void *arg, const void *data, size_t n)
{
	struct scan *s = arg;
	const uint8_t *p = data;

	while (n && !s->done) {
		size_t k = MIN(n, ENTRY - s->part_n);

		memcpy(s->part + s->part_n, p, k);
		s->part_n += k;
		p += k;
		n -= k;
		if (s->part_n == ENTRY) {
			s->part_n = 0;
			take_entry(s, s->part);
		}
	}
	return s->done ? SCAN_DONE : 0;
}

static int scan_root_area(struct fat *f, struct scan *s)
{
	uint8_t buf[512];
	int rc = 0;

	for (uint32_t at = 0; rc == 0 && at < f->root_bytes; at += (uint32_t)sizeof(buf)) {
		size_t part = MIN(sizeof(buf), (size_t)(f->root_bytes - at));

		rc = disk_read(&f->span, f->root_at + at, buf, part);
		if (rc == 0)
			rc = scan_bytes(s, buf, part);
	}
	return rc;
}

static int scan(struct fat *f, const struct node *dir,
	bool (*each)(void *arg, const char *name, const char *alias, const struct node *n),
	void *arg)
{
	struct scan s = { .each = each, .arg = arg };
	int rc;

	if (dir->root && f->bits != 32)
		rc = scan_root_area(f, &s);
	else
		rc = walk_chain(f, dir->root ? f->root_cluster : dir->cluster, MAX_DIR, true,
			scan_bytes, &s);
	return rc == SCAN_DONE ? 0 : rc;
}

/* ---- paths ---- */

struct wanted {
	const char *name;
	size_t len;
	struct node found;
	bool any;
};

static bool is_wanted(void *arg, const char *name, const char *alias, const struct node *n)
{
	struct wanted *w = arg;

	if ((strncasecmp(name, w->name, w->len) != 0 || name[w->len]) &&
		(strncasecmp(alias, w->name, w->len) != 0 || alias[w->len]))
		return true;
	w->found = *n;
	w->any = true;
	return false;
}

static int find(struct fat *f, const char *path, struct node *out)
{
	struct node at = { .folder = true, .root = true };

	for (;;) {
		struct wanted w = { 0 };
		int rc;

		path += strspn(path, "/");
		w.name = path;
		w.len = strcspn(path, "/");
		if (!w.len)
			break;
		if (!at.folder)
			return -ENOENT;
		rc = scan(f, &at, is_wanted, &w);
		if (rc)
			return rc;
		if (!w.any)
			return -ENOENT;
		at = w.found;
		path += w.len;
	}
	*out = at;
	return 0;
}

struct listing {
	bool (*each)(void *arg, const char *name, bool folder);
	void *arg;
};

static bool list_one(void *arg, const char *name, const char *alias, const struct node *n)
{
	struct listing *l = arg;

	(void)alias;
	return l->each(l->arg, name, n->folder);
}

static int fat_list(struct disk_fs *fs, const char *dir,
	bool (*each)(void *arg, const char *name, bool folder), void *arg)
{
	struct fat *f = (struct fat *)fs;
	struct listing l = { each, arg };
	struct node n;
	int rc = find(f, dir, &n);

	if (rc == 0 && !n.folder)
		rc = -ENOTDIR;
	return rc ? rc : scan(f, &n, list_one, &l);
}

static int fat_read(struct disk_fs *fs, const char *path, uint64_t max,
	int (*sink)(void *arg, const void *data, size_t n), void *arg)
{
	struct fat *f = (struct fat *)fs;
	struct node n;
	int rc = find(f, path, &n);

	if (rc)
		return rc;
	if (n.folder)
		return -EISDIR;
	if (n.bytes > max)
		return -EFBIG;
	return walk_chain(f, n.cluster, n.bytes, false, sink, arg);
}

static void fat_free(struct disk_fs *fs)
{
	free(fs);
}

static const struct disk_fs_ops fat_ops = { fat_list, fat_read, fat_free };

/* ---- opening ---- */

static bool power_of_two(uint32_t v)
{
	return v && !(v & (v - 1));
}

static int read_geometry(struct fat *f, const struct bpb *b)
{
	uint32_t sector = le16_get(b->sector_bytes), cluster = b->cluster_sectors;
	uint64_t fat_sectors = le16_get(b->fat_sectors16), sectors = le16_get(b->sectors16);
	uint64_t reserved = le16_get(b->reserved_sectors), root_sectors, data, clusters;

	if (!power_of_two(sector) || sector < 512 || sector > 4096 || !power_of_two(cluster) ||
		!reserved || !b->n_fats || b->n_fats > 4 ||
		(b->jump[0] != 0xeb && b->jump[0] != 0xe9))
		return -EINVAL;
	if (!fat_sectors)
		fat_sectors = le32_get(b->fat_sectors32);
	if (!sectors)
		sectors = le32_get(b->sectors32);
	root_sectors = ((uint64_t)le16_get(b->root_entries) * ENTRY + sector - 1) / sector;
	data = reserved + b->n_fats * fat_sectors + root_sectors;
	if (!fat_sectors || !sectors || data >= sectors || sectors > f->span.bytes / sector)
		return -EBADMSG;
	clusters = (sectors - data) / cluster;
	if (!clusters || clusters > 0x0ffffff5u)
		return -EBADMSG;
	f->bits = clusters < 4085 ? 12 : clusters < 65525 ? 16 : 32;
	/* What the fields of a FAT32 say counts too: small ones are made for tests. */
	if (le16_get(b->fat_sectors16) == 0 && le16_get(b->root_entries) == 0)
		f->bits = 32;
	f->n_clusters = (uint32_t)clusters;
	f->cluster_bytes = sector * cluster;
	f->fat_at = reserved * sector;
	f->fat_bytes = fat_sectors * sector;
	f->root_at = (reserved + b->n_fats * fat_sectors) * sector;
	f->root_bytes = le16_get(b->root_entries) * ENTRY;
	f->data_at = data * sector;
	f->root_cluster = f->bits == 32 ? le32_get(b->root_cluster) & 0x0fffffff : 0;
	return 0;
}

static void read_names(struct fat *f, const struct bpb *b, const uint8_t *sector)
{
	/* FAT12 and FAT16 have the same fields 28 bytes before. */
	size_t back = f->bits == 32 ? 0 : 28;
	const uint8_t *id = sector + offsetof(struct bpb, volume_id) - back;
	const uint8_t *label = sector + offsetof(struct bpb, label) - back;
	size_t n = sizeof(b->label);

	snprintf(f->fs.uuid, sizeof(f->fs.uuid), "%02X%02X-%02X%02X", id[3], id[2], id[1], id[0]);
	while (n && (label[n - 1] == ' ' || label[n - 1] == 0))
		n--;
	memcpy(f->fs.label, label, n);
}

int disk_fat_open(const struct disk_span *span, struct disk_fs **out)
{
	uint8_t sector[512];
	struct bpb b;
	struct fat *f;
	int rc;

	if (disk_read(span, 0, sector, sizeof(sector)) || sector[510] != 0x55 ||
		sector[511] != 0xaa)
		return -EINVAL;
	memcpy(&b, sector, sizeof(b));
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->fs.ops = &fat_ops;
	f->fs.type = "vfat";
	f->span = *span;
	rc = read_geometry(f, &b);
	if (rc) {
		free(f);
		return rc;
	}
	read_names(f, &b, sector);
	*out = &f->fs;
	return 0;
}
