/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts dyno-vm for a test, as the bench would: a control socket, a manifest with descriptors,
 * COM1 on a socket pair. Everything that waits has a limit; what comes in meanwhile is kept.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Descriptors of the manifest that the harness brings; the test's own follow. */
#define VMH_FD_KERNEL  0
#define VMH_FD_KVM     1
#define VMH_FD_SERIAL  2
#define VMH_FD_FIRST   3
#define VMH_MAX_EVENTS 64

struct vmh {
	pid_t pid; /* 0: not running */
	int control, serial;
	char *console; /* what came on COM1, NUL-terminated */
	size_t console_len;
	json_t *event[VMH_MAX_EVENTS]; /* not asked for yet, oldest first */
	size_t n_events;
	unsigned int next_id;
	int status; /* of the process, once it was reaped */
};

struct vmh_config {
	const char *kernel; /* path of the guest */
	const char *cmdline; /* may be NULL */
	/* Further members of the manifest ("devices", "cpus", ...), consumed; may be NULL. */
	json_t *more_take;
	/* The test's descriptors, borrowed: index VMH_FD_FIRST and up in the manifest. */
	const int *fds;
	size_t n_fds;
	bool no_kvm; /* leave the descriptor of /dev/kvm out */
};

/* NULL when guests can run here, else why not (a static string). */
const char *vmh_unable(void);
/* Starts one; fails the process loudly when it cannot. */
void vmh_start(struct vmh *h, const struct vmh_config *cfg);
/* Kills what still runs and frees. */
void vmh_stop(struct vmh *h);

/* The next event of that name, the caller's; NULL when limit_ms passed or the process ended. */
json_t *vmh_event(struct vmh *h, const char *name, int limit_ms);
/* Sends {"op":op} plus `more_take`'s members; the answer, the caller's, or NULL. */
json_t *vmh_request(struct vmh *h, const char *op, json_t *more_take, int limit_ms);
/* Waits until COM1 said `text`. */
bool vmh_console(struct vmh *h, const char *text, int limit_ms);
/* Types into COM1. */
void vmh_type(struct vmh *h, const char *text);
/* Waits for the end of the process: its exit status, 128+signal, or -1 past the limit. */
int vmh_wait(struct vmh *h, int limit_ms);
