/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each thread does in the windows in which exits are sampled: which entry ends which exit, and
 * what happens at the windows' ends. Of a thread that is out at an end the reason is kept: should
 * it be silent in the next window, or be seen to enter its guest first, it was out for that reason
 * until then. Where it left in between, that is the reason of most time outside, as those that are
 * out at an end are found in proportion to their times.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "collectors/exit_tally_inner.h"

void clear_threads(struct exit_tally *t)
{
	for (size_t i = 0; i < THREAD_SLOTS && t->threads; i++)
		if (t->thread[i]) {
			free(t->thread[i]);
			t->thread[i] = NULL;
			t->threads--;
		}
}

static void add_time(struct cell *c, uint64_t ns)
{
	struct exit_times *x = times_of(c);

	if (x->timed == 0 || ns < x->min_ns)
		x->min_ns = ns;
	if (ns > x->max_ns)
		x->max_ns = ns;
	x->timed++;
	x->time_ns += ns;
	x->hist[exit_bucket(ns)]++;
}

/* Where it is, or would be. */
static struct thread **thread_place(struct exit_tally *t, uint32_t tid)
{
	size_t i = tid * 2654435761U % THREAD_SLOTS;

	while (t->thread[i] && t->thread[i]->tid != tid)
		i = (i + 1) % THREAD_SLOTS;
	return &t->thread[i];
}

static struct thread *thread_of(struct exit_tally *t, uint32_t tid)
{
	struct thread **place = thread_place(t, tid);

	if (*place || t->threads == THREADS_MAX)
		return *place;
	*place = xcalloc(1, sizeof(**place));
	(*place)->tid = tid;
	t->threads++;
	return *place;
}

static void see(struct thread *th, uint64_t ns, bool entry)
{
	if (th->first_ns && th->first_ns <= ns)
		return;
	th->first_ns = ns;
	th->entered_first = entry;
}

/* The first entry after @ns that came too early; 0: none. */
static uint64_t take_orphan(struct thread *th, uint64_t ns)
{
	int best = -1;
	uint64_t found;

	for (int i = 0; i < ORPHANS; i++)
		if (th->orphan_ns[i] > ns && (best < 0 || th->orphan_ns[i] < th->orphan_ns[best]))
			best = i;
	if (best < 0)
		return 0;
	found = th->orphan_ns[best];
	th->orphan_ns[best] = 0;
	return found;
}

static void keep_orphan(struct thread *th, uint64_t ns)
{
	int oldest = 0;

	for (int i = 1; i < ORPHANS; i++)
		if (th->orphan_ns[i] < th->orphan_ns[oldest])
			oldest = i;
	th->orphan_ns[oldest] = ns;
}

void exit_tally_exit(struct exit_tally *t, uint32_t tid, struct exit_reason reason, uint64_t ns)
{
	struct cell *c = thread_cell(t, tid, reason);
	struct thread *th = thread_of(t, tid);
	uint64_t entry_ns;

	count_exits(t, c, 1);
	if (!c || !th)
		return;
	see(th, ns, false);
	entry_ns = take_orphan(th, ns);
	if (entry_ns) {
		add_time(c, entry_ns - ns);
		return;
	}
	if (ns < th->last_ns)
		return; /* it has moved on since, and its entry is not to be had */
	th->exit_ns = th->last_ns = ns;
	th->exit = c;
	th->user_ns = 0;
}

void exit_tally_user(struct exit_tally *t, uint32_t tid, struct exit_reason reason, uint64_t ns)
{
	struct cell *c = thread_cell(t, tid, reason);
	struct thread *th = thread_of(t, tid);

	count_exits(t, c, 1);
	if (!c || !th)
		return;
	see(th, ns, false);
	if (ns < th->last_ns)
		return;
	th->user_ns = th->last_ns = ns;
	th->user = c;
}

void exit_tally_entry(struct exit_tally *t, uint32_t tid, uint64_t ns)
{
	struct thread *th = thread_of(t, tid);

	if (!th)
		return;
	see(th, ns, true);
	if (th->exit_ns && ns >= th->exit_ns) {
		add_time(th->exit, ns - th->exit_ns);
		if (th->user_ns && ns >= th->user_ns)
			add_time(th->user, ns - th->user_ns);
		th->exit_ns = th->user_ns = 0;
	} else if (!th->exit_ns && ns >= th->last_ns) {
		keep_orphan(th, ns);
	}
	if (ns > th->last_ns)
		th->last_ns = ns;
}

