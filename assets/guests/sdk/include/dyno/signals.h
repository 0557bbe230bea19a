/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signal map that the bench handed over (base/proto/sigmap.h), and the codec between a signal's
 * physical value and its bits in a CAN frame. Pure functions, compiled for the host in unit tests.
 */
#pragma once

#include "base/proto/sigmap.h"
#include "dyno/base.h"

struct dyno_sigmap {
	const char *title;
	unsigned int count;
	const struct sigmap_entry *entry; /* lent: lies in the module */
};

/*
 * Checks a signal map of `bytes` bytes: magic, version, sizes, strings that end, bit ranges that
 * fit into 64 bytes (and into dlc for a sent signal), scale not 0. 0 or DYNO_E_INVAL, then `why`
 * (may be NULL) points to a static text.
 */
DYNO_MUST_CHECK int dyno_sigmap_check(
	const void *data, size_t bytes, struct dyno_sigmap *out, const char **why);

/* The map in the module with command line "sigmap", checked. DYNO_E_NODEV: there is none;
 * DYNO_E_INVAL: it is broken (a line was printed). */
DYNO_MUST_CHECK int dyno_sigmap_open(struct dyno_sigmap *out);

/* The entry for a gauge name, or NULL. */
const struct sigmap_entry *dyno_sigmap_find(const struct dyno_sigmap *m, const char *gauge);

/* True when all bits of the signal lie in the first `len` bytes. */
bool dyno_signal_fits(const struct sigmap_entry *e, unsigned int len);

/* Raw bits of the signal, sign extended when it is signed. The signal must fit (dyno_signal_fits).
 */
int64_t dyno_signal_raw(const struct sigmap_entry *e, const uint8_t *data);
/* Physical value; false (and *out untouched) when the frame is too short. */
DYNO_MUST_CHECK bool dyno_signal_get(
	const struct sigmap_entry *e, const uint8_t *data, unsigned int len, double *out);
/* Writes the raw bits; the other bits of the frame stay. The signal must fit. */
void dyno_signal_put_raw(const struct sigmap_entry *e, uint8_t *data, uint64_t raw);
/* Writes a physical value: rounded to the nearest raw value, clamped to what the bits can hold
 * and to min..max when given. False when the frame is too short. */
DYNO_MUST_CHECK bool dyno_signal_put(
	const struct sigmap_entry *e, uint8_t *data, unsigned int len, double value);
