/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's ACPI tables; see acpi.h. Layouts are those of ACPI 6.4, "ACPI System Description
 * Tables". */
#include "vmm/arch/x86_64/acpi.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/le.h"
#include "vmm/arch/x86_64/aml.h"
#include "vmm/arch/x86_64/layout.h"

#define FADT_WBINVD       (1u << 0)
#define FADT_PWR_BUTTON   (1u << 4) /* no fixed power button: a control method one */
#define FADT_SLP_BUTTON   (1u << 5)
#define FADT_RESET_REG    (1u << 10)
#define FADT_HW_REDUCED   (1u << 20)
#define BOOT_NO_VGA       (1u << 2)
#define MADT_PCAT_COMPAT  1u
#define PROFILE_EMBEDDED  0 /* unspecified */
#define SPACE_IO          1
#define ACCESS_BYTE       1
#define MADT_OVERRIDE     2 /* "Interrupt Source Override Structure" */
#define ACTIVE_HIGH       1u
#define LEVEL             (3u << 2)
#define LEGACY_PINS       16
#define PM1_EVENT_BYTES   4
#define PM1_CONTROL_BYTES 2
#define TABLES            3 /* that the XSDT names, at most */

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	le32 rsdt, length;
	le64 xsdt;
	uint8_t checksum2, reserved[3];
};
static_assert(sizeof(struct rsdp) == 36, "RSDP");

struct header {
	char signature[4];
	le32 length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	le32 oem_revision;
	char creator[4];
	le32 creator_revision;
};
static_assert(sizeof(struct header) == 36, "table header");

struct gas {
	uint8_t space, bits, offset, access;
	le64 address;
};
static_assert(sizeof(struct gas) == 12, "generic address");

struct fadt {
	struct header h;
	le32 firmware_ctrl, dsdt;
	uint8_t reserved0, profile;
	/* Fixed hardware, all zero where there is none. */
	le16 sci;
	uint8_t smi[56 - 48];
	le32 pm1a_event, pm1b_event, pm1a_control, pm1b_control;
	uint8_t pm2_timer_gpe[88 - 72];
	uint8_t pm1_event_bytes, pm1_control_bytes;
	uint8_t other_lengths[96 - 90];
	le16 c2_us, c3_us;
	uint8_t cache_and_duty[108 - 100];
	uint8_t century; /* where the clock chip keeps it */
	le16 boot_flags;
	uint8_t reserved1;
	le32 flags;
	struct gas reset;
	uint8_t reset_value;
	le16 arm_flags;
	uint8_t minor;
	le64 x_firmware_ctrl, x_dsdt;
	struct gas fixed_registers[8];
	struct gas sleep_control, sleep_status;
	char hypervisor[8];
};
static_assert(sizeof(struct fadt) == 276, "FADT");
static_assert(offsetof(struct fadt, pm1a_event) == 56, "FADT");
static_assert(offsetof(struct fadt, pm1_event_bytes) == 88, "FADT");
static_assert(offsetof(struct fadt, fixed_registers) == 148, "FADT");

struct facs {
	char signature[4];
	le32 length, hardware, waking_vector, global_lock, flags;
	le64 x_waking_vector;
	uint8_t version, reserved[31];
};
static_assert(sizeof(struct facs) == 64, "FACS");

struct madt {
	struct header h;
	le32 lapic, flags;
};
struct madt_lapic {
	uint8_t type, len, uid, apic_id;
	le32 flags;
};
struct madt_ioapic {
	uint8_t type, len, id, reserved;
	le32 address, gsi_base;
};
struct madt_nmi {
	uint8_t type, len, uid;
	le16 flags;
	uint8_t lint;
};
static_assert(sizeof(struct madt_nmi) == 6, "MADT NMI");
struct madt_override {
	uint8_t type, len, bus, source;
	le32 gsi;
	le16 flags;
};
static_assert(sizeof(struct madt_override) == 10, "MADT override");

struct mcfg {
	struct header h;
	uint8_t reserved[8];
	le64 base;
	le16 segment;
	uint8_t first_bus, last_bus, reserved2[4];
};
static_assert(sizeof(struct mcfg) == 60, "MCFG");

static uint8_t checksum(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint8_t sum = 0;

	while (n--)
		sum = (uint8_t)(sum + *b++);
	return (uint8_t)-sum;
}

/* The area being filled; tables start on 16 bytes. */
struct area {
	struct aml out;
	uint64_t base;
};

static struct header header(const char *signature, uint8_t revision)
{
	struct header h = { .revision = revision,
		.oem_revision = { { 1 } },
		.creator = { 'D', 'Y', 'N', 'O' },
		.creator_revision = { { 1 } } };

