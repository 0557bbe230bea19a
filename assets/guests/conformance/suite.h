/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance guest's parts. Each resets the devices it used. */
#pragma once

#include "dyno/boot.h"
#include "dyno/event.h"
#include "dyno/io.h"
#include "dyno/mem.h"
#include "dyno/print.h"
#include "dyno/verdict.h"
#include "dyno/virtio.h"

void suite_pci(void);
void suite_transport(void);
void suite_rings(void);
void suite_rng(void);
void suite_blk(void);
void suite_console(void);
void suite_can(void);
void suite_gpu(void);
void suite_input(void);
void suite_net(void);
void suite_balloon(void);
void suite_mmio(void);
void suite_vsock(void);
void suite_snd(void);

/* True under QEMU (option vmm=qemu): a few known deviations of it are skipped, not failed. */
bool on_qemu(void);

/* find + negotiate(ring features + wanted). 0 or a DYNO_E_*. */
DYNO_MUST_CHECK int raw_open(
	struct virtio_dev *v, unsigned int type, unsigned int index, uint64_t wanted);
/* Waits until the queue has a finished request: up to `ms`. */
bool wait_used(struct virtq *q, unsigned int ms);
/* One request, waited for. True when it came back; *len as the device said. */
bool transact(struct virtq *q, const struct virtq_buf *buf, unsigned int n_out, unsigned int n_in,
	uint32_t *len);
