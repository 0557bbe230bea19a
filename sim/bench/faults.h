/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults that actions make on the buses: of frames, of cables, and nodes that fill a bus. On the
 * bus thread, where buses.h owns it.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/canbus/canbus.h"
#include "sim/clock/agenda.h"
#include "sim/scenario/scenario.h"

struct faults;

struct faults_config {
	const struct scenario *scenario; /* borrowed, as all here */
	struct agenda *agenda;
	/* Sends a frame that is due at bench time t_ns. 0 or -errno. */
	int (*send)(void *ctx, uint32_t bus, const struct canfd_frame *f, uint64_t t_ns);
	struct canbus *(*bus)(void *ctx, uint32_t bus);
	/* The i-th of a guest's controllers that are plugged into a bus; NULL beyond. */
	struct canbus_port *(*port)(void *ctx, uint32_t bus, uint32_t guest, unsigned int i);
	void *ctx;
};

/* Set-up. 0 or -ENOMEM. */
MUST_CHECK int faults_new(struct faults **out, const struct faults_config *cfg);
/* Before the buses go, after the agenda runs no more. NULL is legal. */
void faults_free(struct faults *f);

/* SCENARIO_FAULT, _CUT, _LOAD at bench time t_ns. */
void faults_action(struct faults *f, const struct scenario_action *a, uint64_t t_ns);
/* A guest's controller was plugged in: whether its cable is cut is known here. */
void faults_plugged(struct faults *f, uint32_t bus, uint32_t guest, struct canbus_port *p);

/* What each fault did: [{"bus":..,"kind":..,"matched":N,"hit":N}]; a new reference. */
json_t *faults_metrics(const struct faults *f);
