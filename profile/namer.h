/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names for addresses of a guest's threads: of the host's kernel, of QEMU and its libraries, of the
 * guest's kernel. Files are opened when a sample is first seen in them.
 */
#ifndef KVMTOP_PROFILE_NAMER_H
#define KVMTOP_PROFILE_NAMER_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/tally.h"

struct guest_symbols;
struct root;
struct namer;

/* Foreign text, lent by the namer. */
struct named {
	const char *object; /* "[kernel]", "kvm_amd", "qemu-system-x86_64", "[guest kernel]" */
	const char *symbol; /* NULL: not known */
	uint64_t address;   /* that stands for it: within its file, where there is one */
};

/* @root and @guest must outlive it. @pid: 0: no process, only kernels. */
struct namer *namer_new(const struct root *root, uint32_t pid, const struct guest_symbols *guest);
void namer_free(struct namer *n);

struct named namer_name(struct namer *n, enum cpu_mode mode, uint64_t ip);

/* Why the host's own functions have no names: a sentence, or NULL. */
const char *namer_problem(const struct namer *n);

#endif
