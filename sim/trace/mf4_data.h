/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ASAM MDF 4 as a file: blocks with links, and the data that lie in lists of blocks, perhaps
 * compressed, as one run of bytes. What the bytes mean is mf4.c's matter. Not for others.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct mf4_file {
	int fd; /* -1: in memory */
	const uint8_t *mem;
	uint64_t size;
	bool unfinished; /* "UnFinMF": lengths and counts were not written at the end */
};

/* 0, or -EIO where the file has no n bytes at `at` (or cannot be read). */
MUST_CHECK int mf4_read(const struct mf4_file *f, uint64_t at, void *out, uint32_t n);

struct mf4_block {
	uint64_t at, len, links; /* len: with its header; links: their number */
	char id[4]; /* the two letters behind ## */
};

/* The header of the block at `at`. 0; -EBADMSG where there is none, or one that cannot be. */
MUST_CHECK int mf4_block(const struct mf4_file *f, uint64_t at, struct mf4_block *out);
/* Link i of a block; 0 (none) beyond their number. */
uint64_t mf4_link(const struct mf4_file *f, const struct mf4_block *b, uint64_t i);
/* n bytes of the block's data, from `off` on; what the block is too short for is 0. */
void mf4_fields(
	const struct mf4_file *f, const struct mf4_block *b, uint64_t off, void *out, uint32_t n);
/* A text block's text into out, cut to its room. */
void mf4_text(const struct mf4_file *f, uint64_t at, char *out, uint32_t room);

/* The most that mf4_need() can give. */
#define MF4_BUF_BYTES 65536u

/* A run of bytes. Zero-initialise, then mf4_data_start. */
struct mf4_data {
	const struct mf4_file *f;
	uint64_t root; /* what it was started with */
	uint64_t list; /* the DL block that is walked, 0: none */
	uint64_t list_i, list_n;
	uint64_t next; /* a data block to open, 0: the next of the list */
	uint64_t budget; /* bytes of the file that may still be used: each one lies in it once */
	uint64_t from, left; /* in the file, of the current block */
	uint8_t *plain; /* a block that was decompressed */
	uint64_t plain_pos, plain_len;
	uint64_t bad_at; /* where something was wrong, with bad_why; 0: nothing */
	const char *bad_why;
	uint64_t offset; /* of the next byte in the run */
	uint32_t pos, len; /* unread in buf */
	uint8_t *buf;
};

/* Begins (again) at the first byte of what the link says: DT, SD, DZ, DL or HL; 0: no bytes. 0 or
 * -ENOMEM. */
MUST_CHECK int mf4_data_start(struct mf4_data *d, const struct mf4_file *f, uint64_t link);
/* Makes n bytes (at most MF4_BUF_BYTES) readable at *p. False: there are fewer (*have of them). */
MUST_CHECK bool mf4_need(struct mf4_data *d, uint32_t n, const uint8_t **p, uint32_t *have);
/* Consumes bytes that were made readable. */
void mf4_took(struct mf4_data *d, uint32_t n);
/* Consumes n bytes. False: there are fewer. */
MUST_CHECK bool mf4_skip(struct mf4_data *d, uint64_t n);
/* Place in the file of the next byte, or of the compressed block it comes from. */
uint64_t mf4_where(const struct mf4_data *d);
void mf4_data_fini(struct mf4_data *d);
