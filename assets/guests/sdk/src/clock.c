/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time from the time-stamp counter. Its frequency comes from whoever states it: CPUID, the
 * hypervisor's CPUID leaf, KVM's clock page; else it is measured against the PIT.
 */
#include "dyno/event.h"
#include "dyno/io.h"
#include "sdk.h"

#define MSR_KVM_SYSTEM_TIME 0x4b564d01u

/* KVM's "pvclock_vcpu_time_info". */
struct kvm_clock {
	uint32_t version, pad;
	uint64_t tsc, system_ns;
	uint32_t mul;
	int8_t shift;
	uint8_t flags, pad2[2];
};

static uint64_t tsc_hz, tsc_start;
/* ns = ticks * ns_mul >> 32, by 128-bit arithmetic: exact to 1e-9 and never wraps. */
static uint64_t ns_mul;

static uint64_t hz_from_kvm_clock(void)
{
	static struct kvm_clock page __attribute__((aligned(64)));
	uint64_t hz;

	dyno_wrmsr(MSR_KVM_SYSTEM_TIME, (uintptr_t)&page | 1);
	dyno_wrmsr(MSR_KVM_SYSTEM_TIME, 0);
	if (page.mul == 0)
		return 0;
	hz = (UINT64_C(1000000000) << 32) / page.mul;
	return page.shift < 0 ? hz << -page.shift : hz >> page.shift;
}

/* PIT channel 2 in mode 0, 1/100 s. */
static uint64_t hz_from_pit(void)
{
	const uint16_t count = 11932;
	uint64_t from, to;

	dyno_out8(0x61, (uint8_t)((dyno_in8(0x61) & ~2u) | 1u));
	dyno_out8(0x43, 0xb0);
	dyno_out8(0x42, count & 0xff);
	dyno_out8(0x42, count >> 8);
	from = dyno_rdtsc();
	do {
		to = dyno_rdtsc();
		if (to - from > UINT64_C(1000000000))
			return UINT64_C(1000000000);
	} while ((dyno_in8(0x61) & 0x20) == 0);
	return (to - from) * 100;
}

void clock_init(void)
{
	const uint32_t max = dyno_cpuid(0, 0).eax;
	struct dyno_cpuid c;

	tsc_start = dyno_rdtsc();
	if ((dyno_cpuid(1, 0).ecx & 0x80000000u) != 0) {
		c = dyno_cpuid(0x40000000, 0);
		if (c.eax >= 0x40000010)
			tsc_hz = UINT64_C(1000) * dyno_cpuid(0x40000010, 0).eax;
		/* "KVMKVMKVM", feature CLOCKSOURCE2 */
		if (tsc_hz == 0 && c.ebx == 0x4b4d564b && (dyno_cpuid(0x40000001, 0).eax & 8) != 0)
			tsc_hz = hz_from_kvm_clock();
	}
	if (tsc_hz == 0 && max >= 0x15) {
		c = dyno_cpuid(0x15, 0);
		if (c.eax != 0 && c.ebx != 0 && c.ecx != 0)
			tsc_hz = (uint64_t)c.ecx * c.ebx / c.eax;
	}
	if (tsc_hz == 0)
		tsc_hz = hz_from_pit();
	ns_mul = (UINT64_C(1000000000) << 32) / tsc_hz;
}

uint64_t dyno_now_ns(void)
{
	return (uint64_t)((unsigned __int128)(dyno_rdtsc() - tsc_start) * ns_mul >> 32);
}

uint64_t dyno_tsc_hz(void)
{
	return tsc_hz;
}
