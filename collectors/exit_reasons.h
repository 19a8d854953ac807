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

#include "collectors/exit_codes.h"

struct exit_reason {
	uint32_t isa, code;
};

#define EXIT_NAME_SIZE 48

/* Its name, or its number: "0x5f", "user 99". */
void exit_reason_name(struct exit_reason reason, char buf[EXIT_NAME_SIZE]);

/* The guest had nothing to do, so the time until it is entered again is sleep. */
bool exit_is_idle(struct exit_reason reason);

#endif
