/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vhost-user front end against a back end that says anything: the input is the whole of what
 * comes from it, after which it closes its side. The driver starts the device, reads its
 * configuration, and resets it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "devices/vhost_user/vhost_user.h"
#include "vmm/transport/core.h"

#define MEM_BYTES (UINT64_C(1) << 20)
#define INPUT_MAX 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct gmem mem;
static struct ev_loop *loop;

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void set_up(void)
{
	int fd = fd_memfd("fuzz", MEM_BYTES);
	void *p = mmap(NULL, MEM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	must(fd >= 0 && p != MAP_FAILED);
	must(gmem_add(&mem, (struct gmem_region){ .len = MEM_BYTES, .host = p, .fd = fd }) == 0);
	must(ev_loop_new(&loop) == 0);
}

static void nothing(void *ctx, unsigned int q)
{
	(void)ctx;
	(void)q;
}

static void nothing_either(void *ctx)
{
	(void)ctx;
}

static void drive(struct vdev *front)
{
	static const struct vt_irq_ops irq = { .queue = nothing, .config = nothing_either };
	uint8_t config[16];
	struct vt *t;

	must(vt_new(&t, front, &mem, loop, &irq, NULL) == 0);
	vt_set_status(t, VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER);
	for (uint32_t half = 0; half < 2; half++)
		vt_set_driver_features(t, half, vt_device_features(t, half));
	vt_set_status(t, VIRTIO_S_FEATURES_OK);
	for (unsigned int q = 0; q < 2; q++) {
		struct vt_queue *r = vt_queue(t, q);

		r->desc.v = 0x10000 * (q + 1);
		r->driver.v = r->desc.v + 0x4000;
		r->device.v = r->desc.v + 0x8000;
		vt_queue_enable(t, q);
	}
	vt_set_status(t, VIRTIO_S_DRIVER_OK);
	must(ev_loop_turn(loop, 0) == 0);
	vt_config_read(t, 0, config, sizeof(config));
	vt_config_write(t, 0, config, 1);
	vt_config_read(t, 0, config, sizeof(config));
	vt_kick(t, 0);
	must(ev_loop_turn(loop, 0) == 0);
	vt_set_status(t, 0);
	vt_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct vhost_user_config cfg = { .tag = "fuzz",
		.id = 63,
		.queues = 2,
		.queue_size = 64,
		.config_bytes = 16,
		.limit_ms = 1000 };
	struct vdev *front;
	int pair[2];

	if (!loop)
		set_up();
	if (size > INPUT_MAX)
		return 0;
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	must(send(pair[1], data, size, MSG_NOSIGNAL) == (ssize_t)size);
	must(shutdown(pair[1], SHUT_WR) == 0);
	if (vhost_user_new(&front, pair[0], &cfg, NULL) == 0)
		drive(front);
	close(pair[1]);
	return 0;
}
