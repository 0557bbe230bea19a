/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a user types at a guest's console: Ctrl-A begins a command for Dyno, all else is the
 * guest's. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum keys_command {
	KEYS_NONE,
	KEYS_LEAVE, /* x */
	KEYS_POWER_BUTTON, /* p */
	KEYS_RESET, /* r */
	KEYS_HELP /* h, c, ? and whatever is no command */
};

struct keys {
	bool escaped; /* Ctrl-A was typed */
};

/*
 * Reads typed bytes up to the first command or the end; *used of them. What is the guest's is
 * copied to `out` (room for n bytes), *out_n bytes.
 */
enum keys_command keys_feed(
	struct keys *k, const char *in, size_t n, size_t *used, char *out, size_t *out_n);

/* The help, lines with "\r\n". `leave` is what Ctrl-A X does here: "ends the guest". */
size_t keys_help(char *buf, size_t cap, const char *leave, bool machine);
