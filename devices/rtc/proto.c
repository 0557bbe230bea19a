/* SPDX-License-Identifier: Apache-2.0 */
/* See proto.h. */
#include "devices/rtc/proto.h"

#include <string.h>

/* Bytes of each request and of its answer; 0: no such request. */
struct sizes {
	size_t req, resp;
};

static struct sizes sizes_of(uint16_t type)
{
	const size_t clock = sizeof(struct virtio_rtc_req_clock);

	switch (type) {
	case VIRTIO_RTC_REQ_READ:
		return (struct sizes){ clock, sizeof(struct virtio_rtc_resp_read) };
	case VIRTIO_RTC_REQ_READ_CROSS:
		return (struct sizes){ clock, sizeof(struct virtio_rtc_resp_read_cross) };
	case VIRTIO_RTC_REQ_CFG:
		return (struct sizes){ sizeof(struct virtio_rtc_head),
			sizeof(struct virtio_rtc_resp_cfg) };
	case VIRTIO_RTC_REQ_CLOCK_CAP:
		return (struct sizes){ clock, sizeof(struct virtio_rtc_resp_clock_cap) };
	case VIRTIO_RTC_REQ_CROSS_CAP:
		return (struct sizes){ clock, sizeof(struct virtio_rtc_resp_cross_cap) };
	case VIRTIO_RTC_REQ_READ_ALARM:
		return (struct sizes){ clock, sizeof(struct virtio_rtc_resp_read_alarm) };
	case VIRTIO_RTC_REQ_SET_ALARM:
		return (struct sizes){ sizeof(struct virtio_rtc_req_set_alarm),
			sizeof(struct virtio_rtc_resp_head) };
	case VIRTIO_RTC_REQ_SET_ALARM_ENABLED:
		return (struct sizes){ clock, sizeof(struct virtio_rtc_resp_head) };
	default:
		return (struct sizes){ 0, 0 };
	}
}

static bool is_alarm(uint16_t type)
{
	return type == VIRTIO_RTC_REQ_READ_ALARM || type == VIRTIO_RTC_REQ_SET_ALARM ||
	       type == VIRTIO_RTC_REQ_SET_ALARM_ENABLED;
}

static bool known_counter(uint8_t counter)
{
	return counter == VIRTIO_RTC_COUNTER_ARM_VCT || counter == VIRTIO_RTC_COUNTER_X86_TSC;
}

/* Fields of the request, which is complete. */
static enum virtio_rtc_status parse_fields(
	const void *buf, unsigned int n_clocks, struct vrtc_req *q)
{
	struct virtio_rtc_req_set_alarm s;
	struct virtio_rtc_req_clock c;
	uint8_t flags = 0;

	if (q->type == VIRTIO_RTC_REQ_CFG)
		return VIRTIO_RTC_S_OK;
	if (q->type == VIRTIO_RTC_REQ_SET_ALARM) {
		memcpy(&s, buf, sizeof(s));
		q->clock = le16_get(s.clock_id);
		q->alarm_ns = le64_get(s.alarm_time);
		flags = s.flags;
	} else {
		memcpy(&c, buf, sizeof(c));
		q->clock = le16_get(c.clock_id);
		q->counter = c.arg;
		if (q->type == VIRTIO_RTC_REQ_SET_ALARM_ENABLED)
			flags = c.arg;
	}
	if (q->clock >= n_clocks)
		return VIRTIO_RTC_S_ENODEV;
	if ((q->type == VIRTIO_RTC_REQ_READ_CROSS || q->type == VIRTIO_RTC_REQ_CROSS_CAP) &&
		!known_counter(q->counter))
		return VIRTIO_RTC_S_EOPNOTSUPP;
	if (flags & ~VIRTIO_RTC_FLAG_ALARM_ENABLED)
		return VIRTIO_RTC_S_EINVAL;
	q->enable = flags & VIRTIO_RTC_FLAG_ALARM_ENABLED;
	return VIRTIO_RTC_S_OK;
}

enum virtio_rtc_status vrtc_parse(
	const void *buf, size_t len, unsigned int n_clocks, bool alarm, struct vrtc_req *out)
{
	struct virtio_rtc_head h;
	struct vrtc_req q = { 0 };
	enum virtio_rtc_status st;
	struct sizes size;
	uint16_t type;

	if (len < sizeof(h))
		return VIRTIO_RTC_S_EINVAL;
	memcpy(&h, buf, sizeof(h));
	type = le16_get(h.msg_type);
	size = sizes_of(type);
	if (!size.req || (is_alarm(type) && !alarm))
		return VIRTIO_RTC_S_EOPNOTSUPP;
	if (len < size.req)
		return VIRTIO_RTC_S_EINVAL;
	q.type = (enum virtio_rtc_msg)type;
	q.resp_bytes = size.resp;
	st = parse_fields(buf, n_clocks, &q);
	if (st == VIRTIO_RTC_S_OK)
		*out = q;
	return st;
}

size_t vrtc_make(uint8_t *buf, const struct vrtc_req *q, const struct vrtc_answer *a)
{
	static_assert(VIRTIO_RTC_S_OK == 0, "the head of an answer is zero");
	union {
		struct virtio_rtc_resp_read read;
		struct virtio_rtc_resp_cfg cfg;
		struct virtio_rtc_resp_clock_cap clock_cap;
		struct virtio_rtc_resp_read_alarm read_alarm;
		uint8_t bytes[VRTC_RESP_MAX];
	} r = { .bytes = { 0 } };

	switch (q->type) {
	case VIRTIO_RTC_REQ_READ:
		r.read.clock_reading = le64_of(a->ns);
		break;
	case VIRTIO_RTC_REQ_CFG:
		r.cfg.num_clocks = le16_of(a->n_clocks);
		break;
	case VIRTIO_RTC_REQ_CLOCK_CAP:
		r.clock_cap.type = (uint8_t)a->clock_type;
		r.clock_cap.leap_second_smearing = VIRTIO_RTC_SMEAR_UNSPECIFIED;
		r.clock_cap.flags = a->flag ? VIRTIO_RTC_FLAG_ALARM_CAP : 0;
		break;
	case VIRTIO_RTC_REQ_READ_ALARM:
		r.read_alarm.alarm_time = le64_of(a->ns);
		r.read_alarm.flags = a->flag ? VIRTIO_RTC_FLAG_ALARM_ENABLED : 0;
		break;
	default: /* a head; of CROSS_CAP no flag */
		break;
	}
	memcpy(buf, r.bytes, q->resp_bytes);
	return q->resp_bytes;
}
