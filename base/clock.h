/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time: intervals by the monotonic clock, stamps by the wall clock, never mixed. */
#ifndef KVMTOP_BASE_CLOCK_H
#define KVMTOP_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define NS_PER_SEC 1000000000ULL
#define NS_PER_MS 1000000ULL

struct moment {
	uint64_t mono_ns; /* CLOCK_MONOTONIC: the only one that rates may use */
	int64_t wall_ns;  /* CLOCK_REALTIME since the epoch */
};

struct moment clock_now(void);
uint64_t clock_mono_ns(void);

/* CPU time that the calling thread, or the whole process, has used, in ns. */
uint64_t clock_thread_cpu_ns(void);
uint64_t clock_process_cpu_ns(void);

/* "2026-11-20T18:18:54.123Z" (RFC 3339, UTC). @buf holds at least 32 bytes. */
void clock_stamp(int64_t wall_ns, char *buf, size_t size);

#endif
