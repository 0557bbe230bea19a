/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports, device registers, MSRs. For drivers; programs use the devices' headers.
 *
 * All go through ring 0: a HLT in ring 3 raises #GP, whose handler does what is asked (see
 * src/traps.S). Device registers could be reached from ring 3 too, but there an access costs
 * several times what it costs from ring 0 under a hypervisor that emulates ring 0. Several accesses
 * in one list cost one ring change.
 */
#pragma once

#include "dyno/base.h"

/* What ring 0 does. The order is that of the table in src/traps.S. */
enum dyno_gate {
	DYNO_GATE_IDLE,
	DYNO_GATE_LIST,
	DYNO_GATE_OUT8,
	DYNO_GATE_OUT16,
	DYNO_GATE_OUT32,
	DYNO_GATE_IN8,
	DYNO_GATE_IN16,
	DYNO_GATE_IN32,
	DYNO_GATE_OUTS8,
	DYNO_GATE_WRMSR,
	DYNO_GATE_RDMSR,
	DYNO_GATE_TOUCH
};

/* One access to a device register. */
enum dyno_op_kind { DYNO_READ8, DYNO_READ16, DYNO_READ32, DYNO_WRITE8, DYNO_WRITE16, DYNO_WRITE32 };
struct dyno_op {
	uint64_t addr;
	uint32_t kind; /* enum dyno_op_kind */
	uint32_t value; /* to write, or what was read */
};
static_assert(sizeof(struct dyno_op) == 16, "as in src/traps.S");

/* Enters ring 0. What the arguments mean depends on `what`. Returns rax. */
static inline uint64_t dyno_ring0(
	enum dyno_gate what, uint64_t rdx, uint64_t rcx, uint64_t rsi, uint64_t timer)
{
	register uint64_t r8 __asm__("r8") = timer;
	uint64_t rax = what, rdi;

	__asm__ volatile("call dyno_gate"
			 : "+a"(rax), "+d"(rdx), "+c"(rcx), "+S"(rsi), "=D"(rdi), "+r"(r8)
			 :
			 : "memory", "cc");
	return rax;
}

/* Runs n register accesses in order. */
static inline void dyno_ops(struct dyno_op *op, size_t n)
{
	if (n > 0)
		dyno_ring0(DYNO_GATE_LIST, 0, n, (uintptr_t)op, 0);
}

static inline void dyno_out8(uint16_t port, uint8_t v)
{
	dyno_ring0(DYNO_GATE_OUT8, port, v, 0, 0);
}
static inline void dyno_out16(uint16_t port, uint16_t v)
{
	dyno_ring0(DYNO_GATE_OUT16, port, v, 0, 0);
}
static inline void dyno_out32(uint16_t port, uint32_t v)
{
	dyno_ring0(DYNO_GATE_OUT32, port, v, 0, 0);
}
static inline uint8_t dyno_in8(uint16_t port)
{
	return (uint8_t)dyno_ring0(DYNO_GATE_IN8, port, 0, 0, 0);
}
static inline uint16_t dyno_in16(uint16_t port)
{
	return (uint16_t)dyno_ring0(DYNO_GATE_IN16, port, 0, 0, 0);
}
static inline uint32_t dyno_in32(uint16_t port)
{
	return (uint32_t)dyno_ring0(DYNO_GATE_IN32, port, 0, 0, 0);
}
/* n bytes to one port, in one VM exit. */
static inline void dyno_outs8(uint16_t port, const void *src, size_t n)
{
	dyno_ring0(DYNO_GATE_OUTS8, port, n, (uintptr_t)src, 0);
}
static inline void dyno_wrmsr(uint32_t msr, uint64_t v)
{
	dyno_ring0(DYNO_GATE_WRMSR, 0, msr, v, 0);
}
static inline uint64_t dyno_rdmsr(uint32_t msr)
{
	return dyno_ring0(DYNO_GATE_RDMSR, 0, msr, 0, 0);
}

/* Single accesses to device registers. */
static inline uint32_t mmio_op(uintptr_t a, enum dyno_op_kind kind, uint32_t v)
{
	struct dyno_op op = { a, kind, v };

	dyno_ops(&op, 1);
	return op.value;
}
static inline uint8_t mmio_read8(uintptr_t a)
{
	return (uint8_t)mmio_op(a, DYNO_READ8, 0);
}
static inline uint16_t mmio_read16(uintptr_t a)
{
	return (uint16_t)mmio_op(a, DYNO_READ16, 0);
}
static inline uint32_t mmio_read32(uintptr_t a)
{
	return mmio_op(a, DYNO_READ32, 0);
}
static inline void mmio_write8(uintptr_t a, uint8_t v)
{
	mmio_op(a, DYNO_WRITE8, v);
}
static inline void mmio_write16(uintptr_t a, uint16_t v)
{
	mmio_op(a, DYNO_WRITE16, v);
}
static inline void mmio_write32(uintptr_t a, uint32_t v)
{
	mmio_op(a, DYNO_WRITE32, v);
}

static inline uint64_t dyno_rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

struct dyno_cpuid {
	uint32_t eax, ebx, ecx, edx;
};
static inline struct dyno_cpuid dyno_cpuid(uint32_t leaf, uint32_t sub)
{
	struct dyno_cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(sub));
	return r;
}

/* Orders all memory accesses before against all after, as devices on other CPUs see them. */
static inline void dyno_mb(void)
{
	__asm__ volatile("lock; addl $0, -4(%%rsp)" : : : "memory", "cc");
}
/* Keeps the order of stores to stores and of loads to loads (x86 does, the compiler must). */
static inline void dyno_wmb(void)
{
	__asm__ volatile("" : : : "memory");
}
static inline void dyno_rmb(void)
{
	__asm__ volatile("" : : : "memory");
}
static inline void dyno_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}
