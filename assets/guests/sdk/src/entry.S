/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the PVH entry point (32-bit, no paging) to dyno_start() in ring 3 of long mode.
 *
 * Ring 0 may be emulated instruction by instruction, so as little as possible is done in it: page
 * tables and descriptor tables are data of the image, nothing is computed at run time.
 *
 * Formats: Intel SDM volume 3, "Protected-Mode Memory Management", "Interrupt and Exception
 * Handling"; Xen's public interface, "PVH direct boot".
 */
#include "layout.h"

	/* XEN_ELFNOTE_PHYS32_ENTRY */
	.section .note.Xen, "a", @note
	.balign 4
	.long 4, 8, 18
	.asciz "Xen"
	.quad pvh_start

	.section .text.entry, "ax", @progbits
	.code32
	.globl pvh_start
pvh_start:
	cld
	lgdt gdt_pointer
	movl $pml4, %eax
	movl %eax, %cr3
	/* PAE, OSFXSR, OSXMMEXCPT */
	movl $0x620, %eax
	movl %eax, %cr4
	/* EFER.LME */
	movl $0xc0000080, %ecx
	movl $0x100, %eax
	xorl %edx, %edx
	wrmsr
	/* PE, MP, ET, NE, WP, PG; EM and TS stay clear so that SSE works */
	movl $0x80010033, %eax
	movl %eax, %cr0
	ljmp $SEG_CODE0, $long_mode

	.code64
long_mode:
	movl $SEG_DATA3, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %fs
	movl %eax, %gs
	xorl %eax, %eax
	movl %eax, %ss
	movl $stack0_top, %esp
	lidt idt_pointer
	movl $SEG_TSS, %eax
	ltr %ax
	/* To ring 3, interrupts off: they are taken only while idle (gate_idle). */
	pushq $SEG_DATA3
	pushq $stack3_top
	pushq $0x2
	pushq $SEG_CODE3
	pushq $ring3_start
	iretq

ring3_start:
	movl %ebx, %edi
	xorl %ebp, %ebp
	call dyno_start
	ud2

	.section .data.tables, "aw", @progbits
	/*
	 * One to one: the first 4 GiB in 2 MiB pages, the rest up to 512 GiB in 1 GiB pages (a CPU
	 * that has none faults only when something up there is touched). Present, writable, user,
	 * accessed, dirty: nothing is left for the page walk to write.
	 */
	.balign 4096
page_directories:
	.set i, 0
	.rept 2048
	.quad (i << 21) | 0xe7
	.set i, i + 1
	.endr
page_pointers:
	.set i, 0
	.rept 4
	.quad page_directories + (i << 12) + 0x27
	.set i, i + 1
	.endr
	.rept 508
	.quad (i << 30) | 0xe7
	.set i, i + 1
	.endr
pml4:
	.quad page_pointers + 0x27
	.fill 511, 8, 0

	.globl idt
idt:
	.set i, 0
	.rept 256
	.word dyno_stubs_lo + 16 * i, SEG_CODE0
	.byte 0, 0x8e /* interrupt gate, ring 0 */
	.word dyno_stubs_hi
	.quad 0
	.set i, i + 1
	.endr

	.balign 16
gdt:
	.quad 0
	.quad 0x00af9b000000ffff /* SEG_CODE0: 64-bit */
	.quad 0x00cff3000000ffff /* SEG_DATA3 */
	.quad 0x00affb000000ffff /* SEG_CODE3: 64-bit */
	.word 0x67, dyno_tss_lo  /* SEG_TSS */
	.byte dyno_tss_mid, 0x89, 0, dyno_tss_hi
	.quad 0
gdt_end:

	.balign 16
	.globl dyno_tss
dyno_tss:
	.long 0
	.quad stack0_top, 0, 0
	.quad 0
	.fill 7, 8, 0
	.quad 0
	.word 0, 0x68
dyno_tss_end:

gdt_pointer:
	.word gdt_end - gdt - 1
	.long gdt, 0
idt_pointer:
	.word 256 * 16 - 1
	.quad idt

	.section .bss.stacks, "aw", @nobits
	.balign 16
	.skip 4096
stack0_top:
	.skip STACK3_BYTES
	.globl stack3_top
stack3_top:
