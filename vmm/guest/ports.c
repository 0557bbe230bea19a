/* SPDX-License-Identifier: Apache-2.0 */
/* The legacy ports of a machine: COM1, clock, keyboard controller, crash report, reset and sleep
 * registers. */
#include <string.h>

#include "base/fd.h"
#include "devices/legacy/pvpanic.h"
#include "devices/legacy/rtc.h"
#include "vmm/arch/x86_64/layout.h"
#include "vmm/guest/machine_priv.h"

/* Registers are a byte wide; a wider access is its bytes in order. */

static void uart_bus_read(void *ctx, uint64_t off, void *dst, uint32_t len)
{
	struct machine *mc = ctx;
	uint8_t *to = dst;

	for (uint32_t i = 0; i < len; i++)
		to[i] = uart_read(mc->uart, (unsigned int)off + i);
}

static void uart_bus_write(void *ctx, uint64_t off, const void *src, uint32_t len)
{
	struct machine *mc = ctx;
	const uint8_t *from = src;

	for (uint32_t i = 0; i < len; i++)
		uart_write(mc->uart, (unsigned int)off + i, from[i]);
}

static void uart_irq(void *ctx, bool level)
{
	struct machine *mc = ctx;

	vm_irq_line(mc->vm, X86_IRQ_COM1, level);
}

static void cmos_bus_read(void *ctx, uint64_t off, void *dst, uint32_t len)
{
	struct machine *mc = ctx;
	uint8_t *to = dst;

	for (uint32_t i = 0; i < len; i++)
		to[i] = cmos_read(mc->cmos, (unsigned int)off + i);
}

static void cmos_bus_write(void *ctx, uint64_t off, const void *src, uint32_t len)
{
	struct machine *mc = ctx;
	const uint8_t *from = src;

	for (uint32_t i = 0; i < len; i++)
		cmos_write(mc->cmos, (unsigned int)off + i, from[i]);
}

static void cmos_irq(void *ctx, bool level)
{
	struct machine *mc = ctx;

	vm_irq_line(mc->vm, X86_IRQ_CMOS, level);
}

static void panic_bus_read(void *ctx, uint64_t off, void *dst, uint32_t len)
{
	(void)ctx;
	(void)off;
	memset(dst, pvpanic_read(), len);
}

static void panic_bus_write(void *ctx, uint64_t off, const void *src, uint32_t len)
{
	struct machine *mc = ctx;
	enum pvpanic_event ev = pvpanic_write(*(const uint8_t *)src);

	(void)off;
	(void)len;
	/* Said once until the next power-on, however often the guest says it. */
	if (ev == PVPANIC_NOTHING || atomic_exchange(&mc->panicked, true))
		return;
	mc->host.panicked(mc->host.ctx, ev == PVPANIC_DUMPS);
}

static void carry_out(struct machine *mc, enum reset_wish w)
{
	/* One string instruction can ask a thousand times, two vCPUs at once. */
	if (w == RESET_NOTHING || atomic_exchange(&mc->leaving, true))
		return;
	vm_halt(mc->vm);
	mc->host.wish(mc->host.ctx, w == RESET_RESET ? WISH_RESET : WISH_POWEROFF,
		w == RESET_RESET ? "the guest asked for a reset" : "the guest turned itself off");
}

static void i8042_bus_read(void *ctx, uint64_t off, void *dst, uint32_t len)
{
	struct machine *mc = ctx;
	uint8_t *to = dst;

	for (uint32_t i = 0; i < len; i++)
		to[i] = i8042_read(&mc->i8042, (unsigned int)off + i);
}

static void i8042_bus_write(void *ctx, uint64_t off, const void *src, uint32_t len)
{
	struct machine *mc = ctx;
	const uint8_t *from = src;

	for (uint32_t i = 0; i < len; i++)
		carry_out(mc, i8042_write(&mc->i8042, (unsigned int)off + i, from[i]));
}

static void sleep_bus_read(void *ctx, uint64_t off, void *dst, uint32_t len)
{
	struct machine *mc = ctx;
	uint8_t *to = dst;

	for (uint32_t i = 0; i < len; i++)
		to[i] = sleep_control_read(&mc->sleep, (unsigned int)off + i);
}

static void sleep_bus_write(void *ctx, uint64_t off, const void *src, uint32_t len)
{
	struct machine *mc = ctx;
	const uint8_t *from = src;

	for (uint32_t i = 0; i < len; i++)
		carry_out(mc, sleep_control_write(&mc->sleep, (unsigned int)off + i, from[i]));
}

