/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all virtio transports share: the status state machine, feature negotiation, queue set-up,
 * queue reset, configuration generation ("General Initialization And Device Operation").
 * A register transport (PCI, MMIO) translates its registers to these calls.
 *
 * Thread: everything runs on the device's loop thread; a transport that is entered on a vCPU
 * thread comes here through ev_call().
 */
#pragma once

#include "devices/virtio/vdev.h"

struct vt;

/* How the transport interrupts the driver. Device's loop thread. */
struct vt_irq_ops {
	void (*queue)(void *ctx, unsigned int q);
	void (*config)(void *ctx);
	/* For rings that another process serves: the eventfds of a queue's notifications and of its
	 * interrupts, which then pass this process by; until ring_end. 0, or -errno: they go
	 * through the loop. NULL: the same. */
	int (*ring_begin)(void *ctx, unsigned int q, int *kick_fd, int *call_fd);
	void (*ring_end)(void *ctx, unsigned int q);
};

/* Takes over `dev` (freed by vt_free, also on failure). The loop and memory are borrowed. */
MUST_CHECK int vt_new(struct vt **out, struct vdev *dev_take, const struct gmem *mem,
	struct ev_loop *loop, const struct vt_irq_ops *irq, void *irq_ctx);
void vt_free(struct vt *t);
struct vdev *vt_dev(struct vt *t);
/* Has fn called when the device is latched (NEEDS_RESET), with the reason; at most once per reset.
 * NULL: nobody is told. `text` is valid during the call. */
void vt_on_error(struct vt *t, void (*fn)(void *ctx, const char *text), void *ctx);

/* Features: what is offered, what the driver wrote (32 bits at a time), what was accepted. */
uint32_t vt_device_features(const struct vt *t, uint32_t select);
uint32_t vt_driver_features(const struct vt *t, uint32_t select);
void vt_set_driver_features(struct vt *t, uint32_t select, uint32_t value);

uint8_t vt_status(const struct vt *t);
/* Writing 0 resets; FEATURES_OK is refused for features that were not offered. */
void vt_set_status(struct vt *t, uint8_t status);

uint16_t vt_num_queues(const struct vt *t);
/* Registers of one queue; NULL for one that does not exist. */
struct vt_queue {
	uint16_t size; /* reads as the maximum until written */
	uint16_t max;
	uint16_t msix_vector; /* the PCI transport's; 0xffff: none */
	bool enabled;
	bool resetting; /* queue_reset reads 1 while true */
	gpa desc, driver, device;
	struct vq *vq; /* while it works */
	bool away; /* it works in another process */
	uint64_t kicks, interrupts; /* to and from the driver, since the last reset */
};
struct vt_queue *vt_queue(struct vt *t, unsigned int q);
/* Writes to a queue that is enabled are ignored, as are sizes that are illegal. */
void vt_queue_set_size(struct vt *t, unsigned int q, uint16_t size);
void vt_queue_enable(struct vt *t, unsigned int q);
/* Takes a queue out of use; what was set up stays ("QueueReady" of MMIO, written 0). */
void vt_queue_disable(struct vt *t, unsigned int q);
/* "Virtqueue Reset"; only with VIRTIO_F_RING_RESET. */
void vt_queue_reset(struct vt *t, unsigned int q);
/* The driver notified queue q. Ignored before DRIVER_OK. */
void vt_kick(struct vt *t, unsigned int q);

/* Configuration space; any offset and width: outside reads as 0 and ignores writes. */
void vt_config_read(struct vt *t, uint32_t off, void *dst, uint32_t len);
void vt_config_write(struct vt *t, uint32_t off, const void *src, uint32_t len);
uint8_t vt_config_generation(struct vt *t);
