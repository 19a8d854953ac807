/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs in the kernel have counted of exits, as differences from reading to reading.
 * Knows nothing of libbpf: their maps are reached through struct exits_maps, so that a test can
 * answer in their place.
 */
#ifndef KVMTOP_COLLECTORS_EXITS_COUNTS_H
#define KVMTOP_COLLECTORS_EXITS_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collectors/exits_bpf_shared.h"

struct exit_tally;
struct exit_window;
struct root;

/* 0 or -errno each. */
struct exits_maps {
	void *ctx;
	/* The thread behind @tid, the first one behind NULL. -ENOENT: there is none. */
	int (*next)(void *ctx, const uint32_t *tid, uint32_t *ret);
	/* -ENOENT: it has gone meanwhile. */
	int (*read)(void *ctx, uint32_t tid, struct exits_thread *ret);
	int (*forget)(void *ctx, uint32_t tid);
	int (*control)(void *ctx, uint32_t which, uint64_t *ret);
	int (*set_control)(void *ctx, uint32_t which, uint64_t v);
};

/*
 * Whether threads bear the same numbers for us and for programs in the kernel, which know those of
 * the first pid namespace only.
 */
bool exits_counts_know_threads(const struct root *root);

/* What a thread had counted at the reading before. */
struct exits_before;

struct exits_counts {
	const struct exits_maps *maps;
	size_t room;                 /* threads that there is room for */
	struct exits_before **known; /* ascending by tid */
	size_t n, cap;
	struct exits_thread now;
	uint64_t at_ns, now_ns; /* of the reading before, and of this one */
	uint64_t no_room;
	uint64_t mask;
};

/* From @now_ns on is counted. @maps must outlive it. */
void exits_counts_init(
    struct exits_counts *c, const struct exits_maps *maps, size_t room, uint64_t now_ns);
void exits_counts_done(struct exits_counts *c);

/*
 * Whether exits are so many that they had better be sampled: a vCPU that leaves its guest 250000
 * times a second loses 8 % of its time where each is counted, and has lost more than a tenth at
 * 320000.
 * @before: what this was of the window before, as there must be clearly fewer for it to end.
 */
bool exits_are_too_many(const struct exit_window *window, bool before);

/* Tells the tally what was counted since the reading before. On errors a part may have been told.
 */
int exits_counts_read(
    struct exits_counts *c, uint64_t now_ns, struct exit_tally *tally, struct exit_window *ret);

/* Threads that have ended make room. @lives: whether one is still there. */
void exits_counts_forget(struct exits_counts *c, bool (*lives)(void *ctx, uint32_t tid), void *ctx);

#endif
