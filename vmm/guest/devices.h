/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtio devices of a machine: made from the manifest in its order, put on the PCI bus, each
 * on its loop.
 */
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "vmm/guest/machine_priv.h"

/* Takes the devices' descriptors out of fds[]. 0 or -errno with a message. */
MUST_CHECK int devices_add(struct machine *mc, int *fds, struct err *e);
/* Does one of the manifest's devices live there? */
bool devices_need(const struct manifest *m, enum machine_loop which);
/* When no thread runs. Idempotent. */
void devices_free(struct machine *mc);
/* Appends each device's name, type and counters. */
void devices_status(struct machine *mc, json_t *list);
/* Gives events to an input device. 0 or -ENODEV. Any thread. */
MUST_CHECK int devices_input(struct machine *mc, unsigned int scanout, enum input_kind kind,
	const struct input_event_rec *ev, uint32_t n);
/* The cable of the guest's network card number `index`, in or out. 0, -ENODEV or -ECANCELED. Any
 * thread but those of the devices. */
MUST_CHECK int devices_link(struct machine *mc, unsigned int index, bool up);
/* machine_jack(). */
MUST_CHECK int devices_jack(struct machine *mc, uint32_t stream, bool plugged);
/* The terminals of all console devices have another size. 0, -ENODEV where there is none, or
 * -ECANCELED. Any thread but those of the devices. */
MUST_CHECK int devices_console_size(struct machine *mc, uint16_t cols, uint16_t rows);
