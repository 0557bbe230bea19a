/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a vCPU was when it was made, beyond its plain registers: model-specific registers, XCR0,
 * debug registers. KVM has no call that resets a vCPU, so that all of it is written down before
 * the guest runs and put back at a reset. Without it a guest's second life begins with, for
 * example, a KVM clock that still writes into memory which is something else now.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/fd.h"
#include "base/log.h"
#include "vmm/kvm/priv.h"

#define MAX_MSRS     1024
#define HYPERV_FIRST 0x40000000 /* a guest is not offered these; their writes have effects */
#define HYPERV_LAST  0x400001ff

/* Time goes on over a reset; the deadline has a place of its own in it. */
static bool is_state(uint32_t index)
{
	return index != MSR_TSC && index != MSR_TSC_DEADLINE &&
	       (index < HYPERV_FIRST || index > HYPERV_LAST);
}

int vm_msr_list(struct vm *vm, int kvm_fd, struct err *e)
{
	struct kvm_msr_list *l = calloc(1, sizeof(*l) + MAX_MSRS * sizeof(l->indices[0]));

	if (!l)
		return err_errno(e, ENOMEM, "list of registers");
	l->nmsrs = MAX_MSRS;
	if (ioctl(kvm_fd, KVM_GET_MSR_INDEX_LIST, l) < 0) {
		int rc = err_errno(e, errno, "KVM does not tell its list of registers");

		free(l);
		return rc;
	}
	vm->msr_list = l;
	return 0;
}

int vcpu_first_save(struct vcpu *c, struct err *e)
{
	const struct kvm_msr_list *l = c->vm->msr_list;
	struct kvm_msr_entry *m;

	if (c->first_msr)
		return 0;
	m = calloc(l->nmsrs + 1, sizeof(*m));
	if (!m)
		return err_errno(e, ENOMEM, "registers of vCPU %u", c->index);
	c->first_msr = m;
	for (uint32_t i = 0; i < l->nmsrs; i++) {
		m[c->n_first_msr].index = l->indices[i];
		/* Some can be read only with features that this guest does not have. */
		if (is_state(l->indices[i]) &&
			vcpu_msr_get(c, l->indices[i], (uint64_t *)&m[c->n_first_msr].data))
			c->n_first_msr++;
	}
	c->has_xcrs = ioctl(c->fd, KVM_GET_XCRS, &c->first_xcrs) == 0;
	c->has_debug = ioctl(c->fd, KVM_GET_DEBUGREGS, &c->first_debug) == 0;
	return 0;
}

int vcpu_first_restore(struct vcpu *c)
{
	for (uint32_t i = 0; i < c->n_first_msr; i++) {
		uint64_t now;

		/* Only what the guest changed: others may not be writable at all. */
		if (vcpu_msr_get(c, c->first_msr[i].index, &now) && now == c->first_msr[i].data)
			continue;
		if (!vcpu_msr_set(c, c->first_msr[i].index, c->first_msr[i].data))
			log_debug("vCPU %u: register 0x%x keeps its value over the reset", c->index,
				c->first_msr[i].index);
	}
	if ((c->has_xcrs && ioctl(c->fd, KVM_SET_XCRS, &c->first_xcrs) < 0) ||
		(c->has_debug && ioctl(c->fd, KVM_SET_DEBUGREGS, &c->first_debug) < 0))
		return -errno;
	return 0;
}

void vcpu_first_free(struct vcpu *c)
{
	free(c->first_msr);
	c->first_msr = NULL;
	c->n_first_msr = 0;
}
