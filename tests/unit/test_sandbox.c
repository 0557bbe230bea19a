/* SPDX-License-Identifier: Apache-2.0 */
/* The sandbox in a child process: what works on, what is refused, what ends the process. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/sandbox.h"

/* Runs fn in a sandboxed child; returns its wait status. Exit 100: the sandbox failed. */
static int in_sandbox(int (*fn)(void))
{
	pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct err e = { 0 };
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDERR_FILENO);
		_exit(sandbox_enter(SANDBOX_VM, &e) < 0 ? 100 : fn());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* Our handler's words and status; where a caller blocks all signals, as fork() of glibc 2.41 does,
 * the kernel ends the process itself. */
static bool ended_by_filter(int st)
{
	return WIFEXITED(st) ? WEXITSTATUS(st) == 159 : WTERMSIG(st) == SIGSYS;
}

static int use_memory_and_pipes(void)
{
	int fd = memfd_create("x", MFD_CLOEXEC);
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return fd < 0 || p == MAP_FAILED || ftruncate(fd, 4096) < 0 || write(fd, "x", 1) != 1;
}

static int open_a_file(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES;
}

static int open_a_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int start_a_program(void)
{
	char *const argv[] = { (char[]){ "true" }, NULL };

	return execv("/bin/true", argv);
}

static int make_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	       MAP_FAILED;
}

static int turn_memory_into_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static int type_into_a_terminal(void)
{
	return ioctl(STDERR_FILENO, TIOCSTI, "x") == 0;
}

static int make_a_process(void)
{
	return fork() < 0;
}

static int make_a_namespace(void)
{
	return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL) < 0;
}

/* The first process of all; signal 0 would only ask whether it is there. */
static int signal_another_process(void)
{
	return (int)syscall(SYS_tgkill, 1, 1, 0);
}

static int become_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int send_elsewhere(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "/tmp/x" };

	return sendto(STDERR_FILENO, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)) >= 0;
}

static void *name_itself(void *arg)
{
	cpu_set_t set;

	*(int *)arg = pthread_setname_np(pthread_self(), "worker");
	/* It may stay where it is. */
	CPU_ZERO(&set);
	CPU_SET((size_t)sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		*(int *)arg = -1;
	return NULL;
}

static int use_a_thread(void)
{
	pthread_t t;
	int named = -1;

	if (pthread_create(&t, NULL, name_itself, &named) != 0)
		return 1;
	return pthread_join(t, NULL) != 0 || named != 0 || pthread_kill(pthread_self(), 0) != 0;
}

/* The first process of all. */
static int move_another_process(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	return sched_setaffinity(1, sizeof(set), &set);
}

static int use_a_sealed_surface(void)
{
	int fd = fd_memfd("surface", 8192), copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	void *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	struct stat st;

	return fd < 0 || copy < 0 || p == MAP_FAILED || fstat(fd, &st) < 0 || st.st_size != 8192;
}

static void test_memory_and_open_descriptors_work_on(void **state)
{
	int st = in_sandbox(use_memory_and_pipes);

	(void)state;
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), 0);
}

static void test_files_cannot_be_opened(void **state)
{
	int st = in_sandbox(open_a_file);

	(void)state;
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), 0);
}

static void test_a_new_socket_ends_the_process(void **state)
{
	int st = in_sandbox(open_a_socket);

	(void)state;
	assert_true(ended_by_filter(st));
}

static void test_another_program_ends_the_process(void **state)
{
	int st = in_sandbox(start_a_program);

	(void)state;
	assert_true(ended_by_filter(st));
}

static void test_threads_and_surfaces_can_be_made(void **state)
{
	int st = in_sandbox(use_a_thread);

	(void)state;
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), 0);
	st = in_sandbox(use_a_sealed_surface);
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), 0);
}

static void test_arguments_that_widen_rights_end_the_process(void **state)
{
	static int (*const attempt[])(void) = { make_code, turn_memory_into_code,
		type_into_a_terminal, make_a_process, make_a_namespace, signal_another_process,
		become_dumpable, send_elsewhere, move_another_process };

	(void)state;
	for (size_t i = 0; i < sizeof(attempt) / sizeof(attempt[0]); i++) {
		int st = in_sandbox(attempt[i]);

		assert_true(ended_by_filter(st));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_and_open_descriptors_work_on),
		cmocka_unit_test(test_files_cannot_be_opened),
		cmocka_unit_test(test_a_new_socket_ends_the_process),
		cmocka_unit_test(test_another_program_ends_the_process),
		cmocka_unit_test(test_threads_and_surfaces_can_be_made),
		cmocka_unit_test(test_arguments_that_widen_rights_end_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
