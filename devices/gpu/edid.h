/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The EDID of a scanout (VESA E-EDID 1.4): one preferred timing, the display's name. Sizes that a
 * base block cannot say (over 4095 pixels) come in a DisplayID extension block. Pure.
 */
#pragma once

#include <stdint.h>

#define EDID_BLOCK_BYTES 128
#define EDID_MAX_BYTES   256

/*
 * Builds the EDID for a width x height panel with 60 frames/s (less where its pixel clock could
 * not be said). `name` is cut to 13 printable characters; `serial` tells displays apart. Returns
 * its size: 128 or 256.
 */
uint32_t edid_build(uint8_t out[EDID_MAX_BYTES], uint32_t width, uint32_t height, const char *name,
	uint32_t serial);
