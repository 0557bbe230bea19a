/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One PCI bus: type-0 configuration spaces with a write mask a byte, BARs of 64-bit memory and
 * of ports that can be sized and moved, capabilities, access by ECAM and by the ports CF8/CFC.
 * Function 0 only, no bridges, no interrupt pins: devices interrupt by MSI-X.
 *
 * Accesses come on vCPU threads, at any width and offset; one lock of the bus guards all
 * configuration spaces. BAR contents are reached through the memory bus, without that lock.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "vmm/bus/bus.h"

#define PCI_SLOTS        32
#define PCI_CONFIG_BYTES 256
#define PCI_BARS         6
#define PCI_ECAM_BYTES   (PCI_SLOTS * 8 * 4096u)

/* Offsets and bits of the configuration header. */
#define PCI_COMMAND        0x04
#define PCI_COMMAND_IO     0x01
#define PCI_COMMAND_MEMORY 0x02
#define PCI_COMMAND_MASTER 0x04
#define PCI_STATUS         0x06
#define PCI_BAR0           0x10
#define PCI_CAP_POINTER    0x34
#define PCI_CAP_VENDOR     0x09
#define PCI_CAP_MSIX       0x11

struct pci_identity {
	uint16_t vendor, device, subsystem_vendor, subsystem;
	uint8_t revision;
	uint32_t class_code; /* 24 bits */
};

struct pci_bar {
	uint64_t size; /* bytes, a power of 2; 0: no BAR */
	const struct bus_ops *ops;
	void *ctx;
	bool io; /* ports, else memory */
	bool mapped;
	uint64_t addr; /* while mapped */
};

/* What a device wants to know. The bus lock is held; all members may be NULL. */
struct pci_dev_ops {
	/* A BAR was placed, or taken away (addr is then where it was). */
	void (*bar_moved)(void *ctx, unsigned int bar, bool mapped, uint64_t addr);
	/* Bytes [off, off + len) of the space are about to be read: update them in cfg. */
	void (*config_read)(void *ctx, uint32_t off, uint32_t len);
	/* They were written. */
	void (*config_written)(void *ctx, uint32_t off, uint32_t len);
	/* Power-on state; the space was put back already. */
	void (*reset)(void *ctx);
};

/* In the device's own struct. Filled by pci_dev_init and the calls below it. */
struct pci_dev {
	uint8_t cfg[PCI_CONFIG_BYTES];
	uint8_t wmask[PCI_CONFIG_BYTES]; /* 1: the guest may change this bit */
	uint8_t first[PCI_CONFIG_BYTES]; /* cfg at power-on */
	struct pci_bar bar[PCI_BARS];
	uint8_t cap_end, last_cap;
	const struct pci_dev_ops *ops;
	void *ctx;
};

struct pci_host {
	pthread_mutex_t lock;
	struct bus *mmio, *pio; /* pio: NULL where BARs of ports are nowhere */
	struct pci_dev *slot[PCI_SLOTS];
	struct pci_dev bridge; /* slot 0 */
	uint32_t cf8;
	uint64_t window_next, window_end;
	uint64_t io_next, io_end;
};

/* ---- a device, before it is on a bus ---- */

void pci_dev_init(
	struct pci_dev *d, const struct pci_identity *id, const struct pci_dev_ops *ops, void *ctx);
/* A 64-bit memory BAR in registers `bar` and `bar` + 1. `size`: a power of 2, at least 4096. */
void pci_dev_bar(
	struct pci_dev *d, unsigned int bar, uint64_t size, const struct bus_ops *ops, void *ctx);
/* A BAR of ports in register `bar`. `size`: a power of 2, 4 to 256. On a bus without ports for BARs
 * it stays at 0. */
void pci_dev_io_bar(
	struct pci_dev *d, unsigned int bar, uint32_t size, const struct bus_ops *ops, void *ctx);
/*
 * Appends a capability: `body` follows the two bytes of its header. Returns its offset, 0 when the
 * space is full.
 */
MUST_CHECK uint8_t pci_dev_cap(struct pci_dev *d, uint8_t id, const void *body, uint8_t len);

/* ---- the bus ---- */

/* `mmio` is borrowed; BARs are first placed in [window, window_end). */
void pci_host_init(struct pci_host *h, struct bus *mmio, uint64_t window, uint64_t window_end);
/* `pio` is borrowed; BARs of ports are first placed in [first, end). Before pci_host_add(). */
void pci_host_io(struct pci_host *h, struct bus *pio, uint16_t first, uint32_t end);
void pci_host_fini(struct pci_host *h);
/*
 * Puts a device into a slot (1..31), assigns addresses to its BARs and enables their decoding. The
 * device is borrowed until pci_host_remove(). 0, -EBUSY or -ENOSPC.
 */
MUST_CHECK int pci_host_add(struct pci_host *h, unsigned int slot, struct pci_dev *d);
/* Takes its BARs off the bus too; one that is in no slot: nothing happens. */
void pci_host_remove(struct pci_host *h, struct pci_dev *d);
/* All devices back to power-on. No vCPU runs. */
void pci_host_reset(struct pci_host *h);

/* Configuration by slot; bytes outside read as ones. Any thread. */
void pci_config_read(struct pci_host *h, unsigned int slot, uint32_t off, void *dst, uint32_t len);
void pci_config_write(
	struct pci_host *h, unsigned int slot, uint32_t off, const void *src, uint32_t len);
/* The ECAM region (bus 0); its context is the host. */
extern const struct bus_ops pci_ecam_ops;
/* Ports 0xcf8..0xcff, `off` counted from 0xcf8. Any thread. */
void pci_port_read(struct pci_host *h, uint64_t off, void *dst, uint32_t len);
void pci_port_write(struct pci_host *h, uint64_t off, const void *src, uint32_t len);
