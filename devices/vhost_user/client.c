/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and replies on a vhost-user socket; see client.h. */
#include "devices/vhost_user/client.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"

void vhu_client_init(struct vhu_client *c, int sock_take, uint32_t limit_ms)
{
	*c = (struct vhu_client){ .sock = sock_take, .limit_ms = limit_ms };
}

void vhu_client_fini(struct vhu_client *c)
{
	fd_close(&c->sock);
}

int vhu_client_fail(struct vhu_client *c, int code, const char *fmt, ...)
{
	va_list ap;

	if (!c->why.text[0]) {
		va_start(ap, fmt);
		vsnprintf(c->why.text, sizeof(c->why.text), fmt, ap);
		va_end(ap);
	}
	fd_close(&c->sock);
	return code;
}

/* A transfer failed with `code`; 0: the stream is at its end. */
static int ended(struct vhu_client *c, int code)
{
	if (code == 0 || code == -EPIPE || code == -ECONNRESET)
		return vhu_client_fail(c, -EPIPE, "the back end has closed the connection");
	return vhu_client_fail(c, code, "the back end's socket: %s", strerror(-code));
}

/* Waits for `events` until the deadline. */
static int wait_for(struct vhu_client *c, short events, uint64_t deadline_ns, unsigned int request)
{
	for (;;) {
		struct pollfd p = { .fd = c->sock, .events = events };
		uint64_t now = clock_now_ns();
		int ms = now < deadline_ns ? (int)((deadline_ns - now) / NS_PER_MS) + 1 : 0;
		int n = poll(&p, 1, ms);

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return ended(c, -errno);
		if (n == 0)
			return vhu_client_fail(c, -ETIMEDOUT,
				"the back end did not answer request %u within %u ms", request,
				c->limit_ms);
	}
}

static int send_all(struct vhu_client *c, unsigned int request, struct iovec *iov, size_t n_iov,
	const int *fds, size_t n_fds, uint64_t deadline_ns)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(VHU_MAX_REGIONS * sizeof(int))];
	} control = { 0 };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = n_iov };

	if (n_fds) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(&control.head), fds, n_fds * sizeof(int));
	}
	while (m.msg_iovlen > 0) {
		ssize_t n = sendmsg(c->sock, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		int rc;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			rc = wait_for(c, POLLOUT, deadline_ns, request);
			if (rc)
				return rc;
			continue;
		}
		if (n < 0)
			return ended(c, -errno);
		/* The descriptors went along with the first byte. */
		m.msg_control = NULL;
		m.msg_controllen = 0;
		while (m.msg_iovlen > 0 && (size_t)n >= m.msg_iov->iov_len) {
			n -= (ssize_t)m.msg_iov->iov_len;
			m.msg_iov++;
			m.msg_iovlen--;
		}
		if (m.msg_iovlen > 0) {
			m.msg_iov->iov_base = (char *)m.msg_iov->iov_base + n;
			m.msg_iov->iov_len -= (size_t)n;
		}
	}
	return 0;
}

/* Descriptors that come along are dropped by the kernel: nobody asked for any. */
static int recv_all(
	struct vhu_client *c, unsigned int request, void *buf, size_t len, uint64_t deadline_ns)
{
	for (size_t got = 0; got < len;) {
		ssize_t n = recv(c->sock, (char *)buf + got, len - got, MSG_DONTWAIT);
		int rc;

		if (n > 0) {
			got += (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || errno != EAGAIN)
			return ended(c, n == 0 ? 0 : -errno);
		rc = wait_for(c, POLLIN, deadline_ns, request);
		if (rc)
			return rc;
	}
	return 0;
}

static int send_message(struct vhu_client *c, enum vhu_request r, uint32_t flags,
	const void *payload, size_t len, const int *fds, size_t n_fds, uint64_t deadline_ns)
{
	struct vhu_header h = { le32_of(r), le32_of(VHU_VERSION | flags), le32_of((uint32_t)len) };
	union {
		const void *in;
		void *out;
	} p = { .in = payload };
	struct iovec iov[2] = { { &h, sizeof(h) }, { p.out, len } };

	if (c->sock < 0)
		return -ENOTCONN;
	return send_all(c, r, iov, len ? 2 : 1, fds, n_fds, deadline_ns);
}

static int recv_reply(
	struct vhu_client *c, enum vhu_request r, void *reply, size_t len, uint64_t deadline_ns)
{
	struct vhu_header h;
	int rc = recv_all(c, r, &h, sizeof(h), deadline_ns);

	if (rc)
		return rc;
	if (le32_get(h.request) != r ||
		(le32_get(h.flags) & (VHU_VERSION_MASK | VHU_REPLY)) != (VHU_VERSION | VHU_REPLY))
		return vhu_client_fail(c, -EPROTO,
			"the back end answered request %u with message %u, flags 0x%x", r,
			le32_get(h.request), le32_get(h.flags));
	if (le32_get(h.size) != len)
		return vhu_client_fail(c, -EPROTO,
			"the back end's reply to request %u has %u bytes; %zu were expected", r,
			le32_get(h.size), len);
	return recv_all(c, r, reply, len, deadline_ns);
}

static uint64_t deadline(const struct vhu_client *c)
{
	return clock_now_ns() + c->limit_ms * NS_PER_MS;
}

int vhu_send(struct vhu_client *c, enum vhu_request r, const void *payload, size_t len,
	const int *fds, size_t n_fds, bool ack)
{
	uint64_t until = deadline(c);
	le64 result;
	int rc;

	ack = ack && c->acks;
	rc = send_message(c, r, ack ? VHU_NEED_REPLY : 0, payload, len, fds, n_fds, until);
	if (rc || !ack)
		return rc;
	rc = recv_reply(c, r, &result, sizeof(result), until);
	if (!rc && le64_get(result) != 0)
		return vhu_client_fail(c, -EPROTO, "the back end refuses request %u", r);
	return rc;
}

int vhu_ask(struct vhu_client *c, enum vhu_request r, const void *payload, size_t len, void *reply,
	size_t reply_len)
{
	uint64_t until = deadline(c);
	int rc = send_message(c, r, 0, payload, len, NULL, 0, until);

	return rc ? rc : recv_reply(c, r, reply, reply_len, until);
}

int vhu_send_u64(struct vhu_client *c, enum vhu_request r, uint64_t value, bool ack)
{
	le64 v = le64_of(value);

	return vhu_send(c, r, &v, sizeof(v), NULL, 0, ack);
}

int vhu_send_state(struct vhu_client *c, enum vhu_request r, uint32_t index, uint32_t num, bool ack)
{
	struct vhu_vring_state s = { le32_of(index), le32_of(num) };

	return vhu_send(c, r, &s, sizeof(s), NULL, 0, ack);
}

int vhu_send_vring_fd(struct vhu_client *c, enum vhu_request r, uint32_t index, int fd)
{
	le64 v = le64_of(index);

	return vhu_send(c, r, &v, sizeof(v), &fd, 1, false);
}

int vhu_ask_u64(struct vhu_client *c, enum vhu_request r, uint64_t *value)
{
	le64 v = { { 0 } };
	int rc = vhu_ask(c, r, NULL, 0, &v, sizeof(v));

	*value = le64_get(v);
	return rc;
}

void vhu_client_unexpected(struct vhu_client *c)
{
	char byte;
	ssize_t n = recv(c->sock, &byte, 1, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		(void)vhu_client_fail(c, 0, "the back end sent a message that nobody asked for");
	else
		(void)ended(c, n == 0 ? 0 : -errno);
}
