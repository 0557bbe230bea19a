/* SPDX-License-Identifier: Apache-2.0 */
/* The search of an image; see find.h. */
#include "sim/bootdisk/find.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fd.h"

#define CONFIG_MAX (1024u * 1024)
#define ENTRY_MAX  (64u * 1024)
#define KERNEL_MAX (512ull << 20)
#define INITRD_MAX (2048ull << 20)
#define MAX_FILES  256u /* entry files of one folder that are read */

struct boot_image {
	struct disk_part part[DISK_MAX_PARTITIONS];
	struct disk_fs *fs[DISK_MAX_PARTITIONS]; /* NULL: not read */
	uint32_t n;
	char letter;
	struct boot_entries entries;
	char what[512]; /* what is on it, for messages */
	uint32_t n_lost; /* entries whose files are not there */
	char lost[BOOT_PATH_MAX + 200]; /* the first of them */
};

/* ---- file systems ---- */

static bool has_magic(const struct disk_span *s, uint64_t off, const char *magic)
{
	char seen[16];
	size_t n = strlen(magic);

	return disk_read(s, off, seen, n) == 0 && memcmp(seen, magic, n) == 0;
}

/* Why a partition is not read. */
static const char *kind_of(const struct disk_span *s, int rc)
{
	if (rc == -EBADMSG)
		return "damaged";
	if (has_magic(s, 0, "XFSB"))
		return "XFS, not read";
	if (has_magic(s, 0x10040, "_BHRfS_M"))
		return "btrfs, not read";
	if (has_magic(s, 0, "LUKS"))
		return "encrypted";
	if (has_magic(s, 512, "LABELONE"))
		return "LVM, not read";
	if (has_magic(s, 4086, "SWAPSPACE2"))
		return "swap";
	if (has_magic(s, 0, "hsqs"))
		return "squashfs, not read";
	if (has_magic(s, 0, "QFI\xfb"))
		return "a qcow2 image, not a raw one";
	return "no file system that is known";
}

