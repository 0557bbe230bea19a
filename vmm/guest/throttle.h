/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes processor time away from a guest: in each period of 10 ms its vCPUs run for a share and
 * stand for the rest. Devices and the guest's clocks go on, as on a processor that is too slow.
 *
 * The loop's thread only.
 */
#pragma once

#include "base/err.h"
#include "base/ev.h"
#include "vmm/kvm/vm.h"

struct throttle {
	struct ev_timer timer;
	struct vm *vm; /* borrowed */
	unsigned int percent; /* 100: no throttle */
	bool held;
	uint64_t since_ns, let_go_ns; /* when counting began; when the vCPUs were let go last */
	uint64_t ran_ns; /* how long they could run since then, this time not counted */
};

/* Lets everything run. 0 or -errno. */
MUST_CHECK int throttle_init(struct throttle *t, struct ev_loop *loop, struct vm *vm);
void throttle_fini(struct throttle *t);
/* From now on; `percent` is from 1 to 100. */
void throttle_set(struct throttle *t, unsigned int percent);
