/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the scheduler tells of a process or thread: proc/PID/stat and proc/PID/schedstat, and the
 * same files below task/TID. Plain values; nothing is owned.
 */
#ifndef KVMTOP_BASE_PROCSTAT_H
#define KVMTOP_BASE_PROCSTAT_H

#include <stdbool.h>
#include <stdint.h>

/* 16 bytes for a process, but the kernel writes out up to 64 for its workers. */
#define PROC_COMM_SIZE 64

/* flags: a thread of the kernel; a virtual CPU that is inside its guest at this moment. */
#define PROC_FLAG_KTHREAD 0x00200000U
#define PROC_FLAG_VCPU 0x00000001U

struct proc_stat {
	int32_t pid;                       /* field 1 */
	char comm[PROC_COMM_SIZE];         /* field 2, raw: foreign text, to be sanitised */
	char state;                        /* field 3: R S D T t Z X I ... */
	int32_t ppid;                      /* field 4 */
	uint32_t flags;                    /* field 9 */
	uint64_t minflt, majflt;           /* fields 10 and 12 */
	uint64_t utime_ticks, stime_ticks; /* fields 14 and 15; utime has guest_time in it */
	int64_t priority, nice;            /* fields 18 and 19 */
	uint32_t num_threads;              /* field 20 */
	uint64_t starttime_ticks;          /* field 22, since boot: with the pid, an identity */
	uint64_t vsize_bytes;              /* field 23 */
	uint64_t rss_pages;                /* field 24 */
	int32_t processor;                 /* field 39: CPU it last ran on; -1: not told */
	uint32_t rt_priority, policy;      /* fields 40 and 41, with has_policy */
	uint64_t blkio_delay_ticks;        /* field 42, with has_blkio_delay */
	uint64_t guest_time_ticks;         /* field 43, with has_guest_time */
	bool has_policy;
	bool has_blkio_delay;
	bool has_guest_time;
};

/*
 * The name may hold blanks, parentheses and line ends: the fields begin behind the last ')'.
 * -EINVAL: fields up to 24 are not all there, or are no numbers. Later ones may be missing, as on
 * old kernels, and are then marked so.
 */
int proc_stat_parse(const char *text, struct proc_stat *ret);

struct proc_schedstat {
	uint64_t run_ns;  /* field 1: on a CPU */
	uint64_t wait_ns; /* field 2: runnable, but waiting for a CPU */
	uint64_t slices;  /* field 3: how often it got a CPU */
};

/* -EINVAL: not three numbers. */
int proc_schedstat_parse(const char *text, struct proc_schedstat *ret);

#endif
