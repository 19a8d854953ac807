/* SPDX-License-Identifier: GPL-2.0-or-later */
	.section .rodata
	.global kvmtop_demo
	.global kvmtop_demo_end
kvmtop_demo:
	.incbin "demo.host.zst"
kvmtop_demo_end:
	.byte 0
	.section .note.GNU-stack, "", %progbits
