/* SPDX-License-Identifier: Apache-2.0 */
/* Packets with file descriptors; see ipc.h. */
#include "base/ipc.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(IPC_MAX_FDS * sizeof(int))];
};

int ipc_pair(int fds[2], int sndbuf_bytes)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	for (int i = 0; i < 2 && sndbuf_bytes > 0; i++) {
		/* Beyond the host's limit only root may go; a smaller buffer still works. */
		if (setsockopt(fds[i], SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf_bytes, sizeof(int)) < 0)
			(void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &sndbuf_bytes, sizeof(int));
	}
	return 0;
}

int ipc_send(int sock, const void *buf, size_t len, const int *fds, size_t nfds)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)buf, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control c;
	ssize_t n;

	if (nfds > IPC_MAX_FDS || len == 0)
		return -EINVAL;
	if (nfds > 0) {
		struct cmsghdr *h;

		memset(&c, 0, sizeof(c));
		msg.msg_control = c.bytes;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		h = CMSG_FIRSTHDR(&msg);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(h), fds, nfds * sizeof(int));
	}
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* Takes the fds out of the control messages; what has no room is closed and reported. */
static bool collect_fds(struct msghdr *msg, int *fds, size_t max_fds, size_t *count)
{
	bool fit = true;

	*count = 0;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h; h = CMSG_NXTHDR(msg, h)) {
		size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(int));
			if (fds && *count < max_fds) {
				fds[(*count)++] = fd;
			} else {
				fd_close(&fd);
				fit = fit && !fds;
			}
		}
	}
	return fit;
}

ssize_t ipc_recv(int sock, void *buf, size_t cap, int *fds, size_t max_fds, size_t *nfds)
{
	struct iovec iov = { .iov_base = buf, .iov_len = cap };
	union control c;
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = c.bytes,
		.msg_controllen = sizeof(c.bytes) };
	size_t count;
	ssize_t n;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (!collect_fds(&msg, fds, max_fds, &count) ||
		(msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		if (fds)
			ipc_close_fds(fds, count);
		return -EMSGSIZE;
	}
	/* An empty packet can bring descriptors, too; the caller sees an end and looks for none. */
	if (n == 0 && fds) {
		ipc_close_fds(fds, count);
		count = 0;
	}
	if (nfds)
		*nfds = count;
	return n;
}

void ipc_close_fds(int *fds, size_t nfds)
{
	for (size_t i = 0; i < nfds; i++)
		fd_close(&fds[i]);
}
