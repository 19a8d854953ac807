/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a process has run since it was last looked at, by one call for each guest and sample that
 * costs a thirtieth of reading the files of ten threads. What only its own running can change need
 * not be read anew then.
 */
#ifndef KVMTOP_COLLECTORS_PROCESS_CLOCK_H
#define KVMTOP_COLLECTORS_PROCESS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct reading;
struct root;

/*
 * Our own pid by the link proc/self: a proc of another PID namespace has other numbers than system
 * calls. 0: it does not tell. Of a captured host it is the pid of who captured it.
 */
uint64_t process_self(const struct root *root);

/* Whether clocks are to be asked. Not where proc numbers processes in another way than system calls
 * do, @self being our own number there; and a capture wants all files of each of its samples. */
bool process_clocks_serve(const struct reading *r, uint64_t self);

/*
 * CPU time of all threads of a process of this PID namespace, those that ended too, in ns: the sum
 * of the first figures of their schedstat. 0: not told, or the process is gone.
 */
uint64_t process_ran(uint32_t pid);

/* Zeroed: nothing is known yet. */
struct process_clock {
	uint64_t ran_ns;
};

/*
 * @ran_ns: of the guest's row, which was asked before any of its files are read: what runs in
 * between shows in the next sample. True when no thread of the process has run, begun or ended
 * since the call before; false where that is not told.
 */
bool process_has_rested(struct process_clock *c, uint64_t ran_ns);

#endif
