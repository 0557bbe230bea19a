/* SPDX-License-Identifier: Apache-2.0 */
/* libnbd, loaded when it is needed; see nbdlib.h. */
#include "base/nbdlib.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

/* Its interface of today; what it calls compatible keeps this name. */
#define SONAME "libnbd.so.0"

static const struct {
	const char *name;
	size_t at;
} functions[] = {
#define ENTRY(name) { "nbd_" #name, offsetof(struct nbdlib, name) },
	NBDLIB_FUNCTIONS(ENTRY)
#undef ENTRY
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct nbdlib lib;
static struct err why;

static void load(void)
{
	void *so = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);

	if (!so) {
		(void)err_set(&why, -ENOENT, "disks of NBD servers need libnbd: %s", dlerror());
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		void *f = dlsym(so, functions[i].name);

		if (!f) {
			(void)err_set(&why, -ENOENT, "libnbd is too old: it has no %s",
				functions[i].name);
			return;
		}
		memcpy((char *)&lib + functions[i].at, &f, sizeof(f));
	}
}

const struct nbdlib *nbdlib(struct err *e)
{
	(void)pthread_once(&once, load);
	if (!why.text[0])
		return &lib;
	(void)err_set(e, -ENOENT, "%s", why.text);
	return NULL;
}
