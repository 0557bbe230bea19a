/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of `dyno vm` as the text of a scenario, so that one reader checks both and a user can
 * let the text grow into a file. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* All borrowed; NULL where not given. */
struct vm_opts {
	const char *name; /* of the guest; never NULL */
	const char *kernel, *initrd, *append;
	const char *entry; /* boot entry of the first disk, without a kernel */
	const char *memory; /* without a unit MiB */
	const char *cpus, *display;
	const char *vsock; /* context identifier */
	bool balloon;
	const char *console; /* port; never NULL */
	/* As typed: FILE[,ro][,serial=S][,queues=N][,format=F][,overlay=memory|none|FILE] */
	const char *const *disks;
	const char *const *nets; /* user[,fwd=..][,mac=..][,mtu=..][,restricted], tap=IF */
	const char *const *shares, *const *shares_9p; /* DIR,TAG[,ro] */
	const char *const *cans; /* IF[,direct] of the host, or bus[=NAME] */
	size_t n_disks, n_nets, n_cans, n_shares, n_shares_9p;
};

/*
 * Writes the scenario: *out is the caller's. 0, -EINVAL with a message that names the option, or
 * -ENOMEM.
 */
MUST_CHECK int vm_text(const struct vm_opts *o, char **out, struct err *e);
