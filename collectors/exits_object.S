/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs that count exits in the kernel, as an object for libbpf to load. */
	.section .rodata
	.balign 8
	.globl exits_object
exits_object:
	.incbin "exits_kernel.bpf.o"
	.globl exits_object_end
exits_object_end:
	.byte 0
	.section .note.GNU-stack,"",%progbits
