/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exits, sampled: a ring on each CPU, in which all events write for a short window of time and are
 * silent else. Opening takes a millisecond for each CPU, closing tens of them.
 */
#ifndef KVMTOP_COLLECTORS_EXITS_RING_H
#define KVMTOP_COLLECTORS_EXITS_RING_H

#include <stddef.h>
#include <stdint.h>

#include "base/perf_ring.h"
#include "collectors/exit_events.h"

struct exit_tally;
struct exit_window;
struct root;

/* Zeroed memory is closed. */
struct exits_ring {
	struct exit_layout layout;
	struct perf_ring *ring; /* of the CPUs in @cpu, in that order */
	uint32_t *cpu;
	size_t n;
	size_t bytes;             /* of each ring */
	size_t refused;           /* CPUs that are on, but without a ring */
	int error;                /* why not */
	struct exit_tally *tally; /* told of events that lie within the window */
	uint64_t begin_ns, end_ns;
	uint64_t records, damaged;
	uint64_t busiest; /* records of the CPU that had most in the window */
	uint64_t *taken;  /* … and of each */
};

/*
 * Opens rings of the CPUs that are on and closes those of CPUs that went off. 0 when there is one
 * at least, else -errno as perf_ring_open.
 */
int exits_ring_look(
    struct exits_ring *r, const struct root *root, const struct exit_layout *layout);
void exits_ring_close(struct exits_ring *r);

/* Watches for @window_ns and tells the tally what happened; @ret says of which time. */
void exits_ring_watch(
    struct exits_ring *r, uint64_t window_ns, struct exit_tally *tally, struct exit_window *ret);

#endif
