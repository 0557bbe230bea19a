/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where printed text goes: the virtio console's port 0, COM1, or both. Text is kept until a line
 * ends, and a whole printf leaves in one piece: every piece costs VM exits.
 */
#include "dyno/print.h"

#include <stdio.h>
#include <string.h>

#include "dyno/boot.h"
#include "dyno/console.h"
#include "dyno/event.h"
#include "dyno/io.h"
#include "sdk.h"

#define COM1       0x3f8
#define COM1_FCR   (COM1 + 2)
#define COM1_LCR   (COM1 + 3)
#define LINE_BYTES 2048
#define DRAIN_NS   DYNO_MS(200)
#define WRITE_NS   DYNO_MS(100)

static char line[LINE_BYTES];
static size_t line_n;
static bool to_com1 = true, to_console, console_tried;
static struct dyno_port *port;

void print_init(void)
{
	const char *where = dyno_option("print");

	if (where == NULL || strcmp(where, "hvc") == 0) {
		to_com1 = false;
		to_console = true;
	} else if (strcmp(where, "both") == 0) {
		to_console = true;
	}
}

/* The UART behind this port takes bytes as they come; no FIFO level is looked at, because every
 * look is an exit. One string instruction is one exit. */
static void print_com1(const char *text, size_t n)
{
	static bool ready;

	if (!ready) {
		dyno_out8(COM1_LCR, 0x03); /* 8n1 */
		dyno_out8(COM1_FCR, 0x07);
		ready = true;
	}
	dyno_outs8(COM1, text, n);
}

static void print_console(const char *text, size_t n)
{
	const uint64_t deadline_ns = dyno_now_ns() + WRITE_NS;

	while (n > 0) {
		const size_t done = dyno_port_write(port, text, n);

		text += done;
		n -= done;
		/* Nobody reads: what is left is lost, the program goes on. */
		if (n > 0 && dyno_now_ns() > deadline_ns)
			return;
	}
}

void dyno_print_flush(void)
{
	static char out[LINE_BYTES];
	const size_t n = line_n;

	/* Opening the console may print, too; that stays in the buffer for the next time. */
	if (n == 0 || (to_console && console_tried && port == NULL && !to_com1))
		return;
	memcpy(out, line, n);
	line_n = 0;
	if (to_console && !console_tried) {
		console_tried = true;
		port = console_first();
		to_com1 |= port == NULL;
	}
	if (port != NULL)
		print_console(out, n);
	if (to_com1)
		print_com1(out, n);
}

void print_drain(void)
{
	const uint64_t deadline_ns = dyno_now_ns() + DRAIN_NS;

	while (port != NULL && !console_drained(port) && dyno_now_ns() < deadline_ns)
		dyno_pause();
}

void print_emergency(const char *text, size_t n)
{
	static bool entered;

	print_com1(text, n);
	/* A second time means that the console is what is broken. */
	if (entered || port == NULL)
		return;
	entered = true;
	print_console(text, n);
	print_drain();
}

static void add(const char *text, size_t n)
{
	bool newline = false;

	for (size_t i = 0; i < n; i++) {
		if (line_n == LINE_BYTES)
			dyno_print_flush();
		line[line_n++] = text[i];
		newline |= text[i] == '\n';
	}
	if (newline)
		dyno_print_flush();
}

int dyno_vprintf(const char *fmt, va_list ap)
{
	char text[1024];
	const int n = dyno_vsnprintf(text, sizeof(text), fmt, ap);

	add(text, n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1);
	return n;
}

int dyno_printf(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = dyno_vprintf(fmt, ap);
	va_end(ap);
	return n;
}

int printf(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = dyno_vprintf(fmt, ap);
	va_end(ap);
	return n;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = dyno_vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	return dyno_vsnprintf(buf, size, fmt, ap);
}
