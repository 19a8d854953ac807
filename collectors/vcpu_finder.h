/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which threads of a process are vCPUs where their names do not tell: by the pids that KVM shows in
 * debugfs (6.1 and later), by the KVM_RUN call in which a vCPU's thread sleeps, or by the time it
 * has spent in a guest.
 */
#ifndef KVMTOP_COLLECTORS_VCPU_FINDER_H
#define KVMTOP_COLLECTORS_VCPU_FINDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct root;

struct vcpu_finder {
	const struct root *root;
	uint32_t pid;
	struct {
		uint32_t tid;
		int vcpu;
	} * known; /* from debugfs */
	size_t n, cap;
};

void vcpu_finder_init(struct vcpu_finder *f, const struct root *root, uint32_t pid);

/* True when @tid is a vCPU; its number is -1 where only its time in the guest tells. */
bool vcpu_finder_ask(const struct vcpu_finder *f, uint32_t tid, int *ret_vcpu);
void vcpu_finder_done(struct vcpu_finder *f);

#endif
