/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PVH entry of the tiny test guest: 32-bit protected mode -> long mode with 4 GiB mapped flat ->
 * tiny_main(start_info), and the start of a second processor.
 */
	.section .note.Xen, "a", @note
	.p2align 2
	.long 4, 4, 18
	.asciz "Xen"
	.long _start

	.text
	.code32
	.globl _start
_start:
	cli
	mov %ebx, %edi
	mov $boot_stack_top, %esp
	/* One PML4, one PDPT, four PDs of 2 MiB pages. */
	mov $pml4, %eax
	movl $pdpt + 7, (%eax)
	mov $pdpt, %eax
	mov $pd + 7, %ecx
	mov $4, %edx
1:	mov %ecx, (%eax)
	add $8, %eax
	add $4096, %ecx
	dec %edx
	jnz 1b
	mov $pd, %eax
	mov $0x87, %ecx
	mov $2048, %edx
2:	mov %ecx, (%eax)
	add $8, %eax
	add $0x200000, %ecx
	dec %edx
	jnz 2b
	call enter_long_tables
	ljmp $8, $long_boot

/* Paging and long mode on; the caller jumps to 64-bit code. */
enter_long_tables:
	mov $pml4, %eax
	mov %eax, %cr3
	mov $0x20, %eax
	mov %eax, %cr4
	mov $0xc0000080, %ecx
	rdmsr
	or $0x100, %eax
	wrmsr
	mov $0x80000011, %eax
	mov %eax, %cr0
	lgdt gdtr
	ret

	.code64
long_boot:
	mov $16, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $boot_stack_top, %rsp
	xor %ebp, %ebp
	call tiny_main
3:	cli
	hlt
	jmp 3b

/* Every vector comes here through its stub: counts and, from 32 on, acknowledges. */
	.globl tiny_stubs
	.p2align 4
tiny_stubs:
	.set vec, 0
	.rept 256
	.p2align 4
	.if (vec == 8) || (vec >= 10 && vec <= 14) || (vec == 17)
	.else
	push $0
	.endif
	push $vec
	jmp stub
	.set vec, vec + 1
	.endr
stub:
	push %rax
	push %rcx
	push %rdx
	push %rsi
	push %rdi
	push %r8
	push %r9
	push %r10
	push %r11
	mov 72(%rsp), %rdi
	mov 88(%rsp), %rsi
	call tiny_interrupt
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rdi
	pop %rsi
	pop %rdx
	pop %rcx
	pop %rax
	add $16, %rsp
	iretq

/* Copied below 1 MiB; a second processor starts here in real mode. */
	.globl tiny_ap_start, tiny_ap_end
	.code16
tiny_ap_start:
	cli
	lgdtl %cs:(ap_gdtr - tiny_ap_start)
	mov %cr0, %eax
	or $1, %eax
	mov %eax, %cr0
	ljmpl $24, $ap_protected
	.p2align 2
ap_gdtr:
	.word gdt_end - gdt - 1
	.long gdt
tiny_ap_end:

	.code32
ap_protected:
	mov $16, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $ap_stack_top, %esp
	call enter_long_tables
	ljmp $8, $ap_long
	.code64
ap_long:
	mov $ap_stack_top, %rsp
	xor %ebp, %ebp
	call tiny_ap_main
4:	cli
	hlt
	jmp 4b

	.data
	.p2align 3
gdt:	.quad 0
	.quad 0x00af9b000000ffff /* 8: 64-bit code */
	.quad 0x00cf93000000ffff /* 16: data */
	.quad 0x00cf9b000000ffff /* 24: 32-bit code */
gdt_end:
gdtr:	.word gdt_end - gdt - 1
	.quad gdt

	.bss
	.p2align 12
pml4:	.skip 4096
pdpt:	.skip 4096
pd:	.skip 4096 * 4
	.skip 16384
boot_stack_top:
	.skip 8192
ap_stack_top:
	.section .note.GNU-stack, "", @progbits
