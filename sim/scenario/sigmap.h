/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signal map on the host: a YAML file (docs/signal-maps.md) becomes the binary of
 * base/proto/sigmap.h that a guest gets as a module, and the checks read signals with it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/proto/sigmap.h"

struct sigmap {
	struct sigmap_hdr hdr; /* complete, host and file order are the same */
	struct sigmap_entry *e; /* hdr.count of them, owned */
	uint32_t *lines; /* line of each entry in its file, owned */
};

/*
 * Reads and checks a map. Errors go to `report` (may be NULL) as scenario_load() writes them.
 * Set-up code. 0: *out is the caller's (sigmap_fini); -EINVAL: the map is wrong; other -errno.
 */
MUST_CHECK int sigmap_load(const char *path, FILE *report, struct sigmap *out);
MUST_CHECK int sigmap_load_text(
	const char *text, size_t len, const char *path, FILE *report, struct sigmap *out);
void sigmap_fini(struct sigmap *m);

/* Bytes of the binary, and the binary itself into buf (that many bytes). */
size_t sigmap_packed_bytes(const struct sigmap *m);
void sigmap_pack(const struct sigmap *m, uint8_t *buf);

/* First entry for a gauge; NULL when there is none. */
const struct sigmap_entry *sigmap_find(const struct sigmap *m, const char *gauge);

/* True when a frame of `len` payload bytes holds all bits of the signal. Pure. */
bool sigmap_fits(const struct sigmap_entry *e, size_t len);

/*
 * Physical value of the signal in a payload: raw * scale + offset. Pure, any thread. 0, or
 * -EMSGSIZE when the payload is too short.
 */
MUST_CHECK int sigmap_decode(
	const struct sigmap_entry *e, const uint8_t *data, size_t len, double *phys);
/*
 * Puts a physical value into a payload, rounded to the nearest raw value and held to the range of
 * the bits; other bits keep their value. Pure. 0, or -EMSGSIZE.
 */
MUST_CHECK int sigmap_encode(const struct sigmap_entry *e, double phys, uint8_t *data, size_t len);
