/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sampler and the threads of its lanes share; nobody else includes it. */
#ifndef KVMTOP_COLLECTORS_SAMPLER_INNER_H
#define KVMTOP_COLLECTORS_SAMPLER_INNER_H

#include <pthread.h>

#include "collectors/collector.h"
#include "collectors/lane.h"
#include "collectors/sampler.h"

#define MAX_COLLECTORS 32

struct lane_thread {
	struct sampler *sampler;
	enum lane lane;
	struct root *root;
	pthread_t thread;
	bool runs;
	bool ended; /* guarded by sampler->lock */
};

struct sampler {
	struct root *root;
	struct sampling options;
	struct slot slot[MAX_COLLECTORS];
	size_t slots;
	struct lane_thread lane[LANES];
	const struct snapshot *before; /* the sample that rates are taken against */
	size_t next;                   /* captured sample to be read next */
	uint64_t taken;
	unsigned needs, slow_needs;                       /* atomic */
	void (*judge)(void *context, struct snapshot *s); /* may be NULL */
	void *judge_context;
	uint64_t judge_ns; /* CPU time that it took so far */

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;  /* monotonic clock */
	const struct snapshot *latest;
	uint64_t interval_ns;
	bool stopping, now, loop;
	pthread_t thread;
	bool runs;
	int fd;
};

/* Whether somebody needs what it reads, which its slot is told. */
bool sampler_is_needed(struct sampler *s, struct slot *slot);

/* Waits for a change, at most until the monotonic clock says @until_ns. s->lock is held. */
void sampler_wait_until(struct sampler *s, uint64_t until_ns);

/*
 * Reads what is due in a lane, or with @always what is needed. True when somebody waits for what
 * was read: a collector's first figures, or an exact reading.
 */
bool lane_read(struct sampler *s, enum lane lane, const struct root *root,
    const struct snapshot *latest, bool always);

/* A thread for each slow lane, with a root of its own. */
void lanes_start(struct sampler *s);
/* Once s->stopping is set: false when a lane hangs, which still uses @s then. */
bool lanes_join(struct sampler *s);
/* When all have been joined. */
void lanes_done(struct sampler *s);

#endif
