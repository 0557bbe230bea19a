/* SPDX-License-Identifier: Apache-2.0 */
/* virtio over PCI: discovery, status, features, configuration space ("Virtio Over PCI Bus"). */
#include "dyno/virtio.h"

#include <string.h>

#include "dyno/boot.h"
#include "dyno/event.h"
#include "dyno/io.h"
#include "sdk.h"

#define VENDOR_VIRTIO 0x1af4
#define DEVICE_MODERN 0x1040
#define CAP_VENDOR    0x09

enum { CFG_COMMON = 1, CFG_NOTIFY = 2, CFG_ISR = 3, CFG_DEVICE = 4 };

/* Transitional devices that QEMU offers by their old numbers. */
static unsigned int type_of(const struct pci_dev *d)
{
	if (d->vendor != VENDOR_VIRTIO)
		return 0;
	switch (d->device) {
	case 0x1000:
		return VIRTIO_NET;
	case 0x1003:
		return VIRTIO_CONSOLE;
	case 0x1005:
		return VIRTIO_RNG;
	default:
		return d->device > DEVICE_MODERN ? (unsigned int)(d->device - DEVICE_MODERN) : 0;
	}
}

static struct pci_dev *nth_of_type(unsigned int type, unsigned int index)
{
	struct pci_dev *d;

	for (unsigned int i = 0; (d = pci_dev(i)) != NULL; i++) {
		if (type_of(d) == type && index-- == 0)
			return d;
	}
	return NULL;
}

unsigned int virtio_count(unsigned int type)
{
	unsigned int n = 0;

	while (nth_of_type(type, n) != NULL)
		n++;
	return n;
}

static void take_cap(struct virtio_dev *v, unsigned int cap)
{
	const uint32_t head = pci_cached32(v->pci, cap);
	const uint32_t off = pci_cached32(v->pci, cap + 8);
	const uint32_t bytes = pci_cached32(v->pci, cap + 12);
	const uintptr_t bar = pci_bar(v->pci, pci_cached8(v->pci, cap + 4));

	if (bar == 0)
		return;
	/* The first of a kind is the preferred one. */
	switch (head >> 24) {
	case CFG_COMMON:
		if (v->common == 0)
			v->common = bar + off;
		break;
	case CFG_NOTIFY:
		if (v->notify == 0) {
			v->notify = bar + off;
			v->notify_bytes = bytes;
			v->notify_mult = pci_cached32(v->pci, cap + 16);
		}
		break;
	case CFG_ISR:
		if (v->isr == 0)
			v->isr = bar + off;
		break;
	case CFG_DEVICE:
		if (v->config == 0) {
			v->config = bar + off;
			v->config_bytes = bytes;
		}
		break;
	default:
		break;
	}
}

int virtio_find(struct virtio_dev *v, unsigned int type, unsigned int index)
{
	*v = (struct virtio_dev){ .pci = nth_of_type(type, index) };
	if (v->pci == NULL)
		return DYNO_E_NODEV;
	for (unsigned int cap = 0; (cap = pci_cap(v->pci, CAP_VENDOR, cap)) != 0;)
		take_cap(v, cap);
	if (v->common == 0 || v->notify == 0)
		return DYNO_E_NODEV;
	pci_enable(v->pci);
	return 0;
}

uint8_t virtio_status(const struct virtio_dev *v)
{
	return mmio_read8(v->common + VIRTIO_C_STATUS);
}

void virtio_set_status(const struct virtio_dev *v, uint8_t status)
{
	mmio_write8(v->common + VIRTIO_C_STATUS, status);
}

int virtio_reset(struct virtio_dev *v)
{
	const uint64_t deadline_ns = dyno_now_ns() + DYNO_MS(5000);
	struct dyno_op op[] = {
		{ v->common + VIRTIO_C_STATUS, DYNO_WRITE8, 0 },
		{ v->common + VIRTIO_C_STATUS, DYNO_READ8, 0 },
	};

	dyno_ops(op, 2);
	while ((op[1].value & 0xff) != 0) {
		if (dyno_now_ns() > deadline_ns)
			return DYNO_E_TIMEOUT;
		dyno_sleep_until(dyno_now_ns() + DYNO_MS(1));
		dyno_ops(op + 1, 1);
	}
	v->features = 0;
	return 0;
}

uint64_t virtio_ring_features(void)
{
	const char *ring = dyno_option("ring");
	uint64_t f = VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT | VIRTIO_F_EVENT_IDX;

	if (ring != NULL && strcmp(ring, "packed") == 0)
		f |= VIRTIO_F_PACKED;
	return f;
}

