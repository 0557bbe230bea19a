/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot entries: what a boot loader's configuration says can be booted. The readers are pure; the
 * text is the image's and not to be trusted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define BOOT_MAX_ENTRIES 64
#define BOOT_MAX_INITRDS 4
#define BOOT_PATH_MAX    512
#define BOOT_OPTIONS_MAX 2048
#define BOOT_LEVELS      3 /* of GRUB's menus */

struct boot_entry {
	char id[160]; /* file name without .conf, or GRUB's --id; "" */
	char title[160];
	char version[128], sort_key[64]; /* BLS only */
	char kernel[BOOT_PATH_MAX];
	char initrd[BOOT_MAX_INITRDS][BOOT_PATH_MAX];
	uint32_t n_initrds;
	char options[BOOT_OPTIONS_MAX];
	/* GRUB: where the files are: "uuid:...", "label:...", "hd0,gpt2"; "" beside the
	 * configuration. */
	char root[160];
	uint32_t fs; /* which file system of the image has the files (find.c) */
	/* GRUB: number and name in each menu from the outermost, as `default` names them. */
	uint32_t level;
	uint32_t index[BOOT_LEVELS];
	char path[BOOT_LEVELS][160]; /* id, or title where there is none */
};

struct boot_entries {
	uint32_t n, chosen; /* by the configuration itself; < n unless there are none */
	struct boot_entry e[BOOT_MAX_ENTRIES];
};

/*
 * Boot Loader Specification, type 1: one entry file. `name` is that of the file. `lookup` gives
 * the value of a $variable (Fedora's kernelopts) or NULL. 0; -EINVAL when it is none that boots
 * Linux here (another architecture, no kernel, something too long).
 */
MUST_CHECK int bls_parse(const char *name, const char *text,
	const char *(*lookup)(void *arg, const char *name), void *arg, struct boot_entry *out);
/* Orders entries as the specification has it and chooses by loader.conf (NULL: there is none). */
void bls_order(struct boot_entries *es, const char *loader_conf);

/*
 * A grub.cfg as grub-mkconfig writes it: set, if, menuentry, submenu, search, linux, initrd. What
 * is no part of that is passed over. `grubenv` is the environment block's text, or NULL. Entries
 * that cannot be booted (no `linux`) are left out. *blscfg: it asks for Boot Loader Specification
 * entries. The grammar has no loops; the work is bounded by the text's length.
 */
void grub_parse(const char *text, const char *grubenv, struct boot_entries *out, bool *blscfg);
/* A value of an environment block; NULL when it is not there. `buf` holds it. */
const char *grubenv_get(const char *grubenv, const char *name, char *buf, size_t cap);
