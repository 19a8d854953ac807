/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether it is worth the while to look at all that a process holds open again: to follow the links
 * of a guest's proc/PID/fd takes hundreds of microseconds, to ask how many there are takes three.
 */
#ifndef KVMTOP_COLLECTORS_FD_WATCH_H
#define KVMTOP_COLLECTORS_FD_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reading;

/* Zeroed: nobody has looked yet. */
struct fd_watch {
	uint64_t looked_ns;
	size_t n;
	bool is_new; /* there were as many for the first time */
};

/*
 * To be asked when a look would be due. Yes: there are more or fewer descriptors than at the last
 * question, or were then, as what others tell of a change may come later; or nobody has looked for
 * five minutes; or the kernel does not say how many (before Linux 6.2).
 */
bool fd_watch_changed(struct fd_watch *w, const struct reading *r, uint32_t pid);

/* The look failed: the next question is answered with yes. */
void fd_watch_failed(struct fd_watch *w);

#endif
