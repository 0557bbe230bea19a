/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the readers of the manifest's parts share; not for others. Each getter returns 0, or a
 * negative code with a message that names the key.
 */
#pragma once

#include "base/ipc.h"
#include "base/json.h"
#include "vmm/guest/manifest.h"

/* What reading needs besides the JSON. */
struct manifest_reader {
	unsigned int n_fds;
	bool used[IPC_MAX_FDS]; /* descriptors that a key named */
	unsigned int n_signals; /* of the manifest's list */
	struct err *e;
};

/* Index of a word, -1 when it is none of them. */
int manifest_word(const char *word, const char *const *words, unsigned int n);
/* "fd": an index into the descriptors; each may be named once. MANIFEST_NO_FD when absent. */
MUST_CHECK int manifest_get_fd(
	struct manifest_reader *r, const json_t *o, enum json_need need, int *fd);
/* KEY: { "fd": N } */
MUST_CHECK int manifest_get_fd_of(struct manifest_reader *r, const json_t *root, const char *key,
	enum json_need need, int *fd);
/* Copies a string that must fit; out stays as it is when absent. */
MUST_CHECK int manifest_get_name(struct manifest_reader *r, const json_t *o, const char *key,
	enum json_need need, char out[MANIFEST_NAME]);
/* Replaces *out (the heap's) by a copy of an optional string. */
MUST_CHECK int manifest_get_text(
	struct manifest_reader *r, const json_t *o, const char *key, char **out);
/* A number that must be there. */
MUST_CHECK int manifest_get_u32(struct manifest_reader *r, const json_t *o, const char *key,
	uint32_t min, uint32_t max, uint32_t *out);

/* The list of signals (manifest_signals.c). */
MUST_CHECK int manifest_read_signals(
	struct manifest_reader *r, const json_t *root, struct manifest *m);
/* KEY: { "signal": N, "scale": S, "offset": O }, or { "offset": O } for what never changes. *out
 * stays as it is when absent. */
MUST_CHECK int manifest_get_feed(struct manifest_reader *r, const json_t *o, const char *key,
	enum json_need need, struct signal_feed *out);
/* KEY: a signal's place in the list. *out stays as it is when absent. */
MUST_CHECK int manifest_get_signal(struct manifest_reader *r, const json_t *o, const char *key,
	enum json_need need, uint32_t *out);

/* Keys of the machine itself beyond the plain ones (manifest_machine.c). */
MUST_CHECK int manifest_read_machine(
	struct manifest_reader *r, const json_t *root, struct manifest *m);

/* One reader per device type (manifest_devices.c, or a file of its own). *d is zeroed but for its
 * type and name. */
MUST_CHECK int manifest_read_can(
	struct manifest_reader *r, const json_t *o, struct manifest_device *d);
/* Of a device without keys of its own. */
MUST_CHECK int manifest_read_plain(
	struct manifest_reader *r, const json_t *o, struct manifest_device *d);
MUST_CHECK int manifest_read_console(
	struct manifest_reader *r, const json_t *o, struct manifest_device *d);
MUST_CHECK int manifest_read_gpu(
	struct manifest_reader *r, const json_t *o, struct manifest_device *d);
MUST_CHECK int manifest_read_input(
	struct manifest_reader *r, const json_t *o, struct manifest_device *d);
MUST_CHECK int manifest_read_blk(
	struct manifest_reader *r, const json_t *o, struct manifest_device *d);
MUST_CHECK int manifest_read_snd(
	struct manifest_reader *r, const json_t *o, struct manifest_device *d);
MUST_CHECK int manifest_read_net(
	struct manifest_reader *r, const json_t *o, struct manifest_device *d);
MUST_CHECK int manifest_read_balloon(
	struct manifest_reader *r, const json_t *o, struct manifest_device *d);
MUST_CHECK int manifest_read_vhost_user(
	struct manifest_reader *r, const json_t *o, struct manifest_device *d);
MUST_CHECK int manifest_read_vsock(
	struct manifest_reader *r, const json_t *o, struct manifest_device *d);
MUST_CHECK int manifest_read_i2c(
	struct manifest_reader *r, const json_t *o, struct manifest_device *d);
MUST_CHECK int manifest_read_gpio(
	struct manifest_reader *r, const json_t *o, struct manifest_device *d);
MUST_CHECK int manifest_read_9p(
	struct manifest_reader *r, const json_t *o, struct manifest_device *d);
