/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples the threads that work for a guest: by cycles, or by the clock of the CPU where the host
 * has no PMU. Only for this host, live; one thread uses it.
 */
#ifndef KVMTOP_PROFILE_RECORDER_H
#define KVMTOP_PROFILE_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct perf_record;
struct root;
struct tally;
struct recorder;

/* Beyond these the threads of a guest are left out, and counted. */
#define RECORDER_THREADS_MAX 1024

struct recorder_facts {
	bool by_cycles;  /* else by the CPU's clock */
	bool user_only;  /* no right to see kernels: neither the host's nor the guest's */
	size_t threads;  /* ever sampled */
	size_t left_out; /* threads that could not be */
	int left_error;  /* why: -errno of the first */
	uint64_t lost;   /* samples that had no room */
	uint64_t throttled;
};

/*
 * @others: threads outside of the process that work for it (vhost); lent for the call. 0; -ESRCH
 * the process is gone; -EACCES, -EPERM: a right is missing; others: there are no such events here.
 */
int recorder_open(const struct root *root, uint32_t pid, const uint32_t *others, size_t n,
    unsigned hertz, struct recorder **ret);
void recorder_close(struct recorder *r);

/* Takes in what was sampled, and finds threads that have come. Call it several times a second. */
void recorder_read(struct recorder *r, struct tally *tally);

/* Threads that it knows at this moment, and that have not ended. */
size_t recorder_threads(const struct recorder *r);

const struct recorder_facts *recorder_facts(const struct recorder *r);

/* One record into the tally; for recorder_read, tests and fuzzers. */
void recorder_take(struct tally *tally, const struct perf_record *record);

#endif
