/* SPDX-License-Identifier: Apache-2.0 */
/* Reset and power-off registers; see reset.h. */
#include "devices/legacy/reset.h"

#define KBC_STATUS_SYSTEM 0x04 /* self test passed */
#define KBC_WRITE_CONTROL 0x60
#define KBC_WRITE_OUTPUT  0xd1
#define KBC_PULSE         0xf0 /* ..0xff: the zero bits are pulsed; bit 0 is the reset line */

#define RST_SYSTEM 0x02
#define RST_CPU    0x04

/* ACPI, "Sleep Control Register": SLP_TYP is bits 2..4, SLP_EN bit 5; WAK_STS is bit 7 of status.
 */
#define SLP_TYPE(v) (((v) >> 2) & 7)
#define SLP_EN      0x20
#define WAK_STS     0x80

/* ACPI, "PM1 Event Grouping" and "PM1 Control Grouping"; the upper byte of control is laid out as
 * the sleep control register. */
#define PM1_ENABLE  2
#define PM1_CONTROL 4
#define PM1_SCI_EN  0x01

uint8_t i8042_read(struct i8042 *k, unsigned int reg)
{
	/* Neither buffer is ever full: no keyboard, and commands take no time. */
	if (reg == 4)
		return KBC_STATUS_SYSTEM;
	return k->control;
}

enum reset_wish i8042_write(struct i8042 *k, unsigned int reg, uint8_t value)
{
	if (reg == 4) {
		k->command = value == KBC_WRITE_CONTROL || value == KBC_WRITE_OUTPUT ? value : 0;
		return value >= KBC_PULSE && !(value & 1) ? RESET_RESET : RESET_NOTHING;
	}
	if (k->command == KBC_WRITE_CONTROL)
		k->control = value;
	/* The output port's bit 0 is the reset line, active low. */
	if (k->command == KBC_WRITE_OUTPUT && !(value & 1)) {
		k->command = 0;
		return RESET_RESET;
	}
	k->command = 0;
	return RESET_NOTHING;
}

uint8_t reset_control_read(const struct reset_control *r)
{
	return r->value;
}

enum reset_wish reset_control_write(struct reset_control *r, uint8_t value)
{
	/* The reset happens when RST_CPU rises. */
	bool rises = (value & RST_CPU) && !(r->value & RST_CPU);

	r->value = value & (RST_SYSTEM | RST_CPU | 0x08);
	return rises ? RESET_RESET : RESET_NOTHING;
}

uint8_t sleep_control_read(const struct sleep_control *s, unsigned int reg)
{
	return reg == 0 ? s->control : s->status;
}

enum reset_wish sleep_control_write(struct sleep_control *s, unsigned int reg, uint8_t value)
{
	if (reg != 0) {
		s->status &= (uint8_t) ~(value & WAK_STS);
		return RESET_NOTHING;
	}
	/* SLP_EN reads as zero. */
	s->control = value & (uint8_t)~SLP_EN;
	return (value & SLP_EN) && SLP_TYPE(value) == s->s5 ? RESET_POWEROFF : RESET_NOTHING;
}

uint8_t pm1_read(const struct pm1 *p, unsigned int reg)
{
	/* The system is in ACPI mode from the beginning. */
	return (uint8_t)(p->reg[reg] | (reg == PM1_CONTROL ? PM1_SCI_EN : 0));
}

enum reset_wish pm1_write(struct pm1 *p, unsigned int reg, uint8_t value)
{
	/* Status bits are cleared by writing them: none is ever set. */
	if (reg < PM1_ENABLE)
		return RESET_NOTHING;
	/* SLP_EN reads as zero. */
	p->reg[reg] = reg == PM1_CONTROL + 1 ? value & (uint8_t)~SLP_EN : value;
	return reg == PM1_CONTROL + 1 && (value & SLP_EN) && SLP_TYPE(value) == p->s5
		       ? RESET_POWEROFF
		       : RESET_NOTHING;
}
