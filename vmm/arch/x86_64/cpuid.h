/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest's CPUID says: what KVM supports, less what Dyno does not give, plus topology. */
#pragma once

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Turns KVM's supported list into the answers of vCPU `cpu` of `cpus` (APIC ids are the numbers).
 * `table` must have room for 2 entries more than nent. Pure.
 */
void cpuid_filter(struct kvm_cpuid2 *table, unsigned int cpu, unsigned int cpus, uint32_t tsc_khz);
