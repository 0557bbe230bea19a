/* SPDX-License-Identifier: Apache-2.0 */
/* Ctrl-A and what follows it; see keys.h. */
#include "sim/bench/keys.h"

#include <ctype.h>
#include <stdio.h>

#include "base/err.h"

#define CTRL(letter) ((letter)&0x1f)

static enum keys_command command_of(char c)
{
	/* Ctrl may still be held from the Ctrl-A. */
	if (c > 0 && c < 0x20)
		c = (char)(c | 0x60);
	switch (tolower((unsigned char)c)) {
	case 'x':
		return KEYS_LEAVE;
	case 'p':
		return KEYS_POWER_BUTTON;
	case 'r':
		return KEYS_RESET;
	default:
		return KEYS_HELP;
	}
}

enum keys_command keys_feed(
	struct keys *k, const char *in, size_t n, size_t *used, char *out, size_t *out_n)
{
	*out_n = 0;
	for (size_t i = 0; i < n; i++) {
		bool was = k->escaped;

		k->escaped = false;
		if (!was && in[i] == CTRL('a')) {
			k->escaped = true;
		} else if (!was) {
			out[(*out_n)++] = in[i];
		} else if (in[i] == CTRL('a') || in[i] == 'a') {
			/* Twice: once for the guest. */
			out[(*out_n)++] = CTRL('a');
		} else {
			*used = i + 1;
			return command_of(in[i]);
		}
	}
	*used = n;
	return KEYS_NONE;
}

size_t keys_help(char *buf, size_t cap, const char *leave, bool machine)
{
	int n = snprintf(buf, cap,
		"\r\n"
		"Ctrl-A X       %s\r\n"
		"%s"
		"Ctrl-A Ctrl-A  sends Ctrl-A to the guest\r\n"
		"Ctrl-A H       this help\r\n",
		leave,
		machine ? "Ctrl-A P       presses the power button\r\n"
			  "Ctrl-A R       resets the guest\r\n"
			: "");

	return n < 0 ? 0 : MIN((size_t)n, cap - 1);
}
