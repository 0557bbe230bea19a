/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs in ring 0 after start-up: a few instructions per interrupt.
 *
 * Vectors 0..31 are exceptions. All but one end the program: they are recorded and handed to
 * dyno_trap_report() in ring 3. The one is #GP at the HLT of dyno_gate(): the door to ring 0 for
 * idling, port I/O and MSRs (SYSCALL and INT do not work under every hypervisor, faults do).
 * Vectors from 32 on are interrupts; they count and acknowledge. No SSE, no calls, no stack use
 * beyond the frame.
 */
#include "layout.h"

	.section .text.stubs, "ax", @progbits
	.code64

	/* Exceptions without an error code push a 0 in its place. */
	.macro exception n, has_code
	.balign 16
	.if \n == 13
	jmp protection
	.endif
	.ifeq \has_code
	pushq $0
	.endif
	pushq $\n
	jmp record
	.endm

	exception 0, 0
	exception 1, 0
	exception 2, 0
	exception 3, 0
	exception 4, 0
	exception 5, 0
	exception 6, 0
	exception 7, 0
	exception 8, 1
	exception 9, 0
	exception 10, 1
	exception 11, 1
	exception 12, 1
	exception 13, 1
	exception 14, 1
	exception 15, 0
	exception 16, 0
	exception 17, 1
	exception 18, 0
	exception 19, 0
	exception 20, 0
	exception 21, 1
	.set n, 22
	.rept 10
	exception n, 0
	.set n, n + 1
	.endr

	/* Interrupts. */
	.set n, 32
	.rept 224
	.balign 16
	.if n == VECTOR_SPURIOUS
	iretq
	.elseif n == VECTOR_TIMER
	incl dyno_irq_timer
	jmp acknowledge
	.elseif n == VECTOR_CONFIG
	incl dyno_irq_config
	jmp acknowledge
	.else
	incl dyno_irq_device
	jmp acknowledge
	.endif
	.set n, n + 1
	.endr
	.balign 16

	.globl dyno_stubs_end
dyno_stubs_end:

acknowledge:
	/* EOI register of the local APIC; the value does not matter. */
	movabsl %eax, 0xfee000b0
	iretq

	/* #GP: at the gate it is a request (number in rax), anywhere else a mistake. */
protection:
	cmpq $dyno_gate_here, 8(%rsp)
	jne unexpected
	addq $8, %rsp
	incq (%rsp)
	jmp *gate_table(, %rax, 8)
unexpected:
	pushq $13
	jmp record

	/*
	 * Device registers: ecx operations at rsi (struct dyno_op), one ring change for all. String
	 * instructions, because each instruction costs. Uses rax, rcx, rdx, rsi, rdi; rbp says where
	 * to go on.
	 */
next_op:
	lodsq
	movq %rax, %rdi
	lodsl
	jmp *op_table(, %rax, 8)
op_read8:
	movzbl (%rdi), %edx
	jmp op_result
op_read16:
	movzwl (%rdi), %edx
	jmp op_result
op_read32:
	movl (%rdi), %edx
op_result:
	movl %edx, (%rsi)
	addq $4, %rsi
	loop next_op
	jmp *%rbp
op_write8:
	movsb
	addq $3, %rsi
	loop next_op
	jmp *%rbp
op_write16:
	movsw
	addq $2, %rsi
	loop next_op
	jmp *%rbp
op_write32:
	movsl
	loop next_op
	jmp *%rbp

gate_list:
	movl $list_done, %ebp
	jmp next_op
list_done:
	iretq

	/*
	 * Idling: first the list (ecx may be 0), then the timer (one shot of r8d nanoseconds; 0: leave
	 * it), then the halt. Interrupts are off here, so a look at the counters cannot be overtaken:
	 * one that came since ring 3 cleared them makes the halt unnecessary; one that comes later
	 * ends it (STI holds interrupts off for one instruction more).
	 */
gate_idle:
	jrcxz idle_timer
	movl $idle_timer, %ebp
	jmp next_op
idle_timer:
	testl %r8d, %r8d
	jz idle_look
	movl %r8d, %eax
	movabsl %eax, 0xfee00380
idle_look:
	movl dyno_irq_device, %eax
	orl dyno_irq_config, %eax
	orl dyno_irq_timer, %eax
	jnz 1f
	sti
	hlt
	cli
