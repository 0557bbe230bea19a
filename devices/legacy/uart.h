/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A 16550A serial port over a file descriptor: FIFOs, loopback, interrupts. It knows no bus and no
 * KVM. Baud rates are accepted and have no effect: a byte takes no time.
 *
 * The guest is never blocked: what the other end does not take is kept up to
 * UART_TX_BYTES, then dropped and counted. Registers may be used on any thread, the fd is
 * served by one event loop.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"

#define UART_PORTS    8 /* registers */
#define UART_TX_BYTES 16384

struct uart;

struct uart_host {
	/* The interrupt line; called on change only, on any thread, with the port's lock held. */
	void (*irq)(void *ctx, bool level);
	void *ctx;
};

/*
 * Makes a port. `fd_take` is a stream socket, pipe, terminal or file, both ways as far as it can
 * (-1: output is discarded); it is made non-blocking and consumed, closed on failure too. 0 or
 * -errno.
 */
MUST_CHECK int uart_new(
	struct uart **out, struct ev_loop *loop, int fd_take, const struct uart_host *host);
/* Loop's thread, or after it. NULL is legal. */
void uart_free(struct uart *u);

/* Register `reg` (0..7), one byte. Any thread. */
uint8_t uart_read(struct uart *u, unsigned int reg);
void uart_write(struct uart *u, unsigned int reg, uint8_t value);
/* Back to the state after power-on; output that is waiting stays. Any thread. */
void uart_reset(struct uart *u);
/* Writes what is waiting, for at most limit_ms. When the guest has ended. */
void uart_drain(struct uart *u, int limit_ms);

struct uart_stats {
	uint64_t tx_bytes, tx_dropped, rx_bytes;
};
void uart_stats(struct uart *u, struct uart_stats *out);
