/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which threads of a process are vCPUs where their names do not tell: by the pids that KVM shows in
 * debugfs (6.1 and later), by the KVM_RUN call in which a vCPU's thread sleeps, by the time it has
 * spent in a guest; and where as many vCPUs as there are busy threads are still without one, by
 * that.
 */
#ifndef KVMTOP_COLLECTORS_VCPU_FINDER_H
#define KVMTOP_COLLECTORS_VCPU_FINDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct numbers;
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

/* What is known of a thread whose name tells nothing; from VCPU_TAKEN on it counts as a vCPU. */
enum vcpu_told {
	VCPU_NOT,
	VCPU_BUSY,   /* was in no call when it was asked: a vCPU, or another busy thread */
	VCPU_TAKEN,  /* busy twice, with vCPUs enough that have no thread; its number is a guess */
	VCPU_SPENT,  /* has spent time in a guest; its number is a guess */
	VCPU_CERTAIN /* told with its number */
};

struct vcpu_candidate {
	uint32_t tid;
	enum vcpu_told told;
	int vcpu; /* its number, from VCPU_TAKEN on */
};

/* The numbers of the vCPUs for which a process holds descriptors, ascending. 0 or -errno. */
int vcpu_finder_list(const struct root *root, uint32_t pid, struct numbers *ret);

/*
 * Asks the @n threads whose number is not certain yet. @vcpus are the numbers that there are;
 * empty: not known, and then a busy thread is never taken for a vCPU.
 */
void vcpu_finder_look(const struct vcpu_finder *f, const struct numbers *vcpus,
    struct vcpu_candidate *candidate, size_t n);
void vcpu_finder_done(struct vcpu_finder *f);

#endif
