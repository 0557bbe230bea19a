/* SPDX-License-Identifier: Apache-2.0 */
/* See nbd_server.h. Fixed newstyle handshake, simple replies ("The NBD protocol"). */
#include "tests/support/nbd_server.h"

#include <endian.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAGIC_INIT    UINT64_C(0x4e42444d41474943)
#define MAGIC_OPTION  UINT64_C(0x49484156454f5054)
#define MAGIC_REPLY   UINT64_C(0x0003e889045565a9)
#define MAGIC_REQUEST 0x25609513u
#define MAGIC_SIMPLE  0x67446698u
#define OPT_GO        7u
#define REP_ACK       1u
#define REP_INFO      3u
#define REP_UNSUP     0x80000001u
#define REP_UNKNOWN   0x80000006u
#define MAX_REQUEST   (64u << 20)

struct task {
	struct nbd_server *s;
	int fd;
};

static bool get(int fd, void *buf, size_t n)
{
	return n == 0 || recv(fd, buf, n, MSG_WAITALL) == (ssize_t)n;
}

static bool put(int fd, const void *buf, size_t n)
{
	const uint8_t *p = buf;

	while (n > 0) {
		ssize_t done = send(fd, p, n, MSG_NOSIGNAL);

		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

static bool reply(int fd, uint32_t option, uint32_t type, const void *data, uint32_t len)
{
	struct {
		uint64_t magic;
		uint32_t option, type, len;
	} __attribute__((packed))
	r = { htobe64(MAGIC_REPLY), htobe32(option), htobe32(type), htobe32(len) };

	return put(fd, &r, sizeof(r)) && put(fd, data, len);
}

static bool describe(struct nbd_server *s, int fd)
{
	struct {
		uint16_t type;
		uint64_t bytes;
		uint16_t flags;
	} __attribute__((packed)) disk = { 0, htobe64(s->bytes), htobe16(s->flags) };
	struct {
		uint16_t type;
		uint32_t least, best, most;
	} __attribute__((packed))
	block = { htobe16(3), htobe32(s->least), htobe32(s->best), htobe32(s->most) };

	return reply(fd, OPT_GO, REP_INFO, &disk, sizeof(disk)) &&
	       (!s->best || reply(fd, OPT_GO, REP_INFO, &block, sizeof(block))) &&
	       reply(fd, OPT_GO, REP_ACK, NULL, 0);
}

static bool shake(struct nbd_server *s, int fd)
{
	struct {
		uint64_t a, b;
		uint16_t flags;
	} __attribute__((packed))
	hello = { htobe64(MAGIC_INIT), htobe64(MAGIC_OPTION), htobe16(3) };
	struct {
		uint64_t magic;
		uint32_t option, len;
	} __attribute__((packed)) o;
	uint8_t data[8192];
	uint32_t flags;

	if (!put(fd, &hello, sizeof(hello)) || !get(fd, &flags, sizeof(flags)))
		return false;
	while (get(fd, &o, sizeof(o)) && be32toh(o.len) <= sizeof(data) &&
		get(fd, data, be32toh(o.len))) {
		uint32_t option = be32toh(o.option);

		if (option == OPT_GO && !s->refuse)
			return describe(s, fd);
		if (!reply(fd, option, option == OPT_GO ? REP_UNKNOWN : REP_UNSUP, NULL, 0))
			return false;
	}
	return false;
}

struct request {
	uint32_t magic;
	uint16_t flags, type;
	uint64_t cookie, off;
	uint32_t len;
} __attribute__((packed));

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* False when the connection ends. */
static bool serve(struct nbd_server *s, int fd, const struct request *r)
{
	uint16_t type = be16toh(r->type), flags = be16toh(r->flags);
	uint32_t len = be32toh(r->len), error = 0;
	uint64_t off = be64toh(r->off);
	struct {
		uint32_t magic, error;
		uint64_t cookie;
	} __attribute__((packed)) a = { htobe32(MAGIC_SIMPLE), 0, r->cookie };
	uint8_t *data;
	bool ok = true, inside;

	if (type == NBD_DISC || type >= NBD_COMMANDS ||
		((type == NBD_READ || type == NBD_WRITE) && len > MAX_REQUEST))
		return false;
	data = calloc(1, len ? len : 1);
	if (!data)
		abort();
	if (type == NBD_WRITE)
		ok = get(fd, data, len);
	pthread_mutex_lock(&lock);
	s->commands[type]++;
	s->fua += flags & 1;
	s->no_hole += flags >> 1 & 1;
	s->largest = len > s->largest ? len : s->largest;
	error = s->error[type];
	inside = s->disk && off <= s->bytes && len <= s->bytes - off;
	if (s->disk && !inside && type != NBD_FLUSH)
		error = 22;
	if (!error && inside && type == NBD_READ)
		memcpy(data, s->disk + off, len);
	if (!error && inside && type == NBD_WRITE)
		memcpy(s->disk + off, data, len);
	if (!error && inside && (type == NBD_TRIM || type == NBD_ZEROES))
		memset(s->disk + off, 0, len);
	a.error = htobe32(error);
	if (s->garbage)
		a.magic = 0xffffffff;
	ok = ok && !s->die;
	if (ok && !s->mute)
		ok = put(fd, &a, sizeof(a)) && (type != NBD_READ || error || put(fd, data, len));
	pthread_mutex_unlock(&lock);
	free(data);
	return ok;
}

static void *run(void *arg)
{
	struct task *t = arg;
	struct request r;

	if (shake(t->s, t->fd)) {
		while (get(t->fd, &r, sizeof(r)) && be32toh(r.magic) == MAGIC_REQUEST &&
			serve(t->s, t->fd, &r))
			;
	}
	shutdown(t->fd, SHUT_RDWR);
	free(t);
	return NULL;
}

int nbd_server_connect(struct nbd_server *s)
{
	struct task *t = malloc(sizeof(*t));
	pthread_t thread;
	int pair[2];

	if (!t || s->n == sizeof(s->conn) / sizeof(s->conn[0]) ||
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	*t = (struct task){ s, pair[0] };
	if (pthread_create(&thread, NULL, run, t) != 0)
		abort();
	s->conn[s->n].fd = pair[0];
	s->conn[s->n++].thread = (unsigned long)thread;
	return pair[1];
}

void nbd_server_stop(struct nbd_server *s)
{
	for (unsigned int i = 0; i < s->n; i++) {
		shutdown(s->conn[i].fd, SHUT_RDWR);
		pthread_join((pthread_t)s->conn[i].thread, NULL);
		close(s->conn[i].fd);
	}
	s->n = 0;
}
