/* SPDX-License-Identifier: Apache-2.0 */
/* The panel's glyphs: SDL2_ttf over the first sans-serif font that the host has. */
#pragma once

#include "base/err.h"
#include "ui/panel/canvas.h"

/*
 * Looks for a font (DYNO_UI_FONT names one; else the usual places of distributions) and opens it
 * at scale 1; others that are there fill in what it lacks. 0; -ENOENT with a message that names
 * the package; -EIO; -ENOMEM. Opens files: before a sandbox.
 */
MUST_CHECK int panel_fonts_open(struct panel_fonts **out, struct err *e);