int virtio_negotiate(struct virtio_dev *v, uint64_t wanted)
{
	const uintptr_t c = v->common;
	const uint32_t base = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER;
	struct dyno_op ask[] = {
		{ c + VIRTIO_C_STATUS, DYNO_WRITE8, VIRTIO_ACKNOWLEDGE },
		{ c + VIRTIO_C_STATUS, DYNO_WRITE8, base },
		{ c + VIRTIO_C_DEVICE_FEATURE_SELECT, DYNO_WRITE32, 0 },
		{ c + VIRTIO_C_DEVICE_FEATURE, DYNO_READ32, 0 },
		{ c + VIRTIO_C_DEVICE_FEATURE_SELECT, DYNO_WRITE32, 1 },
		{ c + VIRTIO_C_DEVICE_FEATURE, DYNO_READ32, 0 },
	};
	struct dyno_op tell[] = {
		{ c + VIRTIO_C_DRIVER_FEATURE_SELECT, DYNO_WRITE32, 0 },
		{ c + VIRTIO_C_DRIVER_FEATURE, DYNO_WRITE32, 0 },
		{ c + VIRTIO_C_DRIVER_FEATURE_SELECT, DYNO_WRITE32, 1 },
		{ c + VIRTIO_C_DRIVER_FEATURE, DYNO_WRITE32, 0 },
		{ c + VIRTIO_C_STATUS, DYNO_WRITE8, base | VIRTIO_FEATURES_OK },
		{ c + VIRTIO_C_STATUS, DYNO_READ8, 0 },
		{ c + VIRTIO_C_MSIX_CONFIG, DYNO_WRITE16, VIRTIO_NO_VECTOR },
		{ c + VIRTIO_C_MSIX_CONFIG, DYNO_READ16, 0 },
	};
	int rc = virtio_reset(v);

	if (rc != 0)
		return rc;
	if (v->vectors == 0)
		v->vectors = pci_msix_enable(v->pci);
	dyno_ops(ask, DYNO_COUNT(ask));
	v->offered = (uint64_t)ask[5].value << 32 | ask[3].value;
	v->features = v->offered & wanted;
	tell[1].value = (uint32_t)v->features;
	tell[3].value = (uint32_t)(v->features >> 32);
	if (v->vectors > 0)
		tell[6].value = v->vectors - 1;
	dyno_ops(tell, DYNO_COUNT(tell));
	if ((v->features & VIRTIO_F_VERSION_1) == 0 || (tell[5].value & VIRTIO_FEATURES_OK) == 0 ||
		(v->vectors > 0 && tell[7].value != v->vectors - 1)) {
		virtio_set_status(v, base | VIRTIO_FAILED);
		return DYNO_E_DEVICE;
	}
	v->config_seen = event_config_count();
	return 0;
}

void virtio_driver_ok(struct virtio_dev *v)
{
	virtio_set_status(
		v, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
}

static unsigned int step_at(uint32_t off, uint32_t len)
{
	return (off & 3) == 0 && len >= 4 ? 4 : (off & 1) == 0 && len >= 2 ? 2 : 1;
}

#define CONFIG_OPS 48

void virtio_config_read(const struct virtio_dev *v, uint32_t off, void *dst, uint32_t len)
{
	static const uint8_t kind[] = { 0, DYNO_READ8, DYNO_READ16, 0, DYNO_READ32 };
	const uintptr_t gen = v->common + VIRTIO_C_GENERATION;
	struct dyno_op op[CONFIG_OPS + 2];
	uint8_t *d = dst;
	unsigned int n;

	do {
		uint32_t done = 0;

		n = 0;
		op[n++] = (struct dyno_op){ gen, DYNO_READ8, 0 };
		while (done < len && n < CONFIG_OPS) {
			const unsigned int step = step_at(off + done, len - done);

			op[n++] = (struct dyno_op){ v->config + off + done, kind[step], 0 };
			done += step;
		}
		op[n++] = (struct dyno_op){ gen, DYNO_READ8, 0 };
		dyno_ops(op, n);
	} while (op[0].value != op[n - 1].value);
	for (unsigned int i = 1; i < n - 1; i++) {
		const size_t step = op[i].kind == DYNO_READ32   ? 4
				    : op[i].kind == DYNO_READ16 ? 2
								: 1;

		memcpy(d, &op[i].value, step);
		d += step;
	}
}

void virtio_config_write(const struct virtio_dev *v, uint32_t off, const void *src, uint32_t len)
{
	static const uint8_t kind[] = { 0, DYNO_WRITE8, DYNO_WRITE16, 0, DYNO_WRITE32 };
	struct dyno_op op[CONFIG_OPS];
	const uint8_t *s = src;
	unsigned int n = 0;

	for (uint32_t done = 0; done < len && n < CONFIG_OPS;) {
		const unsigned int step = step_at(off + done, len - done);

		op[n] = (struct dyno_op){ v->config + off + done, kind[step], 0 };
		memcpy(&op[n++].value, s + done, step);
		done += step;
	}
	dyno_ops(op, n);
}

bool virtio_config_changed(struct virtio_dev *v)
{
	const uint32_t now = event_config_count();
	const bool changed = v->config_seen != now;

	v->config_seen = now;
	return changed;
}
