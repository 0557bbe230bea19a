/* SPDX-License-Identifier: Apache-2.0 */
/* CPUID for guests; see cpuid.h. Leaf and bit names are those of the processor manuals. */
#include "vmm/arch/x86_64/cpuid.h"

#define BIT(n) (UINT32_C(1) << (n))

/* Leaf 1 ECX */
#define F1C_MONITOR      BIT(3)
#define F1C_VMX          BIT(5)
#define F1C_SMX          BIT(6)
#define F1C_EIST         BIT(7)
#define F1C_TM2          BIT(8)
#define F1C_PDCM         BIT(15)
#define F1C_X2APIC       BIT(21)
#define F1C_TSC_DEADLINE BIT(24)
#define F1C_HYPERVISOR   BIT(31)
/* Leaf 1 EDX */
#define F1D_HTT BIT(28)
/* Leaf 0x80000001 ECX */
#define F8C_SVM BIT(2)

#define KVM_BASE     UINT32_C(0x40000000)
#define KVM_TIMING   UINT32_C(0x40000010)
#define APIC_BUS_KHZ 1000000

static uint32_t bits_for(unsigned int cpus)
{
	uint32_t bits = 0;

	while (UINT32_C(1) << bits < cpus)
		bits++;
	return bits;
}

static void leaf1(struct kvm_cpuid_entry2 *e, unsigned int cpu, unsigned int cpus)
{
	e->ebx = (e->ebx & 0x0000ffff) | (uint32_t)cpu << 24 | (uint32_t)cpus << 16;
	/* No nested virtualisation, no power management; the in-kernel LAPIC has the timer. */
	e->ecx &= ~(F1C_MONITOR | F1C_VMX | F1C_SMX | F1C_EIST | F1C_TM2 | F1C_PDCM);
	e->ecx |= F1C_X2APIC | F1C_TSC_DEADLINE | F1C_HYPERVISOR;
	e->edx = cpus > 1 ? e->edx | F1D_HTT : e->edx & ~F1D_HTT;
}

/* Extended topology: one thread a core, all cores in one package. */
static void topology(struct kvm_cpuid_entry2 *e, unsigned int cpu, unsigned int cpus)
{
	uint32_t level = e->index;

	e->eax = e->ebx = 0;
	e->ecx = level;
	e->edx = cpu;
	if (level == 0) {
		e->ebx = 1;
		e->ecx |= 1 << 8;
	} else if (level == 1) {
		e->eax = bits_for(cpus);
		e->ebx = cpus;
		e->ecx |= 2 << 8;
	}
}

static void clear(struct kvm_cpuid_entry2 *e)
{
	e->eax = e->ebx = e->ecx = e->edx = 0;
}

static void filter_entry(struct kvm_cpuid_entry2 *e, unsigned int cpu, unsigned int cpus)
{
	switch (e->function) {
	case 1:
		leaf1(e, cpu, cpus);
		break;
	case 4: /* caches: cores in the package, threads that share each */
		e->eax = (e->eax & 0x3fff) | (uint32_t)(cpus - 1) << 26;
		break;
	case 5: /* MONITOR/MWAIT */
	case 6: /* thermal and power */
	case 0xa: /* performance counters */
		clear(e);
		break;
	case 0xb:
	case 0x1f:
		topology(e, cpu, cpus);
		break;
	case KVM_BASE:
		e->eax = KVM_TIMING;
		break;
	case 0x80000001:
		e->ecx &= ~F8C_SVM;
		break;
	case 0x80000008:
		e->ecx = cpus - 1;
		break;
	default:
		break;
	}
}

void cpuid_filter(struct kvm_cpuid2 *table, unsigned int cpu, unsigned int cpus, uint32_t tsc_khz)
{
	uint32_t n = 0;
	bool level1 = false;

	for (uint32_t i = 0; i < table->nent; i++) {
		struct kvm_cpuid_entry2 e = table->entries[i];

		/* The list is the guest's now: where its frequencies are told, it is below. */
		if (e.function == KVM_TIMING)
			continue;
		filter_entry(&e, cpu, cpus);
		level1 = level1 || (e.function == 0xb && e.index == 1);
		table->entries[n++] = e;
	}
	if (!level1) {
		struct kvm_cpuid_entry2 e = {
			.function = 0xb, .index = 1, .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX
		};

		topology(&e, cpu, cpus);
		table->entries[n++] = e;
	}
	/* Frequencies in kHz, as guests of several hypervisors look for them. */
	table->entries[n++] = (struct kvm_cpuid_entry2){
		.function = KVM_TIMING, .eax = tsc_khz, .ebx = APIC_BUS_KHZ
	};
	table->nent = n;
}
