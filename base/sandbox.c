/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock and seccomp for dyno-vm; see sandbox.h. The allow-list names what the program does after
 * set-up: ioctls on KVM fds it holds, socket messages, epoll, eventfds, memory, threads, exit.
 */
#include "base/sandbox.h"

#include <errno.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

static const int vm_calls[] = {
	/* data in and out of descriptors that are open already */
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg), SCMP_SYS(recvmmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvfrom),
	SCMP_SYS(sendto), SCMP_SYS(close), SCMP_SYS(ioctl), SCMP_SYS(fcntl), SCMP_SYS(shutdown),
	SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(lseek), SCMP_SYS(pread64), SCMP_SYS(dup),
	/* the event loop */
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_create1),
	SCMP_SYS(eventfd2), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	/* surfaces: memfds that are sized, sealed and passed on */
	SCMP_SYS(memfd_create), SCMP_SYS(ftruncate),
	/* memory */
	SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise),
	SCMP_SYS(brk),
	/* threads, time, signals */
	SCMP_SYS(futex), SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(gettid),
	SCMP_SYS(getpid), SCMP_SYS(tgkill), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall), SCMP_SYS(getrandom), SCMP_SYS(prctl), SCMP_SYS(exit),
	SCMP_SYS(exit_group)
};

static const struct {
	const char *name;
	const int *calls;
	size_t n;
} profiles[SANDBOX_PROFILES] = {
	[SANDBOX_VM] = { "vm", vm_calls, ARRAY_SIZE(vm_calls) },
};

/* No path can be opened, made or run from here on. Kernels without Landlock: said once. */
static int enter_landlock(struct err *e)
{
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
				     LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
				     LANDLOCK_ACCESS_FS_REMOVE_DIR |
				     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
				     LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
				     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
				     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM,
	};
	CLEANUP_FD int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0u);

	if (fd < 0 && (errno == ENOSYS || errno == EOPNOTSUPP)) {
		log_debug("this kernel has no Landlock: files are guarded by seccomp alone");
		return 0;
	}
	if (fd < 0)
		return err_errno(e, errno, "cannot make a Landlock rule set");
	if (syscall(SYS_landlock_restrict_self, fd, 0u) < 0)
		return err_errno(e, errno, "cannot enter the Landlock rule set");
	return 0;
}

/* Async-signal-safe: says which call was refused before the process ends. */
static void on_sigsys(int sig, siginfo_t *info, void *ctx)
{
	static const char head[] = "error: the sandbox refused system call ";
	char line[sizeof(head) + 8];
	unsigned int nr = (unsigned int)info->si_syscall, n = sizeof(line);

	(void)sig;
	(void)ctx;
	line[--n] = '\n';
	do
		line[--n] = (char)('0' + nr % 10);
	while ((nr /= 10) && n > sizeof(head));
	n -= (unsigned int)sizeof(head) - 1;
	memcpy(line + n, head, sizeof(head) - 1);
	if (write(STDERR_FILENO, line + n, sizeof(line) - n) < 0)
		_exit(159);
	_exit(159);
}

static int enter_seccomp(enum sandbox_profile p, struct err *e)
{
	struct sigaction sa = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_TRAP);
	int rc = ctx ? 0 : -ENOMEM;

	if (sigaction(SIGSYS, &sa, NULL) < 0)
		rc = -errno;
	for (size_t i = 0; rc == 0 && i < profiles[p].n; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, profiles[p].calls[i], 0);
	/* A library that looks for a file finds none; it need not die for it. */
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 0);
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(open), 0);
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc < 0 ? err_errno(
				e, -rc, "cannot load the seccomp profile \"%s\"", profiles[p].name)
		      : 0;
}

int sandbox_enter(enum sandbox_profile p, struct err *e)
{
	int rc;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(e, errno, "cannot set no_new_privs");
	rc = enter_landlock(e);
	return rc < 0 ? rc : enter_seccomp(p, e);
}
