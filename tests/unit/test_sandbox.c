/* SPDX-License-Identifier: Apache-2.0 */
/* The sandbox in a child process: what works on, what is refused, what ends the process. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

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
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), 159);
}

static void test_another_program_ends_the_process(void **state)
{
	int st = in_sandbox(start_a_program);

	(void)state;
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), 159);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_and_open_descriptors_work_on),
		cmocka_unit_test(test_files_cannot_be_opened),
		cmocka_unit_test(test_a_new_socket_ends_the_process),
		cmocka_unit_test(test_another_program_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
