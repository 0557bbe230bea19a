/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest images that ship with Dyno (`kernel: builtin:NAME`): in $DYNO_GUESTS, in the build
 * folder, or where they were installed.
 */
#pragma once

#include "base/err.h"

/* Opens one for reading. The fd (the caller's), or -ENOENT with a message. */
MUST_CHECK int image_open(const char *name, struct err *e);

/* Names of all that are there, NULL at the end; the caller frees it with images_free(). NULL where
 * there is none, or no memory: then names cannot be checked before a run. */
char **images_list(void);
void images_free(char **list);
