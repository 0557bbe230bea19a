/* SPDX-License-Identifier: Apache-2.0 */
/* virtio entropy device ("Entropy Device"): asked and waited for. */
#include "dyno/rng.h"

#include <string.h>

#include "dyno/mem.h"
#include "dyno/virtio.h"

#define BUF_BYTES 256

static struct virtio_dev dev;
static struct virtq queue;
static uint8_t *buf;

static int open_once(void)
{
	int rc;

	if (buf != NULL)
		return 0;
	rc = virtio_find(&dev, VIRTIO_RNG, 0);
	if (rc == 0)
		rc = virtio_negotiate(&dev, virtio_ring_features());
	if (rc == 0)
		rc = virtq_new(&queue, &dev, 0, 4);
	if (rc != 0)
		return DYNO_E_NODEV;
	buf = dyno_alloc(BUF_BYTES, 16);
	virtio_driver_ok(&dev);
	return buf != NULL ? 0 : DYNO_E_NOMEM;
}

int dyno_random(void *dst, size_t bytes)
{
	uint8_t *d = dst;
	int rc = open_once();

	while (rc == 0 && bytes > 0) {
		const uint32_t want = bytes < BUF_BYTES ? (uint32_t)bytes : BUF_BYTES;
		uint32_t got = 0;

		rc = virtq_call(&queue, &(struct virtq_buf){ buf, want }, 0, 1, &got);
		if (rc != 0 || got > want)
			return DYNO_E_TIMEOUT;
		memcpy(d, buf, got);
		d += got;
		bytes -= got;
	}
	return rc;
}
