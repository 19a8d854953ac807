/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers that reasons of exits are made of. Also for programs that run in the kernel, so there are
 * neither types nor functions of the C library in here.
 */
#ifndef KVMTOP_COLLECTORS_EXIT_CODES_H
#define KVMTOP_COLLECTORS_EXIT_CODES_H

/* Whose code it is. The first two are what the field `isa` of kvm_exit says. */
enum exit_isa {
	EXIT_VMX = 1,
	EXIT_SVM = 2,
	EXIT_ARM_TRAP = 3, /* the exception class of ESR_EL2 */
	EXIT_ARM = 4,      /* what else ended the run: field `ret` */
	EXIT_TO_USER = 5,  /* kvm_userspace_exit */
	EXIT_ISAS
};

/* Of kvm_userspace_exit with an error instead of a reason. */
#define EXIT_USER_RESTART 0x10000U /* -EINTR: a signal */
#define EXIT_USER_ERROR 0x20000U   /* + the error's number */
/* Of what did not fit into the counts that the kernel keeps per vCPU. */
#define EXIT_OTHER 0x7fffffffU

/* The other bits of a VMX reason tell circumstances. */
#define EXIT_VMX_MASK 0x8000ffffU
/* `ret` of arm64's kvm_exit: `esr_ec` says why. */
#define EXIT_ARM_EXCEPTION_TRAP 2

/* The guest had nothing to do, so the time until it is entered again is sleep. */
static inline int exit_code_is_idle(unsigned int isa, unsigned int code)
{
	switch (isa) {
	case EXIT_VMX:
		return code == 12 || code == 36; /* HLT, MWAIT_INSTRUCTION */
	case EXIT_SVM:
		/* hlt, mwait, mwait_cond, idle-halt */
		return code == 0x78 || code == 0x8b || code == 0x8c || code == 0xa6;
	case EXIT_ARM_TRAP:
		return code == 1; /* WFI, WFE */
	default:
		return 0;
	}
}

#endif
