/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What exit_tally.c counts in and exit_figures.c makes figures of; nobody else needs it. */
#ifndef KVMTOP_COLLECTORS_EXIT_TALLY_INNER_H
#define KVMTOP_COLLECTORS_EXIT_TALLY_INNER_H

#include "collectors/exit_tally.h"

#define SLOTS (EXIT_CELLS_MAX * 2)
#define THREADS_MAX 16384
#define THREAD_SLOTS (THREADS_MAX * 2)
/* Entries that were seen before the exit that they belong to: the thread has just changed CPUs. */
#define ORPHANS 4

/* This epoch and the one before. */
enum { NOW, BEFORE, EPOCHS };

struct cell {
	enum exit_level level;
	uint32_t id, guest; /* @guest: of a thread, as last known */
	struct exit_reason reason;
	uint64_t window; /* exits in the window that is going on */
	double sum[EPOCHS], squares[EPOCHS];
	double cross[EPOCHS]; /* over windows: this times all exits of its guest */
	double total, fresh;  /* @fresh: came since, and is not scaled yet */
	/* Of all exits of a guest: what KVM counted and what was sampled in the same time; by what
	 * is to be multiplied what is fresh, and how much of that came before KVM began to tell. */
	double counted[EPOCHS], sampled[EPOCHS], scale, before;
	struct exit_times
	    *times[EPOCHS]; /* of threads; of others NOW is their sum, made for the figures */
};

struct thread {
	uint32_t tid;
	uint64_t exit_ns, user_ns; /* not entered since; 0: it was */
	struct cell *exit, *user;
	uint64_t last_ns;
	uint64_t orphan_ns[ORPHANS];
	uint64_t first_ns; /* what was seen first in the window; 0: nothing yet */
	bool entered_first;
	/* At the end of an earlier window, the last at which it was outside. */
	struct exit_reason out, out_user; /* isa 0: none */
	uint64_t since_ns;
	bool is_out;  /* at the end of the window before, and since then it has been silent */
	bool is_long; /* told so already */
};

struct exit_tally {
	struct cell *slot[SLOTS];
	size_t cells;
	struct thread *thread[THREAD_SLOTS];
	size_t threads;
	uint64_t windows[EPOCHS], covered_ns[EPOCHS], records[EPOCHS], lost[EPOCHS];
	bool sampled[EPOCHS];
	uint64_t end_ns;   /* of the window before; 0: none */
	uint64_t epoch_ns; /* when this epoch began; 0: not yet */
	uint64_t left_out[EPOCHS];
	uint32_t (*guest_of)(void *ctx, uint32_t tid);
	void *ctx;
};

/* All exits of a guest, or of the host; stands in no figures. */
#define EXIT_ALL 0

struct cell *find_cell(
    const struct exit_tally *t, enum exit_level level, uint32_t id, struct exit_reason reason);
/* The cell, added where it was missing; NULL: there is no room. */
struct cell *cell_of(
    struct exit_tally *t, enum exit_level level, uint32_t id, struct exit_reason reason);
struct exit_times *times_of(struct cell *c);
/* That of the thread, or of those of its guest that have no room. NULL: there is none either. */
struct cell *thread_cell(struct exit_tally *t, uint32_t tid, struct exit_reason reason);
/* @c: of thread_cell. */
void count_exits(struct exit_tally *t, struct cell *c, uint64_t n);
void add_times(struct exit_times *into, const struct exit_times *x);
/* Student's t for 95 % of two sides, by degrees of freedom. */
double confidence(uint64_t freedom);

/* exit_threads.c */
void clear_threads(struct exit_tally *t);
void end_threads(struct exit_tally *t, const struct exit_window *w);

/* exit_scale.c: before a window ends, and of figures, sorted and with the errors of samples. */
void add_cross(struct exit_tally *t);
void scale_figures(const struct exit_tally *t, struct exit_figures *figures, size_t n);

#endif
