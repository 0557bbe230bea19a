/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mock driver's registers behind virtio-mmio: a memory bus and a platform that rings doorbells
 * and watches the interrupt line, all without KVM. The line is served as a driver does it, by the
 * loop: status read, acknowledged, told to the mock (for every queue: there is one line).
 */
#pragma once

#include "tests/support/mock_driver.h"
#include "vmm/transport/mmio.h"

#define VMMIO_TEST_ADDR UINT64_C(0xc0001000)
#define VMMIO_TEST_LINE 5

struct vmmio_regs;

/* Puts the device behind virtio-mmio and attaches it to the mock, which frees all of it. */
struct vmmio_regs *vmmio_attach(struct mock *m, struct vdev *dev_take);

struct vmmio *vmmio_regs_transport(struct vmmio_regs *r);
/* The line's level now, and how often it rose. */
bool vmmio_regs_line(const struct vmmio_regs *r);
unsigned int vmmio_regs_rises(const struct vmmio_regs *r);
/* Whether the line is served. Default: yes. */
void vmmio_regs_serve(struct vmmio_regs *r, bool on);
unsigned int vmmio_regs_doorbells(const struct vmmio_regs *r);
/* Accesses as a vCPU makes them; `off` counts from the page. Doorbells first, then the bus. */
void vmmio_regs_write(struct vmmio_regs *r, uint64_t off, uint64_t value, uint32_t len);
uint64_t vmmio_regs_read(struct vmmio_regs *r, uint64_t off, uint32_t len);
