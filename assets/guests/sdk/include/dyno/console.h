/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports of the virtio console(s) beyond the one that dyno_printf() uses. A port is a byte stream.
 */
#pragma once

#include "dyno/base.h"

struct dyno_port;

/* The port with this name (multiport), or NULL. Port 0 of a console without names is "hvc0". */
struct dyno_port *dyno_port_find(const char *name);
/* True while the other end is connected. */
bool dyno_port_open(const struct dyno_port *p);
/* Up to `bytes` bytes that came in; 0 when there are none. */
size_t dyno_port_read(struct dyno_port *p, void *dst, size_t bytes);
/* Queues bytes; returns how many there was room for. Sent at once. */
size_t dyno_port_write(struct dyno_port *p, const void *src, size_t bytes);
