/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio RTC ("RTC Device"): the machine's UTC with an alarm, TAI, and a monotonic clock.
 *
 * The first clock is UTC without steps (UTC_SMEARED): neither the machine's UTC nor the host's
 * kernel, where its time servers smear, knows a leap second, and it is the one that Linux makes a
 * /dev/rtc of. Cross-timestamps are not offered: what a vCPU reads from its TSC can be known to
 * nobody but itself while it runs, for a guest may set its TSC.
 */
#pragma once

#include "base/utc.h"
#include "devices/rtc/proto.h"
#include "devices/virtio/vdev.h"

enum { VRTC_CLOCK_UTC, VRTC_CLOCK_TAI, VRTC_CLOCK_MONOTONIC, VRTC_CLOCKS };

/* Work of one turn of the loop; what is left then goes on in the next. */
#define VRTC_MAX_TURN_REQUESTS 64u

struct vrtc_stats {
	uint64_t requests, refused, alarms;
};

/* Makes the device. `tag` is copied, `utc` borrowed for its life. 0 or -ENOMEM. */
MUST_CHECK int vrtc_new(struct vdev **out, const char *tag, struct utc *utc);
/* The machine's UTC was set: an alarm that it passed rings. Loop thread. */
void vrtc_look(struct vdev *v);
/* What it did so far. Loop thread. */
struct vrtc_stats vrtc_stats(const struct vdev *v);
