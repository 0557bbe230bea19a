/* SPDX-License-Identifier: Apache-2.0 */
/* PVH ELF loader; see elf.h. Both ELF classes are brought to one set of plain structs first. */
#include "vmm/loader/elf.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define MAX_PHDRS        64
#define MAX_NOTES_BYTES  (64 * 1024)
#define XEN_PHYS32_ENTRY 18
#define BOUNCE_BYTES     4096

struct segment {
	uint32_t type;
	uint64_t off, paddr, filesz, memsz;
};

struct file {
	const struct elf_source *src;
	bool is64;
	uint64_t phoff;
	unsigned int phnum;
	struct segment seg[MAX_PHDRS];
};

static int read_at(const struct elf_source *s, uint64_t off, void *dst, size_t len)
{
	if (off > s->size || len > s->size - off)
		return -ENODATA;
	return s->read(s->ctx, off, dst, len);
}

static int parse_header(struct file *f, struct err *e)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr h32;
		Elf64_Ehdr h64;
	} h;
	size_t phentsize, want;
	unsigned int machine, type;
	int rc = read_at(f->src, 0, h.ident, sizeof(h.ident));

	if (rc < 0 || memcmp(h.ident, ELFMAG, SELFMAG) != 0)
		return err_set(e, rc < 0 && rc != -ENODATA ? rc : -ENOEXEC, "not an ELF file");
	f->is64 = h.ident[EI_CLASS] == ELFCLASS64;
	if ((!f->is64 && h.ident[EI_CLASS] != ELFCLASS32) || h.ident[EI_DATA] != ELFDATA2LSB)
		return err_set(e, -ENOEXEC, "not a little-endian ELF32 or ELF64 file");
	rc = read_at(f->src, 0, &h, f->is64 ? sizeof(h.h64) : sizeof(h.h32));
	if (rc < 0)
		return err_set(e, rc, "the ELF header is cut short");
	machine = f->is64 ? h.h64.e_machine : h.h32.e_machine;
	type = f->is64 ? h.h64.e_type : h.h32.e_type;
	f->phoff = f->is64 ? h.h64.e_phoff : h.h32.e_phoff;
	f->phnum = f->is64 ? h.h64.e_phnum : h.h32.e_phnum;
	phentsize = f->is64 ? h.h64.e_phentsize : h.h32.e_phentsize;
	want = f->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	if ((machine != EM_X86_64 && machine != EM_386) || type != ET_EXEC)
		return err_set(e, -ENOEXEC,
			"not an x86 executable (ELF machine %u, type %u): link it with fixed "
			"addresses",
			machine, type);
	if (phentsize != want || f->phnum == 0 || f->phnum > MAX_PHDRS)
		return err_set(e, -ENOEXEC,
			"%u program headers of %zu bytes: 1 to %d of %zu expected", f->phnum,
			phentsize, MAX_PHDRS, want);
	return 0;
}

static int parse_segments(struct file *f, struct err *e)
{
	size_t size = f->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	if (f->phoff > f->src->size)
		return err_set(e, -ENOEXEC, "the program headers lie outside the file");
	for (unsigned int i = 0; i < f->phnum; i++) {
		struct segment *s = &f->seg[i];
		union {
			Elf32_Phdr p32;
			Elf64_Phdr p64;
		} p;
		int rc = read_at(f->src, f->phoff + i * size, &p, size);

		if (rc < 0)
			return err_set(e, rc, "program header %u lies outside the file", i);
		*s = f->is64 ? (struct segment){ p.p64.p_type, p.p64.p_offset, p.p64.p_paddr,
			p.p64.p_filesz, p.p64.p_memsz }
			     : (struct segment){ p.p32.p_type, p.p32.p_offset, p.p32.p_paddr,
				       p.p32.p_filesz, p.p32.p_memsz };
		if (s->type != PT_LOAD && s->type != PT_NOTE)
			continue;
		if (s->off > f->src->size || s->filesz > f->src->size - s->off)
			return err_set(e, -ENOEXEC, "segment %u lies outside the file", i);
	}
	return 0;
}

static bool overlap(const struct segment *a, const struct segment *b)
{
	return a->paddr >= b->paddr ? a->paddr - b->paddr < b->memsz
				    : b->paddr - a->paddr < a->memsz;
}

static int check_load(
	const struct file *f, unsigned int i, const struct gmem *mem, uint64_t floor, struct err *e)
{
	const struct segment *s = &f->seg[i];

	if (s->filesz > s->memsz)
		return err_set(e, -ENOEXEC, "segment %u is larger in the file than in memory", i);
	if (s->paddr < floor)
		return err_set(e, -ENOEXEC,
			"segment %u is linked at physical address 0x%llx: the first that is free "
			"is 0x%llx",
			i, (unsigned long long)s->paddr, (unsigned long long)floor);
	if (!gmem_valid(mem, (gpa){ s->paddr }, s->memsz))
		return err_set(e, -ENOMEM,
			"segment %u (%llu bytes at 0x%llx) does not fit into guest memory", i,
			(unsigned long long)s->memsz, (unsigned long long)s->paddr);
	for (unsigned int k = 0; k < i; k++) {
		if (f->seg[k].type == PT_LOAD && f->seg[k].memsz && overlap(&f->seg[k], s))
			return err_set(e, -ENOEXEC, "segments %u and %u overlap", k, i);
	}
	return 0;
}