	memcpy(h.signature, signature, sizeof(h.signature));
	memcpy(h.oem, "DYNO  ", sizeof(h.oem));
	memcpy(h.oem_table, "DYNOVM  ", sizeof(h.oem_table));
	return h;
}

static size_t table_begin(struct area *a)
{
	while (a->out.len % 16 && !a->out.full)
		aml_byte(&a->out, 0);
	return a->out.len;
}

/* Sets length and checksum; the table's guest address. */
static uint64_t table_end(struct area *a, size_t at)
{
	struct header *h = (struct header *)(void *)(a->out.buf + at);

	if (a->out.full)
		return 0;
	h->length = le32_of((uint32_t)(a->out.len - at));
	h->checksum = checksum(h, a->out.len - at);
	return a->base + at;
}

/* ---- DSDT ---- */

/* "Device Properties UUID For _DSD": daffd814-6eba-4d8c-8a91-bc9bbf4aa301. */
static const uint8_t properties_uuid[] = { 0x14, 0xd8, 0xff, 0xda, 0xba, 0x6e, 0x8c, 0x4d, 0x8a,
	0x91, 0xbc, 0x9b, 0xbf, 0x4a, 0xa3, 0x01 };

/* Name (_DSD, Package () { ToUUID (...), Package () { Package () { KEY, VALUE } } }) */
static void property(struct aml *a, const char *key, const char *value)
{
	aml_mark all, list, pair;

	aml_name(a, "_DSD");
	all = aml_package(a, 2);
	aml_buffer(a, properties_uuid, sizeof(properties_uuid));
	list = aml_package(a, 1);
	pair = aml_package(a, 2);
	aml_string(a, key);
	aml_string(a, value);
	aml_close(a, pair);
	aml_close(a, list);
	aml_close(a, all);
}

/* The adapter is found by its place on the bus, a chip by the adapter's path. Linux takes the
 * driver of a PRP0001 by the property "compatible". */
static void dsdt_i2c(struct aml *a, const struct acpi_config *cfg)
{
	aml_mark adapter = aml_device(a, "I2C0");

	aml_name(a, "_ADR");
	aml_integer(a, (uint64_t)cfg->i2c_slot << 16);
	for (unsigned int i = 0; i < cfg->n_chips; i++) {
		const char name[] = { 'C', 'H', 'P', "0123456789ABCDEF"[i], '\0' };
		aml_mark dev = aml_device(a, name), crs;

		aml_name(a, "_HID");
		aml_string(a, "PRP0001");
		aml_name(a, "_UID");
		aml_integer(a, i);
		crs = aml_resources(a);
		aml_res_i2c(a, cfg->chips[i].address, 100000, "\\_SB.PCI0.I2C0");
		aml_resources_close(a, crs);
		property(a, "compatible", cfg->chips[i].compatible);
		aml_close(a, dev);
	}
	aml_close(a, adapter);
}

static void dsdt_pci(struct aml *a, const struct acpi_config *cfg)
{
	aml_mark dev = aml_device(a, "PCI0"), crs;

	aml_name(a, "_HID");
	aml_eisa_id(a, "PNP0A08");
	aml_name(a, "_CID");
	aml_eisa_id(a, "PNP0A03");
	aml_name(a, "_SEG");
	aml_integer(a, 0);
	aml_name(a, "_BBN");
	aml_integer(a, 0);
	aml_name(a, "_UID");
	aml_integer(a, 0);
	crs = aml_resources(a);
	aml_res_buses(a, 0, 0);
	aml_res_io(a, X86_PORT_PCI, 8);
	aml_res_window_io(a, X86_PORT_BARS, (uint16_t)(X86_PORT_BARS_END - X86_PORT_BARS));
	aml_res_window32(a, X86_MMIO, (uint32_t)(X86_MMIO_END - X86_MMIO));
	aml_res_window64(a, X86_MMIO64, X86_MMIO64_BYTES);
	aml_resources_close(a, crs);
	if (cfg->n_chips)
		dsdt_i2c(a, cfg);
	aml_close(a, dev);
}

static void dsdt_com1(struct aml *a)
{
	aml_mark dev = aml_device(a, "COM1"), crs;

	aml_name(a, "_HID");
	aml_eisa_id(a, "PNP0501");
	aml_name(a, "_UID");
	aml_integer(a, 1);
	crs = aml_resources(a);
	aml_res_io(a, X86_PORT_COM1, 8);
	aml_res_irq(a, X86_IRQ_COM1);
	aml_resources_close(a, crs);
	aml_close(a, dev);
}

static void dsdt_clock(struct aml *a)
{
	aml_mark dev = aml_device(a, "RTC0"), crs;

	aml_name(a, "_HID");
	aml_eisa_id(a, "PNP0B00");
	crs = aml_resources(a);
	aml_res_io(a, X86_PORT_CMOS, 2);
	aml_res_irq(a, X86_IRQ_CMOS);
	aml_resources_close(a, crs);
	aml_close(a, dev);
}

