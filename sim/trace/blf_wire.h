/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vector's Binary Logging Format as files have it. All numbers are little-endian. Objects follow
 * one another, each beginning with LOBJ; those of interest are, most often, inside of log
 * containers, which are compressed with zlib, and an object may begin in one and end in the next.
 */
#pragma once

#include <assert.h>

#include "base/le.h"

#define BLF_FILE_MAGIC   "LOGG"
#define BLF_OBJECT_MAGIC "LOBJ"
#define BLF_FILE_BYTES   144u

struct blf_time {
	le16 year, month, weekday, day, hour, minute, second, ms;
};

struct blf_file {
	uint8_t magic[4];
	le32 header_bytes;
	uint8_t application, app_major, app_minor, app_build, log_major, log_minor, log_build,
		log_patch;
	le64 file_bytes, uncompressed_bytes;
	le32 objects, objects_read;
	struct blf_time start, stop;
};
static_assert(sizeof(struct blf_file) == 72, "file statistics");

/* In front of every object. Its header may be longer: header_bytes. */
struct blf_base {
	uint8_t magic[4];
	le16 header_bytes, version;
	le32 object_bytes, type;
};
static_assert(sizeof(struct blf_base) == 16, "object header base");

#define BLF_CAN_MESSAGE    1u
#define BLF_CAN_ERROR      2u
#define BLF_CONTAINER      10u
#define BLF_CAN_ERROR_EXT  73u
#define BLF_CAN_MESSAGE2   86u
#define BLF_CAN_FD         100u
#define BLF_CAN_FD_64      101u
#define BLF_CAN_FD_ERROR64 104u

struct blf_container { /* behind the base */
	le16 method; /* 0: stored, 2: zlib */
	uint8_t pad[6];
	le32 uncompressed_bytes;
	uint8_t pad2[4];
};
static_assert(sizeof(struct blf_container) == 16, "log container");

#define BLF_TIME_10US 1u
#define BLF_TIME_NS   2u

/* Behind the base: header versions 1 and 2 begin with the same three things we look at. */
struct blf_v1 {
	le32 flags;
	le16 client, version;
	le64 time;
};
static_assert(sizeof(struct blf_v1) == 16, "object header version 1");

struct blf_v2 {
	le32 flags;
	uint8_t time_status, pad;
	le16 version;
	le64 time, original_time;
};
static_assert(sizeof(struct blf_v2) == 24, "object header version 2");

#define BLF_ID_EXT 0x80000000u

#define BLF_CAN_TX     0x01u
#define BLF_CAN_REMOTE 0x80u

struct blf_can { /* CAN_MESSAGE, and the first part of CAN_MESSAGE2 */
	le16 channel;
	uint8_t flags, dlc;
	le32 id;
	uint8_t data[8];
};
static_assert(sizeof(struct blf_can) == 16, "CAN message");

struct blf_can2_tail {
	le32 frame_ns;
	uint8_t bits, pad;
	le16 pad2;
};
static_assert(sizeof(struct blf_can2_tail) == 8, "CAN message 2");

struct blf_error { /* CAN_ERROR */
	le16 channel, length;
	le32 pad;
};
static_assert(sizeof(struct blf_error) == 8, "CAN error");

struct blf_error_ext {
	le16 channel, length;
	le32 flags;
	uint8_t ecc, position, dlc, pad;
	le32 frame_ns, id;
	le16 flags_ext, pad2;
	uint8_t data[8];
};
static_assert(sizeof(struct blf_error_ext) == 32, "CAN error frame, extended");

#define BLF_FD_EDL 0x1u
#define BLF_FD_BRS 0x2u
#define BLF_FD_ESI 0x4u

struct blf_fd {
	le16 channel;
	uint8_t flags, dlc;
	le32 id, frame_ns;
	uint8_t bits, fd_flags, valid, pad;
	le32 pad2;
	uint8_t data[64];
};
static_assert(sizeof(struct blf_fd) == 84, "CAN FD message");

#define BLF_FD64_REMOTE 0x0010u
#define BLF_FD64_EDL    0x1000u
#define BLF_FD64_BRS    0x2000u
#define BLF_FD64_ESI    0x4000u

struct blf_fd64 { /* then the valid bytes of data */
	uint8_t channel, dlc, valid, tx_count;
	le32 id, frame_ns, flags, btr_arbitration, btr_data, brs_ns, crc_delimiter_ns;
	le16 bits;
	uint8_t dir, ext_offset;
	le32 crc;
};
static_assert(sizeof(struct blf_fd64) == 40, "CAN FD message 64");

struct blf_fd_error64 {
	uint8_t channel, dlc, valid, ecc;
	le16 flags, error_code_ext, ext_flags;
	uint8_t ext_offset, pad;
	le32 id;
};
static_assert(sizeof(struct blf_fd_error64) == 16, "CAN FD error frame 64, its first part");
