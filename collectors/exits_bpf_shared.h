/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs in the kernel and those who read their maps agree upon. */
#ifndef KVMTOP_COLLECTORS_EXITS_BPF_SHARED_H
#define KVMTOP_COLLECTORS_EXITS_BPF_SHARED_H

#include <linux/types.h>

#include "collectors/exit_codes.h"
#include "collectors/exit_hist.h"

/* Reasons of one vCPU, a power of two. The first ones go to those that come first; what then has no
 * slot is counted in the last two, one for exits and one for those that go on to user space. */
#define EXITS_SLOTS 32
#define EXITS_OTHER_EXITS (EXITS_SLOTS - 2)
#define EXITS_OTHER_USER (EXITS_SLOTS - 1)

/* Where fields lie in the records, from `format`; 0: there is none. */
struct exits_offsets {
	__u32 reason, isa; /* x86 */
	__u32 ret, esr_ec; /* arm64 */
	__u32 user_reason, user_error;
};

struct exits_slot {
	__u32 isa, code; /* @isa 0: not used yet */
	__u64 count;
	__u64 timed, time_ns, min_ns, max_ns;
	__u32 hist[EXIT_BUCKETS];
};

/* Of one thread: a vCPU does one thing at a time, so that nothing needs to be atomic. */
struct exits_thread {
	__u64 exit_ns, user_ns; /* not entered since; 0: it was, or this one is not timed */
	__u32 exit_at, user_at; /* its slots */
	__u32 random;
	__u32 unused;
	struct exits_slot slot[EXITS_SLOTS];
};

/* The elements of the array `control`. */
enum {
	EXITS_TIME_MASK, /* of 2^n exits one is timed: 2^n - 1 */
	EXITS_NO_ROOM,   /* events of threads that found no room */
	EXITS_CONTROLS
};

#endif
