/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts exits by reason, per thread, per guest and for the whole host, and the time from each exit
 * to the entry that follows, over the last few seconds. What is told to it comes in windows: all
 * that happened from one moment to another, be it a part of the time or all of it.
 *
 * Memory is bounded by EXIT_CELLS_MAX; threads that have no room have no figures of their own, and
 * are part of their guest's.
 */
#ifndef KVMTOP_COLLECTORS_EXIT_TALLY_H
#define KVMTOP_COLLECTORS_EXIT_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collectors/exit_hist.h"
#include "collectors/exit_reasons.h"

#define EXIT_CELLS_MAX 16384
/*
 * What writing one record into a ring takes of the guest's time. Measured on a vCPU that left
 * 355000 times a second, a third less often while its exits and entries were written: 1400 ns for
 * both.
 */
#define EXIT_RECORD_NS 700

/* The last one is of threads of a guest that have no room; it has no figures. */
enum exit_level { EXIT_OF_HOST, EXIT_OF_GUEST, EXIT_OF_THREAD, EXIT_OF_REST };

/* Times of exits. Zeroed memory is empty. */
struct exit_times {
	uint64_t timed;      /* exits whose entry was seen, too */
	uint64_t untimed;    /* of the others so many that nobody timed */
	uint64_t time_ns;    /* of those that were timed */
	uint64_t before_ns;  /* of that: before the window began */
	uint64_t open_ns;    /* in the window, of those that its end cut off */
	uint64_t longer;     /* of those: that had lasted for half the window, or longer */
	uint64_t longest_ns; /* of these, so far */
	uint64_t min_ns, max_ns;
	uint32_t hist[EXIT_BUCKETS];
};

/* What is known of one reason, at one level. */
struct exit_figures {
	enum exit_level level;
	uint32_t id;    /* thread, or the guest's process; 0: host */
	uint32_t guest; /* of a thread: its guest's process; 0: not known */
	struct exit_reason reason;
	double rate;      /* per second */
	double total;     /* since this reason was first seen without a pause */
	double error;     /* of the rate, of itself, with 95 % confidence; 0: none */
	double error_all; /* of all reasons of the guest or of the host together, likewise */
	double scale;     /* by which the rate was brought to KVM's own count; 0: it was not */
	double time;      /* from exits to entries, in CPUs */
	bool timed;       /* some of the times that follow are known; in seconds, 0: not known */
	double mean, p50, p99, min, max;
	double timed_part; /* of the exits so many were timed, where they are counted */
};

struct exit_tally;

/* @guest_of: the process that a thread belongs to, 0: not known. */
struct exit_tally *exit_tally_new(uint32_t (*guest_of)(void *ctx, uint32_t tid), void *ctx);
void exit_tally_free(struct exit_tally *t);

/* Forgets everything. */
void exit_tally_clear(struct exit_tally *t);

/*
 * A thread left its guest, went on to user space for a reason, entered its guest. In the order of
 * one CPU; between CPUs a thread may have moved, and then its order is found by the times.
 */
void exit_tally_exit(struct exit_tally *t, uint32_t tid, struct exit_reason reason, uint64_t ns);
void exit_tally_user(struct exit_tally *t, uint32_t tid, struct exit_reason reason, uint64_t ns);
void exit_tally_entry(struct exit_tally *t, uint32_t tid, uint64_t ns);

/* The same, counted elsewhere: so many more in this window. */
void exit_tally_add(struct exit_tally *t, uint32_t tid, struct exit_reason reason, uint64_t count,
    const struct exit_times *times);

struct exit_window {
	uint64_t begin_ns, end_ns;
	uint64_t records, lost; /* of the ring, in the window */
	uint64_t most;          /* exits of the vCPU, or of the CPU, that had most */
	bool whole;             /* nothing lies between this window and the one before */
};

void exit_tally_end(struct exit_tally *t, const struct exit_window *window);

/* Exits of a guest that KVM itself counted since the call before; or it has only begun to tell. */
struct exit_count {
	uint32_t guest;
	double exits;
	bool begins;
	bool taken; /* set; otherwise nothing was sampled yet of that, and it is told again */
};

/* What was sampled since the call before is scaled to these counts, and the rates with it. */
void exit_tally_scale(struct exit_tally *t, struct exit_count *counts, size_t n);

/* Figures cover between @span_ns and twice as much. Call it before a window begins. */
void exit_tally_turn(struct exit_tally *t, uint64_t now_ns, uint64_t span_ns);

/* All figures, sorted by level, id and reason; free() them. */
size_t exit_tally_figures(struct exit_tally *t, struct exit_figures **ret);

/* Records that were lost, of all; exits that are in no figures of a thread. */
double exit_tally_lost(const struct exit_tally *t);
uint64_t exit_tally_left_out(const struct exit_tally *t);
uint64_t exit_tally_windows(const struct exit_tally *t);

/* A quantile of a histogram, in ns; 0 when it is empty, or lies among those that were not timed. */
double exit_times_quantile(const struct exit_times *times, double q);

#endif
