/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio 1.x over PCI, from the driver's side: find, negotiate, queues. For drivers and for tests
 * of devices; all fields may be read (and, by tests that mean harm, written).
 */
#pragma once

#include "dyno/base.h"
#include "dyno/pci.h"

#define VIRTIO_NET     1
#define VIRTIO_BLK     2
#define VIRTIO_CONSOLE 3
#define VIRTIO_RNG     4
#define VIRTIO_BALLOON 5
#define VIRTIO_GPU     16
#define VIRTIO_INPUT   18
#define VIRTIO_VSOCK   19
#define VIRTIO_SOUND   25
#define VIRTIO_CAN     36

#define VIRTIO_BIT(n)            (UINT64_C(1) << (n))
#define VIRTIO_F_INDIRECT        VIRTIO_BIT(28)
#define VIRTIO_F_EVENT_IDX       VIRTIO_BIT(29)
#define VIRTIO_F_VERSION_1       VIRTIO_BIT(32)
#define VIRTIO_F_ACCESS_PLATFORM VIRTIO_BIT(33)
#define VIRTIO_F_PACKED          VIRTIO_BIT(34)
#define VIRTIO_F_IN_ORDER        VIRTIO_BIT(35)
#define VIRTIO_F_RING_RESET      VIRTIO_BIT(40)

#define VIRTIO_ACKNOWLEDGE 1u
#define VIRTIO_DRIVER      2u
#define VIRTIO_DRIVER_OK   4u
#define VIRTIO_FEATURES_OK 8u
#define VIRTIO_NEEDS_RESET 64u
#define VIRTIO_FAILED      128u

/* Registers of the common configuration. */
#define VIRTIO_C_DEVICE_FEATURE_SELECT 0x00
#define VIRTIO_C_DEVICE_FEATURE        0x04
#define VIRTIO_C_DRIVER_FEATURE_SELECT 0x08
#define VIRTIO_C_DRIVER_FEATURE        0x0c
#define VIRTIO_C_MSIX_CONFIG           0x10
#define VIRTIO_C_NUM_QUEUES            0x12
#define VIRTIO_C_STATUS                0x14
#define VIRTIO_C_GENERATION            0x15
#define VIRTIO_C_QUEUE_SELECT          0x16
#define VIRTIO_C_QUEUE_SIZE            0x18
#define VIRTIO_C_QUEUE_VECTOR          0x1a
#define VIRTIO_C_QUEUE_ENABLE          0x1c
#define VIRTIO_C_QUEUE_NOTIFY_OFF      0x1e
#define VIRTIO_C_QUEUE_DESC            0x20
#define VIRTIO_C_QUEUE_DRIVER          0x28
#define VIRTIO_C_QUEUE_DEVICE          0x30
#define VIRTIO_C_QUEUE_NOTIFY_DATA     0x38
#define VIRTIO_C_QUEUE_RESET           0x3a

#define VIRTIO_NO_VECTOR 0xffffu

struct virtio_dev {
	struct pci_dev *pci;
	uintptr_t common, notify, isr, config;
	uint32_t notify_mult, notify_bytes, config_bytes;
	unsigned int vectors; /* MSI-X entries in use */
	uint64_t offered, features; /* features: negotiated */
	uint32_t config_seen; /* event_config_count() at the last look */
};

/* Finds the index-th device of a type: its registers. Writes nothing to it. 0 or DYNO_E_NODEV. */
DYNO_MUST_CHECK int virtio_find(struct virtio_dev *v, unsigned int type, unsigned int index);
/* Number of devices of a type. */
unsigned int virtio_count(unsigned int type);

/* Resets the device and waits until it says that it is reset. 0 or DYNO_E_TIMEOUT. */
DYNO_MUST_CHECK int virtio_reset(struct virtio_dev *v);
/*
 * Reset, MSI-X, ACKNOWLEDGE, DRIVER, features (offered & wanted, VERSION_1 is demanded),
 * FEATURES_OK. 0, or DYNO_E_DEVICE when the device refuses (status FAILED is set then).
 */
DYNO_MUST_CHECK int virtio_negotiate(struct virtio_dev *v, uint64_t wanted);
/* What drivers here ask for besides their own features: VERSION_1, INDIRECT, EVENT_IDX, and PACKED
 * with the option ring=packed. */
