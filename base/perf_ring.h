/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of perf_event_open(2) and the ring into which the kernel writes their records. Knows
 * nothing of what the events are about.
 *
 * A ring belongs to one CPU or to one task. Its first event leads: the others are opened as members
 * of its group and write into the same ring, so that all of them begin and end together. Only for
 * this host, live; one thread at a time.
 */
#ifndef KVMTOP_BASE_PERF_RING_H
#define KVMTOP_BASE_PERF_RING_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PERF_RING_EVENTS 4

/* Zeroed memory is a ring that is not open. */
struct perf_ring {
	int fd_plus_1[PERF_RING_EVENTS]; /* the first one is the leader */
	int events;
	void *map;
	size_t data_bytes;
	unsigned char *record; /* one that wraps is put together here */
	uint64_t lost;         /* records that had no room, ever */
	uint64_t throttled;    /* times that the kernel held an event back, ever */
};

/* A record as the kernel wrote it; lives until the callback returns. */
struct perf_record {
	uint32_t type; /* PERF_RECORD_… */
	uint16_t misc; /* PERF_RECORD_MISC_…: guest or host, kernel or user */
	const unsigned char *body;
	size_t len; /* of @body */
};

/* What of a sample was asked for by its sample_type; the rest is 0. */
struct perf_sample {
	uint64_t ip, time, addr, id, stream_id, period;
	uint32_t pid, tid, cpu;
	const uint64_t *chain; /* of @chain_len addresses and PERF_CONTEXT_… marks */
	size_t chain_len;
	const unsigned char *raw;
	size_t raw_len;
};

/* The system call, close-on-exec. The descriptor or -errno. @task -1: all; @cpu -1: any; @group -1:
 * none. */
int perf_event_open(const struct perf_event_attr *attr, pid_t task, int cpu, int group);

/*
 * Opens the leader and maps its ring. @data_bytes: a power of two, at least a page. The events stay
 * disabled until perf_ring_switch. 0 or -errno: -EACCES or -EPERM a right is missing (or there is
 * no more memory to lock), -EMFILE no descriptor is left, -ENODEV the CPU is off, -ESRCH the task
 * is gone, -ENOENT the event is not known here.
 */
int perf_ring_open(struct perf_ring *ring, const struct perf_event_attr *attr, pid_t task, int cpu,
    size_t data_bytes);

/* One more event into the same ring, at the same @task and @cpu. */
int perf_ring_add(struct perf_ring *ring, const struct perf_event_attr *attr, pid_t task, int cpu);

/* Closing an event may take tens of milliseconds: never where somebody waits. */
void perf_ring_done(struct perf_ring *ring);

bool perf_ring_is_open(const struct perf_ring *ring);

/* Pollable: readable once attr.wakeup_watermark bytes are there, hung up when the task has ended.
 */
int perf_ring_fd(const struct perf_ring *ring);

/* All its events begin or cease to write. 0 or -errno. */
int perf_ring_switch(struct perf_ring *ring, bool on);

/*
 * Tells @seen of every record that is there, then frees its room. Lost and throttled ones are
 * counted, not told. The number of records told.
 */
size_t perf_ring_read(
    struct perf_ring *ring, void (*seen)(void *ctx, const struct perf_record *record), void *ctx);

/*
 * Takes a PERF_RECORD_SAMPLE apart. @sample_type: of the attr, without PERF_SAMPLE_READ and nothing
 * behind PERF_SAMPLE_RAW. 0, -EINVAL when the record is too short, -ENOTSUP for other types.
 */
int perf_sample_parse(
    const struct perf_record *record, uint64_t sample_type, struct perf_sample *ret);

/* Walks over records as they lie in memory, as perf_ring_read does: for tests and fuzzers.
 * @bytes is a power of two, @record has room for 64 KiB. */
size_t perf_records_walk(const unsigned char *data, size_t bytes, uint64_t tail, uint64_t head,
    unsigned char *record, void (*seen)(void *ctx, const struct perf_record *record), void *ctx);

#endif