static void pm1_bus_read(void *ctx, uint64_t off, void *dst, uint32_t len)
{
	struct machine *mc = ctx;
	uint8_t *to = dst;

	for (uint32_t i = 0; i < len; i++)
		to[i] = pm1_read(&mc->pm1, (unsigned int)off + i);
}

static void pm1_bus_write(void *ctx, uint64_t off, const void *src, uint32_t len)
{
	struct machine *mc = ctx;
	const uint8_t *from = src;

	for (uint32_t i = 0; i < len; i++)
		carry_out(mc, pm1_write(&mc->pm1, (unsigned int)off + i, from[i]));
}

/* The reset control register lies among the ports of PCI configuration. */
static void pci_bus_read(void *ctx, uint64_t off, void *dst, uint32_t len)
{
	struct machine *mc = ctx;

	if (off == X86_PORT_RESET - X86_PORT_PCI && len == 1)
		*(uint8_t *)dst = reset_control_read(&mc->reset_control);
	else if (mc->m->mmio) /* nobody: there is no PCI */
		memset(dst, 0xff, len);
	else
		pci_port_read(&mc->pci, off, dst, len);
}

static void pci_bus_write(void *ctx, uint64_t off, const void *src, uint32_t len)
{
	struct machine *mc = ctx;

	if (off == X86_PORT_RESET - X86_PORT_PCI && len == 1)
		carry_out(mc, reset_control_write(&mc->reset_control, *(const uint8_t *)src));
	else if (!mc->m->mmio)
		pci_port_write(&mc->pci, off, src, len);
}

static const struct bus_ops uart_ops = { uart_bus_read, uart_bus_write };
static const struct bus_ops cmos_ops = { cmos_bus_read, cmos_bus_write };
static const struct bus_ops panic_ops = { panic_bus_read, panic_bus_write };
static const struct bus_ops i8042_ops = { i8042_bus_read, i8042_bus_write };
static const struct bus_ops sleep_ops = { sleep_bus_read, sleep_bus_write };
static const struct bus_ops pm1_ops = { pm1_bus_read, pm1_bus_write };
static const struct bus_ops pci_ops = { pci_bus_read, pci_bus_write };

static void power_on(struct machine *mc)
{
	atomic_store(&mc->leaving, false);
	atomic_store(&mc->panicked, false);
	mc->i8042 = (struct i8042){ 0 };
	mc->reset_control = (struct reset_control){ 0 };
	mc->sleep = (struct sleep_control){ .s5 = X86_S5_TYPE };
	mc->pm1 = (struct pm1){ .s5 = X86_S5_TYPE };
}

void machine_ports_reset(struct machine *mc)
{
	power_on(mc);
	uart_reset(mc->uart);
	cmos_reset(mc->cmos);
}

int machine_ports_add(struct machine *mc, int serial_fd_take, struct err *e)
{
	static const struct {
		uint16_t base, len;
		const struct bus_ops *ops;
	} ports[] = {
		{ X86_PORT_I8042, 5, &i8042_ops },
		{ X86_PORT_CMOS, CMOS_PORTS, &cmos_ops },
		{ X86_PORT_COM1, UART_PORTS, &uart_ops },
		{ X86_PORT_PANIC, 1, &panic_ops },
		{ X86_PORT_SLEEP, 2, &sleep_ops },
		{ X86_PORT_PCI, 8, &pci_ops },
	};
	struct uart_host uh = { .irq = uart_irq, .ctx = mc };
	struct cmos_host ch = { .irq = cmos_irq, .ctx = mc, .utc = &mc->utc };
	int rc = uart_new(&mc->uart, mc->host.loop, serial_fd_take, &uh);

	static_assert(X86_RTC_CENTURY == RTC_CENTURY, "what ACPI tells");
	if (rc < 0)
		return err_errno(e, -rc, "cannot use the serial descriptor");
	rc = cmos_new(&mc->cmos, mc->host.loop, &ch);
	if (rc < 0)
		return err_errno(e, -rc, "cannot make the clock");
	power_on(mc);
	for (size_t i = 0; i < ARRAY_SIZE(ports) && rc == 0; i++)
		rc = bus_add(&mc->pio, ports[i].base, ports[i].len, ports[i].ops, mc);
	/* See acpi.h. */
	if (rc == 0 && mc->m->mmio)
		rc = bus_add(&mc->pio, X86_PORT_PM1, PM1_BYTES, &pm1_ops, mc);
	return rc < 0 ? err_errno(e, -rc, "cannot place the legacy ports") : 0;
}
