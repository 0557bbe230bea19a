/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disks of a guest, as dyno-vm gets them: a descriptor of a raw image or block device, or
 * sockets that are connected to an NBD server. The server is somebody else's, or qemu-nbd, which is
 * started here for images of other formats.
 */
#pragma once

#include "base/err.h"
#include "sim/bench/service.h"
#include "sim/scenario/scenario.h"

#define DISK_MAX_CONNECTIONS 4
#define DISK_EXPORT_NAME     256

struct disk {
	const struct scenario_disk *sd;
	int fd; /* of a raw image: dyno-vm's */
	int lock; /* of an image that qemu-nbd has open: kept so that no other run takes it */
	const char *dir; /* qemu-nbd's socket is dir/socket; NULL: there is none */
	char socket[64];
};

/* What people call it: its file or its server. */
const char *disk_name(const struct scenario_disk *sd);
/* Whether it is written as the disk of an NBD server, and not as a file. */
bool disk_is_uri(const char *text);
/* A state in which disk_close() is legal. */
void disk_clear(struct disk *d);
/*
 * Opens the image (or makes the file that takes its changes: that can take as long as copying what
 * the image holds), or starts the server for it. Where two would write to one file, the second is
 * refused. `name` tells disks of a run apart ("ivi-0"); out_dir is kept. 0 or -errno with a
 * message.
 */
MUST_CHECK int disk_open(struct disk *d, const struct scenario_disk *sd, struct service_set *set,
	const char *name, const char *out_dir, struct err *e);
/* True where dyno-vm gets sockets. */
bool disk_is_nbd(const struct disk *d);
/* Connects for one start of dyno-vm: fds[0..n-1] are the caller's, n is at least 1. 0 or -errno
 * with a message. */
MUST_CHECK int disk_connect(
	const struct disk *d, int fds[DISK_MAX_CONNECTIONS], unsigned int *n, struct err *e);
/* One connection, to be read from here: it, the caller's, or -errno with a message. */
MUST_CHECK int disk_connect_reader(
	const struct disk *d, char export_name[DISK_EXPORT_NAME], struct err *e);
/* Idempotent. */
void disk_close(struct disk *d);

/* ---- between disk.c and disk_nbd.c ---- */

/* The lock lives as long as any copy of the descriptor. It, or -errno with a message. */
MUST_CHECK int disk_open_locked(const char *path, bool writes, struct err *e);
/* The rest of disk_open() for what is not raw. */
MUST_CHECK int disk_serve(struct disk *d, struct service_set *set, const char *name,
	const char *out_dir, struct err *e);

/* Parts of an NBD URI. */
struct disk_uri {
	char host[256], port[8]; /* TCP; host is "" for a socket */
	char socket[108];
	char export_name[DISK_EXPORT_NAME];
};
/* 0 or -EINVAL with a message. */
MUST_CHECK int disk_uri_parse(struct disk_uri *out, const char *text, struct err *e);
