/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the RTC device: parsed, checked, and answers made. Pure functions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "devices/rtc/wire.h"

/* Longest request and longest answer, in bytes. */
#define VRTC_REQ_MAX  sizeof(struct virtio_rtc_req_set_alarm)
#define VRTC_RESP_MAX sizeof(struct virtio_rtc_resp_read_cross)

struct vrtc_req {
	enum virtio_rtc_msg type;
	unsigned int clock; /* below n_clocks; 0 for CFG */
	uint8_t counter; /* one that the specification knows; READ_CROSS, CROSS_CAP */
	bool enable; /* SET_ALARM, SET_ALARM_ENABLED */
	uint64_t alarm_ns; /* SET_ALARM */
	size_t resp_bytes; /* of the answer, its head included */
};

/*
 * Parses a request of `len` bytes; what is more than it needs is ignored. The status that it is
 * answered with, VIRTIO_RTC_S_OK for one that can be carried out; *out is set only then.
 * `alarm`: VIRTIO_RTC_F_ALARM was negotiated.
 */
MUST_CHECK enum virtio_rtc_status vrtc_parse(
	const void *buf, size_t len, unsigned int n_clocks, bool alarm, struct vrtc_req *out);

/* What answers are made of; only what the request asked for is used. */
struct vrtc_answer {
	uint64_t ns; /* READ: the clock; READ_ALARM: the alarm */
	uint16_t n_clocks; /* CFG */
	enum virtio_rtc_clock clock_type; /* CLOCK_CAP */
	bool flag; /* CLOCK_CAP: can have an alarm; READ_ALARM: it is enabled */
};

/* Makes the answer to `q` in buf[VRTC_RESP_MAX]; returns its length, q->resp_bytes. Not for
 * READ_CROSS, which no clock of Dyno supports. */
size_t vrtc_make(uint8_t *buf, const struct vrtc_req *q, const struct vrtc_answer *a);