static void note(struct boot_image *im, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void note(struct boot_image *im, const char *fmt, ...)
{
	size_t at = strlen(im->what);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(im->what + at, sizeof(im->what) - at, fmt, ap);
	va_end(ap);
}

static void open_parts(struct boot_image *im)
{
	for (uint32_t i = 0; i < im->n; i++) {
		const struct disk_part *p = &im->part[i];
		int rc = disk_fs_open(&p->span, &im->fs[i]);
		const char *is = rc ? kind_of(&p->span, rc) : im->fs[i]->type;

		if (rc)
			im->fs[i] = NULL;
		if (p->number)
			note(im, "%spartition %u: %s", i ? "; " : "", p->number, is);
		else
			note(im, "the whole image: %s", is);
	}
}

/* A reading that takes nothing tells whether a file is there. */
static int no_bytes(void *arg, const void *data, size_t n)
{
	(void)arg;
	(void)data;
	return n ? -EFBIG : 0;
}

static bool is_there(struct disk_fs *fs, const char *path)
{
	int rc = fs->ops->read(fs, path, 0, no_bytes, NULL);

	return rc == 0 || rc == -EFBIG;
}

/* ---- entries ---- */

/* A path as the configuration has it, or below /boot where that is no file system of its own. */
static bool settle_path(struct disk_fs *fs, char *path)
{
	char below[BOOT_PATH_MAX];

	if (!path[0])
		return false;
	if (is_there(fs, path))
		return true;
	if ((size_t)snprintf(below, sizeof(below), "/boot%s%s", path[0] == '/' ? "" : "/", path) >=
			sizeof(below) ||
		!is_there(fs, below))
		return false;
	memcpy(path, below, sizeof(below));
	return true;
}

/* Whether all files of an entry are on file system `i`; then it is said to be there. */
static bool settle(const struct boot_image *im, struct boot_entry *en, uint32_t i)
{
	struct boot_entry try = *en;

	if (i >= im->n || !im->fs[i] || !settle_path(im->fs[i], try.kernel))
		return false;
	for (uint32_t k = 0; k < try.n_initrds; k++) {
		if (!settle_path(im->fs[i], try.initrd[k]))
			return false;
	}
	try.fs = i;
	*en = try;
	return true;
}

static void lose(struct boot_image *im, const struct boot_entry *en)
{
	if (im->n_lost++ == 0)
		snprintf(im->lost, sizeof(im->lost), "\"%s\" wants %s", en->title, en->kernel);
}

struct names {
	uint32_t n;
	char name[MAX_FILES][168];
};

static bool take_conf(void *arg, const char *name, bool folder)
{
	struct names *l = arg;
	size_t len = strlen(name);

	if (!folder && len > 5 && len < sizeof(l->name[0]) &&
		strcasecmp(name + len - 5, ".conf") == 0)
		memcpy(l->name[l->n++], name, len + 1);
	return l->n < MAX_FILES;
}

struct env {
	const char *text;
	char value[BOOT_OPTIONS_MAX];
};

static const char *from_env(void *arg, const char *name)
{
	struct env *env = arg;

	return env->text ? grubenv_get(env->text, name, env->value, sizeof(env->value)) : NULL;
}

static int read_text(struct disk_fs *fs, const char *dir, const char *name, size_t max, char **out)
{
	char path[BOOT_PATH_MAX];

	*out = NULL;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		return -ENAMETOOLONG;
	return disk_fs_text(fs, path, max, out);
}

/* The entry files of one file system. */
static void add_bls(struct boot_image *im, uint32_t i, const char *dir, struct env *env)
{
	struct names *l = calloc(1, sizeof(*l));
	char folder[64];

	snprintf(folder, sizeof(folder), "%s/entries", dir);
	if (l && im->fs[i]->ops->list(im->fs[i], folder, take_conf, l))
		l->n = 0;
	for (uint32_t k = 0; l && k < l->n && im->entries.n < BOOT_MAX_ENTRIES; k++) {
		struct boot_entry *en = &im->entries.e[im->entries.n];
		CLEANUP_FREE char *text = NULL;

		if (read_text(im->fs[i], folder, l->name[k], ENTRY_MAX, &text) ||
			bls_parse(l->name[k], text, from_env, env, en))
			continue;
		if (settle(im, en, i))
			im->entries.n++;
		else
			lose(im, en);
	}
	free(l);
}

static const char *const grub_dirs[] = { "/boot/grub", "/grub", "/boot/grub2", "/grub2" };

/* The environment block of GRUB, wherever it lies; NULL. */
static char *find_env(struct boot_image *im)
{
	char *text = NULL;

	for (uint32_t i = 0; i < im->n; i++) {
		for (size_t d = 0; im->fs[i] && d < ARRAY_SIZE(grub_dirs); d++) {
			if (read_text(im->fs[i], grub_dirs[d], "grubenv", ENTRY_MAX, &text) == 0)
				return text;
		}
	}
	return NULL;
}

static void find_bls(struct boot_image *im, const char *grubenv)
{
	static const char *const dirs[] = { "/loader", "/boot/loader" };
	CLEANUP_FREE char *conf = NULL;
	struct env *env = calloc(1, sizeof(*env));
	char saved[160];

	if (!env)
		return;
	env->text = grubenv;
	for (uint32_t i = 0; i < im->n; i++) {
		for (size_t d = 0; im->fs[i] && d < ARRAY_SIZE(dirs); d++) {
			add_bls(im, i, dirs[d], env);
			if (!conf)
				(void)!read_text(
					im->fs[i], dirs[d], "loader.conf", ENTRY_MAX, &conf);
		}
	}
	free(env);
	bls_order(&im->entries, conf);
	/* GRUB with such entries keeps its choice elsewhere. */
	if (conf || !grubenv_get(grubenv, "saved_entry", saved, sizeof(saved)))
		return;
	for (uint32_t i = 0; i < im->entries.n; i++) {
		if (strcmp(im->entries.e[i].id, saved) == 0)
			im->entries.chosen = i;
	}
}

/* The file system that GRUB's root names; `here` where it names none that is there. */
static uint32_t root_of(const struct boot_image *im, const char *root, uint32_t here)
{
	const char *comma = strrchr(root, ',');

	for (uint32_t i = 0; i < im->n; i++) {
		const struct disk_fs *fs = im->fs[i];

		if (fs && strncmp(root, "uuid:", 5) == 0 && strcasecmp(root + 5, fs->uuid) == 0)
			return i;
		if (fs && strncmp(root, "label:", 6) == 0 && strcmp(root + 6, fs->label) == 0)
			return i;
		if (strncmp(root, "hd", 2) == 0 && comma && im->part[i].number &&
			strtoul(comma + 1 + strcspn(comma + 1, "0123456789"), NULL, 10) ==
				im->part[i].number)
			return i;
	}
	return here;
}

/* Leaves out what is not there; the choice stays with its entry. */
static void settle_grub(struct boot_image *im, uint32_t here)
{
	struct boot_entries *es = &im->entries;
	uint32_t n = 0, chosen = 0;

	for (uint32_t i = 0; i < es->n; i++) {
		struct boot_entry *en = &es->e[i];

		if (!settle(im, en, root_of(im, en->root, here)) && !settle(im, en, here)) {
			lose(im, en);
			continue;
		}
		if (i == es->chosen)
			chosen = n;
		if (n != i)
			es->e[n] = *en;
		n++;
	}
	es->n = n;
	es->chosen = chosen;
}

static void find_grub(struct boot_image *im, const char *grubenv)
{
	for (uint32_t i = 0; i < im->n; i++) {
		for (size_t d = 0; im->fs[i] && d < ARRAY_SIZE(grub_dirs); d++) {
			CLEANUP_FREE char *text = NULL;
			bool blscfg;

			if (read_text(im->fs[i], grub_dirs[d], "grub.cfg", CONFIG_MAX, &text))
				continue;
			grub_parse(text, grubenv, &im->entries, &blscfg);
			settle_grub(im, i);
			if (im->entries.n)
				return;
		}
	}
}

/* Kernels where distributions put them, without any boot loader: images of containers and chroots.
 */
static void find_plain(struct boot_image *im)
{
	static const struct {
		const char *kernel, *initrd;
	} places[] = {
		{ "/boot/vmlinuz", "/boot/initrd.img" },
		{ "/vmlinuz", "/initrd.img" },
		{ "/boot/vmlinuz", "/boot/initrd" },
		{ "/boot/vmlinuz-linux", "/boot/initramfs-linux.img" },
		{ "/boot/bzImage", "/boot/initrd.img" },
	};

	for (uint32_t i = 0; i < im->n; i++) {
		for (size_t k = 0; im->fs[i] && k < ARRAY_SIZE(places); k++) {
			struct boot_entry *en = &im->entries.e[im->entries.n];
			uint32_t number = im->part[i].number;

			if (!is_there(im->fs[i], places[k].kernel) || im->entries.n)
				continue;
			memset(en, 0, sizeof(*en));
			en->fs = i;
			snprintf(en->id, sizeof(en->id), "plain");
			snprintf(en->title, sizeof(en->title), "%s", places[k].kernel);
			snprintf(en->kernel, sizeof(en->kernel), "%s", places[k].kernel);
			/* A kernel alone knows no UUIDs of file systems. */
			if (is_there(im->fs[i], places[k].initrd)) {
				snprintf(en->initrd[0], BOOT_PATH_MAX, "%s", places[k].initrd);
				en->n_initrds = 1;
				snprintf(en->options, sizeof(en->options), "root=UUID=%s ro",
					im->fs[i]->uuid);
			} else if (number) {
				snprintf(en->options, sizeof(en->options), "root=/dev/vd%c%u ro",
					im->letter, number);
			} else {
				snprintf(en->options, sizeof(en->options), "root=/dev/vd%c ro",
					im->letter);
			}
			im->entries.n++;
		}
	}
}

int boot_image_open(
	const struct disk_source *src, char letter, struct boot_image **out, struct err *e)
{
	struct boot_image *im = calloc(1, sizeof(*im));
	CLEANUP_FREE char *env = NULL;
	int n;

	if (!im)
		return err_set(e, -ENOMEM, "out of memory");
	im->letter = letter;
	n = disk_partitions(src, im->part, DISK_MAX_PARTITIONS);
	if (n < 0) {
		free(im);
		return err_set(e, n, "its partition table is damaged");
	}
	im->n = (uint32_t)n;
	open_parts(im);
	env = find_env(im);
	find_bls(im, env);
	if (!im->entries.n)
		find_grub(im, env);
	if (!im->entries.n)
		find_plain(im);
	if (!im->entries.n) {
		(void)err_set(e, -ENOENT,
			"it has no boot entry whose files are there (sought: loader/entries/*.conf, "
			"grub/grub.cfg, /boot/vmlinuz); %s%sthere is %s",
			im->lost, im->n_lost ? ", which is not there; " : "",
			im->n ? im->what : "no partition");
		boot_image_free(im);
		return -ENOENT;
	}
	*out = im;
	return 0;
}

void boot_image_free(struct boot_image *im)
{
	if (!im)
		return;
	for (uint32_t i = 0; i < im->n; i++)
		disk_fs_free(im->fs[i]);
	free(im);
}

const struct boot_entries *boot_image_entries(const struct boot_image *im)
{
	return &im->entries;
}

void boot_image_where(
	const struct boot_image *im, const struct boot_entry *en, char *buf, size_t cap)
{
	uint32_t number = im->part[en->fs].number;

	if (number)
		snprintf(buf, cap, "partition %u, %s", number, im->fs[en->fs]->type);
	else
		snprintf(buf, cap, "%s", im->fs[en->fs]->type);
}

static bool fits(const struct boot_entry *en, uint32_t i, const char *name)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", i);
	return strcmp(number, name) == 0 || strcmp(en->id, name) == 0 ||
	       strcmp(en->title, name) == 0 || (en->id[0] && fnmatch(name, en->id, 0) == 0) ||
	       fnmatch(name, en->title, 0) == 0;
}

