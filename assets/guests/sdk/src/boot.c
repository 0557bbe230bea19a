/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loader handed over: PVH start_info (Xen's public/arch-x86/hvm/start_info.h), command
 * line, modules, memory map. All but the modules' contents is copied; then the largest piece of RAM
 * below 4 GiB that holds nothing becomes the heap.
 */
#include "dyno/boot.h"

#include <stdlib.h>
#include <string.h>

#include "dyno/print.h"
#include "sdk.h"

#define START_MAGIC 0x336ec578u
#define E820_RAM    1u

struct start_info {
	uint32_t magic, version, flags, modules;
	uint64_t module_list, cmdline, rsdp;
	uint64_t memmap; /* from version 1 */
	uint32_t memmap_entries, reserved;
};
struct start_module {
	uint64_t addr, bytes, cmdline, reserved;
};
struct start_memmap {
	uint64_t addr, bytes;
	uint32_t type, reserved;
};

#define MAX_MODULES  16
#define MAX_MEMMAP   32
#define MAX_CMDLINE  4096
#define MAX_TAKEN    (MAX_MODULES + 1)
#define TEXT_BYTES   8192 /* command lines, and option values as strings */
#define HEAP_LOWEST  UINT64_C(0x100000)
#define HEAP_HIGHEST UINT64_C(0xfee00000)

struct span {
	uint64_t from, to;
};

extern const char dyno_image_start[], dyno_image_end[];

static char text[TEXT_BYTES];
static size_t text_used;
static const char *cmdline = "";
static struct dyno_module modules[MAX_MODULES];
static unsigned int nmodules;
static uint64_t ram_bytes, rsdp;

static const char *keep_text(const char *s, size_t n)
{
	char *copy = text + text_used;

	if (n >= TEXT_BYTES - text_used)
		return "";
	memcpy(copy, s, n);
	copy[n] = '\0';
	text_used += n + 1;
	return copy;
}

static const char *keep_string(uint64_t addr)
{
	const char *s = (const char *)(uintptr_t)addr;

	return addr == 0 ? "" : keep_text(s, strnlen(s, MAX_CMDLINE));
}

/* The start of the first span in use that lies at or after `at`, and that span's end. */
static struct span next_taken(const struct span *taken, unsigned int n, uint64_t at, uint64_t end)
{
	struct span best = { end, end };

	for (unsigned int i = 0; i < n; i++) {
		if (taken[i].to > at && taken[i].from < best.from)
			best = taken[i];
	}
	return best;
}

static struct span largest_gap(const struct start_memmap *map, unsigned int nmap,
	const struct span *taken, unsigned int ntaken)
{
	struct span best = { 0, 0 };

	for (unsigned int i = 0; i < nmap; i++) {
		uint64_t at = map[i].addr, end = map[i].addr + map[i].bytes;

		if (map[i].type != E820_RAM)
			continue;
		at = at < HEAP_LOWEST ? HEAP_LOWEST : at;
		end = end > HEAP_HIGHEST ? HEAP_HIGHEST : end;
		while (at < end) {
			const struct span hole = next_taken(taken, ntaken, at, end);

			if (hole.from > at && hole.from - at > best.to - best.from)
				best = (struct span){ at, hole.from };
			at = hole.to;
		}
	}
	return best;
}

void boot_take(uint32_t addr)
{
	const struct start_info *si = (const struct start_info *)(uintptr_t)addr;
	struct start_memmap map[MAX_MEMMAP];
	struct span taken[MAX_TAKEN], heap;
	unsigned int nmap = 0, ntaken = 0;

	if (si->magic != START_MAGIC)
		dyno_panic("not started through PVH (magic %#x)", si->magic);
	cmdline = keep_string(si->cmdline);
	rsdp = si->rsdp;
	taken[ntaken++] = (struct span){ (uintptr_t)dyno_image_start & ~UINT64_C(4095),
		(uintptr_t)dyno_image_end };
	for (uint32_t i = 0; i < si->modules && i < MAX_MODULES; i++) {
		const struct start_module *m =
			(const struct start_module *)(uintptr_t)si->module_list + i;

		modules[nmodules++] = (struct dyno_module){ (const void *)(uintptr_t)m->addr,
			(size_t)m->bytes, keep_string(m->cmdline) };
		/* Whole pages: the heap's first header must not share one with a module. */
		taken[ntaken++] = (struct span){ m->addr & ~UINT64_C(4095),
			(m->addr + m->bytes + 4095) & ~UINT64_C(4095) };
	}
	if (si->version >= 1 && si->memmap != 0) {
		const struct start_memmap *m = (const struct start_memmap *)(uintptr_t)si->memmap;

		for (; nmap < si->memmap_entries && nmap < MAX_MEMMAP; nmap++) {
			map[nmap] = m[nmap];
			if (m[nmap].type == E820_RAM)
				ram_bytes += m[nmap].bytes;
		}
	}
	if (nmap == 0)
		dyno_panic("the loader gave no memory map");
	heap = largest_gap(map, nmap, taken, ntaken);
	heap_init((uintptr_t)heap.from, (uintptr_t)heap.to);
}

uint64_t boot_rsdp(void)
{
	return rsdp;
}

const char *dyno_cmdline(void)
{
	return cmdline;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

const char *dyno_option(const char *key)
{
	const size_t n = strlen(key);
	const char *p = cmdline;

	for (;;) {
		const char *word, *end;
		bool quoted = false;

		while (is_blank(*p))
			p++;
		if (*p == '\0')
			return NULL;
		for (word = p; *p != '\0' && (quoted || !is_blank(*p)); p++)
			quoted ^= *p == '"';
		end = p;
		if ((size_t)(end - word) < n || strncmp(word, key, n) != 0)
			continue;
		word += n;
		if (word == end)
			return "";
		if (*word != '=')
			continue;
		word++;
		if (end - word >= 2 && word[0] == '"' && end[-1] == '"') {
			word++;
			end--;
		}
		return keep_text(word, (size_t)(end - word));
	}
}

int64_t dyno_option_int(const char *key, int64_t fallback)
{
	const char *s = dyno_option(key);
	uint64_t v = 0, base = 10;
	bool negative = false;

	if (s == NULL || *s == '\0')
		return fallback;
	if (*s == '-') {
		negative = true;
		s++;
	}
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	if (*s == '\0')
		return fallback;
	for (; *s != '\0'; s++) {
		const char c = (char)(*s | 0x20);
		uint64_t digit;

		if (*s >= '0' && *s <= '9')
			digit = (uint64_t)(*s - '0');
		else if (base == 16 && c >= 'a' && c <= 'f')
			digit = (uint64_t)(c - 'a' + 10);
		else
			return fallback;
		v = v * base + digit;
	}
	return negative ? -(int64_t)v : (int64_t)v;
}

bool dyno_option_bool(const char *key, bool fallback)
{
	static const char *const yes[] = { "", "1", "on", "yes", "true" };
	static const char *const no[] = { "0", "off", "no", "false" };
	const char *s = dyno_option(key);

	if (s == NULL)
		return fallback;
	for (size_t i = 0; i < DYNO_COUNT(yes); i++) {
		if (strcmp(s, yes[i]) == 0)
			return true;
	}
	for (size_t i = 0; i < DYNO_COUNT(no); i++) {
		if (strcmp(s, no[i]) == 0)
			return false;
	}
	return fallback;
}

unsigned int dyno_module_count(void)
{
	return nmodules;
}

const struct dyno_module *dyno_module(unsigned int i)
{
	return i < nmodules ? &modules[i] : NULL;
}

const struct dyno_module *dyno_module_find(const char *name)
{
	const size_t n = strlen(name);

	for (unsigned int i = 0; i < nmodules; i++) {
		const char *c = modules[i].cmdline;

		if (strncmp(c, name, n) == 0 && (c[n] == '\0' || is_blank(c[n])))
			return &modules[i];
	}
	return NULL;
}

uint64_t dyno_ram_bytes(void)
{
	return ram_bytes;
}