/* It was outside, but no exit ended by that. */
static void add_open(struct exit_tally *t, const struct thread *th, uint64_t ns)
{
	const struct exit_reason reasons[] = { th->out, th->out_user };

	for (size_t i = 0; i < 2; i++) {
		struct cell *c = reasons[i].isa ? thread_cell(t, th->tid, reasons[i]) : NULL;

		if (c)
			times_of(c)->open_ns += ns;
	}
}

/* From the window's begin on; all of it, when nothing was seen. */
static void end_first_exit(
    struct exit_tally *t, const struct thread *th, const struct exit_window *w)
{
	uint64_t until_ns = th->first_ns && th->first_ns < w->end_ns ? th->first_ns : w->end_ns;

	if (th->first_ns ? th->entered_first : th->is_out)
		add_open(t, th, until_ns - w->begin_ns);
}

static void cut_off(struct thread *th, const struct exit_window *w)
{
	if (th->first_ns)
		th->is_out = false;
	if (!th->exit_ns || th->exit_ns >= w->end_ns)
		return;
	times_of(th->exit)->open_ns += w->end_ns - th->exit_ns;
	th->is_out = true;
	th->is_long = false;
	th->since_ns = th->exit_ns;
	th->out = th->exit->reason;
	th->out_user = (struct exit_reason){ 0 };
	if (!th->user_ns || th->user_ns >= w->end_ns)
		return;
	times_of(th->user)->open_ns += w->end_ns - th->user_ns;
	th->out_user = th->user->reason;
}

/* What lasts for half a window and more will hardly ever be seen to end. */
static void mark_long(struct exit_tally *t, struct thread *th, const struct exit_window *w)
{
	const struct exit_reason reasons[] = { th->out, th->out_user };
	uint64_t ns = w->end_ns - th->since_ns;

	if (!th->is_out || ns < (w->end_ns - w->begin_ns) / 2)
		return;
	for (size_t i = 0; i < 2; i++) {
		struct cell *c = reasons[i].isa ? thread_cell(t, th->tid, reasons[i]) : NULL;
		struct exit_times *x = c ? times_of(c) : NULL;

		if (!x)
			continue;
		x->longer += !th->is_long;
		x->longest_ns = ns > x->longest_ns ? ns : x->longest_ns;
	}
	th->is_long = true;
}

/* What the next window must not take for its own. */
static void forget_window(struct thread *th)
{
	th->exit_ns = th->user_ns = th->first_ns = th->last_ns = 0;
	th->exit = th->user = NULL;
	memset(th->orphan_ns, 0, sizeof(th->orphan_ns));
}

/* Threads of which there is something to remember, and which are still there. */
static void keep_threads(struct exit_tally *t, bool all_seen)
{
	struct thread **kept = xcalloc(t->threads + 1, sizeof(*kept));
	size_t n = 0;

	for (size_t i = 0; i < THREAD_SLOTS; i++) {
		struct thread *th = t->thread[i];

		t->thread[i] = NULL;
		if (th && all_seen && th->out.isa && t->guest_of(t->ctx, th->tid))
			kept[n++] = th;
		else
			free(th);
	}
	t->threads = n;
	for (size_t i = 0; i < n; i++)
		*thread_place(t, kept[i]->tid) = kept[i];
	free(kept);
}

void end_threads(struct exit_tally *t, const struct exit_window *w)
{
	for (size_t i = 0; i < THREAD_SLOTS; i++) {
		struct thread *th = t->thread[i];

		if (!th)
			continue;
		/* Silent for ever. */
		if (!th->first_ns && !t->guest_of(t->ctx, th->tid))
			continue;
		if (th->out.isa)
			end_first_exit(t, th, w);
		cut_off(th, w);
		mark_long(t, th, w);
		forget_window(th);
	}
	/* An entry that was lost would leave its thread outside for ever. */
	keep_threads(t, w->lost == 0);
}
