/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An instrument cluster on plain Linux: SocketCAN in, DRM dumb buffers out, no library. It reads
 * speed and engine speed of the synthetic drive (assets/traces) and draws two dials with their
 * numbers; every 100 ms it sends what it shows, as the bare-metal cluster does.
 */
#include <drm.h>
#include <drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/can.h>
#include <math.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ID_ENGINE 0x0C8u
#define ID_BRAKES 0x0D4u
#define ID_STATUS 0x6F0u
#define FRAME_MS  33
#define STATUS_MS 100

struct screen {
	int fd;
	uint32_t w, h, pitch, fb;
	uint8_t *pixels;
};

struct dial {
	int cx, cy, r;
	double max, shown, target;
	uint32_t colour;
};

static void die(const char *what)
{
	fprintf(stderr, "cluster: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void ask(const struct screen *s, unsigned long request, void *arg, const char *what)
{
	if (ioctl(s->fd, request, arg) < 0)
		die(what);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- display ---- */

static void screen_open(struct screen *s)
{
	struct drm_mode_modeinfo modes[64] = { 0 };
	uint32_t crtcs[8] = { 0 }, connectors[8] = { 0 }, encoders[8] = { 0 };
	struct drm_mode_card_res res = { .crtc_id_ptr = (uintptr_t)crtcs,
		.count_crtcs = 8,
		.connector_id_ptr = (uintptr_t)connectors,
		.count_connectors = 8 };
	struct drm_mode_get_connector conn = { .modes_ptr = (uintptr_t)modes,
		.count_modes = 64,
		.encoders_ptr = (uintptr_t)encoders,
		.count_encoders = 8 };
	struct drm_mode_create_dumb make = { .bpp = 32 };
	struct drm_mode_map_dumb map = { 0 };
	struct drm_mode_fb_cmd fb;
	struct drm_mode_crtc crtc;

	s->fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	if (s->fd < 0)
		die("/dev/dri/card0");
	ask(s, DRM_IOCTL_MODE_GETRESOURCES, &res, "GETRESOURCES");
	conn.connector_id = connectors[0];
	ask(s, DRM_IOCTL_MODE_GETCONNECTOR, &conn, "GETCONNECTOR");
	if (conn.count_modes == 0 || conn.count_modes > 64) {
		errno = ENODEV;
		die("a connected display");
	}
	s->w = make.width = modes[0].hdisplay;
	s->h = make.height = modes[0].vdisplay;
	ask(s, DRM_IOCTL_MODE_CREATE_DUMB, &make, "CREATE_DUMB");
	s->pitch = make.pitch;
	map.handle = make.handle;
	ask(s, DRM_IOCTL_MODE_MAP_DUMB, &map, "MAP_DUMB");
	s->pixels =
		mmap(NULL, make.size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, (off_t)map.offset);
	if (s->pixels == MAP_FAILED)
		die("mmap");
	fb = (struct drm_mode_fb_cmd){ .width = s->w,
		.height = s->h,
		.pitch = s->pitch,
		.bpp = 32,
		.depth = 24,
		.handle = make.handle };
	ask(s, DRM_IOCTL_MODE_ADDFB, &fb, "ADDFB");
	s->fb = fb.fb_id;
	crtc = (struct drm_mode_crtc){ .set_connectors_ptr = (uintptr_t)&connectors[0],
		.count_connectors = 1,
		.crtc_id = crtcs[0],
		.fb_id = s->fb,
		.mode_valid = 1,
		.mode = modes[0] };
	ask(s, DRM_IOCTL_MODE_SETCRTC, &crtc, "SETCRTC");
}

static void dot(struct screen *s, int x, int y, uint32_t colour)
{
	if (x >= 0 && y >= 0 && (uint32_t)x < s->w && (uint32_t)y < s->h)
		memcpy(s->pixels + (size_t)y * s->pitch + 4 * (size_t)x, &colour, 4);
}

static void box(struct screen *s, int x0, int y0, int w, int h, uint32_t colour)
{
	for (int y = y0; y < y0 + h; y++) {
		for (int x = x0; x < x0 + w; x++)
			dot(s, x, y, colour);
	}
}

/* A ray of a dial from radius r0 to r1, at a share of its range: 225 degrees round to -45. */
static void ray(struct screen *s, const struct dial *d, double share, int r0, int r1, int thick,
	uint32_t colour)
{
	double a = (225.0 - 270.0 * share) * 3.14159265358979 / 180.0;

	for (int r = r0; r < r1; r++)
		box(s, d->cx + (int)(r * cos(a)) - thick / 2, d->cy - (int)(r * sin(a)) - thick / 2,
			thick, thick, colour);
}

/* A digit of seven segments, bit 0 the top one, then clockwise, bit 6 the middle. */
static void digit(struct screen *s, int x, int y, int w, unsigned int n, uint32_t colour)
{
	static const uint8_t lit[] = { 0x3f, 0x06, 0x5b, 0x4f, 0x66, 0x6d, 0x7d, 0x07, 0x7f, 0x6f };
	int t = w / 6, h = 2 * w;
	const int seg[7][4] = { { x, y, w, t }, { x + w - t, y, t, w }, { x + w - t, y + w, t, w },
		{ x, y + h - t, w, t }, { x, y + w, t, w }, { x, y, t, w },
		{ x, y + w - t / 2, w, t } };

	for (unsigned int i = 0; i < 7; i++) {
		if (lit[n % 10] & 1u << i)
			box(s, seg[i][0], seg[i][1], seg[i][2], seg[i][3], colour);
	}
}

static void number(struct screen *s, const struct dial *d, uint32_t back)
{
	unsigned int n = (unsigned int)(d->shown + 0.5);
	int w = d->r / 6, x = d->cx + 2 * w;

	box(s, d->cx - 3 * w, d->cy + d->r / 2, 6 * w + 4, 2 * w + 2, back);
	do {
		digit(s, x, d->cy + d->r / 2, w, n, 0xe8eef4);
		x -= w + w / 3;
		n /= 10;
	} while (n && x > d->cx - 3 * w);
}

static void dial_frame(struct screen *s, const struct dial *d)
{
	for (int i = 0; i <= 100; i++)
		ray(s, d, i / 100.0, d->r - (i % 10 ? 8 : 20), d->r, i % 10 ? 2 : 4, 0x8fa3b8);
}

static void dial_step(struct screen *s, struct dial *d, uint32_t back)
{
	ray(s, d, d->shown / d->max, d->r / 4, d->r - 26, 8, back);
	d->shown += (d->target - d->shown) * 0.3;
	ray(s, d, d->shown / d->max, d->r / 4, d->r - 26, 6, d->colour);
	number(s, d, back);
}

/* ---- bus ---- */

static int bus_open(const char *name)
{
	struct sockaddr_can sa = { .can_family = AF_CAN, .can_ifindex = (int)if_nametoindex(name) };
	int fd = socket(PF_CAN, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, CAN_RAW);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		die(name);
	return fd;
}

static void bus_read(int fd, struct dial *speed, struct dial *rpm)
{
	struct can_frame f;

	while (read(fd, &f, sizeof(f)) == (ssize_t)sizeof(f)) {
		double raw = f.data[0] | f.data[1] << 8;

		if (f.can_dlc < 2)
			continue;
		if (f.can_id == ID_BRAKES)
			speed->target = fmin(raw * 0.01, speed->max);
		else if (f.can_id == ID_ENGINE)
			rpm->target = fmin(raw * 0.25, rpm->max);
	}
}

static void bus_status(int fd, const struct dial *speed, const struct dial *rpm, uint8_t counter)
{
	unsigned int v = (unsigned int)(speed->shown * 10), r = (unsigned int)rpm->shown;
	struct can_frame f = { .can_id = ID_STATUS,
		.can_dlc = 8,
		.data = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)r, (uint8_t)(r >> 8), 0, 3, 0,
			counter } };

	/* A bus that does not take it costs this one. */
	if (write(fd, &f, sizeof(f)) < 0 && errno != ENOBUFS && errno != EAGAIN &&
		errno != ENETDOWN)
		die("write");
}

int main(int argc, char **argv)
{
	const uint32_t back = 0x0b1017;
	struct screen s;
	int bus = bus_open(argc > 1 ? argv[1] : "can0");
	uint64_t status_ms = now_ms(), frames = 0;
	struct dial speed, rpm;
	uint8_t counter = 0;
	bool told = false;

	screen_open(&s);
	speed = (struct dial){ .cx = (int)s.w / 4, .max = 260, .colour = 0x37c8ff };
	rpm = (struct dial){ .cx = (int)s.w * 3 / 4, .max = 8000, .colour = 0xff8a3c };
	speed.cy = rpm.cy = (int)s.h / 2;
	speed.r = rpm.r = (int)(s.h < s.w / 2 ? s.h : s.w / 2) * 2 / 5;
	box(&s, 0, 0, (int)s.w, (int)s.h, back);
	dial_frame(&s, &speed);
	dial_frame(&s, &rpm);
	for (;;) {
		struct drm_mode_fb_dirty_cmd dirty = { .fb_id = s.fb };
		struct pollfd p = { .fd = bus, .events = POLLIN };
		uint64_t due = now_ms() + FRAME_MS;

		for (uint64_t now = now_ms(); now < due; now = now_ms()) {
			if (poll(&p, 1, (int)(due - now)) > 0)
				bus_read(bus, &speed, &rpm);
			if (now >= status_ms) {
				bus_status(bus, &speed, &rpm, counter++);
				status_ms += STATUS_MS;
			}
		}
		dial_step(&s, &speed, back);
		dial_step(&s, &rpm, back);
		ask(&s, DRM_IOCTL_MODE_DIRTYFB, &dirty, "DIRTYFB");
		frames++;
		if (!told) {
			printf("READY cluster %ux%u\n", s.w, s.h);
			fflush(stdout);
			told = true;
		}
		if (frames % 300 == 0) {
			printf("FRAMES %llu\n", (unsigned long long)frames);
			fflush(stdout);
		}
	}
}
