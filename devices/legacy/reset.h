/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left of a PC for turning itself off and on: the reset pulse of the keyboard controller
 * (i8042), the reset control register (port 0xcf9) and the ACPI sleep registers. Pure state: a
 * write says what the guest wants, the machine does it. No keyboard is behind the controller.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum reset_wish { RESET_NOTHING, RESET_RESET, RESET_POWEROFF };

/* Keyboard controller: data port (0) and command/status port (4), one byte. */
struct i8042 {
	uint8_t command; /* waiting for its data byte; 0: none */
	uint8_t control;
};

uint8_t i8042_read(struct i8042 *k, unsigned int reg);
enum reset_wish i8042_write(struct i8042 *k, unsigned int reg, uint8_t value);

/* Reset control register (one byte): a write with both bits 1 and 2 set resets. */
struct reset_control {
	uint8_t value;
};
uint8_t reset_control_read(const struct reset_control *r);
enum reset_wish reset_control_write(struct reset_control *r, uint8_t value);

/* ACPI hardware-reduced sleep control (reg 0) and sleep status (reg 1). `s5` is the type that the
 * DSDT's \_S5 names. */
struct sleep_control {
	uint8_t s5, control, status;
};
uint8_t sleep_control_read(const struct sleep_control *s, unsigned int reg);
enum reset_wish sleep_control_write(struct sleep_control *s, unsigned int reg, uint8_t value);

/* ACPI fixed hardware, for machines that have it: PM1 event status and enable (registers 0 to 3),
 * PM1 control (4 and 5). No event ever comes; control turns the machine off. */
#define PM1_BYTES 6
struct pm1 {
	uint8_t s5;
	uint8_t reg[PM1_BYTES];
};
uint8_t pm1_read(const struct pm1 *p, unsigned int reg);
enum reset_wish pm1_write(struct pm1 *p, unsigned int reg, uint8_t value);
