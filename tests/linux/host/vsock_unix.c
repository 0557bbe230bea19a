/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AF_VSOCK for programs of the host that know nothing of Dyno's sockets in the run's folder:
 * preloaded, it makes of their vsock sockets AF_UNIX ones (docs/vsock.md). VSOCK_UNIX is the path
 * of the guest's socket (OUT/GUEST.vsock), VSOCK_CID the guest's context. What AF_UNIX sockets
 * cannot do is refused.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/vm_sockets.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_FD    4096
#define ANSWER    32
#define ANY_PORT  2000000000u
#define BUF_BYTES (256u * 1024)

struct mark {
	bool used;
	int type;
	unsigned int port;
	uint64_t buf_bytes;
};

static struct mark marks[MAX_FD];

static struct mark *mark_of(int fd)
{
	return fd >= 0 && fd < MAX_FD && marks[fd].used ? &marks[fd] : NULL;
}

static void mark(int fd, int type)
{
	if (fd >= 0 && fd < MAX_FD)
		marks[fd] = (struct mark){ .used = true, .type = type, .buf_bytes = BUF_BYTES };
}

/* The C library's own. */
#define REAL(name) ((__typeof__(&(name)))(uintptr_t)dlsym(RTLD_NEXT, #name))

static socklen_t unix_address(struct sockaddr_un *a, const char *suffix)
{
	const char *base = getenv("VSOCK_UNIX");

	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(a->sun_path, sizeof(a->sun_path), "%s%s", base ? base : "", suffix);
	return sizeof(*a);
}

static void vsock_address(struct sockaddr *out, socklen_t *len, unsigned int cid, unsigned int port)
{
	struct sockaddr_vm vm = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };

	if (!out || !len)
		return;
	memcpy(out, &vm, *len < sizeof(vm) ? *len : sizeof(vm));
	*len = sizeof(vm);
}

static unsigned int guest_cid(void)
{
	const char *text = getenv("VSOCK_CID");

	return text ? (unsigned int)strtoul(text, NULL, 10) : VMADDR_CID_ANY;
}

int socket(int domain, int type, int protocol)
{
	int fd = REAL(socket)(domain == AF_VSOCK ? AF_UNIX : domain, type, protocol);

	if (domain == AF_VSOCK)
		mark(fd, type & 0xf);
	return fd;
}

int bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	const struct sockaddr_vm *vm = (const void *)sa;
	struct mark *m = mark_of(fd);
	struct sockaddr_un a;
	char suffix[16];

	if (!m)
		return REAL(bind)(fd, sa, len);
	if (vm->svm_cid != VMADDR_CID_ANY && vm->svm_cid != VMADDR_CID_HOST) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	m->port = vm->svm_port == VMADDR_PORT_ANY ? ANY_PORT + (unsigned int)fd : vm->svm_port;
	snprintf(suffix, sizeof(suffix), "_%u", m->port);
	len = unix_address(&a, suffix);
	/* Of a socket that was closed. */
	unlink(a.sun_path);
	return REAL(bind)(fd, (struct sockaddr *)&a, len);
}

int getsockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	struct mark *m = mark_of(fd);

	if (!m)
		return REAL(getsockname)(fd, sa, len);
	vsock_address(sa, len, VMADDR_CID_HOST, m->port);
	return 0;
}

int accept(int fd, struct sockaddr *sa, socklen_t *len)
{
	struct mark *m = mark_of(fd);
	int got;

	if (!m)
		return REAL(accept)(fd, sa, len);
	got = REAL(accept)(fd, NULL, NULL);
	if (got < 0)
		return got;
	mark(got, m->type);
	vsock_address(sa, len, guest_cid(), ANY_PORT);
	return got;
}

/* The greeting, and its answer: a line of a stream, one message of a seqpacket socket. */
static int greet(int fd, const struct mark *m, unsigned int port)
{
	char text[ANSWER];
	size_t n = 0;
	ssize_t got;
	int len = snprintf(text, sizeof(text), "CONNECT %u\n", port);

	if (send(fd, text, (size_t)len, MSG_NOSIGNAL) != len)
		return -1;
	do {
		got = recv(fd, text + n, m->type == SOCK_STREAM ? 1 : sizeof(text), 0);
		if (got <= 0)
			return -1;
		n += (size_t)got;
	} while (m->type == SOCK_STREAM && text[n - 1] != '\n' && n < sizeof(text));
	return strncmp(text, "OK ", 3) == 0 ? 0 : -1;
}

/* A vsock socket whose connection was refused may try again: one that never tried takes its place.
 */
static void renew(int fd, const struct mark *m)
{
	int fresh = REAL(socket)(AF_UNIX, m->type, 0);

	if (fresh >= 0 && fresh != fd) {
		dup2(fresh, fd);
		REAL(close)(fresh);
	}
}

int connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	const struct sockaddr_vm *vm = (const void *)sa;
	struct mark *m = mark_of(fd);
	struct sockaddr_un a;

	if (!m)
		return REAL(connect)(fd, sa, len);
	len = unix_address(&a, m->type == SOCK_SEQPACKET ? "-seqpacket" : "");
	if (REAL(connect)(fd, (struct sockaddr *)&a, len) < 0)
		return -1;
	if (greet(fd, m, vm->svm_port) < 0) {
		renew(fd, m);
		errno = ECONNRESET;
		return -1;
	}
	return 0;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	struct mark *m = mark_of(fd);

	if (!m || level != AF_VSOCK)
		return REAL(setsockopt)(fd, level, name, value, len);
	if (name == SO_VM_SOCKETS_BUFFER_SIZE && len == sizeof(m->buf_bytes))
		memcpy(&m->buf_bytes, value, sizeof(m->buf_bytes));
	return 0;
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	struct mark *m = mark_of(fd);

	if (!m || level != AF_VSOCK)
		return REAL(getsockopt)(fd, level, name, value, len);
	if (*len < sizeof(m->buf_bytes)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(value, &m->buf_bytes, sizeof(m->buf_bytes));
	*len = sizeof(m->buf_bytes);
	return 0;
}

int close(int fd)
{
	if (mark_of(fd))
		marks[fd].used = false;
	return REAL(close)(fd);
}
