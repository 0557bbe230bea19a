/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the Linux guests of the tests need beyond busybox, as one static program: a picture by
 * DRM's own requests (no libdrm), and events of all input devices as text.
 */
#include <drm.h>
#include <drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_INPUTS 8

static void fail(const char *what)
{
	printf("FAULT %s: %s\n", what, strerror(errno));
	exit(1);
}

static void ask(int fd, unsigned long request, void *arg, const char *what)
{
	if (ioctl(fd, request, arg) < 0)
		fail(what);
}

/* The test's picture: four quarters of known colours, so that a wrong pitch or byte order shows. */
static uint32_t colour(uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
	static const uint32_t quarter[] = { 0xc03020, 0x20c030, 0x2030c0, 0xe0e0e0 };

	return quarter[(x >= w / 2) + 2 * (y >= h / 2)];
}

static void draw(int fd, const struct drm_mode_modeinfo *m, struct drm_mode_fb_cmd *fb)
{
	struct drm_mode_create_dumb make = {
		.width = m->hdisplay, .height = m->vdisplay, .bpp = 32
	};
	struct drm_mode_map_dumb map = { 0 };
	uint8_t *pixels;

	ask(fd, DRM_IOCTL_MODE_CREATE_DUMB, &make, "CREATE_DUMB");
	map.handle = make.handle;
	ask(fd, DRM_IOCTL_MODE_MAP_DUMB, &map, "MAP_DUMB");
	pixels = mmap(NULL, make.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)map.offset);
	if (pixels == MAP_FAILED)
		fail("mmap of the dumb buffer");
	for (uint32_t y = 0; y < m->vdisplay; y++) {
		for (uint32_t x = 0; x < m->hdisplay; x++) {
			uint32_t c = colour(x, y, m->hdisplay, m->vdisplay);

			memcpy(pixels + (size_t)y * make.pitch + 4 * (size_t)x, &c, 4);
		}
	}
	*fb = (struct drm_mode_fb_cmd){ .width = m->hdisplay,
		.height = m->vdisplay,
		.pitch = make.pitch,
		.bpp = 32,
		.depth = 24,
		.handle = make.handle };
	ask(fd, DRM_IOCTL_MODE_ADDFB, fb, "ADDFB");
}

static int show_picture(void)
{
	struct drm_mode_modeinfo modes[64] = { 0 };
	uint32_t crtcs[8] = { 0 }, connectors[8] = { 0 }, encoders[8] = { 0 };
	struct drm_mode_card_res res = { .crtc_id_ptr = (uintptr_t)crtcs,
		.count_crtcs = 8,
		.connector_id_ptr = (uintptr_t)connectors,
		.count_connectors = 8 };
	struct drm_mode_get_connector conn = { 0 };
	struct drm_mode_fb_cmd fb;
	struct drm_mode_crtc crtc = { 0 };
	struct drm_mode_fb_dirty_cmd dirty = { 0 };
	int fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fail("/dev/dri/card0");
	ask(fd, DRM_IOCTL_MODE_GETRESOURCES, &res, "GETRESOURCES");
	conn = (struct drm_mode_get_connector){ .connector_id = connectors[0],
		.modes_ptr = (uintptr_t)modes,
		.count_modes = 64,
		.encoders_ptr = (uintptr_t)encoders,
		.count_encoders = 8 };
	ask(fd, DRM_IOCTL_MODE_GETCONNECTOR, &conn, "GETCONNECTOR");
	if (conn.connection != 1 || conn.count_modes == 0 || conn.count_modes > 64) {
		printf("FAULT connector: state %u, %u modes\n", conn.connection, conn.count_modes);
		return 1;
	}
	printf("MODE %ux%u preferred=%d of %u\n", modes[0].hdisplay, modes[0].vdisplay,
		(modes[0].type & DRM_MODE_TYPE_PREFERRED) != 0, conn.count_modes);
	draw(fd, &modes[0], &fb);
	crtc = (struct drm_mode_crtc){ .set_connectors_ptr = (uintptr_t)&connectors[0],
		.count_connectors = 1,
		.crtc_id = crtcs[0],
		.fb_id = fb.fb_id,
		.mode_valid = 1,
		.mode = modes[0] };
	ask(fd, DRM_IOCTL_MODE_SETCRTC, &crtc, "SETCRTC");
	dirty.fb_id = fb.fb_id;
	ask(fd, DRM_IOCTL_MODE_DIRTYFB, &dirty, "DIRTYFB");
	printf("PICTURE\n");
	fflush(stdout);
	/* The picture goes when its owner does. */
	pause();
	return 0;
}

static void show_events(int fd, const char *name)
{
	struct input_event ev[64];
	ssize_t n = read(fd, ev, sizeof(ev));

	for (size_t i = 0; n > 0 && i < (size_t)n / sizeof(ev[0]); i++)
		printf("EVENT %s %u %u %d\n", name, ev[i].type, ev[i].code, ev[i].value);
	fflush(stdout);
}

static int show_inputs(void)
{
	struct pollfd p[MAX_INPUTS];
	char name[MAX_INPUTS][64];
	nfds_t n = 0;

	for (int i = 0; i < 32 && n < MAX_INPUTS; i++) {
		char path[32];
		int fd;

		snprintf(path, sizeof(path), "/dev/input/event%d", i);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		memset(name[n], 0, sizeof(name[n]));
		ask(fd, EVIOCGNAME(sizeof(name[n]) - 1), name[n], "EVIOCGNAME");
		printf("INPUT %s\n", name[n]);
		p[n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
	printf("LISTENING\n");
	fflush(stdout);
	while (poll(p, n, -1) > 0) {
		for (nfds_t i = 0; i < n; i++) {
			if (p[i].revents)
				show_events(p[i].fd, name[i]);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "picture") == 0)
		return show_picture();
	if (argc == 2 && strcmp(argv[1], "inputs") == 0)
		return show_inputs();
	fprintf(stderr, "guest_check picture|inputs\n");
	return 2;
}
