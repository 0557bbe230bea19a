/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says about a process: memory by purpose, processor time. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct proc_memory {
	uint64_t rss_bytes, pss_bytes;
	uint64_t guest_ram_bytes; /* resident part of the guest's memory */
	uint64_t surface_bytes; /* resident part of other memfds: pictures for the UI */
	uint64_t private_bytes; /* of the rest: pages that are this process's alone */
};

/*
 * Reads /proc/PID/smaps. A memfd mapping of `ram_bytes` in all, or one whose name holds "ram", is
 * the guest's memory. 0 or -errno.
 */
MUST_CHECK int proc_memory(pid_t pid, uint64_t ram_bytes, struct proc_memory *out);

/* Processor time so far of the threads that live, guest code included, in ns. 0 or -errno. */
MUST_CHECK int proc_cpu(pid_t pid, uint64_t *out_ns);
