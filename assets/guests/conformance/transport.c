/* SPDX-License-Identifier: Apache-2.0 */
/* "Virtio Over PCI Bus" and "General Initialization And Device Operation", for each device. */
#include <string.h>

#include "suite.h"

static const struct {
	unsigned int type;
	const char *name;
	uint32_t config_bytes; /* at least */
	uint64_t needs; /* features that it cannot do without */
} types[] = {
	{ VIRTIO_CONSOLE, "console", 12, 0 },
	{ VIRTIO_RNG, "rng", 0, 0 },
	{ VIRTIO_GPU, "gpu", 16, 0 },
	{ VIRTIO_INPUT, "input", 136, 0 },
	{ VIRTIO_CAN, "can", 2, VIRTIO_BIT(0) },
};

static uint32_t device_features(const struct virtio_dev *v, uint32_t select)
{
	struct dyno_op op[] = {
		{ v->common + VIRTIO_C_DEVICE_FEATURE_SELECT, DYNO_WRITE32, select },
		{ v->common + VIRTIO_C_DEVICE_FEATURE, DYNO_READ32, 0 },
	};

	dyno_ops(op, 2);
	return op[1].value;
}

static void driver_features(const struct virtio_dev *v, uint64_t f)
{
	struct dyno_op op[] = {
		{ v->common + VIRTIO_C_DRIVER_FEATURE_SELECT, DYNO_WRITE32, 0 },
		{ v->common + VIRTIO_C_DRIVER_FEATURE, DYNO_WRITE32, (uint32_t)f },
		{ v->common + VIRTIO_C_DRIVER_FEATURE_SELECT, DYNO_WRITE32, 1 },
		{ v->common + VIRTIO_C_DRIVER_FEATURE, DYNO_WRITE32, (uint32_t)(f >> 32) },
	};

	dyno_ops(op, 4);
}

static void identity(struct virtio_dev *v, const char *name)
{
	const uint8_t rev = (uint8_t)pci_read(v->pci, 8, 1);

	if (on_qemu() && v->pci->device < 0x1040)
		verdict_skip("pci.modern", "modern device id", "transitional device");
	else
		verdict(v->pci->device >= 0x1040 && rev >= 1, "pci.modern",
			"modern device id and revision", "%s: %04x rev %u", name, v->pci->device,
			rev);
	verdict(v->isr != 0 && v->common != 0 && v->notify != 0, "pci.caps",
		"common, notify and ISR capabilities", "%s", name);
	verdict(pci_cap(v->pci, 0x11, 0) != 0, "pci.msix", "MSI-X is there", "%s", name);
}

