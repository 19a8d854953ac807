/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of the reasons for which a guest is left, as the headers of the kernel give them:
 * asm/vmx.h, asm/svm.h, asm/esr.h of arm64, and linux/kvm.h for those that go on to user space.
 */
#ifndef KVMTOP_COLLECTORS_EXIT_REASONS_H
#define KVMTOP_COLLECTORS_EXIT_REASONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

struct exit_reason {
	uint32_t isa, code;
};

#define EXIT_NAME_SIZE 48

/* Its name, or its number: "0x5f", "user 99". */
void exit_reason_name(struct exit_reason reason, char buf[EXIT_NAME_SIZE]);

/* The guest had nothing to do, so the time until it is entered again is sleep. */
bool exit_is_idle(struct exit_reason reason);

#endif