/* Reads straight into guest memory where it is one piece, else through a small buffer. */
static int copy_in(
	const struct elf_source *src, uint64_t off, const struct gmem *mem, gpa to, uint64_t len)
{
	void *direct = gmem_pin(mem, to, len);
	uint8_t buf[BOUNCE_BYTES];
	int rc = 0;

	if (direct)
		return read_at(src, off, direct, len);
	while (len > 0 && rc == 0) {
		size_t n = (size_t)MIN(len, (uint64_t)sizeof(buf));

		rc = read_at(src, off, buf, n);
		if (rc == 0 && gmem_write(mem, to, buf, n))
			rc = -EFAULT;
		off += n;
		to.v += n;
		len -= n;
	}
	return rc;
}

static int load_segments(const struct file *f, struct elf_image *im, const struct gmem *mem,
	uint64_t floor, struct err *e)
{
	*im = (struct elf_image){ .low = UINT64_MAX };
	for (unsigned int i = 0; i < f->phnum; i++) {
		const struct segment *s = &f->seg[i];
		int rc;

		if (s->type != PT_LOAD || s->memsz == 0)
			continue;
		rc = check_load(f, i, mem, floor, e);
		if (rc < 0)
			return rc;
		rc = copy_in(f->src, s->off, mem, (gpa){ s->paddr }, s->filesz);
		if (rc < 0)
			return err_errno(e, -rc, "cannot read segment %u", i);
		im->low = MIN(im->low, s->paddr);
		im->high = MAX(im->high, s->paddr + s->memsz);
	}
	return im->high ? 0 : err_set(e, -ENOEXEC, "the file has nothing to load");
}

/* Lengths in notes are padded to 4 bytes. */
static uint64_t pad4(uint64_t n)
{
	return (n + 3) & ~UINT64_C(3);
}

/* 1: found, 0: this segment has none, -errno. */
static int find_note(const struct file *f, const struct segment *s, uint64_t *entry)
{
	uint64_t off = 0, len = MIN(s->filesz, (uint64_t)MAX_NOTES_BYTES);

	while (len - off >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr n;
		char name[4] = { 0 };
		uint64_t name_at = off + sizeof(n), desc_at;
		int rc = read_at(f->src, s->off + off, &n, sizeof(n));

		if (rc < 0)
			return rc;
		desc_at = name_at + pad4(n.n_namesz);
		if (desc_at > len || n.n_descsz > len - desc_at)
			return 0;
		if (n.n_namesz == sizeof(name)) {
			rc = read_at(f->src, s->off + name_at, name, sizeof(name));
			if (rc < 0)
				return rc;
		}
		if (n.n_type == XEN_PHYS32_ENTRY && memcmp(name, "Xen", 4) == 0 &&
			(n.n_descsz == 4 || n.n_descsz == 8)) {
			*entry = 0;
			rc = read_at(f->src, s->off + desc_at, entry, n.n_descsz);
			return rc < 0 ? rc : 1;
		}
		off = MIN(len, desc_at + pad4(n.n_descsz));
	}
	return 0;
}

static int find_entry(const struct file *f, struct elf_image *im, struct err *e)
{
	for (unsigned int i = 0; i < f->phnum; i++) {
		uint64_t entry;
		int rc;

		if (f->seg[i].type != PT_NOTE)
			continue;
		rc = find_note(f, &f->seg[i], &entry);
		if (rc < 0)
			return err_errno(e, -rc, "cannot read the notes");
		if (rc == 0)
			continue;
		if (entry < im->low || entry >= im->high || entry > UINT32_MAX)
			return err_set(e, -ENOEXEC,
				"the PVH entry 0x%llx lies outside the loaded segments",
				(unsigned long long)entry);
		im->entry = (uint32_t)entry;
		return 0;
	}
	return err_set(e, -ENOEXEC,
		"no PVH entry: the file needs an ELF note \"Xen\" of type %d "
		"(XEN_ELFNOTE_PHYS32_ENTRY) in a PT_NOTE segment",
		XEN_PHYS32_ENTRY);
}

int elf_load(struct elf_image *out, const struct elf_source *src, const struct gmem *mem,
	uint64_t floor, struct err *e)
{
	struct file f = { .src = src };
	struct elf_image im;
	int rc = parse_header(&f, e);

	if (rc == 0)
		rc = parse_segments(&f, e);
	if (rc == 0)
		rc = load_segments(&f, &im, mem, floor, e);
	if (rc == 0)
		rc = find_entry(&f, &im, e);
	if (rc == 0)
		*out = im;
	return rc;
}
