/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Narrowing a process's rights, twice: Landlock (no path can be opened any more) and a seccomp
 * allow-list. To be called when every fd is open and before guest code runs. Single-threaded
 * callers only (before threads start), because both apply to the calling thread and its children.
 */
#pragma once

#include "base/err.h"

/* A sanitizer opens files of /proc when the process ends: it cannot from inside the sandbox. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* What the process still has to do; more profiles come with more programs. */
enum sandbox_profile {
	SANDBOX_VM,
	SANDBOX_READER, /* reads one file, writes to others that are open, computes */
	SANDBOX_PROFILES
};

/*
 * no_new_privs, Landlock where the kernel has it (else logged), seccomp. A violation ends the
 * process with status 159 (128 + SIGSYS) after a line with the system call's number. 0 or -errno
 * with a message.
 */
MUST_CHECK int sandbox_enter(enum sandbox_profile p, struct err *e);
