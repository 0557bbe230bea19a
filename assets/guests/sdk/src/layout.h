/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that assembly and C of the SDK share. Private to the SDK. */
#pragma once

/* Segment selectors. */
#define SEG_CODE0 0x08
#define SEG_DATA3 0x13
#define SEG_CODE3 0x1b
#define SEG_TSS   0x20

#define STACK3_BYTES 262144

/* Interrupt vectors: all queues share one, all configuration changes another. */
#define VECTOR_TIMER    0x40
#define VECTOR_DEVICE   0x41
#define VECTOR_CONFIG   0x42
#define VECTOR_SPURIOUS 0xff

/* Offsets in struct trap_record (traps.h). */
#define TRAP_VECTOR 0
#define TRAP_ERROR  8
#define TRAP_RIP    16
#define TRAP_CS     24
#define TRAP_RFLAGS 32
#define TRAP_RSP    40
#define TRAP_CR2    48
#define TRAP_REGS   56
