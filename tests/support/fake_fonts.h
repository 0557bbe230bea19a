/* SPDX-License-Identifier: Apache-2.0 */
/* Glyphs of a fixed size for tests of the panel: 8 pixels wide at scale 1, 16 high, all covered. */
#pragma once

#include "ui/panel/canvas.h"

/* Freed by its `free`. */
struct panel_fonts *fake_fonts(void);
