/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dyno-vm: one guest. The bench starts it with a control socket as descriptor 3; the manifest and
 * every other descriptor come over it. It opens nothing itself.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ipc.h"
#include "base/json.h"
#include "base/log.h"
#include "vmm/guest/manifest.h"
#include "vmm/guest/run.h"

#define CONTROL_FD 3
#define MOST_FDS   16384

static int unable(const struct err *e)
{
	log_error("%s", e->text);
	if (json_msg_send_take(CONTROL_FD,
		    json_pack("{s:s,s:s}", "event", "error", "text", e->text), NULL, 0) < 0)
		log_error("the bench does not hear");
	return RUN_STATUS_UNABLE;
}

static int with_manifest(const json_t *root, int *fds, size_t n_fds)
{
	struct manifest m;
	struct err e = { 0 };
	char who[MANIFEST_NAME + 16];
	int status;

	if (manifest_parse(&m, root, (unsigned int)n_fds, &e) < 0)
		return unable(&e);
	snprintf(who, sizeof(who), "dyno-vm %s", m.name);
	log_init(who, m.log_level);
	status = run_machine(&m, CONTROL_FD, fds, &e);
	if (status == RUN_STATUS_UNABLE)
		(void)unable(&e);
	manifest_fini(&m);
	return status;
}

/* Every queue and every interrupt of a machine is a descriptor: more than the 1024 that a session
 * usually starts with. */
static void allow_descriptors(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < MIN(l.rlim_max, MOST_FDS)) {
		l.rlim_cur = MIN(l.rlim_max, MOST_FDS);
		if (setrlimit(RLIMIT_NOFILE, &l) < 0)
			log_debug("the limit of descriptors stays: %s", strerror(errno));
	}
}

static int usage(void)
{
	fputs("dyno-vm " DYNO_VERSION ": runs one guest for dyno, which starts it; see \"dyno "
	      "run\".\n",
		stderr);
	return RUN_STATUS_UNABLE;
}

int main(int argc, char **argv)
{
	int fds[IPC_MAX_FDS], rc, status;
	size_t n_fds = 0;
	struct err e = { 0 };
	struct stat st;
	json_t *root = NULL;

	(void)argv;
	if (argc > 1 || fstat(CONTROL_FD, &st) < 0 || !S_ISSOCK(st.st_mode))
		return usage();
	log_init("dyno-vm", LOG_INFO);
	allow_descriptors();
	signal(SIGPIPE, SIG_IGN);
	rc = json_msg_recv(CONTROL_FD, &root, fds, IPC_MAX_FDS, &n_fds, &e);
	if (rc <= 0) {
		log_error("no manifest came: %s", rc < 0 ? e.text : "the bench closed the socket");
		return RUN_STATUS_UNABLE;
	}
	status = with_manifest(root, fds, n_fds);
	ipc_close_fds(fds, n_fds);
	json_decref(root);
	return status;
}
