/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of a program. */
#include "dyno/boot.h"
#include "dyno/io.h"
#include "dyno/print.h"
#include "sdk.h"

static DYNO_NORETURN void stop(void)
{
	for (;;)
		dyno_ring0(DYNO_GATE_IDLE, 0, 0, 0, 0);
}

void dyno_poweroff(void)
{
	dyno_print_flush();
	print_drain();
	acpi_poweroff();
	stop();
}

void dyno_reset(void)
{
	dyno_print_flush();
	print_drain();
	acpi_reset();
	/* The ways a PC has without ACPI. */
	dyno_out8(0xcf9, 6);
	dyno_out8(0x64, 0xfe);
	stop();
}

void dyno_panic(const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = dyno_snprintf(text, sizeof(text), "\nPANIC: ");
	dyno_vsnprintf(text + n, sizeof(text) - (size_t)n - 2, fmt, ap);
	va_end(ap);
	for (n = 0; text[n] != '\0'; n++)
		;
	text[n++] = '\n';
	print_emergency(text, (size_t)n);
	acpi_poweroff();
	stop();
}

const char *dyno_error_name(int code)
{
	static const char *const names[] = { "success", "no such device", "no room",
		"invalid argument", "refused by the device", "wrong state", "out of memory",
		"no answer" };

	return code <= 0 && code > -(int)DYNO_COUNT(names) ? names[-code] : "unknown error";
}
