/* SPDX-License-Identifier: Apache-2.0 */
/* The first messages to dyno-vm and dyno-ui (docs/interfaces.md), made from the scenario. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "sim/bench/disk.h"
#include "sim/clock/bench_clock.h"
#include "sim/scenario/scenario.h"

/* Descriptors that go along, in the order of their numbers in the message. All borrowed. */
struct manifest_fds {
	int fd[96];
	size_t n;
};

/* A disk's: a raw image, or connections to its server. */
struct manifest_disk_fds {
	int file;
	int nbd[DISK_MAX_CONNECTIONS];
	unsigned int n_nbd;
};

/* A guest's descriptors, -1 where there is none. */
struct manifest_guest_fds {
	int kernel, initrd, kvm, sigmap, serial, display, vsock, sound, sound_wake, signals;
	const int *can; /* n_can of the guest */
	const bool *can_echoes; /* of the direct ones: canbus_interface_echoes() */
	const int *nets; /* n_nets of the guest */
	const int *ports; /* n_ports of the guest */
	const struct manifest_disk_fds *disks; /* n_disks of the guest */
	const int *rings; /* n_sounds of the guest */
	const int *shares; /* n_shares of the guest */
	const int *vhost_user; /* n_vhost_user of the guest */
	const char *boot_options; /* stand before the guest's own command line; NULL: none */
};

struct manifest_opts {
	bool sandbox;
	const char *log_level;
	uint16_t console_cols, console_rows; /* of the terminal behind its consoles; 0: none */
	const struct bench_clock
		*clock; /* its time of day follows it, where the scenario has one */
};

/* The number of a descriptor in the message, as JSON; NULL when there are too many. */
json_t *manifest_fd_index(struct manifest_fds *out, int fd);

/* Appends the devices of a guest's shares and those that other programs serve (manifest_files.c).
 */
void manifest_files(const struct scenario_guest *g, const struct manifest_guest_fds *in,
	json_t *devices, struct manifest_fds *out);

/* Appends the devices of a guest whose values come from signals (manifest_signals.c). */
void manifest_sensors(const struct scenario_guest *g, json_t *devices);
/* What a device takes from a signal (manifest_signals.c). */
json_t *manifest_feed(const struct signal_feed *f);
/* Adds the list of signals that the guest's devices use, where there is one. */
void manifest_signals(const struct scenario *s, const struct scenario_guest *g, int fd, json_t *m,
	struct manifest_fds *out);

/* The scenario's time of day at host_ns (CLOCK_MONOTONIC), as the manifest and the request "utc"
 * have it; a new reference, NULL where it is the host's. */
json_t *manifest_utc(const struct scenario *s, const struct bench_clock *clock, uint64_t host_ns);
/* dyno-vm's; NULL without memory. */
json_t *manifest_vm(const struct scenario *s, uint32_t guest, const struct manifest_guest_fds *in,
	const struct manifest_opts *opts, struct manifest_fds *out);
/* dyno-ui's: display[i] is guest i's display channel, -1 where it has none. */
json_t *manifest_ui(const struct scenario *s, bool windows, const int *display,
	const struct manifest_opts *opts, struct manifest_fds *out);
/* Adds the panel to it: its description, and its signal port (-1: none). */
void manifest_panel(json_t *manifest, int spec, int signals, struct manifest_fds *out);
