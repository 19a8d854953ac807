/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A running collector, and the threads in which the slow ones read. A slot keeps what its
 * collector last read until the next reading replaces it.
 */
#ifndef KVMTOP_COLLECTORS_LANE_H
#define KVMTOP_COLLECTORS_LANE_H

#include <pthread.h>
#include <stdbool.h>

#include "collectors/collector.h"

/* The guest that a collector is just asking about, and since when. */
struct lane_ask {
	struct key guest;
	uint64_t since_ns; /* 0: no call is outstanding */
};

/* All but collector, state, closed, exact, needs and pace_ns are guarded by lock. */
struct slot {
	const struct collector *collector;
	void *state;
	bool closed; /* and with it the state */
	pthread_mutex_t lock;
	struct lane_ask ask;
	struct told *result;         /* of a slow lane; NULL until it has read once */
	const struct snapshot *lent; /* what it has read so far, while a call is outstanding and
					nobody has looked at it yet; else NULL */
	enum state outcome;
	bool partial; /* a right, a mount or an answer is missing */
	char note[READING_NOTE_SIZE];
	uint64_t started_ns, ended_ns; /* of the last reading; started > ended: it is under way */
	uint64_t cost_ns;              /* CPU time of all readings */
	uint64_t reads, errors;
	uint64_t round_ns; /* how long a whole round of the collector takes; 0: one reading */
	/* What the lane does while nobody needs it; of the lane alone. NULL: nothing. */
	bool (*rest)(void *state, uint64_t hidden_ns);
	bool exact;       /* wanted; atomic */
	unsigned needs;   /* sources that are wanted; atomic */
	uint64_t pace_ns; /* between two readings, where only rules want it; else 0; atomic */
};

void slot_init(
    struct slot *slot, const struct collector *collector, const struct sampling *options);

/* The collector alone, which may hang; what it told stays until slot_done. */
void slot_close(struct slot *slot);
void slot_done(struct slot *slot);

/* What the collector remembers of former readings; what it told stays. */
void slot_forget(struct slot *slot, const struct sampling *options);

/*
 * The sources that a collector reads: a call that enters a guest's QEMU asks for all at once, and
 * what a cgroup does on a device is told of the disks that lie on it.
 */
unsigned collector_sources(const struct collector *c);

/* Runs one reading. @into is the snapshot to write into; of a slow lane NULL: a new one, kept as
 * the result. */
void slot_read(struct slot *slot, const struct root *root, const struct sampling *options,
    const struct snapshot *latest, struct snapshot *into);

/* What a slow lane has told last, of a reading that is held up as far as it came; NULL: nothing
 * yet. Unref it when done. */
struct told *slot_result(struct slot *slot);

/* When it is to be read again; 0: at once. */
uint64_t slot_due_ns(struct slot *slot);

/* In its lane, while nobody needs it. */
void slot_rest(struct slot *slot);

/* The age at which what it told is old: two of its rounds, or of the sampling intervals. */
uint64_t slot_stale_ns(struct slot *slot, uint64_t interval_ns);

#endif