/* The crash report, under the name that guests know it by. */
static void dsdt_panic(struct aml *a)
{
	aml_mark dev = aml_device(a, "PEVT"), crs;

	aml_name(a, "_HID");
	aml_string(a, "QEMU0001");
	crs = aml_resources(a);
	aml_res_io(a, X86_PORT_PANIC, 1);
	aml_resources_close(a, crs);
	aml_close(a, dev);
}

/* ECAM and the registers of this machine: nobody else may have them. */
static void dsdt_board(struct aml *a, const struct acpi_config *cfg)
{
	aml_mark dev = aml_device(a, "MBRD"), crs;

	aml_name(a, "_HID");
	aml_eisa_id(a, "PNP0C02");
	crs = aml_resources(a);
	if (!cfg->no_pci)
		aml_res_fixed_memory(a, (uint32_t)X86_ECAM, (uint32_t)X86_ECAM_BYTES);
	aml_res_io(a, X86_PORT_SLEEP, 2);
	if (cfg->no_pci)
		aml_res_io(a, X86_PORT_PM1, PM1_EVENT_BYTES + PM1_CONTROL_BYTES);
	aml_resources_close(a, crs);
	aml_close(a, dev);
}

/* Without fixed hardware the power button is a device that an interrupt's event method notifies:
 * ACPI, "Interrupt-signaled ACPI events". */
static void dsdt_power_button(struct aml *a)
{
	aml_mark dev = aml_device(a, "PWRB"), crs, method, cond;

	aml_name(a, "_HID");
	aml_eisa_id(a, "PNP0C0C");
	aml_name(a, "_UID");
	aml_integer(a, 0);
	aml_close(a, dev);

	dev = aml_device(a, "GED0");
	aml_name(a, "_HID");
	aml_string(a, "ACPI0013");
	aml_name(a, "_UID");
	aml_integer(a, 0);
	crs = aml_resources(a);
	aml_res_irq(a, X86_IRQ_POWER_BUTTON);
	aml_resources_close(a, crs);
	method = aml_method(a, "_EVT", 1);
	cond = aml_if_arg0_is(a, X86_IRQ_POWER_BUTTON);
	aml_notify(a, "_SB_", "PWRB", 0x80);
	aml_close(a, cond);
	aml_close(a, method);
	aml_close(a, dev);
}

static uint64_t put_dsdt(struct area *area, const struct acpi_config *cfg)
{
	struct header h = header("DSDT", 2);
	struct aml *a = &area->out;
	size_t at = table_begin(area);
	aml_mark scope, package;

	aml_bytes(a, &h, sizeof(h));
	scope = aml_scope(a, "\\_SB_");
	if (!cfg->no_pci)
		dsdt_pci(a, cfg);
	dsdt_com1(a);
	dsdt_clock(a);
	dsdt_panic(a);
	dsdt_board(a, cfg);
	dsdt_power_button(a);
	aml_close(a, scope);
	aml_name(a, "\\_S5_");
	package = aml_package(a, 4);
	aml_integer(a, X86_S5_TYPE);
	aml_integer(a, X86_S5_TYPE);
	aml_integer(a, 0);
	aml_integer(a, 0);
	aml_close(a, package);
	return table_end(area, at);
}

/* ---- the fixed tables ---- */

static struct gas port(uint16_t address)
{
	return (struct gas){ SPACE_IO, 8, 0, ACCESS_BYTE, le64_of(address) };
}

/* It has neither checksum nor revision, and stands on 64 bytes. */
static uint64_t put_facs(struct area *a)
{
	struct facs f = { .length = le32_of(sizeof(f)), .version = 2 };
	uint64_t at;

	while (a->out.len % 64 && !a->out.full)
		aml_byte(&a->out, 0);
	at = a->base + a->out.len;
	memcpy(f.signature, "FACS", sizeof(f.signature));
	aml_bytes(&a->out, &f, sizeof(f));
	return at;
}

/* What makes it no hardware-reduced machine. */
static void fixed_hardware(struct fadt *f, uint64_t facs)
{
	f->firmware_ctrl = le32_of((uint32_t)facs);
	f->flags = le32_of(FADT_WBINVD | FADT_PWR_BUTTON | FADT_SLP_BUTTON | FADT_RESET_REG);
	f->sci = le16_of(X86_IRQ_SCI);
	f->pm1a_event = le32_of(X86_PORT_PM1);
	f->pm1a_control = le32_of(X86_PORT_PM1 + PM1_EVENT_BYTES);
	f->pm1_event_bytes = PM1_EVENT_BYTES;
	f->pm1_control_bytes = PM1_CONTROL_BYTES;
	/* More than these are states that there are not. */
	f->c2_us = le16_of(101);
	f->c3_us = le16_of(1001);
}

