/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watchdog of Intel's 6300ESB I/O controller hub, as its drivers know it. Two stages count one
 * after the other; the driver reloads the first in time, else the second one's end is the fire.
 * Pure state: every function is told the time, which stands while the guest does.
 *
 * Not modelled: the interrupt at the end of the first stage (only its flag), the output pin.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* In configuration space; a word and a byte. */
#define I6300ESB_CONFIG 0x60
#define I6300ESB_LOCK   0x68

#define I6300ESB_CONFIG_MASK 0x27
#define I6300ESB_LOCK_MASK   0x07
#define I6300ESB_LOCK_LOCKED 0x01 /* from now on the byte cannot be changed until the reset */

struct i6300esb {
	uint16_t config;
	uint8_t lock;
	uint8_t unlocked; /* steps of the sequence that precedes every write: 2 is open */
	uint8_t stage; /* 0: it does not count */
	bool flag; /* the first stage ended */
	bool fired; /* it did once; stays over the reset that it caused */
	uint32_t preload[2];
	uint64_t deadline_ns; /* of the stage */
};

void i6300esb_init(struct i6300esb *w);
/* The machine's reset: all but `fired`. */
void i6300esb_reset(struct i6300esb *w);

/* The guest wrote these configuration registers. */
void i6300esb_config(struct i6300esb *w, uint16_t config, uint8_t lock, uint64_t now_ns);
/* The memory BAR; len 1 to 8, anything outside the registers reads as zero and is not written. */
uint64_t i6300esb_read(const struct i6300esb *w, uint64_t off, uint32_t len);
void i6300esb_write(
	struct i6300esb *w, uint64_t off, uint64_t value, uint32_t len, uint64_t now_ns);

/* Lets it count up to now; true when it fires. */
bool i6300esb_advance(struct i6300esb *w, uint64_t now_ns);
/* When i6300esb_advance() is due; UINT64_MAX: never. */
uint64_t i6300esb_deadline(const struct i6300esb *w);
