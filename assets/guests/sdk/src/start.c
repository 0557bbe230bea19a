/* SPDX-License-Identifier: Apache-2.0 */
/* The first C code (ring 3), and what happens when the program goes wrong. */
#include "dyno/dyno.h"
#include "dyno/io.h"
#include "layout.h"
#include "sdk.h"

/* Filled by src/traps.S. */
struct trap_record {
	uint64_t vector, error, rip, cs, rflags, rsp, cr2;
	uint64_t reg[15]; /* rax rbx rcx rdx rsi rdi rbp r8..r15 */
};
static_assert(offsetof(struct trap_record, reg) == TRAP_REGS, "as in layout.h");

extern const struct trap_record dyno_trap;

DYNO_NORETURN void dyno_start(uint32_t start_info);
DYNO_NORETURN void dyno_trap_report(void);

void dyno_start(uint32_t start_info)
{
	clock_init();
	boot_take(start_info);
	event_init();
	print_init();
	dyno_main();
	dyno_poweroff();
}

void dyno_trap_report(void)
{
	static const char *const names[] = { "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM",
		"#DF", "?", "#TS", "#NP", "#SS", "#GP", "#PF", "?", "#MF", "#AC", "#MC", "#XM" };
	static const char *const regs[] = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8 ",
		"r9 ", "r10", "r11", "r12", "r13", "r14", "r15" };
	const struct trap_record *t = &dyno_trap;
	char text[1024];
	int n;

	n = dyno_snprintf(text, sizeof(text),
		"\nPANIC: exception %llu %s, error %#llx, at %02llx:%#llx, flags %#llx, stack %#llx, "
		"cr2 %#llx\n",
		(unsigned long long)t->vector,
		t->vector < DYNO_COUNT(names) ? names[t->vector] : "?",
		(unsigned long long)t->error, (unsigned long long)t->cs, (unsigned long long)t->rip,
		(unsigned long long)t->rflags, (unsigned long long)t->rsp,
		(unsigned long long)t->cr2);
	for (size_t i = 0; i < DYNO_COUNT(regs) && n < (int)sizeof(text) - 32; i++)
		n += dyno_snprintf(text + n, sizeof(text) - (size_t)n, "  %s %016llx%s", regs[i],
			(unsigned long long)t->reg[i], i % 4 == 3 ? "\n" : "");
	n += dyno_snprintf(text + n, sizeof(text) - (size_t)n, "\n");
	print_emergency(text, (size_t)n);
	acpi_poweroff();
	for (;;)
		dyno_ring0(DYNO_GATE_IDLE, 0, 0, 0, 0);
}
