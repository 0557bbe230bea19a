/* SPDX-License-Identifier: Apache-2.0 */
/* Records of signals; see signal_port.h. */
#include "base/proto/signal_port.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

struct signal_rec_wire signal_rec_pack(const struct signal_rec *r)
{
	uint64_t bits;

	memcpy(&bits, &r->value, sizeof(bits));
	return (struct signal_rec_wire){ .type = le16_of((uint16_t)r->type),
		.state = (uint8_t)r->state,
		.flags = (uint8_t)r->flags,
		.signal = le32_of(r->signal),
		.t_ns = le64_of(r->t_ns),
		.value = le64_of(bits) };
}

static bool unpack_one(const uint8_t *at, uint32_t n_signals, struct signal_rec *r)
{
	struct signal_rec_wire w;
	uint16_t type;
	uint64_t bits;

	memcpy(&w, at, sizeof(w));
	type = le16_get(w.type);
	bits = le64_get(w.value);
	if (type < SIGNAL_REC_VALUE || type > SIGNAL_REC_RELEASE || w.state > SIGNAL_REC_STALE)
		return false;
	*r = (struct signal_rec){ .type = (enum signal_rec_type)type,
		.state = (enum signal_rec_state)w.state,
		.signal = le32_get(w.signal),
		.t_ns = le64_get(w.t_ns),
		.flags = w.flags & (SIGNAL_REC_HELD | SIGNAL_REC_FED) };
	memcpy(&r->value, &bits, sizeof(r->value));
	return r->signal < n_signals && isfinite(r->value);
}

int signal_rec_unpack(const void *buf, uint32_t len, uint32_t n_signals, struct signal_rec *out)
{
	uint32_t n = len / (uint32_t)sizeof(struct signal_rec_wire);

	if (n == 0 || n > SIGNAL_PORT_RECORDS || len % sizeof(struct signal_rec_wire))
		return -EBADMSG;
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *at = (const uint8_t *)buf + i * sizeof(struct signal_rec_wire);

		if (!unpack_one(at, n_signals, &out[i]))
			return -EBADMSG;
	}
	return (int)n;
}

int signal_rec_recv(int fd, uint32_t n_signals, struct signal_rec *out)
{
	/* With room for one too many, which is refused. */
	struct signal_rec_wire packet[SIGNAL_PORT_RECORDS + 1];
	ssize_t len = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);

	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return len == 0 ? -EPIPE : signal_rec_unpack(packet, (uint32_t)len, n_signals, out);
}
