/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a process has run since it was last asked, by one call that costs a thirtieth of reading
 * the files of ten threads. What only its own running can change need not be read anew then.
 */
#ifndef KVMTOP_COLLECTORS_PROCESS_CLOCK_H
#define KVMTOP_COLLECTORS_PROCESS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct reading;

/* Zeroed: nothing is known yet. */
struct process_clock {
	uint64_t ran_ns; /* all its threads, those that ended too; 0: not told */
	bool is_asked, is_foreign;
};

/*
 * True when no thread of the process has run, begun or ended since the call before. False where
 * that cannot be told, and where all is to be read anyway. Call it before the files are read: what
 * runs in between shows at the next call.
 */
bool process_has_rested(struct process_clock *c, const struct reading *r, uint32_t pid);

#endif
