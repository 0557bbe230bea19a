/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The little of ACPI that a guest needs: where PCI's configuration space is (MCFG), and how the
 * machine is switched off and reset (FADT, and \_S5 in the DSDT). No interpreter: the bytes of the
 * \_S5 package are looked for. ACPI 6.5, "ACPI Software Programming Model".
 */
#include <string.h>

#include "dyno/io.h"
#include "sdk.h"

struct sdt {
	char sig[4];
	uint32_t bytes;
	uint8_t rev, sum;
	char oem[24], pad[2];
};
static_assert(sizeof(struct sdt) == 36, "ACPI table header");

/* Offsets in the FADT. */
#define FADT_DSDT        40
#define FADT_SMI_CMD     48
#define FADT_ACPI_ENABLE 52
#define FADT_PM1A_CNT    64
#define FADT_FLAGS       112
#define FADT_RESET_REG   116
#define FADT_RESET_VALUE 128
#define FADT_X_DSDT      140
#define FADT_SLEEP_CTL   244
#define FADT_REDUCED     (1u << 20)
#define FADT_HAS_RESET   (1u << 10)

struct __attribute__((packed)) gas {
	uint8_t space, bits, offset, access;
	uint64_t addr;
};

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static const uint8_t *find_table(const char *sig)
{
	const uint8_t *rsdp = (const uint8_t *)(uintptr_t)boot_rsdp();
	const uint8_t *root;
	size_t width, n;

	if (rsdp == NULL || memcmp(rsdp, "RSD PTR ", 8) != 0)
		return NULL;
	width = rsdp[15] >= 2 && get64(rsdp + 24) != 0 ? 8 : 4;
	root = (const uint8_t *)(uintptr_t)(width == 8 ? get64(rsdp + 24) : get32(rsdp + 16));
	n = get32(root + 4);
	for (size_t at = sizeof(struct sdt); at + width <= n; at += width) {
		const uint8_t *t = (const uint8_t *)(uintptr_t)(width == 8 ? get64(root + at)
									   : get32(root + at));

		if (memcmp(t, sig, 4) == 0)
			return t;
	}
	return NULL;
}

uint64_t acpi_ecam(void)
{
	const uint8_t *t = find_table("MCFG");

	return t != NULL && get32(t + 4) >= 60 ? get64(t + 44) : 0;
}

static void write_gas8(struct gas g, uint8_t v)
{
	if (g.space == 1)
		dyno_out8((uint16_t)g.addr, v);
	else if (g.space == 0)
		mmio_write8((uintptr_t)g.addr, v);
}

/* SLP_TYPa of \_S5: NameOp "_S5_" PackageOp PkgLength NumElements, then an integer. */
static unsigned int s5_type(const uint8_t *dsdt)
{
	const size_t n = dsdt != NULL ? get32(dsdt + 4) : 0;

	for (size_t i = sizeof(struct sdt); i + 10 < n; i++) {
		const uint8_t *p = dsdt + i + 4;

		if (memcmp(dsdt + i, "_S5_", 4) != 0 || p[0] != 0x12)
			continue;
		p += 1 + 1 + (p[1] >> 6) + 1;
		return *p == 0x0a ? p[1] & 7u : *p & 7u;
	}
	return 5;
}

void acpi_poweroff(void)
{
	const uint8_t *f = find_table("FACP");
	const uint8_t *dsdt;
	unsigned int type;
	uint32_t n;

	if (f == NULL)
		return;
	n = get32(f + 4);
	dsdt = (const uint8_t *)(uintptr_t)get32(f + FADT_DSDT);
	if (n >= FADT_X_DSDT + 8 && get64(f + FADT_X_DSDT) != 0)
		dsdt = (const uint8_t *)(uintptr_t)get64(f + FADT_X_DSDT);
	type = s5_type(dsdt);
	if ((get32(f + FADT_FLAGS) & FADT_REDUCED) != 0 && n >= FADT_SLEEP_CTL + 12) {
		struct gas g;

		memcpy(&g, f + FADT_SLEEP_CTL, sizeof(g));
		write_gas8(g, (uint8_t)(type << 2 | 0x20));
	} else if (get32(f + FADT_PM1A_CNT) != 0) {
		dyno_out16((uint16_t)get32(f + FADT_PM1A_CNT), (uint16_t)(type << 10 | 0x2000));
	}
}

void acpi_reset(void)
{
	const uint8_t *f = find_table("FACP");
	struct gas g;

	if (f == NULL || (get32(f + FADT_FLAGS) & FADT_HAS_RESET) == 0)
		return;
	memcpy(&g, f + FADT_RESET_REG, sizeof(g));
	write_gas8(g, f[FADT_RESET_VALUE]);
}
