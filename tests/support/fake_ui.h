/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user interface's end of a display channel, for tests: receives surfaces and maps them, keeps
 * what was said, releases presents and sends input when the test says so. Aborts when a message
 * breaks the contract of base/proto/display.h. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/proto/display.h"

struct fake_ui;

/* Takes over a SOCK_SEQPACKET socket. Never NULL. */
struct fake_ui *fake_ui_new(int sock_take);
/* Closes the socket; NULL is legal. */
void fake_ui_free(struct fake_ui *u);

/* Takes the next message; false when none waits (or the other side is gone). */
bool fake_ui_next(struct fake_ui *u, struct display_msg *out);
/* Takes all messages that wait; returns how many. `last` gets the latest of `kind` when there was
 * one (its kind is 0 otherwise). */
unsigned int fake_ui_drain(struct fake_ui *u, uint32_t kind, struct display_msg *last);
/* True once the other side closed the channel. */
bool fake_ui_closed(const struct fake_ui *u);

/* Pixel of a known surface; aborts when there is none. */
uint32_t fake_ui_pixel(const struct fake_ui *u, uint32_t surface, uint32_t x, uint32_t y);
unsigned int fake_ui_surfaces(const struct fake_ui *u);
/* Picture of the last CURSOR message. */
const uint8_t *fake_ui_cursor(const struct fake_ui *u);

/* What a user interface sends. */
void fake_ui_release(struct fake_ui *u, const struct display_msg *present);
void fake_ui_resize(struct fake_ui *u, uint32_t scanout, uint32_t width, uint32_t height);
void fake_ui_input(struct fake_ui *u, uint32_t scanout, enum input_kind kind,
	const struct input_event_rec *ev, uint32_t n);
/* Sends bytes as they are. */
void fake_ui_raw(struct fake_ui *u, const void *buf, uint32_t len);
