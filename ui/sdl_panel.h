/* SPDX-License-Identifier: Apache-2.0 */
/* The panel's window: SDL's events become moves of the user, the desk's picture is shown. SDL main
 * thread only. */
#pragma once

#include <SDL.h>
#include <stdbool.h>

#include "ui/panel/panel.h"

struct panel_window;

/* Opens it in the lower right corner of the screen, away from the first guests. 0 or -errno with a
 * message. */
MUST_CHECK int panel_window_new(struct panel_window **out, struct panel *p, struct err *e);
void panel_window_free(struct panel_window *w); /* NULL is legal */
/* True when the event was the panel's; it is to be painted then. `w` may be NULL. */
bool panel_window_event(struct panel_window *w, Uint32 window, const SDL_Event *e);
/* Shows what changed. `w` may be NULL. */
void panel_window_paint(struct panel_window *w, bool all);