static void reset_and_status(struct virtio_dev *v, const char *name)
{
	verdict(virtio_reset(v) == 0, "status.reset", "status reads 0 after reset", "%s", name);
	virtio_set_status(v, VIRTIO_ACKNOWLEDGE);
	virtio_set_status(v, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	verdict(virtio_status(v) == (VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER), "status.keep",
		"status reads as written", "%s: %02x", name, virtio_status(v));
}

static void features(struct virtio_dev *v, const char *name)
{
	const uint64_t offered = (uint64_t)device_features(v, 1) << 32 | device_features(v, 0);
	const uint64_t other = ~offered & ~VIRTIO_F_ACCESS_PLATFORM;

	verdict((offered & VIRTIO_F_VERSION_1) != 0, "features.v1", "VERSION_1 is offered",
		"%s: %016llx", name, (unsigned long long)offered);
	verdict(device_features(v, 7) == 0, "features.beyond", "features past the last word are 0",
		"%s", name);
	if (on_qemu()) {
		verdict_skip("features.refuse", "FEATURES_OK refused for what was not offered",
			"QEMU masks them");
		return;
	}
	/* The lowest bit that is not offered. */
	driver_features(v, VIRTIO_F_VERSION_1 | (other & -other));
	virtio_set_status(v, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
	verdict((virtio_status(v) & VIRTIO_FEATURES_OK) == 0, "features.refuse",
		"FEATURES_OK refused for what was not offered", "%s took bit %d", name,
		__builtin_ctzll(other));
	virtio_set_status(v, VIRTIO_FAILED);
	verdict(virtio_reset(v) == 0, "status.again", "reset works after FAILED", "%s", name);
}

static uint16_t queue_size(const struct virtio_dev *v, uint16_t q)
{
	struct dyno_op op[] = {
		{ v->common + VIRTIO_C_QUEUE_SELECT, DYNO_WRITE16, q },
		{ v->common + VIRTIO_C_QUEUE_SIZE, DYNO_READ16, 0 },
	};

	dyno_ops(op, 2);
	return (uint16_t)op[1].value;
}

static void queues(const struct virtio_dev *v, const char *name)
{
	const uint16_t n = mmio_read16(v->common + VIRTIO_C_NUM_QUEUES);
	bool powers = true;

	for (uint16_t q = 0; q < n; q++) {
		const uint16_t size = queue_size(v, q);

		powers &= size != 0 && (size & (size - 1)) == 0;
	}
	verdict(n > 0 && powers, "queue.size", "queue sizes are powers of 2", "%s: %u queues", name,
		n);
	verdict(queue_size(v, n) == 0 && queue_size(v, 0xfff0) == 0, "queue.absent",
		"a queue that does not exist has size 0", "%s: %u, %u", name, queue_size(v, n),
		queue_size(v, 0xfff0));
}

static void vectors(struct virtio_dev *v, const char *name)
{
	const uintptr_t reg = v->common + VIRTIO_C_MSIX_CONFIG;
	const unsigned int cap = pci_cap(v->pci, 0x11, 0);
	const unsigned int n = (pci_cached16(v->pci, cap + 2) & 0x7ffu) + 1;
	uint16_t good, bad;

	pci_write(v->pci, cap + 2, 2, 0x8000);
	mmio_write16(reg, (uint16_t)(n - 1));
	good = mmio_read16(reg);
	mmio_write16(reg, (uint16_t)n);
	bad = mmio_read16(reg);
	verdict(good == n - 1, "msix.map", "a vector reads back when it exists", "%s: %04x", name,
		good);
	verdict(bad == VIRTIO_NO_VECTOR, "msix.refuse", "a vector past the table reads NO_VECTOR",
		"%s: %04x", name, bad);
	mmio_write16(reg, VIRTIO_NO_VECTOR);
}

/* The device's own configuration space, read in every width. */
static void config_widths(const struct virtio_dev *v, const char *name, uint32_t bytes)
{
	bool same = true;
	uint32_t off = 0;

	if (bytes == 0)
		return;
	if (on_qemu() && bytes > 64) {
		verdict_skip("config.width", "the configuration reads the same in 1, 2 and 4 bytes",
			"QEMU cuts it at what was selected");
		return;
	}
	verdict(v->config != 0 && v->config_bytes >= bytes, "config.size",
		"the configuration is as long as the device's", "%s: %u bytes", name,
		v->config_bytes);
	for (; off + 4 <= bytes && off < 64; off += 4) {
		const uint32_t d = mmio_read32(v->config + off);
		uint32_t b = 0;

		for (unsigned int i = 0; i < 4; i++)
			b |= (uint32_t)mmio_read8(v->config + off + i) << 8 * i;
		same &= d == b && d == (mmio_read16(v->config + off) |
					       (uint32_t)mmio_read16(v->config + off + 2) << 16);
	}
	verdict(same, "config.width", "the configuration reads the same in 1, 2 and 4 bytes", "%s",
		name);
}

static void enable_is_reset(struct virtio_dev *v, const char *name, uint64_t needs)
{
	struct virtq q;
	struct dyno_op op[] = {
		{ v->common + VIRTIO_C_QUEUE_SELECT, DYNO_WRITE16, 0 },
		{ v->common + VIRTIO_C_QUEUE_ENABLE, DYNO_READ16, 0 },
	};

	if (!verdict(virtio_negotiate(v, virtio_ring_features() | needs) == 0, "features.ok",
		    "FEATURES_OK stays set for what was offered", "%s", name) ||
		!verdict(virtq_new(&q, v, 0, 8) == 0, "queue.enable", "queue 0 can be enabled",
			"%s", name))
		return;
	dyno_ops(op, 2);
	verdict(op[1].value == 1, "queue.enabled", "queue_enable reads 1", "%s: %u", name,
		op[1].value);
	verdict(virtio_reset(v) == 0, "status.reset", "status reads 0 after reset", "%s", name);
	dyno_ops(op, 2);
	verdict(op[1].value == 0, "queue.reset", "queue_enable reads 0 after reset", "%s", name);
	virtq_free(&q);
}

void suite_transport(void)
{
	for (size_t t = 0; t < DYNO_COUNT(types); t++) {
		for (unsigned int i = 0; i < virtio_count(types[t].type); i++) {
			struct virtio_dev v;

			if (!verdict(virtio_find(&v, types[t].type, i) == 0, "pci.find",
				    "registers are found", "%s %u", types[t].name, i))
				continue;
			identity(&v, types[t].name);
			reset_and_status(&v, types[t].name);
			features(&v, types[t].name);
			queues(&v, types[t].name);
			vectors(&v, types[t].name);
			config_widths(&v, types[t].name, types[t].config_bytes);
			enable_is_reset(&v, types[t].name, types[t].needs);
		}
	}
}
