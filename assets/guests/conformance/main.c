/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conformance: drives every device of the machine from a driver's side and prints a verdict per
 * requirement. Options: vmm=qemu (skip what QEMU is known to do otherwise), only=NAME (one part).
 * Print on COM1 (print=com1): the consoles are under test.
 */
#include <string.h>

#include "suite.h"

bool on_qemu(void)
{
	const char *vmm = dyno_option("vmm");

	return vmm != NULL && strcmp(vmm, "qemu") == 0;
}

int raw_open(struct virtio_dev *v, unsigned int type, unsigned int index, uint64_t wanted)
{
	const int rc = virtio_find(v, type, index);

	return rc != 0 ? rc : virtio_negotiate(v, virtio_ring_features() | wanted);
}

bool wait_used(struct virtq *q, unsigned int ms)
{
	const uint64_t deadline_ns = dyno_now_ns() + DYNO_MS(ms);

	while (!virtq_arm(q)) {
		const uint64_t now = dyno_now_ns();

		if (now >= deadline_ns)
			return false;
		/* An interrupt ends it early; a device that sends none is found slowly. */
		dyno_sleep_until(
			now + DYNO_US(200) < deadline_ns ? now + DYNO_US(200) : deadline_ns);
	}
	return true;
}

bool transact(struct virtq *q, const struct virtq_buf *buf, unsigned int n_out, unsigned int n_in,
	uint32_t *len)
{
	if (virtq_add(q, buf, n_out, n_in, q) != 0)
		return false;
	virtq_kick_now(q);
	return wait_used(q, 5000) && virtq_pop(q, len) == q;
}

static const struct {
	const char *name;
	void (*run)(void);
} suites[] = {
	{ "pci", suite_pci },
	{ "transport", suite_transport },
	{ "rings", suite_rings },
	{ "rng", suite_rng },
	{ "blk", suite_blk },
	{ "console", suite_console },
	{ "can", suite_can },
	{ "gpu", suite_gpu },
	{ "input", suite_input },
	{ "net", suite_net },
	{ "balloon", suite_balloon },
	{ "mmio", suite_mmio },
	{ "vsock", suite_vsock },
	{ "snd", suite_snd },
};

void dyno_main(void);

void dyno_main(void)
{
	const char *only = dyno_option("only");

	dyno_printf("READY conformance\n");
	for (size_t i = 0; i < DYNO_COUNT(suites); i++) {
		if (only == NULL || strcmp(only, suites[i].name) == 0)
			suites[i].run();
	}
	verdict_done();
}
