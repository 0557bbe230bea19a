/* SPDX-License-Identifier: Apache-2.0 */
/* bzImage loader; see bzimage.h. Field names are those of "The Linux/x86 Boot Protocol". */
#include "vmm/loader/bzimage.h"

#include <errno.h>
#include <string.h>

#define SECTOR          512
#define VERSION_2_12    0x020c
#define LOADED_HIGH     0x01
#define XLF_KERNEL_64   0x01
#define ENTRY_64        0x200
#define SETUP_SECTS_OLD 4 /* what 0 stands for */
#define SETUP_SECTS_MAX 64
#define MIN_ALIGNMENT   UINT64_C(4096)
/* The boot data's page tables map 4 GiB; the kernel has to be in there. */
#define MAPPED_END UINT64_C(0x100000000)

struct setup_header {
	uint8_t setup_sects;
	le16 root_flags;
	le32 syssize;
	le16 ram_size, vid_mode, root_dev, boot_flag;
	uint8_t jump[2];
	char magic[4];
	le16 version;
	le32 realmode_swtch;
	le16 start_sys_seg, kernel_version;
	uint8_t type_of_loader, loadflags;
	le16 setup_move_size;
	le32 code32_start, ramdisk_image, ramdisk_size, bootsect_kludge;
	le16 heap_end_ptr;
	uint8_t ext_loader_ver, ext_loader_type;
	le32 cmd_line_ptr, initrd_addr_max, kernel_alignment;
	uint8_t relocatable_kernel, min_alignment;
	le16 xloadflags;
	le32 cmdline_size, hardware_subarch;
	le64 hardware_subarch_data;
	le32 payload_offset, payload_length;
	le64 setup_data, pref_address;
	le32 init_size, handover_offset;
};
static_assert(sizeof(struct setup_header) == 0x268 - BZIMAGE_HEADER_AT, "setup_header");
static_assert(sizeof(struct setup_header) <= BZIMAGE_HEADER_MAX, "room for what is known");
#define JUMP_END 0x202 /* the jump's distance counts from here */

static int read_at(const struct elf_source *s, uint64_t off, void *dst, size_t len)
{
	if (off > s->size || len > s->size - off)
		return -ENODATA;
	return s->read(s->ctx, off, dst, len);
}

bool bzimage_is(const struct elf_source *src)
{
	struct setup_header h;

	return read_at(src, BZIMAGE_HEADER_AT, &h, sizeof(h)) == 0 &&
	       le16_get(h.boot_flag) == 0xaa55 && memcmp(h.magic, "HdrS", 4) == 0;
}

static int check_header(const struct setup_header *h, struct err *e)
{
	unsigned int version = le16_get(h->version);

	if (version < VERSION_2_12)
		return err_set(e, -ENOEXEC,
			"boot protocol %u.%02u is too old: a 64-bit kernel of Linux 3.8 or newer "
			"has 2.12",
			version >> 8, version & 0xff);
	if (!(le16_get(h->xloadflags) & XLF_KERNEL_64) || !(h->loadflags & LOADED_HIGH))
		return err_set(e, -ENOEXEC, "the kernel has no 64-bit entry (is it a 32-bit one?)");
	if (h->setup_sects > SETUP_SECTS_MAX)
		return err_set(e, -ENOEXEC, "setup_sects is %u: at most %d", h->setup_sects,
			SETUP_SECTS_MAX);
	if (le32_get(h->cmdline_size) == 0 || le32_get(h->initrd_addr_max) == 0)
		return err_set(
			e, -ENOEXEC, "the setup header gives no command line or initrd room");
	return 0;
}

/* Reads the header up to where its jump says that it ends. */
static int read_header(
	struct bzimage *im, struct setup_header *h, const struct elf_source *src, struct err *e)
{
	uint32_t len;
	int rc = read_at(src, BZIMAGE_HEADER_AT, h, sizeof(*h));

	if (rc < 0)
		return err_set(e, rc, "the setup header is cut short");
	len = JUMP_END + h->jump[1] - BZIMAGE_HEADER_AT;
	if (h->jump[1] > 0x7f || len < sizeof(*h))
		return err_set(e, -ENOEXEC,
			"the setup header ends at byte %u: at least %zu expected", len, sizeof(*h));
	/* Newer protocols have more than we know; more than boot_params holds is not handed over.
	 */
	im->header_len = MIN(len, (uint32_t)BZIMAGE_HEADER_MAX);
	rc = read_at(src, BZIMAGE_HEADER_AT, im->header, im->header_len);
	if (rc < 0)
		return err_set(e, rc, "the setup header is cut short");
	memcpy(h, im->header, sizeof(*h));
	return check_header(h, e);
}

/* Where the kernel goes: [*at, *at + room) in guest memory. */
static int place(const struct setup_header *h, uint64_t room, const struct gmem *mem,
	uint64_t floor, uint64_t *at, struct err *e)
{
	uint64_t align = le32_get(h->kernel_alignment);
	uint64_t want = le64_get(h->pref_address);

	if (align < MIN_ALIGNMENT || align & (align - 1))
		return err_set(e, -ENOEXEC,
			"kernel_alignment 0x%llx is no power of two from 4096 on",
			(unsigned long long)align);
	if (want >= floor && want % MIN_ALIGNMENT == 0 && want < MAPPED_END &&
		room <= MAPPED_END - want && gmem_valid(mem, (gpa){ want }, room)) {
		*at = want;
		return 0;
	}
	*at = (floor + align - 1) & ~(align - 1);
	if (!h->relocatable_kernel || *at >= MAPPED_END || room > MAPPED_END - *at ||
		!gmem_valid(mem, (gpa){ *at }, room))
		return err_set(e, -ENOMEM,
			"the kernel needs %llu MiB at 0x%llx: that does not fit into guest memory",
			(unsigned long long)(room >> 20), (unsigned long long)want);
	return 0;
}

int bzimage_load(struct bzimage *out, const struct elf_source *src, const struct gmem *mem,
	uint64_t floor, struct err *e)
{
	struct bzimage im = { 0 };
	struct setup_header h = { .setup_sects = 0 };
	uint64_t start, bytes, room, said;
	void *to;
	int rc = read_header(&im, &h, src, e);

	if (rc < 0)
		return rc;
	start = (1u + (h.setup_sects ? h.setup_sects : SETUP_SECTS_OLD)) * SECTOR;
	bytes = UINT64_C(16) * le32_get(h.syssize);
	said = start + bytes;
	/* syssize is rounded up to paragraphs. */
	if (start >= src->size || bytes <= ENTRY_64 || bytes - 15 > src->size - start)
		return err_set(e, -ENOEXEC,
			"the file is cut short: %llu bytes, the header says %llu",
			(unsigned long long)src->size, (unsigned long long)said);
	bytes = MIN(bytes, src->size - start);
	room = MAX(bytes, (uint64_t)le32_get(h.init_size));
	rc = place(&h, room, mem, floor, &im.low, e);
	if (rc < 0)
		return rc;
	to = gmem_pin(mem, (gpa){ im.low }, bytes);
	rc = to ? read_at(src, start, to, (size_t)bytes) : -EFAULT;
	if (rc < 0)
		return err_errno(e, -rc, "cannot read the kernel");
	im.high = im.low + room;
	im.entry = im.low + ENTRY_64;
	im.initrd_end = UINT64_C(1) + le32_get(h.initrd_addr_max);
	im.cmdline_max = le32_get(h.cmdline_size);
	*out = im;
	return 0;
}
