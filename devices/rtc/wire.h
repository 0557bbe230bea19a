/* SPDX-License-Identifier: Apache-2.0 */
/* Formats of the RTC device as they lie in guest memory ("RTC Device"). */
#pragma once

#include "base/le.h"

#define VIRTIO_RTC_F_ALARM 0

enum virtio_rtc_msg {
	VIRTIO_RTC_REQ_READ = 0x0001,
	VIRTIO_RTC_REQ_READ_CROSS = 0x0002,
	VIRTIO_RTC_REQ_CFG = 0x1000,
	VIRTIO_RTC_REQ_CLOCK_CAP = 0x1001,
	VIRTIO_RTC_REQ_CROSS_CAP = 0x1002,
	VIRTIO_RTC_REQ_READ_ALARM = 0x1003,
	VIRTIO_RTC_REQ_SET_ALARM = 0x1004,
	VIRTIO_RTC_REQ_SET_ALARM_ENABLED = 0x1005,
	VIRTIO_RTC_NOTIF_ALARM = 0x2000
};

enum virtio_rtc_status {
	VIRTIO_RTC_S_OK = 0,
	VIRTIO_RTC_S_EOPNOTSUPP = 2,
	VIRTIO_RTC_S_ENODEV = 3,
	VIRTIO_RTC_S_EINVAL = 4,
	VIRTIO_RTC_S_EIO = 5
};

enum virtio_rtc_clock {
	VIRTIO_RTC_CLOCK_UTC = 0,
	VIRTIO_RTC_CLOCK_TAI = 1,
	VIRTIO_RTC_CLOCK_MONOTONIC = 2,
	VIRTIO_RTC_CLOCK_UTC_SMEARED = 3,
	VIRTIO_RTC_CLOCK_UTC_MAYBE_SMEARED = 4
};

#define VIRTIO_RTC_SMEAR_UNSPECIFIED 0

/* "Hardware Counters": these, and an implementation's own from 0xf0 on. */
#define VIRTIO_RTC_COUNTER_ARM_VCT 0
#define VIRTIO_RTC_COUNTER_X86_TSC 1

#define VIRTIO_RTC_FLAG_ALARM_CAP     0x1u
#define VIRTIO_RTC_FLAG_CROSS_CAP     0x1u
#define VIRTIO_RTC_FLAG_ALARM_ENABLED 0x1u

/* Requests and notifications begin with it. */
struct virtio_rtc_head {
	le16 msg_type;
	uint8_t reserved[6];
};
static_assert(sizeof(struct virtio_rtc_head) == 8, "virtio_rtc_req_head, virtio_rtc_notif_head");

struct virtio_rtc_resp_head {
	uint8_t status;
	uint8_t reserved[7];
};
static_assert(sizeof(struct virtio_rtc_resp_head) == 8, "virtio_rtc_resp_head");

/* READ, READ_CROSS, CLOCK_CAP, CROSS_CAP, READ_ALARM, SET_ALARM_ENABLED; what a request has no use
 * for is reserved in it. */
struct virtio_rtc_req_clock {
	struct virtio_rtc_head head;
	le16 clock_id;
	uint8_t arg; /* hw_counter, or flags */
	uint8_t reserved[5];
};
static_assert(sizeof(struct virtio_rtc_req_clock) == 16, "requests about a clock");

struct virtio_rtc_req_set_alarm {
	struct virtio_rtc_head head;
	le64 alarm_time;
	le16 clock_id;
	uint8_t flags;
	uint8_t reserved[5];
};
static_assert(sizeof(struct virtio_rtc_req_set_alarm) == 24, "virtio_rtc_req_set_alarm");

struct virtio_rtc_resp_read {
	struct virtio_rtc_resp_head head;
	le64 clock_reading;
};
static_assert(sizeof(struct virtio_rtc_resp_read) == 16, "virtio_rtc_resp_read");

struct virtio_rtc_resp_read_cross {
	struct virtio_rtc_resp_head head;
	le64 clock_reading, counter_cycles;
};
static_assert(sizeof(struct virtio_rtc_resp_read_cross) == 24, "virtio_rtc_resp_read_cross");

struct virtio_rtc_resp_cfg {
	struct virtio_rtc_resp_head head;
	le16 num_clocks;
	uint8_t reserved[6];
};
static_assert(sizeof(struct virtio_rtc_resp_cfg) == 16, "virtio_rtc_resp_cfg");

struct virtio_rtc_resp_clock_cap {
	struct virtio_rtc_resp_head head;
	uint8_t type, leap_second_smearing, flags;
	uint8_t reserved[5];
};
static_assert(sizeof(struct virtio_rtc_resp_clock_cap) == 16, "virtio_rtc_resp_clock_cap");

struct virtio_rtc_resp_cross_cap {
	struct virtio_rtc_resp_head head;
	uint8_t flags;
	uint8_t reserved[7];
};
static_assert(sizeof(struct virtio_rtc_resp_cross_cap) == 16, "virtio_rtc_resp_cross_cap");

struct virtio_rtc_resp_read_alarm {
	struct virtio_rtc_resp_head head;
	le64 alarm_time;
	uint8_t flags;
	uint8_t reserved[7];
};
static_assert(sizeof(struct virtio_rtc_resp_read_alarm) == 24, "virtio_rtc_resp_read_alarm");

struct virtio_rtc_notif_alarm {
	struct virtio_rtc_head head;
	le16 clock_id;
	uint8_t reserved[6];
};
static_assert(sizeof(struct virtio_rtc_notif_alarm) == 16, "virtio_rtc_notif_alarm");
