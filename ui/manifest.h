/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What dyno-ui is to show, as the bench tells it in its first message (docs/interfaces.md):
 * parsed and checked here once, plain data afterwards.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/proto/display.h"

#define UI_MAX_GUESTS 16
#define UI_NAME       64
#define UI_MAX_FDS    (UI_MAX_GUESTS + 2)

enum ui_backend_kind { UI_SDL, UI_HEADLESS };

struct ui_display_spec {
	char title[UI_NAME];
	uint32_t width, height;
	int32_t x, y;
	bool placed; /* x, y were given */
	bool input[INPUT_KINDS]; /* input devices that the guest has on this display */
};

struct ui_guest_spec {
	char name[UI_NAME];
	uint32_t fd_index; /* the display channel, in the descriptors of the message */
	uint32_t displays;
	struct ui_display_spec display[DISPLAY_MAX_SCANOUTS];
};

struct ui_manifest {
	enum ui_backend_kind backend;
	enum log_level log_level;
	bool panel; /* the control panel's window */
	uint32_t panel_fd_index; /* its description */
	bool panel_signals;
	uint32_t signals_fd_index; /* its signal port */
	uint32_t guests;
	struct ui_guest_spec guest[UI_MAX_GUESTS];
};

/* Checks `msg`; `nfds` bounds the indices. 0 or -EINVAL with a message that names the key. */
MUST_CHECK int ui_manifest_parse(
	const json_t *msg, size_t nfds, struct ui_manifest *out, struct err *e);
