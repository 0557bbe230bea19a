/* SPDX-License-Identifier: Apache-2.0 */
/* dyno-vm under a test's control; see vm_harness.h. */
#include "tests/support/vm_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "base/json.h"

#define CONSOLE_MAX (1024 * 1024)
#define MEMORY      (16 * 1024 * 1024)

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "vm_harness: %s: %s\n", what, strerror(errno));
	abort();
}

const char *vmh_unable(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return "/dev/kvm cannot be opened on this machine";
	close(fd);
	return NULL;
}

static const char *program(char *buf, size_t cap)
{
	const char *build = getenv("DYNO_BUILD_DIR");

	snprintf(buf, cap, "%s/bin/dyno-vm", build ? build : ".");
	return buf;
}

/* Child: the control socket becomes descriptor 3. */
static _Noreturn void become_vm(int control)
{
	char path[4096];

	if (control == 3) {
		fcntl(3, F_SETFD, 0);
	} else if (dup2(control, 3) < 0) {
		_exit(126);
	}
	execl(program(path, sizeof(path)), "dyno-vm", (char *)NULL);
	_exit(127);
}

static void send_manifest(struct vmh *h, const struct vmh_config *cfg, int serial)
{
	int fds[IPC_MAX_FDS];
	int kernel = open(cfg->kernel, O_RDONLY | O_CLOEXEC);
	int kvm = open(cfg->no_kvm ? "/dev/null" : "/dev/kvm", O_RDWR | O_CLOEXEC);
	json_t *m = json_pack("{s:i,s:s,s:i,s:s,s:s,s:{s:i,s:s},s:{s:i}}", "manifest", 1, "name",
		"test", "memory_bytes", MEMORY, "log_level", "warn", "cmdline",
		cfg->cmdline ? cfg->cmdline : "", "kernel", "fd", VMH_FD_KERNEL, "name", "kernel",
		"serial", "fd", VMH_FD_SERIAL);

	if (kernel < 0)
		die(cfg->kernel);
	if (kvm < 0)
		die("/dev/kvm");
	if (!cfg->no_kvm)
		json_object_set_new(m, "kvm", json_pack("{s:i}", "fd", VMH_FD_KVM));
	if (cfg->more_take)
		json_object_update(m, cfg->more_take);
	json_decref(cfg->more_take);
	fds[VMH_FD_KERNEL] = kernel;
	fds[VMH_FD_KVM] = kvm;
	fds[VMH_FD_SERIAL] = serial;
	for (size_t i = 0; i < cfg->n_fds; i++)
		fds[VMH_FD_FIRST + i] = cfg->fds[i];
	if (json_msg_send_take(h->control, m, fds, VMH_FD_FIRST + cfg->n_fds) < 0)
		die("manifest");
	close(kernel);
	close(kvm);
}

void vmh_start(struct vmh *h, const struct vmh_config *cfg)
{
	int control[2], serial[2];

	memset(h, 0, sizeof(*h));
	if (ipc_pair(control, 0) < 0 ||
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, serial) < 0)
		die("sockets");
	h->pid = fork();
	if (h->pid < 0)
		die("fork");
	if (h->pid == 0)
		become_vm(control[1]);
	close(control[1]);
	h->control = control[0];
	h->serial = serial[0];
	h->status = -1;
	h->console = calloc(1, CONSOLE_MAX);
	if (!h->console || fd_set_nonblock(h->control, 1) < 0 || fd_set_nonblock(h->serial, 1) < 0)
		die("set-up");
	send_manifest(h, cfg, serial[1]);
	close(serial[1]);
}

/* A test that asks for few of many events has the latest. */
static void keep_event(struct vmh *h, json_t *msg)
{
	if (h->n_events == VMH_MAX_EVENTS) {
		json_decref(h->event[0]);
		memmove(&h->event[0], &h->event[1], (VMH_MAX_EVENTS - 1) * sizeof(h->event[0]));
		h->n_events--;
	}
	h->event[h->n_events++] = msg;
}

