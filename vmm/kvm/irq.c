/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupt routes, irqfds and ioeventfds; see vm.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/kvm/priv.h"

#define PIC_PINS 16

static struct kvm_irq_routing_entry chip_pin(uint32_t gsi, uint32_t chip, uint32_t pin)
{
	return (struct kvm_irq_routing_entry){
		.gsi = gsi, .type = KVM_IRQ_ROUTING_IRQCHIP, .u.irqchip = { chip, pin }
	};
}

/* Pins of the IOAPIC and of the two 8259s that share numbers with them. */
static void fixed_routes(struct kvm_irq_routing *r)
{
	for (uint32_t i = 0; i < PIC_PINS; i++)
		r->entries[r->nr++] =
			chip_pin(i, i < 8 ? KVM_IRQCHIP_PIC_MASTER : KVM_IRQCHIP_PIC_SLAVE, i % 8);
	for (uint32_t i = 0; i < VM_IOAPIC_PINS; i++)
		r->entries[r->nr++] = chip_pin(i, KVM_IRQCHIP_IOAPIC, i);
}

static int commit(struct vm *vm)
{
	return ioctl(vm->fd, KVM_SET_GSI_ROUTING, vm->routes) < 0 ? -errno : 0;
}

int vm_routes_init(struct vm *vm, struct err *e)
{
	int rc;

	vm->routes = calloc(
		1, sizeof(*vm->routes) + (VM_MAX_GSIS + PIC_PINS) * sizeof(vm->routes->entries[0]));
	if (!vm->routes)
		return err_errno(e, ENOMEM, "interrupt routes");
	fixed_routes(vm->routes);
	rc = commit(vm);
	return rc < 0 ? err_errno(e, -rc, "KVM refuses the interrupt routes") : 0;
}

void vm_routes_fini(struct vm *vm)
{
	free(vm->routes);
	vm->routes = NULL;
}

void vm_irq_line(struct vm *vm, unsigned int gsi, bool level)
{
	struct kvm_irq_level l = { .irq = gsi, .level = level };

	/* Fails only without interrupt controllers: vm_new() made them. */
	(void)ioctl(vm->fd, KVM_IRQ_LINE, &l);
}

static struct kvm_irq_routing_entry *find_route(struct vm *vm, uint32_t gsi)
{
	for (uint32_t i = 0; i < vm->routes->nr; i++) {
		struct kvm_irq_routing_entry *r = &vm->routes->entries[i];

		if (r->type == KVM_IRQ_ROUTING_MSI && r->gsi == gsi)
			return r;
	}
	return NULL;
}

static int gsi_alloc(struct vm *vm, uint32_t *gsi)
{
	for (uint32_t i = VM_IOAPIC_PINS; i < VM_MAX_GSIS; i++) {
		if (!(vm->gsi_used[i / 64] >> (i % 64) & 1)) {
			vm->gsi_used[i / 64] |= UINT64_C(1) << (i % 64);
			*gsi = i;
			return 0;
		}
	}
	return -ENOSPC;
}

static void gsi_free(struct vm *vm, uint32_t gsi)
{
	vm->gsi_used[gsi / 64] &= ~(UINT64_C(1) << (gsi % 64));
}

int vm_msi_attach(struct vm *vm, int eventfd, uint32_t *gsi)
{
	struct kvm_irqfd fd = { .fd = (uint32_t)eventfd };
	int rc;

	pthread_mutex_lock(&vm->route_lock);
	rc = gsi_alloc(vm, &fd.gsi);
	if (rc == 0 && ioctl(vm->fd, KVM_IRQFD, &fd) < 0) {
		rc = -errno;
		gsi_free(vm, fd.gsi);
	}
	pthread_mutex_unlock(&vm->route_lock);
	if (rc == 0)
		*gsi = fd.gsi;
	return rc;
}

void vm_msi_detach(struct vm *vm, int eventfd, uint32_t gsi)
{
	struct kvm_irqfd fd = {
		.fd = (uint32_t)eventfd, .gsi = gsi, .flags = KVM_IRQFD_FLAG_DEASSIGN
	};
	struct kvm_irq_routing_entry *r;

	pthread_mutex_lock(&vm->route_lock);
	(void)ioctl(vm->fd, KVM_IRQFD, &fd);
	r = find_route(vm, gsi);
	if (r) {
		*r = vm->routes->entries[--vm->routes->nr];
		(void)commit(vm);
	}
	gsi_free(vm, gsi);
	pthread_mutex_unlock(&vm->route_lock);
}

int vm_msi_route(struct vm *vm, uint32_t gsi, uint64_t addr, uint32_t data)
{
	struct kvm_irq_routing_entry want = { .gsi = gsi,
		.type = KVM_IRQ_ROUTING_MSI,
		.u.msi = { .address_lo = (uint32_t)addr,
			.address_hi = (uint32_t)(addr >> 32),
			.data = data } };
	struct kvm_irq_routing_entry *r, before;
	uint32_t nr;
	int rc = 0;

	pthread_mutex_lock(&vm->route_lock);
	nr = vm->routes->nr;
	r = find_route(vm, gsi);
	if (!r)
		r = &vm->routes->entries[vm->routes->nr++];
	before = *r;
	*r = want;
	if (nr != vm->routes->nr || memcmp(&before.u.msi, &want.u.msi, sizeof(want.u.msi)) != 0)
		rc = commit(vm);
	/* One bad entry would make KVM refuse the whole table from now on. */
	if (rc < 0) {
		*r = before;
		vm->routes->nr = nr;
	}
	pthread_mutex_unlock(&vm->route_lock);
	return rc;
}

static int doorbell(struct vm *vm, enum bus_space space, uint64_t addr, int eventfd, uint32_t flags)
{
	struct kvm_ioeventfd io = { .addr = addr,
		/* 0: any width; else the one that drivers use for notifications. */
		.len = vm->any_length_doorbells ? 0 : 2,
		.fd = eventfd,
		.flags = flags | (space == BUS_PORTS ? KVM_IOEVENTFD_FLAG_PIO : 0) };

	return ioctl(vm->fd, KVM_IOEVENTFD, &io) < 0 ? -errno : 0;
}

int vm_doorbell_add(struct vm *vm, enum bus_space space, uint64_t addr, int eventfd)
{
	return doorbell(vm, space, addr, eventfd, 0);
}

void vm_doorbell_del(struct vm *vm, enum bus_space space, uint64_t addr, int eventfd)
{
	(void)doorbell(vm, space, addr, eventfd, KVM_IOEVENTFD_FLAG_DEASSIGN);
}

static int value_doorbell(struct vm *vm, uint64_t addr, uint32_t value, int eventfd, uint32_t flags)
{
	struct kvm_ioeventfd io = { .addr = addr,
		.len = 4,
		.datamatch = value,
		.fd = eventfd,
		.flags = flags | KVM_IOEVENTFD_FLAG_DATAMATCH };

	return ioctl(vm->fd, KVM_IOEVENTFD, &io) < 0 ? -errno : 0;
}

int vm_doorbell_add_value(struct vm *vm, uint64_t addr, uint32_t value, int eventfd)
{
	return value_doorbell(vm, addr, value, eventfd, 0);
}

void vm_doorbell_del_value(struct vm *vm, uint64_t addr, uint32_t value, int eventfd)
{
	(void)value_doorbell(vm, addr, value, eventfd, KVM_IOEVENTFD_FLAG_DEASSIGN);
}
