/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of numbered CAN frames through PF_CAN, on a guest or on the host: sent, received and
 * checked for loss, order and content, and thrown back and forth for their time. What can-utils
 * have not: numbers longer than a byte, FD, and figures.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/can.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH      64u
#define QUIET_MS   20000 /* nothing came for so long: it will not */
#define MAX_ROUNDS 1000000u

struct stream {
	const char *name;
	canid_t id;
	bool fd;
	uint32_t frames;
};

static void die(const char *what)
{
	printf("FAULT %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int open_raw(const struct stream *s)
{
	struct sockaddr_can sa = { .can_family = AF_CAN,
		.can_ifindex = (int)if_nametoindex(s->name) };
	struct can_filter only = { .can_id = s->id, .can_mask = CAN_SFF_MASK };
	int fd = socket(PF_CAN, SOCK_RAW | SOCK_CLOEXEC, CAN_RAW), on = 1, bytes = 64 << 20;

	if (fd < 0)
		die("socket");
	if (setsockopt(fd, SOL_CAN_RAW, CAN_RAW_FILTER, &only, sizeof(only)) < 0 ||
		setsockopt(fd, SOL_CAN_RAW, CAN_RAW_FD_FRAMES, &on, sizeof(on)) < 0)
		die("setsockopt");
	/* What waits here for a slow reader is not lost. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		die("SO_RCVBUFFORCE");
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		die(s->name);
	return fd;
}

/* From here on no frame of the stream is missed. */
static void say_listening(const struct stream *s)
{
	printf("LISTENING %X\n", s->id);
	fflush(stdout);
}

/* The frame with number n: its payload follows from it, its length of FD varies. */
static size_t make_frame(const struct stream *s, uint32_t n, struct canfd_frame *f)
{
	static const uint8_t lens[] = { 8, 12, 16, 20, 24, 32, 48, 64 };

	memset(f, 0, sizeof(*f));
	f->can_id = s->id;
	f->len = s->fd ? lens[n % sizeof(lens)] : 8;
	f->flags = s->fd ? CANFD_FDF | CANFD_BRS : 0;
	memcpy(f->data, &n, sizeof(n));
	for (uint32_t i = sizeof(n); i < f->len; i++)
		f->data[i] = (uint8_t)(n * 7 + i);
	return s->fd ? CANFD_MTU : CAN_MTU;
}

static void put(int fd, const struct canfd_frame *f, size_t len)
{
	while (write(fd, f, len) != (ssize_t)len) {
		/* The interface's queue is full; poll() does not wait for that. */
		if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			die("write");
		usleep(50);
	}
}

static int do_send(const struct stream *s, uint32_t burst, uint32_t pause_us)
{
	int fd = open_raw(s);
	uint64_t t = now_ns();

	for (uint32_t n = 0; n < s->frames; n++) {
		struct canfd_frame f;
		size_t len = make_frame(s, n, &f);

		put(fd, &f, len);
		if (burst && n % burst == burst - 1)
			usleep(pause_us);
	}
	t = now_ns() - t;
	printf("SENT %u in %llu us\n", s->frames, (unsigned long long)(t / 1000));
	return 0;
}

/* Checks one frame of the stream against the number that is due. */
static bool check_frame(
	const struct stream *s, const struct canfd_frame *f, size_t len, uint32_t due)
{
	struct canfd_frame want;
	size_t want_len = make_frame(s, due, &want);
	uint32_t n = 0;

	memcpy(&n, f->data, sizeof(n));
	if (len == want_len && f->can_id == want.can_id && f->len == want.len &&
		memcmp(f->data, want.data, f->len) == 0)
		return true;
	printf("FAULT frame %u of %zu bytes came where %u was due\n", n, len, due);
	return false;
}

static int do_receive(const struct stream *s)
{
	struct canfd_frame f[BATCH];
	struct mmsghdr m[BATCH];
	struct iovec v[BATCH];
	int fd = open_raw(s);
	uint32_t due = 0;
	uint64_t begin = 0;

	say_listening(s);
	while (due < s->frames) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int n;

		for (uint32_t i = 0; i < BATCH; i++) {
			v[i] = (struct iovec){ &f[i], sizeof(f[i]) };
			m[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &v[i], .msg_iovlen = 1 } };
		}
		if (poll(&p, 1, QUIET_MS) == 0) {
			printf("FAULT silence after %u of %u frames\n", due, s->frames);
			return 1;
		}
		n = recvmmsg(fd, m, BATCH, MSG_DONTWAIT, NULL);
		if (n < 0)
			die("recvmmsg");
		if (!begin)
			begin = now_ns();
		for (int i = 0; i < n; i++, due++) {
			if (!check_frame(s, &f[i], m[i].msg_len, due))
				return 1;
		}
	}
	begin = now_ns() - begin;
	printf("RECEIVED %u in order, %llu frames/s, of %X\n", due,
		(unsigned long long)(due * 1000000000ull / (begin ? begin : 1)), s->id);
	return 0;
}

/* Throws each frame of the stream back with the next higher identifier. */
static int do_echo(const struct stream *s)
{
	int fd = open_raw(s);

	say_listening(s);
	for (uint32_t n = 0; n < s->frames; n++) {
		struct canfd_frame f;
		ssize_t len = read(fd, &f, sizeof(f));

		if (len < 0)
			die("read");
		f.can_id++;
		put(fd, &f, (size_t)len);
	}
	return 0;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Sends frames one at a time and waits for each one's echo: quantiles of the round trip. */
static int do_ping(const struct stream *s, uint32_t gap_us)
{
	struct stream back = *s;
	uint32_t *took = calloc(s->frames, sizeof(*took));
	int out = open_raw(s), in;

	back.id++;
	in = open_raw(&back);
	if (!took)
		die("memory");
	for (uint32_t n = 0; n < s->frames; n++) {
		struct pollfd p = { .fd = in, .events = POLLIN };
		struct canfd_frame f, got;
		size_t len = make_frame(s, n, &f);
		uint64_t t = now_ns();

		put(out, &f, len);
		if (poll(&p, 1, QUIET_MS) == 0) {
			printf("FAULT no echo of frame %u\n", n);
			free(took);
			return 1;
		}
		if (read(in, &got, sizeof(got)) != (ssize_t)len ||
			memcmp(got.data, f.data, f.len) != 0)
			die("another frame came back");
		took[n] = (uint32_t)((now_ns() - t) / 1000);
		if (gap_us)
			usleep(gap_us);
	}
	qsort(took, s->frames, sizeof(*took), by_value);
	printf("ROUNDTRIP us: median %u p99 %u max %u of %u\n", took[s->frames / 2],
		took[s->frames * 99ull / 100], took[s->frames - 1], s->frames);
	free(took);
	return 0;
}

/*
 * Sends frames with up to `window` of them on their way at a time, and checks each one's echo: what
 * canfdtest does, whose older releases know no FD.
 */
static int do_exchange(const struct stream *s, uint32_t window)
{
	struct stream back = *s;
	int out = open_raw(s), in;
	uint32_t sent = 0, due = 0;

	back.id++;
	in = open_raw(&back);
	while (due < s->frames) {
		struct pollfd p = { .fd = in, .events = POLLIN };
		struct canfd_frame f;
		ssize_t len;

		for (; sent < s->frames && sent - due < window; sent++) {
			size_t out_len = make_frame(s, sent, &f);

			put(out, &f, out_len);
		}
		if (poll(&p, 1, QUIET_MS) == 0) {
			printf("FAULT no echo of frame %u\n", due);
			return 1;
		}
		len = read(in, &f, sizeof(f));
		if (len < 0)
			die("read");
		if (!check_frame(&back, &f, (size_t)len, due))
			return 1;
		due++;
	}
	printf("EXCHANGED %u in order, %u at a time\n", due, window);
	return 0;
}

int main(int argc, char **argv)
{
	struct stream s;
	uint32_t a = 0, b = 0;

	if (argc < 5) {
		fprintf(stderr,
			"guest_can send|receive|echo|ping|exchange INTERFACE ID FRAMES [fd|classic] "
			"[BURST|GAP_US|WINDOW] [PAUSE_US]\n");
		return 2;
	}
	s.name = argv[2];
	s.id = (canid_t)strtoul(argv[3], NULL, 16);
	s.frames = (uint32_t)strtoul(argv[4], NULL, 10);
	s.fd = argc > 5 && strcmp(argv[5], "fd") == 0;
	if (argc > 6)
		a = (uint32_t)strtoul(argv[6], NULL, 10);
	if (argc > 7)
		b = (uint32_t)strtoul(argv[7], NULL, 10);
	if (s.frames == 0 || s.frames > MAX_ROUNDS)
		return 2;
	if (strcmp(argv[1], "send") == 0)
		return do_send(&s, a, b);
	if (strcmp(argv[1], "receive") == 0)
		return do_receive(&s);
	if (strcmp(argv[1], "echo") == 0)
		return do_echo(&s);
	if (strcmp(argv[1], "ping") == 0)
		return do_ping(&s, a);
	if (strcmp(argv[1], "exchange") == 0 && a > 0)
		return do_exchange(&s, a);
	return 2;
}
