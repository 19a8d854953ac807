/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What whoever reads a profile has to know: what it lacks, why, and what would give it. */
#ifndef KVMTOP_PROFILE_EXPLAIN_H
#define KVMTOP_PROFILE_EXPLAIN_H

#include <stdbool.h>
#include <stdint.h>

struct guest_symbols;
struct recorder_facts;
struct report;
struct root;
struct tally;

/* Lent for the call. */
struct profiled {
	const struct recorder_facts *facts;
	const struct tally *tally;
	const struct guest_symbols *symbols;
	const char *host_problem; /* NULL: none */
	uint64_t guest_ns;        /* time that the process spent in the guest meanwhile */
	bool ended;               /* the guest has ended */
	bool is_emulated;         /* without KVM: no CPU is ever in the guest */
};

void explain_profile(struct report *r, const struct profiled *p);
void explain_failure(struct report *r, int error);

/* Time in the guest since @before_ns; with 0 since it started. */
uint64_t profile_guest_ns(const struct root *root, uint32_t pid, uint64_t before_ns);

/* What, with its number, tells one process from all others; 0: there is none. */
uint64_t profile_birth(const struct root *root, uint32_t pid);

/* When a process started, by the wall clock; 0: not to be had. */
int64_t profile_started_ns(const struct root *root, uint32_t pid);

#endif