uint64_t virtio_ring_features(void);
void virtio_driver_ok(struct virtio_dev *v);
uint8_t virtio_status(const struct virtio_dev *v);
void virtio_set_status(const struct virtio_dev *v, uint8_t status);

/* Device configuration: in accesses of 4, 2, 1 bytes, repeated when the generation changed. */
void virtio_config_read(const struct virtio_dev *v, uint32_t off, void *dst, uint32_t len);
void virtio_config_write(const struct virtio_dev *v, uint32_t off, const void *src, uint32_t len);
/* True when a configuration interrupt came since the last call. */
bool virtio_config_changed(struct virtio_dev *v);

/* "Split Virtqueues" */
struct vring_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};
struct vring_avail {
	uint16_t flags, idx, ring[];
};
struct vring_used_elem {
	uint32_t id, len;
};
struct vring_used {
	uint16_t flags, idx;
	struct vring_used_elem ring[];
};
/* "Packed Virtqueues" */
struct vring_packed_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t id, flags;
};
struct vring_packed_event {
	uint16_t off_wrap, flags;
};

#define VRING_NEXT     1u
#define VRING_WRITE    2u
#define VRING_INDIRECT 4u
#define VRING_AVAIL    0x80u /* packed */
#define VRING_USED     0x8000u /* packed */

/* A piece of memory for a request. */
struct virtq_buf {
	void *addr;
	uint32_t len;
};

#define VIRTQ_MAX_BUFS 16 /* per request */

/* What is kept per request that is under way. */
struct virtq_slot {
	void *cookie;
	uint16_t ndesc; /* ring entries it takes */
	uint16_t next; /* free list */
	struct vring_desc *table; /* indirect table, made at first use */
};

struct virtq {
	struct virtio_dev *dev;
	uint16_t index, size, num_free;
	bool packed, event_idx, indirect; /* indirect: used for requests of two or more pieces */
	uintptr_t notify;
	void *memory; /* the rings; freed by virtq_free() */
	struct virtq_slot *slot;
	uint16_t free_head;
	uint16_t kicked; /* split: available index at the last kick; packed: entries since */
	uint16_t last_used; /* split: index; packed: position */
	uint16_t next_avail; /* split: index; packed: position */
	bool avail_wrap, used_wrap;
	union {
		struct {
			struct vring_desc *desc;
			struct vring_avail *avail;
			struct vring_used *used;
		};
		struct {
			struct vring_packed_desc *pdesc;
			struct vring_packed_event *driver, *device;
		};
	};
};

/* Makes queue `index` with at most `size` entries and enables it. 0 or a DYNO_E_*. */
DYNO_MUST_CHECK int virtq_new(struct virtq *q, struct virtio_dev *v, uint16_t index, uint16_t size);
/* Frees the rings; the device must have been reset, or the queue. */
void virtq_free(struct virtq *q);

/*
 * Makes a request available: n_out pieces for the device to read, then n_in pieces for it to write.
 * The memory is lent until virtq_pop() returns `cookie` (not NULL). 0 or DYNO_E_FULL.
 */
DYNO_MUST_CHECK int virtq_add(struct virtq *q, const struct virtq_buf *buf, unsigned int n_out,
	unsigned int n_in, void *cookie);
/* Notifies the device of what was added, if it wants to know: with the next wait, or at once. */
void virtq_kick(struct virtq *q);
void virtq_kick_now(struct virtq *q);
/* The cookie of the next finished request and the bytes written, or NULL. */
void *virtq_pop(struct virtq *q, uint32_t *len);
/* True when virtq_pop() would return a request. */
bool virtq_pending(const struct virtq *q);
/* Asks for an interrupt for the next finished request; true when there is one already. */
bool virtq_arm(struct virtq *q);
/* Wants no interrupts. */
void virtq_disarm(struct virtq *q);
/* Adds one request, kicks, waits for it. Only on a queue with nothing else under way.
 * 0 or DYNO_E_FULL, DYNO_E_TIMEOUT. */
DYNO_MUST_CHECK int virtq_call(struct virtq *q, const struct virtq_buf *buf, unsigned int n_out,
	unsigned int n_in, uint32_t *len);
