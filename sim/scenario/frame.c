/* SPDX-License-Identifier: Apache-2.0 */
/* CAN frames as people write them, after the manner of candump and cansend. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sim/scenario/load.h"
#include "sim/scenario/units.h"

static int parse_rtr(const char *p, struct frame_text *out, struct err *e)
{
	if (p[0] == '\0')
		return 0;
	if (p[0] < '0' || p[0] > '8' || p[1] != '\0')
		return err_set(e, -EINVAL, "the length after R must be one digit, 0 to 8");
	out->len = (uint8_t)(p[0] - '0');
	return 0;
}

int frame_text_parse(const char *text, struct frame_text *out, struct err *e)
{
	struct frame_text f = { 0 };
	const char *hash = strchr(text, '#');
	char id[12];

	if (!hash)
		return err_set(
			e, -EINVAL, "a frame has a # between identifier and data: 123#DEADBEEF");
	size_t n = (size_t)(hash - text);

	if (n != 3 && n != 8)
		return err_set(e, -EINVAL,
			"an identifier has three hex digits (11 bits) or eight (29 bits)");
	memcpy(id, text, n);
	id[n] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)id[i]))
			return err_set(e, -EINVAL, "\"%s\" is not a hex identifier", id);
	}
	if (unit_can_id(id, &f.id) != 0 || (n == 3 && (f.id & CAN_EFF_FLAG)))
		return err_set(e, -EINVAL, "identifier %s exceeds %s", id,
			n == 3 ? "7FF (11 bits; write eight digits for 29)" : "1FFFFFFF (29 bits)");

	const char *p = hash + 1;

	if (*p == '#') {
		f.fd = true;
		p++;
		if (!isxdigit((unsigned char)*p))
			return err_set(e, -EINVAL,
				"an FD frame has a hex digit of flags after ##: 123##1DEADBEEF");
		char digit[2] = { *p++, '\0' };
		uint32_t flags;

		if (unit_hex32(digit, &flags) != 0 || (flags & ~(uint32_t)(CANFD_BRS | CANFD_ESI)))
			return err_set(e, -EINVAL, "FD flags are 0, 1 (BRS), 2 (ESI) or 3");
		f.flags = (uint8_t)(flags | CANFD_FDF);
	} else if (*p == 'R' || *p == 'r') {
		f.rtr = true;
		int rc = parse_rtr(p + 1, &f, e);

		if (rc == 0)
			*out = f;
		return rc;
	}
	int rc = unit_pattern(p, f.data, f.mask, &f.len, &f.open);

	if (rc == -ERANGE || (rc == 0 && !f.fd && f.len > CAN_MAX_DLEN))
		return err_set(e, -EINVAL, "more than %d bytes of data%s", f.fd ? 64 : 8,
			f.fd ? "" : " (## makes it an FD frame)");
	if (rc != 0)
		return err_set(e, -EINVAL, "data must be pairs of hex digits");
	if (f.fd && !f.open && !unit_fd_length(f.len))
		return err_set(e, -EINVAL,
			"an FD frame has 0 to 8, 12, 16, 20, 24, 32, 48 or 64 bytes, not %u",
			f.len);
	*out = f;
	return 0;
}

static bool has_wildcards(const struct frame_text *t)
{
	for (uint8_t i = 0; !t->rtr && i < t->len; i++) {
		if (t->mask[i] != 0xff)
			return true;
	}
	return t->open;
}

int scenario_parse_frame(const char *text, struct scenario_frame *out, struct err *e)
{
	struct frame_text t = { 0 };
	int rc = frame_text_parse(text, &t, e);

	if (rc != 0)
		return rc;
	if (has_wildcards(&t))
		return err_set(e, -EINVAL, "a frame to send has no wildcards");
	*out = (struct scenario_frame){ .mtu = t.fd ? CANFD_MTU : CAN_MTU };
	out->f.can_id = t.id | (t.rtr ? CAN_RTR_FLAG : 0);
	out->f.len = t.len;
	out->f.flags = t.flags;
	memcpy(out->f.data, t.data, t.len);
	return 0;
}

void frame_show_match(char *buf, size_t cap, const struct scenario_match *m)
{
	char id[UNIT_TEXT];
	size_t l;

	if (m->id.mask == 0)
		l = (size_t)snprintf(buf, cap, "any frame");
	else
		l = (size_t)snprintf(buf, cap, "%s", unit_show_can_id(id, m->id.id));
	canid_t all = m->id.id & CAN_EFF_FLAG ? CAN_EFF_MASK : CAN_SFF_MASK;

	if (m->id.mask != 0 && (m->id.mask & all) != all && l < cap)
		l += (size_t)snprintf(buf + l, cap - l, "/%03X", m->id.mask & all);
	if (m->n_data == 0 && m->len < 0)
		return;
	if (l < cap)
		l += (size_t)snprintf(buf + l, cap - l, "#");
	for (uint8_t i = 0; i < m->n_data && i < 16 && l < cap; i++) {
		char hi = m->mask[i] >> 4 ? "0123456789ABCDEF"[m->data[i] >> 4] : 'X';
		char lo = m->mask[i] & 0xf ? "0123456789ABCDEF"[m->data[i] & 0xf] : 'X';

		l += (size_t)snprintf(buf + l, cap - l, "%c%c", hi, lo);
	}
	if ((m->len < 0 || m->n_data > 16) && l < cap)
		snprintf(buf + l, cap - l, "*");
}