1:	iretq

	/* Ports in dx, value in ecx or to rax; strings at rsi, ecx of them. */
gate_out8:
	movl %ecx, %eax
	outb %al, %dx
	iretq
gate_out16:
	movl %ecx, %eax
	outw %ax, %dx
	iretq
gate_out32:
	movl %ecx, %eax
	outl %eax, %dx
	iretq
gate_in8:
	inb %dx, %al
	iretq
gate_in16:
	inw %dx, %ax
	iretq
gate_in32:
	inl %dx, %eax
	iretq
gate_outs8:
	rep outsb
	iretq
	/* MSR ecx; value in or out: edx:eax through rsi. */
gate_wrmsr:
	movl %esi, %eax
	movq %rsi, %rdx
	shrq $32, %rdx
	wrmsr
	iretq
gate_rdmsr:
	rdmsr
	shlq $32, %rdx
	orq %rdx, %rax
	iretq

	/* rcx pages from rsi on: what they hold stays. */
gate_touch:
	orb $0, (%rsi)
	addq $4096, %rsi
	loop gate_touch
	iretq

	/* In the order of enum dyno_gate (io.h). */
	.section .rodata.gates, "a", @progbits
	.balign 8
gate_table:
	.quad gate_idle, gate_list
	.quad gate_out8, gate_out16, gate_out32
	.quad gate_in8, gate_in16, gate_in32
	.quad gate_outs8
	.quad gate_wrmsr, gate_rdmsr
	.quad gate_touch
	/* In the order of enum dyno_op_kind. */
op_table:
	.quad op_read8, op_read16, op_read32
	.quad op_write8, op_write16, op_write32

	.section .text.stubs, "ax", @progbits
	/* Stack: vector, error code, rip, cs, rflags, rsp, ss. */
record:
	movq %rax, dyno_trap + TRAP_REGS
	movq %rbx, dyno_trap + TRAP_REGS + 8
	movq %rcx, dyno_trap + TRAP_REGS + 16
	movq %rdx, dyno_trap + TRAP_REGS + 24
	movq %rsi, dyno_trap + TRAP_REGS + 32
	movq %rdi, dyno_trap + TRAP_REGS + 40
	movq %rbp, dyno_trap + TRAP_REGS + 48
	movq %r8, dyno_trap + TRAP_REGS + 56
	movq %r9, dyno_trap + TRAP_REGS + 64
	movq %r10, dyno_trap + TRAP_REGS + 72
	movq %r11, dyno_trap + TRAP_REGS + 80
	movq %r12, dyno_trap + TRAP_REGS + 88
	movq %r13, dyno_trap + TRAP_REGS + 96
	movq %r14, dyno_trap + TRAP_REGS + 104
	movq %r15, dyno_trap + TRAP_REGS + 112
	popq %rax
	movq %rax, dyno_trap + TRAP_VECTOR
	popq %rax
	movq %rax, dyno_trap + TRAP_ERROR
	popq %rax
	movq %rax, dyno_trap + TRAP_RIP
	popq %rax
	movq %rax, dyno_trap + TRAP_CS
	popq %rax
	movq %rax, dyno_trap + TRAP_RFLAGS
	popq %rax
	movq %rax, dyno_trap + TRAP_RSP
	movq %cr2, %rax
	movq %rax, dyno_trap + TRAP_CR2
	pushq $SEG_DATA3
	pushq $trap_stack_top
	pushq $0x2
	pushq $SEG_CODE3
	pushq $trap_ring3
	iretq

	.section .text.trap3, "ax", @progbits
trap_ring3:
	call dyno_trap_report
	ud2

	/* The door to ring 0: see dyno_ring0() in dyno/io.h. */
	.globl dyno_gate
dyno_gate:
	pushq %rbp
dyno_gate_here:
	hlt
	popq %rbp
	ret

	.section .bss.trap, "aw", @nobits
	.balign 16
	.skip 32768
trap_stack_top:
	.globl dyno_trap
dyno_trap:
	.skip TRAP_REGS + 15 * 8

	/* Counters that ring 3 clears before it looks around. On a cache line of their own. */
	.balign 64
	.globl dyno_irq_device
	.globl dyno_irq_config
	.globl dyno_irq_timer
dyno_irq_device:
	.long 0
dyno_irq_config:
	.long 0
dyno_irq_timer:
	.long 0
	.balign 64
