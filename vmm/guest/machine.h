/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine that a manifest describes: VM, buses, legacy ports, PCI devices, boot data.
 * Everything here is for the main thread, except where said otherwise.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "vmm/guest/manifest.h"
#include "vmm/kvm/vm.h"

struct machine;

/* Something that the main thread must act on. */
enum machine_wish { WISH_RESET, WISH_POWEROFF, WISH_TRIPLE_FAULT, WISH_KVM_ERROR };

struct machine_host {
	struct ev_loop *loop; /* the main thread's: serial port */
	/* The vCPUs were asked to halt because of this. vCPU threads. `text` is borrowed. */
	void (*wish)(void *ctx, enum machine_wish what, const char *text);
	/* The guest's operating system reported that it failed; with `dumps` its crash kernel goes
	 * on. It runs on. vCPU threads. */
	void (*panicked)(void *ctx, bool dumps);
	/* The watchdog fired. Main thread. */
	void (*watchdog)(void *ctx);
	/* A scanout showed its first frame. GPU's thread. */
	void (*first_frame)(void *ctx, unsigned int scanout, uint64_t t_ns);
	/* A device was latched. Its loop's thread. Text is borrowed. */
	void (*device_error)(void *ctx, const char *device, const char *text);
	/* The guest's memory statistics came in. The disks' thread. */
	void (*balloon_stats)(void *ctx);
	void *ctx;
};

/*
 * Builds it, with guest memory filled, no thread started. Takes the descriptors it needs out of
 * fds[] (sets them to -1); `m` is borrowed for the machine's life. 0 or -errno with a message.
 */
MUST_CHECK int machine_new(struct machine **out, const struct manifest *m, int *fds,
	const struct machine_host *host, struct err *e);
/* Ends all threads first. NULL is legal. */
void machine_free(struct machine *mc);

/* Starts the threads; the vCPUs stand until machine_resume(). */
MUST_CHECK int machine_start(struct machine *mc, struct err *e);
/* The host's numbers of the vCPUs' threads, after machine_start(). A new reference. */
json_t *machine_tids(const struct machine *mc);
/* The same of the thread that reads and writes interfaces of the host for CAN controllers; 0
 * without such. */
pid_t machine_bus_tid(const struct machine *mc);
void machine_pause(struct machine *mc);
void machine_resume(struct machine *mc);
/* Pauses, puts everything back to the state after machine_new(). 0 or -errno: then it is lost. */
MUST_CHECK int machine_reset(struct machine *mc, struct err *e);
void machine_power_button(struct machine *mc);
/* Lets the console's last output go, for a short time at most. When the vCPUs stand. */
void machine_drain(struct machine *mc);

/* Exit counters and device counters, as members of `reply`. */
void machine_status(struct machine *mc, json_t *reply);
/* Gives events to an input device of `scanout`. 0, -ENODEV, or -EINVAL. */
MUST_CHECK int machine_input(struct machine *mc, unsigned int scanout, enum input_kind kind,
	const struct input_event_rec *ev, uint32_t n);
/* The cable of network card number `index`, in or out. 0, -ENODEV, or -ECANCELED. */
MUST_CHECK int machine_link(struct machine *mc, unsigned int index, bool up);
/* The jack of a stream of the sound card, in or out. 0, -ENODEV, or -ECANCELED. */
MUST_CHECK int machine_jack(struct machine *mc, uint32_t stream, bool plugged);
/*
 * Sets what the guest shall keep of its memory (NULL: as it is) and asks for its statistics, which
 * host.balloon_stats announces where *asked is true. 0; -ENODEV without a balloon; -ERANGE for more
 * than the guest's memory; -ECANCELED. (bind_balloon.c)
 */
MUST_CHECK int machine_balloon_ask(struct machine *mc, const uint64_t *target_bytes, bool *asked);
/* The balloon's figures, as members of `reply`. */
void machine_balloon_report(struct machine *mc, json_t *reply);
/* The time of day that all clocks of the machine show from now on. (bind_rtc.c) */
void machine_set_utc(struct machine *mc, const struct manifest_utc *u);
/* The guest's vCPUs get `percent` (1 to 100) of the time. */
void machine_throttle(struct machine *mc, unsigned int percent);
/* Size of the terminals behind the console ports. 0, -ENODEV, or -ECANCELED. */
MUST_CHECK int machine_console_size(struct machine *mc, uint16_t cols, uint16_t rows);
