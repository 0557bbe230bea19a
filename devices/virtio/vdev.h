/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract between a virtio device and whatever transports it. A device knows no PCI, no MMIO
 * register, no ACPI, no KVM: the same object runs behind virtio-pci, virtio-mmio, or as a
 * vhost-user back end. A transport knows no device: it sees this table.
 *
 * Every op is called on the device's loop thread, and so is every callback of the device's own
 * ports: a device needs no lock.
 *
 * Life: new -> [start -> queue_start* -> kick* ... -> queue_stop* -> stop]* -> free
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "base/gmem.h"
#include "devices/virtio/vq.h"

/* Device types ("Device Types") that Dyno has. */
enum {
	VIRTIO_ID_NET = 1,
	VIRTIO_ID_BLK = 2,
	VIRTIO_ID_CONSOLE = 3,
	VIRTIO_ID_RNG = 4,
	VIRTIO_ID_BALLOON = 5,
	VIRTIO_ID_9P = 9,
	VIRTIO_ID_GPU = 16,
	VIRTIO_ID_RTC = 17,
	VIRTIO_ID_INPUT = 18,
	VIRTIO_ID_VSOCK = 19,
	VIRTIO_ID_SOUND = 25,
	VIRTIO_ID_FS = 26,
	VIRTIO_ID_I2C = 34,
	VIRTIO_ID_CAN = 36,
	VIRTIO_ID_GPIO = 41
};

/* Feature bits that belong to the ring and transport ("Reserved Feature Bits"). The transport
 * offers these; a device's own features() names only bits 0..23 and 50..127 of its type. */
#define VIRTIO_F_INDIRECT_DESC   28
#define VIRTIO_F_EVENT_IDX       29
#define VIRTIO_F_VERSION_1       32
#define VIRTIO_F_ACCESS_PLATFORM 33
#define VIRTIO_F_RING_PACKED     34
#define VIRTIO_F_IN_ORDER        35
#define VIRTIO_F_RING_RESET      40
#define VIRTIO_BIT(n)            (UINT64_C(1) << (n))

/* Device status field ("Device Status Field"). */
#define VIRTIO_S_ACKNOWLEDGE 1
#define VIRTIO_S_DRIVER      2
#define VIRTIO_S_DRIVER_OK   4
#define VIRTIO_S_FEATURES_OK 8
#define VIRTIO_S_NEEDS_RESET 64
#define VIRTIO_S_FAILED      128

#define VDEV_MAX_QUEUES 64

struct vdev;

/* What a transport lends a device, from vdev_attach() until free. */
struct vdev_host {
	const struct gmem *mem;
	struct ev_loop *loop;
	/* Configuration space changed: bump the generation, interrupt if DRIVER_OK. */
	void (*config_changed)(void *ctx);
	/* The device cannot go on ("Device Status Field", DEVICE_NEEDS_RESET). */
	void (*needs_reset)(void *ctx, const char *why);
	void *ctx;
};

/* A queue whose ring another process serves, with the eventfds that go to it. */
struct vdev_ring {
	struct vq_setup setup; /* checked: the areas lie inside guest memory, each in one region */
	int kick_fd; /* rises when the driver notifies; lent until queue_stop */
	int call_fd; /* to be raised for an interrupt; lent until queue_stop */
};

struct vdev_ops {
	const char *name; /* "can": for logs and the manifest */
	uint16_t id; /* VIRTIO_ID_* */
	uint32_t pci_class; /* 24-bit class code a PCI transport shows */
	uint16_t (*num_queues)(const struct vdev *v);
	/* Largest size of queue q: a power of 2, at most VQ_MAX_SIZE. */
	uint16_t (*queue_max)(const struct vdev *v, unsigned int q);
	/* Features of the device type that this instance offers. */
	uint64_t (*features)(const struct vdev *v);
	/* For devices with ring_start: which features of rings and transport the other process
	 * knows. NULL: all that the transport has. */
	uint64_t (*ring_features)(const struct vdev *v);
	/* True when the device can run with this subset (FEATURES_OK). NULL: any subset. */
	bool (*features_ok)(const struct vdev *v, uint64_t accepted);
	/* Size of the configuration space; accesses outside it never reach the device. */
	uint32_t (*config_bytes)(const struct vdev *v);
	void (*config_read)(struct vdev *v, uint32_t off, void *dst, uint32_t len);
	/* NULL: the whole space is read-only for the driver. */
	void (*config_write)(struct vdev *v, uint32_t off, const void *src, uint32_t len);
	/* DRIVER_OK was set. A negative code means the host failed: NEEDS_RESET. */
	int (*start)(struct vdev *v, uint64_t features);
	/* Queue q works from now on (lent until queue_stop); the ring may already hold requests:
	 * the transport kicks once after this. */
	int (*queue_start)(struct vdev *v, unsigned int q, struct vq *vq);
	/* In its place for a device whose rings another process serves; such a device gets no
	 * vq and no kick. */
	int (*ring_start)(struct vdev *v, unsigned int q, const struct vdev_ring *r);
	/* The driver made requests available in queue q. May be spurious. */
	void (*kick)(struct vdev *v, unsigned int q);
	/* The queue goes away: forget it and everything held from it. Idempotent. */
	void (*queue_stop)(struct vdev *v, unsigned int q);
	/* Back to the state after new (reset). Idempotent. NULL: nothing to do. */
	void (*stop)(struct vdev *v);
	void (*free)(struct vdev *v);
};

/* First member of every device's own struct. */
struct vdev {
	const struct vdev_ops *ops;
	const struct vdev_host *host; /* lent by the transport; NULL before vdev_attach */
	char tag[32]; /* instance name for logs: "cluster/can0" */
};
