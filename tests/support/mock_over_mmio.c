/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linked into a device test it makes mock_attach() put the device behind virtio-mmio, so that the
 * test runs once more over real registers, doorbells and an interrupt line. See
 * dyno_test_over_pci().
 */
#include "tests/support/mock_priv.h"
#include "tests/support/vmmio_regs.h"

void mock_attach(struct mock *m, struct vdev *dev_take)
{
	(void)vmmio_attach(m, dev_take);
	/* A doorbell is an eventfd here: tests that look right after a kick see its effect. */
	m->by_loop = true;
}
