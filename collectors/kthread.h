/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPU time of a thread of the kernel that is known by its name. Owns one descriptor. */
#ifndef KVMTOP_COLLECTORS_KTHREAD_H
#define KVMTOP_COLLECTORS_KTHREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/root.h"

struct kthread {
	const char *name;
	uint32_t pid; /* 0: not found */
	struct kept schedstat;
	uint64_t searched_ns; /* 0: never */
};

/* @name, as in proc/PID/comm, lives as long as the thread. */
void kthread_init(struct kthread *k, const char *name);
void kthread_done(struct kthread *k);

/*
 * Its time on a CPU so far (schedstat, field 1). -ENOENT: there is none, or this process sees no
 * threads of the kernel. It is searched for once, and again from time to time when it is gone.
 */
int kthread_run_ns(
    struct kthread *k, const struct root *root, uint64_t now_ns, uint64_t *ret_run_ns);

#endif
