/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helper programs of a run that are not Dyno's own: virtiofsd, diod, qemu-nbd. Each is started by
 * the bench with the descriptors that it shall serve, watched through a pidfd, and ended and reaped
 * with the run; it dies with the bench, too. What it serves over those descriptors is not in here.
 *
 * Everything runs on the thread of the set's loop (the bench's main loop).
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/ev.h"

#define SERVICE_NAME   64 /* bytes of a name, NUL included */
#define SERVICE_FD_END 64 /* descriptors of a service are below this number */

struct service;

/* All helpers of a run. Zero-initialise, then services_init(). */
struct service_set {
	struct ev_loop *loop;
	struct service *first;
	/* A line of a helper's stdout or stderr with its name in front: "virtiofsd media: ...". */
	void (*line)(void *ctx, const char *text, size_t len);
	/* A helper ended that nobody stopped: "virtiofsd media exited with status 1: last line". */
	void (*died)(void *ctx, const char *text);
	void *ctx;
};

/* A descriptor of ours as the helper's number `at` (0, or 3 and up). */
struct service_fd {
	int fd; /* borrowed: close it after service_start() */
	int at;
};

struct service_config {
	const char *name; /* in messages, unique among those that run: "virtiofsd media" */
	const char *const *argv; /* NULL-terminated; argv[0] is a path (service_find) */
	const struct service_fd *fds;
	uint32_t n_fds;
	/* Socket activation, as systemd does it: listening or connected sockets that become 3, 4
	 * ... with LISTEN_FDS and LISTEN_PID in the environment. Borrowed. */
	const int *listen;
	uint32_t n_listen;
	bool ends_itself; /* exit status 0 is its normal end: no death to tell */
	/* Told after the set's `died`; it may start another helper. NULL: not wanted. */
	void (*on_death)(void *ctx, struct service *s);
	void *ctx;
};

/* Path of a program: $PATH, then the folders in which Debian keeps helpers (/usr/sbin,
 * /usr/libexec, /usr/lib/qemu). 0, or -ENOENT with a message that names the package. */
MUST_CHECK int service_find(
	const char *program, const char *package, char *path, size_t cap, struct err *e);

void services_init(struct service_set *set, struct ev_loop *loop);
/*
 * Starts a helper; it is the set's. stdin is /dev/null (or what `fds` say), stdout and stderr come
 * back as lines; nothing else of ours is open in it. Returns once the program runs. *out (may be
 * NULL) is valid until services_fini(), or until one of the same name is started after its end.
 * 0 or -errno with a message.
 */
MUST_CHECK int service_start(struct service_set *set, const struct service_config *cfg,
	struct service **out, struct err *e);
/* Asks it to end (SIGTERM); that is then no death to tell. */
void service_stop(struct service *s);
bool service_alive(const struct service *s);
pid_t service_pid(const struct service *s); /* 0 once it has ended */
const char *service_name(const struct service *s);

/* service_stop() for those of that name that run. */
void services_stop_named(struct service_set *set, const char *name);
/* Asks all of them to end; does not wait. */
void services_stop(struct service_set *set);
/* Ends and reaps all: SIGTERM, up to two seconds for all of them together, SIGKILL. Idempotent. */
void services_fini(struct service_set *set);
/* What became of each, by name, also of those that died: {"state", "end", "cpu_ms"}. A new
 * reference. */
json_t *services_metrics(const struct service_set *set);
