/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices of a machine without PCI: a page and an interrupt line each, told to the guest on its
 * command line as Linux reads it (virtio_mmio.device=SIZE@ADDRESS:IRQ).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/arch/x86_64/layout.h"
#include "vmm/guest/machine_priv.h"

#define ENTRY_BYTES 64

static const uint8_t pins[] = { X86_VIRTIO_MMIO_PINS };

static uint64_t slot_addr(unsigned int i)
{
	return X86_VIRTIO_MMIO + (uint64_t)i * VMMIO_BYTES;
}

static unsigned int slot_pin(unsigned int i)
{
	return pins[i % ARRAY_SIZE(pins)];
}

static int doorbell_add(void *ctx, uint64_t addr, uint32_t value, int eventfd)
{
	struct machine *mc = ctx;

	return vm_doorbell_add_value(mc->vm, addr, value, eventfd);
}

static void doorbell_del(void *ctx, uint64_t addr, uint32_t value, int eventfd)
{
	struct machine *mc = ctx;

	vm_doorbell_del_value(mc->vm, addr, value, eventfd);
}

/* Devices share lines: one is high as long as any of them holds it. */
static void irq(void *ctx, unsigned int line, bool level)
{
	struct machine *mc = ctx;
	unsigned int *held = &mc->line_held[line], before;

	pthread_mutex_lock(&mc->line_lock);
	before = *held;
	*held += level ? 1u : UINT32_MAX;
	if ((before == 0) != (*held == 0))
		vm_irq_line(mc->vm, line, level);
	pthread_mutex_unlock(&mc->line_lock);
}

int machine_mmio_add(struct machine *mc, unsigned int i, struct vdev *dev_take,
	struct ev_loop *loop, void (*on_error)(void *ctx, const char *text))
{
	const struct vmmio_config cfg = { .mem = vm_mem(mc->vm),
		.loop = loop,
		.bus = &mc->mmio,
		.addr = slot_addr(i),
		.line = slot_pin(i),
		.platform = &mc->mmio_platform,
		.on_error = on_error,
		.ctx = &mc->device[i] };

	static_assert(
		X86_VIRTIO_MMIO + (uint64_t)MANIFEST_MAX_DEVICES * VMMIO_BYTES <= X86_MMIO_END,
		"room for the pages");
	mc->mmio_platform = (struct vmmio_platform){ doorbell_add, doorbell_del, irq, mc };
	return vmmio_new(&mc->device[i].vmmio, dev_take, &cfg);
}

uint32_t machine_mmio_pins(const struct machine *mc)
{
	uint32_t mask = 0;

	for (unsigned int i = 0; mc->m->mmio && i < mc->m->n_devices; i++)
		mask |= 1u << slot_pin(i);
	return mask;
}

char *machine_cmdline(const struct machine *mc)
{
	const struct manifest *m = mc->m;
	size_t cap = strlen(m->cmdline) + 1 + (size_t)MANIFEST_MAX_DEVICES * ENTRY_BYTES;
	char *text = malloc(cap);
	size_t at = 0;

	if (!text)
		return NULL;
	/* In front: what follows a "--" is not the kernel's. */
	for (unsigned int i = 0; m->mmio && i < m->n_devices; i++)
		at += (size_t)snprintf(text + at, cap - at,
			"virtio_mmio.device=%uK@0x%" PRIx64 ":%u ", VMMIO_BYTES / 1024,
			slot_addr(i), slot_pin(i));
	(void)snprintf(text + at, cap - at, "%s", m->cmdline);
	return text;
}