/* One wait for anything; false when nothing can come any more. */
static bool take_in(struct vmh *h, uint64_t end_ns)
{
	struct pollfd p[2] = { { .fd = h->control, .events = POLLIN },
		{ .fd = h->serial, .events = POLLIN } };
	uint64_t now = clock_now_ns();
	json_t *msg = NULL;
	ssize_t n = 0;
	int rc = 1;

	if (now >= end_ns || poll(p, 2, (int)((end_ns - now) / NS_PER_MS) + 1) <= 0)
		return false;
	if (p[1].revents) {
		n = read(h->serial, h->console + h->console_len, CONSOLE_MAX - 1 - h->console_len);
		if (n > 0)
			h->console_len += (size_t)n;
		else if (n == 0 || errno != EAGAIN)
			fd_close(&h->serial);
	}
	if (p[0].revents) {
		rc = json_msg_recv(h->control, &msg, NULL, 0, NULL, NULL);
		if (rc == 1)
			keep_event(h, msg);
		else if (rc != -EAGAIN)
			fd_close(&h->control);
	}
	return h->control >= 0 || h->serial >= 0;
}

static json_t *take_event(struct vmh *h, const char *key, const json_t *value)
{
	for (size_t i = 0; i < h->n_events; i++) {
		json_t *e = h->event[i];

		if (!json_equal(json_object_get(e, key), value))
			continue;
		memmove(&h->event[i], &h->event[i + 1], (h->n_events - i - 1) * sizeof(e));
		h->n_events--;
		return e;
	}
	return NULL;
}

static json_t *wait_message(struct vmh *h, const char *key, json_t *value_take, int limit_ms)
{
	uint64_t end = clock_now_ns() + (uint64_t)limit_ms * NS_PER_MS;
	json_t *e = take_event(h, key, value_take);

	while (!e && take_in(h, end))
		e = take_event(h, key, value_take);
	json_decref(value_take);
	return e;
}

json_t *vmh_event(struct vmh *h, const char *name, int limit_ms)
{
	return wait_message(h, "event", json_string(name), limit_ms);
}

json_t *vmh_request(struct vmh *h, const char *op, json_t *more_take, int limit_ms)
{
	json_t *q = json_pack("{s:i,s:s}", "request", (int)++h->next_id, "op", op);

	if (more_take)
		json_object_update(q, more_take);
	json_decref(more_take);
	if (json_msg_send_take(h->control, q, NULL, 0) < 0)
		return NULL;
	return wait_message(h, "reply", json_integer((json_int_t)h->next_id), limit_ms);
}

bool vmh_console(struct vmh *h, const char *text, int limit_ms)
{
	uint64_t end = clock_now_ns() + (uint64_t)limit_ms * NS_PER_MS;

	while (!strstr(h->console, text)) {
		if (!take_in(h, end))
			return strstr(h->console, text) != NULL;
	}
	return true;
}

void vmh_type(struct vmh *h, const char *text)
{
	if (write(h->serial, text, strlen(text)) != (ssize_t)strlen(text))
		die("typing");
}

int vmh_wait(struct vmh *h, int limit_ms)
{
	uint64_t end = clock_now_ns() + (uint64_t)limit_ms * NS_PER_MS;

	/* Both ends close when the process goes. */
	while (h->pid && take_in(h, end))
		;
	while (h->pid && clock_now_ns() < end) {
		int st;

		if (waitpid(h->pid, &st, WNOHANG) == h->pid) {
			h->pid = 0;
			h->status = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
		} else {
			poll(NULL, 0, 1);
		}
	}
	return h->pid ? -1 : h->status;
}

void vmh_stop(struct vmh *h)
{
	if (h->pid) {
		kill(h->pid, SIGKILL);
		waitpid(h->pid, NULL, 0);
		h->pid = 0;
	}
	for (size_t i = 0; i < h->n_events; i++)
		json_decref(h->event[i]);
	h->n_events = 0;
	fd_close(&h->control);
	fd_close(&h->serial);
	free(h->console);
	h->console = NULL;
}
