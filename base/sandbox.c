/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock and seccomp for dyno-vm; see sandbox.h. The allow-list names what the program does after
 * set-up: KVM's ioctls, socket messages, epoll, eventfds, memory that is never code, threads, exit.
 */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

static const int vm_calls[] = {
	/* data in and out of descriptors that are open already */
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg),
	SCMP_SYS(recvmmsg), SCMP_SYS(recvfrom), SCMP_SYS(shutdown), SCMP_SYS(close),
	SCMP_SYS(fstat), SCMP_SYS(pread64),
	/* the event loop */
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl), SCMP_SYS(eventfd2),
	SCMP_SYS(timerfd_settime), SCMP_SYS(poll), SCMP_SYS(ppoll),
	/* surfaces: memfds that are sized, sealed and passed on */
	SCMP_SYS(memfd_create), SCMP_SYS(ftruncate),
	/* disks: rings that were made before, restricted to transfers on one file each */
	SCMP_SYS(io_uring_enter),
	/* memory */
	SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk),
	/* threads, time, signals */
	SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	/* (what a sanitizer does when a process ends) */ SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall), SCMP_SYS(getrandom), SCMP_SYS(exit), SCMP_SYS(exit_group)
};

/* Of a process that reads a file which nobody vouches for. */
static const int reader_calls[] = { SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(write),
	SCMP_SYS(writev), SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(munmap),
	SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(futex), SCMP_SYS(getpid),
	SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	/* (qsort asks how much memory there is) */ SCMP_SYS(sysinfo), SCMP_SYS(restart_syscall),
	/* (of a connection that it was given) */ SCMP_SYS(poll), SCMP_SYS(recvfrom),
	SCMP_SYS(sendto), SCMP_SYS(shutdown), SCMP_SYS(getrandom), SCMP_SYS(exit),
	SCMP_SYS(exit_group) };

/* A thread of this process: never a process, never a namespace. */
#define THREAD_FLAGS (CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)
#define NAMESPACES                                                                     \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
		CLONE_NEWPID | CLONE_NEWNET)
#define IOCTL_TYPE 0xff00

/* Calls that are allowed with some arguments only: the argument, masked, has this value. */
struct narrow {
	int call;
	unsigned int arg;
	uint64_t mask, value;
};

static const struct narrow vm_narrow[] = {
	/* KVM's requests, and the question whether a descriptor is a terminal. */
	{ SCMP_SYS(ioctl), 1, IOCTL_TYPE, KVMIO << 8 },
	{ SCMP_SYS(ioctl), 1, UINT32_MAX, TCGETS },
	/* a driver chooses its offloads when it starts; the tap is open by then */
	{ SCMP_SYS(ioctl), 1, UINT32_MAX, TUNSETOFFLOAD },
	{ SCMP_SYS(fcntl), 1, UINT32_MAX, F_GETFD },
	{ SCMP_SYS(fcntl), 1, UINT32_MAX, F_SETFD },
	{ SCMP_SYS(fcntl), 1, UINT32_MAX, F_GETFL },
	{ SCMP_SYS(fcntl), 1, UINT32_MAX, F_SETFL },
	{ SCMP_SYS(fcntl), 1, UINT32_MAX, F_DUPFD_CLOEXEC },
	{ SCMP_SYS(fcntl), 1, UINT32_MAX, F_ADD_SEALS },
	{ SCMP_SYS(fcntl), 1, UINT32_MAX, F_GET_SEALS },
	/* send(): to the peer of the socket, to no other address. */
	{ SCMP_SYS(sendto), 4, UINT64_MAX, 0 },
	/* a thread that stays on one processor: itself, no other */
	{ SCMP_SYS(sched_setaffinity), 0, UINT32_MAX, 0 },
	/* How the C library asks for the state of a descriptor. */
	{ SCMP_SYS(newfstatat), 3, AT_EMPTY_PATH, AT_EMPTY_PATH },
	/* No memory becomes code. */
	{ SCMP_SYS(mmap), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(mprotect), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(clone), 0, THREAD_FLAGS | NAMESPACES, THREAD_FLAGS },
	{ SCMP_SYS(prctl), 0, UINT32_MAX, PR_SET_NAME },
};

static const struct narrow reader_narrow[] = {
	/* the size of a block device, and whether a descriptor is a terminal */
	{ SCMP_SYS(ioctl), 1, UINT32_MAX, BLKGETSIZE64 },
	{ SCMP_SYS(ioctl), 1, UINT32_MAX, TCGETS },
	{ SCMP_SYS(newfstatat), 3, AT_EMPTY_PATH, AT_EMPTY_PATH },
	{ SCMP_SYS(fcntl), 1, UINT32_MAX, F_GETFL },
	{ SCMP_SYS(fcntl), 1, UINT32_MAX, F_SETFL },
	{ SCMP_SYS(fcntl), 1, UINT32_MAX, F_GETFD },
	{ SCMP_SYS(fcntl), 1, UINT32_MAX, F_SETFD },
	/* libext2fs asks whether its environment may be trusted */
	{ SCMP_SYS(prctl), 0, UINT32_MAX, PR_GET_DUMPABLE },
	{ SCMP_SYS(mmap), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(mprotect), 2, PROT_EXEC, 0 },
};

/* Refused without ending the process. */
static const struct {
	int call, error;
} refused[] = {
	/* A library that looks for a file finds none; it need not die for it. */
	{ SCMP_SYS(open), EACCES },
	{ SCMP_SYS(openat), EACCES },
	/* Its flags lie in memory, where no filter sees them: the C library falls back to clone. */
	{ SCMP_SYS(clone3), ENOSYS },
};

static const struct {
	const char *name;
	const int *calls;
	size_t n;
	const struct narrow *narrow;
	size_t n_narrow;
} profiles[SANDBOX_PROFILES] = {
	[SANDBOX_VM] = { "vm", vm_calls, ARRAY_SIZE(vm_calls), vm_narrow, ARRAY_SIZE(vm_narrow) },
	[SANDBOX_READER] = { "reader", reader_calls, ARRAY_SIZE(reader_calls), reader_narrow,
		ARRAY_SIZE(reader_narrow) },
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

static int add_rules(scmp_filter_ctx ctx, enum sandbox_profile p)
{
	/* Signals go to the process's own threads. */
	struct scmp_arg_cmp self = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (uint64_t)getpid() };
	int rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &self);

	for (size_t i = 0; rc == 0 && i < profiles[p].n; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, profiles[p].calls[i], 0);
	for (size_t i = 0; rc == 0 && i < profiles[p].n_narrow; i++) {
		const struct narrow *n = &profiles[p].narrow[i];
		struct scmp_arg_cmp cmp = { .arg = n->arg,
			.op = SCMP_CMP_MASKED_EQ,
			.datum_a = n->mask,
			.datum_b = n->value };

		rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, n->call, 1, &cmp);
	}
	for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(refused); i++)
		rc = seccomp_rule_add(
			ctx, SCMP_ACT_ERRNO((uint32_t)refused[i].error), refused[i].call, 0);
	return rc;
}

static int enter_seccomp(enum sandbox_profile p, struct err *e)
{
	struct sigaction sa = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_TRAP);
	int rc = ctx ? 0 : -ENOMEM;

	if (sigaction(SIGSYS, &sa, NULL) < 0)
		rc = -errno;
	/* System calls of another architecture (32 bits) have other numbers. */
	if (rc == 0)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (rc == 0)
		rc = add_rules(ctx, p);
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