static uint64_t put_fadt(struct area *a, uint64_t dsdt, uint64_t facs)
{
	struct fadt f = { .h = header("FACP", 6), .profile = PROFILE_EMBEDDED, .minor = 4 };
	size_t at = table_begin(a);

	f.dsdt = le32_of((uint32_t)dsdt);
	f.x_dsdt = le64_of(dsdt);
	f.century = X86_RTC_CENTURY;
	f.boot_flags = le16_of(BOOT_NO_VGA);
	f.flags = le32_of(FADT_PWR_BUTTON | FADT_SLP_BUTTON | FADT_RESET_REG | FADT_HW_REDUCED);
	if (facs)
		fixed_hardware(&f, facs);
	f.reset = port(X86_PORT_RESET);
	f.reset_value = X86_RESET_VALUE;
	f.sleep_control = port(X86_PORT_SLEEP);
	f.sleep_status = port(X86_PORT_SLEEP + 1);
	memcpy(f.hypervisor, "DYNO\0\0\0", sizeof(f.hypervisor));
	aml_bytes(&a->out, &f, sizeof(f));
	return table_end(a, at);
}

static uint64_t put_madt(struct area *a, const struct acpi_config *cfg)
{
	struct madt m = { .h = header("APIC", 5),
		.lapic = le32_of((uint32_t)X86_LAPIC),
		.flags = le32_of(MADT_PCAT_COMPAT) };
	struct madt_ioapic io = { .type = 1, .len = 12, .address = le32_of((uint32_t)X86_IOAPIC) };
	uint32_t level = cfg->level_pins;
	struct madt_nmi nmi = { .type = 4, .len = 6, .uid = 0xff, .lint = 1 };
	size_t at = table_begin(a);

	aml_bytes(&a->out, &m, sizeof(m));
	for (unsigned int i = 0; i < cfg->cpus; i++) {
		struct madt_lapic l = { 0, 8, (uint8_t)i, (uint8_t)i, le32_of(1) };

		aml_bytes(&a->out, &l, sizeof(l));
	}
	aml_bytes(&a->out, &io, sizeof(io));
	if (cfg->no_pci)
		level |= 1u << X86_IRQ_SCI;
	for (unsigned int pin = 0; pin < LEGACY_PINS; pin++) {
		struct madt_override o = { MADT_OVERRIDE, sizeof(o), 0, (uint8_t)pin, le32_of(pin),
			le16_of(ACTIVE_HIGH | LEVEL) };

		if (level >> pin & 1)
			aml_bytes(&a->out, &o, sizeof(o));
	}
	aml_bytes(&a->out, &nmi, sizeof(nmi));
	return table_end(a, at);
}

static uint64_t put_mcfg(struct area *a)
{
	struct mcfg m = { .h = header("MCFG", 1), .base = le64_of(X86_ECAM) };
	size_t at = table_begin(a);

	aml_bytes(&a->out, &m, sizeof(m));
	return table_end(a, at);
}

int acpi_build(uint8_t *buf, size_t *len, uint64_t base, const struct acpi_config *cfg)
{
	struct area a = { .out = { .buf = buf, .cap = ACPI_MAX_BYTES }, .base = base };
	struct rsdp r = { .revision = 2, .length = le32_of(sizeof(r)) };
	struct header h = header("XSDT", 1);
	le64 entry[TABLES];
	uint64_t facs;
	size_t at, n = 0;

	aml_bytes(&a.out, &r, sizeof(r));
	facs = cfg->no_pci ? put_facs(&a) : 0;
	entry[n++] = le64_of(put_fadt(&a, put_dsdt(&a, cfg), facs));
	entry[n++] = le64_of(put_madt(&a, cfg));
	if (!cfg->no_pci)
		entry[n++] = le64_of(put_mcfg(&a));
	at = table_begin(&a);
	aml_bytes(&a.out, &h, sizeof(h));
	aml_bytes(&a.out, entry, n * sizeof(entry[0]));
	memcpy(r.signature, "RSD PTR ", sizeof(r.signature));
	memcpy(r.oem, "DYNO  ", sizeof(r.oem));
	r.xsdt = le64_of(table_end(&a, at));
	/* The first checksum covers what revision 0 had, the second everything. */
	r.checksum = checksum(&r, offsetof(struct rsdp, length));
	r.checksum2 = checksum(&r, sizeof(r));
	if (a.out.full)
		return -ENOSPC;
	memcpy(buf, &r, sizeof(r));
	*len = a.out.len;
	return 0;
}
