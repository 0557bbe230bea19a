/* SPDX-License-Identifier: Apache-2.0 */
/* The table of a guest's disks. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/scenario/load.h"

#define MIB      (1024.0 * 1024)
#define D(field) offsetof(struct scenario_disk, field)

static void parse_overlay(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	struct scenario_disk *d = b->obj;

	(void)k;
	(void)field;
	if (strcmp(n->text, "memory") == 0) {
		d->overlay = SCENARIO_OVERLAY_MEMORY;
	} else if (strcmp(n->text, "none") == 0) {
		d->overlay = SCENARIO_OVERLAY_NONE;
	} else if (n->text[0] == '\0') {
		bind_error(b, n, "is empty: write memory, none or a path");
	} else {
		d->overlay = SCENARIO_OVERLAY_FILE;
		d->overlay_path = n->text[0] == '/' ? bind_strdup(b, n->text)
						    : bind_printf(b, "%s/%s", b->dir, n->text);
	}
}
static const struct schema_type type_overlay = {
	.name = "overlay",
	.doc = "`memory`: the image is only read, changes last as long as the guest's process, so that "
	       "every run starts equal. `none`: changes go into the image. A path, relative to the "
	       "scenario file: changes go there, and are kept; it is made when it is not there. It "
	       "becomes a copy of a raw image, and of others, or where its name ends in `.qcow2`, a "
	       "qcow2 file with only what changed.",
	.parse = parse_overlay,
};

/* An image, or a block device of the host. */
static void parse_disk_file(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	const char *path = n->text;
	struct stat st;

	(void)k;
	if (path[0] == '/' && !b->no_files && stat(path, &st) == 0 && S_ISBLK(st.st_mode)) {
		if (access(path, R_OK) == 0)
			*(const char **)field = bind_strdup(b, path);
		else
			bind_error(b, n, "names the block device %s: %s", path, strerror(errno));
		return;
	}
	*(const char **)field = bind_file(b, n, path);
}
static const struct schema_type type_disk_file = {
	.name = "image",
	.doc = "A path to an image, relative to the scenario file, or to a block device.",
	.parse = parse_disk_file,
};

static const struct schema_word format_words[] = {
	{ "auto", SCENARIO_FORMAT_AUTO,
		"by the name's end: `.qcow2`, `.vmdk`, `.vhdx`, `.vhd`; all else is raw" },
	{ "raw", SCENARIO_FORMAT_RAW, "the disk's bytes" },
	{ "qcow2", SCENARIO_FORMAT_QCOW2, "QEMU" },
	{ "vmdk", SCENARIO_FORMAT_VMDK, "VMware" },
	{ "vhdx", SCENARIO_FORMAT_VHDX, "Hyper-V" },
	{ "vpc", SCENARIO_FORMAT_VPC, "Virtual PC, Azure (VHD)" },
	{ 0 },
};

const char *scenario_format_name(enum scenario_format f)
{
	return format_words[f].word;
}

enum scenario_format scenario_format_of(const char *file)
{
	static const struct {
		const char *end;
		enum scenario_format format;
	} ends[] = {
		{ ".qcow2", SCENARIO_FORMAT_QCOW2 },
		{ ".vmdk", SCENARIO_FORMAT_VMDK },
		{ ".vhdx", SCENARIO_FORMAT_VHDX },
		{ ".vhd", SCENARIO_FORMAT_VPC },
	};
	size_t len = strlen(file);

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t n = strlen(ends[i].end);

		if (len > n && strcasecmp(file + len - n, ends[i].end) == 0)
			return ends[i].format;
	}
	return SCENARIO_FORMAT_RAW;
}

static void disk_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_disk *d = obj;

	if (!d->file == !d->uri) {
		bind_error(b, n, "needs \"file\" or \"uri\", one of them");
		return;
	}
	if (d->uri &&
		(strncmp(d->uri, "nbd://", 6) != 0 && strncmp(d->uri, "nbd+unix://", 11) != 0))
		bind_key_error(b, n, "uri",
			"is not one of an NBD server: write nbd://HOST[:PORT]/EXPORT or "
			"nbd+unix:///EXPORT?socket=PATH");
	if (d->uri && d->overlay == SCENARIO_OVERLAY_FILE)
		bind_key_error(b, n, "overlay", "of a server's disk is memory or none");
	if (d->uri && d->format != SCENARIO_FORMAT_AUTO)
		bind_key_error(b, n, "format", "is the server's business: leave it out");
	d->own_format = d->format != SCENARIO_FORMAT_AUTO;
	if (d->file && !d->own_format)
		d->format = scenario_format_of(d->file);
	if (d->overlay == SCENARIO_OVERLAY_FILE)
		d->overlay_qcow2 = d->format != SCENARIO_FORMAT_RAW ||
				   scenario_format_of(d->overlay_path) == SCENARIO_FORMAT_QCOW2;
}

static const struct schema_key disk_keys[] = {
	{ .key = "file",
		.type = &type_disk_file,
		.offset = D(file),
		.doc = "the image, or a block device (`/dev/loop0`); of a raw one whole sectors of 512 "
		       "bytes count" },
	{ .key = "format",
		.type = &type_enum,
		.def = "auto",
		.words = format_words,
		.offset = D(format),
		.doc = "what the file is; all but raw needs the program qemu-nbd" },
	{ .key = "uri",
		.type = &type_string,
		.min = 1,
		.max = 1000,
		.offset = D(uri),
		.doc = "in place of `file`: a disk of an NBD server, `nbd://HOST[:PORT]/EXPORT` or "
		       "`nbd+unix:///EXPORT?socket=PATH`" },
	{ .key = "read_only",
		.type = &type_bool,
		.def = "false",
		.offset = D(read_only),
		.doc = "the guest cannot write to it" },
	{ .key = "overlay",
		.type = &type_overlay,
		.def = "memory",
		.offset = D(overlay),
		.doc = "where changes go" },
	{ .key = "overlay_limit",
		.type = &type_size,
		.def = "1G",
		.min = MIB,
		.max = 1024 * 1024 * MIB,
		.offset = D(overlay_limit_bytes),
		.doc = "most memory for changes; a guest that writes more gets I/O errors" },
	{ .key = "serial",
		.type = &type_name,
		.max = 20,
		.offset = D(serial),
		.doc = "serial number; Linux names the disk `/dev/disk/by-id/virtio-SERIAL`" },
	{ .key = "queues",
		.type = &type_u32,
		.def = "1",
		.min = 1,
		.max = 8,
		.unit = "queues",
		.offset = D(queues),
		.doc = "request queues; one for each CPU is the most that is of use" },
};

const struct schema schema_disk = {
	.size = sizeof(struct scenario_disk),
	.keys = disk_keys,
	.n_keys = ARRAY_SIZE(disk_keys),
	.short_key = "file",
	.doc = "One disk (virtio block device). The guest sees them in the order of the list.",
	.post = disk_post,
};
