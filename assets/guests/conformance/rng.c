/* SPDX-License-Identifier: Apache-2.0 */
/* "Entropy Device". */
#include <string.h>

#include "suite.h"

void suite_rng(void)
{
	static uint8_t a[512], b[512];
	struct virtio_dev v;
	struct virtq q;
	uint32_t len = 0;

	if (virtio_find(&v, VIRTIO_RNG, 0) != 0) {
		verdict_skip("rng", "entropy device", "there is none");
		return;
	}
	if (!verdict(virtio_negotiate(&v, virtio_ring_features()) == 0 &&
			     virtq_new(&q, &v, 0, 16) == 0,
		    "rng.open", "the driver starts", "refused"))
		return;
	virtio_driver_ok(&v);
	verdict(transact(&q, &(struct virtq_buf){ a, sizeof(a) }, 0, 1, &len) && len > 0 &&
			len <= sizeof(a),
		"rng.fill", "a buffer gets at least one byte", "length %u", len);
	for (uint32_t i = len; i < sizeof(a); i++)
		len = a[i] != 0 ? UINT32_MAX : len;
	verdict(len <= sizeof(a), "rng.bounds", "nothing is written past the length",
		"bytes changed behind it");
	verdict(transact(&q, &(struct virtq_buf){ b, sizeof(b) }, 0, 1, &len) &&
			memcmp(a, b, 16) != 0,
		"rng.random", "two answers differ", "they are equal");
	a[1] = 0x55;
	verdict(transact(&q, &(struct virtq_buf){ a, 1 }, 0, 1, &len) && len == 1 && a[1] == 0x55,
		"rng.one", "a buffer of one byte", "length %u", len);
	verdict(virtio_reset(&v) == 0, "rng.end", "reset", "failed");
	virtq_free(&q);
}