const struct boot_entry *boot_image_pick(
	const struct boot_image *im, const char *name, struct err *e)
{
	const struct boot_entries *es = &im->entries;

	if (!name)
		return &es->e[es->chosen];
	for (uint32_t i = 0; i < es->n; i++) {
		if (fits(&es->e[i], i, name))
			return &es->e[i];
	}
	(void)err_set(e, -ENOENT,
		"it has no boot entry \"%.100s\"; it has %u, the first is \"%.100s\"", name, es->n,
		es->e[0].title);
	return NULL;
}

static int write_part(void *arg, const void *data, size_t n)
{
	return fd_write_all(*(const int *)arg, data, n);
}

static int copy(struct disk_fs *fs, const char *path, uint64_t max, int fd, struct err *e)
{
	int rc = fs->ops->read(fs, path, max, write_part, &fd);

	if (rc == -EBADMSG)
		return err_set(e, rc, "%s cannot be read: its file system is damaged", path);
	return rc ? err_errno(e, -rc, "%s cannot be read", path) : 0;
}

int boot_image_extract(const struct boot_image *im, const struct boot_entry *en, int kernel_fd,
	int initrd_fd, struct err *e)
{
	struct disk_fs *fs = im->fs[en->fs];
	int rc = copy(fs, en->kernel, KERNEL_MAX, kernel_fd, e);

	for (uint32_t i = 0; !rc && i < en->n_initrds; i++)
		rc = copy(fs, en->initrd[i], INITRD_MAX, initrd_fd, e);
	return rc;
}
