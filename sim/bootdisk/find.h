/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be booted from an image: its file systems are searched for Boot Loader Specification
 * entries, then for a grub.cfg, then for kernels where distributions put them. To be run where
 * damage does no harm (job.c).
 */
#pragma once

#include "sim/bootdisk/entry.h"
#include "sim/bootdisk/fs.h"

struct boot_image;

/* `src` is borrowed for the image's life; `letter` is the disk's in Linux' names ('a': vda). 0, or
 * -errno with a message that says what is on the image instead. */
MUST_CHECK int boot_image_open(
	const struct disk_source *src, char letter, struct boot_image **out, struct err *e);
void boot_image_free(struct boot_image *im);

const struct boot_entries *boot_image_entries(const struct boot_image *im);
/* "partition 2, ext4" */
void boot_image_where(
	const struct boot_image *im, const struct boot_entry *en, char *buf, size_t cap);
/* The entry that is named by number, id or title (or by a pattern of them), NULL: the chosen one.
 * NULL with a message. */
const struct boot_entry *boot_image_pick(
	const struct boot_image *im, const char *name, struct err *e);
/* Writes kernel and initrds (one after the other) to the descriptors. 0 or -errno with a message.
 */
MUST_CHECK int boot_image_extract(const struct boot_image *im, const struct boot_entry *en,
	int kernel_fd, int initrd_fd, struct err *e);
