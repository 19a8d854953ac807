/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the collector of threads: what it remembers of a thread, and the thread's row. */
#ifndef KVMTOP_COLLECTORS_THREADS_H
#define KVMTOP_COLLECTORS_THREADS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/procstat.h"
#include "base/root.h"
#include "collectors/vcpu_finder.h"
#include "collectors/vmm.h"

struct row;
struct snapshot;

/* What stat told when it was read last. */
struct last {
	char state; /* 0: it was never read */
	bool has_guest;
	int32_t processor;
	uint64_t user_ticks, system_ticks, guest_ticks;
};

struct thread {
	uint32_t tid;
	bool outside; /* a thread of the kernel: its files lie below proc/TID */
	bool is_vcpu;
	int vcpu;            /* its number; -1: no vCPU */
	enum vcpu_told told; /* where its name does not tell */
	char role[ROLE_SIZE], comm[PROC_COMM_SIZE];
	struct kept schedstat, stat;
	uint64_t start_ticks, user_ns;
	uint64_t read_ns; /* when schedstat and stat were read, the latter only if it ran since */
	struct proc_schedstat ran;
	bool has_sched; /* false: this kernel has no schedstat */
	struct last last;
	uint64_t slow_ns; /* when status and sched were read; 0: never */
	uint64_t slow_slices;
	uint64_t affinity_hash;
	char *affinity; /* NULL: not known */
	uint64_t preempted, migrations;
	bool has_preempted, has_migrations;
};

/* Its row, as a vCPU or as another thread of @domain. */
void threads_write(
    struct snapshot *into, const struct row *domain, struct thread *t, uint64_t tick_ns);

#endif
