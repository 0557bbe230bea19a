/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a boot entry out of an image in a process of its own, which has no rights but to read
 * the image and to write its results: a damaged or hostile image harms nothing else.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

struct boot_job {
	int image_fd; /* open for reading, borrowed */
	const char *nbd_export; /* image_fd is a socket, connected to an NBD server that has it */
	char letter; /* 'a': Linux calls the disk vda */
	const char *entry; /* number, id, title or a pattern; NULL: the image's own choice */
	bool list_only;
};

struct boot_found {
	int kernel_fd, initrd_fd; /* memfds, the caller's; initrd_fd -1: none. Both -1 for a list */
	char *options; /* command line of the entry */
	char *title;
	json_t *list; /* [{"id","title","version","kernel","initrd","options","where","default"}] */
};

/* Forks and waits: before there are threads. 0, or -errno with a message; *out is complete then. */
MUST_CHECK int boot_job_run(const struct boot_job *job, struct boot_found *out, struct err *e);
/* Idempotent; legal on what was zeroed with its descriptors at -1. */
void boot_found_fini(struct boot_found *f);
